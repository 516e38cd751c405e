"""Charts of contributions to the city's growth: of one district, or of all its districts."""

from __future__ import annotations

from collections.abc import Sequence

from kejistats.brief.charts.canvas import (
    BLUE,
    GREY,
    INK,
    MAX_ROWS,
    RED,
    Chart,
    as_chart,
    canvas,
)
from kejistats.brief.charts.growth_bars import signed_bars
from kejistats.brief.sentences import join_names
from kejistats.brief.view import View
from kejistats.model.numbers import format_number, format_percent, format_signed, round_half_up

DECIMALS = 2
# Rows of a district that are drawn: those with the largest contributions of either sign.
MAX_BARS = 8


def contribution(views: list[View], scope: str) -> Chart | None:
    """Draw the district's contributions to the city's growth, in percentage points.

    Parameters
    ----------
    views
        The district's rows, in order; those without a contribution are left out.
    scope
        Word for the city: 全市.

    Returns
    -------
    Chart or None
        None where no row has a contribution.
    """
    candidates = [v for v in views if v["contribution"] is not None and v.reported]
    most = sorted(candidates, key=lambda v: -abs(v["contribution"]))[:MAX_BARS]
    shown = [v for v in candidates if v in most]
    if not shown:
        return None
    values = [v["contribution"] for v in shown]
    texts = [format_signed(value, DECIMALS) for value in values]
    colours = [RED if value < 0 else BLUE for value in values]
    with canvas([v.short for v in shown], f"拉动{scope}同一指标增长（百分点）") as (axes, width):
        signed_bars(axes, width, values, texts, colours)
        return as_chart(axes, _alt_text(shown, scope))


def _alt_text(shown: list[View], scope: str) -> str:
    """State what raised the city's growth, what lowered it, and what raised it most."""
    up: list[str] = []
    down: list[str] = []
    unchanged: list[str] = []
    for view in shown:
        points = round_half_up(view["contribution"], DECIMALS)
        text = f"{view.short}{format_number(abs(view['contribution']), DECIMALS)}个百分点"
        if points > 0 and (rate := view["contribution_rate"]) is not None and rate > 0:
            text += f"（贡献率{format_percent(rate)}）"
        (up if points > 0 else down if points < 0 else unchanged).append(
            text if points else view.short
        )
    parts = [f"拉动{scope}增长：{join_names(up)}。"] if up else []
    parts += [f"下拉{scope}：{join_names(down)}。"] if down else []
    parts += [f"没有拉动：{join_names(unchanged)}。"] if unchanged else []
    values = {view.short: view["contribution"] for view in shown}
    if len(up) > 1:
        most = [name for name, value in values.items() if value == max(values.values())]
        parts.append(f"拉动最多：{join_names(most)}。")
    return "".join(parts)


def contribution_of_districts(
    view: View, rows: Sequence[tuple[str, float]], rest: float, scope: str
) -> Chart | None:
    """Draw each district's contribution to the city's growth; the bars above the city's sum to it.

    Parameters
    ----------
    view
        The city's row.
    rows
        Names of the districts and their contributions in percentage points, largest first.
    rest
        The part of the city's growth they do not account for, such as that of districts that did
        not report.
    scope
        Word for the city: 全市.

    Returns
    -------
    Chart or None
        None without rows.
    """
    if not rows:
        return None
    shown, remaining = list(rows[:MAX_ROWS]), [value for _, value in rows[MAX_ROWS:]]
    bars = [(name, value, RED if value < 0 else BLUE) for name, value in shown]
    if remaining:
        bars.append((f"另{len(remaining)}个地区", sum(remaining), GREY))
    if round_half_up(rest, DECIMALS):
        bars.append(("其余", rest, GREY))
    total = sum(value for _, value in rows) + rest
    bars.append((scope, total, INK))
    names, values, colours = zip(*bars, strict=True)
    texts = [format_signed(value, DECIMALS) for value in values]
    caption = f"{view.short}：各地区拉动{scope}增长（百分点），合计为{scope}同比增速"
    with canvas(names, caption) as (axes, width):
        signed_bars(axes, width, list(values), texts, list(colours))
        parts = [f"{name}{text}" for name, text in zip(names[:-1], texts[:-1], strict=True)]
        alt = f"{view.short}{scope}同比{texts[-1]}%，各地区拉动（百分点）：{join_names(parts)}。"
        return as_chart(axes, alt)
