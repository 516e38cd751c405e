"""Every number of every brief is a printed figure of the Metric row it belongs to."""

from __future__ import annotations

import re

from kejistats.brief import Brief
from tests.brief.read_back import NUMBER, is_allowed, sentences_by_view, unexplained_numbers
from tests.pages.factory import MODEL, parse_fragment, words_of


def test_every_number_of_every_sentence_is_a_figure_of_its_row(
    all_briefs: dict[tuple[str, str], Brief],
) -> None:
    checked, unexplained = 0, []
    for key, brief in all_briefs.items():
        for view, text in sentences_by_view(brief):
            checked += len(NUMBER.findall(text))
            unexplained += [(key, view.id, n, text) for n in unexplained_numbers(view, text)]

    assert unexplained == []
    assert checked > 3000


def test_a_number_that_is_no_figure_of_its_row_is_found(
    all_briefs: dict[tuple[str, str], Brief],
) -> None:
    view = next(v for v in all_briefs[MODEL, "2025H1"].rows if v.id == "contracts_value")

    right = [("18.6", "亿元"), ("12.7", "%"), ("46.5", "%"), ("4.5", "个百分点"), ("3", "位")]
    wrong = [("18.7", "亿元"), ("12.8", "%"), ("46.6", "%"), ("4.6", "个百分点"), ("4", "位")]

    assert [is_allowed(view, *number) for number in right] == [True] * 5
    assert [is_allowed(view, *number) for number in wrong] == [False] * 5


def test_every_number_of_the_first_screen_is_in_the_parts_below(
    all_briefs: dict[tuple[str, str], Brief],
) -> None:
    unexplained = []
    for key, brief in all_briefs.items():
        head = parse_fragment(brief.head.html)
        below = " ".join(text for _, text in sentences_by_view(brief))
        for item in head.findall(".//li"):
            numbers = [match[0] for match in NUMBER.finditer(words_of(item))]
            unexplained += [(key, number) for number in numbers if number not in below]

    assert unexplained == []


def test_the_tally_counts_the_rows_of_the_table(
    all_briefs: dict[tuple[str, str], Brief],
) -> None:
    for brief in all_briefs.values():
        judged = [v for v in brief.headline if v.reached or v.not_reached]
        numbers = [int(n) for n in re.findall(r"(\d+)项", brief.conclusion.partition("；")[0])]

        if judged:
            assert numbers[0] == len(judged) == sum(numbers[1:])


def test_every_cell_of_the_key_table_is_a_figure_of_its_row(
    all_briefs: dict[tuple[str, str], Brief],
) -> None:
    unexplained = []
    for key, brief in all_briefs.items():
        views = {v.short: v for v in brief.rows}
        for tr in parse_fragment(brief.table().html).findall(".//tbody/tr"):
            cells = [words_of(td) for td in tr.findall("td")]
            if not cells:
                continue
            view = views[words_of(tr.find("th"))]
            figure = NUMBER.search(cells[0])
            if view.reported != bool(figure):
                unexplained.append((key, view.id, cells))
            matches = NUMBER.finditer(" ".join(cells[:-2]).replace("点", "个百分点"))
            unexplained += [
                (key, view.id, m[0])
                for m in matches
                if not is_allowed(view, m["number"], m["unit"])
            ]

    assert unexplained == []
