"""How mail goes out: ``[sender]`` and ``[mail]`` of ``dataset.toml``, the password elsewhere."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from kejistats.model.errors import UsageError
from kejistats.model.paths import resolve
from kejistats.model.settings import Settings
from kejistats.model.tables.recipient import ADDRESS

PASSWORD = "KEJISTATS_SMTP_PASSWORD"  # noqa: S105 - the name of a variable
_SECRET = re.compile("pass|secret|token|授权码|密码", re.IGNORECASE)
_PORTS = {"starttls": 587, "tls": 465}
_EXAMPLE = 'write [sender] address = "tongji@example.org", name = "示例局", [mail] host = "smtp.example.org"'

# Line breaks and what else could end a header of a message.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True)
class Sender:
    """Who mails come from.

    Parameters
    ----------
    address, name
        The address and the name shown.
    reply_to
        Where answers go; empty = to the address.
    """

    address: str
    name: str = ""
    reply_to: str = ""


@dataclass(frozen=True)
class MailSettings:
    """How mails go out.

    Parameters
    ----------
    host, port
        The server; the port is 587 for STARTTLS and 465 for TLS by default.
    security
        ``starttls`` or ``tls``; there is no third, for nothing goes out in clear.
    user
        Name to log in with; empty = the server asks for none.
    ca_file
        Certificates of an authority of the bureau's own, beside the system's.
    domains
        Domains that mail may go to.
    rate
        Most messages a minute.
    batch
        Messages of one connection.
    timeout
        Seconds to wait for the server.
    attempts
        How often a message that is deferred, or a connection that breaks, is tried in one run.
    pause
        Seconds before the second attempt; each further one waits twice as long.
    """

    host: str = ""
    port: int = 0
    security: str = "starttls"
    user: str = ""
    ca_file: str = ""
    domains: tuple[str, ...] = ()
    rate: float = 60.0
    batch: int = 50
    timeout: float = 60.0
    attempts: int = 3
    pause: float = 30.0


def read_sender(settings: Settings, file: Path) -> Sender:
    """Return who mails come from.

    Raises
    ------
    UsageError
        When ``[sender]`` has no proper address, or a key or type that is not known.
    """
    given = _typed(file, "sender", settings.sender, Sender)
    for key in ("address", "reply_to"):
        if (given.get(key) or key == "address") and not re.fullmatch(ADDRESS, given.get(key, "")):
            raise UsageError(f"{file}: [sender] {key} is no mail address", _EXAMPLE)
    if CONTROL.search(given.get("name", "")):
        raise UsageError(f"{file}: [sender] name holds a control character", _EXAMPLE)
    return Sender(**given)


def read_mail(settings: Settings, file: Path) -> MailSettings:
    """Return how mails go out.

    Raises
    ------
    UsageError
        For an unknown key or type, an unknown security, a number that cannot be, or a password.
    """
    given = _typed(file, "mail", settings.mail, MailSettings)
    found = MailSettings(**given)
    if found.security not in _PORTS:
        raise UsageError(
            f"{file}: [mail] security must be one of: {', '.join(_PORTS)}",
            'write security = "starttls", or "tls" for port 465',
        )
    for key in ("rate", "batch", "timeout", "attempts"):
        if getattr(found, key) <= 0:
            raise UsageError(
                f"{file}: [mail] {key} must be above 0",
                f"write {key} = {getattr(MailSettings, key)}",
            )
    if found.pause < 0:
        raise UsageError(f"{file}: [mail] pause must not be below 0", "write pause = 30")
    ca_file = str(resolve(found.ca_file)) if found.ca_file else ""
    port = found.port or _PORTS[found.security]
    return MailSettings(**{**given, "port": port, "ca_file": ca_file})


def ready_to_send(mail: MailSettings, file: Path) -> None:
    """Make sure that a server and the allowed domains are named.

    Raises
    ------
    UsageError
        When one is not.
    """
    if not mail.host:
        raise UsageError(f"{file}: [mail] host is missing", _EXAMPLE)
    if not mail.domains:
        raise UsageError(
            f"{file}: [mail] domains is missing: nothing is sent without a list of allowed domains",
            'write domains = ["example.org"]',
        )


def password(mail: MailSettings) -> str:
    """Return the password: of the environment, else of the system's keyring.

    Raises
    ------
    UsageError
        When there is a user and neither knows a password.
    """
    if not mail.user:
        return ""
    found = os.environ.get(PASSWORD) or _from_keyring(mail)
    if not found:
        raise UsageError(
            f"no password for {mail.user} at {mail.host}",
            f"set the environment variable {PASSWORD}, or: keyring set kejistats {mail.user}@{mail.host}",
        )
    if not found.isascii():
        # The log-in of the standard library knows no other, and its error would carry the password.
        raise UsageError(
            f"the password for {mail.user} holds characters beyond ASCII",
            "mail servers take none: check the input method it was typed with",
        )
    return found


def _from_keyring(mail: MailSettings) -> str:
    """Return what the system's keyring knows; nothing where there is none."""
    try:
        keyring: Any = importlib.import_module("keyring")
        return str(keyring.get_password("kejistats", f"{mail.user}@{mail.host}") or "")
    except ImportError:
        return ""
    except Exception as error:  # a keyring may fail in ways of its own
        if type(error).__name__ == "NoKeyringError":  # the package, and no keyring behind it
            return ""
        raise UsageError(
            f"the system's keyring does not answer: {type(error).__name__}",
            f"set {PASSWORD} instead",
        ) from None


def _typed(file: Path, table: str, given: Mapping[str, Any], kind: Any) -> dict[str, Any]:
    """Return the keys of a table as their types; unknown ones and passwords are refused."""
    known = {f.name: f for f in fields(kind)}
    result: dict[str, Any] = {}
    for key, value in given.items():
        if key not in known:
            if _SECRET.search(key):
                raise UsageError(
                    f"{file}: [{table}] {key}: a password has no place in this file",
                    f"take it out, change it, and set the environment variable {PASSWORD}",
                )
            raise UsageError(
                f"{file}: unknown key {key!r} in [{table}]", f"it knows: {', '.join(known)}"
            )
        wanted = str(known[key].type)
        fits = {
            "str": isinstance(value, str),
            "int": isinstance(value, int) and not isinstance(value, bool),
            "float": isinstance(value, int | float) and not isinstance(value, bool),
        }.get(wanted, isinstance(value, list) and all(isinstance(v, str) for v in value))
        if not fits:
            words = {"str": "a text", "int": "a whole number", "float": "a number"}
            raise UsageError(
                f"{file}: [{table}] {key} must be {words.get(wanted, 'a list of texts')}",
                _EXAMPLE if table == "sender" else f"write {key} = {_example(known[key].default)}",
            )
        result[key] = tuple(value) if isinstance(value, list) else value
    return result


def _example(default: Any) -> str:
    if isinstance(default, tuple):
        return '["example.org"]'
    return f'"{default}"' if isinstance(default, str) else str(default)
