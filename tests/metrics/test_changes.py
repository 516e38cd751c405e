"""Changes of the Metric table between two days, from Python and from the command line."""

from __future__ import annotations

import csv
import json
import math
import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from kejistats import cli
from kejistats.dataset import Dataset
from kejistats.metrics import changes
from kejistats.metrics.changes import COMPARED
from kejistats.metrics.lookup import KEY
from kejistats.model.errors import UsageError
from kejistats.model.tables import Metric
from kejistats.store import Store
from tests.factory import COUNT, DISTRICT, MONEY, ROOT, STOCK, code
from tests.store.factory import (
    BASE_FIGURE,
    DAYS,
    H1,
    HALF,
    Intake,
    count_figure,
    fill,
    filled_dataset,
    metric_tables,
    random_intake,
    receipt_id,
)

# What changed


def metric(value: float | None = None, **more: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(Metric.columns())
    status = "missing" if value is None else "reported"
    return row | {
        "district": DISTRICT, "indicator": COUNT, "level": "", "year": 2025, "month": 6,
        "value": value, "status": status, "bound": "exact", "progress": "no_target",
        "source": "a.csv#D2", "intake_id": receipt_id(1), **more,
    }  # fmt: skip


def table(*rows: Mapping[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=Metric.dtypes())


@pytest.mark.parametrize("column", COMPARED)
def test_every_column_compared_is_listed_with_its_title(column: str) -> None:
    kind = Metric.dtypes()[column]
    texts = {"status": "masked", "progress": "ahead", "bound": "about", "grade": "final"}
    new: Any = texts.get(column) or (3 if kind.is_integer() else 0.1 + 0.2)

    [change] = changes(table(metric(1.0)), table(metric(1.0) | {column: new})).to_dicts()

    assert (change["column"], change["title"]) == (column, Metric.titles()[column])
    assert change["after"] == (new if column in texts else repr(new))


@pytest.mark.parametrize("column", [c for c in Metric.columns() if c not in {*COMPARED, *KEY}])
def test_no_other_column_is_listed(column: str) -> None:
    kind = Metric.dtypes()[column]
    new: Any = {pl.Float64(): 0.5, pl.Int64(): 3, pl.Date(): H1.end, pl.Boolean(): True}.get(
        kind, "other"
    )

    assert changes(table(metric(1.0)), table(metric(1.0) | {column: new})).height == 0


@pytest.mark.parametrize(
    ("before", "after", "is_change"),
    [
        (1.0, 1.0, False),
        (0.1 + 0.2, 0.3, False),
        (1.0, 1.0 + 1e-12, False),
        (1.0, 1.00000000001, True),
        (123456789012.0, 123456789013.0, True),
        (1234567890120.0, 1234567890121.0, False),
        (0.1234567890125, 0.12345678901249999, False),
        (0.0, -0.0, False),
        (0.0, 1e-9, True),
        (1e-15, 2e-15, True),
        (1.0, -1.0, True),
        (1.0, None, True),
        (None, 0.0, True),
        (None, None, False),
    ],
)
def test_numbers_equal_to_twelve_digits_are_no_change(
    before: float | None, after: float | None, is_change: bool
) -> None:
    changed = changes(table(metric(5.0, share=before)), table(metric(5.0, share=after)))

    assert changed["column"].to_list() == (["share"] if is_change else [])


@settings(max_examples=20)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=12))
def test_numbers_are_listed_with_all_their_digits(values: list[float]) -> None:
    before = table(*(metric(1.0, district=code(n)) for n in range(len(values))))
    after = table(*(metric(1.0, district=code(n), due=v) for n, v in enumerate(values)))

    assert [float(text) for text in changes(before, after)["after"]] == values


NOISE = st.sampled_from([1.0, 1 + 1e-15, 1 - 1e-15, 1 + 1e-14])


@settings(max_examples=20)
@given(st.lists(st.tuples(st.floats(-1e12, 1e12), NOISE), min_size=1, max_size=12))
def test_noise_is_never_a_change(values: list[tuple[float, float]]) -> None:
    before = table(*(metric(v, district=code(n)) for n, (v, _) in enumerate(values)))
    after = table(*(metric(v * noise, district=code(n)) for n, (v, noise) in enumerate(values)))

    assert changes(before, after).height == 0


def test_only_two_numbers_have_a_difference() -> None:
    before = metric(18.0, rank=4, progress="slow", gap=3.0)
    after = metric(14.0, rank=5, progress="behind", surplus=1.0)

    changed = changes(table(before), table(after)).select("column", "before", "after", "difference")

    assert changed.rows() == [
        ("value", "18.0", "14.0", -4.0),
        ("progress", "slow", "behind", None),
        ("rank", "4", "5", 1.0),
        ("gap", "3.0", None, None),
        ("surplus", None, "1.0", None),
    ]


