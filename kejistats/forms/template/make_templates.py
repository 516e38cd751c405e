"""Fill-in workbooks on disk: one per district, and one for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from kejistats.dataset import Dataset
from kejistats.forms.template.cover import Cover
from kejistats.forms.template.filled import refuse_filled
from kejistats.forms.template.lines import Line, deadline, lines, reporting
from kejistats.forms.template.workbook import make_book
from kejistats.model.atomic import replace
from kejistats.model.errors import KejistatsError, UsageError
from kejistats.model.period import Checkpoint
from kejistats.reading.form_mark import Mark, registry_version


def make_templates(
    dataset: Dataset,
    at: Checkpoint,
    codes: Sequence[str],
    folder: Path,
    today: date,
    *,
    force: bool = False,
) -> list[Path]:
    """Write the fill-in workbooks of a checkpoint.

    Parameters
    ----------
    dataset
        The data set; the store need not have figures of the checkpoint yet.
    at
        The checkpoint.
    codes
        Districts, one workbook each. When empty: every unit that reports at the checkpoint, and
        one workbook of all of them.
    folder
        Where the files go, ``2025H1-900101.xlsx`` and ``2025H1-all.xlsx``; made where it is
        missing. Empty forms of the same name are replaced.
    today
        Day the forms are made, printed on their cover.
    force
        Whether to replace forms that are filled in too.

    Returns
    -------
    list of Path
        The files written, in the order of the districts, the workbook of all last.

    Raises
    ------
    UsageError
        When a district is unknown or no indicator is reported at the checkpoint; or when a
        file to be replaced is filled in, or cannot be read. Nothing is written then.
    KejistatsError
        When a file cannot be written.
    """
    wanted = list(dict.fromkeys(dataset.district(c) for c in codes)) or reporting(dataset, at)
    asked = lines(dataset, at, wanted)
    if not asked:
        raise UsageError(
            f"{dataset.name} has nothing to report at {at}",
            "choose a checkpoint at which an indicator of the registry falls due",
        )
    own: dict[str, list[Line]] = defaultdict(list)
    for line in asked:
        own[line.district].append(line)
    names = dict(dataset.districts.select("code", "name").iter_rows())
    version = registry_version(dataset.indicators)
    settings, due = dataset.settings, deadline(dataset, at)
    books = {code: names[code] for code in wanted} | ({} if codes else {"": "各地区"})
    paths = {code: folder / f"{at}-{code or 'all'}.xlsx" for code in books}
    if not force:
        refuse_filled(paths.values())
    for code, who in books.items():
        cover = Cover(who, code, settings.title, at, due, today, settings.sample)
        mark = Mark(dataset.name, code, str(at), version)
        _replace(paths[code], make_book(cover, mark, own[code] if code else asked))
    return list(paths.values())


def _replace(path: Path, content: bytes) -> None:
    """Put a file in place whole: nobody opens a half-written form."""
    draft = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        replace(draft, path)
    except OSError as error:
        if path.parent.is_dir():
            draft.unlink(missing_ok=True)
        raise KejistatsError(
            f"{path} cannot be written: {error.strerror}",
            "close it where it is open, or choose another folder",
        ) from None
