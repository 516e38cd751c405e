"""What outputs are made from, as hashes: to notice that nothing has changed without computing."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from kejistats.model.paths import shared

_PACKAGE = Path(__file__).resolve().parents[1]
# Whatever draws, computes or writes a page.
_PACKAGES = (
    "ipython", "jinja2", "matplotlib", "nbconvert", "numpy", "papermill", "pillow", "polars",
    "pylopdf-fonts-zh-cn",
)  # fmt: skip
# Workbooks count once they are taken in, and what was mailed for nothing.
_LEFT_OUT = {"inbox", "mail", "__pycache__", ".ipynb_checkpoints"}


def fingerprint(dataset: Path, outputs: Path) -> str:
    """Return a hash of all that the pages of a data set are made from.

    Of the store, whose files are never changed once written, the names, sizes and times count;
    of everything else the content: settings, districts, registry, words, notebooks, this package
    and the versions of the others.

    Parameters
    ----------
    dataset
        The data set's folder.
    outputs
        The folder of outputs, which count for nothing should they lie in there.
    """
    parts = [code_hash(), template_hash(), packages()]
    parts += [notebook_hash(kind, dataset) for kind in ("brief", "overview")]
    parts.append(schemas_hash(dataset))
    for file in _files(dataset, outputs):
        if "store" in file.relative_to(dataset).parts[:-1] and file.name != "head.json":
            found = file.stat()
            parts.append(f"{file.relative_to(dataset)} {found.st_size} {found.st_mtime_ns}")
        else:
            parts.append(f"{file.relative_to(dataset)} {content_hash(file)}")
    return text_hash("\n".join(parts))


def schemas_hash(dataset: Path) -> str:
    """Return the hash of the registry and the words that a data set uses."""
    return text_hash("\n".join(_contents(shared("schemas/indicators", dataset).parent)))


def notebook_hash(kind: str, dataset: Path) -> str:
    """Return the hash of the notebook ``brief`` or ``overview`` that a data set uses.

    The modules beside it belong to it: it may import them.
    """
    file = shared(f"notebooks/{kind}.ipynb", dataset)
    beside = sorted(file.parent.glob("*.py"))
    return text_hash("\n".join(content_hash(one) for one in [file, *beside]))


@cache
def code_hash() -> str:
    """Return the hash of this package without its templates of pages."""
    templates = _PACKAGE / "pages" / "templates"
    return text_hash("\n".join(_contents(_PACKAGE, templates)))


@cache
def template_hash() -> str:
    """Return the hash of the templates of pages."""
    return text_hash("\n".join(_contents(_PACKAGE / "pages" / "templates")))


@cache
def packages() -> str:
    """Return the versions of Python and of the packages that pages depend on."""
    found = [f"python {'.'.join(map(str, sys.version_info[:3]))}"]
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} absent")
    return ", ".join(found)


def content_hash(file: Path) -> str:
    """Return the hash of a file's content, of none where there is no such file."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


def text_hash(text: str) -> str:
    """Return the hash of a text."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _contents(folder: Path, without: Path | None = None) -> list[str]:
    return [
        f"{file.relative_to(folder).as_posix()} {content_hash(file)}"
        for file in _files(folder, without)
    ]


def _files(folder: Path, without: Path | None) -> Iterable[Path]:
    return sorted(
        file
        for file in folder.rglob("*")
        if file.is_file()
        and not _LEFT_OUT.intersection(file.relative_to(folder).parts)
        and not file.name.startswith(".")
        and without not in file.parents
    )
