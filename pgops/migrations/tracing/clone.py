"""The schema of a live database, without its rows, loaded into a throwaway one: pg_dump --schema-only.

Left out is what leads out of the throwaway again: subscriptions and the passwords of foreign servers. Owners and
privileges do not decide what a statement locks. Roles that policies name are made where the whole server is ours.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pgops.dump.taking.schema_text import schema_text
from pgops.errors import DumpError, NoClientProgramError, TraceError
from pgops.migrations.tracing.carrying_out import carry_out
from pgops.migrations.tracing.place import conninfo_of
from pgops.programs import ChildConnection
from pgops.sql import statements as s
from pgops.sql.grammar import read_script

if TYPE_CHECKING:
    import psycopg

    from pgops.conninfo import Conninfo
    from pgops.migrations.tracing.place import Place

_APPLICATION = "pgops trace"

_OPTIONS = (
    "--no-owner",
    "--no-privileges",
    "--no-subscriptions",
    "--no-tablespaces",
    "--encoding=UTF8",
)


def load_clone(source: psycopg.Connection[Any] | Conninfo | str, place: Place, *, timeout_s: float = 300) -> None:
    """Make in `place` what stands in the database of `source`, rows left out; that database is only read.

    Raises `TraceError` when there is no pg_dump as new as the server, or when something in the schema can't be made:
    an extension, say, that the throwaway server does not have.
    """

    connection = _child_of(source)
    try:
        text = schema_text(connection, options=_OPTIONS, timeout_s=timeout_s)
    except (DumpError, NoClientProgramError) as problem:
        raise TraceError(problem.what, cure=problem.cure) from None
    with place.connect() as conn:
        if place.own_server:
            _make_roles(conn, text)
        _carry_out(conn, text)


def _child_of(source: psycopg.Connection[Any] | Conninfo | str) -> ChildConnection:
    import psycopg  # noqa: PLC0415

    if isinstance(source, psycopg.Connection):
        return ChildConnection.like(source, application=_APPLICATION)
    with psycopg.connect(conninfo_of(source).reveal(), connect_timeout=10) as conn:
        return ChildConnection.like(conn, application=_APPLICATION)


def _carry_out(conn: psycopg.Connection[Any], text: str) -> None:
    """The dump, statement by statement in one transaction."""
    from psycopg import Error  # noqa: PLC0415

    # What an older server does not know is a setting of the session alone (transaction_timeout since 17).
    known = {name for (name,) in conn.execute("SELECT name FROM pg_catalog.pg_settings").fetchall()}
    with conn.transaction():
        for statement in read_script(text).statements:
            match statement.meaning:
                case s.SetVariable(name=name) if name not in known:
                    continue
                case s.Other(what="create user mapping"):
                    continue
                case _:
                    pass
            try:
                carry_out(conn, statement)
            except Error as error:
                raise TraceError(
                    f"The clone could not be made: {error.diag.message_primary or error} ({statement.head})",
                    cure="Trace on a database that you have loaded yourself.",
                ) from None
        conn.execute("SELECT pg_catalog.set_config('search_path', '\"$user\", public', false)")


def _make_roles(conn: psycopg.Connection[Any], text: str) -> None:
    """Those that policies name."""
    from psycopg import sql  # noqa: PLC0415

    found = re.findall(
        r"^CREATE POLICY .*? TO ((?:\"(?:[^\"]|\"\")+\"|\w+)(?:, (?:\"(?:[^\"]|\"\")+\"|\w+))*)", text, re.MULTILINE
    )
    wanted = {
        each.strip('"').replace('""', '"') for roles in found for each in re.findall(r'"(?:[^"]|"")+"|\w+', roles)
    } - {"public", "PUBLIC", "current_user", "session_user"}
    there = {name for (name,) in conn.execute("SELECT rolname FROM pg_catalog.pg_roles").fetchall()}
    for role in sorted(wanted - there):
        conn.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
