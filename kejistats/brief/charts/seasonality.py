"""Chart of seasonality: this year's completion against the shares earlier years had reached."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kejistats.brief.charts.canvas import (
    BLUE,
    EDGE,
    GREY,
    INK,
    PALE,
    SMALL,
    WIDTH,
    Chart,
    bare_axes,
    blank_figure,
    caption_lines,
    draw_dots,
    draw_lines,
    fit_text,
    style,
    write_caption,
)
from kejistats.brief.view import View
from kejistats.model.numbers import format_percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Inches: the plot, its title, its month labels, the percentages at its left, a caption line.
_PLOT_HEIGHT, _TITLE_HEIGHT, _MONTHS_HEIGHT, _LEFT_MARGIN, _LINE_HEIGHT = 1.9, 0.32, 0.22, 0.5, 0.18
SharePath = list[tuple[int, float]]


@dataclass(frozen=True)
class SeasonalPaths:
    """Cumulative shares of the year by month, as fractions; each path starts at (0, 0).

    Parameters
    ----------
    years
        Path of each year the seasonal profile was pooled from.
    pooled
        Path of all these years together (definitions §6).
    attainment
        This year's rates of completion.
    """

    years: dict[int, SharePath]
    pooled: SharePath
    attainment: SharePath


def seasonal_paths(view: View, series: Sequence[dict[str, Any]]) -> SeasonalPaths | None:
    """Compute the paths of an indicator whose pace is pooled from the district's own years.

    The share is that of the full year's figure or, for a stock, of its change over the year. A
    pace inherited from the parent rests on figures that are not the district's, so it has no paths.

    Parameters
    ----------
    view
        The indicator's row in words.
    series
        Rows with indicator, year, month, value and status.

    Returns
    -------
    SeasonalPaths or None
        None without such a pace, or where a figure it was pooled from is missing.
    """
    pace_years = view["pace_years"] or ""
    if not re.fullmatch(r"\d{4}(、\d{4})*", pace_years) or view["attainment"] is None:
        return None
    figures: dict[tuple[int, int], float] = {
        (row["year"], row["month"]): row["value"]
        for row in series
        if row["indicator"] == view.id and row["status"] == "reported"
    }
    stock = view.indicator["measure"] == "stock"
    cumulative: dict[int, dict[int, float]] = {}
    for year in map(int, pace_years.split("、")):
        start = figures.get((year - 1, 12)) if stock else 0.0
        if start is None or (year, 12) not in figures:
            return None
        cumulative[year] = {m: value - start for (y, m), value in figures.items() if y == year}
    full_year = {year: months[12] for year, months in cumulative.items()}
    # A month that not all years have would distort the pooled path.
    common_months = sorted(set.intersection(*(set(months) for months in cumulative.values())))
    total = sum(full_year.values())
    paths = {
        year: [(0, 0.0), *((m, months[m] / full_year[year]) for m in sorted(months))]
        for year, months in cumulative.items()
    }
    pooled = [(m, sum(months[m] for months in cumulative.values()) / total) for m in common_months]
    return SeasonalPaths(paths, [(0, 0.0), *pooled], _attainment_path(view, figures))


def _attainment_path(view: View, figures: dict[tuple[int, int], float]) -> SharePath:
    """Return this year's completion by month, on the scale of the checkpoint's rate."""
    at, base = view.checkpoint, view["target_base"] or 0.0
    progress = view["value"] - base
    if not progress:
        return [(0, 0.0), (at.month, view["attainment"])]
    scale = view["attainment"] / progress
    months = sorted(m for y, m in figures if y == at.year and m <= at.month)
    return [(0, 0.0), *((m, (figures[at.year, m] - base) * scale) for m in months)]


def seasonality(view: View, series: Sequence[dict[str, Any]]) -> Chart | None:
    """Draw this year's completion among the years its pace was pooled from.

    Parameters
    ----------
    view
        The indicator's row in words.
    series
        The district's figures up to the checkpoint: rows with indicator, year, month, value and
        status.

    Returns
    -------
    Chart or None
        None where the pace is not pooled from the district's own years.
    """
    seasonal = seasonal_paths(view, series)
    if seasonal is None:
        return None
    lines = caption_lines("蓝：本年完成率；黑：往年合并；灰：各年累计占全年的比例")
    caption_height = EDGE + _LINE_HEIGHT * len(lines) + 0.04
    with style():
        figure = blank_figure(EDGE + _TITLE_HEIGHT + _PLOT_HEIGHT + _MONTHS_HEIGHT + caption_height)
        width = WIDTH - _LEFT_MARGIN - 0.3
        axes = bare_axes(
            figure, (_LEFT_MARGIN, caption_height + _MONTHS_HEIGHT, width, _PLOT_HEIGHT)
        )
        name, size = fit_text(f"{view.short}：{view.attainment()}", width)
        axes.text(
            0, 1 + 0.08 / _PLOT_HEIGHT, name, size=size, va="bottom", transform=axes.transAxes
        )
        _draw(axes, seasonal, width)
        write_caption(figure, lines)
        return Chart(figure, _alt_text(view, seasonal))


def _draw(axes: Axes, seasonal: SeasonalPaths, width: float) -> None:
    """Draw the paths with their scale and the months below."""
    paths = [(path, GREY, 1.0) for path in seasonal.years.values()]
    paths += [(seasonal.pooled, INK, 1.6), (seasonal.attainment, BLUE, 2.2)]
    top = max(1.0, *(share for path, *_ in paths for _, share in path))
    low = min(0.0, *(share for path, *_ in paths for _, share in path))
    months = sorted({month for path, *_ in paths for month, _ in path})
    grid = [[(0, share), (12, share)] for share in (0.0, 0.5, 1.0)]
    draw_lines(axes, grid, PALE, 0.8, zorder=1)
    for path, colour, line_width in paths:
        draw_lines(axes, [path], colour, line_width, zorder=2, clip_on=False)
        draw_dots(axes, path[1:], colour, 6.5 if colour == BLUE else 4, zorder=3, clip_on=False)
    axes.set_xlim(0, 12)
    axes.set_ylim(low, top)
    for share in (0.0, 0.5, 1.0):
        axes.text(
            -0.06 * 12 / width, share, format_percent(share, 0), size=SMALL, ha="right", va="center"
        )
    # Labels of adjacent months would overlap.
    labelled = [m for m in months if m and (len(months) < 8 or m % 3 == 0)]
    for month in labelled:
        axes.text(month, -0.06 / _PLOT_HEIGHT, f"{month}月", size=SMALL, ha="center", va="top",
                  transform=axes.get_xaxis_transform())  # fmt: skip


def _alt_text(view: View, seasonal: SeasonalPaths) -> str:
    """State the completion, and the range and pooled share of earlier years."""
    text = f"{view.short}：{view.checkpoint.months}完成全年目标的{view.attainment()}"
    month = view.checkpoint.month
    shares = [share for path in seasonal.years.values() for m, share in path if m == month]
    pooled = next((share for m, share in seasonal.pooled if m == month), None)
    if pooled is None:
        return f"{text}。"
    low, high = format_percent(min(shares)), format_percent(max(shares))
    band = low if low == high else f"{low}—{high}"
    years = "、".join(str(year) for year in seasonal.years)
    return f"{text}；{years}年同期累计占全年的{band}，合并为{format_percent(pooled)}。"
