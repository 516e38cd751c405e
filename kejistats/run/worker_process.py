"""A worker process from its owner's side: start it, exchange messages, measure it, kill it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import BinaryIO, cast

import psutil

from kejistats.run.channel import Channel, Message

# A worker and its message, None once it has exited.
Inbox = SimpleQueue[tuple["Worker", Message | None]]
_START = "import sys; sys.path[:] = {path!r}; from kejistats.run.worker import main; main()"


class Worker:
    """A process that loads the libraries once and then runs notebooks.

    It is started as a program, not by ``multiprocessing``, which would run the caller's main module
    again; it shares nothing with its owner but two pipes.

    Parameters
    ----------
    inbox
        Receives its messages; several workers may share one.
    preload
        Modules to load in addition to those that every worker loads.
    threads
        Number of threads for its computations; None leaves it to the libraries.
    """

    def __init__(
        self, inbox: Inbox, preload: Sequence[str] = (), threads: int | None = None
    ) -> None:
        environment = dict(os.environ)
        if threads is not None:
            # With a worker for each processor, more threads would only wait for each other.
            for name in ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
                environment.setdefault(name, str(threads))
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START.format(path=sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        incoming, outgoing = self._process.stdout, self._process.stdin
        self._channel = Channel(cast("BinaryIO", incoming), cast("BinaryIO", outgoing))
        self._inbox = inbox
        self._psutil = psutil.Process(self._process.pid)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self.send({"preload": list(preload)})

    def _listen(self) -> None:
        for message in self._channel.messages():
            self._inbox.put((self, message))
        self._process.wait()
        self._inbox.put((self, None))

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def send(self, message: Message) -> None:
        """Send a message; a dead worker raises no error here but is reported in the inbox."""
        with suppress(OSError, ValueError):
            self._channel.send(message)

    def memory(self) -> float:
        """Return its resident memory in MB; 0 when it is gone."""
        try:
            return float(self._psutil.memory_info().rss) / 1e6
        except psutil.Error:
            return 0.0

    def exit_code(self) -> int | None:
        """Return its exit code, waiting up to 5 s for it; None if it still runs."""
        try:
            return self._process.wait(5)
        except subprocess.TimeoutExpired:
            return None

    def close(self) -> None:
        """Close its pipe, on which it ends."""
        self._channel.close()

    def kill(self) -> None:
        """Kill it at once, together with the processes it has started."""
        try:
            children = self._psutil.children(recursive=True)
        except psutil.Error:
            children = []
        self._process.kill()
        for process in children:
            with suppress(psutil.Error):  # it has ended already
                process.kill()
        self._channel.close()
        self._process.wait()
        self._listener.join(5)
