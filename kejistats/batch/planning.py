"""What is to be made: metrics once, a bundle for every page, and why each must be made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from kejistats.batch.inputs import (
    code_hash,
    content_hash,
    fingerprint,
    notebook_hash,
    packages,
    template_hash,
    text_hash,
)
from kejistats.batch.job import Job, Result
from kejistats.batch.manifest import Manifest, Sources, Wanted, why
from kejistats.batch.place import write
from kejistats.brief import make_bundles, make_overview
from kejistats.dataset import Dataset
from kejistats.errors import UsageError
from kejistats.period import Checkpoint
from kejistats.workspace import home, shared


@dataclass
class Plan:
    """What a run will do.

    Parameters
    ----------
    folder
        The folder of the pages.
    jobs
        Pages to make, each with its reason.
    unchanged
        Pages of earlier runs that still hold.
    failed
        Districts that have nothing to show.
    sources
        What each page is made from, by stem.
    order
        Stems of all pages in the order of the index.
    texts
        Bundles that are not on the disk yet, by stem.
    """

    folder: Path
    jobs: list[Job] = field(default_factory=list)
    unchanged: list[Result] = field(default_factory=list)
    failed: list[Result] = field(default_factory=list)
    sources: dict[str, Sources] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)

    def write_bundles(self) -> None:
        """Write the bundles of the pages to make."""
        for job in self.jobs:
            if job.stem in self.texts:
                job.bundle.parent.mkdir(parents=True, exist_ok=True)
                write(job.bundle, self.texts.pop(job.stem))


def folder_of(dataset: Dataset, checkpoint: Checkpoint, out: Path | None = None) -> Path:
    """Return the folder of a checkpoint's outputs; below ``out`` in the workspace by default."""
    return (out or home() / "out") / dataset.name / str(checkpoint)


def plan(
    dataset: Dataset, checkpoint: Checkpoint, districts: Iterable[str] = (), out: Path | None = None
) -> tuple[Path, list[Job], list[Result]]:
    """Compute the metrics once and write a bundle for every page, whatever was made before.

    Parameters
    ----------
    dataset
        The data set.
    checkpoint
        The checkpoint.
    districts
        Codes; empty means all that are no totals, and the overview.
    out
        Folder of outputs; ``out`` in the workspace by default.

    Returns
    -------
    folder, jobs, failed
        The folder of the pages, the jobs, and districts that have nothing to show.
    """
    folder = folder_of(dataset, checkpoint, out)
    wanted, texts = _computed(dataset, checkpoint, list(districts))
    made = _planned(dataset, folder, wanted, {}, (), force=True)
    made.texts = texts
    made.write_bundles()
    return folder, made.jobs, made.failed


def plan_again(
    dataset: Dataset,
    checkpoint: Checkpoint,
    districts: Sequence[str],
    folder: Path,
    manifest: Manifest,
    *,
    forms: Sequence[str] = (),
    force: bool = False,
    computing: Callable[[], object] = lambda: None,
) -> Plan:
    """Return what must be made by what the manifest says; inputs untouched cost no computing.

    Parameters
    ----------
    dataset, checkpoint, districts
        As for `plan`.
    folder
        The folder of the pages.
    manifest
        Its manifest.
    forms
        What else to make of each page.
    force
        Make all pages again.
    computing
        Called when metrics have to be computed, before that is done.
    """
    inputs = fingerprint(dataset.path, folder)
    known = None if force else manifest.wanted(inputs)
    asked = None if known is None else _chosen(known, checkpoint, districts)
    if asked is not None:
        found = _planned(dataset, folder, asked, manifest.made(), forms)
        if all(content_hash(j.bundle) == found.sources[j.stem].bundle for j in found.jobs):
            return found
    computing()
    wanted, texts = _computed(dataset, checkpoint, districts)
    if not districts:
        manifest.keep_wanted(inputs, wanted)
    found = _planned(dataset, folder, wanted, manifest.made(), forms, force=force)
    found.texts = texts
    return found


def _chosen(
    known: list[Wanted], checkpoint: Checkpoint, districts: Sequence[str]
) -> list[Wanted] | None:
    """Return what is known of some districts, None where it is not known of all of them."""
    if not districts:
        return known
    by_stem = {one.stem: one for one in known}
    stems = [f"{code}-{checkpoint}" for code in dict.fromkeys(districts)]
    return [by_stem[stem] for stem in stems] if by_stem.keys() >= set(stems) else None


def _computed(
    dataset: Dataset, checkpoint: Checkpoint, districts: Sequence[str]
) -> tuple[list[Wanted], dict[str, str]]:
    """Return all that the inputs ask for, and the bundles by stem."""
    asked = list(dict.fromkeys(districts))
    peers = dataset.districts.filter(pl.col("kind") != "total")
    # Who stands alone need not have figures at every checkpoint that another one has.
    related = set(peers.filter(pl.col("parent").is_not_null())["code"])
    codes = asked or peers["code"].to_list()
    check_codes(codes)
    names = dict(dataset.districts.select("code", "name").iter_rows())
    bundles = make_bundles(dataset, checkpoint, codes)
    wanted, texts = [], {}
    if not asked:
        texts["overview"] = make_overview(dataset, checkpoint).text()
        wanted.append(Wanted("overview", "overview", "总览", text_hash(texts["overview"])))
    for code, bundle in bundles.items():
        stem = f"{code}-{checkpoint}"
        texts[stem] = bundle.text()
        wanted.append(Wanted(stem, "brief", names[code], text_hash(texts[stem])))
    nothing = f"has neither figures nor targets for {checkpoint}"
    wanted += [
        Wanted("", "brief", names[code], f"{code} {nothing}")
        for code in codes
        if code not in bundles and (asked or code in related)
    ]
    return wanted, texts


def check_codes(codes: list[str]) -> None:
    """Make sure that no page replaces another's where case does not tell names apart."""
    seen: dict[str, str] = {}
    for code in codes:
        other = seen.setdefault(code.casefold(), code)
        if other != code:
            raise UsageError(
                f"districts.csv: the codes {other} and {code} differ in case only",
                "their pages would replace each other on Windows: change one",
            )


def _planned(
    dataset: Dataset,
    folder: Path,
    wanted: list[Wanted],
    made: dict[str, dict[str, object]],
    forms: Sequence[str],
    *,
    force: bool = False,
) -> Plan:
    """Sort what is wanted into what must be made, what still holds and what cannot be made."""
    found = Plan(folder)
    notebooks = {
        kind: (shared(f"notebooks/{kind}.ipynb", dataset.path), notebook_hash(kind, dataset.path))
        for kind in {one.kind for one in wanted}
    }
    work = folder / "work"
    for one in wanted:
        if not one.stem:
            found.failed.append(Result(one.name, None, 0.0, one.bundle))
            continue
        notebook, digest = notebooks[one.kind]
        sources = Sources(
            one.bundle, digest, template_hash(), code_hash(), packages(), " ".join(forms)
        )
        files = (work / f"{one.stem}.json", notebook, work / f"{one.stem}.ipynb")
        job = Job(one.name, *files, folder / f"{one.stem}.html", tuple(forms))
        before = made.get(one.stem)
        reason = "forced" if force else why(before, sources, job.outputs)
        found.order.append(one.stem)
        found.sources[one.stem] = sources
        if reason or before is None:
            found.jobs.append(Job(one.name, *files, job.page, job.forms, reason))
        else:
            text, counts = str(before["text"]), json.loads(str(before["counts"]))
            found.unchanged.append(
                Result(one.name, job.page, 0.0, text=text, counts=counts, unchanged=True)
            )
    return found
