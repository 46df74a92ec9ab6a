"""What a live catalogue knows of the objects that a script names, read in a few questions and one snapshot.

Everything is asked from pg_catalog by oid (information_schema is hundreds of times slower), read-only and bounded in
time. Beside the named tables it is about what their statements reach: partitions, parents, the default partition,
both sides of foreign keys.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pgops.db.callers_connection import refuse_unfit
from pgops.db.versions import pg_version
from pgops.migrations.asking import plain_cursor
from pgops.migrations.effects.facts import (
    ColumnFacts,
    ConstraintFacts,
    Facts,
    IndexFacts,
    KeyFacts,
    TableFacts,
    TypeFacts,
)
from pgops.migrations.effects.known import names_in
from pgops.migrations.effects.live_sql import (
    CASCADES,
    COLUMNS,
    CONSTRAINTS,
    INDEXES,
    INHERITED,
    NAMES,
    PINNED,
    REACHED,
    RELATIONS,
    TABLES,
    VIEWS,
)
from pgops.migrations.effects.live_types_sql import FUNCTIONS, NAMED_TYPES, SERVER, STATISTICS, TYPES
from pgops.sql.statements import Name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import LiteralString

    import psycopg

    from pgops.sql.script import Script

STATEMENT_TIMEOUT = "30s"


def read_facts(conn: psycopg.Connection[Any], scripts: Iterable[Script]) -> Facts:
    """What `conn`'s database knows about whatever the scripts name, as its search path resolves it.

    Nothing is written, and no table of a user is read. An idle connection gets a transaction of its own (read-only, one
    snapshot) and is idle again afterwards; in a transaction of the caller's that is used. Raises
    `WrongConnectionError` for a connection that nothing can be asked over, and psycopg's errors.
    """
    meanings = [each.meaning for script in scripts for each in script.statements]
    names = names_in(iter(meanings))
    with _one_snapshot(conn) as cursor:
        return _Reader(cursor, pg_version(conn).major).read(names)


@contextmanager
def _one_snapshot(conn: psycopg.Connection[Any]) -> Iterator[psycopg.Cursor[Any]]:
    from psycopg.pq import TransactionStatus  # noqa: PLC0415

    refuse_unfit(conn)
    cursor = plain_cursor(conn)
    if conn.info.transaction_status is not TransactionStatus.IDLE:
        with cursor:
            yield cursor
        return
    was_autocommit = conn.autocommit
    if not was_autocommit:
        conn.autocommit = True
    try:
        with cursor:
            cursor.execute("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY, NOT DEFERRABLE")
            try:
                cursor.execute("SELECT pg_catalog.set_config('statement_timeout', %s, true)", [STATEMENT_TIMEOUT])
                yield cursor
            finally:
                if not conn.closed:
                    cursor.execute("ROLLBACK")
    finally:
        if not was_autocommit and not conn.closed:
            conn.autocommit = False


class _Reader:
    def __init__(self, cursor: psycopg.Cursor[Any], server: int) -> None:
        self.cursor = cursor
        self.server = server
        self.names: dict[int, Name] = {}
        self.schemas: list[str] = []
        self.numbers: dict[int, dict[int, str]] = defaultdict(dict)
        """The names of a table's columns by their numbers."""

    def ask(self, query: LiteralString, **parameters: Any) -> list[Any]:
        return self.cursor.execute(query, parameters).fetchall()

    def read(self, given: Sequence[Name]) -> Facts:
        written = [each for each in given if each.name]
        zone, max_locks, path, self.schemas = self.ask(SERVER)[0]
        parts = {"names": [each.name for each in written], "schemas": [each.schema for each in written]}
        resolved = {written[ordinal - 1]: oid for ordinal, oid in self.ask(RELATIONS, **parts)}
        oids = [oid for (oid,) in self.ask(REACHED, oids=list(resolved.values()))]
        types = self.ask(NAMED_TYPES, **parts)
        own = [oid for _, oid, _, is_users in types if is_users]
        details = {oid: row for oid, *row in self.ask(TYPES, oids=own)} if own else {}
        cascades = dict(self.ask(CASCADES, oids=list(resolved.values())))
        users = {oid for row in details.values() for oid in row[3]}
        children, pending = self._inherited(oids)
        self._learn_names(
            {*oids, *users, *(each for below in [*children.values(), *cascades.values()] for each in below)}
        )
        tables, indexes = self._tables(oids, children, pending, cascades)
        found_tables = {table.name: table for table in tables.values()}
        found_indexes = {index.name: index for index in indexes.values()}
        for name, oid in resolved.items():
            if oid in tables:
                found_tables[name] = tables[oid]
            if oid in indexes:
                found_indexes[name] = indexes[oid]
        return Facts(
            server=self.server,
            time_zone_is_utc=zone.upper() in {"UTC", "ETC/UTC", "GMT", "ETC/GMT", "ZULU", "UCT"},
            tables=found_tables,
            indexes=found_indexes,
            types=self._types(written, types, details),
            volatilities=self._volatilities(written),
            statistics={
                written[ordinal - 1]: Name(name, schema) for ordinal, schema, name in self.ask(STATISTICS, **parts)
            },
            max_locks=max_locks,
            search_path=path,
            schemas=tuple(self.schemas),
        )

    def _inherited(self, oids: list[int]) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
        """The children of each, and those of them that are being detached."""
        children: dict[int, list[int]] = defaultdict(list)
        pending: dict[int, list[int]] = defaultdict(list)
        for parent, child, detaching in self.ask(INHERITED, oids=oids):
            children[parent].append(child)
            if detaching:
                pending[parent].append(child)
        return children, pending

    def _learn_names(self, oids: Iterable[int]) -> None:
        for oid, schema, name in self.ask(NAMES, oids=list(oids)):
            self.names[oid] = Name(name, schema)

    def _tables(
        self,
        oids: list[int],
        children: dict[int, list[int]],
        pending: dict[int, list[int]],
        cascades: dict[int, list[int]],
    ) -> tuple[dict[int, TableFacts], dict[int, IndexFacts]]:
        rows = self.ask(TABLES, oids=oids)
        columns = self.ask(COLUMNS, oids=oids)
        for table, name, number, *_ in columns:
            self.numbers[table][number] = name
        indexes, by_table, in_expression, by_column = self._indexes(oids)
        constraints, keys, checked, in_key = self._constraints(oids)
        views: dict[tuple[int, int], list[Name]] = defaultdict(list)
        for table, number, schema, name in self.ask(VIEWS, oids=oids):
            views[table, number].append(Name(name, schema))
            if number:
                views[table, 0].append(Name(name, schema))
        facts_of = self._columns(
            columns,
            checked=checked,
            in_key=in_key,
            by_column=by_column,
            in_expression=in_expression,
            views=views,
        )
        by_oid = {row[0]: row for row in rows}
        below = {oid: _descendants(oid, children) for oid in by_oid}
        tables = {}
        for oid, _, _, kind, estimate, size, default, parent, key, policies, triggers, persistence, method in rows:
            parts = [by_oid.get(each) for each in below[oid]] if kind == "p" else []
            # What was reached from a partition has siblings that nobody asked about.
            known = all(each is not None and (each[4] >= 0 or each[3] == "p") for each in parts)
            leaves = [each for each in parts if each is not None]
            total_rows = sum(max(each[4], 0) for each in leaves) if kind == "p" else estimate
            tables[oid] = TableFacts(
                name=self.names[oid],
                oid=oid,
                kind=kind,
                rows=total_rows if known else -1,
                bytes=sum(each[5] for each in leaves) if kind == "p" else size,
                columns=facts_of[oid],
                constraints=constraints[oid],
                indexes={indexes[each].name.name: indexes[each] for each in by_table[oid]},
                referenced_by=tuple(dict.fromkeys(each.table for each in keys[oid] if each.table != self.names[oid])),
                keys=tuple(keys[oid]),
                cascades_to=tuple(self.names[each] for each in cascades.get(oid, ())),
                partitions=tuple(self.names[each] for each in below[oid]) if kind == "p" else (),
                children=tuple(self.names[each] for each in below[oid]),
                default_partition=self.names.get(default),
                parent=self.names.get(parent),
                partition_key=tuple(key),
                detach_pending=tuple(self.names[each] for each in pending[oid]),
                triggers=tuple(triggers),
                policies=tuple(policies),
                views=tuple(dict.fromkeys(views[oid, 0])),
                persistence=persistence,
                access_method=method,
            )
        return tables, indexes

    def _columns(
        self,
        rows: list[Any],
        *,
        checked: set[tuple[int, int]],
        in_key: set[tuple[int, int]],
        by_column: dict[tuple[int, int], list[str]],
        in_expression: dict[tuple[int, int], list[str]],
        views: dict[tuple[int, int], list[Name]],
    ) -> dict[int, dict[str, ColumnFacts]]:
        pinned: dict[tuple[int, int], list[str]] = defaultdict(list)
        for table, number, what in self.ask(PINNED, oids=list(self.numbers)):
            pinned[table, number].append(what)
        columns: dict[int, dict[str, ColumnFacts]] = defaultdict(dict)
        for table, name, number, kind, base, form, modifier, collation, not_null, default, generated, *rest in rows:
            is_identity, in_partition_key = rest
            columns[table][name] = ColumnFacts(
                name=name,
                type=kind,
                base_type=base,
                base_form=form,
                modifier=modifier,
                collation=collation,
                not_null=not_null,
                has_default=default,
                is_identity=is_identity,
                generated={"s": "stored", "v": "virtual"}.get(generated),
                pinned_by=tuple(dict.fromkeys(pinned[table, number])),
                has_checks=(table, number) in checked,
                indexes=tuple(by_column[table, number]),
                expression_indexes=tuple(in_expression[table, number]),
                in_foreign_key=(table, number) in in_key,
                in_partition_key=in_partition_key,
                views=tuple(dict.fromkeys(views[table, number])),
            )
        return columns

    def _indexes(
        self, oids: list[int]
    ) -> tuple[dict[int, IndexFacts], dict[int, list[int]], dict[tuple[int, int], list[str]], Any]:
        """By oid, by table, and by column: those that are built anew when its type changes, and all."""
        rows = self.ask(INDEXES, oids=oids)
        children, _ = self._inherited([row[0] for row in rows])
        named = {row[0]: Name(row[3], row[2]) for row in rows}
        indexes: dict[int, IndexFacts] = {}
        by_table: dict[int, list[int]] = defaultdict(list)
        by_column: dict[tuple[int, int], list[str]] = defaultdict(list)
        in_expression: dict[tuple[int, int], list[str]] = defaultdict(list)
        for oid, table, _, name, valid, unique, keys, count, partial, constraint, size, used, *form in rows:
            is_built_anew, method, is_plain = form
            indexes[oid] = IndexFacts(
                name=named[oid],
                table=self.names[table],
                valid=valid,
                unique=unique,
                columns=tuple(self.numbers[table].get(number) for number in keys[:count]),
                is_partial=partial,
                constraint=constraint,
                partitions=tuple(named[each] for each in _descendants(oid, children) if each in named),
                bytes=size,
                method=method,
                is_plain=is_plain,
            )
            by_table[table].append(oid)
            for number in {*keys, *used} - {0}:
                by_column[table, number].append(name)
                if is_built_anew:
                    in_expression[table, number].append(name)
        return indexes, by_table, in_expression, by_column

    def _constraints(
        self, oids: list[int]
    ) -> tuple[dict[int, dict[str, ConstraintFacts]], dict[int, list[KeyFacts]], set[Any], set[Any]]:
        """Of each table its constraints and the keys that reference it; which columns a CHECK names, and a key."""
        constraints: dict[int, dict[str, ConstraintFacts]] = defaultdict(dict)
        keys: dict[int, list[KeyFacts]] = defaultdict(list)
        checked: set[tuple[int, int]] = set()
        in_key: set[tuple[int, int]] = set()
        for table, name, kind, valid, numbers, references, other, definition, index, *acts in self.ask(
            CONSTRAINTS, oids=oids
        ):
            on_delete, on_update, is_inherited = acts
            columns = tuple(self.numbers[table].get(each, "") for each in numbers)
            referenced = tuple(self.numbers[references].get(each, "") for each in other)
            constraints[table][name] = ConstraintFacts(
                name=name,
                kind=kind,
                columns=columns,
                valid=valid,
                references=self.names.get(references),
                referenced_columns=referenced,
                is_inherited=is_inherited,
                definition=definition,
                index=index if kind in "pux" else None,
            )
            if kind == "c":
                checked.update((table, number) for number in numbers)
            if kind == "f":
                if table in self.names:
                    keys[references].append(
                        KeyFacts(
                            name=name,
                            table=self.names[table],
                            columns=referenced,
                            index=index,
                            on_delete=on_delete,
                            on_update=on_update,
                        )
                    )
                in_key.update((table, number) for number in numbers)
                in_key.update((references, number) for number in other)
        return constraints, keys, checked, in_key

    def _types(self, written: Sequence[Name], rows: list[Any], details: dict[int, list[Any]]) -> dict[Name, TypeFacts]:
        types: dict[Name, TypeFacts] = {}
        for ordinal, oid, kind, _ in rows:
            name = written[ordinal - 1]
            types[name] = TypeFacts(name=name, kind=kind)
            if oid in details:
                checked, not_null, volatile, used, stored, in_container, base, form = details[oid]
                types[name] = TypeFacts(
                    name=name,
                    kind=kind,
                    has_constraints=checked,
                    not_null=not_null,
                    default_is_volatile=volatile,
                    used_by=tuple(self.names[each] for each in stored),
                    columns_in=tuple(self.names[each] for each in used),
                    in_container=in_container,
                    base_type=base,
                    base_form=form,
                )
        return types

    def _volatilities(self, written: Sequence[Name]) -> dict[Name, str]:
        found: dict[Name, str] = {}
        for name, schema, volatility in self.ask(FUNCTIONS, names=list({each.name for each in written})):
            found[Name(name, schema)] = volatility
        for each in written:
            if each.schema is None:
                # What is in pg_catalog is found first; of others on the path, the arguments decide: the worst counts.
                here = {schema: found.get(Name(each.name, schema)) for schema in self.schemas}
                worst = here.get("pg_catalog") or max(filter(None, here.values()), default=None)
                if worst is not None:
                    found[each] = worst
        return found


def _descendants(table: int, children: dict[int, list[int]]) -> tuple[int, ...]:
    """Of every level, each once, however many parents it has."""
    found: dict[int, None] = {}
    waiting = list(children.get(table, ()))
    while waiting:
        each = waiting.pop(0)
        if each not in found:
            found[each] = None
            waiting += children.get(each, ())
    return tuple(found)
