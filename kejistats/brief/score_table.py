"""综合考核: the table of scores of all districts, with every part and what is still open."""

from __future__ import annotations

from typing import Any

from kejistats.brief.bundle import Bundle
from kejistats.brief.fragments import Fragment, render
from kejistats.brief.score_words import Scoring, trim_zeros
from kejistats.brief.sentences import join_names
from kejistats.model.numbers import format_number

_GROUPS = {"district": "区县", "zone": "开发区"}
Row = dict[str, Any]


def score_table(bundle: Bundle) -> Fragment:
    """Return the assessment of an overview's bundle; empty where it has none.

    Districts are sorted by rank. A cell shows the points of a part above the figure they follow
    from, open points as a range. Below the table are the points that are open, declared, left out
    or capped, and all rules. The source of a figure is in the brief that the district's name links
    to.
    """
    content = bundle.content.get("assessment")
    if not content:
        return Fragment("", "")
    return _ScoreTable(bundle, content).fragment()


class _ScoreTable:
    """Renders the section."""

    def __init__(self, bundle: Bundle, content: dict[str, Any]) -> None:
        self.bundle = bundle
        self.scoring = Scoring(bundle)
        self.totals: list[Row] = content["totals"]
        self.parts: dict[str, list[Row]] = {row["district"]: [] for row in self.totals}
        for row in content["scores"]:
            self.parts[row["district"]].append(row)
        self.districts = {row["code"]: row for row in bundle.content["districts"]}

    def name(self, code: str) -> str:
        return str(self.districts.get(code, {}).get("name", code))

    def fragment(self) -> Fragment:
        say, rules = self.scoring.say, self.scoring.rules
        ranks = bool(self.bundle.content["settings"]["ranks"])
        ordered = self.totals
        if ranks:
            ordered = sorted(ordered, key=lambda row: (row["rank_best"], row["rank_worst"]))
        groups: dict[tuple[str, str], list[Row]] = {}
        for total in self.totals:  # in the order of the districts
            groups.setdefault(self._group(total), [])
        for total in ordered:
            groups[self._group(total)].append(self._row(total))
        shown: list[Row] = [
            {"name": self._group_name(key) if len(groups) > 1 else "", "rows": rows}
            for key, rows in groups.items()
        ]
        columns = [
            {"name": item["name"], "marks": say("full_marks", w=trim_zeros(item["rule"]["weight"]))}
            for item in rules["items"]
        ] + [
            {"name": bonus["name"], "marks": say("bonus_marks", w=trim_zeros(bonus["rule"]["cap"]))}
            for bonus in rules["bonuses"]
        ]
        columns += [
            {"name": line["name"], "marks": self.scoring.effect(line).partition("，")[0]}
            for line in rules["red_lines"]
        ]
        html = render(
            "assessment.html",
            heading=say("heading"),
            conclusion=self._conclusion(),
            caption=say("caption", title=rules["title"]),
            ranks=ranks,
            columns=columns,
            groups=shown,
            remarks=[text for total in self.totals for text in self._remarks(total)],
            rules=self.scoring.texts(),
        )  # fmt: skip
        lines = [
            f"{row['rank']} {row['name']} " + " ".join(cell["text"] for cell in row["cells"])
            for group in shown
            for row in group["rows"]
        ]
        return Fragment(html, "\n".join([self._conclusion(), *lines]))

    def _group(self, total: Row) -> tuple[str, str]:
        unit = self.districts.get(total["district"], {})
        return str(unit.get("kind", "district")), str(unit.get("group") or "")

    @staticmethod
    def _group_name(key: tuple[str, str]) -> str:
        kind, group = key
        return group or _GROUPS[kind]

    def _conclusion(self) -> str:
        say, totals = self.scoring.say, self.totals
        text = say(
            "conclusion",
            period=self.bundle.checkpoint.word,
            title=self.scoring.rules["title"],
            n=len(totals),
            m=sum("score" in row for row in totals),
        )
        first = [row for row in totals if row.get("rank") == 1 and "score" in row]
        one_group = len({self._group(row) for row in totals}) == 1
        if first and one_group and self.bundle.content["settings"]["ranks"]:
            names = join_names([self.name(row["district"]) for row in first])
            text += say("leader", names=names, score=self.scoring.points(first[0]["score"]))
        return f"{text}。"

    def _row(self, total: Row) -> Row:
        code = total["district"]
        say = self.scoring.say
        if total.get("rank") is not None:
            rank = say("rank_tied" if total["tied"] else "rank", r=total["rank"])
        else:
            rank = say("range", a=total["rank_best"], b=total["rank_worst"])
        small = {
            "open": "open", "failed": "failed", "capped": "capped", "complete": "",
        }[total["outcome"]]  # fmt: skip
        notes = [say(small, cap=trim_zeros(total.get("limit", 0)))] if small else []
        if total.get("factor", 1) != 1:
            notes.append(say("factor", factor=format_number(total["factor"], 4)))
        cells = [
            {
                "text": self.scoring.span(total["low"], total["high"]),
                "small": " ".join(notes),
                "code": {"open": "masked", "failed": "behind", "capped": "behind"}.get(
                    total["outcome"], ""
                ),
            }
        ]
        cells += [self._cell(row) for row in self.parts[code]]
        href = f"{code}-{self.bundle.checkpoint}.html" if code in self.districts else ""
        return {"name": self.name(code), "href": href, "rank": rank, "cells": cells}

    def _cell(self, row: Row) -> dict[str, str]:
        scoring = self.scoring
        if row["part"] == "red_line":
            code = {"crossed": "behind", "open": "masked"}.get(row["status"], "")
            reason = row.get("reason")
            small = scoring.say(f"reason_{reason}") if reason else ""
            return {"text": scoring.say(row["status"]), "small": small, "code": code}
        if row["status"] == "reweighted":
            return {"text": "—", "small": scoring.figure(row), "code": "masked"}
        code = {"open": "masked", "zero": "slow"}.get(row["status"], "")
        return {
            "text": scoring.span(row["low"], row["high"]),
            "small": scoring.figure(row),
            "code": code,
        }

    def _remarks(self, total: Row) -> list[str]:
        """Say which parts of a district's score do not follow from a figure alone, and why."""
        scoring, say = self.scoring, self.scoring.say
        name, rows = self.name(total["district"]), self.parts[total["district"]]
        texts = []
        for row in rows:
            if row["status"] == "crossed":
                [line] = [x for x in scoring.rules["red_lines"] if x["name"] == row["item"]]
                total_before = scoring.span(
                    total["items_low"] + total["bonus_low"],
                    total["items_high"] + total["bonus_high"],
                )
                texts.append(say(
                    "remark_crossed", district=name, when=self._how_crossed(row, line),
                    name=row["item"], effect=scoring.effect(line), sum=total_before,
                ))  # fmt: skip
        for status in ("zero", "full", "reweighted"):
            by_reason: dict[str, list[Row]] = {}
            for row in rows:
                if row["status"] == status:
                    by_reason.setdefault(row["reason"], []).append(row)
            for reason, parts in by_reason.items():
                texts.append(say(
                    f"remark_{status}", district=name, names=join_names([r["item"] for r in parts]),
                    reason=say(f"reason_{reason}"), w=trim_zeros(sum(r["weight"] for r in parts)),
                    factor=format_number(total["factor"], 4) if "factor" in total else "—",
                ))  # fmt: skip
        open_parts = [self._open_part(row) for row in rows if row["status"] == "open"]
        if open_parts:
            span = scoring.span(total["low"], total["high"])
            open_texts = "；".join(open_parts)
            text = "remark_open_settled" if "score" in total else "remark_open"
            texts.append(say(text, district=name, parts=open_texts, total=span))
        return texts

    def _open_part(self, row: Row) -> str:
        say = self.scoring.say
        reason = say(f"reason_{row['reason']}")
        if row["part"] == "red_line":
            return say("remark_open_line", name=row["item"], reason=reason)
        span = self.scoring.span(row["low"], row["high"])
        return say("remark_open_part", name=row["item"], reason=reason, range=span)

    def _how_crossed(self, row: Row, line: Row) -> str:
        """Say by what figure or status a red line was crossed."""
        scoring = self.scoring
        indicator = scoring.indicators[row["indicator"]]["name"]
        if line["unreported"]:
            return scoring.when(line)
        if line["progress"]:
            word = scoring.progress[row["progress"]][1]
            return scoring.say("when_progress", indicator=indicator, words=word)
        figure = scoring.say(f"figure_{row['figure']}")
        return f"{indicator}{figure}{scoring.figure(row)}"
