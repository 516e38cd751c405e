"""Units and their dimensions; conversion only inside one dimension."""

from __future__ import annotations

import re

MONEY = {"元": 1.0, "万元": 1e4, "亿元": 1e8}
# A plain noun of counting (家, 个, 名 …) is a dimension of its own; the registry says which
# of them mean the same for one indicator.
COUNTS = frozenset("家户个项件场次人名位份条所台套村册期部组张幅笔篇类块口头本座处起")
# Units of which there is no part: 12.5家 is no figure.
COUNT_UNITS = COUNTS | {"人次"}
# Each unit's dimension and size; a scale may stand before any of them, as in 千元, 万户, 百亿元.
_UNITS = {
    "元": ("元", 1.0),
    "平方米": ("平方米", 1.0),
    "亩": ("亩", 1.0),
    "公顷": ("亩", 15.0),
    "平方公里": ("亩", 1500.0),
    "人次": ("人次", 1.0),
    "人年": ("人年", 1.0),
    "公斤": ("公斤", 1.0),
    "千克": ("公斤", 1.0),
    "吨": ("公斤", 1000.0),
    "米": ("米", 1.0),
    "公里": ("米", 1000.0),
    "天": ("天", 1.0),
    "字": ("字", 1.0),
} | {word: (word, 1.0) for word in COUNTS}
_RATES = {"%": ("%", 1.0), "‰": ("%", 0.1)}
_SCALE = re.compile("([十百千万]?亿|[十百千]?万|[百千])?(.+)")
_POWERS = {"十": 1, "百": 2, "千": 3, "万": 4, "亿": 8}
# Signs of one character or with a raised digit, which nothing else would read as units.
_SIGNS = {"㎢": "平方公里", "km²": "平方公里", "hm²": "公顷", "㎡": "平方米", "m²": "平方米"}
_SIGN = re.compile("|".join(_SIGNS))


def spelled(text: str) -> str:
    """Write signs of units in words.

    Examples
    --------
    >>> spelled("1200㎡"), spelled("3.5km²")
    ('1200平方米', '3.5平方公里')
    """
    return _SIGN.sub(lambda match: _SIGNS[match[0]], text)


def _split(unit: str) -> tuple[float, str]:
    """Return scale and rest: 千元 is 1000 and 元."""
    match = _SCALE.fullmatch(unit)
    if match is None:
        return 1.0, unit
    return 10.0 ** sum(_POWERS[place] for place in match[1] or ""), match[2]


def _measured(unit: str) -> tuple[str, float] | None:
    """Return dimension and size of a unit, None where it is unknown."""
    if unit in _RATES:
        return _RATES[unit]
    scale, rest = _split(unit)
    dimension, size = _UNITS.get(rest, ("", 0.0))
    return (dimension, scale * size) if dimension else None


def known(unit: str) -> bool:
    """Tell whether `unit` (or each side of a compound such as 件/万人) is a known unit."""
    return all(_measured(side) for side in unit.split("/"))


def factor(source: str, target: str, equivalents: tuple[str, ...] = ()) -> float | None:
    """Return what a figure in `source` is multiplied by to stand in `target`.

    Parameters
    ----------
    source, target
        Unit names; compounds such as ``亿元/人年`` convert side by side.
    equivalents
        Names that the registry allows to stand for `target`, such as 户 for 家.

    Returns
    -------
    float or None
        None where the units are of different dimensions.

    Examples
    --------
    >>> factor("万元", "亿元"), factor("户", "家", ("户",)), factor("户", "家")
    (0.0001, 1.0, None)
    >>> factor("亿元/人年", "万元/人年"), factor("万户", "家", ("户",)), factor("千元", "万元")
    (10000.0, 10000.0, 0.1)
    """
    if source == target or source in equivalents:
        return 1.0
    if "/" in source or "/" in target:
        pairs = list(zip(source.split("/"), target.split("/"), strict=False))
        if source.count("/") != target.count("/") or len(pairs) != 2:
            return None
        upper, lower = (factor(*pair) for pair in pairs)
        return None if upper is None or lower is None else upper / lower
    scale, rest = _split(source)
    if rest in equivalents and _split(target)[0] == 1:
        return scale
    one, other = _measured(source), _measured(target)
    return one[1] / other[1] if one and other and one[0] == other[0] else None


def ratio_factor(numerator: str, denominator: str, unit: str) -> float | None:
    """Return the factor that turns numerator ÷ denominator into a ratio of `unit`.

    Examples
    --------
    >>> ratio_factor("万元", "亿元", "%"), ratio_factor("亿元", "人年", "万元/人年")
    (0.01, 10000.0)
    """
    if unit in _RATES:
        same = factor(numerator, denominator)
        return None if same is None else same * 100 / _RATES[unit][1]
    return factor(f"{numerator}/{denominator}", unit)


def money_unit(value: float, unit: str) -> str:
    """Return the unit of money in which `value` reads best: 元, 万元 or 亿元.

    Examples
    --------
    >>> money_unit(0.08, "亿元"), money_unit(12000, "万元"), money_unit(0, "亿元")
    ('万元', '亿元', '亿元')
    """
    amount = abs(value) * MONEY[unit]
    if amount == 0:
        return unit
    return "亿元" if amount >= 1e8 else "万元" if amount >= 1e4 else "元"
