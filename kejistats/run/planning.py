"""What is to be made: metrics once, a bundle for every page, and why each must be made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from kejistats.brief import Bundle, BundleBuilder, make_overview
from kejistats.dataset import Dataset
from kejistats.model.atomic import write_text
from kejistats.model.errors import KejistatsError, UsageError
from kejistats.model.paths import outputs, shared
from kejistats.model.period import Checkpoint
from kejistats.run.fingerprints import (
    code_hash,
    fingerprint,
    notebook_hash,
    packages,
    template_hash,
    text_hash,
)
from kejistats.run.job import Job, Result
from kejistats.run.manifest import Manifest, PageSpec, Sources, why

_AT_ONCE = 100


class Texts:
    """Bundles as text, made when they are asked for.

    Parameters
    ----------
    dataset, checkpoint
        What they are made from.
    """

    def __init__(self, dataset: Dataset, checkpoint: Checkpoint) -> None:
        self.cut = BundleBuilder(dataset, checkpoint)
        self.held: dict[str, str] = {}
        self._dataset, self._checkpoint = dataset, checkpoint

    def make(self, stems: Sequence[str]) -> dict[str, str]:
        """Make the bundles of some pages; return their digests."""
        digests = {}
        if "overview" in stems:
            bundle = make_overview(self._dataset, self._checkpoint)
            digests["overview"], self.held["overview"] = bundle.digest, bundle.text()
        codes = [stem.removesuffix(f"-{self._checkpoint}") for stem in stems if stem != "overview"]
        # Some at a time: as text they take a tenth of the memory.
        for start in range(0, len(codes), _AT_ONCE):
            for code, bundle in self.cut.bundles(codes[start : start + _AT_ONCE]).items():
                stem = f"{code}-{self._checkpoint}"
                digests[stem], self.held[stem] = bundle.digest, bundle.text()
        return digests


@dataclass
class Plan:
    """What a run will do.

    Parameters
    ----------
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
        Bundles that are not on the disk yet.
    """

    jobs: list[Job] = field(default_factory=list)
    unchanged: list[Result] = field(default_factory=list)
    failed: list[Result] = field(default_factory=list)
    sources: dict[str, Sources] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    texts: Texts | None = None

    def write_bundles(self) -> None:
        """Write the bundles of the pages to make."""
        if self.texts is None:
            return
        self.texts.make([job.stem for job in self.jobs if job.stem not in self.texts.held])
        for job in self.jobs:
            job.bundle.parent.mkdir(parents=True, exist_ok=True)
            write_text(job.bundle, self.texts.held.pop(job.stem))


def folder_of(dataset: Dataset, checkpoint: Checkpoint, out: Path | None = None) -> Path:
    """Return the folder of a checkpoint's outputs; below ``out`` in the workspace by default."""
    return outputs(dataset.name, out) / str(checkpoint)


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
    wanted, texts = _computed(dataset, checkpoint, list(districts), {})
    made = _planned(dataset, folder, wanted, {}, (), force=True)
    made.texts = texts
    made.write_bundles()
    return folder, made.jobs, made.failed


def plan_incremental(
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
        if all(_digest(j.bundle) == found.sources[j.stem].bundle for j in found.jobs):
            return found
    computing()
    before = {one.stem: one for one in manifest.last_wanted() if one.key}
    wanted, texts = _computed(dataset, checkpoint, districts, before)
    if not districts:
        manifest.keep_wanted(inputs, wanted)
    found = _planned(dataset, folder, wanted, manifest.made(), forms, force=force)
    found.texts = texts
    return found


def _digest(file: Path) -> str:
    try:
        return Bundle.read(file).digest
    except KejistatsError:
        return ""


def _chosen(
    known: list[PageSpec], checkpoint: Checkpoint, districts: Sequence[str]
) -> list[PageSpec] | None:
    """Return what is known of some districts, None where it is not known of all of them."""
    if not districts:
        return known
    by_stem = {one.stem: one for one in known}
    stems = [f"{code}-{checkpoint}" for code in dict.fromkeys(districts)]
    return [by_stem[stem] for stem in stems] if by_stem.keys() >= set(stems) else None


def _computed(
    dataset: Dataset,
    checkpoint: Checkpoint,
    districts: Sequence[str],
    known: Mapping[str, PageSpec],
) -> tuple[list[PageSpec], Texts]:
    """Return all that the inputs ask for; bundles with a known key are not made for that."""
    asked = list(dict.fromkeys(districts))
    codes = asked or dataset.districts.filter(pl.col("kind") != "total")["code"].to_list()
    check_codes(codes)
    names = dict(dataset.districts.select("code", "name").iter_rows())
    texts = Texts(dataset, checkpoint)
    wanted = []
    if not asked:
        digest = texts.make(["overview"])["overview"]
        wanted.append(PageSpec("overview", "overview", "总览", digest))
    stems = {f"{code}-{checkpoint}": code for code in codes if code in texts.cut.codes}
    versions = f"{code_hash()} {packages()} "
    keys = {
        f"{code}-{checkpoint}": text_hash(versions + key)
        for code, key in texts.cut.keys(stems.values()).items()
    }
    new = [stem for stem in stems if stem not in known or known[stem].key != keys[stem]]
    digests = texts.make(new)
    wanted += [
        PageSpec(stem, "brief", names[code], digests.get(stem) or known[stem].bundle, keys[stem])
        for stem, code in stems.items()
    ]
    # A district that its city shows has rows, if only of what is missing. One without any is not
    # there yet, is gone, or stands alone: nobody waits for its page who has not asked for it.
    nothing = f"has neither figures nor targets for {checkpoint}"
    wanted += [
        PageSpec("", "brief", names[code], f"{code} {nothing}")
        for code in asked
        if code not in texts.cut.codes
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
    wanted: list[PageSpec],
    made: dict[str, dict[str, object]],
    forms: Sequence[str],
    *,
    force: bool = False,
) -> Plan:
    """Sort what is wanted into what must be made, what still holds and what cannot be made."""
    found = Plan()
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
            found.jobs.append(replace(job, why=reason))
        else:
            text, counts = str(before["text"]), json.loads(str(before["counts"]))
            found.unchanged.append(
                Result(one.name, job.page, 0.0, text=text, counts=counts, unchanged=True)
            )
    return found
