"""Score every part of an assessment for every district."""

from __future__ import annotations

from datetime import date

import polars as pl

from kejistats.assessment.declaration import RANK_COLUMNS, Item, RedLine, Rules
from kejistats.assessment.item_figures import is_firm, part_figures
from kejistats.assessment.scoring_rules import FigureRule, RankPoints
from kejistats.metrics.bounds import LOWER, UPPER
from kejistats.model.period import Checkpoint
from kejistats.model.tables import Score

# Points are compared at this many decimals; beyond them they differ by floating-point noise.
DIGITS = 9


def score_parts(
    metrics: pl.DataFrame,
    districts: pl.DataFrame,
    indicators: pl.DataFrame,
    rules: Rules,
    at: Checkpoint,
    as_known: date | None = None,
) -> pl.DataFrame:
    """Score every part for every district.

    Points are certain if the figure is exact (or 约), or if all figures that its bound allows
    give the same points. A figure that is not reported, not applicable or without a target scores
    as the rules declare. Everything else is open, from the fewest to the most points: a masked
    figure, one not due yet, one that gives no rate.

    Parameters
    ----------
    metrics
        Metric table of the checkpoint.
    districts
        Rows of the District table that are assessed, with `_group`: districts of one group are
        peers.
    indicators
        Indicator table.
    rules
        The assessment rules.
    at
        The checkpoint.
    as_known
        Assess with what was known on this day; a figure not yet released by then is not due.

    Returns
    -------
    polars.DataFrame
        The Score table, in the order of the districts and of the parts.
    """
    parts: list[tuple[str, Item | RedLine]] = [
        *(("item", item) for item in rules.items),
        *(("bonus", bonus) for bonus in rules.bonuses),
        *(("red_line", line) for line in rules.red_lines),
    ]
    positions = districts.select(pl.col("code").alias("district")).with_row_index("_position")
    frames = []
    for order, (kind, part) in enumerate(parts, 1):
        figures = part_figures(metrics, districts, indicators, part, at, as_known)
        if isinstance(part, RedLine):
            rows = _judge_red_line(figures, part)
        elif isinstance(part.rule, RankPoints):
            rows = _apply_policies(
                _score_by_rank(figures, part.rule, part.figure, rules), rules, kind
            )
        else:
            rows = _apply_policies(_score_by_figure(figures, part.rule), rules, kind)
        rule = "red_line" if isinstance(part, RedLine) else part.rule.kind
        frames.append(
            rows.with_columns(
                year=pl.lit(at.year),
                month=pl.lit(at.month),
                part=pl.lit(kind),
                order=pl.lit(order),
                item=pl.lit(part.name),
                indicator=pl.lit(part.indicator),
                level=pl.lit(part.level),
                rule=pl.lit(rule),
                figure=pl.lit(part.figure),
            )
        )
    table = pl.concat(frames, how="diagonal_relaxed").join(positions, on="district")
    return Score.conform(table.sort("_position", "order").drop("_position"))


def _score_by_figure(figures: pl.DataFrame, rule: FigureRule) -> pl.DataFrame:
    """Add the points at both ends of the range of the figure."""
    ends = [rule.points(pl.col(c)) for c in ("_low", "_high")]
    return figures.with_columns(
        low=pl.min_horizontal(ends),
        high=pl.max_horizontal(ends),
        weight=pl.lit(rule.weight),
        maximum=pl.lit(rule.max_points),
        rank=pl.lit(None, dtype=pl.Int64),
        ranked=pl.lit(None, dtype=pl.Int64),
        rank_low=pl.lit(None, dtype=pl.Int64),
    )


