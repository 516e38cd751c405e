"""定稿: what was looked at is fixed, page by page; what changes later is a draft again."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from kejistats.brief import Bundle, make_bundles, make_overview
from kejistats.dataset import Dataset
from kejistats.intake.check_files import sha256
from kejistats.model.errors import KejistatsError, UsageError
from kejistats.model.period import Checkpoint
from kejistats.model.version import __version__
from kejistats.publish.documents import BUNDLE, FORMATS, NOTEBOOK, Files
from kejistats.release import (
    OVERVIEW,
    Release,
    ReleaseRecord,
    content_digest,
    own_digest,
    read_record,
    write_record,
)
from kejistats.run.fingerprints import schemas_hash
from kejistats.run.planning import folder_of

# What a correction says to those whose own figures are as they were.
_OTHERS = "其他地区的数据有更正，位次、占比等相应变动。"
# The data set's own files that a page depends on.
_OWN = ("dataset.toml", "districts.csv", "indicators.toml", "chains.toml", "assessment.toml")


def finalise(
    dataset: Dataset,
    checkpoint: Checkpoint,
    make: Callable[[], None],
    out: Path | None = None,
    correction: str = "",
    forms: Sequence[str] = (),
    now: datetime | None = None,
) -> tuple[ReleaseRecord, list[str]]:
    """Fix the pages of a checkpoint and make them without the mark of a draft.

    Parameters
    ----------
    dataset
        The data set.
    checkpoint
        The checkpoint.
    make
        Makes all pages of the checkpoint in `out`; called once the record says what is final.
    out
        Folder of outputs; ``out`` in the workspace by default.
    correction
        What a correction corrects, in one sentence: needed where a page that was final changes. It
        is told on the overview and on pages whose own figures change; on others, whose ranks or
        shares follow, only that they do.
    forms
        What `make` makes beside the page: pdf, docx.
    now
        The moment it happens.

    Returns
    -------
    record, changed
        What is final now, and the keys of the pages that this call fixed.

    Raises
    ------
    UsageError
        When there is no draft in `out`, or one that shows other data than there are now, for what
        is fixed must have been looked at; or when a final page would change and no correction is
        given.
    KejistatsError
        When a page could not be made.
    """
    moment = (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    folder = folder_of(dataset, checkpoint, out)
    record = read_record(dataset.path, checkpoint)
    bundles = current(dataset, checkpoint)
    contents = {key: content_digest(bundle.content) for key, bundle in bundles.items()}
    changed = [
        key for key, content in contents.items()
        if key not in record.outputs or record.outputs[key].content != content
    ]  # fmt: skip
    _looked_at(folder, checkpoint, {key: contents[key] for key in changed})
    corrected = [key for key in changed if key in record.outputs]
    gone = [key for key in record.outputs if key not in contents]
    if (corrected or gone) and not correction.strip():
        raise UsageError(
            f"final pages of {checkpoint} would change: {', '.join([*corrected, *gone])}",
            'say what is corrected: --correction "技术合同成交额由…更正为…"',
        )
    outputs = {key: one for key, one in record.outputs.items() if key in contents}
    earlier = {key: list(some) for key, some in record.earlier.items()}
    for key in [*corrected, *gone]:
        earlier.setdefault(key, []).append(record.outputs[key])
    for key in changed:
        version = len(earlier.get(key, [])) + 1
        own = own_digest(bundles[key].content)
        same = key in record.outputs and record.outputs[key].own == own
        told = "" if version == 1 else _OTHERS if same else _sentence(correction)
        outputs[key] = Release(contents[key], version, moment, correction=told, own=own)
    fixed = ReleaseRecord(
        str(checkpoint),
        _user(),
        __version__,
        inputs(dataset, checkpoint),
        outputs,
        earlier,
    )
    # The record comes first: by it a page knows that it is final.
    if changed or gone or not _in_order(folder, checkpoint, fixed, forms):
        write_record(dataset.path, checkpoint, fixed)
        make()
    files = {key: _files(Files(folder, key, checkpoint), one) for key, one in outputs.items()}
    fixed = replace(
        fixed, outputs={key: replace(one, files=files[key]) for key, one in outputs.items()}
    )
    write_record(dataset.path, checkpoint, fixed)
    return fixed, changed


def current(dataset: Dataset, checkpoint: Checkpoint) -> dict[str, Bundle]:
    """Return the bundle of every page of a checkpoint as the data are now."""
    units = dataset.districts.filter(pl.col("kind") != "total")["code"].to_list()
    found = make_bundles(dataset, checkpoint, units)
    return {OVERVIEW: make_overview(dataset, checkpoint), **found}


def stale(dataset: Dataset, checkpoint: Checkpoint, record: ReleaseRecord) -> list[str]:
    """Return the keys of final pages whose data have changed since, or are gone.

    Nothing is computed while the files that the pages depend on are the same.
    """
    if record.inputs == inputs(dataset, checkpoint) and record.kejistats == __version__:
        return []
    now = current(dataset, checkpoint)
    return [
        key for key in record.outputs
        if key not in now or not record.is_released(key, now[key].content)
    ]  # fmt: skip


def inputs(dataset: Dataset, checkpoint: Checkpoint) -> dict[str, str]:
    """Return the SHA-256 of every file taken in that counts, by receipt, of the own files and of the registry."""
    from kejistats.store import Store

    receipts = Store(dataset.path / "store").receipts()
    found = dict(receipts.select("id", "sha256").iter_rows())
    words = (dataset.path / "words" / str(checkpoint)).glob("*.md")
    for file in [*(dataset.path / name for name in _OWN), *words]:
        if file.is_file():
            found[file.relative_to(dataset.path).as_posix()] = sha256(file)
    found["schemas"] = schemas_hash(dataset.path)
    return {key: value or "" for key, value in sorted(found.items())}


def _looked_at(folder: Path, checkpoint: Checkpoint, contents: dict[str, str]) -> None:
    """Make sure that there are pages of what is about to be fixed, and that they show it."""
    for key, content in contents.items():
        files = Files(folder, key, checkpoint)
        wrong = ""
        if not (files.bundle.is_file() and files.made("html").is_file()):
            wrong = f"there is no page of {key} in {folder} that somebody could have looked at"
        elif content_digest(Bundle.read(files.bundle).content) != content:
            wrong = f"the page of {key} in {folder} shows other data than there are now"
        if wrong:
            raise UsageError(
                wrong,
                f"run: kejistats briefs … --checkpoint {checkpoint}, look at it, then finalise",
            )


def _sentence(text: str) -> str:
    """Return a text with the full stop that it may lack."""
    text = text.strip()
    return text if text.endswith(("。", "！", "？")) else f"{text.rstrip('.；;')}。"


def _in_order(
    folder: Path, checkpoint: Checkpoint, record: ReleaseRecord, forms: Sequence[str]
) -> bool:
    """Say whether all pages are there as they were fixed."""
    for key, fixed in record.outputs.items():
        files = Files(folder, key, checkpoint)
        for form in (BUNDLE, NOTEBOOK, "html", *forms):
            if sha256(files.made(form)) != fixed.files.get(form):
                return False
    return True


def _files(files: Files, fixed: Release) -> dict[str, str]:
    """Return the digests of the files made from a final bundle.

    Raises
    ------
    KejistatsError
        When the page is missing, or its bundle is not the one that was fixed.
    """
    made = files.made("html")
    bundle = Bundle.read(files.bundle) if files.bundle.is_file() else None
    fits = bundle is not None and bundle.content.get("final") is True
    if bundle is None or not fits or content_digest(bundle.content) != fixed.content:
        raise KejistatsError(
            f"{files.stem} was not made from what was fixed", "run kejistats finalise again"
        )
    if not made.is_file():
        raise KejistatsError(f"{made} was not made", "see above why, and run finalise again")
    # A file older than its bundle was made from another one: from the draft, most likely.
    since = files.bundle.stat().st_mtime_ns
    found = {}
    for form in (BUNDLE, NOTEBOOK, *FORMATS):
        file = files.made(form)
        if file.is_file() and file.stat().st_mtime_ns >= since:
            found[form] = sha256(file)
    for form in ("html", NOTEBOOK):
        if form not in found:
            raise KejistatsError(
                f"{files.made(form)} is older than its bundle", "run kejistats finalise again"
            )
    return found


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no name is known, in a container say
        return ""
