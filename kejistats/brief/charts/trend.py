"""Trend chart: a small panel per indicator, this year's figures against earlier years."""

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
    bare_axes,
    blank_figure,
    caption_lines,
    draw_bars,
    draw_dots,
    draw_lines,
    draw_sign,
    fit_text,
    style,
    text_width,
    write_caption,
)
from kejistats.brief.view import View
from kejistats.model.period import Checkpoint

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_PANELS, MAX_YEARS = 4, 6
# Fewer figures show no trend.
MIN_FIGURES = 3
# Inches: the plot, its title, its year labels, and the gap between two panels.
_PANEL_HEIGHT, _TITLE_HEIGHT, _YEARS_HEIGHT, _PANEL_GAP = 0.62, 0.26, 0.2, 0.24
_LINE_HEIGHT = 0.18
_CAPTIONS = {
    "years": "柱：各年{months}累计，蓝色为本年，浅色为全年",
    "full": "柱：各年全年数，蓝色为本年",
    "within": "蓝线：本年累计，灰线：上年累计",
    "levels": "线：各期末数",
    "same": "线：各年同期数",
}
_GAP_CAPTION = "×处无可比数据"


@dataclass(frozen=True)
class Panel:
    """What one small panel shows.

    Parameters
    ----------
    view
        The indicator's row in words.
    kind
        years: bars of the checkpoint's figures in several years; within: lines of this year's and
        last year's months; levels: a line through all checkpoints; same: a ratio at the same
        checkpoint of each year.
    points
        (year, month, figure) in the order drawn; None where there is no comparable figure.
    background
        The same for what is drawn in grey behind: full years, or the months of the last year.
    exact
        Whether no figure is a bound, so that the highest and lowest are known.
    """

    view: View
    kind: str
    points: list[tuple[int, int, float | None]]
    background: list[tuple[int, int, float | None]]
    exact: bool

    @property
    def has_gaps(self) -> bool:
        """Whether a figure among the points is missing."""
        return any(value is None for _, _, value in self.points)

    @property
    def caption_key(self) -> str:
        """Key of the panel's caption."""
        return "full" if self.kind == "years" and self.points[-1][1] == 12 else self.kind


def choose_panel(view: View, series: Sequence[dict[str, Any]], at: Checkpoint) -> Panel | None:
    """Choose the kind of panel that suits an indicator's series.

    A flow is drawn by month against the last year or, with fewer than three months, as bars of the
    same checkpoint in each year; a stock runs through all checkpoints, a ratio through the same
    checkpoint of each year. A figure that is masked, missing or on another definition leaves a gap.

    Parameters
    ----------
    view
        The indicator's row in words.
    series
        Rows with indicator, year, month, value and status; break_id and bound where there are any.
    at
        The checkpoint.

    Returns
    -------
    Panel or None
        None for fewer than three figures to compare.
    """
    figures = {
        (row["year"], row["month"]): row
        for row in series
        if row["indicator"] == view.id and at.year - MAX_YEARS < row["year"] <= at.year
    }
    reported = [key for key, row in sorted(figures.items()) if row["status"] == "reported"]
    if not reported or view.not_expected:
        return None
    definition = figures[reported[-1]].get("break_id")
    known = {
        key: figures[key]["value"] for key in reported if figures[key].get("break_id") == definition
    }
    first = min(year for year, _ in reported)
    years = range(first, at.year + 1)
    months = sorted({month for _, month in figures})

    def points(keys: list[tuple[int, int]]) -> list[tuple[int, int, float | None]]:
        return [(year, month, known.get((year, month))) for year, month in keys]

    same = [(year, at.month) for year in years]
    this_year = [(at.year, month) for month in months if month <= at.month]
    background: list[tuple[int, int]] = []
    if view.indicator["measure"] == "stock":
        kind, keys = (
            "levels",
            [(y, m) for y in years for m in months if (y, m) <= (at.year, at.month)],
        )
    elif view.indicator["measure"] == "ratio":
        kind, keys = "same", same
    elif sum(key in known for key in this_year) >= MIN_FIGURES:
        kind, keys, background = "within", this_year, [(at.year - 1, month) for month in months]
    else:
        kind, keys = "years", same
        background = [(year, 12) for year in years] if at.month < 12 else []
    exact = not any(figures[key].get("bound") for key in known)
    panel = Panel(view, kind, points(keys), points(background), exact)
    return panel if sum(value is not None for *_, value in panel.points) >= MIN_FIGURES else None


