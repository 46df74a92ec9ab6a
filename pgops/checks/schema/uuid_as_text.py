"""Uuid kept as text.

The type uuid takes 16 bytes, the text 37 and more, in the table and in every index; its comparison is of bytes and
not by a collation, so it is several times faster; and it takes no value that is none, nor the same one twice in
capital and small letters.

INFO, on the evidence that there is: a column of text, varchar or char is a candidate by its name (`uuid`, `guid`,
`id`) or by its length of 36, and the statistics that ANALYZE gathered show whether its values are uuids. Where they
do, the confidence is 0.95; where they show anything else nothing is said. Where there are none, or the role may not
read them, a name with uuid or guid in it and a length of 36 are told with a confidence of 0.5, a plain `id` not at
all; what the role may not see of it is unknown.

It is a false alarm where foreign identifiers are kept that only look alike. The change (`ALTER TABLE ... ALTER ...
TYPE uuid USING ...::uuid`) rewrites the table under ACCESS EXCLUSIVE, for columns that refer to each other at once,
so it is for a person to plan.

Manual: section 8.12, "UUID Type".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.relations import OF_USERS
from pgops.findings import Finding, Severity, Target, Unseen, quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import NoLimits, Seen


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    column: str
    type: str
    rows: int
    """Of the table, as VACUUM or ANALYZE estimated them."""
    in_statistics: bool
    """Whether its values are known to be uuids; otherwise name or length say so."""
    unseen: bool
    """Whether nothing but its name speaks for it, and the role may not read its statistics."""


SQL = """
WITH candidate AS MATERIALIZED (
  SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, n.nspname, c.relname, c.reltuples,
         c.relkind = 'p' AS inherited,
         a.attname ~* 'uuid|guid'
           OR a.atttypid <> 'pg_catalog.text'::regtype AND a.atttypmod = 36 + 4 AS likely
    FROM (SELECT k.*
            FROM pg_catalog.pg_attribute AS k
           WHERE k.atttypid IN ('pg_catalog.text'::regtype, 'pg_catalog.varchar'::regtype, 'pg_catalog.bpchar'::regtype)
          OFFSET 0) AS a
   -- looked up one by one: most names do not come so far
   CROSS JOIN LATERAL (SELECT r.* FROM pg_catalog.pg_class AS r WHERE r.oid = a.attrelid OFFSET 0) AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
   WHERE a.attnum > 0
     AND NOT a.attisdropped
     AND a.attinhcount = 0
     AND c.relkind IN ('r', 'p')
     AND c.relpersistence <> 't'
     -- without a limit, or with room for one; the modifier counts four more
     AND (a.atttypmod = -1 OR a.atttypmod >= 32 + 4)
     AND (a.atttypmod = 36 + 4 OR a.attname ~* 'uuid|guid|(^|_)(id|key|token|ref)$|[a-z]I[dD]$')
     AND <of users>
), measured AS (
  SELECT k.*,
         (SELECT s.avg_width BETWEEN 36 AND 38
                 AND COALESCE(s.most_common_vals::text, s.histogram_bounds::text)
                     ~* '^[{]"?[{]?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}[}]?"?[,}]'
            FROM pg_catalog.pg_stats AS s
           WHERE s.schemaname = k.nspname
             AND s.tablename = k.relname
             AND s.attname = k.attname
             AND s.inherited = k.inherited
             AND s.null_frac < 1) AS looks_so
    FROM candidate AS k
)
SELECT m.nspname::text                                      AS schema,
       m.relname::text                                      AS "table",
       m.attname::text                                      AS "column",
       pg_catalog.format_type(m.atttypid, m.atttypmod)      AS type,
       GREATEST(m.reltuples, 0)::bigint                     AS rows,
       m.looks_so IS TRUE                                   AS in_statistics,
       NOT COALESCE(m.looks_so, m.likely)                   AS unseen
  FROM measured AS m
 WHERE COALESCE(m.looks_so, m.likely)
    -- pg_stats shows a column only to those who may read it
    OR m.looks_so IS NULL AND NOT pg_catalog.has_column_privilege(m.attrelid, m.attnum, 'SELECT')
 ORDER BY GREATEST(m.reltuples, 0) DESC, m.nspname, m.relname, m.attnum
""".replace("<of users>", OF_USERS)


def judge(rows: Sequence[Row], seen: Seen[NoLimits]) -> Iterator[Finding | Unseen]:
    unseen = 0
    for row in rows:
        if row.unseen:
            unseen += 1
            continue
        why = "its statistics show uuids" if row.in_statistics else "its name or length suggests uuids"
        yield Finding(
            Severity.INFO,
            _target(row),
            f"The column is {row.type}, and {why}: as uuid they take 16 bytes instead of 37.",
            confidence=0.95 if row.in_statistics else 0.5,
            details={"type": row.type, "rows": row.rows, "in_statistics": row.in_statistics},
        )
    if unseen:  # there may be thousands: told once
        user = seen.server.user
        yield Unseen(
            Target("database", None, seen.server.database),
            f"{user} may not read the statistics of {unseen:,} columns whose names suggest identifiers",
            f"GRANT pg_read_all_data TO {quote_identifier(user)};",
        )


def _target(row: Row) -> Target:
    return Target("column", row.schema, row.table, row.column)


CHECK = Check(
    id="schema.uuid_as_text",
    doc=__doc__,
    row=Row,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=SQL)],
)
