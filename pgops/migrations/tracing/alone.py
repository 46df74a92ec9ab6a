"""Statements that allow no transaction (CONCURRENTLY, VACUUM, REINDEX of many): watched from outside, held up at each
step.

Such a statement is done and has let go before anyone could look. So sessions of ours, the gates, stand in its way:
each holds a table so that the statement has to wait at it, and a snapshot, which CONCURRENTLY waits for. While it
waits, pg_locks shows what it holds and wants; then the gate makes room for a softer one that is there already, and the
statement goes on to where it has to wait next. No gate makes room for ever, and a deadline ends it all.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import attrs
import psycopg
from psycopg import sql

from pgops.errors import TraceError
from pgops.migrations.effects.locks import LockMode
from pgops.migrations.tracing.comparison import differences
from pgops.migrations.tracing.standing import Relation, Standing, modes_by_relation, read_empty, read_standing, resolve
from pgops.migrations.tracing.traced import TracedStatement
from pgops.migrations.tracing.transaction import observed, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pgops.migrations.tracing.units import Claimed

MAX_GATES = 12
"""Tables that get a gate: two sessions each at most."""
MAX_ROUNDS = 8
"""How often a gate makes room for another."""
GATE_TIMEOUT = "100ms"
POLL_S = 0.002

_HELD_AND_WANTED = """
SELECT l.relation::bigint, l.mode, l.granted, l.locktype
  FROM pg_catalog.pg_locks AS l
 WHERE l.pid = %(pid)s
   AND (NOT l.granted
        OR (l.locktype = 'relation'
            AND l.relation >= 16384
            AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d
                               WHERE d.datname = pg_catalog.current_database())))
"""

_COUNTERS = """
SELECT c.oid::bigint, pg_catalog.pg_stat_get_xact_numscans(c.oid)
  FROM pg_catalog.pg_class AS c
 WHERE c.oid >= 16384
