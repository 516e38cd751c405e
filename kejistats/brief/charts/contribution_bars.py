"""What a district, or each of a city's districts, did for the growth of the city."""

from __future__ import annotations

from collections.abc import Sequence

from kejistats.brief.charts.canvas import (
    BLUE,
    GREY,
    INK,
    RED,
    ROWS,
    Chart,
    canvas,
    chart,
)
from kejistats.brief.charts.growth_bars import signed_bars
from kejistats.brief.sentences import listed
from kejistats.brief.view import View
from kejistats.model.numbers import percent, plain, rounded, signed

DECIMALS = 2
# So many rows of a district are drawn, those that did most for the city or against it.
MOST = 8


def contribution(views: list[View], scope: str) -> Chart | None:
    """Draw what the district's changes did for the growth of the city, in points.

    Parameters
    ----------
    views
        The district's rows, in order; those without a contribution are left out.
    scope
        Word for the whole: 全市.

    Returns
    -------
    Chart or None
        None where no row has a contribution.
    """
    known = [v for v in views if v["contribution"] is not None and v.reported]
    most = sorted(known, key=lambda v: -abs(v["contribution"]))[:MOST]
    shown = [v for v in known if v in most]
    if not shown:
        return None
    values = [v["contribution"] for v in shown]
    texts = [signed(value, DECIMALS) for value in values]
    colours = [RED if value < 0 else BLUE for value in values]
    with canvas([v.short for v in shown], f"拉动{scope}同一指标增长（百分点）") as (axes, room):
        signed_bars(axes, room, values, texts, colours)
        return chart(axes, _finding(shown, scope))


def _finding(shown: list[View], scope: str) -> str:
    """Say what pulled up and what pulled down, and what did most."""
    up: list[str] = []
    down: list[str] = []
    still: list[str] = []
    for view in shown:
        points = rounded(view["contribution"], DECIMALS)
        text = f"{view.short}{plain(abs(view['contribution']), DECIMALS)}个百分点"
        if points > 0 and (rate := view["contribution_rate"]) is not None and rate > 0:
            text += f"（贡献率{percent(rate)}）"
        (up if points > 0 else down if points < 0 else still).append(text if points else view.short)
    parts = [f"拉动{scope}增长：{listed(up)}。"] if up else []
    parts += [f"下拉{scope}：{listed(down)}。"] if down else []
    parts += [f"没有拉动：{listed(still)}。"] if still else []
    values = {view.short: view["contribution"] for view in shown}
    if len(up) > 1:
        most = [name for name, value in values.items() if value == max(values.values())]
        parts.append(f"拉动最多：{listed(most)}。")
    return "".join(parts)


def contribution_of_districts(
    view: View, rows: Sequence[tuple[str, float]], rest: float, scope: str
) -> Chart | None:
    """Draw what each district did for the city's growth; all bars but the city's sum to it.

    Parameters
    ----------
    view
        The city's row.
    rows
        Names of the districts and their contributions in points, largest first.
    rest
        What they leave over, such as that of districts that did not report.
    scope
        Word for the whole: 全市.

    Returns
    -------
    Chart or None
        None without rows.
    """
    if not rows:
        return None
    shown, others = list(rows[:ROWS]), [value for _, value in rows[ROWS:]]
    named = [(name, value, RED if value < 0 else BLUE) for name, value in shown]
    if others:
        named.append((f"另{len(others)}个地区", sum(others), GREY))
    if rounded(rest, DECIMALS):
        named.append(("其余", rest, GREY))
    whole = sum(value for _, value in rows) + rest
    named.append((scope, whole, INK))
    names, values, colours = zip(*named, strict=True)
    texts = [signed(value, DECIMALS) for value in values]
    caption = f"{view.short}：各地区拉动{scope}增长（百分点），合计为{scope}同比增速"
    with canvas(names, caption) as (axes, room):
        signed_bars(axes, room, list(values), texts, list(colours))
        said = [f"{name}{text}" for name, text in zip(names[:-1], texts[:-1], strict=True)]
        finding = f"{view.short}{scope}同比{texts[-1]}%，各地区拉动（百分点）：{listed(said)}。"
        return chart(axes, finding)
