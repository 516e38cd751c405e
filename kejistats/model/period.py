"""Checkpoints (期): parse, order, label and the months they cover (definitions §2)."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

from kejistats.model.errors import UsageError

_FORM = re.compile(r"(?P<year>\d{4})(?:年)?(?:(?P<kind>[HQM])(?P<number>\d{1,2}))?", re.ASCII)
_MONTHS_PER = {"H": 6, "Q": 3, "M": 1}
_NAMED = {3: "一季度", 6: "上半年", 9: "前三季度", 12: "全年"}
# How many months a stretch of each length covers; a checkpoint's own is the longest it ends.
LENGTHS = {"half": 6, "quarter": 3, "month": 1}


@dataclass(frozen=True, order=True)
class Checkpoint:
    """The end of a month through which figures run.

    Equality and order are by (year, month), so ``2025H1``, ``2025Q2`` and ``2025M06`` are one
    checkpoint (definitions §2).

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
        """Read any form of a checkpoint: ``2025H1``, ``2025Q2``, ``2025M06``, ``2025``.

        Parameters
        ----------
        text
            The form; a bare year (also as an int, as papermill passes it) is its December.

        Raises
        ------
        UsageError
            When the text is none of the forms.

        Examples
        --------
        >>> Checkpoint.parse(2025)
        Checkpoint(year=2025, month=12)
        >>> Checkpoint.parse("2025h1")
        Checkpoint(year=2025, month=6)
        """
        if isinstance(text, Checkpoint):
            return text
        match = _FORM.fullmatch(str(text).strip().upper())
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
        """The stretch of the year in words, without the year: 上半年, 1—5月.

        Examples
        --------
        >>> [Checkpoint(2025, m).word for m in (1, 5, 6, 12)]
        ['1月', '1—5月', '上半年', '全年']
        """
        return _NAMED.get(self.month, self.months)

    @property
    def label(self) -> str:
        """Year and stretch: 2025年上半年."""
        return f"{self.year}年{self.word}"

    @property
    def months(self) -> str:
        """The months covered: 1—6月."""
        return "1月" if self.month == 1 else f"1—{self.month}月"

    @property
    def end(self) -> date:
        """The last day covered."""
        return date(self.year, self.month, calendar.monthrange(self.year, self.month)[1])

    @property
    def cut_off(self) -> str:
        """The last day covered in words: 2025年6月30日."""
        return in_words(self.end)

    @property
    def previous_year(self) -> Checkpoint:
        """The same checkpoint one year earlier, the base of 同比 (definitions §7)."""
        return Checkpoint(self.year - 1, self.month)

    @property
    def length(self) -> str:
        """The longest stretch that ends here: half, quarter or month.

        Examples
        --------
        >>> [Checkpoint(2025, m).length for m in (6, 9, 5)]
        ['half', 'quarter', 'month']
        """
        return next(name for name, months in LENGTHS.items() if self.month % months == 0)

    def earlier(self, months: int) -> Checkpoint:
        """Return the checkpoint so many months before.

        Examples
        --------
        >>> str(Checkpoint(2025, 6).earlier(6)), str(Checkpoint(2025, 1).earlier(2))
        ('2024H2', '2024M11')
        """
        return Checkpoint(*divmod_year(self.year * 12 + self.month - months))

    def elapsed(self, as_of: date | None = None) -> float:
        """Return the months of the year gone by, to the day where a date is given.

        A date of another year says nothing of this one; the checkpoint's month counts then
        (definitions §2).

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
        """Months left in the year."""
        return 12 - self.month

    @property
    def rest(self) -> str:
        """What is left of the year in words: 下半年, 后3个月; 下一年度 in December."""
        if self.month == 12:
            return "下一年度"
        return "下半年" if self.month == 6 else f"后{self.remaining}个月"


def divmod_year(months: int) -> tuple[int, int]:
    """Return year and month of a count of months: 12 × year + month.

    Examples
    --------
    >>> divmod_year(2025 * 12 + 12), divmod_year(2025 * 12 + 1)
    ((2025, 12), (2025, 1))
    """
    year, month = divmod(months - 1, 12)
    return year, month + 1


def in_words(day: date) -> str:
    """Return a day in words.

    Examples
    --------
    >>> in_words(date(2025, 7, 5))
    '2025年7月5日'
    """
    return f"{day.year}年{day.month}月{day.day}日"


def this_day() -> date:
    """Return the day it is here."""
    return datetime.now(UTC).astimezone().date()
