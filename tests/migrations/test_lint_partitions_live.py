"""Partitions as lint tells it with a connection."""

from __future__ import annotations

import pytest

from pgops.findings import Severity
from pgops.migrations.lint.linter import lint_sql
from tests.migrations.linting import ATTACH, PARTITIONED, PARTS, WITH_DEFAULT, carry_out, found_in

INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL

# rule, what there is, SQL, the severities with the catalogue; words that the first message has to have
CASES = {
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
}


@pytest.mark.parametrize(("rule", "setup", "sql", "severities", "words"), CASES.values(), ids=CASES)
def test_with_a_catalogue(any_database, rule, setup, sql, severities, words):  # noqa: PLR0917  one case
    with any_database.connect(autocommit=True) as conn:
        found = found_in(conn, setup, sql, rule)
    assert [each.severity for each in found] == severities
    assert not found or words in found[0].message


SHAPE = """
SELECT a.attname, a.attnotnull, a.attidentity, pg_get_expr(d.adbin, d.adrelid), k.conname, pg_get_constraintdef(k.oid)
  FROM pg_attribute AS a
  LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN pg_constraint AS k ON k.conrelid = a.attrelid AND a.attnum = ANY (k.conkey)
 WHERE a.attrelid = '"Q"'::regclass
   AND a.attnum > 0
 ORDER BY a.attname, k.conname
"""


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
