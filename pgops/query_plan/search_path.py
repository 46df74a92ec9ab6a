"""Where a name without a schema is looked for: as the session has it, and as a function's own settings change it.

A setting is not the path: `"$user"` is whoever runs the function (its owner, under SECURITY DEFINER), a schema that is
missing or may not be used is passed over, and pg_catalog and temporary things come first only where they are not named
(manual, search_path).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from pgops.query_plan.function_bodies import folded

if TYPE_CHECKING:
    from psycopg import Cursor

    from pgops.query_plan.function_bodies import Function
    from pgops.sql.parts import Name

SESSION = """
    SELECT pg_catalog.current_schemas(true)::text[],
           (SELECT n.nspname::text FROM pg_catalog.pg_namespace AS n WHERE n.oid = pg_catalog.pg_my_temp_schema()),
           current_user::text, pg_catalog.current_setting('search_path'),
           pg_catalog.current_setting('standard_conforming_strings') = 'on'
"""

# A role that is not there (any more) has no privileges to ask for: the schemas count as if it had them.
USABLE = """
    SELECT n.nspname::text
      FROM pg_catalog.unnest(%(names)s::text[]) WITH ORDINALITY AS named (name, place)
      JOIN pg_catalog.pg_namespace AS n ON n.nspname = named.name
      LEFT JOIN pg_catalog.pg_roles AS r ON r.rolname = %(role)s
     WHERE n.nspname = %(temporary)s OR r.oid IS NULL OR pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE')
     GROUP BY n.nspname
     ORDER BY pg_catalog.min(named.place)
"""


@attrs.frozen
class SearchPath:
    """Schemas in which a name without one is looked for, in order; for whom, and by which setting."""

    schemas: tuple[str, ...]
    temporary: str | None
    """That of the session's temporary tables, if it has any."""
    role: str
    setting: str

    def for_relations(self, name: Name) -> list[str]:
        """Where a table or type is looked for; `pg_temp` stands for the session's own schema."""
        if name.schema is None:
            return list(self.schemas)
        return [(self.temporary or name.schema) if name.schema == "pg_temp" else name.schema]

    def for_functions(self, name: Name | None = None) -> list[str]:
        """Functions and operators are never looked for among temporary things, unless these are named (manual,
        search_path).
        """
        if name is None or name.schema is None:
            return [each for each in self.schemas if each != self.temporary]
        return self.for_relations(name)

    def within(self, function: Function, cursor: Cursor[Any]) -> SearchPath:
        """The path in a function's body, which is called on this one: the same, unless it sets another or another role.

        Raises `ValueError` where its setting can't be read.
        """
        own = function.setting("search_path")
        setting = self.setting if own is None else own
        role = function.setting("role") or function.owner or self.role
        if (role, setting) == (self.role, self.setting):
            return self
        stands_for = {"$user": role, "pg_temp": self.temporary or "pg_temp"}
        names = [stands_for.get(each, each) for each in names_in_setting(setting)]
        asked = {"names": names, "role": role, "temporary": self.temporary}
        schemas = [each for (each,) in cursor.execute(USABLE, asked).fetchall()]
        first = [each for each in (self.temporary, "pg_catalog") if each and each not in schemas]
        return SearchPath((*first, *schemas), self.temporary, role, setting)


def session_path(cursor: Cursor[Any]) -> tuple[SearchPath, bool]:
    """That of a session, and whether a backslash in its strings is just that."""
    row = cursor.execute(SESSION).fetchone()
    assert row is not None  # noqa: S101  a SELECT without FROM has a row
    return SearchPath(tuple(row[0]), *row[1:4]), bool(row[4])


_NAME = re.compile(r"[ \t\n\r\f\v]*(?:\"((?:[^\"]|\"\")*)\"|([^, \t\n\r\f\v\"]+))[ \t\n\r\f\v]*(,|\Z)")


def names_in_setting(value: str) -> list[str]:
    """The schemas that a search_path names, as PostgreSQL reads it (SplitIdentifierString). Raises `ValueError`.

    >>> names_in_setting('"$user", Public,"My Own"')
    ['$user', 'public', 'My Own']
    """
    names: list[str] = []
    at, more = 0, bool(value.strip(" \t\n\r\f\v"))
    while more:
        found = _NAME.match(value, at)
        if found is None:
            raise ValueError(value)
        names.append(found[1].replace('""', '"') if found[1] is not None else folded(found[2]))
        at, more = found.end(), found[3] == ","
    return names
