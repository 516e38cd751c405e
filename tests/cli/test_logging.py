"""--verbose: what is logged to standard error, beside what a command prints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kejistats.model.logs import PACKAGE_LOGGER
from tests.cli.factory import RunCommand
from tests.factory import COUNT, write_csv


@pytest.fixture
def root(city: Path) -> Iterator[Path]:
    """A folder with a data set whose inbox holds one file; the logger is put back after."""
    row = {"district": "900101", "indicator": COUNT, "checkpoint": "2025H1", "value": "12"}
    write_csv(city / "inbox" / "2025H1.csv", [row])
    handlers, level = PACKAGE_LOGGER.handlers[:], PACKAGE_LOGGER.level
    yield city.parent
    PACKAGE_LOGGER.handlers[:] = handlers
    PACKAGE_LOGGER.setLevel(level)


def logged(err: str) -> list[str]:
    """Return the log messages among the lines of standard error, without their time."""
    return [line.split(" ", 2)[2] for line in err.splitlines() if " kejistats." in line]


def test_a_command_logs_nothing_by_itself(run: RunCommand, root: Path) -> None:
    assert logged(run(root, "intake", "city").err) == []


def test_verbose_logs_each_step_and_leaves_the_output_as_it_is(run: RunCommand, root: Path) -> None:
    result = run(root, "--verbose", "intake", "city")

    assert result.code == 0
    assert "2025H1.csv: 1 rows" in result.out
    [line] = logged(result.err)
    assert line.startswith("INFO kejistats.intake.ingest: ingested 2025H1.csv as 000001-")
    assert line.endswith(": 1 of 1 rows, 0 errors, 0 warnings")


def test_twice_verbose_shows_where_an_error_came_from(run: RunCommand, root: Path) -> None:
    result = run(root, "-vv", "metrics", "city", "-c", "2025X9")

    assert result.code == 2
    assert any(line.startswith("DEBUG kejistats.cli: ") for line in logged(result.err))
    assert "Traceback" in result.err
    assert result.err.splitlines()[-2].startswith("error: ")
