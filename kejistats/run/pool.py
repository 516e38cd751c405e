"""Jobs carried out by warm workers: limits, one retry after a death, replacement in time."""

from __future__ import annotations

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

_TICK = 0.1
_STARTS = 3


@dataclass(frozen=True)
class Limits:
    """What a brief and a worker may take.

    Parameters
    ----------
    seconds
        Time for one brief.
    memory
        MB that a worker may hold; beyond it is killed at once.
    kept
        MB beyond which a worker is replaced after a brief.
    briefs
        Briefs after which a worker is replaced.
    """

    seconds: float = 120.0
    memory: float = 2000.0
    kept: float = 700.0
    briefs: int = 1000


@dataclass
class _Task:
    number: int
    job: Job
    deaths: int = 0
    # Cell, error and text of what ended the worker, to be written into the notebook.
    died: tuple[int, str, str] | None = None


@dataclass
class _Desk:
    """What an owner knows of a worker."""

    ready: bool = False
    task: _Task | None = None
    since: float = 0.0
    cell: int = 0
    memory: float = 0.0
    served: int = 0
    verdict: tuple[str, str] | None = None


@dataclass
class Figures:
    """How the workers fared.

    Parameters
    ----------
    started, deaths
        Workers started, and how many died or were killed.
    retired
        Why workers were replaced.
    memory
        The most that one of them held, in MB.
    """

    started: int = 0
    deaths: int = 0
    retired: list[str] = field(default_factory=list)
    memory: float = 0.0


Placed = Callable[[Job, Result, dict[str, str]], None]


