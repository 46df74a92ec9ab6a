"""A migration as a proposal: units, statements, locks and how long they may block, who is in the way, how to go
back.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs
from psycopg.errors import InsufficientPrivilege

from pgops.approval import Keep, Proposal, Record
from pgops.db.callers_connection import as_found
from pgops.db.identity import database_identity
from pgops.errors import StatementFailedError
from pgops.migrations.applying import ledger
from pgops.migrations.applying.blockers import Blocker, blockers_now
from pgops.migrations.applying.definitions import definitions_hash
from pgops.migrations.applying.planning import PlannedStatement, Unit, names_of, plan_units, schema_fingerprint
from pgops.migrations.applying.sessions import wait_for_others
from pgops.migrations.effects.live import read_facts
from pgops.migrations.sources import Source, Sources, as_sources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import psycopg

    from pgops.approval import Approval
    from pgops.migrations.applying.events import OnProgress
    from pgops.render.document import Document

LEDGER_FILE = "pgops.ledger"


@attrs.frozen(kw_only=True)
class MigrationProposal(Proposal):
    """What would be carried out on one database, in full. `propose` makes one.

    `target` is the system identifier, the database's oid and name, and the role; `parameters` hold the fingerprint of
    the schema that this was planned on, and each statement's file and hash.
    """

    units: tuple[Unit, ...]
    blockers: tuple[Blocker, ...] = ()
    """Sessions that are in the way at this moment."""
    done: int = 0
    """How many statements of the sources the ledger has as done already."""
    sources: tuple[Source, ...] = attrs.field(repr=False, default=())

    @property
    def is_consistent(self) -> bool:
        """Whether the units are those that were agreed to."""
        return (
            self.statements == tuple(each.text for each in self.planned)
            and self.parameters["places"] == _places(self.planned)
            and self.parameters["units"] == _shape(self.units)
        )

    @property
    def is_change(self) -> bool:
        """False where everything is done already: then `apply` does nothing."""
        return bool(self.units)

    @property
    def planned(self) -> tuple[PlannedStatement, ...]:
        """Every statement, in order."""
        return tuple(each for unit in self.units for each in unit.statements)

    @property
    def rollback(self) -> tuple[str | None, ...]:
        """What takes each statement back, the last one first; None where nothing can."""
        return tuple(each.undo for each in reversed(self.planned))

    def apply(
        self,
        conn: psycopg.Connection[Any],
        *,
        approval: Approval | None,
        lock_timeout_s: float = 2.0,
        give_up_after_s: float = 300.0,
        wait_s: float = 60.0,
        on_progress: OnProgress | None = None,
        record: Keep | None = None,
        connect: Callable[[], psycopg.Connection[Any]] | None = None,
    ) -> Record:
        """Carry it out on `conn`'s database, unit by unit, and give a record of every statement with its proof.

        `conn` says where, and is left as it is: the work is done on sessions of their own, opened like it, or by
        `connect`. A lock is waited for `lock_timeout_s` seconds at a time, so nobody queues behind it for longer, and
        tried again with growing pauses until `give_up_after_s`. `wait_s` is how long another applier is waited for.

        Raises `NotApprovedError` without an approval of this very proposal, `StaleProposalError` where the schema or
        the ledger is another now, `PoolerError`, `ReadOnlyServerError`, `ApplierBusyError`, `BlockedError` where a
        lock was not to be had, `StatementFailedError` where the server refused a statement. In each case what was
        committed stands in the ledger, and applying again, or proposing anew, goes on from there. Ctrl-C cancels the
        statement that runs.
        """
        # Both need this class.
        from pgops.migrations.applying.running import run  # noqa: PLC0415
        from pgops.migrations.applying.steps import Pace  # noqa: PLC0415

        pace = Pace(lock_timeout_s=lock_timeout_s, give_up_after_s=give_up_after_s, wait_s=wait_s)
        return run(self, conn, approval=approval, pace=pace, on_progress=on_progress, record=record, connect=connect)

    def to_facts(self) -> dict[str, Any]:
        """The plan as JSON types; `"schema": "pgops.plan/1"` says of which shape."""
        return {
            "schema": "pgops.plan/1",
            "title": self.title,
            "digest": self.digest,
            "target": dict(self.target),
            "done": self.done,
            "units": [
                {
                    "in_transaction": unit.in_transaction,
                    "statements": [
                        {
                            "place": each.place,
                            "sql": each.text,
                            "holds": [attrs.asdict(held) for held in each.holds],
                            "unknown": each.effect.unknown,
                            "undo": each.undo,
                            "questions": list(each.questions),
                        }
                        for each in unit.statements
                    ],
                }
                for unit in self.units
            ],
            "blockers": [attrs.asdict(each) for each in self.blockers],
            "effects": list(self.effects),
            "risks": list(self.risks),
        }

    def to_document(self) -> Document:
        """The plan for people, through any writer."""
        from pgops.migrations.applying.plan_document import plan_document  # noqa: PLC0415

        return plan_document(self)


def propose(
    conn: psycopg.Connection[Any], sources: Sources, *, title: str | None = None, wait_s: float = 60.0
) -> MigrationProposal:
    """What carrying out `sources` on `conn`'s database would do: nothing is changed.

    Statements that the database's ledger has as done are left out; where there is no ledger, making it comes first.
    SQL may be given as text too. An applier that is at work there is waited for, for `wait_s` seconds at most: what it
    does would make the plan stale at once. If it still is then, it stands among the risks.

    Raises `UnreadableSqlError` where a part of the SQL can't be read or is sure to fail there, `StatementFailedError`
    where the role may not look into a schema that the SQL names, or into the ledger, and psycopg's errors.
    """
    given = as_sources(sources)
    at_work = wait_for_others(conn, wait_s=wait_s)
    with as_found(conn), _may_look():
        target = database_identity(conn)
        facts = read_facts(conn, [each.script for each in given])
        definitions = definitions_hash(conn, names_of(given))
        has_ledger = ledger.exists(conn)
        entries = ledger.states(conn)
        done = {key for key, entry in entries.items() if entry.state == ledger.DONE}
        units = plan_units(given, facts, done=done, conn=conn)
        if units and not has_ledger:
            creation = Source.of(";\n".join(ledger.creation(conn)) + ";", file=LEDGER_FILE)
            units = (*plan_units([creation], facts), *units)
        planned = [each for unit in units for each in unit.statements]
        blockers = blockers_now(
            conn,
            (touch for unit in units for touch in unit.touches),
            snapshots=any(each.effect.waits_for_snapshots for each in planned),
        )
    every = (
        [each for unit in plan_units(given, facts, must_work=False) for each in unit.statements] if done else planned
    )
    return MigrationProposal(
        kind="sql migration",
        title=title or _title(given, planned),
        statements=tuple(each.text for each in planned),
        target=target,
        parameters={
            "schema": schema_fingerprint(facts, definitions),
            "server": facts.server,
            "places": _places(planned),
            "units": _shape(units),
        },
        effects=tuple(_effects(planned)),
        risks=((f"another applier is at work: {at_work}",) if at_work else ()) + tuple(_risks(planned, blockers)),
        units=units,
        blockers=blockers,
        done=sum(each.key in done for each in every),
        sources=given,
    )


@contextmanager
def _may_look() -> Iterator[None]:
    """PostgreSQL looks no name up in a schema without USAGE of it; whether there is such a name is the plan's base."""
    try:
        yield
    except InsufficientPrivilege as error:
        raise StatementFailedError(
            f"Nothing can be planned with this role: {error.diag.message_primary} ({error.sqlstate}).",
            sqlstate=error.sqlstate,
            cure="GRANT it that (USAGE of a schema; of pgops.ledger SELECT, INSERT, UPDATE), or take another role.",
        ) from error


