"""What the checks of SECURITY DEFINER functions share: how a function is named and found."""

from __future__ import annotations

from typing import LiteralString, Protocol

from pgops.findings import Target

# Functions of the database's users that run with their owner's rights. Those of an extension are its author's matter.
DEFINERS: LiteralString = """definer AS MATERIALIZED (
  SELECT p.oid,
         n.nspname::text AS schema,
         p.proname::text AS name,
         p.proowner,
         p.proacl,
         p.proconfig,
         p.prosqlbody IS NOT NULL AS bound,
         p.prorettype IN ('pg_catalog.trigger'::pg_catalog.regtype, 'pg_catalog.event_trigger'::pg_catalog.regtype)
           AS for_triggers,
         n.nspowner,
         n.nspacl,
         pg_catalog.pg_get_function_identity_arguments(p.oid) AS arguments,
         COALESCE(o.rolname::text, p.proowner::text) AS owner,
         COALESCE(o.rolsuper, FALSE) AS superuser
    FROM pg_catalog.pg_proc AS p
    JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
    LEFT JOIN pg_catalog.pg_roles AS o ON o.oid = p.proowner
   WHERE p.prosecdef
     AND n.nspname !~ '^pg_'
     AND n.nspname <> 'information_schema'
     AND NOT EXISTS (SELECT
                       FROM pg_catalog.pg_depend AS d
                      WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                        AND d.objid = p.oid
                        AND d.deptype = 'e')
)"""


class Routine(Protocol):
    """The columns by which a function or procedure is named."""

    @property
    def schema(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def arguments(self) -> str: ...


def routine_target(row: Routine) -> Target:
    return Target("function", row.schema, row.name, also=(row.arguments,))


def signature(row: Routine) -> str:
    """The function in SQL, told apart from others of its name."""
    return f"{routine_target(row)}({row.arguments})"
