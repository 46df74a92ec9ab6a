"""Domains, enums, composite types, and what else CASCADE reaches."""

from __future__ import annotations

from tests.migrations.lock_rows.row import Row

DOMAIN = (
    "CREATE DOMAIN d AS int; CREATE TABLE t (id int, x d); "
    "INSERT INTO t VALUES (1, 1), (2, 2); CREATE TABLE u (x d); "
    "INSERT INTO u VALUES (1);"
)

ROWS = [
    Row(
        "domain add constraint",
        DOMAIN,
        "ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0)",
        {"t": "S scan", "u": "S scan"},
    ),
    Row("domain add constraint not valid", DOMAIN, "ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0) NOT VALID", {}),
    Row(
        "domain validate",
        DOMAIN + "ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0) NOT VALID;",
        "ALTER DOMAIN d VALIDATE CONSTRAINT k",
        {"t": "S scan", "u": "S scan"},
    ),
    Row("domain set not null", DOMAIN, "ALTER DOMAIN d SET NOT NULL", {"t": "S scan", "u": "S scan"}),
    Row("domain set not null, is", DOMAIN + "ALTER DOMAIN d SET NOT NULL;", "ALTER DOMAIN d SET NOT NULL", {}),
    Row(
        "domain drop constraint",
        DOMAIN + "ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0);",
        "ALTER DOMAIN d DROP CONSTRAINT k",
        {},
    ),
    Row("domain set default", DOMAIN, "ALTER DOMAIN d SET DEFAULT 1", {}),
    Row(
        "domain over a domain, add constraint",
        DOMAIN + "CREATE DOMAIN e AS d; CREATE TABLE w (x e); INSERT INTO w VALUES (1);",
        "ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0)",
        {"t": "S scan", "u": "S scan", "w": "S scan"},
    ),
    Row(
        "domain in a partition, add constraint",
        (
            "CREATE DOMAIN d AS int; CREATE TABLE p (id int, x d) PARTITION BY RANGE (id); "
            "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9); "
            "INSERT INTO p VALUES (1, 1);"
        ),
        "ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0)",
        {"p1": "S scan"},
    ),
    Row(
        "enum add value",
        "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (x e); INSERT INTO t VALUES ('a');",
        "ALTER TYPE e ADD VALUE 'b'",
        {},
    ),
    Row(
        "enum value used in the same transaction",
        "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (x e); INSERT INTO t VALUES ('a');",
        "ALTER TYPE e ADD VALUE 'b'; INSERT INTO t VALUES ('b')",
        "55P04",
    ),
    Row(
        "composite add attribute",
        "CREATE TYPE ty AS (a int); CREATE TABLE t (x ty); INSERT INTO t VALUES (ROW(1));",
        "ALTER TYPE ty ADD ATTRIBUTE b int",
        {"ty": "AX"},
        unknown=True,
    ),
    Row(
        "composite add attribute cascade",
        "CREATE TYPE ty AS (id int); CREATE TABLE t OF ty; INSERT INTO t VALUES (1);",
        "ALTER TYPE ty ADD ATTRIBUTE b int CASCADE",
        {"ty": "AX", "t": "AX"},
        unknown=True,
    ),
    Row(
        "drop type cascade",
        "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (id int, x e); INSERT INTO t VALUES (1, 'a');",
        "DROP TYPE e CASCADE",
        {"t": "AX"},
        unknown=True,
    ),
    Row("drop domain cascade", DOMAIN, "DROP DOMAIN d CASCADE", {"t": "AX", "u": "AX"}, unknown=True),
    Row(
        "drop function cascade",
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; "
            "CREATE TABLE t (id int DEFAULT f()); INSERT INTO t DEFAULT VALUES;"
        ),
        "DROP FUNCTION f CASCADE",
        {"t": "AX"},
        unknown=True,
    ),
    Row(
        "domain in an array column, add constraint",
        "CREATE DOMAIN d AS int; CREATE TABLE t (x d[]); INSERT INTO t VALUES ('{1}');",
        "ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0)",
        "0A000",
    ),
    Row(
        "domain in a composite type, add constraint",
        ("CREATE DOMAIN d AS int; CREATE TYPE ty AS (x d); CREATE TABLE t (x ty); INSERT INTO t VALUES (ROW(1));"),
        "ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0)",
        "0A000",
    ),
    Row(
        "domain in a materialized view, add constraint",
        DOMAIN + "CREATE MATERIALIZED VIEW m AS SELECT x FROM t;",
        "ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0)",
        {"t": "S scan", "u": "S scan", "m": "S scan"},
    ),
    Row(
        "enum rename value",
        "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (x e); INSERT INTO t VALUES ('a');",
        "ALTER TYPE e RENAME VALUE 'a' TO 'b'",
        {},
    ),
    Row("rename type", "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (x e);", "ALTER TYPE e RENAME TO g", {}),
]
