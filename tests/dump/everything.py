"""A value of every type and a table of every kind, with hostile names; and what is left of our sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

# Type and two values that are not the same.
TYPES = (
    ("boolean", "true", "false"),
    ("smallint", "1", "-1"),
    ("integer", "7", "8"),
    ("bigint", "9223372036854775807", "9223372036854775806"),
    ("numeric", "1.0", "1.00"),
    ("numeric", "'NaN'", "'Infinity'"),
    ("real", "'0.1'", "'0.10000001'"),
    ("double precision", "0.1", "0.10000000000000002"),
    ("double precision", "'-0'", "'0'"),
    ("money", "12.34", "12.35"),
    ("text", "''", "NULL"),
    ("text", "'NULL'", "NULL"),
    ("text", "'a,b'", "'a\",\"b'"),
    ("text", "'\u00fcber \u2603'", "'\u00fcber \u2604'"),
    ("varchar(10)", "'x'", "'x '"),
    ("char(3)", "'x'", "'y'"),
    ('"char"', "'x'", "'y'"),
    ("name", "'n'", "'N'"),
    ("bytea", "'\\x00ff'", "'\\x00fe'"),
    ("bytea", "''", "'\\x00'"),
    ("date", "'2026-01-02'", "'infinity'"),
    ("time", "'12:00:00.000001'", "'12:00'"),
    ("timetz", "'12:00+01'", "'11:00+00'"),
    ("timestamp", "'2026-01-02 03:04:05'", "'2026-01-02 03:04:05.000001'"),
    ("timestamptz", "'2026-07-02 03:04:05+02'", "'2026-07-02 03:04:05+03'"),
    ("interval", "'1 mon'", "'30 days'"),
    ("uuid", "'00000000-0000-0000-0000-000000000001'", "'00000000-0000-0000-0000-000000000002'"),
    ("inet", "'10.0.0.1/8'", "'10.0.0.1'"),
    ("cidr", "'10.0.0.0/8'", "'10.0.0.0/9'"),
    ("macaddr", "'08:00:2b:01:02:03'", "'08:00:2b:01:02:04'"),
    ("bit(3)", "B'101'", "B'100'"),
    ("bit varying", "B''", "B'0'"),
    ("json", "'{\"a\": 1}'", "'{\"a\":1}'"),
    ("jsonb", "'{\"a\": 1}'", "'{\"a\": 1.0}'"),
    ("jsonpath", "'$.a'", "'$.b'"),
    ("point", "'(1,2)'", "'(1,3)'"),
    ("polygon", "'((0,0),(1,1),(2,0))'", "'((0,0),(1,1),(2,1))'"),
    ("circle", "'<(0,0),1>'", "'<(0,0),2>'"),
    ("tsvector", "'a:1 b:2'", "'a:1 b:3'"),
    ("tsquery", "'a & b'", "'a | b'"),
    ("int4range", "'[1,5)'", "'[1,6)'"),
    ("tstzrange", "'[2026-01-01 00:00+00,)'", "'empty'"),
    ("int4multirange", "'{[1,2),[5,6)}'", "'{[1,2)}'"),
    ("integer[]", "'{1,NULL,3}'", "'[0:2]={1,NULL,3}'"),
    ("text[]", "'{}'", "'{\"\"}'"),
    ("oid", "1", "2"),
    ("regclass", "'types.mood_of'", "'public.mood_of'"),
    ("regtype", "'types.mood'", "'integer'"),
    ("pg_lsn", "'0/1'", "'0/2'"),
    ("xid", "'1'", "'2'"),
    ("tid", "'(1,1)'", "'(1,2)'"),
    ("refcursor", "'one'", "'other'"),
    ("pg_snapshot", "'1:2:'", "'1:3:'"),
    ("types.mood", "'sad'", "'so so'"),
    ("types.mood[]", "'{sad}'", "'{\"so so\"}'"),
    ("types.pair", "'(1,)'", "'(1,\"\")'"),
    ("types.positive", "1", "2"),
    ("types.spans", "'[1,2]'", "'[1,3]'"),
)

TYPES_SQL = """
CREATE SCHEMA types;
CREATE TYPE types.mood AS ENUM ('sad', 'so so');
CREATE TYPE types.pair AS (a int, b text);
CREATE DOMAIN types.positive AS int CHECK (VALUE > 0);
CREATE TYPE types.spans AS RANGE (subtype = float8);
CREATE TABLE types.mood_of (t text); CREATE TABLE public.mood_of (t text);
CREATE FUNCTION types.never(types.mood_of) RETURNS text LANGUAGE sql AS $$ SELECT 'always the same' $$;
CREATE CAST (types.mood_of AS text) WITH FUNCTION types.never(types.mood_of);
"""


HOSTILE = (
    'CREATE SCHEMA "we""ird .%s"',
    'CREATE TABLE "we""ird .%s"."a\'b""c\nd" ("t" int, "%s" text, "x.y" text, "\u00fc \u2603" int)',
    'INSERT INTO "we""ird .%s"."a\'b""c\nd" VALUES (1, \'%s\', NULL, 2)',
    "CREATE TABLE t (t int, u text)",
    "INSERT INTO t VALUES (1, 'one'), (2, 'two')",
    "CREATE TABLE own (t types.pair)",
    "INSERT INTO own VALUES ((1, 'x'))",
    "CREATE TABLE nothing ()",
    "INSERT INTO nothing DEFAULT VALUES",
    "INSERT INTO nothing DEFAULT VALUES",
    "CREATE TABLE dropped (a int, b text, c int)",
    "INSERT INTO dropped VALUES (1, 'b', 3)",
    "ALTER TABLE dropped DROP COLUMN b, ADD COLUMN d int DEFAULT 4",
    "CREATE TABLE generated (a int, b int GENERATED ALWAYS AS (a * 2) STORED, c int GENERATED ALWAYS AS IDENTITY)",
    "INSERT INTO generated (a) VALUES (1)",
    "CREATE TABLE wide (a text)",
    "INSERT INTO wide SELECT string_agg(md5(i::text), '') FROM generate_series(1, 50000) AS i",
    "CREATE UNLOGGED TABLE unlogged (a int)",
    "CREATE TABLE parent (a int)",
    "CREATE TABLE child (b int) INHERITS (parent)",
    "INSERT INTO parent VALUES (1)",
    "INSERT INTO child VALUES (2, 3)",
    "CREATE TABLE parted (a int) PARTITION BY RANGE (a)",
    "CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (10)",
    "INSERT INTO parted VALUES (5)",
    "CREATE MATERIALIZED VIEW seen AS SELECT 1 AS one",
    "CREATE VIEW looked AS SELECT 1 AS one",
    "CREATE SEQUENCE counter",
    "CREATE TABLE many (" + ", ".join(f"c{i} int" for i in range(1600)) + ")",
    "INSERT INTO many (c7) VALUES (7)",
)


def sessions_left(conn: psycopg.Connection) -> int:
    """Ours, that are not about to end."""
    for _ in range(100):
        row = conn.execute(
            "SELECT count(*) FROM pg_stat_activity, pg_sleep(0.02)"
            " WHERE application_name = 'pgops snapshot' AND datname = current_database()"
        ).fetchone()
        if row == (0,):
            return 0
    return row[0]
