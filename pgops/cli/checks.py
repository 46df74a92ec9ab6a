"""`pgops checks`: checks explained, their SQL, and checks of a project's own."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgops.cli.options import (
    complete_checks,
    json_option,
    limits_option,
    read_limits,
    registry_here,
    selectors_argument,
    target_options,
)
from pgops.cli.printing import complain, in_colour, say, show, show_exactly

if TYPE_CHECKING:
    from pgops.checks.api import Check
    from pgops.checks.registry import Registered
    from pgops.secret import Secret

CHECK, SQL, MADE, CONTRACT = (f"pgops.{what}/1" for what in ("check", "check_sql", "check_made", "contract"))

CODES = """\b
Exit codes:
  0  it is printed
  2  the command was given wrongly: no such check, a limit that it does not have
"""

check_argument = click.argument("name", metavar="CHECK", shell_complete=complete_checks)


@click.group(
    "checks", epilog="\b\nExamples:\n  pgops checks explain missing_fk_indexes\n  pgops checks new late_orders"
)
def command() -> None:
    """Checks explained, their SQL for psql, and checks of your own."""


@command.command("explain", epilog="\b\nExamples:\n  pgops checks explain missing_fk_indexes\n\n" + CODES)
@check_argument
@json_option
def explain(*, name: str, as_json: bool) -> None:
    """Explain a check: why it matters, when it is a false alarm, its limits, its SQL."""
    from pgops.checks.check_page import markdown_page
    from pgops.render.visible import visible_lines

    registry = registry_here()
    check = registry.get(name)
    if as_json:
        from pgops.cli.listing import check_facts

        facts = check_facts(next(entry for entry in registry.entries if entry.check is check))
        _show_json(CHECK, **facts, page=markdown_page(check))
        return
    page = visible_lines(markdown_page(check))
    if not in_colour():
        show([page])
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console(file=sys.stdout).print(Markdown(page))


@command.command(
    "sql",
    epilog="""\b
Examples:
  pgops checks sql table_sizes --limit table_sizes.top=5 | psql
  pgops checks sql slow_queries --server 14

"""
    + CODES,
)
@check_argument
@limits_option
@click.option("--server", type=int, metavar="MAJOR", help="The version that is to be asked; without it the newest.")
@click.option("--schema", default="public", show_default=True, help="Where the extension is that the check asks.")
@json_option
@click.pass_context
def sql(
    ctx: click.Context,
    /,
    *,
    name: str,
    limits: tuple[str, ...],
    server: int | None,
    schema: str,
    as_json: bool,
) -> None:
    """Print what a check asks, ready for psql, the limits filled in."""
    from pgops.checks.check_page import NEWEST_MAJOR, psql_text
    from pgops.checks.check_settings import CheckSettings, bounds_for

    registry = registry_here()
    check = registry.get(name)
    bounds = bounds_for(check, CheckSettings(), read_limits(limits, registry))
    major = NEWEST_MAJOR if server is None else server
    text = psql_text(check, bounds, major=major, schema=schema)
    if text is None:
        what = "asks nothing by SQL" if check.probe else f"can't be asked of PostgreSQL {major}"
        raise click.UsageError(f"{check.id} {what}.", ctx)
    if as_json:
        _show_json(SQL, check=check.id, server=major, sql=text)
    else:
        show([text])


@command.command(
    "new",
    epilog="""\b
Examples:
  pgops checks new late_orders --topic orders
  pgops checks verify orders.late_orders

\b
Exit codes:
  0  the file is there
  2  the command was given wrongly: no folder, a name that can't be, a file that
     is there already
  3  there is no postgres.toml, or the file can't be written
""",
)
@click.argument("slug")
@click.option("--topic", default="", help="A subfolder, which is the first part of the id; without it: project.")
@click.option("--folder", type=click.Path(file_okay=False), help="Where; without it the folder of postgres.toml.")
@json_option
@click.pass_context
def new(ctx: click.Context, /, *, slug: str, topic: str, folder: str | None, as_json: bool) -> None:
    """Write the beginning of a check of your own: a .sql file that runs as it is.

    It goes into the folder that postgres.toml names: [checks] folder = "db/checks".
    """
    from pgops.checks.sql_files import SCAFFOLD, check_of
    from pgops.errors import BadCheckError
    from pgops.files import write_whole

    home = _folder(ctx) if folder is None else Path(folder)
    text = SCAFFOLD.format(title=slug.replace("_", " ").capitalize())
    try:
        check = check_of(text, slug=slug, **({"topic": topic} if topic else {}))
    except BadCheckError as error:
        raise click.UsageError(str(error), ctx) from None
    file = home / topic / f"{slug}.sql"
    if file.exists():
        raise click.UsageError(f"{file} is there already.", ctx)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, [text])
    say(f"{file} is the check {check.id}. Try it: pgops checks verify {check.id}")
    if as_json:
        _show_json(MADE, check=check.id, file=str(file))


def _folder(ctx: click.Context) -> Path:
    from pgops.checks.config_settings import checks_folder
    from pgops.config.reading import load_config

    folder = checks_folder(load_config())
    if folder is None:
        cure = 'Write [checks] folder = "db/checks" there, or give --folder.'
        raise click.UsageError(f"postgres.toml names no folder for checks of this project. {cure}", ctx)
    return folder


@command.command(
    "verify",
    epilog="""\b
Examples:
  pgops checks verify                      those of the project
  pgops checks verify 'indexes.*' -p staging --json

\b
Exit codes:
  0  each keeps the contract
  1  one does not, or could not be loaded
  2  the command was given wrongly: there are no such checks
  3  it could not look: no database
""",
)
@selectors_argument
@target_options
@json_option
@click.pass_context
def verify(
    ctx: click.Context, /, *, selectors: tuple[str, ...], profile: str | None, url: Secret | None, as_json: bool
) -> int:
    """Hold checks against the contract, on a real database: without a SELECTOR those of the project.

    Are the documentation and the limits whole, does it run, are the columns those it declares, are its locks weak?
    Nothing is changed: the connection is read-only.
    """
    from pgops.checks.select import select
    from pgops.cli.database import connected
    from pgops.cli.exits import Exit
    from pgops.config.resolution import resolve
    from pgops.testing import declaration_problems, look_problems

    registry = registry_here()
    chosen = select(registry, selectors) if selectors else [entry for entry in registry if _is_own(entry)]
    for plugin in registry.broken:
        complain(f"{plugin.name}: {plugin.error}")
    if not chosen:
        raise click.UsageError("There are no checks to verify. `pgops checks new` begins one.", ctx)
    resolution = resolve(profile, url=url)
    found: dict[str, list[str]] = {}
    with closing(connected(resolution)) as conn:
        for entry in chosen:
            check: Check[Any, Any] = entry.check
            problems = [*declaration_problems(check), *look_problems(check, conn, reads_tables=_is_own(entry))]
            found[check.id] = problems
            if not as_json:
                show([f"{check.id}: {'; '.join(problems) or 'keeps the contract'}\n"])
    if as_json:
        checks = [{"check": check_id, "problems": problems} for check_id, problems in found.items()]
        broken = [{"name": plugin.name, "error": plugin.error} for plugin in registry.broken]
        _show_json(CONTRACT, checks=checks, broken_plugins=broken)
    return Exit.FINDINGS if registry.broken or any(found.values()) else Exit.CLEAN


def _is_own(entry: Registered) -> bool:
    return entry.origin.endswith(".sql")


def _show_json(schema: str, **facts: Any) -> None:
    show_exactly(json.dumps({"schema": schema, **facts}, indent=2, ensure_ascii=False))
