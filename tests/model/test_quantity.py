"""Parsing of reported text: exactly what is written, nothing else."""

from __future__ import annotations

import csv
import math
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kejistats.model.quantity import NotANumberError, Quantity, parse
from tests.factory import FIXTURES


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("215", 215.0, ""),
        ("0", 0.0, ""),
        ("-0", 0.0, ""),
        ("-12.5", -12.5, ""),
        ("+3", 3.0, ""),
        ("12.50", 12.5, ""),
        ("1,234", 1234.0, ""),
        ("1,234,567.8", 1234567.8, ""),
        ("1，234", 1234.0, ""),
        ("12 345", 12345.0, ""),
        ("1 234 567", 1234567.0, ""),
        ("1e3", 1000.0, ""),
        ("0.0000001", 1e-7, ""),
        ("１２．５％", 12.5, "%"),
        ("２１５家", 215.0, "家"),
        (" 215 家 ", 215.0, "家"),
        ("5,700万元", 5.7e7, "元"),
        ("5700万元", 5.7e7, "元"),
        ("3.2亿元", 3.2e8, "元"),
        ("1.5万亿元", 1.5e12, "元"),
        ("1.2万件", 12000.0, "件"),
        ("5百家", 500.0, "家"),
        ("3千件", 3000.0, "件"),
        ("2百万人", 2e6, "人"),
        ("0.5个百分点", 0.5, "个百分点"),
        ("3百分点", 3.0, "百分点"),
        ("12.3件/万人", 12.3, "件/万人"),
        ("达到35%", 35.0, "%"),
        ("3‰", 3.0, "‰"),
        ("百分之三十", 30.0, "%"),
        ("百分之百", 100.0, "%"),
        ("百分之12.5", 12.5, "%"),
        ("千分之三", 3.0, "‰"),
        ("−5%", -5.0, "%"),
        ("-0%", 0.0, "%"),
        ("负3.5%", -3.5, "%"),
        ("1亿2000万元", 1.2e8, "元"),
        ("1亿2千万元", 1.2e8, "元"),
        ("3万5千件", 35000.0, "件"),
        ("5百亿元", 5e10, "元"),
        ("20萬元", 2e5, "元"),
        ("1200㎡", 1200.0, "平方米"),
        ("1.2万m²", 12000.0, "平方米"),
        ("3km²", 3.0, "平方公里"),
        ("3.5元/亩", 3.5, "元/亩"),
        ("累计300场", 300.0, "场"),
        ("共计12项", 12.0, "项"),
        ("高达20家", 20.0, "家"),
        ("5万元整", 50000.0, "元"),
        ("\ufeff12\u200b家", 12.0, "家"),
        ("0.1234567890123456789", 0.1234567890123456789, ""),
        ("仅5家", 5.0, "家"),
    ],
)
def test_numbers_with_their_units_and_scales(text: str, value: float, unit: str) -> None:
    result = parse(text)

    assert result == Quantity(value, "reported", unit=unit)
    assert result.value is not None
    assert math.copysign(1, result.value) == math.copysign(1, value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("3.2万", 32000.0), ("2亿", 2e8), ("约3.2万", 32000.0), ("3万余", 30000.0), ("三万", 30000.0),
     ("十二万五千", 125000.0), ("1亿2000万", 1.2e8), ("上万", 10000.0)],
)  # fmt: skip
def test_a_scale_without_a_unit_is_marked(text: str, value: float) -> None:
    result = parse(text)

    assert (result.value, result.unit, result.scaled) == (value, "", True)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("零", 0), ("两", 2), ("十", 10), ("十五", 15), ("二十", 20), ("一百零五", 105), ("一百十二", 112),
        ("三百二十", 320), ("两千三百", 2300), ("一千零五十", 1050), ("一万零五", 10_005),
        ("一万二千", 12_000), ("十二万五千", 125_000), ("两百五十万", 2_500_000),
        ("一亿零五百万", 105_000_000), ("一亿五千万", 150_000_000), ("三万五千亿", 3.5e12),
        ("一万亿", 1e12), ("二〇", 20), ("二零二五", 2025), ("二○二五", 2025), ("三点五", 3.5),
        ("三点五万", 35_000), ("零点零五", 0.05), ("负五", -5), ("壹佰贰拾万", 1_200_000),
        ("兩萬", 20_000),
    ],
)  # fmt: skip
@pytest.mark.parametrize("unit", ["", "家", "元", "%"])
def test_numerals_written_out(text: str, value: float, unit: str) -> None:
    result = parse(f"{text}{unit}")

    assert (result.value, result.bound, result.unit) == (value, "exact", unit)


