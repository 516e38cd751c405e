"""A data set's folder: its settings and districts, and how districts and checkpoints are found."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

import kejistats as kj
from kejistats.dataset import Dataset
from kejistats.intake import ingest
from kejistats.model.errors import UsageError
from kejistats.model.paths import find_root, read_text, resolve, shared
from kejistats.model.settings import read_districts, read_settings
from tests.factory import CITY, ROOT, make_dataset, write_csv

FIGURE = {"district": "第1区", "indicator": "patent_granted", "checkpoint": "2025H1", "value": "9"}


def write_settings(folder: Path, text: str) -> Path:
    file = folder / "dataset.toml"
    file.write_text(f'title = "示例"\nparent = "{CITY}"\n{text}', encoding="utf-8")
    return file


def test_only_title_and_parent_are_required(tmp_path: Path) -> None:
    settings = read_settings(write_settings(tmp_path, ""))

    assert (settings.title, settings.parent, settings.scope) == ("示例", CITY, "全市")
    assert (settings.sample, settings.ranks, settings.headline) == (False, True, ())
    limits = settings.thresholds
    assert (limits.ahead, limits.on_pace, limits.near, limits.slow) == (1.05, 1.0, 0.95, 0.6)
    assert (limits.growth_ahead, limits.growth_on_pace, limits.growth_near) == (1.0, 0.0, -0.5)
    assert (limits.small_count, limits.rank_coverage) == (10.0, 0.8)


def test_settings_are_read_as_written(tmp_path: Path) -> None:
    text = 'headline = ["hnte_total"]\nranks = false\n[thresholds]\nnear = 0.9\n'

    settings = read_settings(write_settings(tmp_path, text))

    assert settings.headline == ("hnte_total",)
    assert settings.ranks is False
    assert (settings.thresholds.near, settings.thresholds.slow) == (0.9, 0.6)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("oops", "not valid TOML"),
        ('colour = "red"', "unknown key 'colour'"),
        ("sample = 1", "sample must be a bool"),
        ('ranks = "no"', "ranks must be a bool"),
        ('headline = "hnte_total"', "headline must be a list"),
        ("notes = [1]", "notes must be a list"),
        ("benchmark = 900101", "benchmark must be a str"),
        ("scope = 1", "scope must be a str"),
        ('sender = "a"', "sender must be a dict"),
        ("thresholds = 0.9", "thresholds must be a table"),
        ("[thresholds]\nfar = 0.5", "unknown key 'far'"),
        ('[thresholds]\nnear = "0.9"', "near must be a number"),
        ("[thresholds]\nnear = true", "near must be a number"),
    ],
)
def test_malformed_settings_are_refused_by_file(tmp_path: Path, text: str, problem: str) -> None:
    file = write_settings(tmp_path, text)

    with pytest.raises(UsageError, match=problem) as caught:
        read_settings(file)

    assert str(file) in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize("text", ['title = "示例"', 'parent = "1"', 'title = ""\nparent = "1"',
                                  'title = "示例"\nparent = 100000'])  # fmt: skip
def test_a_data_set_needs_a_title_and_a_parent(tmp_path: Path, text: str) -> None:
    file = tmp_path / "dataset.toml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(UsageError, match=r"(title|parent) is missing"):
        read_settings(file)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_districts_get_their_kind_from_the_parents(tmp_path: Path, encoding: str) -> None:
    rows = [
        {"code": CITY, "name": "某市", "parent": "", "kind": "", "valid_from": ""},
        {"code": "000123", "name": "第1区", "parent": CITY, "kind": "", "valid_from": "2024-01-01"},
        {"code": "900190", "name": "高新区", "parent": CITY, "kind": "zone", "valid_from": ""},
    ]

    frame = read_districts(write_csv(tmp_path / "districts.csv", rows, encoding), CITY)

    assert frame["code"].to_list() == [CITY, "000123", "900190"]
    assert frame["kind"].to_list() == ["total", "district", "zone"]
    assert frame["parent"].to_list() == [None, CITY, CITY]
    assert frame["valid_from"].to_list() == [None, date(2024, 1, 1), None]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("code\n900100\n", "name is missing"),
        ("code,name,colour\n900100,某市,red\n", "colour"),
        ("code,name\n900101,第1区\n", "has no row"),
        ("code,name,parent\n900100,某市,\n900101,第1区,900199\n", "must be codes of this table"),
        ("code,name\n900100,某市\n900100,某市\n", "code"),
        ("code,name,valid_to\n900100,某市,去年\n", "'去年' is not a date"),
        ("code,name\n900100,某市,1,2\n", "not valid CSV"),
        ("", "not valid CSV"),
    ],
)
def test_malformed_districts_are_refused_by_file(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "districts.csv"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(UsageError, match=problem) as caught:
        read_districts(file, CITY)

    assert str(file) in caught.value.message


def test_a_data_set_opens_with_typed_empty_tables(city: Path) -> None:
    dataset = kj.open(city)

    assert dataset.name == "city"
    assert dataset.observations.height == dataset.targets.height == 0
    assert dataset.districts["name"].to_list() == ["某市", "第1区", "第2区", "第3区"]
    assert "hnte_total" in dataset.headline


def test_a_folder_without_settings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no data set at"):
        kj.open(tmp_path)


@pytest.mark.parametrize("key", ["headline", "indicators"])
def test_settings_name_known_indicators(city: Path, key: str) -> None:
    write_settings(city, f'{key} = ["hnte_totel"]')

    with pytest.raises(UsageError, match=f"{key} has unknown ids: hnte_totel"):
        kj.open(city)


def test_forms_of_a_new_data_set_request_the_whole_registry(city: Path) -> None:
    assert Dataset(city).form_indicators["id"].to_list() == Dataset(city).indicators["id"].to_list()


def test_forms_request_the_indicators_with_figures_or_targets(demo: Dataset) -> None:
    in_store = {*demo.observations["indicator"], *demo.targets["indicator"]}

    requested = set(demo.form_indicators["id"])

    assert requested == in_store
    assert requested < set(demo.indicators["id"])


def test_settings_may_choose_the_indicators_and_domains_of_forms(city: Path) -> None:
    write_settings(city, 'indicators = ["award", "hnte_total"]')

    requested = Dataset(city).form_indicators

    assert requested["id"].to_list()[0] == "hnte_total"
    assert set(requested["domain"]) == {"enterprise", "award"}
    assert (
        requested.filter(domain="award").height
        == Dataset(city).indicators.filter(domain="award").height
    )


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("900101", "900101"), (900101, "900101"), ("第1区", "900101"), (" 900101 ", "900101")],
)
def test_a_district_is_found_by_code_number_or_name(
    city: Path, wanted: str | int, expected: str
) -> None:
    assert Dataset(city).district(wanted) == expected


def test_a_code_without_its_leading_zeros_is_found(city: Path) -> None:
    with (city / "districts.csv").open("a", encoding="utf-8") as file:
        file.write(f"000123,零区,{CITY},\n")

    assert Dataset(city).district(123) == "000123"


@pytest.mark.parametrize(
    ("wanted", "remedy"), [("第7区", "did you mean"), ("", "one of: 900100"), ("??", "one of:")]
)
def test_an_unknown_district_is_refused_with_the_closest(
    city: Path, wanted: str, remedy: str
) -> None:
    with pytest.raises(UsageError) as caught:
        Dataset(city).district(wanted)

    assert remedy in caught.value.remedy


def test_the_default_checkpoint_is_the_latest_in_the_store(city: Path) -> None:
    dataset = Dataset(city)
    rows = [FIGURE | {"checkpoint": c} for c in ("2025M05", "2024", "2025Q1")]
    ingest(dataset, [write_csv(city / "inbox" / "01.csv", rows)])

    assert [str(c) for c in dataset.checkpoints()] == ["2024H2", "2025Q1", "2025M05"]
    assert str(dataset.checkpoint()) == "2025M05"
    assert dataset.checkpoint(2024) == kj.Checkpoint(2024, 12)
    with pytest.raises(UsageError, match="no figures for 2025H1") as caught:
        dataset.checkpoint("2025H1")
    assert "2025M05" in caught.value.remedy


def test_an_empty_store_says_what_to_run(city: Path) -> None:
    with pytest.raises(UsageError, match="is empty") as caught:
        Dataset(city).checkpoint()

    assert "kejistats intake" in caught.value.remedy


def test_relative_paths_start_at_the_workspace_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "schemas" / "indicators").mkdir(parents=True)
    (tmp_path / "notebooks").mkdir()
    folder = make_dataset(tmp_path / "data" / "city")
    monkeypatch.chdir(tmp_path / "notebooks")

    assert find_root() == tmp_path
    assert resolve("data/city") == folder
    assert resolve(folder) == folder


def test_a_workspaces_file_comes_before_the_packaged_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "schemas" / "indicators"
    folder.mkdir(parents=True)
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path)

    assert shared("schemas/indicators") == folder
    packaged = shared("schemas/indicators.schema.json")
    assert packaged.read_bytes() == (ROOT / "schemas" / packaged.name).read_bytes()
    with pytest.raises(UsageError, match="was not found"):
        shared("schemas/nothing.json")


def test_text_in_neither_encoding_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"\xff\xff\xff\x00")

    with pytest.raises(UsageError, match="neither UTF-8 nor GB18030"):
        read_text(file)


def test_errors_print_their_remedy_on_a_line_of_its_own() -> None:
    assert str(UsageError("wrong", "write it so")) == "wrong\n  write it so"
    assert str(kj.KejistatsError("wrong")) == "wrong"
    assert (UsageError.exit_code, kj.KejistatsError.exit_code) == (2, 1)
