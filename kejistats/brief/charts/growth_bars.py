"""Growth against the same checkpoint a year earlier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kejistats.brief.charts.canvas import (
    BLUE,
    RED,
    ROWS,
    SIZE,
    Chart,
    bars,
    canvas,
    chart,
    inches,
    strokes,
)
from kejistats.brief.sentences import listed
from kejistats.brief.view import View

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Inches between a bar and its number.
_BESIDE = 0.05


def growth(views: list[View]) -> Chart | None:
    """Draw year-on-year growth in percent as bars; None without any.

    Parameters
    ----------
    views
        The rows to show, in order; indicators in points have another axis and are left out.
    """
    shown = [v for v in views if v.reported and not v.in_points and v.growth_value is not None]
    shown = shown[:ROWS]
    if not shown:
        return None
    values = [v.growth_value or 0.0 for v in shown]
    cap = _cap(values)
    texts = [
        f"{v.growth_number()}{'→' if value > cap else '←' if value < -cap else ''}"
        for v, value in zip(shown, values, strict=True)
    ]
    with canvas([v.short for v in shown], "同比增长") as (axes, room):
        drawn = [max(min(value, cap), -cap) for value in values]
        colours = [RED if v.worsened else BLUE for v in shown]
        signed_bars(axes, room, drawn, texts, colours)
        return chart(axes, _finding(shown, values))


def signed_bars(
    axes: Axes, room: float, values: list[float], texts: list[str], colours: list[str]
) -> None:
    """Draw bars on either side of zero with their numbers, all within so many inches."""
    below = max(0.0, *(-value for value in values))
    # Of all bars the one that leaves least room for its number decides how long they are.
    scale = min(
        (
            (room - _BESIDE - inches(text)) / (below + max(value, 0.0))
            for value, text in zip(values, texts, strict=True)
            if below + max(value, 0.0) > 0
        ),
        default=1.0,
    )
    axes.set_xlim(-below, room / scale - below)
    bars(axes, range(len(values)), [(0, value) for value in values], colours)
    strokes(axes, [[(0, -0.5), (0, len(values) - 0.5)]], width=0.8)
    for place, (value, text) in enumerate(zip(values, texts, strict=True)):
        axes.text(max(value, 0.0) + _BESIDE / scale, place, text, size=SIZE, va="center")


def _finding(shown: list[View], values: list[float]) -> str:
    text = f"同比：{listed([f'{v.short}{v.growth_number()}' for v in shown])}。"
    most, least = max(values), min(values)
    if most > least:
        if most > 0:
            text += f"增幅最大：{listed(_at(shown, values, most))}。"
        if least < 0:
            text += f"降幅最大：{listed(_at(shown, values, least))}。"
    return text


def _at(shown: list[View], values: list[float], value: float) -> list[str]:
    return [v.short for v, own in zip(shown, values, strict=True) if own == value]


def _cap(values: list[float]) -> float:
    """Cut a bar that would dwarf all others; its number still stands beside it."""
    sizes = sorted(abs(v) for v in values)
    if len(sizes) < 3 or sizes[-1] <= 3 * sizes[-2]:
        return max(sizes[-1], 0.01)
    return max(1.5 * sizes[-2], 0.01)
