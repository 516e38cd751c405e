"""What is to be made, and what became of it."""

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
        What it is made from.
    executed, page
        Where the executed notebook and the HTML go.
    forms
        What else to make of the page, such as pdf or docx.
    why
        Why it has to be made; see `kejistats.run.manifest`.
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
        """The name of its files without what stands after the dot."""
        return self.page.stem

    @property
    def outputs(self) -> list[Path]:
        """All the files that it makes for readers, the page first."""
        return [self.page, *(self.page.with_suffix(f".{form}") for form in self.forms)]


@dataclass(frozen=True)
class Result:
    """What became of a job.

    Parameters
    ----------
    name
        District, or 总览.
    page
        The page; None where it could not be made.
    seconds
        Time it took.
    error
        Why there is no page; empty when there is one.
    text, counts
        Conclusion and counts for the index.
    warnings
        What an analyst should look at, such as own words that contradict the figures.
    cell
        Number of the cell that failed, as in the brackets before it.
    memory
        The most that its worker held meanwhile, in MB.
    unchanged
        Whether the page of an earlier run still holds.
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
