"""Small workspaces for tests of batch runs: a city of five districts with notebooks of the test."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from kejistats.dataset import Dataset
from kejistats.intake import inbox_files, ingest
from kejistats.model.period import Checkpoint
from kejistats.run import planning
from kejistats.run.job import Job
from tests.factory import COUNT, ROOT, make_dataset, write_csv

# The districts of the small city: one whose notebook runs, one in which a cell raises an error, one
# whose worker dies, one that no longer exists, and one with the same name as the first.
GOOD, RAISES, DIES, GONE, TWIN = "900101", "900102", "900103", "900104", "900105"
AT = Checkpoint(2025, 6)
PARAMETERS = 'bundle = ""'
OPENING = "import kejistats as kj\nbrief = kj.open_brief(bundle=bundle)"


def write_notebook(file: Path, *cells: str) -> Path:
    """Write a notebook whose first cell defines the parameters."""
    first = new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
    nb = new_notebook(cells=[first, *(new_code_cell(cell) for cell in cells)])
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python", "language": "python"}
    file.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, file)
    return file


def small_workspace(root: Path, faults: str, count: int = 5) -> Path:
    """Make a workspace with an ingested small city; `faults` is a cell of every brief."""
    shutil.copytree(ROOT / "schemas", root / "schemas")
    write_notebook(root / "notebooks" / "brief.ipynb", OPENING, faults, "brief.head")
    opening = "import kejistats as kj\noverview = kj.open_overview(bundle=bundle)"
    write_notebook(root / "notebooks" / "overview.ipynb", opening, "overview.head")
    folder = make_dataset(root / "data" / "city", count)
    districts = (folder / "districts.csv").read_text(encoding="utf-8")
    ended = districts.replace("第5区", "第1区").replace("group\n", "group,valid_to\n")
    ended = ended.replace("第4区,900100,\n", "第4区,900100,,2024-12-31\n")
    assert ended.count("2024-12-31") == 1
    (folder / "districts.csv").write_text(ended, encoding="utf-8")
    rows = [csv_row(f"9001{n:02d}", "12") for n in range(1, count + 1) if n != 4]
    write_csv(folder / "inbox" / "figures.csv", rows)
    ingest_inbox(root)
    return root


def csv_row(district: str, value: str) -> dict[str, str]:
    """Return a row of a CSV file with one figure."""
    return {"district": district, "indicator": COUNT, "checkpoint": "2025H1", "value": value}


def ingest_inbox(root: Path) -> None:
    """Ingest the files in the small city's inbox."""
    dataset = open_city(root)
    ingest(dataset, inbox_files(dataset))


def open_city(root: Path) -> Dataset:
    """Open the small city anew."""
    return Dataset(root / "data" / "city")


def pages(root: Path) -> dict[str, bytes]:
    """Return the HTML pages of the small city, the index included, by file name."""
    return {p.name: p.read_bytes() for p in (root / "out" / "city" / "2025H1").glob("*.html")}


def notebook_jobs(root: Path, out: Path, notebooks: dict[str, Path]) -> list[Job]:
    """Return a job of the good district for each notebook, under the notebook's name."""
    _, [job], _ = planning.plan(open_city(root), AT, [GOOD], out)
    return [
        Job(
            name,
            job.bundle,
            file,
            out / "work" / f"{name}.ipynb",
            out / f"{name}.html",
        )
        for name, file in notebooks.items()
    ]
