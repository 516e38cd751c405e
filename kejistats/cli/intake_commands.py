"""Commands for districts' reports: ``template``, ``check``, ``intake`` and ``status``."""

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
        help="Folder for findings.html and for copies of the files with the faulty cells marked, "
        "ready to send back.",
    ),
]
_MAX_SHOWN = 200  # findings or changes of one file printed in the terminal


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
        bool, typer.Option("--force", help="Also replace forms that have been filled in.")
    ] = False,
) -> None:
    """Write the workbooks that districts fill in: one per district and one for all."""
    from kejistats.api import Desk
    from kejistats.forms.template import make_templates
    from kejistats.model.paths import home
    from kejistats.model.period import Checkpoint, local_today

    desk = Desk(dataset)
    at = Checkpoint.parse(checkpoint)
    codes = [desk.district(d) for d in district or []]
    folder = out.resolve() if out else home() / "out" / desk.name / str(at) / "forms"
    workbooks = make_templates(desk, at, codes, folder, local_today(), force=force)
    typer.echo(f"{len(workbooks)} workbooks written to {folder}")


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
    from kejistats.forms.feedback.naming import file_labels
    from kejistats.intake import check_files

    desk = Desk(dataset)
    paths = _input_files(desk, files)
    with progress(len(paths), "check", quiet=as_json or len(paths) < 2) as tick:
        checked = check_files(desk, paths, tick)
    changes = [_diff(desk, file) for file in checked] if diff else []
    if report is not None:
        _write_report(desk, checked, report)
    if as_json:
        findings = [row for file in checked for row in file.findings.to_dicts()]
        document: Any = {"findings": findings, "changes": changes} if diff else findings
        typer.echo(json.dumps(document, ensure_ascii=False, default=str))
    else:
        names = file_labels([file.path for file in checked])
        for n, file in enumerate(checked):
            typer.echo(_summary(names[n], file))
            show_findings(file.findings)
            if diff:
                _show_changes(changes[n])
    if any(file.errors for file in checked):
        raise typer.Exit(1)


