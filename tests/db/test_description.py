"""connection_info and pg_version: what one connection is, on every route, and the connection left as it was."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row

import pgops
from pgops.db.connecting import connect, connect_async
from pgops.db.description import connection_info, connection_info_async
from pgops.db.versions import ServerVersion, pg_version
from pgops.errors import WrongConnectionError
from pgops.render.text import to_text
from tests.db.conftest import PASSWORD
from tests.db.standby import start_standby

if TYPE_CHECKING:
    from pgops.db.description import ConnectionInfo

ENV: dict[str, str] = {}


async def described(how: str, url: str, **wanted: object) -> ConnectionInfo:
    if how == "sync":
        with connect(url=url, env=ENV, **wanted) as conn:
            return connection_info(conn)
    async with await connect_async(url=url, env=ENV, **wanted) as conn:
        return await connection_info_async(conn)


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_on_every_version(how: str, database) -> None:
    server = database.server
    found = await described(how, database.conninfo(options=r"-c search_path=\"a\ b\",public -c TimeZone=Asia/Tokyo"))
    assert (found.database, found.user, found.session_user) == (database.name, server.superuser, server.superuser)
    assert (found.host, found.port) == (server.host, server.port)
    assert found.version.major == server.major
    assert found.search_path == '"a b",public'
    assert found.timezone == "Asia/Tokyo"
    assert found.application_name == "pgops"
    assert found.read_only_default
    assert (found.tls, found.in_recovery, found.through_pooler) == (None, False, False)
    assert pickle.loads(pickle.dumps(found)) == found


def test_the_pid_is_the_sessions(any_database) -> None:
    with any_database.connect() as conn, any_database.connect() as other:
        pid = connection_info(conn).pid
        assert other.execute("SELECT application_name FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone() == ("",)
        assert pid == conn.info.backend_pid


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_tls_in_use(how: str, tls_server) -> None:
    params = {"dbname": "postgres", "host": "127.0.0.1", "user": "wants_tls", "password": PASSWORD}
    found = await described(how, tls_server.conninfo(sslmode="require", **params))
    assert found.user == "wants_tls"  # a bare role
    assert found.tls is not None
    assert found.tls.version.startswith("TLSv1.")
    assert found.tls.cipher
    assert f"TLS {found.tls.version}" in str(found)


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_behind_a_pooler(how: str, pgbouncer, tls_pgbouncer) -> None:
    found = await described(how, pgbouncer.conninfo())
    assert found.through_pooler
    assert (found.host, found.port, found.tls) == ("127.0.0.1", pgbouncer.port, None)
    assert not found.read_only_default  # its transactions are
    encrypted = await described(how, tls_pgbouncer.conninfo(sslmode="require"))
    assert (encrypted.tls.version, encrypted.tls.cipher) == (None, None)  # of our leg nobody tells
    assert "TLS in use" in str(encrypted)


def test_a_standby(any_server) -> None:
    with start_standby(any_server) as conninfo, connect(url=conninfo, env=ENV) as conn:
        assert connection_info(conn).in_recovery
        assert "(standby)" in str(connection_info(conn))


def test_the_role_that_was_set(any_database) -> None:
    with any_database.connect() as conn:
        conn.execute("SET ROLE pg_monitor")
        found = connection_info(conn)
    assert (found.user, found.session_user) == ("pg_monitor", any_database.server.superuser)


def test_operators_and_functions_of_others_are_not_taken(any_database) -> None:
    with any_database.connect() as conn:
        conn.execute("""
            CREATE FUNCTION never(int, int) RETURNS bool LANGUAGE sql AS 'SELECT false';
            CREATE OPERATOR = (FUNCTION = never, LEFTARG = int, RIGHTARG = int);
            CREATE FUNCTION pg_backend_pid() RETURNS int LANGUAGE sql AS 'SELECT -1';
            SET search_path = public, pg_catalog;
        """)
        assert connection_info(conn).pid == conn.info.backend_pid


STATES = {
    "autocommit": (True, "", TransactionStatus.IDLE),
    "no autocommit": (False, "", TransactionStatus.IDLE),
    "in a transaction": (False, "SELECT 1", TransactionStatus.INTRANS),
    "in a transaction, autocommit": (True, "BEGIN", TransactionStatus.INTRANS),
}


@pytest.mark.parametrize(("autocommit", "before", "status"), STATES.values(), ids=STATES.keys())
def test_the_connection_is_left_as_it_was(any_database, autocommit: bool, before: str, status) -> None:
    with any_database.connect(autocommit=autocommit, row_factory=dict_row) as conn:
        if before:
            conn.execute(before)
        assert connection_info(conn).database == any_database.name
        assert conn.info.transaction_status is status


def test_a_failed_transaction_is_the_callers(any_database) -> None:
    with any_database.connect(autocommit=False) as conn:
        with pytest.raises(psycopg.errors.UndefinedTable):
            conn.execute("SELECT * FROM nowhere")
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            connection_info(conn)
        assert pg_version(conn).major == any_database.server.major  # it needs no question


async def test_the_wrong_kind_of_connection(any_database) -> None:
    with any_database.connect() as conn, pytest.raises(WrongConnectionError, match="Use connection_info"):
        await connection_info_async(conn)
    async with await connect_async(url=any_database.conninfo(), env=ENV) as conn:
        with pytest.raises(WrongConnectionError, match="Use connection_info_async"):
            connection_info(conn)
        assert pg_version(conn).major == any_database.server.major


HOSTILE = 'x" <b>\x1b[2J\u202e|\n%s'


def test_hostile_names_are_harmless_to_show(any_server) -> None:
    name = sql.Identifier(HOSTILE)
    with any_server.connect() as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(name))
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
    try:
        url = any_server.conninfo(HOSTILE, user=HOSTILE)
        with connect(url=url, env=ENV, application_name=HOSTILE.replace("\n", " ")) as conn:
            found = connection_info(conn)
        assert (found.database, found.user) == (HOSTILE, HOSTILE)
        for shown in (str(found), to_text(found.to_document()), str(pgops.test_connection(url=url, env=ENV))):
            assert "\x1b" not in shown
            assert "\u202e" not in shown
    finally:
        with any_server.connect() as admin:
            admin.execute(sql.SQL("DROP DATABASE {}").format(name))
            admin.execute(sql.SQL("DROP ROLE {}").format(name))


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_any_client_encoding(any_database, encoding: str) -> None:
    with any_database.connect(client_encoding=encoding) as conn:
        found = connection_info(conn)
    assert found.database == any_database.name
    assert isinstance(found.search_path, str)


VERSIONS = {
    "a release": (160014, "16.14 (Debian 16.14-1.pgdg12+1)", (16, 14), "16.14"),
    "a beta": (190000, "19beta1", (19, 0), "19beta1"),
    "development": (190000, "19devel", (19, 0), "19devel"),
    "no text": (180004, "", (18, 4), "18.4"),
}


@pytest.mark.parametrize(("number", "release", "parts", "shown"), VERSIONS.values(), ids=VERSIONS.keys())
def test_versions(number: int, release: str, parts: tuple[int, int], shown: str) -> None:
    version = ServerVersion(number, release)
    assert (version.major, version.minor) == parts
    assert str(version) == shown


def test_versions_compare_by_number() -> None:
    assert ServerVersion(90624, "9.6.24") < ServerVersion(140020, "14.20") < ServerVersion(180000, "18.0")
    assert ServerVersion(180004, "18.4 (Debian)") == ServerVersion(180004, "18.4")


def test_the_version_of_each_server(database) -> None:
    with database.connect() as conn:
        version = pg_version(conn)
        assert version.major == database.server.major
        assert conn.execute("SHOW server_version_num").fetchone() == (str(version.number),)
        assert conn.execute("SHOW server_version").fetchone() == (version.release,)
