"""After the fact: what the files hold, what the ledger says of it, and what the catalogue shows now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from pgops.db.callers_connection import as_found
from pgops.findings import as_tuple
from pgops.migrations.applying import ledger
from pgops.migrations.applying.planning import PlannedStatement, plan_units
from pgops.migrations.applying.questions import Proof, ask
from pgops.migrations.effects.live import read_facts
from pgops.migrations.sources import Sources, as_sources
from pgops.sql import statements as s
from pgops.sql.naming import objects_of
from pgops.sql.statements import Name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import psycopg


@attrs.frozen(kw_only=True)
class Verified:
    """One statement: its state in the ledger (None: it was never begun) and the catalogue's answer."""

    place: str
    statement: str
    state: str | None
    proof: Proof
    superseded_by: str | None = None
    """A later statement about the same object, which may be why the catalogue shows no trace of this one."""

    @property
    def agrees(self) -> bool:
        """Done, and nothing speaks against it."""
        return self.state == ledger.DONE and (self.proof.holds is not False or self.superseded_by is not None)


@attrs.frozen(kw_only=True)
class Verification:
    """Every statement, and what people's words lack."""

    statements: tuple[Verified, ...] = attrs.field(converter=as_tuple)
    untold: tuple[str, ...] = attrs.field(default=(), converter=as_tuple)
    """What the changelog should say and does not."""

    @property
    def agrees(self) -> bool:
        """Whether files, changelog, ledger and catalogue say the same."""
        return not self.untold and all(each.agrees for each in self.statements)


def verify(conn: psycopg.Connection[Any], sources: Sources, *, untold: Iterable[str] = ()) -> Verification:
    """Ask the ledger and the catalogue of `conn`'s database about every statement of `sources`. Changes nothing.

    Raises `UnreadableSqlError` where a part of the SQL can't be read, and psycopg's errors.
    """
    given = as_sources(sources)
    with as_found(conn):
        facts = read_facts(conn, [each.script for each in given])
        planned = [each for unit in plan_units(given, facts, must_work=False) for each in unit.statements]
        entries = ledger.states(conn)
        return Verification(
            statements=[_verified(conn, each, planned[index + 1 :], entries) for index, each in enumerate(planned)],
            untold=untold,
        )


def _verified(
    conn: psycopg.Connection[Any], each: PlannedStatement, later: Sequence[PlannedStatement], entries: Any
) -> Verified:
    entry = entries.get(each.key)
    proof = ask(conn, each.meaning)
    superseded = None
    if proof.holds is False:
        superseded = next((other.place for other in later if _may_undo(other.meaning, each.meaning)), None)
    return Verified(
        place=each.place,
        statement=each.text,
        state=entry.state if entry is not None else None,
        proof=proof,
        superseded_by=superseded,
    )


def _may_undo(later: s.Meaning, earlier: s.Meaning) -> bool:
    """Whether a later statement may be why nothing is to be seen of an earlier one.

    It drops, changes or makes anew what that one names, or drops its schema. Bare names are compared: the search path
    may have put a schema before them.
    """
    match later:
        case s.Drop(kind="schema") | s.Rename(kind="schema"):
            gone = {each.name for each in objects_of(later)}
            return bool(gone & (_schemas(earlier) | _names(earlier)))
        case s.CreateIndex():  # the table under it stays as it was
            return later.name in _names(earlier)
        case s.AlterTable():
            return bool(_changed(later) & _names(earlier))
        case (
            s.AlterDomain()
            | s.Drop()
            | s.Rename()
            | s.Move()
            | s.CreateTable()
            | s.CreateView()
            | s.CreateSequence()
            | s.CreateType()
            | s.CreateFunction()
            | s.CreateTrigger()
            | s.CreatePolicy()
            | s.CreateRule()
            | s.CreateStatistics()
            | s.CreateSubscription()
            | s.CreateOther()
        ):
            return bool({each.name for each in objects_of(later)} & _names(earlier))
        case s.NoTransaction(name=str() as name):
            return name in _names(earlier)
        case s.Other(what="drop role"):
            return isinstance(earlier, s.CreateOther) and earlier.kind == "role"
        case _:
            return False


def _changed(meaning: s.AlterTable) -> set[str]:
    """The table, and the indexes that became constraints: they take the constraint's name."""
    added = (each.constraint for each in meaning.actions if isinstance(each, s.AddConstraint))
    return {meaning.table.name, *(each.using_index for each in added if each.using_index is not None)}


def _names(meaning: s.Meaning) -> set[str]:
    """What a trace of the statement hangs on: what it names, and what that would be dropped with."""
    names = {each.name for each in objects_of(meaning)}
    match meaning:
        case s.CreateTable():
            names |= {each.name for each in (meaning.partition_of, *meaning.inherits) if each is not None}
            names |= {each.type.name for each in meaning.columns}
        case s.CreateView():
            names |= {each.name for each in meaning.reads}
        case s.CreateSubscription():
            names.add(meaning.name)
        case s.CreateStatistics(table=Name() as table):
            names.add(table.name)
        case s.Rename():
            names.add(meaning.new_name)
        case s.NoTransaction(name=str() as name):
            names.add(name)
        case s.AlterTable():
            for action in meaning.actions:
                match action:
                    case s.AttachPartition() | s.DetachPartition():
                        names.add(action.partition.name)
                    case s.AddConstraint(constraint=s.Constraint(references=Name() as references)):
                        names.add(references.name)
                    case s.AddColumn():
                        names.add(action.column.type.name)
    return names


def _schemas(meaning: s.Meaning) -> set[str]:
    schemas = {each.schema for each in objects_of(meaning) if each.schema is not None}
    return schemas | {meaning.schema} if isinstance(meaning, s.Move) and meaning.schema is not None else schemas
