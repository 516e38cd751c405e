"""Reported text to a quantity: ``约3.2万``, ``xx家``, ``十余项``, ``5700万元`` (definitions §1)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from kejistats.model.units import known, spelled

MISSING = frozenset({
    "", "-", "--", "---", "—", "——", "–", "―", "─", "/", "…", "……", "...", "......",
    "空", "空缺", "暂无", "暂缺", "未报送",
})  # fmt: skip
NOT_APPLICABLE = frozenset({"无", "无此项", "不适用", "不涉及"})
_STATUS = dict.fromkeys(("未公布", "不公布", "保密"), "masked")
_STATUS |= dict.fromkeys(MISSING, "missing") | dict.fromkeys(NOT_APPLICABLE, "not_applicable")
# A later file writes this to take a figure back; a mere blank takes nothing back.
WITHDRAWN = "撤销"

# The commonest texts by far. Rust's regex reads it alike, so that a column may be read at once.
PLAIN = r"-?(?:[0-9]{1,20}|[0-9]{1,3}(?:,[0-9]{3}){1,6})(?:\.[0-9]{1,20})?"
_FAST = re.compile(PLAIN)

_LEADS = "累计 共计 合计 总计 总共 一共 共有 共 计 高达 已达 达到 达 仅有 仅为 仅 只有 已 有 为"
_BEFORE = {
    "about": "约 大约 大概 ≈",
    "less_than": "近 将近 接近 不足 不到 不满 低于 少于 小于 <",
    "more_than": "超过 超出 突破 超 逾 过 破 高于 多于 大于 >",
    "at_least": "至少 最少 最低 不低于 不少于 不小于 上 ≥ >=",
    "at_most": "最高 最多 至多 不超过 不高于 不多于 不大于 ≤ <=",
}
_BEHIND = {
    "about": "左右 上下",
    "less_than": "不到",
    "at_least": "余 有余 多 以上 及以上 +",
    "at_most": "以内 以下 及以下",
    "exact": "整",
}
_PREFIX, _SUFFIX = (
    {word: bound for bound, words in table.items() for word in words.split()}
    for table in (_BEFORE, _BEHIND)
)
_BOUND = _PREFIX | _SUFFIX | {"几": "at_least", "来": "about"}
_LARGEST, _LONGEST = 1e100, 60

_DIGITS = "零〇一二两三四五六七八九"
_PLACES = {"十": 1, "百": 2, "千": 3, "万": 4, "亿": 8}
_NUMERALS = _DIGITS + "".join(_PLACES)
_IN_FIGURES = str.maketrans(_DIGITS, "001223456789")
_USUAL = str.maketrans(
    "壹贰叁肆伍陆柒捌玖拾佰仟○萬億兩約餘個項戶", "一二三四五六七八九十百千〇万亿两约余个项户"
)


def _either(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))  # 不超过 before 超过


def _chinese() -> str:
    """Build the grammar of numerals written in full; 三百二 and 一万二 leave a place out."""
    digit, zero, any_digit = "[一二三四五六七八九]", "[零〇]", "[零〇一二三四五六七八九]"
    some = f"(?:{digit}|两)"  # two before 百 and above, or alone, is 两
    tens = f"{digit}?十{digit}?"
    hundreds = f"{some}百(?:{tens}|{zero}{digit})?"
    thousands = f"{some}千(?:{hundreds}|{zero}(?:{tens}|{digit}))?"
    below = f"(?:{thousands}|{hundreds}|{tens}|{some})"
    wan = f"{below}万(?:{thousands}|{zero}(?:{hundreds}|{tens}|{digit}))?(?!万)"
    yi = f"(?:{wan}|{below})亿(?:{zero}?{wan}|{zero}{below})(?![万亿])"
    # Digits in a row are a number where a zero stands among them (二〇); 三五 is three to five.
    row = f"{digit}+{zero}{any_digit}*"
    # The shortest first: the 万 of 十到二十万 belongs to both ends.
    return rf"(?:{below}|零)(?:点{any_digit}+)?|{row}|{wan}|{yi}"


_DIGITAL = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?"
_STEPPED = r"(?:[0-9]+亿(?:[0-9]{1,4}|[1-9]千)万|[0-9]+万[1-9]千)(?![百千万亿])"
_NUMBER = rf"[-+负]?(?:{_DIGITAL}|{_STEPPED}|{_chinese()})"
_SCALE = r"(?:[十百千万]?亿|[十百千]?万|(?!百分)百|千)"
_LETTER = rf"[^\W\d_xX{_NUMERALS}①-⓿❶-➓]"
_UNIT = rf"[%‰]|个?百分点|{_LETTER}(?:{_LETTER}|[()·]){{0,7}}?(?:/[十百千万亿]?{_LETTER}{{1,4}}?)?"
_LEAD, _LIMIT = _either(_LEADS.split()), _either(_SUFFIX)
_QUANTITY = re.compile(
    rf"(?:{_LEAD}){{0,2}}(?!上[^百千万亿])(?P<prefix>{_either(_PREFIX)})?(?:{_LEAD})?"
    rf"(?P<number>{_NUMBER}|[百千]|万(?![余多几+]?万)|亿(?![余多几+]?[万亿]))"
    rf"(?:(?P<mid_scale>{_SCALE})?(?P<mid>{_UNIT})??(?:——|[—–~〜至到-])(?P<upper>{_NUMBER}))?"
    rf"(?P<early>[余多几来+])?(?P<scale>{_SCALE})?(?P<late>{_LIMIT})?"
    rf"(?P<unit>{_UNIT})?(?P<last>{_LIMIT})?"
)
# A run of x, × or * hides a figure, with digits around it too (20xx多); between two numbers
# the star multiplies and hides nothing, and in a Latin word (max) the x is a letter.
_HIDING = r"[0-9]{0,4}(?:[.,][0-9]{0,2})?[xX×*]+(?:[.,][xX×*]+)?[0-9]{0,2}"
_END = rf"(?:{_HIDING}|[0-9]{{1,9}}(?:\.[0-9]{{1,9}})?)"
_MASK = re.compile(rf"[^\dA-Za-z]{{0,6}}(?:{_HIDING}|{_END}%?[—–~至到-]{_END})[^\dA-Za-z]{{0,8}}")
# A scale without a number (近百家) is one of itself. A number may have been left out before 万 and
# 亿, which are parts of units; then still no more is said than is true where they bound from below.
_BARE = dict.fromkeys("百千", tuple(_BEFORE)) | dict.fromkeys("万亿", ("at_least", "more_than"))
_FIGURE = "0-9零〇一二两三四五六七八九十"
_PRODUCT = re.compile(rf"[{_FIGURE}][^{_FIGURE}xX×*]*[*×xX][^{_FIGURE}xX×*]*[{_FIGURE}]")
# A single star behind a number may be the mark of a footnote: nobody can tell.
_FOOTNOTE = re.compile(rf"[^xX×*]*[{_FIGURE}][^xX×*]*(?<![.,])\*[^\dxX×*]*")
# A space inside a number may only set its thousands apart: 12 345 is one number, 12 34 two.
_THOUSANDS = re.compile(r"(?<![0-9.])[0-9]{1,3}(?:\s[0-9]{3})+(?![0-9])")
_TWO_NUMBERS = re.compile(rf"[{_FIGURE}][.,]?\s+[.,]?[{_FIGURE}]")
_ERROR = re.compile(r"#[A-Z_]+(?:/[0A])?[!?]?|Err:[0-9]{3}")
_PERCENT = re.compile(
    rf"(?<![0-9.,{_NUMERALS}])([百千])分之((?:{_NUMBER})[余多几来]?|百(?![{_NUMERALS}]))"
)
_COUNTED = re.compile(rf"[0-9０-９{_NUMERALS}]")
# 3到五千 may begin at 3 or at 3000.
_UNCLEAR_START = re.compile(f"[1-9{_DIGITS}] [{_DIGITS}][十百千]")
_BIG = re.compile("[万亿]")
# What copying leaves unseen in a cell; the marks that turn the order of digits are not among it.
_INVISIBLE = re.compile("[\u200b-\u200e\u202a\u202c\u202d\u2060\ufeff]")
_REASONS = (
    (re.compile(r"预计|预期|估计|力争|争取|确保|计划"), "带有“{0}”，请只填数值"),
    (re.compile(rf"[百千万亿][{_DIGITS}](?![{_NUMERALS}点])"), "省略了数位，请写全，如三百二十"),
    (re.compile(rf"数[{_NUMERALS}家个项件]|几|若干|许多|不少|多[家个项件]|部分|个别|大量|少量|"
                rf"(?<![{_NUMERALS}])[{_DIGITS}]{{2}}(?![{_NUMERALS}])"), "没有写明确数，不是数值"),
    (re.compile(r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?"), "是日期，不是数值"),
    (re.compile(rf"^[^\d{_DIGITS}十]*$"), "不含数字，不是数值"),
)  # fmt: skip


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
    >>> parse("十余家").bound, parse("两千三百件").value, parse("上百家").value
    ('at_least', 2300.0, 100.0)
    """
    if _FAST.fullmatch(text):
        return Quantity(float(text.replace(",", "")) + 0.0, "reported")  # -0 is 0
    return _worded(text)


