"""The papermill engine ``kejistats``: notebooks run by a warm worker instead of a new kernel.

``papermill --engine kejistats`` and ``papermill.execute_notebook(engine_name="kejistats")``
find it by the entry point ``papermill.engine``. The worker is a process of its own, kept between
calls; a worker of a batch is that process itself.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from kejistats.model.errors import KejistatsError
from kejistats.run.channel import Message
from kejistats.run.worker_process import Inbox, Worker

Cells = Sequence[tuple[str, list[str]]]
# Events as messages: {"begun": cell} or {"ended": cell, "count", "failed", "outputs"}.
Runner = Callable[[Cells, float | None], Iterator[Message]]

_LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
    "version": ".".join(map(str, sys.version_info[:3])),
}


def __getattr__(name: str) -> Any:
    # Papermill looks its engines up while it is itself being loaded, perhaps from here.
    if name == "KejistatsEngine":
        return engine_class()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@cache
def engine_class() -> Any:
    """Return the class that papermill calls."""
    from papermill.engines import Engine, NBClientEngine

    class KejistatsEngine(Engine):  # type: ignore[misc]
        """Runs notebooks of this Python by a warm worker, all others as papermill does."""

        @classmethod
        def execute_managed_notebook(
            cls,
            nb_man: Any,
            kernel_name: str,
            log_output: bool = False,
            stdout_file: Any = None,
            stderr_file: Any = None,
            execution_timeout: float | None = None,
            **more: Any,
        ) -> Any:
            """Run the cells; errors, time-outs and a dead worker stand in the notebook after."""
            if not _of_this_python(kernel_name):
                return NBClientEngine.execute_managed_notebook(
                    nb_man, kernel_name, log_output=log_output, stdout_file=stdout_file,
                    stderr_file=stderr_file, execution_timeout=execution_timeout, **more,
                )  # fmt: skip
            follow = _follower(log_output, stdout_file, stderr_file)
            timeout = execution_timeout or more.get("timeout")
            _manage(nb_man, more.get("runner") or _runner, timeout, follow)
            return nb_man.nb

    return KejistatsEngine


def register(runner: Runner | None = None) -> None:
    """Make the engine known to papermill, installed or not.

    Parameters
    ----------
    runner
        What runs cells from now on; a worker runs them itself.
    """
    global _runner  # noqa: PLW0603 - one process has one way to run cells
    from papermill.engines import papermill_engines

    papermill_engines.register("kejistats", engine_class())
    if runner is not None:
        _runner = runner


def _manage(nb_man: Any, runner: Runner, timeout: float | None, follow: Any) -> None:
    """Carry what happens in the cells over into the notebook."""
    cells = nb_man.nb.cells
    given = [
        (c.source if c.cell_type == "code" else "", list(c.metadata.get("tags", []))) for c in cells
    ]
    for event in runner(given, timeout):
        if "begun" in event:
            nb_man.cell_start(cells[event["begun"]], event["begun"])
            continue
        cell = cells[event["ended"]]
        for number, outputs in event["outputs"].items():
            if cells[int(number)].cell_type == "code":
                cells[int(number)].outputs = [_node(o) for o in outputs]
        if cell.cell_type == "code":
            cell.execution_count = event["count"]
            for output in cell.outputs:
                follow(output)
        if event["failed"]:
            nb_man.cell_exception(cell, cell_index=event["ended"])
        nb_man.cell_complete(cell, cell_index=event["ended"])
    nb_man.nb.metadata["language_info"] = _node(_LANGUAGE)


def _node(plain: dict[str, Any]) -> Any:
    from nbformat import from_dict

    return from_dict(plain)  # type: ignore[no-untyped-call]


def _follower(log_output: bool, stdout_file: Any, stderr_file: Any) -> Callable[[Any], None]:
    """Return what shows outputs in papermill's log and in files, if it was told to."""
    from papermill.log import logger

    files = {"stdout": stdout_file, "stderr": stderr_file}

    def follow(output: Any) -> None:
        if output.output_type == "stream":
            if log_output:
                (logger.info if output.name == "stdout" else logger.warning)(output.text)
            if file := files.get(output.name):
                file.write(output.text)
                file.flush()
        elif log_output and "text/plain" in output.get("data", {}):
            logger.info(output.data["text/plain"])

    return follow


