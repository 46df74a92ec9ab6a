"""The rules about indexes, keys and constraints, without a catalogue: when each speaks, and what it offers.

What the contract of all rules does not see; `test_lint_indexes_live` has the cases that need one."""

from __future__ import annotations

import pytest

from pgops.findings import Severity
from pgops.migrations.lint.linter import lint_sql
from pgops.migrations.lint.rules._naming import made_name
from pgops.migrations.lint.rules._outline import outline_of
from pgops.sql.grammar import read_script

NEW = "CREATE TABLE t (id bigint PRIMARY KEY, a int, b int);\n"

FOUND = {
    "an index in several lines": ("drop-index-not-concurrent", "DROP\nINDEX x"),
    "a reindex of a schema": ("reindex-not-concurrent", "REINDEX SCHEMA app"),
    "vacuum in a transaction": ("no-transaction-allowed", "BEGIN; VACUUM t; COMMIT"),
    "reindex of a schema in a transaction": ("no-transaction-allowed", "BEGIN; REINDEX SCHEMA app; COMMIT"),
    "reindex of a partitioned table in a transaction": (
        "no-transaction-allowed",
        "CREATE TABLE p (a int) PARTITION BY LIST (a); BEGIN; REINDEX TABLE p; COMMIT",
    ),
    "a database in a transaction": ("no-transaction-allowed", "BEGIN; CREATE DATABASE other; COMMIT"),
    "alter system in a transaction": ("no-transaction-allowed", "BEGIN; ALTER SYSTEM SET work_mem = '1GB'; COMMIT"),
    "a subscription with a slot": (
        "no-transaction-allowed",
        "BEGIN; CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p; COMMIT",
    ),
    "detach concurrently in a transaction": (
        "no-transaction-allowed",
        "START TRANSACTION; ALTER TABLE p DETACH PARTITION q CONCURRENTLY; COMMIT",
    ),
    "concurrently on a table partitioned above": (
        "concurrently-on-partitioned",
        "CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE INDEX CONCURRENTLY x ON p (a)",
    ),
    "a statement timeout": (
        "concurrently-under-timeout",
        "SET statement_timeout TO 5000; DROP INDEX CONCURRENTLY x",
    ),
    "a reindex under lock_timeout": (
        "concurrently-under-timeout",
        "SET SESSION lock_timeout = '1min'; REINDEX TABLE CONCURRENTLY t",
    ),
    "a foreign key among other actions": (
        "foreign-key-not-valid-first",
        "ALTER TABLE t ADD COLUMN c int, ADD FOREIGN KEY (a) REFERENCES u",
    ),
    "a primary key": ("unique-using-index", "ALTER TABLE t ADD PRIMARY KEY (id)"),
    "two columns NOT NULL at once": (
        "set-not-null-scans",
        "ALTER TABLE t ALTER a SET NOT NULL, ALTER COLUMN b SET NOT NULL",
    ),
    "a foreign key in a new table": (
        "foreign-key-without-index",
        "CREATE TABLE t (id bigint PRIMARY KEY, a int REFERENCES u)",
    ),
    "a key whose second column leads the index": (
        "foreign-key-without-index",
        "CREATE INDEX ON t (b, a); ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u",
    ),
    "a foreign key that only a partial index serves": (
        "foreign-key-without-index",
        "CREATE INDEX ON t (a) WHERE b > 0; ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u",
    ),
    "a foreign key that only a gin index serves": (
        "foreign-key-without-index",
        "CREATE INDEX ON t USING gin (a); ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u",
    ),
    "a new column with a foreign key": (
        "foreign-key-without-index",
        "ALTER TABLE t ADD COLUMN c int REFERENCES u",
    ),
    "a foreign key of a new table, added": (
        "create-table-references",
        NEW + "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u",
    ),
    "a trigger switched off": ("trigger-lock", "ALTER TABLE t DISABLE TRIGGER ALL"),
    "add and validate in one statement": (
        "validate-in-same-transaction",
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID, VALIDATE CONSTRAINT c",
    ),
    "add without a name, and validate": (
        "validate-in-same-transaction",
        "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT t_a_fkey",
    ),
    "add and validate with another statement between": (
        "validate-in-same-transaction",
        "BEGIN; ALTER TABLE app.t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; SELECT 1;"
        "ALTER TABLE t VALIDATE CONSTRAINT c; COMMIT",
    ),
    "drop and create in one transaction": ("drop-before-rebuild", "DROP INDEX x; CREATE INDEX x ON t (a)"),
    "drop and create with a commit between": (
        "drop-before-rebuild",
        "DROP INDEX CONCURRENTLY x; ANALYZE t; CREATE INDEX CONCURRENTLY x ON t (a)",
    ),
    "drop and create IF EXISTS in one transaction": (
        "drop-before-rebuild",
        "DROP INDEX IF EXISTS x; CREATE INDEX x ON t (a)",
    ),
    "the same key twice": ("duplicate-index", "CREATE INDEX x ON t (a); CREATE INDEX y ON t USING btree (a)"),
    "the front of a primary key": (
        "duplicate-index",
        "CREATE TABLE m (a int, b int, PRIMARY KEY (a, b)); CREATE INDEX ON m (a)",
    ),
    "a unique index twice": (
        "duplicate-index",
        "CREATE UNIQUE INDEX x ON t (a); CREATE UNIQUE INDEX y ON public.t (a)",
    ),
    "an index beside an added constraint": (
        "duplicate-index",
        "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a); CREATE INDEX CONCURRENTLY y ON t (a)",
    ),
    "an index that is there, perhaps": (
        "index-if-not-exists",
        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS x ON t (a)",
    ),
}

