"""Chains of stages: their declaration, their conversions, and the findings of intake."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kejistats.dataset import Dataset
from kejistats.intake import check_file, ingest
from kejistats.intake.comparisons import compare
from kejistats.metrics import conversions
from kejistats.metrics.conversions import links
from kejistats.model.chains import read_chains
from kejistats.model.errors import UsageError
from kejistats.model.settings import Checks
from kejistats.model.tables import Conversion, Target
from kejistats.model.tables.observation import BOUNDS
from tests.factory import (
    CITY,
    DISTRICT,
    ROOT,
    code,
    day,
    districts,
    indicators,
    make_dataset,
    metrics,
    observation,
    observations,
    registry,
    write_csv,
)
from tests.metrics.factory import MASKED, NOT_APPLICABLE, Row

# Released, matched and signed count the same things; money and stock do not.
KNOWN = indicators(
    {"id": "released"},
    {"id": "matched"},
    {"id": "signed"},
    {"id": "money", "unit": "万元"},
    {"id": "standing", "measure": "stock"},
    {"id": "quota", "measure": "ratio", "unit": "%", "growth": "points"},
    {"id": "balance", "negative": True},
)
RELEASED = """\
[[chain]]
id = "released"
name = "机会清单"
stages = ["released", "matched", "signed"]
labels = ["发布", "对接", "签约"]
must_not_exceed = ["matched", "signed"]
"""
FREE = '[[chain]]\nid = "free"\nname = "专利"\nstages = ["patent_applied", "patent_granted"]\n'


def declared(folder: Path, text: str) -> pl.DataFrame:
    """Read a chains.toml with this text."""
    file = folder / "chains.toml"
    file.write_text(text, encoding="utf-8")
    return read_chains(KNOWN, file)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """Return a chain whose stages must not exceed the one before."""
    return declared(tmp_path_factory.mktemp("released"), RELEASED)


# Declaration.


def test_the_shipped_chains_are_read_and_their_stages_exist() -> None:
    chains = read_chains(registry())

    ids = registry()["id"].to_list()
    assert {"hnte", "project", "patent", "invention"} <= set(chains["id"])
    for chain in chains.iter_rows(named=True):
        assert set(chain["stages"]) <= set(ids)
        assert len(chain["labels"]) == len(chain["stages"])


def test_grants_and_certificates_of_a_year_may_exceed_its_applications() -> None:
    bound = {row["id"]: row["must_not_exceed"] for row in read_chains(registry()).to_dicts()}

    assert [bound[c] for c in ("hnte", "project", "patent", "invention")] == [[]] * 4


def test_a_chain_without_labels_has_the_short_names(tmp_path: Path) -> None:
    shorts = dict(registry().select("id", "short").iter_rows())

    chains = declared(tmp_path, FREE)

    assert chains["labels"].to_list() == [[shorts["patent_applied"], shorts["patent_granted"]]]
    assert chains["must_not_exceed"].to_list() == [[]]


def test_a_missing_file_declares_no_chains(tmp_path: Path) -> None:
    assert read_chains(KNOWN, tmp_path / "none.toml").is_empty()


REFUSED = [
    ("not TOML", "[[chain]\n", "not valid TOML", "fix"),
    ("an unknown key", FREE + "stage = []\n", "line 5: .*stage", "chains.schema.json"),
    ("no name", '[[chain]]\nid = "free"\nstages = ["a", "b"]\n', "line 1: .*name", "schema"),
    ("a bad id", FREE.replace('"free"', '"Free Chain"'), "line 2: .*id", "schema"),
    ("one stage", FREE.replace(', "patent_granted"', ""), "line 4: .*at least 2", "schema"),
    ("an unknown indicator", FREE.replace("patent_granted", "patent_grantd"),
     "line 4: chain free: stage 'patent_grantd' is not an indicator", "did you mean 'patent_granted'"),
    ("an unknown indicator on a line of its own",
     FREE.replace('["patent_applied", "patent_granted"]',
                  '[\n  "patent_applied",\n  "nothing_like_it",\n]'),
     "line 6: chain free: stage 'nothing_like_it'", ""),
    ("a stage named twice", FREE.replace("patent_granted", "patent_applied"),
     "line 4: chain free: stages names 'patent_applied' twice", "once"),
    ("the same id twice", FREE + FREE.replace("专利", "专利二"),
     "line 6: chain free: id 'free' is already used in .*line 2", "another id"),
    ("the same name twice", FREE + FREE.replace('"free"', '"more"'),
     "line 7: chain more: name '专利' is already used in .*line 3", "another name"),
    ("two units", FREE.replace("patent_granted", "money"),
     "line 4: chain free: patent_applied is in 件, money in 万元", "beside"),
    ("a flow and a stock", FREE.replace("patent_granted", "standing"),
     "line 4: chain free: patent_applied is a flow, standing a stock", "cannot be divided"),
    ("a ratio", FREE.replace("patent_granted", "quota"), "stage 'quota' is a ratio", "must be a count"),
    ("what may be negative", FREE.replace("patent_granted", "balance"),
     "stage 'balance' may be below zero", "must be a count"),
    ("labels that do not fit", FREE + 'labels = ["申请"]\n',
     "line 5: chain free: 1 labels for 2 stages", "one label for each"),
    ("beside that is no stage", FREE + 'beside = ["money"]\n',
     "line 5: chain free: beside names 'money'", "its stages are: patent_applied"),
    ("beside in the same unit",
     FREE.replace('granted"]', 'granted", "released"]') + 'beside = ["released"]\n',
     "line 5: chain free: 'released' is in 件 like the other", "remove it from beside"),
    ("all but one beside", FREE.replace("patent_granted", "money") + 'beside = ["money"]\n',
     "line 4: chain free: fewer than two stages are in the same unit", "two stages"),
    ("a rule for what is no stage", FREE + 'must_not_exceed = ["signed"]\n',
     "line 5: chain free: must_not_exceed names 'signed'", "its stages are"),
    ("a rule for the first stage", FREE + 'must_not_exceed = ["patent_applied"]\n',
     "line 5: chain free: 'patent_applied' has no stage before", "it may name: patent_granted"),
    ("a rule for another unit",
     FREE.replace('granted"]', 'granted", "money"]') + 'beside = ["money"]\nmust_not_exceed = ["money"]\n',
     "line 6: chain free: 'money' is in another unit", "it may name: patent_granted"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "wrong", "right"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_an_invalid_chain_is_refused_with_its_line(
    tmp_path: Path, text: str, wrong: str, right: str
) -> None:
    with pytest.raises(UsageError, match=f"(?s)chains.toml.*{wrong}") as error:
        declared(tmp_path, text)

    assert right in error.value.remedy


def test_a_data_set_may_declare_chains_of_its_own(city: Path) -> None:
    (city / "chains.toml").write_text(FREE.replace("专利", "市专利"), encoding="utf-8")

    chains = Dataset(city).declared_chains

    assert chains["id"].to_list() == [*read_chains(registry())["id"], "free"]


def test_a_data_set_cannot_declare_a_shipped_chain_again(city: Path) -> None:
    (city / "chains.toml").write_text(FREE.replace("free", "patent"), encoding="utf-8")

    with pytest.raises(UsageError, match=r"line 2: chain patent: id .* is already used in .*line"):
        _ = Dataset(city).declared_chains


def test_a_registry_of_ones_own_without_chains_declares_none(tmp_path: Path) -> None:
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "schemas" / "indicators").mkdir(parents=True)
    indicators_toml = (
        '[[indicator]]\nid = "firms"\nname = "企业数"\nunit = "家"\nmeasure = "stock"\n'
    )
    (tmp_path / "schemas" / "indicators" / "own.toml").write_text(indicators_toml, encoding="utf-8")

    dataset = Dataset(make_dataset(tmp_path / "data" / "city"))

    assert dataset.indicators["id"].to_list() == ["firms"]
    assert dataset.declared_chains.is_empty()


# Conversion.


def conversions_of(rows: Iterable[Mapping[str, Any]], chains: pl.DataFrame) -> list[Row]:
    """Return the conversions of the first district, computed from the Metric table."""
    table = metrics(rows, known=KNOWN)
    converted = Conversion.checked(conversions(table.lazy(), chains).collect())
    return converted.filter(pl.col("district") == DISTRICT).to_dicts()


NONE: Row = NOT_APPLICABLE | {"reported": "无"}
CASES: list[tuple[str, tuple[float | None, Row], tuple[float | None, Row], Any, str | None]] = [
    ("a share", (80, {}), (20, {}), 0.25, "exact"),
    ("more than before", (20, {}), (80, {}), 4.0, "exact"),
    ("none of many", (80, {}), (0, {}), 0.0, "exact"),
    ("none of about many", (80, {"bound": "about"}), (0, {}), 0.0, "exact"),
    ("of nothing", (0, {}), (5, {}), "base_zero", None),
    ("nothing of nothing", (0, {}), (0, {}), "base_zero", None),
    ("masked", (80, {}), (None, MASKED), "figure_masked", None),
    ("missing", (80, {}), (None, {}), "figure_missing", None),
    ("not applicable", (80, {}), (None, NONE), "not_applicable", None),
    ("of a masked figure", (None, MASKED), (5, {}), "base_masked", None),
    ("of a missing figure", (None, {}), (5, {}), "base_missing", None),
    ("of what does not apply", (None, NONE), (5, {}), "base_not_applicable", None),
    ("both masked", (None, MASKED), (None, MASKED), "figure_masked", None),
    ("through another day", (80, {"as_of": date(2025, 5, 31)}), (20, {}), "as_of", None),
    ("of another grade", (80, {}), (20, {"grade": "final"}), "grade", None),
    ("about", (80, {}), (20, {"bound": "about"}), 0.25, "about"),
    ("at least", (80, {}), (20, {"bound": "at_least"}), 0.25, "at_least"),
    ("of at least", (80, {"bound": "more_than"}), (20, {}), 0.25, "at_most"),
    ("both at least", (80, {"bound": "at_least"}), (20, {"bound": "at_least"}), "bound_open", None),
    ("at least of at most", (80, {"bound": "at_most"}), (20, {"bound": "at_least"}), 0.25,
     "at_least"),
    ("an interval", (80, {}), (20, {"value_upper": 30.0}), "bound_open", None),
    ("of an interval", (80, {"value_upper": 90.0}), (20, {}), "bound_open", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("base", "figure", "expected", "bound"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_a_stage_is_divided_by_the_one_before_or_says_why_not(
    released: pl.DataFrame,
    base: tuple[float | None, Row],
    figure: tuple[float | None, Row],
    expected: float | str,
    bound: str | None,
) -> None:
    rows = [
        observation("released", base[0], **base[1]),
        observation("matched", figure[0], **figure[1]),
    ]

    row = conversions_of(rows, released)[1]

    result = row["reason"] if isinstance(expected, str) else row["conversion"]
    assert result == expected
    assert row["conversion_bound"] == bound


def test_the_first_stage_has_none_and_each_later_one_that_of_the_stage_before(
    released: pl.DataFrame,
) -> None:
    rows = [observation(i, v) for i, v in (("released", 80), ("matched", 20), ("signed", 5))]

    converted = conversions_of(rows, released)

    assert [r["position"] for r in converted] == [1, 2, 3]
    assert [r["before"] for r in converted] == [None, "released", "matched"]
    assert [r["conversion"] for r in converted] == [None, 0.25, 0.25]
    assert [r["reason"] for r in converted] == ["first_stage", None, None]


def test_a_stage_in_another_unit_is_skipped(tmp_path: Path) -> None:
    text = FREE.replace('", "', '", "money", "') + 'beside = ["money"]\n'
    rows = [
        observation(i, v) for i, v in (("patent_applied", 80), ("money", 9), ("patent_granted", 20))
    ]

    converted = conversions_of(rows, declared(tmp_path, text))

    assert [r["reason"] for r in converted] == ["first_stage", "other_unit", None]
    assert converted[1]["value"] == 9
    assert (converted[2]["before"], converted[2]["conversion"]) == ("patent_applied", 0.25)


def test_only_a_cohort_is_called_one(released: pl.DataFrame, tmp_path: Path) -> None:
    both = pl.concat([released, declared(tmp_path, FREE)])

    kinds = links(both).select("chain", "kind").rows()

    assert kinds == [
        ("released", None), ("released", "cohort"), ("released", "cohort"),
        ("free", None), ("free", "same_period"),
    ]  # fmt: skip


def test_a_district_without_any_stage_has_no_row_and_without_one_a_missing_one(
    released: pl.DataFrame,
) -> None:
    rows = [observation("signed", 5), observation("patent_granted", 5, district=code(2))]

    converted = conversions(observations(rows).lazy(), released).collect()

    assert set(converted["district"]) == {DISTRICT}
    assert converted["status"].to_list() == ["missing", "missing", "reported"]
    assert converted["reason"].to_list() == ["first_stage", "figure_missing", "base_missing"]


def test_programme_levels_are_ignored_in_favour_of_totals(released: pl.DataFrame) -> None:
    rows = [observation("released", 80), observation("matched", 20)]
    rows += [observation("matched", 15, level="国家"), observation("matched", 5, level="省")]

    converted = conversions_of(rows, released)

    assert [r["conversion"] for r in converted][1] == 0.25


def test_figures_of_many_checkpoints_are_kept_apart(released: pl.DataFrame) -> None:
    rows = [observation("released", 80.0, 2024), observation("matched", 20.0, 2024),
            observation("released", 50.0), observation("matched", 40.0)]  # fmt: skip

    converted = conversions(observations(rows).lazy(), released).collect()

    matched = converted.filter(pl.col("stage") == "matched")
    assert matched.select("year", "conversion").rows() == [(2024, 0.25), (2025, 0.8)]


def test_without_chains_there_is_an_empty_table(released: pl.DataFrame) -> None:
    table = metrics([observation("released", 80)], known=KNOWN)

    assert conversions(table.lazy(), released.clear()).collect().is_empty()


COUNTS = st.one_of(st.none(), st.integers(0, 1000).map(float))


@given(st.lists(st.tuples(COUNTS, st.sampled_from(BOUNDS)), min_size=3, max_size=3))
@settings(max_examples=60)
def test_conversions_multiply_up_and_every_gap_is_explained(
    figures: list[tuple[float | None, str]],
) -> None:
    ids = ["released", "matched", "signed"]
    rows = [
        observation(i, v, bound="exact" if v is None else b)
        for i, (v, b) in zip(ids, figures, strict=True)
    ]
    chain = {"id": "c", "stages": ids, "beside": [], "must_not_exceed": ids[1:]}
    lists = dict.fromkeys(("stages", "beside", "must_not_exceed"), pl.List(pl.String))
    chains = pl.DataFrame([chain], schema_overrides=lists)

    converted = Conversion.checked(
        conversions(observations(rows).lazy(), chains).collect()
    ).to_dicts()

    rates = [r["conversion"] for r in converted]
    values = [v for v, _ in figures]
    assert all((r["conversion"] is None) != (r["reason"] is None) for r in converted)
    if None not in rates[1:]:
        assert rates[1] * rates[2] * values[0] == pytest.approx(values[2])
    for row, base in zip(converted[1:], converted, strict=False):
        if row["conversion"] is not None:
            assert row["conversion"] * base["value"] == pytest.approx(row["value"])


def as_reported(true: int, bound: str, error: int) -> float:
    """Return a figure reported with a bound for a true one, so far from it."""
    lower, upper = bound in ("at_least", "more_than"), bound in ("at_most", "less_than")
    return float(true - error if lower else true + error if upper else true)


@given(
    st.integers(41, 500), st.integers(41, 500), st.integers(1, 40), st.integers(1, 40),
    st.sampled_from(BOUNDS), st.sampled_from(BOUNDS),
)  # fmt: skip
@settings(max_examples=80)
def test_a_bound_that_is_printed_holds_for_the_true_figures(
    base: int, figure: int, base_error: int, figure_error: int, base_bound: str, bound: str
) -> None:
    rows = [observation("released", as_reported(base, base_bound, base_error), bound=base_bound),
            observation("matched", as_reported(figure, bound, figure_error), bound=bound)]  # fmt: skip
    lists = dict.fromkeys(("stages", "beside", "must_not_exceed"), pl.List(pl.String))
    chain = {"id": "c", "stages": ["released", "matched"], "beside": [], "must_not_exceed": []}
    chains = pl.DataFrame([chain], schema_overrides=lists)

    row = conversions(observations(rows).lazy(), chains).collect().row(1, named=True)

    rate, true = row["conversion"], figure / base
    match row["conversion_bound"]:
        case "exact":
            assert true == rate
        case "at_least":
            assert true >= rate
        case "at_most":
            assert true <= rate
        case "about":
            assert "about" in (base_bound, bound)
        case _:
            assert rate is None


def test_the_demo_city_has_chains_of_three_stages(demo: Dataset) -> None:
    converted = demo.chains("2025H1").filter(pl.col("district") == "900101")

    value = {r["stage"]: r["value"] for r in converted.to_dicts()}
    rates = {r["stage"]: r["conversion"] for r in converted.to_dicts()}
    assert rates["hnte_certified"] == value["hnte_certified"] / value["hnte_applied"]
    assert rates["proj_accepted"] == value["proj_accepted"] / value["proj_approved"]
    assert rates["proj_funds_won"] is None


# Intake.


def findings_of(
    fresh: list[Row], chains: pl.DataFrame, stored: Iterable[Row] = (), units: int = 3
) -> list[tuple[str, str, str, str]]:
    """Return district, indicator, rule and text of each finding of an intake."""
    old = list(stored)
    extra = ("printed_attainment", "printed_share", "printed_rank")
    texts = ("_growth_text", "_attainment_text", "_share_text")
    table = (
        observations(fresh)
        .drop("intake_id")
        .with_columns(
            *(pl.lit(None, dtype=pl.Float64).alias(c) for c in extra),
            *(pl.lit(None, dtype=pl.String).alias(c) for c in texts),
            _n=pl.int_range(pl.len()),
        )
    )
    findings = compare(
        table, observations(old) if old else observations(fresh).clear(),
        Target.no_rows(), districts(units), KNOWN, Checks(),
        "全市", day("2025-08-01"), chains,
    )  # fmt: skip
    return [
        (fresh[f["_n"]]["district"], fresh[f["_n"]]["indicator"], f["rule"], f["wrong"])
        for f in findings.to_dicts()
    ]


def figures(*values: float | None, ids: tuple[str, ...] = ("released", "matched", "signed"),
            **more: Any) -> list[Row]:  # fmt: skip
    """Return figures of the stages; None is masked."""
    return [
        observation(i, v, **more | ({} if v is not None else MASKED))
        for i, v in zip(ids, values, strict=True)
    ]


ORDERS: list[tuple[str, list[Row], list[str]]] = [
    ("in order", figures(80, 20, 5), []),
    ("equal", figures(80, 80, 80), []),
    ("the second above the first", figures(20, 80, 5), ["matched"]),
    ("the third above the second", figures(80, 20, 30), ["signed"]),
    ("each above the one before", figures(5, 20, 80), ["matched", "signed"]),
    ("above a zero", figures(0, 5, 0), ["matched"]),
    ("one fault is one finding", figures(20, 40, 30), ["matched"]),
    ("the second is masked: the first is compared", figures(20, None, 30), ["signed"]),
    ("the second is masked and the third fits the first", figures(80, None, 30), []),
    ("the first is masked", figures(None, 80, 5), []),
    ("the third is masked", figures(80, 20, None), []),
    ("a later stage reported at least", figures(20, 30, 5, bound="at_least"), []),
    ("a stage reported about", [*figures(20, 0, 0)[:1], observation("matched", 30, bound="about")],
     []),
    ("grades differ", [observation("released", 20), observation("matched", 30, grade="final")], []),
    ("definitions differ",
     [observation("released", 20), observation("matched", 30, break_id="2025")], []),
    ("checkpoints differ", [observation("released", 20), observation("matched", 30, 2025, 5)], []),
    ("districts differ",
     [observation("released", 20), observation("matched", 30, district=code(2))], []),
    ("a programme level", figures(20, 80, 5, level="省"), ["matched"]),
    ("a level above a total", [observation("released", 20), observation("matched", 30, level="省")],
     []),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "expected"), [o[1:] for o in ORDERS], ids=[o[0] for o in ORDERS])
def test_a_stage_that_exceeds_an_earlier_one_is_reported(
    released: pl.DataFrame, rows: list[Row], expected: list[str]
) -> None:
    reported = [i for _, i, rule, _ in findings_of(rows, released) if rule == "stage_over_before"]

    assert reported == expected


def test_a_stage_that_may_exceed_the_one_before_is_not_reported(tmp_path: Path) -> None:
    rows = figures(20.0, 80.0, ids=("patent_applied", "patent_granted"))

    assert findings_of(rows, declared(tmp_path, FREE)) == []


def test_a_rule_stops_at_a_stage_that_may_exceed_its_own(tmp_path: Path) -> None:
    text = RELEASED.replace('["matched", "signed"]\n', '["signed"]\n')
    chains = declared(tmp_path, text.replace('"released", "signed"]', '"released", "matched"]'))

    reported = [i for _, i, _, _ in findings_of(figures(20, None, 30), chains)]

    assert reported == []


def test_stages_are_compared_with_the_store(released: pl.DataFrame) -> None:
    first, second, _ = figures(20.0, 80.0, 5.0)

    late = findings_of([second], released, [first])
    lowered = findings_of([first], released, [second])
    untouched = findings_of(figures(9.0, ids=("patent_granted",)), released, [first, second])

    assert [(i, rule) for _, i, rule, _ in late] == [("matched", "stage_over_before")]
    assert [(i, rule) for _, i, rule, _ in lowered] == [("released", "stage_over_before")]
    assert untouched == []


def test_the_finding_names_both_stages_and_their_figures(released: pl.DataFrame) -> None:
    [(_, _, _, text)] = findings_of(figures(20.0, 25.0, 5.0), released)

    assert text == "2025年上半年“matched”25件大于前一阶段“released”20件"


CHAIN_SET = """\
[[indicator]]
id = "opened"
name = "清单发布数"
unit = "条"
measure = "flow"

