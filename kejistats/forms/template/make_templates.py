"""Write the forms of a checkpoint: one workbook per district, and one for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from kejistats.dataset import Dataset
from kejistats.forms.template.cover import Cover
from kejistats.forms.template.filled import refuse_filled
from kejistats.forms.template.lines import FormLine, due_date, form_lines, reporting_districts
from kejistats.forms.template.workbook import build_workbook
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
    """Write the forms of a checkpoint.

    Parameters
    ----------
    dataset
        The data set; it needs no figures of the checkpoint yet.
    at
        The checkpoint.
    codes
        Codes or names of districts, one workbook each. When empty: every unit that reports at the
        checkpoint, and one workbook of all of them.
    folder
        The folder of the files, such as ``2025H1-900101.xlsx`` and ``2025H1-all.xlsx``; created
        where it is missing. Empty forms of the same name are replaced.
    today
        Day the forms are made, printed on their cover.
    force
        Whether to replace forms that have been filled in, too.

    Returns
    -------
    list of Path
        The files written, in the order of the districts; the workbook of all units last.

    Raises
    ------
    UsageError
        When a district is unknown, no indicator is due at the checkpoint, or a file to be replaced
        is filled in or cannot be read. Nothing is written then.
    KejistatsError
        When a file cannot be written.
    """
    district_codes = list(dict.fromkeys(dataset.district(c) for c in codes)) or reporting_districts(
        dataset, at
    )
    lines = form_lines(dataset, at, district_codes)
    if not lines:
        raise UsageError(
            f"no indicator of {dataset.name} is due at {at}",
            "choose a checkpoint at which an indicator of the registry is due",
        )
    lines_by_district: dict[str, list[FormLine]] = defaultdict(list)
    for line in lines:
        lines_by_district[line.district].append(line)
    names = dict(dataset.districts.select("code", "name").iter_rows())
    version = registry_version(dataset.indicators)
    settings, due = dataset.settings, due_date(dataset, at)
    books = {code: names[code] for code in district_codes} | ({} if codes else {"": "各地区"})
    paths = {code: folder / f"{at}-{code or 'all'}.xlsx" for code in books}
    if not force:
        refuse_filled(paths.values())
    for code, unit in books.items():
        cover = Cover(unit, code, settings.title, at, due, today, settings.sample)
        mark = Mark(dataset.name, code, str(at), version)
        _write_file(
            paths[code], build_workbook(cover, mark, lines_by_district[code] if code else lines)
        )
    return list(paths.values())


def _write_file(path: Path, content: bytes) -> None:
    """Write a file atomically, so that nobody opens a half-written form."""
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
            "close it in other programs, or choose another folder",
        ) from None
