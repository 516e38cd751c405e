"""Formulas as text: printed with the numbers in their places, and worked out from the same text."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from functools import cache

_BRACE = re.compile(r"\{(\w+)\}")
_SUM = re.compile(r"Σ\{(\w+)\}")
_SIGNS = str.maketrans(
    {"÷": "/", "×": "*", "−": "-", "^": "**", "√": "sqrt", "≥": ">=", "≤": "<=", "=": "==",
     "⌊": "floor(", "⌋": ")", "{": "", "}": ""}
)  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.GtE: operator.ge,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.Lt: operator.lt,
    ast.Eq: operator.eq,
}
_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "sqrt": math.sqrt,
    # A due of 3 that binary fractions left just below is 3.
    "floor": lambda x: float(math.floor(round(x, 9))),
}
_LOWER, _UPPER = ("at_least", "more_than"), ("at_most", "less_than")


def spread(formula: str, counts: Mapping[str, int]) -> str:
    """Write out the sums of a formula, one term for each of its inputs.

    Parameters
    ----------
    formula
        With ``Σ{x}`` for the sum of the inputs ``x0``, ``x1`` and so on.
    counts
        How many inputs there are of each.

    Examples
    --------
    >>> spread("Σ{x} ÷ {T}", {"x": 2})
    '({x0} + {x1}) ÷ {T}'
    """

    def terms(found: re.Match[str]) -> str:
        text = " + ".join(f"{{{found[1]}{n}}}" for n in range(counts[found[1]]))
        return text if found[0] == formula or counts[found[1]] == 1 else f"({text})"

    return _SUM.sub(terms, formula)


def keys(formula: str) -> list[str]:
    """Return the inputs that a formula names, each once.

    Examples
    --------
    >>> keys("({A} − {B}) ÷ {B}")
    ['A', 'B']
    """
    return list(dict.fromkeys(_BRACE.findall(formula)))


def filled(formula: str, texts: Mapping[str, str]) -> str:
    """Return a formula with texts in the places of its inputs.

    Examples
    --------
    >>> filled("{A} ÷ {T}", {"A": "累计 105件", "T": "目标 205件"})
    '累计 105件 ÷ 目标 205件'
    """
    return _BRACE.sub(lambda found: texts[found[1]], formula)


def evaluate(formula: str, values: Mapping[str, float]) -> float | bool:
    """Work a formula out.

    Parameters
    ----------
    formula
        Numbers, inputs in braces, ``+ − × ÷ ^``, ``√(…)``, ``⌊…⌋`` and comparisons; these leave
        the noise of binary fractions, from the ninth decimal on, out of account.
    values
        The inputs.

    Returns
    -------
    float or bool
        The number, or whether the comparison holds.

    Examples
    --------
    >>> evaluate("({A} − {B}) ÷ {B}", {"A": 6.0, "B": 5.0})
    0.2
    >>> evaluate("0.95 ≤ {r} < 1", {"r": 0.97}), evaluate("{a} ≥ ⌊{b}⌋", {"a": 2, "b": 2.5})
    (True, True)
    """
    return _value(_tree(formula), values)


@cache
def _tree(formula: str) -> ast.expr:
    return ast.parse(formula.translate(_SIGNS), mode="eval").body


def _value(node: ast.expr, values: Mapping[str, float]) -> float | bool:
    match node:
        case ast.Constant(value=float() | int() as number):
            return float(number)
        case ast.Name(id=name):
            return values[name]
        case ast.BinOp(left=left, op=op, right=right):
            return _ARITHMETIC[type(op)](_value(left, values), _value(right, values))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, values)
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            return _FUNCTIONS[name](_value(argument, values))
        case ast.Compare(left=first, ops=ops, comparators=rest):
            sides = [_value(side, values) for side in (first, *rest)]
            return all(
                _COMPARISONS[type(op)](round(left - right, 9), 0)
                for op, left, right in zip(ops, sides, sides[1:], strict=False)
            )
    raise ValueError(f"no formula: {ast.unparse(node)}")


def bound_of(formula: str, values: Mapping[str, float], bounds: Mapping[str, str]) -> str | None:
    """Return the bound of a result that follows from the bounds of its inputs.

    Each input is moved a little the way its bound leaves open, and the result looked at.

    Parameters
    ----------
    formula
        The formula, no comparison.
    values, bounds
        The inputs, and which bounds they are; those left out are exact.

    Returns
    -------
    str or None
        exact, about, at_least or at_most; None where two inputs pull against each other.

    Examples
    --------
    >>> evaluate("{A} ÷ {T}", {"A": 1.0, "T": 2.0})
    0.5
    >>> bound_of("{A} ÷ {T}", {"A": 1.0, "T": 2.0}, {"A": "at_least"})
    'at_least'
    >>> bound_of("{A} − {B}", {"A": 1.0, "B": 2.0}, {"A": "at_least", "B": "more_than"}) is None
    True
    """
    result, moves = evaluate(formula, values), set()
    for key in keys(formula):
        bound = bounds.get(key, "exact")
        if bound in _LOWER + _UPPER:
            step = max(abs(values[key]), 1.0) * 1e-6
            open_side = step if bound in _LOWER else -step
            moved = evaluate(formula, {**values, key: values[key] + open_side}) - result
            moves.add((moved > 0) - (moved < 0))
    moves.discard(0)
    if len(moves) == 2:
        return None
    if moves:
        return "at_least" if moves == {1} else "at_most"
    return "about" if "about" in (bounds.get(key) for key in keys(formula)) else "exact"
