"""The papermill engine ``kejistats``: run notebooks in a warm worker instead of a new kernel.

``papermill --engine kejistats`` and ``papermill.execute_notebook(engine_name="kejistats")``
find it by the entry point ``papermill.engine``. The worker is a separate process kept between
calls; in a batch, the worker process itself runs the cells.
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
    # Papermill looks up its engines while it is being imported, possibly from this module.
    if name == "KejistatsEngine":
        return engine_class()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@cache
def engine_class() -> Any:
    """Return the engine class that papermill calls."""
    from papermill.engines import Engine, NBClientEngine

    class KejistatsEngine(Engine):  # type: ignore[misc]
        """Runs Python notebooks in a warm worker and all others as papermill does."""

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
            """Run the cells; errors, time-outs and a dead worker are recorded in the notebook."""
            if not _is_python_kernel(kernel_name):
                return NBClientEngine.execute_managed_notebook(
                    nb_man, kernel_name, log_output=log_output, stdout_file=stdout_file,
                    stderr_file=stderr_file, execution_timeout=execution_timeout, **more,
                )  # fmt: skip
            log = _output_logger(log_output, stdout_file, stderr_file)
            timeout = execution_timeout or more.get("timeout")
            _run_notebook(nb_man, more.get("runner") or _runner, timeout, log)
            return nb_man.nb

    return KejistatsEngine


def register(runner: Runner | None = None) -> None:
    """Register the engine with papermill, whether or not this package is installed.

    Parameters
    ----------
    runner
        Runs cells from now on, if given; by default a warm worker does.
    """
    global _runner  # noqa: PLW0603 - one process has one way to run cells
    from papermill.engines import papermill_engines

    papermill_engines.register("kejistats", engine_class())
    if runner is not None:
        _runner = runner


def _run_notebook(nb_man: Any, runner: Runner, timeout: float | None, log: Any) -> None:
    """Run the cells and apply each event of the runner to papermill's notebook."""
    cells = nb_man.nb.cells
    sources = [
        (c.source if c.cell_type == "code" else "", list(c.metadata.get("tags", []))) for c in cells
    ]
    for event in runner(sources, timeout):
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
                log(output)
        if event["failed"]:
            nb_man.cell_exception(cell, cell_index=event["ended"])
        nb_man.cell_complete(cell, cell_index=event["ended"])
    nb_man.nb.metadata["language_info"] = _node(_LANGUAGE)


def _node(plain: dict[str, Any]) -> Any:
    from nbformat import from_dict

    return from_dict(plain)  # type: ignore[no-untyped-call]


def _output_logger(log_output: bool, stdout_file: Any, stderr_file: Any) -> Callable[[Any], None]:
    """Return a function that copies an output to papermill's log and files, as requested."""
    from papermill.log import logger

    files = {"stdout": stdout_file, "stderr": stderr_file}

    def log(output: Any) -> None:
        if output.output_type == "stream":
            if log_output:
                (logger.info if output.name == "stdout" else logger.warning)(output.text)
            if file := files.get(output.name):
                file.write(output.text)
                file.flush()
        elif log_output and "text/plain" in output.get("data", {}):
            logger.info(output.data["text/plain"])

    return log


def _is_python_kernel(kernel_name: str) -> bool:
    return kernel_name in ("python3", "python", "", None)


def runner_for_dead_worker(cell: int, name: str, text: str) -> Runner:
    """Return a runner that runs nothing and reports that a cell has ended its worker."""

    def runner(cells: Cells, _: float | None = None) -> Iterator[Message]:
        for number in range(cell + 1):
            yield {"begun": number}
            yield _failed(number, cells, name, text) if number == cell else _ended_silently(number)

    return runner


def _ended_silently(number: int) -> Message:
    return {"ended": number, "count": None, "failed": False, "outputs": {}}


def _failed(number: int, cells: Cells, name: str, text: str) -> Message:
    error = {"output_type": "error", "ename": name, "evalue": text,
             "traceback": [f"{name}: {text}"]}  # fmt: skip
    count = sum(bool(source.strip()) for source, _ in cells[: number + 1])
    return {"ended": number, "count": count, "failed": True, "outputs": {str(number): [error]}}


_lock = threading.Lock()
_inbox: Inbox = SimpleQueue()
_warm_workers: list[Worker] = []
_preload: list[str] = []


def _run_in_worker(cells: Cells, timeout: float | None) -> Iterator[Message]:
    """Run cells in the warm worker of this process, or in a new one."""
    with _lock:
        worker = _warm_workers.pop() if _warm_workers else Worker(_inbox, _preload)
        worker.send({
            "cells": [list(cell) for cell in cells],
            "cwd": str(Path.cwd()),
            "environ": dict(os.environ),
        })  # fmt: skip
        try:
            yield from _worker_events(worker, cells, timeout)
        except BaseException:
            worker.kill()  # it may still be running cells that nobody waits for
            raise


def _worker_events(worker: Worker, cells: Cells, timeout: float | None) -> Iterator[Message]:
    """Yield a worker's events; a time-out or the worker's death becomes an error of the cell."""
    number, since = -1, 0.0
    while True:
        try:
            message = _next_message(worker, since + timeout if timeout and number >= 0 else None)
        except TimeoutError:
            worker.kill()
            text = f"the cell did not finish within {timeout} seconds"
            yield _failed(number, cells, "CellTimeoutError", text)
            return
        if message is None:
            code = worker.exit_code()
            worker.kill()
            if number < 0:
                yield {"begun": 0}
            text = f"the worker process died (exit code {code})"
            yield _failed(max(number, 0), cells, "DeadKernelError", text)
            return
        if "broken" in message:
            raise KejistatsError(
                f"a worker cannot start: {message['broken']}", "fix this, then run it again"
            )
        if "done" in message:
            _keep_or_retire(worker, message)
            return
        if "begun" in message:
            number, since = message["begun"], time.monotonic()
        if "ready" not in message:
            yield message


def _next_message(worker: Worker, until: float | None) -> Message | None:
    """Return a worker's next message, None when the worker is gone."""
    while True:
        try:
            timeout = None if until is None else max(0.0, until - time.monotonic())
            origin, message = _inbox.get(timeout=timeout)
        except Empty:
            raise TimeoutError from None
        if origin is worker:
            return message


def _keep_or_retire(worker: Worker, done: Message) -> None:
    if done["retire"]:
        _preload[:] = sorted({*_preload, *done["loaded"]})
        worker.kill()
    else:
        _warm_workers.append(worker)


def take_warm_workers() -> list[Worker]:
    """Remove and return the warm workers of this process; the caller has to end them."""
    workers = list(_warm_workers)
    _warm_workers.clear()
    return workers


@atexit.register
def _kill_warm_workers() -> None:
    for worker in take_warm_workers():
        worker.kill()


_runner: Runner = _run_in_worker
