"""Run the command line inside the test process and look at how it ended."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from kejistats import cli


@dataclass(frozen=True)
class CommandResult:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str


RunCommand = Callable[..., CommandResult]


def command_runner(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> RunCommand:
    """Return a function that runs the command line from a folder: ``run(folder, *arguments)``."""

    def run_in(folder: Path, *arguments: str | Path) -> CommandResult:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["kejistats", *map(str, arguments)])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
        captured = capsys.readouterr()
        return CommandResult(code, captured.out, captured.err)

    return run_in


def assert_usage_error(result: CommandResult, *parts: str) -> None:
    """Assert exit code 2, one message with one remedy and no traceback, with these texts."""
    assert result.code == 2, result.err
    message, *rest = [line for line in result.err.splitlines() if not line.startswith("[")]
    assert message.startswith("error: ")
    assert "Traceback" not in result.err
    assert len(rest) == 1
    assert rest[0].startswith("  ")
    assert rest[0].strip()
    for part in parts:
        assert part in result.err


def paths_below(folder: Path) -> set[str]:
    """Return the relative paths of everything below a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
