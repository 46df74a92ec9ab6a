"""What the checks of row security share: the tables that have it, and the views through which they are read."""

from __future__ import annotations

from typing import LiteralString

# Views and materialized views over tables with row security, directly or through views that ask as their caller does
# (security_invoker, PostgreSQL 15). A view without it asks as its owner: what is behind it is that view's own matter.
READERS: LiteralString = """WITH RECURSIVE guarded AS MATERIALIZED (
  SELECT c.oid                                      AS guarded,
         c.relowner                                 AS table_owner,
         c.relforcerowsecurity                      AS forced,
         n.nspname::text || '.' || c.relname::text  AS guarded_name
    -- What no view reads need not be looked for in all of pg_class.
    FROM (SELECT DISTINCT d.refobjid AS oid
            FROM pg_catalog.pg_depend AS d
           WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
             AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
          OFFSET 0) AS read
   CROSS JOIN LATERAL (SELECT r.* FROM pg_catalog.pg_class AS r WHERE r.oid = read.oid OFFSET 0) AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
   WHERE c.relrowsecurity
), reader AS (
  -- Everything about the table goes along: to join the two again would be quadratic where statistics are missing.
  SELECT g.*, v.oid AS reader, v.relkind, v.owner, v.invoker
    FROM guarded AS g
   CROSS JOIN LATERAL (<over g.guarded>) AS v
   UNION
  SELECT r.guarded, r.table_owner, r.forced, r.guarded_name, v.oid, v.relkind, v.owner, v.invoker
    FROM reader AS r
   CROSS JOIN LATERAL (<over r.reader>) AS v
   WHERE r.relkind = 'v'
     AND r.invoker
), bypass AS (
  SELECT r.reader,
         r.relkind,
         r.guarded_name,
         owner.rolname::text AS owner,
         -- whom row security does not bind (manual, section 5.8)
         owner.rolsuper OR owner.rolbypassrls
           OR (NOT r.forced AND pg_catalog.pg_has_role(r.owner, r.table_owner, 'USAGE')) AS unbound
    FROM reader AS r
    JOIN pg_catalog.pg_roles AS owner ON owner.oid = r.owner
   WHERE NOT r.invoker
)"""

_OVER: LiteralString = """
         SELECT DISTINCT w.oid, w.relkind, w.relowner AS owner,
                w.relkind = 'v'
                  AND COALESCE((SELECT o.option_value::bool
                                  FROM pg_catalog.pg_options_to_table(w.reloptions) AS o
                                 WHERE o.option_name = 'security_invoker'), FALSE) AS invoker
           FROM pg_catalog.pg_depend AS d
           JOIN pg_catalog.pg_rewrite AS rule ON rule.oid = d.objid
           JOIN pg_catalog.pg_class AS w ON w.oid = rule.ev_class
          WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
            AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
            AND d.refobjid = <relation>
            AND w.oid <> <relation>
            AND w.relkind IN ('v', 'm')"""

READERS = READERS.replace("<over g.guarded>", _OVER.replace("<relation>", "g.guarded")).replace(
    "<over r.reader>", _OVER.replace("<relation>", "r.reader")
)

# Row security's tables with their policies, for the checks that judge policies. Commands: r SELECT, a INSERT, w UPDATE,
# d DELETE, * all (pg_policy.polcmd).
USERS_TABLE: LiteralString = """n.nspname !~ '^pg_'
   AND n.nspname <> 'information_schema'
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.pg_depend AS ext
                    WHERE ext.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      AND ext.objid = c.oid
                      AND ext.deptype = 'e')"""