"""


_SENTINEL = "SELECT pg_catalog.pg_stat_get_xact_numscans('pg_catalog.pg_am'::pg_catalog.regclass)::int"


def trace_alone(
    conn: psycopg.Connection[Any],
    each: Claimed,
    number: int,
    *,
    connect: Callable[[], psycopg.Connection[Any]],
    deadline_s: float,
) -> TracedStatement:
    """Carry out one statement on `conn`, which is idle and in autocommit; `connect` opens further sessions.

    First it is tried in a transaction, where the server should refuse it. Raises `TraceError` if it is not done in
    `deadline_s` seconds; it is cancelled then.
    """
    assert each.claim is not None  # noqa: S101  whoever calls has looked
    claim, statement = each.claim, each.statement
    refused = _is_refused_in_a_transaction(conn, statement.text)
    sentinel = _read_sentinel(conn)
    stood, empty = read_standing(conn), read_empty(conn)
    meant = resolve(conn, (touch.relation for touch in claim.touches))
    names = {name: oid for name, oid in meant.items() if oid in stood.relations}
    base = TracedStatement(statement=statement, file=each.file, unit=number, alone=True, own_unit=refused, claim=claim)
    with ExitStack() as closing:
        observer = closing.enter_context(connect())
        watch = _Watch(conn, observer, connect, deadline_s)
        closing.callback(watch.close)
        watch.put_gates(_gated(stood, names.values()))
        outcome = watch.carry_out(statement.text)
    error = outcome.error
    if error is not None:
        traced = attrs.evolve(
            base,
            failed=error.sqlstate or "?",
            message=words_of(error),
            seconds=outcome.seconds,
            leaves_invalid=stood.new_invalid(read_standing(conn)),
        )
        return attrs.evolve(traced, differences=differences(traced, {}, stood, empty))
    after = read_standing(conn)
    told = outcome.sentinel < sentinel  # the statistics were told meanwhile, and the session counts from nothing
    before = stood if not told else Standing({oid: attrs.evolve(one, scans=0) for oid, one in stood.relations.items()})
    # An index that is dropped, or replaced, CONCURRENTLY is locked at the end, when nobody can use it any more.
    gone = {oid for oid, one in stood.relations.items() if one.kind in "iI" and oid not in after.relations}
    locks = {oid: modes for oid, modes in outcome.locks.items() if oid not in gone}
    counted = Standing(
        {oid: attrs.evolve(one, scans=outcome.scans.get(oid, one.scans)) for oid, one in after.relations.items()}
    )
    seen = observed(stood, before, counted, held={}, now=locks, meaning=statement.meaning)
    traced = attrs.evolve(
        base, seconds=outcome.seconds, touches=tuple(seen.values()), leaves_invalid=stood.new_invalid(after)
    )
    found = differences(traced, {oid: seen.get(oid) for oid in names.values()} | seen, stood, empty, names)
    return attrs.evolve(traced, differences=found)


def _is_refused_in_a_transaction(conn: psycopg.Connection[Any], text: str) -> bool:
    """Whether the server says 25001. Should it not, what was done is taken back."""
    conn.execute("BEGIN")
    try:
        conn.execute(text, prepare=False)  # type: ignore[arg-type, unused-ignore]
    except psycopg.Error as error:
        return error.sqlstate == "25001"
    else:
        return False
    finally:
        if not conn.closed:
            conn.execute("ROLLBACK")


def _read_sentinel(conn: psycopg.Connection[Any]) -> int:
    """How often the session has read pg_am, which it has just done several times.

    When a session tells the statistics what it has counted, it forgets it: at the end of a transaction, every half
    second or second. A sentinel that is less later tells that this has happened.
    """
    for _ in range(3):
        conn.execute("SELECT pg_catalog.count(*) FROM pg_catalog.pg_am")
    row = conn.execute(_SENTINEL).fetchone()
    return row[0] if row is not None else 0


def _gated(stood: Standing, claimed: Iterable[int]) -> list[Relation]:
    """The tables to stand at: those of the claim, and where it names none, whichever there are."""
    relations = stood.relations
    owners = (relations[oid].owner if relations[oid].kind in "iI" else oid for oid in claimed if oid in relations)
    named = [relations[oid] for oid in dict.fromkeys(owners) if oid is not None and oid in relations]
    below = named or list(relations.values())
    return [each for each in below if each.kind in "rpm"][:MAX_GATES]


@attrs.define
class _Gate:
    """One of our sessions in the statement's way."""

    relation: Relation
    conn: psycopg.Connection[Any]
    rounds: int = 0

    @property
    def pid(self) -> int:
        return self.conn.info.backend_pid


@attrs.frozen
class _Outcome:
    locks: dict[int, frozenset[LockMode]]
    scans: dict[int, int]
    sentinel: int
    seconds: float
    error: psycopg.Error | None


