"""A worker: a process that has loaded the libraries and runs one notebook after another."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from kejistats.model.errors import KejistatsError
from kejistats.run.channel import Channel, Message

if TYPE_CHECKING:
    from kejistats.pages.exporter import KejistatsExporter
    from kejistats.run.engine import Cells
    from kejistats.run.isolation import Baseline

# What a brief's notebook needs, loaded before the first; the rest is loaded when it is asked for.
_LIBRARIES = [
    "kejistats.brief", "kejistats.pages.exporter", "papermill", "matplotlib.pyplot", "PIL.Image",
    "PIL.PngImagePlugin", "PIL.GifImagePlugin", "PIL.JpegImagePlugin", "PIL.BmpImagePlugin",
    "PIL.PpmImagePlugin", "pylopdf_fonts_zh_cn", "polars", "numpy.random",
]  # fmt: skip
# Run once before the state is taken to which all notebooks return: it loads what shells load late.
_REHEARSAL = (
    "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.title('x')\n1",
    "from IPython.display import display\ndisplay({})",
    "%matplotlib inline\n%config InlineBackend.close_figures",
    "1 / 0",
)
# jsonschema makes a parser of addresses of it as soon as it is loaded, which takes a second and
# which no check of a notebook needs.
_GRAMMAR = "rfc3987_syntax"
FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def main() -> None:
    """Serve until nobody speaks any more."""
    # Ctrl-C in a terminal goes to all its processes; the owner decides what becomes of this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A module beside a notebook that is changed within a second would be read from its old bytecode.
    sys.dont_write_bytecode = True
    channel = _own_channel()
    commands: SimpleQueue[Message] = SimpleQueue()
    threading.Thread(target=_listen, args=(channel, commands), daemon=True).start()
    try:
        baseline = _warm(commands.get()["preload"])
    except Exception as error:
        channel.send({"broken": "".join(traceback.format_exception_only(error)).strip()})
        return
    channel.send({"ready": os.getpid()})
    serve = _Service(channel, baseline)
    while True:
        serve(commands.get())


def _own_channel() -> Channel:
    """Take the pipes away from where a notebook could print into them or close them."""
    pipes = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    os.close(nothing)
    return Channel(*pipes)


def _listen(channel: Channel, commands: SimpleQueue[Message]) -> None:
    for message in channel.messages():
        commands.put(message)
    # The owner is gone or needs this worker no more: nobody waits for what it is doing.
    os._exit(0)


def _warm(preload: list[str]) -> Baseline:
    from kejistats.run.shell import INLINE, run

    os.environ.setdefault("MPLBACKEND", INLINE)
    with _without(_GRAMMAR), suppress(ImportError):
        import_module("jsonschema")
    for name in [*_LIBRARIES, *preload]:
        # A library that cannot be loaded is missed by the notebook that needs it, if any does.
        with suppress(Exception):
            import_module(name)
    from kejistats.run.engine import register
    from kejistats.run.isolation import Baseline

    register()
    for _ in run([(cell, ["raises-exception"]) for cell in _REHEARSAL]):
        pass
    _exporter()
    return Baseline()


@contextmanager
def _without(name: str) -> Iterator[None]:
    """Let a module seem not to be installed."""
    held: dict[str, Any] = sys.modules  # None stands for what is not there
    held[name] = None
    try:
        yield
    finally:
        del held[name]


class _Service:
    """Carries out what the owner asks for.

    Parameters
    ----------
    channel
        To the owner.
    baseline
        The state to which each notebook returns.
    """

    def __init__(self, channel: Channel, baseline: Baseline) -> None:
        self._channel, self._baseline = channel, baseline
        self._sources: list[str] = []

    def __call__(self, command: Message) -> None:
        """Carry out one command; the answer says whether this worker must be replaced."""
        self._sources = []
        if "cells" in command:
            for event in self._cells(command["cells"], command["cwd"], command["environ"]):
                self._channel.send(event)
            answer: Message = {}
        else:
            answer = self._job(command)
        reasons = self._baseline.lasting(self._sources)
        loaded = self._baseline.loaded()
        self._channel.send({"done": answer, "retire": reasons, "loaded": loaded})

    def _cells(self, cells: Cells, cwd: str, environ: dict[str, str]) -> Iterator[Message]:
        """Run cells for a papermill elsewhere, in its folder and environment."""
        from kejistats.run.shell import INLINE, run

        self._sources = [source for source, _ in cells]
        with self._baseline.notebook():
            os.environ.clear()
            os.environ.update({"MPLBACKEND": INLINE} | environ)
            os.chdir(cwd)
            yield from run(cells)

    def _run(self, cells: Cells, _: float | None = None) -> Iterator[Message]:
        """Run cells for papermill in this process; the owner learns where it is."""
        from kejistats.run.shell import run

        self._sources = [source for source, _ in cells]
        with self._baseline.notebook():
            for event in run(cells):
                if "begun" in event:
                    self._channel.send(event)
                yield event

    def _job(self, command: Message) -> Message:
        """Make a page and all that belongs to it in a folder; an error becomes the answer."""
        from kejistats.run.build_page import build_page
        from kejistats.run.engine import runner_of_death

        start = time.perf_counter()
        runner = runner_of_death(*command["died"]) if command.get("died") else self._run
        try:
            answer = build_page(command["job"], Path(command["folder"]), _exporter(), runner)
        except OSError as error:
            answer = {"error": f"{type(error).__name__}: {error}", "full": error.errno in FULL}
        except KejistatsError as error:
            answer = {"error": str(error)}
        except Exception as error:
            # One district's fault, whatever it is, must not cost the others their briefs.
            answer = _short(error)
        return answer | {"seconds": time.perf_counter() - start}


@cache
def _exporter() -> KejistatsExporter:
    from kejistats.pages.exporter import KejistatsExporter

    return KejistatsExporter()  # type: ignore[no-untyped-call]


def _short(error: Exception) -> Message:
    """Name the cell and the error of a failed notebook in one line."""
    from papermill.exceptions import PapermillExecutionError

    if isinstance(error, PapermillExecutionError):
        place, name, text = f"cell {error.exec_count}: ", error.ename, str(error.evalue)
    else:
        place, name, text = "", type(error).__name__, str(error)
    told = f"{place}{name}: {text.splitlines()[0] if text else ''}"
    return {"error": told, "cell": getattr(error, "exec_count", None)}
