"""The report of a run: made, unchanged, failed with cell and error, seconds, memory."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kejistats.model.atomic import write_text
from kejistats.run.job import Result

if TYPE_CHECKING:
    from kejistats.model.period import Checkpoint
    from kejistats.run.pool import Figures

_STATES = {"made": "生成", "unchanged": "未变", "failed": "失败"}


@dataclass(frozen=True)
class Report:
    """What a run did.

    Parameters
    ----------
    folder
        The folder of the pages.
    results
        All pages in the order of the index, then what has nothing to show.
    seconds
        From beginning to end.
    figures
        How the workers fared; None where none was needed.
    leftover
        Names of pages that earlier runs made and that nothing asks for any more.
    """

    folder: Path
    results: list[Result]
    seconds: float
    figures: Figures | None = None
    leftover: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many pages were made, held and failed."""
        found = Counter(result.state for result in self.results)
        return {state: found[state] for state in _STATES}

    @property
    def failed(self) -> list[Result]:
        """What could not be made."""
        return [result for result in self.results if result.error]

    @property
    def memory(self) -> float:
        """The most that one worker held, in MB."""
        return self.figures.memory if self.figures else 0.0

    def plain(self) -> dict[str, Any]:
        """Return the report as JSON-like data."""
        return {
            **self.counts,
            "seconds": round(self.seconds, 2),
            "memory_mb": round(self.memory),
            "workers": self.figures.started if self.figures else 0,
            "deaths": self.figures.deaths if self.figures else 0,
            "retired": self.figures.retired if self.figures else [],
            "leftover": list(self.leftover),
            "briefs": [
                {
                    "name": r.name,
                    "state": r.state,
                    "page": str(r.page or ""),
                    "seconds": round(r.seconds, 3),
                    "memory_mb": round(r.memory),
                    "cell": r.cell,
                    "error": r.error,
                    "warnings": list(r.warnings),
                }
                for r in self.results
            ],
        }

    def table(self, *states: str) -> list[list[str]]:
        """Return name, state, seconds, memory and error of the results in some states."""
        return [
            [r.name, r.state, f"{r.seconds:.1f}", f"{r.memory:.0f}", r.error]
            for r in self.results
            if r.state in states
        ]


def report_page(report: Report, title: str, checkpoint: Checkpoint) -> Path:
    """Write the report beside the pages' working files, as ``report.json`` and ``report.html``."""
    from kejistats.pages.index import page

    work = report.folder / "work"
    text = json.dumps(report.plain(), ensure_ascii=False, indent=1) + "\n"
    write_text(work / "report.json", text)
    file = work / "report.html"
    html = page(
        "run_report.html",
        title=f"{title}{checkpoint.label}简报生成情况",
        report=report,
        states=_STATES,
        slow=sorted((r.seconds for r in report.results if r.state == "made"), reverse=True)[:1],
    )
    write_text(file, html)
    return file
