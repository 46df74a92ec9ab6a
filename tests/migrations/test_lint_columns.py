"""Rules about columns, types, partitions and names: what the contract of one bad and one good example does not see."""

from __future__ import annotations

import pytest
from psycopg import Error

from pgops.findings import Severity
from pgops.migrations.effects.live import read_facts
from pgops.migrations.effects.walk import walk
from pgops.migrations.lint.linter import lint_sql
from pgops.sql.grammar import read_script

pytestmark = pytest.mark.outer_versions

INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL

# rule, SQL, the severities that the rule says without a catalogue, on PostgreSQL 18
OFFLINE = {
    # ADD COLUMN
    "now() is computed once": ("add-column-rewrites", "ALTER TABLE t ADD c timestamptz DEFAULT now()", []),
    "current_timestamp too": ("add-column-rewrites", "ALTER TABLE t ADD c timestamptz DEFAULT CURRENT_TIMESTAMP", []),
    "a constant": ("add-column-rewrites", "ALTER TABLE t ADD c int DEFAULT 5", []),
    "random()": ("add-column-rewrites", "ALTER TABLE t ADD c float8 DEFAULT random()", [CRITICAL]),
    "random() inside another": ("add-column-rewrites", "ALTER TABLE t ADD c int DEFAULT floor(random())", [CRITICAL]),
    "serial": ("add-column-rewrites", "ALTER TABLE t ADD c serial", [CRITICAL]),
    "identity": ("add-column-rewrites", "ALTER TABLE t ADD c int GENERATED ALWAYS AS IDENTITY", [CRITICAL]),
    "STORED": ("add-column-rewrites", "ALTER TABLE t ADD c int GENERATED ALWAYS AS (id + 1) STORED", [CRITICAL]),
    "VIRTUAL": ("add-column-rewrites", "ALTER TABLE t ADD c int GENERATED ALWAYS AS (id + 1) VIRTUAL", []),
    "a function of one's own may be": ("add-column-rewrites", "ALTER TABLE t ADD c int DEFAULT own()", [WARNING]),
    "each of several": (
        "add-column-rewrites",
        "ALTER TABLE t ADD a int, ADD b serial, ALTER x SET DEFAULT random(), ADD c uuid DEFAULT gen_random_uuid()",
        [CRITICAL, CRITICAL],
    ),
    "a new table": ("add-column-rewrites", "CREATE TABLE t (id int); ALTER TABLE t ADD c serial", []),
    "a new table that may be there": (
        "add-column-rewrites",
        "CREATE TABLE IF NOT EXISTS t (id int); ALTER TABLE t ADD c serial",
        [CRITICAL],
    ),
    "a foreign table": ("add-column-rewrites", "ALTER FOREIGN TABLE t ADD c int DEFAULT random()", []),
    "NULL is no default": (
        "add-column-not-null-without-default",
        "ALTER TABLE t ADD c int NOT NULL DEFAULT NULL",
        [CRITICAL],
    ),
    "a primary key needs values": (
        "add-column-not-null-without-default",
        "ALTER TABLE t ADD c int PRIMARY KEY",
        [CRITICAL],
    ),
    "an identity has them": (
        "add-column-not-null-without-default",
        "ALTER TABLE t ADD c int GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        [],
    ),
    "nobody has rows in a new table": (
        "add-column-not-null-without-default",
        "CREATE TABLE t (id int); ALTER TABLE t ADD c int NOT NULL",
        [],
    ),
    "a type of one's own may be a domain": ("add-column-domain", "ALTER TABLE t ADD c mood", [INFO]),
    "a domain without constraint": ("add-column-domain", "CREATE DOMAIN d AS int; ALTER TABLE t ADD c d", []),
    "a domain that is NOT NULL": (
        "add-column-domain",
        "CREATE DOMAIN d AS int NOT NULL; ALTER TABLE t ADD c d",
        [CRITICAL],
    ),
    "an array of a domain": (
        "add-column-domain",
        "CREATE DOMAIN d AS int CHECK (value > 0); ALTER TABLE t ADD c d[]",
        [],
    ),
    "an inline CHECK that is not enforced": (
        "add-column-inline-constraint",
        "ALTER TABLE t ADD c int CHECK (c > 0) NOT ENFORCED",
        [],
    ),
    "REFERENCES without a default": ("add-column-references", "ALTER TABLE t ADD c int REFERENCES p", [INFO]),
    "REFERENCES itself": ("add-column-references", "ALTER TABLE t ADD c int REFERENCES t", []),
    "REFERENCES a new table": (
        "add-column-references",
        "CREATE TABLE p (id int PRIMARY KEY); ALTER TABLE t ADD c int REFERENCES p",
        [],
    ),
    # ALTER TYPE
    "a cast is no real expression": ("alter-type-rewrites", "ALTER TABLE t ALTER c TYPE text USING c::text", [WARNING]),
    "USING with one": ("alter-type-rewrites", "ALTER TABLE t ALTER c TYPE text USING lower(c)", [CRITICAL]),
    "a view of another column": (
        "alter-type-pinned",
        "CREATE VIEW v AS SELECT a FROM t; ALTER TABLE t ALTER c TYPE text",
        [],
    ),
    "a view of everything": (
        "alter-type-pinned",
        "CREATE VIEW v AS SELECT * FROM s.t; ALTER TABLE t ALTER c TYPE text",
        [CRITICAL],
    ),
    "a view that was dropped again": (
        "alter-type-pinned",
        "CREATE VIEW v AS SELECT * FROM t; DROP VIEW v; ALTER TABLE t ALTER c TYPE text",
        [],
    ),
    "a view of another schema's table": (
        "alter-type-pinned",
        "CREATE VIEW v AS SELECT * FROM a.t; ALTER TABLE b.t ALTER c TYPE text",
        [],
    ),
    "an expression that may be of a VIRTUAL column": (
        "set-expression-rewrites",
        "ALTER TABLE t ALTER c SET EXPRESSION AS (a)",
        [WARNING],
    ),
    # rows and names
    "TRUNCATE of a new table": ("truncate", "CREATE TABLE t (id int); TRUNCATE t", []),
    "TRUNCATE of a new and an old one": ("truncate", "CREATE TABLE t (id int); TRUNCATE t, u", [CRITICAL]),
    "a swap of two tables": (
        "rename-breaks",
        "ALTER TABLE t RENAME TO t_old; ALTER TABLE t_new RENAME TO t",
        [],
    ),
    "a new table under the old name": ("rename-breaks", "ALTER TABLE t RENAME TO u; CREATE TABLE t (id int)", []),
    "one of another schema is none": (
        "rename-breaks",
        "ALTER TABLE a.t RENAME TO u; CREATE TABLE b.t (id int)",
        [WARNING],
    ),
    "a column": ("rename-breaks", "ALTER TABLE t RENAME COLUMN a TO b", [WARNING]),
    "a column of a view": ("rename-breaks", "ALTER VIEW v RENAME COLUMN a TO b", [WARNING]),
    "a constraint breaks nobody": ("rename-breaks", "ALTER TABLE t RENAME CONSTRAINT a TO b", []),
    "an index neither": ("rename-breaks", "ALTER INDEX i RENAME TO j", []),
    "each table of a DROP": ("drop-table-breaks", "DROP TABLE a, b", [CRITICAL, CRITICAL]),
    "a table made before": ("drop-table-breaks", "CREATE TABLE t (id int); DROP TABLE t", []),
    "a table made, dropped and another of that name": (
        "drop-table-breaks",
        "CREATE TABLE t (id int); DROP TABLE t; DROP TABLE t",
        [CRITICAL],
    ),
    "a foreign table loses nothing": ("drop-table-breaks", "DROP FOREIGN TABLE t", [WARNING]),
    "a column of a new table": ("drop-column-breaks", "CREATE TABLE t (a int); ALTER TABLE t DROP a", []),
    "a function that moves": ("set-schema-breaks", "ALTER FUNCTION f(int) SET SCHEMA s", [WARNING]),
    "an owner is no schema": ("set-schema-breaks", "ALTER TABLE t OWNER TO o", []),
    # row security
    "a policy further down": (
        "row-security-without-policy",
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON public.t USING (true)",
        [],
    ),
    "a policy of another table": (
        "row-security-without-policy",
        "CREATE POLICY p ON u USING (true); ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        [WARNING],
    ),
    "FORCE alone": ("row-security-without-policy", "ALTER TABLE t FORCE ROW LEVEL SECURITY", []),
    # partitions
    "a partition of a new table": (
        "partition-of",
        "CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1)",
        [],
    ),
    "ATTACH of a new table": (
        "attach-partition-scans",
        "CREATE TABLE t1 (LIKE t); ALTER TABLE t ATTACH PARTITION t1 FOR VALUES IN (1)",
        [],
    ),
    "a CHECK that is not validated": (
        "attach-partition-scans",
        "ALTER TABLE t1 ADD CONSTRAINT c CHECK (a = 1) NOT VALID; ALTER TABLE t ATTACH PARTITION t1 FOR VALUES IN (1)",
        [WARNING],
    ),
    "ATTACH of an index": ("attach-partition-scans", "ALTER INDEX i ATTACH PARTITION j", []),
    "FINALIZE": ("detach-partition", "ALTER TABLE t DETACH PARTITION t1 FINALIZE", []),
    # rewrites
    "SET TABLESPACE beside others": (
        "table-rewrite",
        "ALTER TABLE t SET TABLESPACE fast, ALTER a SET DEFAULT 1",
        [CRITICAL],
    ),
    "CLUSTER of everything": ("table-rewrite", "CLUSTER", [CRITICAL]),
    "VACUUM FULL of everything": ("table-rewrite", "VACUUM FULL", [CRITICAL]),
    "VACUUM (FULL false)": ("table-rewrite", "VACUUM (FULL false) t", []),
    "each table of VACUUM FULL": ("table-rewrite", "VACUUM FULL a, b", [CRITICAL, CRITICAL]),
    "SET LOGGED of a new table": ("table-rewrite", "CREATE UNLOGGED TABLE t (a int); ALTER TABLE t SET LOGGED", []),
    "REFRESH WITH NO DATA": ("refresh-not-concurrent", "REFRESH MATERIALIZED VIEW v WITH NO DATA", []),
    "REFRESH of a new view": (
        "refresh-not-concurrent",
        "CREATE MATERIALIZED VIEW v AS SELECT 1 AS a; REFRESH MATERIALIZED VIEW v",
        [],
    ),
    "a domain constraint that is NOT VALID": (
        "domain-constraint",
        "ALTER DOMAIN d ADD CONSTRAINT c CHECK (value > 0) NOT VALID",
        [],
    ),
    "VALIDATE of a domain": ("domain-constraint", "ALTER DOMAIN d VALIDATE CONSTRAINT c", [WARNING]),
    "a new domain": ("domain-constraint", "CREATE DOMAIN d AS int; ALTER DOMAIN d SET NOT NULL", []),
    # types
    "a composite key": ("int-key", "CREATE TABLE t (a int, b int, PRIMARY KEY (a, b))", []),
    "a key of the table": ("int-key", "CREATE TABLE t (a int, PRIMARY KEY (a))", [WARNING]),
    "a key that follows another": ("int-key", "CREATE TABLE t (a int PRIMARY KEY REFERENCES p)", []),
    "a smallserial that is added": ("int-key", "ALTER TABLE t ADD a smallserial PRIMARY KEY", [WARNING]),
    "an int that is no key": ("int-key", "CREATE TABLE t (a int)", []),
    "a json of another schema": ("json-type", "CREATE TABLE t (a own.json)", []),
    "an array of json": ("json-type", "CREATE TABLE t (a json[])", [WARNING]),
    "a change to timestamp": ("timestamp-without-time-zone", "ALTER TABLE t ALTER a TYPE timestamp(3)", [WARNING]),
    "SET UNLOGGED": ("unlogged-table", "ALTER TABLE t SET UNLOGGED", [WARNING]),
}


