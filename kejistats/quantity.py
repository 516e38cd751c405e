"""Reported text to a quantity: ``约3.2万``, ``xx家``, ``１２％``, ``5700万元`` (semantics §1)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

MISSING = frozenset({"", "-", "--", "—", "——", "–", "/", "…", "……", "...", "......", "空", "暂无"})
NOT_APPLICABLE = frozenset({"无", "无此项", "不适用"})
# A later file writes this to take a figure back; a mere blank takes nothing back.
WITHDRAWN = "撤销"

_PREFIX = {
    "约": "about",
    "大约": "about",
    "近": "less_than",
    "不足": "less_than",
    "低于": "less_than",
    "<": "less_than",
    "超过": "more_than",
    "突破": "more_than",
    "超": "more_than",
    "逾": "more_than",
    ">": "more_than",
    "至少": "at_least",
    "不低于": "at_least",
    "不少于": "at_least",
    "≥": "at_least",
    "最高": "at_most",
    "不超过": "at_most",
    "≤": "at_most",
    "达": "exact",
    "达到": "exact",
    "仅": "exact",
}
_SUFFIX = {
    "余": "at_least",
    "多": "at_least",
    "以上": "at_least",
    "左右": "about",
    "以内": "at_most",
    "以下": "at_most",
}
_LARGEST = 1e100
_SCALE = {"百": 2, "千": 3, "万": 4, "十万": 5, "百万": 6, "千万": 7, "亿": 8, "万亿": 12}

_NUMBER = r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d{1,3})?"
_SCALES = "|".join(sorted(_SCALE, key=len, reverse=True))
_SUFFIXES = "|".join(_SUFFIX)
_QUANTITY = re.compile(
    rf"(?P<prefix>{'|'.join(sorted(_PREFIX, key=len, reverse=True))})?"
    rf"(?P<number>{_NUMBER})(?:(?P<mid>%?)[—–~至-](?P<upper>{_NUMBER}))?"
    rf"(?P<early>{_SUFFIXES})?(?P<scale>(?!百分)(?:{_SCALES}))?(?P<late>{_SUFFIXES})?"
    rf"(?P<unit>%|个?百分点|[^\d\s%,.;*×xX]{{1,8}}?)?(?P<last>{_SUFFIXES})?"
)
# A run of x, × or * hides a figure, with digits around it too (20xx多); between two numbers
# the star multiplies and hides nothing, and in a Latin word (max) the x is a letter.
_MASK = re.compile(
    r"[^\dA-Za-z]{0,4}\d{0,4}(?:[.,]\d{0,2})?[xX×*]+(?:[.,][xX×*]+)?\d{0,2}[^\dA-Za-z]{0,8}"
)
# A single star behind a number may be the mark of a footnote: nobody can tell.
_FOOTNOTE = re.compile(r"\d+(?:\.\d+)?\*[^\dxX×*]*")
_PRODUCT = re.compile(r"\d\s*[*×xX]\s*\d")
# A space inside a number may only set its thousands apart: 12 345 is one number, 12 34 two.
_THOUSANDS = re.compile(r"(?<![\d.])\d{1,3}(?:\s\d{3})+(?!\d)")
_TWO_NUMBERS = re.compile(r"\d\s+\d")


@dataclass(frozen=True)
class Quantity:
    """What a reported text says.

    Parameters
    ----------
    value
        The number with Chinese scales applied, in `unit`; None unless `status` is reported.
    upper
        Upper end of a reported interval.
    status
        reported, masked, missing or not_applicable.
    bound
        exact, about, at_least, more_than, at_most or less_than.
    unit
        Unit written with the number; empty where none was.
    scaled
        Whether a scale (万, 亿) stood before no unit, as in ``3.2万``.
    """

    value: float | None
    status: str
    bound: str = "exact"
    unit: str = ""
    upper: float | None = None
    scaled: bool = False


class NotANumberError(ValueError):
    """The text is no quantity; the message says why, in Chinese."""


def _float(number: str, scale: int, raw: str) -> float:
    value = float(Decimal(number.replace(",", "")).scaleb(scale))
    if abs(value) > _LARGEST:
        raise NotANumberError(f"“{raw}”超出数值范围")
    return value + 0.0  # -0 is 0


def parse(text: str) -> Quantity:
    """Read one reported quantity.

    Parameters
    ----------
    text
        The cell as text.

    Raises
    ------
    NotANumberError
        Where the text is neither a number, a mask, a blank nor 无. Nothing is guessed.

    Examples
    --------
    >>> parse("约3.2万")
    Quantity(value=32000.0, status='reported', bound='about', unit='', upper=None, scaled=True)
    >>> parse("xx家").status, parse("").status, parse("无").status, parse("0").value
    ('masked', 'missing', 'not_applicable', 0.0)
    >>> parse("5,700万元").value, parse("１２．５％").unit, parse("30%—40%").upper
    (57000000.0, '%', 40.0)
    """
    raw = text.strip()
    # 12① and 12² carry the mark of a footnote, which normalising would make a digit.
    if any(unicodedata.category(character) == "No" for character in raw):
        raise NotANumberError(f"“{raw}”带有注码，不是数值")
    normal = unicodedata.normalize("NFKC", raw)
    clean = re.sub(r"\s+", "", normal)
    if raw in MISSING or clean in MISSING or raw == WITHDRAWN:
        return Quantity(None, "missing")
    if clean in NOT_APPLICABLE:
        return Quantity(None, "not_applicable")
    if clean.startswith("#"):
        raise NotANumberError(f"公式出错（{raw}）")
    if _TWO_NUMBERS.search(_THOUSANDS.sub("0", normal)):
        raise NotANumberError(f"“{raw}”含有不止一个数")
    if _PRODUCT.search(clean):
        raise NotANumberError(f"“{raw}”是算式，不是数值")
    if _FOOTNOTE.fullmatch(clean):
        raise NotANumberError(f"“{raw}”的星号是注释号还是隐去的数字，无法判断")
    if _MASK.fullmatch(clean):
        return Quantity(None, "masked")
    match = _QUANTITY.fullmatch(clean)
    if match is None:
        raise NotANumberError(f"“{raw}”不是数值")
    words = [match["early"], match["late"], match["last"]]
    bounds = {_SUFFIX[word] for word in words if word}
    if match["prefix"]:
        bounds.add(_PREFIX[match["prefix"]])
    bounds.discard("exact")
    if len(bounds) > 1:
        raise NotANumberError(f"“{raw}”的限定词相互矛盾")
    unit = match["unit"] or match["mid"] or ""
    scale = _SCALE.get(match["scale"] or "", 0)
    value = _float(match["number"], scale, raw)
    upper = _float(match["upper"], scale, raw) if match["upper"] else None
    if upper is not None and (upper < value or (match["mid"] and unit != match["mid"])):
        raise NotANumberError(f"“{raw}”不是由低到高的区间")
    # Of an interval only its lower end is sure.
    return Quantity(
        value=value,
        status="reported",
        bound=next(iter(bounds), "exact" if upper is None else "at_least"),
        unit=unit,
        upper=upper,
        scaled=bool(scale) and not unit,
    )
