"""What rules say without a connection, about each kind of statement and on each version."""

from __future__ import annotations

import pytest

from pgops.findings import Severity
from pgops.migrations.lint.linter import lint_sql

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
