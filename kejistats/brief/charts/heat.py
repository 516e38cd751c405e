"""All districts by all main indicators, each cell by its status."""

from __future__ import annotations

from kejistats.brief.charts.canvas import (
    COLOURS,
    INK,
    PALE,
    SMALL,
    WHITE,
    Chart,
    bars,
    canvas,
    chart,
    fitted,
    inches,
    stamps,
)
from kejistats.brief.sentences import listed
from kejistats.brief.view import View

# Inches that a slanted name of a column may take.
_SLANTED = 1.6


def heat(names: list[str], labels: list[str], marks: list[list[View | None]]) -> Chart | None:
    """Draw district × indicator as coloured cells by status.

    Parameters
    ----------
    names
        Rows: the districts.
    labels
        Columns: the indicators' short names.
    marks
        The view of each cell, None where there is none.
    """
    if not names or not labels or not any(v and v.assessed for row in marks for v in row):
        return None
    columns = [fitted(label, _SLANTED)[0] for label in labels]
    foot = 0.08 + 0.88 * max(inches(line, SMALL) for c in columns for line in c.split("\n"))
    held = [(x, y, v) for y, row in enumerate(marks) for x, v in enumerate(row) if v]
    signs: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for x, y, view in held:
        if view.assessed:
            colour = INK if view["progress"] in ("near", "slow") else WHITE
            signs.setdefault((view.mark, colour), []).append((x + 0.5, y))
    with canvas(names, _caption(held), foot=foot) as (axes, _):
        cells = [(x + 0.03, x + 0.97) for x, _, _ in held]
        colours = [COLOURS.get(v["progress"], PALE) for *_, v in held]
        bars(axes, [y for _, y, _ in held], cells, colours, height=0.88)
        for (sign, colour), points in signs.items():
            stamps(axes, points, sign, colour)
        for x, column in enumerate(columns):
            axes.text(x + 0.5, len(names) - 0.4, column, size=SMALL, rotation=60,
                      rotation_mode="anchor", ha="right", va="center")  # fmt: skip
        axes.set_xlim(0, len(labels))
        missed = [
            f"{name}{count}项"
            for name, row in zip(names, marks, strict=True)
            if (count := sum(bool(v and v.not_reached) for v in row))
        ]
        return chart(axes, f"各地区主要指标进度。未达到：{listed(missed) or '无'}。")


def _caption(held: list[tuple[int, int, View]]) -> str:
    """Say what the marks stand for, of those that are there, best first."""
    words: dict[str, str] = {}
    for code in COLOURS:
        for *_, view in held:
            if view["progress"] == code and view.assessed:
                key = f"december_{code}" if view.final else code
                known = view.words["progress"]
                words.setdefault(view.mark, known[key if key in known else code][1])
    return "；".join(f"{mark}{word}" for mark, word in words.items())
