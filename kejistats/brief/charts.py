"""Charts of a brief: attainment against pace, growth, position among peers."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from kejistats.brief.sentences import listed
from kejistats.brief.view import View
from kejistats.numbers import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart by colour-blind readers too; marks and words repeat them.
BLUE, GREEN, ORANGE, RED, GREY, INK = (
    "#0072B2", "#009E73", "#E69F00", "#D55E00", "#8C8C8C", "#222222",
)  # fmt: skip
COLOURS = {
    "done": BLUE, "ahead": GREEN, "on_pace": GREEN, "near": ORANGE, "slow": ORANGE, "behind": RED,
}  # fmt: skip
WIDTH = 4.2
DPI = 200
PALETTE = 32
ROWS = 16
FULL = 1.5
_SCOPE_IN_LINE = 4


@dataclass(frozen=True)
class Chart:
    """A drawn chart: shows itself as PNG, with a text that states what it shows.

    Parameters
    ----------
    png
        The image.
    alt
        Its finding in words.
    width, height
        Size in CSS pixels.
    """

    png: bytes
    alt: str
    width: int
    height: int

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        size = {"alt": self.alt, "width": self.width, "height": self.height}
        return {"image/png": self.png, "text/plain": self.alt}, {"image/png": size}


@cache
def _font() -> str:
    """Register the packaged Chinese font; no font of the system is used or needed."""
    from matplotlib import font_manager
    from pylopdf_fonts_zh_cn import sans_path

    font_manager.fontManager.addfont(str(sans_path()))
    return "Noto Sans SC"


@contextmanager
def canvas(rows: int) -> Iterator[tuple[Figure, Axes]]:
    """Give an empty chart of so many rows, in the one style of all charts."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    style: Any = {
        "font.family": [_font(), "DejaVu Sans"],
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "axes.unicode_minus": True,
        "axes.edgecolor": GREY,
        "text.color": INK,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(WIDTH, 0.72 + 0.34 * max(rows, 2)), dpi=DPI, layout="constrained")
        axes = figure.subplots()
        axes.tick_params(axis="y", length=0)
        yield figure, axes


