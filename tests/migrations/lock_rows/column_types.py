"""ALTER COLUMN ... TYPE: what is free, what reads, what writes anew, what is refused."""

from __future__ import annotations

from tests.migrations.lock_rows.row import DOMAINS, KEY, PARTS, PINNING, TEXT_PARTS, Row, T

UTC = "SET TimeZone = 'UTC';"

FREE, REWRITES = {"t": "AX"}, {"t": "AX rw"}


def typed(column: str, more: str = "") -> str:
    kind, _, value = column.partition(" := ")
    return f"CREATE TABLE t (id int, x {kind}); INSERT INTO t VALUES (1, {value or 'NULL'}), (2, NULL); {more}"


def retype(to: str) -> str:
    return f"ALTER TABLE t ALTER x TYPE {to}"


ROWS = [
    Row("varchar wider", typed("varchar(10) := 'x'"), retype("varchar(20)"), FREE),
    Row("varchar without a length", typed("varchar(10) := 'x'"), retype("varchar"), FREE),
    Row("varchar to text", typed("varchar(10) := 'x'"), retype("text"), FREE),
    Row("text to varchar", typed("text := 'x'"), retype("varchar"), FREE),
    Row("text to varchar(20)", typed("text := 'x'"), retype("varchar(20)"), REWRITES),
    Row("varchar to varchar(20)", typed("varchar := 'x'"), retype("varchar(20)"), REWRITES),
    Row("varchar narrower", typed("varchar(10) := 'x'"), retype("varchar(5)"), REWRITES),
    Row("char wider", typed("char(10) := 'x'"), retype("char(20)"), REWRITES),
    Row("char to text", typed("char(10) := 'x'"), retype("text"), REWRITES),
    Row("text to char(20)", typed("text := 'x'"), retype("char(20)"), REWRITES),
    Row("numeric precision up", typed("numeric(8,2) := 1"), retype("numeric(10,2)"), FREE),
    Row("numeric unconstrained", typed("numeric(8,2) := 1"), retype("numeric"), FREE),
    Row("numeric scale up", typed("numeric(8,2) := 1"), retype("numeric(10,3)"), REWRITES),
    Row("numeric constrained", typed("numeric := 1"), retype("numeric(10,2)"), REWRITES),
    Row("int to bigint", typed("int := 1"), retype("bigint"), REWRITES),
    Row("int to numeric", typed("int := 1"), retype("numeric"), REWRITES),
    Row("bigint to int", typed("bigint := 1"), retype("int"), REWRITES),
    Row("int to int", typed("int := 1"), retype("int"), FREE),
    Row("int to oid", typed("int := 1"), retype("oid"), FREE),
    Row("real to double", typed("real := 1"), retype("double precision"), REWRITES),
    Row("cidr to inet", typed("cidr := '10.0.0.0/8'"), retype("inet"), FREE),
    Row("inet to cidr", typed("inet := '10.0.0.0/8'"), retype("cidr USING x::cidr"), REWRITES),
    Row("xml to text", typed("text := 'x'"), retype("text USING x"), FREE),
    Row("json to jsonb", typed("json := '{}'"), retype("jsonb"), REWRITES),
    Row("text to json", typed("text := '{}'"), retype("json USING x::json"), REWRITES),
    Row("time precision up", typed("time(2) := '10:00'"), retype("time(4)"), FREE),
    Row("time precision full", typed("time(2) := '10:00'"), retype("time"), FREE),
    Row("time precision down", typed("time(4) := '10:00'"), retype("time(2)"), REWRITES),
    Row("timestamp precision up", typed("timestamp(2) := now()"), retype("timestamp(4)"), FREE),
    Row("timestamp precision given", typed("timestamp := now()"), retype("timestamp(6)"), FREE),
    Row("timestamp precision down", typed("timestamp := now()"), retype("timestamp(3)"), REWRITES),
    Row("timestamptz precision up", typed("timestamptz(2) := now()"), retype("timestamptz(4)"), FREE),
    Row("interval precision up", typed("interval(2) := '1 s'"), retype("interval(4)"), FREE),
    Row("interval precision full", typed("interval(2) := '1 s'"), retype("interval"), FREE),
    Row("interval precision down", typed("interval(4) := '1 s'"), retype("interval(2)"), REWRITES),
    Row("bit wider", typed("bit(4) := B'1010'"), retype("bit(8) USING x::bit(8)"), REWRITES),
    Row("varbit wider", typed("varbit(4) := B'1010'"), retype("varbit(8)"), FREE),
    Row("varbit without a length", typed("varbit(4) := B'1010'"), retype("varbit"), FREE),
    Row("varbit narrower", typed("varbit(8) := B'1010'"), retype("varbit(4)"), REWRITES),
    Row("bit to varbit", typed("bit(4) := B'1010'"), retype("varbit"), FREE),
    Row("timestamp to timestamptz in UTC", UTC + typed("timestamp := now()"), retype("timestamptz"), FREE),
    Row("timestamptz to timestamp in UTC", UTC + typed("timestamptz := now()"), retype("timestamp"), FREE),
    Row(
        "timestamp(3) to timestamptz(3) in UTC",
        UTC + typed("timestamp(3) := now()"),
        retype("timestamptz(3)"),
        REWRITES,
    ),
    Row("timestamp(3) to timestamptz(6) in UTC", UTC + typed("timestamp(3) := now()"), retype("timestamptz(6)"), FREE),
    Row("timestamptz to timestamp(2) in UTC", UTC + typed("timestamptz := now()"), retype("timestamp(2)"), REWRITES),
    Row(
        "timestamp to timestamptz elsewhere",
        "SET TimeZone = 'Europe/Vienna';" + typed("timestamp := now()"),
        retype("timestamptz"),
        REWRITES,
    ),
    Row(
        "timestamp to timestamptz in UTC, zone named",
        UTC + typed("timestamp := now()"),
        retype("timestamptz USING x AT TIME ZONE 'UTC'"),
        REWRITES,
    ),
    Row(
        "timestamp to timestamptz in UTC, indexed",
        UTC + typed("timestamp := now()", "CREATE INDEX ON t (x);"),
        retype("timestamptz"),
        {"t": "AX scan"},
    ),
    Row("varchar array wider", typed("varchar(10)[] := '{x}'"), retype("varchar(20)[]"), REWRITES),
    Row("varchar array to text array", typed("varchar(10)[] := '{x}'"), retype("text[]"), REWRITES),
    Row("enum to text", "CREATE TYPE e AS ENUM ('a');" + typed("e := 'a'"), retype("text"), REWRITES),
    Row("text to a domain without constraint", DOMAINS + typed("int := 1"), retype("d"), FREE),
    Row("int to a checked domain", DOMAINS + typed("int := 1"), retype("pos"), REWRITES),
    Row("domain to its base type", DOMAINS + typed("pos := 1"), retype("int"), FREE),
    Row("using a no-op cast", typed("varchar(10) := 'x'"), retype("text USING x::text"), FREE),
    Row("using the column", typed("varchar(10) := 'x'"), retype("text USING x"), FREE),
    Row("using an expression", typed("text := 'x'"), retype("text USING upper(x)"), REWRITES),
    Row(
        "using another column",
        "CREATE TABLE t (id int, x text, y text); INSERT INTO t VALUES (1, 'a', 'b');",
        retype("text USING y"),
        REWRITES,
    ),
    Row("varchar wider, indexed", typed("varchar(10) := 'x'", "CREATE INDEX ON t (x);"), retype("varchar(20)"), FREE),
    Row("varchar to text, indexed", typed("varchar(10) := 'x'", "CREATE INDEX ON t (x);"), retype("text"), FREE),
    Row(
        "varchar wider, unique",
        typed("varchar(10) := 'x'", "ALTER TABLE t ADD UNIQUE (x);"),
        retype("varchar(20)"),
        FREE,
    ),
    Row(
        "varchar wider, in an expression index",
        typed("varchar(10) := 'x'", "CREATE INDEX ON t (lower(x));"),
        retype("varchar(20)"),
        {"t": "AX scan"},
    ),
    Row(
        "varchar wider, in a partial index",
        typed("varchar(10) := 'x'", "CREATE INDEX ON t (id) WHERE x <> '';"),
        retype("varchar(20)"),
        {"t": "AX scan"},
    ),
    Row(
        "varchar wider, beside a partial index",
        typed("varchar(10) := 'x'", "CREATE INDEX ON t (x) WHERE id > 0;"),
        retype("varchar(20)"),
        {"t": "AX scan"},
    ),
    Row(
        "varchar wider, checked",
        typed("varchar(10) := 'x'", "ALTER TABLE t ADD CHECK (x <> '');"),
        retype("varchar(20)"),
        {"t": "AX scan"},
    ),
    Row(
        "varchar wider, not null",
        typed("varchar(10) NOT NULL := 'x'").replace(", (2, NULL)", ""),
        retype("varchar(20)"),
        FREE,
    ),
    Row(
        "varchar wider, other collation, indexed",
        typed("varchar(10) := 'x'", "CREATE INDEX ON t (x);"),
        retype('varchar(20) COLLATE "C"'),
        {"t": "AX scan"},
    ),
    Row("varchar wider, other collation", typed("varchar(10) := 'x'"), retype('varchar(20) COLLATE "C"'), FREE),
    Row(
        "numeric wider, default",
        "CREATE TABLE t (id int, x numeric(8,2) DEFAULT 1); INSERT INTO t VALUES (1);",
        retype("numeric(10,2)"),
        FREE,
    ),
    Row("int to bigint, indexed", T, "ALTER TABLE t ALTER id TYPE bigint", {"t": "AX rw"}),
    Row(
        "varchar wider, references",
        "CREATE TABLE r (x varchar(10) PRIMARY KEY); INSERT INTO r VALUES ('x');"
        + typed("varchar(10) REFERENCES r := 'x'"),
        retype("varchar(20)"),
        {"t": "AX", "r": "AX"},
    ),
    Row(
        "varchar wider, referenced",
        (
            "CREATE TABLE t (x varchar(10) PRIMARY KEY); INSERT INTO t VALUES ('x'); "
            "CREATE TABLE child (x varchar(10) REFERENCES t); INSERT INTO child VALUES ('x');"
        ),
        retype("varchar(20)"),
        {"t": "AX", "child": "AX"},
    ),
    Row("int to bigint, referenced", KEY, "ALTER TABLE t ALTER id TYPE bigint", {"t": "AX rw", "child": "AX scan"}),
    Row(
        "int to bigint, references", KEY, "ALTER TABLE child ALTER t_id TYPE bigint", {"child": "AX rw", "t": "AX scan"}
    ),
    Row(
        "varchar wider, partitioned",
        (
            "CREATE TABLE p (id int, x varchar(10)) PARTITION BY RANGE (id); "
            "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); "
            "INSERT INTO p VALUES (1, 'x');"
        ),
        "ALTER TABLE p ALTER x TYPE varchar(20)",
        {"p": "AX", "p1": "AX"},
    ),
    Row(
        "int to bigint, partitioned",
        PARTS,
        "ALTER TABLE p ALTER a TYPE bigint",
        {"p": "AX", "p1": "AX rw", "p2": "AX rw"},
    ),
    Row("type of a partition key", PARTS, "ALTER TABLE p ALTER id TYPE bigint", "42P16"),
    Row(
        "type in statistics",
        T + "CREATE STATISTICS st ON a, c FROM t;",
        "ALTER TABLE t ALTER c TYPE varchar(20)",
        {"t": "AX"},
    ),
    Row(
        "collation lost, indexed",
        typed("varchar(10) COLLATE \"C\" := 'x'", "CREATE INDEX ON t (x);"),
        retype("varchar(20)"),
        {"t": "AX scan"},
    ),
    Row(
        "collation kept, indexed",
        typed("varchar(10) COLLATE \"C\" := 'x'", "CREATE INDEX ON t (x);"),
        retype('varchar(20) COLLATE "C"'),
        FREE,
    ),
    Row("varchar array without a length", typed("varchar(10)[] := '{x}'"), retype("varchar[]"), FREE),
    Row("int array to int array", typed("int[] := '{1}'"), retype("int[]"), FREE),
    Row("int array to bigint array", typed("int[] := '{1}'"), retype("bigint[]"), REWRITES),
    Row("text to bpchar", typed("text := 'x'"), retype("bpchar"), FREE),
    Row(
        "domain over varchar to a wider varchar",
        "CREATE DOMAIN v10 AS varchar(10);" + typed("v10 := 'x'"),
        retype("varchar(20)"),
        REWRITES,
    ),
    Row(
        "domain over varchar to a narrower varchar",
        "CREATE DOMAIN v10 AS varchar(10);" + typed("v10 := 'x'"),
        retype("varchar(5)"),
        REWRITES,
    ),
    Row(
        "varchar to a domain over a wider varchar",
        "CREATE DOMAIN v20 AS varchar(20);" + typed("varchar(10) := 'x'"),
        retype("v20"),
        FREE,
    ),
    Row(
        "varchar to a domain over a narrower varchar",
        "CREATE DOMAIN v5 AS varchar(5);" + typed("varchar(10) := 'x'"),
        retype("v5"),
        REWRITES,
    ),
    Row("int to oid, indexed", typed("int := 1", "CREATE INDEX ON t (x);"), retype("oid"), {"t": "AX scan"}),
    Row("cidr to inet, indexed", typed("cidr := '10.0.0.0/8'", "CREATE INDEX ON t (x);"), retype("inet"), FREE),
    Row(
        "varchar wider, checked but not valid",
        typed("varchar(10) := 'x'", "ALTER TABLE t ADD CHECK (x <> '') NOT VALID;"),
        retype("varchar(20)"),
        FREE,
    ),
    Row(
        "varchar wider, a CHECK of another column",
        typed("varchar(10) := 'x'", "ALTER TABLE t ADD CHECK (id > 0);"),
        retype("varchar(20)"),
        FREE,
    ),
    Row(
        "varchar wider, hash index",
        typed("varchar(10) := 'x'", "CREATE INDEX ON t USING hash (x);"),
        retype("varchar(20)"),
        FREE,
    ),
    Row(
        "varchar to text, varchar_pattern_ops",
        typed("varchar(10) := 'x'", "CREATE INDEX ON t (x varchar_pattern_ops);"),
        retype("text"),
        FREE,
    ),
    Row(
        "varchar wider, INCLUDE",
        typed("varchar(10) := 'x'", "CREATE INDEX ON t (id) INCLUDE (x);"),
        retype("varchar(20)"),
        FREE,
    ),
    Row(
        "varchar wider, an index of one partition",
        TEXT_PARTS.replace("text", "varchar(10)") + "CREATE INDEX ON p1 (lower(b));",
        "ALTER TABLE p ALTER b TYPE varchar(20)",
        {"p": "AX", "p1": "AX scan"},
    ),
    Row(
        "numeric scale, references",
        "CREATE TABLE r (x numeric(8,2) PRIMARY KEY); INSERT INTO r VALUES (1);"
        + typed("numeric(8,2) REFERENCES r := 1"),
        retype("numeric(8,3)"),
        {"t": "AX rw", "r": "AX scan"},
    ),
    Row(
        "int to oid, references",
        "CREATE TABLE r (x oid PRIMARY KEY); INSERT INTO r VALUES (1);" + typed("int := 1"),
        retype("oid"),
        {"t": "AX"},
    ),
    Row("using null", typed("int := 1"), retype("bigint USING NULL"), REWRITES),
    Row(
        "varchar wider, primary key",
        "CREATE TABLE t (x varchar(10) PRIMARY KEY); INSERT INTO t VALUES ('a');",
        retype("varchar(20)"),
        FREE,
    ),
    Row(
        "varchar wider, exclude",
        ("CREATE TABLE t (id int, x varchar(10), EXCLUDE USING hash (x WITH =)); INSERT INTO t VALUES (1, 'a');"),
        retype("varchar(20)"),
        FREE,
    ),
    *(
        Row(f"free type under a {what}", T + sql, "ALTER TABLE t ALTER c TYPE varchar(20)", "0A000")
        for what, sql in PINNING.items()
    ),
    Row(
        "free type under a generated column",
        T + "ALTER TABLE t ADD g text GENERATED ALWAYS AS (c || '!') STORED;",
        "ALTER TABLE t ALTER c TYPE varchar(20)",
        "42601",
        {15: "0A000"},
    ),
    Row(
        "free type of a generated column",
        T + "ALTER TABLE t ADD g varchar(10) GENERATED ALWAYS AS (c) STORED;",
        "ALTER TABLE t ALTER g TYPE varchar(20)",
        {"t": "AX"},
    ),
    Row(
        "column of another under a view",
        T + "CREATE VIEW v AS SELECT a FROM t;",
        "ALTER TABLE t ALTER c TYPE varchar(20)",
        {"t": "AX"},
    ),
]
