"""The program `pgops`: its commands, each imported when it is asked for, and how it ends.

Whatever goes wrong is said in one or two lines on stderr (`failures`); PGOPS_TRACEBACK=1 shows a traceback.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from itertools import takewhile
from typing import TYPE_CHECKING

import click

from pgops import __version__
from pgops.cli.exits import Exit
from pgops.cli.failures import Failure, failure_of, misused
from pgops.cli.printing import prepare_streams, warnings_shown
from pgops.cli.signals import ended_by_signals
from pgops.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMANDS = {
    "doctor": "doctor",
    "completion": "completion",
    "check": "check",
    "list": "listing",
    "checks": "checks",
    "config": "config",
    "migrations": "migrations",
    "explain": "explain",
    "dump": "dump",
    "restore": "restore",
    "sessions": "sessions",
    "sql": "sql",
    "psql": "psql",
}
"""Each command and its module, which calls it `command`."""

GROUPS = {
    "Look": ("doctor", "check", "list", "checks", "explain"),
    "Act, with consent": ("sessions", "sql", "psql", "dump", "restore", "migrations"),
    "Set up": ("config", "completion"),
}
"""How the help groups them; whatever is in none comes last."""

EPILOG = """\b
Examples:
  pgops config init                 make a profile, by questions and answers
  pgops doctor                      is everything in place?
  pgops check                       judge the project's database
  pgops check --json -p prod        for programs, another profile

\b
Every command has --json, and writes nothing but its answer to stdout; without one
--json says why there: pgops.error/1. What changes anything is shown and asked for
first; DB_CONFIRM=YES agrees beforehand.

\b
Exit codes:
  0    done, or clean
  1    something was found (check: at --fail-on or above), or is not as it should be
  2    the command was given wrongly
  3    no answer: a check FAILED, or nothing could be run; 1 wins over 3
  130  ended by Ctrl-C

\b
Completion for bash (zsh and fish alike):
  eval "$(pgops completion bash)"
"""


class _Nouns(click.Group):
    """The commands, none of them imported before it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        found = import_module(f"pgops.cli.{_COMMANDS[cmd_name]}").command
        assert isinstance(found, click.Command)  # noqa: S101
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        grouped = {name for names in GROUPS.values() for name in names}
        rest = tuple(name for name in _COMMANDS if name not in grouped)
        for heading, names in {**GROUPS, "More": rest}.items():
            found = [(name, self.get_command(ctx, name)) for name in names]
            rows = [(name, each.get_short_help_str(limit=120)) for name, each in found if each is not None]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in _COMMANDS and not ctx.resilient_parsing and not name.startswith("-"):
            if "://" in name:  # a URL: its password must not be shown
                ctx.fail("A URL is no command. Set DB_URL, then: pgops check")
            ctx.fail(f"There is no command {name!r}. {did_you_mean(name, _COMMANDS)}".rstrip())
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Nouns,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EPILOG,
)
@click.version_option(__version__, prog_name="pgops", message="%(prog)s %(version)s")
@click.pass_context
def program(ctx: click.Context, /) -> None:
    """Postgres operations: look, judge, change with consent, recover.

    The database is the one of --url or --profile, of DB_URL or DB_PROFILE, or of the project's postgres.toml.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(Exit.USAGE)


def run(args: Sequence[str] | None = None) -> int:
    """Run the program and give its exit code. Nothing but a second Ctrl-C, or a request for a traceback, raises."""
    args = sys.argv[1:] if args is None else args
    prepare_streams()
    with warnings_shown(), ended_by_signals() as ended:
        try:
            return int(program.main(args, prog_name="pgops", standalone_mode=False) or Exit.CLEAN)
        except (click.Abort, KeyboardInterrupt):
            failure: Failure | None = Failure(kind=ended.name, what=f"ended by {ended.name}.", code=ended.exit_code)
        except click.ClickException as error:
            failure = misused(error)
        except Exception as error:
            if os.environ.get("PGOPS_TRACEBACK"):
                raise
            failure = failure_of(error)
        return failure.tell(as_json=_wants_json(args)) if failure is not None else Exit.USAGE


def _wants_json(args: Sequence[str]) -> bool:
    """Whether --json stands among our own arguments. Asked of the text: what failed may be the reading of it."""
    return "--json" in takewhile(lambda each: each != "--", args)
