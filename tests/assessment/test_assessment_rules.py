"""Reading ``assessment.toml``, and its mistakes refused with line and remedy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kejistats.assessment import Rules, plain_rules, read_assessment
from kejistats.assessment.scoring_rules import Completion, Interval, PerUnit, RankPoints, Steps
from kejistats.model.errors import UsageError
from kejistats.model.period import Checkpoint
from tests.factory import ROOT, registry

ITEM = """[[item]]
indicator = "tech_sme_registered"
weight = 60
rule = "completion"
"""
OTHER = """[[item]]
indicator = "contracts_value"
weight = 40
rule = "interval"
figure = "growth"
floor = 0
full = 10
"""
GOOD = 'title = "考核"\n' + ITEM + OTHER
BONUS = """[[bonus]]
indicator = "platform_new"
each = 0.5
cap = 3
"""
RED_LINE = """[[red_line]]
name = "红线"
indicator = "rd_industrial"
progress = "behind"
cap = 60
"""


def read_rules(folder: Path, text: str) -> Rules:
    """Read the rules of an ``assessment.toml`` with this text."""
    file = folder / "assessment.toml"
    file.write_text(text, encoding="utf-8")
    return read_assessment(file, registry())


def test_what_is_declared_is_read(tmp_path: Path) -> None:
    rules = read_rules(tmp_path, 'missing = "zero"\nmonths = [6, 12]\n' + GOOD + BONUS + RED_LINE)

    assert [item.rule for item in rules.items] == [Completion(60, 1), Interval(40, 0, 10)]
    assert [item.figure for item in rules.items] == ["attainment", "growth"]
    assert rules.bonuses[0].rule == PerUnit(0.5, 3)
    assert (rules.total, rules.bonus_cap, rules.decimals) == (100, 3, 2)
    assert (rules.missing, rules.not_applicable, rules.no_target) == ("zero", "open", "open")
    [line] = rules.red_lines
    assert (line.progress, line.cap, line.fail) == ("behind", 60, False)
    assert [rules.applies_at(Checkpoint(2025, m)) for m in (6, 9, 12)] == [True, False, True]


def test_a_part_is_named_by_its_indicator_unless_it_says_otherwise(tmp_path: Path) -> None:
    text = GOOD.replace('rule = "interval"', 'rule = "interval"\nname = "合同增速"')

    rules = read_rules(tmp_path, text)

    short = registry().filter(registry()["id"] == "tech_sme_registered")["short"].item()
    assert [item.name for item in rules.items] == [short, "合同增速"]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ('rule = "rank"\nstep = 0.5\nleast = 4', RankPoints(60, step=0.5, least=4)),
        ('rule = "rank"\npoints = [60, 50, 50]\nties = "average"\npeers = "reported"',
         RankPoints(60, (60, 50, 50), ties="average", peers="reported")),
        ('rule = "steps"\nfigure = "pace_ratio"\nsteps = [\n  [0.6, 20],\n  [1, 60],\n]',
         Steps(60, ((0.6, 20), (1, 60)))),
        ('rule = "completion"\nfigure = "pace_ratio"\ncap = 1.2', Completion(60, 1.2)),
    ],
)  # fmt: skip
def test_every_rule_is_read(tmp_path: Path, keys: str, expected: object) -> None:
    rules = read_rules(tmp_path, GOOD.replace('rule = "completion"', keys))

    assert rules.items[0].rule == expected


@pytest.mark.parametrize(
    ("since", "until", "applies"),
    [("2024H1", "2024H2", [False, True, True, False]), ("2024", "", [False, False, True, True])],
)
def test_an_assessment_applies_from_since_to_until(
    tmp_path: Path, since: str, until: str, applies: list[bool]
) -> None:
    rules = read_rules(tmp_path, f'since = "{since}"\nuntil = "{until}"\n' + GOOD)

    times = [Checkpoint(2023, 12), Checkpoint(2024, 6), Checkpoint(2024, 12), Checkpoint(2025, 6)]
    assert [rules.applies_at(at) for at in times] == applies


def test_indicators_of_which_less_is_better_are_read_the_other_way_round(tmp_path: Path) -> None:
    rows = registry().to_dicts()
    inverted_rows = [
        row | ({"direction": "down"} if row["id"] == "contracts_value" else {}) for row in rows
    ]
    file = tmp_path / "assessment.toml"
    file.write_text(GOOD.replace("floor = 0\nfull = 10", "floor = 10\nfull = 0"), encoding="utf-8")

    rules = read_assessment(file, type(registry())(inverted_rows, schema=registry().schema))

    assert rules.items[1].rule == Interval(40, 10, 0)


def test_a_bundle_has_the_rules_as_plain_data(tmp_path: Path) -> None:
    data = plain_rules(read_rules(tmp_path, 'since = "2024H1"\n' + GOOD + BONUS + RED_LINE))

    assert data["since"] == "2024H1"
    assert "until" not in data
    assert data["items"][1]["rule"] == {"kind": "interval", "weight": 40, "floor": 0, "full": 10}
    assert "below" not in data["red_lines"][0]


def with_change(old: str, new: str, text: str = GOOD) -> str:
    """A valid text with one part replaced."""
    assert text.count(old) >= 1, old
    return text.replace(old, new, 1)


FULL = GOOD + BONUS + RED_LINE
STEPS = with_change('rule = "completion"', 'rule = "steps"\nfigure = "pace_ratio"\nsteps = STEPS')
RANK = with_change('rule = "completion"', 'rule = "rank"\nKEYS')
REFUSED = {
    "malformed": (with_change("weight = 60", "weight ="), "not valid TOML.*line 4", "fix the line"),
    "no title": (ITEM, "line 1: title is missing", "write title"),
    "empty title": (with_change('"考核"', '" "'), "line 1: title must be a string", "write title"),
    "no item": ('title = "考核"\n', "no item is declared", r"\[\[item\]\]"),
    "item is no table": ('title = "考核"\nitem = 3\n', "line 2: item must be an array of tables", "below"),
    "unknown key at the top": ("totl = 90\n" + GOOD, "line 1: the assessment has no key 'totl'",
                               "did you mean 'total'"),
    "weights below the total": (with_change("weight = 40", "weight = 38"),
                                r"line 8: the weights 60 \+ 38 sum to 98, but .* total = 100",
                                "2 too little"),
    "weights above the total": ("total = 90\n" + GOOD, "sum to 100, but .* total = 90", "10 too much"),
    "weight of zero": (with_change("weight = 60", "weight = 0"), "line 4: .* weight is 0", "above 0"),
    "negative weight": (with_change("weight = 60", "weight = -60"), "weight is -60", "above 0"),
    "weight is a text": (with_change("weight = 60", 'weight = "60"'), "weight must be a number",
                         "write weight"),
    "weight is true": (with_change("weight = 60", "weight = true"), "weight must be a number",
                       "write weight"),
    "weight is infinite": (with_change("weight = 60", "weight = inf"), "weight must be a number",
                           "write weight"),
    "no weight": (with_change("weight = 60\n", ""), r"line 2: \[\[item\]\] weight is missing",
                  "write weight"),
    "unknown indicator": (with_change("tech_sme_registered", "tech_sme_registred"),
                          "line 3: .* unknown indicator 'tech_sme_registred'",
                          "did you mean 'tech_sme_registered'"),
    "name for id": (with_change('"tech_sme_registered"', '"科技型中小企业入库数"'),
                    "unknown indicator", "did you mean 'tech_sme_registered'"),
    "nothing like it": (with_change("tech_sme_registered", "zzzzzz"), "unknown indicator 'zzzzzz'",
                        "schemas/indicators"),
    "unknown level": (with_change("weight = 60", 'weight = 60\nlevel = "县"'),
                      "line 5: .* unknown level '县'", "levels are: .*国家"),
    "unknown rule": (with_change('rule = "interval"', 'rule = "intervall"'),
                     "line 9: .* unknown rule 'intervall'", "did you mean 'interval'"),
    "no rule": (with_change('rule = "completion"\n', ""), "rule is missing", "completion, interval"),
    "unknown figure": (with_change('"growth"', '"grow"'), "unknown figure 'grow'",
                       "did you mean 'growth'"),
    "key of another rule": (with_change("floor = 0", "floor = 0\ncap = 1.1"),
                            "line 12: .* rule interval has no key 'cap'", "known keys: .*floor"),
    "misspelt key": (with_change("floor = 0", "flor = 0"), "floor is missing", "write floor"),
    "completion of growth": (with_change('rule = "completion"', 'rule = "completion"\nfigure = "growth"'),
                             "growth is not a completion rate|unknown figure", "interval"),
    "cap in per cent": (with_change('rule = "completion"', 'rule = "completion"\ncap = 110'),
                        "cap is 110", "write 1.1"),
    "cap below one": (with_change('rule = "completion"', 'rule = "completion"\ncap = 0.9'),
                      "cap is 0.9", "from 1 to 2"),
    "attainment of a ratio": (with_change("tech_sme_registered", "rd_intensity"),
                              "rd_intensity has no attainment: a ratio", "pace_ratio"),
    "share of a ratio": (with_change('"contracts_value"', '"rd_intensity"',
                                 with_change('"growth"', '"share"')),
                         "rd_intensity has no share: it is not additive", "use value"),
    "floor is full": (with_change("floor = 0", "floor = 10"), "line 12: .* floor and full are both 10",
                      "must differ"),
    "floor above full": (with_change("floor = 0", "floor = 12"),
                         "full goes the wrong way: contracts_value is better the higher", "reverse"),
    "per cent for a fraction": (with_change('"growth"', '"pace_ratio"', with_change("full = 10", "full = 90")),
                                "90 is too large for full", "write 0.9 for 90 %"),
    "steps out of order": (STEPS.replace("STEPS", "[[0.6, 20], [1, 40], [0.8, 60]]"),
                           r"line 7: .* out of order: 0.6, 1, 0.8", "0.6, 0.8, 1"),
    "steps repeated": (STEPS.replace("STEPS", "[[0.6, 20], [0.6, 60]]"), "out of order", "0.6"),
    "steps falling": (STEPS.replace("STEPS", "[[1, 20], [0.6, 60]]"),
                      "steps goes the wrong way", "reverse"),
    "points of steps fall": (STEPS.replace("STEPS", "[[0.6, 40], [0.8, 30], [1, 60]]"),
                             "points of steps do not rise: 40, 30, 60", "more points"),
    "last step is not the weight": (STEPS.replace("STEPS", "[[0.6, 20], [1, 50]]"),
                                    "last of the steps gives 50", "the weight, 60"),
    "steps are no pairs": (STEPS.replace("STEPS", "[0.6, 1]"), "steps must be a list of pairs", r"\[\["),
    "steps are empty": (STEPS.replace("STEPS", "[]"), "steps must be a list", "write steps"),
    "steps in per cent": (STEPS.replace("STEPS", "[[60, 20], [100, 60]]"), "60 is too large for steps", "0.6"),
    "rank without points": (RANK.replace("KEYS", ""), "either points or step", "step = 0.5"),
    "rank with both": (RANK.replace("KEYS", "points = [60]\nstep = 1"), "either points or step",
                       "points ="),
    "points rise": (RANK.replace("KEYS", "points = [60, 40, 50]"),
                    "points rise from rank to rank: 60, 40, 50", "no rank may get more"),
    "first rank is not the weight": (RANK.replace("KEYS", "points = [50, 40]"),
                                      "first of the points is 50", "the weight, 60"),
    "least above the last rank": (RANK.replace("KEYS", "points = [60, 40]\nleast = 50"),
                                   "least is 50", "40 or less"),
    "least above the weight": (RANK.replace("KEYS", "step = 1\nleast = 60"), "least is 60",
                               "below the weight"),
    "unknown ties": (RANK.replace("KEYS", 'step = 1\nties = "min"'), "unknown ties 'min'",
                     "best, average"),
    "rank by pace": (RANK.replace("KEYS", 'step = 1\nfigure = "pace_ratio"'),
                     "unknown figure 'pace_ratio'", "value|attainment"),
    "item repeated": (with_change("weight = 60", "weight = 30") + ITEM.replace("60", "30")
                      + 'name = "又"\n', "line 14: .* tech_sme_registered by attainment is already declared in line 3",
                      "remove one of them"),
    "name repeated": (with_change('rule = "completion"', 'name = "甲"\nrule = "completion"',
                              with_change('rule = "interval"', 'name = "甲"\nrule = "interval"')),
                      "line 10: .* the name '甲' is already declared in line 5", "another name"),
    "unknown missing": ('missing = "nought"\n' + GOOD, "unknown missing 'nought'", "open, zero"),
    "missing reweighted": ('missing = "reweight"\n' + GOOD, "unknown missing 'reweight'", "open, zero"),
    "unknown not_applicable": ('not_applicable = "skip"\n' + GOOD, "unknown not_applicable 'skip'",
                               "open"),
    "month 13": ("months = [6, 13]\n" + GOOD, "line 1: months must be numbers from 1 to 12", r"\[6, 12\]"),
    "unknown kind": ('kinds = ["total"]\n' + GOOD, "unknown kind 'total'", "district, zone"),
    "no kind": ("kinds = []\n" + GOOD, "kinds is empty", "district"),
    "decimals": ("decimals = 9\n" + GOOD, "decimals is 9", "from 0 to 4"),
    "since is no checkpoint": ('since = "spring"\n' + GOOD, "line 1: since: unknown checkpoint",
                               "2025H1"),
    "until before since": ('since = "2025"\nuntil = "2024"\n' + GOOD,
                           "line 2: until 2024H2 is before since 2025H2", "swap"),
    "bonus without cap": (with_change("cap = 3\n", "", GOOD + BONUS), r"\[\[bonus\]\] cap is missing",
                          "write cap"),
    "bonus of nothing": (with_change("each = 0.5", "each = 0", GOOD + BONUS), "line 15: .* each is 0",
                         "above 0"),
    "bonus with weight": (with_change("cap = 3", "cap = 3\nweight = 2", GOOD + BONUS),
                          "a bonus has no key 'weight'", "known keys"),
    "unknown indicator of a bonus": (with_change("platform_new", "platform_old", GOOD + BONUS),
                                     "line 14: .* unknown indicator", "did you mean"),
    "bonus repeated": (GOOD + BONUS + BONUS, "platform_new by value is already declared in line 14",
                       "remove one of them"),
    "bonus cap above all": ("bonus_cap = 5\n" + GOOD + BONUS, "all bonuses together add 3",
                            "bonus_cap = 3"),
    "negative bonus cap": ("bonus_cap = -1\n" + GOOD + BONUS, "bonus_cap is -1", "0 or more"),
    "red line without trigger": (with_change('progress = "behind"\n', "", FULL),
                                 "exactly one of progress, .*this one has: none", "progress ="),
    "red line with two": (with_change("cap = 60", "cap = 60\nunreported = true", FULL),
                          "this one has: progress, unreported", "say when"),
    "unknown progress": (with_change('"behind"', '"behnd"', FULL), "unknown progress 'behnd'",
                         "did you mean 'behind'"),
    "red line at masked figures": (with_change('"behind"', '"masked"', FULL),
                                   "unknown progress 'masked'", "near, slow, behind"),
    "red line without effect": (with_change("cap = 60\n", "", FULL), "either cap or fail", "fail = true"),
    "red line with both effects": (with_change("cap = 60", "cap = 60\nfail = true", FULL),
                                   "either cap or fail", "cap = 60"),
    "red line that fails nobody": (with_change("cap = 60", "fail = false", FULL),
                                   "fail = false has no effect", "fail = true"),
    "cap above every total": (with_change("cap = 60", "cap = 103", FULL), "cap is 103, but no total",
                              "below 103"),
    "unreported = false": (with_change('progress = "behind"', "unreported = false", FULL),
                           "never be crossed", "unreported = true"),
    "red line against the direction": (with_change('progress = "behind"', "above = 5", FULL),
                                       "above goes the wrong way: rd_industrial", "reverse"),
    "red line in per cent": (with_change('progress = "behind"', 'figure = "pace_ratio"\nbelow = 60', FULL),
                             "60 is too large for below", "write 0.6"),
    "figure without threshold": (with_change("cap = 60", 'cap = 60\nfigure = "growth"', FULL),
                                 "figure is used only with below or above", "remove figure"),
    "unknown key of a red line": (with_change("cap = 60", "cap = 60\nwhy = 1", FULL),
                                  "a red line has no key 'why'", "known keys"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_mistake_is_refused_with_line_and_remedy(tmp_path: Path, case: str) -> None:
    text, message, remedy = REFUSED[case]

    with pytest.raises(UsageError) as caught:
        read_rules(tmp_path, text)

    assert "assessment.toml" in caught.value.message
    assert re.search(message, caught.value.message), caught.value.message
    assert re.search(remedy, caught.value.remedy), caught.value.remedy
    assert re.search(r"line \d+", caught.value.message)


def test_the_texts_behind_the_mistakes_are_valid(tmp_path: Path) -> None:
    good = [
        GOOD,
        FULL,
        STEPS.replace("STEPS", "[[0.6, 20], [1, 60]]"),
        RANK.replace("KEYS", "step = 1"),
    ]

    for text in good:
        assert read_rules(tmp_path, text).total == 100


def test_weights_with_decimals_sum_as_they_do_on_paper(tmp_path: Path) -> None:
    third = GOOD.replace("weight = 60", "weight = 0.1").replace("weight = 40", "weight = 0.2")

    rules = read_rules(tmp_path, "total = 0.3\n" + third)

    assert rules.total == 0.3


@pytest.mark.parametrize("file", sorted((ROOT / "data").glob("*/assessment.toml")), ids=str)
def test_shipped_assessments_are_read(file: Path) -> None:
    assert read_assessment(file, registry()).items