QUIET = {
    "the index of a new table": ("drop-index-not-concurrent", NEW + "CREATE INDEX x ON t (a); DROP INDEX x"),
    "a table, not an index": ("drop-index-not-concurrent", "DROP TABLE x"),
    "a reindex of a new table": ("reindex-not-concurrent", NEW + "REINDEX TABLE t"),
    "a reindex of a new table's index": ("reindex-not-concurrent", NEW + "CREATE INDEX x ON t (a); REINDEX INDEX x"),
    "concurrently by option": ("reindex-not-concurrent", "REINDEX (VERBOSE, CONCURRENTLY) TABLE t"),
    "refresh concurrently in a transaction": (
        "no-transaction-allowed",
        "BEGIN; REFRESH MATERIALIZED VIEW CONCURRENTLY v; COMMIT",
    ),
    "a subscription without a slot": (
        "no-transaction-allowed",
        "BEGIN; CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (connect = false); COMMIT",
    ),
    "analyze in a transaction": ("no-transaction-allowed", "BEGIN; ANALYZE t; COMMIT"),
    "behind the transaction": ("no-transaction-allowed", "BEGIN; SELECT 1; COMMIT; VACUUM t"),
    "reindex concurrently of a partitioned table": (
        "concurrently-on-partitioned",
        "CREATE TABLE p (a int) PARTITION BY LIST (a); REINDEX TABLE CONCURRENTLY p",
    ),
    "a timeout of nothing": (
        "concurrently-under-timeout",
        "SET lock_timeout = '0ms'; SET statement_timeout = 0; CREATE INDEX CONCURRENTLY x ON t (a)",
    ),
    "a timeout that was reset": (
        "concurrently-under-timeout",
        "SET lock_timeout = '2s'; RESET lock_timeout; CREATE INDEX CONCURRENTLY x ON t (a)",
    ),
    "a timeout of an earlier transaction": (
        "concurrently-under-timeout",
        "BEGIN; SET LOCAL lock_timeout = '2s'; SELECT 1; COMMIT; CREATE INDEX CONCURRENTLY x ON t (a)",
    ),
    "a timeout and a plain index": ("concurrently-under-timeout", "SET lock_timeout = '2s'; CREATE INDEX x ON t (a)"),
    "if not exists on a new table": ("index-if-not-exists", NEW + "CREATE INDEX IF NOT EXISTS x ON t (a)"),
    "a foreign key of a new table": (
        "foreign-key-not-valid-first",
        NEW + "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u",
    ),
    "a foreign key that holds for nobody": (
        "foreign-key-not-valid-first",
        "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u NOT ENFORCED",
    ),
    "using the index": ("unique-using-index", "ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX k"),
    "unique of a new table": ("unique-using-index", NEW + "ALTER TABLE t ADD UNIQUE (a)"),
    "exclude of a new table": ("exclude-constraint", NEW + "ALTER TABLE t ADD EXCLUDE (a WITH =)"),
    "NOT NULL of a foreign table": ("set-not-null-scans", "ALTER FOREIGN TABLE t ALTER a SET NOT NULL"),
    "NOT NULL a second time": (
        "set-not-null-scans",
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c;"
        "ALTER TABLE t ALTER a SET NOT NULL; ALTER TABLE t DROP CONSTRAINT c; ALTER TABLE t ALTER a SET NOT NULL",
    ),
    "an index that comes later": (
        "foreign-key-without-index",
        "CREATE TABLE t (id bigint PRIMARY KEY, a int REFERENCES u); CREATE INDEX ON t (a)",
    ),
    "an index in the other order": (
        "foreign-key-without-index",
        "CREATE INDEX ON t (b, a, id); ALTER TABLE t ADD FOREIGN KEY (a, b) REFERENCES u",
    ),
    "a key that is part of the primary key": (
        "foreign-key-without-index",
        "CREATE TABLE m (a int REFERENCES u, b int, PRIMARY KEY (a, b))",
    ),
    "a unique column that refers": ("foreign-key-without-index", "CREATE TABLE m (a int UNIQUE REFERENCES u)"),
    "a temporary table": ("foreign-key-without-index", "CREATE TEMP TABLE m (a int REFERENCES u)"),
    "a hash index": (
        "foreign-key-without-index",
        "CREATE INDEX ON t USING hash (a); ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u",
    ),
    "both tables new": ("create-table-references", NEW + "CREATE TABLE v (a bigint REFERENCES t)"),
    "a table that references itself": ("create-table-references", "CREATE TABLE v (a int PRIMARY KEY REFERENCES v)"),
    "a trigger of a new table": (
        "trigger-lock",
        NEW + "CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f(); DROP TRIGGER g ON t",
    ),
    "validate of another table's": (
        "validate-in-same-transaction",
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE u VALIDATE CONSTRAINT c",
    ),
    "validate of another schema's": (
        "validate-in-same-transaction",
        "ALTER TABLE app.t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE web.t VALIDATE CONSTRAINT c",
    ),
    "validate behind a commit": (
        "validate-in-same-transaction",
        "BEGIN; ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; COMMIT; ALTER TABLE t VALIDATE CONSTRAINT c",
    ),
    "validate of a new table": (
        "validate-in-same-transaction",
        NEW + "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c",
    ),
    "clearing away what a broken attempt left": (
        "drop-before-rebuild",
        "DROP INDEX CONCURRENTLY IF EXISTS x; CREATE INDEX CONCURRENTLY x ON t (a)",
    ),
    "create first": (
        "drop-before-rebuild",
        "CREATE INDEX CONCURRENTLY y ON t (a); DROP INDEX CONCURRENTLY x; ALTER INDEX y RENAME TO x",
    ),
    "an index of a new table made anew": (
        "drop-before-rebuild",
        NEW + "CREATE INDEX x ON t (a); DROP INDEX x; CREATE INDEX x ON t (b)",
    ),
    "a successor that came first": (
        "drop-before-rebuild",
        "CREATE INDEX x ON t (a); CREATE INDEX y ON t (a, b); DROP INDEX x; CREATE INDEX z ON t (a, id)",
    ),
    "another operator class": (
        "duplicate-index",
        "CREATE INDEX x ON t (a); CREATE INDEX y ON t (a text_pattern_ops); CREATE INDEX z ON t (a DESC)",
    ),
    "another method": ("duplicate-index", "CREATE INDEX x ON t USING brin (a); CREATE INDEX y ON t (a)"),
    "a partial index": ("duplicate-index", "CREATE INDEX x ON t (a) WHERE b > 0; CREATE INDEX y ON t (a)"),
    "an expression": ("duplicate-index", "CREATE INDEX x ON t (lower(a)); CREATE INDEX y ON t (lower(a))"),
    "unique for the front of another": (
        "duplicate-index",
        "CREATE UNIQUE INDEX x ON t (a, b); CREATE UNIQUE INDEX y ON t (a)",
    ),
    "a longer key": ("duplicate-index", "CREATE INDEX x ON t (a); CREATE INDEX y ON t (a, b)"),
    "one that takes the other's place": (
        "duplicate-index",
        "CREATE INDEX x ON t (a); CREATE INDEX CONCURRENTLY y ON t (a); DROP INDEX CONCURRENTLY x",
    ),
    "the other schema's table": ("duplicate-index", "CREATE INDEX x ON app.t (a); CREATE INDEX y ON web.t (a)"),
}


