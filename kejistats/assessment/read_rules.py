"""``assessment.toml`` read into its rules, or refused with line and remedy."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from kejistats.assessment.declaration import KINDS, MISSING, UNJUDGED, Item, Rules
from kejistats.assessment.declared_parts import Parts
from kejistats.assessment.toml_table import Located
from kejistats.model.errors import UsageError
from kejistats.model.numbers import plain, rounded
from kejistats.model.paths import read_toml
from kejistats.model.period import Checkpoint
from kejistats.model.registry import names_of

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
        Naming file, line and remedy: for malformed TOML, a missing, unknown or ill-typed key,
        weights that do not sum to the declared total, an unknown indicator, level, figure or
        rule, thresholds out of order or against the indicator's direction, a figure that the
        indicator can never have, and a part that stands there twice.
    """
    content = read_toml(file)
    top = Located(file, file.read_text("utf-8"), content)
    known = {row["id"]: row for row in indicators.iter_rows(named=True)}
    reader = Parts(known, names_of(indicators))
    title = top.text_of("title")
    total = top.above_zero("total", 100.0)
    items = top.tables("item")
    if not items:
        top.refuse("there is no item", "write one below [[item]]")
    bonuses, red_lines = top.tables("bonus"), top.tables("red_line")
    read_items = tuple(reader.item(one) for one in items)
    _weights(top, items, read_items, total)
    read_bonuses = tuple(reader.bonus(one) for one in bonuses)
    most = sum(one.rule.most for one in read_bonuses)
    bonus_cap = top.number("bonus_cap", most, least=0.0)
    if bonus_cap > most:
        wrong = f"bonus_cap is {bonus_cap:g}, but all bonuses together add {most:g} at most"
        top.refuse(wrong, f"write bonus_cap = {most:g} or less", "bonus_cap")
    read_lines = tuple(reader.red_line(one, total + bonus_cap) for one in red_lines)
    months = tuple(top.list_of("months", []))
    if any(isinstance(m, bool) or m not in range(1, 13) for m in months):
        top.refuse("months must be months of the year", "write months = [6, 12]", "months")
    kinds = tuple(top.list_of("kinds", ["district"]))
    for kind in kinds:
        if kind not in KINDS:
            top.refuse(f"unknown kind {kind!r}", f"one of: {', '.join(KINDS)}", "kinds")
    if not kinds:
        top.refuse("kinds is empty", 'write kinds = ["district"]', "kinds")
    since, until = _checkpoint(top, "since"), _checkpoint(top, "until")
    if since is not None and until is not None and until < since:
        top.refuse(f"until {until} lies before since {since}", "name the earlier first", "until")
    rules = Rules(
        title=title, items=read_items, bonuses=read_bonuses, red_lines=read_lines,
        total=total, bonus_cap=bonus_cap, decimals=top.whole("decimals", 2, 0, 4), kinds=kinds,
        missing=top.choice("missing", MISSING, "open"),
        not_applicable=top.choice("not_applicable", UNJUDGED, "open"),
        no_target=top.choice("no_target", UNJUDGED, "open"),
        months=months, since=since, until=until,
    )  # fmt: skip
    top.done("the assessment")
    return rules


def _weights(top: Located, tables: list[Located], items: tuple[Item, ...], total: float) -> None:
    given = sum(item.rule.weight for item in items)
    if rounded(given, 9) == rounded(total, 9):
        return
    off = plain(abs(given - total), 6).rstrip("0").rstrip(".")
    less = "too little" if given < total else "too much"
    shown = " + ".join(f"{item.rule.weight:g}" for item in items)
    raise UsageError(
        f"{top.file}, line {tables[-1].line('weight')}: the weights {shown} sum to "
        f"{given:.12g}, the assessment declares total = {total:g}",
        f"{off} {less}: change a weight, or the total",
    )


def _checkpoint(top: Located, key: str) -> Checkpoint | None:
    text = top.text_of(key, "")
    if not text:
        return None
    try:
        return Checkpoint.parse(text)
    except UsageError as error:
        top.refuse(f"{key}: {error.message}", error.remedy, key)
