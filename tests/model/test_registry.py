"""The registry: the shipped one is consistent, and malformed files are refused with their line."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from unicodedata import normalize

import fastjsonschema
import polars as pl
import pytest

from kejistats.model.errors import UsageError
from kejistats.model.registry import ids_by_name, read_registry
from kejistats.model.tables.indicator import DEFAULTS
from kejistats.model.units import is_known_unit, ratio_factor
from tests.factory import FIXTURES, ROOT, registry

FILES = sorted((ROOT / "schemas" / "indicators").glob("*.toml"))
DOMAIN = '[domain]\nid = "own"\nname = "自定"\norder = 50\n'
FIRMS = '[[indicator]]\nid = "firms"\nname = "企业数"\nunit = "家"\nmeasure = "stock"\n'
STAFF = '[[indicator]]\nid = "staff"\nname = "人员数"\nunit = "人"\nmeasure = "stock"\n'
SPENT = '[[indicator]]\nid = "spent"\nname = "经费"\nunit = "万元"\nmeasure = "flow"\n'


def read(folder: Path, *texts: str) -> pl.DataFrame:
    """Write these texts as the files of a registry and read it."""
    for number, text in enumerate(texts):
        (folder / f"{number}.toml").write_text(text, encoding="utf-8")
    return read_registry(folder)


def test_the_shipped_registry_loads_every_table_of_every_file() -> None:
    tables = [tomllib.loads(file.read_text("utf-8"))["indicator"] for file in FILES]

    ids = registry()["id"].to_list()

    assert len(FILES) == 13
    assert sorted(ids) == sorted(table["id"] for file in tables for table in file)
    assert registry()["order"].is_sorted()


def test_every_shipped_unit_is_known_and_every_ratio_divides() -> None:
    units = dict(registry().select("id", "unit").iter_rows())

    for row in registry().iter_rows(named=True):
        assert is_known_unit(row["unit"]), row["id"]
        if row["numerator"]:
            factor = ratio_factor(units[row["numerator"]], units[row["denominator"]], row["unit"])
            assert factor, row["id"]


def test_no_name_or_alias_means_two_indicators() -> None:
    owner: dict[str, str] = {}
    for row in registry().iter_rows(named=True):
        for name in {row["id"], row["name"], *row["aliases"]}:
            same = normalize("NFKC", name).casefold().replace(" ", "")
            assert owner.setdefault(same, row["id"]) == row["id"], name


def test_every_indicator_refers_to_existing_indicators() -> None:
    ids = set(registry()["id"])

    for row in registry().iter_rows(named=True):
        assert {*row["parts"]} <= ids, row["id"]
        assert {row["numerator"], row["denominator"]} - {None} <= ids, row["id"]
        assert (row["numerator"] is None) == (row["denominator"] is None), row["id"]


def test_every_percentage_changes_in_points_and_none_is_summed() -> None:
    for row in registry().filter(pl.col("unit") == "%").iter_rows(named=True):
        assert (row["growth"], row["measure"]) == ("points", "ratio"), row["id"]
    for row in registry().filter(pl.col("measure") == "ratio").iter_rows(named=True):
        assert row["aggregate"] == ("ratio" if row["numerator"] else "none"), row["id"]


def test_every_indicator_has_a_definition_of_one_sentence_and_a_department() -> None:
    for row in registry().iter_rows(named=True):
        assert row["definition"].endswith("。"), row["id"]
        assert row["definition"].count("。") == 1, row["id"]
        assert row["department"], row["id"]
        assert len(row["short"]) <= 8, row["id"]


SOURCES = pl.read_csv(FIXTURES / "source_indicators.csv", infer_schema_length=0).fill_null("")


def test_the_registry_contains_every_flow_stock_and_ratio_of_its_sources() -> None:
    left_out = {"rank", "quota", "plan", "effect", "price", "domain"}
    ids = set(registry()["id"])

    for row in SOURCES.iter_rows(named=True):
        assert bool(row["indicators"]) != bool(row["left_out"]), row["source_id"]
        assert {*row["indicators"].split()} <= ids, row["source_id"]
        assert row["left_out"] in left_out | {""}, row["source_id"]
    assert registry().height > 180


def test_a_name_in_a_bureaus_report_means_its_indicator() -> None:
    names = ids_by_name(registry())
    # One name for figures in several units means none of them.
    mixed = {"rural_infra", "quake_boards", "exhibit_boards"}

    for row in SOURCES.filter(pl.col("source").str.starts_with("bureau:")).iter_rows(named=True):
        if row["indicators"] and row["source_id"] not in mixed:
            assert names.get(row["name"]) in row["indicators"].split(), row["name"]


def test_every_name_means_its_indicator_and_a_shared_short_name_none() -> None:
    frame = pl.DataFrame(
        [
            {"id": "a", "name": "甲", "short": "同", "aliases": ["旧甲"]},
            {"id": "b", "name": "乙", "short": "同", "aliases": []},
            {"id": "c", "name": "丙", "short": "丙简", "aliases": ["乙简"]},
            {"id": "d", "name": "丁", "short": "乙简", "aliases": []},
        ]
    )

    names = ids_by_name(frame)

    assert "同" not in names
    assert names == {
        "a": "a", "甲": "a", "旧甲": "a", "b": "b", "乙": "b", "c": "c", "丙": "c", "丙简": "c",
        "乙简": "c", "d": "d", "丁": "d",
    }  # fmt: skip


def test_three_kinds_of_contracts_are_three_indicators() -> None:
    names = ids_by_name(registry())

    ids = [names[n] for n in ("技术合同成交额", "输出技术合同成交额", "吸纳技术合同成交额")]

    assert ids == ["contracts_value", "contracts_output_value", "contracts_absorbed_value"]


def test_headlines_are_the_bureaus_main_indicators_and_not_patent_counts() -> None:
    headlines = set(registry().filter("headline")["id"])

    assert {
        "rd_intensity", "rd_industrial", "hitech_va_growth", "hnte_total", "hnte_applied",
        "tech_sme_registered", "contracts_value", "contracts_absorbed_value",
        "hv_invention_per_10k", "platform_new", "proj_funds_won", "fiscal_st",
    } <= headlines  # fmt: skip
    assert not {i for i in headlines if i.startswith(("patent_", "invention_"))}


def test_omitted_keys_have_their_defaults(tmp_path: Path) -> None:
    row = read(tmp_path, DOMAIN + FIRMS).row(0, named=True)

    for key, value in DEFAULTS.items():
        assert row[key] == value, key
    assert (row["short"], row["domain"], row["domain_name"]) == ("企业数", "own", "自定")
    assert (row["aggregate"], row["growth"], row["order"]) == ("sum", "percent", 50000)


@pytest.mark.parametrize(
    ("extra", "aggregate", "growth"),
    [
        ('measure = "flow"\nunit = "万元"', "sum", "percent"),
        ('measure = "stock"\nunit = "家"', "sum", "percent"),
        ('measure = "ratio"\nunit = "%"', "none", "points"),
        ('measure = "ratio"\nunit = "件/万人"', "none", "percent"),
        ('measure = "ratio"\nunit = "%"\nnumerator = "firms"\ndenominator = "firms"',
         "ratio", "points"),
        ('measure = "ratio"\nunit = "%"\ngrowth = "percent"\naggregate = "none"', "none", "percent"),
    ],
)  # fmt: skip
def test_aggregate_and_growth_follow_from_measure_and_unit(
    tmp_path: Path, extra: str, aggregate: str, growth: str
) -> None:
    text = f'{DOMAIN}{FIRMS}[[indicator]]\nid = "own_one"\nname = "自定指标"\n{extra}\n'

    row = read(tmp_path, text).filter(pl.col("id") == "own_one").row(0, named=True)

    assert (row["aggregate"], row["growth"]) == (aggregate, growth)


def test_the_indicators_of_a_data_set_come_last_and_need_no_domain(tmp_path: Path) -> None:
    file = tmp_path / "indicators.toml"
    file.write_text(FIRMS, encoding="utf-8")

    last = read_registry(extra=file).row(-1, named=True)

    assert (last["id"], last["domain"], last["domain_name"]) == ("firms", "indicators", "其他指标")


def test_domains_of_the_same_order_keep_the_order_of_their_files(tmp_path: Path) -> None:
    other = DOMAIN.replace('"own"', '"other"')

    frame = read(tmp_path, DOMAIN + FIRMS + SPENT, other + STAFF)

    assert frame["id"].to_list() == ["firms", "staff", "spent"]


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (DOMAIN + FIRMS + "oops\n", 10, "not valid TOML"),
        (DOMAIN + FIRMS + 'colour = "red"\n', 10, "colour"),
        (DOMAIN + FIRMS + 'domain = "x"\n', 10, "domain"),
        (DOMAIN.replace("50", "50\nplace = 1") + FIRMS, 5, "place"),
        (DOMAIN.replace("50", '"50"') + FIRMS, 4, "order"),
        (DOMAIN.replace('name = "自定"\n', "") + FIRMS, 1, "name"),
        (DOMAIN + FIRMS + STAFF.replace("stock", "level"), 14, "level|measure"),
        (DOMAIN + FIRMS + STAFF + 'pace = "weekly"\n', 15, "linear"),
        (DOMAIN + FIRMS + STAFF.replace('unit = "人"\n', ""), 10, "unit"),
        (DOMAIN + FIRMS + STAFF.replace('name = "人员数"\n', ""), 10, "name"),
        (DOMAIN + FIRMS + STAFF + "decimals = 9\n", 15, "decimals"),
        (DOMAIN + FIRMS + STAFF + 'headline = "yes"\n', 15, "headline"),
        (DOMAIN + FIRMS + STAFF + "tolerance = 2\n", 15, "tolerance"),
        (DOMAIN + FIRMS + STAFF + 'pace = "nodes"\nnodes = "13:1"\n', 16, "nodes"),
        (DOMAIN + FIRMS + STAFF + 'pace = "nodes"\nnodes = "6:0.5.5"\n', 16, "nodes"),
        (DOMAIN + FIRMS + STAFF + 'pace = "nodes"\nnodes = "6:40"\n', 16, "nodes"),
        (DOMAIN + FIRMS + STAFF.replace("staff", "Staff"), 11, "id"),
        (DOMAIN + FIRMS + STAFF.replace("staff", "firms"), 11, "firms"),
        (DOMAIN + FIRMS + STAFF + 'aliases = ["企业数"]\n', 11, "企业数"),
        (DOMAIN + FIRMS + STAFF + 'aliases = ["firms"]\n', 11, "firms"),
        (DOMAIN + FIRMS + 'aliases = ["总数"]\n' + STAFF + 'aliases = ["总数"]\n', 12, "总数"),
        (DOMAIN + FIRMS + STAFF.replace('"人"', '"瓦"'), 11, "瓦"),
        (DOMAIN + FIRMS + STAFF + 'pace = "nodes"\n', 11, "nodes"),
        (DOMAIN + FIRMS + STAFF + 'nodes = "6:0.5"\n', 11, "nodes"),
        (DOMAIN + FIRMS + STAFF + 'parts = ["firm"]\n', 11, "firm"),
        (DOMAIN + FIRMS + STAFF + 'numerator = "firms"\n', 11, "together"),
        (
            DOMAIN + FIRMS + STAFF + 'numerator = "firm"\ndenominator = "firms"\n',
            11,
            "numerator 'firm'",
        ),
        (
            DOMAIN + FIRMS + STAFF + 'numerator = "firms"\ndenominator = "nobody"\n',
            11,
            "denominator 'nobody'",
        ),
        (
            DOMAIN + FIRMS + STAFF + SPENT.replace('"万元"', '"家/人"').replace("flow", "ratio")
            + 'numerator = "firms"\ndenominator = "firms"\n',
            16,
            "家 ÷ 家",
        ),
        (DOMAIN + FIRMS + 'parts = ["staff"]\n' + STAFF + 'parts = ["firms"]\n', None, "itself"),
        (DOMAIN + FIRMS + 'parts = ["firms"]\n', 6, "itself"),
        (
            DOMAIN + FIRMS.replace('"家"', '"%"').replace("stock", "ratio")
            + 'numerator = "firms"\ndenominator = "firms"\n',
            6,
            "itself",
        ),
    ],
)  # fmt: skip
def test_malformed_toml_is_refused_by_file_and_line_with_a_remedy(
    tmp_path: Path, text: str, line: int | None, problem: str
) -> None:
    with pytest.raises(UsageError, match=problem) as caught:
        read(tmp_path, text)

    assert str(tmp_path / "0.toml") in caught.value.message
    assert line is None or f"line {line}" in caught.value.message
    assert caught.value.remedy
    assert caught.value.exit_code == 2


def test_an_id_in_two_files_is_refused_with_both_lines(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"1\.toml, line 2: .*0\.toml, line 6"):
        read(tmp_path, DOMAIN + FIRMS, FIRMS)


def test_an_unknown_reference_suggests_the_most_similar_id(tmp_path: Path) -> None:
    text = DOMAIN + FIRMS + STAFF + 'parts = ["firm"]\n'

    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)

    assert caught.value.remedy == "did you mean 'firms'?"


def test_a_file_in_another_encoding_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "0.toml").write_bytes((DOMAIN + FIRMS).encode("gb18030"))

    with pytest.raises(UsageError, match=r"0\.toml: not valid TOML"):
        read_registry(tmp_path)


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no \*\.toml"):
        read_registry(tmp_path)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_exported_json_schema_accepts_the_shipped_files(file: Path) -> None:
    schema = json.loads((ROOT / "schemas" / "indicators.schema.json").read_text("utf-8"))
    content = tomllib.loads(file.read_text("utf-8"))

    assert fastjsonschema.compile(schema)(content) == content
    assert file.read_text("utf-8").startswith("#:schema ../indicators.schema.json\n")
