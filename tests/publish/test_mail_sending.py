"""Sending through a local server: every fault leads to the right state, no secret is shown."""

from __future__ import annotations

import base64
import logging
import smtplib
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kejistats.model.errors import KejistatsError
from kejistats.publish.ledger import Entry, Ledger
from kejistats.publish.mail_settings import MailSettings, Sender
from kejistats.publish.message import Letter, Message, compose
from kejistats.publish.sending import Outgoing, Sending
from kejistats.publish.server import Server, ServerError, UnreachableError
from tests.publish.factory import DISTRICTS, PASSWORD, WHEN, MailServer

SENDER = Sender("tongji@example.org", "示例市科技统计（示例）")


@dataclass
class Mailing:
    """A ledger and the messages of a run; pauses are recorded instead of slept."""

    folder: Path
    ledger: Ledger
    messages: dict[str, Message] = field(default_factory=dict)
    pauses: list[float] = field(default_factory=list)

    def message(self, address: str, text: str = "正文\n") -> Outgoing:
        """Compose a message and plan it in the ledger."""
        message = compose(Letter(address, "示例：联络员", "简报", text, WHEN), SENDER)
        file = self.folder / f"{len(self.messages)}.eml"
        file.write_bytes(message.raw)
        self.messages[address] = message
        number = self.ledger.plan("brief", "2025H1", address, message.id, "简报", {"900101": "a"})
        return Outgoing(number, address, file)

    def send(
        self, mail: MailSettings, *addresses: str, password: str = PASSWORD,
        sender: str = SENDER.address,
    ) -> dict[str, Entry]:  # fmt: skip
        """Send a message to each address; return the ledger's entries by address."""
        outgoing = [self.message(address) for address in addresses]
        sending = Sending(
            Server(mail, password), sender, mail, self.ledger, sleep=self.pauses.append
        )
        sending.run(outgoing)
        return self.entries()

    def entries(self) -> dict[str, Entry]:
        """Return the ledger's entries by address."""
        return {entry.recipient: entry for entry in self.ledger.entries()}


@pytest.fixture
def mailing(tmp_path: Path) -> Mailing:
    return Mailing(tmp_path, Ledger(tmp_path / "ledger.sqlite"))


def at(fault: str, name: str) -> str:
    """Return an address for which the server produces a fault."""
    return f"{fault}.{name}@{DISTRICTS}"


@pytest.mark.parametrize("mode", ["starttls", "tls", "open"])
def test_messages_arrive_byte_for_byte(mailing: Mailing, server: MailServer, mode: str) -> None:
    server.forget()
    addresses = [at(mode, "a"), at(mode, "b")]

    entries = mailing.send(server.settings(mode), *addresses)

    assert [entries[a].state for a in addresses] == ["accepted", "accepted"]
    assert all(entries[a].answer == "250 2.0.0 taken" for a in addresses)
    rows = server.accepted()
    assert [row["to"] for row in rows] == addresses
    assert {row["from"] for row in rows} == {SENDER.address}
    assert {row["user"] for row in rows} == {mode != "open"}
    assert [server.raw(row) for row in rows] == [mailing.messages[a].raw for a in addresses]


def test_a_line_that_begins_with_a_dot_arrives_unchanged(
    mailing: Mailing, server: MailServer
) -> None:
    server.forget()
    outgoing = mailing.message(at("dots", "a"))
    outgoing.file.write_bytes(b"Subject: x\r\n\r\n.\r\n..a\r\n.b\r\nend\r\n")
    mail = server.settings()

    Sending(Server(mail, PASSWORD), SENDER.address, mail, mailing.ledger).run([outgoing])

    [row] = server.accepted()
    assert server.raw(row) == outgoing.file.read_bytes()


