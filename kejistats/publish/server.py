"""An encrypted connection to the mail server that reports the outcome of every message."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kejistats.model.errors import KejistatsError
from kejistats.publish.mail_settings import MailSettings

_REMEDY = "check host, port, security and user in [mail] of dataset.toml"


class ServerError(KejistatsError):
    """The server cannot be used with these settings; a retry would not help."""


class UnreachableError(ServerError):
    """The server cannot be reached at present; a later attempt may succeed."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of handing over a message.

    Parameters
    ----------
    state
        ``accepted``, ``refused``, ``deferred`` or ``uncertain``; see `kejistats.publish.ledger`.
    answer
        The server's reply.
    broken
        Whether the connection can no longer be used.
    """

    state: str
    answer: str
    broken: bool = False


class _FinalDotMixin:
    """An SMTP client that calls a function before it sends the final dot of a message."""

    before_final_dot: Callable[[], None] = staticmethod(lambda: None)

    def data(self: Any, msg: Any) -> tuple[int, bytes]:
        """Send the content of a message; see `smtplib.SMTP.data`."""
        self.putcmd("data")
        code, answer = self.getreply()
        if code != 354:
            raise smtplib.SMTPDataError(code, answer)
        # A dot at the beginning of a line is doubled.
        self.send((b"\n" + msg).replace(b"\n.", b"\n..")[1:])
        # If the connection breaks before the dot, the message was not accepted. After the dot only
        # the server's reply tells.
        self.before_final_dot()
        self.send(b".\r\n")
        reply: tuple[int, bytes] = self.getreply()
        return reply


class _StartTlsClient(_FinalDotMixin, smtplib.SMTP):
    pass


class _TlsClient(_FinalDotMixin, smtplib.SMTP_SSL):
    pass


class Server:
    """A connection to the mail server.

    Parameters
    ----------
    mail
        Host, port, security, user, certificates and time-out.
    password
        The user's password; stored nowhere else and never shown.
    """

    def __init__(self, mail: MailSettings, password: str) -> None:
        self._mail = mail
        self._password = password
        self._client: _StartTlsClient | _TlsClient | None = None

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""
        return self._client is not None

    def connect(self) -> None:
        """Connect, encrypt and log in.

        Raises
        ------
        UnreachableError
            When the server does not answer, or refuses for now.
        ServerError
            When its certificate is not trusted, it lacks encryption or a login method, or it
            refuses permanently.
        """
        mail, server = self._mail, f"{self._mail.host}:{self._mail.port}"
        client: _StartTlsClient | _TlsClient | None = None
        try:
            context = ssl.create_default_context()
            if mail.ca_file:
                context.load_verify_locations(mail.ca_file)
            if mail.security == "tls":
                client = _TlsClient(mail.host, mail.port, timeout=mail.timeout, context=context)
            else:
                client = _StartTlsClient(mail.host, mail.port, timeout=mail.timeout)
                client.starttls(context=context)
            client.ehlo()
            if client.sock is not None:
                # The final dot is a packet of its own and must not wait to be merged with others.
                client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if mail.user:
                client.login(mail.user, self._password)
        except smtplib.SMTPAuthenticationError as error:
            _quit(client)
            # The reply is not quoted: it may repeat the credentials.
            kind = UnreachableError if 400 <= error.smtp_code < 500 else ServerError
            raise kind(
                f"{server} rejects the login of {mail.user} (code {error.smtp_code})",
                "check the user and the password; many servers require an authorisation code for "
                "mail programs instead of the password",
            ) from None
        except smtplib.SMTPNotSupportedError as error:
            _quit(client)
            missing = "STARTTLS" if "STARTTLS" in str(error) else "login method"
            raise ServerError(f"{server} offers no {missing}", _REMEDY) from None
        except ssl.SSLCertVerificationError as error:
            _quit(client)
            raise ServerError(
                f"the certificate of {server} is not trusted: {error.verify_message}",
                "check the host's name; if the certificate is from an authority of your own, set "
                "ca_file to the file of its certificate",
            ) from None
        except ssl.SSLError as error:
            _quit(client)
            raise ServerError(
                f"no encrypted connection to {server} is possible: {error.reason}",
                'port 465 needs security = "tls", port 587 "starttls"',
            ) from None
        except smtplib.SMTPResponseException as error:
            _quit(client)
            kind = ServerError if error.smtp_code >= 500 else UnreachableError
            reply = _reply_line(error.smtp_code, error.smtp_error)
            raise kind(f"{server} answers {reply}") from None
        except (OSError, smtplib.SMTPException) as error:
            _quit(client)
            if "authentication method" in str(error):
                raise ServerError(f"{server} offers no login method", _REMEDY) from None
            raise UnreachableError(
                f"{server} cannot be reached: {type(error).__name__}: {error}",
                "check host, port and the network",
            ) from None
        self._client = client

    def hand_over(
        self, sender: str, address: str, raw: bytes, before_final_dot: Callable[[], None]
    ) -> Outcome:
        """Hand one message over to the server.

        Parameters
        ----------
        sender, address
            Addresses of the sender and of the recipient.
        raw
            The message.
        before_final_dot
            Called once the server has all of the message but the final dot.

        Raises
        ------
        ServerError
            When the server permanently refuses the sender, and so would refuse every message.
        """
        if self._client is None:
            raise ServerError("not connected")
        client, handed = self._client, False

        def mark_handed() -> None:
            nonlocal handed
            before_final_dot()
            handed = True

        client.before_final_dot = mark_handed
        try:
            size = [f"size={len(raw)}"] if client.has_extn("size") else []
            code, answer = client.mail(sender, size)
            if code >= 500 and code != 552:  # 552: only this message is too large
                raise ServerError(
                    f"the server refuses mail from {sender}: {_reply_line(code, answer)}",
                    "check the address in [sender] of dataset.toml",
                )
            if 200 <= code < 300:
                code, answer = client.rcpt(address)
            if 200 <= code < 300:
                code, answer = client.data(raw)
        except smtplib.SMTPDataError as error:
            code, answer = error.smtp_code, _bytes(error.smtp_error)
        except (OSError, smtplib.SMTPException) as error:
            self._abandon()
            return Outcome("uncertain" if handed else "deferred", _broken_line(error), broken=True)
        except BaseException:
            # In the middle of a message QUIT cannot be sent.
            self._abandon()
            raise
        return self._outcome(code, answer, handed=handed)

    def _outcome(self, code: int, answer: bytes, *, handed: bool) -> Outcome:
        """Turn a reply into an outcome and make the connection ready for the next message."""
        reply = _reply_line(code, answer)
        if 200 <= code < 300 and handed:
            return Outcome("accepted", reply)
        if code == 421 or not 400 <= code < 600:
            # The server is closing the connection, or its reply has no meaning here.
            self.close()
            unknown = handed and code != 421
            return Outcome("uncertain" if unknown else "deferred", reply, broken=True)
        try:
            if self._client is not None:
                self._client.rset()
        except (OSError, smtplib.SMTPException):
            self._abandon()
        return Outcome("deferred" if code < 500 else "refused", reply)

    def _abandon(self) -> None:
        """Close the connection without QUIT."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def close(self) -> None:
        """Close the connection."""
        client, self._client = self._client, None
        _quit(client)


def _quit(client: smtplib.SMTP | None) -> None:
    if client is None:
        return
    try:
        client.quit()
    except (OSError, smtplib.SMTPException):
        client.close()


def _bytes(answer: bytes | str) -> bytes:
    return answer if isinstance(answer, bytes) else answer.encode()


def _reply_line(code: int, answer: bytes | str) -> str:
    """Return a server's reply as one printable line."""
    text = _bytes(answer).decode("utf-8", "replace")
    return re.sub(r"[\x00-\x1f\x7f]+", " ", f"{code} {text}")[:300]


def _broken_line(error: Exception) -> str:
    return re.sub(r"[\x00-\x1f\x7f]+", " ", f"connection broken: {error}")[:300]
