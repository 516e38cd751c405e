"""Check received rows by themselves and against their file, and turn faults into findings."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from kejistats.intake.finished_rows import observation_columns, target_columns
from kejistats.intake.row_rules import RowRule, name_rules, observation_rules, target_rules
from kejistats.intake.typed_text import (
    SYNONYMS,
    map_texts,
    name_remedies,
    printable_expr,
    with_quantity,
)
from kejistats.model.registry import ids_by_name
from kejistats.model.tables import Finding
from kejistats.model.tables.observation import KEY
from kejistats.model.tables.target import TARGET_KEY
from kejistats.model.units import factor, spell_out_signs
from kejistats.reading.sheet import LETTER_OF, ROW

# Index of a row in `Received.rows`, and the numbers of its file and sheet.
ROW_INDEX, FILE, SHEET = "_n", "_file", "_sheet"
# Rows checked at a time, so that memory does not grow with the file.
_CHUNK = 250_000
_BRACES = re.compile(r"\{(\w+)\}")
# Characters of a text written by the program; received texts are cut shorter.
_MAX_MESSAGE = 200
FAULT_SCHEMA = {
    ROW_INDEX: pl.Int64, "rule": pl.String, "severity": pl.String, "column": pl.String,
    "wrong": pl.String, "right": pl.String,
}  # fmt: skip
_KEY_SCHEMA = {
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
        The input columns that some sheet has, as text; ``_row``, ``_sheet`` and ``_file``, where
        a row came from; ``@column``, the column letter of a cell where rows differ in it.
    sheets
        One row per sheet: ``_sheet``, ``_file``, file and sheet name, ``at`` (checkpoint of the
        mark) and ``@column``, the letter of each column.
    """

    table: str
    rows: pl.DataFrame
    sheets: pl.DataFrame

    @property
    def input_columns(self) -> list[str]:
        """Columns of the long table that some sheet has."""
        return [c for c in self.rows.columns if c[0] not in ("_", LETTER_OF)]


