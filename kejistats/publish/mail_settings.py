"""Mail settings: ``[sender]`` and ``[mail]`` of ``dataset.toml``, and the password from elsewhere."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from kejistats.model.errors import UsageError
from kejistats.model.logs import hide
from kejistats.model.paths import resolve
from kejistats.model.settings import Settings
from kejistats.model.tables.recipient import ADDRESS

PASSWORD = "KEJISTATS_SMTP_PASSWORD"  # noqa: S105 - the name of a variable
_SECRET = re.compile("pass|secret|token|授权码|密码", re.IGNORECASE)
_PORTS = {"starttls": 587, "tls": 465}
_EXAMPLE = 'write [sender] address = "tongji@example.org", name = "示例局", [mail] host = "smtp.example.org"'

# Line breaks and other control characters, which could end a header of a message.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True)
class Sender:
    """The sender of all messages.

    Parameters
    ----------
    address, name
        The address and the name shown.
    reply_to
        Address for replies; empty = the sender's address.
    """

    address: str
    name: str = ""
    reply_to: str = ""


@dataclass(frozen=True)
class MailSettings:
    """Settings of sending.

    Parameters
    ----------
    host, port
        The server; the port is 587 for STARTTLS and 465 for TLS by default.
    security
        ``starttls`` or ``tls``; unencrypted sending is not supported.
    user
        User name for the login; empty = no login.
    ca_file
        File with certificates of the bureau's own authority, trusted beside the system's.
    domains
        Domains to which mail may be sent.
    rate
        Most messages per minute.
    batch
        Most messages per connection.
    timeout
        Seconds to wait for the server.
    attempts
        Attempts in one run for a message that is deferred or a connection that breaks.
    pause
        Seconds before the second attempt; doubled before each further one.
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
    """Return the sender from ``[sender]``.

    Raises
    ------
    UsageError
        When ``[sender]`` has no valid address, an unknown key or a value of a wrong type.
    """
    values = _parse_table(file, "sender", settings.sender, Sender)
    for key in ("address", "reply_to"):
        address = values.get(key, "")
        if (address or key == "address") and not re.fullmatch(ADDRESS, address):
            raise UsageError(f"{file}: [sender] {key} is not a mail address", _EXAMPLE)
    if CONTROL.search(values.get("name", "")):
        raise UsageError(f"{file}: [sender] name contains a control character", _EXAMPLE)
    return Sender(**values)


def read_mail(settings: Settings, file: Path) -> MailSettings:
    """Return the settings of sending from ``[mail]``, with the default port filled in.

    Raises
    ------
    UsageError
        When a key or `security` is unknown, a value has a wrong type or is out of range, or the
        table contains a password.
    """
    values = _parse_table(file, "mail", settings.mail, MailSettings)
    mail = MailSettings(**values)
    if mail.security not in _PORTS:
        raise UsageError(
            f"{file}: [mail] security must be one of: {', '.join(_PORTS)}",
            'write security = "starttls", or "tls" for port 465',
        )
    for key in ("rate", "batch", "timeout", "attempts"):
        if getattr(mail, key) <= 0:
            raise UsageError(
                f"{file}: [mail] {key} must be above 0",
                f"write {key} = {getattr(MailSettings, key)}",
            )
    if mail.pause < 0:
        raise UsageError(f"{file}: [mail] pause must not be below 0", "write pause = 30")
    ca_file = str(resolve(mail.ca_file)) if mail.ca_file else ""
    port = mail.port or _PORTS[mail.security]
    return MailSettings(**{**values, "port": port, "ca_file": ca_file})


def check_ready_to_send(mail: MailSettings, file: Path) -> None:
    """Refuse to send without a server or without allowed domains.

    Raises
    ------
    UsageError
        When one of them is missing.
    """
    if not mail.host:
        raise UsageError(f"{file}: [mail] host is missing", _EXAMPLE)
    if not mail.domains:
        raise UsageError(
            f"{file}: [mail] domains is missing: nothing is sent without a list of allowed domains",
            'write domains = ["example.org"]',
        )


def read_password(mail: MailSettings) -> str:
    """Return the password from the environment, else from the system keyring; empty without a user.

    Raises
    ------
    UsageError
        When neither has a password for the user, or the password is not ASCII.
    """
    if not mail.user:
        return ""
    secret = os.environ.get(PASSWORD) or _from_keyring(mail)
    hide(secret)
    if not secret:
        raise UsageError(
            f"no password for {mail.user} at {mail.host}",
            f"set the environment variable {PASSWORD}, or: keyring set kejistats {mail.user}@{mail.host}",
        )
    if not secret.isascii():
        # smtplib can log in with ASCII only, and its error would show the password.
        raise UsageError(
            f"the password for {mail.user} contains non-ASCII characters",
            "mail servers accept only ASCII: check the input method used to type it",
        )
    return secret


def _from_keyring(mail: MailSettings) -> str:
    """Return the password stored in the system keyring; empty if there is none or no keyring."""
    try:
        keyring: Any = importlib.import_module("keyring")
        return str(keyring.get_password("kejistats", f"{mail.user}@{mail.host}") or "")
    except ImportError:
        return ""
    except Exception as error:  # each keyring has exceptions of its own
        if type(error).__name__ == "NoKeyringError":  # installed, but the system has no keyring
            return ""
        raise UsageError(
            f"the system keyring cannot be read: {type(error).__name__}",
            f"set the environment variable {PASSWORD} instead",
        ) from None


def _parse_table(file: Path, table: str, values: Mapping[str, Any], kind: Any) -> dict[str, Any]:
    """Check a TOML table against a dataclass; refuse unknown keys, wrong types and passwords."""
    known = {f.name: f for f in fields(kind)}
    result: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            if _SECRET.search(key):
                raise UsageError(
                    f"{file}: [{table}] {key}: passwords must not be stored in this file",
                    f"remove it, change the password, and set the environment variable {PASSWORD}",
                )
            raise UsageError(
                f"{file}: unknown key {key!r} in [{table}]", f"known keys: {', '.join(known)}"
            )
        expected = str(known[key].type)
        valid = {
            "str": isinstance(value, str),
            "int": isinstance(value, int) and not isinstance(value, bool),
            "float": isinstance(value, int | float) and not isinstance(value, bool),
        }.get(expected, isinstance(value, list) and all(isinstance(v, str) for v in value))
        if not valid:
            labels = {"str": "a string", "int": "a whole number", "float": "a number"}
            raise UsageError(
                f"{file}: [{table}] {key} must be {labels.get(expected, 'a list of strings')}",
                _EXAMPLE if table == "sender" else f"write {key} = {_example(known[key].default)}",
            )
        result[key] = tuple(value) if isinstance(value, list) else value
    return result


def _example(default: Any) -> str:
    if isinstance(default, tuple):
        return '["example.org"]'
    return f'"{default}"' if isinstance(default, str) else str(default)
