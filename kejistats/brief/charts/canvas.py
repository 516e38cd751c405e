"""What all charts share: the style, the canvas with its named rows, the drawing helpers."""

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

# Okabe and Ito's colours, which colour-blind readers can tell apart; marks and words repeat them.
BLUE, GREEN, ORANGE, RED, GREY, INK = (
    "#0072B2", "#009E73", "#E69F00", "#D55E00", "#8C8C8C", "#222222",
)  # fmt: skip
PALE, WHITE = "#E3E3E3", "#FFFFFF"
COLOURS = {
    "done": BLUE, "ahead": GREEN, "on_pace": GREEN, "near": ORANGE, "slow": ORANGE, "behind": RED,
}  # fmt: skip
# Inches. A chart is as wide as a page on a phone and has two dots for each CSS pixel.
WIDTH, ROW_HEIGHT, EDGE, GAP = 4.2, 0.345, 0.06, 0.08
DPI = 168
PALETTE_SIZE = 20
MAX_ROWS = 16
# Font sizes in points.
SIZE, SMALL = 10, 9
BAR_HEIGHT = 0.55  # of a row
# Inches for a row's name; a longer one is broken into two lines.
_NAME_WIDTH = 1.45
_LINE_HEIGHT = 0.18
# A pixel may differ from its palette colour by less than this in each channel; the share of pixels
# that may differ by more.
_NEAR_COLOUR, _FEW_PIXELS = 64, 0.0005


@dataclass(frozen=True, eq=False)
class Chart:
    """A drawn chart that displays itself as PNG, with a text that states what it shows.

    Parameters
    ----------
    figure
        The matplotlib Figure. It may be changed until the chart is first displayed; add Chinese
        text to it within `style`.
    alt
        The alternative text: what the chart shows, in words.
    paper
        Whether it is printed too; two sheets of paper have no room for all charts.

    Examples
    --------
    ``chart = b.chart_growth()``, then ``chart.figure.axes[0].axvline(0.1)``, then ``chart``.
    """

    figure: Figure
    alt: str
    paper: bool = True

    def __eq__(self, other: object) -> bool:
        """Compare image and text."""
        return isinstance(other, Chart) and (self.png, self.alt) == (other.png, other.alt)

    __hash__ = None  # type: ignore[assignment]

    @cached_property
    def png(self) -> bytes:
        """The image, rendered on first access."""
        return _encode_png(_rendered(self.figure))

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
        css_class = {} if self.paper else {"class": "screen"}
        return {"image/png": self.png, "text/plain": self.alt}, {"image/png": size | css_class}


def on_screen(chart: Chart | None) -> Chart | None:
    """Return a copy of a chart that is shown on the screen only, not printed."""
    return None if chart is None else replace(chart, paper=False)


@cache
def _font() -> str:
    """Register the packaged Chinese font and return its name; no system font is used or needed."""
    from matplotlib import font_manager
    from pylopdf_fonts_zh_cn import sans_path

    font_manager.fontManager.addfont(str(sans_path()))
    return "Noto Sans SC"


@contextmanager
def style() -> Iterator[None]:
    """Apply the style of all charts, with a font that has Chinese, within a ``with`` block."""
    import matplotlib as mpl

    font = [_font(), "DejaVu Sans"]
    # At two dots per pixel hinting is not needed; it would take a tenth of a chart's time.
    with mpl.rc_context(
        {"font.family": font, "font.size": SIZE, "text.color": INK, "text.hinting": "none"}
    ):
        yield


def text_width(text: str, size: float = SIZE) -> float:
    """Estimate the width of a text in inches, rounded up a little.

    Examples
    --------
    >>> round(text_width("高企"), 2), round(text_width("12.5%"), 2)
    (0.28, 0.42)
    """
    return sum(1.0 if east_asian_width(char) in "FWA" else 0.6 for char in text) * size / 72


def fit_text(text: str, room: float) -> tuple[str, int]:
    r"""Fit a text into a width in inches, on two smaller lines if need be; return it and its size.

    Examples
    --------
    >>> fit_text("高企认定", 1.0), fit_text("高新技术企业认定数", 0.8)
    (('高企认定', 10), ('高新技术企业\n认定数', 9))
    """
    if text_width(text) <= room:
        return text, SIZE
    lines = wrap_text(text, room, SMALL)
    if len(lines) > 2:
        second = lines[1]
        while text_width(second + "…", SMALL) > room:
            second = second[:-1]
        lines = [lines[0], f"{second}…"]
    return "\n".join(lines), SMALL


