"""Where a row stands: ranks, distances, its share of the total and in the total's growth."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kejistats.explain.facts import Row, require
from kejistats.explain.growth_steps import base
from kejistats.explain.row_context import RowContext
from kejistats.explain.step import Input, Step
from kejistats.explain.texts import NAMES, NONE, NOTES, SHARE
from kejistats.model.numbers import percent, plain

Measured = Callable[[Row], float]


def rank_steps(about: RowContext) -> Iterator[Step]:
    """Yield the steps of ranks and distances."""
    exact = about.facts.exact(about.row)
    down = about.indicator["direction"] == "down"
    if about.has("rank"):
        inputs = [_better(about, exact, lambda row: _signed(row["value"], down))]
        yield about.step("rank", inputs, NOTES["ascending"] if down else "", _place(about))
        yield about.step("ranked", [_count(about, "x", len(exact), "有同级别确数的地区")])
    elif about.has("peers", "value"):
        yield about.words("rank", NONE["rank_bound" if about["bound"] != "exact" else "rank_none"])
    if about.has("peers"):
        count = len(about.facts.peers(about["district"]))
        yield about.step("peers", [_count(about, "x", count, "同类地区")])
    if about.has("rank") and not about["rank_shown"]:
        limit = about.tables.settings.thresholds.rank_coverage
        yield about.words("rank_shown", NOTES["not_shown"].format(coverage=percent(limit, 0)))
    if about.has("rank_change"):
        before = about.facts.rank_before(about.row)
        inputs = [about.number("before", before, about.printed.place(before)),
                  about.number("now", about["rank"], about.printed.place(about["rank"]))]  # fmt: skip
        yield about.step("rank_change", inputs)
    elif about.has("rank", "base"):
        yield about.words("rank_change", NONE["rank_change"])
    yield from _other_ranks(about, exact, down)
    yield from _distances(about, exact, down)


def _signed(value: float, down: bool) -> float:
    """Return a value by which more is better; figures that print alike are alike."""
    return float(f"{-value if down else value:.11e}")


def _better(about: RowContext, rows: list[Row], measured: Measured, name: str = "") -> Input:
    own = measured(about.row)
    count = sum(measured(row) > own for row in rows)
    return _count(about, "better", count, name or NAMES["better"])


def _count(about: RowContext, key: str, count: int, name: str) -> Input:
    return about.number(key, count, about.printed.count(count), name)


def _place(about: RowContext) -> str:
    """Print a rank with how many have figures."""
    n, k, unit = about["ranked"], about["peers"], about.printed.peer_unit
    tied = NOTES["tied"] if about["tied"] else ""
    who = f"{plain(k)}{unit}中{plain(n)}{unit}有" if n < k else f"{plain(k)}{unit}均有"
    return f"{tied}{about.printed.place(about['rank'])}（{who}可比数据）"


def _other_ranks(about: RowContext, exact: list[Row], down: bool) -> Iterator[Step]:
    """Yield the ranks of growth and of attainment, each among those that take part in it."""
    if about.has("yoy_rank"):
        kind = about["yoy_rank_kind"]

        def growth(row: Row) -> float:
            value = row["published_growth"] if kind == "published" else row["yoy"]
            return _signed(row["yoy_points"] if value is None else value, down)

        part = [row for row in exact if row["yoy_rank"] is not None]
        inputs = [_better(about, part, growth, "增速优于本地区的")]
        yield about.step("yoy_rank", inputs, NOTES[f"kind_{kind}"])
        yield about.step("yoy_ranked", [_count(about, "x", len(part), "参与增速排名的地区")])
    if about.has("attainment_rank"):
        kind = about["target_kind"]
        part = [
            row
            for row in exact
            if row["target_kind"] == kind
            and row["attainment"] is not None
            and row["attainment_bound"] == "exact"
        ]
        name = "完成率高于本地区的"
        inputs = [_better(about, part, lambda row: _signed(row["attainment"], down=False), name)]
        yield about.step("attainment_rank", inputs)
        yield about.step("attainment_ranked", [_count(about, "x", len(part), "目标类型相同的地区")])


def _distances(about: RowContext, exact: list[Row], down: bool) -> Iterator[Step]:
    """Yield leader, median and benchmark, each with the distance to it."""
    if about.has("leader"):
        best = max(_signed(row["value"], down) for row in exact)
        first = min(row["district"] for row in exact if _signed(row["value"], down) == best)
        other = next(row for row in exact if row["district"] == first)
        yield about.step("leader", [_of(about, "x", other)], _name(about, about["leader_district"]))
        yield from _to(about, "leader", "首位")
    if about.has("median"):
        yield _median(about, exact)
        yield from _to(about, "median", "中位数")
    if about.has("benchmark"):
        code = about.tables.settings.benchmark
        other = require(about.facts.row(code, about["level"]))
        yield about.step("benchmark", [_of(about, "x", other)], _name(about, code))
        yield from _to(about, "benchmark", "对标数")


def _name(about: RowContext, code: str) -> str:
    return str(about.tables.units[code]["name"])


def _of(about: RowContext, key: str, row: Row) -> Input:
    """Return the figure of another district."""
    name = _name(about, row["district"])
    return about.cell(key, name, row["value"], row["bound"], row)


def _to(about: RowContext, column: str, name: str) -> Iterator[Step]:
    for found in (f"to_{column}", f"{column}_ratio"):
        if about.has(found):
            yield about.step(found, [about.a(), about.column("L", name, column)])


def _median(about: RowContext, exact: list[Row]) -> Step:
    """Return the median of the peers, by the one or two figures in the middle; these stay unnamed."""
    ordered = sorted(exact, key=lambda row: row["value"])
    middle = ordered[(len(ordered) - 1) // 2 : len(ordered) // 2 + 1]
    names = ["居中数"] if len(middle) == 1 else ["居中较小数", "居中较大数"]
    inputs = [
        about.cell(f"x{n}", name, row["value"], row["bound"], row)
        for n, (name, row) in enumerate(zip(names, middle, strict=True))
    ]
    if len(middle) == 2:
        return about.step("median:between", inputs)
    return about.step("median", [about.cell("x", names[0], middle[0]["value"],
                                            middle[0]["bound"], middle[0])])  # fmt: skip


def share_steps(about: RowContext) -> Iterator[Step]:
    """Yield the share of the total's figure, and the part in its growth."""
    parent = about.facts.parent(about["district"])
    whole = about.facts.row(parent, about["level"]) if parent else None
    name = about.facts.whole(about["district"])
    if about.has("share") and whole is not None:
        yield about.step("share", [about.a(), _total(about, whole, name)])
    if about.has("share_reason"):
        yield _reason(about, whole, name)
    if about.has("contribution") and whole is not None:
        inputs = [about.a(), base(about), _total_before(about, whole, name)]
        yield about.step("contribution", inputs)
        if about.has("contribution_rate"):
            yield about.step("contribution_rate", [*inputs, _total(about, whole, name)])


