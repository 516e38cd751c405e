"""The own place among peers; no other district is named."""

from __future__ import annotations

from kejistats.brief.charts.canvas import (
    BLUE,
    GREY,
    PALE,
    RED,
    ROWS,
    Chart,
    canvas,
    chart,
    dots,
    strokes,
)
from kejistats.brief.sentences import listed
from kejistats.brief.view import View

_HALF = 0.2


def position(views: list[View], peers: dict[str, list[float]], scope: str) -> Chart | None:
    """Draw the own place among peers, a stroke each, from the lowest to the highest figure.

    Parameters
    ----------
    views
        The rows to show, in order.
    peers
        The peers' figures by indicator, without names; only the own is a dot.
    scope
        Word for the whole: 全市.
    """
    shown = [v for v in views if v.ranks and len(set(peers.get(v.id, []))) > 1][:ROWS]
    if not shown:
        return None
    ranks = [f"第{v['rank']}" for v in shown]
    caption = f"{scope}同类地区中的位置（左末位、右首位）和位次，圆点为本地区"
    with canvas([v.short for v in shown], caption, after=ranks) as (axes, _):
        strokes(axes, [[(0, y), (1, y)] for y in range(len(shown))], PALE, zorder=1)
        own, others = [], []
        for place, view in enumerate(shown):
            mine, all_ = _scaled(view, peers[view.id])
            own.append((mine, place))
            others += [(x, place) for x in all_]
        strokes(axes, [[(x, y - _HALF), (x, y + _HALF)] for x, y in others], GREY, 1.8, zorder=2)
        for colour, last in ((BLUE, False), (RED, True)):
            dots(axes, [at for at, v in zip(own, shown, strict=True) if v.in_last_third == last],
                 colour, 8.5, zorder=3)  # fmt: skip
        axes.set_xlim(-0.06, 1.06)
        axes.set_ylim(len(shown) - 0.5, -0.5)
        places = [f"{v.short}第{v['rank']}位（{v['ranked']}个有数据）" for v in shown]
        return chart(axes, f"{scope}位次：{listed(places)}。")


def _scaled(view: View, figures: list[float]) -> tuple[float, list[float]]:
    """Scale figures to 0..1 with the best on the right, whatever the direction."""
    low, high = min(figures), max(figures)
    worst, best = (high, low) if view.indicator["direction"] == "down" else (low, high)
    scaled = [(x - worst) / (best - worst) for x in (view["value"], *figures)]
    return scaled[0], scaled[1:]
