"""The questions that `resolution` puts to the catalogue. All of it is readable by every role."""

from __future__ import annotations

# A call finds a function if the number fits: fewer where there are defaults, more where the last one is VARIADIC.
OVERLOADS = """
    SELECT p.oid::bigint, p.proargtypes::text, p.provariadic::bigint
      FROM pg_catalog.pg_proc AS p
      JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
     WHERE p.proname = %(name)s AND n.nspname = ANY (%(schemas)s) AND p.prokind <> 'p'
       AND (%(arguments)s::int IS NULL
            OR %(arguments)s::int BETWEEN p.pronargs - p.pronargdefaults AND p.pronargs
            OR p.provariadic <> 0 AND %(arguments)s::int >= p.pronargs - 1 - p.pronargdefaults)
     ORDER BY pg_catalog.array_position(%(schemas)s::text[], n.nspname::text), p.oid
"""

# x.f calls f(x) where x is a row, or anything that takes a row.
ATTRIBUTE_FUNCTIONS = """
    SELECT p.oid::bigint
      FROM pg_catalog.pg_proc AS p
      JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
     WHERE p.proname = ANY (%(names)s) AND n.nspname = ANY (%(schemas)s) AND p.prokind <> 'p' AND p.pronargs >= 1
       AND (p.pronargs - p.pronargdefaults <= 1 OR p.provariadic <> 0)
       AND EXISTS (SELECT FROM pg_catalog.pg_type AS t
                     LEFT JOIN pg_catalog.pg_type AS base ON base.oid = t.typbasetype
                    WHERE t.oid = p.proargtypes[0] AND ('c' IN (t.typtype, base.typtype) OR t.typtype IN ('p', 'd')))
"""

OPERATORS_NAMED = """
    SELECT o.oid::bigint, o.oprleft::bigint, o.oprright::bigint
      FROM pg_catalog.pg_operator AS o
      JOIN pg_catalog.pg_namespace AS n ON n.oid = o.oprnamespace
     WHERE o.oprname = %(name)s AND n.nspname = ANY (%(schemas)s)
     ORDER BY pg_catalog.array_position(%(schemas)s::text[], n.nspname::text), o.oid
"""

# With what it is made of: a cast to an array is one to its elements, a cast to a domain one to its base.
TYPE_NAMED = """
    WITH RECURSIVE found AS (
        SELECT t.oid FROM pg_catalog.pg_type AS t
          JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
         WHERE t.typname = %(name)s AND n.nspname = ANY (%(schemas)s)
         ORDER BY pg_catalog.array_position(%(schemas)s::text[], n.nspname::text) LIMIT 1
    ), inner_types AS (
        SELECT oid FROM found
         UNION
        SELECT next_type.oid FROM inner_types
          JOIN pg_catalog.pg_type AS t ON t.oid = inner_types.oid
          JOIN pg_catalog.pg_type AS next_type
            ON next_type.oid IN (t.typbasetype, t.typelem)
            OR next_type.oid IN (SELECT a.atttypid FROM pg_catalog.pg_attribute AS a
                                  WHERE a.attrelid = t.typrelid AND t.typrelid <> 0 AND a.attnum > 0)
    )
    SELECT found.oid::bigint, ARRAY(SELECT oid::bigint FROM inner_types) FROM found
"""

CASTS_TO = """
    SELECT c.castfunc::bigint, pg_catalog.format_type(c.castsource, NULL), pg_catalog.format_type(c.casttarget, NULL)
      FROM pg_catalog.pg_cast AS c
     WHERE c.casttarget = ANY (%(types)s::oid[]) AND c.castfunc >= 16384
"""

RELATION_NAMED = """
    SELECT c.oid::bigint
      FROM pg_catalog.pg_class AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relname = %(name)s AND n.nspname = ANY (%(schemas)s)
     ORDER BY pg_catalog.array_position(%(schemas)s::text[], n.nspname::text) LIMIT 1
"""

OPERATORS = """
    SELECT o.oid::bigint, o.oprcode::bigint,
           pg_catalog.quote_ident(n.nspname) || '.' || o.oprname
      FROM pg_catalog.pg_operator AS o
      JOIN pg_catalog.pg_namespace AS n ON n.oid = o.oprnamespace
     WHERE o.oid = ANY (%(oids)s::oid[])
"""

