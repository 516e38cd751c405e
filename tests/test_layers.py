"""Data goes one way: no room imports a higher one, wherever the import stands, and no circle."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter

import pytest

from tests.factory import ROOT

# From the lowest to the highest. `status` and `release` do not know each other.
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
# What code may name in a text to import or start it later: `import_module("kejistats.brief")`.
_NAMED = re.compile(r"\bkejistats(?:\.\w+)+")


def room(module: str) -> str:
    """The room of ``kejistats.model.tables.base``: model."""
    return module.split(".")[1]


def imported(code: str, *, texts: bool = True) -> Iterator[str]:
    """The package's modules that a module imports or names in a text, wherever that stands.

    In functions, under ``if TYPE_CHECKING`` and in texts it counts alike; docstrings say what
    they like. Without `texts` only imports are looked at.
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
            assert node.level == 0, "imports name the whole path"
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
    own = room(module)

    above = {
        other
        for other in EDGES[module]
        if other == "kejistats"
        or LEVEL[room(other)] > LEVEL[own]
        or (LEVEL[room(other)] == LEVEL[own] and room(other) != own)
    }

    assert above == set()


def test_no_modules_import_each_other_in_a_circle() -> None:
    # A worker is a program of its own: that its owner names it in a text makes no circle.
    edges = {
        name: set(imported(path.read_text("utf-8"), texts=False)) - {name}
        for name, path in FILES.items()
    }

    TopologicalSorter(edges).prepare()  # raises CycleError, which names them


def test_the_package_itself_loads_only_what_is_quick() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    at_once = ast.unparse(
        ast.Module([n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)], [])
    )

    assert set(imported(at_once)) == {
        "kejistats.model.errors",
        "kejistats.model.period",
        "kejistats.model.version",
    }


def test_every_module_has_its_room() -> None:
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
def test_imports_count_wherever_they_stand(code: str, expected: list[str]) -> None:
    assert list(imported(code)) == expected
