"""Partitions: made, attached, detached."""

from __future__ import annotations

from tests.migrations.lock_rows.row import DEEP, DEFAULT, LOOSE, MANY, PARTS, Row, T

ROWS = [
    Row(
        "attach",
        PARTS + LOOSE,
        "ALTER TABLE p ATTACH PARTITION new FOR VALUES FROM (30) TO (40)",
        {"p": "SUX", "new": "AX scan"},
    ),
    Row(
        "attach, checked",
        PARTS + LOOSE + "ALTER TABLE new ADD CHECK (id >= 30 AND id < 40);",
        "ALTER TABLE p ATTACH PARTITION new FOR VALUES FROM (30) TO (40)",
        {"p": "SUX", "new": "AX"},
    ),
    Row(
        "attach, checked, nullable",
        PARTS.replace(" NOT NULL", "")
        + (
            "CREATE TABLE new (id int, a int CHECK (a > 0)); ALTER TABLE new ADD CHECK (id >= 30 AND id < "
            "40); INSERT INTO new VALUES (30, 1);"
        ),
        "ALTER TABLE p ATTACH PARTITION new FOR VALUES FROM (30) TO (40)",
        {"p": "SUX", "new": "AX scan"},
    ),
    Row(
        "attach beside a default",
        DEFAULT + LOOSE,
        "ALTER TABLE p ATTACH PARTITION new FOR VALUES FROM (30) TO (40)",
        {"p": "SUX", "new": "AX scan", "pd": "AX scan"},
    ),
    Row(
        "attach beside a checked default",
        DEFAULT + LOOSE + "ALTER TABLE pd ADD CHECK (id < 30 OR id >= 40);",
        "ALTER TABLE p ATTACH PARTITION new FOR VALUES FROM (30) TO (40)",
        {"p": "SUX", "new": "AX scan", "pd": "AX"},
    ),
    Row(
        "attach as the default",
        PARTS + LOOSE,
        "ALTER TABLE p ATTACH PARTITION new DEFAULT",
        {"p": "SUX", "new": "AX scan"},
    ),
    Row(
        "attach under a foreign key",
        PARTS + T.replace("1, 5", "1, 30") + "ALTER TABLE p ADD FOREIGN KEY (a) REFERENCES t;" + LOOSE,
        "ALTER TABLE p ATTACH PARTITION new FOR VALUES FROM (30) TO (40)",
        {"p": "SUX", "new": "AX scan", "t": "SRX scan"},
    ),
    Row(
        "attach, indexed parent",
        PARTS + "CREATE INDEX ON p (a);" + LOOSE + "ALTER TABLE new ADD CHECK (id >= 30 AND id < 40);",
        "ALTER TABLE p ATTACH PARTITION new FOR VALUES FROM (30) TO (40)",
        {"p": "SUX", "new": "AX scan"},
    ),
    Row(
        "attach, both indexed",
        PARTS
        + "CREATE INDEX ON p (a);"
        + LOOSE
        + "CREATE INDEX ON new (a); ALTER TABLE new ADD CHECK (id >= 30 AND id < 40);",
        "ALTER TABLE p ATTACH PARTITION new FOR VALUES FROM (30) TO (40)",
        {"p": "SUX", "new": "AX"},
    ),
    Row(
        "attach a partitioned table",
        PARTS
        + (
            "CREATE TABLE new (id int NOT NULL, a int) PARTITION BY RANGE (id); "
            "CREATE TABLE new1 PARTITION OF new FOR VALUES FROM (30) TO (35); "
            "INSERT INTO new VALUES (31, 1);"
        ),
        "ALTER TABLE p ATTACH PARTITION new FOR VALUES FROM (30) TO (40)",
        {"p": "SUX", "new": "AX", "new1": "AX scan"},
    ),
    Row(
        "attach to what is referenced",
        PARTS
        + (
            "ALTER TABLE p ADD PRIMARY KEY (id); CREATE TABLE child (p_id int REFERENCES p); "
            "INSERT INTO child VALUES (1);"
        )
        + LOOSE,
        "ALTER TABLE p ATTACH PARTITION new FOR VALUES FROM (30) TO (40)",
        {"p": "SUX", "new": "AX scan"},
        {15: {"p": "SUX", "new": "AX scan", "child": "SRX"}},
    ),
    Row(
        "attach to a partition",
        DEEP + LOOSE.replace("30", "26").replace("31", "27"),
        "ALTER TABLE p3 ATTACH PARTITION new FOR VALUES FROM (25) TO (30)",
        {"p3": "SUX", "new": "AX scan"},
    ),
    Row("create partition of", PARTS, "CREATE TABLE p3 PARTITION OF p FOR VALUES FROM (20) TO (30)", {"p": "AX"}),
    Row(
        "create partition of beside a default",
        DEFAULT,
        "CREATE TABLE p3 PARTITION OF p FOR VALUES FROM (20) TO (30)",
        {"p": "AX", "pd": "AX scan"},
    ),
    Row("create the default partition", PARTS, "CREATE TABLE pd PARTITION OF p DEFAULT", {"p": "AX"}),
    Row(
        "create partition of under a foreign key",
        PARTS + T.replace("1, 5", "1, 30") + "ALTER TABLE p ADD FOREIGN KEY (a) REFERENCES t;",
        "CREATE TABLE p3 PARTITION OF p FOR VALUES FROM (20) TO (30)",
        {"p": "AX", "t": "SRX"},
    ),
    Row(
        "create partition of what is referenced",
        PARTS
        + (
            "ALTER TABLE p ADD PRIMARY KEY (id); CREATE TABLE child (p_id int REFERENCES p); "
            "INSERT INTO child VALUES (1);"
        ),
        "CREATE TABLE p3 PARTITION OF p FOR VALUES FROM (20) TO (30)",
        {"p": "AX"},
        {15: {"p": "AX", "child": "SRX"}},
    ),
    Row("detach", PARTS, "ALTER TABLE p DETACH PARTITION p1", {"p": "AX", "p1": "AX"}),
    Row("detach beside a default", DEFAULT, "ALTER TABLE p DETACH PARTITION p1", {"p": "AX", "p1": "AX", "pd": "AX"}),
    Row("detach the default", DEFAULT, "ALTER TABLE p DETACH PARTITION pd", {"p": "AX", "pd": "AX"}),
    Row(
        "detach concurrently",
        PARTS,
        "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY",
        {"p": "SUX", "p1": "AX"},
        alone=True,
    ),
    Row(
        "detach concurrently beside a default",
        DEFAULT,
        "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY",
        "55000",
        alone=True,
    ),
    Row(
        "detach under a foreign key",
        PARTS + T.replace("1, 5", "1, 30") + "ALTER TABLE p ADD FOREIGN KEY (a) REFERENCES t;",
        "ALTER TABLE p DETACH PARTITION p1",
        {"p": "AX", "p1": "AX", "t": "SRX"},
    ),
    Row(
        "detach from what is referenced",
        PARTS
        + (
            "ALTER TABLE p ADD PRIMARY KEY (id); CREATE TABLE child (p_id int REFERENCES p); "
            "INSERT INTO child VALUES (11);"
        ),
        "ALTER TABLE p DETACH PARTITION p1",
        {"p": "AX", "p1": "AX scan", "child": "AX scan"},
    ),
    Row(
        "attach, both reference",
        PARTS
        + MANY
        + "ALTER TABLE p ADD FOREIGN KEY (a) REFERENCES t;"
        + LOOSE
        + ("ALTER TABLE new ADD FOREIGN KEY (a) REFERENCES t; ALTER TABLE new ADD CHECK (id >= 30 AND id < 40);"),
        "ALTER TABLE p ATTACH PARTITION new FOR VALUES FROM (30) TO (40)",
        {"p": "SUX", "new": "AX", "t": "AX"},
    ),
    Row(
        "attach, unique parent",
        PARTS
        + "ALTER TABLE p ADD UNIQUE (id);"
        + LOOSE
        + "CREATE UNIQUE INDEX ON new (id); ALTER TABLE new ADD CHECK (id >= 30 AND id < 40);",
        "ALTER TABLE p ATTACH PARTITION new FOR VALUES FROM (30) TO (40)",
        {"p": "SUX", "new": "AX scan"},
    ),
    Row(
        "attach, both unique",
        PARTS
        + "ALTER TABLE p ADD UNIQUE (id);"
        + LOOSE
        + "ALTER TABLE new ADD UNIQUE (id); ALTER TABLE new ADD CHECK (id >= 30 AND id < 40);",
        "ALTER TABLE p ATTACH PARTITION new FOR VALUES FROM (30) TO (40)",
        {"p": "SUX", "new": "AX"},
    ),
    Row(
        "attach beside a partitioned default",
        PARTS
        + (
            "CREATE TABLE pd PARTITION OF p DEFAULT PARTITION BY RANGE (id); "
            "CREATE TABLE pd1 PARTITION OF pd DEFAULT; INSERT INTO p VALUES (100, 1);"
        )
        + LOOSE,
        "ALTER TABLE p ATTACH PARTITION new FOR VALUES FROM (30) TO (40)",
        {"p": "SUX", "new": "AX scan", "pd": "AX", "pd1": "AX scan"},
    ),
    Row(
        "create partition of beside a partitioned default",
        PARTS
        + (
            "CREATE TABLE pd PARTITION OF p DEFAULT PARTITION BY RANGE (id); "
            "CREATE TABLE pd1 PARTITION OF pd DEFAULT; INSERT INTO p VALUES (100, 1);"
        ),
        "CREATE TABLE p3 PARTITION OF p FOR VALUES FROM (20) TO (30)",
        {"p": "AX", "pd": "AX", "pd1": "AX scan"},
    ),
    Row(
        "attach what the same file has made",
        PARTS,
        "CREATE TABLE new (LIKE p); ALTER TABLE p ATTACH PARTITION new FOR VALUES FROM (30) TO (40)",
        {"p": "SUX"},
    ),
    Row(
        "detach a partitioned partition",
        DEEP,
        "ALTER TABLE p DETACH PARTITION p3",
        {"p": "AX", "p3": "AX", "p3a": "AX"},
    ),
    Row(
        "detach concurrently under a foreign key",
        PARTS + MANY + "ALTER TABLE p ADD FOREIGN KEY (a) REFERENCES t;",
        "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY",
        {"p": "SUX", "p1": "AX", "t": "SRX"},
        alone=True,
    ),
    Row(
        "detach, indexed",
        PARTS + "CREATE INDEX ON p (a);",
        "ALTER TABLE p DETACH PARTITION p1",
        {"p": "AX", "p1": "AX"},
    ),
    Row("drop what was detached", DEFAULT, "ALTER TABLE p DETACH PARTITION p1; COMMIT; DROP TABLE p1", {"p1": "AX"}),
]
