"""Plan a run: compute the metrics once, bundle the data of each page, say which to make and why."""

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
    package_versions,
    template_hash,
    text_hash,
)
from kejistats.run.job import Job, Result
from kejistats.run.manifest import Manifest, PageSpec, Sources, rebuild_reason

_CHUNK = 100


class BundleTexts:
    """Bundles serialised to text, built on request.

    Parameters
    ----------
    dataset, checkpoint
        What they are built from.
    """

    def __init__(self, dataset: Dataset, checkpoint: Checkpoint) -> None:
        self.builder = BundleBuilder(dataset, checkpoint)
        self.by_stem: dict[str, str] = {}
        self._dataset, self._checkpoint = dataset, checkpoint

    def build(self, stems: Sequence[str]) -> dict[str, str]:
        """Build the bundles of some pages; return their digests by stem."""
        digests = {}
        if "overview" in stems:
            bundle = make_overview(self._dataset, self._checkpoint)
            digests["overview"], self.by_stem["overview"] = bundle.digest, bundle.text()
        codes = [stem.removesuffix(f"-{self._checkpoint}") for stem in stems if stem != "overview"]
        # In chunks: as text the bundles take a tenth of the memory.
        for start in range(0, len(codes), _CHUNK):
            for code, bundle in self.builder.bundles(codes[start : start + _CHUNK]).items():
                stem = f"{code}-{self._checkpoint}"
                digests[stem], self.by_stem[stem] = bundle.digest, bundle.text()
        return digests


@dataclass
class Plan:
    """What a run will do.

    Parameters
    ----------
    jobs
        Pages to make, each with its reason.
    unchanged
        Pages of earlier runs that are up to date.
    failed
        Requested districts without anything to show.
    sources
        What each page is made from, by stem.
    order
        Stems of all pages in the order of the index.
    texts
        Bundles that have not been written to disk yet.
    """

    jobs: list[Job] = field(default_factory=list)
    unchanged: list[Result] = field(default_factory=list)
    failed: list[Result] = field(default_factory=list)
    sources: dict[str, Sources] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    texts: BundleTexts | None = None

    def write_bundles(self) -> None:
        """Write the bundles of the pages to make."""
        if self.texts is None:
            return
        self.texts.build([job.stem for job in self.jobs if job.stem not in self.texts.by_stem])
        for job in self.jobs:
            job.bundle.parent.mkdir(parents=True, exist_ok=True)
            write_text(job.bundle, self.texts.by_stem.pop(job.stem))


def output_folder(dataset: Dataset, checkpoint: Checkpoint, out: Path | None = None) -> Path:
    """Return the folder of a checkpoint's outputs, by default below ``out`` in the workspace."""
    return outputs(dataset.name, out) / str(checkpoint)


def plan(
    dataset: Dataset, checkpoint: Checkpoint, districts: Iterable[str] = (), out: Path | None = None
) -> tuple[Path, list[Job], list[Result]]:
    """Compute the metrics once and write a bundle for every page, whether or not up to date.

    Parameters
    ----------
    dataset
        The data set.
    checkpoint
        The checkpoint.
    districts
        Codes; empty means all districts that are not totals, and the overview.
    out
        Folder of outputs; ``out`` in the workspace by default.

    Returns
    -------
    folder, jobs, failed
        The folder of the pages, the jobs, and requested districts without anything to show.
    """
    folder = output_folder(dataset, checkpoint, out)
    specs, texts = _compute_specs(dataset, checkpoint, list(districts), {})
    forced = _compare(dataset, folder, specs, {}, (), force=True)
    forced.texts = texts
    forced.write_bundles()
    return folder, forced.jobs, forced.failed


def plan_incremental(
    dataset: Dataset,
    checkpoint: Checkpoint,
    districts: Sequence[str],
    folder: Path,
    manifest: Manifest,
    *,
    formats: Sequence[str] = (),
    force: bool = False,
    on_compute: Callable[[], object] = lambda: None,
) -> Plan:
    """Plan only the pages out of date; with unchanged inputs no metrics are computed.

    Parameters
    ----------
    dataset, checkpoint, districts
        As for `plan`.
    folder
        The folder of the pages.
    manifest
        Its manifest.
    formats
        Further formats of each page: ``pdf``, ``docx``.
    force
        Make all pages again.
    on_compute
        Called before metrics are computed, if they have to be.
    """
    inputs = fingerprint(dataset.path, folder)
    cached = None if force else manifest.page_specs(inputs)
    requested = None if cached is None else _select(cached, checkpoint, districts)
    if requested is not None:
        compared = _compare(dataset, folder, requested, manifest.page_records(), formats)
        if all(_digest(j.bundle) == compared.sources[j.stem].bundle for j in compared.jobs):
            return compared
    on_compute()
    before = {spec.stem: spec for spec in manifest.last_page_specs() if spec.key}
    specs, texts = _compute_specs(dataset, checkpoint, districts, before)
    if not districts:
        manifest.save_page_specs(inputs, specs)
    compared = _compare(dataset, folder, specs, manifest.page_records(), formats, force=force)
    compared.texts = texts
    return compared


