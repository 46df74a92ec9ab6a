"""`pgops sessions`: find sessions, cancel or terminate them, and resolve queues for locks."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pgops.cli.exits import Exit
from pgops.cli.options import Seconds, seconds_option, target_options
from pgops.cli.printing import say, show_document, show_exactly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg
    from click.shell_completion import CompletionItem

    from pgops.actions import EndingProposal, Sessions
    from pgops.approval import Record
    from pgops.secret import Secret

    Command = TypeVar("Command", bound=Callable[..., Any])

CHARACTERS = "DB_QUERY_TEXT_MAX_CHARS"

LOOKING = """\b
Examples:
  pgops sessions                                     who is at work, in this whole server
  pgops sessions --state 'idle in transaction' --in-transaction-for 600
  pgops sessions list --query 'from orders' --user app --older-than 60
  pgops sessions blocking                            who waits for whose locks
  pgops sessions terminate --pid 4711
  pgops sessions resolve 4711                        end the root that 4711 waits for

\b
Exit codes:
  0  it has looked
  2  the command was given wrongly
  3  it could not look: no database; or the filters can't be answered for
     sessions that are hidden, and no other fits
"""

ENDING = """\b
Examples:
  pgops sessions cancel --query 'from orders' --older-than 300
  pgops sessions terminate --pid 4711 --pid 4712
  DB_CONFIRM=YES pgops sessions terminate --user batch --state idle --json

\b
Exit codes:
  0    all of them have ended, seen on the server
  1    some have not: still there after --wait, refused by the server, unknown
  2    the command was given wrongly
  3    nothing was done: no such session, no consent, no database
  130  ended by Ctrl-C
