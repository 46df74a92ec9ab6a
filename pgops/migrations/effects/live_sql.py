"""The questions that `live` asks of a catalogue. All go by oid and read pg_catalog alone; none locks a user's table but
TABLES and INDEXES, which measure sizes and leave out what somebody holds exclusively.
"""

from __future__ import annotations

# The names as the session's search path resolves them. to_regclass would be an error for a schema without USAGE.
RELATIONS = """
SELECT w.ordinal::int, found.oid::bigint
  FROM ROWS FROM (pg_catalog.unnest(%(names)s::text[]), pg_catalog.unnest(%(schemas)s::text[]))
       WITH ORDINALITY AS w (name, schema, ordinal)
 CROSS JOIN LATERAL (
       SELECT c.oid
         FROM pg_catalog.pg_class AS c
         JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relname = w.name
          AND CASE WHEN w.schema = 'pg_temp' THEN n.oid = pg_catalog.pg_my_temp_schema()
                   WHEN w.schema IS NOT NULL THEN n.nspname = w.schema
                   ELSE n.nspname = ANY (pg_catalog.current_schemas(true)) END
        ORDER BY pg_catalog.array_position(pg_catalog.current_schemas(true), n.nspname)
        LIMIT 1) AS found
"""

# What was named, and what it reaches: of every level, each with the oid that it is found by.
REACHED = """
WITH RECURSIVE
named AS (
    SELECT c.oid, c.relkind
      FROM pg_catalog.pg_class AS c
     WHERE c.oid = ANY (%(oids)s::bigint[]::oid[])
), tables AS (
    SELECT oid FROM named WHERE relkind NOT IN ('i', 'I')
    UNION
    SELECT i.indrelid
      FROM pg_catalog.pg_index AS i
     WHERE i.indexrelid IN (SELECT oid FROM named WHERE relkind IN ('i', 'I'))
), downwards AS (
    SELECT oid FROM tables
    UNION
    SELECT i.inhrelid
      FROM downwards AS d
      JOIN pg_catalog.pg_inherits AS i ON i.inhparent = d.oid
), upwards AS (
    SELECT oid FROM tables
    UNION
    SELECT i.inhparent
      FROM upwards AS u
      JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = u.oid
)
SELECT oid::bigint FROM downwards
 UNION
SELECT oid::bigint FROM upwards
 UNION  -- the default partition stands beside what is attached or dropped
SELECT p.partdefid::bigint
  FROM pg_catalog.pg_partitioned_table AS p
 WHERE p.partrelid IN (SELECT oid FROM upwards)
   AND p.partdefid <> 0
 UNION  -- what a parent references, a new partition references too
SELECT k.confrelid::bigint
  FROM pg_catalog.pg_constraint AS k
 WHERE k.conrelid IN (SELECT oid FROM downwards UNION SELECT oid FROM upwards)
   AND k.contype = 'f'
 UNION
SELECT k.conrelid::bigint
  FROM pg_catalog.pg_constraint AS k
 WHERE k.confrelid IN (SELECT oid FROM downwards UNION SELECT oid FROM upwards)
   AND k.contype = 'f'
"""

# Whom TRUNCATE ... CASCADE of each table reaches, from key to key and into partitions.
CASCADES = """
WITH RECURSIVE reached AS (
    SELECT c.oid AS root, c.oid
      FROM pg_catalog.pg_class AS c
     WHERE c.oid = ANY (%(oids)s::bigint[]::oid[])
       AND c.relkind IN ('r', 'p')
    UNION
    SELECT r.root, next.oid
      FROM reached AS r
     CROSS JOIN LATERAL (
           SELECT k.conrelid AS oid
             FROM pg_catalog.pg_constraint AS k
            WHERE k.confrelid = r.oid
              AND k.contype = 'f'
           UNION ALL
           SELECT i.inhrelid
             FROM pg_catalog.pg_inherits AS i
            WHERE i.inhparent = r.oid) AS next
)
SELECT root::bigint, pg_catalog.array_agg(oid::bigint ORDER BY oid)
  FROM reached
 WHERE oid <> root
 GROUP BY root
"""

