"""The explanation of a Metric row, shown as a table, plain text, HTML or JSON-like data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Any

import polars as pl

from kejistats.explain.facts import Row
from kejistats.explain.step import Input, Step

# Control, invisible and text-direction characters, which could disguise text in a terminal.
_CONTROL_CHARACTERS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
# From this many source cells on (the parts of a total), a formula gets one common footnote.
_GROUP_FROM = 7
_ROUNDING_NOTE = "所列数字为四舍五入后的显示值，结果按未舍入的数计算。"


def _printable(text: str) -> str:
    return _CONTROL_CHARACTERS.sub("�", text)


@dataclass
class _Footnotes:
    """Numbers the source cells in the order of their first use."""

    numbers: dict[str, int] = field(default_factory=dict)

    def mark(self, text: str) -> str:
        """Return the footnote mark of a source, such as [1]."""
        return f"[{self.numbers.setdefault(text, len(self.numbers) + 1)}]" if text else ""

    def marks(self, step: Step) -> dict[str, str]:
        """Return the footnote marks of the inputs of a step, by input key."""
        sources = {
            operand.key: source_with_vintage(operand)
            for operand in step.inputs
            if source_with_vintage(operand)
        }
        if len(sources) < _GROUP_FROM:
            return {key: self.mark(text) for key, text in sources.items()}
        last = step.inputs[-1].key
        return {last: self.mark(grouped_sources(step.inputs))}


def source_with_vintage(operand: Input) -> str:
    """Return the source cell of an input with its vintage, empty if it has none."""
    if not operand.source:
        return ""
    return (
        f"{operand.source}（入库批次 {operand.intake_id}）" if operand.intake_id else operand.source
    )


def grouped_sources(inputs: tuple[Input, ...]) -> str:
    """Return the source cells of several inputs, grouped by sheet and vintage.

    Examples
    --------
    >>> cells = ("D2", "D3")
    >>> grouped_sources(tuple(Input("x", "", 1.0, "1", "", f"a.csv#{c}", "7") for c in cells))
    'a.csv#D2、D3（入库批次 7）'
    """
    sheets: dict[tuple[str, str], list[str]] = {}
    for operand in inputs:
        if operand.source:
            cell_start = max(operand.source.rfind("!"), operand.source.rfind("#")) + 1
            cells = sheets.setdefault((operand.source[:cell_start], operand.intake_id), [])
            if operand.source[cell_start:] not in cells:
                cells.append(operand.source[cell_start:])
    return "；".join(
        f"{sheet}{'、'.join(cells)}" + (f"（入库批次 {intake_id}）" if intake_id else "")
        for (sheet, intake_id), cells in sheets.items()
    )


@dataclass(frozen=True, repr=False)
class Explanation:
    """How each figure of a Metric row was computed.

    Parameters
    ----------
    row
        The Metric row.
    title
        District, indicator and checkpoint in words.
    sections
        The steps by section title.

    Examples
    --------
    ``print(kj.open("data/demo-city").explain("朝岚区", "科技型中小企业入库数"))``
    """

    row: Row
    title: str
    sections: dict[str, list[Step]]

    @property
    def steps(self) -> list[Step]:
        """All steps."""
        return [step for steps in self.sections.values() for step in steps]

    def __getitem__(self, column: str) -> Step:
        """Return the step of a column of the Metric table."""
        for step in self.steps:
            if step.column == column:
                return step
        raise KeyError(column)

    def _step_rows(self) -> Iterator[tuple[str, Step, str]]:
        """Yield section, step and column; derivations of its inputs follow a step, each once."""
        seen: set[object] = set()
        for section, steps in self.sections.items():
            for step in steps:
                yield section, step, step.column
                seen.add(_calculation_key(step))
                for inner in step.derivations():
                    if _calculation_key(inner) not in seen:
                        seen.add(_calculation_key(inner))
                        yield section, inner, step.column

    @property
    def frame(self) -> pl.DataFrame:
        """The steps as a table: column, title, value, formula, inputs, sources."""
        rows = [
            {
                "column": column,
                "title": step.title if step.column else f"其中：{step.title}",
                "value": step.text,
                "formula": "；".join(part for part in (step.calculation(), step.note) if part),
                "inputs": "；".join(str(operand) for operand in step.inputs),
                "sources": grouped_sources(step.inputs),
            }
            for _, step, column in self._step_rows()
        ]
        return pl.DataFrame(rows, schema=dict.fromkeys(
            ("column", "title", "value", "formula", "inputs", "sources"), pl.String
        ))  # fmt: skip

    def __str__(self) -> str:
        footnotes, lines, last_section = _Footnotes(), [self.title], ""
        for section, step, _ in self._step_rows():
            if section != last_section:
                lines += ["", f"【{section}】"]
                last_section = section
            lines.append(("" if step.column else "　其中：") + step.line(footnotes.marks(step)))
        if footnotes.numbers:
            lines += ["", "【来源】"]
            lines += [f"[{number}] {text}" for text, number in footnotes.numbers.items()]
        return "\n".join(_printable(line) for line in [*lines, "", _ROUNDING_NOTE])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        footnotes, body, last_section = _Footnotes(), [], ""
        for section, step, _ in self._step_rows():
            if section != last_section:
                body.append(f'<tr><th colspan="3" {_CELL_STYLE}>{_escaped(section)}</th></tr>')
                last_section = section
            marks = footnotes.marks(step)
            value_marks = "".join(marks.values()) if step.is_given else ""
            calculation = step.calculation(marks)
            if not calculation and not step.is_given:
                calculation = "，".join(
                    f"{operand}{marks.get(operand.key, '')}" for operand in step.inputs
                )
            cells = [
                ("" if step.column else "其中：") + step.title,
                step.text + value_marks,
                "；".join(part for part in (calculation, step.note) if part),
            ]
            body.append(
                f"<tr>{''.join(f'<td {_CELL_STYLE}>{_escaped(cell)}</td>' for cell in cells)}</tr>"
            )
        items = "".join(f"<li>{_escaped(text)}</li>" for text in footnotes.numbers)
        return (
            f"<div><p><strong>{_escaped(self.title)}</strong></p><table><thead><tr>"
            f"<th {_CELL_STYLE}>项目</th><th {_CELL_STYLE}>数值</th><th {_CELL_STYLE}>算式</th></tr>"
            f"</thead><tbody>{''.join(body)}</tbody></table>"
            f"<p>来源</p><ol>{items}</ol><p>{_ROUNDING_NOTE}</p></div>"
        )

    def document(self) -> dict[str, Any]:
        """Return the explanation as JSON-like data, with numbers not rounded."""
        return {
            "title": self.title,
            "row": dict(self.row),
            "steps": [_step_document(step, column) for _, step, column in self._step_rows()],
        }


def _calculation_key(step: Step) -> object:
    """Return a key that is the same for the same calculation under another title."""
    return step.formula, tuple((operand.source, operand.value) for operand in step.inputs)


_CELL_STYLE = 'style="text-align:left;white-space:normal"'


def _escaped(text: str) -> str:
    return escape(_printable(text))


def _step_document(step: Step, column: str) -> dict[str, Any]:
    names = ("name", "value", "text", "unit", "bound", "source", "intake_id")
    return {
        "column": column,
        "title": step.title,
        "value": step.value,
        "text": step.text,
        "formula": step.calculation(),
        "note": step.note,
        "inputs": [{name: getattr(operand, name) for name in names} for operand in step.inputs],
    }
