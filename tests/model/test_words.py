"""The words table: edited texts replace the packaged ones, malformed texts are refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kejistats.model.errors import UsageError
from kejistats.model.paths import packaged
from kejistats.model.registry import read_words


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace without a words.toml."""
    (tmp_path / "schemas" / "indicators").mkdir(parents=True)
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(workspace: Path, text: str) -> None:
    (workspace / "schemas" / "words.toml").write_text(text, encoding="utf-8")


def test_edited_texts_replace_the_packaged_ones(workspace: Path) -> None:
    packaged_words = read_words()
    write(workspace, '[growth]\nup = "同比上升{y}"\n[progress]\ndone = ["√", "完成"]\n')

    words = read_words()

    assert words["growth"]["up"] == "同比上升{y}"
    assert words["progress"]["done"] == ["√", "完成"]
    assert words["growth"]["down"] == packaged_words["growth"]["down"]


@pytest.mark.parametrize(
    ("text", "problem", "remedy"),
    [
        ("[growth]\nup = 同比", "not valid TOML: .*line 2", "fix the line"),
        ('[groth]\nup = "a"', r"unknown section \[groth\]", "'growth'"),
        ('[growth]\nupp = "a"', "unknown key 'upp'", "'up'"),
        (
            '[growth]\nup = "同比增长{x}"',
            "has the unknown placeholder {x}",
            "allowed placeholders: y",
        ),
        ('[growth]\nup = "同比增长{y"', "unknown placeholder", "allowed placeholders: y"),
        ('[progress]\ndone = "完成"', "done must be like", "write a value of this form"),
        ('[progress]\ndone = ["完成"]', "done must be like", "write a value of this form"),
    ],
)
def test_a_malformed_text_is_refused_with_a_remedy(
    workspace: Path, text: str, problem: str, remedy: str
) -> None:
    write(workspace, text)

    with pytest.raises(UsageError, match=problem) as caught:
        read_words()

    assert re.search(remedy, caught.value.remedy)
    assert "words.toml" in caught.value.message


def test_the_packaged_words_read_as_they_are() -> None:
    assert read_words(packaged("schemas/words.toml").parent)["status"]["masked"] == "未公布"