@pytest.mark.parametrize("case", FOUND)
def test_it_speaks_without_a_catalogue(case):
    rule, sql = FOUND[case]
    assert lint_sql(sql, rules=[rule])


@pytest.mark.parametrize("case", QUIET)
def test_it_is_quiet(case):
    rule, sql = QUIET[case]
    assert not lint_sql(sql, rules=[rule])


# The statement, and what is offered instead of it; None where a person has to decide.
OFFERED = {
    "several indexes": (
        "drop-index-not-concurrent",
        'DROP INDEX IF EXISTS a, app."B"',
        'DROP INDEX CONCURRENTLY IF EXISTS a;\nDROP INDEX CONCURRENTLY IF EXISTS app."B";',
    ),
    "cascade, which CONCURRENTLY lacks": ("drop-index-not-concurrent", "DROP INDEX a CASCADE", None),
    "options of reindex": (
        "reindex-not-concurrent",
        "REINDEX (VERBOSE) /* TABLE */ INDEX a -- why",
        "REINDEX (VERBOSE) /* TABLE */ INDEX CONCURRENTLY a -- why\n;",
    ),
    "the system's catalogues": ("reindex-not-concurrent", "REINDEX SYSTEM postgres", None),
    "timeouts put back": (
        "concurrently-under-timeout",
        "SET lock_timeout = '2s'; CREATE INDEX CONCURRENTLY ON t (a)",
        "SET lock_timeout = 0;\nCREATE INDEX CONCURRENTLY ON t (a);\nSET lock_timeout = '2s';",
    ),
    "words that only look like IF NOT EXISTS": (
        "index-if-not-exists",
        'CREATE INDEX /* IF NOT EXISTS x ON y */ CONCURRENTLY IF NOT EXISTS "on" ON t (a) WHERE b IN (1)',
        'CREATE INDEX CONCURRENTLY "on" ON t (a) WHERE b IN (1);',
    ),
    "a key without a name gets one": (
        "foreign-key-not-valid-first",
        "ALTER TABLE IF EXISTS ONLY t ADD FOREIGN KEY (a) REFERENCES u ON DELETE CASCADE -- why",
        "ALTER TABLE IF EXISTS ONLY t ADD CONSTRAINT t_a_fkey FOREIGN KEY (a) REFERENCES u ON DELETE CASCADE -- why\n"
        "NOT VALID;\nCOMMIT;\nALTER TABLE IF EXISTS ONLY t VALIDATE CONSTRAINT t_a_fkey;",
    ),
    "several actions": (
        "foreign-key-not-valid-first",
        "ALTER TABLE t ADD COLUMN c int, ADD FOREIGN KEY (a) REFERENCES u",
        None,
    ),
    "unique with all it can say": (
        "unique-using-index",
        'ALTER TABLE "T" ADD UNIQUE NULLS NOT DISTINCT (a, "B)") INCLUDE (c) DEFERRABLE INITIALLY DEFERRED',
        'CREATE UNIQUE INDEX CONCURRENTLY "T_a_B)_c_key" ON "T" (a, "B)") INCLUDE (c) NULLS NOT DISTINCT;\n'
        'ALTER TABLE "T" ADD CONSTRAINT "T_a_B)_c_key" UNIQUE USING INDEX "T_a_B)_c_key" '
        "DEFERRABLE INITIALLY DEFERRED;",
    ),
    "unique with more than USING INDEX can": (
        "unique-using-index",
        "ALTER TABLE t ADD UNIQUE (a) WITH (fillfactor = 70)",
        None,
    ),
    "unique among other actions": ("unique-using-index", "ALTER TABLE t ADD UNIQUE (a), ADD UNIQUE (b)", None),
    "exclude": ("exclude-constraint", "ALTER TABLE t ADD EXCLUDE USING gist (a WITH &&)", None),
    "two columns NOT NULL": ("set-not-null-scans", "ALTER TABLE t ALTER a SET NOT NULL, ALTER b SET NOT NULL", None),
    "the index of a new table, behind it": (
        "foreign-key-without-index",
        "CREATE TABLE app.m (a int REFERENCES u, b int REFERENCES v)",
        "CREATE TABLE app.m (a int REFERENCES u, b int REFERENCES v);\n"
        "CREATE INDEX m_a_idx ON app.m (a);\nCREATE INDEX m_b_idx ON app.m (b);",
    ),
    "drop among others": ("drop-before-rebuild", "DROP INDEX x, y; CREATE INDEX x ON t (a)", None),
    "a statement between": ("drop-before-rebuild", "DROP INDEX x; ANALYZE t; CREATE INDEX x ON t (a)", None),
    "the other way round": (
        "drop-before-rebuild",
        "DROP INDEX IF EXISTS app.x; CREATE UNIQUE INDEX x ON app.t (a)",
        "CREATE UNIQUE INDEX CONCURRENTLY t_a_new_idx ON app.t (a);\nDROP INDEX CONCURRENTLY IF EXISTS app.x;\n"
        "ALTER INDEX app.t_a_new_idx RENAME TO x;",
    ),
    "both in one statement": (
        "validate-in-same-transaction",
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID, VALIDATE CONSTRAINT c",
        None,
    ),
}


