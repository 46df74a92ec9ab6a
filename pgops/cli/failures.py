"""How a command ends that gave no answer: what is wrong, what to do about it, and the exit code.

In one or two lines on stderr, never with a traceback; with --json as a document on stdout, too.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

import click

from pgops.cli.exits import Exit, exit_of
from pgops.cli.printing import complain, say, show_error
from pgops.errors import MissingExtraError, PgopsError

if TYPE_CHECKING:
    import psycopg


_SHOWS_HELP = getattr(click.exceptions, "NoArgsIsHelpError", ())
"""A group without a subcommand; before click 8.2 that is no error."""


class Failure(NamedTuple):  # no attrs class: `pgops --version` does not wait for that
    """Why there is no answer. `kind` is the error's class, for programs; `help` a third line for people."""

    kind: str
    what: str
    cure: str = ""
    help: str = ""
    code: int = Exit.NO_ANSWER

    def tell(self, *, as_json: bool) -> int:
        """Say it on stderr, and as JSON on stdout where that is wanted and still empty; give the exit code."""
        complain(self.what, self.cure)
        if self.help:
            say(f"  {self.help}")
        if as_json:
            show_error({"kind": self.kind, "what": self.what, "cure": self.cure, "exit_code": int(self.code)})
        return self.code


def misused(error: click.ClickException) -> Failure | None:
    """What was given wrongly. None where nothing was, and the help has been shown instead."""
    if isinstance(error, _SHOWS_HELP):
        click.echo(error.format_message(), err=True)
        return None
    context = error.ctx if isinstance(error, click.UsageError) else None
    return Failure(
        kind=type(error).__name__,
        what=error.format_message().replace("\n\t", " "),  # the choices of an argument, one a line
        help=f"Try '{context.command_path} --help'." if context is not None else "",
        code=Exit.USAGE,
    )


def failure_of(error: Exception) -> Failure:
    """What any other error means. One that nobody foresaw is called so."""
    if isinstance(error, ImportError) and "pq wrapper" in str(error):
        cure = "Install PostgreSQL's libpq, or: pip install 'pgops[binary]'"
        error = MissingExtraError("psycopg found no libpq, which speaks to the server.", cure=cure)
    kind = type(error).__name__
    if isinstance(error, PgopsError):
        what = str(error).removesuffix(error.cure).rstrip()
        return Failure(kind=kind, what=what, cure=error.cure, code=exit_of(error))
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return Failure(kind=kind, what=f"{place}{error.strerror or error}")
    if "psycopg" in sys.modules:  # where it is not loaded, the error is not its own
        import psycopg

        if isinstance(error, (psycopg.OperationalError, psycopg.errors.InsufficientPrivilege)):
            return _of_the_database(error)
    cure = "That is a defect of pgops or of a plugin. With PGOPS_TRACEBACK=1 it shows where."
    return Failure(kind=kind, what=f"unexpected {kind}: {error}", cure=cure)


_LOST = "The connection was lost: see the server's log, then try again."
_CURES = (
    ("42501", "GRANT the role what it lacks, or take another: --profile."),
    ("57014", "Where that was the limit of time: DB_STATEMENT_TIMEOUT_MS allows more."),
    ("55P03", "Another session holds the lock (pgops sessions blocking); DB_LOCK_TIMEOUT_MS waits longer."),
    ("57P", _LOST),  # an administrator, or a crash
    ("25P", _LOST),  # a limit of the server's
)
"""By the SQLSTATE's first characters."""


def _of_the_database(error: psycopg.OperationalError | psycopg.errors.InsufficientPrivilege) -> Failure:
    """The server, a pooler or the network in the middle of work, in its own words."""
    from pgops.db import cures

    words = " ".join((error.diag.message_primary or str(error) or type(error).__name__).split())
    state = error.sqlstate or "08"  # without one the driver speaks, of a connection that is no more
    cure = next((text for start, text in _CURES if state.startswith(start)), "") or cures.cure(words)
    if not cure and state.startswith("08"):
        cure = _LOST
    code = f" [{error.sqlstate}]" if error.sqlstate else ""
    return Failure(kind=type(error).__name__, what=f"The database did not do this: {words}{code}.", cure=cure)
