"""Elements of WordprocessingML in one call each."""

from __future__ import annotations

from typing import Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn


def make(tag: str, *children: Any, **attributes: object) -> Any:
    """Return an element of the namespace w with attributes of the same namespace.

    Examples
    --------
    >>> make("tcW", w=5000, type="pct").attrib.values()
    ['5000', 'pct']
    """
    element = OxmlElement(f"w:{tag}")
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), str(value))
    element.extend(children)
    return element


def field(code: str) -> list[Any]:
    """Return the runs of a field that Word computes, such as PAGE."""
    marks = [make("fldChar", fldCharType=kind) for kind in ("begin", "separate", "end")]
    text = make("instrText")
    text.text = f" {code} "
    shown = make("t")
    shown.text = "1"
    return [make("r", part) for part in (marks[0], text, marks[1], shown, marks[2])]