def trend(views: list[View], series: Sequence[dict[str, Any]], at: Checkpoint) -> Chart | None:
    """Draw the first four indicators that have enough earlier figures.

    Parameters
    ----------
    views
        The rows to choose from, in order.
    series
        The district's figures up to the checkpoint: rows with indicator, year, month, value and
        status; break_id where figures are on another definition, bound where a figure is a bound.
    at
        The checkpoint.

    Returns
    -------
    Chart or None
        None where no indicator has enough figures.
    """
    candidates = (choose_panel(view, series, at) for view in views)
    panels = [panel for panel in candidates if panel is not None][:MAX_PANELS]
    if not panels:
        return None
    columns = min(len(panels), 2)
    rows = -(-len(panels) // columns)
    kinds = list(dict.fromkeys(panel.caption_key for panel in panels))
    captions = [_CAPTIONS[kind].format(months=at.months) for kind in kinds]
    captions += [_GAP_CAPTION] if any(panel.has_gaps for panel in panels) else []
    lines = caption_lines("；".join(captions))
    row_height = _TITLE_HEIGHT + _PANEL_HEIGHT + _YEARS_HEIGHT
    caption_height = EDGE + _LINE_HEIGHT * len(lines) + 0.04
    with style():
        height = EDGE + row_height * rows + caption_height
        figure = blank_figure(height)
        # One axes for all, in inches: one per panel would take as long as everything else together.
        axes = bare_axes(figure, (0, 0, WIDTH, height))
        axes.set_xlim(0, WIDTH)
        axes.set_ylim(0, height)
        panel_width = (WIDTH - 2 * EDGE - _PANEL_GAP * (columns - 1)) / columns
        for number, panel in enumerate(panels):
            left = EDGE + number % columns * (panel_width + _PANEL_GAP)
            _draw_panel(
                axes,
                panel,
                left,
                caption_height + row_height * (rows - 1 - number // columns) + _YEARS_HEIGHT,
                panel_width,
            )
        write_caption(figure, lines)
        return Chart(figure, f"与往年比较：{'；'.join(_alt_text(panel, at) for panel in panels)}。")


@dataclass(frozen=True)
class Box:
    """Position of a panel in inches, and the data ranges of its two axes."""

    left: float
    bottom: float
    width: float
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def x(self, value: float) -> float:
        """Convert a time, or a bar's number, to inches from the left."""
        start, end = self.x_range
        return self.left + (value - start) / (end - start) * self.width

    def y(self, value: float) -> float:
        """Convert a figure to inches from the bottom."""
        low, high = self.y_range
        return self.bottom + (value - low) / (high - low) * _PANEL_HEIGHT


def _draw_panel(axes: Axes, panel: Panel, left: float, bottom: float, width: float) -> None:
    """Draw one panel: name and figure above, year or month labels below."""
    figure, top = panel.view.figure(), bottom + _PANEL_HEIGHT + 0.05
    name, size = fit_text(panel.view.short, width - text_width(figure) - 0.1)
    axes.text(left, top, name, size=size, va="bottom", linespacing=1.0)
    axes.text(left + width, top, figure, color=BLUE if panel.view.reported else INK, size=SIZE,
              ha="right", va="bottom")  # fmt: skip
    draw = _draw_bar_panel if panel.kind == "years" else _draw_line_panel
    box, ends = draw(axes, panel, partial(Box, left, bottom, width))
    for x, label, align in ends:
        axes.text(box.x(x), bottom - 0.04, label, size=SMALL, ha=align, va="top")


MakeBox = Callable[[tuple[float, float], tuple[float, float]], Box]
EdgeLabels = list[tuple[float, str, str]]


def _draw_bar_panel(axes: Axes, panel: Panel, make_box: MakeBox) -> tuple[Box, EdgeLabels]:
    """Draw a bar per year from zero; return the panel's box and the labels below."""
    values = [
        0.0,
        *(value for *_, value in (*panel.points, *panel.background) if value is not None),
    ]
    low, high = min(values), max(values)
    last = len(panel.points) - 1
    box = make_box((-0.45, last + 0.45), (low, high if high > low else low + 1))
    bar_width = box.x(1) - box.x(0)
    for row, height in ((panel.background, 0.86), (panel.points, 0.56)):
        present = [(n, value) for n, (*_, value) in enumerate(row) if value is not None]
        draw_bars(
            axes,
            [box.x(n) for n, _ in present],
            [(box.y(0), box.y(value)) for _, value in present],
            [PALE if row is panel.background else BLUE if n == last else GREY for n, _ in present],
            height=height * bar_width,
            upright=True,
        )
    draw_lines(axes, [[(box.x(x), box.y(0)) for x in box.x_range]], INK, 0.8)
    # A zero has no visible bar either: the cross tells them apart.
    _mark_gaps(axes, box, [n for n, (*_, value) in enumerate(panel.points) if value is None])
    return box, [(0, str(panel.points[0][0]), "center"), (last, str(panel.points[-1][0]), "center")]


def _draw_line_panel(axes: Axes, panel: Panel, make_box: MakeBox) -> tuple[Box, EdgeLabels]:
    """Draw a line through the figures, broken at gaps; return the box and the labels below."""
    by_month = panel.kind == "within"
    rows = [[(m if by_month else y + m / 12, value) for y, m, value in row]
            for row in (panel.background, panel.points)]  # fmt: skip
    xs = [x for row in rows for x, _ in row]
    values = [value for row in rows for _, value in row if value is not None]
    low, high = min(0.0, *values) if by_month else min(values), max(values)
    y_margin = 0.08 * (high - low or 1)
    start, end = min(xs), max(xs)
    x_margin = 0.03 * (end - start or 1)
    box = make_box((start - x_margin, end + x_margin), (low - y_margin, high + y_margin))
    for row, colour, width in zip(rows, (GREY, BLUE), (1.2, 1.8), strict=True):
        runs = [[(box.x(x), box.y(y)) for x, y in run] for run in _unbroken_runs(row)]
        draw_lines(axes, [run for run in runs if len(run) > 1], colour, width)
        draw_dots(axes, [point for run in runs for point in run], colour, 3.2, zorder=3)
    _mark_gaps(axes, box, [x for x, value in rows[1] if value is None])
    if by_month:
        return box, [(start, f"{start:.0f}月", "left"), (end, f"{end:.0f}月", "right")]
    first, last = panel.points[0], panel.points[-1]
    return box, [
        (start, _point_label(first, panel), "left"),
        (end, _point_label(last, panel), "right"),
    ]


def _mark_gaps(axes: Axes, box: Box, positions: Sequence[float]) -> None:
    """Mark gaps with a cross at the bottom of the panel."""
    if positions:
        draw_sign(axes, [(box.x(x), box.bottom + 0.08) for x in positions], "×", INK, SMALL)


def _unbroken_runs(points: list[tuple[float, float | None]]) -> list[list[tuple[float, float]]]:
    """Split a line at its gaps."""
    runs: list[list[tuple[float, float]]] = [[]]
    for x, y in points:
        if y is None:
            runs.append([])
        else:
            runs[-1].append((x, y))
    return [run for run in runs if run]


def _point_label(point: tuple[int, int, float | None], panel: Panel) -> str:
    """Return the label below a point: its year, or year and month."""
    year, month, _ = point
    return f"{year}年{month}月" if panel.kind == "levels" and month != 12 else str(year)


def _alt_text(panel: Panel, at: Checkpoint) -> str:
    """State the figure, that of a year ago, and whether it is the highest or lowest shown."""
    view = panel.view
    text = f"{view.short}{view.figure()}"
    if view["base"] is not None and view.reported:
        base = view.words["bound"][view["base_bound"]].format(A=view.amount(view["base"]))
        text += f"，上年同期{base}"
    same = [(year, value) for year, month, value in panel.points if month == at.month]
    others = [value for year, value in same if value is not None and year < at.year]
    current = next((value for year, value in same if year == at.year), None)
    if panel.exact and current is not None and len(others) >= MIN_FIGURES - 1:
        if current > max(others):
            text += f"，为图中{len(others) + 1}年同期最高"
        elif current < min(others):
            text += f"，为图中{len(others) + 1}年同期最低"
    gaps = [Checkpoint(year, month) for year, month, value in panel.points if value is None]
    gaps = [gap for gap in gaps if gap != at]
    if gaps:
        text += f"（{'、'.join(gap.label for gap in gaps)}无可比数据）"
    return text
