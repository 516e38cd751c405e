"""The bundle: a canonical file, from which a page can be made again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from kejistats.api import open_brief, open_overview
from kejistats.brief import Brief, Bundle, Overview, make_bundles, make_overview
from kejistats.dataset import Dataset
from kejistats.intake import ingest
from kejistats.model.errors import UsageError
from kejistats.model.tables import District, Indicator, Metric
from kejistats.store import Store
from tests.brief.factory import district_bundle
from tests.factory import COUNT, DISTRICT, observation, write_csv
from tests.pages.factory import MODEL
from tests.workspaces import copy_workspace


@pytest.fixture(scope="module")
def model(demo: Dataset) -> Bundle:
    """The bundle of one district."""
    return make_bundles(demo, demo.checkpoint("2025H1"), [MODEL])[MODEL]


@pytest.fixture(scope="module")
def shuffled(workspace: Path, demo: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The demo city with the rows of its store in another order and in other intakes."""
    root = copy_workspace(workspace, tmp_path_factory.mktemp("shuffled"), "demo-city")
    folder = root / "data" / "demo-city"
    shutil.rmtree(folder / "store")
    source, store = Store(demo.path / "store"), Store(folder / "store")
    tables = {"observations": source.observations(), "targets": source.targets()}
    mixed = {name: rows.sample(fraction=1, shuffle=True, seed=7) for name, rows in tables.items()}
    assert not any(mixed[name].equals(rows) for name, rows in tables.items())
    with store.writing():
        store.append({name: rows.iter_slices(1000) for name, rows in mixed.items()})
    return Dataset(folder)


def test_the_same_input_gives_the_same_bytes(demo: Dataset, model: Bundle) -> None:
    again = Dataset(demo.path)

    bundle = make_bundles(again, again.checkpoint("2025H1"), [MODEL])[MODEL]

    assert bundle.text() == model.text()


def test_the_order_of_keys_does_not_matter(model: Bundle) -> None:
    reordered = Bundle(dict(reversed(model.content.items())))

    assert list(reordered.content) != list(model.content)
    assert reordered.text() == model.text()
    assert reordered.digest == model.digest


def test_the_order_of_the_stores_rows_does_not_matter(demo: Dataset, shuffled: Dataset) -> None:
    texts = []
    for dataset in (demo, shuffled):
        at = dataset.checkpoint("2025H1")
        codes = dataset.districts["code"].to_list()
        bundles = make_bundles(dataset, at, codes)
        texts.append(
            {c: b.text() for c, b in bundles.items()} | {"": make_overview(dataset, at).text()}
        )

    assert len(texts[0]) == 15
    assert texts[1] == texts[0]


def test_the_order_of_the_requested_districts_does_not_matter(demo: Dataset, model: Bundle) -> None:
    bundles = make_bundles(demo, demo.checkpoint("2025H1"), ["900112", MODEL])

    assert bundles[MODEL].text() == model.text()


def test_a_bundle_read_back_is_the_same(model: Bundle, tmp_path: Path) -> None:
    file = tmp_path / "work" / "one.json"

    model.write(file)
    again = Bundle.read(file)

    assert file.read_bytes() == model.text().encode("utf-8")
    assert again.text() == model.text()
    assert again.digest == model.digest


def test_a_brief_from_the_file_alone_is_the_same(model: Bundle, tmp_path: Path) -> None:
    model.write(tmp_path / "one.json")

    brief, again = Brief(model), open_brief(bundle=tmp_path / "one.json")

    assert again._repr_mimebundle_() == brief._repr_mimebundle_()
    for chart in ("chart_attainment", "chart_growth", "chart_position"):
        assert getattr(again, chart)() == getattr(brief, chart)()


def test_an_overview_from_the_file_alone_is_the_same(demo: Dataset, tmp_path: Path) -> None:
    bundle = make_overview(demo, demo.checkpoint("2025H1"))
    bundle.write(tmp_path / "all.json")

    overview, again = Overview(bundle), open_overview(bundle=tmp_path / "all.json")

    for part in ("totals", "progress", "figures"):
        assert getattr(again, part)().html == getattr(overview, part)().html
    assert again.notes.html == overview.notes.html


def test_its_tables_have_their_types(model: Bundle) -> None:
    frames = {District: model.districts, Indicator: model.indicators, Metric: model.metrics}

    for table, frame in frames.items():
        assert dict(frame.schema) == table.dtypes()
        assert frame.height > 0


def test_it_holds_only_its_own_district_and_no_sender(model: Bundle, demo: Dataset) -> None:
    content = json.loads(model.text())

    assert [d["code"] for d in content["districts"]] == [MODEL]
    assert {row["district"] for row in content["metrics"]} == {MODEL}
    assert "sender" not in content["settings"]
    assert str(demo.path) not in model.text()


def test_its_series_ends_at_the_checkpoint(demo: Dataset) -> None:
    bundle = make_bundles(demo, demo.checkpoint("2023H1"), [MODEL])[MODEL]

    ends = {(row["year"], row["month"]) for row in bundle.content["series"]}

    assert max(ends) == (2023, 6)
    assert min(ends) == (2021, 6)


def test_peers_are_sorted_figures_without_names(model: Bundle) -> None:
    peers = model.content["peers"]

    assert peers["contracts_value"] == sorted(peers["contracts_value"])
    assert len(peers["contracts_value"]) == 12
    assert all(isinstance(x, float) for figures in peers.values() for x in figures)


def test_a_changed_figure_changes_the_digest() -> None:
    figures = [observation(COUNT, 120)], [observation(COUNT, 121)]

    before, after = (district_bundle(f) for f in figures)

    assert before.digest != after.digest


def test_a_district_that_ended_and_reported_nothing_has_no_bundle(city: Path) -> None:
    districts = (city / "districts.csv").read_text(encoding="utf-8")
    ended = districts.replace("group\n", "group,valid_to\n").replace(
        "第3区,900100,", "第3区,900100,,2024-12-31"
    )
    (city / "districts.csv").write_text(ended, encoding="utf-8")
    row = {"district": DISTRICT, "indicator": COUNT, "checkpoint": "2025H1", "value": "3"}
    dataset = Dataset(city)
    ingest(dataset, [write_csv(city / "inbox" / "one.csv", [row])])

    bundles = make_bundles(dataset, dataset.checkpoint("2025H1"), dataset.districts["code"])

    assert sorted(bundles) == ["900101", "900102"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is not a bundle"),
        ("", "is not a bundle"),
        ("half a { bundle", "is not a bundle"),
        ("[1, 2]", "is not a bundle"),
        ('"text"', "is not a bundle"),
        ('{"kind": "brief"}', "is not a bundle"),
        ('{"format": 99}', "has bundle format 99, this kejistats reads 1"),
    ],
)
def test_what_is_not_a_bundle_is_refused(tmp_path: Path, content: str | None, message: str) -> None:
    file = tmp_path / "wrong.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")

    with pytest.raises(UsageError, match=message) as raised:
        Bundle.read(file)

    assert "wrong.json" in raised.value.message
    assert "kejistats briefs" in raised.value.remedy
