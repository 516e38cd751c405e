"""The Score table: every part of the assessment for every district."""

from __future__ import annotations

from datetime import date

import polars as pl

from kejistats.assessment.declaration import RANKED, Item, RedLine, Rules
from kejistats.assessment.item_figures import figures_of, firm
from kejistats.assessment.scoring_rules import ByFigure, Places
from kejistats.metrics.bounds import LOWER, UPPER
from kejistats.model.period import Checkpoint
from kejistats.model.tables import Score

# Beyond this, points differ by the noise of binary fractions only.
DIGITS = 9


def scores(
    metrics: pl.DataFrame,
    units: pl.DataFrame,
    indicators: pl.DataFrame,
    rules: Rules,
    at: Checkpoint,
    as_known: date | None = None,
) -> pl.DataFrame:
    """Score every part for every district.

    Points are sure where the figure is exact (or 约), or where all figures that its bound allows
    give the same; they are as declared where it was not reported, or where there is no such
    thing or no target. All else is open, from the fewest points to the most: a masked figure, one
    not due yet, one that no rate follows from.

    Parameters
    ----------
    metrics
        Metric table of the checkpoint.
    units
        Rows of the District table that are assessed, with `_group` (who is whose peer).
    indicators
        Indicator table.
    rules
        The assessment.
    at
        The checkpoint.
    as_known
        The day whose knowledge counts: what is not there before its release is then not due.

    Returns
    -------
    polars.DataFrame
        The Score table, in the order of the units and of the parts.
    """
    parts: list[tuple[str, Item | RedLine]] = [
        *(("item", one) for one in rules.items),
        *(("bonus", one) for one in rules.bonuses),
        *(("red_line", one) for one in rules.red_lines),
    ]
    order = units.select(pl.col("code").alias("district")).with_row_index("_place")
    frames = []
    for place, (name, part) in enumerate(parts, 1):
        figures = figures_of(metrics, units, indicators, part, at, as_known)
        if isinstance(part, RedLine):
            rows = _crossed(figures, part)
        elif isinstance(part.rule, Places):
            rows = _declared(_placed(figures, part.rule, part.figure, rules), rules, name)
        else:
            rows = _declared(_pointed(figures, part.rule), rules, name)
        rule = "red_line" if isinstance(part, RedLine) else part.rule.kind
        frames.append(
            rows.with_columns(
                year=pl.lit(at.year),
                month=pl.lit(at.month),
                part=pl.lit(name),
                order=pl.lit(place),
                item=pl.lit(part.name),
                indicator=pl.lit(part.indicator),
                level=pl.lit(part.level),
                rule=pl.lit(rule),
                figure=pl.lit(part.figure),
            )
        )
    table = pl.concat(frames, how="diagonal_relaxed").join(order, on="district")
    return Score.conform(table.sort("_place", "order").drop("_place"))


def _pointed(figures: pl.DataFrame, rule: ByFigure) -> pl.DataFrame:
    """Return the points of both ends of what the figure may be."""
    ends = [rule.points(pl.col(c)) for c in ("_low", "_high")]
    return figures.with_columns(
        low=pl.min_horizontal(ends),
        high=pl.max_horizontal(ends),
        weight=pl.lit(rule.weight),
        maximum=pl.lit(rule.most),
        rank=pl.lit(None, dtype=pl.Int64),
        ranked=pl.lit(None, dtype=pl.Int64),
        rank_low=pl.lit(None, dtype=pl.Int64),
    )


