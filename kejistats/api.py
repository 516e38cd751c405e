"""What analysts and notebooks call: a desk on a data set, and pages from a notebook's parameters."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from kejistats.dataset import Dataset
from kejistats.model.errors import UsageError
from kejistats.model.paths import resolve
from kejistats.model.period import Checkpoint

if TYPE_CHECKING:
    from kejistats.assessment import Assessed
    from kejistats.brief import Brief, Comparison, Overview
    from kejistats.explain import Explanation
    from kejistats.forms.feedback.shown_findings import ShownFindings


class Desk(Dataset):
    """A data set with all that can be made of it: checks, explanations, scores and pages.

    Every result shows itself in JupyterLab.

    Parameters
    ----------
    path
        The folder; a relative path starts at the workspace root.

    Raises
    ------
    UsageError
        When the folder is no data set or its settings are malformed.
    """

    def check(self, file: str | Path) -> ShownFindings:
        """Check a received file; nothing is stored.

        Parameters
        ----------
        file
            A relative path starts at the workspace root.

        Raises
        ------
        UsageError
            When the file cannot be read or its header is that of no form.
        """
        from kejistats.forms.feedback.shown_findings import ShownFindings
        from kejistats.intake import check_file

        return ShownFindings.of(check_file(self, resolve(file)))

    def explain(
        self,
        district: str | int,
        indicator: str,
        checkpoint: str | int | Checkpoint | None = None,
        *,
        level: str = "",
        as_known: str | date | None = None,
    ) -> Explanation:
        """Explain every figure of a Metric row; see `kejistats.explain.explain`."""
        from kejistats.explain import explain

        return explain(self, district, indicator, checkpoint, level=level, as_known=as_known)

    def assessment(
        self,
        checkpoint: str | int | Checkpoint | None = None,
        *,
        as_known: str | date | None = None,
    ) -> Assessed:
        """Score and rank the districts; see `kejistats.assessment.assess_dataset`."""
        from kejistats.assessment import assess_dataset

        return assess_dataset(self, checkpoint, as_known=as_known)

    def brief(self, district: str | int, checkpoint: str | int | Checkpoint | None = None) -> Brief:
        """Return the brief of one district.

        Raises
        ------
        UsageError
            When the district is unknown or has nothing to show at the checkpoint.
        """
        from kejistats.brief import Brief, make_bundle

        code, at = self.district(district), self.checkpoint(checkpoint)
        return Brief(make_bundle(self, at, code))

    def overview(self, checkpoint: str | int | Checkpoint | None = None) -> Overview:
        """Return the overview of all districts.

        Raises
        ------
        UsageError
            When the store has nothing for the checkpoint.
        """
        from kejistats.brief import Overview, make_overview

        return Overview(make_overview(self, self.checkpoint(checkpoint)))

    def compare(
        self,
        district: str | int,
        checkpoint: str | int = "",
        other_district: str | int = "",
        other_checkpoint: str | int = "",
    ) -> Comparison:
        """Compare a district with itself at another checkpoint, or with another district.

        Parameters
        ----------
        district, checkpoint
            What is compared; the latest checkpoint when empty.
        other_district, other_checkpoint
            What it is compared with, one of both.

        Raises
        ------
        UsageError
            When neither or both of the others are given, or name the same again, and as for
            `brief`.
        """
        from kejistats.brief import Comparison, make_sides

        sides = make_sides(self, district, checkpoint, other_district, other_checkpoint)
        return Comparison(*sides)


def open_brief(
    dataset: str = "", district: str | int = "", checkpoint: str | int = "", bundle: str | Path = ""
) -> Brief:
    """Return the brief that a notebook's parameters name.

    Parameters
    ----------
    dataset
        Folder of the data set, relative to the workspace root.
    district
        Code or name; a number that lost its leading zeros is put right.
    checkpoint
        Any form; the latest in the store when empty.
    bundle
        A bundle file; it alone then decides, and the others may stay empty.

    Raises
    ------
    UsageError
        When a parameter is missing or names nothing.
    """
    from kejistats.brief import Brief, Bundle

    if bundle:
        return Brief(Bundle.read(resolve(bundle)))
    desk = _desk(dataset)
    _need_district(desk, district)
    return desk.brief(district, checkpoint)


def open_overview(
    dataset: str = "", checkpoint: str | int = "", bundle: str | Path = ""
) -> Overview:
    """Return the overview that a notebook's parameters name; see `open_brief`."""
    from kejistats.brief import Bundle, Overview

    if bundle:
        return Overview(Bundle.read(resolve(bundle)))
    return _desk(dataset).overview(checkpoint)


def open_comparison(
    dataset: str = "",
    district: str | int = "",
    checkpoint: str | int = "",
    other_district: str | int = "",
    other_checkpoint: str | int = "",
) -> Comparison:
    """Return the comparison that a notebook's parameters name.

    Parameters
    ----------
    dataset, district, checkpoint
        As for `open_brief`.
    other_district, other_checkpoint
        What to compare with: another district or another checkpoint, one of both.

    Raises
    ------
    UsageError
        When a parameter is missing or names nothing, or the sides are the same.
    """
    desk = _desk(dataset)
    _need_district(desk, district)
    return desk.compare(district, checkpoint, other_district, other_checkpoint)


def _need_district(desk: Desk, district: str | int) -> None:
    if district == "":
        codes = desk.districts.select("code", "name").iter_rows()
        raise UsageError(
            "the parameter district is missing",
            "e.g. -p district " + ", ".join(f"{code} {name}" for code, name in list(codes)[:40]),
        )


def _desk(dataset: str) -> Desk:
    if not dataset:
        raise UsageError("the parameter dataset is missing", "e.g. -p dataset data/demo-city")
    return Desk(dataset)