class Pool:
    """Warm workers, as many as are wanted; they begin to load their libraries at once.

    Parameters
    ----------
    count
        Number of workers; the number of processors by default.
    limits
        What a brief and a worker may take.
    """

    def __init__(self, count: int | None = None, limits: Limits | None = None) -> None:
        self.count = count or os.cpu_count() or 1
        self.limits = limits or Limits()
        self.figures = Figures()
        self._inbox: Inbox = SimpleQueue()
        self._desks: dict[Worker, _Desk] = {}
        self._leaving: list[Worker] = []
        self._preload: set[str] = set()
        self._stillborn = 0
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
        for worker in [*self._desks, *self._leaving]:
            worker.kill()
        self._desks.clear()
        self._leaving.clear()

    def run(
        self,
        jobs: Sequence[Job],
        progress: Callable[[Result], None] = lambda _: None,
        placed: Placed = lambda *_: None,
        *,
        fail_fast: bool = False,
    ) -> list[Result]:
        """Make all pages; results in the order of the jobs.

        Parameters
        ----------
        jobs
            From `kejistats.run.plan`.
        progress
            Called with each result as it comes.
        placed
            Called with a job whose files are in their places, and the hashes of these by name,
            before its worker is given another.
        fail_fast
            Begin no further page after the first that failed.

        Raises
        ------
        KejistatsError
            When the disk is full or no worker can start.
        """
        pending = deque(_Task(number, job) for number, job in enumerate(jobs))
        results: dict[int, Result] = {}

        def finish(task: _Task, result: Result, hashes: dict[str, str] | None = None) -> None:
            results[task.number] = result
            if hashes is not None:
                placed(task.job, result, hashes)
            if result.error and fail_fast:
                for left in pending:
                    text = "not begun: another page failed"
                    results[left.number] = Result(left.job.name, None, 0.0, text)
                pending.clear()
            progress(result)

        while len(results) < len(jobs):
            self._hand_out(pending)
            try:
                worker, message = self._inbox.get(timeout=_TICK)
            except Empty:
                self._watch()
                continue
            self._watch()
            desk = self._desks.get(worker)
            if desk is None:
                continue  # the last words of one that was let go
            if message is None:
                if task := self._bury(worker):
                    self._after_death(task, desk, pending, finish)
            elif "begun" in message:
                desk.cell = message["begun"]
            elif "ready" in message:
                desk.ready, self._stillborn = True, 0
            elif "broken" in message:
                raise KejistatsError(f"no worker can start: {message['broken']}", "mend that first")
            elif "done" in message and desk.task:
                task = desk.task
                result, hashes = self._placed(worker, desk, task.job, message["done"])
                desk.task = None
                finish(task, result, hashes)
                self._replace(worker, desk, message)
        return [results[number] for number in range(len(jobs))]

    def _start(self) -> None:
        threads = max(1, (os.cpu_count() or 1) // self.count)
        worker = Worker(self._inbox, sorted(self._preload), threads)
        self._desks[worker] = _Desk()
        self.figures.started += 1

    def _hand_out(self, pending: deque[_Task]) -> None:
        """Give each worker that waits something to do; have as many as there is work for."""
        for worker, desk in self._desks.items():
            if pending and desk.ready and desk.task is None:
                desk.task = pending.popleft()
                desk.since, desk.cell, desk.memory = time.monotonic(), 0, 0.0
                folder = _folder(worker, desk.task.job)
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(parents=True)
                job = {
                    key: str(value) if isinstance(value, Path) else value
                    for key, value in asdict(desk.task.job).items()
                }
                worker.send({"job": job, "folder": str(folder), "died": desk.task.died})
        free = sum(desk.task is None for desk in self._desks.values())
        for _ in range(min(self.count - len(self._desks), len(pending) - free)):
            self._start()

    def _watch(self) -> None:
        """Look after the workers that are busy: their time and their memory."""
        for worker, desk in self._desks.items():
            if desk.task is None or desk.verdict:
                continue
            desk.memory = max(desk.memory, worker.memory())
            self.figures.memory = max(self.figures.memory, desk.memory)
            if desk.memory > self.limits.memory:
                text = f"more than {self.limits.memory:.0f} MB; see --memory"
                desk.verdict = ("MemoryError", text)
            elif time.monotonic() - desk.since > self.limits.seconds:
                text = f"no end after {self.limits.seconds:g} s; see --timeout"
                desk.verdict = ("CellTimeoutError", text)
            if desk.verdict:
                worker.kill()

    def _bury(self, worker: Worker) -> _Task | None:
        """Take a dead worker off; return what it was doing."""
        desk = self._desks.pop(worker)
        self.figures.deaths += 1
        if not desk.ready:
            self._stillborn += 1
            if self._stillborn == _STARTS:
                raise KejistatsError(
                    f"workers die before they begin (exit code {worker.exit_code()})",
                    "see whether there is enough memory",
                )
        code = worker.exit_code()
        worker.kill()
        if desk.task:
            shutil.rmtree(_folder(worker, desk.task.job), ignore_errors=True)
            if desk.verdict is None:
                again = ", and so did the one before it" if desk.task.deaths else ""
                desk.verdict = (
                    "DeadKernelError", f"the worker process died (exit code {code}){again}"
                )  # fmt: skip
                desk.task.deaths += 1
            else:
                desk.task.deaths += 2  # it would only do the same again
        return desk.task

    def _after_death(
        self, task: _Task, desk: _Desk, pending: deque[_Task], finish: Callable[..., None]
    ) -> None:
        """Try once more; after that a worker writes the error into the notebook."""
        name, text = desk.verdict or ("", "")
        if task.died:
            finish(task, Result(task.job.name, None, 0.0, f"{task.died[1]}: {task.died[2]}"))
            return
        if task.deaths > 1:
            task.died = (desk.cell, name, text)
        pending.appendleft(task)

    def _placed(
        self, worker: Worker, desk: _Desk, job: Job, answer: Message
    ) -> tuple[Result, dict[str, str] | None]:
        """Put what a worker made in place; return the result and the hashes of the files."""
        folder = _folder(worker, job)
        told: dict[str, Any] = {
            "seconds": answer["seconds"],
            "memory": max(desk.memory, worker.memory()),
            "cell": answer.get("cell"),
        }
        if answer.get("full"):
            raise KejistatsError(
                f"the disk is full: {job.page.name} was not made ({answer['error']})",
                "all other files are as they were; make room and run the command again",
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
            return Result(job.name, None, error=answer["error"], **told), None
        return Result(
            job.name,
            job.page,
            text=answer["text"],
            counts=answer["counts"],
            warnings=tuple(answer["warnings"]),
            **told,
        ), answer["files"]

    def _replace(self, worker: Worker, desk: _Desk, message: Message) -> None:
        """Let a worker go that is not as it was, or has served long enough."""
        desk.served += 1
        reasons = list(message["retire"])
        if reasons:
            self._preload |= set(message["loaded"])
        if desk.served >= self.limits.briefs:
            reasons.append(f"{desk.served} briefs made")
        if worker.memory() > self.limits.kept:
            reasons.append(f"more than {self.limits.kept:.0f} MB held")
        if reasons:
            self.figures.retired.append(", ".join(reasons))
            del self._desks[worker]
            worker.close()
            self._leaving.append(worker)


def _folder(worker: Worker, job: Job) -> Path:
    """Return where a worker leaves what it has made, on the disk where that shall go."""
    return job.executed.parent / ".run" / str(worker.pid)