TABLES = """
WITH busy AS MATERIALIZED (  -- measuring a size would wait for whoever holds these
    SELECT l.relation
      FROM pg_catalog.pg_locks AS l
     WHERE l.locktype = 'relation'
       AND l.mode = 'AccessExclusiveLock'
       AND l.pid <> pg_catalog.pg_backend_pid()
)
SELECT c.oid::bigint, n.nspname, c.relname, c.relkind,
       CASE WHEN c.relkind = 'p' THEN 0
            WHEN c.relkind IN ('r', 'm', 't') AND size.bytes IS NULL THEN -1
            ELSE c.reltuples END AS rows,
       COALESCE(size.bytes, c.relpages::bigint * pg_catalog.current_setting('block_size')::bigint) AS bytes,
       p.partdefid::bigint,
       (SELECT i.inhparent::bigint
          FROM pg_catalog.pg_inherits AS i
         WHERE i.inhrelid = c.oid
           AND c.relispartition) AS parent,
       ARRAY(SELECT a.attname
               FROM pg_catalog.pg_attribute AS a
              WHERE a.attrelid = c.oid
                AND a.attnum > 0  -- of an expression in the key it is 0
                AND a.attnum = ANY (p.partattrs::smallint[]))::text[] AS partition_key,
       ARRAY(SELECT y.polname FROM pg_catalog.pg_policy AS y WHERE y.polrelid = c.oid)::text[] AS policies,
       ARRAY(SELECT t.tgname
               FROM pg_catalog.pg_trigger AS t
              WHERE t.tgrelid = c.oid
                AND NOT t.tgisinternal)::text[] AS triggers,
       c.relpersistence, m.amname
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_partitioned_table AS p ON p.partrelid = c.oid
  LEFT JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
  LEFT JOIN LATERAL (
       SELECT pg_catalog.pg_total_relation_size(c.oid) AS bytes
        WHERE c.relkind IN ('r', 'm', 't')
          AND c.oid NOT IN (SELECT relation FROM busy)
          AND c.reltoastrelid NOT IN (SELECT relation FROM busy)
          AND NOT EXISTS (
              SELECT
                FROM pg_catalog.pg_index AS i
               WHERE i.indrelid IN (c.oid, c.reltoastrelid)
                 AND i.indexrelid IN (SELECT relation FROM busy))
       ) AS size ON true
 WHERE c.oid = ANY (%(oids)s::bigint[]::oid[])
"""

COLUMNS = """
WITH RECURSIVE bases AS (  -- of a domain over a domain, the type below both
    SELECT t.oid, t.typbasetype, t.typtypmod
      FROM pg_catalog.pg_type AS t
     WHERE t.typtype = 'd'
       AND t.oid IN (SELECT a.atttypid FROM pg_catalog.pg_attribute AS a
                      WHERE a.attrelid = ANY (%(oids)s::bigint[]::oid[]))
     UNION ALL
    SELECT b.oid, t.typbasetype, t.typtypmod
      FROM bases AS b
      JOIN pg_catalog.pg_type AS t ON t.oid = b.typbasetype
     WHERE t.typtype = 'd'
), base AS (
    SELECT b.oid, t.oid AS type, b.typtypmod AS modifier, t.typname AS name
      FROM bases AS b
      JOIN pg_catalog.pg_type AS t ON t.oid = b.typbasetype
     WHERE t.typtype <> 'd'
)
SELECT a.attrelid::bigint, a.attname, a.attnum,
       pg_catalog.format_type(a.atttypid, a.atttypmod),
       COALESCE(b.name, t.typname) AS base_type,
       CASE WHEN b.oid IS NULL THEN pg_catalog.format_type(a.atttypid, a.atttypmod)
            ELSE pg_catalog.format_type(b.type, b.modifier) END AS base_form,
       a.atttypmod, l.collname,
       -- since 18 attnotnull is true for what is NOT VALID too
       a.attnotnull AND NOT EXISTS (
           SELECT
             FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = a.attrelid
              AND k.contype = 'n'
              AND k.conkey[1] = a.attnum
              AND NOT k.convalidated) AS not_null,
       a.atthasdef, a.attgenerated, a.attidentity <> '' AS is_identity,
       COALESCE(a.attnum = ANY (p.partattrs::smallint[])
                OR pg_catalog.strpos(p.partexprs::text, ':varattno ' || a.attnum || ' ') > 0, false) AS in_partition_key
  FROM pg_catalog.pg_attribute AS a
  JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
  LEFT JOIN base AS b ON b.oid = t.oid
  LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = a.attcollation
  LEFT JOIN pg_catalog.pg_partitioned_table AS p ON p.partrelid = a.attrelid
 WHERE a.attrelid = ANY (%(oids)s::bigint[]::oid[])
   AND a.attnum > 0
   AND NOT a.attisdropped
 ORDER BY a.attrelid, a.attnum
"""

