"""A page to make, and the result of making it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Job:
    """One page to make.

    Parameters
    ----------
    name
        District, or 总览.
    bundle, notebook
        The files it is made from.
    executed, page
        Where the executed notebook and the HTML are written.
    forms
        Further formats of the page: ``pdf``, ``docx``.
    why
        Why it has to be made; see `kejistats.run.manifest.rebuild_reason`.
    """

    name: str
    bundle: Path
    notebook: Path
    executed: Path
    page: Path
    forms: tuple[str, ...] = ()
    why: str = ""

    @property
    def stem(self) -> str:
        """The name of its files without the suffix."""
        return self.page.stem

    @property
    def outputs(self) -> list[Path]:
        """All files for readers, the HTML page first."""
        return [self.page, *(self.page.with_suffix(f".{suffix}") for suffix in self.forms)]


@dataclass(frozen=True)
class Result:
    """The result of a job.

    Parameters
    ----------
    name
        District, or 总览.
    page
        The page; None if it could not be made.
    seconds
        Time taken.
    error
        Why there is no page; empty if there is one.
    text, counts
        Conclusion and counts for the index.
    warnings
        What an analyst should check, such as their own words contradicting the figures.
    cell
        Execution count of the failed cell, as shown in the brackets before it.
    memory
        Peak memory of the worker meanwhile, in MB.
    unchanged
        Whether the page of an earlier run is still up to date.
    """

    name: str
    page: Path | None
    seconds: float
    error: str = ""
    text: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    cell: int | None = None
    memory: float = 0.0
    unchanged: bool = False

    @property
    def state(self) -> str:
        """``made``, ``unchanged`` or ``failed``."""
        return "failed" if self.error else "unchanged" if self.unchanged else "made"
