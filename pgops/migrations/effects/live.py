"""What a live catalogue knows of the objects that a script names, read in a few questions and one snapshot.

Everything is asked from pg_catalog by oid (information_schema is hundreds of times slower), read-only and bounded in
time. Beside the named tables it is about what their statements reach: partitions, parents, the default partition,
both sides of foreign keys."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pgops.db.versions import pg_version
from pgops.migrations.effects.known import (
    ColumnFacts,
    ConstraintFacts,
    Facts,
    IndexFacts,
    TableFacts,
    TypeFacts,
    names_in,
)
from pgops.migrations.sql.statements import Name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import psycopg

    from pgops.migrations.sql.script import Script

STATEMENT_TIMEOUT_S = 30


def read_facts(conn: psycopg.Connection[Any], scripts: Iterable[Script]) -> Facts:
    """What `conn`'s database knows about whatever the scripts name, as its search path resolves it.

    Nothing is written, and no table of a user is read. An idle connection gets a transaction of its own (read-only, one
    snapshot) and is idle again afterwards; in a transaction of the caller's that is used. Raises psycopg's errors.
    """
    meanings = [each.meaning for script in scripts for each in script.statements]
    names = names_in(iter(meanings))
    with _one_snapshot(conn) as cursor:
        return _Reader(cursor, pg_version(conn).major).read(names)


@contextmanager
def _one_snapshot(conn: psycopg.Connection[Any]) -> Iterator[psycopg.Cursor[Any]]:
    from psycopg.pq import TransactionStatus  # noqa: PLC0415
    from psycopg.rows import tuple_row  # noqa: PLC0415

    cursor = conn.cursor(row_factory=tuple_row)
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
                cursor.execute(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT_S}s'")
                yield cursor
            finally:
                if not conn.closed:
                    cursor.execute("ROLLBACK")
    finally:
        if not was_autocommit and not conn.closed:
            conn.autocommit = False


# What was named, and what it reaches: of every level, each with the oid that it is found by.
RELATIONS = """
SELECT named.written, named.oid::bigint
  FROM (SELECT written, pg_catalog.to_regclass(written) AS oid
          FROM pg_catalog.unnest(%(names)s::text[]) AS written) AS named
 WHERE named.oid IS NOT NULL
"""

REACHED = """
WITH RECURSIVE
named AS (
    SELECT c.oid, c.relkind
      FROM pg_catalog.pg_class AS c
     WHERE c.oid = ANY (%(oids)s::bigint[]::oid[])
), tables AS (
    SELECT oid FROM named WHERE relkind NOT IN ('i', 'I')
    UNION
    SELECT i.indrelid
      FROM pg_catalog.pg_index AS i
     WHERE i.indexrelid IN (SELECT oid FROM named WHERE relkind IN ('i', 'I'))
), downwards AS (
    SELECT oid FROM tables
    UNION
    SELECT i.inhrelid
      FROM downwards AS d
      JOIN pg_catalog.pg_inherits AS i ON i.inhparent = d.oid
), upwards AS (
    SELECT oid FROM tables
    UNION
    SELECT i.inhparent
      FROM upwards AS u
      JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = u.oid
)
SELECT oid::bigint FROM downwards
 UNION
SELECT oid::bigint FROM upwards
 UNION  -- the default partition stands beside what is attached or dropped
SELECT p.partdefid::bigint
  FROM pg_catalog.pg_partitioned_table AS p
 WHERE p.partrelid IN (SELECT oid FROM upwards)
   AND p.partdefid <> 0
 UNION
SELECT k.confrelid::bigint
  FROM pg_catalog.pg_constraint AS k
 WHERE k.conrelid IN (SELECT oid FROM downwards)
   AND k.contype = 'f'
 UNION
SELECT k.conrelid::bigint
  FROM pg_catalog.pg_constraint AS k
 WHERE k.confrelid IN (SELECT oid FROM downwards)
   AND k.contype = 'f'