@pytest.mark.parametrize(("rule", "sql", "severities"), OFFLINE.values(), ids=OFFLINE)
def test_without_a_catalogue(rule, sql, severities):
    assert [each.severity for each in lint_sql(sql) if each.rule == rule] == severities


VERSIONS = {
    "VIRTUAL came with 18, so an older column is STORED": (
        "set-expression-rewrites",
        "ALTER TABLE t ALTER c SET EXPRESSION AS (a)",
        17,
        [CRITICAL],
    ),
}


@pytest.mark.parametrize(("rule", "sql", "major", "severities"), VERSIONS.values(), ids=VERSIONS)
def test_versions(rule, sql, major, severities):
    assert [each.severity for each in lint_sql(sql, server=major) if each.rule == rule] == severities


PARTITIONED = """
CREATE TABLE t (id bigint NOT NULL, day date, note varchar(10)) PARTITION BY RANGE (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (10);
"""
WITH_DEFAULT = PARTITIONED + "CREATE TABLE rest PARTITION OF t DEFAULT;"
ATTACH = "ALTER TABLE t ATTACH PARTITION t2 FOR VALUES FROM (10) TO (20)"
TABLE = "CREATE TABLE t (id bigint PRIMARY KEY, code varchar(10), amount numeric(8, 2), at timestamp, n int);"

