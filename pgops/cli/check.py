"""`pgops check`: judge a database."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgops.cli.exits import MEANINGS, Exit, exit_for
from pgops.cli.facilities import facility_options, look_at
from pgops.cli.options import (
    checks_for_command,
    limits_option,
    project_here,
    read_limits,
    seconds_option,
    selectors_argument,
    target_options,
)
from pgops.cli.printing import complain, say, show_document, show_exactly

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.history import Series
    from pgops.checks.registry import Registry
    from pgops.checks.report import Report
    from pgops.config.resolution import Resolution
    from pgops.render.document import Document
    from pgops.secret import Secret

EXAMPLES = """\b
Examples:
  pgops check                                  everything, on the project's database
  pgops check indexes '!unused_indexes'        one topic, without one of its checks
  pgops check --json > report.json             for programs, and for --compare
  pgops check --compare report.json            what is new since then?
  pgops check -p prod --parallel 4 --html report.html
  pgops check table_sizes slow_queries --limit table_sizes.top=5     listings, asked for by name
  pgops check --history checks.sqlite          keep it; what is new since the last one?
  pgops check --backups pgbackrest:main --disk /var/lib/postgresql     and what SQL can't see
"""


@click.command("check", epilog=f"{EXAMPLES}\n\n{MEANINGS}")
@selectors_argument
@target_options
@facility_options
@limits_option
@click.option(
    "--fail-on",
    type=click.Choice(["info", "warning", "critical"], case_sensitive=False),
    default="warning",
    show_default=True,
    help="The severity from which findings make the exit code 1.",
)
@click.option("--strict", is_flag=True, help="A SKIPPED check makes the exit code 3, as a FAILED one does.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON (docs/report.schema.json).")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the report as Markdown.")
@click.option(
    "--html",
    "html_file",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Write the report as a page to FILE too.",
)
@click.option(
    "--compare",
    "earlier_file",
    type=click.Path(dir_okay=False),
    metavar="REPORT.json",
    help="Say what is new, persists or is resolved since that report.",
)
@click.option(
    "--history",
    "history_file",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Keep the report in FILE (SQLite), and say what is new since the baseline there, or since the last one.",
)
@click.option("--node", default="", metavar="NAME", help="With --history: which node of the cluster this is.")
@seconds_option("--deadline", "Seconds after which the run ends; what was not asked by then is FAILED.")
@seconds_option("--statement-timeout", "Seconds that one check may take.", default=30.0, show_default=True)
@click.option(
    "--parallel",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    metavar="N",
    help="Run checks side by side, on up to N connections.",
)
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    selectors: tuple[str, ...],
    profile: str | None,
    url: Secret | None,
    pgbouncer: Secret | None,
    disks: tuple[str, ...],
    backups: tuple[str, ...],
    wal_segsize: str,
    limits: tuple[str, ...],
    fail_on: str,
    strict: bool,
    as_json: bool,
    as_markdown: bool,
    html_file: str | None,
    earlier_file: str | None,
    history_file: str | None,
    node: str,
    parallel: int,
    **times: float | None,
) -> int:
    """Judge a database.

    A SELECTOR is the id, alias or topic of checks (`pgops list` shows them), a glob such as 'indexes.*', or '!name' to
    leave out; without one, all checks run, and the listings among them are only counted. The report goes to stdout,
    everything else to stderr. Nothing is changed: the connection is read-only.

    DB_QUERY_TEXT_MAX_CHARS, DB_TABLE_SIZES_SCHEMA and DB_TABLE_SIZES_MIN_BYTES in the environment are limits too, which
    --limit overrides.
    """
    from pgops.cli.comparing import read_report
    from pgops.cli.variables import limits_of_environment, with_limits_of_call
    from pgops.config.resolution import resolve
    from pgops.findings import Severity

    if as_json and as_markdown:
        raise click.UsageError("--json and --markdown both want stdout: choose one.", ctx)
    if html_file is not None and not Path(html_file).parent.is_dir():
        raise click.BadParameter("its folder does not exist.", param_hint="--html")
    earlier = read_report(earlier_file) if earlier_file is not None else None
    config, folder = project_here()
    registry = checks_for_command(folder)
    asked: dict[str, Any] = {
        "select": selectors or None,
        "registry": registry,
        "limits": with_limits_of_call(limits_of_environment(registry), read_limits(limits, registry)),
        **times,
    }
    _refuse_wrong(ctx, **asked)
    resolution = resolve(profile, url=url, config=config)
    if resolution.config is not None:
        asked["settings"] = resolution.config.check_settings(registry=registry)
    asked["facilities"] = look_at(
        resolution.config, pgbouncer=pgbouncer, disks=disks, backups=backups, wal_segsize=wal_segsize
    )
    say(f"Checking {resolution.display}. {resolution.because}")
    with _kept(history_file, resolution, node) as series:
        report = _run(resolution, asked | {"history": series}, parallel=parallel)
        if series is not None and report.server is not None:
            earlier = earlier or series.marked() or series.latest()
            series.add(report)
    document = _document(report, earlier)
    if as_json:
        show_exactly(_json(report, earlier))
    elif as_markdown:
        from pgops.render.markdown import to_markdown

        show_exactly(to_markdown(document))
    else:
        show_document(_document(report, earlier, listings=bool(selectors)))  # unasked they would bury the findings
    code = exit_for(report, fail_on=Severity.parse(fail_on), strict=strict)
    written = html_file is None or _write_html(document, html_file)
    return code if written or code is not Exit.CLEAN else Exit.NO_ANSWER


@contextmanager
def _kept(file: str | None, resolution: Resolution, node: str) -> Iterator[Series | None]:
    """The series of this database in the file: by the profile's name, so that its nodes can be held together."""
    if file is None:
        yield None
        return
    from pgops.checks.history import open_history

    database = resolution.target.params.get("dbname")
    if not database:
        raise click.UsageError("--history keeps reports by their database: name it in the URL or the profile.")
    cluster = resolution.profile.name if resolution.profile else resolution.display
    with open_history(file) as history:
        yield history.series(cluster, database=database, node=node)


