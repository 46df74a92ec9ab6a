"""pgops.ledger, in the database that is migrated: what was carried out there, statement by statement, and what became
of it.

A row is written before its statement begins, by a session of its own, and survives whatever happens to the statement.
For a statement in a transaction, "done" is written inside that transaction: it is there if, and only if, the unit was
committed. For one that allows no transaction "done" follows afterwards, and if it is missing the catalogue has to say
what happened.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import attrs

from pgops.db.callers_connection import as_found
from pgops.errors import StaleProposalError
from pgops.migrations.asking import plain_cursor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import psycopg

    from pgops.approval import Approval

BEGUN = "begun"
DONE = "done"
FAILED = "failed"

CREATION = (
    "CREATE SCHEMA IF NOT EXISTS pgops",
    """\
CREATE TABLE pgops.ledger (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    series text NOT NULL,
    nth integer NOT NULL,
    file text NOT NULL,
    line integer NOT NULL,
    statement text NOT NULL,
    sha256 text NOT NULL,
    state text NOT NULL CHECK (state IN ('begun', 'done', 'failed')),
    in_transaction boolean NOT NULL,
    digest text NOT NULL,
    approved_by text NOT NULL,
    approved_at timestamptz NOT NULL,
    note text NOT NULL DEFAULT '',
    applied_by text NOT NULL DEFAULT session_user,
    attempts integer NOT NULL DEFAULT 0,
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    question text,
    answer text,
    error text,
    UNIQUE (series, sha256, nth)
)""",
    "COMMENT ON TABLE pgops.ledger IS 'What pgops has carried out here: one row a statement. See pgops.migrations.'",
)
"""The statements that make it: the first ones of the first proposal for a database."""


def creation(conn: psycopg.Connection[Any]) -> tuple[str, ...]:
    """The statements that make the ledger. A schema that somebody has made for us is taken as it is: making one needs a
    right on the database that the role may lack.
    """
    there = _one(conn, "SELECT pg_catalog.to_regnamespace('pgops') IS NOT NULL")[0]
    return CREATION[1:] if there else CREATION


@attrs.frozen(kw_only=True)
class Key:
    """Which statement a row is about: the same text for the `nth` time in a series of files.

    The series of a workspace is all that it ever released and what waits, in order: so a statement keeps its key when
    it is released, and when files are split. Any other file is a series of its own.
    """

    series: str
    sha256: str
    nth: int


@attrs.frozen(kw_only=True)
class Entry:
    """A row of the ledger."""

    id: int
    key: Key
    file: str
    state: str
    in_transaction: bool
    digest: str
    attempts: int
    statement: str
    began_at: dt.datetime
    ended_at: dt.datetime | None
    approved_by: str
    question: str | None
    answer: str | None
    error: str | None


def exists(conn: psycopg.Connection[Any]) -> bool:
    """Whether the database has a ledger."""
    return bool(_one(conn, "SELECT pg_catalog.to_regclass('pgops.ledger') IS NOT NULL")[0])


def read_ledger(conn: psycopg.Connection[Any]) -> tuple[Entry, ...]:
    """Every row, in the order of their beginning; none where there is no ledger. The connection is left as it was.

    Raises `WrongConnectionError` for a connection that nothing can be asked over, and psycopg's errors.
    """
    with as_found(conn):
        rows = _rows(conn) if exists(conn) else []
    return tuple(
        Entry(
            id=row[0],
            key=Key(series=row[1], sha256=row[3], nth=row[4]),
            file=row[2],
            state=row[5],
            in_transaction=row[6],
            digest=row[7],
            attempts=row[8],
            statement=row[9],
            began_at=dt.datetime.fromtimestamp(row[10], dt.UTC),
            ended_at=dt.datetime.fromtimestamp(row[11], dt.UTC) if row[11] is not None else None,
            approved_by=row[12],
            question=row[13],
            answer=row[14],
            error=row[15],
        )
        for row in rows
    )


def _rows(conn: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return _all(
        conn,
        "SELECT id, series, file, sha256, nth, state, in_transaction, digest, attempts, statement,"
        # Not as timestamps: psycopg reads those of DateStyle ISO only, and the session may have another.
        " EXTRACT(EPOCH FROM began_at)::float8, EXTRACT(EPOCH FROM ended_at)::float8,"
        " approved_by, question, answer, error FROM pgops.ledger ORDER BY id",
    )


def states(conn: psycopg.Connection[Any]) -> Mapping[Key, Entry]:
    """The row of each statement that was ever begun."""
    return {entry.key: entry for entry in read_ledger(conn)}


@attrs.frozen(kw_only=True)
class Intent:
    """A statement that is about to be begun."""

    key: Key
    file: str
    line: int
    statement: str
    in_transaction: bool


def begin(
    conn: psycopg.Connection[Any], intents: Iterable[Intent], *, digest: str, approval: Approval
) -> tuple[int, ...]:
    """Write that they begin, in one transaction of their own; gives the ids of their rows. A failed one begins anew.

    Raises `StaleProposalError` where one of them is done: whoever asked looked before the last one had ended.
    """
    ids = []
    with conn.transaction():
        for each in intents:
            rows = _all(
                conn,
                "INSERT INTO pgops.ledger (series, nth, file, line, statement, sha256, state, in_transaction, digest,"
                " approved_by, approved_at, note, attempts)"
                " VALUES (%s, %s, %s, %s, %s, %s, 'begun', %s, %s, %s, %s, %s, 1)"
                " ON CONFLICT (series, sha256, nth) DO UPDATE"
                " SET state = 'begun', in_transaction = EXCLUDED.in_transaction, digest = EXCLUDED.digest,"
                " approved_by = EXCLUDED.approved_by, approved_at = EXCLUDED.approved_at, note = EXCLUDED.note,"
                " applied_by = session_user, file = EXCLUDED.file, line = EXCLUDED.line,"
                " attempts = pgops.ledger.attempts + 1,"
                " began_at = pg_catalog.clock_timestamp(), ended_at = NULL,"
                " question = NULL, answer = NULL, error = NULL"
                " WHERE pgops.ledger.state <> 'done'"
                " RETURNING id",
                each.key.series,
                each.key.nth,
                each.file,
                each.line,
                each.statement,
                each.key.sha256,
                each.in_transaction,
                digest,
                approval.by,
                approval.at,
                approval.note,
            )
            if not rows:
                raise StaleProposalError(
                    f"{each.file}:{each.line}: somebody has applied this meanwhile.", cure="Propose it anew."
                )
            ids.append(int(rows[0][0]))
    return tuple(ids)


MARK_DONE = "UPDATE pgops.ledger SET state = 'done' WHERE id = ANY (%s)"
"""Said inside the unit's transaction, so that it holds exactly when the unit does."""


