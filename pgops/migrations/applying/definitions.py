"""The words of what a migration replaces: views, functions, policies, triggers, defaults, enums, sequences.

Columns and keys are facts that plans rest on anyway. These are not, and a hot fix that is made to one of them after the
plan was approved would be overwritten unseen.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from pgops.migrations.asking import plain_cursor

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg

    from pgops.sql.statements import Name

_DEFINITIONS = """
WITH named AS (
    SELECT pg_catalog.to_regclass(w.written)::pg_catalog.oid AS relation,
           pg_catalog.to_regtype(w.written)::pg_catalog.oid AS type
      FROM pg_catalog.unnest(%(names)s::text[]) AS w (written)
), relations AS (
    SELECT DISTINCT c.oid, c.relkind, c.reloptions
      FROM named
      JOIN pg_catalog.pg_class AS c ON c.oid = named.relation
)
SELECT 'view ' || r.oid || ' ' || COALESCE(r.reloptions::text, '') || ' ' || pg_catalog.pg_get_viewdef(r.oid)
  FROM relations AS r
 WHERE r.relkind IN ('v', 'm')
 UNION ALL
SELECT 'policy ' || p.polrelid || ' ' || p.polname || ' ' || p.polcmd::text || p.polpermissive::text || p.polroles::text
       || COALESCE(pg_catalog.pg_get_expr(p.polqual, p.polrelid), '')
       || ' ' || COALESCE(pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid), '')
  FROM relations AS r
  JOIN pg_catalog.pg_policy AS p ON p.polrelid = r.oid
 UNION ALL
SELECT 'trigger ' || t.tgrelid || ' ' || t.tgenabled::text || ' ' || pg_catalog.pg_get_triggerdef(t.oid)
  FROM relations AS r
  JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = r.oid AND NOT t.tgisinternal
 UNION ALL
SELECT 'default ' || d.adrelid || ' ' || d.adnum || ' ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid)
  FROM relations AS r
  JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = r.oid
 UNION ALL
SELECT 'sequence ' || q.seqrelid || ' ' || q.seqtypid || ' ' || q.seqstart || ' ' || q.seqincrement || ' ' || q.seqmax
       || ' ' || q.seqmin || ' ' || q.seqcache || ' ' || q.seqcycle
  FROM relations AS r
  JOIN pg_catalog.pg_sequence AS q ON q.seqrelid = r.oid
 UNION ALL
SELECT 'enum ' || e.enumtypid || ' ' || pg_catalog.string_agg(e.enumlabel::text, ', ' ORDER BY e.enumsortorder)
  FROM named
  JOIN pg_catalog.pg_enum AS e ON e.enumtypid = named.type
 GROUP BY e.enumtypid
 UNION ALL
SELECT 'function ' || pg_catalog.pg_get_functiondef(p.oid)
  FROM pg_catalog.pg_proc AS p
  JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
 WHERE p.proname = ANY (%(bare)s::text[])
   AND p.prokind IN ('f', 'p', 'w')
   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""


def definitions_hash(conn: psycopg.Connection[Any], names: Iterable[Name]) -> str:
    """SHA-256 of the definitions of everything that has one of the names, as the search path resolves them."""
    known = sorted({each.sql for each in names if each.name})
    bare = sorted({each.name for each in names if each.name})
    with plain_cursor(conn) as cursor:
        rows = cursor.execute(_DEFINITIONS, {"names": known, "bare": bare}).fetchall()
    return hashlib.sha256("\n".join(sorted(str(row[0]) for row in rows)).encode("utf-8", "surrogatepass")).hexdigest()
