"""Check the analyst's text of a brief against the figures."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from kejistats.brief.own_words import OwnWords
from kejistats.brief.sentences import name_stem
from kejistats.brief.view import View
from kejistats.model.numbers import round_half_up
from kejistats.model.tables import Finding
from kejistats.model.units import factor

_SENTENCE = re.compile(r"[。；;！!]")
_NUMBER = r"(?P<n>\d{1,3}(?:,\d{3})+|\d+)(?P<d>\.\d+)?"
_UNIT_TEXT = r"(?P<unit>[^\d\s，,。；;、（）()]{0,8})"
# Words of plans, other times and parts: what follows them does not state the figure.
_OTHER_SCOPE = re.compile(
    "力争|计划|拟|确保|争取|预计|预期|目标是|年底|下半年|下一步|其中|再新增"
    "|[一二三四]季度|当月|本月|上年|去年|同期数|[0-9]{1,2}月|[0-9]{4}年"
)
_QUALIFIERS = {"超过": 1, "突破": 1, "逾": 1, "高于": 1, "不足": -1, "低于": -1, "近": 0, "约": 0}
_QUALIFIER = f"(?P<bound>{'|'.join(_QUALIFIERS)})?"
# What a clause may state: the figure itself, growth, completion, distance to the pace, share.
_FIGURE = re.compile(
    rf"^数?(?:累计|共|已)?(?:为|达到|达|完成|实现)?{_QUALIFIER}\s*{_NUMBER}\s*{_UNIT_TEXT}"
)
_GROWTH = re.compile(
    rf"^(?:上半年)?(?:同比|较上年同期|比上年同期)(?P<way>增长|提高|上升|增加|加快|下降|减少|回落|降低)"
    rf"(?:了)?{_QUALIFIER}\s*{_NUMBER}\s*(?P<unit>%|％|个百分点)"
)
_COMPLETION = re.compile(
    rf"^(?:已)?完成(?:了)?(?:全年|年度)?(?:目标|任务|指标)?(?:的)?{_QUALIFIER}\s*{_NUMBER}\s*(?P<unit>%|％)"
)
_PACE = re.compile(
    rf"^(?P<way>快于|高于|超|低于|慢于|落后)序时进度{_QUALIFIER}\s*{_NUMBER}\s*(?P<unit>个百分点)"
)
_SHARE = re.compile(rf"^占全[市省国](?:的)?{_QUALIFIER}\s*{_NUMBER}\s*(?P<unit>%|％)")
# How far 约 and 近 may be from the figure, relative to it.
_TOLERANCE = 0.05
_DOWN_WORDS = {"下降", "减少", "回落", "降低", "低于", "慢于", "落后"}


def check_own_words(own: OwnWords, rows: list[View]) -> pl.DataFrame:
    """Return warnings about statements in the analyst's text that contradict the figures.

    Checked is what a clause states of the indicator it names: the figure after the name, 同比增长
    or 下降, 完成, 快于 or 低于序时进度, 占全市. A number agrees if the figure, rounded to its decimals,
    equals it, or if the figure meets its bound (超过, 不足). Any number contradicts a figure that is
    not reported. Plans, other times and parts (力争, 一季度, 其中 …) are not checked, nor is the rest
    of their sentence.

    Parameters
    ----------
    own
        The analyst's text.
    rows
        The district's views.

    Returns
    -------
    polars.DataFrame
        The Finding table; `cell` holds the line number.
    """
    findings = [
        _finding(own, n, line, "own_words_unplaced", "该行不在任何栏目下，简报不采用",
                 "把文字写在栏目标题下，标题用简报中空白栏目的名称")
        for n, line in own.stray
    ]  # fmt: skip
    for lines in own.lines.values():
        for number, line in lines:
            for view, written in _contradictions(line, rows):
                actual = f"{view.name}{view.figure()}" if view.reported else view.figure()
                wrong = f"{view.name}写作{written}，与数据不符（{actual}）"
                right = "核对后改正文字；数据有误的，先报送更正"
                finding = _finding(own, number, line, "own_words_contradict", wrong, right)
                findings.append(
                    finding | {"district": view["district"], "indicator": view["indicator"]}
                )
    return Finding.conform(pl.DataFrame(findings)) if findings else Finding.no_rows()


def _finding(
    own: OwnWords, number: int, line: str, rule: str, wrong: str, right: str
) -> dict[str, str]:
    return {
        "rule": rule, "severity": "warning", "file": own.file, "sheet": "",
        "cell": f"第{number}行", "row": line, "wrong": wrong, "right": right,
    }  # fmt: skip


def _contradictions(line: str, rows: list[View]) -> Iterator[tuple[View, str]]:
    """Yield each indicator of a line with a number stated of it that is not its figure."""
    names = _names(rows)
    if not names:
        return
    # The longest name first, so that 技术合同成交额 is not taken for 技术合同.
    mention = re.compile("|".join(re.escape(n) for n in sorted(names, key=len, reverse=True)))
    for sentence in _SENTENCE.split(line):
        starts = list(mention.finditer(sentence))
        for index, match in enumerate(starts):
            end = starts[index + 1].start() if index + 1 < len(starts) else len(sentence)
            before = sentence[: match.start()]
            for position, clause in enumerate(re.split("[，,]", sentence[match.end() : end])):
                if _OTHER_SCOPE.search(before + clause):
                    break
                before += clause
                view = names[match[0]]
                written = _wrong_number(clause, view, first=position == 0)
                if written:
                    yield view, written


def _names(rows: list[View]) -> dict[str, View]:
    """Return the view of each name and alias; names that several indicators share are left out."""
    by_name: dict[str, list[View]] = {}
    for view in rows:
        if view["level"]:
            continue
        names = {view.name, name_stem(view), view.short, *view.indicator["aliases"]}
        for name in names:
            by_name.setdefault(name, []).append(view)
    return {name: views[0] for name, views in by_name.items() if len(views) == 1}


def _wrong_number(clause: str, view: View, *, first: bool) -> str:
    """Return the number that a clause states wrongly, as written; empty if it states none."""
    if first and (match := _FIGURE.match(clause)):
        unit = _unit_scale(view, match["unit"])
        if unit:
            scale, length = unit
            figures = [view[c] for c in ("value", "value_upper") if view[c] is not None]
            written = f"{match['n']}{match['d'] or ''}{match['unit'][:length]}"
            return "" if _agrees(match, [f / scale for f in figures]) else written
    for pattern, figures in _stated_figures(view):
        if match := pattern.match(clause):
            sign = -1 if match.groupdict().get("way") in _DOWN_WORDS else 1
            written = f"{match['n']}{match['d'] or ''}{match['unit']}"
            return "" if _agrees(match, [sign * f for f in figures]) else written
    return ""


def _stated_figures(view: View) -> list[tuple[re.Pattern[str], list[float]]]:
    """Return the figures that each kind of clause may state of a row, in % or points."""
    growth = (
        [] if view.growth_value is None else [view.growth_value * (1 if view.in_points else 100)]
    )
    if view["yoy"] is not None:
        growth.append(view["yoy"] * 100)
    points, attainment, share = view["pace_gap_points"], view["attainment"], view["share"]
    return [
        (_GROWTH, growth),
        (_COMPLETION, [] if attainment is None else [attainment * 100]),
        (_PACE, [] if points is None else [points]),
        (_SHARE, [] if share is None else [share * 100]),
    ]


def _agrees(match: re.Match[str], figures: list[float]) -> bool:
    """Whether one of the figures rounds to the written number or meets its bound."""
    decimals = len(match["d"] or ".") - 1
    number = float(match["n"].replace(",", "") + (match["d"] or ""))
    direction = _QUALIFIERS.get(match["bound"] or "")
    for figure in figures:
        if round_half_up(figure, decimals) == round_half_up(number, decimals):
            return True
        if direction == 0 and abs(figure - number) <= _TOLERANCE * abs(figure):
            return True
        if direction in (1, -1) and direction * (figure - number) > 0:
            return True
    return False


def _unit_scale(view: View, text: str) -> tuple[float, int] | None:
    """Return the factor and length of the unit that a text starts with; None without a unit."""
    unit, synonyms = view.indicator["unit"], tuple(view.indicator["units"])
    for length in range(min(len(text), 6), 0, -1):
        scale = factor(text[:length], unit, synonyms)
        # 个 may stand for 家 at the end of a clause only: 3个园区 are not three firms.
        if scale and (factor(text[:length], unit) or not text[length:]):
            return scale, length
    return None


def finding_lines(findings: pl.DataFrame) -> list[str]:
    """Print findings, one line each: file, line number, what is wrong and how to fix it."""
    lines = findings.select("file", "cell", "wrong", "right").iter_rows()
    return [f"{file} {cell}：{wrong}；{right}" for file, cell, wrong, right in lines]
