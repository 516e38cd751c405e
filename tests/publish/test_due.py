"""Which pages are due to a recipient, from the entries of the ledger; and the ledger itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kejistats.model.errors import KejistatsError
from kejistats.publish.due import Due, due
from kejistats.publish.ledger import STATES, Entry, Ledger, open_ledger

PAGES = {"overview": "o1", "900101": "a1"}


def entry(number: int, state: str, **contents: str) -> Entry:
    """Return an entry of the ledger; district codes are passed as keywords like k900101."""
    pages = {key.removeprefix("k"): digest for key, digest in contents.items()}
    return Entry(number, "brief", "2025H1", "a@example.org", "<x>", "s", state, 1, "", "", pages)


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
    assert due(PAGES, entries) == expected


def test_a_correction_is_sent_only_on_request_and_marked_as_one() -> None:
    history = [entry(1, "accepted", overview="o1", k900101="a0")]

    assert due(PAGES, history, corrections=True) == Due(["900101"], True, ["overview"])
    assert due(PAGES, [], corrections=True) == Due(["overview", "900101"], False)


def test_resending_sends_all_pages_and_marks_another_version_as_a_correction() -> None:
    same = [entry(1, "uncertain", overview="o1", k900101="a1")]
    other = [entry(1, "uncertain", overview="o1", k900101="a0")]

    assert due(PAGES, same, resend=True) == Due(["overview", "900101"], False)
    assert due(PAGES, other, resend=True) == Due(["overview", "900101"], True)


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
def test_nothing_that_was_or_may_have_been_accepted_is_sent_again_without_request(
    history: list[tuple[str, dict[str, str]]], corrections: bool
) -> None:
    pages = {"overview": "2", "900101": "2"}
    entries = [
        Entry(n, "brief", "2025H1", "a@example.org", "", "", state, 1, "", "", contents)
        for n, (state, contents) in enumerate(history)
    ]

    result = due(pages, entries, corrections=corrections)

    accepted = {k: d for s, c in history if s == "accepted" for k, d in c.items()}
    assert not any(accepted.get(key) == pages[key] for key in result.send)
    last_uncertain = max((n for n, (s, _) in enumerate(history) if s == "uncertain"), default=-1)
    superseded = any(s == "accepted" for s, _ in history[last_uncertain + 1 :])
    if last_uncertain >= 0 and not superseded:
        assert result.send == []
        assert result.blocked_reason
    if not result.blocked_reason:
        covered = {*result.send, *result.sent, *result.changed}
        assert covered == set(pages)


def test_an_interrupted_run_is_cleaned_up_by_the_next(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    numbers = {
        state: ledger.plan("brief", "2025H1", f"{state}@Example.org", "<x>", "s", {"900101": "a"})
        for state in STATES
    }
    for state, number in numbers.items():
        ledger.set_state(number, state, "250 taken")
    ledger.close()

    again = Ledger(tmp_path / "ledger.sqlite")
    uncertain = [entry.recipient for entry in again.recover()]
    states = {entry.recipient: entry.state for entry in again.entries("2025H1")}
    again.close()

    assert uncertain == ["handed@example.org"]
    assert states == {
        f"{state}@example.org": {"handed": "uncertain"}.get(state, state)
        for state in STATES
        if state != "planned"
    }


def test_two_runs_at_once_are_refused(tmp_path: Path) -> None:
    with (
        open_ledger(tmp_path),
        pytest.raises(KejistatsError, match="another run"),
        open_ledger(tmp_path),
    ):
        pass


@pytest.mark.parametrize(
    ("spoil", "wrong"),
    [
        (lambda file: file.write_bytes(b"no database" * 100), "is not a mail ledger"),
        (lambda file: _set_version(file, 9), "has format 9"),
    ],
)
def test_a_damaged_ledger_is_reported(
    tmp_path: Path, spoil: Callable[[Path], None], wrong: str
) -> None:
    file = tmp_path / "ledger.sqlite"
    spoil(file)

    with pytest.raises(KejistatsError, match=wrong):
        Ledger(file)


def _set_version(file: Path, number: int) -> None:
    import sqlite3

    database = sqlite3.connect(file)
    database.execute(f"PRAGMA user_version = {number}")
    database.close()