CONSTRAINTS = """
SELECT k.conrelid::bigint, k.conname, k.contype, k.convalidated,
       COALESCE(k.conkey, '{}')::smallint[]::int[], k.confrelid::bigint, COALESCE(k.confkey, '{}')::smallint[]::int[],
       CASE WHEN k.contype IN ('c', 'n') THEN pg_catalog.pg_get_constraintdef(k.oid) ELSE '' END,
       (SELECT x.relname FROM pg_catalog.pg_class AS x WHERE x.oid = k.conindid) AS index,
       k.confdeltype, k.confupdtype,
       EXISTS (SELECT
                 FROM pg_catalog.pg_constraint AS p
                WHERE p.oid = k.conparentid
                  AND p.conrelid <> k.conrelid) AS is_inherited
  FROM pg_catalog.pg_constraint AS k
 WHERE k.conrelid = ANY (%(oids)s::bigint[]::oid[])
    OR k.confrelid = ANY (%(oids)s::bigint[]::oid[])
 ORDER BY k.oid
"""

INDEXES = """
WITH busy AS MATERIALIZED (
    SELECT l.relation
      FROM pg_catalog.pg_locks AS l
     WHERE l.locktype = 'relation'
       AND l.mode = 'AccessExclusiveLock'
       AND l.pid <> pg_catalog.pg_backend_pid()
)
SELECT i.indexrelid::bigint, i.indrelid::bigint, n.nspname, c.relname, i.indisvalid, i.indisunique,
       i.indkey::smallint[]::int[], i.indnkeyatts, i.indpred IS NOT NULL,
       (SELECT k.conname FROM pg_catalog.pg_constraint AS k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')),
       CASE WHEN c.relkind = 'i' AND c.oid NOT IN (SELECT relation FROM busy) THEN pg_catalog.pg_relation_size(c.oid)
            ELSE c.relpages::bigint * pg_catalog.current_setting('block_size')::bigint END,
       -- the columns of an expression or predicate, from the nodes that hold them
       ARRAY(SELECT DISTINCT found[1]::int
               FROM pg_catalog.regexp_matches(COALESCE(i.indexprs::text, '') || COALESCE(i.indpred::text, ''),
                                              ':varattno ([0-9]+)', 'g') AS found),
       i.indexprs IS NOT NULL OR i.indpred IS NOT NULL AS is_built_anew,
       m.amname,
       i.indexprs IS NULL AND i.indpred IS NULL AND i.indnatts = i.indnkeyatts
       AND 0 = ALL (i.indoption::smallint[])
       AND NOT EXISTS (
           SELECT
             FROM ROWS FROM (pg_catalog.unnest(i.indkey::smallint[]), pg_catalog.unnest(i.indclass::oid[]),
                             pg_catalog.unnest(i.indcollation::oid[])) AS key (number, class, collated)
             JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = key.number
             JOIN pg_catalog.pg_opclass AS o ON o.oid = key.class
            WHERE NOT o.opcdefault
               OR key.collated <> a.attcollation) AS is_plain
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE i.indrelid = ANY (%(oids)s::bigint[]::oid[])
"""

