"""Which checks would be SKIPPED on this connection, and what would enable how many of them.

Nothing is run: each check says what it requires, the server's facts say what is there, and a few rights on single
objects are asked for. What shows only in the run (objects that can't be judged) can't be foreseen.
"""

from __future__ import annotations

import re
from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import attrs
import psycopg
from psycopg.rows import tuple_row

from pgops.checks.catalogue import default_registry
from pgops.db.callers_connection import as_found
from pgops.db.server import FACTS_SQL, Lack, Server
from pgops.findings import as_tuple, quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.checks.api import Check
    from pgops.checks.registry import Registry

STATEMENTS = "pg_stat_statements"


class Kind(StrEnum):
    """What is missing."""

    ROLE = "role"
    GRANT = "grant"
    EXTENSION = "extension"
    SETTING = "setting"
    PRIMARY = "primary"
    VERSION = "version"
    FACILITY = "facility"
    """What SQL can't see, and was not handed in: a pooler's console, a disk, a backup repository."""


@attrs.frozen(kw_only=True)
class ForeseenSkips:
    """One thing that is missing, and the checks that would answer if it were there."""

    kind: Kind
    reason: str
    cure: str
    checks: tuple[str, ...] = attrs.field(converter=as_tuple)
    """Their ids."""
    usual: tuple[str, ...] = attrs.field(converter=as_tuple)
    """Those of them that run without being named."""
    role: str = ""
    """The predefined role whose rights are missing, where that is what is missing."""


def foresee_skips(conn: psycopg.Connection[Any], *, registry: Registry | None = None) -> tuple[ForeseenSkips, ...]:
    """The checks that would be SKIPPED on this connection, by what would enable them, the most first.

    `registry` stands in for all that are installed. Three or so catalogue queries; what can't be asked is left out.
    Raises psycopg's `OperationalError` where the connection is lost.
    """
    known = registry if registry is not None else default_registry()
    found: dict[tuple[Kind, str], list[tuple[Check[Any, Any], str]]] = {}
    with as_found(conn), conn.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(FACTS_SQL, prepare=False).fetchone()
        server = Server.from_row(row or ())
        rights = _Rights(cursor, server)
        for entry in known.entries:
            lacking = _lacking(entry.check, server, rights)
            if lacking is not None:
                kind, lack = lacking
                found.setdefault((kind, lack.cure), []).append((entry.check, lack.reason))
    groups = [
        ForeseenSkips(
            kind=kind,
            reason=each[0][1],
            cure=cure,
            checks=[check.id for check, _ in each],
            usual=[check.id for check, _ in each if not check.opt_in],
            role=(each[0][0].requires.role or "") if kind is Kind.ROLE else "",
        )
        for (kind, cure), each in found.items()
    ]
    return tuple(sorted(groups, key=lambda group: (-len(group.usual), -len(group.checks))))


def _lacking(check: Check[Any, Any], server: Server, rights: _Rights) -> tuple[Kind, Lack] | None:
    """The first thing that is missing, in the order in which the runner meets it."""
    needs = check.requires
    lack = needs.unmet(server)
    if lack is not None:
        if needs.role is not None and not server.has_role(needs.role):
            return Kind.ROLE, lack
        is_extension = (
            needs.extension is not None and server.extension(needs.extension, needs.extension_version) is None
        )
        return (Kind.EXTENSION if is_extension else Kind.SETTING), lack
    if server.in_recovery and not check.standby:
        return Kind.PRIMARY, Lack("it means nothing on a standby", "Ask the primary.")
    if check.probe is not None:
        name = check.probe.facility
        return Kind.FACILITY, Lack(
            f"no facility {name!r} was handed in", _HANDED_IN.get(name, f"facilities={{{name!r}}}")
        )
    query = check.query_for(server)
    if isinstance(query, Lack):
        return (Kind.EXTENSION if "extension" in query.reason else Kind.VERSION), query
    if needs.extension == STATEMENTS and "pg_stat_statements.track" not in server.settings:
        cure = f"Add {STATEMENTS} to shared_preload_libraries, to what stands there, and restart the server."
        return Kind.SETTING, Lack(f"the library of {STATEMENTS} is not loaded", cure)
    missing = [grant for grant in (rights.spelled(each) for each in needs.grants) if not rights.has(grant)]
    if missing:
        cure = "\n".join(f"GRANT {grant} TO {quote_identifier(server.user)};" for grant in missing)
        return Kind.GRANT, Lack(f"{server.user} may not: {missing[0]}", cure)
    return None


_HANDED_IN = {
    "pgbouncer": "pgops check --pgbouncer URL",
    "disk": "pgops check --disk PATH",
    "backups": "pgops check --backups TOOL:NAME",
    "project": "Run it in a project with a postgres.toml.",
}

_FUNCTION = re.compile(r"EXECUTE ON FUNCTION (.+\))")
_COLUMN = re.compile(r"(\w+) \((\w+)\) ON (\S+)")
_RELATION = re.compile(r"(\w+) ON (?!FUNCTION )(\S+)")


class _Rights:
    """Whether the role has rights on single objects; each is asked once. What is not there can't be denied."""

    def __init__(self, cursor: psycopg.Cursor[Any], server: Server) -> None:
        self._cursor, self._server = cursor, server
        self._known: dict[str, bool] = {}

    def spelled(self, grant: str) -> str:
        """With the schemas that extensions are installed in."""
        extensions = self._server.extensions
        return re.sub("<<(.*?)>>", lambda slot: quote_identifier(extensions[slot[1]].schema), grant)

    def has(self, grant: str) -> bool:
        if grant not in self._known:
            self._known[grant] = self._server.is_superuser or self._ask(grant)
        return self._known[grant]

    def _ask(self, grant: str) -> bool:
        asked = next(self._questions(grant), None)
        if asked is None:
            return True
        sql, parameters = asked
        with suppress(psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedObject):
            with self._cursor.connection.transaction():
                row = self._cursor.execute(sql, parameters, prepare=False).fetchone()
            return row is None or row[0] is not False
        return False

    @staticmethod
    def _questions(grant: str) -> Iterator[tuple[Any, list[str]]]:
        if found := _FUNCTION.fullmatch(grant):
            yield (
                "SELECT pg_catalog.has_function_privilege(pg_catalog.to_regprocedure(%s)::pg_catalog.oid, 'EXECUTE')",
                [found[1]],
            )
        elif found := _COLUMN.fullmatch(grant):
            yield (
                "SELECT pg_catalog.has_column_privilege(pg_catalog.to_regclass(%s)::pg_catalog.oid,"
                " %s::pg_catalog.text, %s)",
                [found[3], found[2], found[1]],
            )
        elif found := _RELATION.fullmatch(grant):
            yield (
                "SELECT pg_catalog.has_table_privilege(pg_catalog.to_regclass(%s)::pg_catalog.oid, %s)",
                [found[2], found[1]],
            )
