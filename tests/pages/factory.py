"""Pages made once for many tests, and helpers to make and read pages."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import nbformat
import polars as pl
from nbformat.v4 import new_output

from kejistats.brief import Brief, Bundle, make_bundles
from kejistats.dataset import Dataset
from kejistats.model.period import Checkpoint
from kejistats.pages.exporter import KejistatsExporter
from kejistats.run import batch, planning
from kejistats.run.job import Job, Result
from tests.factory import ROOT

# The model brief; a district with one domain masked; one with late figures; the zone.
MODEL, MASKED, LATE, ZONE = "900101", "900107", "900112", "900151"
CHECKPOINTS = ["2023H2", "2024H1", "2025H1", "2025H2"]
SHOWN = {
    "demo-city": ("2025H1", [MODEL, MASKED, LATE]),
    "provinces": ("2023", ["110000", "540000"]),
}
NAMES = [
    *(f"demo-city/{code}" for code in SHOWN["demo-city"][1]),
    "demo-city/overview",
    "demo-city/index",
    *(f"provinces/{code}" for code in SHOWN["provinces"][1]),
    "provinces/overview",
]


@dataclass(frozen=True)
class Made:
    """The result of one batch.

    Parameters
    ----------
    pages
        Page files by data set and name, such as ``demo-city/900101``.
    jobs
        All jobs planned, including those of pages that were not made.
    results
        Results of the pages made, by name as in `pages`.
    """

    pages: dict[str, Path]
    jobs: dict[str, list[Job]]
    results: dict[str, Result]


class OnDemand(dict[str, Any]):
    """A dict whose values are made on first access."""

    def __init__(self, make: Callable[[str], Any]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, name: str) -> Any:
        self[name] = self._make(name)
        return self[name]


def make_pages(demo: Dataset, provinces: Dataset, out: Path) -> Made:
    """Make a few pages of each data set, and the demo city's index."""
    pages: dict[str, Path] = {}
    jobs: dict[str, list[Job]] = {}
    results_by_page: dict[str, Result] = {}
    for dataset in (demo, provinces):
        text, codes = SHOWN[dataset.name]
        at = Checkpoint.parse(text)
        folder, planned, failed = planning.plan(dataset, at, (), out)
        assert failed == []
        selected = [job for job in planned if job.page.stem.split("-")[0] in (*codes, "overview")]
        results = batch.run(selected, 1)
        assert [r.error for r in results] == [""] * len(selected)
        for job, result in zip(selected, results, strict=True):
            name = f"{dataset.name}/{job.page.stem.split('-')[0]}"
            pages[name], results_by_page[name] = job.page, result
        jobs[dataset.name] = planned
        if dataset is demo:
            pages["demo-city/index"] = batch.write_index(dataset, at, folder, results)
    return Made(pages, jobs, results_by_page)


def make_briefs(dataset: Dataset) -> dict[tuple[str, str], Brief]:
    """The brief of every district at several checkpoints, by code and checkpoint."""
    codes = dataset.districts.filter(pl.col("kind") != "total")["code"].to_list()
    return {
        (code, at): Brief(bundle)
        for at in CHECKPOINTS
        for code, bundle in make_bundles(dataset, dataset.checkpoint(at), codes).items()
    }


def limited_to(brief: Brief, count: int) -> Brief:
    """A brief with only `count` of its indicators, the main ones first."""
    main = [v.indicator["id"] for v in brief.headline]
    others = [v.indicator["id"] for v in brief.rows if v.indicator["id"] not in main]
    kept = {*[*main, *others][:count]}
    rows = [row for row in brief.bundle.content["metrics"] if row["indicator"] in kept]
    return Brief(Bundle(brief.bundle.content | {"metrics": rows}))


def page_of(brief: Brief) -> str:
    """The page of a brief's notebook, its cells run in this process instead of a kernel."""
    notebook = nbformat.read(ROOT / "notebooks" / "brief.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    run_cells(notebook, {"brief": brief})
    html, _ = KejistatsExporter().from_notebook_node(notebook)
    return str(html)


def run_cells(notebook: Any, namespace: dict[str, Any]) -> None:
    """Run the cells of a notebook in this process and store their outputs."""
    for cell in notebook.cells:
        if cell.cell_type != "code" or cell.metadata.get("tags"):
            continue
        shown = eval(cell.source, namespace)
        if shown is not None:
            data, metadata = shown._repr_mimebundle_()
            text = {
                k: b64encode(v).decode() if isinstance(v, bytes) else v for k, v in data.items()
            }
            cell.outputs = [
                new_output("execute_result", text, metadata=metadata, execution_count=1)
            ]


def page_html(body: str, head: str = "") -> str:
    """A minimal page with the given body and head."""
    return (
        '<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8"><title>甲区</title>'
        f"{head}</head><body><main>{body}</main></body></html>"
    )


def without_spaces(text: str) -> str:
    """A text without spaces and line ends."""
    return re.sub(r"\s", "", text)


def parse(html: str) -> Element:
    """Parse a page strictly: any HTML error fails."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    return parser.parse(html)


def parse_fragment(html: str) -> Element:
    """Parse a fragment within a minimal page."""
    return parse(f"<!DOCTYPE html><html><head><title>x</title></head><body>{html}</body></html>")


def words_of(element: Element) -> str:
    """The visible text of an element."""
    return "".join(_texts(element))


def _texts(element: Element) -> Iterator[str]:
    if element.tag in ("style", "script", "title"):
        return
    yield element.text or ""
    for child in element:
        yield from _texts(child)
        yield child.tail or ""


def district_names(districts: pl.DataFrame) -> dict[str, str]:
    """Names of districts by code."""
    return dict(districts.select("code", "name").iter_rows())


def text_in_word(element: Element) -> Iterator[str]:
    """The texts of an element that a Word document shows."""
    if not {"on-paper", "folded", "screen"} & set((element.get("class") or "").split()):
        yield element.text or ""
        for child in element:
            yield from text_in_word(child)
            yield child.tail or ""
