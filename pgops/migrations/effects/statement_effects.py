"""What a statement does: the one call that rules, plans and the trace's comparison ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.migrations.effects.dropping import drop
from pgops.migrations.effects.effect import Effect, Touch, joined
from pgops.migrations.effects.indexes import create_index, reindex
from pgops.migrations.effects.locks import LockMode
from pgops.migrations.effects.partitions import create_partition
from pgops.migrations.effects.relatives import everywhere, holds_rows, referencing
from pgops.migrations.effects.table_actions import alter_table
from pgops.sql import statements as s
from pgops.sql.statements import ConstraintKind, Name

if TYPE_CHECKING:
    from pgops.migrations.effects.known import Known

AX = LockMode.ACCESS_EXCLUSIVE
X = LockMode.EXCLUSIVE
SRX = LockMode.SHARE_ROW_EXCLUSIVE
S = LockMode.SHARE
SUX = LockMode.SHARE_UPDATE_EXCLUSIVE
RX = LockMode.ROW_EXCLUSIVE
AS = LockMode.ACCESS_SHARE

_APART = frozenset(
    {
        *("alter collation", "alter database refresh coll", "alter database set", "alter default privileges"),
        *(
            "alter event trig",
            "alter fdw",
            "alter foreign server",
            "alter function",
            "alter op family",
            "alter operator",
        ),
        *("alter role", "alter role set", "alter table space options", "alter tsconfiguration", "alter tsdictionary"),
        *("alter type", "alter user mapping", "check point", "constraints set", "create am", "create cast"),
        *("create conversion", "create op class", "create op family", "create plang", "create transform"),
        *("create user mapping", "deallocate", "define", "discard", "drop role", "drop user mapping", "grant role"),
        *("import foreign schema", "listen", "notify", "rename enum value", "unlisten"),
    }
)
"""What locks no relation that was there before, by the parser's name of it."""
_RELATIONS = {"table", "index", "view", "materialized view", "sequence", "foreign table"}


