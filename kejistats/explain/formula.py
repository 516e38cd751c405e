"""Formulas as text, from which they are both printed with numbers and evaluated."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from functools import cache

_BRACE = re.compile(r"\{(\w+)\}")
_SUM = re.compile(r"Σ\{(\w+)\}")
_PYTHON_OPERATORS = str.maketrans(
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
    # Rounded first, so that 2.9999999999 by floating-point noise is 3.
    "floor": lambda x: float(math.floor(round(x, 9))),
}
_LOWER_BOUNDS, _UPPER_BOUNDS = ("at_least", "more_than"), ("at_most", "less_than")


def expand_sums(formula: str, counts: Mapping[str, int]) -> str:
    """Write out the sums of a formula, one term for each input.

    Parameters
    ----------
    formula
        A formula with ``Σ{x}`` for the sum of the inputs ``x0``, ``x1`` and so on.
    counts
        The number of inputs of each sum.

    Examples
    --------
    >>> expand_sums("Σ{x} ÷ {T}", {"x": 2})
    '({x0} + {x1}) ÷ {T}'
    """

    def terms(match: re.Match[str]) -> str:
        text = " + ".join(f"{{{match[1]}{n}}}" for n in range(counts[match[1]]))
        return text if match[0] == formula or counts[match[1]] == 1 else f"({text})"

    return _SUM.sub(terms, formula)


def input_keys(formula: str) -> list[str]:
    """Return the keys of the inputs in a formula, each once.

    Examples
    --------
    >>> input_keys("({A} − {B}) ÷ {B}")
    ['A', 'B']
    """
    return list(dict.fromkeys(_BRACE.findall(formula)))


def fill(formula: str, texts: Mapping[str, str]) -> str:
    """Return a formula with its inputs replaced by texts.

    Examples
    --------
    >>> fill("{A} ÷ {T}", {"A": "累计 105件", "T": "目标 205件"})
    '累计 105件 ÷ 目标 205件'
    """
    return _BRACE.sub(lambda match: texts[match[1]], formula)


def evaluate(formula: str, values: Mapping[str, float]) -> float | bool:
    """Evaluate a formula.

    Parameters
    ----------
    formula
        Numbers, inputs in braces, ``+ − × ÷ ^``, ``√(…)``, ``⌊…⌋`` and comparisons; these round
        to nine decimals, to ignore floating-point noise.
    values
        The inputs by key.

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
    return ast.parse(formula.translate(_PYTHON_OPERATORS), mode="eval").body


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
    raise ValueError(f"not allowed in a formula: {ast.unparse(node)}")


def result_bound(
    formula: str, values: Mapping[str, float], bounds: Mapping[str, str]
) -> str | None:
    """Return the bound of a result from the bounds of its inputs.

    Each bounded input is moved slightly to its open side, to see which way the result moves.

    Parameters
    ----------
    formula
        The formula; not a comparison.
    values, bounds
        The inputs and their bounds by key; an input without a bound is exact.

    Returns
    -------
    str or None
        exact, about, at_least or at_most; None where inputs move the result in opposite directions.

    Examples
    --------
    >>> evaluate("{A} ÷ {T}", {"A": 1.0, "T": 2.0})
    0.5
    >>> result_bound("{A} ÷ {T}", {"A": 1.0, "T": 2.0}, {"A": "at_least"})
    'at_least'
    >>> result_bound("{A} − {B}", {"A": 1.0, "B": 2.0}, {"A": "at_least", "B": "more_than"}) is None
    True
    """
    result, directions = evaluate(formula, values), set()
    for key in input_keys(formula):
        bound = bounds.get(key, "exact")
        if bound in _LOWER_BOUNDS + _UPPER_BOUNDS:
            delta = max(abs(values[key]), 1.0) * 1e-6
            open_delta = delta if bound in _LOWER_BOUNDS else -delta
            change = evaluate(formula, {**values, key: values[key] + open_delta}) - result
            directions.add((change > 0) - (change < 0))
    directions.discard(0)
    if len(directions) == 2:
        return None
    if directions:
        return "at_least" if directions == {1} else "at_most"
    return "about" if "about" in (bounds.get(key) for key in input_keys(formula)) else "exact"