def _refuse_wrong(ctx: click.Context, /, registry: Registry, select: Sequence[str] | None, **asked: Any) -> None:
    """Raise for every mistake in what is asked before anything connects: the library plans the run, and is not run."""
    from pgops.checks.run import planned_run

    try:
        planned = planned_run(registry, select, settings=None, suppress=None, history=None, **asked)
    except ValueError as error:
        raise click.UsageError(f"{error}.", ctx) from None
    if not len(planned):
        raise click.UsageError("The selectors leave no check over.", ctx)


def _run(resolution: Resolution, asked: dict[str, Any], *, parallel: int) -> Report:
    """Connect to just what was announced, and run the checks."""
    from pgops.checks.calls import run_checks
    from pgops.cli.database import connected, pooled
    from pgops.cli.progress import progress_bar

    # What a check prints does not get between the lines of the report.
    with redirect_stdout(sys.stderr):
        source: Any = (
            connected(resolution) if parallel == 1 else pooled(resolution, max_size=parallel, name="pgops check")
        )
        with source, progress_bar() as on_progress:
            return run_checks(source, on_progress=on_progress, **asked)


def _document(report: Report, earlier: Report | None, *, listings: bool = True) -> Document:
    import attrs

    from pgops.cli.comparing import comparison_section

    document = report.to_document(listings=listings)
    if earlier is None:
        return document
    return attrs.evolve(document, blocks=(*document.blocks, comparison_section(report, earlier)))


def _json(report: Report, earlier: Report | None) -> str | Iterator[str]:
    from pgops.checks.report_json import document, iter_json
    from pgops.cli.comparing import comparison_json

    if earlier is None:
        return iter_json(report, indent=2)
    body = {**document(report), "comparison": comparison_json(report.compare(earlier))}
    return json.dumps(body, indent=2, ensure_ascii=False)


def _write_html(document: Document, file: str) -> bool:
    """Write the page. A report that was printed is not lost when that fails, so it is said and does not raise."""
    from pgops.files import write_whole
    from pgops.render.html import iter_html

    try:
        write_whole(file, iter_html(document))
    except OSError as error:
        complain(f"{file}: the page could not be written: {error.strerror}.")
        return False
    return True