# A function in language internal is one of PostgreSQL's own under another name: prosrc says which.
FUNCTIONS = """
    SELECT p.oid::bigint, n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes), p.provolatile::text,
           l.lanname, p.prosrc, p.prosqlbody::text, p.proargdefaults::text, COALESCE(p.proconfig, '{}'),
           ARRAY(SELECT t::bigint
                   FROM pg_catalog.unnest(p.prorettype || COALESCE(p.proallargtypes, p.proargtypes::oid[])) AS t
                  WHERE t >= 16384),
           e.extname,
           ARRAY(SELECT part::bigint
                   FROM pg_catalog.pg_aggregate AS a,
                        pg_catalog.unnest(ARRAY[a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn,
                            a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn]::oid[]) AS part
                  WHERE a.aggfnoid = p.oid AND part <> 0
                  UNION ALL
                 SELECT own.oid::bigint
                   FROM pg_catalog.pg_proc AS own
                  WHERE l.lanname = 'internal' AND p.oid >= 16384 AND p.prokind <> 'a' AND own.prokind <> 'a'
                    AND own.prolang = p.prolang AND own.prosrc = p.prosrc AND own.oid < 16384),
           CASE WHEN p.prosecdef THEN pg_catalog.pg_get_userbyid(p.proowner)::text END
      FROM pg_catalog.pg_proc AS p
      JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
      JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
      LEFT JOIN pg_catalog.pg_depend AS d
        ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e'
      LEFT JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
     WHERE p.oid = ANY (%(oids)s::oid[])
     ORDER BY p.proname, p.oid
"""

TYPES = """
    SELECT t.oid::bigint,
           pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.typname),
           ARRAY(SELECT each::bigint
                   FROM (SELECT t.typelem AS each
                          UNION SELECT t.typbasetype
                          UNION SELECT r.rngsubtype FROM pg_catalog.pg_range AS r
                                 WHERE t.oid IN (r.rngtypid, r.rngmultitypid)
                          UNION SELECT a.atttypid FROM pg_catalog.pg_attribute AS a
                                 WHERE a.attrelid = t.typrelid AND t.typrelid <> 0 AND a.attnum > 0
                                   AND NOT a.attisdropped) AS parts
                  WHERE each >= 16384),
           ARRAY(SELECT c.conbin::text FROM pg_catalog.pg_constraint AS c
                  WHERE c.contypid = t.oid AND c.conbin IS NOT NULL),
           t.typtype = 'd'
      FROM pg_catalog.pg_type AS t
      JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
     WHERE t.oid = ANY (%(oids)s::oid[])
     ORDER BY t.typname, t.oid
"""

# Policies count for everybody who reads, though a table's owner may be above them. What indexes, statistics and
# partitions are made of counts as well: the planner works out functions in it that are declared immutable. So it does
# with constraints, which may name others, too: these come last.
RELATIONS = """
    SELECT c.oid::bigint,
           pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),
           c.relkind::text, c.reltype::bigint,
           (SELECT r.ev_action::text FROM pg_catalog.pg_rewrite AS r
             WHERE r.ev_class = c.oid AND r.ev_type = '1' AND c.relkind = 'v'),
           ARRAY(SELECT i.inhrelid::bigint FROM pg_catalog.pg_inherits AS i
                  WHERE i.inhparent = c.oid AND c.relkind IN ('r', 'p', 'f')),
           ARRAY(SELECT ARRAY[tree, place]
                   FROM (SELECT pol.polqual::text, 'in row security' FROM pg_catalog.pg_policy AS pol
                          WHERE pol.polrelid = c.oid AND c.relrowsecurity AND pol.polcmd IN ('r', '*')
                         UNION ALL
                         SELECT d.adbin::text, 'in a generated column' FROM pg_catalog.pg_attribute AS a
                           JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                          WHERE a.attrelid = c.oid AND a.attgenerated = 'v'
                         UNION ALL
                         SELECT each::text, 'in an index'
                           FROM pg_catalog.pg_index AS i, LATERAL (VALUES (i.indexprs), (i.indpred)) AS trees (each)
                          WHERE i.indrelid = c.oid
                         UNION ALL
                         SELECT s.stxexprs::text, 'in statistics'
                           FROM pg_catalog.pg_statistic_ext AS s WHERE s.stxrelid = c.oid
                         UNION ALL
                         SELECT p.partexprs::text, 'in the partition key'
                           FROM pg_catalog.pg_partitioned_table AS p
                          WHERE p.partrelid = c.oid
                             OR p.partrelid IN (SELECT a.relid FROM pg_catalog.pg_partition_ancestors(c.oid) AS a)
                        ) AS expressions (tree, place)
                  WHERE tree IS NOT NULL),
           ARRAY(SELECT ARRAY[k.conbin::text, 'in constraint ' || pg_catalog.quote_ident(k.conname)]
                   FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = c.oid AND k.conbin IS NOT NULL)
      FROM pg_catalog.pg_class AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.oid = ANY (%(oids)s::oid[])
     ORDER BY c.relname, c.oid
"""

