"""Sentences of several indicators joined as a person would: one paragraph for each domain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kejistats.brief.sentences import listed, stem
from kejistats.brief.view import View, Words

_ONES = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"]


@dataclass(frozen=True)
class Paragraph:
    """What is said in one breath.

    Parameters
    ----------
    heading
        Number and name of the domain; empty where there is only one.
    said
        Pairs of the name that a sentence starts with and the rest of it.
    words
        The words table.
    """

    heading: str
    said: list[tuple[str, str]]
    words: Words

    @property
    def join(self) -> str:
        """What stands between two sentences."""
        return str(self.words["parts"]["join"])

    @property
    def stop(self) -> str:
        """What stands after the last."""
        return str(self.words["parts"]["stop"])

    @property
    def text(self) -> str:
        """The paragraph as plain text."""
        sentences = self.join.join(name + rest for name, rest in self.said)
        return f"{self.heading}{sentences}{self.stop}"


def ordinal(number: int) -> str:
    """Write 1 to 99 in Chinese.

    Examples
    --------
    >>> [ordinal(n) for n in (1, 10, 12, 20, 35)]
    ['一', '十', '十二', '二十', '三十五']
    """
    tens, ones = divmod(number, 10)
    return ("" if tens < 2 else _ONES[tens]) + ("十" if tens else "") + _ONES[ones]


def by_domain(rows: list[View], say: Callable[[View], str]) -> list[Paragraph]:
    """Join what is said of each indicator into a paragraph for each domain, in the order given.

    Parameters
    ----------
    rows
        The rows.
    say
        Returns the sentence of a row without a full stop; empty where nothing is said.
    """
    domains: dict[str, list[tuple[str, str]]] = {}
    for view in rows:
        if text := say(view):
            name = stem(view) if text.startswith(stem(view)) else ""
            said = domains.setdefault(view.indicator["domain_name"], [])
            said.append((name, text.removeprefix(name)))
    found = []
    for number, (domain, said) in enumerate(domains.items(), 1):
        words = rows[0].words
        heading = words["parts"]["domain"].format(n=ordinal(number), name=domain)
        found.append(Paragraph(heading if len(domains) > 1 else "", said, words))
    return found


def silent(rows: list[View]) -> list[Paragraph]:
    """Name those that have no figure in one paragraph, each reason once; none without any."""
    groups: dict[tuple[str, str], list[str]] = {}
    for view in rows:
        if view.not_expected:
            frequency = view.words["frequency"][view.indicator["frequency"]]
            groups.setdefault(("not_due_frequency", frequency), []).append(view.name)
        elif not view.reported:
            key = "no_total" if view.no_total else view["status"]
            groups.setdefault((key, ""), []).append(view.name)
    said = []
    for (key, frequency), names in groups.items():
        text = rows[0].say("conclusion", key, names=listed(names), frequency=frequency)
        if frequency:
            text = rows[0].say("conclusion", "not_assessed", parts=text)
        said.append(("", text))
    return [Paragraph("", said, rows[0].words)] if said else []
