"""`pgops migrations apply | backfill`: SQL carried out on a database, with consent."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from pgops.cli.options import seconds_option
from pgops.cli.printing import is_terminal, say, show, show_exactly
from pgops.cli.records import SCHEMA, show_record
from pgops.cli.sql_sources import database_of, files_argument, sources_of, sql_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.applying.events import OnProgress, Progress
    from pgops.secret import Secret

CODES = """\b
Exit codes:
  0    it is done, or was done already
  2    the command was given wrongly
  3    it is not, or not all of it: no consent, a statement failed, no database;
       the same command goes on where it stopped
  130  ended by Ctrl-C; the same command goes on where it stopped
"""
APPLY = """\b
Examples:
  pgops migrations apply                      what waits here, on the project's database
  DB_CONFIRM=YES pgops migrations apply change.sql -p staging --json

"""
BACKFILL = """\b
Examples:
  pgops migrations backfill orders --set 'cents = amount * 100' --where 'cents IS NULL'

"""


@click.command("apply", epilog=APPLY + CODES)
@files_argument
@seconds_option("--lock-timeout", "How long a lock is waited for at a time.", default=2.0, show_default=True)
@seconds_option("--give-up-after", "How long a lock is tried for.", default=300.0, show_default=True)
@seconds_option("--wait", "How long another applier is waited for.", default=60.0, show_default=True)
@sql_options
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

    sources = sources_of(files, path, profile)
    with database_of(profile, url, read_only=False) as conn:
        proposal = propose(conn, sources)
        if not proposal.is_change:
            if as_json:
                show_exactly(json.dumps({"schema": SCHEMA, "outcome": "nothing to do", "done": proposal.done}))
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
    show_record(record, as_json=as_json)


@click.command("backfill", epilog=BACKFILL + CODES)
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
@sql_options
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
    with database_of(profile, url, read_only=False) as conn:
        proposal = proposed(conn, table, set=assignments, where=where, batch=batch, throttle=throttle)
        approval = approval_for(proposal)
        with _progress() as on_progress:
            record = proposal.apply(conn, approval=approval, on_progress=on_progress)
    show_record(record, as_json=as_json)


COMMANDS = (apply, backfill)


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
