"""Row security policy over columns that no index leads with.

A policy's condition is added to every query on its table. `USING (tenant_id = ...)` on a large table without an index
on tenant_id makes each of them read the whole table, those that look harmless above all: `SELECT ... LIMIT 10`.

WARNING where a table with row security has at least `min_rows` rows, and none of the columns that a policy names is the
first of any valid index. One policy may lean on several columns: one index is enough. Booleans do not count, since an
index on two values finds half of the table. It is a false alarm where the
policy holds for nearly every row, or for roles that only read little by other indexes.

Manual: section 5.9, "Row Security Policies".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.checks.indexes._fragments import BLOCKS_ALL_PARTITIONS, TABLE_ROWS
from pgops.checks.judging import each_row
from pgops.checks.relations import OF_USERS
from pgops.findings import Severity, Target, as_tuple


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    policy: str
    columns: tuple[str, ...] = attrs.field(converter=as_tuple)
    rows: int
    """By the last VACUUM or ANALYZE."""
    partitioned: bool


@attrs.frozen(kw_only=True)
class Limits:
    min_rows: int = limit(10_000, unit="rows", doc="Leave out smaller tables.")


SQL = """
SELECT n.nspname::text AS schema,
       c.relname::text AS "table",
       p.polname::text AS policy,
       pg_catalog.array_agg(a.attname::text ORDER BY a.attnum) AS columns,
       known.rows,
       c.relkind = 'p' AS partitioned
  FROM pg_catalog.pg_policy AS p
  JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  -- the columns of its own table that its conditions name
  JOIN pg_catalog.pg_depend AS d
    ON d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND d.objid = p.oid
   AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = p.polrelid AND d.refobjsubid > 0
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
 CROSS JOIN LATERAL (SELECT <rows> AS rows) AS known
 WHERE c.relrowsecurity
   AND a.atttypid <> 'pg_catalog.bool'::pg_catalog.regtype
   -- WITH CHECK filters nothing, and pg_depend holds its columns too
   AND pg_catalog.strpos(p.polqual::text, ':varattno ' || a.attnum || ' ') > 0
   AND known.rows >= %(min_rows)s::bigint
   AND p.polpermissive
   AND <of users>
 GROUP BY p.oid, p.polname, c.oid, c.relname, known.rows, c.relkind, n.nspname
HAVING NOT EXISTS (SELECT FROM pg_catalog.pg_index AS x
                    WHERE x.indrelid = c.oid
                      AND x.indisvalid AND x.indisready
                      AND (x.indkey[0] = ANY (pg_catalog.array_agg(a.attnum))
                           -- an expression of one of them
                           OR x.indkey[0] = 0
                              AND EXISTS (SELECT FROM pg_catalog.pg_depend AS e
                                           WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                                             AND e.objid = x.indexrelid
                                             AND e.refobjid = c.oid
                                             AND e.refobjsubid = ANY (pg_catalog.array_agg(a.attnum)))))
 ORDER BY known.rows DESC, n.nspname, c.relname, p.polname
""".replace("<rows>", TABLE_ROWS).replace("<of users>", OF_USERS)


def _message(row: Row, _limits: Limits) -> str:
    names = ", ".join(str(Target("column", None, name)) for name in row.columns)
    return (
        f"The policy filters every query on the table's {row.rows:,} rows by {names}, and no index begins with "
        f"{'it' if len(row.columns) == 1 else 'one of them'}."
    )


def _fix(row: Row, _limits: Limits) -> str | None:
    first, *others = row.columns
    if others:
        return None  # which one decides is for a person to know
    how = f"{BLOCKS_ALL_PARTITIONS}CREATE INDEX" if row.partitioned else "CREATE INDEX CONCURRENTLY"
    table, column = Target("table", row.schema, row.table), Target("column", None, first)
    return f"{how} ON {table} ({column});"


CHECK = Check(
    id="indexes.rls_policy_column",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=lambda row, limits: Severity.WARNING if row.rows >= limits.min_rows else None,
        target=lambda row: Target("policy", row.schema, row.table, row.policy),
        message=_message,
        fix=_fix,
        details=("columns", "rows"),
    ),
    queries=[Query(since=14, sql=SQL)],
)
