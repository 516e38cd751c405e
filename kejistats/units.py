"""Units and their dimensions; conversion only inside one dimension."""

from __future__ import annotations

MONEY = {"元": 1.0, "万元": 1e4, "亿元": 1e8}
_DIMENSIONS: tuple[dict[str, float], ...] = (
    MONEY,
    {"平方米": 1.0, "万平方米": 1e4},
    {"亩": 1.0, "万亩": 1e4, "公顷": 15.0},
    {"人": 1.0, "万人": 1e4},
    {"人次": 1.0, "万人次": 1e4},
    {"件": 1.0, "万件": 1e4},
    {"项": 1.0, "万项": 1e4},
    {"人年": 1.0, "万人年": 1e4},
    {"%": 1.0},
)
# A plain noun of counting (家, 个, 名 …) is a dimension of its own; the registry says which
# of them mean the same for one indicator.
COUNTS = frozenset("家户个项件场次人名位份条所台套村".strip())


def known(unit: str) -> bool:
    """Tell whether `unit` (or each side of a compound such as 件/万人) is a known unit."""
    return all(u in COUNTS or any(u in d for d in _DIMENSIONS) for u in unit.split("/"))


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
    >>> factor("亿元/人年", "万元/人年")
    10000.0
    """
    if source == target or source in equivalents:
        return 1.0
    if "/" in source or "/" in target:
        pairs = list(zip(source.split("/"), target.split("/"), strict=False))
        if source.count("/") != target.count("/") or len(pairs) != 2:
            return None
        upper, lower = (factor(*pair) for pair in pairs)
        return None if upper is None or lower is None else upper / lower
    for dimension in _DIMENSIONS:
        if source in dimension and target in dimension:
            return dimension[source] / dimension[target]
    return None


def ratio_factor(numerator: str, denominator: str, unit: str) -> float | None:
    """Return the factor that turns numerator ÷ denominator into a ratio of `unit`.

    Examples
    --------
    >>> ratio_factor("万元", "亿元", "%"), ratio_factor("亿元", "人年", "万元/人年")
    (0.01, 10000.0)
    """
    if unit == "%":
        same = factor(numerator, denominator)
        return None if same is None else same * 100
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
