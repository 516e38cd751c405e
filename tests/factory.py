"""Small typed tables for all tests: the districts of a city, their figures and targets."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from kejistats.metrics import metric_table
from kejistats.model.period import Checkpoint
from kejistats.model.registry import read_registry
from kejistats.model.tables import District, Observation, Target

FIXTURES = Path(__file__).parent / "fixtures"
ROOT = Path(__file__).parents[1]
CITY = "900100"
DISTRICT = "900101"

# Indicators that tests use: a flow in 亿元 with a seasonal pace, a count with a linear pace, a
# stock and two ratios.
MONEY = "contracts_value"
COUNT = "patent_granted"
STOCK = "invention_valid"
RATIO = "hv_invention_per_10k"
PERCENT = "rd_intensity"


@cache
def registry() -> pl.DataFrame:
    """Return the Indicator table as shipped."""
    return read_registry()


def indicators(*additional: Mapping[str, Any], **changes: Mapping[str, Any]) -> pl.DataFrame:
    """Return the registry with additional rows, and with changed columns of some indicators."""
    frame = registry()
    rows = frame.to_dicts()
    template = next(row for row in rows if row["id"] == COUNT)
    additional_rows = [
        template
        | {"aliases": [], "name": row["id"], "short": row["id"], "order": 99000 + i}
        | dict(row)
        for i, row in enumerate(additional)
    ]
    changed = [row | dict(changes.get(row["id"], {})) for row in rows]
    return pl.DataFrame(changed + additional_rows, schema=frame.schema)


def code(number: int) -> str:
    """Return the code of the city's n-th district, counted from 1."""
    return f"9001{number:02d}"


def districts(count: int = 3, *more: Mapping[str, Any]) -> pl.DataFrame:
    """Return the District table of a city with `count` districts and further units."""
    rows: list[dict[str, Any]] = [{"code": CITY, "name": "某市", "kind": "total"}]
    rows += [
        {"code": code(n), "name": f"第{n}区", "parent": CITY, "kind": "district"}
        for n in range(1, count + 1)
    ]
    more_by_code = {row["code"]: dict(row) for row in more}
    rows = [row | more_by_code.pop(row["code"], {}) for row in rows]
    rows += [
        {"name": c, "parent": CITY, "kind": "district"} | row for c, row in more_by_code.items()
    ]
    return District.conform(pl.DataFrame(rows, infer_schema_length=None))


def observation(
    indicator: str,
    value: float | None,
    year: int = 2025,
    month: int = 6,
    *,
    district: str = DISTRICT,
    vintage: int = 1,
    **more: Any,
) -> dict[str, Any]:
    """Return the row of a figure; without a value, its status is missing unless given."""
    return {
        "district": district,
        "indicator": indicator,
        "level": "",
        "year": year,
        "month": month,
        "value": value,
        "status": "missing" if value is None else "reported",
        "grade": "preliminary",
        "bound": "exact",
        "reported": "" if value is None else str(value),
        "source": f"figures.csv#{indicator}-{district}-{year}-{month}",
        "intake_id": f"{vintage:06d}-00000000",
        **more,
    }


