"""Sentences of several indicators joined into paragraphs, one for each domain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kejistats.brief.sentences import join_names, name_stem
from kejistats.brief.view import View, Words

_ONES = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of joined sentences.

    Parameters
    ----------
    heading
        Number and name of the domain; empty where there is only one.
    said
        Each sentence as a pair: the indicator's name, and the rest of the sentence.
    words
        The words table.
    """

    heading: str
    said: list[tuple[str, str]]
    words: Words

    @property
    def join(self) -> str:
        """The mark between two sentences."""
        return str(self.words["parts"]["join"])

    @property
    def stop(self) -> str:
        """The mark after the last sentence."""
        return str(self.words["parts"]["stop"])

    @property
    def text(self) -> str:
        """The paragraph as plain text."""
        sentences = self.join.join(name + rest for name, rest in self.said)
        return f"{self.heading}{sentences}{self.stop}"


def ordinal(number: int) -> str:
    """Write a number from 1 to 99 in Chinese.

    Examples
    --------
    >>> [ordinal(n) for n in (1, 10, 12, 20, 35)]
    ['一', '十', '十二', '二十', '三十五']
    """
    tens, ones = divmod(number, 10)
    return ("" if tens < 2 else _ONES[tens]) + ("十" if tens else "") + _ONES[ones]


def join_by_domain(rows: list[View], say: Callable[[View], str]) -> list[Paragraph]:
    """Join the sentences of indicators into a paragraph for each domain, in the order given.

    Parameters
    ----------
    rows
        The rows.
    say
        Returns the sentence of a row without a full stop, or an empty text to leave it out.
    """
    domains: dict[str, list[tuple[str, str]]] = {}
    for view in rows:
        if text := say(view):
            name = name_stem(view) if text.startswith(name_stem(view)) else ""
            sentences = domains.setdefault(view.indicator["domain_name"], [])
            sentences.append((name, text.removeprefix(name)))
    paragraphs = []
    for number, (domain, sentences) in enumerate(domains.items(), 1):
        words = rows[0].words
        heading = words["parts"]["domain"].format(n=ordinal(number), name=domain)
        paragraphs.append(Paragraph(heading if len(domains) > 1 else "", sentences, words))
    return paragraphs


def unreported(rows: list[View]) -> list[Paragraph]:
    """Name the indicators without a figure in one paragraph, by reason; none without any."""
    groups: dict[tuple[str, str], list[str]] = {}
    for view in rows:
        if view.not_expected:
            frequency = view.words["frequency"][view.indicator["frequency"]]
            groups.setdefault(("not_due_frequency", frequency), []).append(view.name)
        elif not view.reported:
            key = "no_total" if view.no_total else view["status"]
            groups.setdefault((key, ""), []).append(view.name)
    sentences = []
    for (key, frequency), names in groups.items():
        text = rows[0].say("conclusion", key, names=join_names(names), frequency=frequency)
        if frequency:
            text = rows[0].say("conclusion", "not_assessed", parts=text)
        sentences.append(("", text))
    return [Paragraph("", sentences, rows[0].words)] if sentences else []
