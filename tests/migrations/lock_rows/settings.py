"What stands beside a table or changes little of it: options, comments, statistics, publications."

from __future__ import annotations

from tests.migrations.lock_rows.row import PARENTS, PARTS, PINNING, TWO, Row, T

ROWS = [
    Row("owner", T, "ALTER TABLE t OWNER TO CURRENT_USER", {"t": "AX"}),
    Row("enable row security", T, "ALTER TABLE t ENABLE ROW LEVEL SECURITY", {"t": "AX"}),
    Row("force row security", T, "ALTER TABLE t FORCE ROW LEVEL SECURITY", {"t": "AX"}),
    Row("create policy", T, "CREATE POLICY y ON t USING (a > 0)", {"t": "AX"}),
    Row("alter policy", T + "CREATE POLICY y ON t USING (a > 0);", "ALTER POLICY y ON t USING (a > 1)", {"t": "AX"}),
    Row("drop policy", T + "CREATE POLICY y ON t USING (a > 0);", "DROP POLICY y ON t", {"t": "AX"}),
    Row("create rule", T, "CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING", {"t": "AX"}),
    Row("drop rule", T + "CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING;", "DROP RULE r ON t", {"t": "AX"}),
    Row(
        "disable rule",
        T + "CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING;",
        "ALTER TABLE t DISABLE RULE r",
        {"t": "AX"},
    ),
    Row("fillfactor", T, "ALTER TABLE t SET (fillfactor = 70)", {"t": "SUX"}),
    Row(
        "autovacuum options",
        T,
        "ALTER TABLE t SET (autovacuum_enabled = off, toast.autovacuum_enabled = off)",
        {"t": "SUX"},
    ),
    Row("reset options", T, "ALTER TABLE t RESET (fillfactor)", {"t": "SUX"}),
    Row("parallel_workers", T, "ALTER TABLE t SET (parallel_workers = 2)", {"t": "SUX"}),
    Row("user_catalog_table", T, "ALTER TABLE t SET (user_catalog_table = on)", {"t": "AX"}),
    Row("view options", T + "CREATE VIEW v AS SELECT a FROM t;", "ALTER VIEW v SET (security_barrier)", {"v": "AX"}),
    Row("replica identity", T, "ALTER TABLE t REPLICA IDENTITY FULL", {"t": "AX"}),
    Row("cluster on", T, "ALTER TABLE t CLUSTER ON t_pkey", {"t": "SUX"}),
    Row("set without cluster", T, "ALTER TABLE t SET WITHOUT CLUSTER", {"t": "SUX"}),
    Row("set without oids", T, "ALTER TABLE t SET WITHOUT OIDS", {"t": "AX"}),
    Row(
        "inherit",
        PARENTS + "CREATE TABLE daughter (id int, a int);",
        "ALTER TABLE daughter INHERIT mother",
        {"daughter": "AX", "mother": "SUX"},
    ),
    Row("no inherit", PARENTS, "ALTER TABLE son NO INHERIT mother", {"son": "AX"}),
    Row(
        "of type",
        "CREATE TYPE ty AS (id int); CREATE TABLE t (id int); INSERT INTO t VALUES (1);",
        "ALTER TABLE t OF ty",
        {"t": "AX"},
    ),
    Row(
        "several actions",
        T,
        "ALTER TABLE t ALTER a SET STATISTICS 10, ADD COLUMN n int, ADD CHECK (a > 0)",
        {"t": "AX scan"},
    ),
    Row(
        "foreign key and trigger",
        TWO,
        "ALTER TABLE child DISABLE TRIGGER ALL, ADD FOREIGN KEY (t_id) REFERENCES t NOT VALID",
        {"child": "SRX", "t": "SRX"},
    ),
    Row("comment on table", T, "COMMENT ON TABLE t IS 'x'", {"t": "SUX"}),
    Row("comment on column", T, "COMMENT ON COLUMN t.a IS 'x'", {"t": "SUX"}),
    Row("comment on index", T, "COMMENT ON INDEX t_pkey IS 'x'", {"t_pkey": "SUX"}),
    Row("comment on constraint", T, "COMMENT ON CONSTRAINT t_pkey ON t IS 'x'", {}),
    Row("comment on trigger", T + PINNING["trigger WHEN"], "COMMENT ON TRIGGER g ON t IS 'x'", {}),
    Row("create statistics", T, "CREATE STATISTICS st ON a, b FROM t", {"t": "SUX"}),
    Row("drop statistics", T + "CREATE STATISTICS st ON a, b FROM t;", "DROP STATISTICS st", {"t": "SUX"}),
    Row("grant", T, "GRANT SELECT ON t TO PUBLIC", {}),
    Row(
        "create publication", T + "DROP PUBLICATION IF EXISTS pub;", "CREATE PUBLICATION pub FOR TABLE t", {"t": "SUX"}
    ),
    Row(
        "publication add table",
        T + "DROP PUBLICATION IF EXISTS pub; CREATE PUBLICATION pub;",
        "ALTER PUBLICATION pub ADD TABLE t",
        {"t": "SUX"},
    ),
    Row("owner, partitioned", PARTS, "ALTER TABLE p OWNER TO CURRENT_USER", {"p": "AX"}),
    Row("enable row security, partitioned", PARTS, "ALTER TABLE p ENABLE ROW LEVEL SECURITY", {"p": "AX"}),
    Row("replica identity, partitioned", PARTS, "ALTER TABLE p REPLICA IDENTITY FULL", {"p": "AX"}),
    Row(
        "create publication, partitioned",
        PARTS + "DROP PUBLICATION IF EXISTS pub;",
        "CREATE PUBLICATION pub FOR TABLE p",
        {"p": "SUX"},
    ),
    Row("statistics on expressions", T, "CREATE STATISTICS st ON (a + 1) FROM t", {"t": "SUX"}),
    Row(
        "several actions, one goes down",
        PARTS,
        "ALTER TABLE p ALTER a SET STATISTICS 10, ENABLE ROW LEVEL SECURITY",
        {"p": "AX", "p1": "AX", "p2": "AX"},
    ),
]
