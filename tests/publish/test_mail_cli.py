"""Finalise and mail from the command line: no drafts, marked corrections, no message twice."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kejistats.brief import Bundle
from kejistats.dataset import Dataset
from kejistats.intake import ingest
from kejistats.model import logs
from kejistats.model.errors import KejistatsError, UsageError
from kejistats.model.tables.metric import PEER_COLUMNS, Metric
from kejistats.publish.documents import PageFiles, read_document
from kejistats.publish.finalise import finalise, stale_pages
from kejistats.publish.mail_settings import MailSettings, read_password
from kejistats.release import OVERVIEW, read_record, record_path
from kejistats.run.planning import output_folder
from tests.cli.factory import CommandResult, RunCommand, assert_usage_error
from tests.factory import COUNT, ROOT, write_csv
from tests.publish.factory import (
    AT,
    DISTRICTS,
    PASSWORD,
    MailServer,
    crowd,
    make_pages,
    point_to,
    read_message,
    write_recipients,
)

MAIL = ("mail", "data/demo-city", "-c", "2025H1")
SMALL = ("mail", "city", "-c", "2025H1")
WHY = "专利授权量由11件更正为12件。"
LATER = datetime(2025, 7, 28, 2, 0, tzinfo=UTC)


@dataclass
class City:
    """A copy of a finalised city that a test may change."""

    root: Path
    path: str = "data/demo-city"

    @property
    def dataset(self) -> Dataset:
        return Dataset(self.root / self.path)

    @property
    def out(self) -> Path:
        return output_folder(self.dataset, AT, self.root / "out")

    def make(self) -> None:
        make_pages(self.dataset, self.root / "out")

    def correct(self) -> None:
        """Ingest a corrected figure of the first district."""
        file = self.dataset.path / "inbox" / "2025H1-09-更正.csv"
        row = {"district": "900101", "indicator": COUNT, "checkpoint": "2025H1", "value": "12"}
        ingest(self.dataset, [write_csv(file, [row])])

    def finalise(self, correction: str = "") -> list[str]:
        record, changed = finalise(
            self.dataset, AT, self.make, self.root / "out", correction, now=LATER
        )
        assert record == read_record(self.dataset.path, AT)
        return changed

    def outbox(self) -> list[str]:
        return sorted(f.name for f in (self.out / "mail").glob("*.eml"))


@pytest.fixture
def city(final_city: Path, tmp_path: Path) -> City:
    """The demo city."""
    root = tmp_path / "workspace"
    for name in ("schemas", "notebooks", "data", "out"):
        shutil.copytree(final_city / name, root / name)
    return City(root)


@pytest.fixture
def small(small_final: Path, tmp_path: Path) -> City:
    """A city of two districts, whose pages are made quickly."""
    return City(shutil.copytree(small_final, tmp_path / "small"), "city")


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEJISTATS_SMTP_PASSWORD", PASSWORD)


def report(ended: CommandResult) -> dict[str, str]:
    """Return the state of each recipient in the report of a run."""
    return {row["address"]: row["state"] for row in json.loads(ended.out)["recipients"]}


# ---- 定稿 -------------------------------------------------------------------------------


def test_final_pages_are_recorded_and_have_no_draft_mark(city: City) -> None:
    record = read_record(city.dataset.path, AT)
    page = (city.out / "900101-2025H1.html").read_text("utf-8")
    bundle = Bundle.read(city.out / "work" / "900101-2025H1.json")

    assert "初稿" not in page
    assert bundle.content["final"] is True
    assert record.is_released("900101", bundle.content)
    assert set(record.outputs) == {OVERVIEW, *(f"9001{n:02d}" for n in range(1, 13)), "900151"}
    release = record.outputs["900101"]
    assert (release.version, release.released_at) == (1, "2025-07-20T01:30:00+00:00")
    assert set(release.files) == {"html", "json", "ipynb"}
    assert {"dataset.toml", "districts.csv"} < set(record.inputs)
    assert any(key.startswith("000001-") for key in record.inputs)


def test_finalising_again_changes_nothing(small: City) -> None:
    before = record_path(small.dataset.path, AT).read_bytes()

    assert finalise(small.dataset, AT, _must_not_be_called, small.root / "out") == (
        read_record(small.dataset.path, AT),
        [],
    )
    assert record_path(small.dataset.path, AT).read_bytes() == before


def _must_not_be_called() -> None:
    raise AssertionError("no page needs to be made")


def test_deleted_outputs_are_made_again_as_they_were(small: City) -> None:
    before = record_path(small.dataset.path, AT).read_bytes()
    shutil.rmtree(small.root / "out")

    assert small.finalise() == []
    assert record_path(small.dataset.path, AT).read_bytes() == before


def test_changed_data_make_drafts_again_and_need_a_correction(small: City) -> None:
    record = read_record(small.dataset.path, AT)
    small.correct()
    changed = stale_pages(small.dataset, AT, record)
    small.make()

    page = (small.out / "900101-2025H1.html").read_text("utf-8")
    with pytest.raises(UsageError, match=r"final pages of 2025H1 would change: .*900101"):
        small.finalise()

    assert OVERVIEW in changed
    assert "900101" in changed
    assert '<p class="draft"><strong>初稿</strong>' in page

    corrected = small.finalise(WHY.rstrip("。"))

    assert set(corrected) == set(changed)
    again = read_record(small.dataset.path, AT)
    assert (again.outputs["900101"].version, again.outputs["900101"].correction) == (2, WHY)
    assert again.earlier["900101"] == [record.outputs["900101"]]
    # The correction is stated where its figure is shown: on the district's page and the overview.
    assert again.outputs[OVERVIEW].correction == WHY
    assert again.outputs["900102"].correction == "其他地区的数据有更正，位次、占比等相应变动。"
    assert "初稿" not in (small.out / "900101-2025H1.html").read_text("utf-8")


def test_the_columns_that_depend_on_other_districts_exist() -> None:
    assert set(Metric.columns()) > PEER_COLUMNS


def test_the_command_makes_the_pages_again_without_the_mark(run: RunCommand, small: City) -> None:
    record_path(small.dataset.path, AT).unlink()
    small.make()
    page = small.out / "900101-2025H1.html"
    before = page.read_text("utf-8")

    ended = run(small.root, "finalise", "city", "-c", "2025H1", "-j", "1")
    again = run(small.root, "finalise", "city", "-c", "2025H1", "-j", "1")
    mailed = run(small.root, *SMALL, "--json")

    assert (ended.code, again.code, mailed.code) == (0, 0, 2), ended.err
    assert "3 of 3 pages of 2025H1 made final" in ended.out
    assert "0 of 3 pages of 2025H1 made final" in again.out
    assert "recipients.csv is missing" in mailed.err
    assert "<strong>初稿</strong>" in before
    assert "<strong>初稿</strong>" not in page.read_text("utf-8")


def test_only_reviewed_pages_can_be_finalised(small: City) -> None:
    small.correct()

    with pytest.raises(UsageError, match="does not show the current data"):
        small.finalise(WHY)

    shutil.rmtree(small.root / "out")
    with pytest.raises(UsageError, match=r"there is no draft of .* that could have been reviewed"):
        small.finalise(WHY)


def test_a_city_with_a_former_district_can_be_finalised(run: RunCommand, small: City) -> None:
    record_path(small.dataset.path, AT).unlink()
    file = small.dataset.path / "districts.csv"
    head, *rows = file.read_text("utf-8").splitlines()
    gone = "900103,旧区,900100,,2020-12-31"
    file.write_text("\n".join([f"{head},valid_to", *(f"{r}," for r in rows), gone, ""]), "utf-8")
    small.make()

    ended = run(small.root, "finalise", "city", "-c", "2025H1", "-j", "1")

    assert ended.code == 0, ended.err
    assert "3 of 3 pages of 2025H1 made final" in ended.out
    assert all(release.files for release in read_record(small.dataset.path, AT).outputs.values())


def test_changed_words_are_noticed(small: City) -> None:
    record = read_record(small.dataset.path, AT)
    # A folder with both is a workspace, whose words take precedence.
    for name in ("schemas", "notebooks"):
        shutil.copytree(ROOT / name, small.root / name)
    assert stale_pages(small.dataset, AT, record) == []
    words = small.root / "schemas" / "words.toml"
    words.write_text(words.read_text("utf-8").replace('"预计数"', '"预测数"'), "utf-8")

    assert set(stale_pages(small.dataset, AT, record)) == set(record.outputs)


@pytest.mark.parametrize("suffix", ["html", "json", "ipynb"])
def test_a_file_that_was_changed_since_is_not_sent(small: City, suffix: str) -> None:
    files = PageFiles(small.out, "900101", AT)
    file = files.path(suffix)
    file.write_bytes(file.read_bytes() + b" ")
    release = read_record(small.dataset.path, AT).outputs["900101"]

    with pytest.raises(KejistatsError, match="is not the file that was finalised"):
        read_document(files, release)


def test_a_pdf_of_the_draft_is_never_final(small: City) -> None:
    stale_pdf, fresh = (PageFiles(small.out, key, AT).path("pdf") for key in ("900101", "900102"))
    stale_pdf.write_bytes(b"%PDF-draft")
    fresh.write_bytes(b"%PDF-final")
    import os

    os.utime(stale_pdf, (1, 1))

    small.finalise()

    record = read_record(small.dataset.path, AT)
    assert "pdf" not in record.outputs["900101"].files
    assert "pdf" in record.outputs["900102"].files
    document = read_document(
        PageFiles(small.out, "900102", AT), record.outputs["900102"], ("html", "pdf")
    )
    assert [name for name, _ in document.files] == ["900102-2025H1.html", "900102-2025H1.pdf"]


@pytest.mark.parametrize("text", ["", "{}", '{"format": 9}', '{"format": 2, "x": 1}', "[]"])
def test_a_damaged_record_is_reported(small: City, text: str) -> None:
    record_path(small.dataset.path, AT).write_text(text, "utf-8")

    with pytest.raises(KejistatsError, match="is not a valid record of final briefs"):
        read_record(small.dataset.path, AT)


# ---- the outbox ---------------------------------------------------------------------------


def test_nothing_leaves_without_send(run: RunCommand, city: City) -> None:
    ended = run(city.root, *MAIL)

    assert ended.code == 0, ended.err
    assert "4 waiting; nothing was sent; open" in ended.out
    assert city.outbox() == [
        "leader@bureau.example.org.eml",
        "liaison-900101@districts.example.org.eml",
        "liaison-900106@districts.example.org.eml",
        "planning@bureau.example.org.eml",
    ]
    index = (city.out / "mail" / "index.html").read_text("utf-8")
    assert "收件人4人：待发4人。" in index
    assert "没有收件人" not in index
    message = read_message((city.out / "mail" / city.outbox()[2]).read_bytes())
    assert [p.get_filename() for p in message.iter_attachments()] == [
        "900106-2025H1.html", "900151-2025H1.html",
    ]  # fmt: skip


def test_the_outbox_contains_only_what_this_run_would_send(run: RunCommand, city: City) -> None:
    run(city.root, *MAIL)

    ended = run(city.root, *MAIL, "--only", "Leader@bureau.example.org")

    assert ended.code == 0
    assert city.outbox() == ["leader@bureau.example.org.eml"]


def test_a_page_without_a_recipient_is_reported(run: RunCommand, city: City) -> None:
    write_recipients(city.dataset.path, {"address": "a@example.org", "districts": "900101"})

    ended = run(city.root, *MAIL)

    assert "没有收件人的简报：总览、清禾区、" in ended.err
    assert "没有收件人的简报" in (city.out / "mail" / "index.html").read_text("utf-8")


def test_drafts_are_not_mailed(run: RunCommand, small: City) -> None:
    record_path(small.dataset.path, AT).unlink()

    assert_usage_error(run(small.root, *SMALL), "no page of 2025H1 is final", "kejistats finalise")


def test_data_changed_since_are_not_mailed(run: RunCommand, small: City) -> None:
    write_recipients(small.dataset.path, {"address": "a@example.org", "districts": "*"})
    small.correct()

    ended = run(small.root, *SMALL)

    assert ended.code == 1
    assert "have changed since they were recorded: " in ended.err
    assert small.outbox() == []


@pytest.mark.parametrize(
    ("row", "parts"),
    [
        ({"address": "a@example.com"}, ("不在允许的收件域内",)),
        ({"name": "=1+1"}, ("以公式符号开头",)),
        ({"districts": "900199"}, ("没有地区900199",)),
    ],
)
def test_a_faulty_list_is_refused_completely(
    run: RunCommand,
    city: City,
    row: dict[str, str],
    parts: tuple[str, ...],
) -> None:
    write_recipients(
        city.dataset.path, {"address": "b@example.org"}, {"address": "a@example.org"} | row
    )

    ended = run(city.root, *MAIL)

    assert ended.code == 2
    assert all(part in ended.out for part in parts)
    assert "1 faults; nothing was written or sent" in ended.err
    assert city.outbox() == []


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("--only", "ledaer@bureau.example.org"), ("did you mean leader@bureau.example.org",)),
        (("--to-me", "me@example.com"), ("--to-me me@example.com", "example.org")),
        (("--to-me", "me"), ("--to-me me is not an address",)),
        (("--attach", "odt"), ("unknown format odt", "html, pdf, docx")),
        (("--resend", "nobody@example.org"), ("nobody@example.org is not in recipients.csv",)),
    ],
)
def test_wrong_use_is_reported(
    run: RunCommand,
    city: City,
    arguments: tuple[str, ...],
    parts: tuple[str, ...],
) -> None:
    assert_usage_error(run(city.root, *MAIL, *arguments), *parts)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('[mail]\npassword = "x"\n', ("passwords must not be stored in this file", "KEJISTATS_SMTP")),
        ('[mail]\nhots = "x"\n', ("unknown key 'hots' in [mail]", "host")),
        ('[mail]\nsecurity = "none"\n', ("security must be one of: starttls, tls",)),
        ('[mail]\nport = "25"\n', ("[mail] port must be a whole number",)),
        ("[mail]\nrate = 0\n", ("[mail] rate must be above 0",)),
        ('[mail]\ndomains = "example.org"\n', ("[mail] domains must be a list of strings",)),
        ("", ("[mail] host is missing",)),
        ('[mail]\nhost = "localhost"\n', ("[mail] domains is missing",)),
        ('[mail]\nhost = "localhost"\ndomains = ["example.org"]\nuser = "a"\n',
         ("no password for a at localhost", "KEJISTATS_SMTP_PASSWORD")),
    ],
)  # fmt: skip
def test_wrong_settings_are_reported_before_anything_is_written(
    run: RunCommand,
    small: City,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    parts: tuple[str, ...],
) -> None:
    monkeypatch.delenv("KEJISTATS_SMTP_PASSWORD")
    write_recipients(small.dataset.path, {"address": "a@example.org"})
    write_settings(small, text)

    assert_usage_error(run(small.root, *SMALL, "--send"), *parts)

    assert small.outbox() == []


def test_mail_settings_do_not_affect_pages(small: City) -> None:
    record = read_record(small.dataset.path, AT)
    write_settings(small, '[mail]\nhost = "localhost"\n')

    assert stale_pages(small.dataset, AT, record) == []


def write_settings(city: City, text: str) -> None:
    """Replace the mail settings of a data set."""
    file = city.dataset.path / "dataset.toml"
    file.write_text(file.read_text("utf-8").partition("[mail]")[0] + text, "utf-8")


class Keyring:
    """A system keyring with one password, or one that fails."""

    def __init__(self, password: str | None) -> None:
        self.password = password

    def get_password(self, service: str, name: str) -> str | None:
        if self.password == "locked":
            raise RuntimeError("example-8f3a")
        return (
            self.password if (service, name) == ("kejistats", "tongji@smtp.example.org") else None
        )


@pytest.mark.parametrize(
    ("ring", "variable", "wrong"),
    [
        ("known", "", ""),
        (None, "known", ""),
        (None, "", "no password for tongji"),
        ("locked", "", "keyring cannot be read: RuntimeError"),
        ("口令", "", "contains non-ASCII characters"),
        (None, "口令", "contains non-ASCII characters"),
    ],
)
def test_the_password_comes_from_the_environment_or_the_keyring(
    monkeypatch: pytest.MonkeyPatch, ring: str | None, variable: str, wrong: str
) -> None:
    monkeypatch.setenv("KEJISTATS_SMTP_PASSWORD", variable)
    monkeypatch.setitem(sys.modules, "keyring", Keyring(ring))
    mail = MailSettings(host="smtp.example.org", user="tongji")

    if not wrong:
        assert read_password(mail) == "known"
        assert "known" in logs._secrets
        logs._secrets.clear()
        return
    with pytest.raises(UsageError, match=wrong) as caught:
        read_password(mail)

    assert "口令" not in str(caught.value)
    assert "8f3a" not in str(caught.value)


# ---- sending ------------------------------------------------------------------------------


def test_each_recipient_gets_their_pages_once_and_a_second_run_sends_nothing(
    run: RunCommand,
    city: City,
    server: MailServer,
) -> None:
    server.forget()
    point_to(city.dataset.path, server)

    first = run(city.root, *MAIL, "--send", "--json")
    written = {
        row["to"]: (city.out / "mail" / f"{row['to']}.eml").read_bytes()
        for row in server.accepted()
    }
    second = run(city.root, *MAIL, "--send", "--json")

    assert first.code == second.code == 0, first.err
    assert set(report(first).values()) == {"accepted"}
    assert set(report(second).values()) == {"sent"}
    assert len(server.accepted()) == len(written) == 4
    assert {row["to"]: server.raw(row) for row in server.accepted()} == written
    assert PASSWORD not in first.out + first.err + second.out + second.err
    files = [f for f in city.root.rglob("*") if f.is_file() and f.name != "dataset.toml"]
    assert not any(PASSWORD.encode() in f.read_bytes() for f in files)


def test_only_a_new_recipient_and_a_new_page_of_an_earlier_one_are_sent(
    run: RunCommand,
    city: City,
    server: MailServer,
) -> None:
    server.forget()
    point_to(city.dataset.path, server)
    first, second = ({"address": f"{name}@example.org"} for name in "ab")
    write_recipients(city.dataset.path, first)
    run(city.root, *MAIL, "--send")
    write_recipients(city.dataset.path, first | {"districts": "900101;900102"}, second)

    ended = run(city.root, *MAIL, "--send", "--json")

    assert report(ended) == {"a@example.org": "accepted", "b@example.org": "accepted"}
    assert server.addresses() == ["a@example.org", "a@example.org", "b@example.org"]
    subjects = [read_message(server.raw(row))["Subject"] for row in server.accepted()]
    assert [s[:3] for s in subjects] == ["朝岚区", "清禾区", "朝岚区"]


def test_a_correction_is_sent_only_on_request_and_is_marked_as_one(
    run: RunCommand,
    small: City,
    server: MailServer,
) -> None:
    server.forget()
    point_to(small.dataset.path, server)
    write_recipients(
        small.dataset.path,
        {"address": "a@example.org"},
        {"address": "b@example.org", "districts": "900102"},
    )
    run(small.root, *SMALL, "--send")
    small.correct()
    small.make()
    small.finalise(WHY)

    waiting = run(small.root, *SMALL, "--send", "--json")
    corrected = run(small.root, *SMALL, "--send", "--corrections", "--json")
    after = run(small.root, *SMALL, "--send", "--corrections", "--json")

    assert waiting.code == 1
    assert report(waiting)["a@example.org"] == "changed"
    assert corrected.code == 0
    assert report(corrected)["a@example.org"] == "accepted"
    assert set(report(after).values()) == {"sent"}
    last = read_message(
        server.raw([r for r in server.accepted() if r["to"] == "a@example.org"][-1])
    )
    assert last["Subject"].startswith("更正：第1区")
    assert WHY in last.get_body(("plain",)).get_content()
    assert server.addresses().count("a@example.org") == 2


def test_a_rehearsal_goes_to_one_address_and_counts_for_nobody(
    run: RunCommand,
    city: City,
    server: MailServer,
) -> None:
    server.forget()
    point_to(city.dataset.path, server)

    rehearsal = run(city.root, *MAIL, "--to-me", "me@example.org", "--send")
    real = run(city.root, *MAIL, "--send", "--json")

    assert rehearsal.code == real.code == 0
    assert server.addresses()[:4] == ["me@example.org"] * 4
    assert "me@example.org" not in server.addresses()[4:]
    assert set(report(real).values()) == {"accepted"}


def test_faults_are_reported_by_recipient_and_set_the_exit_code(
    run: RunCommand,
    city: City,
    server: MailServer,
) -> None:
    server.forget()
    point_to(city.dataset.path, server, attempts=2, timeout=0.5)
    faults = {"unknown": "refused", "full": "deferred", "silent": "uncertain", "fine": "accepted"}
    write_recipients(city.dataset.path, *(crowd(1, f)[0] for f in faults))

    first = run(city.root, *MAIL, "--send", "--json")
    second = run(city.root, *MAIL, "--send", "--json")

    assert first.code == second.code == 1
    states = {address.partition(".")[0]: state for address, state in report(first).items()}
    assert states == faults
    states = {address.partition(".")[0]: state for address, state in report(second).items()}
    assert states == faults | {"fine": "sent"}
    assert server.addresses() == [f"{name}.r001@{DISTRICTS}" for name in ("silent", "fine")]
    index = (city.out / "mail" / "index.html").read_text("utf-8")
    assert "不确定，未经确认不再发送" in index
    assert "被拒收" in index


def test_a_server_that_is_down_loses_nothing(
    run: RunCommand, city: City, server: MailServer
) -> None:
    server.forget()
    point_to(city.dataset.path, server, port=1, attempts=1)
    down = run(city.root, *MAIL, "--send")
    point_to(city.dataset.path, server)

    up = run(city.root, *MAIL, "--send", "--json")

    assert down.code == 1
    assert "cannot be reached" in down.err
    assert "4 planned" in down.out
    assert set(report(up).values()) == {"accepted"}
    assert len(server.accepted()) == 4


# ---- 催报 -------------------------------------------------------------------------------


def test_reminders_go_to_the_contacts_of_late_districts_once_a_day(
    run: RunCommand,
    city: City,
    server: MailServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.forget()
    point_to(city.dataset.path, server)
    write_recipients(
        city.dataset.path,
        {"address": "a@example.org", "districts": "900101"},
        {"address": "b@example.org", "districts": "900101;900102"},
        {"address": "chief@example.org", "districts": "900101", "role": "leader"},
        {"address": "all@example.org", "districts": "*"},
    )
    command = ("remind", "data/demo-city", "-c", "2026H1", "--send", "--json")
    monkeypatch.setattr(
        "kejistats.model.period.local_today", lambda: datetime(2026, 8, 3, tzinfo=UTC).date()
    )

    first = run(city.root, *command)
    second = run(city.root, *command)
    monkeypatch.setattr(
        "kejistats.model.period.local_today", lambda: datetime(2026, 8, 4, tzinfo=UTC).date()
    )
    next_day = run(city.root, *command)

    assert first.code == second.code == next_day.code == 0, first.err
    assert set(report(second).values()) == {"sent"}
    assert server.addresses() == ["a@example.org", "b@example.org"] * 2
    message = read_message(server.raw(server.accepted()[1]))
    assert message["Subject"] == "催报：示例市2026年上半年科技指标（朝岚区、清禾区）（示例数据）"
    text = message.get_body(("plain",)).get_content()
    assert "朝岚区：" in text
    assert "应于2026年7月31日前报送，截至2026年8月3日，以下指标尚未收到" in text
    assert "未报送而没有联络员的地区：望岳区、" in json.loads(first.out)["notes"][0]


def test_nobody_is_reminded_of_reported_figures(run: RunCommand, city: City) -> None:
    write_recipients(city.dataset.path, {"address": "a@example.org", "districts": "900101"})

    ended = run(city.root, "remind", "data/demo-city", "-c", "2025H1", "--json")

    assert json.loads(ended.out)["recipients"] == []
