"""Figures of this year with those of earlier years behind them, a small picture for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from kejistats.brief.charts.canvas import (
    BLUE,
    EDGE,
    GREY,
    INK,
    PALE,
    SIZE,
    SMALL,
    WIDTH,
    Chart,
    bare,
    bars,
    blank,
    caption_lines,
    dots,
    fitted,
    inches,
    stamps,
    strokes,
    style,
    write_caption,
)
from kejistats.brief.view import View
from kejistats.model.period import Checkpoint

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANELS, YEARS = 4, 6
# So few figures show no way that they go.
LEAST = 3
# Inches: the picture itself, its title, its years, and what lies between two.
_HIGH, _TITLE, _YEARS, _BETWEEN = 0.62, 0.26, 0.2, 0.24
_LINE = 0.18
_CAPTIONS = {
    "years": "柱：各年{months}累计，蓝色为本年，浅色为全年",
    "full": "柱：各年全年数，蓝色为本年",
    "within": "蓝线：本年累计，灰线：上年累计",
    "levels": "线：各期末数",
    "same": "线：各年同期数",
}
_GAPS = "×处无可比数据"


@dataclass(frozen=True)
class Panel:
    """What one small picture shows.

    Parameters
    ----------
    view
        The indicator's row in words.
    kind
        years: the checkpoint's figures of several years side by side; within: the months of this
        year and of the last; levels: all checkpoints; same: a ratio at the same checkpoint.
    points
        (year, month, figure) as drawn, in order; None where there is no figure to compare.
    behind
        The same of what stands behind in grey: whole years, or the months of the last year.
    exact
        Whether no figure is a bound, so that the highest and lowest are known.
    """

    view: View
    kind: str
    points: list[tuple[int, int, float | None]]
    behind: list[tuple[int, int, float | None]]
    exact: bool

    @property
    def gaps(self) -> bool:
        """Whether a figure is missing among those drawn."""
        return any(value is None for _, _, value in self.points)

    @property
    def caption(self) -> str:
        """Kind of the picture, as its caption is found."""
        return "full" if self.kind == "years" and self.points[-1][1] == 12 else self.kind


def panel(view: View, series: Sequence[dict[str, Any]], at: Checkpoint) -> Panel | None:
    """Choose the picture that a series bears; None for one of fewer than three figures.

    A flow runs through this year's months with the last year's behind, or, of fewer months, stands
    beside the same checkpoint of earlier years; a stock runs through all checkpoints, a ratio
    through the same one of each year. Where a figure is masked, missing or on another definition
    there is a gap.

    Parameters
    ----------
    view
        The indicator's row in words.
    series
        Rows with indicator, year, month, value and status; break_id and bound where there are any.
    at
        The checkpoint.
    """
    own = {
        (row["year"], row["month"]): row
        for row in series
        if row["indicator"] == view.id and at.year - YEARS < row["year"] <= at.year
    }
    given = [key for key, row in sorted(own.items()) if row["status"] == "reported"]
    if not given or view.not_expected:
        return None
    definition = own[given[-1]].get("break_id")
    known = {key: own[key]["value"] for key in given if own[key].get("break_id") == definition}
    first = min(year for year, _ in given)
    years = range(first, at.year + 1)
    months = sorted({month for _, month in own})

    def points(keys: list[tuple[int, int]]) -> list[tuple[int, int, float | None]]:
        return [(year, month, known.get((year, month))) for year, month in keys]

    same = [(year, at.month) for year in years]
    this = [(at.year, month) for month in months if month <= at.month]
    behind: list[tuple[int, int]] = []
    if view.indicator["measure"] == "stock":
        kind, keys = (
            "levels",
            [(y, m) for y in years for m in months if (y, m) <= (at.year, at.month)],
        )
    elif view.indicator["measure"] == "ratio":
        kind, keys = "same", same
    elif sum(key in known for key in this) >= LEAST:
        kind, keys, behind = "within", this, [(at.year - 1, month) for month in months]
    else:
        kind, keys = "years", same
        behind = [(year, 12) for year in years] if at.month < 12 else []
    exact = not any(own[key].get("bound") for key in known)
    found = Panel(view, kind, points(keys), points(behind), exact)
    return found if sum(value is not None for *_, value in found.points) >= LEAST else None


def trend(views: list[View], series: Sequence[dict[str, Any]], at: Checkpoint) -> Chart | None:
    """Draw how the first four indicators with a past went; None without any.

    Parameters
    ----------
    views
        The rows to choose from, in order.
    series
        The district's figures up to the checkpoint: rows with indicator, year, month, value and
        status, break_id where figures are on another definition, bound where they are one.
    at
        The checkpoint.
    """
    found = (panel(view, series, at) for view in views)
    panels = [one for one in found if one is not None][:PANELS]
    if not panels:
        return None
    across = min(len(panels), 2)
    down = -(-len(panels) // across)
    kinds = list(dict.fromkeys(one.caption for one in panels))
    said = [_CAPTIONS[kind].format(months=at.months) for kind in kinds]
    said += [_GAPS] if any(one.gaps for one in panels) else []
    lines = caption_lines("；".join(said))
    step = _TITLE + _HIGH + _YEARS
    below = EDGE + _LINE * len(lines) + 0.04
    with style():
        height = EDGE + step * down + below
        figure = blank(height)
        # All in one system of axes, in inches: one for each picture would take as long as the rest.
        axes = bare(figure, (0, 0, WIDTH, height))
        axes.set_xlim(0, WIDTH)
        axes.set_ylim(0, height)
        wide = (WIDTH - 2 * EDGE - _BETWEEN * (across - 1)) / across
        for place, one in enumerate(panels):
            left = EDGE + place % across * (wide + _BETWEEN)
            _draw(axes, one, left, below + step * (down - 1 - place // across) + _YEARS, wide)
        write_caption(figure, lines)
        return Chart(figure, f"与往年比较：{'；'.join(_finding(one, at) for one in panels)}。")


@dataclass(frozen=True)
class Box:
    """Where a small picture lies, in inches, and the figures at its edges."""

    left: float
    bottom: float
    wide: float
    across: tuple[float, float]
    upwards: tuple[float, float]

    def x(self, value: float) -> float:
        """Return where a time lies."""
        start, end = self.across
        return self.left + (value - start) / (end - start) * self.wide

    def y(self, value: float) -> float:
        """Return where a figure lies."""
        low, high = self.upwards
        return self.bottom + (value - low) / (high - low) * _HIGH


def _draw(axes: Axes, one: Panel, left: float, bottom: float, wide: float) -> None:
    """Draw one small picture: name and figure above, the years below."""
    figure, top = one.view.figure(), bottom + _HIGH + 0.05
    name, size = fitted(one.view.short, wide - inches(figure) - 0.1)
    axes.text(left, top, name, size=size, va="bottom", linespacing=1.0)
    axes.text(left + wide, top, figure, color=BLUE if one.view.reported else INK, size=SIZE,
              ha="right", va="bottom")  # fmt: skip
    draw = _bars if one.kind == "years" else _lines
    box, ends = draw(axes, one, partial(Box, left, bottom, wide))
    for at, word, side in ends:
        axes.text(box.x(at), bottom - 0.04, word, size=SMALL, ha=side, va="top")


Framed = Callable[[tuple[float, float], tuple[float, float]], Box]
Words = list[tuple[float, str, str]]


def _bars(axes: Axes, one: Panel, framed: Framed) -> tuple[Box, Words]:
    """Draw a bar for each year, from zero; return its box and the words below."""
    values = [0.0, *(value for *_, value in (*one.points, *one.behind) if value is not None)]
    low, high = min(values), max(values)
    last = len(one.points) - 1
    box = framed((-0.45, last + 0.45), (low, high if high > low else low + 1))
    unit = box.x(1) - box.x(0)
    for row, height in ((one.behind, 0.86), (one.points, 0.56)):
        some = [(place, value) for place, (*_, value) in enumerate(row) if value is not None]
        bars(axes, [box.x(place) for place, _ in some],
             [(box.y(0), box.y(value)) for _, value in some],
             [PALE if row is one.behind else BLUE if place == last else GREY for place, _ in some],
             height=height * unit, upright=True)  # fmt: skip
    strokes(axes, [[(box.x(x), box.y(0)) for x in box.across]], INK, 0.8)
    # A zero has no bar either.
    _crosses(axes, box, [place for place, (*_, value) in enumerate(one.points) if value is None])
    return box, [(0, str(one.points[0][0]), "center"), (last, str(one.points[-1][0]), "center")]


def _lines(axes: Axes, one: Panel, framed: Framed) -> tuple[Box, Words]:
    """Draw a line through the figures, broken where there is none; return box and words below."""
    within = one.kind == "within"
    rows = [[(m if within else y + m / 12, value) for y, m, value in row]
            for row in (one.behind, one.points)]  # fmt: skip
    xs = [x for row in rows for x, _ in row]
    values = [value for row in rows for _, value in row if value is not None]
    low, high = min(0.0, *values) if within else min(values), max(values)
    pad = 0.08 * (high - low or 1)
    start, end = min(xs), max(xs)
    room = 0.03 * (end - start or 1)
    box = framed((start - room, end + room), (low - pad, high + pad))
    for row, colour, width in zip(rows, (GREY, BLUE), (1.2, 1.8), strict=True):
        runs = [[(box.x(x), box.y(y)) for x, y in run] for run in _runs(row)]
        strokes(axes, [run for run in runs if len(run) > 1], colour, width)
        dots(axes, [point for run in runs for point in run], colour, 3.2, zorder=3)
    _crosses(axes, box, [x for x, value in rows[1] if value is None])
    if within:
        return box, [(start, f"{start:.0f}月", "left"), (end, f"{end:.0f}月", "right")]
    first, final = one.points[0], one.points[-1]
    return box, [(start, _when(first, one), "left"), (end, _when(final, one), "right")]


def _crosses(axes: Axes, box: Box, places: Sequence[float]) -> None:
    """Mark where there is no figure, at the foot of the picture."""
    if places:
        stamps(axes, [(box.x(place), box.bottom + 0.08) for place in places], "×", INK, SMALL)


def _runs(points: list[tuple[float, float | None]]) -> list[list[tuple[float, float]]]:
    """Break a line at its gaps."""
    runs: list[list[tuple[float, float]]] = [[]]
    for x, y in points:
        if y is None:
            runs.append([])
        else:
            runs[-1].append((x, y))
    return [run for run in runs if run]


def _when(point: tuple[int, int, float | None], one: Panel) -> str:
    year, month, _ = point
    return f"{year}年{month}月" if one.kind == "levels" and month != 12 else str(year)


def _finding(one: Panel, at: Checkpoint) -> str:
    """Say the figure, that of a year ago, and whether it is the highest or lowest shown."""
    view = one.view
    text = f"{view.short}{view.figure()}"
    if view["base"] is not None and view.reported:
        base = view.words["bound"][view["base_bound"]].format(A=view.amount(view["base"]))
        text += f"，上年同期{base}"
    same = [(year, value) for year, month, value in one.points if month == at.month]
    others = [value for year, value in same if value is not None and year < at.year]
    now = next((value for year, value in same if year == at.year), None)
    if one.exact and now is not None and len(others) >= LEAST - 1:
        if now > max(others):
            text += f"，为图中{len(others) + 1}年同期最高"
        elif now < min(others):
            text += f"，为图中{len(others) + 1}年同期最低"
    gaps = [Checkpoint(year, month) for year, month, value in one.points if value is None]
    gaps = [gap for gap in gaps if gap != at]
    if gaps:
        text += f"（{'、'.join(gap.label for gap in gaps)}无可比数据）"
    return text