class _Watch:
    """A statement on its way, our gates before it, and what was seen of it."""

    def __init__(
        self,
        conn: psycopg.Connection[Any],
        observer: psycopg.Connection[Any],
        connect: Callable[[], psycopg.Connection[Any]],
        deadline_s: float,
    ) -> None:
        self.conn = conn
        self.observer = observer
        self.connect = connect
        self.deadline_s = deadline_s
        self.gates: list[_Gate] = []
        self.rows: set[tuple[int, str]] = set()

    def put_gates(self, relations: Iterable[Relation]) -> None:
        for relation in relations:
            gate = self._open(relation, hard=relation.kind in "rp")
            if gate is not None:
                self.gates.append(gate)

    def carry_out(self, text: str) -> _Outcome:
        """The statement, from its beginning to its end, with all gates on its way."""
        pid = self.conn.info.backend_pid
        started = time.monotonic()
        cancelled = False
        with ThreadPoolExecutor(1, thread_name_prefix="pgops-trace") as pool:
            running = pool.submit(_counted, self.conn, text)
            try:
                while not running.done():
                    self._look(pid)
                    if time.monotonic() - started > self.deadline_s and not cancelled:
                        cancelled = True
                        self.close()
                        self.conn.cancel_safe(timeout=10)
                    time.sleep(POLL_S)
            except BaseException:
                self.close()
                with suppress(psycopg.Error):
                    self.conn.cancel_safe(timeout=10)
                raise
            seconds = time.monotonic() - started
            try:
                (scans, sentinel), error = running.result(), None
            except psycopg.Error as raised:
                scans, sentinel, error = {}, 0, raised
        if cancelled:
            raise TraceError(
                f"A statement was not done in {self.deadline_s:g} seconds and was cancelled: {text[:80]}",
                cure="Give it more time with deadline_s.",
            )
        return _Outcome(modes_by_relation(self.rows), scans, sentinel, seconds, error)

    def close(self) -> None:
        for gate in self.gates:
            gate.conn.close()
        self.gates.clear()

    def _look(self, pid: int) -> None:
        # First who is in the way, then what is held and wanted: it waits till we make room, so none of it is missed.
        found = self.observer.execute("SELECT pg_catalog.pg_blocking_pids(%(pid)s)", {"pid": pid}).fetchone()
        blocking = set(found[0]) if found is not None else set()
        rows = self.observer.execute(_HELD_AND_WANTED, {"pid": pid}).fetchall()
        self.rows.update((oid, mode) for oid, mode, _, kind in rows if kind == "relation" and oid >= 16384)
        waits_for = next((kind for _, _, granted, kind in rows if not granted), "")
        for gate in [each for each in self.gates if each.pid in blocking]:
            self._make_room(gate, waits_for)

    def _make_room(self, gate: _Gate, waits_for: str) -> None:
        """Let the statement go on, to a softer gate at the same table if one can still be had."""
        self.gates.remove(gate)
        is_soft = gate.rounds > 0
        # Who waits for a table's lock behind a soft gate wants it exclusively: no other of ours gets in beside that.
        if gate.rounds < MAX_ROUNDS and not (is_soft and waits_for == "relation"):
            softer = self._open(gate.relation, hard=False)
            if softer is not None:
                softer.rounds = gate.rounds + 1
                self.gates.append(softer)
        gate.conn.close()

    def _open(self, relation: Relation, *, hard: bool) -> _Gate | None:
        """A session with a snapshot that holds the table and its indexes as a reader does.

        A hard one holds the table in SHARE UPDATE EXCLUSIVE mode beside it: whatever changes a table waits for that.
        """
        name = sql.Identifier(*filter(None, (relation.name.schema, relation.name.name)))
        conn = self.connect()
        try:
            conn.execute("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            conn.execute("SELECT pg_catalog.set_config('lock_timeout', %s, true)", [GATE_TIMEOUT])
            if hard:
                conn.execute(sql.SQL("LOCK TABLE ONLY {} IN SHARE UPDATE EXCLUSIVE MODE").format(name))
            conn.execute(sql.SQL("SELECT 1 FROM ONLY {} LIMIT 0").format(name))
        except psycopg.Error:
            conn.close()
            return None
        return _Gate(relation, conn)


def _counted(conn: psycopg.Connection[Any], text: str) -> tuple[dict[int, int], int]:
    """Carry out `text` and read what the session has counted, before it tells the statistics: it would forget then.

    It tells them when it is idle. In a pipeline it is not, between the two, and the statement is the first in it, as
    one that allows no transaction has to be.
    """
    with conn.pipeline():
        conn.execute(text, prepare=False)  # type: ignore[arg-type, unused-ignore]
        counters = conn.execute(_COUNTERS, prepare=False)
        sentinel = conn.execute(_SENTINEL, prepare=False).fetchone()
        return dict(counters.fetchall()), sentinel[0] if sentinel is not None else 0
