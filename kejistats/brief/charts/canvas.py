"""What all charts share: the style, the rows with their names, and the picture a page holds."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, cast
from unicodedata import east_asian_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

# Okabe and Ito's colours, told apart by colour-blind readers too; marks and words repeat them.
BLUE, GREEN, ORANGE, RED, GREY, INK = (
    "#0072B2", "#009E73", "#E69F00", "#D55E00", "#8C8C8C", "#222222",
)  # fmt: skip
PALE, WHITE = "#E3E3E3", "#FFFFFF"
COLOURS = {
    "done": BLUE, "ahead": GREEN, "on_pace": GREEN, "near": ORANGE, "slow": ORANGE, "behind": RED,
}  # fmt: skip
# Inches; as wide as a phone's page, with two dots for each of its pixels.
WIDTH, ROW, EDGE, GAP = 4.2, 0.345, 0.06, 0.08
DPI = 168
PALETTE = 20
ROWS = 16
SIZE, SMALL = 10, 9
BAR = 0.55
# A name takes no more than this; two lines hold a longer one.
_NAMES = 1.45
_LINE = 0.18
# So far may a colour be from the one of the palette that stands for it, but for a few dots.
_NEAR, _FEW = 64, 0.0005


@dataclass(frozen=True, eq=False)
class Chart:
    """A drawn chart: shows itself as PNG, with a text that states what it shows.

    Parameters
    ----------
    figure
        The matplotlib Figure. It may be changed until the chart is first shown; what is added to
        it in Chinese is added within `style`.
    alt
        Its finding in words.
    paper
        Whether it is printed, too; on two sheets there is no room for all.

    Examples
    --------
    ``chart = b.chart_growth()``, then ``chart.figure.axes[0].axvline(0.1)``, then ``chart``.
    """

    figure: Figure
    alt: str
    paper: bool = True

    def __eq__(self, other: object) -> bool:
        """Two charts are equal that look and read alike."""
        return isinstance(other, Chart) and (self.png, self.alt) == (other.png, other.alt)

    __hash__ = None  # type: ignore[assignment]

    @cached_property
    def png(self) -> bytes:
        """The image, drawn when it is first asked for."""
        return _encoded(_pixels(self.figure))

    @property
    def width(self) -> int:
        """Width in CSS pixels."""
        return round(float(self.figure.get_size_inches()[0]) * DPI / 2)

    @property
    def height(self) -> int:
        """Height in CSS pixels."""
        return round(float(self.figure.get_size_inches()[1]) * DPI / 2)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        size = {"alt": self.alt, "width": self.width, "height": self.height}
        where = {} if self.paper else {"class": "screen"}
        return {"image/png": self.png, "text/plain": self.alt}, {"image/png": size | where}


def on_screen(chart: Chart | None) -> Chart | None:
    """Return a chart that is not printed."""
    return None if chart is None else replace(chart, paper=False)


@cache
def _font() -> str:
    """Register the packaged Chinese font; no font of the system is used or needed."""
    from matplotlib import font_manager
    from pylopdf_fonts_zh_cn import sans_path

    font_manager.fontManager.addfont(str(sans_path()))
    return "Noto Sans SC"


@contextmanager
def style() -> Iterator[None]:
    """Draw in the one style of all charts, in a font that has Chinese."""
    import matplotlib as mpl

    font = [_font(), "DejaVu Sans"]
    # Two dots a pixel need no hinting, which takes a tenth of a chart's time.
    with mpl.rc_context(
        {"font.family": font, "font.size": SIZE, "text.color": INK, "text.hinting": "none"}
    ):
        yield


def inches(text: str, size: float = SIZE) -> float:
    """Return how wide a text is, with a little to spare.

    Examples
    --------
    >>> round(inches("高企"), 2), round(inches("12.5%"), 2)
    (0.28, 0.42)
    """
    return sum(1.0 if east_asian_width(sign) in "FWA" else 0.6 for sign in text) * size / 72


def fitted(text: str, room: float) -> tuple[str, int]:
    r"""Return a text that fits in so many inches, on two smaller lines if need be, and its size.

    Examples
    --------
    >>> fitted("高企认定", 1.0), fitted("高新技术企业认定数", 0.8)
    (('高企认定', 10), ('高新技术企业\n认定数', 9))
    """
    if inches(text) <= room:
        return text, SIZE
    lines = wrapped(text, room, SMALL)
    if len(lines) > 2:
        cut = lines[1]
        while inches(cut + "…", SMALL) > room:
            cut = cut[:-1]
        lines = [lines[0], f"{cut}…"]
    return "\n".join(lines), SMALL


def wrapped(text: str, room: float, size: float) -> list[str]:
    """Break a text into lines of at most so many inches."""
    lines = [""]
    for sign in text:
        if lines[-1] and inches(lines[-1] + sign, size) > room:
            lines.append("")
        lines[-1] += sign
    return lines


@contextmanager
def canvas(
    names: Sequence[str], caption: str = "", *, right: float = EDGE, after: Sequence[str] = ()
) -> Iterator[tuple[Axes, float]]:
    """Give an empty chart with rows of these names, the first on top, and the inches for bars.

    Parameters
    ----------
    names
        Names of the rows.
    caption
        What stands below, broken into lines as needed.
    right
        Inches kept free at the right of the axes.
    after
        What stands after each name; a text of its own would take as long to draw as the name.
    """
    labels = [fitted(name, _NAMES) for name in names]
    if after:
        labels = [(f"{n}\u2002{more}", size) for (n, size), more in zip(labels, after, strict=True)]
    left = EDGE + GAP + max(
        (inches(line, size) for text, size in labels for line in text.split("\n")), default=0.0
    )  # fmt: skip
    lines = caption_lines(caption)
    below = EDGE + _LINE * len(lines) + (0.04 if lines else 0.0)
    height = EDGE + ROW * len(names) + below
    with style():
        figure = blank(height)
        room = WIDTH - left - right
        axes = bare(figure, (left, below, room, ROW * len(names)))
        axes.set_ylim(len(names) - 0.5, -0.5)
        beside = axes.get_yaxis_transform()
        for place, (text, size) in enumerate(labels):
            axes.text(-GAP / room, place, text, size=size, ha="right", va="center",
                      linespacing=1.1, transform=beside)  # fmt: skip
        write_caption(figure, lines)
        yield axes, room


def chart(axes: Axes, alt: str) -> Chart:
    """Return the chart of these axes with its finding."""
    return Chart(cast("Figure", axes.figure), alt)


def blank(height: float) -> Figure:
    """Return an empty figure of so many inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