@pytest.mark.parametrize("case", OFFERED)
def test_what_is_offered(case):
    rule, sql, fix = OFFERED[case]
    assert lint_sql(sql, rules=[rule]).findings[0].fix == fix


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (17, "CHECK (a IS NOT NULL) NOT VALID"),
        (18, "NOT NULL a NOT VALID"),
    ],
)
def test_the_version_decides_how_not_null_is_proved(server, words):
    fix = lint_sql("ALTER TABLE t ALTER a SET NOT NULL", server=server, rules=["set-not-null-scans"]).findings[0].fix
    assert words in fix
    assert ("SET NOT NULL" in fix) is (server < 18)


def test_transactions_and_gaps_are_told_apart():
    together, apart = (
        lint_sql(sql, rules=["drop-before-rebuild"]).findings[0]
        for sql in (
            "DROP INDEX x; CREATE INDEX x ON t (a)",
            "BEGIN; DROP INDEX x; COMMIT; BEGIN; CREATE INDEX x ON t (a); COMMIT",
        )
    )
    assert (together.severity, apart.severity) == (Severity.CRITICAL, Severity.WARNING)


def test_a_long_name_is_cut_as_postgresql_cuts_it(any_database):
    table, column = "tä" * 20, "c" * 50
    with any_database.connect(autocommit=True) as conn:
        conn.execute(f'CREATE TABLE "{table}" ("{column}" int)')
        conn.execute(f'CREATE INDEX ON "{table}" ("{column}")')
        names = conn.execute("SELECT indexname::text FROM pg_catalog.pg_indexes WHERE schemaname = 'public'").fetchall()
    assert names == [(made_name(table, [column], "idx"),)]


def test_a_script_is_gone_through_once():
    script, other = read_script("CREATE INDEX ON t (a)"), read_script("CREATE INDEX ON t (a)")
    assert outline_of(script) is outline_of(script)
    assert outline_of(other) is not outline_of(script)
