"""The rules about indexes, keys and constraints, with a catalogue: of servers of every version.

What is offered leaves behind the same indexes and constraints as the statement would have, whatever the names."""

from __future__ import annotations

import pytest

from pgops.findings import Severity
from pgops.migrations.effects.live import read_facts
from pgops.migrations.effects.walk import walk
from pgops.migrations.lint.linter import lint_sql
from pgops.sql.grammar import read_script
from tests.migrations.indexes_live import ORDERS, PARTITIONS, WITH_INDEX, Live, prepared

pytestmark = pytest.mark.outer_versions

HOSTILE = """
CREATE SCHEMA "S; --";
CREATE TABLE "S; --"."u""u" ("select" bigint PRIMARY KEY);
CREATE TABLE "S; --"."t't" (id bigint, "or der" bigint, "%s" int);
INSERT INTO "S; --"."u""u" VALUES (1);
INSERT INTO "S; --"."t't" VALUES (1, 1, 1);
"""
HOSTILE_KEY = f"""
{HOSTILE}
ALTER TABLE "S; --"."t't" ADD CONSTRAINT "f f" FOREIGN KEY ("or der") REFERENCES "S; --"."u""u";
"""

LIVE = {
    "hostile: drop index": Live(
        rule="drop-index-not-concurrent",
        setup=HOSTILE + 'CREATE INDEX "i""i" ON "S; --"."t\'t" ("or der");',
        sql='DROP INDEX "S; --"."i""i"',
    ),
    "hostile: reindex": Live(
        rule="reindex-not-concurrent",
        setup=HOSTILE + 'CREATE INDEX "TABLE" ON "S; --"."t\'t" ("or der");',
        sql='REINDEX INDEX /* TABLE x */ "S; --"."TABLE"',
    ),
    "hostile: foreign key": Live(
        rule="foreign-key-not-valid-first",
        setup=HOSTILE,
        sql='ALTER TABLE "S; --"."t\'t" ADD FOREIGN KEY ("or der") REFERENCES "S; --"."u""u" DEFERRABLE -- NOT VALID',
    ),
    "hostile: unique": Live(
        rule="unique-using-index",
        setup=HOSTILE,
        sql='ALTER TABLE "S; --"."t\'t" ADD UNIQUE ("or der", "%s") INCLUDE (id) DEFERRABLE',
    ),
    "hostile: primary key": Live(
        rule="unique-using-index",
        setup=HOSTILE,
        sql='ALTER TABLE "S; --"."t\'t" ADD CONSTRAINT "k%k" PRIMARY KEY ("or der", id)',
    ),
    "hostile: not null": Live(
        rule="set-not-null-scans",
        setup=HOSTILE,
        sql='ALTER TABLE "S; --"."t\'t" ALTER "or der" SET NOT NULL',
    ),
    "hostile: primary key using index": Live(
        rule="primary-key-nullable-column",
        setup=HOSTILE + 'CREATE UNIQUE INDEX "i""i" ON "S; --"."t\'t" ("or der", id);',
        sql='ALTER TABLE "S; --"."t\'t" ADD CONSTRAINT "i""i" PRIMARY KEY USING INDEX "i""i"',
        says=("or der", "id"),
    ),
    "hostile: drop of a foreign key": Live(
        rule="drop-foreign-key-locks-both",
        setup=HOSTILE_KEY,
        sql='ALTER TABLE "S; --"."t\'t" DROP CONSTRAINT "f f"',
        says=('"S; --"."u""u"',),
    ),
    "hostile: drop of a table": Live(
        rule="drop-table-with-foreign-keys",
        setup=HOSTILE_KEY,
        sql='DROP TABLE "S; --"."t\'t"',
        says=('"S; --"."u""u"',),
    ),
    "hostile: rebuild": Live(
        rule="drop-before-rebuild",
        setup=HOSTILE + 'CREATE INDEX "i""i" ON "S; --"."t\'t" ("or der");',
        sql='DROP INDEX "S; --"."i""i"; CREATE UNIQUE INDEX "i""i" ON "S; --"."t\'t" ("%s") WHERE "or der" > 0',
    ),
    "drop of a table with what references it": Live(
        rule="drop-table-with-foreign-keys",
        setup=ORDERS + "ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers;",
        sql="DROP TABLE customers CASCADE",
        says=("public.orders",),
    ),
    "drop of an index of a partitioned table": Live(
        rule="drop-index-not-concurrent",
        setup=PARTITIONS + "CREATE INDEX x ON events (day);",
        sql="DROP INDEX x",
        no_fix=True,
    ),
    "concurrent drop of an index of a partitioned table": Live(
        rule="concurrently-on-partitioned",
        setup=PARTITIONS + "CREATE INDEX x ON events (day);",
        sql="DROP INDEX CONCURRENTLY x",
        severity=Severity.CRITICAL,
        no_fix=True,
    ),
    "reindex of a partitioned table": Live(
        rule="reindex-not-concurrent",
        setup=PARTITIONS + "CREATE INDEX x ON events (day);",
        sql="REINDEX TABLE events",
    ),
    "an index on partitions of two levels": Live(
        rule="partitioned-index",
        setup=PARTITIONS,
        sql="CREATE INDEX ON events (day DESC, customer_id) INCLUDE (kind) WHERE customer_id > 0",
        same=False,  # the names of INCLUDE are missing in those of the indexes
    ),
    "an index over an expression on partitions": Live(
        rule="partitioned-index",
        setup=PARTITIONS,
        sql="CREATE INDEX x ON events USING hash (lower(kind))",
        same=False,
    ),
    "an index on partitions, plainly": Live(
        rule="partitioned-index",
        setup=PARTITIONS,
        sql="CREATE INDEX ON events (day DESC, customer_id) WHERE customer_id > 0",
    ),
    "a unique index on partitions": Live(
        rule="partitioned-index",
        setup=PARTITIONS,
        sql='CREATE UNIQUE INDEX IF NOT EXISTS "e e" ON public.events (day, kind, customer_id) -- INDEX ON',
    ),
    "an index CONCURRENTLY on partitions": Live(
        rule="concurrently-on-partitioned",
        setup=PARTITIONS,
        sql="CREATE INDEX CONCURRENTLY x ON events (day)",
        severity=Severity.CRITICAL,
        same=False,
    ),
    "a foreign key on partitions": Live(
        rule="partitioned-foreign-key-not-valid",
        setup=PARTITIONS,
        sql="ALTER TABLE events ADD FOREIGN KEY (customer_id) REFERENCES customers ON DELETE CASCADE",
        severity=Severity.WARNING,
    ),
    "a foreign key on partitions where one has the name": Live(
        rule="partitioned-foreign-key-not-valid",
        setup=PARTITIONS + "ALTER TABLE events_2027_all ADD CONSTRAINT k CHECK (day > '2020-01-01');",
        sql="ALTER TABLE events ADD CONSTRAINT k FOREIGN KEY (customer_id) REFERENCES customers",
        same=False,
    ),
    "a foreign key NOT VALID on partitions": Live(
        rule="partitioned-foreign-key-not-valid",
        setup=PARTITIONS,
        sql="ALTER TABLE events ADD CONSTRAINT k FOREIGN KEY (customer_id) REFERENCES customers NOT VALID",
        severity=Severity.CRITICAL,
        until=17,
        same=False,
    ),
    "NOT NULL on partitions": Live(
        rule="set-not-null-scans",
        setup=PARTITIONS,
        sql="ALTER TABLE events ALTER customer_id SET NOT NULL",
        severity=Severity.CRITICAL,
    ),
    "unique on partitions": Live(
        rule="unique-using-index", setup=PARTITIONS, sql="ALTER TABLE events ADD UNIQUE (day, kind)", no_fix=True
    ),
    "NOT NULL that has a proof to be validated": Live(
        rule="set-not-null-scans",
        setup=ORDERS + "ALTER TABLE orders ADD CONSTRAINT p CHECK (day IS NOT NULL) NOT VALID;",
        sql="ALTER TABLE orders VALIDATE CONSTRAINT orders_pkey; ALTER TABLE orders ALTER day SET NOT NULL",
        same=False,
    ),
    "NOT NULL that waits to be validated": Live(
        rule="set-not-null-scans",
        setup=ORDERS + "ALTER TABLE orders ADD CONSTRAINT p NOT NULL day NOT VALID;",
        sql="ALTER TABLE orders ALTER day SET NOT NULL",
        since=18,
    ),
    "a primary key whose columns are NOT NULL": Live(
        rule="unique-using-index",
        setup="CREATE TABLE orders (id bigint NOT NULL);",
        sql="ALTER TABLE orders ADD PRIMARY KEY (id)",
    ),
    "an index that is invalid": Live(
        rule="index-if-not-exists",
        setup=WITH_INDEX + "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'orders_day'::regclass;",
        sql="CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_day ON orders (day)",
        severity=Severity.CRITICAL,
        same=False,
    ),
    "an index that is there and another": Live(
        rule="index-if-not-exists",
        setup=WITH_INDEX,
        sql="CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_day ON orders (state)",
        severity=Severity.WARNING,
        no_fix=True,
    ),
    "an index that is there, asked for plainly": Live(
        rule="index-if-not-exists",
        setup=WITH_INDEX,
        sql="CREATE INDEX IF NOT EXISTS orders_day ON orders (day)",
        severity=Severity.INFO,
        no_fix=True,
    ),
    "a rebuild under another name": Live(
        rule="drop-before-rebuild",
        setup=WITH_INDEX,
        sql="DROP INDEX CONCURRENTLY orders_day; CREATE INDEX CONCURRENTLY orders_day_state ON orders (day, state)",
        severity=Severity.WARNING,
    ),
    "a rebuild behind IF EXISTS of what is there": Live(
        rule="drop-before-rebuild",
        setup=WITH_INDEX,
        sql="DROP INDEX CONCURRENTLY IF EXISTS orders_day; CREATE INDEX CONCURRENTLY orders_day ON orders (day, state)",
    ),
    "a rebuild of a constraint": Live(
        rule="drop-before-rebuild",
        setup=ORDERS + "ALTER TABLE orders ADD CONSTRAINT k UNIQUE (day);",
        sql="ALTER TABLE orders DROP CONSTRAINT k; ALTER TABLE orders ADD CONSTRAINT k UNIQUE (day, state)",
        severity=Severity.CRITICAL,
        no_fix=True,
    ),
    "an index beside a live one": Live(
        rule="duplicate-index",
        setup=WITH_INDEX,
        sql="CREATE INDEX CONCURRENTLY orders_day_2 ON orders (day)",
        says=("orders_day",),
        no_fix=True,
    ),
    "a foreign key without a live index": Live(
        rule="foreign-key-without-index",
        setup=ORDERS + "CREATE INDEX ON orders (day, customer_id);",
        sql="ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers",
        same=False,
    ),
    "the trigger of a foreign key": Live(
        rule="trigger-lock",
        setup=ORDERS,
        sql="ALTER TABLE orders DISABLE TRIGGER USER",
        severity=Severity.INFO,
    ),
    "a table that references one in use": Live(
        rule="create-table-references",
        setup=ORDERS,
        sql="CREATE TABLE items (order_id bigint REFERENCES orders)",
        severity=Severity.INFO,
    ),
}