def effect_of(meaning: s.Meaning, known: Known) -> Effect:
    """What the statement does to relations that were there before it, on `known.server`.

    >>> from pgops.sql.grammar import read_script
    >>> from pgops.migrations.effects.known import Known
    >>> index = read_script("CREATE INDEX ON orders (customer_id)").statements[0]
    >>> touch = effect_of(index.meaning, Known(server=16)).strongest
    >>> str(touch.lock), touch.scan, touch.lock.blocks
    ('SHARE', True, 'writes')
    """
    match meaning:
        case s.AlterTable():
            return alter_table(meaning, known)
        case s.CreateIndex():
            return create_index(meaning, known)
        case s.CreateTable():
            return _create_table(meaning, known)
        case s.Drop():
            return drop(meaning, known)
        case s.Reindex():
            return reindex(meaning, known)
        case s.Rename():
            return _rename(meaning, known)
        case s.Move() if meaning.kind in _RELATIONS:
            return Effect(touches=(Touch(meaning.name, AX, role=meaning.kind),))
        case s.Cluster(table=Name() as table):
            return _cluster(table, known)
        case s.Cluster():
            return Effect(own_unit=True, unknown="it rewrites every table that was clustered before")
        case s.Vacuum():
            return _vacuum(meaning, known)
        case s.Truncate():
            return _truncate(meaning, known)
        case s.RefreshView():
            lock = X if meaning.concurrently else AX
            return Effect(
                touches=(
                    Touch(
                        meaning.view,
                        lock,
                        rewrite=not meaning.concurrently,
                        scan=meaning.concurrently,
                        role="materialized view",
                    ),
                )
            )
        case s.AlterDomain():
            return _alter_domain(meaning, known)
        case s.CreateTrigger():
            return _create_trigger(meaning, known)
        case s.CreatePolicy() | s.CreateRule():
            return Effect(touches=(Touch(meaning.table, AX),))
        case s.CreateView() if meaning.replace:
            return Effect(touches=(Touch(meaning.view, AX, role="view"), *(Touch(each, AS) for each in meaning.reads)))
        case s.CreateView():
            return Effect(touches=tuple(Touch(each, AS) for each in meaning.reads))
        case s.CreateSequence() if meaning.alters:
            return Effect(touches=(Touch(meaning.sequence, SRX, role="sequence"),))
        case s.CreateStatistics():
            return Effect(touches=(Touch(meaning.table, SUX),) if meaning.table is not None else ())
        case s.CreateSubscription():
            return Effect(own_unit=meaning.creates_slot)
        case s.Comment() if meaning.name is not None and meaning.kind in _RELATIONS | {"column"}:
            return Effect(touches=(Touch(meaning.name, SUX),))
        case s.CreateOther(kind="publication"):
            return Effect(touches=tuple(Touch(each, SUX) for each in meaning.relations))
        case s.Lock():
            return _lock(meaning, known)
        case s.Change():
            return _change(meaning, known)
        case s.Copy(table=Name() as table):
            return Effect(touches=(Touch(table, RX if meaning.is_from else AS),))
        case s.Select():
            lock = LockMode.ROW_SHARE if meaning.locks_rows else AS
            free = any(known.may_do_anything(each) for each in meaning.functions)
            read = Effect(
                touches=tuple(Touch(each, lock, role="read") for each in meaning.reads),
                unknown="a function may do anything" if free else None,
            )
            return joined((read, *(_change(each, known) for each in meaning.changes)))
        case s.NoTransaction():
            return Effect(own_unit=True)
        case s.Do(inside=tuple() as inside):
            return _block(inside, known)
        case s.Do():
            return Effect(unknown="what the block of a DO does can't be read from outside")
        case s.Call():
            return Effect(unknown="a procedure may do anything")
        case s.AlterPublication():
            return Effect(touches=tuple(Touch(each, SUX) for each in meaning.relations))
        case s.Other(what=what) if what in _APART:
            return Effect()
        case s.Other():
            return Effect(unknown=f"pgops knows nothing about {meaning.what!r}")
        case _:
            return Effect()


def _block(inside: tuple[s.BlockStatement, ...], known: Known) -> Effect:
    """All that the body of a DO does at most. It is a function to PostgreSQL, in which no statement stands alone."""
    effect = joined(tuple(effect_of(each.meaning, known) for each in inside))
    if not effect.own_unit:
        return effect
    return attrs.evolve(effect, own_unit=False, fails=effect.fails or "25001: it can't be executed from a function")


def _create_table(meaning: s.CreateTable, known: Known) -> Effect:
    if meaning.if_not_exists and known.table(meaning.table) is not None:
        return Effect()
    parts = [create_partition(meaning.partition_of, known)] if meaning.partition_of is not None else []
    touches = [Touch(each, SUX, role="parent") for each in meaning.inherits]
    keys = [*meaning.constraints, *(each for column in meaning.columns for each in column.constraints)]
    for key in keys:
        if key.kind is ConstraintKind.FOREIGN_KEY and key.references not in (None, meaning.table):
            assert key.references is not None  # noqa: S101  said in the line above
            touches += everywhere(key.references, known, SRX, inheriting=False, role="referenced table")
    return joined((*parts, Effect(touches=tuple(dict.fromkeys(touches)))))


def _rename(meaning: s.Rename, known: Known) -> Effect:
    name = meaning.name
    if meaning.sub_kind == "attribute":
        return Effect(unknown="which tables are of the type is not known from the statement")
    if meaning.kind not in _RELATIONS:
        return Effect()
    if meaning.kind == "index" and meaning.sub is None:
        return Effect(touches=(Touch(name, SUX, role="index"),))
    if meaning.sub_kind == "column" or (
        meaning.sub_kind == "trigger" and known.server >= 15 and known.is_partitioned(name)
    ):
        return Effect(touches=everywhere(name, known, AX, role=meaning.kind))
    if meaning.sub_kind == "constraint" and meaning.sub is not None:
        found = known.table(name)
        constraint = found.constraints.get(meaning.sub) if found is not None else None
        goes_down = constraint is not None and constraint.kind in "cn"
        return Effect(touches=everywhere(name, known, AX, role=meaning.kind, only=not goes_down))
    return Effect(touches=(Touch(name, AX, role=meaning.kind),))