def test_a_change_names_its_cell_and_its_receipt() -> None:
    before = metric(18.0, target=50.0, target_source="t.csv#E2", base=9.0, base_source="b.csv#D2")
    after = metric(
        14.0, target=40.0, target_source="t.csv#E3", source="b.csv#D9", intake_id=receipt_id(2)
    )

    changed = changes(table(before), table(after)).select("column", "source", "intake_id")

    assert changed.rows() == [
        ("value", "b.csv#D9", receipt_id(2)),
        ("target", "t.csv#E3", None),
        ("base", "b.csv#D2", None),
    ]


def test_a_change_to_a_row_without_source_names_the_one_before() -> None:
    after = metric(None, source=None, intake_id=None)

    changed = changes(table(metric(18.0)), table(after))

    assert changed.select("source", "intake_id").unique().rows() == [("a.csv#D2", receipt_id(1))]


def test_rows_added_or_removed_are_listed() -> None:
    first, second = metric(1.0), metric(2.0, district=code(2))

    removed, added = (
        changes(table(first, second), table(first)),
        changes(table(first), table(first, second)),
    )

    columns = ["value", "status", "bound", "progress"]
    assert removed["column"].to_list() == added["column"].to_list() == columns
    assert removed["before"].to_list() == added["after"].to_list()
    assert removed["before"].to_list() == ["2.0", "reported", "exact", "no_target"]
    assert removed["after"].null_count() == added["before"].null_count() == 4
    assert removed["difference"].null_count() == 4
    assert removed["source"].to_list() == added["source"].to_list() == ["a.csv#D2"] * 4


def test_changes_are_in_the_order_of_the_tables() -> None:
    rows = [(1, MONEY), (1, COUNT), (1, STOCK), (2, MONEY), (2, COUNT), (3, STOCK)]

    def rows_without(*left_out: int, value: float) -> pl.DataFrame:
        kept = [row for n, row in enumerate(rows) if n not in left_out]
        return table(*(metric(value, district=code(d), indicator=i) for d, i in kept))

    for before, after in [((), ()), ((0, 4), (1, 5)), ((2, 3), (0, 4)), ((), range(6))]:
        changed = changes(rows_without(*before, value=1.0), rows_without(*after, value=2.0))
        order = changed.select("district", "indicator").unique(maintain_order=True).rows()
        assert order == [(code(d), i) for d, i in rows]
    changed = changes(table(metric(1.0)), table(metric(2.0, due=1.0, rank=1, yoy=0.1)))
    assert changed["column"].to_list() == ["value", "yoy", "rank", "due"]


def test_without_a_change_there_are_no_rows_and_the_same_columns() -> None:
    same_table = table(metric(1.0))

    changed = changes(same_table, same_table)

    assert changed.schema == changes(same_table, table(metric(2.0))).schema
    assert changed.height == changes(table(), table()).height == 0


def test_tables_of_two_checkpoints_are_not_compared() -> None:
    with pytest.raises(UsageError, match="the tables are not of the same checkpoint") as caught:
        changes(table(metric(1.0)), table(metric(1.0, month=12)))

    assert caught.value.remedy


def test_changes_between_two_days_and_up_to_now(city: Path) -> None:
    dataset = filled_dataset(
        city,
        Intake("2024-08-01", [BASE_FIGURE]),
        Intake("2025-08-01", [count_figure(25.0)]),
        Intake("2025-08-20", [count_figure(26.0)]),
        Intake("2025-09-20", [count_figure(27.0)]),
    )

    first = dataset.changes(HALF, "2025-08-01", "2025-08-20")
    now = dataset.changes(None, date(2025, 8, 20))
    added = dataset.changes(HALF, "2025-07-01", "2025-08-01")

    columns = ["column", "before", "after", "difference"]
    assert first.select(columns).rows() == [
        ("value", "25.0", "26.0", 1.0),
        ("yoy", "0.25", "0.3", pytest.approx(0.05)),
    ]
    assert now.filter(pl.col("column") == "value")["difference"].to_list() == [1.0]
    assert dataset.changes(HALF, "2025-08-20", "2025-08-20").height == 0
    assert {"value", "status", "yoy"} <= set(added["column"])
    with pytest.raises(UsageError, match="2025-08-20 is after 2025-08-01"):
        dataset.changes(HALF, "2025-08-20", "2025-08-01")


# The demo city


