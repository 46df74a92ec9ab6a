"""Connections in every state that an owner may leave them in, what is asked over them, and what is compared.

For the tests of both runners: each state changes a connection, `standing` is everything its owner could notice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import psycopg
import pytest
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row, scalar_row

from tests.checks.making import make_check, trusted, untrusted

if TYPE_CHECKING:
    import pgops

ROUTES = [pytest.param(trusted, id="one message"), pytest.param(untrusted, id="extended protocol")]

NAME = make_check("name", "SELECT 'Ümläut €'::text AS name")
SLOW = make_check("slow", "SELECT pg_catalog.pg_sleep(30)::text AS name")
BROKEN = make_check("broken", "SELECT 1/0 || '' AS name")
QUIET = make_check("quiet")


@attrs.frozen(kw_only=True)
class Everything:
    text: str
    whole: int
    number: float
    yes: bool
    names: tuple[str, ...] = attrs.field(converter=tuple)
    at: object


ALL_TYPES = make_check(
    "types",
    "SELECT 'é%%'::text AS text, 7::bigint AS whole, 0.1::float8 AS number, true AS yes,"
    " ARRAY['a', 'ß']::text[] AS names,"
    " '2026-11-22 10:00:00.5+02'::timestamptz AS at",
    row=Everything,
    judge=None,
)


def outcomes(report: pgops.Report) -> dict[str, str]:
    return {result.check.removeprefix("made."): str(result.outcome) for result in report.results}


# --- connections as they come -----------------------------------------------------------------------------------------


def plain(conn):
    pass


def not_autocommit(conn):
    conn.autocommit = False


def open_transaction(conn):
    conn.execute("BEGIN")
    conn.execute("CREATE TABLE mine (a int)")


def open_without_autocommit(conn):
    conn.autocommit = False
    conn.execute("CREATE TABLE mine (a int)")


def repeatable_read(conn):
    conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    conn.execute("SELECT count(*) FROM pg_class")


def read_only_transaction(conn):
    conn.execute("BEGIN READ ONLY")


def serializable_deferrable(conn):
    conn.execute("SET default_transaction_isolation = serializable")
    conn.execute("SET default_transaction_deferrable = on")


def dict_rows(conn):
    conn.row_factory = dict_row


def failing_row_factory(conn):
    def refuse(_):
        raise AssertionError("the caller's row factory is not ours to use")

    conn.row_factory = refuse


def client_cursor(conn):
    conn.cursor_factory = psycopg.ClientCursor


def raw_cursor(conn):
    conn.cursor_factory = psycopg.RawCursor


def latin1(conn):
    conn.execute("SET client_encoding = 'LATIN9'")


def sql_ascii_client(conn):
    conn.execute("SET client_encoding = 'SQL_ASCII'")


def german_dates(conn):
    conn.execute("SET DateStyle = 'German'")
    conn.execute("SET TimeZone = 'Asia/Kathmandu'")


def hostile_search_path(conn):
    conn.execute("CREATE SCHEMA evil")
    conn.execute("CREATE FUNCTION evil.pg_sleep(int) RETURNS text LANGUAGE sql AS $$ SELECT 'evil' $$")
    conn.execute("CREATE VIEW evil.pg_class AS SELECT 1 AS nothing")
    conn.execute("SET search_path = evil, pg_catalog")


def old_strings(conn):
    conn.execute("SET standard_conforming_strings = off")


def own_loaders(conn):
    class Refusing(psycopg.adapt.Loader):
        def load(self, data):
            raise AssertionError("the caller's loaders are not ours to use")

    for name in ("text", "int8", "bool", "float8", "timestamptz"):
        conn.adapters.register_loader(name, Refusing)


STATES = [
    plain,
    not_autocommit,
    open_transaction,
    open_without_autocommit,
    repeatable_read,
    read_only_transaction,
    serializable_deferrable,
    dict_rows,
    failing_row_factory,
    client_cursor,
    raw_cursor,
    latin1,
    sql_ascii_client,
    german_dates,
    hostile_search_path,
    old_strings,
    own_loaders,
]

SETTINGS = (
    "search_path",
    "statement_timeout",
    "lock_timeout",
    "client_encoding",
    "DateStyle",
    "TimeZone",
    "jit",
    "transaction_isolation",
    "transaction_read_only",
    "default_transaction_isolation",
)


def standing(conn):
    """Everything about a connection that its owner could notice."""
    status = conn.info.transaction_status
    settings = {}
    if status == TransactionStatus.INTRANS:  # elsewhere asking would begin a transaction
        with psycopg.RawCursor(conn, row_factory=scalar_row) as cursor:
            for name in SETTINGS:
                settings[name] = cursor.execute(f"SHOW {name}".encode()).pgresult.get_value(0, 0)
    return (
        status,
        conn.autocommit,
        conn.row_factory,
        conn.cursor_factory,
        conn.info.encoding,
        conn.pgconn.parameter_status(b"DateStyle"),
        conn.pgconn.parameter_status(b"TimeZone"),
        conn.read_only,
        conn.isolation_level,
        settings,
    )
