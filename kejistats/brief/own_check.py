"""Whether what an analyst wrote agrees with the figures."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from kejistats.brief.own_words import OwnWords
from kejistats.brief.sentences import stem
from kejistats.brief.view import View
from kejistats.model.numbers import rounded
from kejistats.model.tables import Finding
from kejistats.model.units import factor

_SENTENCE = re.compile(r"[。；;！!]")
_N = r"(?P<n>\d{1,3}(?:,\d{3})+|\d+)(?P<d>\.\d+)?"
_TEXT = r"(?P<unit>[^\d\s，,。；;、（）()]{0,8})"
# What is said of another time, of a part, or of what is to come states nothing of the figure.
_OTHER = re.compile(
    "力争|计划|拟|确保|争取|预计|预期|目标是|年底|下半年|下一步|其中|再新增"
    "|[一二三四]季度|当月|本月|上年|去年|同期数|[0-9]{1,2}月|[0-9]{4}年"
)
_NEAR = {"超过": 1, "突破": 1, "逾": 1, "高于": 1, "不足": -1, "低于": -1, "近": 0, "约": 0}
_BOUND = f"(?P<bound>{'|'.join(_NEAR)})?"
# The four things a clause may state: the figure itself, growth, completion or pace, the share.
_FIGURE = re.compile(rf"^数?(?:累计|共|已)?(?:为|达到|达|完成|实现)?{_BOUND}\s*{_N}\s*{_TEXT}")
_GROWTH = re.compile(
    rf"^(?:上半年)?(?:同比|较上年同期|比上年同期)(?P<way>增长|提高|上升|增加|加快|下降|减少|回落|降低)"
    rf"(?:了)?{_BOUND}\s*{_N}\s*(?P<unit>%|％|个百分点)"
)
_DONE = re.compile(
    rf"^(?:已)?完成(?:了)?(?:全年|年度)?(?:目标|任务|指标)?(?:的)?{_BOUND}\s*{_N}\s*(?P<unit>%|％)"
)
_PACE = re.compile(
    rf"^(?P<way>快于|高于|超|低于|慢于|落后)序时进度{_BOUND}\s*{_N}\s*(?P<unit>个百分点)"
)
_SHARE = re.compile(rf"^占全[市省国](?:的)?{_BOUND}\s*{_N}\s*(?P<unit>%|％)")
# So far from the figure 约 and 近 may be.
_ABOUT = 0.05
_DOWN = {"下降", "减少", "回落", "降低", "低于", "慢于", "落后"}


def own_findings(own: OwnWords, rows: list[View]) -> pl.DataFrame:
    """Return findings about an analyst's own words, warnings all.

    What a clause states of an indicator it names must be so: the figure that follows the name,
    同比增长 or 下降, 完成, 快于 or 低于序时进度, 占全市; each rounded as it is written, 超过 and 不足
    as bounds. Where no figure is known there is none to write. Plans, other times and parts
    (力争, 一季度, 其中 …) state nothing, nor does anything after them in the sentence.

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
            before = sentence[: match.start()]
            for place, clause in enumerate(re.split("[，,]", sentence[match.end() : end])):
                if _OTHER.search(before + clause):
                    break
                before += clause
                view = names[match[0]]
                strange = _strange(clause, view, first=place == 0)
                if strange:
                    yield view, strange


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


def _strange(clause: str, view: View, *, first: bool) -> str:
    """Return the number that a clause states wrongly of a row; empty where it states none so."""
    if first and (match := _FIGURE.match(clause)):
        size = _unit(view, match["unit"])
        if size:
            scale, length = size
            figures = [view[c] for c in ("value", "value_upper") if view[c] is not None]
            written = f"{match['n']}{match['d'] or ''}{match['unit'][:length]}"
            return "" if _agrees(match, [f / scale for f in figures]) else written
    for pattern, figures in _stated(view):
        if match := pattern.match(clause):
            turned = -1 if match.groupdict().get("way") in _DOWN else 1
            written = f"{match['n']}{match['d'] or ''}{match['unit']}"
            return "" if _agrees(match, [turned * f for f in figures]) else written
    return ""


def _stated(view: View) -> list[tuple[re.Pattern[str], list[float]]]:
    """Return what each kind of clause may state of a row, in % or points."""
    grown = (
        [] if view.growth_value is None else [view.growth_value * (1 if view.in_points else 100)]
    )
    if view["yoy"] is not None:
        grown.append(view["yoy"] * 100)
    points, done, share = view["pace_gap_points"], view["attainment"], view["share"]
    return [
        (_GROWTH, grown),
        (_DONE, [] if done is None else [done * 100]),
        (_PACE, [] if points is None else [points]),
        (_SHARE, [] if share is None else [share * 100]),
    ]


def _agrees(match: re.Match[str], figures: list[float]) -> bool:
    """Whether one of the figures is what is written, rounded so, or within its bound."""
    decimals = len(match["d"] or ".") - 1
    number = float(match["n"].replace(",", "") + (match["d"] or ""))
    way = _NEAR.get(match["bound"] or "")
    for figure in figures:
        if rounded(figure, decimals) == rounded(number, decimals):
            return True
        if way == 0 and abs(figure - number) <= _ABOUT * abs(figure):
            return True
        if way in (1, -1) and way * (figure - number) > 0:
            return True
    return False


def _unit(view: View, text: str) -> tuple[float, int] | None:
    """Return the factor of the unit that a text starts with, and its length; None without one."""
    own, alike = view.indicator["unit"], tuple(view.indicator["units"])
    for length in range(min(len(text), 6), 0, -1):
        scale = factor(text[:length], own, alike)
        # 个 may stand for 家, but 3个园区 are no firms.
        if scale and (factor(text[:length], own) or not text[length:]):
            return scale, length
    return None


def told(findings: pl.DataFrame) -> list[str]:
    """Return findings in one line each: file, line, what is wrong and what would be right."""
    lines = findings.select("file", "cell", "wrong", "right").iter_rows()
    return [f"{file} {cell}：{wrong}；{right}" for file, cell, wrong, right in lines]
