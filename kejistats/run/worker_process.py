"""A worker as its owner sees it: a process that is spoken to, watched, and killed if need be."""

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

# What a worker said; None when it is gone.
Inbox = SimpleQueue[tuple["Worker", Message | None]]
_START = "import sys; sys.path[:] = {path!r}; from kejistats.run.worker import main; main()"


class Worker:
    """A process that loads the libraries once and then runs notebooks.

    It is a program of its own, not a child of ``multiprocessing``, which would run the caller's
    main module again; and it shares nothing with its owner but two pipes.

    Parameters
    ----------
    inbox
        Where its messages go; several workers may share one.
    preload
        Modules to load beside those that every worker loads.
    threads
        How many threads its computations may use; None leaves that to them.
    """

    def __init__(
        self, inbox: Inbox, preload: Sequence[str] = (), threads: int | None = None
    ) -> None:
        environment = dict(os.environ)
        if threads is not None:
            # One processor, one worker: their threads would only wait for each other.
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
        self._watched = psutil.Process(self._process.pid)
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
        """Number of the process."""
        return self._process.pid

    def send(self, message: Message) -> None:
        """Send a message; whether it died before it could hear it, the inbox tells."""
        with suppress(OSError, ValueError):
            self._channel.send(message)

    def memory(self) -> float:
        """Return the memory it holds in MB; 0 when it is gone."""
        try:
            return float(self._watched.memory_info().rss) / 1e6
        except psutil.Error:
            return 0.0

    def exit_code(self) -> int | None:
        """Return how it ended, waiting a moment for it."""
        try:
            return self._process.wait(5)
        except subprocess.TimeoutExpired:
            return None

    def close(self) -> None:
        """Let it go: it ends when nobody speaks to it any more."""
        self._channel.close()

    def kill(self) -> None:
        """End it at once, and the processes that it has started."""
        try:
            family = self._watched.children(recursive=True)
        except psutil.Error:
            family = []
        self._process.kill()
        for process in family:
            with suppress(psutil.Error):  # it has ended
                process.kill()
        self._channel.close()
        self._process.wait()
        self._listener.join(5)
