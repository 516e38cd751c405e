"""Logging: destinations of messages, levels, and masked secrets."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from kejistats.model import logs
from kejistats.model.logs import PACKAGE_LOGGER, hide, log_to_file, log_to_terminal

LOGGER = logging.getLogger("kejistats.model.anything")


@pytest.fixture(autouse=True)
def restored_logger() -> object:
    """Restore the logger after each test."""
    handlers, level = PACKAGE_LOGGER.handlers[:], PACKAGE_LOGGER.level
    yield
    logs._secrets.clear()
    PACKAGE_LOGGER.handlers[:] = handlers
    PACKAGE_LOGGER.setLevel(level)


def test_a_file_gets_the_messages_of_its_block_and_no_others(tmp_path: Path) -> None:
    file = tmp_path / "work" / "run.log"

    LOGGER.info("before")
    with log_to_file(file):
        LOGGER.info("within %d", 7)
        LOGGER.debug("too fine")
    LOGGER.info("after")

    [line] = file.read_text("utf-8").splitlines()
    assert line.endswith("INFO kejistats.model.anything: within 7")


def test_a_second_block_appends(tmp_path: Path) -> None:
    file = tmp_path / "run.log"

    for text in ("first", "第二次"):
        with log_to_file(file):
            LOGGER.info(text)

    assert [line.split(": ")[1] for line in file.read_text("utf-8").splitlines()] == [
        "first",
        "第二次",
    ]


def test_the_terminal_gets_messages_from_its_level_on(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_terminal(logging.INFO)
    LOGGER.info("shown")
    LOGGER.debug("not shown")

    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split(": ")[1] for line in err.splitlines()] == ["shown"]


def test_a_log_file_does_not_change_what_the_terminal_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log_to_terminal(logging.DEBUG)
    with log_to_file(tmp_path / "run.log"):
        LOGGER.debug("fine")
    LOGGER.debug("still fine")

    assert len(capsys.readouterr().err.splitlines()) == 2
    assert (tmp_path / "run.log").read_text("utf-8") == ""


def test_a_password_reaches_no_log(tmp_path: Path) -> None:
    hide("gu-jia-mi")
    hide("")
    file = tmp_path / "run.log"

    with log_to_file(file):
        LOGGER.info("login with %s", "gu-jia-mi")
        try:
            raise ValueError("the server refused gu-jia-mi")
        except ValueError:
            LOGGER.exception("login failed")

    text = file.read_text("utf-8")
    # In the message, in the code line of the traceback, and in the error.
    assert "gu-jia-mi" not in text
    assert text.count("***") == 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_stops_nothing_and_is_not_reported_line_by_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with log_to_file(Path("/dev/full")):
        LOGGER.info("goes on")

    assert capsys.readouterr().err == ""


def test_a_log_file_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "work").write_text("a file where the folder should be", encoding="utf-8")

    with log_to_file(tmp_path / "work" / "run.log"):
        LOGGER.info("goes on")

    assert (tmp_path / "work").is_file()
