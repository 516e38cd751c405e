"""Check that a fill-in workbook belongs here: data set, district, checkpoint and registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kejistats.dataset import Dataset
from kejistats.intake.columns import RecognisedSheet, file_checkpoint
from kejistats.intake.typed_text import read_checkpoint
from kejistats.model.errors import UsageError
from kejistats.reading.form_mark import registry_version
from kejistats.reading.grid import printable
from kejistats.reading.sheet import Remark


def check_origin(dataset: Dataset, sheets: list[RecognisedSheet]) -> list[RecognisedSheet]:
    """Return the sheets of one file, without their rows if its name contradicts its mark.

    A renamed workbook is identified by its mark. Only a file name that states another district
    or checkpoint than the mark is a finding, because one of the two must be wrong.

    Parameters
    ----------
    dataset
        The data set that ingests the file.
    sheets
        The recognised sheets of one file.

    Raises
    ------
    UsageError
        When the workbook belongs to another data set.
    """
    marked = [recognised for recognised in sheets if recognised.sheet.mark]
    if not marked:
        return sheets
    mark = marked[0].sheet.mark
    assert mark is not None  # noqa: S101 - for the type checker
    file = marked[0].sheet.file
    if mark.dataset != dataset.name:
        raise UsageError(
            f"{file} is a workbook of the data set {printable(mark.dataset)!r}",
            f"ingest it into that data set; this one is {dataset.name!r}",
        )
    remarks = list(_contradictions(dataset, file, mark.district, mark.checkpoint))
    if remarks:
        sheets = [
            RecognisedSheet(
                recognised.table, replace(recognised.sheet, rows=recognised.sheet.rows.clear())
            )
            for recognised in sheets
        ]
    elif mark.registry != registry_version(dataset.indicators):
        remarks = [
            Remark(
                "old_form", "warning", "A1",
                "表样按较早的指标目录生成", "请核对指标和单位，下期改用新表样",
            )
        ]  # fmt: skip
    first, *rest = sheets
    first_sheet = replace(first.sheet, remarks=(*first.sheet.remarks, *remarks[:1]))
    return [RecognisedSheet(first.table, first_sheet), *rest]


def _contradictions(
    dataset: Dataset, file: str, district: str, checkpoint: str
) -> Iterator[Remark]:
    district_names = dict(dataset.districts.select("code", "name").iter_rows())
    form_checkpoint = read_checkpoint(checkpoint)
    if form_checkpoint is None:
        yield Remark(
            "wrong_checkpoint", "error", "A1",
            f"表内标识的期别“{printable(checkpoint)}”无法识别", "请用原表样重新填报",
        )  # fmt: skip
    elif (name_checkpoint := file_checkpoint(file)) and name_checkpoint != form_checkpoint:
        yield Remark(
            "wrong_checkpoint", "error", "A1",
            f"文件名为{name_checkpoint.label}，表样为{checkpoint}", "请换用本期表样，或改正文件名",
        )  # fmt: skip
    if district and district not in district_names:
        yield Remark(
            "wrong_district", "error", "A1",
            f"表内标识的地区“{printable(district)}”不在名单内", "请用原表样重新填报",
        )  # fmt: skip
    elif district:
        names_own = district in file or district_names[district] in file
        others = [
            name for code, name in district_names.items()
            if code != district and (code in file or name in file)
            and name != district_names[dataset.settings.parent]
        ]  # fmt: skip
        if others and not names_own:
            yield Remark(
                "wrong_district", "error", "A1",
                f"文件名为{others[0]}，表样属{district_names[district]}", "请换用本地区表样，或改正文件名",
            )  # fmt: skip
