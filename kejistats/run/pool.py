"""A pool of warm workers: enforces limits, retries once after a death, replaces worn workers."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any

from kejistats.model.atomic import replace
from kejistats.model.errors import KejistatsError
from kejistats.run.channel import Message
from kejistats.run.job import Job, Result
from kejistats.run.worker_process import Inbox, Worker

_LOG = logging.getLogger(__name__)
_POLL_SECONDS = 0.1
# Workers that may die in a row before one of them has started.
_MAX_FAILED_STARTS = 3


@dataclass(frozen=True)
class Limits:
    """Limits of a brief and of a worker.

    Parameters
    ----------
    seconds
        Most time for one brief.
    memory
        Memory in MB beyond which a worker is killed at once.
    retire_memory
        Memory in MB beyond which a worker is replaced after a brief.
    briefs
        Number of briefs after which a worker is replaced.
    """

    seconds: float = 120.0
    memory: float = 2000.0
    retire_memory: float = 700.0
    briefs: int = 1000


@dataclass
class _Task:
    number: int
    job: Job
    deaths: int = 0
    # Cell, error name and text of the final death, to be written into the notebook.
    death: tuple[int, str, str] | None = None


@dataclass
class _WorkerState:
    """What the pool knows of a worker; the kill reason is an error name and text."""

    ready: bool = False
    task: _Task | None = None
    since: float = 0.0
    cell: int = 0
    memory: float = 0.0
    served: int = 0
    kill_reason: tuple[str, str] | None = None


@dataclass
class PoolStats:
    """Statistics of a pool's workers.

    Parameters
    ----------
    started, deaths
        Workers started, and workers that died or were killed.
    retired
        Why workers were replaced, an entry for each.
    memory
        Peak memory of any one worker, in MB.
    """

    started: int = 0
    deaths: int = 0
    retired: list[str] = field(default_factory=list)
    memory: float = 0.0


OnSaved = Callable[[Job, Result, dict[str, str]], None]


class Pool:
    """A pool of warm workers, which begin to load their libraries at once.

    Parameters
    ----------
    count
        Number of workers; the number of processors by default.
    limits
        Limits of a brief and of a worker; the defaults of `Limits` otherwise.
    """

    def __init__(self, count: int | None = None, limits: Limits | None = None) -> None:
        self.count = count or os.cpu_count() or 1
        self.limits = limits or Limits()
        self.stats = PoolStats()
        self._inbox: Inbox = SimpleQueue()
        self._workers: dict[Worker, _WorkerState] = {}
        self._retired: list[Worker] = []
        self._preload: set[str] = set()
        self._failed_starts = 0
        for _ in range(self.count):
            self._start()

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in [*self._workers, *self._retired]:
            worker.kill()
        self._workers.clear()
        self._retired.clear()

    def run(
        self,
        jobs: Sequence[Job],
        progress: Callable[[Result], None] = lambda _: None,
        on_saved: OnSaved = lambda *_: None,
        *,
        fail_fast: bool = False,
    ) -> list[Result]:
        """Make all pages; return results in the order of the jobs.

        Parameters
        ----------
        jobs
            From `kejistats.run.plan`.
        progress
            Called with each result as it arrives.
        on_saved
            Called with a job, its result and the hashes of its files by name, once the files are
            in place and before the worker gets another job.
        fail_fast
            Start no further page after the first failure.

        Raises
        ------
        KejistatsError
            When the disk is full or no worker can start.
        """
        pending = deque(_Task(number, job) for number, job in enumerate(jobs))
        results: dict[int, Result] = {}

        def finish(task: _Task, result: Result, hashes: dict[str, str] | None = None) -> None:
            results[task.number] = result
            _log_result(task.job, result)
            if hashes is not None:
                on_saved(task.job, result, hashes)
            if result.error and fail_fast:
                for skipped in pending:
                    text = "not started: another page failed"
                    results[skipped.number] = Result(skipped.job.name, None, 0.0, text)
                pending.clear()
            progress(result)

        while len(results) < len(jobs):
            self._assign(pending)
            try:
                worker, message = self._inbox.get(timeout=_POLL_SECONDS)
            except Empty:
                self._enforce_limits()
                continue
            self._enforce_limits()
            state = self._workers.get(worker)
            if state is None:
                continue  # a late message of a worker that was retired
            if message is None:
                if task := self._on_exit(worker):
                    self._retry_or_fail(task, state, pending, finish)
            elif "begun" in message:
                state.cell = message["begun"]
            elif "ready" in message:
                state.ready, self._failed_starts = True, 0
            elif "broken" in message:
                raise KejistatsError(
                    f"no worker can start: {message['broken']}",
                    "fix this, then run the command again",
                )
            elif "done" in message and state.task:
                task = state.task
                result, hashes = self._save_files(worker, state, task.job, message["done"])
                state.task = None
                finish(task, result, hashes)
                self._retire_if_worn(worker, state, message)
        return [results[number] for number in range(len(jobs))]

    def _start(self) -> None:
        threads = max(1, (os.cpu_count() or 1) // self.count)
        worker = Worker(self._inbox, sorted(self._preload), threads)
        self._workers[worker] = _WorkerState()
        self.stats.started += 1
        _LOG.info("worker %d started", worker.pid)

    def _assign(self, pending: deque[_Task]) -> None:
        """Give each idle worker a task; start workers while more tasks than idle workers remain."""
        for worker, state in self._workers.items():
            if pending and state.ready and state.task is None:
                state.task = pending.popleft()
                state.since, state.cell, state.memory = time.monotonic(), 0, 0.0
                folder = _folder(worker, state.task.job)
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(parents=True)
                job = {
                    key: str(value) if isinstance(value, Path) else value
                    for key, value in asdict(state.task.job).items()
                }
                worker.send({"job": job, "folder": str(folder), "died": state.task.death})
        idle = sum(state.task is None for state in self._workers.values())
        for _ in range(min(self.count - len(self._workers), len(pending) - idle)):
            self._start()

    def _enforce_limits(self) -> None:
        """Kill busy workers that have exceeded their time or memory."""
        for worker, state in self._workers.items():
            if state.task is None or state.kill_reason:
                continue
            state.memory = max(state.memory, worker.memory())
            self.stats.memory = max(self.stats.memory, state.memory)
            if state.memory > self.limits.memory:
                text = f"used more than {self.limits.memory:.0f} MB; see --memory"
                state.kill_reason = ("MemoryError", text)
            elif time.monotonic() - state.since > self.limits.seconds:
                text = f"did not finish within {self.limits.seconds:g} s; see --timeout"
                state.kill_reason = ("CellTimeoutError", text)
            if state.kill_reason:
                worker.kill()

    def _on_exit(self, worker: Worker) -> _Task | None:
        """Remove a worker that has exited; return the task it was working on."""
        state = self._workers.pop(worker)
        self.stats.deaths += 1
        if not state.ready:
            self._failed_starts += 1
            if self._failed_starts == _MAX_FAILED_STARTS:
                raise KejistatsError(
                    f"workers die while they start (exit code {worker.exit_code()})",
                    "check that there is enough free memory",
                )
        code = worker.exit_code()
        worker.kill()
        if state.task:
            shutil.rmtree(_folder(worker, state.task.job), ignore_errors=True)
            if state.kill_reason is None:
                again = ", as did the one before it" if state.task.deaths else ""
                state.kill_reason = (
                    "DeadKernelError", f"the worker process died (exit code {code}){again}"
                )  # fmt: skip
                state.task.deaths += 1
            else:
                state.task.deaths += 2  # no retry: it would exceed the limit again
            _LOG.warning(
                "worker %d, at %s: %s", worker.pid, state.task.job.stem, state.kill_reason[1]
            )
        return state.task

    def _retry_or_fail(
        self, task: _Task, state: _WorkerState, pending: deque[_Task], finish: Callable[..., None]
    ) -> None:
        """Queue the task again: to retry it once, then to write the error into its notebook."""
        name, text = state.kill_reason or ("", "")
        if task.death:
            finish(task, Result(task.job.name, None, 0.0, f"{task.death[1]}: {task.death[2]}"))
            return
        if task.deaths > 1:
            task.death = (state.cell, name, text)
        pending.appendleft(task)

    def _save_files(
        self, worker: Worker, state: _WorkerState, job: Job, answer: Message
    ) -> tuple[Result, dict[str, str] | None]:
        """Move the files a worker made into place; return the result and the files' hashes."""
        folder = _folder(worker, job)
        common: dict[str, Any] = {
            "seconds": answer["seconds"],
            "memory": max(state.memory, worker.memory()),
            "cell": answer.get("cell"),
        }
        if answer.get("full"):
            raise KejistatsError(
                f"the disk is full: {job.page.name} was not made ({answer['error']})",
                "all other files are unchanged; free some space and run the command again",
            )
        try:
            executed = folder / job.executed.name
            if executed.exists():
                replace(executed, job.executed)
            for name in answer.get("files", {}):
                replace(folder / name, job.page.with_name(name))
        except OSError as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if "error" in answer:
            return Result(job.name, None, error=answer["error"], **common), None
        return Result(
            job.name,
            job.page,
            text=answer["text"],
            counts=answer["counts"],
            warnings=tuple(answer["warnings"]),
            **common,
        ), answer["files"]

    def _retire_if_worn(self, worker: Worker, state: _WorkerState, message: Message) -> None:
        """Retire a worker with leaked state, too much memory or too many briefs behind it."""
        state.served += 1
        reasons = list(message["retire"])
        if reasons:
            self._preload |= set(message["loaded"])
        if state.served >= self.limits.briefs:
            reasons.append(f"{state.served} briefs made")
        if worker.memory() > self.limits.retire_memory:
            reasons.append(f"uses more than {self.limits.retire_memory:.0f} MB")
        if reasons:
            self.stats.retired.append(", ".join(reasons))
            _LOG.info("worker %d retired: %s", worker.pid, ", ".join(reasons))
            del self._workers[worker]
            worker.close()
            self._retired.append(worker)


def _log_result(job: Job, result: Result) -> None:
    if result.error:
        _LOG.error("failed: %s: %s; see %s", job.stem, result.error, job.executed)
    else:
        _LOG.info("made: %s in %.1f s", job.stem, result.seconds)
    for warning in result.warnings:
        _LOG.warning("%s: %s", job.stem, warning)


def _folder(worker: Worker, job: Job) -> Path:
    """Return a worker's output folder, on the same disk as the pages."""
    return job.executed.parent / ".run" / str(worker.pid)
