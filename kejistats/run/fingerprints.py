"""Hashes of what outputs are made from, to detect unchanged inputs without computing metrics."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from kejistats.model.paths import shared

_PACKAGE = Path(__file__).resolve().parents[1]
# The packages that draw, compute or write a page.
_PACKAGES = (
    "ipython", "jinja2", "matplotlib", "nbconvert", "numpy", "papermill", "pillow", "polars",
    "pylopdf-fonts-zh-cn",
)  # fmt: skip
# Workbooks count only once they are ingested, and mail changes no page.
_IGNORED = {"inbox", "mail", "__pycache__", ".ipynb_checkpoints"}


def fingerprint(dataset: Path, outputs: Path) -> str:
    """Return a hash of everything the pages of a data set are made from.

    Files of the store, which never change once written, enter by name, size and time; everything
    else enters by content: settings, districts, registry, words, notebooks, this package and the
    versions of the packages it depends on.

    Parameters
    ----------
    dataset
        The data set's folder.
    outputs
        The folder of outputs, which is left out should it lie inside the data set.
    """
    parts = [code_hash(), template_hash(), package_versions()]
    parts += [notebook_hash(kind, dataset) for kind in ("brief", "overview")]
    parts.append(schemas_hash(dataset))
    for file in _files(dataset, outputs):
        if "store" in file.relative_to(dataset).parts[:-1] and file.name != "head.json":
            stat = file.stat()
            parts.append(f"{file.relative_to(dataset)} {stat.st_size} {stat.st_mtime_ns}")
        else:
            parts.append(f"{file.relative_to(dataset)} {content_hash(file)}")
    return text_hash("\n".join(parts))


def schemas_hash(dataset: Path) -> str:
    """Return the hash of the registry and the words that a data set uses."""
    folder = shared("schemas/indicators", dataset).parent
    # Definitions and table descriptions lie there, too, and no page depends on their wording.
    tables = [line for line in _contents(folder) if line.rpartition(" ")[0].endswith(".toml")]
    return text_hash("\n".join(tables))


def notebook_hash(kind: str, dataset: Path) -> str:
    """Return the hash of the notebook ``brief`` or ``overview`` that a data set uses.

    Modules in the notebook's folder are included, because it may import them.
    """
    notebook = shared(f"notebooks/{kind}.ipynb", dataset)
    modules = sorted(notebook.parent.glob("*.py"))
    return text_hash("\n".join(content_hash(file) for file in [notebook, *modules]))


@cache
def code_hash() -> str:
    """Return the hash of this package without its page templates."""
    templates = _PACKAGE / "pages" / "templates"
    return text_hash("\n".join(_contents(_PACKAGE, templates)))


@cache
def template_hash() -> str:
    """Return the hash of the page templates."""
    return text_hash("\n".join(_contents(_PACKAGE / "pages" / "templates")))


@cache
def package_versions() -> str:
    """Return the versions of Python and of the packages that pages depend on."""
    versions = [f"python {'.'.join(map(str, sys.version_info[:3]))}"]
    for name in _PACKAGES:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            versions.append(f"{name} absent")
    return ", ".join(versions)


def content_hash(file: Path) -> str:
    """Return the hash of a file's content; empty if there is no such file."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


def text_hash(text: str) -> str:
    """Return the hash of a text."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _contents(folder: Path, excluded: Path | None = None) -> list[str]:
    return [
        f"{file.relative_to(folder).as_posix()} {content_hash(file)}"
        for file in _files(folder, excluded)
    ]


def _files(folder: Path, excluded: Path | None) -> Iterable[Path]:
    return sorted(
        file
        for file in folder.rglob("*")
        if file.is_file()
        and not _IGNORED.intersection(file.relative_to(folder).parts)
        and not file.name.startswith(".")
        and excluded not in file.parents
    )
