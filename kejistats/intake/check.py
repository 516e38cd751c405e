"""Rows as received to rows of a model and findings; the first fault of a row is its finding."""

from __future__ import annotations

import json
from dataclasses import dataclass

import polars as pl

from kejistats.intake.columns import (
    WORDS,
    Form,
    checkpoint_months,
    date_expr,
    mapped,
    nearest,
    with_quantity,
)
from kejistats.intake.read import ROW
from kejistats.registry import names_of
from kejistats.schema import Finding, Target
from kejistats.schema.indicator import NODES
from kejistats.units import factor

_WHOLE = ["家", "户", "个", "项", "件", "场", "次", "人", "名", "位", "份", "人次"]


@dataclass(frozen=True)
class Fault:
    """One rule over the rows of a sheet.

    Parameters
    ----------
    rule
        Id of the rule.
    column
        Column whose cell is at fault.
    mask
        True where the rule is broken; null counts as not broken.
    wrong, right
        Chinese text with {placeholders} of the row's columns.
    severity
        error keeps the row out; warning lets it in.
    """

    rule: str
    column: str
    mask: pl.Expr
    wrong: str
    right: str
    severity: str = "error"


def check_form(
    form: Form, districts: pl.DataFrame, indicators: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Check one sheet.

    Parameters
    ----------
    form
        The recognised sheet.
    districts, indicators
        The District and Indicator tables.

    Returns
    -------
    accepted, findings : polars.DataFrame
        Rows of Observation or Target without ``received``, and the Finding table.
    """
    rows = _with_names(form.sheet.rows, districts, indicators)
    for column, words in WORDS.items():
        if column in rows.columns:
            rows = rows.with_columns(pl.col(column).replace(words))
    rows = _with_unit(with_quantity(rows, "value"))
    rows, faults = (_target_rules if form.table == "targets" else _observation_rules)(rows)
    names = [*districts["name"], *districts["code"]], list(names_of(indicators))
    findings, bad = _findings(form, rows, [*_name_rules(), *faults], names)
    good = rows.filter(~pl.col(ROW).is_in(bad))
    table = _as_targets(form, good) if form.table == "targets" else _as_observations(form, good)
    return table, findings


def _with_names(
    rows: pl.DataFrame, districts: pl.DataFrame, indicators: pl.DataFrame
) -> pl.DataFrame:
    codes = {n: c for c, n in districts.select("code", "name").iter_rows()}
    codes |= {c: c for c in districts["code"]}
    ids = names_of(indicators)
    facts = indicators.select(
        pl.col("id").alias("_id"), pl.col("unit").alias("_unit"), pl.col("units").alias("_units"),
        pl.col("negative").alias("_negative"), pl.col("measure").alias("_measure"),
        pl.col("name").alias("_indicator_name"),
    )  # fmt: skip
    rows = mapped(rows, "district", codes.get, pl.String, "_code")
    rows = mapped(rows, "indicator", ids.get, pl.String, "_id")
    return rows.join(facts, on="_id", how="left", maintain_order="left")


def _with_unit(rows: pl.DataFrame) -> pl.DataFrame:
    """Add ``_factor`` from the unit written with the number, in the unit column, or none."""
    written = pl.col("_q").struct.field("unit").replace("", None)
    rows = rows.with_columns(
        pl.coalesce(written, pl.col("unit"), pl.col("_unit")).alias("_given"),
        pl.coalesce(written, pl.col("unit")).is_null().alias("_no_unit"),
    )
    pairs = rows.select("_id", "_given", "_unit", "_units").unique(["_id", "_given"])
    factors = [
        factor(given, unit, tuple(units or ())) if given and unit else None
        for _, given, unit, units in pairs.iter_rows()
    ]
    table = pairs.select("_id", "_given", pl.Series("_factor", factors, dtype=pl.Float64))
    return rows.join(
        table, on=["_id", "_given"], how="left", nulls_equal=True, maintain_order="left"
    )


def _name_rules() -> list[Fault]:
    return [
        Fault(
            "unknown_district", "district", pl.col("_code").is_null(),
            "地区“{district}”不在名单内", "{near_district}",
        ),
        Fault(
            "unknown_indicator", "indicator", pl.col("_id").is_null(),
            "指标“{indicator}”不在指标目录内", "{near_indicator}",
        ),
    ]  # fmt: skip


def _value_rules() -> list[Fault]:
    value = pl.col("_q").struct.field("value")
    money = pl.col("_unit").is_in(["万元", "亿元", "万平方米"])
    given = (pl.col("unit").is_null() | (pl.col("unit") == pl.col("_unit"))) & money
    return [
        Fault(
            "not_a_number", "value", pl.col("_q").is_null(),
            "{_fault}", "请填数值；未公布填“xx”，未发生填“0”，无此项填“无”",
        ),
        Fault(
            "unit_ambiguous", "value", pl.col("_q").struct.field("scaled") & given,
            "“{value}”未写明是{_unit}还是其他单位", "请连同单位填写，如“3.2{_unit}”",
        ),
        Fault(
            "unit_mismatch", "value",
            pl.col("_q").is_not_null() & pl.col("_factor").is_null(),
            "单位“{_given}”不能换算为“{_unit}”", "请按“{_unit}”填报",
        ),
        Fault(
            "negative", "value", (value < 0) & ~pl.col("_negative"),
            "“{_indicator_name}”不能为负数：{value}", "请核对后填报",
        ),
    ]  # fmt: skip


def _observation_rules(rows: pl.DataFrame) -> tuple[pl.DataFrame, list[Fault]]:
    rows = mapped(rows, "checkpoint", checkpoint_months, pl.Int64, "_at")
    rows = with_growth(rows)
    rows = rows.with_columns(
        year=pl.col("_at") // 100,
        month=pl.col("_at") % 100,
        level=pl.col("level").fill_null(""),
        grade=pl.col("grade").fill_null("preliminary"),
        _as_of=date_expr("as_of"),
        _published=date_expr("published"),
        _scaled=(pl.col("_q").struct.field("value") * pl.col("_factor")).round(6),
    )
    exact = pl.col("_q").struct.field("bound") == "exact"
    count = pl.col("_unit").is_in(_WHOLE) & exact
    value = pl.col("_scaled")
    key = [pl.col("_code"), pl.col("_id"), pl.col("level"), pl.col("_at")]
    rows = rows.with_columns(_first=pl.col(ROW).min().over(key))
    grades, levels = ["forecast", "preliminary", "final"], ["", "国家", "省", "市", "区县"]
    return rows, [
        Fault(
            "unknown_checkpoint", "checkpoint", pl.col("_at").is_null(),
            "期别“{checkpoint}”无法识别", "应写作2025H1、2025Q3、2025M05或2025",
        ),
        Fault(
            "unknown_level", "level", ~pl.col("level").is_in(levels),
            "级别“{level}”无法识别", "应为国家、省、市、区县，合计不填",
        ),
        Fault(
            "unknown_grade", "grade", ~pl.col("grade").is_in(grades),
            "数据级别“{grade}”无法识别", "应为预计、快报或年报",
        ),
        Fault(
            "bad_date", "as_of",
            pl.col("as_of").is_not_null() & pl.col("_as_of").is_null(),
            "截止日期“{as_of}”无法识别", "应写作2025-06-30",
        ),
        Fault(
            "bad_date", "published",
            pl.col("published").is_not_null() & pl.col("_published").is_null(),
            "公布日期“{published}”无法识别", "应写作2025-06-30",
        ),
        *_value_rules(),
        Fault(
            "not_whole", "value", count & (value != value.round(0)),
            "“{_indicator_name}”应为整数：{value}", "请填整数；概数写“约”",
        ),
        Fault(
            "duplicate_key", "value", pl.col(ROW) > pl.col("_first"),
            "与第{_first}行重复（同一地区、指标、期别）", "同一数据只报一行",
        ),
        Fault(
            "growth_not_a_number", "published_growth", pl.col("_growth_fault"),
            "增速“{published_growth}”不是数值，未采用", "应写作12.3或12.3%", "warning",
        ),
    ]  # fmt: skip


def with_growth(rows: pl.DataFrame) -> pl.DataFrame:
    """Add ``_growth`` in percent, and ``_growth_fault`` where the text is no number."""
    text = pl.col("published_growth").str.replace(r"^(.*?)(%|％|个百分点)$", "${1}")
    return rows.with_columns(_growth=text.cast(pl.Float64, strict=False)).with_columns(
        _growth_fault=pl.col("published_growth").is_not_null() & pl.col("_growth").is_null()
    )


def _target_rules(rows: pl.DataFrame) -> tuple[pl.DataFrame, list[Fault]]:
    growth = pl.col("kind") == "growth"
    points = pl.col("_given").is_in(["%", "个百分点"]) | pl.col("_no_unit")
    rows = rows.with_columns(
        _year=pl.col("year").str.extract(r"^(\d{4})年?$").cast(pl.Int64),
        strength=pl.col("strength").fill_null("assigned"),
        comparison=pl.col("comparison").fill_null(">="),
        _factor=pl.when(growth).then(pl.when(points).then(1.0)).otherwise(pl.col("_factor")),
        _valid=date_expr("valid_from"),
        _issued=date_expr("issued"),
        _start=pl.col("start_month").fill_null("0").cast(pl.Int64, strict=False),
        _base=pl.col("base_year").cast(pl.Int64, strict=False),
        _negative=pl.col("_negative") | growth,
    )
    upper = pl.col("value_upper").cast(pl.Float64, strict=False) * pl.col("_factor")
    rows = rows.with_columns(
        _upper=pl.coalesce(upper, pl.col("_q").struct.field("upper") * pl.col("_factor"))
    )
    value = pl.col("_q").struct.field("value")
    key = [pl.col("_code"), pl.col("_id"), *map(pl.col, ("_year", "kind", "strength", "_valid"))]
    rows = rows.with_columns(_first=pl.col(ROW).min().over(key))
    kind, measure = pl.col("kind"), pl.col("_measure")
    titles = Target.to_schema().columns
    kinds = titles["kind"].checks[0].statistics["allowed_values"]
    strengths = titles["strength"].checks[0].statistics["allowed_values"]
    unfit = ((kind == "total") & (measure != "flow")) | (
        kind.is_in(["level", "net"]) & (measure == "flow")
    )
    return rows, [
        Fault(
            "unknown_year", "year", pl.col("_year").is_null(), "年度“{year}”无法识别", "应写作2025"
        ),
        Fault(
            "unknown_kind", "kind", ~kind.is_in(kinds).fill_null(value=False),
            "目标类型“{kind}”无法识别",
            "应为total、level、net、growth、ceiling、range或multi_year",
        ),
        Fault(
            "unknown_strength", "strength", ~pl.col("strength").is_in(strengths),
            "约束“{strength}”无法识别", "应为assigned（下达）、aspired（力争）或implied（推算）",
        ),
        Fault(
            "unknown_comparison", "comparison", ~pl.col("comparison").is_in([">=", ">"]),
            "比较符“{comparison}”无法识别", "应为>=或>",
        ),
        Fault(
            "bad_date", "valid_from",
            pl.col("valid_from").is_not_null() & pl.col("_valid").is_null(),
            "生效日期“{valid_from}”无法识别", "应写作2025-05-01",
        ),
        Fault(
            "bad_date", "issued", pl.col("issued").is_not_null() & pl.col("_issued").is_null(),
            "下达日期“{issued}”无法识别", "应写作2025-02-10",
        ),
        Fault(
            "bad_month", "start_month",
            ~pl.col("_start").is_between(0, 11).fill_null(value=False),
            "起始月“{start_month}”无法识别", "应为0至11",
        ),
        Fault(
            "bad_nodes", "nodes", ~pl.col("nodes").str.contains(NODES),
            "节点“{nodes}”无法识别", "应写作6:0.5;12:1",
        ),
        *_value_rules(),
        Fault(
            "target_empty", "value", pl.col("_q").is_not_null() & value.is_null(),
            "目标值未填写或已隐去：{value}", "请填数值；没有目标则删去此行",
        ),
        Fault(
            "target_kind_unfit", "kind", unfit,
            "“{_indicator_name}”的口径不适用{kind}目标",
            "当期累计指标用total，期末和比率指标用level或net",
        ),
        Fault(
            "range_without_upper", "value_upper",
            (kind == "range") & ~(pl.col("_upper") >= value * pl.col("_factor")).fill_null(value=False),
            "区间目标的上限缺失或低于下限", "在value_upper填写上限",
        ),
        Fault(
            "base_year_missing", "base_year",
            (kind == "multi_year") & ~(pl.col("_base") < pl.col("_year")).fill_null(value=False),
            "多年目标缺少基年或基年不早于目标年", "在base_year填写基年",
        ),
        Fault(
            "duplicate_key", "value", pl.col(ROW) > pl.col("_first"),
            "与第{_first}行重复（同一地区、指标、年度、类型和约束）", "同一目标只报一行",
        ),
    ]  # fmt: skip


def _findings(
    form: Form, rows: pl.DataFrame, faults: list[Fault], names: tuple[list[str], list[str]]
) -> tuple[pl.DataFrame, list[int]]:
    """Return the findings, and the numbers of rows an error keeps out."""
    first = pl.coalesce(
        pl.when(fault.mask.fill_null(value=False)).then(pl.lit(i)) for i, fault in enumerate(faults)
    )
    faulty = rows.with_columns(_rule=first).filter(pl.col("_rule").is_not_null())
    received = [c for c in form.sheet.rows.columns if c != ROW]
    found, bad = [], []
    for row in faulty.iter_rows(named=True):
        fault = faults[row["_rule"]]
        given = {k: "" if row[k] is None else row[k] for k in row}
        given["near_district"] = nearest(str(given["district"]), names[0])
        given["near_indicator"] = nearest(str(given["indicator"]), names[1])
        if fault.severity == "error":
            bad.append(row[ROW])
        found.append(
            {
                "rule": fault.rule,
                "severity": fault.severity,
                "file": form.sheet.file,
                "sheet": form.sheet.name,
                "cell": form.sheet.cell(fault.column, row[ROW]),
                "row": json.dumps({c: row[c] for c in received}, ensure_ascii=False),
                "wrong": fault.wrong.format(**given),
                "right": fault.right.format(**given),
                "received": None,
            }
        )
    return pl.DataFrame(found, schema=Finding.dtypes()), bad


def _as_observations(form: Form, rows: pl.DataFrame) -> pl.DataFrame:
    q = pl.col("_q").struct
    return rows.select(
        pl.col("_code").alias("district"),
        pl.col("_id").alias("indicator"),
        "level",
        "year",
        "month",
        pl.col("_scaled").alias("value"),
        (q.field("upper") * pl.col("_factor")).alias("value_upper"),
        q.field("status"),
        "grade",
        q.field("bound"),
        pl.col("_growth").alias("published_growth"),
        "growth_basis",
        pl.col("_as_of").alias("as_of"),
        pl.col("_published").alias("published"),
        "break_id",
        pl.col("value").fill_null("").alias("reported"),
        "note",
        form.sheet.source("value").alias("source"),
        pl.lit(None, dtype=pl.String).alias("received"),
    )


def _as_targets(form: Form, rows: pl.DataFrame) -> pl.DataFrame:
    stated = pl.col("source").map_elements(lambda s: f"（{s}）", return_dtype=pl.String).fill_null("")
    return rows.select(
        pl.col("_code").alias("district"),
        pl.col("_id").alias("indicator"),
        pl.col("_year").alias("year"),
        "kind",
        (pl.col("_q").struct.field("value") * pl.col("_factor")).round(6).alias("value"),
        pl.when(pl.col("kind") == "range").then(pl.col("_upper")).alias("value_upper"),
        "comparison",
        "strength",
        "issuer",
        pl.col("_issued").alias("issued"),
        pl.col("_valid").alias("valid_from"),
        pl.col("_start").alias("start_month"),
        pl.col("_base").alias("base_year"),
        "nodes",
        pl.col("value").fill_null("").alias("reported"),
        pl.concat_str(form.sheet.source("value"), stated).alias("source"),
        pl.lit(None, dtype=pl.String).alias("received"),
    )