def finish(
    conn: psycopg.Connection[Any], entry: int, *, began: dt.datetime, question: str | None, answer: str | None
) -> None:
    """Write that a statement is done, when it ended, and what proved it."""
    _run(
        conn,
        "UPDATE pgops.ledger SET state = 'done', began_at = %s, ended_at = pg_catalog.clock_timestamp(), question = %s,"
        " answer = %s, error = NULL WHERE id = %s",
        began,
        question,
        answer,
        entry,
    )


def fail(conn: psycopg.Connection[Any], entries: Sequence[int], *, error: str) -> None:
    """Write that they were given up, and why. What is done meanwhile stays so."""
    _run(
        conn,
        "UPDATE pgops.ledger SET state = 'failed', ended_at = pg_catalog.clock_timestamp(), error = %s"
        " WHERE id = ANY (%s) AND state <> 'done'",
        error,
        list(entries),
    )


def try_again(conn: psycopg.Connection[Any], entries: Sequence[int]) -> None:
    """Count one more attempt."""
    _run(conn, "UPDATE pgops.ledger SET attempts = attempts + 1 WHERE id = ANY (%s)", list(entries))


def _run(conn: psycopg.Connection[Any], query: str, *parameters: Any) -> None:
    conn.execute(query.encode(), parameters)


def _one(conn: psycopg.Connection[Any], query: str, *parameters: Any) -> tuple[Any, ...]:
    return _all(conn, query, *parameters)[0]


def _all(conn: psycopg.Connection[Any], query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with plain_cursor(conn) as cursor:
        return cursor.execute(query.encode(), parameters).fetchall()
