"""Parse reported text such as ``约3.2万``, ``xx家``, ``十余项`` or ``5700万元`` (definitions §1)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from kejistats.model.units import is_known_unit, spell_out_signs

MISSING = frozenset({
    "", "-", "--", "---", "—", "——", "–", "―", "─", "/", "…", "……", "...", "......",
    "空", "空缺", "暂无", "暂缺", "未报送",
})  # fmt: skip
NOT_APPLICABLE = frozenset({"无", "无此项", "不适用", "不涉及"})
_STATUS = dict.fromkeys(("未公布", "不公布", "保密"), "masked")
_STATUS |= dict.fromkeys(MISSING, "missing") | dict.fromkeys(NOT_APPLICABLE, "not_applicable")
# Written in a later file to withdraw a figure; a blank cell withdraws nothing.
WITHDRAWN = "撤销"

# By far the most common texts. Rust's regex reads the pattern alike, so polars can match a column.
PLAIN_NUMBER = r"-?(?:[0-9]{1,20}|[0-9]{1,3}(?:,[0-9]{3}){1,6})(?:\.[0-9]{1,20})?"
_PLAIN = re.compile(PLAIN_NUMBER)

_LEADS = "累计 共计 合计 总计 总共 一共 共有 共 计 高达 已达 达到 达 仅有 仅为 仅 只有 已 有 为"
_BOUNDS_BEFORE = {
    "about": "约 大约 大概 ≈",
    "less_than": "近 将近 接近 不足 不到 不满 低于 少于 小于 <",
    "more_than": "超过 超出 突破 超 逾 过 破 高于 多于 大于 >",
    "at_least": "至少 最少 最低 不低于 不少于 不小于 上 ≥ >=",
    "at_most": "最高 最多 至多 不超过 不高于 不多于 不大于 ≤ <=",
}
_BOUNDS_AFTER = {
    "about": "左右 上下",
    "less_than": "不到",
    "at_least": "余 有余 多 以上 及以上 +",
    "at_most": "以内 以下 及以下",
    "exact": "整",
}
_PREFIX, _SUFFIX = (
    {word: bound for bound, words in table.items() for word in words.split()}
    for table in (_BOUNDS_BEFORE, _BOUNDS_AFTER)
)
_BOUND = _PREFIX | _SUFFIX | {"几": "at_least", "来": "about"}
_MAX_VALUE, _MAX_LENGTH = 1e100, 60

_DIGITS = "零〇一二两三四五六七八九"
_POWERS = {"十": 1, "百": 2, "千": 3, "万": 4, "亿": 8}
_NUMERALS = _DIGITS + "".join(_POWERS)
_TO_DIGITS = str.maketrans(_DIGITS, "001223456789")
_COMMON_FORMS = str.maketrans(
    "壹贰叁肆伍陆柒捌玖拾佰仟○萬億兩約餘個項戶", "一二三四五六七八九十百千〇万亿两约余个项户"
)


def _alternatives(words: Iterable[str]) -> str:
    """Return a regular expression for any of the words, longest first: 不超过 before 超过."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


def _chinese_numeral() -> str:
    """Build the pattern of Chinese numerals written in full; 三百二 and 一万二 do not match."""
    digit, zero, any_digit = "[一二三四五六七八九]", "[零〇]", "[零〇一二三四五六七八九]"
    digit_or_liang = f"(?:{digit}|两)"  # 2 is written 两 before 百 and above, or alone
    tens = f"{digit}?十{digit}?"
    hundreds = f"{digit_or_liang}百(?:{tens}|{zero}{digit})?"
    thousands = f"{digit_or_liang}千(?:{hundreds}|{zero}(?:{tens}|{digit}))?"
    below = f"(?:{thousands}|{hundreds}|{tens}|{digit_or_liang})"
    wan = f"{below}万(?:{thousands}|{zero}(?:{hundreds}|{tens}|{digit}))?(?!万)"
    yi = f"(?:{wan}|{below})亿(?:{zero}?{wan}|{zero}{below})(?![万亿])"
    # Consecutive digits are a number only if one is a zero (二〇); 三五 means three to five.
    digits = f"{digit}+{zero}{any_digit}*"
    # Shortest first: the 万 of 十到二十万 belongs to both ends.
    return rf"(?:{below}|零)(?:点{any_digit}+)?|{digits}|{wan}|{yi}"


