"""What is due: by the ledger's entries alone, whatever order they came in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kejistats.model.errors import KejistatsError
from kejistats.publish.due import Due, due
from kejistats.publish.ledger import STATES, Entry, Ledger, opened

WANTED = {"overview": "o1", "900101": "a1"}


def entry(number: int, state: str, **contents: str) -> Entry:
    """An entry of the ledger; keys are written k900101."""
    held = {key.removeprefix("k"): digest for key, digest in contents.items()}
    return Entry(number, "brief", "2025H1", "a@example.org", "<x>", "s", state, 1, "", "", held)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], Due(["overview", "900101"])),
        ([entry(1, "deferred", overview="o1", k900101="a1")], Due(["overview", "900101"])),
        ([entry(1, "accepted", overview="o1", k900101="a1")], Due(sent=["overview", "900101"])),
        ([entry(1, "accepted", k900101="a1")], Due(["overview"], sent=["900101"])),
        ([entry(1, "accepted", overview="o1", k900101="a0")],
         Due(sent=["overview"], changed=["900101"])),
        ([entry(1, "uncertain", overview="o1", k900101="a1")], Due(blocked_reason="uncertain")),
        ([entry(1, "refused", overview="o1", k900101="a1")], Due(blocked_reason="refused")),
        ([entry(1, "uncertain", overview="o1", k900101="a1"),
          entry(2, "accepted", overview="o1", k900101="a1")], Due(sent=["overview", "900101"])),
        ([entry(1, "accepted", k900101="a1"), entry(2, "uncertain", overview="o1")],
         Due(sent=["900101"], blocked_reason="uncertain")),
    ],
)  # fmt: skip
def test_what_is_due(entries: list[Entry], expected: Due) -> None:
    assert due(WANTED, entries) == expected


def test_a_correction_goes_out_when_asked_for_and_says_so() -> None:
    had = [entry(1, "accepted", overview="o1", k900101="a0")]

    assert due(WANTED, had, corrections=True) == Due(["900101"], True, ["overview"])
    assert due(WANTED, [], corrections=True) == Due(["overview", "900101"], False)


def test_sending_again_sends_all_and_says_when_it_is_another_version() -> None:
    same = [entry(1, "uncertain", overview="o1", k900101="a1")]
    other = [entry(1, "uncertain", overview="o1", k900101="a0")]

    assert due(WANTED, same, resend=True) == Due(["overview", "900101"], False)
    assert due(WANTED, other, resend=True) == Due(["overview", "900101"], True)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(STATES),
            st.dictionaries(st.sampled_from(["overview", "900101"]), st.sampled_from(["1", "2"])),
        ),
        max_size=5,
    ),
    st.booleans(),
)
def test_nothing_that_was_accepted_or_may_have_been_is_sent_unasked(
    history: list[tuple[str, dict[str, str]]], corrections: bool
) -> None:
    wanted = {"overview": "2", "900101": "2"}
    entries = [
        Entry(n, "brief", "2025H1", "a@example.org", "", "", state, 1, "", "", contents)
        for n, (state, contents) in enumerate(history)
    ]

    found = due(wanted, entries, corrections=corrections)

    last = {k: d for s, c in history if s == "accepted" for k, d in c.items()}
    assert not any(last.get(key) == wanted[key] for key in found.send)
    open_doubt = max((n for n, (s, _) in enumerate(history) if s == "uncertain"), default=-1)
    settled = any(s == "accepted" for s, _ in history[open_doubt + 1 :])
    if open_doubt >= 0 and not settled:
        assert found.send == []
        assert found.blocked_reason
    if not found.blocked_reason:
        covered = {*found.send, *found.sent, *found.changed}
        assert covered == set(wanted)


def test_an_interrupted_run_is_settled_by_the_next(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    numbers = {
        state: ledger.plan("brief", "2025H1", f"{state}@Example.org", "<x>", "s", {"900101": "a"})
        for state in STATES
    }
    for state, number in numbers.items():
        ledger.write(number, state, "250 taken")
    ledger.close()

    again = Ledger(tmp_path / "ledger.sqlite")
    uncertain = [entry.recipient for entry in again.recover()]
    found = {entry.recipient: entry.state for entry in again.entries("2025H1")}
    again.close()

    assert uncertain == ["handed@example.org"]
    assert found == {
        f"{state}@example.org": {"handed": "uncertain"}.get(state, state)
        for state in STATES
        if state != "planned"
    }


def test_two_runs_at_once_are_refused(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(KejistatsError, match="another run"), opened(tmp_path):
        pass


@pytest.mark.parametrize(
    ("spoil", "wrong"),
    [
        (lambda file: file.write_bytes(b"no database" * 100), "is no ledger"),
        (lambda file: _version(file, 9), "has format 9"),
    ],
)
def test_a_broken_ledger_is_told(tmp_path: Path, spoil: Callable[[Path], None], wrong: str) -> None:
    file = tmp_path / "ledger.sqlite"
    spoil(file)

    with pytest.raises(KejistatsError, match=wrong):
        Ledger(file)


def _version(file: Path, number: int) -> None:
    import sqlite3

    database = sqlite3.connect(file)
    database.execute(f"PRAGMA user_version = {number}")
    database.close()
