"""Data goes one way: a lower stage never imports a higher one."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from factory import ROOT

# From the lowest to the highest; modules of one line may import each other.
STAGES = [
    ["errors"],
    ["period", "units", "quantity"],
    ["numbers", "placing", "rounding", "templating", "workspace"],
    ["schema"],
    ["registry", "settings"],
    ["chains"],
    ["dataset", "places", "store", "head", "known", "migrate", "answers", "final"],
    ["intake", "metrics"],
    ["template", "status", "explain", "assessment"],
    ["brief", "export"],
    ["render"],
    ["feedback"],
    ["batch"],
    ["mail"],
    ["cli"],
    ["__main__"],
]
PLACE = {name: place for place, names in enumerate(STAGES) for name in names}
PACKAGE = ROOT / "kejistats"
MODULES = sorted(p for p in PACKAGE.rglob("*.py") if p != PACKAGE / "__init__.py")


def stage(module: str) -> str:
    """The stage of ``kejistats.schema.base``: schema."""
    return module.split(".")[1]


def name_of(file: Path) -> str:
    """The dotted name of a file's module."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(tree: ast.Module) -> list[str]:
    """Names of the package's modules that are imported when a module is loaded.

    What stands in functions or under ``if TYPE_CHECKING`` is loaded later or never.
    """
    found: list[str] = []
    pending: list[ast.AST] = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            pending.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name the whole path"
            module = node.module or ""
            # `from kejistats import metrics` imports the module metrics.
            deeper = [f"{module}.{alias.name}" for alias in node.names]
            found += deeper if module == "kejistats" else [module]
        pending.extend(ast.iter_child_nodes(node))
    return [module for module in found if module.startswith("kejistats.")]


@pytest.mark.parametrize("file", MODULES, ids=name_of)
def test_a_module_imports_nothing_above_its_stage(file: Path) -> None:
    own = stage(name_of(file))

    modules = imported(ast.parse(file.read_text("utf-8")))

    above = [m for m in modules if PLACE[stage(m)] > PLACE[own]]
    assert above == []


def test_the_package_itself_loads_only_the_lowest_stages() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))

    assert {stage(module) for module in imported(tree)} <= {"errors", "period"}


def test_every_module_has_its_stage() -> None:
    stages = {stage(name_of(file)) for file in MODULES}

    assert stages <= set(PLACE)


def test_stages_of_one_line_do_not_import_each_other_in_a_circle() -> None:
    edges = {
        (stage(name_of(file)), stage(module))
        for file in MODULES
        for module in imported(ast.parse(file.read_text("utf-8")))
    }

    assert [(a, b) for a, b in sorted(edges) if a < b and (b, a) in edges] == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("from kejistats.store import current", ["kejistats.store"]),
        ("import kejistats.store", ["kejistats.store"]),
        ("from kejistats import metrics", ["kejistats.metrics"]),
        ("try:\n    import kejistats.cli\nexcept ImportError:\n    pass", ["kejistats.cli"]),
        ("class A:\n    from kejistats.brief import Brief", ["kejistats.brief"]),
        ("def f():\n    from kejistats.brief import Brief", []),
        ("if TYPE_CHECKING:\n    from kejistats.brief import Brief", []),
        ("import polars", []),
    ],
)
def test_imports_are_found_where_they_run_at_loading(code: str, expected: list[str]) -> None:
    assert imported(ast.parse(code)) == expected