"""


class _Sessions(click.Group):
    """`list` is what is meant where no subcommand is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        has_option = bool(args) and args[0].startswith("-") and args[0] not in ctx.help_option_names
        if has_option or not (args or ctx.resilient_parsing):  # what is completed may become a subcommand yet
            args = ["list", *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The subcommands, and of options those of `list` too."""
        found = super().shell_complete(ctx, incomplete)
        if incomplete.startswith("-"):
            listing = list_command.make_context("list", [], parent=ctx, resilient_parsing=True)
            found += [each for each in list_command.shell_complete(listing, incomplete) if each.value != "--help"]
        return found


@click.group("sessions", cls=_Sessions, epilog=LOOKING)
def command() -> None:
    """Find sessions and end them: the whole server's, whichever database one is connected to.

    Without a subcommand they are listed.
    """


# --- options ----------------------------------------------------------------------------------------------------------


def _filters(command: Command) -> Command:
    many: dict[str, Any] = {"multiple": True, "metavar": "NAME"}
    options = [
        click.option("--query", metavar="TEXT", help="A part of the query's text."),
        click.option("--regex", is_flag=True, help="TEXT is a regular expression of PostgreSQL's."),
        click.option("--user", **many, help="Of this user. May be repeated, as those below."),
        click.option("--database", **many, help="In this database."),
        click.option("--application", **many, help="With this application_name."),
        click.option("--state", **many, help="In this state: active, idle, 'idle in transaction' ..."),
        _at_least("--older-than", "min_age_s", "Whose query began so many seconds ago."),
        _at_least("--in-transaction-for", "min_transaction_s", "Whose transaction did."),
        click.option("--pid", "pids", type=int, multiple=True, metavar="PID", help="This one, idle or no client too."),
    ]
    for option in reversed(options):
        command = option(command)
    return _shared(command)


def _at_least(name: str, field: str, help_text: str) -> Callable[[Command], Command]:
    return click.option(name, field, type=Seconds(), metavar="S", help=help_text)


def _shared(command: Command) -> Command:
    return target_options(click.option("--json", "as_json", is_flag=True, help="Print as JSON.")(command))


def _ending(command: Command) -> Command:
    also = click.option(
        "--also",
        multiple=True,
        metavar="TYPE",
        help="Not clients only: walsender, 'autovacuum worker'. May be repeated.",
    )
    return also(seconds_option("--wait", "How long to look for the end.", default=5.0, show_default=True)(command))


# --- commands ---------------------------------------------------------------------------------------------------------


@command.command("list", epilog=LOOKING)
@click.option("--all", "everything", is_flag=True, help="Processes of the server too, not clients only.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Show so many.")
@_filters
def list_command(
    *,
    everything: bool,
    limit: int | None,
    profile: str | None,
    url: Secret | None,
    as_json: bool,
    **filters: Any,
) -> int:
    """List the sessions that fit.

    They fit all options; the oldest transaction comes first. Idle ones are shown by --state or --pid only.

    DB_QUERY_TEXT_MAX_CHARS in the environment says how much of a query is shown.
    """
    more: dict[str, Any] = {"include": None} if everything else {}
    with _database(profile, url) as conn:
        found = _found(conn, filters, limit=limit, **more)
    if as_json:
        show_exactly(found.to_json())
    else:
        show_document(found.to_document())
    return Exit.NO_ANSWER if found.hidden and not found else Exit.CLEAN


@command.command("cancel", epilog=ENDING)
@_ending
@_filters
def cancel(**given: Any) -> int:
    """Cancel the queries of the sessions that fit.

    Their transactions fail, their connections stay; what executes nothing is left out.

    Shows them and asks; DB_CONFIRM=YES in the environment agrees beforehand.
    """
    from pgops.actions import propose_cancel

    return _end_those_found(propose_cancel, **given)


@command.command("terminate", epilog=ENDING)
@_ending
@_filters
def terminate(**given: Any) -> int:
    """Terminate the sessions that fit.

    Their transactions are rolled back, their connections closed.

    Shows them and asks; DB_CONFIRM=YES in the environment agrees beforehand.
    """
    from pgops.actions import propose_terminate

    return _end_those_found(propose_terminate, **given)


@command.command("blocking", epilog=LOOKING)
@_shared
def blocking(*, profile: str | None, url: Secret | None, as_json: bool) -> None:
    """Show who waits for whose locks."""
    from pgops.actions.blocking import blocking_document, blocking_json, blocking_trees

    with _database(profile, url) as conn:
        trees = blocking_trees(conn)
    if as_json:
        show_exactly(blocking_json(trees))
    else:
        show_document(blocking_document(trees))


@command.command("resolve", epilog=ENDING)
@click.argument("pid", type=int)
@click.option(
    "--by", type=click.Choice(["terminate", "cancel"]), default="terminate", show_default=True, help="How it is ended."
)
@_ending
@_shared
def resolve(
    *,
    pid: int,
    by: str,
    also: tuple[str, ...],
    wait_s: float,
    profile: str | None,
    url: Secret | None,
    as_json: bool,
) -> int:
    """End the root of a queue for locks.

    PID is anyone in the queue. It is seen who of those who waited goes on.

    Shows it and asks; DB_CONFIRM=YES in the environment agrees beforehand.
    """
    from pgops.actions import propose_resolve

    with _database(profile, url) as conn:
        proposal = propose_resolve(conn, pid, by=by, also=also)
        return _carried_out(conn, proposal, wait_s=wait_s, as_json=as_json)


# --- what they share --------------------------------------------------------------------------------------------------


@contextmanager
def _database(profile: str | None, url: Secret | None) -> Iterator[psycopg.Connection[Any]]:
    """A read-only session: a signal writes nothing, and standbys have sessions too."""
    from pgops.cli.database import connected
    from pgops.config.resolution import resolve as resolved

    with connected(resolved(profile, url=url)) as conn:
        conn.autocommit = True
        yield conn


def _found(conn: psycopg.Connection[Any], filters: dict[str, Any], **more: Any) -> Sessions:
    from pgops.actions import list_sessions
    from pgops.errors import NotListedError

    chosen = {name: value for name, value in filters.items() if value not in (None, ())}
    try:
        return list_sessions(conn, **(chosen | more | _characters()))
    except NotListedError as error:
        if error.__cause__ is None:
            raise
        raise click.UsageError(str(error)) from error  # what was typed can be in no session


def _characters() -> dict[str, Any]:
    given = os.environ.get(CHARACTERS, "").strip()
    if not given:
        return {}
    if not given.isascii() or not given.isdigit() or not 0 < int(given) < 2**31:
        raise click.UsageError(f"{CHARACTERS} is a number of characters, such as 200.")
    return {"query_chars": int(given)}


def _end_those_found(
    propose: Callable[..., EndingProposal],
    *,
    also: tuple[str, ...],
    wait_s: float,
    profile: str | None,
    url: Secret | None,
    as_json: bool,
    **filters: Any,
) -> int:
    from pgops.actions.sessions_document import hidden_note
    from pgops.errors import NotListedError

    if not any(value for name, value in filters.items() if name != "regex"):
        raise click.UsageError("Say which sessions: --pid, --query, --user, --state ...")
    more: dict[str, Any] = {"include": ["client backend", *also]} if also else {}
    with _database(profile, url) as conn:
        found = _found(conn, filters, **more)
        if found.hidden:
            say(hidden_note(found.hidden))
        missing = sorted(set(filters["pids"]) - {each.pid for each in found})
        if missing:
            pids = ", ".join(map(str, missing))
            raise NotListedError(f"There is no session {pids} that fits, or it is hidden: nothing was done.")
        if not found:
            raise NotListedError("There is no such session: nothing was done.", cure="pgops sessions lists them.")
        return _carried_out(conn, propose(conn, found, also=also), wait_s=wait_s, as_json=as_json)


def _carried_out(conn: psycopg.Connection[Any], proposal: EndingProposal, *, wait_s: float, as_json: bool) -> int:
    from pgops.actions import results_of
    from pgops.cli.consent import approval_for

    approval = approval_for(proposal)
    kept: list[Record] = []
    try:
        proposal.apply(conn, approval=approval, wait_s=wait_s, record=kept.append)
    finally:  # after Ctrl-C too: what was known by then is printed
        for record in kept:
            _show(record, as_json=as_json)
    return Exit.CLEAN if results_of(kept[0]).all_over else Exit.FINDINGS


def _show(record: Record, *, as_json: bool) -> None:
    from pgops.actions import results_of

    endings = results_of(record)
    if as_json:
        facts = {**endings.to_facts(), "digest": record.digest, "by": record.approval.by}
        show_exactly(json.dumps(facts, indent=2, ensure_ascii=False))
    else:
        show_document(endings.to_document())
