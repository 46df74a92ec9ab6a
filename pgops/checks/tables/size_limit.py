"""Table, TOAST table or index near the largest size there can be.

A relation has at most 4,294,967,294 pages: 32 TiB with pages of 8 KiB. Whoever needs one page more gets an error, and
so the table takes no more rows. A WARNING comes at `warn_pct`, critical is `crit_pct`. Partitioning is the way out, and
takes months for a table of this size, so it is worth to know early; each partition has a limit of its own.

Sizes are those of the last VACUUM or ANALYZE. Relations of at least `min_pct` are listed, so that two runs tell when
the limit will be reached.

Manual: appendix K, "PostgreSQL Limits".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Metric, Query, limit
from pgops.checks.judging import by, each_row
from pgops.findings import Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    relation: str
    kind: str
    """`table`, `materialized view`, `TOAST table` (then `relation` is the table it belongs to) or `index`."""
    size_bytes: int
    limit_bytes: int
    used_pct: float


@attrs.frozen(kw_only=True)
class Limits:
    warn_pct: float = limit(70.0, unit="%", doc="A WARNING from this share of the largest size on.")
    crit_pct: float = limit(90.0, unit="%", doc="Critical from this share of the largest size on.")
    min_pct: float = limit(1.0, unit="%", doc="Leave out smaller relations.")


SQL = """
SELECT n.nspname::text                                               AS schema,
       COALESCE(t.relname, s.relname)::text                          AS relation,
       CASE s.relkind WHEN 'r' THEN 'table' WHEN 'm' THEN 'materialized view' WHEN 't' THEN 'TOAST table'
                      ELSE 'index' END                               AS kind,
       s.pages * (SELECT pg_catalog.current_setting('block_size')::bigint)    AS size_bytes,
       4294967294 * (SELECT pg_catalog.current_setting('block_size')::bigint) AS limit_bytes,
       100 * s.pages / 4294967294::float8                            AS used_pct
  FROM (SELECT c.oid,
               c.relname,
               c.relnamespace,
               c.relkind,
               -- a number without sign that is kept in an integer: beyond 16 TiB it is negative
               c.relpages::bigint & 4294967295 AS pages
          FROM pg_catalog.pg_class AS c
         WHERE c.relkind IN ('r', 'm', 't', 'i')) AS s
  LEFT JOIN pg_catalog.pg_class AS t ON s.relkind = 't' AND t.reltoastrelid = s.oid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = COALESCE(t.relnamespace, s.relnamespace)
 WHERE 100 * s.pages / 4294967294::float8 >= %(min_pct)s::float8
 ORDER BY s.pages DESC, n.nspname, relation, s.relkind
"""


def _target(row: Row) -> Target:
    if row.kind == "index":
        return Target("index", row.schema, row.relation)
    return Target("table", row.schema, row.relation, also=("toast",) if row.kind == "TOAST table" else ())


CHECK = Check(
    id="tables.size_limit",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=by("used_pct", warning="warn_pct", critical="crit_pct"),
        target=_target,
        message="The {kind} has {size_bytes}, {used_pct} of the {limit_bytes} that it can have. It has to be "
        "partitioned, or what is old taken out of it, before it is full.",
        details=("kind", "size_bytes", "used_pct"),
    ),
    target=_target,
    queries=[Query(since=14, sql=SQL)],
    metrics=(Metric(value="size_bytes", limit="limit_bytes"),),
)
