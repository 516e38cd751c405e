"""A local mail server for tests, with TLS, login, faults on demand and a record of messages.

``python smtp_server.py FOLDER`` listens on one port per mode and writes them to
``FOLDER/ports.json``. Before it answers, it records each accepted message in
``FOLDER/accepted.jsonl`` and its bytes beside it. The local part of a recipient can request a
fault, such as ``full.a1@…``. ``FOLDER/kill.json`` names a process to kill at a phase of the
message to a recipient.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import ssl
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = b"tongji", "example-8f3a"
RCPT = {
    "unknown": "550 5.1.1 no such user",
    "full": "452 4.2.2 mailbox full",
    "over": "552 5.2.2 quota exceeded",
    "closing": "421 4.3.2 closing",
}


class Server(SMTP):
    """Breaks the connection within a message if the recipient requests it."""

    async def smtp_DATA(self, arg: str) -> None:
        name = self.envelope.rcpt_tos[0] if self.envelope and self.envelope.rcpt_tos else ""
        if name.startswith("middle."):
            await self.push("354 go on")
            for _ in range(20):
                await self._reader.readline()
            self.transport.abort()
            return
        await super().smtp_DATA(arg)


class Handler:
    """Answers as the recipients request, and records accepted messages."""

    def __init__(self, folder: Path, mode: str) -> None:
        self.folder, self.mode = folder, mode
        self.seen: set[str] = set()

    def kill(self, phase: str, address: str) -> bool:
        """Kill the process named for this phase and recipient; say whether there was one."""
        file = self.folder / "kill.json"
        if not file.exists():
            return False
        request = json.loads(file.read_text("utf-8"))
        if (request["phase"], request["recipient"]) != (phase, address):
            return False
        file.unlink()
        os.kill(request["pid"], signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        return True

    async def handle_MAIL(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("banned"):
            return "550 5.7.1 sender not wanted"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.kill("rcpt", address)
        fault, _, _ = address.partition(".")
        if fault in RCPT:
            return RCPT[fault]
        if fault == "grey" and address not in self.seen:
            self.seen.add(address)
            return "450 4.2.0 greylisted, come again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        address = envelope.rcpt_tos[0]
        fault, _, _ = address.partition(".")
        if self.kill("end", address):
            return "451 the client has been killed"
        if fault == "spam":
            return "554 5.7.1 looks like spam"
        if fault == "busy":
            return "451 4.3.0 try later"
        if fault == "slow":
            await asyncio.sleep(3)
            server.transport.abort()
            return "451 too late"
        content = envelope.original_content or b""
        digest = hashlib.sha256(content).hexdigest()
        (self.folder / f"{digest}.eml").write_bytes(content)
        row = {
            "mode": self.mode, "to": address, "from": envelope.mail_from, "sha256": digest,
            "at": time.monotonic(), "connection": id(session), "user": bool(session.authenticated),
        }  # fmt: skip
        with (self.folder / "accepted.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self.kill("answer", address)
        if fault == "silent":
            server.transport.abort()
        return "250 2.0.0 taken"


def authenticate(
    server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword
) -> AuthResult:
    """Accept the one user; a refusal repeats the password, as careless servers do."""
    if data.login == USER and data.password == PASSWORD.encode():
        return AuthResult(success=True)
    received = data.password.decode("utf-8", "replace")
    return AuthResult(success=False, handled=False, message=f"535 5.7.8 not with {received!r}")


def main(folder: Path) -> None:
    """Serve until standard input ends."""
    authority, stranger = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    trusted, foreign, other = (ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) for _ in "abc")
    authority.issue_cert("localhost").configure_cert(trusted)
    stranger.issue_cert("localhost").configure_cert(foreign)
    authority.issue_cert("mail.example.org").configure_cert(other)
    login = {"authenticator": authenticate, "auth_required": True}
    modes: dict[str, dict[str, Any]] = {
        "starttls": {"tls_context": trusted, "require_starttls": True, **login},
        "tls": {"ssl_context": trusted, "auth_require_tls": False, **login},
        "open": {
            "tls_context": trusted,
            "require_starttls": True,
            "auth_exclude_mechanism": ["PLAIN", "LOGIN"],
        },
        "clear": {"auth_require_tls": False, **login},
        "foreign": {"tls_context": foreign, **login},
        "wrong_name": {"tls_context": other, **login},
    }
    asyncio.run(listen(folder, modes))


async def listen(folder: Path, modes: dict[str, dict[str, Any]]) -> None:
    """Open a port for each mode and serve until standard input ends."""
    loop = asyncio.get_running_loop()
    ports = {}
    for mode, options in modes.items():
        context = options.pop("ssl_context", None)
        make = partial(Server, Handler(folder, mode), hostname="localhost", **options)
        server = await loop.create_server(make, "127.0.0.1", 0, ssl=context)
        ports[mode] = server.sockets[0].getsockname()[1]
    draft = folder / "ports.part"
    draft.write_text(json.dumps(ports), "utf-8")
    draft.replace(folder / "ports.json")
    await loop.run_in_executor(None, sys.stdin.read)
    # Ends at once, without waiting for clients still connected.
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
