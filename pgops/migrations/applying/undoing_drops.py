"""The way back from a DROP: the definition as the catalogue has it, and only where it is all that there was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgops.migrations.applying.undo_questions import text
from pgops.sql import statements as s

if TYPE_CHECKING:
    import psycopg

    from pgops.sql.statements import Name

# Nothing is offered for what the definition does not tell: a tablespace, CLUSTER ON, a comment, a partition's part.
_INDEX = """
SELECT pg_catalog.pg_get_indexdef(c.oid)
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
 WHERE c.oid = pg_catalog.to_regclass(%s)
   AND c.relkind = 'i'
   AND c.relpersistence <> 't'
   AND c.reltablespace = 0
   AND NOT c.relispartition
   AND i.indisvalid
   AND NOT i.indisclustered
   AND NOT i.indisreplident
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.pg_description AS d
                    WHERE d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      AND d.objoid = c.oid)
"""

# pg_get_viewdef is the query alone: options are put before it; whatever else hangs on a view is not made again.
_VIEW = """
SELECT COALESCE(' WITH (' || pg_catalog.array_to_string(c.reloptions, ', ') || ')', '') || E' AS\\n'
       || pg_catalog.rtrim(pg_catalog.pg_get_viewdef(c.oid, true), ';')
  FROM pg_catalog.pg_class AS c
 WHERE c.oid = pg_catalog.to_regclass(%s)
   AND c.relkind = 'v'
   AND c.relpersistence <> 't'
   AND c.relacl IS NULL
   AND c.relowner = (SELECT r.oid FROM pg_catalog.pg_roles AS r WHERE r.rolname = CURRENT_USER)
   AND NOT c.relhastriggers
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.pg_rewrite AS w
                    WHERE w.ev_class = c.oid
                      AND w.rulename <> '_RETURN')
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.pg_attribute AS a
                    WHERE a.attrelid = c.oid
                      AND (a.attacl IS NOT NULL OR a.atthasdef))
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.pg_description AS d
                    WHERE d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      AND d.objoid = c.oid)
"""

# pg_get_triggerdef does not say whether it fires: one that is disabled would come back enabled.
_TRIGGER = """
SELECT pg_catalog.pg_get_triggerdef(t.oid)
  FROM pg_catalog.pg_trigger AS t
 WHERE t.tgname = %s
   AND t.tgrelid = pg_catalog.to_regclass(%s)
   AND t.tgenabled = 'O'
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.pg_trigger AS p
                    WHERE p.tgparentid = t.oid
                      AND p.tgenabled <> 'O')
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.pg_description AS d
                    WHERE d.classoid = 'pg_catalog.pg_trigger'::pg_catalog.regclass
                      AND d.objoid = t.oid)
"""


def undo_drop(meaning: s.Drop, name: Name, conn: psycopg.Connection[Any]) -> str | None:
    """What makes it again, from the catalogue; None where there is more to it than that."""
    match meaning:
        case s.Drop(kind="index"):
            how = " INDEX CONCURRENTLY " if meaning.concurrently else " INDEX "
            return text(conn, _INDEX, name.sql).replace(" INDEX ", how, 1) or None
        case s.Drop(kind="view"):
            rest = text(conn, _VIEW, name.sql)
            return f"CREATE VIEW {name}{rest}" if rest else None
        case s.Drop(kind="trigger", tables=(table,)):
            return text(conn, _TRIGGER, name.name, table.sql) or None
        case _:
            return None
