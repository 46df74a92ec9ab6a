"""Indexes: made, made anew, dropped; with CONCURRENTLY and without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.effects.effect import Effect, Touch
from pgops.migrations.effects.known import same
from pgops.migrations.effects.locks import LockMode
from pgops.migrations.effects.relatives import holds_rows, partitions
from pgops.sql.statements import Name

if TYPE_CHECKING:
    from pgops.migrations.effects.facts import IndexFacts
    from pgops.migrations.effects.known import Known
    from pgops.sql import statements as s

AX = LockMode.ACCESS_EXCLUSIVE
S = LockMode.SHARE
SUX = LockMode.SHARE_UPDATE_EXCLUSIVE


def create_index(index: s.CreateIndex, known: Known) -> Effect:
    """CREATE INDEX. A partition that has the same index already is locked and not read."""
    table = index.table
    exists = index.if_not_exists and index.name is not None and known.index(Name(index.name, table.schema)) is not None
    if index.concurrently:
        partitioned = known.is_partitioned(table)
        return Effect(
            touches=(Touch(table, SUX, scan=not exists),),
            own_unit=True,
            waits_for_snapshots=True,
            fails="0A000: CONCURRENTLY is refused on a partitioned table" if partitioned else None,
        )
    if exists:
        return Effect(touches=(Touch(table, S),))
    below = () if index.only else partitions(table, known)
    return Effect(
        touches=(
            Touch(table, S, scan=holds_rows(table, known)),
            *(
                Touch(each, S, scan=holds_rows(each, known) and not _has_same(each, index, known), role="partition")
                for each in below
            ),
        )
    )


def _has_same(table: Name, wanted: s.CreateIndex, known: Known) -> bool:
    """Whether the table has an index that CREATE INDEX on its parent would take over (CompareIndexInfo in index.c)."""
    found = known.table(table)
    live = found.indexes.values() if found is not None else ()
    return wanted.is_plain and any(
        each.valid
        and each.is_plain
        and each.method == wanted.method
        and each.unique == wanted.unique
        and each.columns == wanted.columns
        for each in live
    )


def has_index(table: Name, wanted: IndexFacts, known: Known) -> bool:
    """Whether the table has an index that ATTACH PARTITION would take over for `wanted`, as far as that is known."""
    if not wanted.is_plain:
        return False
    found = known.table(table)
    live = [
        (each.method, each.unique, each.columns, each.constraint is not None)
        for each in (found.indexes.values() if found is not None else ())
        if each.valid and each.is_plain
    ]
    made = [(each.method, each.unique, each.columns, False) for each in known.made_indexes_on(table) if each.is_plain]
    by_key = [
        ("btree", True, added.columns, True)
        for on, added in known.added
        if same(on, table) and added.kind.name in {"UNIQUE", "PRIMARY_KEY"} and added.using_index is None
    ]
    # What carries a constraint of the parent needs one of the partition; the other way round anything will do.
    return any(
        (method, unique, columns) == (wanted.method, wanted.unique, wanted.columns)
        and (is_constraint or wanted.constraint is None)
        for method, unique, columns, is_constraint in [*live, *made, *by_key]
    )


def drop_index(drop: s.Drop, known: Known) -> Effect:
    """DROP INDEX locks the table; of a partitioned one, all partitions."""
    lock = SUX if drop.concurrently else AX
    touches: list[Touch] = []
    perhaps: list[Touch] = []
    partitioned = False
    for name in drop.names:
        index = known.index(name)
        touches.append(Touch(name, lock, role="index"))
        if index is None:
            made = known.made_index(name)
            touches += [Touch(made.table, lock, role="table of the index")] if made is not None else []
            perhaps += _nearby(name, lock, known) if made is None else []
            continue
        touches.append(Touch(index.table, lock, role="table of the index"))
        if known.is_partitioned(index.table):
            partitioned = True
            touches += [Touch(each, lock, role="partition") for each in partitions(index.table, known)]
    fails = None
    if drop.concurrently and (len(drop.names) > 1 or drop.cascade):
        fails = "0A000: DROP INDEX CONCURRENTLY takes one index and no CASCADE"
    elif drop.concurrently and partitioned:
        fails = "0A000: CONCURRENTLY is refused on a partitioned index"
    return Effect(
        touches=tuple(touches),
        perhaps=tuple(perhaps),
        own_unit=drop.concurrently,
        waits_for_snapshots=drop.concurrently,
        fails=fails,
    )


def reindex(meaning: s.Reindex, known: Known) -> Effect:
    """REINDEX: writes wait for the table, and reads for the index, which planning opens whatever the query."""
    if meaning.name is None or meaning.kind in {"schema", "database", "system"}:
        return Effect(
            own_unit=True,
            waits_for_snapshots=meaning.concurrently,
            unknown=f"it goes over every index of the {meaning.kind}",
        )
    on_table, on_index = (SUX, SUX) if meaning.concurrently else (S, AX)
    if meaning.kind == "index":
        index = known.index(meaning.name)
        own = index is None or not known.is_partitioned(index.table)
        touches = [Touch(meaning.name, on_index, rewrite=own, role="index")]
        if index is None:
            made = known.made_index(meaning.name)
            if made is not None:
                touches.append(Touch(made.table, on_table, scan=True, role="table of the index"))
            return Effect(
                touches=tuple(touches),
                perhaps=tuple(_nearby(meaning.name, on_table, known, scan=True)) if made is None else (),
                own_unit=meaning.concurrently,
                waits_for_snapshots=meaning.concurrently,
            )
        table, chosen = index.table, index.partitions
    else:
        table, chosen = meaning.name, None
        touches = []
    partitioned = bool(known.is_partitioned(table))
    role = "table" if meaning.kind == "table" else "table of the index"
    touches.append(Touch(table, on_table, scan=not partitioned, role=role))
    for each in (table, *partitions(table, known)):
        found = known.table(each)
        if found is None or found.is_partitioned:
            continue
        if each != table:
            # Those of a table are gathered under SHARE, CONCURRENTLY or not (ReindexPartitions in indexcmds.c).
            touches.append(Touch(each, S if meaning.kind == "table" else on_table, scan=True, role="partition"))
        touches += [
            Touch(own.name, on_index, rewrite=True, role="index")
            for own in found.indexes.values()
            if (chosen is None or own.name in chosen) and own.name != meaning.name
        ]
    return Effect(
        touches=tuple(dict.fromkeys(touches)) if meaning.kind == "table" or partitioned else tuple(touches[:2]),
        perhaps=_perhaps(table, on_index) if known.facts is None and meaning.kind == "table" else (),
        own_unit=meaning.concurrently or partitioned,
        waits_for_snapshots=meaning.concurrently,
    )


def _perhaps(table: Name, on_index: LockMode) -> tuple[Touch, ...]:
    return (Touch(table, on_index, rewrite=True, role="index"), Touch(table, S, scan=True, role="partition"))


def _nearby(index: Name, lock: LockMode, known: Known, *, scan: bool = False) -> list[Touch]:
    """The table of an index, where no catalogue was asked which that is."""
    return [Touch(index, lock, scan=scan, role="table of the index")] if known.facts is None else []
