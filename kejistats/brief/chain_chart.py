"""Chart of chains: a bar for each stage, and beside it what became of the stage before."""

from __future__ import annotations

from unicodedata import east_asian_width

from kejistats.brief.charts import BLUE, GREY, INK, WIDTH, Chart, canvas, drawn, named_rows
from kejistats.brief.stages import ChainView

# A page has room for two chains or three; one colour needs few shades.
ROWS, _SHADES = 10, 16
# Inches that a full-width and a half-width sign take at the size of the figures, and the margins.
_FULL, _HALF, _MARGINS = 0.125, 0.075, 0.45
# Of the room for bars, figures and conversions a bar takes no more than this.
_LONGEST = 0.55


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
    names: list[str] = []
    end = _end(shown)
    with canvas(sum(len(c.stages) + 1 for c in shown)) as (figure, axes):
        for chain in shown:
            kinds = chain.kinds
            one = kinds[0] if len(kinds) == 1 else ""
            axes.text(0, len(names) + 0.1, chain.name, va="center", fontsize=10)
            axes.text(end, len(names) + 0.1, one, va="center", ha="right", fontsize=9)
            names.append("")
            for stage, length in zip(chain.stages, _lengths(chain), strict=True):
                place, colour = len(names), INK if stage.reported else GREY
                axes.barh(place, length, height=0.55, color=BLUE)
                axes.text(
                    length + 0.03, place, stage.view.figure(), va="center", fontsize=9,
                    color=colour,
                )  # fmt: skip
                rate = stage.number(short=True) if one else stage.rate(short=True)
                axes.text(end, place, rate, va="center", ha="right", fontsize=9)
                names.append(stage.label)
        named_rows(axes, names)
        axes.set_xlim(0, end * 1.01)  # room for the last sign
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        axes.set_xlabel(_caption(shown), fontsize=8, loc="left")
        return drawn(figure, "".join(chain.sentence() for chain in shown), _SHADES)


def _lengths(chain: ChainView) -> list[float]:
    """Return the bars of a chain, its largest stage as 1; without a figure of its unit none."""
    figures = [s.view["value"] if s.counted and s.reported else 0.0 for s in chain.stages]
    return [figure / (max(figures) or 1) for figure in figures]


def _end(chains: list[ChainView]) -> float:
    """Return where the axis ends, in longest bars, so that no figure runs into its conversion."""
    room = WIDTH - _MARGINS - max(_inches(s.label) for c in chains for s in c.stages) * 10 / 9
    longest = [
        (room - _inches(s.view.figure()) - _inches(s.rate(short=True))) / length
        for c in chains
        for s, length in zip(c.stages, _lengths(c), strict=True)
        if length
    ]
    return room / max(min([_LONGEST * room, *longest]), 0.3)


def _inches(text: str) -> float:
    return sum(_FULL if east_asian_width(sign) in "FW" else _HALF for sign in text)


def _caption(chains: list[ChainView]) -> str:
    """Say what a picture that is copied alone must not be taken for."""
    kinds = {s.row["kind"] for chain in chains for s in chain.stages if s.number()}
    return "同期比不是同一批的转化率" if "same_period" in kinds else ""