def observations(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Return the Observation table of these figures."""
    return Observation.conform(
        pl.DataFrame(list(rows), schema_overrides=Observation.dtypes(), infer_schema_length=None)
    )


def target(
    indicator: str,
    kind: str,
    value: float,
    year: int = 2025,
    *,
    district: str = DISTRICT,
    vintage: int = 1,
    **more: Any,
) -> dict[str, Any]:
    """Return the row of an assigned target."""
    return {
        "district": district,
        "indicator": indicator,
        "year": year,
        "kind": kind,
        "value": value,
        "comparison": ">=",
        "strength": "assigned",
        "start_month": 0,
        "reported": str(value),
        "source": f"targets.csv#{indicator}-{district}-{kind}",
        "intake_id": f"{vintage:06d}-00000000",
        **more,
    }


def targets(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Return the Target table of these targets."""
    target_rows = list(rows)
    if not target_rows:
        return Target.empty()
    return Target.conform(
        pl.DataFrame(target_rows, schema_overrides=Target.dtypes(), infer_schema_length=None)
    )


_METRICS: dict[str, pl.DataFrame] = {}


def metrics(
    figures: Iterable[Mapping[str, Any]] | pl.DataFrame,
    goals: Iterable[Mapping[str, Any]] | pl.DataFrame = (),
    at: str = "2025H1",
    units: pl.DataFrame | None = None,
    known: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return the Metric table of these figures and targets, with `known` as indicators.

    Tables are cached, because many cases test different sentences on the same figures.
    """
    tables = (
        figures if isinstance(figures, pl.DataFrame) else observations(figures),
        goals if isinstance(goals, pl.DataFrame) else targets(goals),
        districts() if units is None else units,
        registry() if known is None else known,
    )
    key = repr([at, *(table.rows() for table in tables)])
    if key not in _METRICS:
        _METRICS[key] = metric_table(*tables, Checkpoint.parse(at))
    return _METRICS[key]


def metric_row(
    table: pl.DataFrame, indicator: str, district: str = DISTRICT, level: str = ""
) -> dict[str, Any]:
    """Return the only row of a district's indicator."""
    matches = table.filter(
        pl.col("indicator") == indicator,
        pl.col("district") == district,
        pl.col("level") == level,
    )
    assert matches.height == 1, f"{matches.height} rows of {indicator} for {district}"
    return matches.row(0, named=True)


def day(text: str) -> date:
    """Return the date of an ISO text."""
    return date.fromisoformat(text)


def read_csv(name: str) -> list[dict[str, str]]:
    """Return the rows of a fixture; lines that begin with # are comments."""
    with (FIXTURES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def write_csv(path: Path, rows: Iterable[Mapping[str, Any]], encoding: str = "utf-8") -> Path:
    """Write rows as CSV with the first row's keys as header; return the path."""
    records = list(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(records[0]))
        writer.writeheader()
        writer.writerows(records)
    return path


def make_dataset(folder: Path, count: int = 3, indicators_toml: str = "") -> Path:
    """Write the data set of a city with `count` districts, an empty inbox and no store."""
    (folder / "inbox").mkdir(parents=True)
    settings = f'title = "示例"\nparent = "{CITY}"\nsample = true\n'
    (folder / "dataset.toml").write_text(settings, encoding="utf-8")
    rows = [{"code": CITY, "name": "某市", "parent": "", "group": ""}]
    rows += [
        {"code": code(n), "name": f"第{n}区", "parent": CITY, "group": ""}
        for n in range(1, count + 1)
    ]
    write_csv(folder / "districts.csv", rows)
    if indicators_toml:
        (folder / "indicators.toml").write_text(indicators_toml, encoding="utf-8")
    return folder


@dataclass(frozen=True)
class Case:
    """One district's figures and targets at a checkpoint, and the expected metrics."""

    name: str
    expected: Mapping[str, Any]
    figures: Sequence[Mapping[str, Any]]
    goals: Sequence[Mapping[str, Any]] = ()
    at: str = "2025H1"


def solve_cases(cases: Sequence[Case], known: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """Return the Metric row of each case, for the indicator of its first target or figure.

    Each case gets its own district, without a parent, so that one Metric table per checkpoint
    has all cases and none is a peer of another.
    """
    solved: dict[str, dict[str, Any]] = {}
    assert len({case.name for case in cases}) == len(cases), "case names must be unique"
    for at in dict.fromkeys(case.at for case in cases):
        cases_by_district = {f"{n:06d}": case for n, case in enumerate(cases, 1) if case.at == at}
        district_table = District.conform(
            pl.DataFrame([{"code": c, "name": c, "kind": "district"} for c in cases_by_district])
        )
        table = metrics(
            [
                figure | {"district": c}
                for c, case in cases_by_district.items()
                for figure in case.figures
            ],
            [
                goal | {"district": c}
                for c, case in cases_by_district.items()
                for goal in case.goals
            ],
            at,
            district_table,
            known,
        )
        for district, case in cases_by_district.items():
            first = [*case.goals, *case.figures][0]
            solved[case.name] = metric_row(table, first["indicator"], district)
    return solved
