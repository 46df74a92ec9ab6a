"""`pgops sql`: run SQL that only reads, or, with --write, anything once it is approved."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from pgops.cli.exits import Exit
from pgops.cli.options import seconds_option, standard_input, target_options
from pgops.cli.printing import say, show, show_document, show_exactly

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.approval import Record
    from pgops.config.resolution import Resolution
    from pgops.migrations.workspace import Recorded, Workspace
    from pgops.scripting.results import SqlRun
    from pgops.secret import Secret

RECORD = "pgops.record/1"

EXAMPLES = """\b
Examples:
  pgops sql 'SELECT count(*) FROM orders'
  pgops sql -f report.sql --json               typed: columns, rows, seconds
  pgops sql --csv 'TABLE countries' > countries.csv
  echo 'SHOW work_mem' | pgops sql -           from stdin
  pgops sql --write -f fix.sql                 shows it, asks, carries it out
  DB_CONFIRM=YES pgops sql --write 'ALTER TABLE t ADD c int' \\
      --save-to-migrations --summary 'A column for c'

\b
Exit codes:
  0    it ran to its end
  2    the command was given wrongly
  3    it did not: a statement failed or was refused (the message has its line),
       it was not approved, no file, no database
  130  ended by Ctrl-C
"""


@click.command("sql", epilog=EXAMPLES)
@click.argument("statements", required=False, metavar="[SQL|-]")
@click.option("-f", "--file", "file", type=click.Path(allow_dash=True), metavar="FILE", help="Read the SQL from FILE.")
@target_options
@click.option("--write", is_flag=True, help="Anything may be run: it is shown, and asked about, first.")
@click.option(
    "--in-transaction/--no-transaction",
    "in_transaction",
    default=None,
    help="With --write: all in one transaction, or each statement by itself. Default: as the SQL allows.",
)
@seconds_option("--timeout", "Seconds that a statement may take. Default: DB_STATEMENT_TIMEOUT_MS, else 60 to read.")
@seconds_option("--lock-timeout", "With --write: how long a lock is waited for. Default: DB_LOCK_TIMEOUT_MS, else 2.")
@click.option(
    "--max-rows",
    type=click.IntRange(0),
    default=1000,
    show_default=True,
    metavar="N",
    help="Rows of each statement that are read.",
)
@click.option(
    "--save-to-migrations", "save", is_flag=True, help="With --write: save what was done as a migration, too."
)
@click.option("--summary", "-m", metavar="TEXT", help="One line for the migrations' changelog.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the rows as CSV.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    statements: str | None,
    file: str | None,
    profile: str | None,
    url: Secret | None,
    write: bool,
    in_transaction: bool | None,
    timeout_s: float | None,
    lock_timeout_s: float | None,
    max_rows: int,
    save: bool,
    summary: str | None,
    as_json: bool,
    as_csv: bool,
) -> int:
    """Run SQL that only reads; with --write anything, once it was shown and agreed to.

    Statement by statement, up to the first error. Without --write all of it is in one READ ONLY transaction that is
    rolled back, and what is more than reading is refused with its line. With --write it is shown in full, and asked
    about; DB_CONFIRM=YES in the environment agrees beforehand.
    """
    from pgops.config.resolution import resolve

    _refuse_wrong(ctx, given=(statements, file), outputs=(as_json, as_csv), write=write, save=save, summary=summary)
    if not write and in_transaction is not None:
        raise click.UsageError("--in-transaction and --no-transaction go with --write.", ctx)
    source = _source(statements, file)
    resolution = resolve(profile, url=url)
    timeout_s = _limit("DB_STATEMENT_TIMEOUT_MS", timeout_s, resolution, default=None if write else 60.0)
    if write:
        workspace = _workspace(profile if url is None else None, summary) if save else None
        return _write(
            resolution,
            source,
            in_transaction=in_transaction,
            timeout_s=timeout_s,
            lock_timeout_s=_limit("DB_LOCK_TIMEOUT_MS", lock_timeout_s, resolution, default=2.0),
            saving=(workspace, summary or "") if workspace is not None else None,
            as_json=as_json,
        )
    from pgops.cli.database import connected
    from pgops.scripting.running import run_sql

    with connected(resolution) as conn:
        run = run_sql(conn, source, timeout_s=timeout_s, max_rows=max_rows)
    _show_run(run, as_json=as_json, as_csv=as_csv)
    return Exit.CLEAN


def _refuse_wrong(
    ctx: click.Context,
    /,
    *,
    given: tuple[str | None, str | None],
    outputs: tuple[bool, bool],
    write: bool,
    save: bool,
    summary: str | None,
) -> None:
    if sum(each is not None for each in given) != 1:
        raise click.UsageError("Give the SQL, or a file with -f, or - for stdin: one of them.", ctx)
    if all(outputs):
        raise click.UsageError("--json and --csv both want stdout: choose one.", ctx)
    if write and outputs[1]:
        raise click.UsageError("--csv is for what is read; --json has the record of what was done.", ctx)
    if save and not write:
        raise click.UsageError("--save-to-migrations goes with --write.", ctx)
    if save != (summary is not None):
        raise click.UsageError("--save-to-migrations and --summary go together.", ctx)


def _source(statements: str | None, file: str | None) -> str | Path | IO[bytes]:
    if "-" in (statements, file):
        return standard_input()
    return Path(file) if file is not None else statements or ""


def _limit(variable: str, seconds: float | None, resolution: Resolution, *, default: float | None) -> float | None:
    """A limit of time: the option's, else the variable's (0 is none), else `default`. Raises `ConninfoError`."""
    if seconds is not None:
        return seconds
    if not os.environ.get(variable, "").strip():
        return default
    from pgops.db.settings import SessionSettings

    decided = SessionSettings.decide(resolution.target, os.environ)
    name = "statement_timeout_ms" if "STATEMENT" in variable else "lock_timeout_ms"
    found: int | None = getattr(decided, name)
    return found / 1000 if found else None


def _workspace(profile: str | None, summary: str | None) -> Workspace:
    """Opened, and the summary looked at, before anything is done: what was done shall not fail to be saved."""
    from pgops.migrations.changelog import checked_summary
    from pgops.migrations.workspace import Workspace

    checked_summary(summary or "")
    return Workspace.open(profile=profile)


def _write(
    resolution: Resolution,
    source: str | Path | IO[bytes],
    *,
    in_transaction: bool | None,
    timeout_s: float | None,
    lock_timeout_s: float | None,
    saving: tuple[Workspace, str] | None,
    as_json: bool,
) -> int:
    from pgops.cli.consent import approval_for
    from pgops.cli.database import connected
    from pgops.scripting.proposing import propose_sql
    from pgops.scripting.saving import refuse_passwords, save_to

    with connected(resolution, read_only=False) as conn:
        conn.autocommit = True
        proposal = propose_sql(conn, source, in_transaction=in_transaction)
        if saving is not None:
            refuse_passwords(proposal.title, proposal.with_password)
        approval = approval_for(proposal)
        done = proposal.apply(
            conn,
            approval=approval,
            timeout_s=timeout_s,
            lock_timeout_s=lock_timeout_s,
            on_progress=lambda event: say(f"{event.place}: {event.number} of {event.of}: {event.head}"),
        )
    saved = save_to(done, saving[0], summary=saving[1]) if saving is not None else None
    _show_record(done, saved, as_json=as_json)
    return Exit.CLEAN


# --- the answer -------------------------------------------------------------------------------------------------------


def _show_run(run: SqlRun, *, as_json: bool, as_csv: bool) -> None:
    if as_json:
        show_exactly(run.to_json())
    elif as_csv:
        show_exactly(_csv(run))
    else:
        show_document(run.to_document())
    for each in run.results:
        if each.truncated and (as_csv or as_json):
            say(f"{run.name}:{each.line}: only the first {len(each.rows)} rows; --max-rows allows more.")


def _csv(run: SqlRun) -> Iterator[str]:
    """Each result with its head, an empty line between two."""
    from pgops.scripting.results import plain_row

    for number, each in enumerate(result for result in run.results if result.columns):
        rows: list[list[Any]] = [[column.name for column in each.columns], *map(plain_row, each.rows)]
        yield ("\n\n" if number else "") + "\n".join(",".join(map(_csv_value, row)) for row in rows)


def _csv_value(value: object) -> str:
    """As COPY writes CSV: nothing for NULL, and quotes for an empty text. Python's writer has no such difference."""
    if value is None:
        return ""
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict, bool)) else str(value)
    doubled = text.replace('"', '""')
    return f'"{doubled}"' if not text or _QUOTED.search(text) else text


_QUOTED = re.compile(r'[",\r\n]')


def _show_record(record: Record, saved: Recorded | None, *, as_json: bool) -> None:
    import attrs

    from pgops.findings import as_json as plain
    from pgops.render.visible import visible

    if as_json:
        facts = {"schema": RECORD, **attrs.asdict(record), "saved_to": str(saved.file.path) if saved else None}
        show_exactly(json.dumps(plain(facts), indent=2, ensure_ascii=False))
        return
    lines = [f"{each['place']}: {each['tag'] or 'done'}" for each in record.details["statements"]]
    seconds = (record.ended - record.began).total_seconds()
    lines.append(f"{record.title}: {record.outcome} in {seconds:.1f} s.")
    if saved is not None:
        lines.append(f"Saved in {saved.file.path}, and in {saved.changelog}: {saved.entry}")
    show(f"{visible(line)}\n" for line in lines)
