"""Chart of chains: a bar for each stage, with its conversion from the stage before."""

from __future__ import annotations

from kejistats.brief.chain_views import ChainView
from kejistats.brief.charts.canvas import (
    BLUE,
    EDGE,
    GREY,
    INK,
    SIZE,
    Chart,
    as_chart,
    canvas,
    draw_bars,
    text_width,
)

# A page has room for two or three chains.
MAX_ROWS = 10
# A bar takes at most this share of the width for bars, figures and conversions.
_MAX_BAR_SHARE = 0.55
_LABEL_GAP = 0.05  # inches


def chain_stages(chains: list[ChainView]) -> Chart | None:
    """Draw chains below each other, each scaled to its largest stage.

    Parameters
    ----------
    chains
        The chains to show, in order. Where they do not all fit, the longest are drawn; the others
        appear in the text only.

    Returns
    -------
    Chart or None
        None without chains.
    """
    shown: list[ChainView] = []
    for chain in sorted(chains, key=lambda chain: -len(chain.stages)):
        if sum(len(c.stages) + 1 for c in (*shown, chain)) <= MAX_ROWS:
            shown.append(chain)
    shown.sort(key=chains.index)
    if not shown:
        return None
    names = [name for chain in shown for name in ("", *(s.label for s in chain.stages))]
    with canvas(names, _caption(shown)) as (axes, width):
        right_edge = width / _longest_bar(shown, width)
        row, lengths = 0, {}
        for chain in shown:
            kinds = chain.kinds
            only_kind = kinds[0] if len(kinds) == 1 else ""
            axes.text(0, row + 0.1, chain.name, va="center")
            axes.text(right_edge, row + 0.1, only_kind, va="center", ha="right")
            for stage, length in zip(chain.stages, _relative_lengths(chain), strict=True):
                row += 1
                lengths[row] = length
                axes.text(length + _LABEL_GAP * right_edge / width, row, stage.view.figure(), va="center",
                          color=INK if stage.reported else GREY)  # fmt: skip
                rate = stage.number(short=True) if only_kind else stage.rate(short=True)
                axes.text(right_edge, row, rate, va="center", ha="right")
            row += 1
        draw_bars(axes, list(lengths), [(0, length) for length in lengths.values()],
             [BLUE] * len(lengths))  # fmt: skip
        axes.set_xlim(0, right_edge)
        return as_chart(axes, "".join(chain.sentence() for chain in shown))


def _relative_lengths(chain: ChainView) -> list[float]:
    """Return bar lengths relative to the largest stage; 0 without a figure in the chain's unit."""
    figures = [s.view["value"] if s.in_chain_unit and s.reported else 0.0 for s in chain.stages]
    return [figure / (max(figures) or 1) for figure in figures]


def _longest_bar(chains: list[ChainView], width: float) -> float:
    """Return the length in inches of the longest bars at which no figure meets its conversion."""
    free = [
        (
            width
            - EDGE
            - 2 * _LABEL_GAP
            - text_width(s.view.figure(), SIZE)
            - text_width(s.rate(short=True))
        )
        / length
        for c in chains
        for s, length in zip(c.stages, _relative_lengths(c), strict=True)
        if length
    ]
    return max(min([_MAX_BAR_SHARE * width, *free]), 0.3)


def _caption(chains: list[ChainView]) -> str:
    """Warn, where conversions compare one period's stages, against reading them as a cohort's."""
    kinds = {s.row["kind"] for chain in chains for s in chain.stages if s.number()}
    return "同期比不是同一批的转化率" if "same_period" in kinds else ""
