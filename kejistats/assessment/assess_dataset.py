"""Assess the districts of a data set by its own ``assessment.toml``."""

from __future__ import annotations

from datetime import date

from kejistats.assessment.assess import AssessmentResult, assess
from kejistats.assessment.declaration import Rules
from kejistats.assessment.read_rules import FILE, read_assessment
from kejistats.dataset import Dataset
from kejistats.model.errors import UsageError
from kejistats.model.period import Checkpoint


def declared_rules(dataset: Dataset) -> Rules | None:
    """Return the rules in a data set's ``assessment.toml``, or None if it has no such file.

    Raises
    ------
    UsageError
        When the file is malformed.
    """
    path = dataset.path / FILE
    return read_assessment(path, dataset.indicators) if path.is_file() else None


def assess_dataset(
    dataset: Dataset,
    checkpoint: str | int | Checkpoint | None = None,
    *,
    as_known: str | date | None = None,
) -> AssessmentResult:
    """Score and rank the districts of a data set as its ``assessment.toml`` declares.

    Parameters
    ----------
    dataset
        The data set.
    checkpoint, as_known
        As for `Dataset.metrics`.

    Raises
    ------
    UsageError
        When there is no ``assessment.toml``, it is malformed, or it does not apply at the
        checkpoint.
    """
    rules = declared_rules(dataset)
    if rules is None:
        raise UsageError(
            f"{dataset.name} has no {FILE}",
            f"declare items, weights and rules in {dataset.path / FILE}; see the README",
        )
    day = dataset.known_day(as_known)
    at = dataset.checkpoint(checkpoint, as_known=day)
    return assess(
        dataset.metrics(at, as_known=day),
        dataset.districts,
        dataset.indicators,
        rules,
        at,
        parent=dataset.settings.parent,
        as_known=day,
    )
