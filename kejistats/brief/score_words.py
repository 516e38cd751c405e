"""The rules of an assessment as sentences, and its points and figures as printed."""

from __future__ import annotations

from typing import Any

from kejistats.assessment.declaration import FIGURES, FRACTIONS
from kejistats.brief.bundle import Bundle
from kejistats.brief.sentences import join_names
from kejistats.model.numbers import format_amount, format_number, format_percent, round_half_up

# The statuses (definitions §6) that cross a red line declared at each of them.
_AT_OR_WORSE = {
    "near": ["near", "slow", "behind"],
    "slow": ["slow", "behind"],
    "behind": ["behind"],
}


def trim_zeros(value: float, decimals: int = 4) -> str:
    """Print a number as declared, without trailing zeros.

    Examples
    --------
    >>> trim_zeros(15.0), trim_zeros(0.05), trim_zeros(1.1)
    ('15', '0.05', '1.1')
    """
    text = format_number(value, decimals)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _true_minus(number: str) -> str:
    """Replace the hyphen of a negative number by a minus sign."""
    return number.replace("-", "−")


class Scoring:
    """Prints rules, points and figures of an assessment.

    Parameters
    ----------
    bundle
        The bundle of an overview with an assessment.
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
        """Fill in a text from the section ``assessment`` of the words table."""
        return str(self.words[key].format(**parts))

    # ---- figures and points -------------------------------------------------------------

    def points(self, value: float) -> str:
        """Print points."""
        return format_number(value, self.decimals)

    def span(self, low: float, high: float) -> str:
        """Print points, or their range while they are open."""
        ends = [self.points(end) for end in (low, high)]
        settled = round_half_up(low, 9) == round_half_up(high, 9)
        return ends[0] if settled else self.say("range", a=ends[0], b=ends[1])

    def amount(self, value: float, indicator: str, figure: str, *, declared: bool = False) -> str:
        """Print a figure with its unit, fractions as percentages.

        Parameters
        ----------
        value
            The figure as in the Score table.
        indicator, figure
            Indicator id, and which of its figures, such as ``value`` or ``growth``.
        declared
            Whether it is a declared threshold, printed without trailing zeros.
        """
        facts = self.indicators[indicator]
        if figure in FRACTIONS:
            return f"{trim_zeros(value * 100)}%" if declared else format_percent(value, below=1)
        if figure == "value":
            if declared:
                return f"{_true_minus(trim_zeros(value))}{facts['unit']}"
            return _true_minus(format_amount(value, facts["unit"], facts["decimals"]))
        in_points = figure == "pace_gap_points" or facts["growth"] == "points"
        digits = max(facts["decimals"], 1) if figure == "growth" and in_points else 1
        number = _true_minus(trim_zeros(value) if declared else format_number(value, digits))
        if not in_points:
            return f"{number}%"
        return f"{number}个百分点" if self._percent(facts, figure) else f"{number}{facts['unit']}"

    @staticmethod
    def _percent(facts: dict[str, Any], figure: str) -> bool:
        return figure == "pace_gap_points" or facts["unit"] == "%"

    def figure(self, row: dict[str, Any]) -> str:
        """Print the figure that was scored, with its bound and rank, or why there is none.

        With ranks switched off no rank is printed.
        """
        if row.get("value") is None:
            reason = row.get("reason")
            return self.say(f"reason_{reason}") if reason else "—"
        text = self.amount(row["value"], row["indicator"], row["figure"])
        if row.get("value_upper") is not None:
            text = f"{text}—{self.amount(row['value_upper'], row['indicator'], row['figure'])}"
        elif row.get("bound"):
            text = str(self.bounds[row["bound"]].format(A=text))
        with_rank = self.ranks and row.get("rank")
        return f"{text} {self.say('place', r=row['rank'])}" if with_rank else text

    # ---- rules --------------------------------------------------------------------------

    def texts(self) -> list[str]:
        """Return every rule of the assessment as a sentence."""
        rules = self.rules
        texts = [self._part_text(part) for part in (*rules["items"], *rules["bonuses"])]
        if len(rules["bonuses"]) > 1 or rules["bonus_cap"] < sum(
            bonus["rule"]["cap"] for bonus in rules["bonuses"]
        ):
            texts.append(self.say("bonus_cap", cap=trim_zeros(rules["bonus_cap"])))
        texts += [
            self.say("red_line", name=line["name"], when=self.when(line), effect=self.effect(line))
            for line in rules["red_lines"]
        ]
        texts.append("；".join(self._notes()))
        return [
            *texts,
            self.say("total"),
            *([self.say("ranking")] if self.ranks else []),
            self.say("sources"),
            self.say("rounding" if self.ranks else "rounding_unranked"),
        ]

    def _notes(self) -> list[str]:
        """Explain the kinds of figures used, and how missing ones are scored."""
        rules = self.rules
        parts = [*rules["items"], *rules["bonuses"]]
        used = {part["figure"] for part in parts}
        by_rank = [part for part in parts if part["rule"]["kind"] == "rank"]
        by_value = {part["figure"] for part in parts if part not in by_rank}
        notes = {
            "pace_ratio_note": "pace_ratio" in used,
            "growth_note": "growth" in by_value,
            "growth_rank_note": any(part["figure"] == "growth" for part in by_rank),
            "rank_note": bool(by_rank),
        }
        texts = [self.say(note) for note, applies in notes.items() if applies]
        texts.append(self.say(f"missing_{rules['missing']}"))
        texts.append(self.say(f"not_applicable_{rules['not_applicable']}"))
        if any(FIGURES[figure] for figure in used):
            texts.append(self.say(f"no_target_{rules['no_target']}"))
        return [*texts, self.say("always_open")]

    def _part_text(self, part: dict[str, Any]) -> str:
        weight = part["rule"].get("weight", part["rule"].get("cap"))
        return self.say("part", name=part["name"], w=trim_zeros(weight), rule=self._rule_text(part))

    def _rule_text(self, part: dict[str, Any]) -> str:
        rule, figure = part["rule"], self.say(f"figure_{part['figure']}")

        def amount(value: float) -> str:
            return self.amount(value, part["indicator"], part["figure"], declared=True)

        match rule["kind"]:
            case "completion":
                cap = f"{trim_zeros(rule['cap'] * 100)}%"
                return self.say("rule_completion", figure=figure, cap=cap)
            case "interval":
                direction = "up" if rule["full"] > rule["floor"] else "down"
                ends = {"floor": amount(rule["floor"]), "full": amount(rule["full"])}
                return self.say(f"rule_interval_{direction}", figure=figure, **ends)
            case "steps":
                steps = rule["steps"]
                direction = "down" if len(steps) > 1 and steps[1][0] < steps[0][0] else "up"
                texts = [
                    self.say(f"step_{direction}", t=amount(t), p=trim_zeros(p)) for t, p in steps
                ]
                return self.say("rule_steps", figure=figure, steps="、".join(texts))
            case "rank":
                return self._rank_rule(rule, figure) + self._ranked_growth(part)
            case _:
                return self._per_unit_rule(part, figure)

    def _rank_rule(self, rule: dict[str, Any], figure: str) -> str:
        least = trim_zeros(rule["least"])
        if rule["table"]:
            ranks = [
                self.say("rank_place", r=r, p=trim_zeros(p)) for r, p in enumerate(rule["table"], 1)
            ]
            text = self.say("rule_rank_table", figure=figure, places="、".join(ranks), least=least)
        else:
            step, w = trim_zeros(rule["step"]), trim_zeros(rule["weight"])
            text = self.say("rule_rank_step", figure=figure, w=w, step=step, least=least)
        text += self.say(f"ties_{rule['ties']}")
        return text + (self.say("peers_reported") if rule["peers"] == "reported" else "")

    def _ranked_growth(self, part: dict[str, Any]) -> str:
        """Say which growth was ranked if some growth is published and some computed."""
        if part["figure"] != "growth":
            return ""
        key = (part["indicator"], part["level"])
        rows = [row for row in self.metrics if (row["indicator"], row.get("level", "")) == key]
        published = any(row.get("published_growth") is not None for row in rows)
        computed = any(row.get(c) is not None for row in rows for c in ("yoy", "yoy_points"))
        kinds = {row["yoy_rank_kind"] for row in rows if row.get("yoy_rank_kind")}
        if not (published and computed and kinds):
            return ""
        return self.say(f"ranked_{'both' if len(kinds) > 1 else kinds.pop()}")

    def _per_unit_rule(self, part: dict[str, Any], figure: str) -> str:
        rule, facts = part["rule"], self.indicators[part["indicator"]]
        each, unit = rule["each"], f"1{facts['unit']}"
        if part["figure"] in FRACTIONS:  # declared per 100 %, printed per percentage point
            each, unit = each / 100, "1个百分点"
        elif part["figure"] != "value" and (
            facts["growth"] == "percent" or self._percent(facts, part["figure"])
        ):
            unit = "1个百分点"
        parts = {
            "figure": figure,
            "unit": unit,
            "each": trim_zeros(each, 6),
            "w": trim_zeros(rule["cap"]),
        }
        if rule["over"]:
            over = self.amount(rule["over"], part["indicator"], part["figure"], declared=True)
            return self.say("rule_each_over", over=over, **parts)
        return self.say("rule_each", **parts)

    # ---- red lines ----------------------------------------------------------------------

    def when(self, line: dict[str, Any]) -> str:
        """Say when a red line is crossed."""
        name = self.indicators[line["indicator"]]["name"]
        if line["progress"]:
            words = join_names([self.progress[code][1] for code in _AT_OR_WORSE[line["progress"]]])
            return self.say("when_progress", indicator=name, words=words)
        if line["unreported"]:
            return self.say("when_unreported", indicator=name)
        side = "below" if "below" in line else "above"
        limit = self.amount(line[side], line["indicator"], line["figure"], declared=True)
        figure = self.say(f"figure_{line['figure']}")
        return self.say(f"when_{side}", indicator=name, figure=figure, t=limit)

    def effect(self, line: dict[str, Any]) -> str:
        """Say what crossing a red line does to the score."""
        if line["fail"]:
            return self.say("effect_fail")
        return self.say("effect_cap", cap=trim_zeros(line["cap"]))