def _worded(text: str) -> Quantity:
    """Read any text, a plain number too."""
    raw = _INVISIBLE.sub("", text).strip()
    normal, clean = _normalised(raw)
    if clean in _STATUS or text.strip() == WITHDRAWN:
        return Quantity(None, _STATUS.get(clean, "missing"))
    if _ERROR.fullmatch(clean):
        raise _fault(raw, "是公式出错的结果，不是数值")
    if _TWO_NUMBERS.search(_THOUSANDS.sub("0", normal)):
        raise _fault(raw, "含有不止一个数")
    if re.search(r"[xX×*]", clean):
        if _PRODUCT.search(clean):
            raise _fault(raw, "是算式，不是数值")
        if _FOOTNOTE.fullmatch(clean):
            raise _fault(raw, "的星号是注释号还是隐去的数字，无法判断")
        if _MASK.fullmatch(clean):
            return Quantity(None, "masked")
    match = _QUANTITY.fullmatch(clean)
    if match is None:
        raise _fault(raw, _why_not(clean))
    return _read(match, raw)


def _normalised(raw: str) -> tuple[str, str]:
    """Return the text in half width, with its spaces and without."""
    if len(raw) > _LONGEST:
        raise _fault(raw, f"过长（{len(raw)}字），不是数值")
    worded = spelled(raw).translate(_USUAL)
    normal = unicodedata.normalize("NFKC", worded).replace("\N{MINUS SIGN}", "-")
    # 12① and 12² carry the mark of a footnote, which normalising made a digit.
    if len(_COUNTED.findall(normal)) != len(_COUNTED.findall(worded)):
        raise _fault(raw, "带有注码或特殊数字，不是数值")
    clean = re.sub(r"\s+", "", normal)
    return normal, _PERCENT.sub(
        lambda m: ("100" if m[2] == "百" else m[2]) + ("%" if m[1] == "百" else "‰"), clean
    )


