"""Rows as received to rows of a model and findings; the first fault of a row is its finding."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from kejistats.intake.finished_rows import observation_columns, target_columns
from kejistats.intake.row_rules import Fault, name_rules, observation_rules, target_rules
from kejistats.intake.typed_text import WORDS, mapped, nearest, shown, with_quantity
from kejistats.model.registry import names_of
from kejistats.model.tables import Finding
from kejistats.model.tables.observation import KEY
from kejistats.model.tables.target import TARGET_KEY
from kejistats.model.units import factor, spelled
from kejistats.reading.sheet import AT, ROW

N, FILE, SHEET = "_n", "_file", "_sheet"
# Rows worked on at a time, so that a file of millions needs no memory in proportion.
_CHUNK = 250_000
_BRACES = re.compile(r"\{(\w+)\}")
_LONG = 200  # characters of a text of our own in a message
FOUND = {
    N: pl.Int64, "rule": pl.String, "severity": pl.String, "column": pl.String,
    "wrong": pl.String, "right": pl.String,
}  # fmt: skip
_KEYS = {
    "district": pl.String, "indicator": pl.String, "level": pl.String, "year": pl.Int64,
    "month": pl.Int64,
}  # fmt: skip


@dataclass(frozen=True)
class Received:
    """All rows of one table that an intake received.

    Parameters
    ----------
    table
        observations or targets.
    rows
        Columns of the form as text, those that no sheet has left out; ``_row``, ``_sheet`` and
        ``_file`` say where a row stood, ``@column`` the letter of a cell of its own.
    places
        One row per sheet: ``_sheet``, ``_file``, ``file``, ``sheet`` and ``@column``, the letter of each
        column.
    """

    table: str
    rows: pl.DataFrame
    places: pl.DataFrame

    @property
    def form(self) -> list[str]:
        """Columns of the form that some sheet has."""
        return [c for c in self.rows.columns if c[0] not in ("_", AT)]


def check_rows(
    received: Received, form: list[str], districts: pl.DataFrame, indicators: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Check every row by itself, and against the other rows of its file.

    Parameters
    ----------
    received
        The rows.
    form
        All columns of the form.
    districts, indicators
        The District and Indicator tables.

    Returns
    -------
    figures, found : polars.DataFrame
        The rows that no error keeps out, as columns of Observation or Target with ``_n``,
        ``_sheet``, ``_file``, ``_row`` and short types; and the faults: ``_n``, rule, severity,
        column, wrong, right, and what is known of the row's key.
    """
    figures, found = [], []
    for start in range(0, max(received.rows.height, 1), _CHUNK):
        rows = received.rows.slice(start, _CHUNK).with_row_index(N, offset=start)
        good, faults = _check_chunk(rows, received.table, form, districts, indicators)
        figures.append(good)
        found.append(faults)
    table = pl.concat(figures, how="diagonal", rechunk=False)
    table, repeated = _without_repeats(table, received)
    return table, pl.concat([*found, repeated], how="diagonal")


