"""Checkpoints (期) such as 2025H1: parsing, order, labels and covered months (definitions §2)."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

from kejistats.model.errors import UsageError

_PATTERN = re.compile(r"(?P<year>\d{4})(?:年)?(?:(?P<kind>[HQM])(?P<number>\d{1,2}))?", re.ASCII)
_MONTHS_PER = {"H": 6, "Q": 3, "M": 1}
_NAMED_PERIODS = {3: "一季度", 6: "上半年", 9: "前三季度", 12: "全年"}
# Months of each period length; a checkpoint's own length is the longest period it ends.
PERIOD_MONTHS = {"half": 6, "quarter": 3, "month": 1}


@dataclass(frozen=True, order=True)
class Checkpoint:
    """The end of a month: figures are cumulative from January through it.

    Checkpoints are equal and ordered by (year, month): ``2025H1``, ``2025Q2`` and ``2025M06``
    are the same one (definitions §2).

    Parameters
    ----------
    year
        Calendar year, 1900 to 2999.
    month
        Last month covered, 1 to 12.

    Examples
    --------
    >>> Checkpoint.parse("2025Q2") == Checkpoint.parse("2025H1")
    True
    >>> str(Checkpoint(2025, 6)), Checkpoint(2025, 6).label, Checkpoint(2025, 6).months
    ('2025H1', '2025年上半年', '1—6月')
    >>> Checkpoint.parse("2025").previous_year
    Checkpoint(year=2024, month=12)
    """

    year: int
    month: int

    def __post_init__(self) -> None:
        if not (1900 <= self.year <= 2999 and 1 <= self.month <= 12):
            raise UsageError(
                f"checkpoint {self.year}-{self.month} is outside 1900-01 to 2999-12",
                "write 2025H1, 2025Q3, 2025M05 or 2025",
            )

    @classmethod
    def parse(cls, text: str | int | Checkpoint) -> Checkpoint:
        """Parse a checkpoint: ``2025H1``, ``2025Q2``, ``2025M06`` or ``2025``.

        Parameters
        ----------
        text
            The checkpoint in any notation; a year alone, also as int, means its December.

        Raises
        ------
        UsageError
            When the text is not a checkpoint.

        Examples
        --------
        >>> Checkpoint.parse(2025)
        Checkpoint(year=2025, month=12)
        >>> Checkpoint.parse("2025h1")
        Checkpoint(year=2025, month=6)
        """
        if isinstance(text, Checkpoint):
            return text
        match = _PATTERN.fullmatch(str(text).strip().upper())
        if match is None:
            raise UsageError(
                f"unknown checkpoint {str(text)!r}", "write 2025H1, 2025Q3, 2025M05 or 2025"
            )
        if match["kind"] is None:
            return cls(int(match["year"]), 12)
        month = int(match["number"]) * _MONTHS_PER[match["kind"]]
        if not 1 <= month <= 12:
            raise UsageError(
                f"unknown checkpoint {str(text)!r}: a year has 2 halves (H), 4 quarters (Q) "
                "and 12 months (M)",
                f"write {match['year']}H1, {match['year']}Q3 or {match['year']}M05",
            )
        return cls(int(match["year"]), month)

    def __str__(self) -> str:
        if self.month % 6 == 0:
            return f"{self.year}H{self.month // 6}"
        if self.month % 3 == 0:
            return f"{self.year}Q{self.month // 3}"
        return f"{self.year}M{self.month:02d}"

    @property
    def word(self) -> str:
        """The covered months in Chinese, without the year: 上半年, 1—5月.

        Examples
        --------
        >>> [Checkpoint(2025, m).word for m in (1, 5, 6, 12)]
        ['1月', '1—5月', '上半年', '全年']
        """
        return _NAMED_PERIODS.get(self.month, self.months)

    @property
    def label(self) -> str:
        """Year and covered months in Chinese: 2025年上半年."""
        return f"{self.year}年{self.word}"

    @property
    def months(self) -> str:
        """The covered months in figures: 1—6月."""
        return "1月" if self.month == 1 else f"1—{self.month}月"

    @property
    def end(self) -> date:
        """The last covered day."""
        return date(self.year, self.month, calendar.monthrange(self.year, self.month)[1])

    @property
    def cut_off(self) -> str:
        """The last covered day in Chinese: 2025年6月30日."""
        return format_date(self.end)

    @property
    def previous_year(self) -> Checkpoint:
        """The same checkpoint one year earlier, the base of 同比 (definitions §7)."""
        return Checkpoint(self.year - 1, self.month)

    @property
    def length(self) -> str:
        """The longest period that ends at the checkpoint: half, quarter or month.

        Examples
        --------
        >>> [Checkpoint(2025, m).length for m in (6, 9, 5)]
        ['half', 'quarter', 'month']
        """
        return next(name for name, months in PERIOD_MONTHS.items() if self.month % months == 0)

    def earlier(self, months: int) -> Checkpoint:
        """Return the checkpoint a number of months earlier.

        Examples
        --------
        >>> str(Checkpoint(2025, 6).earlier(6)), str(Checkpoint(2025, 1).earlier(2))
        ('2024H2', '2024M11')
        """
        return Checkpoint(*year_and_month(self.year * 12 + self.month - months))

    def elapsed(self, as_of: date | None = None) -> float:
        """Return the elapsed months of the year, to the day where a date is given.

        A date in another year is ignored in favour of the checkpoint's month (definitions §2).

        Examples
        --------
        >>> Checkpoint(2025, 6).elapsed(), Checkpoint(2025, 6).elapsed(date(2025, 6, 15))
        (6.0, 5.5)
        """
        if as_of is None or as_of.year != self.year:
            return float(self.month)
        return as_of.month - 1 + as_of.day / calendar.monthrange(as_of.year, as_of.month)[1]

    @property
    def remaining(self) -> int:
        """Number of months left in the year."""
        return 12 - self.month

    @property
    def rest(self) -> str:
        """The rest of the year in Chinese: 下半年, 后3个月; 下一年度 in December."""
        if self.month == 12:
            return "下一年度"
        return "下半年" if self.month == 6 else f"后{self.remaining}个月"


def year_and_month(months: int) -> tuple[int, int]:
    """Split a count of months, 12 × year + month, into year and month.

    Examples
    --------
    >>> year_and_month(2025 * 12 + 12), year_and_month(2025 * 12 + 1)
    ((2025, 12), (2025, 1))
    """
    year, month = divmod(months - 1, 12)
    return year, month + 1


def format_date(day: date) -> str:
    """Format a day in Chinese.

    Examples
    --------
    >>> format_date(date(2025, 7, 5))
    '2025年7月5日'
    """
    return f"{day.year}年{day.month}月{day.day}日"


def local_today() -> date:
    """Return today's date in the local time zone."""
    return datetime.now(UTC).astimezone().date()
