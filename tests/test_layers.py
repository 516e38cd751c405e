"""Imports go one way: no room imports a higher one, wherever in the code, and no cycles."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter

import pytest

from tests.factory import ROOT

# From the lowest to the highest. `status` and `release` do not import each other.
ROOMS = [
    ["model"],
    ["store"],
    ["metrics"],
    ["dataset"],
    ["reading"],
    ["intake"],
    ["assessment"],
    ["explain"],
    ["status", "release"],
    ["brief"],
    ["pages"],
    ["forms"],
    ["run"],
    ["publish"],
    ["api"],
    ["cli"],
    ["__main__"],
]
LEVEL = {name: level for level, names in enumerate(ROOMS) for name in names}
PACKAGE = ROOT / "kejistats"
FILES = {
    ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p
    for p in sorted(PACKAGE.rglob("*.py"))
}
# A module named in a string, to import or run it later: `import_module("kejistats.brief")`.
_NAMED = re.compile(r"\bkejistats(?:\.\w+)+")


def room(module: str) -> str:
    """Return the room of a module: model for ``kejistats.model.tables.base``."""
    return module.split(".")[1]


def imported(code: str, *, texts: bool = True) -> Iterator[str]:
    """Yield the modules of the package that code imports or, with `texts`, names in strings.

    Imports in functions and under ``if TYPE_CHECKING`` count as well; docstrings do not.
    """
    tree = ast.parse(code)
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            # `from kejistats import metrics` imports the module metrics.
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif (
            texts
            and isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in documentation
        ):
            names = _NAMED.findall(node.value)
        for name in names:
            parts = name.split(".")
            while parts and ".".join(parts) not in FILES:
                parts.pop()
            if parts:
                yield ".".join(parts)


EDGES = {name: set(imported(path.read_text("utf-8"))) - {name} for name, path in FILES.items()}


@pytest.mark.parametrize("module", [name for name in FILES if name != "kejistats"])
def test_a_module_imports_nothing_above_its_room(module: str) -> None:
    module_room = room(module)

    above = {
        other
        for other in EDGES[module]
        if other == "kejistats"
        or LEVEL[room(other)] > LEVEL[module_room]
        or (LEVEL[room(other)] == LEVEL[module_room] and room(other) != module_room)
    }

    assert above == set()


def test_no_modules_import_each_other_in_a_cycle() -> None:
    # A worker is a separate program: naming it in a string does not make a cycle.
    edges = {
        name: set(imported(path.read_text("utf-8"), texts=False)) - {name}
        for name, path in FILES.items()
    }

    TopologicalSorter(edges).prepare()  # raises CycleError with their names


def test_the_package_itself_imports_only_quick_modules() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    at_once = ast.unparse(
        ast.Module([n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)], [])
    )

    assert set(imported(at_once)) == {
        "kejistats.model.errors",
        "kejistats.model.period",
        "kejistats.model.version",
    }


def test_every_module_has_a_room() -> None:
    assert {room(name) for name in FILES if name != "kejistats"} == set(LEVEL)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("from kejistats.store import current", ["kejistats.store"]),
        ("import kejistats.store", ["kejistats.store"]),
        ("from kejistats import metrics", ["kejistats.metrics"]),
        ("from kejistats.brief import view", ["kejistats.brief.view"]),
        ("try:\n    import kejistats.cli\nexcept ImportError:\n    pass", ["kejistats.cli"]),
        ("class A:\n    from kejistats.brief import Brief", ["kejistats.brief"]),
        ("def f():\n    from kejistats.brief import Brief", ["kejistats.brief"]),
        ("if TYPE_CHECKING:\n    from kejistats.brief import Brief", ["kejistats.brief"]),
        ("import_module('kejistats.brief.view')", ["kejistats.brief.view"]),
        ("START = 'import sys; from kejistats.run.worker import main'", ["kejistats.run.worker"]),
        ("def f():\n    '''As `kejistats.cli` does.'''", []),
        ("import polars", []),
    ],
)
def test_imports_count_wherever_they_are(code: str, expected: list[str]) -> None:
    assert list(imported(code)) == expected
