"""Generated texts: parsing gives the written quantity or NotANumberError, never an invented value."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kejistats.model.quantity import PLAIN_NUMBER, NotANumberError, Quantity, parse

DIGITS = "零一二三四五六七八九"
# All characters of numbers, in common and formal forms.
NUMBER_CHARACTERS = set(
    "0123456789０１２３４５６７８９〇○两兩壹贰叁肆伍陆柒捌玖拾佰仟十百千万亿萬億"
) | set(DIGITS)
SCALES = {"": 0, "百": 2, "千": 3, "万": 4, "百万": 6, "千万": 7, "亿": 8, "百亿": 10, "万亿": 12}
LEADS = ["", "累计", "共", "总计", "已达", "仅有"]
PREFIXES = {"": "exact", "约": "about", "近": "less_than", "不足": "less_than", "超过": "more_than",
            "突破": "more_than", "逾": "more_than", "至少": "at_least", "不低于": "at_least",
            "最高": "at_most", "不超过": "at_most"}  # fmt: skip
SUFFIXES = {"": "exact", "余": "at_least", "多": "at_least", "以上": "at_least", "左右": "about",
            "上下": "about", "以内": "at_most"}  # fmt: skip
UNITS = ["", "家", "户", "项", "件", "人次", "元", "%", "平方米", "件/万人", "字", "人年"]
RANGES = ["-", "—", "——", "–", "~", "～", "至", "到"]
MASKS = "xX×*ｘＸ＊"
# Inserting one of these characters may make a different number.
MEANINGFUL = set("0123456789.,%‰xX×*+-−—–~〜至到eE") | NUMBER_CHARACTERS | set("点负成半分之几数")
JUNK = st.one_of(
    st.sampled_from(list("'`·、；。？!_#@&=()[]{}/\\|^$ak家年月①⑴²½٣๓९\u200b\u202e \t\n\x00￥")),
    st.characters(exclude_categories=("Cs",)),
)


@dataclass(frozen=True)
class Case:
    """A text and its allowed results.

    `expected` must be the result; `value` is the only value allowed; `hidden` allows no value.
    """

    text: str
    expected: Quantity | None = None
    value: float | None = None
    hidden: bool = False


def in_chinese(number: int) -> str:
    """Write an integer below 10^12 in Chinese, by the textbook rules."""
    text, gap = "", False
    for power, scale in ((8, "亿"), (4, "万"), (0, "")):
        group = number // 10**power % 10**4
        if not group:
            gap = bool(text)
            continue
        gap = gap or bool(text and group < 1000)
        written = ""
        for power_in_group, sign in ((3, "千"), (2, "百"), (1, "十"), (0, "")):
            digit = group // 10**power_in_group % 10
            if digit:
                written += ("零" if gap else "") + DIGITS[digit] + sign
                gap = False
            else:
                gap = bool(written) or gap
        text += written + scale
        gap = False
    if text.startswith("一十"):
        text = text[1:]
    return text or "零"


@st.composite
def numbers(draw: st.DrawFn) -> tuple[str, Decimal]:
    """Draw a number in one of its spellings, with its value."""
    kind = draw(st.sampled_from(["plain", "full", "commas", "decimals", "chinese", "spoken"]))
    if kind in {"chinese", "spoken"}:
        integer = draw(st.one_of(st.integers(0, 10**4 - 1), st.integers(0, 10**12 - 1)))
        text = in_chinese(integer)
        if kind == "spoken" and text[0] == "二" and text[1:2] in set("百千万亿"):
            text = f"两{text[1:]}"
        return text, Decimal(integer)
    integer = draw(st.integers(0, 10**9))
    text = f"{integer:,}" if kind == "commas" else str(integer)
    if kind == "decimals":
        text += "." + draw(st.text("0123456789", min_size=1, max_size=4))
    value = Decimal(text.replace(",", ""))
    if kind == "full":
        text = "".join(chr(ord(c) + 0xFEE0) for c in text)
    return text, value


@st.composite
def composed(draw: st.DrawFn) -> Case:
    """Draw a quantity composed of lead, bound, number, scale, bound and unit."""
    text, number = draw(numbers())
    in_words = text[0] in DIGITS + "两十"
    scale = draw(st.sampled_from([""] if in_words else list(SCALES)))
    prefix = draw(st.sampled_from(list(PREFIXES)))
    suffix = draw(st.sampled_from([""] if prefix else list(SUFFIXES)))
    unit = draw(st.sampled_from(UNITS))
    early = suffix in {"余", "多"}
    words = [draw(st.sampled_from(LEADS)), prefix, text, scale, suffix if early else "", unit]
    written = "".join(words) + ("" if early else suffix)
    bound = PREFIXES[prefix] if prefix else SUFFIXES[suffix]
    scaled = not unit and (bool(scale) or (in_words and ("万" in text or "亿" in text)))
    value = float(number.scaleb(SCALES[scale]))
    return Case(written, Quantity(value, "reported", bound, unit, scaled=scaled))


@st.composite
def intervals(draw: st.DrawFn) -> Case:
    """Draw an interval whose ends share scale and unit."""
    low, high = sorted(draw(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6))))
    scale, unit = draw(st.sampled_from(list(SCALES))), draw(st.sampled_from(UNITS))
    separator = draw(st.sampled_from(RANGES))
    repeated = draw(st.sampled_from(["", scale + unit])) if unit else ""
    value, upper = (float(Decimal(n).scaleb(SCALES[scale])) for n in (low, high))
    text = f"{low}{repeated}{separator}{high}{scale}{unit}"
    scaled = bool(scale) and not unit
    return Case(text, Quantity(value, "reported", "at_least", unit, upper, scaled))


@st.composite
def masked(draw: st.DrawFn) -> Case:
    """Draw a quantity with masking characters inserted anywhere."""
    text = draw(composed()).text
    position = draw(st.integers(0, len(text)))
    mask = draw(st.text(MASKS, min_size=1, max_size=4))
    return Case(text[:position] + mask + text[position:], hidden=True)


def spoils(character: str) -> bool:
    """Return whether inserting a character into a number cannot make another number."""
    if unicodedata.category(character) in {"No", "Nd"}:
        return character not in NUMBER_CHARACTERS
    return not set(unicodedata.normalize("NFKC", character)) & MEANINGFUL


@st.composite
def spoiled(draw: st.DrawFn) -> Case:
    """Draw a number with an inserted character that cannot make another number."""
    number = draw(st.integers(0, 10**7))
    text = f"{number}{draw(st.sampled_from(['', '家', '%']))}"
    position = draw(st.integers(0, len(text)))
    junk = draw(JUNK.filter(spoils))
    return Case(text[:position] + junk + text[position:], value=float(number))


PIECES = st.sampled_from(
    [*LEADS, *PREFIXES, *SUFFIXES, *SCALES, *UNITS, *RANGES, *MASKS, *"0123456789０５①²٣.,，点负+",
     *NUMBER_CHARACTERS, "十余", "数十", "几", "来", "若干", "无", "…", "#N/A", "#", " ", "\u3000", "e",
     "百分之", "百分点", "个百分点", "㎡", "m²", "预计", "年", "=", "(", "\u200b", "−"]
)  # fmt: skip
ANY_TEXT = st.one_of(st.text(max_size=14), st.lists(PIECES, max_size=8).map("".join)).map(Case)
CASES = st.one_of(ANY_TEXT, composed(), intervals(), masked(), spoiled())


def parse_or_error(text: str) -> Quantity | NotANumberError:
    """Return the parsed quantity or the error."""
    try:
        return parse(text)
    except NotANumberError as error:
        return error


def check(case: Case) -> None:
    """Assert that a text gives an allowed result."""
    result = parse_or_error(case.text)
    if isinstance(result, NotANumberError):
        assert case.expected is None
        assert str(result).isprintable()
        return
    assert case.expected is None or result == case.expected
    assert (result.status == "reported") == (result.value is not None)
    if result.value is None:
        assert result == Quantity(None, result.status)
        return
    assert not case.hidden
    assert not set(unicodedata.normalize("NFKC", case.text)) & set("xX×*")
    assert set(case.text) & NUMBER_CHARACTERS
    assert case.value is None or (result.value, result.upper) == (case.value, None)
    assert abs(result.value) <= 1e100
    assert result.upper is None or result.value <= result.upper <= 1e100
    assert math.copysign(1, result.value) == 1 or result.value < 0


@settings(max_examples=1000)
@given(CASES)
@example(Case("5百分之3"))
@example(Case("三百分之百"))
@example(Case("1e-400"))
@example(Case("㋀"))
@example(Case("1．", value=1.0))
@example(Case("1\u202e2", value=12.0))
def test_a_text_gives_what_is_written_or_is_refused(case: Case) -> None:
    check(case)


@pytest.mark.long
@settings(max_examples=100_000, derandomize=False, print_blob=True)
@given(CASES)
def test_a_hundred_thousand_texts_give_what_is_written_or_are_refused(case: Case) -> None:
    check(case)


@given(st.from_regex(PLAIN_NUMBER, fullmatch=True))
@example("-0")
@example("-0.0")
@example("0" * 20)
@example("9" * 20 + "." + "9" * 20)
@example("999,999,999,999,999,999,999.5")
def test_a_plain_number_parses_alike_fast_slow_and_by_column(
    text: str,
) -> None:
    fast, slow = parse(text), parse(f" {text}")
    column = pl.Series([text]).str.replace_all(",", "").cast(pl.Float64) + 0.0

    assert fast == slow == Quantity(column.item(), "reported")
    assert math.copysign(1, fast.value or 0) == math.copysign(1, slow.value or 0)
    assert pl.Series([text]).str.contains(f"^(?:{PLAIN_NUMBER})$").item()


@given(ANY_TEXT)
@example(Case("1\n"))
@example(Case("٣"))
@example(Case("1,23"))
def test_a_column_matches_only_texts_that_parse_as_reported(case: Case) -> None:
    plain = pl.Series([case.text]).str.contains(f"^(?:{PLAIN_NUMBER})$").item()

    assert not plain or parse(case.text).status == "reported"


@given(st.integers(0, 10**12 - 1))
@example(200_002_000)
@example(1_000_010_000)
@example(110_000)
@example(10**11)
def test_a_number_in_chinese_parses_back(number: int) -> None:
    assert parse(in_chinese(number)).value == number


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "零"), (2, "二"), (10, "十"), (15, "十五"), (105, "一百零五"), (110, "一百一十"),
     (1005, "一千零五"), (1050, "一千零五十"), (10_005, "一万零五"), (12_000, "一万二千"),
     (100_500, "十万零五百"), (125_000, "十二万五千"), (105_000_000, "一亿零五百万"),
     (1_000_005_000, "十亿零五千")],
)  # fmt: skip
def test_the_generator_writes_numbers_by_the_textbook(number: int, text: str) -> None:
    assert in_chinese(number) == text