@pytest.mark.parametrize(
    ("text", "value", "bound"),
    [
        ("十余家", 10, "at_least"),
        ("十几家", 10, "at_least"),
        ("20几家", 20, "at_least"),
        ("十来家", 10, "about"),
        ("百分之十几", 10, "at_least"),
        ("三十多万元", 300_000, "at_least"),
        ("一千多万元", 1e7, "at_least"),
        ("两千余件", 2000, "at_least"),
        ("上百家", 100, "at_least"),
        ("上千万元", 1e7, "at_least"),
        ("百余家", 100, "at_least"),
        ("百余万元", 1e6, "at_least"),
        ("万余人", 10_000, "at_least"),
        ("过百家", 100, "more_than"),
        ("过万人", 10_000, "more_than"),
        ("破亿元", 1e8, "more_than"),
        ("超千亿元", 1e11, "more_than"),
        ("近百家", 100, "less_than"),
        ("不足千人", 1000, "less_than"),
    ],
)
def test_a_scale_alone_is_a_number_only_with_a_bounding_word(
    text: str, value: float, bound: str
) -> None:
    result = parse(text)

    assert (result.value, result.bound) == (value, bound)


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("约100人", "about"),
        ("大约100人", "about"),
        ("100人左右", "about"),
        ("10余家", "at_least"),
        ("10多家", "at_least"),
        ("10家以上", "at_least"),
        ("至少10家", "at_least"),
        ("不低于10家", "at_least"),
        ("不少于10家", "at_least"),
        ("≥10家", "at_least"),
        ("3万余元", "at_least"),
        ("3余万元", "at_least"),
        ("超过5亿元", "more_than"),
        ("突破5亿元", "more_than"),
        ("超5亿元", "more_than"),
        ("逾5亿元", "more_than"),
        (">5亿元", "more_than"),
        ("＞5亿元", "more_than"),
        ("最高20万元", "at_most"),
        ("不超过20万元", "at_most"),
        ("≤20万元", "at_most"),
        ("20万元以内", "at_most"),
        ("20万元以下", "at_most"),
        ("近50万元", "less_than"),
        ("不足50万元", "less_than"),
        ("低于50万元", "less_than"),
        ("＜50万元", "less_than"),
        ("达50万元", "exact"),
        ("累计超过5亿元", "more_than"),
        ("共约10家", "about"),
        ("约达5000人", "about"),
        ("最高达20万元", "at_most"),
        ("不多于20万元", "at_most"),
        ("10+家", "at_least"),
        ("10家不到", "less_than"),
        ("100人上下", "about"),
        ("10家及以上", "at_least"),
        (">=10家", "at_least"),
        ("三十家左右", "about"),
    ],
)
def test_bounding_words(text: str, bound: str) -> None:
    result = parse(text)

    assert (result.status, result.bound) == ("reported", bound)


@pytest.mark.parametrize(
    ("text", "value", "upper", "unit"),
    [
        ("30%—40%", 30.0, 40.0, "%"),
        ("30—40%", 30.0, 40.0, "%"),
        ("30%-40%", 30.0, 40.0, "%"),
        ("30～40家", 30.0, 40.0, "家"),
        ("30~40家", 30.0, 40.0, "家"),
        ("1至2项", 1.0, 2.0, "项"),
        ("3-5万元", 30000.0, 50000.0, "元"),
        ("5—5家", 5.0, 5.0, "家"),
        ("30%—40", 30.0, 40.0, "%"),
        ("30——40%", 30.0, 40.0, "%"),
        ("10-20万元", 1e5, 2e5, "元"),
        ("10万-20万元", 1e5, 2e5, "元"),
        ("5万-1亿元", 5e4, 1e8, "元"),
        ("1000元—1万元", 1000.0, 1e4, "元"),
        ("三到五家", 3.0, 5.0, "家"),
        ("3到5千家", 3000.0, 5000.0, "家"),
        ("十到二十万元", 1e5, 2e5, "元"),
        ("十二万五千到十五万元", 125_000.0, 150_000.0, "元"),
        ("百分之三十至四十", 30.0, 40.0, "%"),
        ("-5至-3%", -5.0, -3.0, "%"),
    ],
)
def test_an_interval_keeps_both_ends_and_is_a_lower_bound(
    text: str, value: float, upper: float, unit: str
) -> None:
    result = parse(text)

    assert (result.value, result.upper, result.unit) == (value, upper, unit)
    assert result.bound == "at_least"


