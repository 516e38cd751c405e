"""Mail measured: messages built from finished briefs, and sending against a bare smtplib loop."""

from __future__ import annotations

import smtplib
import ssl
import statistics
import time
from dataclasses import replace
from pathlib import Path

from kejistats.dataset import Dataset
from kejistats.publish.documents import Files, read_document
from kejistats.publish.ledger import Ledger
from kejistats.publish.letters import letter
from kejistats.publish.mail_section import section_of
from kejistats.publish.mail_settings import MailSettings, Sender
from kejistats.publish.message import compose
from kejistats.publish.sending import Outgoing, Sending
from kejistats.publish.server import Server
from kejistats.release import read_record
from kejistats.run.planning import folder_of
from tests.publish.factory import AT, DISTRICTS, PASSWORD, MailServer, mail_server, make_final
from tests.publish.smtp_server import USER
from tests.workspaces import make_workspace

MESSAGES, SENT, ROUNDS = 1000, 60, 5
SENDER = Sender("tongji@example.org", "示例市科技统计（示例）")


def build(root: Path) -> tuple[float, list[bytes]]:
    """Seconds of one processor that so many messages take, each from a page that is read anew."""
    dataset = Dataset(root / "data" / "demo-city")
    record = read_record(dataset.path, AT)
    folder = folder_of(dataset, AT, root / "out")
    codes = [key for key in record.outputs if key.isdigit()]
    made = []
    start = time.process_time()
    for n in range(MESSAGES):
        code = codes[n % len(codes)]
        document = read_document(Files(folder, code, AT), record.outputs[code])
        row = {"address": f"r{n}@{DISTRICTS}", "name": "示例：联络员", "form": "both"}
        one = letter(row, [(document, section_of(document))], dataset, AT, SENDER)
        message = compose(one, SENDER)
        if n < SENT:
            made.append(message.raw)
    return time.process_time() - start, made


def send(server: MailServer, folder: Path, files: list[Path]) -> float:
    """Seconds that sending takes: ledger, rate, states and all."""
    mail = server.settings(batch=len(files), timeout=60.0)
    file = folder / "ledger.sqlite"
    file.unlink(missing_ok=True)
    ledger = Ledger(file)
    start = time.perf_counter()
    with ledger.at_once():
        outgoing = [
            Outgoing(
                ledger.plan("brief", str(AT), f"r{n}@{DISTRICTS}", f"<{n}>", "简报", {"a": "b"}),
                f"r{n}@{DISTRICTS}",
                path,
            )
            for n, path in enumerate(files)
        ]
    Sending(Server(mail, PASSWORD), SENDER.address, mail, ledger).run(outgoing)
    seconds = time.perf_counter() - start
    assert {entry.state for entry in ledger.entries()} == {"accepted"}
    ledger.close()
    return seconds


def bare(mail: MailSettings, files: list[Path]) -> float:
    """Seconds that the shortest loop over smtplib takes for the same messages."""
    start = time.perf_counter()
    with smtplib.SMTP(mail.host, mail.port, timeout=60) as client:
        client.starttls(context=ssl.create_default_context(cafile=mail.ca_file))
        client.login(USER.decode(), PASSWORD)
        for n, path in enumerate(files):
            client.sendmail(SENDER.address, [f"r{n}@{DISTRICTS}"], path.read_bytes())
    return time.perf_counter() - start


def measure(folder: Path) -> tuple[float, float, float]:
    """Seconds of building, and the medians of sending and of the bare loop, turn by turn."""
    workspace = make_workspace(folder / "workspace", "demo-city")
    root = make_final(workspace, folder / "final")
    seconds, raw = build(root)
    files = []
    for n, content in enumerate(raw):
        files.append(folder / f"{n}.eml")
        files[-1].write_bytes(content)
    place = folder / "server"
    place.mkdir()
    ours, theirs = [], []
    with mail_server(place) as server:
        mail = replace(server.settings(), timeout=60.0)
        for _ in range(ROUNDS):
            theirs.append(bare(mail, files))
            ours.append(send(server, folder, files))
    return seconds, statistics.median(ours), statistics.median(theirs)
