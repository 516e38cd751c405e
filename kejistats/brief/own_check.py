"""Whether what an analyst wrote agrees with the figures."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from kejistats.brief.own_words import OwnWords
from kejistats.brief.sentences import stem
from kejistats.brief.view import View
from kejistats.numbers import rounded
from kejistats.schema import Finding
from kejistats.units import factor

_SENTENCE = re.compile(r"[。；;！!]")
_CLAUSE = re.compile(r"[，,]")
_NUMBER = re.compile(r"(?<![\d.])(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?\s*([^\d\s，,。；;、（）()]{0,8})")
# What is planned, or a part, is no statement of the figure.
_OTHER = re.compile("力争|计划|拟|确保|争取|预计|预期|年底|下半年|其中|再|每|约占")
_AMOUNTS = [
    "value", "value_upper", "base", "change", "target", "target_upper", "target_original",
    "target_base", "due", "pace_gap", "gap", "surplus", "required_per_month", "since_year_end",
]  # fmt: skip
_RATES = [
    "attainment", "share_due", "yoy", "published_growth", "share", "required_growth",
    "contribution_rate",
]  # fmt: skip
_POINTS = ["pace_gap_points", "yoy_points", "share_change", "contribution"]


def own_findings(own: OwnWords, rows: list[View]) -> pl.DataFrame:
    """Return findings about an analyst's own words, warnings all.

    A number that follows an indicator's name and has its unit, %, or 个百分点 must be one of the
    figures of its row, rounded as it is written; where no figure is known there is none to
    write. Plans, targets and parts (力争, 计划, 其中 …) are left alone.

    Parameters
    ----------
    own
        What was written.
    rows
        The district's views.

    Returns
    -------
    polars.DataFrame
        The Finding table; `cell` is the line.
    """
    found = [
        _finding(own, n, line, "own_words_unplaced", "该行不在任何栏目下，简报不采用",
                 "把文字写在栏目标题下，标题用简报中空白栏目的名称")
        for n, line in own.stray
    ]  # fmt: skip
    for lines in own.lines.values():
        for number, line in lines:
            for view, written in _contradictions(line, rows):
                known = f"{view.name}{view.figure()}" if view.reported else view.figure()
                wrong = f"{view.name}写作{written}，与数据不符（{known}）"
                right = "核对后改正文字；数据有误的，先报送更正"
                finding = _finding(own, number, line, "own_words_contradict", wrong, right)
                found.append(
                    finding | {"district": view["district"], "indicator": view["indicator"]}
                )
    return Finding.conform(pl.DataFrame(found)) if found else Finding.no_rows()


def _finding(
    own: OwnWords, number: int, line: str, rule: str, wrong: str, right: str
) -> dict[str, str]:
    return {
        "rule": rule, "severity": "warning", "file": own.file, "sheet": "",
        "cell": f"第{number}行", "row": line, "wrong": wrong, "right": right,
    }  # fmt: skip


def _contradictions(line: str, rows: list[View]) -> Iterator[tuple[View, str]]:
    """Return each number of a line that is not a figure of the indicator named before it."""
    names = _names(rows)
    if not names:
        return
    # The longest name first: 技术合同成交额 is not 技术合同.
    mention = re.compile("|".join(re.escape(n) for n in sorted(names, key=len, reverse=True)))
    for sentence in _SENTENCE.split(line):
        starts = list(mention.finditer(sentence))
        for at, match in enumerate(starts):
            end = starts[at + 1].start() if at + 1 < len(starts) else len(sentence)
            for clause in _CLAUSE.split(sentence[match.end() : end]):
                if not _OTHER.search(clause):
                    view = names[match[0]]
                    yield from ((view, text) for text in _strange(clause, view))


def _names(rows: list[View]) -> dict[str, View]:
    """Return the names that an indicator goes by; one that two share names neither."""
    found: dict[str, list[View]] = {}
    for view in rows:
        if view["level"]:
            continue
        known = {view.name, stem(view), view.short, *view.indicator["aliases"]}
        for name in known:
            found.setdefault(name, []).append(view)
    return {name: views[0] for name, views in found.items() if len(views) == 1}


def _strange(clause: str, view: View) -> Iterator[str]:
    """Return the numbers of a clause that are none of the figures of a row."""
    for match in _NUMBER.finditer(clause):
        number, unit = float(match[1].replace(",", "") + (match[2] or "")), match[3]
        decimals = len(match[2] or ".") - 1
        shown = rounded(number, decimals)
        scaled = _figures(view, unit)
        if scaled is None:
            continue
        length, figures = scaled
        if shown not in {abs(rounded(x, decimals)) for x in figures}:
            yield match[0][: len(match[0]) - len(unit) + length]


def _figures(view: View, text: str) -> tuple[int, list[float]] | None:
    """Return the length of the unit that a text starts with, and the row's figures in it."""
    if text.startswith("个百分点"):
        points = [view[c] for c in _POINTS]
        if view.indicator["unit"] == "%":
            points += [
                view[c] for c in ("change", "gap", "surplus", "pace_gap", "required_per_month")
            ]
        return 4, [x for x in points if x is not None]
    if text[:1] in ("%", "％"):
        rates = [view[c] * 100 for c in _RATES if view[c] is not None]
        if view["target_kind"] == "growth":
            rates.append(view["target"])
        own = [view[c] for c in _AMOUNTS if view[c] is not None]
        return 1, rates + (own if view.indicator["unit"] == "%" else [])
    own, alike = view.indicator["unit"], tuple(view.indicator["units"])
    for length in range(min(len(text), 6), 0, -1):
        times = factor(text[:length], own, alike)
        # 个 may stand for 家, but 3个园区 are no firms.
        if times and (factor(text[:length], own) or not text[length:]):
            return length, [view[c] / times for c in _AMOUNTS if view[c] is not None]
    return None


def told(findings: pl.DataFrame) -> list[str]:
    """Return findings in one line each: file, line, what is wrong and what would be right."""
    lines = findings.select("file", "cell", "wrong", "right").iter_rows()
    return [f"{file} {cell}：{wrong}；{right}" for file, cell, wrong, right in lines]
