"""The manifest: what each output was made from, so that only what changed is made again."""

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
_WHY = {
    "bundle": "data or words changed",
    "notebook": "notebook changed",
    "template": "template changed",
    "code": "kejistats changed",
    "packages": "packages changed",
    "forms": "other forms asked for",
}


@dataclass(frozen=True)
class PageSpec:
    """A page that the inputs ask for.

    Parameters
    ----------
    stem
        The name of its files; empty where there is nothing to show.
    kind
        ``brief`` or ``overview``.
    name
        District, or 总览.
    bundle
        Digest of the bundle; where there is nothing to show, what that means in words.
    key
        Hash of what the bundle is made from: with the same key it need not be made.
    """

    stem: str
    kind: str
    name: str
    bundle: str
    key: str = ""


@dataclass(frozen=True)
class Sources:
    """What an output is made from, as hashes; `forms` and `packages` as text.

    Parameters
    ----------
    bundle, notebook, template, code
        Hashes.
    packages
        Versions of Python and the packages.
    forms
        What else is made of the page.
    """

    bundle: str
    notebook: str
    template: str
    code: str
    packages: str
    forms: str


class Manifest:
    """The manifest of one folder of outputs; it lies in ``work/manifest.sqlite``.

    A record is written after the files are in their places: should that not come to pass, the
    page is made again. A damaged manifest is put aside and all pages are made again.

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
            self._base = _empty()
            return
        try:
            self._base = self._opened(file, readonly)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            if readonly:
                self._base = _empty()
                return
            file.replace(file.with_suffix(".damaged"))
            self._base = self._opened(file, readonly)

    def _opened(self, file: Path, readonly: bool) -> sqlite3.Connection:
        file.parent.mkdir(parents=True, exist_ok=True)
        mode = "ro" if readonly else "rwc"
        base = sqlite3.connect(f"{file.absolute().as_uri()}?mode={mode}", uri=True)
        try:
            # What a crash of the machine takes, the files' own sizes and hashes will tell.
            base.execute("PRAGMA synchronous = OFF")
            [[found]] = base.execute("PRAGMA user_version").fetchall()
            if found not in (0, FORMAT):
                raise sqlite3.DatabaseError(f"format {found}")
            if not readonly:
                base.executescript(_TABLES)
                base.execute(f"PRAGMA user_version = {FORMAT}")
        except sqlite3.Error:
            base.close()
            raise
        return base

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def wanted(self, fingerprint: str) -> list[PageSpec] | None:
        """Return what these inputs were found to ask for; None where that is not known."""
        found = self._base.execute("SELECT value FROM fact WHERE name = 'inputs'").fetchone()
        if found is None or found[0] != fingerprint:
            return None
        return self.last_wanted()

    def last_wanted(self) -> list[PageSpec]:
        """Return what the inputs of the last run asked for."""
        rows = self._base.execute("SELECT stem, kind, name, bundle, key FROM wanted ORDER BY place")
        return [PageSpec(*row) for row in rows]

    def keep_wanted(self, fingerprint: str, wanted: Iterable[PageSpec]) -> None:
        """Keep what the inputs ask for."""
        if self._readonly:
            return
        with self._base:
            self._base.execute("DELETE FROM wanted")
            self._base.executemany(
                "INSERT INTO wanted (stem, kind, name, bundle, key) VALUES (?, ?, ?, ?, ?)",
                [astuple(one) for one in wanted],
            )
            self._base.execute("INSERT OR REPLACE INTO fact VALUES ('inputs', ?)", (fingerprint,))

    def made(self) -> dict[str, dict[str, Any]]:
        """Return what was made, by stem."""
        with closing(self._base.cursor()) as cursor:
            cursor.row_factory = sqlite3.Row
            rows = cursor.execute("SELECT * FROM made").fetchall()
        return {row["stem"]: dict(row) for row in rows}

    def record(self, job: Job, sources: Sources, result: Result, hashes: Mapping[str, str]) -> None:
        """Record what a job's files, which are in their places, were made from."""
        files = {}
        for name, digest in hashes.items():
            found = job.page.with_name(name).stat()
            files[name] = [digest, found.st_size, found.st_mtime_ns]
        with self._base:
            self._base.execute(
                "INSERT OR REPLACE INTO made VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (job.stem, *astuple(sources), result.text, json.dumps(result.counts),
                 result.seconds, result.memory, json.dumps(files)),
            )  # fmt: skip


def _empty() -> sqlite3.Connection:
    base = sqlite3.connect(":memory:")
    base.executescript(_TABLES)
    return base


def why(made: Mapping[str, Any] | None, sources: Sources, outputs: Iterable[Path]) -> str:
    """Say why a page has to be made; empty when the one that is there still holds.

    Parameters
    ----------
    made
        Its record in the manifest, if there is one.
    sources
        What it would be made from now.
    outputs
        Its files.
    """
    if made is None:
        return "new"
    reasons = [
        _changed(field.name, made[field.name], getattr(sources, field.name))
        for field in fields(Sources)
        if made[field.name] != getattr(sources, field.name)
    ]
    files = json.loads(made["files"])
    reasons += [state for file in outputs if (state := _state(file, files.get(file.name)))]
    return ", ".join(dict.fromkeys(reasons))


def _changed(name: str, before: str, now: str) -> str:
    if name != "packages":
        return _WHY[name]
    old, new = set(before.split(", ")), now.split(", ")
    return f"{_WHY[name]}: {'; '.join(one for one in new if one not in old)}"


def _state(file: Path, known: list[Any] | None) -> str:
    """Say what is wrong with a file; its content is looked at if size or time differ."""
    try:
        found = file.stat()
    except OSError:
        return f"{file.suffix[1:]} missing"
    if known is None:
        return ""  # the forms asked for tell
    digest, size, changed = known
    if (found.st_size, found.st_mtime_ns) == (size, changed):
        return ""
    return "" if content_hash(file) == digest else f"{file.suffix[1:]} altered"
