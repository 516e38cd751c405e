"""The pages: valid, self-contained, small, in Chinese, marked where the data are sample data."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest

from kejistats.brief import Brief, Bundle, make_overview
from kejistats.brief.sentences import sentence
from kejistats.brief.view import headline, views
from kejistats.dataset import Dataset
from kejistats.pages.self_contained import external_parts
from tests.pages.factory import MODEL, NAMES, SHOWN, Made, district_names, parse, words_of

SAMPLE = "示例数据"
KIB = 1024
BRIEFS = [name for name in NAMES if re.search(r"/\d{6}$", name)]
DEMO = [name for name in NAMES if name.startswith("demo-city/")]
PROVINCES = [name for name in NAMES if name.startswith("provinces/")]


@pytest.fixture(scope="module")
def html(made: Made) -> dict[str, str]:
    """The pages as HTML text."""
    return {name: file.read_text(encoding="utf-8") for name, file in made.pages.items()}


@pytest.fixture(scope="module")
def trees(html: dict[str, str]) -> dict[str, Element]:
    """The pages, parsed strictly."""
    return {name: parse(text) for name, text in html.items()}


def classes(element: Element) -> set[str]:
    """The classes of an element."""
    return set(element.get("class", "").split())


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_valid_and_chinese_with_one_title(
    html: dict[str, str], trees: dict[str, Element], name: str
) -> None:
    tree = trees[name]

    assert html[name].startswith("<!DOCTYPE html>")
    assert tree.get("lang") == "zh-CN"
    assert len(list(tree.iter("h1"))) == 1
    [charset] = [m.get("charset") for m in tree.iter("meta") if m.get("charset")]
    assert charset == "utf-8"
    assert html[name].index("charset") < html[name].index("<style>")


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_made_for_a_phone_in_light_and_dark(trees: dict[str, Element], name: str) -> None:
    meta = {m.get("name"): m.get("content") for m in trees[name].iter("meta")}

    assert meta["viewport"] == "width=device-width, initial-scale=1"
    assert meta["color-scheme"] == "light dark"


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_self_contained(html: dict[str, str], name: str) -> None:
    text = html[name]

    assert external_parts(text) == []
    assert not re.search(r"https?://|<script|<link|@import|javascript:", text)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_small_enough_for_a_mail(made: Made, name: str) -> None:
    assert made.pages[name].stat().st_size <= 150 * KIB


@pytest.mark.parametrize("name", NAMES)
def test_every_image_says_what_it_shows(trees: dict[str, Element], name: str) -> None:
    images = list(trees[name].iter("img"))

    for image in images:
        assert len(image.get("alt", "")) > 10
        assert image.get("src", "").startswith("data:image/png;base64,")
        assert int(image.get("width", "0")) > 0
        assert int(image.get("height", "0")) > 0
    if name in BRIEFS:
        assert len(images) == (5 if name in DEMO else 4)


@pytest.mark.parametrize("name", NAMES)
def test_tables_have_a_caption_and_headers_with_a_scope(
    trees: dict[str, Element], name: str
) -> None:
    tables = list(trees[name].iter("table"))

    assert tables
    for table in tables:
        assert table.find("caption") is not None
        headers = list(table.iter("th"))
        assert headers
        assert {th.get("scope") for th in headers} <= {"col", "row", "rowgroup"}
        widths = {len(row) for row in table.iter("tr") if "group" not in classes(row)}
        assert len(widths) == 1


@pytest.mark.parametrize("name", NAMES)
def test_numbers_are_in_number_cells(trees: dict[str, Element], name: str) -> None:
    number = re.compile(r"[≥≤约]?[+−-]?\d[\d.]*\D{0,6}|\d+/\d+")
    wrong = []
    for table in trees[name].iter("table"):
        if "sources" in classes(table):
            continue
        text_cells = [
            words_of(cell).strip() for cell in table.iter("td") if "n" not in classes(cell)
        ]
        wrong += [text for text in text_cells if number.fullmatch(text)]

    assert wrong == []


@pytest.mark.parametrize("name", BRIEFS)
def test_the_columns_of_numbers_of_the_key_table_are_right_aligned(
    trees: dict[str, Element], name: str
) -> None:
    tables = [t for t in trees[name].iter("table") if "key" in classes(t)]

    assert len(tables) > 3
    for table in tables:
        [headers] = [list(tr) for tr in table.findall("thead/tr")]
        rows = [list(tr) for tr in table.findall("tbody/tr")]
        for column, header in enumerate(headers[1:], 1):
            expected = words_of(header) in (
                "累计",
                "同比",
                "目标",
                "完成率",
                "较序时",
                "位次",
                "占比",
            )
            assert ("n" in classes(header)) == expected
            assert all(("n" in classes(row[column])) == expected for row in rows)


@pytest.mark.parametrize("name", NAMES)
def test_sample_data_are_marked_and_real_data_are_not(html: dict[str, str], name: str) -> None:
    text = html[name]

    if name in DEMO:
        visible = words_of(parse(text))
        assert visible.index(SAMPLE) < 200
        assert visible.count(SAMPLE) >= 2 or name == "demo-city/index"
        assert SAMPLE in text.partition("<title>")[2].partition("</title>")[0]
    else:
        assert SAMPLE not in text
        assert "生成，不对应任何地区" not in text


@pytest.mark.parametrize("name", NAMES)
def test_no_word_is_in_another_language(trees: dict[str, Element], name: str) -> None:
    visible = " ".join(text_outside_sources(trees[name]))

    latin = set(re.findall(r"[A-Za-z][A-Za-z&_]*", visible)) - {"R&D", "GDP"}

    assert latin == set()


def text_outside_sources(tree: Element) -> list[str]:
    """The visible text without the list of sources and the line on how the page was made."""
    body = tree.find("body")
    assert body is not None
    excluded = [e for e in body.iter() if classes(e) & {"sources", "made"}]
    hidden = {child for e in excluded for child in e.iter()}
    texts = []
    for element in body.iter():
        if element not in hidden:
            texts.append(element.text or "")
        if element not in hidden or element in excluded:
            texts.append(element.tail or "")
    return texts


@pytest.mark.parametrize("name", BRIEFS)
def test_every_source_is_a_cell_of_a_file_or_a_rule(trees: dict[str, Element], name: str) -> None:
    cell = re.compile(r"[^#]+\.(csv|xlsx)(#[^!]+!|#)[A-Z]+\d+(（.+）)?")
    [listed] = [o for o in trees[name].iter("ol") if "sources" in classes(o)]

    lines = [words_of(li).partition("：")[2].removesuffix("。").split("；") for li in listed]

    assert len(lines) > 15
    for line in lines:
        for label, _, source in (part.partition(" ") for part in line):
            if label in ("本期", "上年同期", "目标"):
                assert source == "各区合计" or " ÷ " in source or cell.fullmatch(source)
            elif label == "批次":
                assert re.fullmatch(r"\d{6}-[0-9a-f]{8}", source)
            else:
                assert re.match("同比|完成率|应完成|占比|上年同期占比|拉动|—|未|无", label)


@pytest.mark.parametrize("name", BRIEFS)
def test_links_to_notes_lead_to_them(trees: dict[str, Element], name: str) -> None:
    tree = trees[name]
    ids = [e.get("id") for e in tree.iter() if e.get("id")]

    targets = [a.get("href", "") for a in tree.iter("a")]

    assert len(set(ids)) == len(ids)
    assert targets
    assert {t.removeprefix("#") for t in targets} == set(ids)


@pytest.mark.parametrize("name", BRIEFS)
def test_a_page_says_from_which_data_it_was_made(
    made: Made, trees: dict[str, Element], name: str
) -> None:
    job = next(j for jobs in made.jobs.values() for j in jobs if j.page == made.pages[name])

    line, _ = [words_of(p) for p in trees[name].iter("p") if "made" in classes(p)]

    assert line.endswith(f"数据校验值 {Bundle.read(job.bundle).digest}")


def test_code_and_parameters_are_not_shown(html: dict[str, str]) -> None:
    for text in html.values():
        assert "import kejistats" not in text
        assert "# Parameters" not in text
        assert "In [" not in text
        assert ".json" not in text


def test_a_page_has_the_parts_of_its_brief_in_order(made: Made, html: dict[str, str]) -> None:
    job = next(j for j in made.jobs["demo-city"] if j.page == made.pages[f"demo-city/{MODEL}"])
    brief = Brief(Bundle.read(job.bundle))

    text = html[f"demo-city/{MODEL}"]

    parts = (brief.head, brief.table(), brief.review, brief.problems, brief.plan, brief.notes)
    positions = [text.find(part.html.strip()) for part in parts]
    assert -1 not in positions
    assert positions == sorted(positions)


# ---- the overview -----------------------------------------------------------------------


@pytest.mark.parametrize("data", ["demo", "provinces"])
def test_the_overview_has_a_row_for_every_district(
    request: pytest.FixtureRequest, trees: dict[str, Element], data: str
) -> None:
    dataset: Dataset = request.getfixturevalue(data)
    tree = trees[f"{dataset.name}/overview"]
    expected = district_names(dataset.districts.filter(dataset.districts["kind"] != "total"))

    matrices = [t for t in tree.iter("table") if "matrix" in classes(t)]

    assert len(matrices) == (4 if dataset.name == "demo-city" else 3)
    for matrix in matrices:
        heads = [words_of(th) for th in matrix.findall("tbody/tr/th")]
        assert heads == list(expected.values())
        links = [a.get("href") for a in matrix.iter("a")]
        text = str(dataset.checkpoint(SHOWN[dataset.name][0]))
        assert links == [f"{code}-{text}.html" for code in expected]


def test_links_of_the_overview_are_the_pages_of_the_same_run(
    made: Made, trees: dict[str, Element]
) -> None:
    for name in ("demo-city/overview", "provinces/overview"):
        folder = made.pages[name].parent
        planned = {job.page.name for job in made.jobs[name.partition("/")[0]]}

        links = {a.get("href") for a in trees[name].iter("a") if "#" not in a.get("href", "")}

        assert links == planned - {"overview.html"}
        assert {f"{c}-" for c in SHOWN[name.partition("/")[0]][1]} <= {f[:7] for f in links if f}
        assert sum((folder / str(link)).is_file() for link in links) == len(
            SHOWN[name.partition("/")[0]][1]
        )


def test_the_overview_states_the_parents_own_figures(
    demo: Dataset, trees: dict[str, Element]
) -> None:
    bundle = make_overview(demo, demo.checkpoint("2025H1"))
    total = headline(bundle, views(bundle, demo.settings.parent))

    visible = words_of(trees["demo-city/overview"])

    assert "示例市2025年上半年科技指标总览" in visible
    reported = [v for v in total if v.reported]
    assert len(reported) > 5
    for view in reported:
        assert sentence(view) in visible


def test_cells_of_the_overview_are_the_districts_own_figures(
    demo: Dataset, trees: dict[str, Element]
) -> None:
    bundle = make_overview(demo, demo.checkpoint("2025H1"))
    views_by_name = {(v["district"], v.short): v for v in views(bundle)}
    codes = {name: code for code, name in district_names(demo.districts).items()}
    tables = trees["demo-city/overview"].iter("table")
    matrix = next(t for t in tables if "matrix" in classes(t))
    [heads] = [[words_of(th) for th in tr] for tr in matrix.findall("thead/tr")]

    checked = 0
    for tr in matrix.findall("tbody/tr"):
        name, *cells = (words_of(cell) for cell in tr)
        for short, cell in zip(heads[1:], cells, strict=True):
            view = views_by_name[codes[name], short]
            assert cell.startswith(view.figure(trim=False))
            checked += 1

    assert checked == 13 * len(heads[1:])


# ---- the index --------------------------------------------------------------------------


def test_every_link_of_the_index_exists(made: Made, trees: dict[str, Element]) -> None:
    folder = made.pages["demo-city/index"].parent

    links = [a.get("href", "") for a in trees["demo-city/index"].iter("a")]

    assert sorted(links) == sorted(
        ["overview.html", *(f"{code}-2025H1.html" for code in SHOWN["demo-city"][1])]
    )
    assert all((folder / link).is_file() for link in links)


def test_the_index_gives_each_pages_conclusion(made: Made, trees: dict[str, Element]) -> None:
    rows = {
        words_of(tr.find("th")): words_of(tr.findall("td")[-1])  # type: ignore[arg-type]
        for tr in trees["demo-city/index"].findall(".//tbody/tr")
    }

    results = [r for name, r in made.results.items() if name.startswith("demo-city/")]

    assert rows == {result.name: result.text for result in results}
    assert rows["朝岚区"].startswith("上半年，纳入序时评价的4项指标中")


def test_the_index_counts_what_each_page_reaches(made: Made, trees: dict[str, Element]) -> None:
    heads = [words_of(th) for th in trees["demo-city/index"].findall(".//thead/tr/th")]
    rows = {
        words_of(tr[0]): [words_of(td) for td in tr[1:3]]
        for tr in trees["demo-city/index"].findall(".//tbody/tr")
    }

    assert heads == ["简报", "达到", "未达到", "结论"]
    for name, result in made.results.items():
        if name.startswith("demo-city/"):
            counts = result.counts
            assert rows[result.name] == [str(counts["reached"]), str(counts["missed"])]
    assert rows["朝岚区"] == ["2", "2"]


def test_nothing_half_written_is_left(made: Made) -> None:
    folders = {Path(file).parent for file in made.pages.values()}

    left = [p.name for folder in folders for p in folder.rglob("*") if p.suffix == ".part"]

    assert left == []
