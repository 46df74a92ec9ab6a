"""`pgops psql`: psql itself, on the project's database."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from pgops.cli.options import target_options
from pgops.cli.printing import say

if TYPE_CHECKING:
    from pgops.secret import Secret

EXAMPLES = """\b
Examples:
  pgops psql                                   in the terminal; \\q ends it
  pgops psql -p prod
  pgops psql -f load.sql                       \\copy and \\i work; stops at the first error
  pgops psql -- -c '\\d+ orders' -A              psql's own options, behind --

\b
Exit codes:
  psql's own without -f. With it: 0, or 3 where it failed (the message has
  psql's words, file and line); 2 where the command was given wrongly, and 3
  where there is no database, or no psql that fits it.
"""
_LIMITS = {"statement_timeout": "DB_STATEMENT_TIMEOUT_MS", "lock_timeout": "DB_LOCK_TIMEOUT_MS"}


@click.command("psql", epilog=EXAMPLES)
@click.option("-f", "--file", "file", type=click.Path(), metavar="FILE", help="Run FILE, up to its first error.")
@target_options
@click.option("--json", "as_json", is_flag=True, help="With -f: say as JSON that it ran; psql's output is on stderr.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- PSQL_OPTION...]")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    file: str | None,
    profile: str | None,
    url: Secret | None,
    as_json: bool,
    arguments: tuple[str, ...],
) -> int:
    """Run psql on the project's database, which it may change.

    It connects as pgops does, with TLS where that was needed, and its password is in no argument. Without -f it has the
    terminal and reads ~/.psqlrc. DB_STATEMENT_TIMEOUT_MS and DB_LOCK_TIMEOUT_MS are set for its session.
    """
    import json
    import sys

    from pgops.cli.database import tell
    from pgops.cli.printing import show_exactly
    from pgops.config.resolution import resolve
    from pgops.scripting.terminal import APPLICATION, psql

    if as_json and file is None:
        raise click.UsageError("--json goes with -f.", ctx)
    resolution = resolve(profile, url=url)
    if file is not None or not sys.stdin.isatty():
        say(f"psql on {resolution.display}. {resolution.because}")
    settings = {name: os.environ[variable].strip() for name, variable in _LIMITS.items() if os.environ.get(variable)}
    code = psql(
        resolution,
        file=file,
        arguments=arguments,
        settings=settings,
        on_message=say,
        on_fallback=tell,
        stdout=sys.stderr.buffer if as_json else None,
        application_name=os.environ.get("DB_APPLICATION_NAME") or APPLICATION,
    )
    if as_json:
        show_exactly(json.dumps({"schema": "pgops.psql/1", "file": file, "exit_code": code}))
    return code
