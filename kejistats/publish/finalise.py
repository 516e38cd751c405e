"""定稿: release the reviewed pages of a checkpoint; a page whose data change is a draft again."""

from __future__ import annotations

import getpass
import logging
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
from kejistats.publish.documents import BUNDLE, FORMATS, NOTEBOOK, PageFiles
from kejistats.release import (
    OVERVIEW,
    Release,
    ReleaseRecord,
    content_digest,
    own_content_digest,
    read_record,
    write_record,
)
from kejistats.run.fingerprints import schemas_hash
from kejistats.run.planning import output_folder

# The correction note of a page on which only figures derived from other districts change.
_LOG = logging.getLogger(__name__)
_PEER_CORRECTION = "其他地区的数据有更正，位次、占比等相应变动。"
# The files of the data set, beside the store, that a page depends on.
_DATASET_FILES = (
    "dataset.toml",
    "districts.csv",
    "indicators.toml",
    "chains.toml",
    "assessment.toml",
)


def finalise(
    dataset: Dataset,
    checkpoint: Checkpoint,
    make: Callable[[], None],
    out: Path | None = None,
    correction: str = "",
    formats: Sequence[str] = (),
    now: datetime | None = None,
) -> tuple[ReleaseRecord, list[str]]:
    """Release the pages of a checkpoint and make them without the mark of a draft.

    Parameters
    ----------
    dataset
        The data set.
    checkpoint
        The checkpoint.
    make
        Makes all pages of the checkpoint in `out`; called after the record has been written.
    out
        Folder of outputs; ``out`` in the workspace by default.
    correction
        What is corrected, in one sentence; required if a released page changes. It is shown on
        the overview and on pages whose own figures change; pages on which only ranks or shares
        follow say just that.
    formats
        Further formats that `make` makes of each page: pdf, docx.
    now
        The time of release; the present by default.

    Returns
    -------
    record, changed
        The new record, and the keys of the pages released by this call.

    Raises
    ------
    UsageError
        When a page to be released has no draft in `out` or an outdated one, because it must have
        been reviewed; or when a released page would change and no correction is given.
    KejistatsError
        When a page could not be made.
    """
    moment = (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    folder = output_folder(dataset, checkpoint, out)
    record = read_record(dataset.path, checkpoint)
    bundles = current_bundles(dataset, checkpoint)
    contents = {key: content_digest(bundle.content) for key, bundle in bundles.items()}
    changed = [
        key for key, content in contents.items()
        if key not in record.outputs or record.outputs[key].content != content
    ]  # fmt: skip
    _check_reviewed(folder, checkpoint, {key: contents[key] for key in changed})
    corrected = [key for key in changed if key in record.outputs]
    gone = [key for key in record.outputs if key not in contents]
    if (corrected or gone) and not correction.strip():
        raise UsageError(
            f"final pages of {checkpoint} would change: {', '.join([*corrected, *gone])}",
            'say what is corrected: --correction "技术合同成交额由…更正为…"',
        )
    outputs = {key: release for key, release in record.outputs.items() if key in contents}
    earlier = {key: list(releases) for key, releases in record.earlier.items()}
    for key in [*corrected, *gone]:
        earlier.setdefault(key, []).append(record.outputs[key])
    for key in changed:
        version = len(earlier.get(key, [])) + 1
        own = own_content_digest(bundles[key].content)
        same = key in record.outputs and record.outputs[key].own == own
        note = "" if version == 1 else _PEER_CORRECTION if same else _sentence(correction)
        outputs[key] = Release(contents[key], version, moment, correction=note, own=own)
    released = ReleaseRecord(
        str(checkpoint),
        _user(),
        __version__,
        input_hashes(dataset, checkpoint),
        outputs,
        earlier,
    )
    # Written first: pages are made without the mark of a draft only if the record names them.
    if changed or gone or not _files_unchanged(folder, checkpoint, released, formats):
        write_record(dataset.path, checkpoint, released)
        make()
    files = {
        key: _file_digests(PageFiles(folder, key, checkpoint), release)
        for key, release in outputs.items()
    }
    released = replace(
        released,
        outputs={key: replace(release, files=files[key]) for key, release in outputs.items()},
    )
    write_record(dataset.path, checkpoint, released)
    _LOG.info("released %d pages of %s: %s", len(changed), checkpoint, ", ".join(changed))
    return released, changed


def current_bundles(dataset: Dataset, checkpoint: Checkpoint) -> dict[str, Bundle]:
    """Return the bundle of every page of a checkpoint from the current data."""
    units = dataset.districts.filter(pl.col("kind") != "total")["code"].to_list()
    bundles = make_bundles(dataset, checkpoint, units)
    return {OVERVIEW: make_overview(dataset, checkpoint), **bundles}


def stale_pages(dataset: Dataset, checkpoint: Checkpoint, record: ReleaseRecord) -> list[str]:
    """Return the keys of released pages whose data have changed or no longer exist.

    Nothing is computed while the files that the pages depend on are unchanged.
    """
    if record.inputs == input_hashes(dataset, checkpoint) and record.kejistats == __version__:
        return []
    bundles = current_bundles(dataset, checkpoint)
    return [
        key for key in record.outputs
        if key not in bundles or not record.is_released(key, bundles[key].content)
    ]  # fmt: skip


def input_hashes(dataset: Dataset, checkpoint: Checkpoint) -> dict[str, str]:
    """Return the SHA-256 of everything the pages depend on.

    Ingested files are keyed by receipt, files of the data set by their path in it; the registry
    and the words table together have the key ``schemas``.
    """
    from kejistats.store import Store

    receipts = Store(dataset.path / "store").receipts()
    hashes = dict(receipts.select("id", "sha256").iter_rows())
    words = (dataset.path / "words" / str(checkpoint)).glob("*.md")
    for file in [*(dataset.path / name for name in _DATASET_FILES), *words]:
        if file.is_file():
            hashes[file.relative_to(dataset.path).as_posix()] = sha256(file)
    hashes["schemas"] = schemas_hash(dataset.path)
    return {key: value or "" for key, value in sorted(hashes.items())}


def _check_reviewed(folder: Path, checkpoint: Checkpoint, contents: dict[str, str]) -> None:
    """Refuse to release a page without a draft that shows the current data."""
    for key, content in contents.items():
        files = PageFiles(folder, key, checkpoint)
        problem = ""
        if not (files.bundle.is_file() and files.path("html").is_file()):
            problem = f"there is no draft of {key} in {folder} that could have been reviewed"
        elif content_digest(Bundle.read(files.bundle).content) != content:
            problem = f"the draft of {key} in {folder} does not show the current data"
        if problem:
            raise UsageError(
                problem,
                f"run: kejistats briefs … --checkpoint {checkpoint}, review the pages, then run "
                "kejistats finalise",
            )


def _sentence(text: str) -> str:
    """End a text with a full stop if it has none."""
    text = text.strip()
    return text if text.endswith(("。", "！", "？")) else f"{text.rstrip('.；;')}。"


def _files_unchanged(
    folder: Path, checkpoint: Checkpoint, record: ReleaseRecord, formats: Sequence[str]
) -> bool:
    """Say whether all files of the released pages exist and have their recorded digests."""
    for key, release in record.outputs.items():
        files = PageFiles(folder, key, checkpoint)
        for suffix in (BUNDLE, NOTEBOOK, "html", *formats):
            if sha256(files.path(suffix)) != release.files.get(suffix):
                return False
    return True


def _file_digests(files: PageFiles, release: Release) -> dict[str, str]:
    """Return the SHA-256 of the files made from a released bundle, by suffix.

    Raises
    ------
    KejistatsError
        When the page is missing or was not made from the released bundle.
    """
    page = files.path("html")
    bundle = Bundle.read(files.bundle) if files.bundle.is_file() else None
    final = bundle is not None and bundle.content.get("final") is True
    if bundle is None or not final or content_digest(bundle.content) != release.content:
        raise KejistatsError(
            f"{files.stem} was not made from the released data", "run kejistats finalise again"
        )
    if not page.is_file():
        raise KejistatsError(
            f"{page} was not made", "see the error above, then run kejistats finalise again"
        )
    # A file older than its bundle was made from another bundle, most likely that of the draft.
    since = files.bundle.stat().st_mtime_ns
    digests = {}
    for suffix in (BUNDLE, NOTEBOOK, *FORMATS):
        file = files.path(suffix)
        if file.is_file() and file.stat().st_mtime_ns >= since:
            digests[suffix] = sha256(file)
    for suffix in ("html", NOTEBOOK):
        if suffix not in digests:
            raise KejistatsError(
                f"{files.path(suffix)} is older than its bundle", "run kejistats finalise again"
            )
    return digests


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no user name is known, for example in a container
        return ""