def _check_chunk(
    rows: pl.DataFrame,
    table: str,
    form: list[str],
    districts: pl.DataFrame,
    indicators: pl.DataFrame,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows = rows.with_columns(
        pl.col(N).cast(pl.Int64),
        *(pl.lit(None, dtype=pl.String).alias(c) for c in form if c not in rows.columns),
        *(pl.col(c).replace(words) for c, words in WORDS.items() if c in rows.columns),
    )
    rows = _with_names(rows, districts, indicators)
    rows = _with_unit(with_quantity(rows, "value"), indicators)
    rows, faults, warnings = (target_rules if table == "targets" else observation_rules)(rows)
    rules = [*name_rules(districts), *faults, *warnings]
    broken = [
        pl.when(fault.mask.fill_null(value=False)).then(pl.lit(i)) for i, fault in enumerate(rules)
    ]
    rows = rows.with_columns(_rule=pl.coalesce(broken))
    names = {
        "district": [*districts["name"], *districts["code"]],
        "indicator": list(names_of(indicators)),
    }
    found = [
        _told(rows.filter(pl.col("_rule") == i), rules[i], table, names)
        for i in rows["_rule"].drop_nulls().unique().sort()
    ]
    errors = [i for i, fault in enumerate(rules) if fault.severity == "error"]
    good = rows.filter(~pl.col("_rule").is_in(errors).fill_null(value=False))
    compact = target_columns() if table == "targets" else observation_columns()
    place = [c for c in good.columns if c in (N, FILE, SHEET, ROW) or c == f"{AT}value"]
    figures = good.select(*place, *compact)
    # A column that is blank all over takes no room; `finished` adds it again.
    blank = [c for c in figures.columns if figures[c].null_count() == figures.height > 0]
    return figures.drop(blank), pl.concat([_no_faults(), *found], how="diagonal")


def _no_faults() -> pl.DataFrame:
    return pl.DataFrame(schema=FOUND | _KEYS)


def _with_names(
    rows: pl.DataFrame, districts: pl.DataFrame, indicators: pl.DataFrame
) -> pl.DataFrame:
    named = districts.filter(pl.col("name").is_unique())
    codes = {n: c for c, n in named.select("code", "name").iter_rows()}
    codes |= {c: c for c in districts["code"]}
    ids = names_of(indicators)
    rows = mapped(rows, "district", codes.get, pl.Enum(districts["code"]), "_code")
    rows = mapped(rows, "indicator", ids.get, pl.Enum(indicators["id"]), "_id")
    # An indicator's number in the registry leads to its facts; a join would sort and copy.
    place = rows["_id"].to_physical()
    facts = indicators.select(
        _unit=pl.col("unit").gather(place), _negative=pl.col("negative").gather(place),
        _maximum=pl.col("maximum").gather(place), _measure=pl.col("measure").gather(place),
        _indicator_name=pl.col("name").gather(place),
    )  # fmt: skip
    return pl.concat([rows, facts], how="horizontal")


def _with_unit(rows: pl.DataFrame, indicators: pl.DataFrame) -> pl.DataFrame:
    """Add ``_given``, the unit written with the number, in the unit column, or the registry's.

    With it come ``_factor`` into the registry's unit, ``_no_unit`` where none was written, and
    ``_conflict`` where number and column say different ones.
    """
    rows = rows.with_columns(_written=pl.col("_q").struct.field("unit").replace("", None))
    key = ["_id", "_written", "unit"]
    pairs = rows.select(key).unique()
    same = dict(indicators.select("id", "units").iter_rows())
    units = dict(indicators.select("id", "unit").iter_rows())
    facts = []
    for one, written, column in pairs.iter_rows():
        unit, own = units.get(one), [units.get(one), *same.get(one, ())]
        given = written or (spelled(column) if column else unit)
        facts.append(
            {
                "_given": given,
                "_factor": factor(given, unit, tuple(own)) if given and unit else None,
                "_no_unit": not (written or column),
                # 5700万元 in a column of 亿元 says itself what it is.
                "_conflict": bool(written and column)
                and factor(written, spelled(column), tuple(own)) is None
                and not {written, column} <= set(own)
                and not {written, column} <= {"%", "个百分点"},
            }
        )  # fmt: skip
    types = {
        "_given": pl.String,
        "_factor": pl.Float64,
        "_no_unit": pl.Boolean,
        "_conflict": pl.Boolean,
    }
    table = pl.concat([pairs, pl.DataFrame(facts, schema=types)], how="horizontal")
    return rows.join(table, on=key, how="left", nulls_equal=True, maintain_order="left")


def _told(
    rows: pl.DataFrame, fault: Fault, table: str, names: dict[str, list[str]]
) -> pl.DataFrame:
    """Return the finding of each row that breaks a rule."""
    if fault.column in names:
        remedies = nearest(rows[fault.column], names[fault.column])
        remedy = pl.col(fault.column).replace_strict(remedies, default=None, return_dtype=pl.String)
        rows = rows.with_columns(remedy.alias(f"near_{fault.column}"))
    targets = table == "targets"
    return rows.select(
        N,
        rule=pl.lit(fault.rule), severity=pl.lit(fault.severity), column=pl.lit(fault.column),
        wrong=_text(fault.wrong), right=_text(fault.right),
        district=pl.col("_code").cast(pl.String), indicator=pl.col("_id").cast(pl.String),
        level=pl.lit(None, dtype=pl.String) if targets else pl.col("level"),
        year=pl.col("_year" if targets else "year").cast(pl.Int64),
        month=pl.lit(None, dtype=pl.Int64) if targets else pl.col("month").cast(pl.Int64),
    )  # fmt: skip


def _text(template: str) -> pl.Expr:
    """Fill in what is in braces; received texts are shortened."""
    names = _BRACES.findall(template)
    if not names:
        return pl.lit(template)
    ours = ("_fault", "_maximum")
    texts = [
        shown(pl.col(n), _LONG if n in ours or n.startswith("near_") else 30).str.strip_suffix(".0")
        if n.startswith(("_", "near_"))
        else shown(pl.col(n))
        for n in names
    ]
    return pl.format(_BRACES.sub("{}", template), *texts)


def _without_repeats(
    figures: pl.DataFrame, received: Received
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Take out rows whose key stood before in the same file, and tell where."""
    key = [*([*TARGET_KEY, "valid_from"] if received.table == "targets" else KEY), FILE]
    key = [c for c in key if c in figures.columns]
    # One hash is compared much faster than six columns; rows that share one are looked at.
    twice = figures.filter(figures.select(pl.struct(key).hash()).to_series().is_duplicated())
    if twice.is_empty():
        return figures, _no_faults()
    first = twice.group_by(key).agg(
        pl.col(N).min().alias("_first"), pl.col(ROW).first().alias("_first_row"),
        pl.col(SHEET).first().alias("_first_sheet"),
    )  # fmt: skip
    names = received.places.select(pl.col(SHEET).alias("_first_sheet"), "sheet")
    repeated = (
        twice.join(first, on=key, how="left", nulls_equal=True, maintain_order="left")
        .filter(pl.col(N) > pl.col("_first"))
        .join(names, on="_first_sheet", how="left", maintain_order="left")
    )
    other = pl.col(SHEET) != pl.col("_first_sheet")
    sheet = pl.when(other).then(pl.format("工作表“{}”", "sheet")).otherwise(pl.lit(""))
    told = found(
        repeated, "duplicate_key", "error", "value",
        pl.format("与{}第{}行重复（地区、指标、期别等均相同）", sheet, "_first_row"),
        pl.lit("同一数据只报一行"),
    )  # fmt: skip
    return figures.join(repeated.select(N), on=N, how="anti", maintain_order="left"), told


def found(
    rows: pl.DataFrame, rule: str, severity: str, column: str, wrong: pl.Expr, right: pl.Expr
) -> pl.DataFrame:
    """Return faults of checked rows, with their key."""
    return rows.select(
        N,
        rule=pl.lit(rule), severity=pl.lit(severity), column=pl.lit(column),
        wrong=wrong, right=right,
        **{c: pl.col(c).cast(t) for c, t in _KEYS.items() if c in rows.columns},
    )  # fmt: skip


def as_findings(faults: pl.DataFrame, received: Received) -> pl.DataFrame:
    """Return the Finding table of faults, in the order of the rows; ``_file`` stands beside.

    An error of a row comes before its warnings and tells enough.
    """
    faults = faults.sort(N, "severity", maintain_order=True)
    kept_out = faults.filter(pl.col("severity") == "error").select(N)
    faults = pl.concat(
        [
            faults.join(kept_out, on=N, how="semi").unique(N, keep="first", maintain_order=True),
            faults.join(kept_out, on=N, how="anti").unique(
                [N, "column"], keep="first", maintain_order=True
            ),
        ],
        how="diagonal",
    ).sort(N, maintain_order=True)
    own = received.rows[faults[N]] if faults.height else received.rows.clear()
    form = received.form
    rows = own.select(pl.struct(form).struct.json_encode().alias("row"), pl.exclude(form))
    rows = rows.rename({c: f"own{c}" for c in rows.columns if c.startswith(AT)})
    told = pl.concat([faults, rows], how="horizontal").join(
        received.places.drop(FILE), on=SHEET, how="left", maintain_order="left"
    )
    letters = [
        pl.when(pl.col("column") == c.rpartition(AT)[2]).then(pl.col(c))
        for c in sorted(told.columns, reverse=True)  # a row's own letter before its sheet's
        if AT in c
    ]
    cell = pl.coalesce(*letters, pl.lit("A")) + pl.col(ROW).cast(pl.String)
    columns = [c for c in Finding.columns() if c != "intake_id"]
    # The rows of an unfolded wide table share the cells of their keys: one fault is told once.
    return (
        told.with_columns(cell=cell)
        .unique([FILE, "sheet", "cell", "rule"], keep="first", maintain_order=True)
        .select(FILE, *columns)
    )
