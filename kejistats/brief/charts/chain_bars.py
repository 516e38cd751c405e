"""Chains: a bar for each stage, and beside it what became of the stage before."""

from __future__ import annotations

from kejistats.brief.chain_views import ChainView
from kejistats.brief.charts.canvas import (
    BLUE,
    EDGE,
    GREY,
    INK,
    SIZE,
    Chart,
    bars,
    canvas,
    chart,
    inches,
)

# A page has room for two chains or three.
ROWS = 10
# Of the room for bars, figures and conversions a bar takes no more than this.
_LONGEST = 0.55
_BESIDE = 0.05


def stages(chains: list[ChainView]) -> Chart | None:
    """Draw chains below each other, each scaled to its largest stage; None without any.

    Parameters
    ----------
    chains
        The chains to show, in order; of those beyond the rows of a chart the ones with most
        stages are drawn, the others left to the text.
    """
    shown: list[ChainView] = []
    for chain in sorted(chains, key=lambda chain: -len(chain.stages)):
        if sum(len(c.stages) + 1 for c in (*shown, chain)) <= ROWS:
            shown.append(chain)
    shown.sort(key=chains.index)
    if not shown:
        return None
    names = [name for chain in shown for name in ("", *(s.label for s in chain.stages))]
    with canvas(names, _caption(shown)) as (axes, room):
        end = room / _longest(shown, room)
        place, lengths = 0, {}
        for chain in shown:
            kinds = chain.kinds
            one = kinds[0] if len(kinds) == 1 else ""
            axes.text(0, place + 0.1, chain.name, va="center")
            axes.text(end, place + 0.1, one, va="center", ha="right")
            for stage, length in zip(chain.stages, _lengths(chain), strict=True):
                place += 1
                lengths[place] = length
                axes.text(length + _BESIDE * end / room, place, stage.view.figure(), va="center",
                          color=INK if stage.reported else GREY)  # fmt: skip
                rate = stage.number(short=True) if one else stage.rate(short=True)
                axes.text(end, place, rate, va="center", ha="right")
            place += 1
        bars(axes, list(lengths), [(0, length) for length in lengths.values()],
             [BLUE] * len(lengths))  # fmt: skip
        axes.set_xlim(0, end)
        return chart(axes, "".join(chain.sentence() for chain in shown))


def _lengths(chain: ChainView) -> list[float]:
    """Return the bars of a chain, its largest stage as 1; without a figure of its unit none."""
    figures = [s.view["value"] if s.counted and s.reported else 0.0 for s in chain.stages]
    return [figure / (max(figures) or 1) for figure in figures]


def _longest(chains: list[ChainView], room: float) -> float:
    """Return the inches of the longest bars, so that no figure runs into its conversion."""
    free = [
        (room - EDGE - 2 * _BESIDE - inches(s.view.figure(), SIZE) - inches(s.rate(short=True)))
        / length
        for c in chains
        for s, length in zip(c.stages, _lengths(c), strict=True)
        if length
    ]
    return max(min([_LONGEST * room, *free]), 0.3)


def _caption(chains: list[ChainView]) -> str:
    """Say what a picture that is copied alone must not be taken for."""
    kinds = {s.row["kind"] for chain in chains for s in chain.stages if s.number()}
    return "同期比不是同一批的转化率" if "same_period" in kinds else ""
