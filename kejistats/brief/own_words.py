"""The analyst's own words of a brief: ``words/<checkpoint>/<district>.md`` in the data set.

A heading names the field that the text below it fills. The file is only ever read, so that the
words survive every re-run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kejistats.model.errors import UsageError
from kejistats.model.paths import read_text
from kejistats.model.period import Checkpoint

FOLDER = "words"
_HEADING = re.compile(r"#{1,6}\s+(.*?)\s*#*\s*")


@dataclass(frozen=True)
class OwnWords:
    """What an analyst wrote for one brief.

    Parameters
    ----------
    file
        Path in the data set, empty where there is none.
    lines
        Lines with their number in the file, by key of the field.
    stray
        Lines that stand under no field.
    """

    file: str
    lines: dict[str, list[tuple[int, str]]]
    stray: list[tuple[int, str]]

    def text(self, field: str) -> str:
        """Return what stands in a field as Markdown; empty where it is not filled."""
        return "\n".join(line for _, line in self.lines.get(field, [])).strip()


def own_text(folder: Path, checkpoint: Checkpoint, code: str) -> dict[str, str]:
    """Return file and text as a bundle keeps them; empty where an analyst wrote nothing.

    Parameters
    ----------
    folder
        The data set's.
    checkpoint
        The checkpoint; a folder named by any of its forms is found (2025H1, 2025Q2, 2025M06).
    code
        The district's.

    Raises
    ------
    UsageError
        When the file is no text.
    """
    for words in _folders(folder / FOLDER, checkpoint):
        file = words / f"{code}.md"
        # A code that looks like a path leads nowhere else.
        if file.parent == words and file.is_file():
            try:
                text = read_text(file)
            except UsageError as error:
                raise UsageError(error.message, "save it as UTF-8 text") from None
            return {"file": file.relative_to(folder).as_posix(), "text": text}
    return {}


def _folders(words: Path, checkpoint: Checkpoint) -> Iterator[Path]:
    if not words.is_dir():
        return
    for folder in sorted(words.iterdir()):
        try:
            meant = Checkpoint.parse(folder.name)
        except UsageError:
            continue
        if meant == checkpoint and folder.is_dir():
            yield folder


def own_words(held: dict[str, str], words: dict[str, dict[str, Any]]) -> OwnWords:
    r"""Sort the lines of a file by the fields that their headings name.

    Parameters
    ----------
    held
        From `own_text`.
    words
        The words table; ``[fields]`` names the fields.

    Examples
    --------
    >>> words = {"fields": {"taken": ["工作举措", ""], "planned": ["具体措施", ""]}}
    >>> held = {"file": "words/2025H1/1.md", "text": "# 工作举措\n开展培训。\n# 其他\n略"}
    >>> own = own_words(held, words)
    >>> own.text("taken"), own.text("planned"), own.stray
    ('开展培训。', '', [(3, '# 其他'), (4, '略')])
    """
    keys = {name: key for key, (name, _) in words["fields"].items()}
    found: dict[str, list[tuple[int, str]]] = {}
    stray: list[tuple[int, str]] = []
    field: str | None = None
    for number, line in enumerate(held.get("text", "").splitlines(), 1):
        heading = _HEADING.fullmatch(line)
        if heading:
            field = keys.get(heading[1])
        if field is None:
            stray += [(number, line)] if line.strip() else []
        elif not heading:
            found.setdefault(field, []).append((number, line))
    return OwnWords(held.get("file", ""), found, stray)


@cache
def _markdown() -> Any:
    import mistune

    class Renderer(mistune.HTMLRenderer):
        def image(self, text: str, url: str, title: str | None = None) -> str:  # noqa: ARG002
            # A page fetches nothing.
            return text

        def softbreak(self) -> str:
            # Between Chinese lines there is no space.
            return ""

    return mistune.create_markdown(renderer=Renderer(escape=True))


def as_html(markdown: str) -> str:
    """Return Markdown as HTML: tags written in it are text, pictures their description.

    Examples
    --------
    >>> as_html("开展**培训** <b>3</b>次")
    '<p>开展<strong>培训</strong> &lt;b&gt;3&lt;/b&gt;次</p>'
    """
    return str(_markdown()(markdown)).strip()
