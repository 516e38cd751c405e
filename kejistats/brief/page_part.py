"""A part of the page: heading, sentences, and a field for the analyst's text."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from kejistats.brief.fragments import Fragment, render
from kejistats.brief.own_words import as_html
from kejistats.brief.paragraphs import Paragraph


def render_part(
    heading: str,
    texts: Iterable[str] = (),
    *,
    numbered: bool = False,
    paragraphs: Iterable[Paragraph] = (),
    remarks: Iterable[str] = (),
    field: tuple[str, str] = ("", ""),
    own: str = "",
) -> Fragment:
    """Render a part of the page.

    Parameters
    ----------
    heading
        Heading of the part.
    texts
        Whole sentences, one a line.
    numbered
        Whether to number `texts`.
    paragraphs
        Paragraphs of joined sentences.
    remarks
        Explanations below the text.
    field
        Name of the analyst's field, and its placeholder until it is filled; empty without one.
    own
        The analyst's text of the field, as Markdown.
    """
    texts, paragraphs, remarks = list(texts), list(paragraphs), list(remarks)
    label, empty = field
    html = render(
        "passage.html",
        heading=heading,
        texts=texts,
        numbered=numbered,
        paragraphs=paragraphs,
        remarks=remarks,
        field=label if own else empty,
        # `as_html` escapes all tags.
        own=Markup(as_html(own)) if own else "",  # noqa: S704
    )
    lines = [heading, *texts, *(p.text for p in paragraphs), *remarks, *([own] if own else [])]
    return Fragment(html, "\n".join(lines))
