"""What tests of lint share: tables that count as large, and SQL carried out as `apply` does."""

from __future__ import annotations

from pgops.migrations.effects.live import read_facts
from pgops.migrations.effects.walk import walk
from pgops.migrations.lint.linter import lint_sql
from pgops.sql.grammar import read_script

PARTITIONED = """
CREATE TABLE t (id bigint NOT NULL, day date, note varchar(10)) PARTITION BY RANGE (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (10);
"""
PARTS = """
CREATE TABLE "P" (id bigint GENERATED ALWAYS AS IDENTITY, "FOR VALUES" int DEFAULT 3, CHECK (id > 0), PRIMARY KEY (id))
    PARTITION BY RANGE (id);
CREATE TABLE "P 1" PARTITION OF "P" FOR VALUES FROM (1) TO (10);
"""
WITH_DEFAULT = PARTITIONED + "CREATE TABLE rest PARTITION OF t DEFAULT;"
ATTACH = "ALTER TABLE t ATTACH PARTITION t2 FOR VALUES FROM (10) TO (20)"
TABLE = "CREATE TABLE t (id bigint PRIMARY KEY, code varchar(10), amount numeric(8, 2), at timestamp, n int);"


def found_in(conn, setup, sql, rule):
    """What `rule` says of `sql` where `setup` was carried out, and all tables are large."""
    conn.execute("SET TimeZone = 'UTC'")
    conn.execute(setup)
    make_large(conn)
    return [each for each in lint_sql(sql, facts=read_facts(conn, [read_script(sql)])) if each.rule == rule]


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
