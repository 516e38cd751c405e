"""The analyst's text of a brief: ``words/<checkpoint>/<district>.md`` in the data set.

Headings name the fields of the page that the text below them fills. The file is only read, never
written, so the text survives every re-run.
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
    """The analyst's text of one brief, by field.

    Parameters
    ----------
    file
        Path in the data set; empty without a file.
    lines
        Numbered lines by key of the field.
    stray
        Numbered lines that are under no known field.
    """

    file: str
    lines: dict[str, list[tuple[int, str]]]
    stray: list[tuple[int, str]]

    def text(self, field: str) -> str:
        """Return the Markdown of a field; empty where it is not filled."""
        return "\n".join(line for _, line in self.lines.get(field, [])).strip()


def read_own_words(folder: Path, checkpoint: Checkpoint, code: str) -> dict[str, str]:
    """Read the analyst's text as a bundle keeps it: its path and content; empty without a file.

    Parameters
    ----------
    folder
        Folder of the data set.
    checkpoint
        The checkpoint; its folder may have any of its names (2025H1, 2025Q2, 2025M06).
    code
        District code.

    Raises
    ------
    UsageError
        When the file is not text.
    """
    for checkpoint_folder in _folders(folder / FOLDER, checkpoint):
        file = checkpoint_folder / f"{code}.md"
        # A code that looks like a path must not lead outside the folder.
        if file.parent == checkpoint_folder and file.is_file():
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
            named = Checkpoint.parse(folder.name)
        except UsageError:
            continue
        if named == checkpoint and folder.is_dir():
            yield folder


def parse_own_words(content: dict[str, str], words: dict[str, dict[str, Any]]) -> OwnWords:
    r"""Assign the lines of the analyst's text to the fields that its headings name.

    Parameters
    ----------
    content
        Path and text, from `read_own_words`.
    words
        The words table; its section ``fields`` names the fields.

    Examples
    --------
    >>> words = {"fields": {"taken": ["工作举措", ""], "planned": ["具体措施", ""]}}
    >>> content = {"file": "words/2025H1/1.md", "text": "# 工作举措\n开展培训。\n# 其他\n略"}
    >>> own = parse_own_words(content, words)
    >>> own.text("taken"), own.text("planned"), own.stray
    ('开展培训。', '', [(3, '# 其他'), (4, '略')])
    """
    keys = {name: key for key, (name, _) in words["fields"].items()}
    lines: dict[str, list[tuple[int, str]]] = {}
    stray: list[tuple[int, str]] = []
    field: str | None = None
    for number, line in enumerate(content.get("text", "").splitlines(), 1):
        heading = _HEADING.fullmatch(line)
        if heading:
            field = keys.get(heading[1])
        if field is None:
            stray += [(number, line)] if line.strip() else []
        elif not heading:
            lines.setdefault(field, []).append((number, line))
    return OwnWords(content.get("file", ""), lines, stray)


@cache
def _markdown() -> Any:
    import mistune

    class Renderer(mistune.HTMLRenderer):
        def image(self, text: str, url: str, title: str | None = None) -> str:  # noqa: ARG002
            # A page must not load anything: show the description instead.
            return text

        def softbreak(self) -> str:
            # Chinese text has no space between lines.
            return ""

    return mistune.create_markdown(renderer=Renderer(escape=True))


def as_html(markdown: str) -> str:
    """Convert Markdown to HTML; tags are escaped, pictures replaced by their description.

    Examples
    --------
    >>> as_html("开展**培训** <b>3</b>次")
    '<p>开展<strong>培训</strong> &lt;b&gt;3&lt;/b&gt;次</p>'
    """
    return str(_markdown()(markdown)).strip()
