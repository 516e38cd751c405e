"""The rules on single rows, in the order of precedence (definitions §11)."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from kejistats.intake.typed_text import (
    SYNONYMS,
    checkpoint_number,
    date_expr,
    map_texts,
    read_checkpoint,
)
from kejistats.model.quantity import MISSING
from kejistats.model.tables.indicator import NODES_PATTERN
from kejistats.model.tables.observation import BASES, GRADES, LEVELS
from kejistats.model.tables.target import STRENGTHS, TARGET_KINDS
from kejistats.model.units import COUNT_UNITS

# Significant digits of a converted figure: drops binary noise, keeps every reported digit.
_SIGNIFICANT_DIGITS = 15
_YEARS = (1900, 2999)
# Columns of printed results, which are compared with the figures but never stored.
_RANK = "printed_rank"
PRINTED = {"printed_attainment": "完成率", "printed_share": "占比", _RANK: "位次"}


@dataclass(frozen=True)
class RowRule:
    """One rule on the rows of a table.

    Parameters
    ----------
    rule
        Rule id.
    column
        Column whose cell is at fault.
    mask
        True where the rule is violated; null counts as not violated.
    wrong, right
        Chinese text; {column} stands for the value of a column of the row.
    severity
        error rejects the row, warning accepts it.
    """

    rule: str
    column: str
    mask: pl.Expr
    wrong: str
    right: str
    severity: str = "error"


def name_rules(districts: pl.DataFrame) -> list[RowRule]:
    """Return the rules on the names of district and indicator."""
    ambiguous = districts.filter(pl.col("name").is_duplicated())["name"].unique().to_list()
    return [
        RowRule(
            "ambiguous_district", "district", pl.col("district").is_in(ambiguous),
            "名单内不止一个地区叫“{district}”", "请填地区代码",
        ),
        RowRule(
            "unknown_district", "district", pl.col("_code").is_null(),
            "地区“{district}”不在名单内", "{near_district}",
        ),
        RowRule(
            "unknown_indicator", "indicator", pl.col("_id").is_null(),
            "指标“{indicator}”不在指标目录内", "{near_indicator}",
        ),
    ]  # fmt: skip


def _value_rules() -> list[RowRule]:
    value = pl.col("_q").struct.field("value")
    in_large_unit = pl.col("_given").str.contains("^[万亿]")
    return [
        RowRule(
            "not_a_number", "value", pl.col("_q").is_null(),
            "{_fault}", "请填数值；未公布填“xx”，未发生填“0”，无此项填“无”",
        ),
        RowRule(
            "unit_ambiguous", "value", pl.col("_q").struct.field("scaled") & in_large_unit,
            "“{value}”未写明是{_given}还是其他单位", "请连同单位填写，如“3.2{_unit}”",
        ),
        RowRule(
            "unit_mismatch", "value",
            pl.col("_q").is_not_null() & pl.col("_factor").is_null(),
            "单位“{_given}”不能换算为“{_unit}”", "请按“{_unit}”填报",
        ),
        RowRule(
            "negative", "value", (value < 0) & ~pl.col("_negative"),
            "“{_indicator_name}”不能为负数：{value}", "请核对后填报",
        ),
    ]  # fmt: skip


def observation_rules(rows: pl.DataFrame) -> tuple[pl.DataFrame, list[RowRule], list[RowRule]]:
    """Add the columns the rules need; return the rows, the error rules and the warning rules."""
    rows = map_texts(
        rows, "checkpoint", lambda text: checkpoint_number(read_checkpoint(text)), pl.Int64, "_at"
    )
    rows = with_growth(rows)
    rows = rows.with_columns(
        year=pl.col("_at") // 100,
        month=pl.col("_at") % 100,
        level=pl.col("level").fill_null(""),
        grade=pl.col("grade").fill_null("preliminary"),
        _as_of=date_expr("as_of"),
        _published=date_expr("published"),
        _scaled=converted("value"),
        **{f"_{column}": _number(column) for column in PRINTED},
    )
    period_end = pl.date("year", "month", 1).dt.month_end()
    is_exact = pl.col("_q").struct.field("bound") == "exact"
    is_count = pl.col("_unit").is_in(sorted(COUNT_UNITS)) & is_exact
    value = pl.col("_scaled")
    return rows, [
        RowRule(
            "unknown_checkpoint", "checkpoint", pl.col("_at").is_null(),
            "期别“{checkpoint}”无法识别", "应写作2025H1、2025Q3、2025M05或2025",
        ),
        RowRule(
            "unknown_level", "level", ~pl.col("level").is_in(LEVELS),
            "级别“{level}”无法识别", "应为国家、省、市、区县，合计不填",
        ),
        RowRule(
            "unknown_grade", "grade", ~pl.col("grade").is_in(GRADES),
            "数据级别“{grade}”无法识别", "应为预计、快报或年报",
        ),
        RowRule(
            "bad_date", "as_of",
            pl.col("as_of").is_not_null() & pl.col("_as_of").is_null(),
            "截止日期“{as_of}”无法识别", "应写作2025-06-30",
        ),
        RowRule(
            "bad_date", "published",
            pl.col("published").is_not_null() & pl.col("_published").is_null(),
            "公布日期“{published}”无法识别", "应写作2025-06-30",
        ),
        RowRule(
            "bad_date", "as_of", ~pl.col("_as_of").is_between(pl.date("year", 1, 1), period_end),
            "截止日期“{as_of}”不在本期之内", "应为本年初至本期末之间的一天；截至期末的不填",
        ),
        *_value_rules(),
        RowRule(
            "not_whole", "value", is_count & (value != value.round(0)),
            "“{_indicator_name}”应为整数：{value}", "请填整数；概数写“约”",
        ),
        RowRule(
            "out_of_range", "value", value > pl.col("_maximum"),
            "“{_indicator_name}”不能大于{_maximum}{_unit}：{value}", "请核对后填报",
        ),
        RowRule(
            "out_of_range", "value", (pl.col("_unit") == "%") & (value < -100),
            "“{_indicator_name}”不能小于-100%：{value}", "请核对后填报",
        ),
    ], [
        RowRule(
            "unit_conflict", "value", pl.col("_conflict"),
            "“{value}”与单位栏的“{unit}”不一致，按数值所写单位采用", "请核对，只留一个单位", "warning",
        ),
        RowRule(
            "growth_not_a_number", "published_growth", pl.col("_growth_fault"),
            "增速“{published_growth}”不是数值，未采用", "应写作12.3或12.3%", "warning",
        ),
        RowRule(
            "unknown_basis", "growth_basis", ~pl.col("growth_basis").is_in(BASES),
            "增速口径“{growth_basis}”无法识别", f"应为{'、'.join(BASES)}", "warning",
        ),
        *(
            RowRule(
                "printed_not_a_number", column, _given(column) & pl.col(f"_{column}").is_null(),
                f"{title}“{{{column}}}”不是数值，未核对", "应写作61.4%" if column != _RANK else "应写作3",
                "warning",
            )
            for column, title in PRINTED.items()
        ),
    ]  # fmt: skip


def with_growth(rows: pl.DataFrame) -> pl.DataFrame:
    """Add ``_growth`` in percent, and ``_growth_fault``, true where the text is not a number."""
    return rows.with_columns(_growth=_number("published_growth")).with_columns(
        _growth_fault=_given("published_growth") & pl.col("_growth").is_null()
    )


def _given(column: str) -> pl.Expr:
    return pl.col(column).is_not_null() & ~pl.col(column).is_in(sorted(MISSING))


def _number(column: str) -> pl.Expr:
    """Parse a plain number, also with a percent sign or as a rank (第3位); null otherwise."""
    text = pl.col(column).str.replace(r"^(.*?)(%|％|个百分点)$", "${1}").str.replace_all(",", "")
    text = text.str.replace(r"^第?(\d+)[位名]?$", "${1}")
    number = text.cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number)


def converted(field: str) -> pl.Expr:
    """Return a field of the parsed quantity, converted to the registry's unit."""
    value = pl.col("_q").struct.field(field) * pl.col("_factor")
    return value.round_sig_figs(_SIGNIFICANT_DIGITS)