# Only what is of the users' making and not calm C: types are made in that, and only superusers make it. A cast to json
# is called by to_json and its like, whatever its context.
AMBIENCE = """
    SELECT found.function::bigint, found.what
      FROM (
        SELECT c.castfunc AS function,
               'by the cast from ' || pg_catalog.format_type(c.castsource, NULL)
               || ' to ' || pg_catalog.format_type(c.casttarget, NULL) AS what
          FROM pg_catalog.pg_cast AS c
         WHERE c.castcontext = ANY (%(contexts)s::"char"[])
            OR c.casttarget IN ('pg_catalog.json'::pg_catalog.regtype, 'pg_catalog.jsonb'::pg_catalog.regtype)
        UNION ALL
        SELECT a.amproc, 'by an operator class' FROM pg_catalog.pg_amproc AS a
        UNION ALL
        SELECT o.oprcode, 'by an operator class'
          FROM pg_catalog.pg_amop AS a JOIN pg_catalog.pg_operator AS o ON o.oid = a.amopopr
        UNION ALL
        SELECT function, 'by type ' || pg_catalog.format_type(t.oid, NULL)
          FROM pg_catalog.pg_type AS t,
               pg_catalog.unnest(ARRAY[t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin]::oid[])
                   AS function
         WHERE t.oid >= 16384
        UNION ALL
        SELECT function, 'by range type ' || pg_catalog.format_type(r.rngtypid, NULL)
          FROM pg_catalog.pg_range AS r, pg_catalog.unnest(ARRAY[r.rngcanonical, r.rngsubdiff]::oid[]) AS function
      ) AS found
      JOIN pg_catalog.pg_proc AS p ON p.oid = found.function AND p.oid >= 16384
      JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
     WHERE p.provolatile = 'v' OR l.lanname NOT IN ('c', 'internal')
     ORDER BY found.what, p.oid
"""

# A trigger's function can't be called, and a procedure not from a function that is not volatile. A name that is not on
# the search path needs its schema, which is a word then, too.
WORDS = """
    WITH schemas AS (
        SELECT n.oid, n.nspname = ANY (%(words)s) AS is_named
          FROM pg_catalog.pg_namespace AS n
         WHERE n.nspname = ANY (%(schemas)s) OR n.nspname = ANY (%(words)s)
    )
    SELECT 'function', p.oid::bigint
      FROM pg_catalog.pg_proc AS p
      JOIN schemas AS s ON s.oid = p.pronamespace
     WHERE p.proname = ANY (%(called)s) AND p.prokind <> 'p'
       AND p.prorettype NOT IN ('pg_catalog.trigger'::pg_catalog.regtype,
                               'pg_catalog.event_trigger'::pg_catalog.regtype)
       AND (p.provolatile = 'v' OR p.oid >= 16384
            OR p.proname = ANY (%(told)s) AND p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace)
       -- PostgreSQL's own of the same arguments comes first, unless the schema is named.
       AND (s.is_named OR NOT %(own_first)s OR p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace
            OR NOT EXISTS (SELECT FROM pg_catalog.pg_proc AS own
                            WHERE own.proname = p.proname AND own.proargtypes = p.proargtypes
                              AND own.pronamespace = 'pg_catalog'::pg_catalog.regnamespace))
    UNION ALL
    SELECT 'relation', c.oid::bigint
      FROM pg_catalog.pg_class AS c
      JOIN schemas AS s ON s.oid = c.relnamespace
     WHERE c.relname = ANY (%(words)s) AND c.relkind IN ('r', 'p', 'v', 'f')
    UNION ALL
    SELECT 'type', t.oid::bigint
      FROM pg_catalog.pg_type AS t
      JOIN schemas AS s ON s.oid = t.typnamespace
     WHERE t.typname = ANY (%(words)s) AND t.oid >= 16384
    UNION ALL
    SELECT 'function', c.castfunc::bigint
      FROM pg_catalog.pg_cast AS c
     WHERE c.castfunc >= 16384
       AND (c.casttarget < 16384  -- PostgreSQL's own types have more names than one
            OR EXISTS (SELECT FROM pg_catalog.pg_type AS t
                        WHERE t.typname = ANY (%(words)s)
                          AND (c.casttarget IN (t.oid, t.typbasetype, t.typelem)
                               OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
                                           WHERE a.attrelid = t.typrelid AND t.typrelid <> 0
                                             AND a.atttypid = c.casttarget))))
    UNION ALL
    SELECT 'operator', o.oid::bigint
      FROM pg_catalog.pg_operator AS o
      JOIN schemas AS s ON s.oid = o.oprnamespace
     WHERE o.oid >= 16384 AND pg_catalog.strpos(%(source)s::text, o.oprname::text) > 0
"""
