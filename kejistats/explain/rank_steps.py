"""Explain ranks, distances to other districts, and share and contribution in the parent."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kejistats.explain.facts import Row, require
from kejistats.explain.growth_steps import base_input
from kejistats.explain.row_context import RowContext
from kejistats.explain.step import Input, Step
from kejistats.explain.texts import EMPTY_REASONS, INPUT_NAMES, NOTES, SHARE_REASONS
from kejistats.model.numbers import format_number, format_percent

Measure = Callable[[Row], float]


def rank_steps(context: RowContext) -> Iterator[Step]:
    """Yield the steps of ranks and distances."""
    exact_peers = context.facts.exact_peers(context.row)
    low_is_good = context.indicator["direction"] == "down"
    if context.has("rank"):
        inputs = [
            _better_input(context, exact_peers, lambda row: _oriented(row["value"], low_is_good))
        ]
        yield context.step(
            "rank", inputs, NOTES["ascending"] if low_is_good else "", _rank_text(context)
        )
        yield context.step(
            "ranked", [_count_input(context, "x", len(exact_peers), "有同级别确数的地区")]
        )
    elif context.has("peers", "value"):
        yield context.sentence_step(
            "rank", EMPTY_REASONS["rank_bound" if context["bound"] != "exact" else "rank_none"]
        )
    if context.has("peers"):
        count = len(context.facts.peers(context["district"]))
        yield context.step("peers", [_count_input(context, "x", count, "同类地区")])
    if context.has("rank") and not context["rank_shown"]:
        limit = context.tables.settings.thresholds.rank_coverage
        yield context.sentence_step(
            "rank_shown", NOTES["not_shown"].format(coverage=format_percent(limit, 0))
        )
    if context.has("rank_change"):
        year_earlier = context.facts.rank_year_earlier(context.row)
        inputs = [
            context.number_input("before", year_earlier, context.printer.rank(year_earlier)),
            context.number_input("now", context["rank"], context.printer.rank(context["rank"])),
        ]
        yield context.step("rank_change", inputs)
    elif context.has("rank", "base"):
        yield context.sentence_step("rank_change", EMPTY_REASONS["rank_change"])
    yield from _other_rank_steps(context, exact_peers, low_is_good)
    yield from _distance_steps(context, exact_peers, low_is_good)


def _oriented(value: float, low_is_good: bool) -> float:
    """Return a value with the sign turned so that higher is better, rounded to 12 digits."""
    return float(f"{-value if low_is_good else value:.11e}")


def _better_input(context: RowContext, rows: list[Row], measure: Measure, name: str = "") -> Input:
    value = measure(context.row)
    better = sum(measure(row) > value for row in rows)
    return _count_input(context, "better", better, name or INPUT_NAMES["better"])


def _count_input(context: RowContext, key: str, count: int, name: str) -> Input:
    return context.number_input(key, count, context.printer.count(count), name)


def _rank_text(context: RowContext) -> str:
    """Print a rank and how many peers have comparable figures."""
    ranked, peers, peer_unit = context["ranked"], context["peers"], context.printer.peer_unit
    tied = NOTES["tied"] if context["tied"] else ""
    coverage = (
        f"{format_number(peers)}{peer_unit}中{format_number(ranked)}{peer_unit}有"
        if ranked < peers
        else f"{format_number(peers)}{peer_unit}均有"
    )
    return f"{tied}{context.printer.rank(context['rank'])}（{coverage}可比数据）"


def _other_rank_steps(
    context: RowContext, exact_peers: list[Row], low_is_good: bool
) -> Iterator[Step]:
    """Yield the ranks of growth and attainment."""
    if context.has("yoy_rank"):
        kind = context["yoy_rank_kind"]

        def growth(row: Row) -> float:
            value = row["published_growth"] if kind == "published" else row["yoy"]
            return _oriented(row["yoy_points"] if value is None else value, low_is_good)

        ranked = [row for row in exact_peers if row["yoy_rank"] is not None]
        inputs = [_better_input(context, ranked, growth, "增速优于本地区的")]
        yield context.step("yoy_rank", inputs, NOTES[f"kind_{kind}"])
        yield context.step(
            "yoy_ranked", [_count_input(context, "x", len(ranked), "参与增速排名的地区")]
        )
    if context.has("attainment_rank"):
        kind = context["target_kind"]
        ranked = [
            row
            for row in exact_peers
            if row["target_kind"] == kind
            and row["attainment"] is not None
            and row["attainment_bound"] == "exact"
        ]
        name = "完成率高于本地区的"
        inputs = [
            _better_input(
                context, ranked, lambda row: _oriented(row["attainment"], low_is_good=False), name
            )
        ]
        yield context.step("attainment_rank", inputs)
        yield context.step(
            "attainment_ranked", [_count_input(context, "x", len(ranked), "目标类型相同的地区")]
        )


def _distance_steps(
    context: RowContext, exact_peers: list[Row], low_is_good: bool
) -> Iterator[Step]:
    """Yield leader, median and benchmark, each with the distance to it."""
    if context.has("leader"):
        best = max(_oriented(row["value"], low_is_good) for row in exact_peers)
        first = min(
            row["district"] for row in exact_peers if _oriented(row["value"], low_is_good) == best
        )
        peer = next(row for row in exact_peers if row["district"] == first)
        yield context.step(
            "leader",
            [_district_input(context, "x", peer)],
            _district_name(context, context["leader_district"]),
        )
        yield from _distance_to(context, "leader", "首位")
    if context.has("median"):
        yield _median_step(context, exact_peers)
        yield from _distance_to(context, "median", "中位数")
    if context.has("benchmark"):
        benchmark = context.tables.settings.benchmark
        peer = require(context.facts.metric_row(benchmark, context["level"]))
        yield context.step(
            "benchmark", [_district_input(context, "x", peer)], _district_name(context, benchmark)
        )
        yield from _distance_to(context, "benchmark", "对标数")


def _district_name(context: RowContext, code: str) -> str:
    return str(context.tables.district_rows[code]["name"])


def _district_input(context: RowContext, key: str, row: Row) -> Input:
    """Return the figure of another district as an input."""
    name = _district_name(context, row["district"])
    return context.amount_input(key, name, row["value"], row["bound"], row)


def _distance_to(context: RowContext, column: str, name: str) -> Iterator[Step]:
    for difference in (f"to_{column}", f"{column}_ratio"):
        if context.has(difference):
            yield context.step(
                difference, [context.value_input(), context.column_input("L", name, column)]
            )


def _median_step(context: RowContext, exact_peers: list[Row]) -> Step:
    """Return the step of the median; the districts in the middle stay unnamed."""
    ordered = sorted(exact_peers, key=lambda row: row["value"])
    middle = ordered[(len(ordered) - 1) // 2 : len(ordered) // 2 + 1]
    names = ["居中数"] if len(middle) == 1 else ["居中较小数", "居中较大数"]
    inputs = [
        context.amount_input(f"x{n}", name, row["value"], row["bound"], row)
        for n, (name, row) in enumerate(zip(names, middle, strict=True))
    ]
    if len(middle) == 2:
        return context.step("median:between", inputs)
    row = middle[0]
    value = context.amount_input("x", names[0], row["value"], row["bound"], row)
    return context.step("median", [value])


def share_steps(context: RowContext) -> Iterator[Step]:
    """Yield the share of the parent's figure and the contribution to its growth."""
    parent = context.facts.parent(context["district"])
    parent_row = context.facts.metric_row(parent, context["level"]) if parent else None
    parent_name = context.facts.parent_name(context["district"])
    if context.has("share") and parent_row is not None:
        yield context.step(
            "share", [context.value_input(), _parent_input(context, parent_row, parent_name)]
        )
    if context.has("share_reason"):
        yield _share_reason_step(context, parent_row, parent_name)
    if context.has("contribution") and parent_row is not None:
        inputs = [
            context.value_input(),
            base_input(context),
            _parent_base_input(context, parent_row, parent_name),
        ]
        yield context.step("contribution", inputs)
        if context.has("contribution_rate"):
            yield context.step(
                "contribution_rate", [*inputs, _parent_input(context, parent_row, parent_name)]
            )