"""

TABLES = """
SELECT c.oid::bigint, n.nspname, c.relname, c.relkind,
       CASE WHEN c.relkind = 'p' THEN 0 ELSE c.reltuples END AS rows,
       CASE WHEN c.relkind IN ('r', 'm', 't') THEN pg_catalog.pg_total_relation_size(c.oid) ELSE 0 END AS bytes,
       p.partdefid::bigint,
       (SELECT i.inhparent::bigint
          FROM pg_catalog.pg_inherits AS i
         WHERE i.inhrelid = c.oid
           AND c.relispartition) AS parent
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_partitioned_table AS p ON p.partrelid = c.oid
 WHERE c.oid = ANY (%(oids)s::bigint[]::oid[])
"""

COLUMNS = """
SELECT a.attrelid::bigint, a.attname, a.attnum,
       pg_catalog.format_type(a.atttypid, a.atttypmod),
       CASE WHEN t.typtype = 'd' THEN b.typname ELSE t.typname END AS base_type,
       a.atttypmod, l.collname, a.attnotnull, a.atthasdef, a.attgenerated
  FROM pg_catalog.pg_attribute AS a
  JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
  LEFT JOIN pg_catalog.pg_type AS b ON b.oid = t.typbasetype
  LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = a.attcollation
 WHERE a.attrelid = ANY (%(oids)s::bigint[]::oid[])
   AND a.attnum > 0
   AND NOT a.attisdropped
 ORDER BY a.attrelid, a.attnum
"""

CONSTRAINTS = """
SELECT k.conrelid::bigint, k.conname, k.contype, k.convalidated,
       COALESCE(k.conkey, '{}')::smallint[]::int[], k.confrelid::bigint, COALESCE(k.confkey, '{}')::smallint[]::int[],
       CASE WHEN k.contype IN ('c', 'n') THEN pg_catalog.pg_get_constraintdef(k.oid) ELSE '' END,
       (SELECT x.relname FROM pg_catalog.pg_class AS x WHERE x.oid = k.conindid AND k.contype IN ('p', 'u', 'x'))
  FROM pg_catalog.pg_constraint AS k
 WHERE k.conrelid = ANY (%(oids)s::bigint[]::oid[])
    OR k.confrelid = ANY (%(oids)s::bigint[]::oid[])