def check_rows(
    received: Received, columns: list[str], districts: pl.DataFrame, indicators: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Check every row by itself, and for repeated keys within its file.

    Only the first fault of a row is reported.

    Parameters
    ----------
    received
        The rows.
    columns
        All columns of the long table.
    districts, indicators
        The District and Indicator tables.

    Returns
    -------
    figures, faults : polars.DataFrame
        The accepted rows as columns of Observation or Target in compact types, with ``_n``,
        ``_sheet``, ``_file`` and ``_row``; and the faults: ``_n``, rule, severity, column, wrong,
        right, and the key of the row as far as it is known.
    """
    figures, faults = [], []
    for start in range(0, max(received.rows.height, 1), _CHUNK):
        rows = received.rows.slice(start, _CHUNK).with_row_index(ROW_INDEX, offset=start)
        accepted, chunk_faults = _check_chunk(rows, received.table, columns, districts, indicators)
        figures.append(accepted)
        faults.append(chunk_faults)
    table = pl.concat(figures, how="diagonal", rechunk=False)
    table, repeated = _without_repeats(table, received)
    return table, pl.concat([*faults, repeated], how="diagonal")


def _check_chunk(
    rows: pl.DataFrame,
    table: str,
    columns: list[str],
    districts: pl.DataFrame,
    indicators: pl.DataFrame,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows = rows.with_columns(
        pl.col(ROW_INDEX).cast(pl.Int64),
        *(pl.lit(None, dtype=pl.String).alias(c) for c in columns if c not in rows.columns),
        *(pl.col(c).replace(words) for c, words in SYNONYMS.items() if c in rows.columns),
    )
    rows = _with_names(rows, districts, indicators)
    rows = _with_unit(with_quantity(rows, "value"), indicators)
    rows, faults, warnings = (target_rules if table == "targets" else observation_rules)(rows)
    rules = [*name_rules(districts), *faults, *warnings]
    rule_numbers = [
        pl.when(rule.mask.fill_null(value=False)).then(pl.lit(i)) for i, rule in enumerate(rules)
    ]
    rows = rows.with_columns(_rule=pl.coalesce(rule_numbers))
    names = {
        "district": [*districts["name"], *districts["code"]],
        "indicator": list(ids_by_name(indicators)),
    }
    found_faults = [
        _rule_faults(rows.filter(pl.col("_rule") == i), rules[i], table, names)
        for i in rows["_rule"].drop_nulls().unique().sort()
    ]
    errors = [i for i, rule in enumerate(rules) if rule.severity == "error"]
    accepted = rows.filter(~pl.col("_rule").is_in(errors).fill_null(value=False))
    table_columns = target_columns() if table == "targets" else observation_columns()
    position = [
        c
        for c in accepted.columns
        if c in (ROW_INDEX, FILE, SHEET, ROW) or c == f"{LETTER_OF}value"
    ]
    figures = accepted.select(*position, *table_columns)
    # Columns without any value are dropped to save memory; `to_table_rows` adds them again.
    blank = [c for c in figures.columns if figures[c].null_count() == figures.height > 0]
    return figures.drop(blank), pl.concat([_no_faults(), *found_faults], how="diagonal")


def _no_faults() -> pl.DataFrame:
    return pl.DataFrame(schema=FAULT_SCHEMA | _KEY_SCHEMA)


def _with_names(
    rows: pl.DataFrame, districts: pl.DataFrame, indicators: pl.DataFrame
) -> pl.DataFrame:
    unambiguous = districts.filter(pl.col("name").is_unique())
    codes = {n: c for c, n in unambiguous.select("code", "name").iter_rows()}
    codes |= {c: c for c in districts["code"]}
    ids = ids_by_name(indicators)
    rows = map_texts(rows, "district", codes.get, pl.Enum(districts["code"]), "_code")
    rows = map_texts(rows, "indicator", ids.get, pl.Enum(indicators["id"]), "_id")
    # Gathering by the index of the enum is faster than a join.
    index = rows["_id"].to_physical()
    facts = indicators.select(
        _unit=pl.col("unit").gather(index), _negative=pl.col("negative").gather(index),
        _maximum=pl.col("maximum").gather(index), _measure=pl.col("measure").gather(index),
        _indicator_name=pl.col("name").gather(index),
    )  # fmt: skip
    return pl.concat([rows, facts], how="horizontal")


def _with_unit(rows: pl.DataFrame, indicators: pl.DataFrame) -> pl.DataFrame:
    """Add ``_given``, the unit written with the number, else of the unit column or the registry.

    Also add ``_factor``, which converts it to the registry's unit; ``_no_unit``, true where no
    unit was written; and ``_conflict``, true where number and unit column disagree.
    """
    rows = rows.with_columns(_written=pl.col("_q").struct.field("unit").replace("", None))
    key = ["_id", "_written", "unit"]
    pairs = rows.select(key).unique()
    equal_units = dict(indicators.select("id", "units").iter_rows())
    units = dict(indicators.select("id", "unit").iter_rows())
    facts = []
    for indicator, written, column_unit in pairs.iter_rows():
        unit, own_units = (
            units.get(indicator),
            [units.get(indicator), *equal_units.get(indicator, ())],
        )
        given = written or (spell_out_signs(column_unit) if column_unit else unit)
        facts.append(
            {
                "_given": given,
                "_factor": factor(given, unit, tuple(own_units)) if given and unit else None,
                "_no_unit": not (written or column_unit),
                # 5700万元 in a column of 亿元 is unambiguous and no conflict.
                "_conflict": bool(written and column_unit)
                and factor(written, spell_out_signs(column_unit), tuple(own_units)) is None
                and not {written, column_unit} <= set(own_units)
                and not {written, column_unit} <= {"%", "个百分点"},
            }
        )  # fmt: skip
    types = {
        "_given": pl.String,
        "_factor": pl.Float64,
        "_no_unit": pl.Boolean,
        "_conflict": pl.Boolean,
    }
    unit_table = pl.concat([pairs, pl.DataFrame(facts, schema=types)], how="horizontal")
    return rows.join(unit_table, on=key, how="left", nulls_equal=True, maintain_order="left")


def _rule_faults(
    rows: pl.DataFrame, rule: RowRule, table: str, names: dict[str, list[str]]
) -> pl.DataFrame:
    """Return the faults of the rows that break a rule."""
    if rule.column in names:
        remedies = name_remedies(rows[rule.column], names[rule.column])
        remedy = pl.col(rule.column).replace_strict(remedies, default=None, return_dtype=pl.String)
        rows = rows.with_columns(remedy.alias(f"near_{rule.column}"))
    targets = table == "targets"
    return rows.select(
        ROW_INDEX,
        rule=pl.lit(rule.rule), severity=pl.lit(rule.severity), column=pl.lit(rule.column),
        wrong=_filled_template(rule.wrong), right=_filled_template(rule.right),
        district=pl.col("_code").cast(pl.String), indicator=pl.col("_id").cast(pl.String),
        level=pl.lit(None, dtype=pl.String) if targets else pl.col("level"),
        year=pl.col("_year" if targets else "year").cast(pl.Int64),
        month=pl.lit(None, dtype=pl.Int64) if targets else pl.col("month").cast(pl.Int64),
    )  # fmt: skip


def _filled_template(template: str) -> pl.Expr:
    """Fill in the columns named in braces; received texts are shortened."""
    names = _BRACES.findall(template)
    if not names:
        return pl.lit(template)
    computed = ("_fault", "_maximum")
    texts = [
        printable_expr(
            pl.col(n), _MAX_MESSAGE if n in computed or n.startswith("near_") else 30
        ).str.strip_suffix(".0")
        if n.startswith(("_", "near_"))
        else printable_expr(pl.col(n))
        for n in names
    ]
    return pl.format(_BRACES.sub("{}", template), *texts)


def _without_repeats(
    figures: pl.DataFrame, received: Received
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Drop rows whose key occurred before in the same file, with a fault that says where."""
    key = [*([*TARGET_KEY, "valid_from"] if received.table == "targets" else KEY), FILE]
    key = [c for c in key if c in figures.columns]
    # Comparing one hash is much faster than six columns; rows with equal hashes are compared fully.
    candidates = figures.filter(figures.select(pl.struct(key).hash()).to_series().is_duplicated())
    if candidates.is_empty():
        return figures, _no_faults()
    first = candidates.group_by(key).agg(
        pl.col(ROW_INDEX).min().alias("_first"), pl.col(ROW).first().alias("_first_row"),
        pl.col(SHEET).first().alias("_first_sheet"),
    )  # fmt: skip
    names = received.sheets.select(pl.col(SHEET).alias("_first_sheet"), "sheet")
    repeated = (
        candidates.join(first, on=key, how="left", nulls_equal=True, maintain_order="left")
        .filter(pl.col(ROW_INDEX) > pl.col("_first"))
        .join(names, on="_first_sheet", how="left", maintain_order="left")
    )
    other_sheet = pl.col(SHEET) != pl.col("_first_sheet")
    sheet = pl.when(other_sheet).then(pl.format("工作表“{}”", "sheet")).otherwise(pl.lit(""))
    faults = fault_rows(
        repeated, "duplicate_key", "error", "value",
        pl.format("与{}第{}行重复（地区、指标、期别等均相同）", sheet, "_first_row"),
        pl.lit("同一数据只报一行"),
    )  # fmt: skip
    return figures.join(
        repeated.select(ROW_INDEX), on=ROW_INDEX, how="anti", maintain_order="left"
    ), faults


def fault_rows(
    rows: pl.DataFrame, rule: str, severity: str, column: str, wrong: pl.Expr, right: pl.Expr
) -> pl.DataFrame:
    """Return one fault per row of checked rows, with the columns of their key."""
    return rows.select(
        ROW_INDEX,
        rule=pl.lit(rule), severity=pl.lit(severity), column=pl.lit(column),
        wrong=wrong, right=right,
        **{c: pl.col(c).cast(t) for c, t in _KEY_SCHEMA.items() if c in rows.columns},
    )  # fmt: skip


def as_findings(faults: pl.DataFrame, received: Received) -> pl.DataFrame:
    """Return faults as rows of the Finding table with ``_file``, in the order of the rows.

    A row with an error keeps only that error; otherwise it keeps one warning per column.
    """
    faults = faults.sort(ROW_INDEX, "severity", maintain_order=True)
    rejected = faults.filter(pl.col("severity") == "error").select(ROW_INDEX)
    faults = pl.concat(
        [
            faults.join(rejected, on=ROW_INDEX, how="semi").unique(
                ROW_INDEX, keep="first", maintain_order=True
            ),
            faults.join(rejected, on=ROW_INDEX, how="anti").unique(
                [ROW_INDEX, "column"], keep="first", maintain_order=True
            ),
        ],
        how="diagonal",
    ).sort(ROW_INDEX, maintain_order=True)
    received_rows = received.rows[faults[ROW_INDEX]] if faults.height else received.rows.clear()
    input_columns = received.input_columns
    rows = received_rows.select(
        pl.struct(input_columns).struct.json_encode().alias("row"), pl.exclude(input_columns)
    )
    rows = rows.rename({c: f"own{c}" for c in rows.columns if c.startswith(LETTER_OF)})
    located = pl.concat([faults, rows], how="horizontal").join(
        received.sheets.drop(FILE), on=SHEET, how="left", maintain_order="left"
    )
    # Reverse order puts the letters of a row (own@) before those of its sheet (@).
    letters = [
        pl.when(pl.col("column") == c.rpartition(LETTER_OF)[2]).then(pl.col(c))
        for c in sorted(located.columns, reverse=True)
        if LETTER_OF in c
    ]
    cell = pl.coalesce(*letters, pl.lit("A")) + pl.col(ROW).cast(pl.String)
    columns = [c for c in Finding.columns() if c != "intake_id"]
    # Rows unfolded from a wide table share key cells; a fault in such a cell is reported once.
    return (
        located.with_columns(cell=cell)
        .unique([FILE, "sheet", "cell", "rule"], keep="first", maintain_order=True)
        .select(FILE, *columns)
    )