@pytest.mark.parametrize(
    ("fault", "state", "answer", "taken"),
    [
        ("unknown", "refused", "550 5.1.1", 0),
        ("over", "refused", "552 5.2.2", 0),
        ("spam", "refused", "554 5.7.1", 0),
        ("full", "deferred", "452 4.2.2", 0),
        ("busy", "deferred", "451 4.3.0", 0),
        ("closing", "deferred", "421 4.3.2", 0),
        ("slow", "uncertain", "timed out", 0),
        ("silent", "uncertain", "connection broken", 1),
    ],
)
def test_each_fault_leads_to_its_state_and_the_next_message_is_sent(
    mailing: Mailing, server: MailServer, fault: str, state: str, answer: str, taken: int
) -> None:
    server.forget()
    first, next_ = at(fault, f"one-{fault}"), at("fine", fault)

    entries = mailing.send(server.settings(timeout=0.5), first, next_)

    assert entries[first].state == state
    assert answer in entries[first].answer
    assert entries[first].attempts == (2 if state == "deferred" else 1)
    assert entries[next_].state == "accepted"
    assert server.addresses().count(first) == taken
    assert server.addresses().count(next_) == 1


def test_a_connection_closed_within_a_message_is_no_delivery(
    mailing: Mailing, server: MailServer
) -> None:
    server.forget()
    first, next_ = at("middle", "a"), at("fine", "after-middle")
    mail = server.settings()
    outgoing = [mailing.message(first, text="很长的正文\n" * 200_000), mailing.message(next_)]

    Sending(
        Server(mail, PASSWORD), SENDER.address, mail, mailing.ledger, sleep=mailing.pauses.append
    ).run(outgoing)

    entries = mailing.entries()
    assert (entries[first].state, entries[first].attempts) == ("deferred", 2)
    assert "connection broken" in entries[first].answer
    assert entries[next_].state == "accepted"
    assert server.addresses() == [next_]


def test_a_greylisted_message_is_accepted_in_a_later_run(
    mailing: Mailing, server: MailServer
) -> None:
    server.forget()
    address = at("grey", "a")
    once = server.settings(attempts=1)

    first = mailing.send(once, address)[address].state
    second = mailing.send(once, address)[address].state

    assert (first, second) == ("deferred", "accepted")
    assert server.addresses() == [address]


def test_a_greylisted_message_is_retried_within_a_run(mailing: Mailing, server: MailServer) -> None:
    addresses = [at("grey", "b"), at("fine", "c"), at("full", "d")]

    entries = mailing.send(server.settings(attempts=4, pause=10.0), *addresses)

    assert [entries[a].state for a in addresses] == ["accepted", "accepted", "deferred"]
    assert [entries[a].attempts for a in addresses] == [2, 1, 4]
    assert [s for s in mailing.pauses if s >= 10] == [10, 20, 40]


@pytest.mark.parametrize(
    ("mode", "password", "wrong", "right"),
    [
        ("foreign", PASSWORD, "certificate of localhost:.* is not trusted", "ca_file"),
        ("wrong_name", PASSWORD, "certificate of localhost:.* is not trusted", "host's name"),
        ("clear", PASSWORD, "offers no STARTTLS", "security"),
        ("starttls", "falsch", "rejects the login of tongji .code 535", "password"),
    ],
)
def test_a_server_that_cannot_be_trusted_gets_nothing(
    mailing: Mailing, server: MailServer, mode: str, password: str, wrong: str, right: str
) -> None:
    server.forget()
    address = at("fine", mode)

    with pytest.raises(ServerError, match=wrong) as caught:
        mailing.send(server.settings(mode), address, password=password)

    assert right in caught.value.remedy
    assert not isinstance(caught.value, UnreachableError)
    assert mailing.entries()[address].state == "planned"
    assert server.accepted() == []
    assert mailing.pauses == []


def test_a_server_without_login_is_reported_and_nothing_is_sent(
    mailing: Mailing, server: MailServer
) -> None:
    mail = server.settings("open", user="tongji")

    with pytest.raises(ServerError, match="offers no login method"):
        mailing.send(mail, at("fine", "noauth"))

    assert mailing.entries()[at("fine", "noauth")].state == "planned"


