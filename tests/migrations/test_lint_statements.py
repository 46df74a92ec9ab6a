"""What lint says of statements that are not DDL: settings, functions, changes inside others, words that are too new."""

from __future__ import annotations

import pytest

from pgops.migrations.effects.live import read_facts
from pgops.migrations.lint.linter import lint_sql
from pgops.sql.grammar import read_script

ADD = "ALTER TABLE t ADD COLUMN n int;"

SAID = {
    "set_config is SET": (f"SELECT set_config('lock_timeout', '2s', true); {ADD}", []),
    "set_config of nothing resets": (f"SELECT set_config('lock_timeout', NULL, true); {ADD}", ["missing-lock-timeout"]),
    "the first line of a dump": ("SELECT pg_catalog.set_config('search_path', '', false);", ["session-setting-left"]),
    "an aggregate is harmless": ("SELECT count(*), jsonb_agg(a) FROM t", []),
    "so is whatever is PostgreSQL's own": ("SELECT pg_catalog.lo_unlink(1)", []),
    "a function of one's own": ("SELECT app.count(1)", ["call-unknown"]),
    "whatever an extension's script does": ("ALTER EXTENSION postgis UPDATE", ["call-unknown"]),
    "whatever a role owns": ("DROP OWNED BY bob", ["call-unknown"]),
    "what locks no table": ("ALTER ROLE bob SET work_mem = '1GB'; GRANT a TO b; ALTER FUNCTION f() STABLE", []),
    "every row, by WITH": ("WITH x AS (DELETE FROM t RETURNING *) INSERT INTO u TABLE x", ["change-without-where"]),
    "every row, by EXPLAIN ANALYZE": ("EXPLAIN (ANALYZE) UPDATE t SET a = 1", ["change-without-where"]),
    "EXPLAIN alone changes nothing": ("EXPLAIN UPDATE t SET a = 1", []),
}


@pytest.mark.parametrize(("sql", "rules"), SAID.values(), ids=SAID)
def test_what_is_said(sql, rules):
    assert [each.rule for each in lint_sql(sql, server=16) if each.rule != "missing-statement-timeout"] == rules


SINCE = {
    "MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN DELETE": 15,
    "MERGE INTO t USING u ON t.id = u.id WHEN NOT MATCHED BY SOURCE THEN DELETE": 17,
    "MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN DELETE RETURNING t.id": 17,
    "CREATE UNIQUE INDEX i ON t (a) NULLS NOT DISTINCT": 15,
    "CREATE TABLE t (a int UNIQUE NULLS NOT DISTINCT)": 15,
    "CREATE TABLE t (a int, b int, FOREIGN KEY (a, b) REFERENCES u ON DELETE SET NULL (a))": 15,
    "CREATE PUBLICATION p FOR TABLE t (a)": 15,
    "CREATE PUBLICATION p FOR TABLES IN SCHEMA s": 15,
    "ALTER TABLE t SET ACCESS METHOD heap": 15,
    "CREATE VIEW v WITH (security_invoker) AS SELECT 1": 15,
    "ALTER TABLE t ADD COLUMN a text STORAGE EXTERNAL": 16,
    "ALTER TABLE t ALTER a SET STORAGE DEFAULT": 16,
    "CREATE STATISTICS ON a, b FROM t": 16,
    "REINDEX DATABASE": 16,
    "VACUUM (PROCESS_MAIN false) t": 16,
    "ALTER TABLE t ADD CHECK (a IS JSON)": 16,
    "ALTER TABLE t ALTER a SET EXPRESSION AS (1)": 17,
    "ALTER TABLE t ALTER a SET STATISTICS DEFAULT": 17,
    "ALTER TABLE t SET ACCESS METHOD DEFAULT": 17,
    "ALTER DOMAIN d ADD NOT NULL": 17,
    "ALTER TABLE t ADD COLUMN a int GENERATED ALWAYS AS (1) VIRTUAL": 18,
    "ALTER TABLE t ADD COLUMN a int CHECK (a > 0) NOT ENFORCED": 18,
    "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u NOT ENFORCED": 18,
    "ALTER TABLE t ALTER CONSTRAINT k NOT ENFORCED": 18,
    "ALTER TABLE t ADD CONSTRAINT k NOT NULL a": 18,
    "CREATE TABLE t (a int, NOT NULL a)": 18,
    "ALTER TABLE t ADD COLUMN a int NOT NULL NO INHERIT": 18,
    "ALTER TABLE t ADD PRIMARY KEY (a, b WITHOUT OVERLAPS)": 18,
    "ALTER TABLE t ADD CHECK (a > 0) NO INHERIT NOT VALID": None,
    "ALTER TABLE t ALTER CONSTRAINT k DEFERRABLE": None,
    "CREATE TABLE t (a int NOT NULL CHECK (a > 0), b int GENERATED ALWAYS AS (a) STORED)": None,
    "ALTER TABLE t ALTER a SET STORAGE EXTERNAL, ALTER a SET STATISTICS 5": None,
    "COMMENT ON TABLE t IS 'MERGE, VIRTUAL, NOT ENFORCED'": None,
    "VACUUM (FULL) t": None,
}


@pytest.mark.parametrize(("sql", "since"), SINCE.items(), ids=SINCE)
def test_the_version_that_a_statement_needs(sql, since):
    (statement,) = read_script(sql).statements
    assert (statement.newer.since if statement.newer is not None else None) == since


def test_a_server_is_asked_for_what_it_can_read(any_database):
    with any_database.connect() as conn:
        conn.execute("CREATE FUNCTION f() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1'")
        sql = "SELECT f(), count(*)"
        assert [each.rule for each in lint_sql(sql, facts=read_facts(conn, [read_script(sql)]))] == ["call-unknown"]