def _placed(figures: pl.DataFrame, rule: Places, figure: str, rules: Rules) -> pl.DataFrame:
    """Return the points of the best and the worst place that the figures of all peers allow.

    The ranks are those of the Metric table: of exact figures of one grade. A peer whose figure is
    open, or of another grade, may come in before; one that has no such thing never does, one
    without the base that a rank of growth asks for, or with the other kind of growth, does not
    take part. What is masked but sure to take part has at least the points of the last place; all
    else that is not there may turn out to have no place, and then nothing.
    """
    rank = RANKED[figure]
    ranked = f"{rank}ed" if rank == "rank" else rank.replace("rank", "ranked")
    gone = ["not_applicable"]
    gone += ["no_target"] if figure == "attainment" else []
    gone += ["missing"] if rules.missing == "zero" else []
    # What grew from next to nothing has no rank of growth, and never will.
    apart = firm() & (pl.col("bound") == "exact") & pl.col(rank).is_null()
    apart |= pl.col("value").is_not_null() & pl.col("_off_kind")
    apart &= pl.lit(figure == "growth")
    never = pl.col("reason").is_in(gone).fill_null(value=False) | apart
    members = (~never).sum().over("_group")
    never |= pl.col("value").is_null() if rule.peers == "reported" else pl.lit(value=False)
    cell = ["_group", "grade", *(["target_kind"] if figure == "attainment" else []), rank]
    rows = figures.with_columns(
        _there=(~never).sum().over("_group"),
        _sharing=pl.len().over(cell),
        _apart=apart,
        _members=members,
        _sure=(pl.col("reason") == "masked").fill_null(value=False) & _has_place(figure),
    )
    found: list[tuple[int | None, float, float]] = []
    columns = [rank, ranked, "_there", "_sharing", "value", "_apart", "_members", "_sure"]
    for place, count, there, sharing, value, no_place, members, sure in rows.select(
        columns
    ).iter_rows():
        if sure:
            found.append((None, rule.points(max(members, 1)), rule.points(1)))
        elif value is None or no_place:
            found.append((None, 0.0, rule.points(1)))
        elif place is None:  # of a bound every place is open
            found.append((None, rule.points(max(there, 1)), rule.points(1)))
        else:
            last = place + max(there - count, 0)
            found.append((last, rule.points(last, sharing), rule.points(place, sharing)))
    ends = pl.DataFrame(
        found, schema={"rank_low": pl.Int64, "low": pl.Float64, "high": pl.Float64}, orient="row"
    )
    return rows.hstack(ends).with_columns(
        weight=pl.lit(rule.weight),
        maximum=pl.lit(rule.most),
        rank=pl.col(rank),
        ranked=pl.col(ranked),
        reason=pl.when(pl.col("value").is_null())
        .then("reason")
        .when("_apart")
        .then(pl.lit("unranked"))
        .when(pl.col(rank).is_null())
        .then(pl.lit("bound_open"))
        .when(pl.col("low").round(DIGITS) < pl.col("high").round(DIGITS))
        .then(pl.lit("peers_open")),
    )


def _has_place(figure: str) -> pl.Expr:
    """Return where a figure that is masked takes part once it is told.

    Growth may want a base, and the rates of some targets too.
    """
    if figure == "attainment":
        rated = (pl.col("target_kind") == "total") & (pl.col("_target") > 0)
        return rated.fill_null(value=False)
    return pl.lit(figure == "value")


def _declared(rows: pl.DataFrame, rules: Rules, part: str) -> pl.DataFrame:
    """Return rows with what the assessment declares for figures that are not there."""
    reason = pl.col("reason")
    policies = {"missing": rules.missing}
    # Nobody loses or gains by a bonus for what it does not have.
    for name, declared in (
        ("not_applicable", rules.not_applicable),
        ("no_target", rules.no_target),
    ):
        policies[name] = declared if part == "item" else "zero"
    policy = reason.replace_strict(policies, default=None, return_dtype=pl.String)
    same = pl.col("low").round(DIGITS) == pl.col("high").round(DIGITS)
    there = pl.col("value").is_not_null() & ~reason.is_in(list(policies)).fill_null(value=False)
    status = (
        pl.when(policy == "zero")
        .then(pl.lit("zero"))
        .when(policy == "full")
        .then(pl.lit("full"))
        .when(policy == "reweight")
        .then(pl.lit("reweighted"))
        .when(there & same)
        .then(pl.lit("scored"))
        .otherwise(pl.lit("open"))
    )
    points = (
        pl.when(pl.col("status").is_in(["zero", "reweighted"]))
        .then(0.0)
        .when(pl.col("status") == "full")
        .then("weight")
        .when(pl.col("status") == "scored")
        .then("low")
    )
    rows = rows.with_columns(status=status).with_columns(points=points)
    return rows.with_columns(
        low=pl.coalesce("points", "low"),
        high=pl.coalesce("points", "high"),
        maximum=pl.when(pl.col("status") == "reweighted").then(0.0).otherwise("maximum"),
        reason=pl.when(pl.col("status") == "scored")
        .then(None)
        .otherwise(pl.coalesce("reason", pl.lit("bound_open"))),
    )


