"""Small typed tables for tests: a city of districts, its figures and its targets."""

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
OWN = "900101"

# A flow in 亿元 with a seasonal pace, a linear count, a stock, ratios: what the tests speak of.
MONEY = "contracts_value"
COUNT = "patent_granted"
STOCK = "invention_valid"
RATIO = "hv_invention_per_10k"
PERCENT = "rd_intensity"


@cache
def registry() -> pl.DataFrame:
    """The Indicator table as shipped."""
    return read_registry()


def indicators(*own: Mapping[str, Any], **changes: Mapping[str, Any]) -> pl.DataFrame:
    """The registry with rows of a test's own, and columns of some indicators changed."""
    frame = registry()
    rows = frame.to_dicts()
    template = next(row for row in rows if row["id"] == COUNT)
    extra = [
        template
        | {"aliases": [], "name": row["id"], "short": row["id"], "order": 99000 + i}
        | dict(row)
        for i, row in enumerate(own)
    ]
    changed = [row | dict(changes.get(row["id"], {})) for row in rows]
    return pl.DataFrame(changed + extra, schema=frame.schema)


def code(number: int) -> str:
    """The code of the city's n-th district, counted from 1."""
    return f"9001{number:02d}"


def districts(count: int = 3, *more: Mapping[str, Any]) -> pl.DataFrame:
    """A city of so many districts, and further units as given."""
    rows: list[dict[str, Any]] = [{"code": CITY, "name": "某市", "kind": "total"}]
    rows += [
        {"code": code(n), "name": f"第{n}区", "parent": CITY, "kind": "district"}
        for n in range(1, count + 1)
    ]
    given = {row["code"]: dict(row) for row in more}
    rows = [row | given.pop(row["code"], {}) for row in rows]
    rows += [{"name": c, "parent": CITY, "kind": "district"} | row for c, row in given.items()]
    return District.conform(pl.DataFrame(rows, infer_schema_length=None))


def observation(
    indicator: str,
    value: float | None,
    year: int = 2025,
    month: int = 6,
    *,
    district: str = OWN,
    vintage: int = 1,
    **more: Any,
) -> dict[str, Any]:
    """One figure; without a value it is missing unless the status says otherwise."""
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
    """The Observation table of these figures."""
    return Observation.conform(
        pl.DataFrame(list(rows), schema_overrides=Observation.dtypes(), infer_schema_length=None)
    )


def target(
    indicator: str,
    kind: str,
    value: float,
    year: int = 2025,
    *,
    district: str = OWN,
    vintage: int = 1,
    **more: Any,
) -> dict[str, Any]:
    """One assigned target."""
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
    """The Target table of these targets."""
    found = list(rows)
    if not found:
        return Target.empty()
    return Target.conform(
        pl.DataFrame(found, schema_overrides=Target.dtypes(), infer_schema_length=None)
    )


_METRICS: dict[str, pl.DataFrame] = {}


def metrics(
    figures: Iterable[Mapping[str, Any]] | pl.DataFrame,
    goals: Iterable[Mapping[str, Any]] | pl.DataFrame = (),
    at: str = "2025H1",
    units: pl.DataFrame | None = None,
    known: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The Metric table of these figures and targets.

    It is worked out once: many cases ask for another score or sentence of the same figures.
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


def only(
    table: pl.DataFrame, indicator: str, district: str = OWN, level: str = ""
) -> dict[str, Any]:
    """The one row of a district's indicator."""
    found = table.filter(
        pl.col("indicator") == indicator,
        pl.col("district") == district,
        pl.col("level") == level,
    )
    assert found.height == 1, f"{found.height} rows of {indicator} for {district}"
    return found.row(0, named=True)


def day(text: str) -> date:
    """A date."""
    return date.fromisoformat(text)


def read_csv(name: str) -> list[dict[str, str]]:
    """The rows of a fixture."""
    with (FIXTURES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def write_csv(path: Path, rows: Iterable[Mapping[str, Any]], encoding: str = "utf-8") -> Path:
    """Write rows as CSV, the first row's keys as header."""
    found = list(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(found[0]))
        writer.writeheader()
        writer.writerows(found)
    return path


def make_dataset(folder: Path, count: int = 3, indicators_toml: str = "") -> Path:
    """A data set on disk: a city of so many districts, with an empty inbox and no store."""
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
    """One district's figures and targets at a checkpoint, and what they must give."""

    name: str
    expected: Mapping[str, Any]
    figures: Sequence[Mapping[str, Any]]
    goals: Sequence[Mapping[str, Any]] = ()
    at: str = "2025H1"


def solve(cases: Sequence[Case], known: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """The Metric row of each case, of the indicator its first figure or target names.

    Cases stand in districts of their own, without a city, so that one table per checkpoint
    answers all of them and none is another's peer.
    """
    solved: dict[str, dict[str, Any]] = {}
    assert len({case.name for case in cases}) == len(cases), "names of cases are unique"
    for at in dict.fromkeys(case.at for case in cases):
        here = {f"{n:06d}": case for n, case in enumerate(cases, 1) if case.at == at}
        units = District.conform(
            pl.DataFrame([{"code": c, "name": c, "kind": "district"} for c in here])
        )
        table = metrics(
            [figure | {"district": c} for c, case in here.items() for figure in case.figures],
            [goal | {"district": c} for c, case in here.items() for goal in case.goals],
            at,
            units,
            known,
        )
        for district, case in here.items():
            first = [*case.goals, *case.figures][0]
            solved[case.name] = only(table, first["indicator"], district)
    return solved
