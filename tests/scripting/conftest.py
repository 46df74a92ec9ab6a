"""A database for a whole module: its tests leave it as they found it, which is what most of them are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pgops.scratch import fresh_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from pgops.scratch import ScratchDatabase

TABLES = """
CREATE TABLE notes (id int PRIMARY KEY, text text);
INSERT INTO notes VALUES (1, 'one'), (2, 'two');
CREATE SEQUENCE numbers;
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE SCHEMA "Odd ""schema"" %s";
CREATE TABLE "Odd ""schema"" %s"."a.b%(c)s" ("x y%" int);
INSERT INTO "Odd ""schema"" %s"."a.b%(c)s" VALUES (7);
CREATE FUNCTION writes() RETURNS int LANGUAGE plpgsql AS $$BEGIN INSERT INTO notes VALUES (9, 'nine'); RETURN 1; END$$;
CREATE FUNCTION liar() RETURNS int STABLE LANGUAGE plpgsql AS $$BEGIN PERFORM pg_notify('a', 'b'); RETURN 1; END$$;
CREATE FUNCTION switches(int) RETURNS pg_lsn IMMUTABLE LANGUAGE plpgsql AS $$BEGIN RETURN pg_switch_wal(); END$$;
CREATE VIEW hides AS SELECT pg_advisory_lock(77)::text AS held;
CREATE FUNCTION adds(int, int) RETURNS int VOLATILE LANGUAGE plpgsql AS $$BEGIN RETURN nextval('numbers'); END$$;
CREATE OPERATOR <+> (LEFTARG = int, RIGHTARG = int, FUNCTION = adds);
CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$BEGIN INSERT INTO notes VALUES (8, 'eight'); COMMIT; END$$;
"""

STATE = """
SELECT (SELECT array_agg(n::text ORDER BY id) FROM notes AS n),
       (SELECT last_value || is_called::text FROM numbers),
       (SELECT array_agg(oid::bigint ORDER BY oid) FROM pg_class WHERE oid >= 16384),
       (SELECT array_agg(rolname::text ORDER BY 1) FROM pg_roles),
       (SELECT array_agg(setconfig::text ORDER BY 1) FROM pg_db_role_setting),
       (SELECT count(*) FROM pg_largeobject_metadata),
       (SELECT count(*) FROM pg_prepared_xacts),
       (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'),
       (SELECT count(*) FROM pg_replication_slots),
       (SELECT array_agg(name || setting) FROM pg_file_settings WHERE sourcefile LIKE '%auto.conf')
"""


@pytest.fixture(scope="module")
def database(any_server) -> Iterator[ScratchDatabase]:
    with fresh_database(any_server) as fresh:
        with fresh.connect() as conn:
            conn.execute(TABLES)
        yield fresh


@pytest.fixture
def conn(database) -> Iterator[psycopg.Connection]:
    with database.connect() as conn:
        yield conn


def state(conn) -> tuple:
    """Whatever a statement of these tests could leave behind."""
    return conn.execute(STATE).fetchone()
