"""Explanations: every figure of a Metric row follows from its inputs by the printed formula."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from kejistats import cli
from kejistats.api import Desk
from kejistats.explain import Explanation, Step, Tables, explain_row, texts
from kejistats.explain.formula import evaluate, input_keys
from kejistats.explain.printed_values import PRINT_KINDS
from kejistats.explain.row_context import BOUND_COLUMNS
from kejistats.metrics import Basis, metric_table
from kejistats.model.errors import UsageError
from kejistats.model.period import Checkpoint
from kejistats.model.registry import read_words
from kejistats.model.settings import Settings
from kejistats.model.tables import Metric
from kejistats.model.tables.metric import GROWTH_REASONS, PROGRESS, SHARE_REASONS, TARGET_REASONS
from kejistats.model.tables.observation import STATUSES
from kejistats.model.tables.target import STRENGTHS, TARGET_KINDS
from tests.factory import (
    CITY,
    COUNT,
    DISTRICT,
    MONEY,
    RATIO,
    STOCK,
    code,
    day,
    districts,
    indicators,
    observation,
    observations,
    target,
    targets,
)

NUMERIC = {
    name
    for name, kind in Metric.dtypes().items()
    if kind.is_numeric() and name not in ("year", "month")
}
REASONS = ["yoy_reason", "share_reason", "target_reason"]
# Columns that may be explained even where the row has no number or reason in them.
UNREQUIRED = {"status", "progress", "rank_shown", "rank", "rank_change", "attainment"}
INDICATORS = indicators(
    {"id": "net_inflow", "name": "净流入", "unit": "亿元", "decimals": 1, "negative": True},
    {"id": "firms", "unit": "家", "measure": "stock", "pace": "seasonal"},
    {"id": "halves", "unit": "家", "pace": "half"},
    {"id": "energy", "unit": "%", "measure": "ratio", "growth": "points", "direction": "down",
     "aggregate": "none"},
    {"id": "neutral", "unit": "家", "direction": "none"},
    {"id": "funds", "name": "到位资金", "unit": "万元", "levels": ["国家", "省"]},
    {"id": "part", "name": "小微企业占比", "unit": "%", "measure": "ratio", "growth": "points",
     "numerator": "neutral", "denominator": "halves", "aggregate": "ratio", "decimals": 1},
)  # fmt: skip
GENERATED = [
    "net_inflow", "firms", "halves", "energy", "neutral", "funds", "part", COUNT, MONEY, STOCK,
    RATIO,
]  # fmt: skip
SEEDS = [(seed, month) for seed, month in enumerate([5, 6, 6, 9, 12, 12])]
WORDS = read_words()


def tables_of(
    figures: list[dict[str, Any]],
    target_rows: list[dict[str, Any]] | None = None,
    at: str = "2025H1",
    district_table: pl.DataFrame | None = None,
    **settings: Any,
) -> Tables:
    """The Metric table of figures and targets, with the tables it was computed from."""
    dataset_settings = Settings("示例", CITY, **settings)
    basis = Basis(thresholds=dataset_settings.thresholds, benchmark=dataset_settings.benchmark)
    district_rows = districts() if district_table is None else district_table
    observed, target_table = observations(figures), targets(target_rows or [])
    metric_rows = metric_table(
        observed, target_table, district_rows, INDICATORS, Checkpoint.parse(at), basis=basis
    )
    return Tables(
        observed,
        target_table,
        district_rows,
        INDICATORS,
        metric_rows,
        Checkpoint.parse(at),
        dataset_settings,
        WORDS,
    )


def series(indicator: str, *values: tuple[int, int, float], **more: Any) -> list[dict[str, Any]]:
    """Figures of an indicator by year and month."""
    return [observation(indicator, value, year, month, **more) for year, month, value in values]


def explanations(tables: Tables) -> Iterator[Explanation]:
    """The explanation of every row."""
    for row in tables.metrics.select("district", "indicator", "level").iter_rows():
        yield explain_row(tables, *row)


def dataset_tables(dataset: Desk, at: str) -> Tables:
    """The tables of a data set."""
    checkpoint = Checkpoint.parse(at)
    return Tables(
        dataset.observations, dataset.targets, dataset.districts, dataset.indicators,
        dataset.metrics(checkpoint), checkpoint, dataset.settings, WORDS,
    )  # fmt: skip


def holds(step: Step) -> bool:
    """Whether the formula gives the number in the row, or is a comparison that is true."""
    recomputed = step.recompute()
    if recomputed is None:
        return True
    if isinstance(step.value, str):
        return recomputed is True
    assert isinstance(step.value, int | float)
    return math.isclose(recomputed, step.value, rel_tol=1e-9, abs_tol=1e-9)


def faults_of(explanation: Explanation) -> list[str]:
    """The columns of a row without an explanation, or whose formula gives another value."""
    row = explanation.row
    explained = {step.column for step in explanation.steps}
    required = {c for c in NUMERIC if row[c] is not None} | {c for c in REASONS if row[c]}
    where = f"{row['district']} {row['indicator']} {row['level']} {row['year']}-{row['month']}"
    faults = [f"{where}: {c} not explained" for c in sorted(required - explained)]
    faults += [f"{where}: {c} explained" for c in sorted(explained - required - UNREQUIRED)]
    for step in explanation.steps:
        if row[step.column] != step.value:
            faults.append(f"{where}: {step.column} is another value")
        for inner in (step, *step.derivations()):
            if not holds(inner):
                faults.append(f"{where}: {step.column}: {inner.line()} gives {inner.recompute()}")
    return faults


# ---- the table of formulas --------------------------------------------------------------


def test_every_numeric_column_has_a_formula_a_section_and_a_print_format() -> None:
    sections = [column for columns in texts.SECTIONS.values() for column in columns]

    assert {key.partition(":")[0] for key in texts.FORMULAS} == NUMERIC
    assert set(PRINT_KINDS) == NUMERIC
    assert set(sections) >= NUMERIC | set(REASONS)
    assert len(sections) == len(set(sections))


def test_every_reason_and_status_has_its_sentence() -> None:
    assert set(texts.GROWTH_REASONS) >= set(GROWTH_REASONS)
    assert set(texts.SHARE_REASONS) == set(SHARE_REASONS)
    assert set(texts.TARGET_REASONS) == set(TARGET_REASONS)
    assert set(texts.STATUS_TEXTS) >= set(STATUSES) - {"reported"}
    assert set(texts.STRENGTH_NAMES) == set(STRENGTHS)
    assert set(texts.TARGET_NAMES) == set(TARGET_KINDS)


def test_every_status_follows_from_a_rule_or_has_its_sentence() -> None:
    decided = {code for rules in texts.STATUS_RULES.values() for code, _ in rules}

    assert decided | set(texts.PROGRESS_TEXTS) >= set(PROGRESS)


@pytest.mark.parametrize("formula", [*texts.FORMULAS.values(), "{a} ≥ ⌊{b}⌋", "√({a}) = {b}"])
def test_every_formula_can_be_evaluated(formula: str) -> None:
    plain = formula.replace("Σ", "")
    values = {key: 1.5 + n for n, key in enumerate(input_keys(plain))}

    assert isinstance(evaluate(plain, values), float | bool)


@pytest.mark.parametrize("formula", ["__import__('os')", "{a}.real", "{a} if {b} else 1", "'a'"])
def test_a_formula_is_arithmetic_only(formula: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        evaluate(formula, {"a": 1.0, "b": 1.0})


# ---- what the formulas give is what the rows have ---------------------------------------


@pytest.fixture(scope="module")
def half(demo: Desk) -> list[Explanation]:
    """The explanations of every row of the demo city in the first half of 2025."""
    return list(explanations(dataset_tables(demo, "2025H1")))


def test_every_figure_of_the_demo_city_follows_from_its_inputs(half: list[Explanation]) -> None:
    assert [fault for explanation in half for fault in faults_of(explanation)] == []
    assert len(half) > 500


def test_every_figure_of_its_year_follows_from_its_inputs(demo: Desk) -> None:
    explained = list(explanations(dataset_tables(demo, "2025H2")))

    assert [fault for explanation in explained for fault in faults_of(explanation)] == []
    assert len(explained) > 700


def test_the_bounds_printed_follow_from_those_of_the_inputs(half: list[Explanation]) -> None:
    derived = {"more_than": "at_least", "less_than": "at_most"}
    steps = [(explanation.row, step) for explanation in half for step in explanation.steps]

    differing = [
        (row["district"], row["indicator"], step.column)
        for row, step in steps
        if step.column in BOUND_COLUMNS and isinstance(step.value, float) and not step.is_given
        if step.bound
        != derived.get(row[BOUND_COLUMNS[step.column]], row[BOUND_COLUMNS[step.column]])
    ]

    assert differing == []


@cache
def generated(seed: int, at: Checkpoint) -> Tables:
    """Six years of a city with a zone and a residual: masked, bounded, revised, with all targets."""
    chance = random.Random(seed)
    district_table = districts(
        5,
        {"code": "900190", "name": "高新区", "kind": "zone", "contained_in": DISTRICT},
        {"code": "900191", "name": "市本级", "kind": "residual"},
        {"code": code(5), "group": "乙"},
    )
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    target_rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for indicator in GENERATED:
        for district in district_table["code"]:
            if district == CITY and (indicator == "funds" or chance.random() < 0.5):
                continue
            for year in range(2020, 2026):
                for month in sorted({3, 6, 12, at.month}):
                    for row in _drawn_figures(chance, indicator, district, year, month):
                        key = (*(row[c] for c in ("level", "intake_id")), indicator, district)
                        rows[*key, year, month] = row
            for drawn in _drawn_targets(chance, indicator, district):
                key = tuple(drawn.get(c) for c in ("kind", "year", "strength", "valid_from"))
                target_rows[*key, indicator, district] = drawn
    settings = {"benchmark": code(2)}
    return tables_of(
        list(rows.values()), list(target_rows.values()), str(at), district_table, **settings
    )


def _drawn_figures(
    chance: random.Random, indicator: str, district: str, year: int, month: int
) -> Iterator[dict[str, Any]]:
    if chance.random() < 0.06:
        return
    for level in ["国家", "省"] if indicator == "funds" and chance.random() < 0.8 else [""]:
        value = float(chance.randrange(-30 if indicator == "net_inflow" else 0, 400))
        value *= chance.choice([1, 1, 1, 0.1])
        more: dict[str, Any] = {"level": level, "district": district}
        more["grade"] = chance.choice(["preliminary"] * 5 + ["final"])
        kind = chance.random()
        if kind < 0.08:
            status = chance.choice([("masked", "xx"), ("not_applicable", "无")])
            more |= {"status": status[0], "reported": status[1]}
            yield observation(indicator, None, year, month, **more)
            continue
        if kind < 0.2:
            more["bound"] = chance.choice(
                ["about", "at_least", "more_than", "at_most", "less_than"]
            )
        if chance.random() < 0.05:
            basis = chance.choice([None, "名义", "可比价"])
            more |= {"published_growth": chance.uniform(-30, 40), "growth_basis": basis}
        if chance.random() < 0.03:
            more["value_upper"] = value + 3
        if chance.random() < 0.03:
            more["as_of"] = day(f"{year}-{month:02d}-10")
        if chance.random() < 0.03:
            more["break_id"] = "新口径"
        yield observation(indicator, value, year, month, **more)
        if chance.random() < 0.03:
            more["break_id"] = chance.choice([None, "新口径"])
            yield observation(indicator, value + 1, year, month, vintage=2, **more)


def _drawn_targets(
    chance: random.Random, indicator: str, district: str
) -> Iterator[dict[str, Any]]:
    for kind in chance.sample(TARGET_KINDS, chance.choice([0, 1, 1, 2])):
        value = float(chance.choice([chance.randrange(400), chance.randrange(9)]))
        more: dict[str, Any] = {
            "comparison": chance.choice([">=", ">=", ">"]),
            "strength": chance.choice(["assigned", "aspired"]),
            "district": district,
            "start_month": chance.choice([0, 0, 0, 0, 3, 8]),
            "nodes": chance.choice([None] * 8 + ["6:0.4;9:0.8;12:1"]),
        }
        if kind == "range":
            more["value_upper"] = value + chance.randrange(100)
        year = 2025
        if kind == "multi_year":
            year = chance.choice([2025, 2026, 2027])
            more["base_year"] = chance.choice([2021, 2023, 2024])
        yield target(indicator, kind, value, year, **more)
        if chance.random() < 0.1 and kind != "range":
            more["valid_from"] = day("2025-02-01")
            yield target(indicator, kind, value + 7, year, vintage=3, **more)


@pytest.mark.parametrize(
    ("seed", "month"),
    [*SEEDS[::2], *(pytest.param(*run, marks=pytest.mark.long) for run in SEEDS[1::2])],
)
def test_every_figure_of_any_city_follows_from_its_inputs(seed: int, month: int) -> None:
    tables = generated(seed, Checkpoint(2025, month))

    assert [fault for explanation in explanations(tables) for fault in faults_of(explanation)] == []


def test_generated_cities_cover_every_column_and_status() -> None:
    rows = pl.concat(generated(seed, Checkpoint(2025, month)).metrics for seed, month in SEEDS)

    assert [c for c in sorted(NUMERIC) if rows[c].is_null().all()] == []
    assert set(rows["target_kind"].drop_nulls()) == set(TARGET_KINDS)
    # The demo city has the two others.
    assert set(rows["progress"]) >= set(PROGRESS) - {"missing", "near"}


@pytest.mark.parametrize(
    ("key", "formula"),
    [("yoy", "({A} − {B}) ÷ {A}"), ("attainment", "{T} ÷ {A}"), ("pace_gap", "{due} − {A}"),
     ("share", "{A} ÷ {W} × 100"), ("rank", "{better}"), ("due", "{p} + {T}")],
)  # fmt: skip
def test_a_wrong_formula_is_found(
    monkeypatch: pytest.MonkeyPatch, demo: Desk, key: str, formula: str
) -> None:
    monkeypatch.setitem(texts.FORMULAS, key, formula)

    explanation = explain_row(dataset_tables(demo, "2025H1"), "900101", "tech_sme_registered")

    assert any(key in fault for fault in faults_of(explanation))


# ---- where the inputs come from ---------------------------------------------------------


def test_every_cell_named_holds_the_figure_it_is_named_for(
    demo: Desk, half: list[Explanation]
) -> None:
    columns = ["source", "intake_id", "value"]
    stored = {*demo.observations.select(columns).rows(), *demo.targets.select(columns).rows()}
    # Node shares and growth rates are in percent in their source cells.
    in_percent = {"share_due", "published_growth", "required_growth", "two_year_average"}
    named = {
        (operand.source, operand.intake_id, operand.value)
        for explanation in half
        for step in explanation.steps
        if step.column not in in_percent
        for inner in (step, *step.derivations())
        for operand in inner.inputs
        if operand.source and operand.value is not None
    }
    derived = {
        operand
        for operand in named
        if " ÷ " in operand[0] or operand[0] in ("各区合计", "各级合计")
    }

    assert named - derived - stored == set()
    assert len(named - derived) > 2000


def test_every_source_of_a_row_is_listed_with_its_vintage(demo: Desk) -> None:
    explanation = demo.explain("900101", "tech_sme_registered", "2025H1")

    row, lines = explanation.row, str(explanation).splitlines()

    for source in (row["source"], row["target_source"], row["base_source"]):
        assert any(line.startswith("[") and f"] {source}（入库批次 0000" in line for line in lines)


# ---- how it reads -----------------------------------------------------------------------


def line(tables: Tables, column: str, indicator: str = COUNT, district: str = DISTRICT) -> str:
    """The line of a column."""
    return explain_row(tables, district, indicator)[column].line()


def test_a_linear_target_reads_as_its_arithmetic() -> None:
    figures = series(COUNT, (2025, 5, 105.0))
    tables = tables_of(figures, [target(COUNT, "total", 205.0)], "2025M05")

    assert line(tables, "attainment") == "完成率 51.2% = 累计 105件 ÷ 全年目标 205件"
    assert line(tables, "share_due") == (
        "应完成比例 41.7% = 已过 5个月 ÷ 12；按月均匀推进（月数÷12）"
    )
    assert line(tables, "due") == "应完成 85.4件 = 应完成比例 41.7% × 全年目标 205件"
    assert line(tables, "progress") == (
        "进度 快于序时进度：序时比 1.23 ≥ 快于界限 1.05；评价界限依次为1.05、1.00、0.95、0.60"
    )
    assert line(tables, "required_per_month") == (
        "月均需完成 14.3件 = 差距 100件 ÷ 剩余 7个月；计数进位取整后为15件"
    )


def test_a_target_of_exactly_the_small_count_is_no_small_count() -> None:
    figures = series(COUNT, (2025, 5, 4.0))

    small = tables_of(figures, [target(COUNT, "total", 9.9)], "2025M05")
    limit = tables_of(figures, [target(COUNT, "total", 10.0)], "2025M05")

    assert line(small, "progress").startswith("进度 达到序时进度：")
    assert line(limit, "progress").startswith("进度 基本达到：接近界限 0.95 ≤ 序时比 0.96")


def test_a_level_target_equal_to_last_december_means_hold() -> None:
    figures = series(STOCK, (2024, 12, 650.0), (2025, 6, 649.0))
    tables = tables_of(figures, [target(STOCK, "level", 650.0)])

    assert line(tables, "attainment", STOCK) == "完成率 目标不高于基数，按保持评价，不计完成率"
    assert line(tables, "progress", STOCK) == (
        "进度 未达到序时进度：期末数 649件 < 年末目标 650件 ≤ 2024年末 650件"
    )


def test_bounds_stand_before_their_numbers() -> None:
    figures = [
        *series(COUNT, (2025, 6, 500.0), bound="more_than"),
        *series(COUNT, (2024, 6, 400.0), bound="about"),
    ]
    tables = tables_of(figures, [target(COUNT, "total", 1000.0)])

    assert line(tables, "attainment") == "完成率 ≥50.0% = 累计 >500件 ÷ 全年目标 1000件"
    assert line(tables, "gap") == "差距 ≤500件 = 全年目标 1000件 − 累计 >500件"
    assert (
        line(tables, "yoy") == "同比 ≥+25.0% = (累计 >500件 − 上年同期 约400件) ÷ 上年同期 约400件"
    )


def test_an_open_comparison_says_what_the_figure_alone_would_give() -> None:
    figures = series(COUNT, (2025, 6, 110.0), bound="less_than")
    tables = tables_of(figures, [target(COUNT, "total", 200.0)])

    assert line(tables, "progress").startswith("进度 达到序时进度：序时比 ≤1.10 ≥ 快于界限 1.05")
    assert "按报告数计为“快于序时进度”，但数据为概数" in line(tables, "progress")
    assert line(tables, "target_reason") == "目标说明 数据为概数，与目标的比较不能确定"


def test_a_ratio_close_to_a_limit_is_printed_with_enough_decimals_to_differ() -> None:
    figures = series(COUNT, (2025, 6, 94999.0))
    tables = tables_of(figures, [target(COUNT, "total", 200000.0)])

    assert "滞后界限 0.60 ≤ 序时比 0.94999 < 接近界限 0.95" in line(tables, "progress")


def test_a_derived_total_lists_its_parts_with_their_cells() -> None:
    figures = [
        row for n in (1, 2, 3) for row in series(COUNT, (2025, 6, 10.0 * n), district=code(n))
    ]
    tables = tables_of(figures)

    assert line(tables, "value", district=CITY) == (
        "累计 60件 = 第1区 10件 + 第2区 20件 + 第3区 30件；本级未报送，为各地区之和；初步数"
    )
    explanation = explain_row(tables, DISTRICT, COUNT)
    assert explanation["share"].line() == "占比 16.7% = 累计 10件 ÷ 全市 60件"
    assert "　其中：全市 60件 = 第1区 10件[1] + 第2区 20件[" in str(explanation)
    parts = [operand.source for operand in next(explanation["share"].derivations()).inputs]
    assert parts == [row["source"] for row in figures]


def test_the_total_over_levels_lists_them() -> None:
    figures = [
        row for level, value in (("国家", 3.0), ("省", 4.0))
        for row in series("funds", (2025, 6, value), level=level)
    ]  # fmt: skip

    text = line(tables_of(figures), "value", "funds")

    assert text == "累计 7万元 = 国家 3万元 + 省 4万元；未报送合计，为各级别之和；初步数"


def test_a_sum_of_one_part_names_it() -> None:
    absent = observation("funds", None, level="省", status="not_applicable", reported="无")
    figures = [*series("funds", (2025, 6, 3.0), level="国家"), absent]

    text = line(tables_of(figures), "value", "funds")

    assert text.startswith("累计 3万元 = 国家 3万元；")


def test_a_growth_target_of_an_indicator_in_points_is_printed_in_its_unit() -> None:
    figures = series(RATIO, (2024, 6, 10.0), (2025, 6, 13.0))
    tables = tables_of(figures, [target(RATIO, "growth", 2.0)])

    expected = "较序时(点) +1.00件/万人 = 同比 +3.00件/万人 − 增长目标 +2.00件/万人"
    assert line(tables, "pace_gap_points", RATIO) == expected
    assert "增速与目标之差 +1.00件/万人 ≥ 快于界限 1.00" in line(tables, "progress", RATIO)


def test_a_computed_ratio_has_both_sides() -> None:
    figures = [*series("neutral", (2025, 6, 1.0)), *series("halves", (2025, 6, 3.0))]

    explanation = explain_row(tables_of(figures), DISTRICT, "part")

    assert explanation["value"].line() == (
        "本期值 33.33% = neutral 1家 ÷ halves 3家 × 100%；由分子、分母计算，不作平均；初步数"
    )
    assert [operand.source for operand in explanation["value"].inputs[:2]] == [
        f["source"] for f in figures
    ]


def test_a_seasonal_share_names_its_years_and_the_band() -> None:
    past = [(2022, 6, 12.75), (2022, 12, 32.0), (2023, 6, 12.75), (2023, 12, 32.0),
            (2024, 6, 16.5), (2024, 12, 36.0)]  # fmt: skip
    figures = series(MONEY, *past, (2025, 6, 18.6))
    tables = tables_of(figures, [target(MONEY, "total", 40.0)])

    assert line(tables, "share_due", MONEY) == (
        "应完成比例 42.0% = (2022年上半年 12.75亿元 + 2023年上半年 12.75亿元 + 2024年上半年 16.5亿元)"
        " ÷ (2022年全年 32亿元 + 2023年全年 32亿元 + 2024年全年 36亿元)；按近三年同期占全年比重"
    )
    assert line(tables, "share_due_low", MONEY) == (
        "应完成比例下限 39.8% = 2022年上半年 12.75亿元 ÷ 2022年全年 32亿元"
    )
    assert line(tables, "outlook_low", MONEY) == (
        "机械推算下限 40.58亿元 = 累计 18.6亿元 ÷ 2024年同期占全年比重 45.8%；"
        "按2022、2023、2024年同期进度机械推算，仅供参考"
    )


def test_published_growth_stands_beside_the_computed_with_its_basis() -> None:
    figures = [
        *series(COUNT, (2024, 6, 100.0)),
        *series(COUNT, (2025, 6, 112.0), published_growth=11.8, growth_basis="可比价"),
    ]

    assert line(tables_of(figures), "published_growth") == (
        "公布增速 +11.8%；可比价口径；评价和显示优先采用公布增速；按报送数计算为+12.0%"
    )


def test_a_target_of_several_years_counts_from_its_base() -> None:
    figures = series(STOCK, (2022, 12, 100.0), (2025, 6, 160.0))
    tables = tables_of(figures, [target(STOCK, "multi_year", 200.0, base_year=2022)])

    assert line(tables, "attainment", STOCK) == (
        "完成率 60.0% = (期末数 160件 − 2022年末 100件) ÷ (2025年目标 200件 − 2022年末 100件)"
    )
    assert line(tables, "observed_cagr", STOCK).endswith(
        "= (期末数 160件 ÷ 2022年末 100件)^(1 ÷ 2.50年) − 1"
    )


@pytest.mark.parametrize(
    ("figures", "column", "text"),
    [
        ([observation(COUNT, None, status="masked", reported="xx家")], "status",
         "累计 数据未公布，不评价、不计算、不排名（原文 xx家）"),
        ([observation(COUNT, None, status="masked", reported="xx家")], "yoy_reason",
         "同比说明 本期数未公布，不计同比"),
        ([observation(COUNT, None)], "status", "累计 截至本期未报送，不计算、不排名"),
        (series(COUNT, (2025, 6, 5.0), (2024, 6, 0.0)), "yoy_reason",
         "同比说明 上年同期为零，不计同比；有记录以来首次发生，实现零的突破"
         "（累计 5件，上年同期 0件）"),
        (series(COUNT, (2025, 6, 5.0)), "yoy_reason", "同比说明 缺上年同期数，不计同比"),
        (series(COUNT, (2025, 6, 5.0)), "share_reason",
         "占比说明 没有全市数，各地区数又不全或不可比，不计占比"),
        (series(COUNT, (2025, 6, 5.0), bound="about"), "rank", "位次 数据为概数，不参与排名"),
    ],
)  # fmt: skip
def test_an_absent_figure_is_explained_in_a_sentence(
    figures: list[dict[str, Any]], column: str, text: str
) -> None:
    assert line(tables_of(figures), column) == text


@pytest.mark.parametrize(
    ("indicator", "kind", "value", "column", "text"),
    [
        (MONEY, "total", 40.0, "target_reason", "目标说明 缺少可用的往年同期数据，不设序时进度"),
        (MONEY, "growth", 8.0, "attainment", "完成率 增长目标只比较增速，不计完成率"),
        (MONEY, "ceiling", 40.0, "progress", "进度 控制在上限内：累计 18.6亿元 ≤ 控制数 40亿元"),
        (STOCK, "net", 40.0, "target_reason",
         "目标说明 缺目标基数（上年末或基年末的可比数），不计算完成率和序时进度"),
    ],
)  # fmt: skip
def test_a_target_that_cannot_be_applied_in_full_says_why(
    indicator: str, kind: str, value: float, column: str, text: str
) -> None:
    figures = series(indicator, (2025, 6, 18.6))
    tables = tables_of(figures, [target(indicator, kind, value)])

    assert line(tables, column, indicator) == text


# ---- its formats ------------------------------------------------------------------------


def test_an_explanation_is_a_frame_a_text_and_an_html_page(demo: Desk) -> None:
    explanation = demo.explain("朝岚区", "科技型中小企业入库数", "2025H1")

    frame = explanation.frame
    assert frame.columns == ["column", "title", "value", "formula", "inputs", "sources"]
    share = frame.row(by_predicate=pl.col("column") == "share", named=True)
    assert (share["title"], share["value"]) == ("占比", "8.8%")
    assert share["formula"] == "累计 215家 ÷ 全市 2441家"
    assert "D9、D475（入库批次 0000" in share["sources"]
    assert explanation.row["value"] == 215.0
    assert str(explanation).startswith(
        "朝岚区（900101）　科技型中小企业入库数　2025年上半年（1—6月）\n"
    )
    assert repr(explanation) == str(explanation)
    page = explanation._repr_html_()
    assert page.count("<tr>") == page.count("</tr>") > 40
    assert "占比" in page
    with pytest.raises(KeyError):
        explanation["colour"]


def test_nothing_received_is_markup_or_control(tmp_path: Path) -> None:
    district_table = districts(2, {"code": DISTRICT, "name": "<b>甲</b>\x1b[31m区"})
    hostile_source = "<script>alert(1)</script>\u202e.csv#D2"
    tables = tables_of(
        series(COUNT, (2025, 6, 5.0), source=hostile_source), district_table=district_table
    )

    explanation = explain_row(tables, DISTRICT, COUNT)

    assert "<script" not in explanation._repr_html_()
    assert "<b>" not in explanation._repr_html_()
    assert "&lt;script&gt;" in explanation._repr_html_()
    for text in (str(explanation), explanation._repr_html_()):
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_an_indicator_is_found_by_all_its_names(demo: Desk) -> None:
    row = demo.indicators.row(by_predicate=pl.col("id") == "tech_sme_registered", named=True)
    names = [row["id"], row["name"], row["short"], *row["aliases"]]

    texts_printed = {str(demo.explain(900101, name, "2025H1")) for name in names}

    assert len(names) > 3
    assert len(texts_printed) == 1


def test_levels_have_explanations_of_their_own(demo: Desk) -> None:
    over_levels = demo.explain("900101", "proj_funds_won", "2025H1")
    of_province = demo.explain("900101", "proj_funds_won", "2025H1", level="省")

    assert of_province.row["value"] < over_levels.row["value"]
    assert "·省级" in of_province.title


def test_it_explains_what_was_known_on_a_day(demo: Desk) -> None:
    frame = demo.targets.filter(pl.col("valid_from").is_not_null())
    row = frame.row(0, named=True)
    day_before = row["issued"].replace(day=1)

    earlier = demo.explain(row["district"], row["indicator"], "2025H1", as_known=day_before)
    current = demo.explain(row["district"], row["indicator"], "2025H1")

    assert earlier.row["target"] == current.row["target_original"]
    assert current["target_original"].text == earlier["target"].text


@pytest.mark.parametrize(
    ("district", "indicator", "level", "message", "remedy"),
    [
        ("朝岗区", "hnte_total", "", "no district '朝岗区'", "朝岚区"),
        ("900101", "高新技术企业申报", "", "unknown indicator '高新技术企业申报'", "高新技术企业申报数"),
        ("900101", "zzz", "", "unknown indicator 'zzz'", "schemas/indicators/"),
        ("900101", "rd_fte", "", "朝岚区 has no row of 研发人员全时当量 at 2025H1", "it has rows of:"),
        ("900101", "hnte_total", "省", "of level '省'", "available levels: the total"),
    ],
)  # fmt: skip
def test_a_missing_row_is_refused_with_the_rows_available(
    demo: Desk, district: str, indicator: str, level: str, message: str, remedy: str
) -> None:
    with pytest.raises(UsageError) as caught:
        demo.explain(district, indicator, "2025H1", level=level)

    assert message in caught.value.message
    assert remedy in caught.value.remedy


# ---- the command line -------------------------------------------------------------------


def invoke(workspace: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """Run the command and return its output."""
    monkeypatch.chdir(workspace)
    result = CliRunner().invoke(cli.app, ["explain", "data/demo-city", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_command_prints_the_explanation(
    workspace: Path, demo: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = invoke(workspace, monkeypatch, "900101", "有效高新技术企业数", "-c", "2025H1")

    assert printed == f"{demo.explain('900101', 'hnte_total', '2025H1')}\n"


def test_the_command_prints_json_with_unrounded_numbers(
    workspace: Path, demo: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = invoke(
        workspace, monkeypatch, "朝岚区", "tech_sme_registered", "-c", "2025H1", "--json"
    )

    content: Mapping[str, Any] = json.loads(printed)
    row = demo.explain("900101", "tech_sme_registered", "2025H1").row
    share = next(step for step in content["steps"] if step["column"] == "share")
    assert share["value"] == content["row"]["share"] == row["share"]
    assert [operand["name"] for operand in share["inputs"]] == ["累计", "全市"]
    assert all(operand["source"] and operand["intake_id"] for operand in share["inputs"])


def test_wrong_use_of_the_command_is_reported(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace)

    result = CliRunner().invoke(cli.app, ["explain", "data/demo-city", "900101", "zzz"])

    assert isinstance(result.exception, UsageError)
    assert result.exception.exit_code == 2
