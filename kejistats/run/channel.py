"""Messages between a worker and its owner: one JSON document per line, over pipes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO

Message = dict[str, Any]
# Bound here: a notebook that replaces functions of json must not silence its worker.
_encode, _decode = json.JSONEncoder().encode, json.JSONDecoder().decode


class Channel:
    """A two-way connection between two processes.

    Parameters
    ----------
    incoming, outgoing
        Binary files, such as pipes.
    """

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming, self._outgoing = incoming, outgoing
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        """Send a message, in ASCII so that no character of it can end the line.

        Raises
        ------
        OSError
            When the other side is gone.
        """
        line = _encode(message).encode("ascii") + b"\n"
        with self._lock:
            self._outgoing.write(line)
            self._outgoing.flush()

    def messages(self) -> Iterator[Message]:
        """Yield messages as they arrive, until the other side is gone."""
        try:
            for line in self._incoming:
                if not line.endswith(b"\n"):
                    return  # the other side died in the middle of a message
                yield _decode(line.decode())
        except (OSError, ValueError):
            return
        finally:
            self._incoming.close()

    def close(self) -> None:
        """Close the sending side; the receiver sees the end of the stream."""
        with suppress(OSError):  # the other side is gone already
            self._outgoing.close()
