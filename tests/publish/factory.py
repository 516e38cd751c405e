"""Shared by the mail tests: finalised cities, recipients, a mail server, and parsed messages."""

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
from kejistats.publish.documents import NOTEBOOK, PageFiles
from kejistats.publish.finalise import current_bundles, finalise
from kejistats.publish.mail_settings import MailSettings
from kejistats.run.planning import output_folder
from tests.factory import COUNT, ROOT, code, make_dataset, write_csv
from tests.pages.factory import run_cells
from tests.publish.smtp_server import PASSWORD, USER

AT = Checkpoint(2025, 6)
WHEN = datetime(2025, 7, 20, 1, 30, tzinfo=UTC)
HERE = Path(__file__).resolve().parent
DISTRICTS = "districts.example.org"


def make_pages(dataset: Dataset, out: Path, at: Checkpoint = AT) -> None:
    """Make bundles, executed notebooks and pages like `kejistats briefs`, without workers."""
    folder = output_folder(dataset, at, out)
    exporter = KejistatsExporter()
    for key, bundle in current_bundles(dataset, at).items():
        kind = bundle.content["kind"]
        files = PageFiles(folder, key, at)
        bundle.write(files.bundle)
        notebook = nbformat.read(ROOT / "notebooks" / f"{kind}.ipynb", 4)
        run_cells(notebook, {kind: {"brief": Brief, "overview": Overview}[kind](bundle)})
        nbformat.write(notebook, files.path(NOTEBOOK))
        html, _ = exporter.from_notebook_node(notebook)
        files.path("html").write_text(html, encoding="utf-8", newline="\n")


def make_drafts(dataset: Dataset, out: Path, at: Checkpoint = AT) -> None:
    """Write drafts for review before finalising: real bundles with placeholder pages."""
    folder = output_folder(dataset, at, out)
    for key, bundle in current_bundles(dataset, at).items():
        files = PageFiles(folder, key, at)
        bundle.write(files.bundle)
        files.path("html").write_text("初稿", encoding="utf-8")


def make_final(workspace: Path, root: Path) -> Path:
    """Make a workspace with the demo city, finalised at its checkpoint."""
    for name in ("schemas", "notebooks", "data/demo-city"):
        shutil.copytree(workspace / name, root / name)
    dataset = Dataset(root / "data" / "demo-city")
    make_drafts(dataset, root / "out")
    finalise(dataset, AT, lambda: make_pages(dataset, root / "out"), root / "out", now=WHEN)
    return root


def make_small(root: Path) -> Path:
    """Make a folder with a finalised city of two districts that have reported one figure each."""
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
    """Write ``recipients.csv``; by default a row receives the brief of one district as body."""
    default = {"address": "", "name": "示例：联络员", "role": "district", "districts": "900101",
               "what": "brief", "form": "body"}  # fmt: skip
    return write_csv(folder / "recipients.csv", [default | row for row in rows])


def crowd(count: int, fault: str = "") -> list[dict[str, str]]:
    """Return rows of so many recipients; the mail server answers `fault` to each, if given."""
    prefix = f"{fault}." if fault else ""
    return [{"address": f"{prefix}r{n:03d}@{DISTRICTS}"} for n in range(1, count + 1)]


def read_message(raw: bytes) -> EmailMessage:
    """Parse a message and assert that no part or header has a defect."""
    message = message_from_bytes(raw, policy=policy.SMTP)
    assert isinstance(message, EmailMessage)
    for part in message.walk():
        assert part.defects == []
        for header in part.values():
            assert header.defects == ()
    return message


@dataclass(frozen=True)
class MailServer:
    """A mail server running in a separate process.

    Parameters
    ----------
    folder
        Folder in which it records accepted messages; see ``smtp_server.py``.
    ports
        Port of each mode.
    """

    folder: Path
    ports: dict[str, int]

    def settings(self, mode: str = "starttls", **more: Any) -> MailSettings:
        """Return settings to connect to it."""
        settings = MailSettings(
            host="localhost", port=self.ports[mode], security="tls" if mode == "tls" else "starttls",
            user="" if mode == "open" else USER.decode(), ca_file=str(self.folder / "ca.pem"),
            domains=("example.org",), rate=1e6, timeout=1.0, attempts=2, pause=0.01,
        )  # fmt: skip
        return replace(settings, **more)

    def table(self, mode: str = "starttls", **more: Any) -> str:
        """Return these settings as ``[mail]`` of a ``dataset.toml``."""
        values = vars(self.settings(mode, **more)).items()
        return "[mail]\n" + "".join(
            f"{k} = {json.dumps(list(v) if isinstance(v, tuple) else v)}\n" for k, v in values
        )

    def accepted(self) -> list[dict[str, Any]]:
        """Return the records of all accepted messages, in order."""
        file = self.folder / "accepted.jsonl"
        text = file.read_text("utf-8") if file.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def addresses(self) -> list[str]:
        """Return the recipients of all accepted messages, in order."""
        return [row["to"] for row in self.accepted()]

    def forget(self) -> None:
        """Delete the records of accepted messages."""
        (self.folder / "accepted.jsonl").unlink(missing_ok=True)

    def raw(self, row: dict[str, Any]) -> bytes:
        """Return the bytes of an accepted message."""
        return (self.folder / f"{row['sha256']}.eml").read_bytes()


@contextmanager
def mail_server(folder: Path) -> Iterator[MailServer]:
    """Run a mail server for the duration of the block."""
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
    """Write the settings of the server into ``dataset.toml``."""
    file = dataset / "dataset.toml"
    text = file.read_text("utf-8").partition("[mail]")[0]
    file.write_text(text + server.table(mode, **more), encoding="utf-8", newline="\n")


__all__ = ["PASSWORD"]
