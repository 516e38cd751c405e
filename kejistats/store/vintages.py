"""Vintages: which rows and withdrawals were known on a given day (definitions §7).

The vintage date of a row is the day given by its source, else the day of its intake. Intake days
are days in China (UTC+8), whatever the time zone of the machine that reads the store.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl

from kejistats.model.errors import UsageError

# The bureaus' time zone, as a fixed offset: not every machine has a time zone database.
CHINA = timezone(timedelta(hours=8))
# Column of each table with the day given by the source.
DATE_COLUMNS = {"observations": "published", "targets": "issued"}
_DAY = re.compile(
    r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|\.(\d{1,2})\.(\d{1,2})"
    r"|年(\d{1,2})月(\d{1,2})日|(\d\d)(\d\d))",
    re.ASCII,
)


def parse_day(value: str | date) -> date:
    """Parse a day.

    Parameters
    ----------
    value
        A date, or a text: 2025-08-20, 2025/8/20, 2025.8.20, 2025年8月20日, 20250820.

    Raises
    ------
    UsageError
        When the text is not a date.

    Examples
    --------
    >>> parse_day("2025-08-20") == parse_day("2025年8月20日") == date(2025, 8, 20)
    True
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    match = _DAY.fullmatch(str(value).strip())
    try:
        year, month, day = (int(part) for part in match.groups() if part) if match else (0, 0, 0)
        return date(year, month, day)
    except ValueError:
        raise UsageError(f"{str(value)!r} is not a date", "write it like 2025-08-20") from None


def receipt_days(receipts: pl.DataFrame) -> dict[str, date]:
    """Return the day in China (UTC+8) on which each receipt was created, oldest first.

    A receipt with an unreadable ``created_at`` has the day of the receipt before it; the first
    receipt then counts as always known.

    Parameters
    ----------
    receipts
        Receipt table.

    Examples
    --------
    >>> moments = ["2025-07-31T15:59:59+00:00", "2025-07-31T16:00:00+00:00"]
    >>> frame = pl.DataFrame({"id": ["000001-00000000", "000002-00000000"], "created_at": moments})
    >>> [str(day) for day in receipt_days(frame).values()]
    ['2025-07-31', '2025-08-01']
    """
    days: dict[str, date] = {}
    last = date.min
    for receipt_id, created_at in receipts.select("id", "created_at").sort("id").iter_rows():
        last = days[receipt_id] = _day_in_china(created_at) or last
    return days


def withdrawn_ids(receipts: pl.DataFrame, as_known: date | None = None) -> pl.Series:
    """Return the ids of the withdrawn receipts.

    Parameters
    ----------
    receipts
        Receipt table.
    as_known
        The day to look back from: withdrawals after it are ignored. Default: none is.

    Examples
    --------
    >>> frame = pl.DataFrame({"id": ["000001-00000000", "000002-00000000"],
    ...     "withdraws": [None, "000001-00000000"],
    ...     "created_at": ["2025-07-01T00:00:00+00:00", "2025-09-01T00:00:00+00:00"]})
    >>> withdrawn_ids(frame).to_list(), withdrawn_ids(frame, date(2025, 8, 31)).to_list()
    (['000001-00000000'], [])
    """
    withdrawals = receipts.filter(pl.col("withdraws").is_not_null())
    if as_known is not None:
        days = receipt_days(receipts)
        known = [receipt_id for receipt_id in withdrawals["id"] if days[receipt_id] <= as_known]
        withdrawals = withdrawals.filter(pl.col("id").is_in(known))
    return withdrawals["withdraws"]


def known_on(as_known: date, date_column: str, receipts: pl.DataFrame) -> pl.Expr:
    """Return, for each row, whether it was known on a day.

    A row is dated by `date_column`, else by its receipt. If its receipt is missing, it is known
    once all receipts before it are.

    Parameters
    ----------
    as_known
        The day.
    date_column
        Column with the day given by the source: published or issued.
    receipts
        Receipt table.

    Examples
    --------
    >>> receipts = pl.DataFrame({"id": ["000001-00000000"], "created_at": ["2025-08-05T02:00:00+00:00"]})
    >>> rows = pl.DataFrame({"published": [date(2025, 7, 31), None],
    ...                      "intake_id": ["000001-00000000"] * 2})
    >>> rows.select(known_on(date(2025, 8, 1), "published", receipts)).to_series().to_list()
    [True, False]
    """
    days = receipt_days(receipts)
    later = sorted(receipt_id for receipt_id, day in days.items() if day > as_known)
    intake_id = pl.col("intake_id")
    ingested = pl.lit(value=True)
    if later:
        without_receipt = ~intake_id.is_in(list(days)) & (intake_id > later[0])
        ingested = ~(intake_id.is_in(later) | without_receipt)
    return pl.coalesce(pl.col(date_column) <= as_known, ingested)


def first_known(tables: Mapping[str, pl.LazyFrame], receipts: pl.DataFrame) -> date | None:
    """Return the first day on which anything was known, or None if nothing ever was.

    Parameters
    ----------
    tables
        The tables observations and targets, including rows of withdrawn receipts.
    receipts
        Receipt table.

    Examples
    --------
    >>> receipts = pl.DataFrame({"id": ["000001-00000000"], "withdraws": [None],
    ...     "created_at": ["2025-08-05T02:00:00+00:00"]}, schema_overrides={"withdraws": pl.String})
    >>> rows = pl.LazyFrame({"issued": [date(2025, 2, 18)], "intake_id": ["000001-00000000"]})
    >>> first_known({"targets": rows}, receipts)
    datetime.date(2025, 2, 18)
    """
    days = receipt_days(receipts)
    withdrawn_on = {
        withdrawn: days[receipt_id]
        for receipt_id, withdrawn in receipts.select("id", "withdraws").iter_rows()
        if withdrawn is not None
    }
    first_days = []
    for name, rows in tables.items():
        source_day = pl.col(DATE_COLUMNS[name])
        first = rows.group_by("intake_id").agg(
            source_day.min().alias("_first"), source_day.is_null().any().alias("_undated")
        )
        for intake_id, first_source_day, undated in first.collect().iter_rows():
            intake_day = _day_of(intake_id, days) if undated else None
            day = min(day for day in (first_source_day, intake_day) if day is not None)
            # Rows withdrawn before their source day were never known.
            if day < withdrawn_on.get(intake_id, date.max):
                first_days.append(day)
    return min(first_days, default=None)


def _day_of(intake_id: str, days: Mapping[str, date]) -> date:
    """Return the day of a receipt; if it is missing, the latest day of the receipts before it."""
    before: Iterable[date] = (day for other, day in days.items() if other < intake_id)
    return days[intake_id] if intake_id in days else max(before, default=date.min)


def _day_in_china(created_at: str) -> date | None:
    """Return the day in China of an ISO 8601 moment, or None if it cannot be read."""
    try:
        moment = datetime.fromisoformat(created_at)
    except ValueError:
        return None
    # Receipts are written in UTC, also where the text has no offset.
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(CHINA).date()
    except OverflowError:
        return None