def target_rules(rows: pl.DataFrame) -> tuple[pl.DataFrame, list[RowRule], list[RowRule]]:
    """Add the columns the rules need; return the rows, the error rules and the warning rules."""
    is_growth = pl.col("kind") == "growth"
    in_points = pl.col("_given").is_in(["%", "个百分点"]) | pl.col("_no_unit")
    rows = rows.with_columns(
        _year=pl.col("year").str.extract(r"^(\d{4})年?$").cast(pl.Int64),
        strength=pl.col("strength").fill_null("assigned"),
        comparison=pl.col("comparison").fill_null(
            pl.when(pl.col("_q").struct.field("bound") == "more_than")
            .then(pl.lit(">"))
            .otherwise(pl.lit(">="))
        ),
        _factor=pl.when(is_growth).then(pl.when(in_points).then(1.0)).otherwise(pl.col("_factor")),
        _valid=date_expr("valid_from"),
        _issued=date_expr("issued"),
        _start=pl.col("start_month").fill_null("0").cast(pl.Int64, strict=False),
        _base=pl.col("base_year").cast(pl.Int64, strict=False),
        _negative=pl.col("_negative") | is_growth,
        _kind_name=pl.col("kind").replace({code: word for word, code in SYNONYMS["kind"].items()}),
    )
    upper = (_number("value_upper") * pl.col("_factor")).round_sig_figs(_SIGNIFICANT_DIGITS)
    rows = rows.with_columns(_upper=pl.coalesce(upper, converted("upper")))
    value = pl.col("_q").struct.field("value")
    kind, measure = pl.col("kind"), pl.col("_measure")
    bound = pl.col("_q").struct.field("bound")
    is_wrong_bound = (
        pl.when(kind == "ceiling")
        .then(bound.is_in(["at_least", "more_than"]))
        .otherwise(bound.is_in(["at_most", "less_than"]))
    )
    is_interval = pl.col("_q").struct.field("upper").is_not_null()
    is_inexact = ~is_interval & (is_wrong_bound | (bound == "about"))
    kind_unfit = ((kind == "total") & (measure != "flow")) | (
        kind.is_in(["level", "net"]) & (measure == "flow")
    )
    return rows, [
        RowRule(
            "unknown_year", "year", ~pl.col("_year").is_between(*_YEARS).fill_null(value=False),
            "年度“{year}”无法识别", "应写作2025",
        ),
        RowRule(
            "unknown_year", "base_year",
            pl.col("base_year").is_not_null()
            & ~pl.col("_base").is_between(*_YEARS).fill_null(value=False),
            "基年“{base_year}”无法识别", "应写作2022",
        ),
        RowRule(
            "unknown_kind", "kind", ~kind.is_in(TARGET_KINDS).fill_null(value=False),
            "目标类型“{kind}”无法识别",
            "应为全年总量、年末水平、净增、增速、上限、区间或多年",
        ),
        RowRule(
            "unknown_strength", "strength", ~pl.col("strength").is_in(STRENGTHS),
            "约束“{strength}”无法识别", "应为下达、力争或推算",
        ),
        RowRule(
            "unknown_comparison", "comparison", ~pl.col("comparison").is_in([">=", ">"]),
            "比较符“{comparison}”无法识别", "应为>=或>",
        ),
        RowRule(
            "bad_date", "valid_from",
            pl.col("valid_from").is_not_null() & pl.col("_valid").is_null(),
            "生效日期“{valid_from}”无法识别", "应写作2025-05-01",
        ),
        RowRule(
            "bad_date", "issued", pl.col("issued").is_not_null() & pl.col("_issued").is_null(),
            "下达日期“{issued}”无法识别", "应写作2025-02-10",
        ),
        RowRule(
            "bad_month", "start_month",
            ~pl.col("_start").is_between(0, 11).fill_null(value=False),
            "起始月“{start_month}”无法识别", "应为0至11",
        ),
        RowRule(
            "bad_nodes", "nodes", ~pl.col("nodes").str.contains(NODES_PATTERN),
            "节点“{nodes}”无法识别", "应写作6:0.5;12:1",
        ),
        *_value_rules(),
        RowRule(
            "target_empty", "value", pl.col("_q").is_not_null() & value.is_null(),
            "目标值未填写或已隐去：{value}", "请填数值；没有目标则删去此行",
        ),
        RowRule(
            "target_not_exact", "value", is_inexact,
            "目标值“{value}”不是确数", "请填确数；不得突破的，目标类型填“上限”；至少达到的写“以上”",
        ),
        RowRule(
            "not_whole", "value",
            pl.col("_unit").is_in(sorted(COUNT_UNITS)) & ~is_growth
            & (pl.col("_q").struct.field("bound") == "exact")
            & (converted("value") != converted("value").round(0)),
            "“{_indicator_name}”的目标应为整数：{value}", "请填整数",
        ),
        RowRule(
            "target_kind_unfit", "kind", kind_unfit,
            "“{_indicator_name}”的口径不适用“{_kind_name}”目标",
            "当期累计指标填“全年总量”，期末和比率指标填“年末水平”或“净增”",
        ),
        RowRule(
            "range_without_upper", "value_upper",
            (kind == "range") & ~(pl.col("_upper") >= converted("value")).fill_null(value=False),
            "区间目标的上限缺失或低于下限", "请在“目标上限”栏填写上限",
        ),
        RowRule(
            "upper_unfit", "value_upper",
            (kind != "range")
            & (pl.col("value_upper").is_not_null() | pl.col("_upper").is_not_null()),
            "只有区间目标有上限，“{_kind_name}”目标没有", "目标类型改为“区间”，或只填一个数",
        ),
        RowRule(
            "base_year_missing", "base_year",
            (kind == "multi_year") & ~(pl.col("_base") < pl.col("_year")).fill_null(value=False),
            "多年目标缺少基年或基年不早于目标年", "请在“基年”栏填写基年",
        ),
    ], []  # fmt: skip
