"""The SQL that a command of `pgops migrations` is about, and the database that it is for: options and reading."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pgops.cli.options import json_option, standard_input, target_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg

    from pgops.migrations.sources import Source
    from pgops.secret import Secret

    Command = TypeVar("Command", bound=Callable[..., Any])

files_argument = click.argument("files", nargs=-1, type=click.Path(), metavar="[FILE|FOLDER]...")
"""SQL of any project; without one the pending files of this project's workspace."""


def sql_options(command: Command) -> Command:
    """`--path`, `--json`, `--profile`, `--url`."""
    path = click.option("--path", metavar="FOLDER", help="The workspace's folder, from the project's root.")
    return target_options(path(json_option(command)))


def sources_of(files: tuple[str, ...], path: str | None, profile: str | None) -> tuple[Source, ...]:
    """The SQL of the files; of stdin for `-`; without any, of the workspace's pending files."""
    import attrs

    from pgops.migrations.sources import Source, read_sources
    from pgops.migrations.workspace import Workspace
    from pgops.sql.script import hash_of

    if not files:
        return Workspace.open(profile=profile, path=path).sources()
    if files == ("-",):
        text = standard_input().read().decode("utf-8", "replace")
        # A text is remembered by what it says: another one is other work, the same one is done.
        return (attrs.evolve(Source.of(text, file="stdin"), series=f"stdin {hash_of(text)[:20]}"),)
    return read_sources(*map(Path, files))


@contextmanager
def database_of(
    profile: str | None, url: Secret | None, *, read_only: bool = True
) -> Iterator[psycopg.Connection[Any]]:
    """A connection in autocommit, closed afterwards."""
    from pgops.cli.database import connected
    from pgops.config.resolution import resolve

    with connected(resolve(profile, url=url), read_only=read_only) as conn:
        conn.autocommit = True
        yield conn
