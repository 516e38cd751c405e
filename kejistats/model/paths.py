"""Find files: the workspace root, paths relative to it, and the files shipped in the package."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from kejistats.model.errors import UsageError

_PACKAGE = Path(__file__).resolve().parents[1]


def find_root(start: Path | None = None) -> Path | None:
    """Return the workspace: the nearest folder from `start` upwards with ``schemas/`` and ``notebooks/``.

    Parameters
    ----------
    start
        Folder to start from; the current one by default.

    Returns
    -------
    Path or None
        None where `start` is in no workspace, as with an installed wheel.
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "schemas" / "indicators").is_dir() and (folder / "notebooks").is_dir():
            return folder
    return None


def home() -> Path:
    """Return the base of relative paths: the workspace root, else the current folder."""
    return find_root() or Path.cwd()


def outputs(dataset: str, out: Path | None = None) -> Path:
    """Return the output folder of a data set, by default ``out/<dataset>`` in the workspace."""
    return (out or home() / "out") / dataset


def resolve(path: str | Path) -> Path:
    """Return `path` as an absolute path, relative ones from the workspace root.

    Papermill, JupyterLab and shells start processes in different folders; with the root as base
    a setting means the same folder in all of them.
    """
    return (home() / Path(path).expanduser()).resolve()


def read_text(path: Path) -> str:
    """Read a text file in UTF-8, with or without BOM, or in GB18030.

    Spreadsheet programs on Chinese systems save CSV files in any of these.

    Raises
    ------
    UsageError
        When the file is in none of them.
    """
    raw = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UsageError(
        f"{path.name} is neither UTF-8 nor GB18030 text", "save it as CSV UTF-8 and run again"
    )


def shared(name: str, near: Path | None = None) -> Path:
    """Return a folder or file of ``schemas`` or ``notebooks``: the workspace's, else the packaged one.

    It is searched in the workspace around `near`, in the one around the current folder, and in
    the package, in this order.

    Parameters
    ----------
    name
        For example ``schemas/indicators`` or ``notebooks/brief.ipynb``.
    near
        A data set's folder, whose workspace is searched first.
    """
    for root in (find_root(near) if near else None, find_root()):
        if root is not None and (root / name).exists():
            return root / name
    return packaged(name)


def packaged(name: str) -> Path:
    """Return a folder or file as shipped with the package, ignoring any workspace.

    Raises
    ------
    UsageError
        When the installation does not contain it.
    """
    for root in (_PACKAGE / "_share", _PACKAGE.parent):
        if (root / name).exists():
            return root / name
    raise UsageError(f"{name} was not found", "reinstall kejistats, or run it inside a workspace")


def read_toml(file: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    UsageError
        When it is not valid TOML in UTF-8; the message names file, line and column.
    """
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: not valid TOML: {error}", "fix the line and run again") from None