def _places(planned: Sequence[PlannedStatement]) -> list[list[Any]]:
    return [[each.key.series, each.file, each.line, each.key.sha256, each.key.nth] for each in planned]


def _shape(units: Sequence[Unit]) -> list[list[Any]]:
    return [[len(unit.statements), unit.in_transaction] for unit in units]


def _title(sources: tuple[Source, ...], planned: list[PlannedStatement]) -> str:
    files = ", ".join(dict.fromkeys(each.file for each in sources))
    return f"{len(planned)} statement{'s' if len(planned) != 1 else ''} of {files}"


def _effects(planned: list[PlannedStatement]) -> list[str]:
    said = []
    for each in planned:
        for held in each.holds:
            if not held.blocks and not held.scan and not held.rewrite:
                continue
            what = "is written anew" if held.rewrite else "is read whole" if held.scan else "is held for an instant"
            size = f", about {held.rows:,.0f} rows" if held.rows else ""
            blocked = f" and blocks {held.blocks}" if held.blocks else ""
            said.append(f"{each.place}: {held.lock} on {held.relation}{blocked}; it {what}{size}")
    return said


def _risks(planned: list[PlannedStatement], blockers: tuple[Blocker, ...]) -> list[str]:
    risks = [f"{each.place}: {each.effect.unknown}" for each in planned if each.effect.unknown]
    risks += [
        f"{each.place}: {held.blocks} on {held.relation} would wait for about {held.about_s:.0f} s"
        for each in planned
        for held in each.holds
        if held.blocks and held.about_s is not None and held.about_s >= 1
    ]
    risks += [f"in the way now: {each}" for each in blockers]
    without = sum(each.undo is None for each in planned)
    if without:
        risks.append(f"{without} of {len(planned)} statements can't be taken back by SQL")
    return risks
