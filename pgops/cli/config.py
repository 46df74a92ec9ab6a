"""`pgops config`: postgres.toml, made by questions and answers, and what it says here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from pgops.cli.options import target_options
from pgops.cli.printing import show_document, show_exactly

if TYPE_CHECKING:
    from pgops.config.resolution import Resolution
    from pgops.render.document import Document
    from pgops.secret import Secret

SCHEMA = "pgops.resolution/1"


@click.group("config")
def command() -> None:
    """Which database is meant, and the file that says so."""


@command.command("init")
@click.option("--root", type=click.Path(file_okay=False, exists=True), help="The project's root folder.")
def init(*, root: str | None) -> int:
    """Make a profile, by questions and answers.

    Looks for connections in the project's files if you like, asks for what is missing, and saves the profile to
    postgres.toml, or shows its URL for one use. Nothing is written before the last answer, and nothing is connected to.
    """
    from pgops.cli.exits import Exit
    from pgops.cli.terminal_ui import TerminalUi
    from pgops.config.bootstrapping.dialogue import Outcome, bootstrap

    done = bootstrap(TerminalUi(), root=root)
    return Exit.NO_ANSWER if done.outcome is Outcome.NOTHING else Exit.CLEAN


@command.command("show")
@target_options
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
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