"""

INDEXES = """
SELECT i.indexrelid::bigint, i.indrelid::bigint, n.nspname, c.relname, i.indisvalid, i.indisunique,
       i.indkey::smallint[]::int[], i.indnkeyatts, i.indpred IS NOT NULL,
       (SELECT k.conname FROM pg_catalog.pg_constraint AS k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')),
       CASE WHEN c.relkind = 'i' THEN pg_catalog.pg_relation_size(c.oid) ELSE 0 END,
       -- the columns of an expression or predicate, from the nodes that hold them
       ARRAY(SELECT DISTINCT found[1]::int
               FROM pg_catalog.regexp_matches(COALESCE(i.indexprs::text, '') || COALESCE(i.indpred::text, ''),
                                              ':varattno ([0-9]+)', 'g') AS found)
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE i.indrelid = ANY (%(oids)s::bigint[]::oid[])
"""

# What ALTER COLUMN TYPE meets and refuses (RememberAllDependentForRebuilding in tablecmds.c).
PINNED = """
SELECT d.refobjid::bigint, d.refobjsubid, d.what
  FROM (
        SELECT d.refobjid, d.refobjsubid,
               CASE v.relkind WHEN 'm' THEN 'materialized view ' WHEN 'v' THEN 'view ' ELSE 'a rule of ' END
               || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(v.relname) AS what
          FROM pg_catalog.pg_depend AS d
          JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid
          JOIN pg_catalog.pg_class AS v ON v.oid = r.ev_class
          JOIN pg_catalog.pg_namespace AS n ON n.oid = v.relnamespace
         WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
           AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
           AND d.refobjid = ANY (%(oids)s::bigint[]::oid[])
         UNION ALL
        SELECT d.refobjid, d.refobjsubid, 'policy ' || pg_catalog.quote_ident(p.polname)
          FROM pg_catalog.pg_depend AS d
          JOIN pg_catalog.pg_policy AS p ON p.oid = d.objid
         WHERE d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass
           AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
           AND d.refobjid = ANY (%(oids)s::bigint[]::oid[])
         UNION ALL
        SELECT d.refobjid, d.refobjsubid, 'trigger ' || pg_catalog.quote_ident(t.tgname)
          FROM pg_catalog.pg_depend AS d
          JOIN pg_catalog.pg_trigger AS t ON t.oid = d.objid
         WHERE d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass
           AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
           AND d.refobjid = ANY (%(oids)s::bigint[]::oid[])
         UNION ALL
        SELECT d.refobjid, d.refobjsubid, 'generated column ' || pg_catalog.quote_ident(a.attname)
          FROM pg_catalog.pg_depend AS d
          JOIN pg_catalog.pg_attrdef AS f ON f.oid = d.objid
          JOIN pg_catalog.pg_attribute AS a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
         WHERE d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
           AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
           AND d.refobjid = ANY (%(oids)s::bigint[]::oid[])
           AND a.attgenerated <> ''
           AND d.refobjsubid <> f.adnum  -- a column's own default depends on the column too
         UNION ALL
        SELECT d.refobjid, d.refobjsubid, 'a publication''s row filter'
          FROM pg_catalog.pg_depend AS d
         WHERE d.classid = 'pg_catalog.pg_publication_rel'::pg_catalog.regclass
           AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
           AND d.refobjid = ANY (%(oids)s::bigint[]::oid[])
         UNION ALL
        SELECT d.refobjid, d.refobjsubid, 'function ' || pg_catalog.quote_ident(f.proname)
          FROM pg_catalog.pg_depend AS d
          JOIN pg_catalog.pg_proc AS f ON f.oid = d.objid
         WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
           AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
           AND d.refobjid = ANY (%(oids)s::bigint[]::oid[])
       ) AS d
 WHERE d.refobjsubid > 0
"""

INHERITED = """
SELECT i.inhparent::bigint, i.inhrelid::bigint, i.inhdetachpending
  FROM pg_catalog.pg_inherits AS i
 WHERE i.inhparent = ANY (%(oids)s::bigint[]::oid[])
"""

TYPES = """
SELECT named.written, t.typtype,
       t.typtype = 'd' AND (t.typnotnull OR EXISTS (
           SELECT FROM pg_catalog.pg_constraint AS k WHERE k.contypid = t.oid)),
       ARRAY(SELECT DISTINCT a.attrelid::bigint
               FROM pg_catalog.pg_attribute AS a
               JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
              WHERE a.atttypid = t.oid
                AND c.relkind IN ('r', 'm', 'p')
                AND NOT a.attisdropped)
  FROM (SELECT written, pg_catalog.to_regtype(written) AS oid
          FROM pg_catalog.unnest(%(names)s::text[]) AS written) AS named
  JOIN pg_catalog.pg_type AS t ON t.oid = named.oid
"""

# Of several functions of one name the worst counts: 'v' sorts behind 's' and 'i'.
FUNCTIONS = """
SELECT p.proname, n.nspname, pg_catalog.max(p.provolatile::text)
  FROM pg_catalog.pg_proc AS p
  JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
 WHERE p.proname = ANY (%(names)s::text[])
 GROUP BY p.proname, n.nspname
"""

SERVER = """
SELECT pg_catalog.current_setting('TimeZone'),
       pg_catalog.current_setting('max_locks_per_transaction')::int
       * (pg_catalog.current_setting('max_connections')::int
          + pg_catalog.current_setting('max_prepared_transactions')::int),
       pg_catalog.current_setting('search_path')
"""


class _Reader:
    def __init__(self, cursor: psycopg.Cursor[Any], server: int) -> None:
        self.cursor = cursor
        self.server = server
        self.names: dict[int, Name] = {}

    def ask(self, query: str, **parameters: Any) -> list[Any]:
        return self.cursor.execute(query, parameters).fetchall()

    def read(self, written: Sequence[Name]) -> Facts:
        by_text = {each.sql: each for each in written if each.name}
        resolved = {by_text[text]: oid for text, oid in self.ask(RELATIONS, names=list(by_text))}
        oids = [oid for (oid,) in self.ask(REACHED, oids=list(resolved.values()))]
        tables, indexes = self._tables(oids)
        zone, max_locks, path = self.ask(SERVER)[0]
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
            types=self._types(by_text),
            volatilities=self._volatilities(written),
            max_locks=max_locks,
            search_path=path,
        )

    def _tables(self, oids: list[int]) -> tuple[dict[int, TableFacts], dict[int, IndexFacts]]:
        rows = self.ask(TABLES, oids=oids)
        self.names.update({row[0]: Name(row[2], row[1]) for row in rows})
        children: dict[int, list[int]] = defaultdict(list)
        pending: dict[int, list[Name]] = defaultdict(list)
        for parent, child, detaching in self.ask(INHERITED, oids=oids):
            if detaching:
                pending[parent].append(self.names[child])
            else:
                children[parent].append(child)
        partitioned = {row[0] for row in rows if row[3] == "p"}
        indexes, by_table, in_expression, by_column = self._indexes(oids)
        constraints, referenced_by, checked, in_key = self._constraints(oids)
        pinned: dict[tuple[int, int], list[str]] = defaultdict(list)
        for table, number, what in self.ask(PINNED, oids=oids):
            pinned[table, number].append(what)
        numbers: dict[int, dict[int, str]] = defaultdict(dict)
        columns: dict[int, dict[str, ColumnFacts]] = defaultdict(dict)
        for table, name, number, kind, base, modifier, collation, not_null, default, generated in self.ask(
            COLUMNS, oids=oids
        ):
            numbers[table][number] = name
            columns[table][name] = ColumnFacts(
                name=name,
                type=kind,
                base_type=base,
                modifier=modifier,
                collation=collation,
                not_null=not_null,
                has_default=default,
                generated={"s": "stored", "v": "virtual"}.get(generated),
                pinned_by=tuple(dict.fromkeys(pinned[table, number])),
                has_checks=(table, number) in checked,
                indexes=tuple(by_column[table, number]),
                expression_indexes=tuple(in_expression[table, number]),
                in_foreign_key=(table, number) in in_key,
            )
        indexes = {
            oid: IndexFacts(
                name=name,
                table=self.names[table],
                valid=valid,
                unique=unique,
                columns=tuple(numbers[table].get(number) for number in keys),
                is_partial=partial,
                constraint=constraint,
                bytes=size,
            )
            for oid, (name, table, valid, unique, keys, partial, constraint, size) in indexes.items()
        }
        below = {table: _descendants(table, children) for table in partitioned}
        by_oid = {row[0]: row for row in rows}
        tables = {}
        for oid, _, _, kind, estimate, size, default, parent in rows:
            leaves = [by_oid[each] for each in below.get(oid, ()) if each in by_oid]
            total_rows = sum(max(each[4], 0) for each in leaves) if kind == "p" else estimate
            known = kind != "p" or all(each[4] >= 0 or each[3] == "p" for each in leaves)
            tables[oid] = TableFacts(
                name=self.names[oid],
                oid=oid,
                kind=kind,
                rows=total_rows if known else -1,
                bytes=sum(each[5] for each in leaves) if kind == "p" else size,
                columns=columns[oid],
                constraints={
                    name: ConstraintFacts(
                        name=name,
                        kind=contype,
                        columns=tuple(numbers[oid].get(each, "") for each in keys),
                        valid=valid,
                        references=self.names.get(references),
                        definition=definition,
                        index=index,
                    )
                    for name, contype, valid, keys, references, definition, index in constraints[oid]
                },
                indexes={indexes[each].name.name: indexes[each] for each in by_table[oid]},
                referenced_by=tuple(dict.fromkeys(self.names[each] for each in referenced_by[oid] if each != oid)),
                partitions=tuple(self.names[each] for each in below.get(oid, ())),
                default_partition=self.names.get(default),
                parent=self.names.get(parent),
                detach_pending=tuple(pending[oid]),
            )
        return tables, indexes

    def _indexes(self, oids: list[int]) -> Any:
        indexes: dict[int, Any] = {}
        by_table: dict[int, list[int]] = defaultdict(list)
        by_column: dict[tuple[int, int], list[str]] = defaultdict(list)
        in_expression: dict[tuple[int, int], list[str]] = defaultdict(list)
        for oid, table, schema, name, valid, unique, keys, count, partial, constraint, size, used in self.ask(
            INDEXES, oids=oids
        ):
            indexes[oid] = (Name(name, schema), table, valid, unique, keys[:count], partial, constraint, size)
            by_table[table].append(oid)
            for number in {*keys, *used} - {0}:
                by_column[table, number].append(name)
            for number in used:
                in_expression[table, number].append(name)
        return indexes, by_table, in_expression, by_column

    def _constraints(self, oids: list[int]) -> Any:
        constraints: dict[int, list[Any]] = defaultdict(list)
        referenced_by: dict[int, list[int]] = defaultdict(list)
        checked: set[tuple[int, int]] = set()
        in_key: set[tuple[int, int]] = set()
        for table, name, kind, valid, keys, references, other_keys, definition, index in self.ask(
            CONSTRAINTS, oids=oids
        ):
            constraints[table].append((name, kind, valid, keys, references, definition, index))
            if kind == "c":
                checked.update((table, number) for number in keys)
            if kind == "f":
                if table in self.names:
                    referenced_by[references].append(table)
                in_key.update((table, number) for number in keys)
                in_key.update((references, number) for number in other_keys)
        return constraints, referenced_by, checked, in_key

    def _types(self, by_text: dict[str, Name]) -> dict[Name, TypeFacts]:
        return {
            by_text[written]: TypeFacts(
                name=by_text[written],
                kind=kind,
                has_constraints=bool(checked),
                used_by=tuple(self.names[each] if each in self.names else self._name(each) for each in used_by),
            )
            for written, kind, checked, used_by in self.ask(TYPES, names=list(by_text))
        }

    def _name(self, oid: int) -> Name:
        rows = self.ask(
            "SELECT n.nspname, c.relname FROM pg_catalog.pg_class AS c"
            " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = %(oid)s",
            oid=oid,
        )
        return Name(rows[0][1], rows[0][0])

    def _volatilities(self, written: Sequence[Name]) -> dict[Name, str]:
        wanted = {each.name for each in written}
        found: dict[Name, str] = {}
        for name, schema, volatility in self.ask(FUNCTIONS, names=list(wanted)):
            found[Name(name, schema)] = volatility
        for each in written:
            if each.schema is None:
                all_of_name = [volatility for name, volatility in found.items() if name.name == each.name]
                # pg_catalog comes first on every search path.
                built_in = found.get(Name(each.name, "pg_catalog"))
                worst = built_in or max(all_of_name, default=None)
                if worst is not None:
                    found[each] = worst
        return found


def _descendants(table: int, children: dict[int, list[int]]) -> tuple[int, ...]:
    found: list[int] = []
    waiting = list(children.get(table, ()))
    while waiting:
        each = waiting.pop(0)
        found.append(each)
        waiting += children.get(each, ())
    return tuple(found)