def wrap_text(text: str, room: float, size: float) -> list[str]:
    """Break a text into lines no wider than `room` inches."""
    lines = [""]
    for char in text:
        if lines[-1] and text_width(lines[-1] + char, size) > room:
            lines.append("")
        lines[-1] += char
    return lines


@contextmanager
def canvas(
    names: Sequence[str], caption: str = "", *, right: float = EDGE, after: Sequence[str] = ()
) -> Iterator[tuple[Axes, float]]:
    """Yield the axes of an empty chart with named rows, and their width in inches.

    Parameters
    ----------
    names
        Names of the rows, from top to bottom.
    caption
        Text below the chart, broken into lines as needed.
    right
        Inches kept free at the right of the axes.
    after
        Text appended to each name; drawn separately it would take as long as the name itself.
    """
    labels = [fit_text(name, _NAME_WIDTH) for name in names]
    if after:
        labels = [
            (f"{n}\u2002{extra}", size) for (n, size), extra in zip(labels, after, strict=True)
        ]
    left = EDGE + GAP + max(
        (text_width(line, size) for text, size in labels for line in text.split("\n")), default=0.0
    )  # fmt: skip
    lines = caption_lines(caption)
    caption_height = EDGE + _LINE_HEIGHT * len(lines) + (0.04 if lines else 0.0)
    height = EDGE + ROW_HEIGHT * len(names) + caption_height
    with style():
        figure = blank_figure(height)
        room = WIDTH - left - right
        axes = bare_axes(figure, (left, caption_height, room, ROW_HEIGHT * len(names)))
        axes.set_ylim(len(names) - 0.5, -0.5)
        row_transform = axes.get_yaxis_transform()
        for row, (text, size) in enumerate(labels):
            axes.text(-GAP / room, row, text, size=size, ha="right", va="center",
                      linespacing=1.1, transform=row_transform)  # fmt: skip
        write_caption(figure, lines)
        yield axes, room


def as_chart(axes: Axes, alt: str) -> Chart:
    """Return the Chart of the figure that holds these axes."""
    return Chart(cast("Figure", axes.figure), alt)


