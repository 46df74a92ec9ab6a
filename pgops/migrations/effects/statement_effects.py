"""What a statement does: the one call that rules, plans and the trace's comparison ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.effects.effect import Effect, Touch
from pgops.migrations.effects.locks import LockMode
from pgops.migrations.effects.table_actions import alter_table
from pgops.migrations.sql import statements as s
from pgops.migrations.sql.statements import ConstraintKind, Name

if TYPE_CHECKING:
    from pgops.migrations.effects.known import Known

AX = LockMode.ACCESS_EXCLUSIVE
X = LockMode.EXCLUSIVE
SRX = LockMode.SHARE_ROW_EXCLUSIVE
S = LockMode.SHARE
SUX = LockMode.SHARE_UPDATE_EXCLUSIVE
RX = LockMode.ROW_EXCLUSIVE
AS = LockMode.ACCESS_SHARE

_RELATIONS = {"table", "index", "view", "materialized view", "sequence", "foreign table"}


def effect_of(meaning: s.Meaning, known: Known) -> Effect:
    """What the statement does to relations that were there before it, on `known.server`.

    >>> from pgops.migrations.sql.grammar import read_script
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
            return _create_index(meaning, known)
        case s.CreateTable():
            return _create_table(meaning, known)
        case s.Drop():
            return _drop(meaning, known)
        case s.Reindex():
            return _reindex(meaning, known)
        case s.Rename():
            return _rename(meaning, known)
        case s.Move() if meaning.kind in _RELATIONS:
            return Effect(touches=(Touch(meaning.name, AX, role=meaning.kind),))
        case s.Cluster():
            if meaning.table is None:
                return Effect(own_unit=True, unknown="it rewrites every table that was clustered before")
            return Effect(
                touches=(Touch(meaning.table, AX, rewrite=True),), own_unit=bool(known.is_partitioned(meaning.table))
            )
        case s.Vacuum():
            lock = AX if meaning.full else SUX
            touches = tuple(
                Touch(each, lock, rewrite=meaning.full, scan=not meaning.analyze_only) for each in meaning.tables
            )
            unknown = "it goes over every table of the database" if not meaning.tables else None
            return Effect(touches=touches, own_unit=not meaning.analyze_only, unknown=unknown)
        case s.Truncate():
            touches = tuple(Touch(each, AX) for each in meaning.tables)
            if meaning.cascade:
                touches += tuple(
                    Touch(each, AX, role="referencing table")
                    for name in meaning.tables
                    for each in _referencing(name, known)
                )
            touches += tuple(
                Touch(each, AX, role="partition") for name in meaning.tables for each in _partitions(name, known)
            )
            return Effect(touches=touches)
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
            touches = (Touch(meaning.table, SRX),)
            if meaning.references is not None:
                touches += (Touch(meaning.references, SRX, role="referenced table"),)
            return Effect(touches=touches)
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
            return Effect(touches=tuple(Touch(each, LockMode(meaning.mode)) for each in meaning.tables))
        case s.Change():
            scan = meaning.verb in {"update", "delete"} and not meaning.has_where
            reads = tuple(Touch(each, AS, role="read") for each in meaning.reads)
            return Effect(touches=(Touch(meaning.table, RX, scan=scan), *reads))
        case s.Copy(table=Name() as table):
            return Effect(touches=(Touch(table, RX if meaning.is_from else AS),))
        case s.Select():
            lock = LockMode.ROW_SHARE if meaning.locks_rows else AS
            unknown = (
                "a function may do anything"
                if any(known.is_volatile(s.Expression(functions=(each,))) is None for each in meaning.functions)
                else None
            )
            return Effect(touches=tuple(Touch(each, lock, role="read") for each in meaning.reads), unknown=unknown)
        case s.NoTransaction():
            return Effect(own_unit=True)
        case s.Do():
            return Effect(unknown="what the block of a DO does can't be read from outside")
        case s.Call():
            return Effect(unknown="a procedure may do anything")
        case s.Other():
            return Effect(unknown=f"pgops knows nothing about {meaning.what!r}")
        case _:
            return Effect()


def _create_index(meaning: s.CreateIndex, known: Known) -> Effect:
    table = meaning.table
    partitions = () if meaning.only else _partitions(table, known)
    own = not partitions and not meaning.only
    if meaning.concurrently:
        partitioned = known.is_partitioned(table)
        return Effect(
            touches=(Touch(table, SUX, scan=True),),
            own_unit=True,
            waits_for_snapshots=True,
            fails="0A000: CONCURRENTLY is refused on a partitioned table" if partitioned else None,
        )
    scan = own and not (known.is_partitioned(table) and meaning.only)
    exists = (
        meaning.if_not_exists and meaning.name is not None and known.index(Name(meaning.name, table.schema)) is not None
    )
    return Effect(
        touches=(
            Touch(table, S, scan=scan and not exists),
            *(Touch(each, S, scan=True, role="partition") for each in partitions),
        )
    )