def _total(about: RowContext, whole: Row, name: str) -> Input:
    """Return the total's figure."""
    figure = about.facts.figure(whole["district"], about.at, whole["level"])
    of = about.derivation(name, figure) if figure else None
    return about.cell("W", name, whole["value"], whole["bound"], whole, of)


def _total_before(about: RowContext, whole: Row, name: str) -> Input:
    """Return the total's figure of a year before."""
    own = about.facts.figure(whole["district"], about.at, whole["level"])
    before = about.at.previous_year
    figure = require(about.facts.comparable(own, whole["district"], before, whole["level"]))
    title = f"{name}{NAMES['B']}"
    place = {"source": whole["base_source"], "intake_id": figure["intake_id"]}
    of = about.derivation(title, figure)
    return about.cell("V", title, whole["base"], whole["base_bound"], place, of)


def _reason(about: RowContext, whole: Row | None, name: str) -> Step:
    """Say why there is no share, with the figures that it follows from."""
    reason = about["share_reason"]
    inputs = []
    told = reason in ("total_zero", "total_grade", "break", "bound_open")
    if told and whole is not None:
        inputs = [about.a(), _total(about, whole, name)]
    elif reason == "total_masked" and whole is not None:
        word = str(about.tables.words["status"]["masked"])
        inputs = [Input("W", name, None, word, "", whole["source"] or "", whole["intake_id"] or "")]
    return about.words("share_reason", SHARE[reason].format(whole=name), inputs)
