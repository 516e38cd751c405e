"""The wheel: it contains everything, and works without a workspace."""

from __future__ import annotations

import json
import os
import shutil
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from kejistats.model.version import __version__
from tests.factory import ROOT
from tests.pages.factory import MODEL, Made
from tests.workspaces import call, environment

_IGNORED = shutil.ignore_patterns("__pycache__", ".*")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the files that belong to it."""
    source = tmp_path_factory.mktemp("source")
    for name in ("kejistats", "schemas", "notebooks"):
        shutil.copytree(ROOT / name, source / name, ignore=_IGNORED)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    home, out = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("wheel")
    build = ("-m", "hatchling", "build", "-t", "wheel", "-d", out)
    process = call(sys.executable, *build, cwd=source, home=home)
    assert process.returncode == 0, process.stderr
    [file] = out.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new environment with the wheel; other packages come from this one."""
    env, home = tmp_path_factory.mktemp("env") / "env", tmp_path_factory.mktemp("home")
    created = call(sys.executable, "-m", "venv", "--without-pip", env, cwd=home, home=home)
    assert created.returncode == 0, created.stderr
    new = env / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    options = ("--no-deps", "--no-index", "--disable-pip-version-check", "--quiet")
    install = ("-m", "pip", "--python", new, "install", *options, wheel)
    installed = call(sys.executable, *install, cwd=home, home=home)
    assert installed.returncode == 0, installed.stderr
    # .pth files in folders that are named in a .pth file are not read, so the editable
    # installation of this checkout stays invisible.
    [site] = env.rglob("site-packages")
    borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "borrowed.pth").write_text("\n".join(sorted(borrowed)), encoding="utf-8")
    return new


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo city, outside any workspace."""
    alone = tmp_path_factory.mktemp("alone")
    shutil.copytree(
        ROOT / "data" / "demo-city", alone / "demo-city", ignore=shutil.ignore_patterns("store")
    )
    return alone


def test_the_wheel_contains_all_files_that_the_program_reads(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    shipped = {
        f"kejistats/_share/{file.relative_to(ROOT).as_posix()}"
        for folder in ("schemas", "notebooks")
        for file in (ROOT / folder).rglob("*")
        if file.is_file() and not any(part.startswith(".") for part in file.parts)
    }
    assert "kejistats/_share/schemas/words.toml" in shipped
    assert "kejistats/_share/schemas/indicators/transfer.toml" in shipped
    assert "kejistats/_share/notebooks/brief.ipynb" in shipped
    templates = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "kejistats").rglob("templates/**/*")
        if file.is_file()
    }
    assert "kejistats/pages/templates/kejistats/page.css" in templates
    assert "kejistats/pages/templates/kejistats/conf.json" in templates
    assert "kejistats/brief/templates/head.html" in templates
    modules = {p.relative_to(ROOT).as_posix() for p in (ROOT / "kejistats").rglob("*.py")}
    assert shipped | templates | modules | {"kejistats/py.typed"} <= names


def test_the_wheel_contains_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()

    assert {name.partition("/")[0] for name in names} == {
        "kejistats",
        f"kejistats-{__version__}.dist-info",
    }
    assert not [name for name in names if "__pycache__" in name or "/data/" in name]


def test_the_wheel_names_its_commands_and_license(wheel: Path) -> None:
    info = f"kejistats-{__version__}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        entries = archive.read(f"{info}/entry_points.txt").decode("utf-8")
        metadata = archive.read(f"{info}/METADATA").decode("utf-8")
        names = archive.namelist()

    assert "kejistats = kejistats.cli:main" in entries
    assert "kejistats = kejistats.pages.exporter:KejistatsExporter" in entries
    assert "License-Expression: Apache-2.0" in metadata
    assert f"{info}/licenses/LICENSE" in names


def test_the_wheel_has_the_version_that_the_package_says(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read(f"kejistats-{__version__}.dist-info/METADATA").decode("utf-8")

    assert f"\nVersion: {__version__}\n" in metadata


def test_the_installed_package_is_the_wheels(python: Path, folder: Path, tmp_path: Path) -> None:
    code = "import kejistats, sys; print(kejistats.__file__); print(sys.prefix)"

    process = call(python, "-c", code, cwd=folder, home=tmp_path)

    file, prefix = process.stdout.splitlines()
    assert Path(file).is_relative_to(prefix)
    assert Path(prefix) == python.parent.parent


def test_a_brief_is_made_without_a_workspace(
    python: Path, folder: Path, made: Made, tmp_path: Path
) -> None:
    program = python.with_name("kejistats")
    ingested = call(program, "intake", "demo-city", cwd=folder, home=tmp_path)
    brief = call(
        program, "briefs", "demo-city", "-c", "2025H1", "-d", MODEL, "--json",
        cwd=folder, home=tmp_path,
    )  # fmt: skip

    assert ingested.returncode == 0, ingested.stderr
    assert brief.returncode == 0, brief.stderr
    [report] = json.loads(brief.stdout)["briefs"]
    page = folder / "out" / "demo-city" / "2025H1" / f"{MODEL}-2025H1.html"
    assert Path(report["page"]) == page
    assert page.read_bytes() == made.pages[f"demo-city/{MODEL}"].read_bytes()


def test_the_environment_of_these_tests_leaks_nothing(tmp_path: Path) -> None:
    variables = environment(tmp_path / "home")

    assert not {"PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME"} & set(variables)
    assert list((tmp_path / "home").iterdir()) == []
