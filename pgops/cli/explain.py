"""`pgops explain`: how a statement would be carried out, or was; with advice, comparison and prediction."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgops.cli.exits import Exit
from pgops.cli.options import seconds_option, standard_input, target_options
from pgops.cli.printing import complain, say, show_document, show_exactly

if TYPE_CHECKING:
    import psycopg

    from pgops.query_plan.plan import QueryPlan
    from pgops.secret import Secret

EXAMPLES = """\b
Examples:
  pgops explain 'SELECT * FROM orders WHERE customer_id = 42'
  pgops explain --analyze --html plan.html -f slow.sql
  pgops explain 'SELECT * FROM orders WHERE customer_id = %s' --param 42
  pgops explain 'SELECT * FROM orders WHERE customer_id = $1'     its generic plan (16)
  pgops explain --json -f slow.sql > before.json
  pgops explain --compare before.json -f slow.sql                 what is different now?
  pgops explain -f slow.sql --index 'CREATE INDEX ON orders (customer_id)'
  pgops explain --read auto_explain.log                           no database needed

\b
Exit codes:
  0  there is a plan; with --compare: it did not get worse
  1  with --compare: the plan regressed
  2  the command was given wrongly
  3  there is no plan: the statement can't be explained, --analyze was not
     approved, hypopg is missing, no database; or two that can't be compared
