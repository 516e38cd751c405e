"""The manifest: what each page was made from, so that only pages out of date are made again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from kejistats.run.fingerprints import content_hash
from kejistats.run.job import Job, Result

FILE = "manifest.sqlite"
FORMAT = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS wanted (
  place INTEGER PRIMARY KEY, stem TEXT, kind TEXT, name TEXT, bundle TEXT, key TEXT);
CREATE TABLE IF NOT EXISTS made (
  stem TEXT PRIMARY KEY, bundle TEXT, notebook TEXT, template TEXT, code TEXT, packages TEXT,
  forms TEXT, text TEXT, counts TEXT, seconds REAL, memory REAL, files TEXT);
"""
_REASONS = {
    "bundle": "data or words changed",
    "notebook": "notebook changed",
    "template": "template changed",
    "code": "kejistats changed",
    "packages": "packages changed",
    "forms": "other formats requested",
}


@dataclass(frozen=True)
class PageSpec:
    """A page that should exist for the present inputs.

    Parameters
    ----------
    stem
        The name of its files; empty for a district without anything to show.
    kind
        ``brief`` or ``overview``.
    name
        District, or 总览.
    bundle
        Digest of the bundle; for a district without anything to show, a message saying so.
    key
        Hash of what the bundle is made from: an unchanged key means an unchanged bundle.
    """

    stem: str
    kind: str
    name: str
    bundle: str
    key: str = ""


@dataclass(frozen=True)
class Sources:
    """What a page is made from, as columns of the manifest's table ``made``.

    Parameters
    ----------
    bundle, notebook, template, code
        Hashes.
    packages
        Versions of Python and the packages, as text.
    forms
        Further formats of the page, as text separated by spaces.
    """

    bundle: str
    notebook: str
    template: str
    code: str
    packages: str
    forms: str


class Manifest:
    """The manifest of one folder of outputs, stored in ``work/manifest.sqlite``.

    A record is written after its files have been moved into place; if a run ends in between, the
    page is made again. A damaged manifest is moved aside and all pages are made again.

    Parameters
    ----------
    folder
        The folder of outputs.
    readonly
        Write nothing, not even an empty manifest.
    """

    def __init__(self, folder: Path, *, readonly: bool = False) -> None:
        self._readonly = readonly
        file = folder / "work" / FILE
        if readonly and not file.exists():
            self._db = _empty_database()
            return
        try:
            self._db = self._open(file, readonly)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            if readonly:
                self._db = _empty_database()
                return
            file.replace(file.with_suffix(".damaged"))
            self._db = self._open(file, readonly)

    def _open(self, file: Path, readonly: bool) -> sqlite3.Connection:
        file.parent.mkdir(parents=True, exist_ok=True)
        mode = "ro" if readonly else "rwc"
        db = sqlite3.connect(f"{file.absolute().as_uri()}?mode={mode}", uri=True)
        try:
            # Records lost in a crash of the machine only cost time: the pages are made again.
            db.execute("PRAGMA synchronous = OFF")
            [[version]] = db.execute("PRAGMA user_version").fetchall()
            if version not in (0, FORMAT):
                raise sqlite3.DatabaseError(f"format {version}")
            if not readonly:
                db.executescript(_TABLES)
                db.execute(f"PRAGMA user_version = {FORMAT}")
        except sqlite3.Error:
            db.close()
            raise
        return db

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def page_specs(self, fingerprint: str) -> list[PageSpec] | None:
        """Return the pages that inputs with this fingerprint need; None if it is another one."""
        row = self._db.execute("SELECT value FROM fact WHERE name = 'inputs'").fetchone()
        if row is None or row[0] != fingerprint:
            return None
        return self.last_page_specs()

    def last_page_specs(self) -> list[PageSpec]:
        """Return the pages that the inputs of the last run needed."""
        rows = self._db.execute("SELECT stem, kind, name, bundle, key FROM wanted ORDER BY place")
        return [PageSpec(*row) for row in rows]

    def save_page_specs(self, fingerprint: str, specs: Iterable[PageSpec]) -> None:
        """Save the pages that inputs with this fingerprint need."""
        if self._readonly:
            return
        with self._db:
            self._db.execute("DELETE FROM wanted")
            self._db.executemany(
                "INSERT INTO wanted (stem, kind, name, bundle, key) VALUES (?, ?, ?, ?, ?)",
                [astuple(spec) for spec in specs],
            )
            self._db.execute("INSERT OR REPLACE INTO fact VALUES ('inputs', ?)", (fingerprint,))

    def page_records(self) -> dict[str, dict[str, Any]]:
        """Return the records of all pages made, by stem."""
        with closing(self._db.cursor()) as cursor:
            cursor.row_factory = sqlite3.Row
            rows = cursor.execute("SELECT * FROM made").fetchall()
        return {row["stem"]: dict(row) for row in rows}

    def record(self, job: Job, sources: Sources, result: Result, hashes: Mapping[str, str]) -> None:
        """Record what a job's files were made from, once they are in place."""
        files = {}
        for name, digest in hashes.items():
            stat = job.page.with_name(name).stat()
            files[name] = [digest, stat.st_size, stat.st_mtime_ns]
        with self._db:
            self._db.execute(
                "INSERT OR REPLACE INTO made VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (job.stem, *astuple(sources), result.text, json.dumps(result.counts),
                 result.seconds, result.memory, json.dumps(files)),
            )  # fmt: skip


def _empty_database() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")
    db.executescript(_TABLES)
    return db


def rebuild_reason(
    record: Mapping[str, Any] | None, sources: Sources, outputs: Iterable[Path]
) -> str:
    """Say why a page has to be made again; empty if the present one is up to date.

    Parameters
    ----------
    record
        Its record in the manifest, if there is one.
    sources
        What it would be made from now.
    outputs
        Its files.
    """
    if record is None:
        return "new"
    reasons = [
        _change_reason(field.name, record[field.name], getattr(sources, field.name))
        for field in fields(Sources)
        if record[field.name] != getattr(sources, field.name)
    ]
    files = json.loads(record["files"])
    reasons += [reason for file in outputs if (reason := _file_reason(file, files.get(file.name)))]
    return ", ".join(dict.fromkeys(reasons))


def _change_reason(name: str, before: str, now: str) -> str:
    if name != "packages":
        return _REASONS[name]
    old, new = set(before.split(", ")), now.split(", ")
    return f"{_REASONS[name]}: {'; '.join(package for package in new if package not in old)}"


def _file_reason(file: Path, recorded: list[Any] | None) -> str:
    """Say whether a file is missing or altered; it is hashed only if its size or time differ."""
    try:
        stat = file.stat()
    except OSError:
        return f"{file.suffix[1:]} missing"
    if recorded is None:
        return ""  # a format not requested before: the change of `forms` is reported instead
    digest, size, changed = recorded
    if (stat.st_size, stat.st_mtime_ns) == (size, changed):
        return ""
    return "" if content_hash(file) == digest else f"{file.suffix[1:]} altered"