def _digest(file: Path) -> str:
    """Return the digest of a bundle on disk; empty if it is missing or damaged."""
    try:
        return Bundle.read(file).digest
    except KejistatsError:
        return ""


def _select(
    specs: list[PageSpec], checkpoint: Checkpoint, districts: Sequence[str]
) -> list[PageSpec] | None:
    """Return the pages of some districts; None if a page of one of them is not among `specs`."""
    if not districts:
        return specs
    by_stem = {spec.stem: spec for spec in specs}
    stems = [f"{code}-{checkpoint}" for code in dict.fromkeys(districts)]
    return [by_stem[stem] for stem in stems] if by_stem.keys() >= set(stems) else None


def _compute_specs(
    dataset: Dataset,
    checkpoint: Checkpoint,
    districts: Sequence[str],
    before: Mapping[str, PageSpec],
) -> tuple[list[PageSpec], BundleTexts]:
    """Compute which pages the inputs need; bundles with an unchanged key are not built."""
    requested = list(dict.fromkeys(districts))
    codes = requested or dataset.districts.filter(pl.col("kind") != "total")["code"].to_list()
    check_unique_codes(codes)
    names = dict(dataset.districts.select("code", "name").iter_rows())
    texts = BundleTexts(dataset, checkpoint)
    specs = []
    if not requested:
        digest = texts.build(["overview"])["overview"]
        specs.append(PageSpec("overview", "overview", "总览", digest))
    stems = {f"{code}-{checkpoint}": code for code in codes if code in texts.builder.codes}
    versions = f"{code_hash()} {package_versions()} "
    keys = {
        f"{code}-{checkpoint}": text_hash(versions + key)
        for code, key in texts.builder.fingerprints(stems.values()).items()
    }
    changed = [stem for stem in stems if stem not in before or before[stem].key != keys[stem]]
    digests = texts.build(changed)
    specs += [
        PageSpec(stem, "brief", names[code], digests.get(stem) or before[stem].bundle, keys[stem])
        for stem, code in stems.items()
    ]
    # A district listed by its city has rows, if only of missing figures. One without any does not
    # exist yet or no longer, or has no city: its page is reported missing only if requested.
    nothing = f"has neither figures nor targets for {checkpoint}"
    specs += [
        PageSpec("", "brief", names[code], f"{code} {nothing}")
        for code in requested
        if code not in texts.builder.codes
    ]
    return specs, texts


def check_unique_codes(codes: list[str]) -> None:
    """Refuse codes that differ only in case: on some systems their pages would share a file.

    Raises
    ------
    UsageError
        When there are two such codes.
    """
    seen: dict[str, str] = {}
    for code in codes:
        other = seen.setdefault(code.casefold(), code)
        if other != code:
            raise UsageError(
                f"districts.csv: the codes {other} and {code} differ only in case",
                "their pages would overwrite each other on Windows: change one of them",
            )


def _compare(
    dataset: Dataset,
    folder: Path,
    specs: list[PageSpec],
    records: dict[str, dict[str, object]],
    formats: Sequence[str],
    *,
    force: bool = False,
) -> Plan:
    """Compare the pages needed with the records: sort them into jobs, unchanged and failed."""
    compared = Plan()
    notebooks = {
        kind: (shared(f"notebooks/{kind}.ipynb", dataset.path), notebook_hash(kind, dataset.path))
        for kind in {spec.kind for spec in specs}
    }
    work = folder / "work"
    for spec in specs:
        if not spec.stem:
            compared.failed.append(Result(spec.name, None, 0.0, spec.bundle))
            continue
        notebook, digest = notebooks[spec.kind]
        sources = Sources(
            spec.bundle, digest, template_hash(), code_hash(), package_versions(), " ".join(formats)
        )
        files = (work / f"{spec.stem}.json", notebook, work / f"{spec.stem}.ipynb")
        job = Job(spec.name, *files, folder / f"{spec.stem}.html", tuple(formats))
        record = records.get(spec.stem)
        reason = "forced" if force else rebuild_reason(record, sources, job.outputs)
        compared.order.append(spec.stem)
        compared.sources[spec.stem] = sources
        if reason or record is None:
            compared.jobs.append(replace(job, why=reason))
        else:
            text, counts = str(record["text"]), json.loads(str(record["counts"]))
            compared.unchanged.append(
                Result(spec.name, job.page, 0.0, text=text, counts=counts, unchanged=True)
            )
    return compared