def drawn(figure: Figure, alt: str, colours: int = PALETTE) -> Chart:
    """Save with a palette of so many colours: a third of the size, the same to the eye."""
    from PIL import Image

    raw = io.BytesIO()
    figure.savefig(raw, format="png", dpi=DPI, metadata={"Software": None})
    image = Image.open(raw).convert("RGB")
    small = image.quantize(colours, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    out = io.BytesIO()
    small.save(out, format="png", optimize=True)
    width, height = (round(inches * 100) for inches in figure.get_size_inches())
    return Chart(out.getvalue(), alt, width, height)


def named_rows(axes: Axes, names: list[str]) -> None:
    """Name the rows, the first on top."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)


def attainment(views: list[View]) -> Chart | None:
    """Draw rates of completion as bars with a mark at the share due; None without any.

    Parameters
    ----------
    views
        The rows to show, in order.
    """
    shown = [v for v in views if v["attainment"] is not None and v["progress"] != "masked"][:ROWS]
    if not shown:
        return None
    with canvas(len(shown)) as (figure, axes):
        for place, view in enumerate(shown):
            rate = min(max(view["attainment"], 0.0), FULL)
            axes.barh(place, rate, height=0.55, color=COLOURS.get(view["progress"], GREY))
            if view["share_due"]:
                axes.plot([view["share_due"]] * 2, [place - 0.4, place + 0.4], color=INK, lw=2)
            text = view.attainment() + ("→" if view["attainment"] > FULL else "")
            at = max(
                rate, (view["share_due"] or 0) if rate < (view["share_due"] or 0) + 0.02 else 0
            )
            axes.text(at + 0.02, place, text, va="center", fontsize=9)
        named_rows(axes, [v.short for v in shown])
        most = max(min(v["attainment"], FULL) for v in shown)
        axes.set_xlim(0, max(1.0, most, *(v["share_due"] or 0 for v in shown)) + 0.24)
        ticks = [0, 0.5, 1.0] + ([1.5] if most > 1.2 else [])
        axes.set_xticks(ticks, [percent(t, 0) for t in ticks])
        axes.set_xlabel("完成率（竖线为序时应完成比例）", fontsize=9)
        reached = [v.short for v in shown if v.reached]
        missed = [v.short for v in shown if v.not_reached]
        parts = [f"{v.short}{v.attainment()}" for v in shown]
        alt = f"完成率：{listed(parts)}。"
        if reached:
            alt += f"达到进度：{listed(reached)}。"
        if missed:
            alt += f"未达到：{listed(missed)}。"
        return drawn(figure, alt)


def growth(views: list[View]) -> Chart | None:
    """Draw year-on-year growth in percent as bars; None without any.

    Parameters
    ----------
    views
        The rows to show, in order; indicators in points have another axis and are left out.
    """
    shown = [v for v in views if v.reported and not v.in_points and v.growth_value is not None]
    shown = shown[:ROWS]
    if not shown:
        return None
    values = [v.growth_value or 0.0 for v in shown]
    with canvas(len(shown)) as (figure, axes):
        cap = _cap(values)
        for place, (view, value) in enumerate(zip(shown, values, strict=True)):
            bar = max(min(value, cap), -cap)
            good = not view.worsened
            axes.barh(place, bar, height=0.55, color=BLUE if good else RED)
            text = view.growth_number() + ("→" if value > cap else "")
            axes.annotate(
                text, (max(bar, 0.0), place), (3, 0), textcoords="offset points",
                va="center", fontsize=9,
            )  # fmt: skip
        axes.axvline(0, color=INK, lw=0.8)
        named_rows(axes, [v.short for v in shown])
        low, high = min(0.0, *values, 0.0), max(0.0, *(min(v, cap) for v in values))
        span = max(high - max(low, -cap), 0.01)
        axes.set_xlim(max(low, -cap) - 0.06 * span, high + 0.3 * span)
        axes.xaxis.set_major_locator(_locator())
        axes.xaxis.set_major_formatter(lambda x, _: percent(x, 0))
        axes.set_xlabel("同比增长", fontsize=9)
        return drawn(figure, f"同比：{listed([f'{v.short}{v.growth_number()}' for v in shown])}。")


def _cap(values: list[float]) -> float:
    """Cut a bar that would dwarf all others; its number still stands beside it."""
    sizes = sorted(abs(v) for v in values)
    if len(sizes) < 3 or sizes[-1] <= 3 * sizes[-2]:
        return max(sizes[-1], 0.01)
    return max(1.5 * sizes[-2], 0.01)


def _locator() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(4)


def position(views: list[View], peers: dict[str, list[float]], scope: str) -> Chart | None:
    """Draw the own place among peers, each a dot from the lowest to the highest figure.

    Parameters
    ----------
    views
        The rows to show, in order.
    peers
        The peers' figures by indicator, without names; only the own dot is marked.
    scope
        Word for the whole: 全市.
    """
    shown = [v for v in views if v.ranks and len(set(peers.get(v.id, []))) > 1][:ROWS]
    if not shown:
        return None
    with canvas(len(shown)) as (figure, axes):
        for place, view in enumerate(shown):
            own, all_ = _scaled(view, peers[view.id])
            axes.plot([0, 1], [place, place], color="#DDDDDD", lw=1, zorder=1)
            axes.scatter(all_, [place] * len(all_), s=14, color="#BBBBBB", zorder=2)
            colour = RED if view.in_last_third else BLUE
            axes.scatter([own], [place], s=52, color=colour, zorder=3)
            axes.text(1.06, place, f"{view['rank']}/{view['ranked']}", va="center", fontsize=9)
        named_rows(axes, [v.short for v in shown])
        axes.set_xlim(-0.05, 1.3)
        axes.set_xticks([0, 1], ["末位", "首位"])
        # A long word for the whole would run over the edge.
        line = "\n" if len(scope) > _SCOPE_IN_LINE else ""
        label = f"在{scope}同类地区中的位置{line}（大点为本地区，右侧为位次）"
        axes.set_xlabel(label, fontsize=9)
        places = [f"{v.short}第{v['rank']}位（{v['ranked']}个有数据）" for v in shown]
        return drawn(figure, f"{scope}位次：{listed(places)}。")


def _scaled(view: View, figures: list[float]) -> tuple[float, list[float]]:
    """Scale figures to 0..1 with the best on the right, whatever the direction."""
    low, high = min(figures), max(figures)
    turn: Callable[[float], float] = lambda x: (x - low) / (high - low)  # noqa: E731
    if view.indicator["direction"] == "down":
        return 1 - turn(view["value"]), [1 - turn(x) for x in figures]
    return turn(view["value"]), [turn(x) for x in figures]


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
    with canvas(len(names)) as (figure, axes):
        for y, row in enumerate(marks):
            for x, view in enumerate(row):
                colour = COLOURS.get(view["progress"], "#E4E4E4") if view else "#FFFFFF"
                axes.barh(y, 0.94, left=x + 0.03, height=0.86, color=colour)
                if view and view["attainment"] is not None and view.assessed:
                    text = percent(view["attainment"], 0, below=1).removesuffix("%")
                    white = view["progress"] not in ("near", "slow")
                    axes.text(
                        x + 0.5, y, text, ha="center", va="center", fontsize=8,
                        color="#FFFFFF" if white else INK,
                    )  # fmt: skip
        named_rows(axes, names)
        axes.set_xlim(0, len(labels))
        axes.set_xlabel(
            "数字为完成率（%）\n蓝：已完成，绿：达到，黄：未达到，红：明显滞后", fontsize=8
        )
        axes.set_xticks([x + 0.5 for x in range(len(labels))], labels, rotation=60, ha="right",
                        rotation_mode="anchor", fontsize=8)  # fmt: skip
        axes.tick_params(axis="x", length=0)
        height = 0.34 * len(names) + 1.9
        figure.set_size_inches(WIDTH, height)
        missed = [
            f"{name}{sum(bool(v and v.not_reached) for v in row)}项"
            for name, row in zip(names, marks, strict=True)
            if any(v and v.not_reached for v in row)
        ]
        return drawn(figure, f"各地区主要指标进度。未达到：{listed(missed) or '无'}。")
