"""Collation whose rules have changed under its indexes.

An index on text is sorted by the rules of its collation, which come from the operating system (libc) or from ICU. When
those are upgraded, or a standby or a copied data directory runs on another system, the order may change: an index that
was sorted by the old rules then misses rows that are there, lets duplicates into a unique column, and a partition's
bounds send rows elsewhere. PostgreSQL remembers the version that a collation had, and compares.

CRITICAL where the version recorded differs from the one there is now and indexes or partitioned tables depend on it;
WARNING for the database's own collation where none does. Each finding is one collation and names what it endangers.
Collations that nothing in the database depends on (hundreds come with initdb) are left out, as are C and POSIX, whose
order never changes. PostgreSQL 14 records no version for the database's own collation: there a drift of it can't be
seen.

Not every change of rules touches the strings that you have: amcheck (`indexes.corruption`) proves damage, nothing
proves its absence as cheaply as REINDEX. The order of the remedy matters: REINDEX first, then REFRESH VERSION, which
only silences the warning. Range partitions by text and CHECK constraints that compare text have to be looked at by a
person.

Manual: ALTER COLLATION, "Notes"; ALTER DATABASE, REFRESH COLLATION VERSION; section 24.2.2, "Collation Support".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, NoLimits, Query, Seen
from pgops.findings import Finding, Severity, Target, as_tuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import LiteralString


@attrs.frozen(kw_only=True)
class Row:
    schema: str | None
    collation: str
    """Of a row about the database's own collation the database, and then there is no schema."""
    provider: str
    recorded_version: str
    actual_version: str | None
    """None where the provider no longer has it."""
    indexes: int
    index_names: tuple[str, ...] = attrs.field(converter=as_tuple)
    """Qualified and quoted, the smallest first, no more than a hundred."""
    exclusion_names: tuple[str, ...] = attrs.field(converter=as_tuple)
    """Those of them that REINDEX can't rebuild concurrently."""
    partitioned_names: tuple[str, ...] = attrs.field(converter=as_tuple)
    """Tables partitioned by a column of this collation."""


_TEMPLATE: LiteralString = """
WITH drifted AS MATERIALIZED (
    SELECT l.oid, n.nspname::text AS schema, l.collname::text AS collation, l.collprovider AS provider,
           l.collisdeterministic AS deterministic, l.collversion::text AS recorded,
           pg_catalog.pg_collation_actual_version(l.oid)::text AS actual
      FROM (SELECT k.*
              FROM pg_catalog.pg_collation AS k
             WHERE k.collversion IS NOT NULL
               -- to ask for a version opens the collation: only those that an index or a partition key goes by
               AND k.oid IN (SELECT u.oid
                               -- thousands of indexes have the same few lists of them
                               FROM (SELECT DISTINCT i.indcollation FROM pg_catalog.pg_index AS i) AS x
                              CROSS JOIN pg_catalog.unnest(x.indcollation::oid[]) AS u(oid)
                              UNION
                             SELECT u.oid
                               FROM pg_catalog.pg_partitioned_table AS p
                              CROSS JOIN pg_catalog.unnest(p.partcollation::oid[]) AS u(oid))
            OFFSET 0) AS l
      JOIN pg_catalog.pg_namespace AS n ON n.oid = l.collnamespace
     WHERE l.collversion IS DISTINCT FROM pg_catalog.pg_collation_actual_version(l.oid)
<of the database>
), endangered AS MATERIALIZED (
    SELECT u.oid AS collation, i.relpages, x.indisexclusion AS exclusion,
           pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(i.relname) AS name
      FROM pg_catalog.pg_index AS x
     CROSS JOIN LATERAL (SELECT DISTINCT k.oid FROM pg_catalog.unnest(x.indcollation::oid[]) AS k(oid)) AS u
      JOIN drifted AS d ON d.oid = u.oid
      JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = i.relnamespace
     WHERE i.relkind = 'i'
       AND i.relpersistence <> 't'
       -- equality of bytes stays
       AND (i.relam <> (SELECT m.oid FROM pg_catalog.pg_am AS m WHERE m.amname = 'hash') OR NOT d.deterministic)
), listed AS MATERIALIZED (
    SELECT e.*, pg_catalog.row_number() OVER (PARTITION BY e.collation ORDER BY e.relpages, e.name) AS nth
      FROM endangered AS e
)
SELECT d.schema,
       d.collation,
       CASE d.provider WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE d.provider::text END
                  AS provider,
       d.recorded AS recorded_version,
       d.actual   AS actual_version,
       (SELECT pg_catalog.count(*)::int FROM listed AS e WHERE e.collation = d.oid) AS indexes,
       ARRAY(SELECT e.name FROM listed AS e WHERE e.collation = d.oid AND e.nth <= 100 ORDER BY e.nth) AS index_names,
       ARRAY(SELECT e.name FROM listed AS e WHERE e.collation = d.oid AND e.nth <= 100 AND e.exclusion ORDER BY e.nth)
         AS exclusion_names,
       ARRAY(SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
               FROM pg_catalog.pg_partitioned_table AS p
               JOIN pg_catalog.pg_class AS c ON c.oid = p.partrelid
               JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
              WHERE d.oid = ANY (p.partcollation::oid[])
                AND (p.partstrat = 'r' OR NOT d.deterministic)  -- lists and hashes go by equality
              ORDER BY 1) AS partitioned_names
  FROM drifted AS d
 ORDER BY indexes DESC, d.schema, d.collation
"""

