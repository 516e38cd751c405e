"""The body of a message: HTML that mail clients can display, and the same as plain text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import css_inline

from kejistats.model.errors import KejistatsError
from kejistats.model.templating import render_template
from kejistats.publish.documents import Picture
from kejistats.publish.mail_section import Section
from kejistats.release import OVERVIEW

# Gmail clips messages at about 102 KB.
MAX_BYTES = 80_000
# Most pages shown in full; of further ones only the conclusion is shown.
MAX_SECTIONS = 3
# The outbox uses the style sheet of the pages.
_FOLDERS = ("publish/templates", "pages/templates/kejistats")


def render(template: str, /, **values: object) -> str:
    """Fill in one template of ``kejistats/publish/templates``."""
    return render_template(_FOLDERS, template, **values)


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(load_remote_stylesheets=False)


@cache
def _dark_style() -> str:
    return f"<style>\n{render('dark.css')}\n</style>\n</head>"


def inline_styles(html: str) -> str:
    """Return a page with its style sheet inlined into the elements, and the dark scheme added.

    A media query cannot be inlined. It is added afterwards, behind the charset: the inliner would
    put it first and strip the space that Outlook and Orange need before !important.
    """
    return _inliner().inline(html).replace("</head>", _dark_style(), 1)


def split_sections(
    sections: Sequence[Section], limit: int
) -> tuple[Sequence[Section], Sequence[Section]]:
    """Return the sections shown in full and those of which only the conclusion is shown.

    With more sections than `limit`, only a leading overview is shown in full.
    """
    if len(sections) <= limit:
        return sections, ()
    first = 1 if sections[0].key == OVERVIEW else 0
    return sections[:first], sections[first:]


def html_body(
    subject: str, sections: Sequence[Section], attached: Sequence[str], *, sample: bool, reply: str
) -> tuple[str, list[Picture]]:
    """Return the HTML part and the pictures it refers to.

    Parameters
    ----------
    subject
        Subject of the message.
    sections
        The pages, in their order.
    attached
        Names of the attachments.
    sample
        Whether the data are generated sample data.
    reply
        Address for questions; empty to name none.

    Raises
    ------
    KejistatsError
        When the part is larger than mail clients display.
    """
    size = 0
    for limit in range(MAX_SECTIONS, -1, -1):
        full, summarised = split_sections(sections, limit)
        html = inline_styles(
            render(
                "body.html.j2", subject=subject, full=full, summarised=summarised,
                attached=attached, sample=sample, reply=reply,
            )
        )  # fmt: skip
        size = len(html.encode("utf-8"))
        if size <= MAX_BYTES:
            pictures = {p.digest: p for section in full for p in section.pictures}
            return html, list(pictures.values())
    raise KejistatsError(
        f"the HTML part of {subject} has {size} bytes, mail clients cut it at {MAX_BYTES}",
        "list fewer districts for this recipient, or set its form to attachment",
    )


def text_body(
    sections: Sequence[Section], attached: Sequence[str], *, sample: bool, reply: str
) -> str:
    """Return the plain-text part; see `html_body`."""
    full, summarised = split_sections(sections, MAX_SECTIONS)
    parts = ["示例数据：数据由程序生成，不对应任何地区。"] if sample else []
    for section in full:
        text = [section.title, section.meta]
        if section.correction:
            text.append(f"更正：{section.correction}请以本件为准，此前所发作废。")
        text.append(section.conclusion)
        if section.worst:
            text.append("需要关注：")
            text += [
                f"{n}. {item['name']}（{item['status']}）：{item['gap']}"
                for n, item in enumerate(section.worst, 1)
            ]
        if section.best:
            text.append("亮点：")
            text += [f"{n}. {sentence}。" for n, sentence in enumerate(section.best, 1)]
        parts.append("\n".join(text))
    parts += [
        f"{s.name}：{f'【更正】{s.correction}' if s.correction else ''}{s.conclusion}"
        for s in summarised
    ]
    if attached:
        parts.append(f"全文见附件：{'、'.join(attached)}。")
    parts.append(f"本邮件由系统自动发送{f'，有疑问请回复{reply}' if reply else ''}。")
    return "\n\n".join(parts) + "\n"
