"""Units of measurement, their dimensions, and conversion within one dimension."""

from __future__ import annotations

import re

MONEY = {"元": 1.0, "万元": 1e4, "亿元": 1e8}
# Each counting unit (家, 个, 名 …) is a dimension of its own; the registry says which of them
# mean the same for an indicator.
COUNTS = frozenset("家户个项件场次人名位份条所台套村册期部组张幅笔篇类块口头本座处起")
# Units counted in whole numbers: 12.5家 is not a valid figure.
COUNT_UNITS = COUNTS | {"人次"}
# Dimension and size of each unit; any of them may have a scale in front: 千元, 万户, 百亿元.
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
_RATE_UNITS = {"%": ("%", 1.0), "‰": ("%", 0.1)}
_SCALE = re.compile("([十百千万]?亿|[十百千]?万|[百千])?(.+)")
_POWERS = {"十": 1, "百": 2, "千": 3, "万": 4, "亿": 8}
# Symbols of a single character or with a superscript, which are spelled out before parsing.
_SYMBOLS = {"㎢": "平方公里", "km²": "平方公里", "hm²": "公顷", "㎡": "平方米", "m²": "平方米"}
_SYMBOL = re.compile("|".join(_SYMBOLS))


def spell_out_signs(text: str) -> str:
    """Spell out unit symbols in Chinese.

    Examples
    --------
    >>> spell_out_signs("1200㎡"), spell_out_signs("3.5km²")
    ('1200平方米', '3.5平方公里')
    """
    return _SYMBOL.sub(lambda match: _SYMBOLS[match[0]], text)


def _split(unit: str) -> tuple[float, str]:
    """Split a unit into scale and base unit: 千元 is 1000 and 元."""
    match = _SCALE.fullmatch(unit)
    if match is None:
        return 1.0, unit
    return 10.0 ** sum(_POWERS[character] for character in match[1] or ""), match[2]


def _dimension_and_size(unit: str) -> tuple[str, float] | None:
    """Return dimension and size of a unit, or None if it is unknown."""
    if unit in _RATE_UNITS:
        return _RATE_UNITS[unit]
    scale, base_unit = _split(unit)
    dimension, size = _UNITS.get(base_unit, ("", 0.0))
    return (dimension, scale * size) if dimension else None


def is_known_unit(unit: str) -> bool:
    """Return whether a unit, or each side of a compound such as 件/万人, is known."""
    return all(_dimension_and_size(side) for side in unit.split("/"))


def factor(source: str, target: str, equivalents: tuple[str, ...] = ()) -> float | None:
    """Return the factor that converts a figure from one unit into another.

    Parameters
    ----------
    source, target
        Units to convert from and to; the sides of compounds such as ``亿元/人年`` are converted
        separately.
    equivalents
        Units that the registry treats as the same as `target`, such as 户 for 家.

    Returns
    -------
    float or None
        None if the units have different dimensions.

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
    scale, base_unit = _split(source)
    if base_unit in equivalents and _split(target)[0] == 1:
        return scale
    from_, to = _dimension_and_size(source), _dimension_and_size(target)
    return from_[1] / to[1] if from_ and to and from_[0] == to[0] else None


def ratio_factor(numerator: str, denominator: str, unit: str) -> float | None:
    """Return the factor that turns numerator ÷ denominator into a ratio of `unit`.

    Examples
    --------
    >>> ratio_factor("万元", "亿元", "%"), ratio_factor("亿元", "人年", "万元/人年")
    (0.01, 10000.0)
    """
    if unit in _RATE_UNITS:
        fraction = factor(numerator, denominator)
        return None if fraction is None else fraction * 100 / _RATE_UNITS[unit][1]
    return factor(f"{numerator}/{denominator}", unit)


def money_unit(value: float, unit: str) -> str:
    """Return the most readable money unit for an amount: 元, 万元 or 亿元.

    Examples
    --------
    >>> money_unit(0.08, "亿元"), money_unit(12000, "万元"), money_unit(0, "亿元")
    ('万元', '亿元', '亿元')
    """
    amount = abs(value) * MONEY[unit]
    if amount == 0:
        return unit
    return "亿元" if amount >= 1e8 else "万元" if amount >= 1e4 else "元"
