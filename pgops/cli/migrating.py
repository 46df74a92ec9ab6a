"""`pgops migrations lint | trace | plan | apply | backfill`: what SQL would do to a database, and carrying it out."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pgops.cli.exits import Exit
from pgops.cli.options import seconds_option, target_options
from pgops.cli.printing import is_terminal, say, show, show_document, show_exactly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg

    from pgops.approval import Record
    from pgops.migrations.applying.events import OnProgress, Progress
    from pgops.migrations.sources import Source
    from pgops.secret import Secret

    Command = TypeVar("Command", bound=Callable[..., Any])

RECORD = "pgops.record/1"

LINT_CODES = """\b
Exit codes:
  0  nothing was found at --fail-on or above
  1  something was found at --fail-on (default: warning) or above; SQL that can't
     be read is found, too
  2  the command was given wrongly
  3  it could not look: no file, no database
"""

files_argument = click.argument("files", nargs=-1, type=click.Path(), metavar="[FILE|FOLDER]...")
"""SQL of any project; without one the pending files of this project's workspace."""


server_option = click.option(
    "--server",
    type=click.IntRange(14),
    default=18,
    show_default=True,
    metavar="N",
    help="PostgreSQL's major version.",
)


def _sql_options(command: Command) -> Command:
    path = click.option("--path", metavar="FOLDER", help="The workspace's folder, from the project's root.")
    as_json = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
    return target_options(path(as_json(command)))


@click.command("lint", epilog=LINT_CODES)
@files_argument
@click.option(
    "--server", type=click.IntRange(14), default=18, show_default=True, metavar="N", help="PostgreSQL's major version."
)
@click.option("--live", is_flag=True, help="Ask the database: real sizes, types, constraints and partitions decide.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    show_default=True,
    help="How findings are written.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["info", "warning", "critical"], case_sensitive=False),
    default="warning",
    show_default=True,
    help="The severity from which findings make the exit code 1.",
)
@_sql_options
def lint(
    *,
    files: tuple[str, ...],
    server: int,
    live: bool,
    form: str,
    fail_on: str,
    path: str | None,
    profile: str | None,
    url: Secret | None,
    as_json: bool,
) -> int:
    """Find what SQL would block, break or fail on, and how to write it instead.

    FILE is any SQL, FOLDER plain or one of dbmate, goose, Flyway, golang-migrate or sqitch; - reads SQL from stdin.
    """
    from pgops.findings import Severity
    from pgops.migrations.effects.live import read_facts
    from pgops.migrations.lint.linter import lint_scripts

    sources = _sources(files, path, profile)
    scripts = [each.script for each in sources]
    facts = None
    if live:
        with _database(profile, url) as conn:
            facts = read_facts(conn, scripts)
    report = lint_scripts(scripts, server=server, facts=facts, sets_timeouts=not files)
    match "json" if as_json else form:
        case "json":
            show_exactly(report.to_json())
        case "sarif":
            show_exactly(report.to_sarif())
        case "github":
            show_exactly(report.to_github())
        case _:
            show_document(report.to_document())
    return Exit.FINDINGS if report.at_least(Severity.parse(fail_on)) else Exit.CLEAN


@click.command("plan")
@files_argument
@_sql_options
def plan(*, files: tuple[str, ...], path: str | None, profile: str | None, url: Secret | None, as_json: bool) -> None:
    """Show what carrying SQL out would do: units, locks, sizes, blockers, the way back. Changes nothing."""
    from pgops.migrations.applying.proposing import propose

    sources = _sources(files, path, profile)
    with _database(profile, url) as conn:
        proposal = propose(conn, sources)
    if as_json:
        show_exactly(json.dumps(proposal.to_facts(), indent=2, ensure_ascii=False))
    else:
        show_document(proposal.to_document())


@click.command("apply")
@files_argument
@seconds_option("--lock-timeout", "How long a lock is waited for at a time.", default=2.0, show_default=True)
@seconds_option("--give-up-after", "How long a lock is tried for.", default=300.0, show_default=True)
@seconds_option("--wait", "How long another applier is waited for.", default=60.0, show_default=True)
@_sql_options
def apply(
    *,
    files: tuple[str, ...],
    lock_timeout_s: float,
    give_up_after_s: float,
    wait_s: float,
    path: str | None,
    profile: str | None,
    url: Secret | None,
    as_json: bool,
) -> None:
    """Carry SQL out on the database: what is done stands in its pgops.ledger, and is not done twice.

    Shows the plan and asks; DB_CONFIRM=YES in the environment agrees beforehand.
    """
    from pgops.cli.consent import approval_for
    from pgops.migrations.applying.proposing import propose

    sources = _sources(files, path, profile)
    with _database(profile, url, read_only=False) as conn:
        proposal = propose(conn, sources)
        if not proposal.is_change:
            if as_json:
                show_exactly(json.dumps({"schema": RECORD, "outcome": "nothing to do", "done": proposal.done}))
            else:
                show([f"Nothing is left to do: {proposal.done} statements are done already.\n"])
            return
        approval = approval_for(proposal)
        with _progress() as on_progress:
            record = proposal.apply(
                conn,
                approval=approval,
                lock_timeout_s=lock_timeout_s,
                give_up_after_s=give_up_after_s,
                wait_s=wait_s,
                on_progress=on_progress,
            )
    _show_record(record, as_json=as_json)