# rule, what there is, SQL, the severities with the catalogue; words that the first message has to have
LIVE = {
    # ALTER TYPE: what is free
    "varchar longer": ("alter-type-rewrites", TABLE, "ALTER TABLE t ALTER code TYPE varchar(20)", [], ""),
    "varchar shorter": ("alter-type-rewrites", TABLE, "ALTER TABLE t ALTER code TYPE varchar(5)", [CRITICAL], ""),
    "varchar to text": ("alter-type-rewrites", TABLE, "ALTER TABLE t ALTER code TYPE text", [], ""),
    "more digits": ("alter-type-rewrites", TABLE, "ALTER TABLE t ALTER amount TYPE numeric(12, 2)", [], ""),
    "another scale": ("alter-type-rewrites", TABLE, "ALTER TABLE t ALTER amount TYPE numeric(12, 3)", [CRITICAL], ""),
    "timestamptz at UTC": ("alter-type-rewrites", TABLE, "ALTER TABLE t ALTER at TYPE timestamptz", [], ""),
    "one of two": (
        "alter-type-rewrites",
        TABLE,
        "ALTER TABLE t ALTER code TYPE text, ALTER n TYPE bigint",
        [CRITICAL],
        "t.n from integer to int8",
    ),
    # ALTER TYPE: what is read all the same
    "an index over the column is kept": (
        "alter-type-scans",
        TABLE + "CREATE INDEX i ON t (code);",
        "ALTER TABLE t ALTER code TYPE text",
        [],
        "",
    ),
    "an index over an expression is not": (
        "alter-type-scans",
        TABLE + 'CREATE INDEX "I;1" ON t (lower(code));',
        "ALTER TABLE t ALTER code TYPE text",
        [CRITICAL],
        'the index "I;1"',
    ),
    "nor a partial one": (
        "alter-type-scans",
        TABLE + "CREATE INDEX i ON t (n) WHERE code <> '';",
        "ALTER TABLE t ALTER code TYPE text",
        [CRITICAL],
        "the index i",
    ),
    "unless it is dropped": (
        "alter-type-scans",
        TABLE + "CREATE INDEX i ON t (lower(code));",
        "DROP INDEX i; ALTER TABLE t ALTER code TYPE text",
        [],
        "",
    ),
    "another collation": (
        "alter-type-scans",
        TABLE + "CREATE INDEX i ON t (code);",
        'ALTER TABLE t ALTER code TYPE text COLLATE "C"',
        [CRITICAL],
        "the index i",
    ),
    "a timestamp's index": (
        "alter-type-scans",
        TABLE + "CREATE INDEX i ON t (at);",
        "ALTER TABLE t ALTER at TYPE timestamptz",
        [CRITICAL],
        "the index i",
    ),
    "a CHECK that is NOT VALID is not asked": (
        "alter-type-scans",
        TABLE + "ALTER TABLE t ADD CONSTRAINT c CHECK (code <> '') NOT VALID;",
        "ALTER TABLE t ALTER code TYPE text",
        [],
        "",
    ),
    "a CHECK that goes in the same statement": (
        "alter-type-scans",
        TABLE + "ALTER TABLE t ADD CONSTRAINT c CHECK (code <> '');",
        "ALTER TABLE t ALTER code TYPE text, DROP CONSTRAINT c",
        [],
        "",
    ),
    "the table that is referred to": (
        "alter-type-locks-referenced",
        "CREATE TABLE p (k varchar(10) PRIMARY KEY); CREATE TABLE t (k varchar(10) REFERENCES p, n varchar(10));",
        "ALTER TABLE p ALTER k TYPE varchar(20)",
        [INFO],
        "public.t",
    ),
    "a column that is in no key": (
        "alter-type-locks-referenced",
        "CREATE TABLE p (k varchar(10) PRIMARY KEY); CREATE TABLE t (k varchar(10) REFERENCES p, n varchar(10));",
        "ALTER TABLE t ALTER n TYPE varchar(20)",
        [],
        "",
    ),
    # ALTER TYPE: what is in the way
    "a view": (
        "alter-type-pinned",
        TABLE + 'CREATE SCHEMA "S"; CREATE VIEW "S"."v.1" AS SELECT code FROM t;',
        "ALTER TABLE t ALTER code TYPE text",
        [CRITICAL],
        'view "S"."v.1"',
    ),
    "a view that is dropped": (
        "alter-type-pinned",
        TABLE + 'CREATE SCHEMA "S"; CREATE VIEW "S"."v.1" AS SELECT code FROM t;',
        'DROP VIEW "S"."v.1"; ALTER TABLE t ALTER code TYPE text',
        [],
        "",
    ),
    "a view of the same name in another schema": (
        "alter-type-pinned",
        TABLE + "CREATE SCHEMA s; CREATE VIEW s.v AS SELECT code FROM t; CREATE VIEW v AS SELECT 1;",
        "DROP VIEW public.v; ALTER TABLE t ALTER code TYPE text",
        [CRITICAL],
        "view s.v",
    ),
    "a materialized view": (
        "alter-type-pinned",
        TABLE + "CREATE MATERIALIZED VIEW v AS SELECT code FROM t;",
        "ALTER TABLE t ALTER code TYPE text",
        [CRITICAL],
        "materialized view public.v",
    ),
    "a policy": (
        "alter-type-pinned",
        TABLE + "CREATE POLICY p ON t USING (code = 'a');",
        "ALTER TABLE t ALTER code TYPE text",
        [CRITICAL],
        "policy p",
    ),
    "a policy that is dropped": (
        "alter-type-pinned",
        TABLE + "CREATE POLICY p ON t USING (code = 'a');",
        "DROP POLICY p ON t; ALTER TABLE t ALTER code TYPE text",
        [],
        "",
    ),
    "a generated column": (
        "alter-type-pinned",
        TABLE + "ALTER TABLE t ADD g text GENERATED ALWAYS AS (lower(code)) STORED;",
        "ALTER TABLE t ALTER code TYPE text",
        [CRITICAL],
        "generated column g",
    ),
    "a generated column that goes in the same statement": (
        "alter-type-pinned",
        TABLE + "ALTER TABLE t ADD g text GENERATED ALWAYS AS (lower(code)) STORED;",
        "ALTER TABLE t ALTER code TYPE text, DROP COLUMN g",
        [],
        "",
    ),
    "a view of another column": (
        "alter-type-pinned",
        TABLE + "CREATE VIEW v AS SELECT n FROM t;",
        "ALTER TABLE t ALTER code TYPE text",
        [],
        "",
    ),
    # ADD COLUMN
    "the column is there": (
        "add-column-if-not-exists",
        TABLE,
        "ALTER TABLE t ADD COLUMN IF NOT EXISTS n bigint",
        [INFO],
        "as integer",
    ),
    "the column is not there": ("add-column-if-not-exists", TABLE, "ALTER TABLE t ADD IF NOT EXISTS m int", [], ""),
    "a column that is there is not added": (
        "add-column-rewrites",
        TABLE,
        "ALTER TABLE t ADD COLUMN IF NOT EXISTS n serial",
        [],
        "",
    ),
    "an enum is no domain": (
        "add-column-domain",
        TABLE + "CREATE TYPE mood AS ENUM ('ok');",
        "ALTER TABLE t ADD c mood",
        [],
        "",
    ),
    "a function that is volatile": (
        "add-column-rewrites",
        TABLE + "CREATE FUNCTION own() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1';",
        "ALTER TABLE t ADD c int DEFAULT own()",
        [CRITICAL],
        "volatile",
    ),
    "a function that is stable": (
        "add-column-rewrites",
        TABLE + "CREATE FUNCTION own() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';",
        "ALTER TABLE t ADD c int DEFAULT own()",
        [],
        "",
    ),
    "IF EXISTS of no table": ("add-column-rewrites", TABLE, "ALTER TABLE IF EXISTS gone ADD c serial", [], ""),
    # partitions
    "a partition of many": (
        "add-column-rewrites",
        PARTITIONED,
        "ALTER TABLE t ADD c uuid DEFAULT gen_random_uuid()",
        [CRITICAL],
        "every row of t",
    ),
    "a tablespace of a partitioned table moves nothing": (
        "table-rewrite",
        PARTITIONED,
        "ALTER TABLE t SET TABLESPACE pg_default",
        [],
        "",
    ),
    "no default partition": (
        "partition-of",
        PARTITIONED,
        "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (10) TO (20)",
        [INFO],
        "",
    ),
    "a default partition": (
        "partition-of",
        WITH_DEFAULT,
        "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (10) TO (20)",
        [WARNING],
        "default partition public.rest",
    ),
    "ATTACH of a table without a CHECK": (
        "attach-partition-scans",
        PARTITIONED + "CREATE TABLE t2 (LIKE t);",
        ATTACH,
        [WARNING],
        "All of t2",
    ),
    "ATTACH with a default partition": (
        "attach-partition-scans",
        WITH_DEFAULT + "CREATE TABLE t2 (LIKE t);",
        ATTACH,
        [WARNING, WARNING],
        "",
    ),
    "ATTACH of a table with a CHECK of the key": (
        "attach-partition-scans",
        PARTITIONED + "CREATE TABLE t2 (LIKE t, CHECK (id >= 10 AND id < 20));",
        ATTACH,
        [],
        "",
    ),
    "ATTACH of a table with a CHECK of something else": (
        "attach-partition-scans",
        PARTITIONED + "CREATE TABLE t2 (LIKE t, CHECK (day > '2000-01-01'));",
        ATTACH,
        [WARNING],
        "",
    ),
    "ATTACH of a table whose key may be NULL": (
        "attach-partition-scans",
        "CREATE TABLE t (id bigint) PARTITION BY RANGE (id);"
        "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (10);"
        "CREATE TABLE t2 (id bigint CHECK (id >= 10 AND id < 20));",
        ATTACH,
        [WARNING],
        "",
    ),
    "ATTACH of a table whose CHECK says NOT NULL too": (
        "attach-partition-scans",
        "CREATE TABLE t (id bigint) PARTITION BY RANGE (id);"
        "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (10);"
        "CREATE TABLE t2 (id bigint CHECK (id IS NOT NULL AND id >= 10 AND id < 20));",
        ATTACH,
        [],
        "",
    ),
    "ATTACH of a table without the parent's index": (
        "attach-partition-scans",
        PARTITIONED + "CREATE INDEX t_day ON t (day); CREATE TABLE t2 (LIKE t, CHECK (id >= 10 AND id < 20));",
        ATTACH,
        [WARNING],
        "public.t_day",
    ),
    "ATTACH of a table with it": (
        "attach-partition-scans",
        PARTITIONED
        + "CREATE INDEX ON t (day); CREATE TABLE t2 (LIKE t INCLUDING INDEXES, CHECK (id >= 10 AND id < 20));"
        "CREATE INDEX ON t2 (day);",
        ATTACH,
        [],
        "",
    ),
    "ATTACH under a foreign key of the parent": (
        "attach-partition-scans",
        "CREATE TABLE p (id bigint PRIMARY KEY);"
        + PARTITIONED
        + "ALTER TABLE t ADD FOREIGN KEY (id) REFERENCES p; CREATE TABLE t2 (LIKE t, CHECK (id >= 10 AND id < 20));",
        ATTACH,
        [WARNING],
        "looked up in public.p",
    ),
    "DROP beside a default partition": (
        "drop-partition",
        WITH_DEFAULT,
        "DROP TABLE t1",
        [WARNING],
        "its default partition public.rest",
    ),
    "DROP of the parent too": ("drop-partition", PARTITIONED, "DROP TABLE public.t1, public.t", [], ""),
    "DETACH beside a default partition": (
        "detach-partition",
        WITH_DEFAULT,
        "ALTER TABLE t DETACH PARTITION t1",
        [INFO],
        "short lock_timeout",
    ),
    "an interrupted DETACH stops only CONCURRENTLY": (
        "detach-pending",
        PARTITIONED + "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (10) TO (20);"
        "UPDATE pg_inherits SET inhdetachpending = true WHERE inhrelid = 't1'::regclass;",
        "ALTER TABLE t DETACH PARTITION t2",
        [],
        "",
    ),
    "an interrupted DETACH can't be done again": (
        "detach-pending",
        PARTITIONED + "UPDATE pg_inherits SET inhdetachpending = true WHERE inhrelid = 't1'::regclass;",
        "ALTER TABLE t DETACH PARTITION t1",
        [CRITICAL],
        "public.t1",
    ),
    # rows
    "TRUNCATE CASCADE names what it empties": (
        "truncate",
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY REFERENCES a);",
        "TRUNCATE a CASCADE",
        [CRITICAL],
        "public.b",
    ),
    "TRUNCATE of a table that is referred to": (
        "truncate",
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY REFERENCES a);",
        "TRUNCATE a",
        [CRITICAL],
        "0A000",
    ),
    "IF EXISTS of nothing": ("drop-table-breaks", TABLE, "DROP TABLE IF EXISTS gone", [], ""),
    "IF EXISTS of no column": ("drop-column-breaks", TABLE, "ALTER TABLE t DROP COLUMN IF EXISTS gone", [], ""),
    "a table that has a policy": (
        "row-security-without-policy",
        TABLE + "CREATE POLICY p ON t USING (true);",
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        [],
        "",
    ),
    "an index that is renamed as a table": (
        "rename-breaks",
        TABLE + "CREATE INDEX i ON t (n);",
        "ALTER TABLE i RENAME TO j",
        [],
        "",
    ),
    "SET LOGGED of a table that is": ("table-rewrite", TABLE, "ALTER TABLE t SET LOGGED", [], ""),
    # views and domains
    "a unique index over an expression does not count": (
        "refresh-concurrently-without-index",
        "CREATE MATERIALIZED VIEW v AS SELECT 1 AS a; CREATE UNIQUE INDEX ON v ((a + 1));",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
        [CRITICAL],
        "55000",
    ),
    "nor does a partial one": (
        "refresh-concurrently-without-index",
        "CREATE MATERIALIZED VIEW v AS SELECT 1 AS a; CREATE UNIQUE INDEX ON v (a) WHERE a > 0;",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
        [CRITICAL],
        "55000",
    ),
    "a domain that nobody uses": (
        "domain-constraint",
        "CREATE DOMAIN d AS int;",
        "ALTER DOMAIN d SET NOT NULL",
        [],
        "",
    ),
    "a domain that a table uses": (
        "domain-constraint",
        'CREATE DOMAIN d AS int; CREATE TABLE "T" (a d);',
        "ALTER DOMAIN d SET NOT NULL",
        [WARNING],
        'public."T"',
    ),
}


