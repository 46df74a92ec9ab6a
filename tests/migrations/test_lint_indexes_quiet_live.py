"""Where the rules about indexes, keys and constraints keep quiet, since the catalogue says that there is no harm.

Small tables, valid proofs, indexes that are there."""

from __future__ import annotations

import pytest

from pgops.migrations.effects.live import read_facts
from pgops.migrations.lint.linter import lint_sql
from pgops.sql.grammar import read_script
from tests.migrations.indexes_live import ORDERS, PARTITIONS, WITH_INDEX, Live, prepared

pytestmark = pytest.mark.outer_versions

QUIET = {
    "drop of a small table's index": Live(
        rule="drop-index-not-concurrent", setup=WITH_INDEX, sql="DROP INDEX orders_day", rows=10
    ),
    "reindex of a small table": Live(
        rule="reindex-not-concurrent", setup=WITH_INDEX, sql="REINDEX TABLE orders", rows=10
    ),
    "reindex of a small table's index": Live(
        rule="reindex-not-concurrent", setup=WITH_INDEX, sql="REINDEX INDEX orders_day", rows=10
    ),
    "NOT NULL on a small table": Live(
        rule="set-not-null-scans", setup=ORDERS, sql="ALTER TABLE orders ALTER day SET NOT NULL", rows=10
    ),
    "NOT NULL on small partitions": Live(
        rule="set-not-null-scans", setup=PARTITIONS, sql="ALTER TABLE events ALTER kind SET NOT NULL", rows=10
    ),
    "NOT NULL on what is NOT NULL": Live(
        rule="set-not-null-scans", setup=ORDERS, sql="ALTER TABLE orders ALTER id SET NOT NULL"
    ),
    "NOT NULL with a proof": Live(
        rule="set-not-null-scans",
        setup=ORDERS + "ALTER TABLE orders ADD CHECK (day IS NOT NULL);",
        sql="ALTER TABLE orders ALTER day SET NOT NULL",
    ),
    "an index on small partitions": Live(
        rule="partitioned-index", setup=PARTITIONS, sql="CREATE INDEX ON events (day)", rows=10
    ),
    "a foreign key on small partitions": Live(
        rule="partitioned-foreign-key-not-valid",
        setup=PARTITIONS,
        sql="ALTER TABLE events ADD FOREIGN KEY (customer_id) REFERENCES customers",
        rows=10,
    ),
    "a foreign key NOT VALID on partitions of 18": Live(
        rule="partitioned-foreign-key-not-valid",
        setup=PARTITIONS,
        sql="ALTER TABLE events ADD FOREIGN KEY (customer_id) REFERENCES customers NOT VALID",
        since=18,
    ),
    "a foreign key on partitions is the other rule's": Live(
        rule="foreign-key-not-valid-first",
        setup=PARTITIONS,
        sql="ALTER TABLE events ADD FOREIGN KEY (customer_id) REFERENCES customers",
    ),
    "an index CONCURRENTLY on a partition": Live(
        rule="concurrently-on-partitioned", setup=PARTITIONS, sql="CREATE INDEX CONCURRENTLY x ON events_2027_all (day)"
    ),
    "a key over columns that are NOT NULL": Live(
        rule="primary-key-nullable-column",
        setup="CREATE TABLE t (id bigint NOT NULL);",
        sql="CREATE UNIQUE INDEX CONCURRENTLY i ON t (id); ALTER TABLE t ADD PRIMARY KEY USING INDEX i",
    ),
    "a valid index that is there": Live(
        rule="index-if-not-exists",
        setup=WITH_INDEX,
        sql="CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_day ON orders (day)",
    ),
    "an index that is not there": Live(
        rule="index-if-not-exists", setup=ORDERS, sql="CREATE INDEX CONCURRENTLY IF NOT EXISTS x ON orders (day)"
    ),
    "a rebuild of what is invalid": Live(
        rule="drop-before-rebuild",
        setup=WITH_INDEX + "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'orders_day'::regclass;",
        sql="DROP INDEX CONCURRENTLY orders_day; CREATE INDEX CONCURRENTLY orders_day ON orders (day)",
    ),
    "a rebuild behind IF EXISTS of what is not there": Live(
        rule="drop-before-rebuild",
        setup=ORDERS,
        sql="DROP INDEX CONCURRENTLY IF EXISTS orders_day; CREATE INDEX CONCURRENTLY orders_day ON orders (day)",
    ),
    "an index beside one that is not plain": Live(
        rule="duplicate-index",
        setup=ORDERS
        + "CREATE INDEX ON orders (state text_pattern_ops); CREATE INDEX ON orders (state DESC);"
        + 'CREATE INDEX ON orders (state COLLATE "C"); CREATE INDEX ON orders (state) INCLUDE (id);'
        + "CREATE INDEX ON orders (state) WHERE id > 0; CREATE INDEX ON orders USING hash (state);",
        sql="CREATE INDEX x ON orders (state)",
    ),
    "a foreign key with a live index": Live(
        rule="foreign-key-without-index",
        setup=ORDERS + "CREATE INDEX ON orders (customer_id, day);",
        sql="ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers",
    ),
    "a foreign key of a small table": Live(
        rule="foreign-key-without-index",
        setup=ORDERS,
        sql="ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers",
        rows=10,
    ),
    "drop of a constraint that is no foreign key": Live(
        rule="drop-foreign-key-locks-both", setup=ORDERS, sql="ALTER TABLE orders DROP CONSTRAINT orders_pkey"
    ),
    "drop of both tables": Live(
        rule="drop-table-with-foreign-keys",
        setup=ORDERS + "ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers;",
        sql="DROP TABLE orders, customers",
    ),
}


@pytest.mark.parametrize("case", QUIET)
def test_it_is_quiet_with_a_catalogue(case, server):
    live = QUIET[case]
    if not live.since <= server.binaries.major <= live.until:
        pytest.skip("another version's")
    with prepared(server, live) as conn:
        assert not lint_sql(live.sql, facts=read_facts(conn, [read_script(live.sql)]), rules=[live.rule])