def _parent_input(context: RowContext, parent_row: Row, name: str) -> Input:
    """Return the parent's figure as an input."""
    figure = context.facts.figure(parent_row["district"], context.at, parent_row["level"])
    derivation = context.derivation(name, figure) if figure else None
    return context.amount_input(
        "W", name, parent_row["value"], parent_row["bound"], parent_row, derivation
    )


def _parent_base_input(context: RowContext, parent_row: Row, name: str) -> Input:
    """Return the parent's figure of a year earlier as an input."""
    current = context.facts.figure(parent_row["district"], context.at, parent_row["level"])
    year_earlier = context.at.previous_year
    figure = require(
        context.facts.comparable(current, parent_row["district"], year_earlier, parent_row["level"])
    )
    title = f"{name}{INPUT_NAMES['B']}"
    origin = {"source": parent_row["base_source"], "intake_id": figure["intake_id"]}
    derivation = context.derivation(title, figure)
    return context.amount_input(
        "V", title, parent_row["base"], parent_row["base_bound"], origin, derivation
    )


def _share_reason_step(context: RowContext, parent_row: Row | None, name: str) -> Step:
    """Return the step that says why there is no share, with the figures involved."""
    reason = context["share_reason"]
    inputs = []
    has_figures = reason in ("total_zero", "total_grade", "break", "bound_open")
    if has_figures and parent_row is not None:
        inputs = [context.value_input(), _parent_input(context, parent_row, name)]
    elif reason == "total_masked" and parent_row is not None:
        word = str(context.tables.words["status"]["masked"])
        inputs = [
            Input(
                "W", name, None, word, "", parent_row["source"] or "", parent_row["intake_id"] or ""
            )
        ]
    return context.sentence_step("share_reason", SHARE_REASONS[reason].format(whole=name), inputs)