def blank_figure(height: float) -> Figure:
    """Return an empty figure, `height` inches high."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


def bare_axes(figure: Figure, box: tuple[float, float, float, float]) -> Axes:
    """Add axes without frame or ticks at (left, bottom, width, height), in inches."""
    width, height = WIDTH, float(figure.get_size_inches()[1])
    left, bottom, axes_width, axes_height = box
    axes = figure.add_axes(
        (left / width, bottom / height, axes_width / width, axes_height / height)
    )
    axes.set_axis_off()
    return axes


def caption_lines(caption: str) -> list[str]:
    """Break a caption into lines as wide as the chart, after semicolons where possible."""
    room, lines = WIDTH - 2 * EDGE, [""]
    for part in caption.replace("；", "；\n").split("\n"):
        *full, last = wrap_text(part, room, SMALL)
        fits = not full and text_width(lines[-1] + last, SMALL) <= room
        lines[-1:] = [lines[-1] + last] if fits else [lines[-1], *full, last]
    return [line for line in lines if line]


def write_caption(figure: Figure, lines: list[str]) -> None:
    """Write a caption at the bottom of a figure."""
    if lines:
        height = float(figure.get_size_inches()[1])
        figure.text(EDGE / WIDTH, EDGE / height, "\n".join(lines), size=SMALL, va="bottom")


def draw_bars(
    axes: Axes,
    positions: Sequence[float],
    spans: Sequence[tuple[float, float]],
    colours: Sequence[str],
    *,
    height: float = BAR_HEIGHT,
    upright: bool = False,
) -> None:
    """Draw bars from start to end, one per position, as one collection: ten times as fast."""
    from matplotlib.collections import PolyCollection

    polygons = []
    for position, (start, end) in zip(positions, spans, strict=True):
        low, high = position - height / 2, position + height / 2
        corners = [(start, low), (end, low), (end, high), (start, high)]
        polygons.append([(y, x) for x, y in corners] if upright else corners)
    collection = PolyCollection(polygons, facecolors=list(colours), edgecolors="none", linewidths=0)
    collection.set_snap(True)
    axes.add_collection(collection, autolim=False)


def draw_lines(
    axes: Axes,
    segments: Sequence[Sequence[tuple[float, float]]],
    colours: str | Sequence[str] = INK,
    width: float = 1.0,
    **options: Any,
) -> None:
    """Draw lines as one collection."""
    from matplotlib.collections import LineCollection

    lines: Any = list(segments)
    axes.add_collection(
        LineCollection(lines, colors=colours, linewidths=width, **options), autolim=False
    )


def draw_dots(
    axes: Axes, points: Sequence[tuple[float, float]], colour: str, size: float, **options: Any
) -> None:
    """Draw dots of one colour, all with the same pixels, so that the image compresses well."""
    from matplotlib.lines import Line2D

    if points:
        xs, ys = zip(*points, strict=True)
        line = Line2D(xs, ys, linestyle="none", marker="o", markersize=size, color=colour,
                      markeredgewidth=0, snap=True, **options)  # fmt: skip
        axes.add_artist(line)


def draw_sign(
    axes: Axes, points: Sequence[tuple[float, float]], sign: str, colour: str, size: float = SIZE
) -> None:
    """Draw a character at many points as a marker; as texts it would take ten times as long."""
    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties
    from matplotlib.lines import Line2D
    from matplotlib.textpath import TextPath
    from matplotlib.transforms import Affine2D

    font = FontProperties(family=rcParams["font.family"])
    path = TextPath((0, 0), sign, size=size, prop=font)
    box = path.get_extents()
    centred = Affine2D().translate(-box.x0 - box.width / 2, -box.y0 - box.height / 2)
    xs, ys = zip(*points, strict=True)
    line = Line2D(xs, ys, linestyle="none", marker=path.transformed(centred), color=colour,
                  markersize=max(box.size), markeredgewidth=0)  # fmt: skip
    axes.add_artist(line)


def _rendered(figure: Figure) -> Image:
    """Render a figure without encoding it; only the reduced image is encoded."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    agg: Any = FigureCanvasAgg(figure)
    with style():
        agg.draw()
    width, height = agg.get_width_height()
    return Image.frombuffer("RGBA", (width, height), agg.buffer_rgba()).convert("RGB")


def _encode_png(image: Image) -> bytes:
    """Encode with few colours: a third of the size, no visible difference."""
    from zlib import Z_FILTERED

    from PIL import Image, ImageChops

    no_dither = Image.Dither.NONE
    reduced = image.quantize(palette=_palette(), dither=no_dither)
    # Every other pixel of every other line is enough to compare, in a quarter of the time.
    original, sample = (
        full.resize((full.width // 2, full.height // 2), Image.Resampling.NEAREST).convert("RGB")
        for full in (image, reduced)
    )
    counts = ImageChops.difference(original, sample).histogram()
    off_palette = max(sum(counts[band + _NEAR_COLOUR : band + 256]) for band in (0, 256, 512))
    if off_palette > _FEW_PIXELS * original.width * original.height:
        # The analyst added colours that are not in the palette.
        reduced = image.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=no_dither)
    out = io.BytesIO()
    reduced.save(out, format="png", compress_level=8, compress_type=Z_FILTERED)
    return out.getvalue()


@cache
def _palette() -> Image:
    """Return the palette: the style's colours, and blends with ink and paper for smooth edges."""
    from PIL import Image

    steps = [(WHITE, INK, 3), *((c, WHITE, 2) for c in (BLUE, GREEN, RED)), (ORANGE, INK, 2)]
    colours = [GREY, PALE, INK, *(_mix(a, b, n / k) for a, b, k in steps for n in range(k))]
    # With 16 colours PNG packs two pixels into a byte, which compresses worse.
    colours += [WHITE] * (PALETTE_SIZE - len(colours))
    image = Image.new("P", (1, 1))
    image.putpalette([int(c[i : i + 2], 16) for c in colours for i in (1, 3, 5)])
    return image


def _mix(start: str, end: str, share: float) -> str:
    """Blend two colours: `share` is the part of the way from start to end."""
    pairs = ((int(start[i : i + 2], 16), int(end[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)
