"""The mail server: an encrypted connection, and one message handed over with a known end."""

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

_CHECK = "check host, port, security and user in [mail] of dataset.toml"


class ServerError(KejistatsError):
    """The server cannot be used as it is; trying again at once would not help."""


class UnreachableError(ServerError):
    """The server does not answer now; it may later."""


@dataclass(frozen=True)
class Outcome:
    """How handing over a message ended.

    Parameters
    ----------
    state
        ``accepted``, ``refused``, ``deferred`` or ``uncertain``.
    answer
        What the server said.
    broken
        Whether the connection is of no use any more.
    """

    state: str
    answer: str
    broken: bool = False


class _Handing:
    """A client that tells when all of a message but its end is with the server."""

    before_end: Callable[[], None] = staticmethod(lambda: None)

    def data(self: Any, msg: Any) -> tuple[int, bytes]:
        """Hand over a message; see `smtplib.SMTP.data`."""
        self.putcmd("data")
        code, answer = self.getreply()
        if code != 354:
            raise smtplib.SMTPDataError(code, answer)
        # A dot at the beginning of a line is doubled.
        self.send((b"\n" + msg).replace(b"\n.", b"\n..")[1:])
        # Up to here a break means: not taken. From the dot on only the answer tells.
        self.before_end()
        self.send(b".\r\n")
        found: tuple[int, bytes] = self.getreply()
        return found


class _Plain(_Handing, smtplib.SMTP):
    pass


class _Encrypted(_Handing, smtplib.SMTP_SSL):
    pass


class Server:
    """A connection to the mail server, made when it is needed.

    Parameters
    ----------
    mail
        Host, port, security, user, authority and time-out.
    password
        For the user; held nowhere else and never shown.
    """

    def __init__(self, mail: MailSettings, password: str) -> None:
        self._mail = mail
        self._password = password
        self._client: _Plain | _Encrypted | None = None

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""
        return self._client is not None

    def connect(self) -> None:
        """Connect, encrypt and log in.

        Raises
        ------
        UnreachableError
            When the server does not answer, or puts it off.
        ServerError
            When its certificate is not trusted, it offers no encryption or no log-in, or refuses.
        """
        mail, where = self._mail, f"{self._mail.host}:{self._mail.port}"
        client: _Plain | _Encrypted | None = None
        try:
            context = ssl.create_default_context()
            if mail.ca_file:
                context.load_verify_locations(mail.ca_file)
            if mail.security == "tls":
                client = _Encrypted(mail.host, mail.port, timeout=mail.timeout, context=context)
            else:
                client = _Plain(mail.host, mail.port, timeout=mail.timeout)
                client.starttls(context=context)
            client.ehlo()
            if client.sock is not None:
                # The end of a message is sent by itself and must not wait to be put with more.
                client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if mail.user:
                client.login(mail.user, self._password)
        except smtplib.SMTPAuthenticationError as error:
            _drop(client)
            # What the server says of it may repeat what it was sent.
            kind = UnreachableError if 400 <= error.smtp_code < 500 else ServerError
            raise kind(
                f"{where} does not let {mail.user} in (code {error.smtp_code})",
                "check the user and the password; many servers want a code made for mail programs",
            ) from None
        except smtplib.SMTPNotSupportedError as error:
            _drop(client)
            what = "STARTTLS" if "STARTTLS" in str(error) else "way to log in"
            raise ServerError(f"{where} offers no {what}", _CHECK) from None
        except ssl.SSLCertVerificationError as error:
            _drop(client)
            raise ServerError(
                f"the certificate of {where} is not trusted: {error.verify_message}",
                "check the host's name; for an authority of your own name its file: ca_file",
            ) from None
        except ssl.SSLError as error:
            _drop(client)
            raise ServerError(
                f"{where} cannot be talked to encrypted: {error.reason}",
                'port 465 wants security = "tls", port 587 "starttls"',
            ) from None
        except smtplib.SMTPResponseException as error:
            _drop(client)
            kind = ServerError if error.smtp_code >= 500 else UnreachableError
            raise kind(f"{where} answers {_said(error.smtp_code, error.smtp_error)}") from None
        except (OSError, smtplib.SMTPException) as error:
            _drop(client)
            if "authentication method" in str(error):
                raise ServerError(f"{where} offers no way to log in", _CHECK) from None
            raise UnreachableError(
                f"{where} cannot be reached: {type(error).__name__}: {error}",
                "check host, port and the network",
            ) from None
        self._client = client

    def hand_over(
        self, sender: str, address: str, raw: bytes, before_end: Callable[[], None]
    ) -> Outcome:
        """Give one message to the server.

        Parameters
        ----------
        sender, address
            From whom and to whom.
        raw
            The message.
        before_end
            Called when all but the end of the message is with the server.

        Raises
        ------
        ServerError
            When the server refuses the sender for good: no message would fare better.
        """
        if self._client is None:
            raise ServerError("not connected")
        client, handed = self._client, False

        def handing() -> None:
            nonlocal handed
            before_end()
            handed = True

        client.before_end = handing
        try:
            size = [f"size={len(raw)}"] if client.has_extn("size") else []
            code, answer = client.mail(sender, size)
            if code >= 500 and code != 552:  # 552: this one is too large
                raise ServerError(
                    f"the server refuses mail from {sender}: {_said(code, answer)}",
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
            return Outcome("uncertain" if handed else "deferred", _broken(error), broken=True)
        except BaseException:
            # In the middle of a message there is no taking leave.
            self._abandon()
            raise
        return self._outcome(code, answer, handed=handed)

    def _outcome(self, code: int, answer: bytes, *, handed: bool) -> Outcome:
        said = _said(code, answer)
        if 200 <= code < 300 and handed:
            return Outcome("accepted", said)
        if code == 421 or not 400 <= code < 600:
            # It is closing the connection, or says what is no answer.
            self.close()
            unknown = handed and code != 421
            return Outcome("uncertain" if unknown else "deferred", said, broken=True)
        try:
            if self._client is not None:
                self._client.rset()
        except (OSError, smtplib.SMTPException):
            self._abandon()
        return Outcome("deferred" if code < 500 else "refused", said)

    def _abandon(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def close(self) -> None:
        """End the connection."""
        client, self._client = self._client, None
        _drop(client)


def _drop(client: smtplib.SMTP | None) -> None:
    if client is None:
        return
    try:
        client.quit()
    except (OSError, smtplib.SMTPException):
        client.close()


def _bytes(answer: bytes | str) -> bytes:
    return answer if isinstance(answer, bytes) else answer.encode()


def _said(code: int, answer: bytes | str) -> str:
    """Return a server's answer as one line that can be shown."""
    text = _bytes(answer).decode("utf-8", "replace")
    return re.sub(r"[\x00-\x1f\x7f]+", " ", f"{code} {text}")[:300]


def _broken(error: Exception) -> str:
    return re.sub(r"[\x00-\x1f\x7f]+", " ", f"connection broken: {error}")[:300]
