"""ALTER TYPE as lint tells it with a connection: what is free, what is read, what is in the way."""

from __future__ import annotations

import pytest
from psycopg import Error

from pgops.findings import Severity
from pgops.migrations.effects.live import read_facts
from pgops.migrations.lint.linter import lint_sql
from pgops.sql.grammar import read_script
from tests.migrations.linting import TABLE, found_in

pytestmark = pytest.mark.outer_versions

INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL

# rule, what there is, SQL, the severities with the catalogue; words that the first message has to have
CASES = {
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
}


@pytest.mark.parametrize(("rule", "setup", "sql", "severities", "words"), CASES.values(), ids=CASES)
def test_with_a_catalogue(any_database, rule, setup, sql, severities, words):  # noqa: PLR0917  one case
    with any_database.connect(autocommit=True) as conn:
        found = found_in(conn, setup, sql, rule)
    assert [each.severity for each in found] == severities
    assert not found or words in found[0].message


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
