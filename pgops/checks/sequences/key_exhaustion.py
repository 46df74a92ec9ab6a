"""Key of an integer type that runs out, filled by no sequence.

Keys that come from the application, from another system or from a loop `max + 1` end like those of a sequence: integer
at 2,147,483,647, smallint at 32,767. No sequence tells how far they have come. The statistics that ANALYZE gathered do,
nearly: the highest value of its sample.

WARNING from `warn_pct` of the type on, CRITICAL from `crit_pct`: earlier than for sequences, since changing the type
of a key that others refer to takes longest. Judged are integer and smallint columns of primary keys and unique indexes
whose table has at least `min_rows` rows; a partitioned table once, by the highest of its partitions. A column that a
sequence feeds is left to `sequences.exhaustion`. Values on both sides of zero are taken for hashes, which lie
everywhere and never run out. A column whose statistics the role may not read is unseen; one that was never analysed is
not judged.

It is a false alarm for numbers that somebody else gives out in another order (codes, dates as 20261231). The column has
to become bigint, which rewrites the table under ACCESS EXCLUSIVE, or in steps with a new column: for a person to plan.

Manual: section 8.1.1, "Integer Types"; pg_stats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Metric, Query, limit
from pgops.checks.relations import OF_USERS, WITH_BASE_TYPES
from pgops.findings import Finding, Severity, Target, Unseen, quote_identifier
from pgops.render.quantities import pretty

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import LiteralString

    from pgops.checks.api import Seen


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    column: str
    type: str
    rows: int
    """By the last VACUUM or ANALYZE, of all partitions."""
    highest_value: int | None
    """Of those that ANALYZE saw; None where the role may not read the statistics."""
    row_security: bool
    """Whether row security binds the role, which hides them too."""
    limit_value: int
    used_pct: float | None


@attrs.frozen(kw_only=True)
class Limits:
    warn_pct: float = limit(45.0, unit="%", doc="A warning when this share of the values lies behind.")
    crit_pct: float = limit(85.0, unit="%", doc="Critical when this share of the values lies behind.")
    list_pct: float = limit(1.0, unit="%", doc="Rows, and so forecasts, only of keys used as much as this.")
    min_rows: int = limit(1_000, unit="rows", doc="Leave out smaller tables.")


# Owned by the column, or in its default.
_FED: LiteralString = """(a.attidentity <> ''
            OR EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                         JOIN pg_catalog.pg_sequence AS s ON s.seqrelid = d.objid
                        WHERE d.classid = 'pg_catalog.pg_class'::regclass
                          AND d.refclassid = 'pg_catalog.pg_class'::regclass
                          AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum)
            OR EXISTS (SELECT FROM pg_catalog.pg_attrdef AS f
                         JOIN pg_catalog.pg_depend AS d
                           ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = f.oid
                          AND d.refclassid = 'pg_catalog.pg_class'::regclass
                         JOIN pg_catalog.pg_sequence AS s ON s.seqrelid = d.refobjid
                        WHERE f.adrelid = a.attrelid AND f.adnum = a.attnum))"""

SQL: LiteralString = (
    """