@pytest.mark.parametrize(
    "text",
    ["x", "xx", "xxx家", "ｘｘ家", "×", "×万元", "×%", "**", "**家", "约xxx万元", "仅**%", "突破x万家",
     "最高**万元", "高达xx亿元", "xx余家", "20xx多", "20xx", "1xx", "x.x亿元", "3.xx", "1,xxx", "X家",
     "xx 家", "xx公斤/亩", "xx-xx%", "xx%—xx%", "30%—xx%", "3.*", "十x家", "未公布", "保密"],
)  # fmt: skip
def test_a_masked_figure_has_no_value_at_any_length_of_its_mask(text: str) -> None:
    assert parse(text) == Quantity(None, "masked")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\u3000",
        "-",
        "－",
        "—",
        "——",
        "— —",
        "–",
        "…",
        "……",
        "...",
        "/",
        "空",
        "空缺",
        "未报送",
        "撤销",
        "\u200b",
    ],
)
def test_blanks_and_dashes_are_missing(text: str) -> None:
    assert parse(text) == Quantity(None, "missing")


@pytest.mark.parametrize("text", ["无", " 无 ", "无此项", "不适用", "不涉及"])
def test_words_for_no_such_item_are_not_applicable(text: str) -> None:
    assert parse(text) == Quantity(None, "not_applicable")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("#DIV/0!", "公式出错"),
        ("#N/A", "公式出错"),
        ("＃REF!", "公式出错"),
        ("2*3", "算式"),
        ("2×3", "算式"),
        ("4 x 5", "算式"),
        ("0x1F", "算式"),
        ("约10家以上", "相互矛盾"),
        ("近10余家", "相互矛盾"),
        ("12*", "无法判断"),
        ("12*家", "无法判断"),
        ("12①", "注码"),
        ("12²", "注码"),
        ("½", "注码"),
        ("12 13", "不止一个数"),
        ("2025 123", "不止一个数"),
        ("12\n13", "不止一个数"),
        ("40-30", "区间"),
        ("2025-06", "区间"),
        ("30%-40家", "区间"),
        ("1e999", "超出"),
        ("9e99亿", "超出"),
        ("40万元*60%", "算式"),
        ("三×五", "算式"),
        ("12家*", "无法判断"),
        ("1,234*", "无法判断"),
        ("1. 5", "不止一个数"),
        ("十 五家", "不止一个数"),
        ("𝟏2", "特殊数字"),
        ("㋀", "特殊数字"),
        ("12❶", "不是数值"),
        ("1e-400", "超出"),
        ("Err:502", "公式出错"),
        ("####", "不含数字"),
        ("亿元", "不含数字"),
        ("百家", "不含数字"),
        ("近万元", "不含数字"),
        ("千家万户", "不含数字"),
        ("万多万元", "不是数值"),
        ("亿多万元", "不是数值"),
        ("2万5千万元", "不是数值"),
        ("1\u202e2", "不是数值"),
        ("三百二", "省略了数位"),
        ("一万二", "省略了数位"),
        ("3万2", "不是数值"),
        ("三亿五千", "不是数值"),
        ("一万五百", "不是数值"),
        ("三五家", "没有写明确数"),
        ("二两", "没有写明确数"),
        ("数十家", "没有写明确数"),
        ("几十家", "没有写明确数"),
        ("若干", "没有写明确数"),
        ("3几家", "没有写明确数"),
        ("三到五千家", "起点不明确"),
        ("3千-5千万元", "起点不明确"),
        ("预计42亿元", "带有“预计”"),
        ("力争160项", "带有“力争”"),
        ("一些", "其单位无法识别"),
        ("三十英寸", "其单位无法识别"),
        ("三分之一", "不是数值"),
        ("三百分之百", "不是数值"),
        ("5百分之3", "不是数值"),
        ("○○家", "不是数值"),
        ("上5家", "不是数值"),
        ("—5", "不是数值"),
        ("٣", "不是数值"),
        ("撤 销", "不含数字"),
        ("9" * 61, "过长"),
        ("家" * 32_000, "过长"),
        ("1,23", "不是数值"),
        ("1,2345", "不是数值"),
        ("1.2.3", "不是数值"),
        ("2025-06-30", "不是数值"),
        ("12+13", "不是数值"),
        ("(5)", "不是数值"),
        ("增长5%", "不是数值"),
        ("nan", "不是数值"),
        ("inf", "不是数值"),
        ("TRUE", "不是数值"),
        ("max", "不是数值"),
        ("Excel", "不是数值"),
        ("约", "不是数值"),
        ("万", "不是数值"),
        ("%", "不是数值"),
    ],
)
def test_a_text_that_is_not_a_quantity_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(NotANumberError, match=reason):
        parse(text)