def _truncate(meaning: s.Truncate, known: Known) -> Effect:
    touches: list[Touch] = []
    for name in meaning.tables:
        touches += everywhere(name, known, AX, only=name in meaning.only)
        found = known.table(name)
        if meaning.cascade and found is not None:
            touches += [Touch(each, AX, role="referencing table") for each in found.cascades_to]
    emptied = [known.table(each.relation) for each in touches]
    names = {each.name for each in emptied if each is not None}
    left = [key for name in meaning.tables for key in referencing(name, known) if key.table not in names]
    fails = f"0A000: {left[0].table} references it" if left and not meaning.cascade else None
    return Effect(touches=tuple(dict.fromkeys(touches)), fails=fails)


def _alter_domain(meaning: s.AlterDomain, known: Known) -> Effect:
    late = meaning.constraint is not None and meaning.constraint.not_valid
    if meaning.action not in {"add constraint", "validate", "set not null"} or late:
        return Effect()
    found = known.type(meaning.domain)
    if found is None:
        return Effect(unknown="which tables use the domain is not known without a connection")
    if meaning.action == "set not null" and found.not_null:
        return Effect()
    if found.in_container:
        return Effect(fails="0A000: an array or a row of a table holds values of the domain")
    return Effect(touches=tuple(Touch(each, S, scan=True, role="table that uses it") for each in found.used_by))


def _cluster(table: Name, known: Known) -> Effect:
    partitioned = bool(known.is_partitioned(table))
    early = partitioned and known.server < 15
    return Effect(
        touches=everywhere(table, known, AX, rewrite=True, inheriting=False),
        own_unit=partitioned and not early,
        fails="0A000: CLUSTER of a partitioned table came with PostgreSQL 15" if early else None,
    )


def _vacuum(meaning: s.Vacuum, known: Known) -> Effect:
    full, analyze = meaning.full, meaning.analyze_only
    below = known.server >= 18  # before, it went on to partitions, and to nothing else that inherits
    touches = tuple(
        touch
        for each in meaning.tables
        for touch in everywhere(each, known, AX if full else SUX, rewrite=full, scan=not analyze, inheriting=below)
        if analyze or holds_rows(touch.relation, known)
    )
    unknown = "it goes over every table of the database" if not meaning.tables else None
    return Effect(touches=touches, own_unit=not analyze, unknown=unknown)


def _create_trigger(meaning: s.CreateTrigger, known: Known) -> Effect:
    goes_down = meaning.for_each_row and known.is_partitioned(meaning.table)
    touches = everywhere(meaning.table, known, SRX, only=not goes_down)
    if meaning.references is not None:
        touches += (Touch(meaning.references, AS, role="referenced table"),)
    return Effect(touches=touches)


def _lock(meaning: s.Lock, known: Known) -> Effect:
    touches = tuple(
        touch
        for name in meaning.tables
        for touch in everywhere(name, known, LockMode(meaning.mode), only=name in meaning.only)
    )
    views = [name for name in meaning.tables if (found := known.table(name)) is not None and found.kind == "v"]
    return Effect(touches=touches, unknown=f"{views[0]} is a view: what it reads is locked too" if views else None)


def _change(meaning: s.Change, known: Known) -> Effect:
    scan = meaning.verb in {"update", "delete"} and not meaning.has_where
    # The rows of a partitioned table are in its partitions; into which INSERT goes depends on them.
    goes_down = meaning.verb != "insert"
    touches = everywhere(meaning.table, known, RX, scan=scan, only=not goes_down)
    reads = tuple(Touch(each, AS, role="read") for each in meaning.reads)
    own = Effect(touches=(*touches, *reads))
    return joined((own, *(_change(each, known) for each in meaning.changes))) if meaning.changes else own
