"""The mail ledger: which messages were sent to whom, and their states, in an SQLite file.

A message is `planned` before any of it is sent, `handed` once the server has all of it but the
final dot, then `accepted`, `refused` (permanently) or `deferred` (for now). A message that a later
run finds `handed` becomes `uncertain`: the server may or may not have accepted it.
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
        Number of attempts to send it.
    changed
        When the state was last set, as ISO text in UTC.
    answer
        The server's last reply.
    contents
        Digest of each page in it, by district code or ``overview``.
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
    """The ledger of a data set; obtained from `open_ledger`, which locks it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            # Without an isolation level every statement is a transaction of its own.
            self._db = sqlite3.connect(file, isolation_level=None, timeout=30)
            # With exclusive locking the write-ahead log works on network drives too.
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._prepare()
        except sqlite3.DatabaseError as error:
            raise KejistatsError(
                f"{file} is not a mail ledger: {error}",
                "restore it from a backup: it alone records who has received what",
            ) from None

    def _prepare(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            self._db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {FORMAT}; COMMIT;")
        elif version != FORMAT:
            raise KejistatsError(
                f"{self.file} has format {version}, this version of kejistats reads {FORMAT}",
                "update kejistats",
            )

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def plan(
        self, kind: str, checkpoint: str, recipient: str, message_id: str, subject: str,
        contents: Mapping[str, str],
    ) -> int:  # fmt: skip
        """Record that a message is about to be sent; return its number."""
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

    def set_state(self, number: int, state: str, answer: str = "") -> None:
        """Set a message's state and the server's reply; a state that ends an attempt counts it.

        The state `handed` is on disk before this returns. Other states only need to survive the
        process: if a power failure loses one, the message becomes uncertain and is not sent twice.
        """
        self._db.execute(f"PRAGMA synchronous = {'FULL' if state == 'handed' else 'NORMAL'}")
        self._db.execute(
            "UPDATE message SET state = ?, changed = ?, answer = ?, attempts = attempts + ? "
            "WHERE id = ?",
            (state, _now(), answer, state not in ("planned", "handed"), number),
        )

    def recover(self) -> list[Entry]:
        """Clean up after an interrupted run; return the messages that have become uncertain.

        Planned messages were not sent and are deleted; handed messages become uncertain.
        """
        with self.transaction():
            self._db.execute(
                "DELETE FROM content WHERE message IN (SELECT id FROM message WHERE state = 'planned')"
            )
            self._db.execute("DELETE FROM message WHERE state = 'planned'")
            handed = [e.id for e in self.entries() if e.state == "handed"]
            self._db.execute(
                "UPDATE message SET state = 'uncertain', attempts = attempts + 1, "
                "answer = 'the run ended before the server''s answer was read' "
                "WHERE state = 'handed'"
            )
        return [entry for entry in self.entries() if entry.id in handed]

    def entries(self, checkpoint: str = "") -> list[Entry]:
        """Return the messages of a checkpoint, or of all, in the order they were planned."""
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
    def transaction(self) -> Iterator[None]:
        """Run the statements of the block as one transaction, synced to disk."""
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


@contextmanager
def open_ledger(dataset: Path) -> Iterator[Ledger]:
    """Open and lock the ledger of a data set: two runs at once would send messages twice.

    Raises
    ------
    KejistatsError
        When another run has it open, or the file is damaged.
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
            f"another run is sending mail of {dataset.name}", "wait for it to end, then run again"
        ) from None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
