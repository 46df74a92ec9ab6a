"""The facts about a server: right for every version and role, whatever the session has been set to."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import sql

from pgops.db.server import FACTS_SQL, Extension, Server
from pgops.scratch import fresh_database


def facts(conn) -> Server:
    row = conn.execute(FACTS_SQL).fetchone()
    assert row is not None
    return Server.from_row(row)


def test_facts_of_a_superuser(database) -> None:
    with database.connect() as conn:
        server = facts(conn)
        assert server.version == conn.info.server_version
    assert server.major == database.server.major
    assert server.release.startswith(f"{server.major}.")
    assert server.database == database.name
    assert (server.user, server.is_superuser, server.in_recovery) == ("postgres", True, False)
    assert server.encoding == "UTF8"
    assert server.now.tzinfo is UTC
    assert abs(server.now - datetime.now(UTC)) < timedelta(minutes=5)
    assert server.extensions["plpgsql"].schema == "pg_catalog"
    assert server.has_role("pg_monitor")
    assert server.lacks_role("pg_monitor") is None
    assert pickle.loads(pickle.dumps(server)) == server


def test_a_bare_role_and_one_that_inherits(database) -> None:
    with database.connect() as conn:
        conn.execute('CREATE ROLE "bare \'%role" LOGIN')
        conn.execute("CREATE ROLE watcher LOGIN IN ROLE pg_monitor")
        conn.execute("CREATE ROLE half LOGIN NOINHERIT IN ROLE pg_monitor")
    try:
        with database.connect(user="bare '%role") as conn:
            bare = facts(conn)
        with database.connect(user="watcher") as conn:
            watcher = facts(conn)
        with database.connect(user="half") as conn:
            half = facts(conn)
    finally:
        with database.connect() as conn:
            conn.execute('DROP ROLE "bare \'%role", watcher, half')
    assert (bare.user, bare.is_superuser, bare.roles) == ("bare '%role", False, frozenset())
    lack = bare.lacks_role("pg_monitor")
    assert lack is not None
    assert lack.cure == 'GRANT pg_monitor TO "bare \'%role";'
    assert {"pg_monitor", "pg_read_all_stats", "pg_read_all_settings", "pg_stat_scan_tables"} <= watcher.roles
    assert watcher.lacks_role("pg_read_all_stats") is None
    assert watcher.lacks_role("pg_read_all_data") is not None
    assert not half.has_role("pg_monitor")


def test_the_owner_of_the_database_holds_its_role(any_database) -> None:
    with any_database.connect() as conn:
        conn.execute("CREATE ROLE owner_of_it LOGIN")
        conn.execute(sql.SQL("ALTER DATABASE {} OWNER TO owner_of_it").format(sql.Identifier(any_database.name)))
    try:
        with any_database.connect(user="owner_of_it") as conn:
            assert facts(conn).roles == {"pg_database_owner"}
    finally:
        with any_database.connect() as conn:
            conn.execute(sql.SQL("ALTER DATABASE {} OWNER TO postgres").format(sql.Identifier(any_database.name)))
            conn.execute("DROP ROLE owner_of_it")


def test_set_role_counts(any_database) -> None:
    with any_database.connect() as conn, conn.transaction(force_rollback=True):
        conn.execute("CREATE ROLE lowly")
        conn.execute("SET LOCAL ROLE lowly")
        server = facts(conn)
        assert (server.user, server.is_superuser) == ("lowly", False)


HOSTILE = """
CREATE SCHEMA evil;
CREATE FUNCTION evil.current_database() RETURNS name LANGUAGE sql AS $$ SELECT 'evil'::name $$;
CREATE FUNCTION evil.pg_is_in_recovery() RETURNS bool LANGUAGE sql AS $$ SELECT TRUE $$;
CREATE FUNCTION evil.never(name, name) RETURNS bool LANGUAGE sql AS $$ SELECT FALSE $$;
CREATE FUNCTION evil.never(oid, oid) RETURNS bool LANGUAGE sql AS $$ SELECT FALSE $$;
CREATE OPERATOR evil.= (LEFTARG = name, RIGHTARG = name, FUNCTION = evil.never);
CREATE OPERATOR evil.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = evil.never);
CREATE TABLE evil.pg_roles (rolname name);
CREATE TABLE evil.pg_extension (extname name);
CREATE DOMAIN evil.int4 AS text;
CREATE DOMAIN evil.text AS bytea;
"""


def test_a_hostile_search_path_changes_nothing(database) -> None:
    with database.connect() as conn:
        before = facts(conn)
        conn.execute(HOSTILE)
        conn.execute("SET search_path = evil, pg_catalog")
        after = facts(conn)
    assert (after.database, after.is_superuser, after.in_recovery) == (before.database, True, False)
    assert (after.extensions, after.roles) == (before.extensions, before.roles)


@pytest.mark.parametrize(
    "setting",
    ["datestyle = 'SQL, DMY'", "timezone = 'Asia/Kathmandu'", "extra_float_digits = -15", "lc_messages = 'C'"],
)
def test_session_settings_do_not_matter(any_database, setting: str) -> None:
    with any_database.connect() as conn:
        conn.execute("SET " + setting)
        assert abs(facts(conn).now - datetime.now(UTC)) < timedelta(minutes=5)


@pytest.mark.parametrize("client_encoding", ["SQL_ASCII", "LATIN1", "UTF8"])
def test_text_may_come_as_bytes(any_server, client_encoding: str) -> None:
    with fresh_database(any_server, "größe") as database, database.connect(client_encoding=client_encoding) as conn:
        server = facts(conn)
    assert server.database == "größe"
    assert server.encoding == "UTF8"
    assert "plpgsql" in server.extensions


def test_bytes_that_are_no_utf8_can_still_be_shown() -> None:
    row = (
        180000,
        b"18.0",
        b"sh\xf6p",
        b"ann",
        0.0,
        False,
        False,
        b"SQL_ASCII",
        [b"pg_monitor"],
        [b"x"],
        [b"1"],
        [b"s"],
        [b"on", b"off", b"auto", None],
    )
    server = Server.from_row(row)
    assert server.database == "sh\\xf6p"
    assert server.now == datetime(1970, 1, 1, tzinfo=UTC)
    assert server.extension("x") == Extension(name="x", version="1", schema="s")
    assert server.settings == {"track_activities": "on", "track_counts": "off", "compute_query_id": "auto"}


def test_settings_that_leave_the_server_blind(any_database) -> None:
    with any_database.connect() as conn:
        assert facts(conn).lacks_setting("track_activities", useless="off") is None
        conn.execute("SET track_activities = off")
        lack = facts(conn).lacks_setting("track_activities", useless="off")
    assert lack is not None
    assert (lack.reason, lack.cure) == (
        "track_activities is off, so the server has seen nothing",
        "ALTER SYSTEM RESET track_activities;",
    )


def test_extensions_with_their_schema(database) -> None:
    with database.connect() as conn:
        conn.execute('CREATE SCHEMA "Odd schema"')
        try:
            conn.execute('CREATE EXTENSION pg_stat_statements SCHEMA "Odd schema"')
        except psycopg.errors.FeatureNotSupported:
            pytest.skip("this server has no contrib")
        server = facts(conn)
    found = server.extension("pg_stat_statements", "1.8")
    assert found is not None
    assert found.schema == "Odd schema"
    assert server.extension("pg_stat_statements", "99.0") is None
    too_old = server.lacks_extension("pg_stat_statements", "99.0")
    assert too_old is not None
    assert too_old.reason == f"extension pg_stat_statements is {found.version}, and 99.0 is needed"
    missing = server.lacks_extension("hypopg")
    assert missing is not None
    assert missing.cure == "CREATE EXTENSION hypopg;"


@pytest.mark.parametrize(
    ("version", "wanted", "expected"),
    [
        ("1.10", "1.9", True),
        ("1.9", "1.10", False),
        ("1.9", "1.9", True),
        ("3.4.2dev", "3.4", True),
        ("2", "2.0", False),
    ],
)
def test_versions_compare_number_by_number(version: str, wanted: str, expected: bool) -> None:
    assert Extension(name="x", version=version, schema="s").at_least(wanted) is expected


async def test_the_same_row_serves_asyncio(any_database) -> None:
    async with await psycopg.AsyncConnection.connect(any_database.conninfo()) as conn:
        row = await (await conn.execute(FACTS_SQL)).fetchone()
    assert row is not None
    assert Server.from_row(row).database == any_database.name


def test_on_a_standby(any_server, tmp_path_factory) -> None:
    from tests.db.standby import start_standby

    with start_standby(any_server) as conninfo, psycopg.connect(conninfo, autocommit=True) as conn:
        assert facts(conn).in_recovery
