"""The programming interface for analysts and notebooks: `Desk`, and pages by parameters."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from kejistats.dataset import Dataset
from kejistats.model.errors import UsageError
from kejistats.model.paths import resolve
from kejistats.model.period import Checkpoint

if TYPE_CHECKING:
    from kejistats.assessment import AssessmentResult
    from kejistats.brief import Brief, Comparison, Overview
    from kejistats.explain import Explanation
    from kejistats.forms.feedback.shown_findings import ShownFindings


class Desk(Dataset):
    """A data set with everything that can be made from it: checks, explanations, scores, pages.

    Every result has an HTML representation for JupyterLab.

    Parameters
    ----------
    path
        The folder; a relative path starts at the workspace root.

    Raises
    ------
    UsageError
        When the folder is not a data set or its settings are malformed.
    """

    def check(self, file: str | Path) -> ShownFindings:
        """Check a received file; nothing is stored.

        Parameters
        ----------
        file
            Path of the file; a relative path starts at the workspace root.

        Raises
        ------
        UsageError
            When the file cannot be read or its header is not that of any known table.
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
    ) -> AssessmentResult:
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
            The district and checkpoint to compare; an empty checkpoint means the latest.
        other_district, other_checkpoint
            What to compare them with: exactly one of the two.

        Raises
        ------
        UsageError
            When neither or both of the others are given, when both sides are the same, and as
            for `brief`.
        """
        from kejistats.brief import Comparison, make_sides

        sides = make_sides(self, district, checkpoint, other_district, other_checkpoint)
        return Comparison(*sides)


def open_brief(
    dataset: str = "", district: str | int = "", checkpoint: str | int = "", bundle: str | Path = ""
) -> Brief:
    """Return the brief for the parameters of a notebook.

    Parameters
    ----------
    dataset
        Folder of the data set, relative to the workspace root.
    district
        Code or name; leading zeros that a number has lost are restored.
    checkpoint
        Such as ``2025H1``; the latest in the store when empty.
    bundle
        A bundle file; if given, the other parameters are ignored and may stay empty.

    Raises
    ------
    UsageError
        When a parameter is missing or unknown.
    """
    from kejistats.brief import Brief, Bundle

    if bundle:
        return Brief(Bundle.read(resolve(bundle)))
    desk = _open_desk(dataset)
    _require_district(desk, district)
    return desk.brief(district, checkpoint)


def open_overview(
    dataset: str = "", checkpoint: str | int = "", bundle: str | Path = ""
) -> Overview:
    """Return the overview for the parameters of a notebook; see `open_brief`."""
    from kejistats.brief import Bundle, Overview

    if bundle:
        return Overview(Bundle.read(resolve(bundle)))
    return _open_desk(dataset).overview(checkpoint)


def open_comparison(
    dataset: str = "",
    district: str | int = "",
    checkpoint: str | int = "",
    other_district: str | int = "",
    other_checkpoint: str | int = "",
) -> Comparison:
    """Return the comparison for the parameters of a notebook.

    Parameters
    ----------
    dataset, district, checkpoint
        As for `open_brief`.
    other_district, other_checkpoint
        What to compare with: another district or another checkpoint, not both.

    Raises
    ------
    UsageError
        When a parameter is missing or unknown, or both sides are the same.
    """
    desk = _open_desk(dataset)
    _require_district(desk, district)
    return desk.compare(district, checkpoint, other_district, other_checkpoint)


def _require_district(desk: Desk, district: str | int) -> None:
    if district == "":
        codes = desk.districts.select("code", "name").iter_rows()
        raise UsageError(
            "the parameter district is missing",
            "e.g. -p district " + ", ".join(f"{code} {name}" for code, name in list(codes)[:40]),
        )


def _open_desk(dataset: str) -> Desk:
    if not dataset:
        raise UsageError("the parameter dataset is missing", "e.g. -p dataset data/demo-city")
    return Desk(dataset)