<base types>, key AS MATERIALIZED (
    SELECT DISTINCT a.attrelid, a.attnum, a.attname, base.oid AS type, c.relname, c.relispartition, c.reltuples,
           n.nspname
      FROM (SELECT r.*
              FROM pg_catalog.pg_class AS r
             WHERE r.relkind = 'r'
               AND r.relpersistence <> 't'
               AND r.reltuples >= %(min_rows)s::bigint / CASE WHEN r.relispartition THEN 100 ELSE 1 END
            OFFSET 0) AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_index AS x ON x.indrelid = c.oid
      JOIN pg_catalog.pg_attribute AS a
        ON a.attrelid = c.oid AND a.attnum = ANY ((x.indkey::int2[])[0:x.indnkeyatts - 1])
      LEFT JOIN base AS made ON made.domain = a.atttypid
     CROSS JOIN LATERAL (SELECT COALESCE(made.type, a.atttypid) AS oid) AS base
     WHERE x.indisunique AND x.indisvalid
       AND base.oid IN ('pg_catalog.int2'::regtype, 'pg_catalog.int4'::regtype)
       AND <of users>
       AND NOT <fed>
), measured AS (
    SELECT CASE WHEN k.relispartition THEN pg_catalog.pg_partition_root(k.attrelid) ELSE k.attrelid END AS root,
           k.attname, k.type, k.reltuples,
           s.lowest, s.highest,
           pg_catalog.row_security_active(k.attrelid) AS row_security,
           s.highest IS NULL
             AND (NOT pg_catalog.has_column_privilege(k.attrelid, k.attnum, 'SELECT')
                  OR pg_catalog.row_security_active(k.attrelid)) AS unseen
      FROM key AS k
      LEFT JOIN LATERAL (
           SELECT LEAST(b.bounds[1], (SELECT pg_catalog.min(v) FROM pg_catalog.unnest(b.common) AS v)) AS lowest,
                  GREATEST(b.bounds[pg_catalog.cardinality(b.bounds)],
                           (SELECT pg_catalog.max(v) FROM pg_catalog.unnest(b.common) AS v)) AS highest
             FROM (SELECT h.bounds::bigint[] AS bounds, h.common::bigint[] AS common
                     FROM (SELECT t.histogram_bounds::text AS bounds, t.most_common_vals::text AS common
                             FROM pg_catalog.pg_stats AS t
                            WHERE t.schemaname = k.nspname AND t.tablename = k.relname AND t.attname = k.attname
                              AND NOT t.inherited
                           OFFSET 0) AS h) AS b) AS s ON TRUE
), keyed AS (
    SELECT m.root, m.attname, m.type,
           pg_catalog.sum(m.reltuples)::bigint AS rows,
           pg_catalog.min(m.lowest)  AS lowest,
           pg_catalog.max(m.highest) AS highest,
           pg_catalog.bool_or(m.unseen) AS unseen,
           pg_catalog.bool_or(m.row_security) AS row_security,
           CASE m.type WHEN 'pg_catalog.int2'::regtype THEN 32767 ELSE 2147483647 END AS most
      FROM measured AS m
     GROUP BY m.root, m.attname, m.type
)
SELECT n.nspname::text AS schema,
       c.relname::text AS "table",
       k.attname::text AS "column",
       pg_catalog.format_type(k.type, NULL) AS type,
       k.rows,
       CASE WHEN NOT k.unseen THEN k.highest END AS highest_value,
       k.row_security,
       k.most::bigint  AS limit_value,
       CASE WHEN NOT k.unseen THEN 100 * k.highest::float8 / k.most END AS used_pct
  FROM keyed AS k
  JOIN pg_catalog.pg_class AS c ON c.oid = k.root
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  -- a partition may lack what its root has
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.root AND a.attname = k.attname
 WHERE NOT <fed>
   AND k.rows >= %(min_rows)s::bigint
   AND (k.unseen
        OR k.lowest > -k.most / 10  -- otherwise hashes, on both sides of zero
           AND 100 * k.highest::float8 / k.most
               >= LEAST(%(list_pct)s::float8, %(warn_pct)s::float8, %(crit_pct)s::float8))
 ORDER BY 100 * k.highest::float8 / k.most DESC, n.nspname, c.relname, k.attname
""".replace("<base types>", WITH_BASE_TYPES)
    .replace("<fed>", _FED)
    .replace("<of users>", OF_USERS)
)


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    unseen: list[Row] = []
    for row in rows:
        limits = seen.limits_for(row)
        if row.used_pct is None:
            unseen.append(row)
            continue
        if row.used_pct < min(limits.warn_pct, limits.crit_pct):
            continue
        yield Finding(
            Severity.CRITICAL if row.used_pct >= limits.crit_pct else Severity.WARNING,
            _target(row),
            f"The key has come to {row.highest_value:,}, {pretty('used_pct', row.used_pct)} of what {row.type} holds, "
            "and no sequence feeds it. It has to become bigint.",
            confidence=0.8,
            details={"type": row.type, "highest_value": row.highest_value, "used_pct": row.used_pct, "rows": row.rows},
        )
    if unseen:  # there may be thousands: told once
        user = quote_identifier(seen.server.user)
        cures = [f"GRANT pg_read_all_data TO {user};"]
        if any(row.row_security for row in unseen):
            cures.append(f"ALTER ROLE {user} BYPASSRLS;")
        yield Unseen(
            Target("database", None, seen.server.database),
            f"{seen.server.user} may not read the statistics of {len(unseen):,} keys",
            "\n".join(cures),
        )


def _target(row: Row) -> Target:
    return Target("column", row.schema, row.table, row.column)


CHECK = Check(
    id="sequences.key_exhaustion",
    aliases=("integer_keys",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    metrics=[Metric(value="highest_value", limit="limit_value")],
    queries=[Query(since=14, sql=SQL)],
)
