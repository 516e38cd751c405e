"""The exporter: outputs become a page; errors, scripts and external references are refused."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from matplotlib.figure import Figure
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from kejistats.model.errors import KejistatsError
from kejistats.pages.exporter import KejistatsExporter
from tests.pages.factory import parse, words_of


@pytest.fixture(scope="module")
def exporter() -> KejistatsExporter:
    """One exporter, reused as in a batch."""
    return KejistatsExporter()


def html_cell(html: str, **data: Any) -> NotebookNode:
    """A code cell that outputs HTML."""
    return new_code_cell(
        "show()", outputs=[new_output("display_data", {"text/html": html, **data})]
    )


def print_cell(text: str, name: str = "stdout") -> NotebookNode:
    """A code cell that printed a text."""
    return new_code_cell("print()", outputs=[new_output("stream", name=name, text=text)])


def export(exporter: KejistatsExporter, *cells: NotebookNode) -> str:
    """The page of a notebook with these cells."""
    html, _ = exporter.from_notebook_node(new_notebook(cells=list(cells)))
    parse(html)
    return html


def image() -> str:
    """A PNG as notebooks store it: base64 in lines."""
    figure = Figure(figsize=(1, 1))
    figure.subplots().plot([1, 2])
    raw = io.BytesIO()
    figure.savefig(raw, format="png")
    return base64.encodebytes(raw.getvalue()).decode("ascii")


def test_an_error_output_fails_the_export(exporter: KejistatsExporter) -> None:
    error = new_output("error", ename="ValueError", evalue="no figures", traceback=["…"])

    with pytest.raises(KejistatsError, match=r"cell 2 failed: ValueError: no figures") as raised:
        export(exporter, print_cell("before"), new_code_cell("x", outputs=[error]))

    assert "fix the error and run the notebook again" in raised.value.remedy


def test_an_error_in_a_hidden_cell_fails_too(exporter: KejistatsExporter) -> None:
    error = new_output("error", ename="ValueError", evalue="hidden", traceback=[])
    cell = new_code_cell("x", outputs=[error], metadata={"tags": ["hide"]})

    with pytest.raises(KejistatsError, match="hidden"):
        export(exporter, cell)


@pytest.mark.parametrize("tag", ["parameters", "injected-parameters", "hide"])
def test_tagged_cells_disappear(exporter: KejistatsExporter, tag: str) -> None:
    hidden = print_cell("not to be seen")
    hidden.metadata["tags"] = ["other", tag]

    html = export(exporter, hidden, print_cell("to be seen"))

    assert "not to be seen" not in html
    assert "to be seen" in html


def test_code_is_never_shown(exporter: KejistatsExporter) -> None:
    cell = new_code_cell("secret = 1", outputs=[new_output("stream", text="output")])

    html = export(exporter, cell)

    assert "output" in html
    assert "secret" not in html


def test_an_analysts_markdown_is_rendered(exporter: KejistatsExporter) -> None:
    markdown = "## 说明\n\n本区**重点**工作：\n\n- 甲\n- 乙\n\n| 项 | 数 |\n|---|---|\n| a | 1 |"

    body = parse(export(exporter, new_markdown_cell(markdown))).find("body")

    assert body is not None
    section = body.find(".//section[@class='own']")
    assert section is not None
    assert words_of(section.find("h2")).startswith("说明")  # type: ignore[arg-type]
    assert words_of(section.find(".//strong")) == "重点"  # type: ignore[arg-type]
    assert [words_of(li) for li in section.iter("li")] == ["甲", "乙"]
    assert [words_of(td) for td in section.iter("td")] == ["a", "1"]


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        '<img src="https://example.org/a.png" alt="a">',
        '<img src="figures/a.png" alt="a">',
        '<p onclick="go()">a</p>',
        '<iframe src="https://example.org"></iframe>',
        '<link rel="stylesheet" href="https://example.org/a.css">',
        "<style>@import 'https://example.org/a.css';</style>",
        '<p style="background: url(https://example.org/a.png)">a</p>',
        '<a href="javascript:go()">a</a>',
        '<form action="https://example.org"><input></form>',
    ],
)
def test_scripts_and_external_references_are_refused(
    exporter: KejistatsExporter, html: str
) -> None:
    with pytest.raises(KejistatsError, match="would make the page run or load") as raised:
        export(exporter, html_cell(html))

    tag = re.match(r"<\w+", html)
    assert tag is not None
    assert tag[0] in raised.value.message
    assert "output a table, an image or text" in raised.value.remedy


def test_a_remote_image_in_markdown_is_refused(exporter: KejistatsExporter) -> None:
    cell = new_markdown_cell("![a](https://example.org/a.png)")

    with pytest.raises(KejistatsError, match="would make the page run or load"):
        export(exporter, cell)


def test_a_plain_link_is_kept(exporter: KejistatsExporter) -> None:
    html = export(exporter, new_markdown_cell("[统计公报](https://example.org/a.html)"))

    assert '<a href="https://example.org/a.html">统计公报</a>' in html


def test_plain_text_is_shown_and_escaped(exporter: KejistatsExporter) -> None:
    result = new_output("execute_result", {"text/plain": "a < b & c"}, execution_count=1)

    html = export(exporter, new_code_cell("x", outputs=[result]), print_cell("<b>not bold</b>"))

    assert "<pre>a &lt; b &amp; c</pre>" in html
    assert "&lt;b&gt;not bold&lt;/b&gt;" in html


def test_warnings_of_a_cell_and_none_are_not_print_cell(exporter: KejistatsExporter) -> None:
    none = new_output("execute_result", {"text/plain": "None"}, execution_count=1)

    html = export(
        exporter, print_cell("a warning", name="stderr"), new_code_cell("f()", outputs=[none])
    )

    assert "a warning" not in html
    assert "None" not in html


def test_a_matplotlib_image_is_embedded(exporter: KejistatsExporter) -> None:
    data = {"image/png": image(), "text/plain": "<Figure size 100x100>"}

    html = export(exporter, new_code_cell("plot()", outputs=[new_output("display_data", data)]))

    [img] = parse(html).iter("img")
    raw = base64.b64decode(img.get("src", "").removeprefix("data:image/png;base64,"), validate=True)
    assert raw == base64.decodebytes(image().encode("ascii"))
    assert img.get("alt") == "图"
    assert "Figure size" not in html


def test_an_image_carries_its_own_text_and_size(exporter: KejistatsExporter) -> None:
    size = {"image/png": {"alt": '完成率 "61.4%"', "width": 420, "height": 200}}
    output = new_output("display_data", {"image/png": image()}, metadata=size)

    [img] = parse(export(exporter, new_code_cell("x", outputs=[output]))).iter("img")

    assert (img.get("alt"), img.get("width"), img.get("height")) == (
        '完成率 "61.4%"', "420", "200",
    )  # fmt: skip


def test_html_comes_before_other_formats_of_an_output(exporter: KejistatsExporter) -> None:
    cell = html_cell("<p>as html</p>", **{"text/plain": "as text", "image/png": image()})

    html = export(exporter, cell)

    assert "<p>as html</p>" in html
    assert "as text" not in html
    assert "<img" not in html


def test_title_and_mark_come_from_an_outputs_metadata(exporter: KejistatsExporter) -> None:
    page = {"text/html": {"kejistats": {"title": "甲 & 乙", "sample": True}}}
    output = new_output("display_data", {"text/html": "<h1>甲</h1>"}, metadata=page)

    html = export(exporter, new_code_cell("x", outputs=[output]))

    assert "<title>甲 &amp; 乙（示例数据）</title>" in html
    assert "<footer>示例数据" in html


def test_a_notebook_without_a_brief_is_a_page_too(exporter: KejistatsExporter) -> None:
    html = export(exporter, new_markdown_cell("正文"))

    assert "<title>科技指标简报</title>" in html
    assert "示例数据" not in html
    assert '<html lang="zh-CN">' in html


def test_the_same_notebook_gives_the_same_page(exporter: KejistatsExporter) -> None:
    cells = [print_cell("a"), new_markdown_cell("b")]

    first, again = export(exporter, *cells), export(KejistatsExporter(), *cells)

    assert first == again


def test_the_notebook_itself_is_not_changed(exporter: KejistatsExporter) -> None:
    hidden = new_code_cell("x", metadata={"tags": ["hide"]})
    notebook = new_notebook(cells=[hidden, print_cell("a")])
    before = nbformat.writes(notebook)

    exporter.from_notebook_node(notebook)

    assert nbformat.writes(notebook) == before


def test_nbconvert_finds_it_by_name() -> None:
    from nbconvert.exporters import get_exporter

    assert get_exporter("kejistats") is KejistatsExporter


def test_the_page_written_by_a_batch_is_the_exporters(
    exporter: KejistatsExporter, made: Any, tmp_path: Path
) -> None:
    job = next(j for j in made.jobs["demo-city"] if j.page in made.pages.values())

    html, resources = exporter.from_filename(str(job.executed))

    assert resources["output_extension"] == ".html"
    assert job.page.read_text(encoding="utf-8") == html