@pytest.mark.parametrize(("rule", "setup", "sql", "severities", "words"), LIVE.values(), ids=LIVE)
def test_with_a_catalogue(any_database, rule, setup, sql, severities, words):  # noqa: PLR0917  one case
    with any_database.connect(autocommit=True) as conn:
        conn.execute("SET TimeZone = 'UTC'")
        conn.execute(setup)
        make_large(conn)
        found = [each for each in lint_sql(sql, facts=read_facts(conn, [read_script(sql)])) if each.rule == rule]
    assert [each.severity for each in found] == severities
    assert not found or words in found[0].message


SMALL = {
    "a rewrite": ("add-column-rewrites", TABLE, "ALTER TABLE t ADD c serial"),
    "a change of type": ("alter-type-rewrites", TABLE, "ALTER TABLE t ALTER n TYPE bigint"),
    "ATTACH": ("attach-partition-scans", PARTITIONED + "CREATE TABLE t2 (LIKE t);", ATTACH),
    "VACUUM FULL": ("table-rewrite", TABLE, "VACUUM FULL t"),
    "a lock": ("row-security-lock", TABLE, "CREATE POLICY p ON t USING (true)"),
}


@pytest.mark.parametrize(("rule", "setup", "sql"), SMALL.values(), ids=SMALL)
def test_small_tables_are_quiet(any_database, rule, setup, sql):
    with any_database.connect(autocommit=True) as conn:
        conn.execute(setup)
        conn.execute("VACUUM")
        facts = read_facts(conn, [read_script(sql)])
    assert rule not in [each.rule for each in lint_sql(sql, facts=facts)]
    assert rule in [each.rule for each in lint_sql(sql)]