"""


@click.command("explain", epilog=EXAMPLES)
@click.argument("statement", required=False, metavar="[SQL|-]")
@click.option(
    "-f", "--file", "file", type=click.Path(dir_okay=False, allow_dash=True), help="Read the statement from FILE."
)
@target_options
@click.option("--analyze", is_flag=True, help="Run it, and roll back. What may have effects is asked about first.")
@click.option("--generic", is_flag=True, help="The generic plan of a statement with $1 (PostgreSQL 16).")
@click.option(
    "--param", "params", multiple=True, metavar="V", help="A value for the next %s, or $1, as text. Repeatable."
)
@seconds_option("--timeout", "Seconds that the statement may take.", default=60.0, show_default=True)
@click.option(
    "--index", "create_index", metavar="CREATE INDEX ...", help="Predict what that index would change (hypopg)."
)
@click.option("--compare", "earlier", type=click.Path(), metavar="PLAN.json", help="Hold it against an earlier plan.")
@click.option(
    "--read", "captured", type=click.Path(allow_dash=True), metavar="PLAN.json", help="A plan that was captured."
)
@click.option("--html", "html_file", type=click.Path(dir_okay=False), metavar="FILE", help="Write a page to FILE, too.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    statement: str | None,
    file: str | None,
    profile: str | None,
    url: Secret | None,
    analyze: bool,
    generic: bool,
    params: tuple[str, ...],
    timeout_s: float,
    create_index: str | None,
    earlier: str | None,
    captured: str | None,
    html_file: str | None,
    as_json: bool,
) -> int:
    """Show a statement's plan.

    Nothing is run without --analyze. With it a statement that only reads is run at once; one that may change
    something is shown with its effects, and run when you agree (or DB_CONFIRM=YES is set). Everything is rolled back.
    """
    from pgops.query_plan.reading import read_plan

    if html_file is not None and not Path(html_file).parent.is_dir():
        raise click.BadParameter("its folder does not exist.", param_hint="--html")
    before = read_plan(_text(earlier)) if earlier is not None else None
    if captured is not None:
        _refuse_with_read(ctx, statement, file, analyze=analyze, generic=generic, params=params, index=create_index)
        return _shown(read_plan(_text(captured)), before, html_file=html_file, as_json=as_json)
    sql = _statement(ctx, statement, file)
    if create_index is not None and (analyze or generic or before):
        raise click.UsageError("--index predicts: it goes with none of --analyze, --generic, --compare.", ctx)
    if analyze and generic:
        raise click.UsageError("A generic plan can't be run: choose --analyze or --generic.", ctx)
    with _connected(profile, url) as conn:
        asked: dict[str, Any] = {"params": list(params) or None, "timeout_s": timeout_s}
        if create_index is not None:
            return _predicted(conn, sql, create_index, asked, html_file=html_file, as_json=as_json)
        plan = _analyzed(conn, sql, asked) if analyze else _planned(conn, sql, asked, generic=generic)
    return _shown(plan, before, html_file=html_file, as_json=as_json)


def _refuse_with_read(ctx: click.Context, statement: str | None, file: str | None, **others: Any) -> None:
    if statement is not None or file is not None or any(others.values()):
        raise click.UsageError("--read shows a plan that is there: it takes no statement and asks no database.", ctx)


def _statement(ctx: click.Context, statement: str | None, file: str | None) -> str:
    if (statement is None) == (file is None):
        raise click.UsageError("Name one statement: as an argument, with -f FILE, or - for standard input.", ctx)
    if file is not None or statement == "-":
        return _text(file or "-")
    assert statement is not None  # noqa: S101  one of the two is there
    if statement.lower().startswith(("postgres://", "postgresql://")):  # may bear a password: not shown
        raise click.UsageError("A URL is no statement. Set DB_URL, or use --url.", ctx)
    return statement


def _text(path: str) -> str:
    try:
        raw = standard_input().read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise click.FileError(path, error.strerror) from None
    return raw.decode("utf-8-sig", "replace")


def _connected(profile: str | None, url: Secret | None) -> psycopg.Connection[Any]:
    """Writable: whether anything may be written is decided per transaction, where consent is known."""
    from pgops.cli.database import connected
    from pgops.config.resolution import resolve

    resolution = resolve(profile, url=url)
    say(f"Explaining on {resolution.display}. {resolution.because}")
    return connected(resolution, read_only=False)


def _planned(conn: psycopg.Connection[Any], sql: str, asked: dict[str, Any], *, generic: bool) -> QueryPlan:
    from pgops.query_plan.explaining import explain

    return explain(conn, sql, generic=generic, **asked)


def _analyzed(conn: psycopg.Connection[Any], sql: str, asked: dict[str, Any]) -> QueryPlan:
    from pgops.cli.consent import approval_for
    from pgops.errors import NotApprovedError
    from pgops.query_plan.explaining import explain
    from pgops.query_plan.proposing import plan_of, propose_analyze

    try:
        return explain(conn, sql, analyze=True, **asked)
    except NotApprovedError:
        conn.rollback()
    proposal = propose_analyze(conn, sql, **asked)
    conn.rollback()
    return plan_of(proposal.apply(conn, approval=approval_for(proposal)))


def _predicted(
    conn: psycopg.Connection[Any],
    sql: str,
    create_index: str,
    asked: dict[str, Any],
    *,
    html_file: str | None,
    as_json: bool,
) -> int:
    from pgops.query_plan.prediction import predict_index
    from pgops.render.html import to_html

    prediction = predict_index(conn, sql, create_index, **asked)
    document = prediction.to_document()
    if as_json:
        show_exactly(json.dumps(prediction.to_plain(), indent=2, ensure_ascii=False))
    else:
        show_document(document)
    return _written(html_file, to_html(document) if html_file else "")


def _shown(plan: QueryPlan, before: QueryPlan | None, *, html_file: str | None, as_json: bool) -> int:
    from pgops.query_plan.comparison import Verdict, compare_plans

    if before is None:
        if as_json:
            show_exactly(json.dumps({**plan.to_plain(), "advice": _advice(plan)}, indent=2, ensure_ascii=False))
        else:
            show_document(plan.to_document())
        return _written(html_file, plan.to_html() if html_file else "")
    comparison = compare_plans(before, plan)
    if as_json:
        show_exactly(json.dumps(comparison.to_plain(), indent=2, ensure_ascii=False))
    else:
        show_document(comparison.to_document())
    written = _written(html_file, comparison.to_html() if html_file else "")
    if comparison.verdict is Verdict.NOT_COMPARABLE:
        return Exit.NO_ANSWER
    return Exit.FINDINGS if comparison.verdict is Verdict.REGRESSED else written


def _advice(plan: QueryPlan) -> list[dict[str, Any]]:
    import attrs

    return [{**attrs.asdict(each), "severity": str(each.severity)} for each in plan.advice]


def _written(file: str | None, page: str) -> Exit:
    from pgops.files import write_whole

    if file is None:
        return Exit.CLEAN
    try:
        write_whole(file, [page])
    except OSError as error:
        complain(f"{file}: the page could not be written: {error.strerror}.")
        return Exit.NO_ANSWER
    return Exit.CLEAN