def _score_by_rank(
    figures: pl.DataFrame, rule: RankPoints, figure: str, rules: Rules
) -> pl.DataFrame:
    """Add the points of the best and the worst rank that the figures of all peers allow.

    The ranks are those of the Metric table: of exact figures of one grade. A peer whose figure is
    open, or of another grade, may end up ahead. A peer to which the indicator does not apply never
    does; one without the base that a growth rank needs, or with the other kind of growth, is not
    ranked. A masked figure that is sure to be ranked gets at least the points of the last rank;
    any other absent figure may turn out to have no rank, and then no points.
    """
    rank_column = RANK_COLUMNS[figure]
    ranked_column = (
        f"{rank_column}ed" if rank_column == "rank" else rank_column.replace("rank", "ranked")
    )
    absent_reasons = ["not_applicable"]
    absent_reasons += ["no_target"] if figure == "attainment" else []
    absent_reasons += ["missing"] if rules.missing == "zero" else []
    # Growth from too small a base has no rank and never will.
    unranked = is_firm() & (pl.col("bound") == "exact") & pl.col(rank_column).is_null()
    unranked |= pl.col("value").is_not_null() & pl.col("_other_growth_kind")
    unranked &= pl.lit(figure == "growth")
    excluded = pl.col("reason").is_in(absent_reasons).fill_null(value=False) | unranked
    all_participants = (~excluded).sum().over("_group")
    excluded |= pl.col("value").is_null() if rule.peers == "reported" else pl.lit(value=False)
    tie_group = [
        "_group",
        "grade",
        *(["target_kind"] if figure == "attainment" else []),
        rank_column,
    ]
    rows = figures.with_columns(
        _participants=(~excluded).sum().over("_group"),
        _tied=pl.len().over(tie_group),
        _unranked=unranked,
        _all_participants=all_participants,
        _will_rank=(pl.col("reason") == "masked").fill_null(value=False) & _will_be_ranked(figure),
    )
    ranges: list[tuple[int | None, float, float]] = []
    columns = [
        rank_column,
        ranked_column,
        "_participants",
        "_tied",
        "value",
        "_unranked",
        "_all_participants",
        "_will_rank",
    ]
    for rank, ranked, participants, tied, value, is_unranked, members, will_rank in rows.select(
        columns
    ).iter_rows():
        if will_rank:
            ranges.append((None, rule.points(max(members, 1)), rule.points(1)))
        elif value is None or is_unranked:
            ranges.append((None, 0.0, rule.points(1)))
        elif rank is None:  # a bound may end up at any rank
            ranges.append((None, rule.points(max(participants, 1)), rule.points(1)))
        else:
            worst = rank + max(participants - ranked, 0)
            ranges.append((worst, rule.points(worst, tied), rule.points(rank, tied)))
    ends = pl.DataFrame(
        ranges, schema={"rank_low": pl.Int64, "low": pl.Float64, "high": pl.Float64}, orient="row"
    )
    return rows.hstack(ends).with_columns(
        weight=pl.lit(rule.weight),
        maximum=pl.lit(rule.max_points),
        rank=pl.col(rank_column),
        ranked=pl.col(ranked_column),
        reason=pl.when(pl.col("value").is_null())
        .then("reason")
        .when("_unranked")
        .then(pl.lit("unranked"))
        .when(pl.col(rank_column).is_null())
        .then(pl.lit("bound_open"))
        .when(pl.col("low").round(DIGITS) < pl.col("high").round(DIGITS))
        .then(pl.lit("peers_open")),
    )


def _will_be_ranked(figure: str) -> pl.Expr:
    """Return whether a masked figure is sure to be ranked once it is published.

    Growth may lack its base, and so may the completion rate of some targets.
    """
    if figure == "attainment":
        rated = (pl.col("target_kind") == "total") & (pl.col("_target") > 0)
        return rated.fill_null(value=False)
    return pl.lit(figure == "value")


def _apply_policies(rows: pl.DataFrame, rules: Rules, part: str) -> pl.DataFrame:
    """Set status and points, by the declared policies where a figure is absent."""
    reason = pl.col("reason")
    policies = {"missing": rules.missing}
    # A bonus for something that a district does not have neither gains nor loses points.
    for absence, declared_policy in (
        ("not_applicable", rules.not_applicable),
        ("no_target", rules.no_target),
    ):
        policies[absence] = declared_policy if part == "item" else "zero"
    policy = reason.replace_strict(policies, default=None, return_dtype=pl.String)
    certain = pl.col("low").round(DIGITS) == pl.col("high").round(DIGITS)
    has_figure = pl.col("value").is_not_null() & ~reason.is_in(list(policies)).fill_null(
        value=False
    )
    status = (
        pl.when(policy == "zero")
        .then(pl.lit("zero"))
        .when(policy == "full")
        .then(pl.lit("full"))
        .when(policy == "reweight")
        .then(pl.lit("reweighted"))
        .when(has_figure & certain)
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


def _judge_red_line(figures: pl.DataFrame, line: RedLine) -> pl.DataFrame:
    """Set whether each district crossed a red line, did not (clear), or may have (open).

    A figure that is missing, masked or not due leaves it open, unless the line is about not
    reporting; a district to which the indicator does not apply, or without a target, cannot cross
    it.
    """
    reason = pl.col("reason")
    if line.unreported:
        crossed, sure = reason == "missing", pl.lit(value=True)
    elif line.progress:
        crossed, sure = _at_or_worse(line.progress)
    else:
        low, high = (pl.col(c).round_sig_figs(12) for c in ("_low", "_high"))
        is_floor = line.below is not None
        limit = pl.lit(line.below if is_floor else line.above)
        ends = [end < limit if is_floor else end > limit for end in (low, high)]
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
    # A figure may be present and its progress still not judged.
    unjudged_codes = {"not_due": "not_due", "no_pace": "no_figure"} if line.progress else {}
    unjudged_reason = pl.col("progress").replace_strict(
        unjudged_codes, default=None, return_dtype=pl.String
    )
    empty_columns = {
        "points": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "weight": pl.Float64,
    }
    return figures.with_columns(status=status).with_columns(
        *(pl.lit(None, dtype=t).alias(c) for c, t in empty_columns.items()),
        maximum=pl.lit(line.cap),
        rank=pl.lit(None, dtype=pl.Int64),
        ranked=pl.lit(None, dtype=pl.Int64),
        rank_low=pl.lit(None, dtype=pl.Int64),
        reason=pl.when(pl.col("status") == "open")
        .then(pl.coalesce("reason", unjudged_reason, pl.lit("bound_open")))
        .when(exempt | (pl.lit(line.unreported) & (pl.col("status") == "crossed")))
        .then(pl.coalesce("reason", pl.lit("no_target"))),
    )


def _at_or_worse(progress: str) -> tuple[pl.Expr, pl.Expr]:
    """Return whether the progress is at this code or a worse one, and whether that is certain.

    A bound leaves it open on one side: at_least may turn out better, at_most worse; under a
    ceiling the other way round.
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
