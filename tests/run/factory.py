"""Small workspaces for tests of many briefs: a city of five, with notebooks of a test's own."""

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

# The districts of a small city: one whose notebook runs, one whose cell raises an error, one whose
# worker dies, one that is gone, and one that has the name of the first.
GOOD, RAISES, DIES, GONE, TWIN = "900101", "900102", "900103", "900104", "900105"
AT = Checkpoint(2025, 6)
PARAMETERS = 'bundle = ""'
OPENING = "import kejistats as kj\nbrief = kj.open_brief(bundle=bundle)"


def notebook(file: Path, *cells: str) -> Path:
    """Write a notebook whose first cell holds the parameters."""
    first = new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
    nb = new_notebook(cells=[first, *(new_code_cell(cell) for cell in cells)])
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python", "language": "python"}
    file.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, file)
    return file


def small_workspace(root: Path, faults: str, count: int = 5) -> Path:
    """A workspace of a small city, taken in, with notebooks of the analyst's own."""
    shutil.copytree(ROOT / "schemas", root / "schemas")
    notebook(root / "notebooks" / "brief.ipynb", OPENING, faults, "brief.head")
    opening = "import kejistats as kj\noverview = kj.open_overview(bundle=bundle)"
    notebook(root / "notebooks" / "overview.ipynb", opening, "overview.head")
    folder = make_dataset(root / "data" / "city", count)
    districts = (folder / "districts.csv").read_text(encoding="utf-8")
    ended = districts.replace("第5区", "第1区").replace("group\n", "group,valid_to\n")
    ended = ended.replace("第4区,900100,\n", "第4区,900100,,2024-12-31\n")
    assert ended.count("2024-12-31") == 1
    (folder / "districts.csv").write_text(ended, encoding="utf-8")
    rows = [figure(f"9001{n:02d}", "12") for n in range(1, count + 1) if n != 4]
    write_csv(folder / "inbox" / "figures.csv", rows)
    taken_in(root)
    return root


def figure(district: str, value: str) -> dict[str, str]:
    """A line of a CSV file."""
    return {"district": district, "indicator": COUNT, "checkpoint": "2025H1", "value": value}


def taken_in(root: Path) -> None:
    """Take in what lies in the small city's inbox."""
    dataset = city(root)
    ingest(dataset, inbox_files(dataset))


def city(root: Path) -> Dataset:
    """The small city, opened anew."""
    return Dataset(root / "data" / "city")


def jobs(root: Path, out: Path, notebooks: dict[str, Path]) -> list[Job]:
    """A job of the good district by each of several notebooks, under their names."""
    _, [job], _ = planning.plan(city(root), AT, [GOOD], out)
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
