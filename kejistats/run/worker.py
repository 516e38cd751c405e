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

# Loaded before the first notebook because every brief needs them; others are loaded on demand.
_LIBRARIES = [
    "kejistats.brief", "kejistats.pages.exporter", "papermill", "matplotlib.pyplot", "PIL.Image",
    "PIL.PngImagePlugin", "PIL.GifImagePlugin", "PIL.JpegImagePlugin", "PIL.BmpImagePlugin",
    "PIL.PpmImagePlugin", "pylopdf_fonts_zh_cn", "polars", "numpy.random",
]  # fmt: skip
# Run once before the baseline is taken, to trigger the lazy imports of IPython and matplotlib.
_WARM_UP_CELLS = (
    "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.title('x')\n1",
    "from IPython.display import display\ndisplay({})",
    "%matplotlib inline\n%config InlineBackend.close_figures",
    "1 / 0",
)
# On import jsonschema builds a parser of IRIs from it, which takes a second and which validating
# a notebook does not need.
_SLOW_MODULE = "rfc3987_syntax"
DISK_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def main() -> None:
    """Carry out commands until the owner closes the pipe."""
    # Ctrl-C in a terminal reaches all its processes; only the owner decides what this one does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Bytecode has a resolution of seconds: a local module changed sooner would be read stale.
    sys.dont_write_bytecode = True
    channel = _take_over_pipes()
    commands: SimpleQueue[Message] = SimpleQueue()
    threading.Thread(target=_listen, args=(channel, commands), daemon=True).start()
    try:
        baseline = _warm_up(commands.get()["preload"])
    except Exception as error:
        channel.send({"broken": "".join(traceback.format_exception_only(error)).strip()})
        return
    channel.send({"ready": os.getpid()})
    serve = _Service(channel, baseline)
    while True:
        serve(commands.get())


def _take_over_pipes() -> Channel:
    """Move the pipes to descriptors that a notebook does not print into or close."""
    pipes = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    devnull = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(devnull, number)
    os.close(devnull)
    return Channel(*pipes)


def _listen(channel: Channel, commands: SimpleQueue[Message]) -> None:
    for message in channel.messages():
        commands.put(message)
    # The owner is gone or has closed this worker: end at once, even in the middle of a notebook.
    os._exit(0)


def _warm_up(preload: list[str]) -> Baseline:
    """Load the libraries, run the warm-up cells and take the baseline."""
    from kejistats.run.shell import INLINE, run

    os.environ.setdefault("MPLBACKEND", INLINE)
    with _hide_module(_SLOW_MODULE), suppress(ImportError):
        import_module("jsonschema")
    for name in [*_LIBRARIES, *preload]:
        # If a library cannot be loaded, the notebook that needs it will report the error.
        with suppress(Exception):
            import_module(name)
    from kejistats.run.engine import register
    from kejistats.run.isolation import Baseline

    register()
    for _ in run([(cell, ["raises-exception"]) for cell in _WARM_UP_CELLS]):
        pass
    _exporter()
    return Baseline()


@contextmanager
def _hide_module(name: str) -> Iterator[None]:
    """Make a module appear not to be installed."""
    modules: dict[str, Any] = sys.modules  # importing a module whose entry is None fails
    modules[name] = None
    try:
        yield
    finally:
        del modules[name]


class _Service:
    """Carries out the owner's commands.

    Parameters
    ----------
    channel
        To the owner.
    baseline
        The state restored after each notebook.
    """

    def __init__(self, channel: Channel, baseline: Baseline) -> None:
        self._channel, self._baseline = channel, baseline
        self._sources: list[str] = []

    def __call__(self, command: Message) -> None:
        """Carry out one command; the answer says why this worker must be replaced, if it must."""
        self._sources = []
        if "cells" in command:
            for event in self._cells(command["cells"], command["cwd"], command["environ"]):
                self._channel.send(event)
            answer: Message = {}
        else:
            answer = self._job(command)
        leaks = self._baseline.leaked_state(self._sources)
        loaded = self._baseline.newly_loaded()
        self._channel.send({"done": answer, "retire": leaks, "loaded": loaded})

    def _cells(self, cells: Cells, cwd: str, environ: dict[str, str]) -> Iterator[Message]:
        """Run cells for papermill in the owner's process, in its folder and environment."""
        from kejistats.run.shell import INLINE, run

        self._sources = [source for source, _ in cells]
        with self._baseline.notebook():
            os.environ.clear()
            os.environ.update({"MPLBACKEND": INLINE} | environ)
            os.chdir(cwd)
            yield from run(cells)

    def _run(self, cells: Cells, _: float | None = None) -> Iterator[Message]:
        """Run cells for papermill in this process; report each cell begun to the owner."""
        from kejistats.run.shell import run

        self._sources = [source for source, _ in cells]
        with self._baseline.notebook():
            for event in run(cells):
                if "begun" in event:
                    self._channel.send(event)
                yield event

    def _job(self, command: Message) -> Message:
        """Build a page with all its files in a folder; an error becomes the answer."""
        from kejistats.run.build_page import build_page
        from kejistats.run.engine import runner_for_dead_worker

        start = time.perf_counter()
        runner = runner_for_dead_worker(*command["died"]) if command.get("died") else self._run
        try:
            answer = build_page(command["job"], Path(command["folder"]), _exporter(), runner)
        except OSError as error:
            answer = {"error": f"{type(error).__name__}: {error}", "full": error.errno in DISK_FULL}
        except KejistatsError as error:
            answer = {"error": str(error)}
        except Exception as error:
            # Whatever goes wrong with one district, the others must get their briefs.
            answer = _summarise(error)
        return answer | {"seconds": time.perf_counter() - start}


@cache
def _exporter() -> KejistatsExporter:
    from kejistats.pages.exporter import KejistatsExporter

    return KejistatsExporter()  # type: ignore[no-untyped-call]


def _summarise(error: Exception) -> Message:
    """Give the cell and the error of a failed notebook in one line."""
    from papermill.exceptions import PapermillExecutionError

    if isinstance(error, PapermillExecutionError):
        prefix, name, text = f"cell {error.exec_count}: ", error.ename, str(error.evalue)
    else:
        prefix, name, text = "", type(error).__name__, str(error)
    line = f"{prefix}{name}: {text.splitlines()[0] if text else ''}"
    return {"error": line, "cell": getattr(error, "exec_count", None)}
