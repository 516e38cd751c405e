"""A part of the page: heading, what the figures say, and the analyst's own words below."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from kejistats.brief.fragments import Fragment, render
from kejistats.brief.own_words import as_html
from kejistats.brief.paragraphs import Paragraph


def part(
    heading: str,
    texts: Iterable[str] = (),
    *,
    numbered: bool = False,
    paragraphs: Iterable[Paragraph] = (),
    remarks: Iterable[str] = (),
    field: tuple[str, str] = ("", ""),
    own: str = "",
) -> Fragment:
    """Return a part of the page.

    Parameters
    ----------
    heading
        Its heading.
    texts
        Whole sentences, each its own line.
    numbered
        Whether they are numbered.
    paragraphs
        Joined sentences.
    remarks
        What is to be known of them.
    field
        Name of the field that is the analyst's, and what stands in it until it is filled.
    own
        What the analyst wrote in it, as Markdown.
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
        # Made from Markdown with all its tags escaped.
        own=Markup(as_html(own)) if own else "",  # noqa: S704
    )
    lines = [heading, *texts, *(p.text for p in paragraphs), *remarks, *([own] if own else [])]
    return Fragment(html, "\n".join(lines))
