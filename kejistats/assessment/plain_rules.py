"""Convert the rules of an assessment to plain data for a bundle's JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from kejistats.assessment.declaration import Item, Rules


def plain_rules(rules: Rules) -> dict[str, Any]:
    """Return the rules as JSON-like data: each scoring rule with its kind, None values left out.

    Examples
    --------
    >>> from kejistats.assessment.scoring_rules import Completion
    >>> rules = Rules("考核", (Item("授权", "patent_granted", "", "attainment", Completion(100)),))
    >>> plain_rules(rules)["items"][0]["rule"]
    {'kind': 'completion', 'weight': 100, 'cap': 1.0}
    """
    content = asdict(rules)
    for part in ("items", "bonuses"):
        content[part] = [_plain_item(item) for item in getattr(rules, part)]
    content["red_lines"] = [_without_none(asdict(line)) for line in rules.red_lines]
    for end in ("since", "until"):
        content[end] = None if content[end] is None else str(getattr(rules, end))
    return _without_none(content)


def _plain_item(item: Item) -> dict[str, Any]:
    return asdict(item) | {"rule": {"kind": item.rule.kind} | asdict(item.rule)}


def _without_none(content: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if value is not None}
