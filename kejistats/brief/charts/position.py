"""Chart of a district's position among its peers; no other district is named."""

from __future__ import annotations

from kejistats.brief.charts.canvas import (
    BLUE,
    GREY,
    MAX_ROWS,
    PALE,
    RED,
    Chart,
    as_chart,
    canvas,
    draw_dots,
    draw_lines,
)
from kejistats.brief.sentences import join_names
from kejistats.brief.view import View

_HALF_STROKE = 0.2


def position(views: list[View], peers: dict[str, list[float]], scope: str) -> Chart | None:
    """Draw the district's figure as a dot among its peers' as strokes, the best on the right.

    Parameters
    ----------
    views
        The rows to show, in order; those without a rank to show are left out.
    peers
        The peers' figures by indicator id, without names.
    scope
        Word for the parent: 全市.

    Returns
    -------
    Chart or None
        None where no row has a rank, or all peers have the same figure.
    """
    shown = [v for v in views if v.shows_rank and len(set(peers.get(v.id, []))) > 1][:MAX_ROWS]
    if not shown:
        return None
    ranks = [f"第{v['rank']}" for v in shown]
    caption = f"{scope}同类地区中的位置（左末位、右首位）和位次，圆点为本地区"
    with canvas([v.short for v in shown], caption, after=ranks) as (axes, _):
        draw_lines(axes, [[(0, y), (1, y)] for y in range(len(shown))], PALE, zorder=1)
        own_points, peer_points = [], []
        for row, view in enumerate(shown):
            own_x, peer_xs = _scaled(view, peers[view.id])
            own_points.append((own_x, row))
            peer_points += [(x, row) for x in peer_xs]
        draw_lines(
            axes,
            [[(x, y - _HALF_STROKE), (x, y + _HALF_STROKE)] for x, y in peer_points],
            GREY,
            1.8,
            zorder=2,
        )
        for colour, last_third in ((BLUE, False), (RED, True)):
            draw_dots(axes, [p for p, v in zip(own_points, shown, strict=True)
                             if v.in_last_third == last_third], colour, 8.5, zorder=3)  # fmt: skip
        axes.set_xlim(-0.06, 1.06)
        axes.set_ylim(len(shown) - 0.5, -0.5)
        texts = [f"{v.short}第{v['rank']}位（{v['ranked']}个有数据）" for v in shown]
        return as_chart(axes, f"{scope}位次：{join_names(texts)}。")


def _scaled(view: View, figures: list[float]) -> tuple[float, list[float]]:
    """Scale the district's and its peers' figures to 0..1, 1 being the best in either direction."""
    low, high = min(figures), max(figures)
    worst, best = (high, low) if view.indicator["direction"] == "down" else (low, high)
    scaled = [(x - worst) / (best - worst) for x in (view["value"], *figures)]
    return scaled[0], scaled[1:]