def test_tls_on_a_plain_port_is_reported(mailing: Mailing, server: MailServer) -> None:
    mail = server.settings("starttls", security="tls")

    with pytest.raises(ServerError, match="no encrypted connection to localhost"):
        mailing.send(mail, at("fine", "port"))


def test_a_refused_sender_stops_the_run(mailing: Mailing, server: MailServer) -> None:
    addresses = [at("fine", "x"), at("fine", "y")]

    with pytest.raises(ServerError, match=r"refuses mail from banned@example\.org: 550"):
        mailing.send(server.settings(), *addresses, sender="banned@example.org")

    assert {entry.state for entry in mailing.entries().values()} == {"planned"}


def test_a_server_that_is_down_is_retried_and_then_reported(
    mailing: Mailing, server: MailServer
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    mail = server.settings(port=port, attempts=3, pause=5.0)

    with pytest.raises(UnreachableError, match=f"localhost:{port} cannot be reached"):
        mailing.send(mail, at("fine", "down"))

    assert mailing.pauses == [5, 10]
    assert mailing.entries()[at("fine", "down")].state == "planned"


def test_repeatedly_broken_connections_end_the_run(mailing: Mailing, server: MailServer) -> None:
    addresses = [at("closing", str(n)) for n in range(5)]

    with pytest.raises(UnreachableError, match="broke 3 times in a row"):
        mailing.send(server.settings(attempts=3), *addresses)

    assert [e.state for e in mailing.entries().values()] == ["deferred"] * 3 + ["planned"] * 2


def test_each_batch_uses_one_connection_and_the_rate_is_kept(
    mailing: Mailing, server: MailServer
) -> None:
    server.forget()
    addresses = [at("fine", f"n{n}") for n in range(5)]
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    mail = server.settings(batch=2, rate=30.0)
    outgoing = [mailing.message(a) for a in addresses]

    Sending(
        Server(mail, PASSWORD), SENDER.address, mail, mailing.ledger, sleep=sleep, clock=lambda: now
    ).run(outgoing)

    connections = [row["connection"] for row in server.accepted()]
    assert [connections.count(c) for c in dict.fromkeys(connections)] == [2, 2, 1]
    assert now == pytest.approx(8.0)


def test_the_password_is_shown_nowhere(
    mailing: Mailing,
    server: MailServer,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "falsch-77Qz"
    hidden = [secret, base64.b64encode(secret.encode()).decode(),
              base64.b64encode(f"\0tongji\0{secret}".encode()).decode()]  # fmt: skip

    with pytest.raises(KejistatsError) as caught:
        mailing.send(server.settings(), at("fine", "secret"), password=secret)

    out, err = capfd.readouterr()
    shown = "\n".join([out, err, caplog.text, str(caught.value), repr(caught.value)])
    assert not any(text in shown for text in hidden)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_the_state_is_recorded_before_the_final_dot(
    mailing: Mailing, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Record the ledger's state at each piece sent: the final dot comes after `handed`."""
    sent: list[tuple[str, bytes]] = []
    send: Callable[[smtplib.SMTP, bytes | str], None] = smtplib.SMTP.send

    def watched(self: smtplib.SMTP, what: bytes | str) -> None:
        state = next(iter(mailing.entries().values())).state
        sent.append((state, what.encode() if isinstance(what, str) else what))
        send(self, what)

    monkeypatch.setattr(smtplib.SMTP, "send", watched)
    raw = (
        mailing.send(server.settings(), at("fine", "order"))
        and mailing.messages[at("fine", "order")].raw
    )

    [body] = [state for state, what in sent if what == raw]
    [dot] = [state for state, what in sent if what == b".\r\n"]
    assert (body, dot) == ("planned", "handed")


def test_a_ledger_that_cannot_be_written_stops_before_the_final_dot(
    mailing: Mailing, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.forget()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mailing.ledger, "set_state", full)

    with pytest.raises(OSError, match="No space left"):
        mailing.send(server.settings(), at("fine", "diskfull"))

    assert server.accepted() == []
    assert mailing.entries()[at("fine", "diskfull")].state == "planned"
