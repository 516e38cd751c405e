"""Collect the outputs of a notebook's cells, streams and displays, up to a size limit."""

from __future__ import annotations

import io
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

# Most characters kept of one notebook: printed text, and displays such as tables and images.
MAX_PRINTED, MAX_DISPLAYED = 200_000, 50_000_000
TRUNCATED = "\n……（输出过长，以下从略）\n"

Output = dict[str, Any]


@dataclass
class Outputs:
    """The outputs of a running notebook, by cell.

    Parameters
    ----------
    cells
        Outputs of each cell, as in the notebook format.
    current
        Number of the running cell.
    touched
        Cells whose outputs changed since the last call of `take_touched`.
    """

    cells: dict[int, list[Output]] = field(default_factory=dict)
    current: int = 0
    touched: set[int] = field(default_factory=set)
    _named: dict[str, list[tuple[int, Output]]] = field(default_factory=dict)
    _remaining: dict[str, int] = field(
        default_factory=lambda: {"print": MAX_PRINTED, "show": MAX_DISPLAYED}
    )
    _clear: bool = False

    def begin(self, cell: int) -> None:
        """Assign the outputs that follow to a cell."""
        self.current, self._clear = cell, False
        self.cells[cell] = []
        self.touched.add(cell)

    def stream(self, name: str, text: str) -> None:
        """Keep printed text; beyond the limit a notice replaces the rest."""
        remaining = self._remaining["print"]
        if not text or remaining < 0:
            return
        self._remaining["print"] = remaining - len(text)
        kept = text if len(text) <= remaining else text[:remaining] + TRUNCATED
        outputs = self._outputs()
        if outputs and outputs[-1].get("name") == name:
            outputs[-1]["pieces"].append(kept)
        else:
            outputs.append({"output_type": "stream", "name": name, "pieces": [kept]})

    def show(self, kind: str, data: dict[str, Any], metadata: dict[str, Any], **more: Any) -> None:
        """Keep a result or a display; a notice replaces one that is too large."""
        encoded = {mime: _as_text(value) for mime, value in data.items()}
        size = sum(len(value) for value in encoded.values() if isinstance(value, str))
        if size > self._remaining["show"]:
            self.stream("stdout", TRUNCATED)
            return
        self._remaining["show"] -= size
        name = more.pop("name", None)
        output = {"output_type": kind, "data": encoded, "metadata": dict(metadata), **more}
        self._outputs().append(output)
        if name:
            self._named.setdefault(name, []).append((self.current, output))

    def update(self, name: str, data: dict[str, Any], metadata: dict[str, Any]) -> None:
        """Replace the content of a named display, in whichever cells show it."""
        for cell, output in self._named.get(name, []):
            output["data"] = {mime: _as_text(value) for mime, value in data.items()}
            output["metadata"] = dict(metadata)
            self.touched.add(cell)

    def error(self, name: str, value: str, traceback: list[str]) -> None:
        """Keep the error that ended a cell."""
        self._outputs().append(
            {"output_type": "error", "ename": name, "evalue": value, "traceback": traceback}
        )

    def clear(self, *, wait: bool) -> None:
        """Clear the cell's outputs, at once or with the next output."""
        self._clear = True
        if not wait:
            self._outputs()

    def take_touched(self) -> dict[int, list[Output]]:
        """Return the outputs, in notebook format, of cells touched since the last call."""
        changed = {
            cell: [_to_notebook_format(o) for o in self.cells[cell]]
            for cell in sorted(self.touched)
        }
        self.touched.clear()
        return changed

    def _outputs(self) -> list[Output]:
        self.touched.add(self.current)
        if self._clear:
            self.cells[self.current].clear()
            self._clear = False
        return self.cells[self.current]


def _as_text(value: Any) -> Any:
    """Return an image in base64, everything else unchanged."""
    return b64encode(value).decode("ascii") if isinstance(value, bytes) else value


def _to_notebook_format(output: Output) -> Output:
    if "pieces" not in output:
        return output
    # Joined once: appending piece by piece would take quadratic time.
    return {"output_type": "stream", "name": output["name"], "text": "".join(output["pieces"])}


class Stream(io.TextIOBase):
    """A notebook's standard output or error; closing it closes no real file.

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
        self._outputs, self.name = outputs, name

    def writable(self) -> bool:
        """Return True: text can be written."""
        return True

    def write(self, text: str) -> int:
        """Keep text in the cell's outputs."""
        if self.closed:
            raise ValueError("I/O operation on closed file.")
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._outputs.stream(self.name, text)
        return len(text)
