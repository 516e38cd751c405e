"""The report of a run: pages made, unchanged and failed, with errors, times and memory."""

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
    from kejistats.run.pool import PoolStats

_STATES = {"made": "生成", "unchanged": "未变", "failed": "失败"}


@dataclass(frozen=True)
class Report:
    """The outcome of a run.

    Parameters
    ----------
    folder
        The folder of the pages.
    results
        All pages in the order of the index, then districts without anything to show.
    seconds
        Duration of the run.
    stats
        Statistics of the workers; None if no worker was needed.
    leftover
        Names of pages made by earlier runs whose district no longer has one.
    """

    folder: Path
    results: list[Result]
    seconds: float
    stats: PoolStats | None = None
    leftover: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many pages were made, were unchanged and failed."""
        counted = Counter(result.state for result in self.results)
        return {state: counted[state] for state in _STATES}

    @property
    def failed(self) -> list[Result]:
        """The pages that could not be made."""
        return [result for result in self.results if result.error]

    @property
    def memory(self) -> float:
        """Peak memory of any one worker, in MB."""
        return self.stats.memory if self.stats else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain data for JSON."""
        return {
            **self.counts,
            "seconds": round(self.seconds, 2),
            "memory_mb": round(self.memory),
            "workers": self.stats.started if self.stats else 0,
            "deaths": self.stats.deaths if self.stats else 0,
            "retired": self.stats.retired if self.stats else [],
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
        """Return name, state, seconds, memory and error of the results in the given states."""
        return [
            [r.name, r.state, f"{r.seconds:.1f}", f"{r.memory:.0f}", r.error]
            for r in self.results
            if r.state in states
        ]


def write_report(report: Report, title: str, checkpoint: Checkpoint) -> Path:
    """Write ``report.json`` and ``report.html`` into the ``work`` folder beside the pages."""
    from kejistats.pages.index import render_page

    work = report.folder / "work"
    text = json.dumps(report.as_dict(), ensure_ascii=False, indent=1) + "\n"
    write_text(work / "report.json", text)
    file = work / "report.html"
    html = render_page(
        "run_report.html",
        title=f"{title}{checkpoint.label}简报生成情况",
        report=report,
        states=_STATES,
        slow=sorted((r.seconds for r in report.results if r.state == "made"), reverse=True)[:1],
    )
    write_text(file, html)
    return file