_IN_DIGITS = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?"
_TWO_STEP = r"(?:[0-9]+亿(?:[0-9]{1,4}|[1-9]千)万|[0-9]+万[1-9]千)(?![百千万亿])"
_NUMBER = rf"[-+负]?(?:{_IN_DIGITS}|{_TWO_STEP}|{_chinese_numeral()})"
_SCALE = r"(?:[十百千万]?亿|[十百千]?万|(?!百分)百|千)"
_LETTER = rf"[^\W\d_xX{_NUMERALS}①-⓿❶-➓]"
_UNIT = rf"[%‰]|个?百分点|{_LETTER}(?:{_LETTER}|[()·]){{0,7}}?(?:/[十百千万亿]?{_LETTER}{{1,4}}?)?"
_LEAD, _LIMIT = _alternatives(_LEADS.split()), _alternatives(_SUFFIX)
_QUANTITY = re.compile(
    rf"(?:{_LEAD}){{0,2}}(?!上[^百千万亿])(?P<prefix>{_alternatives(_PREFIX)})?(?:{_LEAD})?"
    rf"(?P<number>{_NUMBER}|[百千]|万(?![余多几+]?万)|亿(?![余多几+]?[万亿]))"
    rf"(?:(?P<mid_scale>{_SCALE})?(?P<mid>{_UNIT})??(?:——|[—–~〜至到-])(?P<upper>{_NUMBER}))?"
    rf"(?P<early>[余多几来+])?(?P<scale>{_SCALE})?(?P<late>{_LIMIT})?"
    rf"(?P<unit>{_UNIT})?(?P<last>{_LIMIT})?"
)
# A run of x, × or * masks a figure, also with digits around it (20xx多). Between two numbers it
# is a multiplication, and in a Latin word (max) x is a letter.
_HIDDEN = r"[0-9]{0,4}(?:[.,][0-9]{0,2})?[xX×*]+(?:[.,][xX×*]+)?[0-9]{0,2}"
_HIDDEN_END = rf"(?:{_HIDDEN}|[0-9]{{1,9}}(?:\.[0-9]{{1,9}})?)"
_MASK = re.compile(
    rf"[^\dA-Za-z]{{0,6}}(?:{_HIDDEN}|{_HIDDEN_END}%?[—–~至到-]{_HIDDEN_END})[^\dA-Za-z]{{0,8}}"
)
# A scale without a number (近百家) means one of it. Before 万 and 亿, which also begin units, a
# number may have been left out: they are accepted only as lower bounds, which hold in any case.
_LONE_SCALES = dict.fromkeys("百千", tuple(_BOUNDS_BEFORE)) | dict.fromkeys(
    "万亿", ("at_least", "more_than")
)
_NUMBER_CHARACTERS = "0-9零〇一二两三四五六七八九十"
_PRODUCT = re.compile(
    rf"[{_NUMBER_CHARACTERS}][^{_NUMBER_CHARACTERS}xX×*]*[*×xX][^{_NUMBER_CHARACTERS}xX×*]*[{_NUMBER_CHARACTERS}]"
)
# A single star after a number may be a footnote mark or a masked digit: ambiguous.
_FOOTNOTE = re.compile(rf"[^xX×*]*[{_NUMBER_CHARACTERS}][^xX×*]*(?<![.,])\*[^\dxX×*]*")
# A space may only separate thousands: 12 345 is one number, 12 34 are two.
_THOUSANDS = re.compile(r"(?<![0-9.])[0-9]{1,3}(?:\s[0-9]{3})+(?![0-9])")
_TWO_NUMBERS = re.compile(rf"[{_NUMBER_CHARACTERS}][.,]?\s+[.,]?[{_NUMBER_CHARACTERS}]")
_FORMULA_ERROR = re.compile(r"#[A-Z_]+(?:/[0A])?[!?]?|Err:[0-9]{3}")
_PERCENT = re.compile(
    rf"(?<![0-9.,{_NUMERALS}])([百千])分之((?:{_NUMBER})[余多几来]?|百(?![{_NUMERALS}]))"
)
_DIGIT_LIKE = re.compile(rf"[0-9０-９{_NUMERALS}]")
# 3到五千 may start at 3 or at 3000.
_UNCLEAR_START = re.compile(f"[1-9{_DIGITS}] [{_DIGITS}][十百千]")
_WAN_OR_YI = re.compile("[万亿]")
# Invisible characters left by copying; not those that reverse the order of digits.
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
    """A parsed reported text.

    Parameters
    ----------
    value
        The number with Chinese scales applied, in `unit`; None unless `status` is reported.
    upper
        Upper end where an interval was reported.
    status
        reported, masked, missing or not_applicable.
    bound
        exact, about, at_least, more_than, at_most or less_than.
    unit
        Unit written with the number; empty for none.
    scaled
        Whether a scale (万, 亿) was written without a unit, as in ``3.2万``.
    """

    value: float | None
    status: str
    bound: str = "exact"
    unit: str = ""
    upper: float | None = None
    scaled: bool = False