# The default collation is the database's; its version stands with the database.
_OF_THE_DATABASE: LiteralString = """     UNION ALL
    SELECT 100, NULL, b.datname::text, b.datlocprovider, TRUE, b.datcollversion::text,
           pg_catalog.pg_database_collation_actual_version(b.oid)::text
      FROM pg_catalog.pg_database AS b
     WHERE b.datname = pg_catalog.current_database()
       AND b.datcollversion IS NOT NULL
       AND b.datcollversion IS DISTINCT FROM pg_catalog.pg_database_collation_actual_version(b.oid)"""


def judge(rows: Sequence[Row], _seen: Seen[NoLimits]) -> Iterator[Finding]:
    for row in rows:
        endangered = row.indexes > 0 or bool(row.partitioned_names)
        if not endangered and row.schema is not None:
            continue
        yield Finding(
            Severity.CRITICAL if endangered else Severity.WARNING,
            _target(row),
            _message(row),
            _fix(row),
            details={
                "provider": row.provider,
                "indexes": row.indexes,
                "index_names": list(row.index_names),
                "partitioned_names": list(row.partitioned_names),
            },
        )


def _message(row: Row) -> str:
    which = "The database's own collation" if row.schema is None else "The collation"
    now = f"is now {row.actual_version}" if row.actual_version else "is now unknown to its provider"
    message = f"{which} ({row.provider}) was version {row.recorded_version} and {now}."
    if row.indexes:
        some = ", ".join(row.index_names[:3]) + (", ..." if row.indexes > 3 else "")
        count = "1 index" if row.indexes == 1 else f"{row.indexes:,} indexes"
        message += f" What {count} sorted by the old rules may no longer be found: {some}."
    if row.partitioned_names:
        message += f" Rows may belong to other partitions of {', '.join(row.partitioned_names[:3])}."
    return message


def _fix(row: Row) -> str | None:
    if row.actual_version is None or row.partitioned_names:
        return None
    name = Target("collation", row.schema, row.collation)
    if row.schema is None:
        refresh = f"ALTER DATABASE {name} REFRESH COLLATION VERSION;"
    else:
        refresh = f"ALTER COLLATION {name} REFRESH VERSION;"
    if row.indexes > len(row.index_names):
        return None if row.schema else f"REINDEX DATABASE {name};\n{refresh}"
    how = {index: "INDEX" if index in row.exclusion_names else "INDEX CONCURRENTLY" for index in row.index_names}
    return "\n".join([*(f"REINDEX {way} {index};" for index, way in how.items()), refresh])


def _target(row: Row) -> Target:
    return Target("database" if row.schema is None else "collation", row.schema, row.collation)


CHECK = Check(
    id="indexes.collation_drift",
    doc=__doc__,
    row=Row,
    judge=judge,
    target=_target,
    queries=[
        Query(since=14, sql=_TEMPLATE.replace("<of the database>", "")),
        Query(since=15, sql=_TEMPLATE.replace("<of the database>", _OF_THE_DATABASE)),
    ],
)
