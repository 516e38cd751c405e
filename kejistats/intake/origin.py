"""Whether a fill-in workbook is the one asked for: data set, district, checkpoint, registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kejistats.dataset import Dataset
from kejistats.intake.columns import Form, file_checkpoint
from kejistats.intake.typed_text import read_checkpoint
from kejistats.model.errors import UsageError
from kejistats.reading.form_mark import registry_version
from kejistats.reading.grid import shown
from kejistats.reading.sheet import Remark


def check_origin(dataset: Dataset, forms: list[Form]) -> list[Form]:
    """Return the sheets of one file, without the rows of a form that is not what it is named.

    A renamed form still comes home by its mark; only a name that says something else than the
    mark is a finding, for one of the two is wrong.

    Parameters
    ----------
    dataset
        The data set the file is taken into.
    forms
        The recognised sheets of one file.

    Raises
    ------
    UsageError
        When the form belongs to another data set.
    """
    marked = [form for form in forms if form.sheet.mark]
    if not marked:
        return forms
    mark = marked[0].sheet.mark
    assert mark is not None  # noqa: S101 - chosen so above
    file = marked[0].sheet.file
    if mark.dataset != dataset.name:
        raise UsageError(
            f"{file} is a form of the data set {shown(mark.dataset)!r}",
            f"take it into that one; this is {dataset.name!r}",
        )
    wrong = list(_contradictions(dataset, file, mark.district, mark.checkpoint))
    if wrong:
        forms = [
            Form(form.table, replace(form.sheet, rows=form.sheet.rows.clear())) for form in forms
        ]
    elif mark.registry != registry_version(dataset.indicators):
        wrong = [
            Remark(
                "old_form", "warning", "A1",
                "表样按较早的指标目录生成", "请核对指标和单位，下期改用新表样",
            )
        ]  # fmt: skip
    first, *rest = forms
    sheet = replace(first.sheet, remarks=(*first.sheet.remarks, *wrong[:1]))
    return [Form(first.table, sheet), *rest]


def _contradictions(
    dataset: Dataset, file: str, district: str, checkpoint: str
) -> Iterator[Remark]:
    names = dict(dataset.districts.select("code", "name").iter_rows())
    at = read_checkpoint(checkpoint)
    if at is None:
        yield Remark(
            "wrong_checkpoint", "error", "A1",
            f"表内标识的期别“{shown(checkpoint)}”无法识别", "请用原表样重新填报",
        )  # fmt: skip
    elif (named := file_checkpoint(file)) and named != at:
        yield Remark(
            "wrong_checkpoint", "error", "A1",
            f"文件名为{named.label}，表样为{checkpoint}", "请换用本期表样，或改正文件名",
        )  # fmt: skip
    if district and district not in names:
        yield Remark(
            "wrong_district", "error", "A1",
            f"表内标识的地区“{shown(district)}”不在名单内", "请用原表样重新填报",
        )  # fmt: skip
    elif district:
        own = district in file or names[district] in file
        others = [
            name for code, name in names.items()
            if code != district and (code in file or name in file)
            and name != names[dataset.settings.parent]
        ]  # fmt: skip
        if others and not own:
            yield Remark(
                "wrong_district", "error", "A1",
                f"文件名为{others[0]}，表样属{names[district]}", "请换用本地区表样，或改正文件名",
            )  # fmt: skip
