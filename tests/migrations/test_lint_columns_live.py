"""Columns, rows, views and domains as lint tells it with a connection, and how quiet it is about small tables."""

from __future__ import annotations

import pytest

from pgops.findings import Severity
from pgops.migrations.effects.live import read_facts
from pgops.migrations.lint.linter import lint_sql
from pgops.sql.grammar import read_script
from tests.migrations.linting import ATTACH, PARTITIONED, TABLE, found_in

INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL

# rule, what there is, SQL, the severities with the catalogue; words that the first message has to have
CASES = {
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


@pytest.mark.parametrize(("rule", "setup", "sql", "severities", "words"), CASES.values(), ids=CASES)
def test_with_a_catalogue(any_database, rule, setup, sql, severities, words):  # noqa: PLR0917  one case
    with any_database.connect(autocommit=True) as conn:
        found = found_in(conn, setup, sql, rule)
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