def _read(match: re.Match[str], raw: str) -> Quantity:
    """Turn the parts of a quantity into one, unless they contradict each other."""
    number, far, scale = match["number"], match["upper"], match["scale"] or ""
    words = match.group("prefix", "early", "late", "last")
    bounds = {_BOUND[word] for word in words if word} - {"exact"}
    if len(bounds) > 1:
        raise _fault(raw, "的限定词相互矛盾")
    bound = next(iter(bounds), "exact" if far is None else "at_least")
    unit = match["unit"] or match["mid"] or ""
    spoken = any(n and n.lstrip("-+负")[0] in _NUMERALS for n in (number, far))
    # 一些 and 三农 begin with numerals, too.
    strange = unit not in {"", "百分点", "个百分点"} and not known(unit)
    if spoken and (strange or scale[:1] in {"十", "百", "千"}):
        raise _fault(raw, "不是数值，或其单位无法识别")
    if number in _BARE and (far or bound not in _BARE[number]):
        raise _fault(raw, "不含数字，不是数值")
    value, upper = _ends(match, raw) if far else (_float(number, scale, raw), None)
    if match["early"] in {"几", "来"} and _float(number, "", raw) % 10:
        raise _fault(raw, "没有写明确数，不是数值")
    scaled = bool(scale or match["mid_scale"] or _BIG.search(number)) and not unit
    return Quantity(value, "reported", bound, unit, upper, scaled)


