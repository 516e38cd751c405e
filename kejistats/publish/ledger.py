"""The ledger: what was sent to whom and how it ended, in SQLite beside the store.

A message is `planned` before anything of it goes out, `handed` once all of it but the final dot
is with the server, then `accepted`, `refused` (for good) or `deferred` (for now). Found `handed`
by a later run it is `uncertain`: the server may or may not have taken it, and nobody can know.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from kejistats.model.errors import KejistatsError

FORMAT = 1
STATES = ("planned", "handed", "accepted", "refused", "deferred", "uncertain")
_TABLES = """
CREATE TABLE message (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, checkpoint TEXT NOT NULL, recipient TEXT NOT NULL,
  message_id TEXT NOT NULL, subject TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL,
  changed TEXT NOT NULL, answer TEXT NOT NULL);
CREATE TABLE content (
  message INTEGER NOT NULL REFERENCES message (id), key TEXT NOT NULL, digest TEXT NOT NULL);
CREATE INDEX by_recipient ON message (kind, checkpoint, recipient);
CREATE INDEX by_message ON content (message);
"""


@dataclass(frozen=True)
class Entry:
    """One message of the ledger.

    Parameters
    ----------
    id, kind, checkpoint, recipient
        Number; ``brief``, ``reminder`` or ``rehearsal``; checkpoint; address in lower case.
    message_id, subject
        As in its headers.
    state
        Of `STATES`.
    attempts
        How often it was tried.
    changed
        When the state was written, ISO text in UTC.
    answer
        What the server said last.
    contents
        Digest by district code or ``overview``.
    """

    id: int
    kind: str
    checkpoint: str
    recipient: str
    message_id: str
    subject: str
    state: str
    attempts: int
    changed: str
    answer: str
    contents: dict[str, str] = field(default_factory=dict)


class Ledger:
    """The ledger of a data set; use it within `opened`."""

    def __init__(self, file: Path) -> None:
        self.file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            # Every statement is a transaction of its own.
            self._db = sqlite3.connect(file, isolation_level=None, timeout=30)
            # Alone with the file, the write-ahead log works on shared disks too.
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._prepare()
        except sqlite3.DatabaseError as error:
            raise KejistatsError(
                f"{file} is no ledger: {error}",
                "restore it from a copy: without it nobody knows who has got what",
            ) from None

    def _prepare(self) -> None:
        found = self._db.execute("PRAGMA user_version").fetchone()[0]
        if found == 0:
            self._db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {FORMAT}; COMMIT;")
        elif found != FORMAT:
            raise KejistatsError(
                f"{self.file} has format {found}, this kejistats reads {FORMAT}", "update kejistats"
            )

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def plan(
        self, kind: str, checkpoint: str, recipient: str, message_id: str, subject: str,
        contents: Mapping[str, str],
    ) -> int:  # fmt: skip
        """Write that a message is about to go out; return its number."""
        cursor = self._db.execute(
            "INSERT INTO message VALUES (NULL, ?, ?, ?, ?, ?, 'planned', 0, ?, '')",
            (kind, checkpoint, recipient.casefold(), message_id, subject, _now()),
        )
        number = int(cursor.lastrowid or 0)
        self._db.executemany(
            "INSERT INTO content VALUES (?, ?, ?)",
            [(number, key, digest) for key, digest in contents.items()],
        )
        return number

    def write(self, number: int, state: str, answer: str = "") -> None:
        """Write a state and what the server said; a state that ends an attempt counts it.

        That a message is handed over is on the disk before this returns. An answer need only
        outlive the process: lost with the power it leaves the message uncertain, never sent twice.
        """
        self._db.execute(f"PRAGMA synchronous = {'FULL' if state == 'handed' else 'NORMAL'}")
        self._db.execute(
            "UPDATE message SET state = ?, changed = ?, answer = ?, attempts = attempts + ? "
            "WHERE id = ?",
            (state, _now(), answer, state not in ("planned", "handed"), number),
        )

    def recover(self) -> list[Entry]:
        """Settle what an interrupted run left behind; return what has become uncertain.

        What was only planned has not gone out and is forgotten; what was handed over is uncertain.
        """
        with self.at_once():
            self._db.execute(
                "DELETE FROM content WHERE message IN (SELECT id FROM message WHERE state = 'planned')"
            )
            self._db.execute("DELETE FROM message WHERE state = 'planned'")
            left = [e.id for e in self.entries() if e.state == "handed"]
            self._db.execute(
                "UPDATE message SET state = 'uncertain', attempts = attempts + 1, "
                "answer = 'the run ended before the server''s answer was read' "
                "WHERE state = 'handed'"
            )
        return [entry for entry in self.entries() if entry.id in left]

    def entries(self, checkpoint: str = "") -> list[Entry]:
        """Return the messages of a checkpoint, or all, in the order they were planned."""
        contents: dict[int, dict[str, str]] = {}
        for number, key, digest in self._db.execute("SELECT message, key, digest FROM content"):
            contents.setdefault(number, {})[key] = digest
        rows = self._db.execute(
            "SELECT * FROM message WHERE ? IN ('', checkpoint) ORDER BY id", (checkpoint,)
        )
        names = [f.name for f in fields(Entry)]
        return [
            Entry(**dict(zip(names, (*row, contents.get(row[0], {})), strict=True))) for row in rows
        ]

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Write what follows whole or not at all, and on the disk."""
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


@contextmanager
def opened(dataset: Path) -> Iterator[Ledger]:
    """Open the ledger of a data set for one run; two at once would both send what is missing.

    Raises
    ------
    KejistatsError
        When another run has it, or the file is broken.
    """
    file = dataset / "mail" / "ledger.sqlite"
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(file.with_suffix(".lock"), timeout=0):
            ledger = Ledger(file)
            try:
                yield ledger
            finally:
                ledger.close()
    except Timeout:
        raise KejistatsError(
            f"another run is sending mail of {dataset.name}", "wait until it has ended"
        ) from None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
