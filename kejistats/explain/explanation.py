"""A Metric row explained: as a table, as plain text and as HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Any

import polars as pl

from kejistats.explain.facts import Row
from kejistats.explain.step import Input, Step

# What could turn a line of the terminal about, or be read as something else than it is.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
# From this many cells on, those of a formula are told together behind it: the parts of a total.
_TOGETHER = 7
_ROUNDED = "所列数字为四舍五入后的显示值，结果按未舍入的数计算。"


def _plain(text: str) -> str:
    return _UNSEEN.sub("�", text)


@dataclass
class _Sources:
    """Source cells in the order in which they were first named."""

    numbers: dict[str, int] = field(default_factory=dict)

    def mark(self, text: str) -> str:
        """Return the mark that stands for a source."""
        return f"[{self.numbers.setdefault(text, len(self.numbers) + 1)}]" if text else ""

    def marks(self, step: Step) -> dict[str, str]:
        """Return the marks behind the inputs of a step."""
        found = {
            one.key: source_with_vintage(one) for one in step.inputs if source_with_vintage(one)
        }
        if len(found) < _TOGETHER:
            return {key: self.mark(text) for key, text in found.items()}
        last = step.inputs[-1].key
        return {last: self.mark(grouped_sources(step.inputs))}


def source_with_vintage(one: Input) -> str:
    """Return the source cell of an input with its vintage; empty for none."""
    if not one.source:
        return ""
    return f"{one.source}（入库批次 {one.intake_id}）" if one.intake_id else one.source


def grouped_sources(inputs: tuple[Input, ...]) -> str:
    """Return the cells of several inputs, those of one sheet and vintage after its name.

    Examples
    --------
    >>> grouped_sources(tuple(Input("x", "", 1.0, "1", "", f"a.csv#{c}", "7") for c in ("D2", "D3")))
    'a.csv#D2、D3（入库批次 7）'
    """
    sheets: dict[tuple[str, str], list[str]] = {}
    for one in inputs:
        if one.source:
            at = max(one.source.rfind("!"), one.source.rfind("#")) + 1
            cells = sheets.setdefault((one.source[:at], one.intake_id), [])
            if one.source[at:] not in cells:
                cells.append(one.source[at:])
    return "；".join(
        f"{sheet}{'、'.join(cells)}" + (f"（入库批次 {received}）" if received else "")
        for (sheet, received), cells in sheets.items()
    )


@dataclass(frozen=True, repr=False)
class Explanation:
    """How every figure of a Metric row came about.

    Parameters
    ----------
    row
        The Metric row.
    title
        District, indicator and checkpoint in words.
    sections
        The steps, by what they are about.

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

    def _lines(self) -> Iterator[tuple[str, Step, str]]:
        """Yield section, step, and the column that it belongs to; what is on the way follows."""
        seen: set[object] = set()
        for section, steps in self.sections.items():
            for step in steps:
                yield section, step, step.column
                seen.add(_sameness(step))
                for inner in step.inner():
                    if _sameness(inner) not in seen:
                        seen.add(_sameness(inner))
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
                "inputs": "；".join(str(one) for one in step.inputs),
                "sources": grouped_sources(step.inputs),
            }
            for _, step, column in self._lines()
        ]
        return pl.DataFrame(rows, schema=dict.fromkeys(
            ("column", "title", "value", "formula", "inputs", "sources"), pl.String
        ))  # fmt: skip

    def __str__(self) -> str:
        sources, shown, last = _Sources(), [self.title], ""
        for section, step, _ in self._lines():
            if section != last:
                shown += ["", f"【{section}】"]
                last = section
            shown.append(("" if step.column else "　其中：") + step.line(sources.marks(step)))
        if sources.numbers:
            shown += ["", "【来源】"]
            shown += [f"[{number}] {text}" for text, number in sources.numbers.items()]
        return "\n".join(_plain(line) for line in [*shown, "", _ROUNDED])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        sources, body, last = _Sources(), [], ""
        for section, step, _ in self._lines():
            if section != last:
                body.append(f'<tr><th colspan="3" {_LEFT}>{_html(section)}</th></tr>')
                last = section
            marks = sources.marks(step)
            behind = "".join(marks.values()) if step.given else ""
            how = step.calculation(marks)
            if not how and not step.given:
                how = "，".join(f"{one}{marks.get(one.key, '')}" for one in step.inputs)
            cells = [
                ("" if step.column else "其中：") + step.title,
                step.text + behind,
                "；".join(part for part in (how, step.note) if part),
            ]
            body.append(f"<tr>{''.join(f'<td {_LEFT}>{_html(cell)}</td>' for cell in cells)}</tr>")
        items = "".join(f"<li>{_html(text)}</li>" for text in sources.numbers)
        return (
            f"<div><p><strong>{_html(self.title)}</strong></p><table><thead><tr>"
            f"<th {_LEFT}>项目</th><th {_LEFT}>数值</th><th {_LEFT}>算式</th></tr></thead>"
            f"<tbody>{''.join(body)}</tbody></table><p>来源</p><ol>{items}</ol><p>{_ROUNDED}</p></div>"
        )

    def document(self) -> dict[str, Any]:
        """Return all of it for machines, numbers not rounded."""
        return {
            "title": self.title,
            "row": dict(self.row),
            "steps": [_document(step, column) for _, step, column in self._lines()],
        }


def _sameness(step: Step) -> object:
    """Return what tells a calculation from others, whatever it is called."""
    return step.formula, tuple((one.source, one.value) for one in step.inputs)


_LEFT = 'style="text-align:left;white-space:normal"'


def _html(text: str) -> str:
    return escape(_plain(text))


def _document(step: Step, column: str) -> dict[str, Any]:
    names = ("name", "value", "text", "unit", "bound", "source", "intake_id")
    return {
        "column": column,
        "title": step.title,
        "value": step.value,
        "text": step.text,
        "formula": step.calculation(),
        "note": step.note,
        "inputs": [{name: getattr(one, name) for name in names} for one in step.inputs],
    }
