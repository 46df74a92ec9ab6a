"""How two indexes are compared: the SQL that both `duplicate_index` and `redundant_index` begin with.

`shaped` has one row for every index that may be compared with another, one on the same table that begins with the same
column: all that decides whether two of them answer the same questions, and what stands in the way of dropping one. Of
those that are equal in all of it `place` is 1 for the one to keep, whose name each has as `kept_index`. No
function that waits behind ACCESS EXCLUSIVE is called: expressions and predicates are compared as the trees that the
catalogue stores, without the places in the text they came from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import LiteralString


def with_shapes(*, nulls_not_distinct: LiteralString) -> LiteralString:
    """`WITH ... shaped`, to be followed by a comma or SELECT. Before 15 there is no NULLS NOT DISTINCT: say `FALSE`."""
    return _SHAPES.replace("<nulls not distinct>", nulls_not_distinct)


_SHAPES: LiteralString = """
WITH crowd AS MATERIALIZED (
    SELECT x.indrelid AS relation, x.indkey[0] AS attnum
      FROM pg_catalog.pg_index AS x
     GROUP BY x.indrelid, x.indkey[0]
    HAVING pg_catalog.count(*) > 1
), compared AS MATERIALIZED (
    SELECT own.indexrelid, own.indisunique OR own.indisexclusion AS can_back
      FROM crowd
     -- looked up one by one, here and below: few are left
     CROSS JOIN LATERAL (SELECT x.indexrelid, x.indisunique, x.indisexclusion
                           FROM pg_catalog.pg_index AS x
                          WHERE x.indrelid = crowd.relation AND x.indkey[0] = crowd.attnum
                         OFFSET 0) AS own
), backed AS MATERIALIZED (
    -- The index depends on its own constraint, and foreign keys that refer to its columns depend on it; pg_constraint
    -- has no index on conindid.
    SELECT c.indexrelid                                           AS index,
           pg_catalog.bool_or(k.contype = 'p')                    AS by_key,
           pg_catalog.min(k.conname::text) FILTER (WHERE k.contype <> 'f') AS by_constraint,
           pg_catalog.min(k.conname::text) FILTER (WHERE k.contype = 'f')  AS by_foreign_key
      FROM compared AS c
     CROSS JOIN LATERAL (SELECT d.refobjid AS oid
                           FROM pg_catalog.pg_depend AS d
                          WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                            AND d.objid = c.indexrelid
                            AND d.refclassid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
                          UNION ALL
                         SELECT d.objid
                           FROM pg_catalog.pg_depend AS d
                          WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                            AND d.refobjid = c.indexrelid
                            AND d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
                         OFFSET 0) AS d
     CROSS JOIN LATERAL (SELECT o.contype, o.conname
                           FROM pg_catalog.pg_constraint AS o
                          WHERE o.oid = d.oid AND o.conindid = c.indexrelid
                         OFFSET 0) AS k
     WHERE c.can_back
     GROUP BY c.indexrelid
), tuned AS MATERIALIZED (
    -- parameters of operator classes, gist_trgm_ops(siglen = 32), stand with the index's own columns
    SELECT c.indexrelid AS index, own.options
      FROM compared AS c
     CROSS JOIN LATERAL (SELECT pg_catalog.array_agg(a.attnum::text || pg_catalog.array_to_string(a.attoptions, ',')
                                                     ORDER BY a.attnum) AS options
                           FROM pg_catalog.pg_attribute AS a
                          WHERE a.attrelid = c.indexrelid AND a.attoptions IS NOT NULL
                         OFFSET 0) AS own
     WHERE own.options IS NOT NULL
), described AS (
    SELECT x.indexrelid                                           AS index,
           x.indrelid                                             AS relation,
           n.nspname::text                                        AS schema,
           t.relname::text                                        AS table_name,
           i.relname::text                                        AS index_name,
           i.relkind = 'I'                                        AS partitioned,
           i.relispartition                                       AS attached,
           i.relpages * (SELECT pg_catalog.current_setting('block_size')::bigint) AS index_bytes,
           i.relam                                                AS method,
           am.amname                                              AS method_name,
           x.indnkeyatts::int                                     AS key_columns,
           x.indkey::int2[]                                       AS columns,
           x.indclass::oid[]                                      AS classes,
           x.indcollation::oid[]                                  AS collations,
           x.indoption::int2[]                                    AS sorting,
           pg_catalog.regexp_replace(x.indexprs::text, ':location -?[0-9]+', '', 'g') AS expressions,
           pg_catalog.regexp_replace(x.indpred::text, ':location -?[0-9]+', '', 'g')  AS predicate,
           x.indisunique                                          AS is_unique,
           x.indimmediate                                         AS immediate,
           x.indisexclusion                                       AS exclusion,
           <nulls not distinct>                                   AS nulls_not_distinct,
           COALESCE(tuned.options, '{}')
               -- of BRIN (pages_per_range) and extensions' methods they decide what it holds, of others how that lies
               || CASE WHEN am.amname NOT IN ('btree', 'hash', 'gist', 'spgist', 'gin')
                       THEN COALESCE(i.reloptions, '{}') ELSE '{}' END AS options,
           CASE WHEN x.indisprimary OR backed.by_key THEN 'the primary key'
                WHEN backed.by_constraint IS NOT NULL
                THEN 'the constraint ' || pg_catalog.quote_ident(backed.by_constraint)
                WHEN x.indisreplident THEN 'the replica identity'
                WHEN backed.by_foreign_key IS NOT NULL
                THEN 'the foreign key ' || pg_catalog.quote_ident(backed.by_foreign_key)
                WHEN i.relispartition THEN 'the partitioned index it is attached to'
                WHEN x.indisclustered THEN 'the order that CLUSTER keeps' END AS held_by,
           -- which one stays, the lowest first
           CASE WHEN x.indisprimary THEN 1
                WHEN backed.by_constraint IS NOT NULL THEN 2
                WHEN x.indisreplident THEN 3
                WHEN backed.by_foreign_key IS NOT NULL THEN 4
                WHEN i.relispartition THEN 5
                WHEN x.indisclustered THEN 6
                WHEN x.indisunique THEN 7
                ELSE 8 END                                        AS standing
      FROM compared AS c
     CROSS JOIN LATERAL (SELECT p.* FROM pg_catalog.pg_index AS p WHERE p.indexrelid = c.indexrelid OFFSET 0) AS x
     CROSS JOIN LATERAL (SELECT p.* FROM pg_catalog.pg_class AS p WHERE p.oid = x.indexrelid OFFSET 0) AS i
     CROSS JOIN LATERAL (SELECT p.* FROM pg_catalog.pg_class AS p WHERE p.oid = x.indrelid OFFSET 0) AS t
      JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
      JOIN pg_catalog.pg_am AS am ON am.oid = i.relam
      LEFT JOIN backed ON backed.index = x.indexrelid
      LEFT JOIN tuned ON tuned.index = x.indexrelid
     WHERE x.indisvalid AND x.indisready AND x.indislive
       -- no schema of a user begins with pg_: the catalogue, TOAST and temporary tables do
       AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND t.oid NOT IN (SELECT d.objid
                           FROM pg_catalog.pg_depend AS d
                          WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
                            AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                            AND d.deptype = 'e')
), shaped AS MATERIALIZED (
    SELECT s.*,
           pg_catalog.row_number() OVER equal AS place,
           pg_catalog.first_value(s.index_name) OVER equal AS kept_index
      FROM described AS s
    WINDOW equal AS (PARTITION BY s.relation, s.method, s.key_columns, s.columns, s.classes, s.collations, s.sorting,
                                  s.expressions, s.predicate, s.is_unique, s.immediate,
                                  s.nulls_not_distinct, s.options
                         ORDER BY s.standing, s.index)
)
"""
