"""A back-fill as a proposal: which rows, by which key, in what steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from pgops.approval import Keep, Proposal, Record
from pgops.db.callers_connection import as_found
from pgops.db.identity import database_identity
from pgops.errors import BackfillError
from pgops.migrations.asking import plain_cursor
from pgops.migrations.backfilling.keys import KeyedTable, keyed_table
from pgops.migrations.backfilling.throttle import Throttle, what_is_not_seen
from pgops.sql import statements as s
from pgops.sql.grammar import read_script
from pgops.sql.script import hash_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from pgops.approval import Approval
    from pgops.migrations.applying.events import OnProgress

CREATE_SCHEMA = "CREATE SCHEMA IF NOT EXISTS pgops"
"""Refused to a role that may not CREATE in the database even where the schema is there: then it is left out."""
CREATION = (
    CREATE_SCHEMA,
    """\
CREATE TABLE pgops.backfill (
    sha256 text PRIMARY KEY,
    relation text NOT NULL,
    assignments text NOT NULL,
    condition text,
    position text[],
    rows bigint NOT NULL DEFAULT 0,
    batches bigint NOT NULL DEFAULT 0,
    approved_by text NOT NULL,
    applied_by text NOT NULL DEFAULT session_user,
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz
)""",
    "COMMENT ON TABLE pgops.backfill IS 'How far each back-fill of pgops is: position is the last key that was done.'",
)


@attrs.frozen(kw_only=True)
class BackfillProposal(Proposal):
    """Rows to be filled, batch by batch. `backfill` makes one."""

    table: KeyedTable
    assignments: str
    condition: str | None
    batch: int
    throttle: Throttle
    makes_table: bool = False

    @property
    def is_consistent(self) -> bool:
        """Whether the rows that would be filled are those that were agreed to."""
        return (
            self.statements[-1] == _statement(self.table, self.assignments, self.condition)
            and (len(self.statements) > 1) is self.makes_table
            and self.target["table_oid"] == self.table.oid
            and self.parameters["batch"] == self.batch
            and self.parameters["key"] == list(self.table.key.columns)
        )

    def apply(
        self,
        conn: psycopg.Connection[Any],
        *,
        approval: Approval | None,
        on_progress: OnProgress | None = None,
        record: Keep | None = None,
        connect: Callable[[], psycopg.Connection[Any]] | None = None,
    ) -> Record:
        """Fill batch after batch, each its own transaction with its position in it, and give a record.

        A run that was broken off (Ctrl-C, a crash, a lost connection) goes on where it stood: apply again, or propose
        anew. Two runs at once share the work. A batch that waits two seconds for a row's lock is tried again, later
        and smaller.

        Raises `NotApprovedError` without an approval of this very proposal, `StaleProposalError` on another database or
        where the table is another now, `WrongConnectionError` where `conn` is in a transaction (its locks would be
        waited for for ever), `BackfillError` where policies would hide rows, or where a row can't be filled, with the
        server's words.
        """
        from pgops.migrations.backfilling.batches import run  # noqa: PLC0415

        return run(self, conn, approval=approval, on_progress=on_progress, record=record, connect=connect)

    @property
    def identity(self) -> str:
        """What a run is resumed by: the same table, assignments and condition."""
        return hash_of("\0".join([str(self.table.oid), self.assignments, self.condition or ""]))


def backfill(
    conn: psycopg.Connection[Any],
    table: str,
    *,
    set: str,  # noqa: A002  SQL's own word
    where: str | None = None,
    batch: int = 1000,
    throttle: Throttle | None = None,
) -> BackfillProposal:
    """A proposal to UPDATE `table` SET `set` WHERE `where`, at most `batch` rows of the key at a time.

    `set` and `where` are SQL, as they stand in an UPDATE; the batches go over the primary key, or another unique index.
    `where` should be false for a row that is filled: then nothing is written twice, whoever writes meanwhile.

        proposal = backfill(conn, "orders", set="cents = amount * 100", where="cents IS NULL")
        proposal.apply(conn, approval=proposal.approve(by="ann"))

    Nothing is changed. Raises `BackfillError` where the table has no key to go by, where the SQL is more or less than
    an UPDATE's, or where it changes the key.
    """
    if batch < 1:
        raise BackfillError(f"A batch of {batch} rows is none.", cure="batch=1000")
    change = _update(table, set, where)
    throttle = throttle or Throttle()
    with as_found(conn):
        found = keyed_table(conn, table)
        moved = sorted(frozenset(change.columns) & frozenset(found.key.columns))
        if moved:
            raise BackfillError(
                f"{', '.join(moved)} orders the batches and can't be changed by them.", cure="Change it by itself."
            )
        target = database_identity(conn)
        creation = _creation(conn)
        unseen = what_is_not_seen(conn, throttle)
    risks = [] if where is not None else ["without a condition a row that others fill meanwhile is filled again"]
    risks += [unseen] if unseen is not None else []
    batches = max(1, round(max(found.rows, 0) / batch))
    return BackfillProposal(
        kind="sql backfill",
        title=f"Back-fill {found.name}: {set}",
        statements=(*creation, _statement(found, set, where)),
        target=target | {"table": found.name.sql, "table_oid": found.oid},
        parameters={"batch": batch, "key": list(found.key.columns)},
        effects=(
            f"about {max(found.rows, 0):,.0f} rows in some {batches:,} transactions of at most {batch:,} keys",
            f"rows are locked for one batch at a time; up to {found.bytes:,} bytes are written anew",
        ),
        risks=tuple(risks),
        table=found,
        assignments=set,
        condition=where,
        batch=batch,
        throttle=throttle,
        makes_table=bool(creation),
    )


def _statement(table: KeyedTable, assignments: str, where: str | None) -> str:
    """One batch, for people: the marks are where it begins and ends."""
    key = table.key.sql
    update = f"UPDATE {table.name}\n   SET {assignments}\n WHERE {key} > :after AND {key} <= :until"
    return update + (f"\n   AND ({where})" if where is not None else "")


def _creation(conn: psycopg.Connection[Any]) -> tuple[str, ...]:
    """What makes the table of positions; nothing where it is there."""
    with plain_cursor(conn) as cursor:
        row = cursor.execute(
            "SELECT pg_catalog.to_regclass('pgops.backfill') IS NOT NULL,"
            " pg_catalog.to_regnamespace('pgops') IS NOT NULL"
        ).fetchone()
    has_table, has_schema = row or (False, False)
    return () if has_table else CREATION[1:] if has_schema else CREATION


def _update(table: str, assignments: str, where: str | None) -> s.Change:
    """The UPDATE that they make, which has to be one, whole, and nothing else.

    Each is read by itself as well: what is one expression only between the parentheses that are put around it would
    close them and stand beside the batch's own condition.
    """
    change = _only(f"UPDATE {table} SET {assignments}")
    if not isinstance(change, s.Change) or change.verb != "update" or change.has_where or not change.is_plain:
        raise BackfillError("This is no plain UPDATE.", cure="Write the condition as where=, and no FROM or RETURNING.")
    if where is not None:
        if not isinstance(_only(f"SELECT 1 WHERE {where}"), s.Select):
            raise BackfillError("The condition is no expression.", cure="where='b IS NULL'")
        _only(f"UPDATE {table} SET {assignments}\nWHERE ({where}\n)")
    return change


def _only(text: str) -> s.Meaning:
    script = read_script(text)
    if script.unparsed or len(script.statements) != 1:
        why = script.unparsed[0].reason if script.unparsed else "it is more than one statement"
        raise BackfillError(
            f"This is no UPDATE: {why}.", cure="backfill(conn, 'orders', set='b = a', where='b IS NULL')"
        )
    return script.statements[0].meaning
