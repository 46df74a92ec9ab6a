"""What `live` asks of types, functions, extended statistics and the session: of all that is no relation."""

NAMED_TYPES = """
SELECT w.ordinal::int, found.oid::bigint, found.typtype, found.is_users
  FROM ROWS FROM (pg_catalog.unnest(%(names)s::text[]), pg_catalog.unnest(%(schemas)s::text[]))
       WITH ORDINALITY AS w (name, schema, ordinal)
 CROSS JOIN LATERAL (
       SELECT t.oid, t.typtype,
              t.oid >= 16384
              AND NOT EXISTS (  -- the row type of a table
                  SELECT
                    FROM pg_catalog.pg_class AS c
                   WHERE c.oid = t.typrelid
                     AND c.relkind <> 'c') AS is_users
         FROM pg_catalog.pg_type AS t
         JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
        WHERE t.typname = w.name
          AND CASE WHEN w.schema IS NOT NULL THEN n.nspname = w.schema
                   ELSE n.nspname = ANY (pg_catalog.current_schemas(true)) END
        ORDER BY pg_catalog.array_position(pg_catalog.current_schemas(true), n.nspname)
        LIMIT 1) AS found
"""

# Of each type, every domain over it: ALTER DOMAIN looks at the tables of all of them. And the domains below it, whose
# constraints hold for it too.
TYPES = """
WITH RECURSIVE named AS (
    SELECT t.oid
      FROM pg_catalog.pg_type AS t
     WHERE t.oid = ANY (%(oids)s::bigint[]::oid[])
), over_it AS (
    SELECT oid AS root, oid FROM named
    UNION
    SELECT o.root, t.oid
      FROM over_it AS o
      JOIN pg_catalog.pg_type AS t ON t.typtype = 'd' AND t.typbasetype = o.oid
), below_it AS (
    SELECT t.oid AS root, t.oid, t.typbasetype, t.typtypmod, 0 AS depth
      FROM named
      JOIN pg_catalog.pg_type AS t USING (oid)
    UNION ALL
    SELECT b.root, t.oid, t.typbasetype, t.typtypmod, b.depth + 1
      FROM below_it AS b
      JOIN pg_catalog.pg_type AS t ON t.oid = b.typbasetype
     WHERE b.typbasetype <> 0
), columns AS (
    SELECT o.root, a.attrelid, c.relkind
      FROM over_it AS o
      JOIN pg_catalog.pg_attribute AS a ON a.atttypid = o.oid AND NOT a.attisdropped AND a.attnum > 0
      JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'm', 'p', 'f', 'v')
)
SELECT n.oid::bigint,
       EXISTS (SELECT
                 FROM below_it AS b
                 JOIN pg_catalog.pg_type AS d ON d.oid = b.oid AND d.typtype = 'd'
                WHERE b.root = n.oid
                  AND (d.typnotnull OR EXISTS (
                      SELECT FROM pg_catalog.pg_constraint AS k WHERE k.contypid = d.oid))) AS has_constraints,
       t.typnotnull,
       EXISTS (SELECT
                 FROM pg_catalog.regexp_matches(t.typdefaultbin::text, ':funcid ([0-9]+)', 'g') AS found
                 JOIN pg_catalog.pg_proc AS p ON p.oid = found[1]::oid
                WHERE p.provolatile = 'v') AS default_is_volatile,
       ARRAY(SELECT DISTINCT attrelid::bigint FROM columns WHERE root = n.oid) AS used_by,
       ARRAY(SELECT DISTINCT attrelid::bigint FROM columns WHERE root = n.oid AND relkind IN ('r', 'm')) AS stored_in,
       EXISTS (SELECT  -- in an array, in a composite type, or in an array of one
                 FROM over_it AS o
                 JOIN pg_catalog.pg_type AS d ON d.oid = o.oid AND d.typtype = 'd'
                 JOIN pg_catalog.pg_attribute AS a
                       ON NOT a.attisdropped
                      AND (a.atttypid = d.typarray
                           OR a.atttypid IN (
                              SELECT pg_catalog.unnest(ARRAY[whole.oid, whole.typarray])
                                FROM pg_catalog.pg_attribute AS part
                                JOIN pg_catalog.pg_class AS k ON k.oid = part.attrelid AND k.relkind = 'c'
                                JOIN pg_catalog.pg_type AS whole ON whole.typrelid = k.oid
                               WHERE part.atttypid IN (d.oid, d.typarray)))
                 JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'm', 'p')
                WHERE o.root = n.oid) AS in_container,
       base.typname, pg_catalog.format_type(base.oid, base.modifier)
  FROM named AS n
  JOIN pg_catalog.pg_type AS t ON t.oid = n.oid
  LEFT JOIN LATERAL (
       SELECT s.oid, s.typname, over_base.typtypmod AS modifier
         FROM below_it AS b
         JOIN pg_catalog.pg_type AS s ON s.oid = b.oid AND s.typtype <> 'd'
         JOIN below_it AS over_base ON over_base.root = b.root AND over_base.depth = b.depth - 1
        WHERE b.root = n.oid) AS base ON true
"""

# Of several functions of one name the worst counts: 'v' sorts behind 's' and 'i'.
FUNCTIONS = """
SELECT p.proname, n.nspname, pg_catalog.max(p.provolatile::text)
  FROM pg_catalog.pg_proc AS p
  JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
 WHERE p.proname = ANY (%(names)s::text[])
 GROUP BY p.proname, n.nspname
"""

STATISTICS = """
SELECT w.ordinal::int, found.schema, found.name
  FROM ROWS FROM (pg_catalog.unnest(%(names)s::text[]), pg_catalog.unnest(%(schemas)s::text[]))
       WITH ORDINALITY AS w (name, schema, ordinal)
 CROSS JOIN LATERAL (
       SELECT t.nspname AS schema, c.relname AS name
         FROM pg_catalog.pg_statistic_ext AS x
         JOIN pg_catalog.pg_namespace AS n ON n.oid = x.stxnamespace
         JOIN pg_catalog.pg_class AS c ON c.oid = x.stxrelid
         JOIN pg_catalog.pg_namespace AS t ON t.oid = c.relnamespace
        WHERE x.stxname = w.name
          AND CASE WHEN w.schema IS NOT NULL THEN n.nspname = w.schema
                   ELSE n.nspname = ANY (pg_catalog.current_schemas(true)) END
        ORDER BY pg_catalog.array_position(pg_catalog.current_schemas(true), n.nspname)
        LIMIT 1) AS found
"""

SERVER = """
SELECT pg_catalog.current_setting('TimeZone'),
       pg_catalog.current_setting('max_locks_per_transaction')::int
       * (pg_catalog.current_setting('max_connections')::int
          + pg_catalog.current_setting('max_prepared_transactions')::int),
       pg_catalog.current_setting('search_path'),
       pg_catalog.current_schemas(true)::text[]
"""
