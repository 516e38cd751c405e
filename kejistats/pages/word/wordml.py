"""Build elements of WordprocessingML."""

from __future__ import annotations

from typing import Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn


def make_element(tag: str, *children: Any, **attributes: object) -> Any:
    """Return an element of the namespace w, its attributes in the same namespace.

    Examples
    --------
    >>> make_element("tcW", w=5000, type="pct").attrib.values()
    ['5000', 'pct']
    """
    element = OxmlElement(f"w:{tag}")
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), str(value))
    element.extend(children)
    return element


def field(code: str) -> list[Any]:
    """Return the runs of a field that Word computes, such as the page number (PAGE)."""
    marks = [make_element("fldChar", fldCharType=kind) for kind in ("begin", "separate", "end")]
    text = make_element("instrText")
    text.text = f" {code} "
    placeholder = make_element("t")
    placeholder.text = "1"
    return [make_element("r", part) for part in (marks[0], text, marks[1], placeholder, marks[2])]
