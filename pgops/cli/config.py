"""`pgops config`: postgres.toml, made by questions and answers, and what it says here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from pgops.cli import config_changes
from pgops.cli.options import json_option, target_options
from pgops.cli.printing import show_document, show_exactly

if TYPE_CHECKING:
    from pgops.config.bootstrapping.dialogue import Bootstrapped
    from pgops.config.resolution import Resolution
    from pgops.render.document import Document
    from pgops.secret import Secret

SCHEMA, MADE = "pgops.resolution/1", "pgops.profile_made/1"


@click.group("config", epilog="\b\nExamples:\n  pgops config init\n  pgops config show\n  pgops config test -p prod")
def command() -> None:
    """Which database is meant, and the file that says so."""


@command.command(
    "init",
    epilog="""\b
Examples:
  pgops config init                  in a terminal: it asks
  eval "$(pgops config init)"        a one-off URL, into DB_URL of this shell

\b
Exit codes:
  0    a profile was saved, or its URL shown
  2    the command was given wrongly, or there is no terminal
  3    nothing came of it; nothing was written
  130  ended by Ctrl-C; nothing was written
""",
)
@click.option("--root", type=click.Path(file_okay=False, exists=True), help="The project's root folder.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON; a one-off URL is in it.")
def init(*, root: str | None, as_json: bool) -> int:
    """Make a profile, by questions and answers.

    Looks for connections in the project's files if you like, asks for what is missing, and saves the profile to
    postgres.toml, or shows its URL for one use. Nothing is written before the last answer, and nothing is connected to.
    """
    from pgops.cli.exits import Exit
    from pgops.cli.terminal_ui import HoldingUi, TerminalUi
    from pgops.config.bootstrapping.dialogue import Outcome, bootstrap

    ui = HoldingUi() if as_json else TerminalUi()
    done = bootstrap(ui, root=root)
    if as_json:
        _show_made(done, ui.revealed if isinstance(ui, HoldingUi) else ())
    return Exit.NO_ANSWER if done.outcome is Outcome.NOTHING else Exit.CLEAN


@command.command(
    "show",
    epilog="""\b
Examples:
  pgops config show
  pgops config show -p prod --json

\b
Exit codes:
  0  it is decided
  2  the command was given wrongly: no such profile, a URL that can't be read
  3  it can't be decided: no config, one that can't be read, several profiles
""",
)
@target_options
@json_option
def show(*, profile: str | None, url: Secret | None, as_json: bool) -> None:
    """Say which database is meant here, and why.

    Passwords are masked. Nothing is connected to, and no password is asked of another program.
    """
    from pgops.config.resolution import resolve

    resolution = resolve(profile, url=url)
    if as_json:
        show_exactly(json.dumps({"schema": SCHEMA, **_facts(resolution)}, indent=2, ensure_ascii=False))
    else:
        show_document(_document(resolution))


def _show_made(done: Bootstrapped, revealed: tuple[str, ...]) -> None:
    import attrs

    from pgops.findings import as_json as plain

    facts = {
        "outcome": str(done.outcome),
        "profile": done.profile,
        "connection": done.target.display,
        "config": str(done.config_path),
        "revealed": list(revealed),
        "records": [attrs.asdict(record) for record in done.records],
    }
    show_exactly(json.dumps(plain({"schema": MADE, **facts}), indent=2, ensure_ascii=False))


def _facts(resolution: Resolution) -> dict[str, Any]:
    from pgops.config.migrations_folder import migrations_path

    profile, source = resolution.profile, resolution.password_source
    migrations = migrations_path(resolution.config_path, profile) if profile else None
    return {
        "connection": resolution.display,
        "profile": profile.name if profile else None,
        "because": resolution.because,
        "source": str(resolution.source),
        "config": str(resolution.config_path) if resolution.config_path else None,
        "project": profile.project if profile else None,
        "description": profile.description if profile else None,
        "password_from": source.key if source else None,
        "migrations_path": str(migrations.path) if migrations else None,
    }


def _document(resolution: Resolution) -> Document:
    from pgops.render.document import Document, KeyValues

    facts = {name.replace("_", " "): value for name, value in _facts(resolution).items() if value is not None}
    return Document("The database that is meant", blocks=[KeyValues(facts)])


for each in config_changes.COMMANDS:
    command.add_command(each)
