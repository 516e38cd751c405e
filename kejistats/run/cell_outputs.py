"""What a notebook's cells put out: streams and displays, kept up to a limit."""

from __future__ import annotations

import io
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

# Characters of one notebook that are kept: of what it prints, and of tables and images.
PRINTED, SHOWN = 200_000, 50_000_000
CUT = "\n……（输出过长，以下从略）\n"

Output = dict[str, Any]


@dataclass
class Outputs:
    """The outputs of a notebook under way, by cell.

    Parameters
    ----------
    cells
        Lists of outputs as in the notebook format.
    current
        Number of the cell that runs.
    touched
        Cells whose outputs changed since somebody last asked.
    """

    cells: dict[int, list[Output]] = field(default_factory=dict)
    current: int = 0
    touched: set[int] = field(default_factory=set)
    _named: dict[str, list[tuple[int, Output]]] = field(default_factory=dict)
    _left: dict[str, int] = field(default_factory=lambda: {"print": PRINTED, "show": SHOWN})
    _clear: bool = False

    def begin(self, cell: int) -> None:
        """Let what follows belong to a cell."""
        self.current, self._clear = cell, False
        self.cells[cell] = []
        self.touched.add(cell)

    def stream(self, name: str, text: str) -> None:
        """Keep what a cell prints; beyond the limit a notice stands for all the rest."""
        left = self._left["print"]
        if not text or left < 0:
            return
        self._left["print"] = left - len(text)
        kept = text if len(text) <= left else text[:left] + CUT
        outputs = self._outputs()
        if outputs and outputs[-1].get("name") == name:
            outputs[-1]["pieces"].append(kept)
        else:
            outputs.append({"output_type": "stream", "name": name, "pieces": [kept]})

    def show(self, kind: str, data: dict[str, Any], metadata: dict[str, Any], **more: Any) -> None:
        """Keep a result or a display; one that is too large is told of instead."""
        held = {mime: _plain(value) for mime, value in data.items()}
        size = sum(len(value) for value in held.values() if isinstance(value, str))
        if size > self._left["show"]:
            self.stream("stdout", CUT)
            return
        self._left["show"] -= size
        name = more.pop("name", None)
        output = {"output_type": kind, "data": held, "metadata": dict(metadata), **more}
        self._outputs().append(output)
        if name:
            self._named.setdefault(name, []).append((self.current, output))

    def update(self, name: str, data: dict[str, Any], metadata: dict[str, Any]) -> None:
        """Change what a display shows that was named, in whichever cell it stands."""
        for cell, output in self._named.get(name, []):
            output["data"] = {mime: _plain(value) for mime, value in data.items()}
            output["metadata"] = dict(metadata)
            self.touched.add(cell)

    def error(self, name: str, value: str, traceback: list[str]) -> None:
        """Keep the error that ended a cell."""
        self._outputs().append(
            {"output_type": "error", "ename": name, "evalue": value, "traceback": traceback}
        )

    def clear(self, *, wait: bool) -> None:
        """Drop what the cell has put out, at once or when there is something new."""
        self._clear = True
        if not wait:
            self._outputs()

    def taken(self) -> dict[int, list[Output]]:
        """Return the outputs of the cells touched since the last time, as they are written."""
        found = {cell: [_written(o) for o in self.cells[cell]] for cell in sorted(self.touched)}
        self.touched.clear()
        return found

    def _outputs(self) -> list[Output]:
        self.touched.add(self.current)
        if self._clear:
            self.cells[self.current].clear()
            self._clear = False
        return self.cells[self.current]


def _plain(value: Any) -> Any:
    """Return an image as text, everything else as it is."""
    return b64encode(value).decode("ascii") if isinstance(value, bytes) else value


def _written(output: Output) -> Output:
    if "pieces" not in output:
        return output
    # Joined once: text put together piece by piece takes the square of the time.
    return {"output_type": "stream", "name": output["name"], "text": "".join(output["pieces"])}


class Stream(io.TextIOBase):
    """What a notebook has for standard output or error; closing it closes nothing else.

    Parameters
    ----------
    outputs
        Where the text goes.
    name
        ``stdout`` or ``stderr``.
    """

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, outputs: Outputs, name: str) -> None:
        self._kept, self.name = outputs, name

    def writable(self) -> bool:
        """Say that it takes text."""
        return True

    def write(self, text: str) -> int:
        """Keep text."""
        if self.closed:
            raise ValueError("I/O operation on closed file.")
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._kept.stream(self.name, text)
        return len(text)
