"""The SQL of `missing_fk_index`: what searches a foreign key needs, and which indexes can answer them.

Everything is joined by sets, since databases with tens of thousands of keys and indexes exist. A partition has its
own constraint, with column numbers of its own, which may differ from the parent's; so keys are followed down to the
partitions and each is held against the indexes of its own table. (conparentid also links constraints that PostgreSQL
makes for the partitions of the *referenced* table; these stand on the same referencing table and are no search of
their own.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.checks.api import Query

if TYPE_CHECKING:
    from typing import LiteralString

# `column IS NOT NULL` or `NOT column IS NULL` as pg_index.indpred stores them, and what may be left when they are taken
# out: nothing, or ANDs of them. pg_get_expr would wait for whoever holds ACCESS EXCLUSIVE. Here and elsewhere no text
# in SQL holds a backslash: it would mean something else where the caller has turned standard_conforming_strings off.
_NOT_NULL: LiteralString = (
    "[{]NULLTEST :arg [{]VAR :varno 1 :varattno ([0-9]+) [^{}]*[}]"
    " :nulltesttype 1 :argisrow false :location -?[0-9]+[}]"
    "|[{]BOOLEXPR :boolop not :args [(][{]NULLTEST :arg [{]VAR :varno 1 :varattno ([0-9]+) [^{}]*[}]"
    " :nulltesttype 0 :argisrow false :location -?[0-9]+[}][)] :location -?[0-9]+[}]"
)
_ANDS: LiteralString = "^([{]BOOLEXPR :boolop and :args [(]|[)] :location -?[0-9]+[}]|[[:space:]])*$"

_TEMPLATE: LiteralString = """
WITH RECURSIVE foreign_key AS MATERIALIZED (
    SELECT k.oid, k.conrelid, k.conparentid, k.conkey, k.conpfeqop, <period> AS has_period, <enforced> AS enforced
      FROM pg_catalog.pg_constraint AS k
     WHERE k.contype = 'f'
), single AS MATERIALIZED (
    SELECT f.oid AS key, f.conrelid AS relation, f.conkey[1] AS attnum, f.conpfeqop[1] AS equals
      FROM foreign_key AS f
     WHERE pg_catalog.cardinality(f.conkey) = 1
), able AS MATERIALIZED (
    -- The few operators that these keys compare with, and the btree operator classes that can answer each.
    SELECT op.oid AS equals, class.oid AS class
      FROM pg_catalog.pg_operator AS op
      JOIN pg_catalog.pg_amop AS ability ON ability.amopopr = COALESCE(NULLIF(op.oprcom, 0), op.oid)
                                        AND ability.amoppurpose = 's'
      JOIN pg_catalog.pg_opclass AS class ON class.opcfamily = ability.amopfamily
      JOIN pg_catalog.pg_am AS m ON m.oid = class.opcmethod
     WHERE op.oid IN (SELECT s.equals FROM single AS s)
       AND m.amname = 'btree'
), plain AS MATERIALIZED (
    -- plain indexes, by the column that leads them
    SELECT x.indrelid AS relation, x.indkey[0] AS attnum, x.indclass[0] AS class
      FROM pg_catalog.pg_index AS x
     WHERE x.indisvalid AND x.indisready AND x.indislive
       AND x.indpred IS NULL
       AND x.indcollation[0] = 0
), plainly_served AS MATERIALIZED (
    -- Most keys are one column that leads such an index: of those nothing more has to be asked. (On a partitioned table
    -- such an index is valid only when every partition has one.)
    SELECT single.key
      FROM single
      JOIN plain ON plain.relation = single.relation AND plain.attnum = single.attnum
      JOIN able ON able.equals = single.equals AND able.class = plain.class
), keys AS (
    SELECT k.oid AS root, k.oid AS key, k.conrelid AS relation, t.relkind, t.reltuples, t.relpages, 0 AS depth,
           k.conkey, k.conpfeqop, k.has_period
      FROM foreign_key AS k
     CROSS JOIN LATERAL (-- few keys are left by now: OFFSET keeps the planner from reading all of pg_class for them
                         SELECT c.oid, c.relkind, c.reltuples, c.relpages, c.relnamespace
                           FROM pg_catalog.pg_class AS c
                          WHERE c.oid = k.conrelid
                         OFFSET 0) AS t
      JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
     WHERE k.conparentid = 0 AND k.enforced
       AND k.oid NOT IN (SELECT p.key FROM plainly_served AS p)
       AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND t.oid NOT IN (SELECT d.objid
                           FROM pg_catalog.pg_depend AS d
                          WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
                            AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                            AND d.deptype = 'e')
     UNION ALL
    SELECT parent.root, k.oid, k.conrelid, t.relkind, t.reltuples, t.relpages, parent.depth + 1,
           k.conkey, k.conpfeqop, parent.has_period
      FROM keys AS parent
      JOIN foreign_key AS k ON k.conparentid = parent.key
      JOIN pg_catalog.pg_class AS t ON t.oid = k.conrelid
     WHERE parent.relkind = 'p' AND k.conrelid <> parent.relation
), searched AS MATERIALIZED (
    -- where rows can be; a partitioned table without partitions is judged by its own indexes
    SELECT *
      FROM keys
     WHERE keys.relkind <> 'p'
     UNION ALL
    SELECT *
      FROM keys
     WHERE keys.relkind = 'p' AND keys.depth = 0
       AND NOT EXISTS (SELECT FROM keys AS below WHERE below.root = keys.root AND below.relkind <> 'p')
), domains AS (
    -- a domain may be made of another one
    SELECT t.oid, t.typbasetype AS base
      FROM pg_catalog.pg_type AS t
     WHERE t.typtype = 'd'
     UNION ALL
    SELECT d.oid, t.typbasetype
      FROM domains AS d
      JOIN pg_catalog.pg_type AS t ON t.oid = d.base
     WHERE t.typtype = 'd'
), key_columns AS MATERIALIZED (
    SELECT s.key,
           s.relation,
           part.attnum,
           s.has_period AND part.place = pg_catalog.cardinality(s.conkey) AS period,
           a.attcollation AS collated,
           -- PK = FK is what the constraint stores; the index on FK is asked FK = PK
           COALESCE(NULLIF(op.oprcom, 0), op.oid) AS operator,
           EXISTS (SELECT FROM pg_catalog.pg_cast AS c
                    WHERE c.castsource = COALESCE(base.oid, a.atttypid) AND c.casttarget = op.oprright
                      -- a cast to itself applies a length; one by method b changes nothing
                      AND c.castsource <> c.casttarget AND c.castmethod <> 'b') AS converted
      FROM searched AS s
     CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(s.conkey), pg_catalog.unnest(s.conpfeqop))
                        WITH ORDINALITY AS part (attnum, equals, place)
     CROSS JOIN LATERAL (SELECT t.attcollation, t.atttypid
                           FROM pg_catalog.pg_attribute AS t
                          WHERE t.attrelid = s.relation AND t.attnum = part.attnum
                         OFFSET 0) AS a
      LEFT JOIN (SELECT d.oid AS domain, t.oid
                   FROM domains AS d
                   JOIN pg_catalog.pg_type AS t ON t.oid = d.base AND t.typtype <> 'd') AS base
             ON base.domain = a.atttypid
      JOIN pg_catalog.pg_operator AS op ON op.oid = part.equals
), wanted AS MATERIALIZED (
    SELECT c.key,
           c.relation,
           pg_catalog.array_agg(c.attnum) AS columns,
           pg_catalog.count(*) FILTER (WHERE NOT c.period) AS scalars,
           pg_catalog.count(*) AS all_columns,
           pg_catalog.bool_or(c.converted) AS converted
      FROM key_columns AS c
     GROUP BY c.key, c.relation
), usable AS MATERIALIZED (
    SELECT x.indexrelid AS index,
           x.indrelid AS relation,
           x.indnkeyatts AS key_columns,
           x.indkey, x.indclass, x.indcollation,
           m.amname AS method,
           CASE WHEN x.indpred IS NULL THEN '{}'::int2[]
                ELSE ARRAY(SELECT COALESCE(found.groups[1], found.groups[2])::int2
                             FROM pg_catalog.regexp_matches(x.indpred::text, '<not null>', 'g')
                                  AS found (groups))
           END AS not_null
      FROM pg_catalog.pg_index AS x
      JOIN pg_catalog.pg_opclass AS first ON first.oid = x.indclass[0]
      JOIN pg_catalog.pg_am AS m ON m.oid = first.opcmethod
     WHERE x.indisvalid AND x.indisready AND x.indislive
       AND m.amname IN ('btree', 'hash', 'gist', 'spgist', 'gin')
       AND x.indrelid IN (SELECT s.relation FROM searched AS s)
       AND CASE WHEN x.indpred IS NULL THEN TRUE
                -- the pattern costs a hundred times as much
                WHEN pg_catalog.strpos(x.indpred::text, 'NULLTEST') > 0
                THEN pg_catalog.regexp_replace(x.indpred::text, '<not null>', '', 'g') ~ '<ands>' END
), index_columns AS MATERIALIZED (
    SELECT u.index, u.relation, part.attnum, part.collated, part.place, class.opcfamily
      FROM usable AS u
     -- int2vector and oidvector count from 0, unnest does not care; the classes end where INCLUDE begins
     CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(u.indkey::int2[]), pg_catalog.unnest(u.indclass::oid[]),
                                   pg_catalog.unnest(u.indcollation::oid[]))
                        WITH ORDINALITY AS part (attnum, class, collated, place)
      JOIN pg_catalog.pg_opclass AS class ON class.oid = part.class
     WHERE part.place <= u.key_columns
), answered AS MATERIALIZED (
    SELECT DISTINCT c.key, i.index, i.attnum, i.place, c.period
      FROM key_columns AS c
      JOIN index_columns AS i ON i.relation = c.relation AND i.attnum = c.attnum
                             AND (i.collated = 0 OR i.collated = c.collated)
      JOIN pg_catalog.pg_amop AS ability ON ability.amopfamily = i.opcfamily AND ability.amopopr = c.operator
                                        AND ability.amoppurpose = 's'
), helps AS MATERIALIZED (
    SELECT a.key,
           a.index,
           u.relation,
           u.indkey[0] AS leading,
           CASE WHEN pg_catalog.count(DISTINCT a.attnum) FILTER (WHERE NOT a.period
                                                                   AND (a.place <= w.scalars OR u.method = 'gin'))
                     = w.scalars
                  -- and with its period, anywhere among them
                  OR pg_catalog.count(DISTINCT a.attnum) FILTER (WHERE a.place <= w.all_columns) = w.all_columns
                THEN 3  -- all
                WHEN pg_catalog.min(a.place) FILTER (WHERE NOT a.period) = 1
                  OR u.method = 'gin' AND NOT pg_catalog.bool_and(a.period)
                THEN 2  -- some
                WHEN u.method = 'btree' AND pg_catalog.min(a.place) FILTER (WHERE NOT a.period) = 2
                THEN 1  -- some, if the leading column can be passed over
                ELSE 0 END AS help
      FROM answered AS a
      JOIN wanted AS w ON w.key = a.key
      JOIN usable AS u ON u.index = a.index AND u.not_null <@ w.columns
     GROUP BY a.key, a.index, u.relation, u.indkey[0], u.method, w.scalars, w.all_columns
), unserved AS MATERIALIZED (
    SELECT s.root, s.key, s.relation
      FROM searched AS s
     WHERE NOT EXISTS (SELECT FROM helps AS h WHERE h.key = s.key AND h.help = 3)
), best AS MATERIALIZED (
    -- of what helps partly, one index for each search
    SELECT DISTINCT ON (h.key) h.key, h.index, h.help
      FROM helps AS h
      JOIN unserved AS s ON s.key = h.key
     WHERE h.help = 2 OR h.help = 1 AND <few values>
     ORDER BY h.key, h.help DESC, h.index
), lacking AS MATERIALIZED (
    SELECT s.root,
           pg_catalog.count(*) AS searches,
           pg_catalog.count(*) FILTER (WHERE best.help IS NULL) AS without,
           pg_catalog.min(best.index) AS index,
           pg_catalog.bool_or(best.help = 1) AS skip_scan
      FROM unserved AS s
      LEFT JOIN best ON best.key = s.key
     GROUP BY s.root
), sizes AS (
    SELECT s.root,
           pg_catalog.count(*) AS searches,
           pg_catalog.bool_or(w.converted) AS converted,
           -- -1 is a table that was never vacuumed or analysed
           CASE WHEN pg_catalog.min(s.reltuples) >= 0 THEN pg_catalog.sum(s.reltuples)::bigint END AS rows,
           pg_catalog.sum(s.relpages)::bigint * (SELECT pg_catalog.current_setting('block_size')::bigint) AS bytes
      FROM searched AS s
      JOIN wanted AS w ON w.key = s.key
     WHERE s.root IN (SELECT lacking.root FROM lacking)
     GROUP BY s.root
)
SELECT n.nspname::text                                     AS schema,
       t.relname::text                                     AS "table",
       k.conname::text                                     AS "constraint",
       names.columns,
       CASE WHEN <period> THEN names.columns[:pg_catalog.cardinality(names.columns) - 1] ELSE names.columns END
                                                           AS needed_columns,
       rn.nspname::text                                    AS referenced_schema,
       rt.relname::text                                    AS referenced_table,
       CASE k.confdeltype WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL'
                          WHEN 'd' THEN 'SET DEFAULT' ELSE 'NO ACTION' END AS on_delete,
       CASE WHEN l.without = 0 THEN 'partial' ELSE 'none' END AS grade,
       CASE WHEN l.without = 0 THEN i.relname::text END    AS partial_index,
       l.without = 0 AND l.skip_scan                       AS skip_scan,
       z.converted,
       CASE WHEN t.relkind = 'p' THEN z.searches END       AS partitions,
       CASE WHEN t.relkind = 'p' THEN z.searches - l.searches ELSE 0 END AS partitions_served,
       z.rows                                              AS table_rows,
       z.bytes                                             AS table_bytes
  FROM lacking AS l
  JOIN sizes AS z ON z.root = l.root
  JOIN pg_catalog.pg_constraint AS k ON k.oid = l.root
  JOIN pg_catalog.pg_class AS t ON t.oid = k.conrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
  JOIN pg_catalog.pg_class AS rt ON rt.oid = k.confrelid
  JOIN pg_catalog.pg_namespace AS rn ON rn.oid = rt.relnamespace
  LEFT JOIN pg_catalog.pg_class AS i ON i.oid = l.index
 CROSS JOIN LATERAL (SELECT pg_catalog.array_agg(a.attname::text ORDER BY part.place) AS columns
                       FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS part (attnum, place)
                      CROSS JOIN LATERAL (SELECT c.attname
                                            FROM pg_catalog.pg_attribute AS c
                                           WHERE c.attrelid = k.conrelid AND c.attnum = part.attnum
                                          OFFSET 0) AS a) AS names
 WHERE z.rows IS NULL OR z.rows >= %(min_rows)s
 ORDER BY z.bytes DESC, n.nspname, t.relname, k.conname
