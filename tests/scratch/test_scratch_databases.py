"""A fresh database: of any name, and dropped whatever is still in it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from psycopg import errors

from pgops.scratch import fresh_database

if TYPE_CHECKING:
    from pgops.scratch import ScratchServer

HOSTILE = ["two words", 'quo"te', "apo'strophe", "100%s {}", "a.b=c", "postgresql://host/db", "ünï ☃", "x" * 63]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_database_of_any_name(any_server: ScratchServer, name: str) -> None:
    with fresh_database(any_server, name) as database, database.connect() as conn:
        assert conn.execute("SELECT current_database()").fetchone() == (name,)
    assert not database_exists(any_server, name)


def test_a_name_that_exists_is_refused_and_kept(any_server: ScratchServer) -> None:
    with fresh_database(any_server) as first:
        with pytest.raises(errors.DuplicateDatabase), fresh_database(any_server, first.name):
            pytest.fail("made twice")
        assert database_exists(any_server, first.name)


def test_what_keeps_a_database_alive_is_dropped_with_it(server: ScratchServer) -> None:
    with fresh_database(server) as database:
        busy = database.connect()
        busy.execute("BEGIN")
        conn = database.connect()
        slot = f"slot_{server.major}_{os.getpid()}"  # before the prepared transaction: it would wait for that
        conn.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", [slot])
        conn.execute("CREATE TABLE t (a int)")
        conn.execute("BEGIN")
        conn.execute("INSERT INTO t VALUES (1)")
        conn.execute("PREPARE TRANSACTION 'it''s prepared'")
        conn.execute(
            "CREATE SUBSCRIPTION \"odd name\" CONNECTION 'host=/nowhere' PUBLICATION none WITH (connect = false)"
        )
    assert not database_exists(server, database.name)
    with server.connect() as conn:
        assert conn.execute("SELECT slot_name FROM pg_replication_slots WHERE slot_name = %s", [slot]).fetchall() == []


def test_a_database_that_the_test_dropped_or_closed_itself(any_server: ScratchServer) -> None:
    with fresh_database(any_server) as database, any_server.connect() as conn:
        conn.execute(f"DROP DATABASE {database.name}")
    with fresh_database(any_server) as database, any_server.connect() as conn:
        conn.execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS false")
    assert not database_exists(any_server, database.name)


def database_exists(server: ScratchServer, name: str) -> bool:
    with server.connect() as conn:
        return conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None