def _create_table(meaning: s.CreateTable, known: Known) -> Effect:
    touches: list[Touch] = []
    if meaning.partition_of is not None:
        touches.append(Touch(meaning.partition_of, AX, role="parent"))
        parent = known.table(meaning.partition_of)
        if parent is not None and parent.default_partition is not None:
            touches.append(Touch(parent.default_partition, AX, scan=True, role="default partition"))
    touches += [Touch(each, SUX, role="parent") for each in meaning.inherits]
    keys = [*meaning.constraints, *(each for column in meaning.columns for each in column.constraints)]
    touches += [
        Touch(key.references, SRX, role="referenced table")
        for key in keys
        if key.kind is ConstraintKind.FOREIGN_KEY and key.references is not None and key.references != meaning.table
    ]
    return Effect(touches=tuple(dict.fromkeys(touches)))


def _drop(meaning: s.Drop, known: Known) -> Effect:
    touches: list[Touch] = [Touch(each, AX) for each in meaning.tables]
    if meaning.kind == "index":
        lock = SUX if meaning.concurrently else AX
        for name in meaning.names:
            index = known.index(name)
            touches.append(Touch(name, lock, role="index"))
            if index is not None:
                touches.append(Touch(index.table, lock, role="table of the index"))
        partitioned = meaning.concurrently and any(
            known.is_partitioned(index.table) for index in map(known.index, meaning.names) if index is not None
        )
        return Effect(
            touches=tuple(touches),
            own_unit=meaning.concurrently,
            waits_for_snapshots=meaning.concurrently,
            fails="0A000: CONCURRENTLY is refused on a partitioned index" if partitioned else None,
        )
    if meaning.kind in _RELATIONS:
        for name in meaning.names:
            touches.append(Touch(name, AX, role=meaning.kind))
            table = known.table(name)
            if table is None or meaning.kind != "table":
                continue
            touches += [
                Touch(each.references, AX, role="referenced table")
                for each in table.constraints.values()
                if each.references is not None and each.references != name
            ]
            touches += [Touch(each, AX, role="partition") for each in table.partitions]
            if table.parent is not None:
                touches.append(Touch(table.parent, AX, role="parent"))
                parent = known.table(table.parent)
                if parent is not None and parent.default_partition not in (None, name):
                    assert parent.default_partition is not None  # noqa: S101  said in the line above
                    touches.append(Touch(parent.default_partition, AX, role="default partition"))
            if meaning.cascade:
                touches += [Touch(each, AX, role="referencing table") for each in table.referenced_by]
    return Effect(touches=tuple(dict.fromkeys(touches)))


def _reindex(meaning: s.Reindex, known: Known) -> Effect:
    if meaning.name is None or meaning.kind in {"schema", "database", "system"}:
        return Effect(own_unit=True, unknown=f"it goes over every index of the {meaning.kind}")
    table = meaning.name
    touches: list[Touch] = []
    if meaning.kind == "index":
        index = known.index(meaning.name)
        touches.append(Touch(meaning.name, SUX if meaning.concurrently else AX, rewrite=True, role="index"))
        if index is None:
            return Effect(
                touches=tuple(touches), own_unit=meaning.concurrently, waits_for_snapshots=meaning.concurrently
            )
        table = index.table
    partitioned = bool(known.is_partitioned(table))
    touches.append(
        Touch(
            table,
            SUX if meaning.concurrently else S,
            scan=True,
            role="table" if meaning.kind == "table" else "table of the index",
        )
    )
    found = known.table(table)
    if meaning.kind == "table" and found is not None and not meaning.concurrently:
        touches += [Touch(each.name, AX, rewrite=True, role="index") for each in found.indexes.values()]
    return Effect(
        touches=tuple(touches),
        own_unit=meaning.concurrently or partitioned,
        waits_for_snapshots=meaning.concurrently,
    )


def _rename(meaning: s.Rename, known: Known) -> Effect:
    if meaning.kind not in _RELATIONS:
        return Effect()
    if meaning.kind == "index" and meaning.sub is None:
        return Effect(touches=(Touch(meaning.name, SUX, role="index"),))
    partitions = _partitions(meaning.name, known) if meaning.sub_kind in {"column", "attribute"} else ()
    return Effect(
        touches=(
            Touch(meaning.name, AX, role=meaning.kind),
            *(Touch(each, AX, role="partition") for each in partitions),
        )
    )


def _alter_domain(meaning: s.AlterDomain, known: Known) -> Effect:
    late = meaning.constraint is not None and meaning.constraint.not_valid
    if meaning.action not in {"add constraint", "validate", "set not null"} or late:
        return Effect()
    found = known.facts.types.get(meaning.domain) if known.facts is not None else None
    if found is None:
        return Effect(unknown="which tables use the domain is not known without a connection")
    return Effect(touches=tuple(Touch(each, S, scan=True, role="table that uses it") for each in found.used_by))


def _referencing(name: Name, known: Known) -> tuple[Name, ...]:
    found = known.table(name)
    return found.referenced_by if found is not None else ()


def _partitions(name: Name, known: Known) -> tuple[Name, ...]:
    found = known.table(name)
    return found.partitions if found is not None else ()
