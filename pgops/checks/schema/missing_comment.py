"""Table without a comment.

COMMENT ON TABLE keeps what a table is for beside it, in the database, where every tool shows it, and dumps carry it
along. Where most tables have one, the others were forgotten.

INFO. Each table, view and materialized view without a comment is told where at least `min_commented_pct` of those in
its schema have one; where fewer have, comments are not the custom there, and the schema is told once. It is a false
alarm where documentation lives elsewhere: suppress the check. Partitions, temporary relations and what an extension
made are left out. Comments of columns are not asked for.

Manual: COMMENT.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Seen, limit
from pgops.checks.relations import OF_USERS
from pgops.findings import Finding, Severity, Target, as_tuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    relations: int
    """All tables and views of the schema."""
    commented: int
    lacking: tuple[str, ...] = attrs.field(converter=as_tuple)
    """Those without a comment; empty where that is the custom."""
    kinds: tuple[str, ...] = attrs.field(converter=as_tuple)
    """What each of them is."""


@attrs.frozen(kw_only=True)
class Limits:
    min_commented_pct: float = limit(
        10.0, unit="%", doc="The share of commented tables from which on each that lacks one is told."
    )


SQL = """
WITH relation AS MATERIALIZED (
  SELECT n.nspname, c.relname, c.relkind, d.objoid IS NOT NULL AS commented
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_description AS d ON d.objoid = c.oid
                                            AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
                                            AND d.objsubid = 0
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
     AND NOT c.relispartition
     AND c.relpersistence <> 't'
     AND <of users>
), counted AS MATERIALIZED (
  SELECT r.nspname,
         pg_catalog.count(*)                              AS relations,
         pg_catalog.count(*) FILTER (WHERE r.commented)   AS commented
    FROM relation AS r
   GROUP BY r.nspname
  HAVING NOT pg_catalog.bool_and(r.commented)
), lacking AS (
  -- named only where it is the custom to comment
  SELECT r.nspname,
         pg_catalog.array_agg(r.relname::text ORDER BY r.relname) AS names,
         pg_catalog.array_agg(CASE r.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                                   WHEN 'f' THEN 'foreign table' ELSE 'table' END
                              ORDER BY r.relname) AS kinds
    FROM relation AS r
    JOIN counted AS k ON k.nspname = r.nspname
   WHERE NOT r.commented
     AND 100 * k.commented >= %(min_commented_pct)s::float8 * k.relations
   GROUP BY r.nspname
)
SELECT k.nspname::text             AS schema,
       k.relations::int            AS relations,
       k.commented::int            AS commented,
       COALESCE(l.names, '{}')     AS lacking,
       COALESCE(l.kinds, '{}')     AS kinds
  FROM counted AS k
  LEFT JOIN lacking AS l ON l.nspname = k.nspname
 ORDER BY k.relations - k.commented DESC, k.nspname
""".replace("<of users>", OF_USERS)


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding]:
    for row in rows:
        facts = {"relations": row.relations, "commented": row.commented}
        if not row.lacking:
            message = f"{row.relations - row.commented:,} of the {row.relations:,} tables and views have no comment."
            yield Finding(Severity.INFO, _target(row), message, details=facts)
        for name, kind in zip(row.lacking, row.kinds, strict=True):
            message = f"The {kind} has no comment, as {row.commented:,} of {row.relations:,} in its schema have."
            yield Finding(Severity.INFO, Target(kind, row.schema, name), message, details=facts)


def _target(row: Row) -> Target:
    return Target("schema", None, row.schema)


CHECK = Check(
    id="schema.missing_comment",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=SQL)],
    known_as=("pg-index-health: tables without description",),
)
