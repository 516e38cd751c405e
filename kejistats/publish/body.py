"""The readable part of a message: HTML for mail clients, and the same as plain text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import css_inline

from kejistats.model.errors import KejistatsError
from kejistats.model.templating import fill
from kejistats.publish.documents import Picture
from kejistats.publish.mail_section import Section
from kejistats.release import OVERVIEW

# Gmail hides what lies beyond about 102 KB.
LIMIT = 80_000
# So many pages are shown whole, further ones by their conclusion.
MAX_SECTIONS = 3
# The style sheet of the outbox is the briefs' own.
_FOLDERS = ("publish/templates", "pages/templates/kejistats")


def render(template: str, /, **values: object) -> str:
    """Fill in one template of ``kejistats/publish/templates``."""
    return fill(_FOLDERS, template, **values)


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(load_remote_stylesheets=False)


@cache
def _dark() -> str:
    return f"<style>\n{render('dark.css')}\n</style>\n</head>"


def inlined(html: str) -> str:
    """Return a page with the styles of its style sheet at every element, and the dark scheme.

    That one cannot be inlined. It comes in afterwards, behind the charset: the inliner would put
    it first, and take the space that Outlook and Orange want before !important.
    """
    return _inliner().inline(html).replace("</head>", _dark(), 1)


def split(sections: Sequence[Section], whole: int) -> tuple[Sequence[Section], Sequence[Section]]:
    """Return which sections are shown whole and which by their conclusion.

    Up to `whole` are; of more, only the overview, which leads them.
    """
    if len(sections) <= whole:
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
        Names of the attachments; empty where there are none.
    sample
        Whether the data are made.
    reply
        Address for questions; empty = none is named.

    Raises
    ------
    KejistatsError
        When the part is larger than mail clients show.
    """
    size = 0
    for most in range(MAX_SECTIONS, -1, -1):
        whole, lines = split(sections, most)
        html = inlined(
            render(
                "body.html.j2", subject=subject, whole=whole, lines=lines, attached=attached,
                sample=sample, reply=reply,
            )
        )  # fmt: skip
        size = len(html.encode("utf-8"))
        if size <= LIMIT:
            pictures = {p.digest: p for section in whole for p in section.pictures}
            return html, list(pictures.values())
    raise KejistatsError(
        f"the HTML part of {subject} has {size} bytes, mail clients cut it at {LIMIT}",
        "list fewer districts for this recipient, or form attachment",
    )


def text_body(
    sections: Sequence[Section], attached: Sequence[str], *, sample: bool, reply: str
) -> str:
    """Return the plain-text part; see `html_body`."""
    whole, lines = split(sections, MAX_SECTIONS)
    parts = ["示例数据：数据由程序生成，不对应任何地区。"] if sample else []
    for section in whole:
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
        for s in lines
    ]
    if attached:
        parts.append(f"全文见附件：{'、'.join(attached)}。")
    parts.append(f"本邮件由系统自动发送{f'，有疑问请回复{reply}' if reply else ''}。")
    return "\n\n".join(parts) + "\n"
