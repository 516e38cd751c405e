"""What was known on a day: vintage dates, and which receipts count as taken back (definitions §7).

A row's vintage date is the day its source gives, else the day it was taken in. Days of intake
are days in China, UTC+8, whatever the clock of the machine that reads the store.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl

from kejistats.model.errors import UsageError

# The bureaus' clock: fixed, without a table of time zones, which not every machine has.
CHINA = timezone(timedelta(hours=8))
# The column by which the source itself dates a row of each table.
DATED = {"observations": "published", "targets": "issued"}
_DAY = re.compile(
    r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|\.(\d{1,2})\.(\d{1,2})"
    r"|年(\d{1,2})月(\d{1,2})日|(\d\d)(\d\d))",
    re.ASCII,
)


def read_day(given: str | date) -> date:
    """Read a day.

    Parameters
    ----------
    given
        A date, or its text: 2025-08-20, 2025/8/20, 2025.8.20, 2025年8月20日, 20250820.

    Raises
    ------
    UsageError
        When the text is no day of the calendar.

    Examples
    --------
    >>> read_day("2025-08-20") == read_day("2025年8月20日") == date(2025, 8, 20)
    True
    """
    if isinstance(given, datetime):
        return given.date()
    if isinstance(given, date):
        return given
    match = _DAY.fullmatch(str(given).strip())
    try:
        year, month, day = (int(part) for part in match.groups() if part) if match else (0, 0, 0)
        return date(year, month, day)
    except ValueError:
        raise UsageError(f"{str(given)!r} is no date", "write it like 2025-08-20") from None


def receipt_days(receipts: pl.DataFrame) -> dict[str, date]:
    """Return the day of each receipt: that of its ``when`` in China (UTC+8), oldest first.

    A receipt whose ``when`` cannot be read has the day of the one before; the first of all then
    has been there always.

    Parameters
    ----------
    receipts
        Receipt table.

    Examples
    --------
    >>> whens = ["2025-07-31T15:59:59+00:00", "2025-07-31T16:00:00+00:00"]
    >>> frame = pl.DataFrame({"id": ["000001-00000000", "000002-00000000"], "created_at": whens})
    >>> [str(day) for day in receipt_days(frame).values()]
    ['2025-07-31', '2025-08-01']
    """
    days: dict[str, date] = {}
    last = date.min
    for one, when in receipts.select("id", "created_at").sort("id").iter_rows():
        last = days[one] = _day_in_china(when) or last
    return days


def taken_back(receipts: pl.DataFrame, as_known: date | None = None) -> pl.Series:
    """Return the ids of the receipts taken back.

    Parameters
    ----------
    receipts
        Receipt table.
    as_known
        The day whose knowledge counts: a withdrawal of a later day has not happened yet.

    Examples
    --------
    >>> frame = pl.DataFrame({"id": ["000001-00000000", "000002-00000000"],
    ...     "withdraws": [None, "000001-00000000"],
    ...     "created_at": ["2025-07-01T00:00:00+00:00", "2025-09-01T00:00:00+00:00"]})
    >>> taken_back(frame).to_list(), taken_back(frame, date(2025, 8, 31)).to_list()
    (['000001-00000000'], [])
    """
    withdrawals = receipts.filter(pl.col("withdraws").is_not_null())
    if as_known is not None:
        days = receipt_days(receipts)
        done = [one for one in withdrawals["id"] if days[one] <= as_known]
        withdrawals = withdrawals.filter(pl.col("id").is_in(done))
    return withdrawals["withdraws"]


def known_on(as_known: date, given: str, receipts: pl.DataFrame) -> pl.Expr:
    """Return which rows were known on a day.

    A row is dated by `given`, else by its receipt. One whose receipt is not there is dated by
    the receipts before it: it is known once all of them are.

    Parameters
    ----------
    as_known
        The day.
    given
        Column with the day the source gives: published, or issued.
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
    later = sorted(one for one, day in days.items() if day > as_known)
    received = pl.col("intake_id")
    taken_in = pl.lit(value=True)
    if later:
        lost = ~received.is_in(list(days)) & (received > later[0])
        taken_in = ~(received.is_in(later) | lost)
    return pl.coalesce(pl.col(given) <= as_known, taken_in)


def first_known(tables: Mapping[str, pl.LazyFrame], receipts: pl.DataFrame) -> date | None:
    """Return the first day on which anything was known, None where nothing ever was.

    Parameters
    ----------
    tables
        observations and targets, with the rows of receipts taken back.
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
    gone = {
        back: days[one]
        for one, back in receipts.select("id", "withdraws").iter_rows()
        if back is not None
    }
    found = []
    for name, rows in tables.items():
        given = pl.col(DATED[name])
        first = rows.group_by("intake_id").agg(
            given.min().alias("_given"), given.is_null().any().alias("_undated")
        )
        for received, dated, undated in first.collect().iter_rows():
            own = _day_of(received, days) if undated else None
            day = min(day for day in (dated, own) if day is not None)
            # What was taken back before its own date was never known.
            if day < gone.get(received, date.max):
                found.append(day)
    return min(found, default=None)


def _day_of(intake_id: str, days: Mapping[str, date]) -> date:
    """Return the day of a receipt, of one that is not there the latest of those before it."""
    before: Iterable[date] = (day for one, day in days.items() if one < intake_id)
    return days[intake_id] if intake_id in days else max(before, default=date.min)


def _day_in_china(when: str) -> date | None:
    try:
        moment = datetime.fromisoformat(when)
    except ValueError:
        return None
    # Receipts are written in UTC; a text that does not say so is none the less.
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(CHINA).date()
    except OverflowError:
        return None