def _ends(match: re.Match[str], raw: str) -> tuple[float, float]:
    """Return both ends of an interval; in 10-20万 the scale is of both, in 5千-1万 each has its own."""
    number, far, scale = match["number"], match["upper"], match["scale"] or ""
    middle, unit = match["mid_scale"] or "", match["mid"]
    own = bool(middle or unit or _BIG.search(number))
    value, upper = _float(number, middle if own else scale, raw), _float(far, scale, raw)
    if upper < value or (unit and match["unit"] not in {unit, None}):
        raise _fault(raw, "不是由低到高的区间")
    # 3千-5千万 means 3千万, and 3到五千 may begin at 3 or at 3000.
    half = middle in {"百", "千"} and not unit and _BIG.search(scale)
    if half or (not own and _UNCLEAR_START.fullmatch(f"{number} {far}")):
        raise _fault(raw, "的起点不明确，请写全两端")
    return value, upper


def _float(number: str, scale: str, raw: str) -> float:
    figures = number.replace(",", "").replace("负", "-")
    figures = figures if figures.isascii() else _figures(figures)
    digits, _, exponent = figures.lower().partition("e")
    power = int(exponent or 0) + sum(_PLACES[place] for place in scale)
    value = float(f"{digits}e{power}")
    if abs(value) > _LARGEST or (value == 0 and re.search("[1-9]", digits)):
        raise _fault(raw, "超出数值范围")
    return value + 0.0  # -0 is 0


def _figures(number: str) -> str:
    """Return a numeral such as 十二万五千 or 三点五 in figures."""
    sign = number[0] if number[0] in "-+" else ""
    whole, point, decimals = number[len(sign) :].partition("点")
    total = section = digit = 0
    for character in whole.translate(_IN_FIGURES):
        if character not in _PLACES:
            digit = digit * 10 + int(character)
        elif (place := _PLACES[character]) < 4:
            section, digit = section + (digit or 1) * 10**place, 0
        else:
            # 万 counts what stands since the last 亿, 亿 all before it.
            below, section, digit = section + digit, 0, 0
            total = (total + below or 1) * 10**8 if place == 8 else total + (below or 1) * 10**4
    return f"{sign}{total + section + digit}{'.' if point else ''}{decimals.translate(_IN_FIGURES)}"


def _fault(text: str, reason: str) -> NotANumberError:
    shown = "".join(c if c.isprintable() else " " for c in text[:_LONGEST])
    return NotANumberError(f"“{shown}{'…' if len(text) > _LONGEST else ''}”{reason}")


def _why_not(text: str) -> str:
    """Return the reason that helps most to mend a text which is no quantity."""
    found = ((pattern.search(text), reason) for pattern, reason in _REASONS)
    return next((reason.format(match[0]) for match, reason in found if match), "不是数值")
