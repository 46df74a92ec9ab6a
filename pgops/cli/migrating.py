"""`pgops migrations lint | plan | trace`: what SQL would do to a database. Nothing is changed there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from pgops.cli.exits import Exit
from pgops.cli.printing import show_document, show_exactly
from pgops.cli.sql_sources import database_of, files_argument, sources_of, sql_options

if TYPE_CHECKING:
    from pgops.secret import Secret

LINT_CODES = """\b
Exit codes:
  0  nothing was found at --fail-on or above
  1  something was found at --fail-on (default: warning) or above; SQL that can't
     be read is found, too
  2  the command was given wrongly
  3  it could not look: no file, no database
"""

LINT = """\b
Examples:
  pgops migrations lint                              what waits here for its release
  pgops migrations lint db/*.sql --server 15
  pgops migrations lint migrations/ --live           real sizes and constraints decide
  pgops migrations lint --format github              annotations of a pull request

"""

PLAN = """\b
Examples:
  pgops migrations plan                     what waits here, on the project's database
  pgops migrations plan change.sql -p prod --json

\b
Exit codes:
  0  the plan is printed
  2  the command was given wrongly
  3  there is none: no file, SQL that can't be read, no database
"""

TRACE = """\b
Examples:
  pgops migrations trace change.sql
  pgops migrations trace change.sql --live      on a copy of the database's schema

\b
Exit codes:
  0  every statement did what lint says
  1  one locked, read or wrote something else
  2  the command was given wrongly
  3  it could not be tried: no file, no server to start, SQL that fails
"""

server_option = click.option(
    "--server",
    type=click.IntRange(14),
    default=18,
    show_default=True,
    metavar="N",
    help="PostgreSQL's major version.",
)


@click.command("lint", epilog=LINT + LINT_CODES)
@files_argument
@server_option
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
@sql_options
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

    sources = sources_of(files, path, profile)
    scripts = [each.script for each in sources]
    facts = None
    if live:
        with database_of(profile, url) as conn:
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


@click.command("plan", epilog=PLAN)
@files_argument
@sql_options
def plan(*, files: tuple[str, ...], path: str | None, profile: str | None, url: Secret | None, as_json: bool) -> None:
    """Show what carrying SQL out would do: units, locks, sizes, blockers, the way back. Changes nothing."""
    from pgops.migrations.applying.proposing import propose

    sources = sources_of(files, path, profile)
    with database_of(profile, url) as conn:
        proposal = propose(conn, sources)
    if as_json:
        show_exactly(json.dumps(proposal.to_facts(), indent=2, ensure_ascii=False))
    else:
        show_document(proposal.to_document())


@click.command("trace", epilog=TRACE)
@files_argument
@server_option
@click.option("--live", is_flag=True, help="Copy the database's schema first, without its rows; its version is taken.")
@sql_options
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

    scripts = [each.script for each in sources_of(files, path, profile)]
    with ExitStack() as closing:
        conn = closing.enter_context(database_of(profile, url)) if live else None
        version = pg_version(conn).major if conn is not None else server
        throwaway = closing.enter_context(start_server(find_binaries(version)))
        found = traced(scripts, throwaway, clone_of=conn)
    if as_json:
        show_exactly(found.to_json())
    else:
        show_document(found.to_document())
    return Exit.FINDINGS if found.differing else Exit.CLEAN


COMMANDS = (lint, trace, plan)
