"""Measure mail: making messages from finished briefs, and sending against plain smtplib."""

from __future__ import annotations

import smtplib
import ssl
import statistics
import time
from dataclasses import replace
from pathlib import Path

from kejistats.dataset import Dataset
from kejistats.publish.documents import PageFiles, read_document
from kejistats.publish.ledger import Ledger
from kejistats.publish.letters import make_letter
from kejistats.publish.mail_section import section_of
from kejistats.publish.mail_settings import MailSettings, Sender
from kejistats.publish.message import compose
from kejistats.publish.sending import Outgoing, Sending
from kejistats.publish.server import Server
from kejistats.release import read_record
from kejistats.run.planning import output_folder
from tests.publish.factory import AT, DISTRICTS, PASSWORD, MailServer, mail_server, make_final
from tests.publish.smtp_server import USER
from tests.workspaces import make_workspace

MESSAGES, SENT, ROUNDS = 1000, 60, 5
SENDER = Sender("tongji@example.org", "示例市科技统计（示例）")


def build(root: Path) -> tuple[float, list[bytes]]:
    """Return the CPU seconds of making `MESSAGES` messages, and some of them as bytes.

    The page of every message is read again.
    """
    dataset = Dataset(root / "data" / "demo-city")
    record = read_record(dataset.path, AT)
    folder = output_folder(dataset, AT, root / "out")
    codes = [key for key in record.outputs if key.isdigit()]
    raw_messages = []
    start = time.process_time()
    for n in range(MESSAGES):
        code = codes[n % len(codes)]
        document = read_document(PageFiles(folder, code, AT), record.outputs[code])
        row = {"address": f"r{n}@{DISTRICTS}", "name": "示例：联络员", "form": "both"}
        letter_of_row = make_letter(row, [(document, section_of(document))], dataset, AT, SENDER)
        message = compose(letter_of_row, SENDER)
        if n < SENT:
            raw_messages.append(message.raw)
    return time.process_time() - start, raw_messages


def send(server: MailServer, folder: Path, files: list[Path]) -> float:
    """Return the seconds that sending takes, with ledger, rate limit and states."""
    mail = server.settings(batch=len(files), timeout=60.0)
    file = folder / "ledger.sqlite"
    file.unlink(missing_ok=True)
    ledger = Ledger(file)
    start = time.perf_counter()
    with ledger.transaction():
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


def send_plain(mail: MailSettings, files: list[Path]) -> float:
    """Return the seconds that a plain smtplib loop takes for the same messages."""
    start = time.perf_counter()
    with smtplib.SMTP(mail.host, mail.port, timeout=60) as client:
        client.starttls(context=ssl.create_default_context(cafile=mail.ca_file))
        client.login(USER.decode(), PASSWORD)
        for n, path in enumerate(files):
            client.sendmail(SENDER.address, [f"r{n}@{DISTRICTS}"], path.read_bytes())
    return time.perf_counter() - start


def measure(folder: Path) -> tuple[float, float, float]:
    """Return the seconds of making, and the medians of sending and of the plain loop, alternating."""
    workspace = make_workspace(folder / "workspace", "demo-city")
    root = make_final(workspace, folder / "final")
    seconds, raw = build(root)
    files = []
    for n, content in enumerate(raw):
        files.append(folder / f"{n}.eml")
        files[-1].write_bytes(content)
    server_folder = folder / "server"
    server_folder.mkdir()
    sending_seconds, plain_seconds = [], []
    with mail_server(server_folder) as server:
        mail = replace(server.settings(), timeout=60.0)
        for _ in range(ROUNDS):
            plain_seconds.append(send_plain(mail, files))
            sending_seconds.append(send(server, folder, files))
    return seconds, statistics.median(sending_seconds), statistics.median(plain_seconds)
