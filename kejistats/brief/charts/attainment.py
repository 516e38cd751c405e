"""Chart of completion against pace: the share of each target reached, and the share due."""

from __future__ import annotations

from kejistats.brief.charts.canvas import (
    COLOURS,
    EDGE,
    GAP,
    GREY,
    MAX_ROWS,
    PALE,
    Chart,
    as_chart,
    canvas,
    draw_bars,
    draw_lines,
    text_width,
)
from kejistats.brief.sentences import join_names
from kejistats.brief.view import View

MAX_RATE = 1.5  # a longer bar is cut here and its number marked with an arrow


def attainment(views: list[View]) -> Chart | None:
    """Draw rates of completion as bullet bars with a line at the share due.

    Parameters
    ----------
    views
        The rows to show, in order; those without a rate or with a masked figure are left out.

    Returns
    -------
    Chart or None
        None where no row has a rate of completion.
    """
    shown = [v for v in views if v["attainment"] is not None and v["progress"] != "masked"][
        :MAX_ROWS
    ]
    if not shown:
        return None
    rates = [min(max(v["attainment"], 0.0), MAX_RATE) for v in shown]
    # The mark repeats the colour of the bar for readers of black-and-white prints.
    texts = [f"{v.attainment()}{'→' if v['attainment'] > MAX_RATE else ''} {v.mark}" for v in shown]
    right = EDGE + GAP + max(text_width(text) for text in texts)
    due = [(row, v["share_due"]) for row, v in enumerate(shown) if v["share_due"]]
    due_note = "，竖线为应完成比例" if due else ""
    with canvas([v.short for v in shown], f"完成率（浅色底条为目标{due_note}）", right=right) as (
        axes,
        width,
    ):
        rows = range(len(shown))
        draw_bars(axes, rows, [(0, 1)] * len(shown), [PALE] * len(shown), height=0.78)
        colours = [COLOURS.get(v["progress"], GREY) for v in shown]
        draw_bars(axes, rows, [(0, rate) for rate in rates], colours, height=0.42)
        draw_lines(axes, [[(x, y - 0.39), (x, y + 0.39)] for y, x in due], width=2.2)
        row_transform = axes.get_yaxis_transform()
        for row, text in enumerate(texts):
            axes.text(1 + (right - EDGE) / width, row, text, ha="right", va="center",
                      transform=row_transform)  # fmt: skip
        axes.set_xlim(0, max(1.0, *rates, *(share for _, share in due)))
        return as_chart(axes, _alt_text(shown))


def _alt_text(shown: list[View]) -> str:
    """State the rates, and which targets are on pace and which are not."""
    text = f"完成率：{join_names([f'{v.short}{v.attainment()}' for v in shown])}。"
    if reached := [v.short for v in shown if v.reached]:
        text += f"达到进度：{join_names(reached)}。"
    if missed := [v.short for v in shown if v.not_reached]:
        text += f"未达到：{join_names(missed)}。"
    return text