def _of_this_python(kernel_name: str) -> bool:
    return kernel_name in ("python3", "python", "", None)


def runner_of_death(cell: int, name: str, text: str) -> Runner:
    """Return a runner that runs nothing: a cell has ended the worker, as papermill shall tell."""

    def runner(cells: Cells, _: float | None = None) -> Iterator[Message]:
        for number in range(cell + 1):
            yield {"begun": number}
            yield _lost(number, cells, name, text) if number == cell else _unreported(number)

    return runner


def _unreported(number: int) -> Message:
    return {"ended": number, "count": None, "failed": False, "outputs": {}}


def _lost(number: int, cells: Cells, name: str, text: str) -> Message:
    error = {"output_type": "error", "ename": name, "evalue": text,
             "traceback": [f"{name}: {text}"]}  # fmt: skip
    count = sum(bool(source.strip()) for source, _ in cells[: number + 1])
    return {"ended": number, "count": count, "failed": True, "outputs": {str(number): [error]}}


_lock = threading.Lock()
_inbox: Inbox = SimpleQueue()
_kept: list[Worker] = []
_preload: list[str] = []


def _by_kept_worker(cells: Cells, timeout: float | None) -> Iterator[Message]:
    """Run cells by the worker that this process keeps, or by a new one."""
    with _lock:
        worker = _kept.pop() if _kept else Worker(_inbox, _preload)
        worker.send({
            "cells": [list(cell) for cell in cells],
            "cwd": str(Path.cwd()),
            "environ": dict(os.environ),
        })  # fmt: skip
        try:
            yield from _followed(worker, cells, timeout)
        except BaseException:
            worker.kill()  # it is in the middle of something that nobody waits for any more
            raise


def _followed(worker: Worker, cells: Cells, timeout: float | None) -> Iterator[Message]:
    number, since = -1, 0.0
    while True:
        try:
            message = _heard(worker, since + timeout if timeout and number >= 0 else None)
        except TimeoutError:
            worker.kill()
            yield _lost(number, cells, "CellTimeoutError", f"no end after {timeout} seconds")
            return
        if message is None:
            code = worker.exit_code()
            worker.kill()
            if number < 0:
                yield {"begun": 0}
            text = f"the worker process died (exit code {code})"
            yield _lost(max(number, 0), cells, "DeadKernelError", text)
            return
        if "broken" in message:
            raise KejistatsError(f"a worker cannot start: {message['broken']}", "mend that first")
        if "done" in message:
            _keep(worker, message)
            return
        if "begun" in message:
            number, since = message["begun"], time.monotonic()
        if "ready" not in message:
            yield message


def _heard(worker: Worker, until: float | None) -> Message | None:
    """Return what a worker says next, None when it is gone."""
    while True:
        try:
            left = None if until is None else max(0.0, until - time.monotonic())
            who, message = _inbox.get(timeout=left)
        except Empty:
            raise TimeoutError from None
        if who is worker:
            return message


def _keep(worker: Worker, done: Message) -> None:
    if done["retire"]:
        _preload[:] = sorted({*_preload, *done["loaded"]})
        worker.kill()
    else:
        _kept.append(worker)


def kept_workers() -> list[Worker]:
    """Take the workers that this process keeps; who takes them ends them."""
    found = list(_kept)
    _kept.clear()
    return found


@atexit.register
def _let_go() -> None:
    for worker in kept_workers():
        worker.kill()


_runner: Runner = _by_kept_worker