def bare(figure: Figure, inch: tuple[float, float, float, float]) -> Axes:
    """Add axes without frame and ticks at (left, bottom, width, height) in inches."""
    width, height = WIDTH, float(figure.get_size_inches()[1])
    left, bottom, wide, high = inch
    axes = figure.add_axes((left / width, bottom / height, wide / width, high / height))
    axes.set_axis_off()
    return axes


def caption_lines(caption: str) -> list[str]:
    """Break a caption into lines as wide as the chart, after a semicolon where there is one."""
    room, lines = WIDTH - 2 * EDGE, [""]
    for part in caption.replace("；", "；\n").split("\n"):
        *whole, last = wrapped(part, room, SMALL)
        fits = not whole and inches(lines[-1] + last, SMALL) <= room
        lines[-1:] = [lines[-1] + last] if fits else [lines[-1], *whole, last]
    return [line for line in lines if line]


def write_caption(figure: Figure, lines: list[str]) -> None:
    """Write what stands below a chart."""
    if lines:
        height = float(figure.get_size_inches()[1])
        figure.text(EDGE / WIDTH, EDGE / height, "\n".join(lines), size=SMALL, va="bottom")


def bars(
    axes: Axes,
    places: Sequence[float],
    spans: Sequence[tuple[float, float]],
    colours: Sequence[str],
    *,
    height: float = BAR,
    upright: bool = False,
) -> None:
    """Draw bars from start to end, one at each place; all at once, which is ten times as fast."""
    from matplotlib.collections import PolyCollection

    boxes = []
    for place, (start, end) in zip(places, spans, strict=True):
        low, high = place - height / 2, place + height / 2
        box = [(start, low), (end, low), (end, high), (start, high)]
        boxes.append([(y, x) for x, y in box] if upright else box)
    held = PolyCollection(boxes, facecolors=list(colours), edgecolors="none", linewidths=0)
    held.set_snap(True)
    axes.add_collection(held, autolim=False)