NAMED = 'CREATE SCHEMA "Odd S"; CREATE TABLE "Odd S"."a;--b" (id bigint PRIMARY KEY, "SELECT" text); '
P = 'CREATE TABLE "Odd S"."p""x" (id bigint PRIMARY KEY); INSERT INTO "Odd S"."p""x" VALUES (1); '
PARTS = """
CREATE TABLE "P" (id bigint GENERATED ALWAYS AS IDENTITY, "FOR VALUES" int DEFAULT 3, CHECK (id > 0), PRIMARY KEY (id))
    PARTITION BY RANGE (id);
CREATE TABLE "P 1" PARTITION OF "P" FOR VALUES FROM (1) TO (10);
"""
V = """
CREATE MATERIALIZED VIEW "V;" AS SELECT 1 AS "A"; CREATE UNIQUE INDEX "I" ON "V;" ("A");
"""
# rule, what there is, SQL, and whether there is a fix: one that there is has to run and to be quiet
FIXES = {
    "CHECK": (
        "add-column-inline-constraint",
        NAMED,
        'ALTER TABLE "Odd S"."a;--b" ADD "C" int DEFAULT 5 CHECK ("C" > 0 AND "SELECT" <> \';\'), ADD d int',
        True,
    ),
    "CHECK and UNIQUE": (
        "add-column-inline-constraint",
        NAMED,
        'ALTER TABLE "Odd S"."a;--b" ADD "C" varchar(5) COLLATE "C" UNIQUE CONSTRAINT "no;blank" CHECK ("C" <> \'\')',
        True,
    ),
    "a name that is taken": (
        "add-column-inline-constraint",
        "CREATE TABLE t (id int, CONSTRAINT t_c_key UNIQUE (id));",
        "ALTER TABLE t ADD c int UNIQUE",
        True,
    ),
    "a name that is too long": (
        "add-column-inline-constraint",
        f"CREATE TABLE {'t' * 60} (id int);",
        f"ALTER TABLE {'t' * 60} ADD {'c' * 60} int UNIQUE CHECK ({'c' * 60} > 0)",
        True,
    ),
    "PRIMARY KEY": ("add-column-inline-constraint", NAMED, 'ALTER TABLE "Odd S"."a;--b" ADD c int PRIMARY KEY', False),
    "UNIQUE of a partitioned table": (
        "add-column-inline-constraint",
        "CREATE TABLE t (id int) PARTITION BY RANGE (id); CREATE TABLE t1 PARTITION OF t DEFAULT;",
        "ALTER TABLE ONLY t ADD c int UNIQUE",
        False,
    ),
    "IF NOT EXISTS": (
        "add-column-inline-constraint",
        NAMED,
        'ALTER TABLE "Odd S"."a;--b" ADD IF NOT EXISTS c int CHECK (c > 0)',
        False,
    ),
    "REFERENCES": (
        "add-column-references",
        NAMED + P,
        'ALTER TABLE "Odd S"."a;--b" ADD "C" bigint DEFAULT 1 REFERENCES "Odd S"."p""x" ON DELETE SET NULL DEFERRABLE',
        True,
    ),
    "REFERENCES of a partitioned table": (
        "add-column-references",
        PARTS + 'CREATE SCHEMA "Odd S"; ' + P,
        'ALTER TABLE "P" ADD "C" bigint REFERENCES "Odd S"."p""x"',
        None,  # since 18
    ),
    "PARTITION OF": (
        "partition-of",
        PARTS,
        'CREATE TABLE "FOR VALUES" PARTITION OF "P" FOR VALUES FROM (10) TO (MAXVALUE)',
        True,
    ),
    "PARTITION OF, DEFAULT": ("partition-of", PARTS, 'CREATE TABLE "Q" PARTITION OF public."P" DEFAULT', True),
    "PARTITION OF with words of its own": (
        "partition-of",
        PARTS,
        'CREATE TABLE "Q" PARTITION OF "P" ("FOR VALUES" DEFAULT 4) DEFAULT',
        False,
    ),
    "PARTITION OF that is partitioned": (
        "partition-of",
        PARTS,
        'CREATE TABLE "Q" PARTITION OF "P" DEFAULT PARTITION BY RANGE (id)',
        False,
    ),
    "DROP of a partition": ("drop-partition", PARTS, 'DROP TABLE "P 1" -- no longer', True),
    "DROP of a partition beside a default": (
        "drop-partition",
        PARTS + 'CREATE TABLE d PARTITION OF "P" DEFAULT;',
        'DROP TABLE "P 1"',
        False,
    ),
    "DETACH": ("detach-partition", PARTS, 'ALTER TABLE "P" DETACH PARTITION "P 1"', True),
    "DETACH CONCURRENTLY beside a default": (
        "detach-concurrently-refused",
        PARTS + 'CREATE TABLE d PARTITION OF "P" DEFAULT;',
        'ALTER TABLE "P" DETACH PARTITION "P 1" CONCURRENTLY',
        True,
    ),
    "DETACH of an interrupted one": (
        "detach-pending",
        PARTS + """UPDATE pg_inherits SET inhdetachpending = true WHERE inhrelid = '"P 1"'::regclass;""",
        'ALTER TABLE "P" DETACH PARTITION "P 1" CONCURRENTLY',
        True,
    ),
    "REFRESH": ("refresh-not-concurrent", V, 'REFRESH MATERIALIZED VIEW "V;"', True),
    "REFRESH without an index": (
        "refresh-not-concurrent",
        "CREATE MATERIALIZED VIEW v AS SELECT 1 AS a;",
        "REFRESH MATERIALIZED VIEW v",
        False,
    ),
    "RENAME of a table": ("rename-breaks", NAMED, 'ALTER TABLE "Odd S"."a;--b" RENAME TO "B" -- better', True),
    "RENAME of a sequence": ("rename-breaks", "CREATE SEQUENCE s;", "ALTER TABLE s RENAME TO r", False),
    "RENAME of a column": ("rename-breaks", NAMED, 'ALTER TABLE "Odd S"."a;--b" RENAME "SELECT" TO b', False),
    "SET SCHEMA": ("set-schema-breaks", NAMED, 'ALTER TABLE "Odd S"."a;--b" SET SCHEMA public', True),
    "SET SCHEMA of who knows where": (
        "set-schema-breaks",
        "CREATE SCHEMA s; CREATE TABLE t (id int);",
        "ALTER TABLE t SET SCHEMA s",
        False,
    ),
    "a view made just before": (
        "alter-type-pinned",
        "CREATE TABLE t (a varchar(5));",
        "CREATE VIEW v AS SELECT a FROM t; ALTER TABLE t ALTER a TYPE text",
        True,
    ),
    "a view made earlier": (
        "alter-type-pinned",
        "CREATE TABLE t (a varchar(5));",
        "CREATE VIEW v AS SELECT a FROM t; GRANT SELECT ON v TO PUBLIC; ALTER TABLE t ALTER a TYPE text",
        False,
    ),
}


