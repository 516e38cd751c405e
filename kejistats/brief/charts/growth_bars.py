"""Chart of growth against the same checkpoint a year earlier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kejistats.brief.charts.canvas import (
    BLUE,
    MAX_ROWS,
    RED,
    SIZE,
    Chart,
    as_chart,
    canvas,
    draw_bars,
    draw_lines,
    text_width,
)
from kejistats.brief.sentences import join_names
from kejistats.brief.view import View

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Inches between a bar and its number.
_LABEL_GAP = 0.05


def growth(views: list[View]) -> Chart | None:
    """Draw year-on-year growth in percent as bars.

    Parameters
    ----------
    views
        The rows to show, in order; growth in percentage points needs another axis and is left out.

    Returns
    -------
    Chart or None
        None where no row has growth in percent.
    """
    shown = [v for v in views if v.reported and not v.in_points and v.growth_value is not None]
    shown = shown[:MAX_ROWS]
    if not shown:
        return None
    values = [v.growth_value or 0.0 for v in shown]
    limit = _longest_bar(values)
    texts = [
        f"{v.growth_number()}{'→' if value > limit else '←' if value < -limit else ''}"
        for v, value in zip(shown, values, strict=True)
    ]
    with canvas([v.short for v in shown], "同比增长") as (axes, width):
        lengths = [max(min(value, limit), -limit) for value in values]
        colours = [RED if v.worsened else BLUE for v in shown]
        signed_bars(axes, width, lengths, texts, colours)
        return as_chart(axes, _alt_text(shown, values))


def signed_bars(
    axes: Axes, width: float, values: list[float], texts: list[str], colours: list[str]
) -> None:
    """Draw bars on either side of zero with their numbers, all within `width` inches."""
    below = max(0.0, *(-value for value in values))
    # The bar that leaves least room for its number sets the scale of all.
    scale = min(
        (
            (width - _LABEL_GAP - text_width(text)) / (below + max(value, 0.0))
            for value, text in zip(values, texts, strict=True)
            if below + max(value, 0.0) > 0
        ),
        default=1.0,
    )
    axes.set_xlim(-below, width / scale - below)
    draw_bars(axes, range(len(values)), [(0, value) for value in values], colours)
    draw_lines(axes, [[(0, -0.5), (0, len(values) - 0.5)]], width=0.8)
    for row, (value, text) in enumerate(zip(values, texts, strict=True)):
        axes.text(max(value, 0.0) + _LABEL_GAP / scale, row, text, size=SIZE, va="center")


def _alt_text(shown: list[View], values: list[float]) -> str:
    """State the growth of each row, the largest rise and the largest fall."""
    text = f"同比：{join_names([f'{v.short}{v.growth_number()}' for v in shown])}。"
    most, least = max(values), min(values)
    if most > least:
        if most > 0:
            text += f"增幅最大：{join_names(_names_with(shown, values, most))}。"
        if least < 0:
            text += f"降幅最大：{join_names(_names_with(shown, values, least))}。"
    return text


def _names_with(shown: list[View], values: list[float], wanted: float) -> list[str]:
    return [v.short for v, value in zip(shown, values, strict=True) if value == wanted]


def _longest_bar(values: list[float]) -> float:
    """Limit the bar of an outlier, so that the others stay visible; its number is still printed."""
    sizes = sorted(abs(v) for v in values)
    if len(sizes) < 3 or sizes[-1] <= 3 * sizes[-2]:
        return max(sizes[-1], 0.01)
    return max(1.5 * sizes[-2], 0.01)
