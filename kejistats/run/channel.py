"""Messages between a worker and its owner: one JSON document a line, over pipes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO

Message = dict[str, Any]
# Held, for what a notebook puts in the place of json's functions must not silence its worker.
_encode, _decode = json.JSONEncoder().encode, json.JSONDecoder().decode


class Channel:
    """Both ends of what two processes say to each other.

    Parameters
    ----------
    incoming, outgoing
        Binary files, such as pipes.
    """

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming, self._outgoing = incoming, outgoing
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        """Send a message; ASCII, so that nothing in it can end the line.

        Raises
        ------
        OSError
            When nobody listens any more.
        """
        line = _encode(message).encode("ascii") + b"\n"
        with self._lock:
            self._outgoing.write(line)
            self._outgoing.flush()

    def messages(self) -> Iterator[Message]:
        """Give messages as they come, until the other side is gone."""
        try:
            for line in self._incoming:
                if not line.endswith(b"\n"):
                    return  # it died while it was speaking
                yield _decode(line.decode())
        except (OSError, ValueError):
            return
        finally:
            self._incoming.close()

    def close(self) -> None:
        """Say no more; whoever listens learns of it."""
        with suppress(OSError):  # nobody listens any more
            self._outgoing.close()