@pytest.mark.parametrize(("rule", "setup", "sql", "has_fix"), FIXES.values(), ids=FIXES)
def test_fixes_run_and_are_quiet(database, rule, setup, sql, has_fix):
    with database.connect(autocommit=True) as conn:
        conn.execute(setup)
        make_large(conn)
        facts = read_facts(conn, [read_script(sql)])
        found = [each for each in lint_sql(sql, facts=facts) if each.rule == rule]
        assert found
        fix = found[0].fix
        assert (fix is not None) == (facts.server >= 18 if has_fix is None else has_fix)
        if fix is not None:
            assert rule not in [each.rule for each in lint_sql(fix, facts=facts)]
            carry_out(conn, fix)


def test_virtual_not_null_is_proved_later(any_database):
    with any_database.connect(autocommit=True) as conn:
        conn.execute(NAMED)
        make_large(conn)
        sql = 'ALTER TABLE "Odd S"."a;--b" ADD "C" text GENERATED ALWAYS AS ("SELECT" || \';\') VIRTUAL NOT NULL'
        facts = read_facts(conn, [read_script(sql)])
        (fix,) = [each.fix for each in lint_sql(sql, facts=facts) if each.rule == "add-column-virtual-not-null"]
        assert fix is not None
        assert "add-column-virtual-not-null" not in [each.rule for each in lint_sql(fix, facts=facts)]
        carry_out(conn, fix)
        not_null = "SELECT convalidated FROM pg_constraint WHERE conname = 'a;--b_C_not_null'"
        assert conn.execute(not_null).fetchone() == (True,)


