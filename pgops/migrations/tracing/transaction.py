"""One transaction, statement by statement, with the locks read in between.

pg_locks has a row for each mode in which a session holds a relation, so the difference of two looks is what a statement
added, a weaker mode beside a stronger one included. Only the same mode again can't be seen. Between the statements
nothing is asked that would spoil them: SET TRANSACTION has to come before the first query.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import attrs
from psycopg.pq import TransactionStatus

from pgops.migrations.effects.locks import LockMode
from pgops.migrations.tracing.carrying_out import carry_out
from pgops.migrations.tracing.comparison import differences
from pgops.migrations.tracing.standing import (
    KINDS,
    Relation,
    Standing,
    read_empty,
    read_locks,
    read_standing,
    resolve,
)
from pgops.migrations.tracing.traced import Observed, TracedStatement
from pgops.sql import statements as s

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg

    from pgops.migrations.tracing.units import Claimed, Unit
    from pgops.sql.statements import Meaning


def trace_transaction(conn: psycopg.Connection[Any], unit: Unit, number: int) -> list[TracedStatement]:
    """Carry out `unit` on `conn`, which is idle and in autocommit, and is so again afterwards.

    A statement that the server refuses ends the transaction: what follows is not carried out. What it refuses at the
    end, a deferred constraint say, is told of the last statement.
    """
    from psycopg import Error  # noqa: PLC0415

    stood, empty = read_standing(conn), read_empty(conn)
    conn.execute(unit.begin, prepare=False)  # type: ignore[arg-type, unused-ignore]
    traced: list[TracedStatement] = []
    try:
        look = _Look(conn, stood, empty)
        broken = ""
        for each in unit.statements:
            if each.claim is None:  # SAVEPOINT and its like
                broken = broken or _refused(conn, each)
            elif broken:
                traced.append(_not_run(each, number, broken))
            else:
                done = look.at(each, number)
                traced.append(done)
                broken = f"line {each.statement.line} was refused ({done.failed})" if done.failed is not None else ""
        try:
            conn.execute("ROLLBACK" if broken else unit.end, prepare=False)  # type: ignore[arg-type, unused-ignore]
        except Error as error:
            if not traced or conn.closed:
                raise
            traced[-1] = attrs.evolve(traced[-1], failed=error.sqlstate, message=f"{unit.end}: {words_of(error)}")
    finally:
        if not conn.closed and conn.info.transaction_status is not TransactionStatus.IDLE:
            conn.execute("ROLLBACK")
    return traced


def words_of(error: psycopg.Error) -> str:
    """What the server said, or psycopg."""
    return (error.diag.message_primary or str(error)).strip()


def _refused(conn: psycopg.Connection[Any], each: Claimed) -> str:
    from psycopg import Error  # noqa: PLC0415

    try:
        carry_out(conn, each.statement)
    except Error as error:
        return f"line {each.statement.line} was refused ({error.sqlstate})"
    return ""


class _Look:
    """What is known of one transaction between its statements."""

    def __init__(self, conn: psycopg.Connection[Any], stood: Standing, empty: frozenset[int]) -> None:
        self.conn = conn
        self.stood = stood
        self.empty = empty
        self.before: Standing | None = None
        self.held: Mapping[int, frozenset[LockMode]] = {}

    def at(self, each: Claimed, number: int) -> TracedStatement:
        """Carry out one statement and say what it did."""
        from psycopg import Error  # noqa: PLC0415

        assert each.claim is not None  # noqa: S101  whoever calls has looked
        statement, claim = each.statement, each.claim
        base = TracedStatement(statement=statement, file=each.file, unit=number, claim=claim)
        if isinstance(statement.meaning, s.SetVariable) and self.before is None:
            names = {}  # SET TRANSACTION has to come before any query
        else:
            if self.before is None:
                self.before = read_standing(self.conn)
            meant = resolve(self.conn, (touch.relation for touch in claim.touches))
            names = {name: oid for name, oid in meant.items() if oid in self.stood.relations}
        started = time.perf_counter()
        try:
            carry_out(self.conn, statement)
        except Error as error:
            traced = attrs.evolve(
                base,
                failed=error.sqlstate or "?",
                message=words_of(error),
                own_unit=error.sqlstate == "25001",
                seconds=time.perf_counter() - started,
            )
            return attrs.evolve(traced, differences=differences(traced, {}, self.stood, self.empty))
        seconds = time.perf_counter() - started
        if self.before is None:
            return attrs.evolve(base, seconds=seconds)
        held, after = read_locks(self.conn), read_standing(self.conn)
        seen = observed(self.stood, self.before, after, held=self.held, now=held, meaning=statement.meaning)
        traced = attrs.evolve(base, seconds=seconds, touches=tuple(seen.values()))
        named = {oid: self._held_before(oid) for oid in names.values()}
        found = differences(traced, named | seen, self.stood, self.empty, names)
        self.held, self.before = held, after
        return attrs.evolve(traced, differences=found)

    def _held_before(self, oid: int) -> Observed | None:
        """A relation of which nothing was seen: what the transaction held of it already is all that can be told."""
        held = self.held.get(oid)
        if not held:
            return None
        relation = self.stood.relations[oid]
        return Observed(relation=relation.name, kind=KINDS.get(relation.kind, relation.kind), held=max(held))


def observed(
    stood: Standing,
    before: Standing,
    after: Standing,
    *,
    held: Mapping[int, frozenset[LockMode]],
    now: Mapping[int, frozenset[LockMode]],
    meaning: Meaning,
) -> dict[int, Observed]:
    """By oid what a statement did to each relation of `stood`, hardest first."""
    found: dict[int, Observed] = {}
    for oid, relation in stood.relations.items():
        locks = tuple(sorted(now.get(oid, frozenset()) - held.get(oid, frozenset())))
        # TRUNCATE gives a table an empty new file and builds its indexes on that; a sequence is one row.
        has_rows = relation.kind != "S" and not isinstance(meaning, s.Truncate)
        rewrite = has_rows and oid in before.relations and before.rewritten(oid, after)
        scan = has_rows and relation.kind in "rmt" and before.scanned(oid, after)
        if not (rewrite or scan or any(mode > LockMode.ACCESS_SHARE for mode in locks)):
            continue
        owner = stood.relations.get(relation.owner) if relation.owner is not None else None
        found[oid] = Observed(
            relation=relation.name,
            kind=KINDS.get(relation.kind, relation.kind),
            locks=locks,
            held=max(held.get(oid, frozenset()), default=None),
            rewrite=rewrite,
            scan=scan,
            of=owner.name if owner is not None else None,
            covered=_is_covered(relation, locks, stood, now),
        )
    return dict(
        sorted(
            found.items(),
            key=lambda item: (-(item[1].lock or 0), not item[1].rewrite, not item[1].scan, str(item[1].relation)),
        )
    )


def _is_covered(
    relation: Relation, locks: tuple[LockMode, ...], stood: Standing, now: Mapping[int, frozenset[LockMode]]
) -> bool:
    """Whether its table is locked as hard. A TOAST table, and the index of one, go with their table in any case."""
    owner = stood.relations.get(relation.owner) if relation.owner is not None else None
    if relation.kind == "t" or (owner is not None and owner.kind == "t"):
        return True
    hardest = max(now.get(owner.oid, frozenset()), default=None) if owner is not None else None
    return hardest is not None and hardest >= max(locks, default=LockMode.ACCESS_SHARE)


def _not_run(each: Claimed, number: int, why: str) -> TracedStatement:
    assert each.claim is not None  # noqa: S101  whoever calls has looked
    return TracedStatement(
        statement=each.statement, file=each.file, unit=number, ran=False, message=f"not run: {why}", claim=each.claim
    )
