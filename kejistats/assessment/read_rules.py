"""Read ``assessment.toml``; a mistake is reported with its line and a remedy."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from kejistats.assessment.declaration import (
    ABSENCE_POLICIES,
    DISTRICT_KINDS,
    MISSING_POLICIES,
    Item,
    Rules,
)
from kejistats.assessment.declared_parts import PartReader
from kejistats.assessment.toml_table import TomlTable
from kejistats.model.errors import UsageError
from kejistats.model.numbers import format_number, round_half_up
from kejistats.model.paths import read_toml
from kejistats.model.period import Checkpoint
from kejistats.model.registry import ids_by_name

FILE = "assessment.toml"


def read_assessment(file: Path, indicators: pl.DataFrame) -> Rules:
    """Read and check an ``assessment.toml``.

    Parameters
    ----------
    file
        The file.
    indicators
        Indicator table of the data set.

    Raises
    ------
    UsageError
        With file, line and remedy: for malformed TOML; a missing, unknown or ill-typed key;
        weights that do not sum to the declared total; an unknown indicator, level, figure or
        rule; thresholds out of order or against the indicator's direction; a figure that the
        indicator never has; and a part that is declared twice.
    """
    content = read_toml(file)
    top = TomlTable(file, file.read_text("utf-8"), content)
    known = {row["id"]: row for row in indicators.iter_rows(named=True)}
    reader = PartReader(known, ids_by_name(indicators))
    title = top.string("title")
    total = top.positive("total", 100.0)
    items = top.table_array("item")
    if not items:
        top.refuse("no item is declared", "declare at least one [[item]]")
    bonuses, red_lines = top.table_array("bonus"), top.table_array("red_line")
    parsed_items = tuple(reader.read_item(table) for table in items)
    _check_weights(top, items, parsed_items, total)
    parsed_bonuses = tuple(reader.read_bonus(table) for table in bonuses)
    most_bonus = sum(bonus.rule.max_points for bonus in parsed_bonuses)
    bonus_cap = top.number("bonus_cap", most_bonus, least=0.0)
    if bonus_cap > most_bonus:
        message = f"bonus_cap is {bonus_cap:g}, but all bonuses together add {most_bonus:g} at most"
        top.refuse(message, f"write bonus_cap = {most_bonus:g} or less", "bonus_cap")
    parsed_lines = tuple(reader.read_red_line(table, total + bonus_cap) for table in red_lines)
    months = tuple(top.array("months", []))
    if any(isinstance(m, bool) or m not in range(1, 13) for m in months):
        top.refuse("months must be numbers from 1 to 12", "write months = [6, 12]", "months")
    kinds = tuple(top.array("kinds", ["district"]))
    for kind in kinds:
        if kind not in DISTRICT_KINDS:
            top.refuse(f"unknown kind {kind!r}", f"one of: {', '.join(DISTRICT_KINDS)}", "kinds")
    if not kinds:
        top.refuse("kinds is empty", 'write kinds = ["district"]', "kinds")
    since, until = _checkpoint(top, "since"), _checkpoint(top, "until")
    if since is not None and until is not None and until < since:
        top.refuse(f"until {until} is before since {since}", "swap since and until", "until")
    rules = Rules(
        title=title, items=parsed_items, bonuses=parsed_bonuses, red_lines=parsed_lines,
        total=total, bonus_cap=bonus_cap, decimals=top.integer("decimals", 2, 0, 4), kinds=kinds,
        missing=top.choice("missing", MISSING_POLICIES, "open"),
        not_applicable=top.choice("not_applicable", ABSENCE_POLICIES, "open"),
        no_target=top.choice("no_target", ABSENCE_POLICIES, "open"),
        months=months, since=since, until=until,
    )  # fmt: skip
    top.refuse_unknown_keys("the assessment")
    return rules


def _check_weights(
    top: TomlTable, tables: list[TomlTable], items: tuple[Item, ...], total: float
) -> None:
    weight_sum = sum(item.rule.weight for item in items)
    if round_half_up(weight_sum, 9) == round_half_up(total, 9):
        return
    difference = format_number(abs(weight_sum - total), 6).rstrip("0").rstrip(".")
    direction = "too little" if weight_sum < total else "too much"
    weights = " + ".join(f"{item.rule.weight:g}" for item in items)
    raise UsageError(
        f"{top.file}, line {tables[-1].line('weight')}: the weights {weights} sum to "
        f"{weight_sum:.12g}, but the assessment declares total = {total:g}",
        f"{difference} {direction}: change a weight, or the total",
    )


def _checkpoint(top: TomlTable, key: str) -> Checkpoint | None:
    text = top.string(key, "")
    if not text:
        return None
    try:
        return Checkpoint.parse(text)
    except UsageError as error:
        top.refuse(f"{key}: {error.message}", error.remedy, key)