def test_a_partition_made_like_its_parent_has_all_of_it(any_database):
    """PARTITION OF and LIKE with ATTACH end in the same table."""
    sql = 'CREATE TABLE "Q" PARTITION OF "P" FOR VALUES FROM (10) TO (20)'
    with any_database.connect(autocommit=True) as conn:
        shapes = []
        for text in (sql, next(each.fix for each in lint_sql(sql) if each.rule == "partition-of")):
            conn.execute(PARTS)
            carry_out(conn, text)
            shapes.append(conn.execute(SHAPE).fetchall())
            conn.execute('DROP TABLE "P"')
    assert shapes[0]
    assert shapes[0] == shapes[1]


SHAPE = """
SELECT a.attname, a.attnotnull, a.attidentity, pg_get_expr(d.adbin, d.adrelid), k.conname, pg_get_constraintdef(k.oid)
  FROM pg_attribute AS a
  LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN pg_constraint AS k ON k.conrelid = a.attrelid AND a.attnum = ANY (k.conkey)
 WHERE a.attrelid = '"Q"'::regclass
   AND a.attnum > 0
 ORDER BY a.attname, k.conname
"""

REFUSED = {
    "a view": (TABLE + "CREATE VIEW v AS SELECT code FROM t;", ""),
    "a materialized view": (TABLE + "CREATE MATERIALIZED VIEW v AS SELECT code FROM t;", ""),
    "a rule": (TABLE + "CREATE RULE r AS ON UPDATE TO t WHERE old.code = 'x' DO INSTEAD NOTHING;", ""),
    "a policy": (TABLE + "CREATE POLICY p ON t USING (code = 'a');", "DROP POLICY p ON t;"),
    "a generated column": (
        TABLE + "ALTER TABLE t ADD g text GENERATED ALWAYS AS (lower(code)) STORED;",
        "ALTER TABLE t DROP COLUMN g;",
    ),
    "an UPDATE OF trigger": (
        TABLE + "CREATE TRIGGER u BEFORE UPDATE OF code ON t EXECUTE FUNCTION suppress_redundant_updates_trigger();",
        "DROP TRIGGER u ON t;",
    ),
    "a BEGIN ATOMIC function": (
        TABLE + "CREATE FUNCTION f() RETURNS text BEGIN ATOMIC SELECT min(code) FROM t; END;",
        "DROP FUNCTION f;",
    ),
}


