"""One small query for what the catalogue says of the tables that a plan reads whole: types, widths, indexes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import tuple_row

from pgops.query_plan.relations import Relation, knowing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgops.query_plan.plan import QueryPlan

_MOST = 64
"""Relations of one plan that are asked about; the costliest."""

_QUERY = """
SELECT pg_catalog.json_build_object(
  'schema', n.nspname, 'name', c.relname,
  'root', (SELECT pg_catalog.json_build_array(rn.nspname, r.relname)
             FROM pg_catalog.pg_class AS r JOIN pg_catalog.pg_namespace AS rn ON rn.oid = r.relnamespace
            WHERE c.relispartition AND r.oid = pg_catalog.pg_partition_root(c.oid)),
  'columns', (
    SELECT pg_catalog.json_object_agg(a.attname, pg_catalog.json_build_object(
             'type', pg_catalog.format_type(b.oid, NULL),
             'ordered', b.typtype IN ('e', 'r', 'm') OR EXISTS (
                SELECT FROM pg_catalog.pg_opclass AS o
                  JOIN pg_catalog.pg_am AS m ON m.oid = o.opcmethod AND m.amname = 'btree'
                 WHERE o.opcdefault AND (o.opcintype = b.scalar
                       OR EXISTS (SELECT FROM pg_catalog.pg_cast AS k WHERE k.castsource = b.scalar
                                     AND k.casttarget = o.opcintype AND k.castmethod = 'b' AND k.castcontext = 'i'))),
             'width', w.width))
      FROM pg_catalog.pg_attribute AS a
     CROSS JOIN LATERAL (
           WITH RECURSIVE below(at, base) AS (
             SELECT t.oid, t.typbasetype FROM pg_catalog.pg_type AS t WHERE t.oid = a.atttypid
             UNION ALL
             SELECT t.oid, t.typbasetype FROM below JOIN pg_catalog.pg_type AS t ON t.oid = below.base)
           SELECT t.oid, t.typtype, CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE t.oid END AS scalar
             FROM below JOIN pg_catalog.pg_type AS t ON t.oid = below.at WHERE below.base = 0) AS b
      LEFT JOIN (SELECT s.attname, pg_catalog.max(s.avg_width) AS width FROM pg_catalog.pg_stats AS s
                  WHERE s.schemaname = n.nspname AND s.tablename = c.relname GROUP BY s.attname) AS w
             ON w.attname = a.attname
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  'indexes', (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', ic.relname, 'columns', (
             SELECT pg_catalog.json_agg(CASE WHEN a.attcollation = i.indcollation[k.at] AND o.opcdefault
                                             THEN a.attname END ORDER BY k.at)
               FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS k(at)
               JOIN pg_catalog.pg_opclass AS o ON o.oid = i.indclass[k.at]
               LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = i.indkey[k.at]))
             ORDER BY ic.relname)
      FROM pg_catalog.pg_index AS i
      JOIN pg_catalog.pg_class AS ic ON ic.oid = i.indexrelid
      JOIN pg_catalog.pg_am AS m ON m.oid = ic.relam AND m.amname = 'btree'
     WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL))::text
  FROM ROWS FROM (pg_catalog.unnest(%s::pg_catalog.text[]), pg_catalog.unnest(%s::pg_catalog.text[]))
    AS wanted(schema, name)
  JOIN pg_catalog.pg_namespace AS n ON n.nspname = wanted.schema
  JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = wanted.name AND c.relkind IN ('r', 'm')
"""


def with_relations(conn: psycopg.Connection[Any], plan: QueryPlan) -> QueryPlan:
    """The plan with what the catalogue says of its tables; as it is where that can't be had. In a transaction."""
    wanted = list(_read_whole((plan, *plan.further)))
    if not wanted:
        return plan
    try:
        with conn.transaction(force_rollback=True):
            cursor = psycopg.Cursor(conn, row_factory=tuple_row)
            # An operator of the caller's search_path is not to be taken for the catalogue's.
            cursor.execute("SET LOCAL search_path = pg_catalog")
            cursor.execute(_QUERY, [[schema for schema, _ in wanted], [name for _, name in wanted]], prepare=False)
            found = tuple(Relation.from_plain(json.loads(raw)) for (raw,) in cursor)
    except psycopg.Error as error:
        if conn.closed or error.sqlstate is None:
            raise
        return plan  # the plan is there, and advice on it can do with less
    return knowing(plan, found)


def _read_whole(plans: Iterable[QueryPlan]) -> Iterable[tuple[str, str]]:
    scans = [node for plan in plans for node in plan.nodes() if node.node_type == "Seq Scan"]
    scans.sort(key=lambda node: -node.total_cost)
    named = dict.fromkeys((node.schema, node.relation) for node in scans if node.schema and node.relation)
    return [(str(schema), str(name)) for schema, name in named][:_MOST]