"""
_SQL: LiteralString = _TEMPLATE.replace("<not null>", _NOT_NULL).replace("<ands>", _ANDS)

# What the statistics say of the index's leading column; a role sees those of the columns that it may read. They are
# read once: looked up for each index they would be read whole each time, since pg_stats is a security barrier.
_FEW_VALUES: LiteralString = """
(h.relation, h.leading) IN (
    SELECT a.attrelid, a.attnum
      FROM pg_catalog.pg_attribute AS a
     WHERE a.atttypid = 'pg_catalog.bool'::pg_catalog.regtype
     UNION ALL
    SELECT a.attrelid, a.attnum
      FROM pg_catalog.pg_stats AS stats
      JOIN pg_catalog.pg_namespace AS n ON n.nspname = stats.schemaname
      JOIN pg_catalog.pg_class AS t ON t.relnamespace = n.oid AND t.relname = stats.tablename
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attname = stats.attname
     WHERE NOT stats.inherited
       -- a negative number is a share of the rows
       AND CASE WHEN stats.n_distinct < 0 THEN -stats.n_distinct * GREATEST(t.reltuples, 0)
                ELSE stats.n_distinct END <= %(skip_scan_values)s)
"""

QUERIES = (
    Query(
        since=14,
        sql=_SQL.replace("<period>", "FALSE").replace("<enforced>", "TRUE").replace("<few values>", "FALSE"),
    ),
    Query(
        since=18,
        sql=_SQL.replace("<period>", "k.conperiod")
        .replace("<enforced>", "k.conenforced")
        .replace("<few values>", _FEW_VALUES),
    ),
)