class NotANumberError(ValueError):
    """The text is not a quantity; the message gives the reason in Chinese."""


def parse(text: str) -> Quantity:
    """Parse one reported quantity.

    Parameters
    ----------
    text
        The text of a cell.

    Raises
    ------
    NotANumberError
        When the text is not a number, a mask, a blank or 无. Nothing is guessed.

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
    if _PLAIN.fullmatch(text):
        return Quantity(float(text.replace(",", "")) + 0.0, "reported")  # -0 is 0
    return _parse_any(text)


def _parse_any(text: str) -> Quantity:
    """Parse any text, including plain numbers."""
    raw = _INVISIBLE.sub("", text).strip()
    normal, clean = _normalise(raw)
    if clean in _STATUS or text.strip() == WITHDRAWN:
        return Quantity(None, _STATUS.get(clean, "missing"))
    if _FORMULA_ERROR.fullmatch(clean):
        raise _not_a_number(raw, "是公式出错的结果，不是数值")
    if _TWO_NUMBERS.search(_THOUSANDS.sub("0", normal)):
        raise _not_a_number(raw, "含有不止一个数")
    if re.search(r"[xX×*]", clean):
        if _PRODUCT.search(clean):
            raise _not_a_number(raw, "是算式，不是数值")
        if _FOOTNOTE.fullmatch(clean):
            raise _not_a_number(raw, "的星号是注释号还是隐去的数字，无法判断")
        if _MASK.fullmatch(clean):
            return Quantity(None, "masked")
    match = _QUANTITY.fullmatch(clean)
    if match is None:
        raise _not_a_number(raw, _reason(clean))
    return _to_quantity(match, raw)


def _normalise(raw: str) -> tuple[str, str]:
    """Return the text in half-width characters, with and without spaces."""
    if len(raw) > _MAX_LENGTH:
        raise _not_a_number(raw, f"过长（{len(raw)}字），不是数值")
    spelled_out = spell_out_signs(raw).translate(_COMMON_FORMS)
    normal = unicodedata.normalize("NFKC", spelled_out).replace("\N{MINUS SIGN}", "-")
    # Normalisation turns the footnote mark of 12① or 12² into a digit.
    if len(_DIGIT_LIKE.findall(normal)) != len(_DIGIT_LIKE.findall(spelled_out)):
        raise _not_a_number(raw, "带有注码或特殊数字，不是数值")
    clean = re.sub(r"\s+", "", normal)
    return normal, _PERCENT.sub(
        lambda m: ("100" if m[2] == "百" else m[2]) + ("%" if m[1] == "百" else "‰"), clean
    )


def _to_quantity(match: re.Match[str], raw: str) -> Quantity:
    """Build the quantity from its matched parts, unless they contradict each other."""
    number, upper_number, scale = match["number"], match["upper"], match["scale"] or ""
    words = match.group("prefix", "early", "late", "last")
    bounds = {_BOUND[word] for word in words if word} - {"exact"}
    if len(bounds) > 1:
        raise _not_a_number(raw, "的限定词相互矛盾")
    bound = next(iter(bounds), "exact" if upper_number is None else "at_least")
    unit = match["unit"] or match["mid"] or ""
    in_chinese = any(n and n.lstrip("-+负")[0] in _NUMERALS for n in (number, upper_number))
    # Words such as 一些 and 三农 begin with numerals too.
    unknown_unit = unit not in {"", "百分点", "个百分点"} and not is_known_unit(unit)
    if in_chinese and (unknown_unit or scale[:1] in {"十", "百", "千"}):
        raise _not_a_number(raw, "不是数值，或其单位无法识别")
    if number in _LONE_SCALES and (upper_number or bound not in _LONE_SCALES[number]):
        raise _not_a_number(raw, "不含数字，不是数值")
    value, upper = (
        _interval_ends(match, raw) if upper_number else (_to_float(number, scale, raw), None)
    )
    if match["early"] in {"几", "来"} and _to_float(number, "", raw) % 10:
        raise _not_a_number(raw, "没有写明确数，不是数值")
    scaled = bool(scale or match["mid_scale"] or _WAN_OR_YI.search(number)) and not unit
    return Quantity(value, "reported", bound, unit, upper, scaled)


def _interval_ends(match: re.Match[str], raw: str) -> tuple[float, float]:
    """Return both ends of an interval; 10-20万 has one scale for both ends, 5千-1万 one for each."""
    number, upper_number, scale = match["number"], match["upper"], match["scale"] or ""
    middle, unit = match["mid_scale"] or "", match["mid"]
    has_own_scale = bool(middle or unit or _WAN_OR_YI.search(number))
    value, upper = (
        _to_float(number, middle if has_own_scale else scale, raw),
        _to_float(upper_number, scale, raw),
    )
    if upper < value or (unit and match["unit"] not in {unit, None}):
        raise _not_a_number(raw, "不是由低到高的区间")
    # 3千-5千万 starts at 3千万, and 3到五千 may start at 3 or at 3000.
    half_scaled = middle in {"百", "千"} and not unit and _WAN_OR_YI.search(scale)
    if half_scaled or (not has_own_scale and _UNCLEAR_START.fullmatch(f"{number} {upper_number}")):
        raise _not_a_number(raw, "的起点不明确，请写全两端")
    return value, upper


def _to_float(number: str, scale: str, raw: str) -> float:
    """Return a number with its scale as a float, refusing overflow and underflow."""
    text = number.replace(",", "").replace("负", "-")
    text = text if text.isascii() else _to_digits(text)
    digits, _, exponent = text.lower().partition("e")
    power = int(exponent or 0) + sum(_POWERS[character] for character in scale)
    value = float(f"{digits}e{power}")
    if abs(value) > _MAX_VALUE or (value == 0 and re.search("[1-9]", digits)):
        raise _not_a_number(raw, "超出数值范围")
    return value + 0.0  # -0 is 0


def _to_digits(number: str) -> str:
    """Return a Chinese numeral such as 十二万五千 or 三点五 in digits."""
    sign = number[0] if number[0] in "-+" else ""
    integer, point, decimals = number[len(sign) :].partition("点")
    total = section = digit = 0
    for character in integer.translate(_TO_DIGITS):
        if character not in _POWERS:
            digit = digit * 10 + int(character)
        elif (power := _POWERS[character]) < 4:
            section, digit = section + (digit or 1) * 10**power, 0
        else:
            # 万 multiplies what follows the last 亿, 亿 everything before it.
            below, section, digit = section + digit, 0, 0
            total = (total + below or 1) * 10**8 if power == 8 else total + (below or 1) * 10**4
    return f"{sign}{total + section + digit}{'.' if point else ''}{decimals.translate(_TO_DIGITS)}"


def _not_a_number(text: str, reason: str) -> NotANumberError:
    """Return the error with the start of the text and the reason."""
    shown = "".join(c if c.isprintable() else " " for c in text[:_MAX_LENGTH])
    return NotANumberError(f"“{shown}{'…' if len(text) > _MAX_LENGTH else ''}”{reason}")


def _reason(text: str) -> str:
    """Return the most helpful reason why a text is not a quantity."""
    matches = ((pattern.search(text), reason) for pattern, reason in _REASONS)
    return next((reason.format(match[0]) for match, reason in matches if match), "不是数值")