def strokes(
    axes: Axes,
    segments: Sequence[Sequence[tuple[float, float]]],
    colours: str | Sequence[str] = INK,
    width: float = 1.0,
    **more: Any,
) -> None:
    """Draw lines, all at once."""
    from matplotlib.collections import LineCollection

    lines: Any = list(segments)
    axes.add_collection(
        LineCollection(lines, colors=colours, linewidths=width, **more), autolim=False
    )


def dots(
    axes: Axes, points: Sequence[tuple[float, float]], colour: str, size: float, **more: Any
) -> None:
    """Draw dots of one colour, all from one stamp, so that they compress well."""
    from matplotlib.lines import Line2D

    if points:
        xs, ys = zip(*points, strict=True)
        line = Line2D(xs, ys, linestyle="none", marker="o", markersize=size, color=colour,
                      markeredgewidth=0, snap=True, **more)  # fmt: skip
        axes.add_artist(line)


def stamps(
    axes: Axes, points: Sequence[tuple[float, float]], sign: str, colour: str, size: float = SIZE
) -> None:
    """Write a sign at many places from one stamp; as texts it would take ten times as long."""
    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties
    from matplotlib.lines import Line2D
    from matplotlib.textpath import TextPath
    from matplotlib.transforms import Affine2D

    font = FontProperties(family=rcParams["font.family"])
    path = TextPath((0, 0), sign, size=size, prop=font)
    box = path.get_extents()
    middle = Affine2D().translate(-box.x0 - box.width / 2, -box.y0 - box.height / 2)
    xs, ys = zip(*points, strict=True)
    line = Line2D(xs, ys, linestyle="none", marker=path.transformed(middle), color=colour,
                  markersize=max(box.size), markeredgewidth=0)  # fmt: skip
    axes.add_artist(line)


def _pixels(figure: Figure) -> Image:
    """Draw once; the figure is not encoded twice."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    drawn: Any = FigureCanvasAgg(figure)
    with style():
        drawn.draw()
    width, height = drawn.get_width_height()
    return Image.frombuffer("RGBA", (width, height), drawn.buffer_rgba()).convert("RGB")


def _encoded(image: Image) -> bytes:
    """Encode with few colours: a third of the size, the same to the eye."""
    from zlib import Z_FILTERED

    from PIL import Image, ImageChops

    none = Image.Dither.NONE
    small = image.quantize(palette=_palette(), dither=none)
    # Every other dot of every other line is enough to see it, in a quarter of the time.
    seen, meant = (
        one.resize((one.width // 2, one.height // 2), Image.Resampling.NEAREST).convert("RGB")
        for one in (image, small)
    )
    counts = ImageChops.difference(seen, meant).histogram()
    far = max(sum(counts[band + _NEAR : band + 256]) for band in (0, 256, 512))
    if far > _FEW * seen.width * seen.height:
        # Somebody has drawn in colours of their own.
        small = image.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=none)
    out = io.BytesIO()
    small.save(out, format="png", compress_level=8, compress_type=Z_FILTERED)
    return out.getvalue()


@cache
def _palette() -> Image:
    """Return the colours of the style, and between ink, each of them and the paper some steps."""
    from PIL import Image

    steps = [(WHITE, INK, 3), *((c, WHITE, 2) for c in (BLUE, GREEN, RED)), (ORANGE, INK, 2)]
    colours = [GREY, PALE, INK, *(_between(a, b, n / k) for a, b, k in steps for n in range(k))]
    # A palette of 16 would put two dots into one byte, which compresses worse.
    colours += [WHITE] * (PALETTE - len(colours))
    image = Image.new("P", (1, 1))
    image.putpalette([int(c[i : i + 2], 16) for c in colours for i in (1, 3, 5)])
    return image


def _between(one: str, other: str, part: float) -> str:
    """Return the colour so far on the way from one to the other."""
    pairs = ((int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * part):02X}" for a, b in pairs)
