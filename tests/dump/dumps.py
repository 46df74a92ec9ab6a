"""Real dumps for tests: made by pg_dump itself, of a database with everything that is hard about names and rows."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from pgops.programs import PG_DUMP, ChildConnection, find_programs

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

    from pgops.programs import ClientProgram
    from pgops.scratch import ScratchDatabase

NASTY = "mine \"%s' ü\n--"
HOSTILE = 'od d; "Sché%s\n.ma'
QUOTED = '"' + HOSTILE.replace('"', '""') + '"'

SHOP = f"""
CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO customer SELECT g, md5(g::text) FROM generate_series(1, 1000) AS g;
CREATE TABLE purchase (id int PRIMARY KEY, customer_id int REFERENCES customer);
INSERT INTO purchase SELECT g, g FROM generate_series(1, 100) AS g;
CREATE SCHEMA {QUOTED};
CREATE TABLE {QUOTED}.{QUOTED} (x text);
INSERT INTO {QUOTED}.{QUOTED} VALUES (E'\\\\.'), (E'a\\n\\\\.\\n\\\\! touch /tmp/never\\nCOMMIT;');
CREATE FUNCTION atomic() RETURNS int LANGUAGE sql
    BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END;
CREATE FUNCTION quoting() RETURNS void LANGUAGE plpgsql AS $_$ BEGIN
COMMIT; -- ' \\! ls
SET transaction_timeout = 0;
END; $_$;
COMMENT ON TABLE customer IS 'it''s a; \\! "comment';
CREATE SEQUENCE tickets START 7;
CREATE VIEW sliced AS SELECT a[1:"HOST"] AS x FROM (SELECT 1 AS "HOST", ARRAY[1, 2] AS a) AS s;
SELECT lo_from_bytea(4711, 'large');
"""


def plant(database: ScratchDatabase, sql: str = SHOP) -> None:
    with database.connect() as conn:
        conn.execute(sql)


def pg_dump_of(major: int) -> ClientProgram:
    return next(each for each in find_programs(PG_DUMP) if each.major == major)


def dumped(database: ScratchDatabase, file: Path, form: str, *options: str, major: int | None = None) -> Path:
    """A dump by the real pg_dump: of that version, or the lowest that can."""
    with database.connect() as conn:
        child = ChildConnection.like(conn, application="test")
    programs = [each for each in find_programs(PG_DUMP) if each.major >= child.server_major]
    program = pg_dump_of(major) if major is not None else min(programs, key=lambda each: each.major)
    argv = [str(program.path), f"--format={form}", f"--file={file}", *options, f"--dbname={child.argument}"]
    with child.environment() as environment:
        subprocess.run(argv, check=True, env=environment)
    return file


def is_the_shop(conn: psycopg.Connection) -> None:
    assert conn.execute("SELECT count(*), min(name) FROM customer").fetchone()[0] == 1000
    rows = conn.execute(f"SELECT x FROM {QUOTED}.{QUOTED} ORDER BY 1").fetchall()
    assert {x for (x,) in rows} == {"\\.", "a\n\\.\n\\! touch /tmp/never\nCOMMIT;"}
    assert conn.execute("SELECT nextval('tickets'), atomic()").fetchone() == (7, 2)
    assert conn.execute("SELECT convert_from(lo_get(4711), 'UTF8')").fetchone() == ("large",)
    assert "transaction_timeout" in conn.execute("SELECT pg_get_functiondef('quoting'::regproc)").fetchone()[0]
    assert conn.execute("SELECT obj_description('customer'::regclass)").fetchone() == ("it's a; \\! \"comment",)
    assert conn.execute("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated").fetchone() == (1,)


def is_empty(conn: psycopg.Connection) -> bool:
    return conn.execute("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace").fetchone() == (0,)


def leftovers(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())
