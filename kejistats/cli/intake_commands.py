"""Commands for what districts send: ``template``, ``check``, ``intake`` and ``status``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kejistats.cli.common import (
    CheckpointOption,
    DatasetArgument,
    JsonOption,
    app,
    console,
    progress,
    show_table,
)
from kejistats.model.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

    from kejistats.dataset import Dataset
    from kejistats.intake import Checked

DiffOption = Annotated[
    bool, typer.Option("--diff", help="Show what the files would change; nothing is stored.")
]
ReportOption = Annotated[
    Path | None,
    typer.Option(
        "--report",
        help="Folder for the findings as findings.html and for copies of the files with the "
        "cells marked, ready to send back.",
    ),
]
_SHOWN = 200  # findings or changes of a file in the terminal


@app.command()
def template(
    dataset: DatasetArgument,
    checkpoint: Annotated[
        str, typer.Option("--checkpoint", "-c", help="2025H1, 2025Q3, 2025M05 or 2025.")
    ],
    district: Annotated[
        list[str] | None, typer.Option("--district", "-d", help="Code or name; may be repeated.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder; default: out/DATASET/CHECKPOINT/forms."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace forms that are filled in, too.")
    ] = False,
) -> None:
    """Write workbooks for districts to fill in, one each and one for all."""
    from kejistats.api import Desk
    from kejistats.forms.template import make_templates
    from kejistats.model.paths import home
    from kejistats.model.period import Checkpoint, this_day

    opened = Desk(dataset)
    at = Checkpoint.parse(checkpoint)
    codes = [opened.district(d) for d in district or []]
    folder = out.resolve() if out else home() / "out" / opened.name / str(at) / "forms"
    made = make_templates(opened, at, codes, folder, this_day(), force=force)
    typer.echo(f"{len(made)} workbooks written to {folder}")


@app.command()
def check(
    dataset: DatasetArgument,
    files: Annotated[list[Path], typer.Argument(help="Files to check.")],
    diff: DiffOption = False,
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check files and show the findings; nothing is stored."""
    from kejistats.api import Desk
    from kejistats.forms.feedback.naming import labels
    from kejistats.intake import check_files

    opened = Desk(dataset)
    paths = _files(opened, files)
    with progress(len(paths), "check", quiet=as_json or len(paths) < 2) as tick:
        checked = check_files(opened, paths, tick)
    changes = [_diff(opened, one) for one in checked] if diff else []
    if report is not None:
        _write_report(opened, checked, report)
    if as_json:
        found = [row for one in checked for row in one.findings.to_dicts()]
        shown: Any = {"findings": found, "changes": changes} if diff else found
        typer.echo(json.dumps(shown, ensure_ascii=False, default=str))
    else:
        names = labels([one.path for one in checked])
        for n, one in enumerate(checked):
            typer.echo(_counts(names[n], one))
            show_findings(one.findings)
            if diff:
                _show_changes(changes[n])
    if any(one.errors for one in checked):
        raise typer.Exit(1)


@app.command()
def intake(
    dataset: DatasetArgument,
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files; default: all of the inbox, by name.")
    ] = None,
    diff: DiffOption = False,
    withdraw: Annotated[
        list[str] | None,
        typer.Option(
            "--withdraw", metavar="ID", help="Take back a whole intake by its id; may be repeated."
        ),
    ] = None,
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check files and append them to the store; a file taken in before changes nothing."""
    from kejistats.api import Desk
    from kejistats.intake import ingest

    opened = Desk(dataset)
    if withdraw:
        if files:
            raise UsageError("--withdraw takes ids, not files", "run intake for the files alone")
        _withdraw(opened, withdraw, as_json=as_json)
        return
    paths = _files(opened, files)
    if diff:
        check(dataset, paths, diff=True, report=report, as_json=as_json)
        return
    with progress(len(paths), "intake", quiet=as_json) as tick:
        results = ingest(opened, paths, tick)
    checked = [one.checked for one in results if one.checked]
    if report is not None:
        _write_report(opened, checked, report)
    if as_json:
        shown = [
            {
                "file": one.path.name,
                "receipt": one.receipt,
                "findings": one.checked.findings.to_dicts() if one.checked else [],
            }
            for one in results
        ]
        typer.echo(json.dumps(shown, ensure_ascii=False))
    else:
        for one in results:
            if one.receipt:
                typer.echo(
                    "{id} {file}: {rows} rows, {accepted} taken in, {unchanged} unchanged, "
                    "{errors} errors, {warnings} warnings".format(**one.receipt)
                )
            if one.checked:
                show_findings(one.checked.findings)
        known = sum(one.receipt is None for one in results)
        if known:
            typer.echo(f"{known} of {len(results)} files had been taken in before: nothing changed")
    if any(one.errors for one in checked):
        raise typer.Exit(1)


def _withdraw(dataset: Dataset, ids: Sequence[str], *, as_json: bool) -> None:
    from kejistats.intake import withdraw
    from kejistats.intake.repeats import to_read_again
    from kejistats.store import Store

    receipts = withdraw(dataset, ids).to_dicts()
    store = Store(dataset.path / "store")
    leaning = to_read_again(store.receipts(), store.active())["file"].to_list()
    if as_json:
        typer.echo(json.dumps(receipts, ensure_ascii=False))
        return
    for one in receipts:
        typer.echo(
            f"{one['id']}: {one['withdraws']} {one['file']} taken back, "
            f"{one['accepted']} rows no longer count; nothing was erased"
        )
    if leaning:
        typer.echo(
            f"take in again, for they repeated rows of what was taken back: {', '.join(leaning)}"
        )


@app.command()
def status(
    dataset: DatasetArgument,
    checkpoint: CheckpointOption = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the status as .html.")
    ] = None,
    receipts: Annotated[
        bool, typer.Option("--receipts", help="List all intakes instead, latest last.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show who has reported what, who is late, coverage by domain and open findings."""
    from kejistats.api import Desk
    from kejistats.forms.feedback import names_of, status_page, status_tables
    from kejistats.model.period import Checkpoint, this_day
    from kejistats.status import reporting_status

    opened = Desk(dataset)
    if receipts:
        _show_receipts(opened, as_json=as_json)
        return
    # A checkpoint of which nothing has come in yet has a status too: all are awaited.
    at = Checkpoint.parse(checkpoint) if checkpoint else opened.checkpoint()
    found = reporting_status(opened, at, this_day())
    if output is not None:
        if output.suffix.lower() != ".html" or not output.parent.is_dir():
            raise UsageError(f"cannot write {output}", "name an .html file in a folder there is")
        page = status_page(
            opened.settings.title, found, sample=opened.settings.sample, names=names_of(opened)
        )
        output.write_text(page, encoding="utf-8", newline="\n")
        typer.echo(f"status of {at} written to {output}")
    elif as_json:
        tables = ("districts", "coverage", "findings")
        shown = {"checkpoint": str(at), "due": found.due, "today": found.today} | {
            name: getattr(found, name).to_dicts() for name in tables
        }
        typer.echo(json.dumps(shown, ensure_ascii=False, default=str))
    else:
        terminal = console()
        for table in status_tables(found, names_of(opened)):
            terminal.print(table)


