"""A run killed while it sends 200 messages: none is lost or sent twice, doubt is reported."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kejistats.cli import app
from kejistats.model.errors import UsageError
from kejistats.publish.ledger import Ledger
from tests.factory import ROOT
from tests.publish.factory import DISTRICTS, PASSWORD, MailServer, crowd, point_to, write_recipients
from tests.workspaces import environment

COUNT = 200
PHASES = ["rcpt", "end", "answer"]
_RNG = random.Random(20250720)
POINTS = [("rcpt", 120), ("end", 57), ("answer", 173)]
MANY = [(PHASES[n % 3], _RNG.randint(1, COUNT)) for n in range(20)]
SEND = ["mail", "city", "-c", "2025H1", "--send", "--json"]


@pytest.fixture
def city(small_final: Path, tmp_path: Path, server: MailServer) -> Path:
    """A copy of the small finalised city with 200 recipients."""
    root = shutil.copytree(small_final, tmp_path / "root")
    server.forget()
    point_to(root / "city", server)
    write_recipients(root / "city", *crowd(COUNT))
    return root


def kill_run(city: Path, server: MailServer, phase: str, number: int) -> str:
    """Send until the server kills the run at a phase of one message; return its address."""
    address = f"r{number:03d}@{DISTRICTS}"
    process = subprocess.Popen(
        [sys.executable, "-m", "kejistats", *SEND],
        cwd=city,
        env=environment(city / "home")
        | {"KEJISTATS_SMTP_PASSWORD": PASSWORD, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    request = {"pid": process.pid, "phase": phase, "recipient": address}
    draft = server.folder / "kill.part"
    draft.write_text(json.dumps(request), "utf-8")
    draft.replace(server.folder / "kill.json")
    _, errors = process.communicate(timeout=120)
    assert process.returncode < 0 or sys.platform == "win32", errors.decode()
    return address


def states(city: Path) -> dict[str, str]:
    """Return the last state of each recipient in the ledger."""
    ledger = Ledger(city / "city" / "mail" / "ledger.sqlite")
    by_recipient = {entry.recipient: entry.state for entry in ledger.entries()}
    ledger.close()
    return by_recipient


def kill_and_rerun(
    city: Path, server: MailServer, monkeypatch: pytest.MonkeyPatch, phase: str, number: int
) -> None:
    """Kill a run, run again, and check what every recipient has received."""
    monkeypatch.chdir(city)
    monkeypatch.setenv("KEJISTATS_SMTP_PASSWORD", PASSWORD)
    uncertain = phase in ("end", "answer")

    address = kill_run(city, server, phase, number)
    before = Counter(server.addresses())
    again = CliRunner().invoke(app, SEND)

    counts = Counter(server.addresses())
    assert before.total() < COUNT or phase == "answer"
    assert max(counts.values()) == 1
    others = {row["address"] for row in crowd(COUNT)} - {address}
    assert set(counts) - {address} == others
    assert counts[address] == {"rcpt": 1, "end": 0, "answer": 1}[phase]
    by_recipient = states(city)
    assert by_recipient.pop(address) == ("uncertain" if uncertain else "accepted")
    assert set(by_recipient.values()) == {"accepted"}
    assert again.exit_code == (1 if uncertain else 0)
    reported = json.loads(again.stdout)["states"]
    assert reported.get("uncertain", 0) == uncertain
    assert reported["accepted"] + reported["sent"] + uncertain == COUNT
    if not uncertain:
        return
    assert address in again.stderr

    refused = CliRunner().invoke(app, [*SEND, "--resend", address], input="y\nsomebody else\n")

    assert isinstance(refused.exception, UsageError)
    assert Counter(server.addresses()) == counts

    confirmed = CliRunner().invoke(app, [*SEND, "--resend", address], input=f"y\n{address}\n")

    assert confirmed.exit_code == 0, confirmed.output
    assert Counter(server.addresses()) == counts + Counter([address])
    assert states(city)[address] == "accepted"


@pytest.mark.parametrize(("phase", "number"), POINTS)
def test_a_killed_run_sends_nothing_twice_and_loses_nothing(
    city: Path, server: MailServer, monkeypatch: pytest.MonkeyPatch, phase: str, number: int
) -> None:
    kill_and_rerun(city, server, monkeypatch, phase, number)


@pytest.mark.long
@pytest.mark.parametrize(("phase", "number"), MANY)
def test_wherever_a_run_is_killed_nothing_is_sent_twice_or_lost(
    city: Path, server: MailServer, monkeypatch: pytest.MonkeyPatch, phase: str, number: int
) -> None:
    kill_and_rerun(city, server, monkeypatch, phase, number)
