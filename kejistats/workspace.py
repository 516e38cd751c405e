"""Where things are: the workspace root, paths relative to it, and the packaged files."""

from __future__ import annotations

from pathlib import Path

from kejistats.errors import UsageError

_PACKAGE = Path(__file__).resolve().parent


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


def resolve(path: str | Path) -> Path:
    """Return `path` as an absolute path; a relative one starts at the workspace root.

    Papermill, JupyterLab and a shell each start a process elsewhere; the root makes a setting
    mean the same folder in all of them.
    """
    return (home() / Path(path).expanduser()).resolve()


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

    Raises
    ------
    UsageError
        When neither has it.
    """
    roots = [find_root(near) if near else None, find_root()]
    roots += [_PACKAGE / "_share", _PACKAGE.parent]
    for root in roots:
        if root is not None and (root / name).exists():
            return root / name
    raise UsageError(f"{name} was not found", "reinstall kejistats or run it inside a workspace")