@click.command("backfill")
@click.argument("table")
@click.option(
    "--set", "assignments", required=True, metavar="SQL", help="What stands behind SET: cents = amount * 100."
)
@click.option("--where", metavar="SQL", help="Which rows: cents IS NULL. It should be false for a filled row.")
@click.option("--batch", type=click.IntRange(1), default=1000, show_default=True, help="Rows of the key at a time.")
@click.option(
    "--max-lag-bytes",
    type=click.IntRange(0),
    default=64 * 1024 * 1024,
    show_default=True,
    help="WAL that replicas may be behind.",
)
@click.option("--max-active", type=click.IntRange(0), help="Wait while more sessions than that are at work.")
@_sql_options
def backfill(
    *,
    table: str,
    assignments: str,
    where: str | None,
    batch: int,
    max_lag_bytes: int,
    max_active: int | None,
    path: str | None,
    profile: str | None,
    url: Secret | None,
    as_json: bool,
) -> None:
    """Fill a column of a large TABLE in small batches, as replicas and load allow. A run that was ended goes on.

    Shows the proposal and asks; DB_CONFIRM=YES in the environment agrees beforehand.
    """
    from pgops.cli.consent import approval_for
    from pgops.migrations.backfilling.proposing import backfill as proposed
    from pgops.migrations.backfilling.throttle import Throttle

    del path
    throttle = Throttle(max_lag_bytes=max_lag_bytes, max_active=max_active)
    with _database(profile, url, read_only=False) as conn:
        proposal = proposed(conn, table, set=assignments, where=where, batch=batch, throttle=throttle)
        approval = approval_for(proposal)
        with _progress() as on_progress:
            record = proposal.apply(conn, approval=approval, on_progress=on_progress)
    _show_record(record, as_json=as_json)


@click.command("trace")
@files_argument
@server_option
@click.option("--live", is_flag=True, help="Copy the database's schema first, without its rows; its version is taken.")
@_sql_options
def trace(
    *,
    files: tuple[str, ...],
    server: int,
    live: bool,
    path: str | None,
    profile: str | None,
    url: Secret | None,
    as_json: bool,
) -> int:
    """Carry SQL out on a throwaway server, and show what each statement really locks, reads and writes anew.

    Ends with 1 where that is not what lint says. The server is of this machine's programs, or of the extra `embedded`.
    """
    from contextlib import ExitStack

    from pgops.db.versions import pg_version
    from pgops.migrations.tracing import trace as traced
    from pgops.scratch import find_binaries, start_server

    scripts = [each.script for each in _sources(files, path, profile)]
    with ExitStack() as closing:
        conn = closing.enter_context(_database(profile, url)) if live else None
        version = pg_version(conn).major if conn is not None else server
        throwaway = closing.enter_context(start_server(find_binaries(version)))
        found = traced(scripts, throwaway, clone_of=conn)
    if as_json:
        show_exactly(found.to_json())
    else:
        show_document(found.to_document())
    return Exit.FINDINGS if found.differing else Exit.CLEAN


COMMANDS = (lint, trace, plan, apply, backfill)


# --- what they share --------------------------------------------------------------------------------------------------


def _sources(files: tuple[str, ...], path: str | None, profile: str | None) -> tuple[Source, ...]:
    """The SQL of the files; of stdin for `-`; without any, of the workspace's pending files."""
    import attrs

    from pgops.migrations.sources import Source, read_sources
    from pgops.migrations.workspace import Workspace
    from pgops.sql.script import hash_of

    if not files:
        return Workspace.open(profile=profile, path=path).sources()
    if files == ("-",):
        text = sys.stdin.buffer.read().decode("utf-8", "replace")
        # A text is remembered by what it says: another one is other work, the same one is done.
        return (attrs.evolve(Source.of(text, file="stdin"), series=f"stdin {hash_of(text)[:20]}"),)
    return read_sources(*map(Path, files))


@contextmanager
def _database(profile: str | None, url: Secret | None, *, read_only: bool = True) -> Iterator[psycopg.Connection[Any]]:
    from pgops.cli.database import connected
    from pgops.config.resolution import resolve

    with connected(resolve(profile, url=url), read_only=read_only) as conn:
        conn.autocommit = True
        yield conn


@contextmanager
def _progress() -> Iterator[OnProgress | None]:
    """A bar on stderr where that is a terminal, else a line for whatever is worth one."""
    if not is_terminal(sys.stderr):
        yield lambda event: say(_line(event)) if event.what in {"waiting", "retry", "repair"} else None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def moved(event: Progress) -> None:
            if event.what in {"retry", "repair"}:
                bar.console.print(_line(event), markup=False, highlight=False)
            share = event.share if event.share is not None else 0.0
            done, total = (share, 1) if event.what == "batch" else (event.finished + share, event.of or None)
            bar.update(task, completed=done, total=total, description=_line(event))

        yield moved


def _line(event: Progress) -> str:
    from pgops.render.visible import visible

    return visible(f"{event.place}: {event.message}" if event.place else event.message)


def _show_record(record: Record, *, as_json: bool) -> None:
    import attrs

    from pgops.findings import as_json as plain

    if as_json:
        facts = {"schema": RECORD, **attrs.asdict(record)}
        show_exactly(json.dumps(plain(facts), indent=2, ensure_ascii=False))
    else:
        seconds = (record.ended - record.began).total_seconds()
        show([f"{record.title}: {record.outcome} in {seconds:.1f} s.\n"])