def _crossed(figures: pl.DataFrame, line: RedLine) -> pl.DataFrame:
    """Return who crossed a red line, who did not, and for whom that is open.

    What was not reported, masked or not due leaves it open, unless not reporting is the line
    itself; who has no such thing or no target to miss cannot cross it.
    """
    reason = pl.col("reason")
    if line.unreported:
        crossed, sure = reason == "missing", pl.lit(value=True)
    elif line.progress:
        crossed, sure = _worse(line.progress)
    else:
        low, high = (pl.col(c).round_sig_figs(12) for c in ("_low", "_high"))
        under = line.below is not None
        limit = pl.lit(line.below if under else line.above)
        ends = [end < limit if under else end > limit for end in (low, high)]
        crossed, sure = ends[0], ends[0] == ends[1]
    exempt = reason.is_in(["not_applicable", "no_target"])
    if line.progress:
        exempt |= pl.col("progress") == "no_target"
    exempt = exempt.fill_null(value=False)
    status = (
        pl.when(exempt)
        .then(pl.lit("clear"))
        .when(~sure.fill_null(value=False))
        .then(pl.lit("open"))
        .when(crossed.fill_null(value=False))
        .then(pl.lit("crossed"))
        .otherwise(pl.lit("clear"))
    )
    # A figure may be there and still not be judged.
    unjudged = {"not_due": "not_due", "no_pace": "no_figure"} if line.progress else {}
    why = pl.col("progress").replace_strict(unjudged, default=None, return_dtype=pl.String)
    none = {"points": pl.Float64, "low": pl.Float64, "high": pl.Float64, "weight": pl.Float64}
    return figures.with_columns(status=status).with_columns(
        *(pl.lit(None, dtype=t).alias(c) for c, t in none.items()),
        maximum=pl.lit(line.cap),
        rank=pl.lit(None, dtype=pl.Int64),
        ranked=pl.lit(None, dtype=pl.Int64),
        rank_low=pl.lit(None, dtype=pl.Int64),
        reason=pl.when(pl.col("status") == "open")
        .then(pl.coalesce("reason", why, pl.lit("bound_open")))
        .when(exempt | (pl.lit(line.unreported) & (pl.col("status") == "crossed")))
        .then(pl.coalesce("reason", pl.lit("no_target"))),
    )


def _worse(progress: str) -> tuple[pl.Expr, pl.Expr]:
    """Return where the progress is that code or a worse one, and where that is sure.

    A bound leaves it open on its own side: more than was said may be better, less worse. Under a
    ceiling it is the other way round.
    """
    worse = {"near": ["near", "slow", "behind"], "slow": ["slow", "behind"], "behind": ["behind"]}
    code, judged = pl.col("progress"), ["done", "ahead", "on_pace", *worse["near"]]
    crossed = code.is_in(worse[progress])
    ceiling = (pl.col("target_kind") == "ceiling").fill_null(value=False)
    bound = pl.col("_reported_bound")
    interval = pl.col("value_upper").is_not_null()
    may_rise = pl.when(ceiling).then(bound.is_in(UPPER)).otherwise(bound.is_in(LOWER))
    may_fall = pl.when(ceiling).then(bound.is_in(LOWER)).otherwise(bound.is_in(UPPER))
    unsure = pl.col("target_reason").eq_missing(pl.lit("bound_open"))
    sure = (
        code.is_in(judged)
        & ~(crossed & (may_rise | unsure | interval)).fill_null(value=False)
        & ~(~crossed & (may_fall | (interval & ceiling))).fill_null(value=False)
    )
    return crossed, sure
