"""The analyst's text: kept, shown in its fields, and checked against the figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from kejistats.brief import Brief
from kejistats.brief.own_words import as_html, read_own_words
from kejistats.model.errors import UsageError
from kejistats.model.period import Checkpoint
from tests.brief.factory import district_bundle
from tests.factory import COUNT, make_dataset, observation, target
from tests.pages.factory import parse_fragment, words_of
from tests.workspaces import kejistats, make_workspace

AT = Checkpoint.parse("2025H1")
NAME = "科技型中小企业入库"
SME = "tech_sme_registered"


def brief_with_text(text: str, **more: object) -> Brief:
    """Return a brief of 215 firms with a target of 350, and with the analyst's text."""
    figures = [observation(SME, 215), observation(SME, 180, 2024), observation(COUNT, None, **more)]
    bundle = district_bundle(figures, [target(SME, "total", 350, nodes="6:0.5;12:1")])
    bundle.content["own_words"] = {"file": "words/2025H1/900101.md", "text": text}
    return Brief(bundle)


def test_each_field_shows_its_text_and_no_placeholder() -> None:
    brief = brief_with_text(
        "# 工作举措\n\n开展**培训**12场。\n\n# 具体措施\n\n- 上门辅导\n- 限时办结\n"
    )

    review, plan = parse_fragment(brief.review.html), parse_fragment(brief.plan.html)

    assert words_of(review.find(".//div[@class='own']")).split() == ["工作举措", "开展培训12场。"]
    assert [words_of(li) for li in plan.findall(".//div[@class='own']//li")] == [
        "上门辅导",
        "限时办结",
    ]
    assert "由科室补充" not in brief.review.html + brief.plan.html
    assert brief.review.text.endswith("开展**培训**12场。")


def test_a_field_that_is_not_filled_keeps_its_placeholder() -> None:
    brief = brief_with_text("# 工作举措\n开展培训。\n")

    assert "【具体措施由科室补充】" in brief.plan.html
    assert "【工作举措由科室补充】" not in brief.review.html


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        (f"{NAME}216家。", f"{NAME}数写作216家，与数据不符（{NAME}数215家）"),
        (f"上半年{NAME}数达到2150家", "2150家"),
        (f"{NAME}350家，完成61.4%。", "350家"),
        (f"{NAME}180家。", "180家"),
        (f"{NAME}超过230家。", "230家"),
        (f"{NAME}215家，同比增长20.4%。", "20.4%"),
        (f"{NAME}同比下降19.4%。", "19.4%"),
        (f"{NAME}完成全年目标的62%", "62%"),
        (f"{NAME}快于序时进度12.4个百分点", "12.4个百分点"),
        (f"{NAME}低于序时进度11.4个百分点", "11.4个百分点"),
        ("专利授权量120件。", "专利授权量写作120件，与数据不符（未公布）"),
    ],
)
def test_a_figure_that_contradicts_is_a_warning(line: str, wrong: str) -> None:
    brief = brief_with_text(f"# 工作举措\n\n{line}\n", status="masked")

    findings = brief.findings.to_dicts()

    assert len(findings) == 1
    assert wrong in findings[0]["wrong"]
    found = {k: findings[0][k] for k in ("rule", "severity", "file", "cell", "row")}
    assert found == {
        "rule": "own_words_contradict", "severity": "warning", "file": "words/2025H1/900101.md",
        "cell": "第3行", "row": line,
    }  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        f"{NAME}215家，同比增长19.4%，完成全年目标的61.4%，快于序时进度11.4个百分点。",
        f"{NAME}同比增长19%，完成61%。",
        f"{NAME}超过200家，完成约61%。",
        f"{NAME}力争达到400家。",
        f"力争全年{NAME}400家。",
        f"确保{NAME}增加，{NAME}同比增长30%。",
        f"一季度{NAME}120家。",
        f"2024年{NAME}412家。",
        f"上年同期{NAME}180家。",
        f"{NAME}215家，其中高新区60家，同比增长50%。",
        f"组织{NAME}培训4场，参加企业100家。",
        "走访企业400家。",
        "举办培训12场，参加1,200人次。",
        f"围绕{NAME}开展辅导，覆盖3个园区。",
    ],
)
def test_what_agrees_is_planned_or_concerns_something_else_is_no_finding(line: str) -> None:
    assert brief_with_text(f"# 具体措施\n{line}\n").findings.height == 0


def test_text_under_no_field_is_reported() -> None:
    findings = brief_with_text("开头。\n# 工作举施\n开展培训。\n# 工作举措\n好。\n").findings

    assert findings["cell"].to_list() == ["第1行", "第2行", "第3行"]
    assert findings["rule"].unique().to_list() == ["own_words_unplaced"]


def test_tags_and_pictures_become_text() -> None:
    html = as_html("文<script>x</script> ![图](http://example.org/a.png)\n续行")

    assert html == "<p>文&lt;script&gt;x&lt;/script&gt; 图续行</p>"


@pytest.mark.parametrize("folder", ["2025H1", "2025Q2", "2025M06", "2025h1"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_is_found_by_any_name_of_its_checkpoint(
    tmp_path: Path, folder: str, encoding: str
) -> None:
    city = make_dataset(tmp_path / "city")
    file = city / "words" / folder / "900101.md"
    file.parent.mkdir(parents=True)
    file.write_text("# 工作举措\n开展培训。\n", encoding=encoding)

    content = read_own_words(city, AT, "900101")

    assert content == {"file": f"words/{folder}/900101.md", "text": "# 工作举措\n开展培训。\n"}
    assert (
        read_own_words(city, AT, "900102")
        == read_own_words(city, Checkpoint(2024, 6), "900101")
        == {}
    )


def test_a_code_that_looks_like_a_path_finds_no_file(tmp_path: Path) -> None:
    city = make_dataset(tmp_path / "city")
    (city / "words" / "2025H1").mkdir(parents=True)
    (city / "secret.md").write_text("# 工作举措\nx\n", encoding="utf-8")

    assert read_own_words(city, AT, "../../secret") == {}


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    city = make_dataset(tmp_path / "city")
    file = city / "words" / "2025H1" / "900101.md"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"\xff\xff\xff")

    with pytest.raises(UsageError, match=r"900101\.md"):
        read_own_words(city, AT, "900101")


def test_the_command_warns_of_contradictions_with_file_and_line(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "root", "demo-city")
    file = root / "data" / "demo-city" / "words" / "2025H1" / "900101.md"
    file.write_text(f"# 工作举措\n{NAME}999家。\n", encoding="utf-8")

    process = kejistats(
        "briefs",
        "data/demo-city",
        "-c",
        "2025H1",
        "-d",
        "900101",
        "-j",
        "1",
        cwd=root,
        home=tmp_path,
    )

    assert process.returncode == 0
    assert "warning: words/2025H1/900101.md 第2行：" in process.stderr
    assert "写作999家，与数据不符（科技型中小企业入库数215家）" in process.stderr
    page = root / "out" / "demo-city" / "2025H1" / "900101-2025H1.html"
    assert f"{NAME}999家。" in page.read_text(encoding="utf-8")
