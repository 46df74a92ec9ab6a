"""What lint offers instead can be carried out as it is, and is quiet; names are quoted as they have to be."""

from __future__ import annotations

import pytest

from pgops.migrations.effects.live import read_facts
from pgops.migrations.lint.linter import lint_sql
from pgops.sql.grammar import read_script
from tests.migrations.linting import PARTS, carry_out, make_large

pytestmark = pytest.mark.outer_versions

NAMED = 'CREATE SCHEMA "Odd S"; CREATE TABLE "Odd S"."a;--b" (id bigint PRIMARY KEY, "SELECT" text); '
P = 'CREATE TABLE "Odd S"."p""x" (id bigint PRIMARY KEY); INSERT INTO "Odd S"."p""x" VALUES (1); '
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