@pytest.mark.parametrize(("setup", "drop"), REFUSED.values(), ids=REFUSED)
def test_what_is_called_refused_is_refused(database, setup, drop):
    """And what has been dropped before is not in the way any more."""
    sql = "ALTER TABLE t ALTER code TYPE text"
    with database.connect(autocommit=True) as conn:
        conn.execute(setup.replace("EXECUTE FUNCTION suppress", "FOR EACH ROW EXECUTE FUNCTION suppress"))
        facts = read_facts(conn, [read_script(drop + sql)])
        assert "alter-type-pinned" in [each.rule for each in lint_sql(sql, facts=facts)]
        with pytest.raises(Error):
            conn.execute(sql)
        if drop:
            assert "alter-type-pinned" not in [each.rule for each in lint_sql(drop + sql, facts=facts)]
            conn.execute(drop + sql)


def make_large(conn):
    conn.execute("UPDATE pg_class SET reltuples = 1e7 WHERE relkind IN ('r', 'm') AND oid >= 16384")


def carry_out(conn, sql):
    """Unit by unit, as apply does."""
    unit = None
    for step in walk(read_script(sql), server=conn.info.server_version // 10000):
        if unit is not None and (not step.in_transaction or step.unit != unit):
            conn.execute("COMMIT")
            unit = None
        if step.in_transaction and unit is None:
            conn.execute("BEGIN")
            unit = step.unit
        conn.execute(step.statement.text)
    if unit is not None:
        conn.execute("COMMIT")