# What ALTER COLUMN TYPE meets and refuses (RememberAllDependentForRebuilding in tablecmds.c).
PINNED = """
SELECT d.refobjid::bigint, d.refobjsubid, d.what
  FROM (
        SELECT d.refobjid, d.refobjsubid,
               CASE v.relkind WHEN 'm' THEN 'materialized view ' WHEN 'v' THEN 'view ' ELSE 'a rule of ' END
               || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(v.relname) AS what
          FROM pg_catalog.pg_depend AS d
          JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid
          JOIN pg_catalog.pg_class AS v ON v.oid = r.ev_class
          JOIN pg_catalog.pg_namespace AS n ON n.oid = v.relnamespace
         WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
           AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
           AND d.refobjid = ANY (%(oids)s::bigint[]::oid[])
         UNION ALL
        SELECT d.refobjid, d.refobjsubid, 'policy ' || pg_catalog.quote_ident(p.polname)
          FROM pg_catalog.pg_depend AS d
          JOIN pg_catalog.pg_policy AS p ON p.oid = d.objid
         WHERE d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass
           AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
           AND d.refobjid = ANY (%(oids)s::bigint[]::oid[])
         UNION ALL
        SELECT d.refobjid, d.refobjsubid, 'trigger ' || pg_catalog.quote_ident(t.tgname)
          FROM pg_catalog.pg_depend AS d
          JOIN pg_catalog.pg_trigger AS t ON t.oid = d.objid
         WHERE d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass
           AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
           AND d.refobjid = ANY (%(oids)s::bigint[]::oid[])
         UNION ALL
        SELECT d.refobjid, d.refobjsubid, 'generated column ' || pg_catalog.quote_ident(a.attname)
          FROM pg_catalog.pg_depend AS d
          JOIN pg_catalog.pg_attrdef AS f ON f.oid = d.objid
          JOIN pg_catalog.pg_attribute AS a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
         WHERE d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
           AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
           AND d.refobjid = ANY (%(oids)s::bigint[]::oid[])
           AND a.attgenerated <> ''
           AND d.refobjsubid <> f.adnum  -- a column's own default depends on the column too
         UNION ALL  -- before 15 it is the column that depends, not its expression
        SELECT d.refobjid, d.refobjsubid, 'generated column ' || pg_catalog.quote_ident(a.attname)
          FROM pg_catalog.pg_depend AS d
          JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.objid AND a.attnum = d.objsubid
         WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
           AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
           AND d.refobjid = ANY (%(oids)s::bigint[]::oid[])
           AND d.refobjid = d.objid
           AND a.attgenerated <> ''
           AND d.refobjsubid <> d.objsubid
         UNION ALL
        SELECT d.refobjid, d.refobjsubid, 'a publication''s row filter'
          FROM pg_catalog.pg_depend AS d
         WHERE d.classid = 'pg_catalog.pg_publication_rel'::pg_catalog.regclass
           AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
           AND d.refobjid = ANY (%(oids)s::bigint[]::oid[])
         UNION ALL
        SELECT d.refobjid, d.refobjsubid, 'function ' || pg_catalog.quote_ident(f.proname)
          FROM pg_catalog.pg_depend AS d
          JOIN pg_catalog.pg_proc AS f ON f.oid = d.objid
         WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
           AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
           AND d.refobjid = ANY (%(oids)s::bigint[]::oid[])
       ) AS d
 WHERE d.refobjsubid > 0
"""

# The views on a table or column, and the views on those: what CASCADE drops.
VIEWS = """
WITH RECURSIVE on_them AS (
    SELECT d.refobjid AS below, d.refobjsubid AS number, r.ev_class AS view
      FROM pg_catalog.pg_depend AS d
      JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid
     WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
       AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
       AND d.refobjid = ANY (%(oids)s::bigint[]::oid[])
       AND r.ev_class <> d.refobjid
    UNION
    SELECT o.below, o.number, r.ev_class
      FROM on_them AS o
      JOIN pg_catalog.pg_depend AS d
            ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
           AND d.refobjid = o.view
           AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
      JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid
     WHERE r.ev_class <> d.refobjid
)
SELECT o.below::bigint, o.number, n.nspname, v.relname
  FROM on_them AS o
  JOIN pg_catalog.pg_class AS v ON v.oid = o.view AND v.relkind IN ('v', 'm')
  JOIN pg_catalog.pg_namespace AS n ON n.oid = v.relnamespace
"""

INHERITED = """
SELECT i.inhparent::bigint, i.inhrelid::bigint, i.inhdetachpending
  FROM pg_catalog.pg_inherits AS i
 WHERE i.inhparent = ANY (%(oids)s::bigint[]::oid[])
 ORDER BY i.inhrelid
"""

NAMES = """
SELECT c.oid::bigint, n.nspname, c.relname
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.oid = ANY (%(oids)s::bigint[]::oid[])
"""