[[indicator]]
id = "closed"
name = "清单对接数"
unit = "条"
measure = "flow"
"""
OWN_CHAIN = """\
[[chain]]
id = "listing"
name = "清单"
stages = ["opened", "closed"]
labels = ["发布", "对接"]
must_not_exceed = ["closed"]
"""


@pytest.fixture
def listing(tmp_path: Path) -> Dataset:
    """Return a data set with a chain of its own; one district matched more than it released."""
    folder = make_dataset(tmp_path / "listing", indicators_toml=CHAIN_SET)
    (folder / "chains.toml").write_text(OWN_CHAIN, encoding="utf-8")
    rows = [
        {"district": f"第{n}区", "indicator": name, "checkpoint": "2025H1", "value": value}
        for n, pair in ((1, (20, 25)), (2, (20, 15)), (3, (20, "xx")))
        for name, value in zip(("清单发布数", "清单对接数"), pair, strict=True)
    ]
    write_csv(folder / "inbox" / "2025H1.csv", rows)
    return Dataset(folder)


def test_a_file_gets_its_finding_at_the_cell_and_the_rows_come_in(listing: Dataset) -> None:
    file = listing.path / "inbox" / "2025H1.csv"

    checked = check_file(listing, file, today=day("2025-08-01"))

    [finding] = checked.findings.to_dicts()
    assert (finding["rule"], finding["severity"]) == ("stage_over_before", "warning")
    assert (finding["file"], finding["cell"]) == ("2025H1.csv", "D3")
    assert finding["wrong"] == "2025年上半年“清单对接数”25条大于前一阶段“清单发布数”20条"
    assert finding["right"] == "“清单对接数”是“清单发布数”中的一部分，请核对两个数"
    assert checked.accepted.height == 6


def test_the_data_set_gives_its_current_conversions(listing: Dataset) -> None:
    ingest(listing, [listing.path / "inbox" / "2025H1.csv"], today=day("2025-08-01"))

    converted = listing.chains("2025H1").filter(pl.col("stage") == "closed")

    assert converted.select("district", "conversion", "kind", "reason").rows() == [
        (CITY, None, "cohort", "figure_missing"),
        (code(1), 1.25, "cohort", None),
        (code(2), 0.75, "cohort", None),
        (code(3), None, "cohort", "figure_masked"),
    ]


def test_a_malformed_chain_is_reported_before_any_file_is_read(listing: Dataset) -> None:
    (listing.path / "chains.toml").write_text(
        OWN_CHAIN.replace("closed", "close"), encoding="utf-8"
    )

    with pytest.raises(UsageError, match=r"chains\.toml, line 4: .*'close'"):
        check_file(Dataset(listing.path), ROOT / "no such file.csv")