@pytest.mark.parametrize("case", LIVE)
def test_it_speaks_with_a_catalogue_and_offers_what_does_the_same(case, server):
    live = LIVE[case]
    if not live.since <= server.binaries.major <= live.until:
        pytest.skip("another version's")
    with prepared(server, live) as conn:
        found = lint_sql(live.sql, facts=read_facts(conn, [read_script(live.sql)]), rules=[live.rule]).findings
        assert found, "nothing found"
        finding = found[0]
        assert all(each in finding.message for each in live.says)
        assert live.severity in (None, finding.severity)
        assert (finding.fix is None) is live.no_fix
        if finding.fix is None:
            return
        facts = read_facts(conn, [read_script(finding.fix)])
        assert not lint_sql(finding.fix, facts=facts, rules=[live.rule])
        carry_out(conn, finding.fix)
        after = state(conn)
        assert all(valid for *_, valid in after)
    if live.same:
        with prepared(server, live) as conn:
            carry_out(conn, live.sql)
            assert state(conn) == after


STATE = """
SELECT i.indrelid::regclass::text, i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), i.indisvalid
  FROM pg_index AS i
 WHERE i.indrelid >= 16384 AND i.indrelid::regclass::text NOT LIKE 'pg_toast%'
 UNION ALL
SELECT k.conrelid::regclass::text, k.conname, pg_get_constraintdef(k.oid), k.convalidated
  FROM pg_constraint AS k
 WHERE k.conrelid >= 16384
 UNION ALL
SELECT a.attrelid::regclass::text, a.attname, 'not null', true
  FROM pg_attribute AS a
  JOIN pg_class AS c ON c.oid = a.attrelid
 WHERE a.attrelid >= 16384 AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND a.attnotnull
 UNION ALL
SELECT i.inhparent::regclass::text, i.inhrelid::regclass::text, 'inherits', true
  FROM pg_inherits AS i
 ORDER BY 1, 2, 3
"""


def state(conn):
    return conn.execute(STATE).fetchall()


def carry_out(conn, sql):
    """Unit by unit, as apply does."""
    unit = None
    script = read_script(sql)
    for step in walk(script, facts=read_facts(conn, [script])):
        if unit is not None and (not step.in_transaction or step.unit != unit):
            conn.execute("COMMIT")
            unit = None
        if step.in_transaction and unit is None:
            conn.execute("BEGIN")
            unit = step.unit
        conn.execute(step.statement.text)
    if unit is not None:
        conn.execute("COMMIT")
