"""Columns: added, changed, dropped."""

from __future__ import annotations

from tests.migrations.lock_rows.row import (
    DOMAINS,
    KEY,
    NULLABLE_PARTS,
    PARENTS,
    PARTS,
    TEXT_PARTS,
    TWO,
    VIRTUAL,
    Row,
    T,
)

CHANGED = (
    "CREATE FUNCTION vol() RETURNS int LANGUAGE plpgsql VOLATILE AS 'BEGIN RETURN 1; "
    "END'; CREATE FUNCTION sta() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';"
)

ROWS = [
    Row("add column", T, "ALTER TABLE t ADD COLUMN n int", {"t": "AX"}),
    Row("add column, constant", T, "ALTER TABLE t ADD COLUMN n int NOT NULL DEFAULT 7", {"t": "AX"}),
    Row("add column, now()", T, "ALTER TABLE t ADD COLUMN n timestamptz DEFAULT now()", {"t": "AX"}),
    Row("add column, current_date", T, "ALTER TABLE t ADD COLUMN n date DEFAULT CURRENT_DATE", {"t": "AX"}),
    Row("add column, stable function", T + CHANGED, "ALTER TABLE t ADD COLUMN n int DEFAULT sta()", {"t": "AX"}),
    Row("add column, volatile function", T + CHANGED, "ALTER TABLE t ADD COLUMN n int DEFAULT vol()", {"t": "AX rw"}),
    Row("add column, random()", T, "ALTER TABLE t ADD COLUMN n float DEFAULT random()", {"t": "AX rw"}),
    Row(
        "add column, clock_timestamp()",
        T,
        "ALTER TABLE t ADD COLUMN n timestamptz DEFAULT clock_timestamp()",
        {"t": "AX rw"},
    ),
    Row(
        "add column, gen_random_uuid()", T, "ALTER TABLE t ADD COLUMN n uuid DEFAULT gen_random_uuid()", {"t": "AX rw"}
    ),
    Row("add column serial", T, "ALTER TABLE t ADD COLUMN n bigserial", {"t": "AX rw"}),
    Row("add column identity", T, "ALTER TABLE t ADD COLUMN n int GENERATED ALWAYS AS IDENTITY", {"t": "AX rw"}),
    Row("add column stored", T, "ALTER TABLE t ADD COLUMN n int GENERATED ALWAYS AS (a + 1) STORED", {"t": "AX rw"}),
    Row(
        "add column virtual",
        T,
        "ALTER TABLE t ADD COLUMN n int GENERATED ALWAYS AS (a + 1) VIRTUAL",
        "42601",
        {18: {"t": "AX"}},
    ),
    Row(
        "add column virtual not null",
        T,
        "ALTER TABLE t ADD COLUMN n int NOT NULL GENERATED ALWAYS AS (a + 1) VIRTUAL",
        "42601",
        {18: {"t": "AX scan"}},
    ),
    Row("add column, plain domain", T + DOMAINS, "ALTER TABLE t ADD COLUMN n d", {"t": "AX"}),
    Row("add column, checked domain", T + DOMAINS, "ALTER TABLE t ADD COLUMN n pos", {"t": "AX rw"}),
    Row("add column, checked domain, default", T + DOMAINS, "ALTER TABLE t ADD COLUMN n pos DEFAULT 1", {"t": "AX rw"}),
    Row("add column, not null domain", T + DOMAINS, "ALTER TABLE t ADD COLUMN n nn DEFAULT 1", {"t": "AX rw"}),
    Row(
        "add column, domain over a checked domain",
        T + DOMAINS + "CREATE DOMAIN over AS pos;",
        "ALTER TABLE t ADD COLUMN n over",
        {"t": "AX rw"},
    ),
    Row("add column, array of a checked domain", T + DOMAINS, "ALTER TABLE t ADD COLUMN n pos[]", {"t": "AX"}),
    Row("add column not null without default", T, "ALTER TABLE t ADD COLUMN n int NOT NULL", "23502"),
    Row(
        "add column not null without default, no rows",
        "CREATE TABLE t (id int);",
        "ALTER TABLE t ADD COLUMN n int NOT NULL",
        {"t": "AX scan"},
    ),
    Row("add column check", T, "ALTER TABLE t ADD COLUMN n int CHECK (n > 0)", {"t": "AX scan"}),
    Row("add column unique", T, "ALTER TABLE t ADD COLUMN n int UNIQUE", {"t": "AX scan"}),
    Row(
        "add column primary key",
        "CREATE TABLE t (id int); INSERT INTO t VALUES (1);",
        "ALTER TABLE t ADD COLUMN n int PRIMARY KEY DEFAULT 1",
        {"t": "AX scan"},
    ),
    Row("add column references", TWO, "ALTER TABLE child ADD COLUMN n int REFERENCES t", {"child": "AX", "t": "SRX"}),
    Row(
        "add column references, default",
        TWO,
        "ALTER TABLE child ADD COLUMN n int DEFAULT 1 REFERENCES t",
        {"child": "AX scan", "t": "SRX scan"},
    ),
    Row(
        "add column references, default null",
        TWO,
        "ALTER TABLE child ADD COLUMN n int DEFAULT NULL REFERENCES t",
        {"child": "AX scan", "t": "SRX"},
    ),
    Row("add column if not exists, exists", T, "ALTER TABLE t ADD COLUMN IF NOT EXISTS a int", {"t": "AX"}),
    Row("add column, partitioned", PARTS, "ALTER TABLE p ADD COLUMN n int", {"p": "AX", "p1": "AX", "p2": "AX"}),
    Row(
        "add column, partitioned, volatile",
        PARTS,
        "ALTER TABLE p ADD COLUMN n float DEFAULT random()",
        {"p": "AX", "p1": "AX rw", "p2": "AX rw"},
    ),
    Row("add column, inherited", PARENTS, "ALTER TABLE mother ADD COLUMN n int", {"mother": "AX", "son": "AX"}),
    Row("drop column", T, "ALTER TABLE t DROP COLUMN a", {"t": "AX"}),
    Row("drop column in a foreign key", KEY, "ALTER TABLE child DROP COLUMN t_id", {"child": "AX", "t": "AX"}),
    Row("drop column that is referenced", KEY, "ALTER TABLE t DROP COLUMN id CASCADE", {"child": "AX", "t": "AX"}),
    Row(
        "drop column under a view",
        T + "CREATE VIEW v AS SELECT a FROM t;",
        "ALTER TABLE t DROP COLUMN a CASCADE",
        {"t": "AX", "v": "AX"},
    ),
    Row("drop column, partitioned", PARTS, "ALTER TABLE p DROP COLUMN a", {"p": "AX", "p1": "AX", "p2": "AX"}),
    Row("rename column", T, "ALTER TABLE t RENAME COLUMN a TO z", {"t": "AX"}),
    Row("rename column, partitioned", PARTS, "ALTER TABLE p RENAME COLUMN a TO z", {"p": "AX", "p1": "AX", "p2": "AX"}),
    Row("set default", T, "ALTER TABLE t ALTER a SET DEFAULT 1", {"t": "AX"}),
    Row("set default, volatile", T, "ALTER TABLE t ALTER a SET DEFAULT random()", {"t": "AX"}),
    Row("drop default", T, "ALTER TABLE t ALTER a DROP DEFAULT", {"t": "AX"}),
    Row(
        "drop not null",
        "CREATE TABLE t (id int NOT NULL); INSERT INTO t VALUES (1);",
        "ALTER TABLE t ALTER id DROP NOT NULL",
        {"t": "AX"},
    ),
    Row(
        "add identity",
        "CREATE TABLE t (id int NOT NULL); INSERT INTO t VALUES (1);",
        "ALTER TABLE t ALTER id ADD GENERATED ALWAYS AS IDENTITY",
        {"t": "AX"},
    ),
    Row(
        "drop identity",
        "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY); INSERT INTO t DEFAULT VALUES;",
        "ALTER TABLE t ALTER id DROP IDENTITY",
        {"t": "AX"},
    ),
    Row(
        "drop expression",
        ("CREATE TABLE t (id int, n int GENERATED ALWAYS AS (id + 1) STORED); INSERT INTO t VALUES (1);"),
        "ALTER TABLE t ALTER n DROP EXPRESSION",
        {"t": "AX"},
    ),
    Row(
        "set expression, stored",
        ("CREATE TABLE t (id int, n int GENERATED ALWAYS AS (id + 1) STORED); INSERT INTO t VALUES (1);"),
        "ALTER TABLE t ALTER n SET EXPRESSION AS (id + 2)",
        "42601",
        {17: {"t": "AX rw"}},
    ),
    Row("set statistics", T, "ALTER TABLE t ALTER a SET STATISTICS 100", {"t": "SUX"}),
    Row("set n_distinct", T, "ALTER TABLE t ALTER a SET (n_distinct = 5)", {"t": "SUX"}),
    Row("set storage", T, "ALTER TABLE t ALTER b SET STORAGE EXTERNAL", {"t": "AX"}),
    Row("set compression", T, "ALTER TABLE t ALTER b SET COMPRESSION pglz", {"t": "AX"}),
    Row(
        "set statistics, partitioned",
        PARTS,
        "ALTER TABLE p ALTER a SET STATISTICS 100",
        {"p": "SUX", "p1": "SUX", "p2": "SUX"},
    ),
    Row("set storage, partitioned", TEXT_PARTS, "ALTER TABLE p ALTER b SET STORAGE EXTERNAL", {"p": "AX", "p1": "AX"}),
    Row("set compression, partitioned", TEXT_PARTS, "ALTER TABLE p ALTER b SET COMPRESSION pglz", {"p": "AX"}),
    Row("set n_distinct, partitioned", PARTS, "ALTER TABLE p ALTER a SET (n_distinct_inherited = 5)", {"p": "SUX"}),
    Row("set default, partitioned", PARTS, "ALTER TABLE p ALTER a SET DEFAULT 1", {"p": "AX", "p1": "AX", "p2": "AX"}),
    Row(
        "drop not null, partitioned",
        NULLABLE_PARTS + "ALTER TABLE p ALTER a SET NOT NULL;",
        "ALTER TABLE p ALTER a DROP NOT NULL",
        {"p": "AX", "p1": "AX", "p2": "AX"},
    ),
    Row(
        "add identity, partitioned",
        PARTS,
        "ALTER TABLE p ALTER id ADD GENERATED ALWAYS AS IDENTITY",
        {"p": "AX"},
        {17: {"p": "AX", "p1": "AX", "p2": "AX"}},
    ),
    Row(
        "add column unique, partitioned",
        PARTS,
        "ALTER TABLE p ADD COLUMN n int, ADD UNIQUE (id, n)",
        {"p": "AX", "p1": "AX scan", "p2": "AX scan"},
    ),
    Row(
        "add column, domain with a volatile default",
        T + "CREATE DOMAIN dice AS float DEFAULT random();",
        "ALTER TABLE t ADD COLUMN n dice",
        {"t": "AX rw"},
    ),
    Row(
        "add column, domain with a constant default",
        T + "CREATE DOMAIN one AS int DEFAULT 1;",
        "ALTER TABLE t ADD COLUMN n one",
        {"t": "AX"},
    ),
    Row(
        "add column, domain with a volatile default, overruled",
        T + "CREATE DOMAIN dice AS float DEFAULT random();",
        "ALTER TABLE t ADD COLUMN n dice DEFAULT 1",
        {"t": "AX"},
    ),
    Row(
        "set expression, virtual",
        VIRTUAL,
        "ALTER TABLE t ALTER n SET EXPRESSION AS (id + 2)",
        "42601",
        {17: "42703", 18: {"t": "AX"}},
    ),
    Row(
        "set expression, virtual, checked",
        VIRTUAL
        + (
            "ALTER TABLE t ADD CHECK (id > 0); DO $$ BEGIN IF current_setting('server_version_num')::int >= "
            "180000 THEN EXECUTE 'ALTER TABLE t ADD CHECK (n > 0)'; "
            "END IF; END $$;"
        ),
        "ALTER TABLE t ALTER n SET EXPRESSION AS (id + 2)",
        "42601",
        {17: "42703", 18: "0A000"},
    ),
    Row("drop column, inherited", PARENTS, "ALTER TABLE mother DROP COLUMN a", {"mother": "AX", "son": "AX"}),
    Row("drop column of a partition key", PARTS, "ALTER TABLE p DROP COLUMN id", "42P16"),
    Row(
        "drop column under two views",
        T + "CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a FROM v;",
        "ALTER TABLE t DROP COLUMN a CASCADE",
        {"t": "AX", "v": "AX", "w": "AX"},
    ),
    Row(
        "drop another column than the view's",
        T + "CREATE VIEW v AS SELECT a FROM t;",
        "ALTER TABLE t DROP COLUMN b CASCADE",
        {"t": "AX"},
    ),
    Row("what is locked as hard already", T, "ALTER TABLE t ADD x int; ALTER TABLE t ADD y int", {}),
    Row(
        "set not null beside a check that says more",
        T,
        "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0 AND NOT (a IS NULL)); ALTER TABLE t ALTER a SET NOT NULL",
        {},
    ),
    Row(
        "set not null beside a check that says less",
        T,
        "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0 OR a IS NOT NULL); ALTER TABLE t ALTER a SET NOT NULL",
        {"t": "(AX) scan"},
    ),
    Row(
        "set not null after the check is gone",
        T,
        "ALTER TABLE t ADD CONSTRAINT k CHECK (a IS NOT NULL); ALTER TABLE t DROP CONSTRAINT k;"
        " ALTER TABLE t ALTER a SET NOT NULL",
        {"t": "(AX) scan"},
    ),
    Row(
        "add check no inherit",
        PARENTS,
        "ALTER TABLE mother ADD CHECK (a > 0) NO INHERIT",
        {"mother": "AX scan"},
        {18: {"mother": "AX scan", "son": "AX"}},
    ),
]
