"""The rules and figures of an assessment in words, as declared and as scored."""

from __future__ import annotations

from typing import Any

from kejistats.assessment.declaration import FIGURES, FRACTIONS
from kejistats.brief.bundle import Bundle
from kejistats.brief.sentences import listed
from kejistats.model.numbers import percent, plain, quantity, rounded

# Codes of definitions §6 that a red line at each of them takes in.
_WORSE = {"near": ["near", "slow", "behind"], "slow": ["slow", "behind"], "behind": ["behind"]}


def bare(value: float, decimals: int = 4) -> str:
    """Print a number as it was declared, without trailing zeros.

    Examples
    --------
    >>> bare(15.0), bare(0.05), bare(1.1)
    ('15', '0.05', '1.1')
    """
    text = plain(value, decimals)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _true(number: str) -> str:
    """Return a number with a true minus."""
    return number.replace("-", "−")


class Scoring:
    """Puts the assessment of a bundle into words.

    Parameters
    ----------
    bundle
        An overview's bundle with an assessment.
    """

    def __init__(self, bundle: Bundle) -> None:
        content = bundle.content["assessment"]
        self.rules: dict[str, Any] = content["rules"]
        self.words: dict[str, Any] = bundle.content["words"]["assessment"]
        self.progress: dict[str, Any] = bundle.content["words"]["progress"]
        self.bounds: dict[str, str] = bundle.content["words"]["bound"]
        self.indicators = {row["id"]: row for row in content["indicators"]}
        self.decimals = int(self.rules["decimals"])
        self.ranks = bool(bundle.content.get("settings", {}).get("ranks", True))
        assessed = {row["district"] for row in content.get("totals", [])}
        self.metrics = [
            row for row in bundle.content.get("metrics", []) if row["district"] in assessed
        ]

    def say(self, key: str, **parts: object) -> str:
        """Fill in one text of the words table."""
        return str(self.words[key].format(**parts))

    # ---- figures and points -------------------------------------------------------------

    def points(self, value: float) -> str:
        """Print points."""
        return plain(value, self.decimals)

    def span(self, low: float, high: float) -> str:
        """Print points, or the range they are open in."""
        ends = [self.points(end) for end in (low, high)]
        sure = rounded(low, 9) == rounded(high, 9)
        return ends[0] if sure else self.say("range", a=ends[0], b=ends[1])

    def amount(self, value: float, indicator: str, figure: str, *, declared: bool = False) -> str:
        """Print a figure, a fraction as a percentage; one declared as it was written.

        Parameters
        ----------
        value
            As the Score table has it.
        indicator, figure
            Id, and which of its figures.
        declared
            Whether it is a threshold, which has no decimals of its own.
        """
        facts = self.indicators[indicator]
        if figure in FRACTIONS:
            return f"{bare(value * 100)}%" if declared else percent(value, below=1)
        if figure == "value":
            if declared:
                return f"{_true(bare(value))}{facts['unit']}"
            return _true(quantity(value, facts["unit"], facts["decimals"]))
        in_points = figure == "pace_gap_points" or facts["growth"] == "points"
        digits = max(facts["decimals"], 1) if figure == "growth" and in_points else 1
        number = _true(bare(value) if declared else plain(value, digits))
        if not in_points:
            return f"{number}%"
        return f"{number}个百分点" if self._percent(facts, figure) else f"{number}{facts['unit']}"

    @staticmethod
    def _percent(facts: dict[str, Any], figure: str) -> bool:
        return figure == "pace_gap_points" or facts["unit"] == "%"

    def figure(self, row: dict[str, Any]) -> str:
        """Print the figure that was used, with its bound and rank, or why there is none.

        A data set that has ranks switched off prints no rank.
        """
        if row.get("value") is None:
            reason = row.get("reason")
            return self.say(f"reason_{reason}") if reason else "—"
        text = self.amount(row["value"], row["indicator"], row["figure"])
        if row.get("value_upper") is not None:
            text = f"{text}—{self.amount(row['value_upper'], row['indicator'], row['figure'])}"
        elif row.get("bound"):
            text = str(self.bounds[row["bound"]].format(A=text))
        placed = self.ranks and row.get("rank")
        return f"{text} {self.say('place', r=row['rank'])}" if placed else text

    # ---- rules --------------------------------------------------------------------------

    def texts(self) -> list[str]:
        """Return every rule of the assessment as a sentence."""
        rules = self.rules
        found = [self._part(one) for one in (*rules["items"], *rules["bonuses"])]
        if len(rules["bonuses"]) > 1 or rules["bonus_cap"] < sum(
            one["rule"]["cap"] for one in rules["bonuses"]
        ):
            found.append(self.say("bonus_cap", cap=bare(rules["bonus_cap"])))
        found += [
            self.say("red_line", name=one["name"], when=self.when(one), effect=self.effect(one))
            for one in rules["red_lines"]
        ]
        found.append("；".join(self._declared()))
        return [
            *found,
            self.say("total"),
            *([self.say("ranking")] if self.ranks else []),
            self.say("sources"),
            self.say("rounding" if self.ranks else "rounding_unranked"),
        ]

    def _declared(self) -> list[str]:
        """Say what becomes of figures that are not there."""
        rules = self.rules
        parts = [*rules["items"], *rules["bonuses"]]
        used = {one["figure"] for one in parts}
        placed = [one for one in parts if one["rule"]["kind"] == "rank"]
        scored = {one["figure"] for one in parts if one not in placed}
        notes = {
            "pace_ratio_note": "pace_ratio" in used,
            "growth_note": "growth" in scored,
            "growth_rank_note": any(one["figure"] == "growth" for one in placed),
            "rank_note": bool(placed),
        }
        found = [self.say(note) for note, holds in notes.items() if holds]
        found.append(self.say(f"missing_{rules['missing']}"))
        found.append(self.say(f"not_applicable_{rules['not_applicable']}"))
        if any(FIGURES[figure] for figure in used):
            found.append(self.say(f"no_target_{rules['no_target']}"))
        return [*found, self.say("always_open")]

    def _part(self, part: dict[str, Any]) -> str:
        weight = part["rule"].get("weight", part["rule"].get("cap"))
        return self.say("part", name=part["name"], w=bare(weight), rule=self._rule(part))

    def _rule(self, part: dict[str, Any]) -> str:
        rule, figure = part["rule"], self.say(f"figure_{part['figure']}")

        def amount(value: float) -> str:
            return self.amount(value, part["indicator"], part["figure"], declared=True)

        match rule["kind"]:
            case "completion":
                cap = f"{bare(rule['cap'] * 100)}%"
                return self.say("rule_completion", figure=figure, cap=cap)
            case "interval":
                way = "up" if rule["full"] > rule["floor"] else "down"
                ends = {"floor": amount(rule["floor"]), "full": amount(rule["full"])}
                return self.say(f"rule_interval_{way}", figure=figure, **ends)
            case "steps":
                steps = rule["steps"]
                way = "down" if len(steps) > 1 and steps[1][0] < steps[0][0] else "up"
                texts = [self.say(f"step_{way}", t=amount(t), p=bare(p)) for t, p in steps]
                return self.say("rule_steps", figure=figure, steps="、".join(texts))
            case "rank":
                return self._places(rule, figure) + self._growth_ranked(part)
            case _:
                return self._each(part, figure)

    def _places(self, rule: dict[str, Any], figure: str) -> str:
        least = bare(rule["least"])
        if rule["table"]:
            places = [
                self.say("rank_place", r=r, p=bare(p)) for r, p in enumerate(rule["table"], 1)
            ]
            text = self.say("rule_rank_table", figure=figure, places="、".join(places), least=least)
        else:
            step, w = bare(rule["step"]), bare(rule["weight"])
            text = self.say("rule_rank_step", figure=figure, w=w, step=step, least=least)
        text += self.say(f"ties_{rule['ties']}")
        return text + (self.say("peers_reported") if rule["peers"] == "reported" else "")

    def _growth_ranked(self, part: dict[str, Any]) -> str:
        """Say which growth was ranked, where there is growth published and computed."""
        if part["figure"] != "growth":
            return ""
        own = (part["indicator"], part["level"])
        rows = [row for row in self.metrics if (row["indicator"], row.get("level", "")) == own]
        published = any(row.get("published_growth") is not None for row in rows)
        computed = any(row.get(c) is not None for row in rows for c in ("yoy", "yoy_points"))
        kinds = {row["yoy_rank_kind"] for row in rows if row.get("yoy_rank_kind")}
        if not (published and computed and kinds):
            return ""
        return self.say(f"ranked_{'both' if len(kinds) > 1 else kinds.pop()}")

    def _each(self, part: dict[str, Any], figure: str) -> str:
        rule, facts = part["rule"], self.indicators[part["indicator"]]
        each, unit = rule["each"], f"1{facts['unit']}"
        if part["figure"] in FRACTIONS:  # so many points for 100 %: for one per cent a hundredth
            each, unit = each / 100, "1个百分点"
        elif part["figure"] != "value" and (
            facts["growth"] == "percent" or self._percent(facts, part["figure"])
        ):
            unit = "1个百分点"
        parts = {"figure": figure, "unit": unit, "each": bare(each, 6), "w": bare(rule["cap"])}
        if rule["over"]:
            over = self.amount(rule["over"], part["indicator"], part["figure"], declared=True)
            return self.say("rule_each_over", over=over, **parts)
        return self.say("rule_each", **parts)

    # ---- red lines ----------------------------------------------------------------------

    def when(self, line: dict[str, Any]) -> str:
        """Say when a red line is crossed."""
        name = self.indicators[line["indicator"]]["name"]
        if line["progress"]:
            words = listed([self.progress[code][1] for code in _WORSE[line["progress"]]])
            return self.say("when_progress", indicator=name, words=words)
        if line["unreported"]:
            return self.say("when_unreported", indicator=name)
        side = "below" if "below" in line else "above"
        limit = self.amount(line[side], line["indicator"], line["figure"], declared=True)
        figure = self.say(f"figure_{line['figure']}")
        return self.say(f"when_{side}", indicator=name, figure=figure, t=limit)

    def effect(self, line: dict[str, Any]) -> str:
        """Say what becomes of who crosses a red line."""
        if line["fail"]:
            return self.say("effect_fail")
        return self.say("effect_cap", cap=bare(line["cap"]))
