"""What the mail tests share: a finalised city, a mail server, and messages read back."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import nbformat

from kejistats.brief import Brief, Overview
from kejistats.dataset import Dataset
from kejistats.intake import ingest
from kejistats.model.period import Checkpoint
from kejistats.pages.exporter import KejistatsExporter
from kejistats.publish.documents import NOTEBOOK, Files
from kejistats.publish.finalise import current, finalise
from kejistats.publish.mail_settings import MailSettings
from kejistats.run.planning import folder_of
from tests.factory import COUNT, ROOT, code, make_dataset, write_csv
from tests.pages.factory import run_cells
from tests.publish.smtp_server import PASSWORD, USER

AT = Checkpoint(2025, 6)
WHEN = datetime(2025, 7, 20, 1, 30, tzinfo=UTC)
HERE = Path(__file__).resolve().parent
DISTRICTS = "districts.example.org"


def make_pages(dataset: Dataset, out: Path, at: Checkpoint = AT) -> None:
    """Make bundles, executed notebooks and pages as `kejistats briefs` does, without kernels."""
    folder = folder_of(dataset, at, out)
    exporter = KejistatsExporter()
    for key, bundle in current(dataset, at).items():
        kind = bundle.content["kind"]
        files = Files(folder, key, at)
        bundle.write(files.bundle)
        notebook = nbformat.read(ROOT / "notebooks" / f"{kind}.ipynb", 4)
        run_cells(notebook, {kind: {"brief": Brief, "overview": Overview}[kind](bundle)})
        nbformat.write(notebook, files.made(NOTEBOOK))
        html, _ = exporter.from_notebook_node(notebook)
        files.made("html").write_text(html, encoding="utf-8", newline="\n")


def make_drafts(dataset: Dataset, out: Path, at: Checkpoint = AT) -> None:
    """Let there be pages to look at before they are fixed; what they say is not asked here."""
    folder = folder_of(dataset, at, out)
    for key, bundle in current(dataset, at).items():
        files = Files(folder, key, at)
        bundle.write(files.bundle)
        files.made("html").write_text("初稿", encoding="utf-8")


def make_final(workspace: Path, root: Path) -> Path:
    """A workspace of its own with the demo city, finalised at its checkpoint."""
    for name in ("schemas", "notebooks", "data/demo-city"):
        shutil.copytree(workspace / name, root / name)
    dataset = Dataset(root / "data" / "demo-city")
    make_drafts(dataset, root / "out")
    finalise(dataset, AT, lambda: make_pages(dataset, root / "out"), root / "out", now=WHEN)
    return root


def make_small(root: Path) -> Path:
    """A folder with a finalised city of two districts that have reported one figure."""
    dataset = Dataset(make_dataset(root / "city", count=2))
    file = dataset.path / "dataset.toml"
    sender = '[sender]\naddress = "tongji@example.org"\n[mail]\ndomains = ["example.org"]\n'
    file.write_text(file.read_text("utf-8") + sender, encoding="utf-8", newline="\n")
    rows = [
        {"district": code(n), "indicator": COUNT, "checkpoint": "2025H1", "value": str(10 + n)}
        for n in (1, 2)
    ]
    dataset = Dataset(dataset.path)
    ingest(dataset, [write_csv(dataset.path / "inbox" / "2025H1.csv", rows)])
    make_drafts(dataset, root / "out")
    finalise(dataset, AT, lambda: make_pages(dataset, root / "out"), root / "out", now=WHEN)
    return root


def write_recipients(folder: Path, *rows: dict[str, str]) -> Path:
    """Write ``recipients.csv``; what a row leaves out is a body-only reader of one district."""
    default = {"address": "", "name": "示例：联络员", "role": "district", "districts": "900101",
               "what": "brief", "form": "body"}  # fmt: skip
    return write_csv(folder / "recipients.csv", [default | row for row in rows])


def crowd(count: int, fault: str = "") -> list[dict[str, str]]:
    """Rows of so many readers."""
    start = f"{fault}." if fault else ""
    return [{"address": f"{start}r{n:03d}@{DISTRICTS}"} for n in range(1, count + 1)]


def read_message(raw: bytes) -> EmailMessage:
    """Parse a message; a defect anywhere fails."""
    message = message_from_bytes(raw, policy=policy.SMTP)
    assert isinstance(message, EmailMessage)
    for part in message.walk():
        assert part.defects == []
        for header in part.values():
            assert header.defects == ()
    return message


@dataclass(frozen=True)
class MailServer:
    """A mail server that runs in a process of its own.

    Parameters
    ----------
    folder
        Where it records what it accepts; see ``smtp_server.py``.
    ports
        Port by mode.
    """

    folder: Path
    ports: dict[str, int]

    def settings(self, mode: str = "starttls", **more: Any) -> MailSettings:
        """Settings to reach it."""
        given = MailSettings(
            host="localhost", port=self.ports[mode], security="tls" if mode == "tls" else "starttls",
            user="" if mode == "open" else USER.decode(), ca_file=str(self.folder / "ca.pem"),
            domains=("example.org",), rate=1e6, timeout=1.0, attempts=2, pause=0.01,
        )  # fmt: skip
        return replace(given, **more)

    def table(self, mode: str = "starttls", **more: Any) -> str:
        """The same as ``[mail]`` of a ``dataset.toml``."""
        held = vars(self.settings(mode, **more))
        return "[mail]\n" + "".join(
            f"{k} = {json.dumps(list(v) if isinstance(v, tuple) else v)}\n" for k, v in held.items()
        )

    def accepted(self) -> list[dict[str, Any]]:
        """All it has accepted, in order."""
        file = self.folder / "accepted.jsonl"
        text = file.read_text("utf-8") if file.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def addresses(self) -> list[str]:
        """Whom it has accepted messages for."""
        return [row["to"] for row in self.accepted()]

    def forget(self) -> None:
        """Begin a new record."""
        (self.folder / "accepted.jsonl").unlink(missing_ok=True)

    def raw(self, row: dict[str, Any]) -> bytes:
        """A message it accepted."""
        return (self.folder / f"{row['sha256']}.eml").read_bytes()


@contextmanager
def mail_server(folder: Path) -> Iterator[MailServer]:
    """Start a mail server; end it with the block."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / "smtp_server.py"), str(folder)], stdin=subprocess.PIPE
    )
    try:
        ports = folder / "ports.json"
        start = time.monotonic()
        while not ports.exists():
            assert process.poll() is None, "the mail server did not start"
            assert time.monotonic() - start < 60
            time.sleep(0.02)
        yield MailServer(folder, json.loads(ports.read_text("utf-8")))
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)


def point_to(dataset: Path, server: MailServer, mode: str = "starttls", **more: Any) -> None:
    """Write the server into ``dataset.toml``."""
    file = dataset / "dataset.toml"
    text = file.read_text("utf-8").partition("[mail]")[0]
    file.write_text(text + server.table(mode, **more), encoding="utf-8", newline="\n")


__all__ = ["PASSWORD"]
