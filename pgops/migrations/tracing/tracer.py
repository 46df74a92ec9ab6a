"""A trace from its beginning to its end: the one call."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from pgops.db.versions import pg_version
from pgops.errors import TraceError
from pgops.migrations.effects.known import Known
from pgops.migrations.effects.live import read_facts
from pgops.migrations.tracing.alone import trace_alone
from pgops.migrations.tracing.carrying_out import carry_out
from pgops.migrations.tracing.clone import load_clone
from pgops.migrations.tracing.place import opened
from pgops.migrations.tracing.reach import why_not
from pgops.migrations.tracing.traced import Trace, TracedStatement
from pgops.migrations.tracing.transaction import trace_transaction
from pgops.migrations.tracing.units import units_of
from pgops.sql.grammar import read_script
from pgops.sql.script import Script

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import psycopg

    from pgops.conninfo import Conninfo
    from pgops.migrations.tracing.place import Place, Where
    from pgops.migrations.tracing.units import Claimed

DEADLINE_S = 60.0
GRACE_S = 5.0


def trace(
    sql: str | Script | Sequence[Script],
    where: Where,
    *,
    scratch: str | None = None,
    clone_of: psycopg.Connection[Any] | Conninfo | str | None = None,
    setup: str = "",
    with_catalogue: bool = True,
    deadline_s: float = DEADLINE_S,
) -> Trace:
    """What each statement of `sql` really locks, rewrites and scans, per relation that was there before.

    Everything is carried out and committed, so `where` is a throwaway: a `ScratchServer`, on which a database is made
    and dropped again; a `ScratchDatabase`; or a connection, `Conninfo` or connection string of a database that the
    caller names once more, as `scratch`, and that nobody else is connected to. `clone_of` is a live database whose
    schema is copied into it first, through pg_dump and without rows; that one is only read. `setup` is SQL that is
    carried out before, one statement after the other. Each script is one transaction, as far as it says nothing else
    and PostgreSQL allows it; several follow one another.

    What is seen is compared with what lint says: with the catalogue at the beginning, or as without a connection where
    `with_catalogue` is False. `deadline_s` bounds each statement, in seconds; the server refuses a longer one of a
    transaction (57014).

    What the server refuses is part of the result. Raises `ConninfoError` for a string that is none, and `TraceError`
    where the database may be somebody's, where a clone can't be made, and when a statement that allows no transaction
    did not end in time.
    """
    scripts = _scripts(sql)
    with ExitStack() as closing:
        place = closing.enter_context(opened(where, scratch=scratch))
        if clone_of is not None:
            load_clone(clone_of, place)
        conn = closing.enter_context(place.connect())
        _set_up(conn, setup)
        server = pg_version(conn).major
        known = Known(server=server, facts=read_facts(conn, scripts) if with_catalogue else None)
        # Later than our own deadline for what stands alone, which then has something to say.
        limit = f"{int((deadline_s + GRACE_S) * 1000)}ms"
        conn.execute("SELECT pg_catalog.set_config('statement_timeout', %s, false)", [limit])
        statements = tuple(trace_scripts(scripts, known, conn, place=place, deadline_s=deadline_s))
    return Trace(
        server=server, statements=statements, unparsed=tuple(part for each in scripts for part in each.unparsed)
    )


def _scripts(sql: str | Script | Sequence[Script]) -> Sequence[Script]:
    if isinstance(sql, str):
        return [read_script(sql)]
    return [sql] if isinstance(sql, Script) else sql


def _set_up(conn: psycopg.Connection[Any], setup: str) -> None:
    script = read_script(setup)
    for part in script.unparsed:
        raise TraceError(f"Line {part.line} of the setup can't be read: {part.reason}.")
    for statement in script.statements:
        carry_out(conn, statement)


def trace_scripts(
    scripts: Sequence[Script], known: Known, conn: psycopg.Connection[Any], *, place: Place, deadline_s: float
) -> Iterator[TracedStatement]:
    """Carry out the scripts on `conn`, which is idle, in autocommit, and connected to `place`."""
    for number, unit in enumerate(units_of(scripts, known)):
        kept: list[Claimed] = []
        for each in unit.statements:
            why = why_not(each.statement.meaning, own_server=place.own_server)
            if why is None or each.claim is None:
                kept.append(each)
            else:
                yield TracedStatement(
                    statement=each.statement, file=each.file, unit=number, ran=False, message=why, claim=each.claim
                )
        unit.statements = kept
        if unit.alone:
            for each in kept:
                yield trace_alone(conn, each, number, connect=place.connect, deadline_s=deadline_s)
        elif kept:
            yield from trace_transaction(conn, unit, number)