@app.command()
def intake(
    dataset: DatasetArgument,
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Files; default: all files of the inbox, in order of name."),
    ] = None,
    diff: DiffOption = False,
    withdraw: Annotated[
        list[str] | None,
        typer.Option(
            "--withdraw", metavar="ID", help="Withdraw a whole intake by its id; may be repeated."
        ),
    ] = None,
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check files and append them to the store; a file ingested before changes nothing."""
    from kejistats.api import Desk
    from kejistats.intake import ingest

    desk = Desk(dataset)
    if withdraw:
        if files:
            raise UsageError(
                "--withdraw takes the ids of intakes, not files",
                "run intake for the files separately",
            )
        _withdraw(desk, withdraw, as_json=as_json)
        return
    paths = _input_files(desk, files)
    if diff:
        check(dataset, paths, diff=True, report=report, as_json=as_json)
        return
    with progress(len(paths), "intake", quiet=as_json) as tick:
        results = ingest(desk, paths, tick)
    checked = [result.checked for result in results if result.checked]
    if report is not None:
        _write_report(desk, checked, report)
    if as_json:
        document = [
            {
                "file": result.path.name,
                "receipt": result.receipt,
                "findings": result.checked.findings.to_dicts() if result.checked else [],
            }
            for result in results
        ]
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        for result in results:
            if result.receipt:
                typer.echo(
                    "{id} {file}: {rows} rows, {accepted} accepted, {unchanged} unchanged, "
                    "{errors} errors, {warnings} warnings".format(**result.receipt)
                )
            if result.checked:
                show_findings(result.checked.findings)
        repeated = sum(result.receipt is None for result in results)
        if repeated:
            typer.echo(f"{repeated} of {len(results)} files were ingested before: nothing changed")
    if any(file.errors for file in checked):
        raise typer.Exit(1)


def _withdraw(dataset: Dataset, ids: Sequence[str], *, as_json: bool) -> None:
    from kejistats.intake import withdraw
    from kejistats.intake.repeats import intakes_to_recheck
    from kejistats.store import Store

    receipts = withdraw(dataset, ids).to_dicts()
    store = Store(dataset.path / "store")
    to_ingest_again = intakes_to_recheck(store.receipts(), store.active())["file"].to_list()
    if as_json:
        typer.echo(json.dumps(receipts, ensure_ascii=False))
        return
    for receipt in receipts:
        typer.echo(
            f"{receipt['id']}: {receipt['withdraws']} {receipt['file']} withdrawn, "
            f"{receipt['accepted']} rows no longer count; nothing was deleted"
        )
    if to_ingest_again:
        typer.echo(
            "ingest again, because they repeat rows of what was withdrawn: "
            f"{', '.join(to_ingest_again)}"
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
    from kejistats.forms.feedback import display_names, status_page, status_tables
    from kejistats.model.period import Checkpoint, local_today
    from kejistats.status import reporting_status

    desk = Desk(dataset)
    if receipts:
        _show_receipts(desk, as_json=as_json)
        return
    # A checkpoint without any figures has a status too: everybody still has to report.
    at = Checkpoint.parse(checkpoint) if checkpoint else desk.checkpoint()
    reporting = reporting_status(desk, at, local_today())
    if output is not None:
        if output.suffix.lower() != ".html" or not output.parent.is_dir():
            raise UsageError(f"cannot write {output}", "name an .html file in an existing folder")
        page = status_page(
            desk.settings.title, reporting, sample=desk.settings.sample, names=display_names(desk)
        )
        output.write_text(page, encoding="utf-8", newline="\n")
        typer.echo(f"status of {at} written to {output}")
    elif as_json:
        tables = ("districts", "coverage", "findings")
        document = {"checkpoint": str(at), "due": reporting.due, "today": reporting.today} | {
            name: getattr(reporting, name).to_dicts() for name in tables
        }
        typer.echo(json.dumps(document, ensure_ascii=False, default=str))
    else:
        terminal = console()
        for table in status_tables(reporting, display_names(desk)):
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


def _input_files(dataset: Dataset, files: list[Path] | None) -> list[Path]:
    from kejistats.intake import inbox_files
    from kejistats.reading import SUFFIXES

    if not files:
        inbox = inbox_files(dataset)
        if not inbox:
            raise UsageError(
                f"{dataset.path / 'inbox'} is empty", f"put {', '.join(SUFFIXES)} files there"
            )
        return inbox
    return [_find_file(dataset, file) for file in files]


def _find_file(dataset: Dataset, file: Path) -> Path:
    """Find a file named by the user: below the current folder, the workspace root or the inbox."""
    from kejistats.model.paths import resolve

    candidates = (file, resolve(file), dataset.path / "inbox" / file)
    return next((path for path in candidates if path.is_file()), file)


def _summary(name: str, checked: Checked) -> str:
    skipped = f", {checked.skipped} rows of notes and totals left out" if checked.skipped else ""
    return f"{name}: {checked.rows} rows, {checked.findings.height} findings{skipped}"


def show_findings(findings: pl.DataFrame) -> None:
    """Print the first findings in Chinese, as the districts get them."""
    from kejistats.forms.feedback.visible_text import severity_word

    for row in findings.head(_MAX_SHOWN).iter_rows(named=True):
        sheet = f"#{row['sheet']}" if row["sheet"] else ""
        typer.echo(
            f"  {severity_word(row['severity'])} {row['file']}{sheet} {row['cell']}：{row['wrong']}。{row['right']}"
        )
    if findings.height > _MAX_SHOWN:
        typer.echo(f"  … {findings.height - _MAX_SHOWN} more; --report DIR or --json shows all")


def _diff(dataset: Dataset, checked: Checked) -> list[dict[str, Any]]:
    from kejistats.intake import diff

    return diff(dataset, checked).to_dicts()


def _show_changes(changes: list[dict[str, Any]]) -> None:
    counts: dict[str, int] = {}
    for change in changes:
        counts[change["change"]] = counts.get(change["change"], 0) + 1
    typer.echo("  changes: " + (", ".join(f"{n} {word}" for word, n in counts.items()) or "none"))
    replaced = [c for c in changes if c["change"] in ("corrected", "withdrawn", "superseded")]
    for change in replaced[:_MAX_SHOWN]:
        key = " ".join(str(v) for v in list(change.values())[:5] if v not in ("", None))
        typer.echo(f"  {change['change']} {key}: {change['before']} → {change['after']}")


def _write_report(dataset: Dataset, checked: Sequence[Checked], folder: Path) -> None:
    from kejistats.forms.feedback import write_report

    for message in write_report(dataset, checked, folder):
        typer.echo(message, err=True)
    typer.echo(f"findings written to {folder / 'findings.html'}", err=True)
