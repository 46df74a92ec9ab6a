"""`pgops dump`: a database's schema, rows or both into a file, whole or not at all, proved if you like."""

from __future__ import annotations

import datetime as dt
import json
import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from pgops.cli.options import seconds_option, target_options
from pgops.cli.printing import complain, is_terminal, say, show_document, show_exactly

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.config.resolution import Resolution
    from pgops.dump.taking.dumping import Dump
    from pgops.dump.taking.progress import DumpProgress, OnDumpProgress
    from pgops.render.document import Document
    from pgops.secret import Secret

SCHEMA = "pgops.dump/1"
_QUOTED = re.compile(r'"((?:[^"]|"")+)"\."((?:[^"]|"")+)"')

EPILOG = """\b
Examples:
  pgops dump shop.dump                       all of it, in the custom format
  pgops dump shop.sql --content schema       the schema as SQL
  pgops dump shop.dir --jobs 4               a folder, written by four workers
  pgops dump shop.dump --verify              and count and hash every table in the dump's snapshot
  pgops dump                                 dump_<profile>_<time>.dump in this folder

\b
Exit codes:
  0    the dump is there, whole
  2    the command was given wrongly
  3    no dump was made, and nothing was left behind
  130  ended by Ctrl-C; nothing was left behind
"""


@click.command("dump", epilog=EPILOG)
@click.argument("file", required=False, type=click.Path(), metavar="[FILE]")
@click.option(
    "--content",
    type=click.Choice(["all", "schema", "data"]),
    default="all",
    show_default=True,
    help="What of the database.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["plain", "custom", "directory"]),
    help="Default: as FILE's name says. .sql is plain, .dir a directory, any other custom.",
)
@click.option("--jobs", "-j", type=click.IntRange(1, 64), default=1, show_default=True, help="Workers; a directory.")
@click.option("--compression", metavar="METHOD[:LEVEL]", help="none, gzip, lz4 or zstd, as far as pg_dump has it.")
@click.option("--verify", is_flag=True, help="Count and hash every table in the snapshot that pg_dump reads.")
@click.option("--owner", is_flag=True, help="With owners.")
@click.option("--privileges", is_flag=True, help="With GRANTs.")
@click.option("--comments/--no-comments", default=None, help="Default: with them, but for the schema alone.")
@click.option("--schema", "schemas", multiple=True, metavar="NAME", help="Only that schema. May be repeated.")
@click.option("--table", "tables", multiple=True, metavar="SCHEMA.NAME", help="Only that table. May be repeated.")
@click.option("--overwrite", is_flag=True, help="Replace FILE if it is there.")
@seconds_option("--lock-wait", "Seconds that a table's lock is waited for.", default=30.0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print what was made as JSON.")
@target_options
def command(
    *,
    file: str | None,
    content: str,
    form: str | None,
    tables: tuple[str, ...],
    as_json: bool,
    profile: str | None,
    url: Secret | None,
    **wanted: Any,
) -> None:
    """Dump a database to FILE, with a manifest beside it.

    The file is there only once it is whole. The manifest has the size and SHA-256 of each file, and with --verify the
    rows of every table, by which `pgops restore --verify` proves what it restored.
    """
    from pgops.cli.database import connected
    from pgops.config.resolution import resolve
    from pgops.dump.taking.dumping import dump_database

    named = [_table(each) for each in tables]
    _refuse_impossible(file, form=form, jobs=wanted["jobs"], compression=wanted["compression"])
    resolution = resolve(profile, url=url)
    path = file or _default_name(content, resolution, directory=form == "directory" or wanted["jobs"] > 1)
    say(f"Dumping {resolution.display} to {path}.")
    with connected(resolution) as conn, _bar() as on_progress:
        conn.autocommit = True
        made = dump_database(
            conn,
            path,
            content=content,
            format=form,
            tables=named,
            bin_path=resolution.config.pg_bin_path if resolution.config is not None else None,
            on_progress=on_progress,
            **wanted,
        )
    for warning in made.warnings:
        complain(f"warning: {warning}")
    if as_json:
        show_exactly(json.dumps({"schema": SCHEMA, **_facts(made)}, indent=2, ensure_ascii=False))
    else:
        show_document(_document(made))


def _refuse_impossible(file: str | None, *, form: str | None, jobs: int, compression: str | None) -> None:
    """What can't be meant, before anybody is asked for a password."""
    from pathlib import Path

    from pgops.dump.choices import Format
    from pgops.dump.taking.plan import DumpPlan, format_of
    from pgops.errors import DumpError

    if file == "-":
        raise click.UsageError(
            "A dump is not written to standard output: whoever reads it there can't know whether it is whole. "
            "Name a file; one that is called - is ./-"
        )
    path = Path(file or "")
    try:
        DumpPlan(
            path=path,
            format=Format(form) if form is not None else format_of(path, jobs=jobs),
            jobs=jobs,
            compression=compression,
        )
    except DumpError as error:
        raise click.UsageError(str(error)) from None


def _table(text: str) -> tuple[str, str]:
    quoted = _QUOTED.fullmatch(text)
    if quoted is not None:
        return quoted[1].replace('""', '"'), quoted[2].replace('""', '"')
    schema, dot, name = text.partition(".")
    if not (dot and schema and name):
        raise click.BadParameter(
            'name it as SCHEMA.NAME, as it is; a schema with a dot as "SCHEMA"."NAME".', param_hint="--table"
        )
    return schema, name


def _default_name(content: str, resolution: Resolution, *, directory: bool) -> str:
    """As `schema_prod_20261128_120000.dump`: what, whose, and when (UTC)."""
    what = {"all": "dump"}.get(content, content)
    whose = resolution.profile.name if resolution.profile is not None else "database"
    return f"{what}_{whose}_{dt.datetime.now(dt.UTC):%Y%m%d_%H%M%S}{'.dir' if directory else '.dump'}"


def _facts(made: Dump) -> dict[str, Any]:
    import attrs

    from pgops.findings import as_json as plain

    facts: dict[str, Any] = plain(attrs.asdict(made.manifest))
    return {
        "path": str(made.path),
        "manifest_path": str(made.manifest_path),
        "size_bytes": made.size_bytes,
        "seconds": made.seconds,
        "warnings": list(made.warnings),
        "manifest": facts,
    }


def _document(made: Dump) -> Document:
    from pgops.render.document import Bullets, Document, KeyValues
    from pgops.render.quantities import duration, size

    manifest = made.manifest
    facts = {
        "file": str(made.path),
        "size": size(made.size_bytes),
        "took": duration(made.seconds),
        "database": manifest.database,
        "server": manifest.server,
        "by": manifest.program,
        "manifest": str(made.manifest_path),
    }
    if manifest.tables is not None:
        rows = sum(table.rows for table in manifest.tables)
        facts["verified"] = f"{rows:,} rows in {len(manifest.tables):,} tables were counted and hashed in its snapshot"
    rest = [Bullets(manifest.not_counted)] if manifest.not_counted else []
    return Document("Dumped", blocks=[KeyValues(facts), *rest])


@contextmanager
def _bar() -> Iterator[OnDumpProgress | None]:
    """How far it is, on stderr where that is a terminal."""
    if not is_terminal(sys.stderr):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    from pgops.render.visible import visible

    columns = (BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("connected", total=None)

        def moved(step: DumpProgress) -> None:
            words = visible(f"{step.phase}: {', '.join(step.current)}" if step.current else step.phase)
            share = step.share
            bar.update(task, completed=share or 0, total=None if share is None else 1, description=words[:100])

        yield moved
