"""Where things are: the workspace root, paths relative to it, and the packaged files."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from kejistats.model.errors import UsageError

_PACKAGE = Path(__file__).resolve().parents[1]


def find_root(start: Path | None = None) -> Path | None:
    """Return the nearest folder upwards of `start` that holds ``schemas/`` and ``notebooks/``.

    Parameters
    ----------
    start
        Where to begin; the current folder by default.

    Returns
    -------
    Path or None
        None where no workspace encloses `start`, as with an installed wheel.
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "schemas" / "indicators").is_dir() and (folder / "notebooks").is_dir():
            return folder
    return None


def home() -> Path:
    """Return the folder that relative paths start from: the workspace, else the current one."""
    return find_root() or Path.cwd()


def outputs(dataset: str, out: Path | None = None) -> Path:
    """Return the folder of a data set's outputs; below ``out`` in the workspace by default."""
    return (out or home() / "out") / dataset


def resolve(path: str | Path) -> Path:
    """Return `path` as an absolute path; a relative one starts at the workspace root.

    Papermill, JupyterLab and a shell each start a process elsewhere; the root makes a setting
    mean the same folder in all of them.
    """
    return (home() / Path(path).expanduser()).resolve()


def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8, with or without BOM, or in GB18030.

    Spreadsheet programs on Chinese systems save CSV in either.

    Raises
    ------
    UsageError
        When it is in neither.
    """
    raw = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UsageError(f"{path.name} is neither UTF-8 nor GB18030 text", "save it as CSV UTF-8")


def shared(name: str, near: Path | None = None) -> Path:
    """Return a folder or file of ``schemas`` or ``notebooks``, an analyst's own copy first.

    Looked for in the workspace that encloses `near` (then the current folder), else in the
    files that travel inside the package.

    Parameters
    ----------
    name
        For example ``schemas/indicators`` or ``notebooks/brief.ipynb``.
    near
        A data set's folder.
    """
    for root in (find_root(near) if near else None, find_root()):
        if root is not None and (root / name).exists():
            return root / name
    return packaged(name)


def packaged(name: str) -> Path:
    """Return a folder or file as it came with the package, whatever a workspace changed.

    Raises
    ------
    UsageError
        When the installation lacks it.
    """
    for root in (_PACKAGE / "_share", _PACKAGE.parent):
        if (root / name).exists():
            return root / name
    raise UsageError(f"{name} was not found", "reinstall kejistats or run it inside a workspace")


def read_toml(file: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    UsageError
        Naming file, line and column, when it is not valid TOML in UTF-8.
    """
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{file}: not valid TOML: {error}", "mend the line and run again"
        ) from None
