"""Completion against pace: how much of each target is reached, and how much is due."""

from __future__ import annotations

from kejistats.brief.charts.canvas import (
    COLOURS,
    EDGE,
    GAP,
    GREY,
    PALE,
    ROWS,
    Chart,
    bars,
    canvas,
    chart,
    inches,
    strokes,
)
from kejistats.brief.sentences import listed
from kejistats.brief.view import View

FULL = 1.5


def attainment(views: list[View]) -> Chart | None:
    """Draw rates of completion as bullets with a mark at the share due; None without any.

    Parameters
    ----------
    views
        The rows to show, in order.
    """
    shown = [v for v in views if v["attainment"] is not None and v["progress"] != "masked"][:ROWS]
    if not shown:
        return None
    rates = [min(max(v["attainment"], 0.0), FULL) for v in shown]
    # The mark says in black and white what the colour of the bar says.
    texts = [f"{v.attainment()}{'→' if v['attainment'] > FULL else ''} {v.mark}" for v in shown]
    right = EDGE + GAP + max(inches(text) for text in texts)
    due = [(place, v["share_due"]) for place, v in enumerate(shown) if v["share_due"]]
    marked = "，竖线为应完成比例" if due else ""
    with canvas([v.short for v in shown], f"完成率（浅色底条为目标{marked}）", right=right) as (
        axes,
        room,
    ):
        places = range(len(shown))
        bars(axes, places, [(0, 1)] * len(shown), [PALE] * len(shown), height=0.78)
        colours = [COLOURS.get(v["progress"], GREY) for v in shown]
        bars(axes, places, [(0, rate) for rate in rates], colours, height=0.42)
        strokes(axes, [[(p, at - 0.39), (p, at + 0.39)] for at, p in due], width=2.2)
        beside = axes.get_yaxis_transform()
        for place, text in enumerate(texts):
            axes.text(1 + (right - EDGE) / room, place, text, ha="right", va="center",
                      transform=beside)  # fmt: skip
        axes.set_xlim(0, max(1.0, *rates, *(share for _, share in due)))
        return chart(axes, _finding(shown))


def _finding(shown: list[View]) -> str:
    text = f"完成率：{listed([f'{v.short}{v.attainment()}' for v in shown])}。"
    if reached := [v.short for v in shown if v.reached]:
        text += f"达到进度：{listed(reached)}。"
    if missed := [v.short for v in shown if v.not_reached]:
        text += f"未达到：{listed(missed)}。"
    return text
