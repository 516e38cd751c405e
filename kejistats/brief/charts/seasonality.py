"""What part of the year past years had reached by each checkpoint, and this year's completion."""

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
    bare,
    blank,
    caption_lines,
    dots,
    fitted,
    strokes,
    style,
    write_caption,
)
from kejistats.brief.view import View
from kejistats.model.numbers import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Inches: the picture, its title, its months, the percentages at its left.
_HIGH, _TITLE, _MONTHS, _LEFT, _LINE = 1.9, 0.32, 0.22, 0.5, 0.18
Path = list[tuple[int, float]]


@dataclass(frozen=True)
class Seasons:
    """Shares of the year by month, as fractions, each path from the start of the year.

    Parameters
    ----------
    years
        Of each year the profile was pooled from.
    pooled
        Of all of them together (definitions §6).
    own
        This year's rates of completion.
    """

    years: dict[int, Path]
    pooled: Path
    own: Path


def seasons(view: View, series: Sequence[dict[str, Any]]) -> Seasons | None:
    """Work out the paths of an indicator with a seasonal pace; None without one of its own.

    The share is that of the year's figure, of a stock that of its change in the year. A profile
    of the parent's years stands on figures that are not the district's, so there is nothing to
    draw of it.

    Parameters
    ----------
    view
        The indicator's row in words.
    series
        Rows with indicator, year, month, value and status.
    """
    text = view["pace_years"] or ""
    if not re.fullmatch(r"\d{4}(、\d{4})*", text) or view["attainment"] is None:
        return None
    known: dict[tuple[int, int], float] = {
        (row["year"], row["month"]): row["value"]
        for row in series
        if row["indicator"] == view.id and row["status"] == "reported"
    }
    stock = view.indicator["measure"] == "stock"
    parts: dict[int, dict[int, float]] = {}
    for year in map(int, text.split("、")):
        start = known.get((year - 1, 12)) if stock else 0.0
        if start is None or (year, 12) not in known:
            return None
        parts[year] = {m: value - start for (y, m), value in known.items() if y == year}
    whole = {year: months[12] for year, months in parts.items()}
    # What not all of the years have would bend the pooled path.
    shared = sorted(set.intersection(*(set(months) for months in parts.values())))
    total = sum(whole.values())
    years = {
        year: [(0, 0.0), *((m, months[m] / whole[year]) for m in sorted(months))]
        for year, months in parts.items()
    }
    pooled = [(m, sum(months[m] for months in parts.values()) / total) for m in shared]
    return Seasons(years, [(0, 0.0), *pooled], _own(view, known))


def _own(view: View, known: dict[tuple[int, int], float]) -> Path:
    """Return this year's completion by month, measured as the checkpoint's is."""
    at, base = view.checkpoint, view["target_base"] or 0.0
    done = view["value"] - base
    if not done:
        return [(0, 0.0), (at.month, view["attainment"])]
    scale = view["attainment"] / done
    months = sorted(m for y, m in known if y == at.year and m <= at.month)
    return [(0, 0.0), *((m, (known[at.year, m] - base) * scale) for m in months)]


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
    found = seasons(view, series)
    if found is None:
        return None
    lines = caption_lines("蓝：本年完成率；黑：往年合并；灰：各年累计占全年的比例")
    below = EDGE + _LINE * len(lines) + 0.04
    with style():
        figure = blank(EDGE + _TITLE + _HIGH + _MONTHS + below)
        wide = WIDTH - _LEFT - 0.3
        axes = bare(figure, (_LEFT, below + _MONTHS, wide, _HIGH))
        name, size = fitted(f"{view.short}：{view.attainment()}", wide)
        axes.text(0, 1 + 0.08 / _HIGH, name, size=size, va="bottom", transform=axes.transAxes)
        _draw(axes, found, wide)
        write_caption(figure, lines)
        return Chart(figure, _finding(view, found))


def _draw(axes: Axes, found: Seasons, wide: float) -> None:
    paths = [(path, GREY, 1.0) for path in found.years.values()]
    paths += [(found.pooled, INK, 1.6), (found.own, BLUE, 2.2)]
    top = max(1.0, *(share for path, *_ in paths for _, share in path))
    low = min(0.0, *(share for path, *_ in paths for _, share in path))
    months = sorted({month for path, *_ in paths for month, _ in path})
    grid = [[(0, share), (12, share)] for share in (0.0, 0.5, 1.0)]
    strokes(axes, grid, PALE, 0.8, zorder=1)
    for path, colour, width in paths:
        strokes(axes, [path], colour, width, zorder=2, clip_on=False)
        dots(axes, path[1:], colour, 6.5 if colour == BLUE else 4, zorder=3, clip_on=False)
    axes.set_xlim(0, 12)
    axes.set_ylim(low, top)
    for share in (0.0, 0.5, 1.0):
        axes.text(-0.06 * 12 / wide, share, percent(share, 0), size=SMALL, ha="right", va="center")
    # Months that stand close would run into each other.
    said = [m for m in months if m and (len(months) < 8 or m % 3 == 0)]
    for month in said:
        axes.text(month, -0.06 / _HIGH, f"{month}月", size=SMALL, ha="center", va="top",
                  transform=axes.get_xaxis_transform())  # fmt: skip


def _finding(view: View, found: Seasons) -> str:
    text = f"{view.short}：{view.checkpoint.months}完成全年目标的{view.attainment()}"
    month = view.checkpoint.month
    shares = [share for path in found.years.values() for m, share in path if m == month]
    pooled = next((share for m, share in found.pooled if m == month), None)
    if pooled is None:
        return f"{text}。"
    low, high = percent(min(shares)), percent(max(shares))
    band = low if low == high else f"{low}—{high}"
    years = "、".join(str(year) for year in found.years)
    return f"{text}；{years}年同期累计占全年的{band}，合并为{percent(pooled)}。"