def _parse_or_none(text: str) -> Quantity | None:
    """Return the parsed quantity, or None if the text is refused."""
    try:
        return parse(text)
    except NotANumberError:
        return None


WORDS = st.sampled_from(
    ["约", "近", "超过", "不足", "余", "多", "以上", "左右", "万", "亿", "千", "家", "元", "%", "％",
     "x", "×", "*", "—", "-", "至", ",", "，", ".", " ", "１", "2", "30", "0", "e", "#", "①", "无"]
)  # fmt: skip
SENTENCES = st.lists(WORDS, max_size=7).map("".join)


@given(st.one_of(st.text(max_size=12), SENTENCES))
@example("٣")
@example("1e-400")
@example("−5")
@example("\x00")
def test_any_text_gives_a_consistent_quantity_or_not_a_number_error(text: str) -> None:
    result = _parse_or_none(text)

    if result is not None:
        assert (result.status == "reported") == (result.value is not None)
        assert result.value is None or math.isfinite(result.value)
        assert result.upper is None or (
            result.value is not None and result.value <= result.upper < math.inf
        )
        assert not any(c.isdigit() for c in result.unit)


@given(st.one_of(st.text(max_size=12), SENTENCES))
def test_a_text_without_digits_has_no_value(text: str) -> None:
    result = _parse_or_none(text)

    if not any(c.isnumeric() or c in "两兩" for c in unicodedata.normalize("NFKC", text)):
        assert result is None or result.value is None


@given(
    st.decimals(-(10**12), 10**12, places=4, allow_nan=False),
    st.sampled_from(["", "家", "%", "元", "件/万人"]),
    st.sampled_from(["", "约", "超过", "不足"]),
    st.booleans(),
)
def test_a_printed_number_parses_back_in_half_and_full_width(
    number: object, unit: str, prefix: str, full: bool
) -> None:
    printed = f"{prefix}{number}{unit}"
    if full:
        printed = printed.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789.-%"})

    result = parse(printed)

    assert (result.value, result.unit) == (float(str(number)), unit)


@given(st.integers(0, 10**12))
def test_commas_between_thousands_change_nothing(number: int) -> None:
    assert parse(f"{number:,}").value == parse(str(number)).value == float(number)


def test_the_reason_is_one_short_line_for_any_content() -> None:
    for text in ("甲\n\x00\x1b乙", "\ud800", "家" * 32_000, "{0}预计{row}"):
        with pytest.raises(NotANumberError) as caught:
            parse(text)

        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 100


def _wordings() -> list[dict[str, str]]:
    """Return the rows of the fixture of wordings."""
    file = FIXTURES / "report_wordings.csv"
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("row", _wordings(), ids=lambda row: row["text"])
def test_wordings_of_published_reports(row: dict[str, str]) -> None:
    result = _parse_or_none(row["text"])

    if row["status"] == "refused":
        assert result is None
        return
    value, upper = (float(row[c]) if row[c] else None for c in ("value", "upper"))
    assert result is not None
    assert (result.status, result.value, result.upper) == (row["status"], value, upper)
    assert (result.bound, result.unit) == (row["bound"] or "exact", row["unit"])
