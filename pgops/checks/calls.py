"""The two calls that run checks: `run_checks` and, on asyncio, `run_checks_async`.

They stand above the catalogue, since without a `registry` they ask every check there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import psycopg

from pgops.checks import runner
from pgops.checks.catalogue import default_registry
from pgops.checks.run import planned_run
from pgops.checks.sources import is_pool, wrong_kind
from pgops.checks.sql_files import with_checks_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from psycopg_pool import AsyncConnectionPool, ConnectionPool

    from pgops.checks.check_settings import CheckSettings
    from pgops.checks.registry import Registry
    from pgops.checks.report import Progress, Report
    from pgops.checks.run import History
    from pgops.checks.select import Selector
    from pgops.checks.suppress import Suppression

    Source: TypeAlias = psycopg.Connection[Any] | ConnectionPool[Any]
    AsyncSource: TypeAlias = psycopg.AsyncConnection[Any] | AsyncConnectionPool[Any]


def run_checks(
    source: Source,
    select: Selector | Iterable[Selector] | None = None,
    *,
    registry: Registry | None = None,
    settings: CheckSettings | None = None,
    limits: Mapping[str, Mapping[str, Any]] | None = None,
    suppress: Iterable[Suppression | Mapping[str, Any]] | None = None,
    history: History | None = None,
    facilities: Mapping[str, Any] | None = None,
    statement_timeout_s: float = 30,
    deadline_s: float | None = None,
    on_progress: Progress | None = None,
) -> Report:
    """Run checks and give their report; nothing that happens on the server raises.

    `source` is a psycopg connection, in whatever state its owner left it and left exactly so, or a pool, where checks
    run side by side. `select` takes ids, aliases, topics, globs, `Check` objects and `!exclusions`; None is all checks
    that need not be asked for by name. `limits` sets thresholds by check (`{"long_running_queries": {"warn_s": 60}}`),
    `suppress` leaves findings out; `settings` (`config.check_settings()`) holds both, and the folder of a project's own
    checks. `history` (an earlier report, a series of an `open_history` file) lets checks see change. `facilities` are
    what SQL on this connection can't see, by name. No statement takes longer than `statement_timeout_s`, the run not
    longer than `deadline_s`; Ctrl-C or the deadline cancels what runs on the server and gives the partial report.
    `on_progress` is called after each check, in the thread that ran it.

    Raises `UnknownCheckError`, `BadLimitError`, `BadSuppressionError` and `ValueError` for wrong arguments, before the
    server is asked anything, and `WrongConnectionError` for a source that can't be used here.

        with pgops.connect() as conn:
            report = pgops.run_checks(conn, ["indexes", "!unused_indexes"])
    """
    run = planned_run(
        with_checks_of(registry or default_registry(), settings.folder if settings else None),
        select,
        settings=settings,
        limits=limits,
        suppress=suppress,
        history=history,
        statement_timeout_s=statement_timeout_s,
        deadline_s=deadline_s,
        facilities=facilities,
        on_progress=on_progress,
    )
    if isinstance(source, psycopg.Connection):
        runner.over_connection(run, source)
    elif is_pool(source, "ConnectionPool"):
        runner.over_pool(run, source)
    else:
        raise wrong_kind(source, "run_checks", "run_checks_async")
    return run.report()


async def run_checks_async(
    source: AsyncSource,
    select: Selector | Iterable[Selector] | None = None,
    *,
    registry: Registry | None = None,
    settings: CheckSettings | None = None,
    limits: Mapping[str, Mapping[str, Any]] | None = None,
    suppress: Iterable[Suppression | Mapping[str, Any]] | None = None,
    history: History | None = None,
    facilities: Mapping[str, Any] | None = None,
    statement_timeout_s: float = 30,
    deadline_s: float | None = None,
    on_progress: Progress | None = None,
) -> Report:
    """`run_checks` on asyncio, over an `AsyncConnection` or an `AsyncConnectionPool`; the arguments are the same.

    A task that is cancelled raises `CancelledError`, as any coroutine must, after the server has cancelled the
    statement; what was known by then has gone to `on_progress`. A deadline gives the partial report.
    """
    from pgops.checks import runner_async  # noqa: PLC0415  asyncio is not everybody's

    run = planned_run(
        with_checks_of(registry or default_registry(), settings.folder if settings else None),
        select,
        settings=settings,
        limits=limits,
        suppress=suppress,
        history=history,
        statement_timeout_s=statement_timeout_s,
        deadline_s=deadline_s,
        facilities=facilities,
        on_progress=on_progress,
    )
    if isinstance(source, psycopg.AsyncConnection):
        await runner_async.over_connection(run, source)
    elif is_pool(source, "AsyncConnectionPool"):
        await runner_async.over_pool(run, source)
    else:
        raise wrong_kind(source, "run_checks_async", "run_checks")
    return run.report()
