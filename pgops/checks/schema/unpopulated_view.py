"""Materialized view that was never filled.

One made WITH NO DATA, or by a restore whose refresh failed, holds nothing, and each query of it fails: "materialized
view has not been populated". REFRESH ... WITH NO DATA brings it there too.

WARNING; the remedy fills it, under ACCESS EXCLUSIVE for as long as its query takes (CONCURRENTLY works only for one
that is filled). It is a false alarm while a load is under way that fills it at its end.

Manual: CREATE MATERIALIZED VIEW; REFRESH MATERIALIZED VIEW.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.checks.relations import OF_USERS
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    view: str


SQL = """
SELECT n.nspname::text AS schema,
       c.relname::text AS view
  -- a materialized view has a rule, as a view has: they are fewer than relations
  FROM (SELECT w.ev_class AS oid FROM pg_catalog.pg_rewrite AS w WHERE w.ev_type = '1' OFFSET 0) AS view
 CROSS JOIN LATERAL (SELECT r.* FROM pg_catalog.pg_class AS r WHERE r.oid = view.oid OFFSET 0) AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'm'
   AND NOT c.relispopulated
   AND <of users>
 ORDER BY n.nspname, c.relname
""".replace("<of users>", OF_USERS)

CHECK = Check(
    id="schema.unpopulated_view",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.WARNING,
        target=lambda row: Target("materialized view", row.schema, row.view),
        message="The materialized view was never filled, so each query of it fails.",
        fix="REFRESH MATERIALIZED VIEW {target};",
    ),
    queries=[Query(since=14, sql=SQL)],
)