def _show_receipts(dataset: Dataset, *, as_json: bool) -> None:
    from kejistats.store import Store

    table = Store(dataset.path / "store").receipts()
    if as_json:
        typer.echo(table.write_json())
        return
    columns = [
        "id",
        "action",
        "withdraws",
        "file",
        "rows",
        "accepted",
        "errors",
        "warnings",
        "created_at",
    ]
    show_table(table, columns)


def _files(dataset: Dataset, files: list[Path] | None) -> list[Path]:
    from kejistats.intake import inbox_files
    from kejistats.reading import SUFFIXES

    if not files:
        found = inbox_files(dataset)
        if not found:
            raise UsageError(
                f"{dataset.path / 'inbox'} is empty", f"put {', '.join(SUFFIXES)} files there"
            )
        return found
    return [_received(dataset, file) for file in files]


def _received(dataset: Dataset, file: Path) -> Path:
    """Return a file named on the command line: as the shell sees it, else from the root or inbox."""
    from kejistats.model.paths import resolve

    places = (file, resolve(file), dataset.path / "inbox" / file)
    return next((place for place in places if place.is_file()), file)


def _counts(name: str, one: Checked) -> str:
    skipped = f", {one.skipped} rows of notes and totals left out" if one.skipped else ""
    return f"{name}: {one.rows} rows, {one.findings.height} findings{skipped}"


def show_findings(findings: pl.DataFrame) -> None:
    """Print the first findings, in the words of the receiver."""
    from kejistats.forms.feedback.visible_text import weight

    for row in findings.head(_SHOWN).iter_rows(named=True):
        sheet = f"#{row['sheet']}" if row["sheet"] else ""
        typer.echo(
            f"  {weight(row['severity'])} {row['file']}{sheet} {row['cell']}：{row['wrong']}。{row['right']}"
        )
    if findings.height > _SHOWN:
        typer.echo(f"  … {findings.height - _SHOWN} more; --report DIR or --json shows all")


def _diff(dataset: Dataset, one: Checked) -> list[dict[str, Any]]:
    from kejistats.intake import diff

    return diff(dataset, one).to_dicts()


def _show_changes(changes: list[dict[str, Any]]) -> None:
    tally: dict[str, int] = {}
    for change in changes:
        tally[change["change"]] = tally.get(change["change"], 0) + 1
    typer.echo("  changes: " + (", ".join(f"{n} {word}" for word, n in tally.items()) or "none"))
    shown = [c for c in changes if c["change"] in ("corrected", "withdrawn", "superseded")]
    for change in shown[:_SHOWN]:
        key = " ".join(str(v) for v in list(change.values())[:5] if v not in ("", None))
        typer.echo(f"  {change['change']} {key}: {change['before']} → {change['after']}")


def _write_report(dataset: Dataset, checked: Sequence[Checked], folder: Path) -> None:
    from kejistats.forms.feedback import write_report

    for message in write_report(dataset, checked, folder):
        typer.echo(message, err=True)
    typer.echo(f"findings written to {folder / 'findings.html'}", err=True)