def test_the_demo_citys_changes_are_its_corrections_and_what_follows(demo: Dataset) -> None:
    file = ROOT / "data" / "demo-city" / "inbox" / "2025H1-02-更正.csv"
    with file.open(encoding="utf-8", newline="") as lines:
        corrections = list(csv.DictReader(lines))
    ids = dict(demo.indicators.select("name", "id").iter_rows())
    corrected = {
        (demo.district(c["district"]), ids[c["indicator"]]): float(c["value"]) for c in corrections
    }

    changed = demo.changes(HALF, "2025-08-01", "2025-08-21")

    values = changed.filter(pl.col("column") == "value")
    new_values = {
        (d, i): float(v) for d, i, v in values.select("district", "indicator", "after").rows()
    }
    assert new_values == corrected
    assert dict(values.select("indicator", "before").rows()) == {
        "proj_accepted": "18.0", "tech_sme_registered": "234.0", "talent_introduced": "15.0",
    }  # fmt: skip
    assert all(source.startswith(f"{file.name}#D") for source in values["source"])
    # In other rows only rank and share have changed, and only of the same indicators.
    rest = changed.filter(~pl.struct("district", "indicator").is_in(
        values.select(pl.struct("district", "indicator")).to_series().implode()))  # fmt: skip
    assert set(changed["indicator"]) == {i for _, i in corrected}
    assert set(rest["column"]) <= {"rank", "share"}
    district_changes = (
        changed.filter(pl.col("district") == "900108").select("column", "before", "after").rows()
    )
    assert district_changes == [
        ("value", "234.0", "213.0"),
        ("attainment", repr(234 / 370), repr(213 / 370)),
        ("yoy", repr(37 / 197), repr(16 / 197)),
        ("rank", "5", "6"),
        ("share", repr(234 / 2441), repr(213 / 2441)),
        ("gap", "136.0", "157.0"),
    ]


# The command


SINCE = ["-c", HALF, "--since", "2025-08-01", "--as-known", "2025-08-21"]


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".parquet"])
def test_the_command_writes_what_has_changed(demo: Dataset, tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"changes{ending}"
    expected = demo.changes(HALF, "2025-08-01", "2025-08-21").with_columns(
        pl.col("level").replace("", None)
    )
    read = {".csv": pl.read_csv, ".xlsx": pl.read_excel}.get(ending)

    result = CliRunner().invoke(cli.app, ["metrics", str(demo.path), *SINCE, "-o", str(file)])

    assert result.output == (
        f"{expected.height} changes of 2025H1 since 2025-08-01 up to 2025-08-21 written to {file}\n"
    )
    back = read(file, schema_overrides=expected.schema) if read else pl.read_parquet(file)
    back = back.with_columns(pl.col("level").replace("", None))
    assert_frame_equal(back, expected)


def test_numbers_below_zero_stay_numbers_in_csv(city: Path, tmp_path: Path) -> None:
    rows = [BASE_FIGURE, count_figure(10.0), count_figure(5.0, district=code(2))]
    dataset = filled_dataset(
        city, Intake("2025-08-01", rows), Intake("2025-08-20", [count_figure(15.0)])
    )  # fmt: skip
    file = tmp_path / "changes.csv"
    arguments = ["metrics", str(dataset.path), "--since", "2025-08-01", "-o", str(file)]

    CliRunner().invoke(cli.app, arguments)

    changed = pl.read_csv(file, infer_schema=False).filter(pl.col("column") == "yoy")
    assert changed.select("before", "after", "difference").rows() == [("-0.5", "-0.25", "0.25")]


def test_the_command_shows_what_has_changed(demo: Dataset) -> None:
    shown = CliRunner().invoke(cli.app, ["metrics", str(demo.path), *SINCE])
    printed = CliRunner().invoke(cli.app, ["metrics", str(demo.path), *SINCE, "--json"])

    rows = demo.changes(HALF, "2025-08-01", "2025-08-21")
    assert f"{rows.height} changes of 2025H1 since 2025-08-01 up to 2025-08-21" in shown.output
    assert "2025H1-02-更正.csv" in shown.output
    assert json.loads(printed.output) == rows.to_dicts()


def test_the_command_refuses_a_period_with_changes(demo: Dataset) -> None:
    arguments = ["metrics", str(demo.path), *SINCE, "--period", "month"]

    result = CliRunner().invoke(cli.app, arguments)

    assert isinstance(result.exception, UsageError)
    assert "exclude each other" in str(result.exception)


# Any intakes


@settings(max_examples=6)
@given(st.lists(random_intake(), min_size=1, max_size=3), DAYS, DAYS)
def test_changes_are_all_that_differs_either_way(
    intakes: list[Intake], day: date, other_day: date
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = fill(Store(Path(folder)), *intakes)
        before, after = metric_tables((store, min(day, other_day)), (store, max(day, other_day)))

    changed, back = changes(before, after), changes(after, before)

    key = ["district", "indicator", "level"]
    rows = [{tuple(r[c] for c in key): r for r in t.iter_rows(named=True)} for t in (before, after)]
    old, new = ({(k, c): row[c] for k, row in t.items() for c in COMPARED} for t in rows)
    differing = {(*k, c) for k, c in {*old, *new} if not same(old.get((k, c)), new.get((k, c)))}
    keys = changed.select(*key, "column").rows()
    assert len(keys) == len(set(keys))
    assert set(keys) == differing
    assert (
        changed.select("column", "before", "after").rows()
        == back.select("column", "after", "before").rows()
    )


def same(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-13)
    return bool(a == b)
