"""Constraints: added, validated, dropped."""

from __future__ import annotations

from tests.migrations.lock_rows.row import KEY, LATE_KEY, MANY, NULLABLE_PARTS, PARENTS, PARTS, TWO, Row, T

ROWS = [
    Row("add check", T, "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)", {"t": "AX scan"}),
    Row("add check not valid", T, "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID", {"t": "AX"}),
    Row(
        "validate check",
        T + "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID;",
        "ALTER TABLE t VALIDATE CONSTRAINT k",
        {"t": "SUX scan"},
    ),
    Row(
        "validate what is valid",
        T + "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0);",
        "ALTER TABLE t VALIDATE CONSTRAINT k",
        {"t": "SUX"},
    ),
    Row(
        "add check not enforced",
        T,
        "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT ENFORCED",
        "42601",
        {18: {"t": "AX"}},
    ),
    Row("add check no inherit", T, "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NO INHERIT", {"t": "AX scan"}),
    Row(
        "add check, partitioned",
        PARTS,
        "ALTER TABLE p ADD CONSTRAINT k CHECK (a > 0)",
        {"p": "AX", "p1": "AX scan", "p2": "AX scan"},
    ),
    Row(
        "add check, inherited",
        PARENTS,
        "ALTER TABLE mother ADD CONSTRAINT k CHECK (id > 0)",
        {"mother": "AX scan", "son": "AX scan"},
    ),
    Row(
        "validate check, partitioned",
        PARTS + "ALTER TABLE p ADD CONSTRAINT k CHECK (a > 0) NOT VALID;",
        "ALTER TABLE p VALIDATE CONSTRAINT k",
        {"p": "SUX", "p1": "SUX scan", "p2": "SUX scan"},
    ),
    Row(
        "add foreign key",
        TWO,
        "ALTER TABLE child ADD FOREIGN KEY (t_id) REFERENCES t",
        {"child": "SRX scan", "t": "SRX scan"},
    ),
    Row(
        "add foreign key not valid",
        TWO,
        "ALTER TABLE child ADD FOREIGN KEY (t_id) REFERENCES t NOT VALID",
        {"child": "SRX", "t": "SRX"},
    ),
    Row(
        "add foreign key not enforced",
        TWO,
        "ALTER TABLE child ADD FOREIGN KEY (t_id) REFERENCES t NOT ENFORCED",
        "42601",
        {18: {"child": "SRX", "t": "SRX"}},
    ),
    Row(
        "validate foreign key",
        LATE_KEY,
        "ALTER TABLE child VALIDATE CONSTRAINT child_fk",
        {"child": "SUX scan", "t": "RS scan"},
    ),
    Row("add foreign key to itself", T, "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES t", {"t": "SRX scan"}),
    Row(
        "add foreign key, partitioned",
        PARTS + T.replace("1, 5", "1, 30"),
        "ALTER TABLE p ADD FOREIGN KEY (a) REFERENCES t",
        {"p": "SRX", "p1": "SRX scan", "p2": "SRX scan", "t": "SRX scan"},
    ),
    Row(
        "add foreign key not valid, partitioned",
        PARTS + T.replace("1, 5", "1, 30"),
        "ALTER TABLE p ADD FOREIGN KEY (a) REFERENCES t NOT VALID",
        "42809",
        {18: {"p": "SRX", "p1": "SRX", "p2": "SRX", "t": "SRX"}},
    ),
    Row(
        "validate foreign key, partitioned",
        PARTS + T.replace("1, 5", "1, 30") + "ALTER TABLE p1 ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES t NOT VALID;",
        "ALTER TABLE p1 VALIDATE CONSTRAINT k",
        {"p1": "SUX scan", "t": "RS scan"},
    ),
    Row(
        "add foreign key, partitioned, each partition has it",
        PARTS
        + T.replace("1, 5", "1, 30")
        + (
            "ALTER TABLE p1 ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES t; "
            "ALTER TABLE p2 ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES t;"
        ),
        "ALTER TABLE p ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES t",
        {"p": "SRX", "p1": "SRX", "p2": "SRX", "t": "AX"},
    ),
    Row(
        "add foreign key to a partitioned table",
        PARTS + ("ALTER TABLE p ADD PRIMARY KEY (id); CREATE TABLE child (p_id int); INSERT INTO child VALUES (1);"),
        "ALTER TABLE child ADD FOREIGN KEY (p_id) REFERENCES p",
        {"child": "SRX scan", "p": "SRX", "p1": "SRX scan", "p2": "SRX scan"},
    ),
    Row("add unique", T, "ALTER TABLE t ADD UNIQUE (a)", {"t": "AX scan"}),
    Row(
        "add unique, partitioned",
        PARTS,
        "ALTER TABLE p ADD UNIQUE (id)",
        {"p": "AX", "p1": "S scan", "p2": "S scan"},
        {18: {"p": "AX", "p1": "AX scan", "p2": "AX scan"}},
    ),
    Row(
        "add primary key",
        "CREATE TABLE t (id int, a int); INSERT INTO t VALUES (1, 1);",
        "ALTER TABLE t ADD PRIMARY KEY (id)",
        {"t": "AX scan"},
    ),
    Row(
        "add primary key, not null",
        "CREATE TABLE t (id int NOT NULL, a int); INSERT INTO t VALUES (1, 1);",
        "ALTER TABLE t ADD PRIMARY KEY (id)",
        {"t": "AX scan"},
    ),
    Row(
        "add exclude",
        "CREATE TABLE t (id int, r int4range); INSERT INTO t VALUES (1, '[1,2)');",
        "ALTER TABLE t ADD EXCLUDE USING gist (r WITH &&)",
        {"t": "AX scan"},
    ),
    Row(
        "unique using index",
        T + "CREATE UNIQUE INDEX i ON t (a);",
        "ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX i",
        {"t": "AX"},
    ),
    Row(
        "primary key using index",
        ("CREATE TABLE t (id int, a int); INSERT INTO t VALUES (1, 1); CREATE UNIQUE INDEX i ON t (id);"),
        "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY USING INDEX i",
        {"t": "AX scan"},
    ),
    Row(
        "primary key using index, not null",
        ("CREATE TABLE t (id int NOT NULL, a int); INSERT INTO t VALUES (1, 1); CREATE UNIQUE INDEX i ON t (id);"),
        "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY USING INDEX i",
        {"t": "AX"},
    ),
    Row(
        "primary key using index, checked",
        (
            "CREATE TABLE t (id int CHECK (id IS NOT NULL), a int); "
            "INSERT INTO t VALUES (1, 1); CREATE UNIQUE INDEX i ON t (id);"
        ),
        "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY USING INDEX i",
        {"t": "AX"},
    ),
    Row("set not null", T, "ALTER TABLE t ALTER a SET NOT NULL", {"t": "AX scan"}),
    Row("set not null, is", T, "ALTER TABLE t ALTER id SET NOT NULL", {"t": "AX"}),
    Row(
        "set not null, checked",
        T + "ALTER TABLE t ADD CHECK (a IS NOT NULL);",
        "ALTER TABLE t ALTER a SET NOT NULL",
        {"t": "AX"},
    ),
    Row(
        "set not null, check not valid",
        T + "ALTER TABLE t ADD CHECK (a IS NOT NULL) NOT VALID;",
        "ALTER TABLE t ALTER a SET NOT NULL",
        {"t": "AX scan"},
    ),
    Row(
        "set not null, checked among others",
        T + "ALTER TABLE t ADD CHECK (a IS NOT NULL AND b <> '');",
        "ALTER TABLE t ALTER a SET NOT NULL",
        {"t": "AX"},
    ),
    Row(
        "set not null, partitioned",
        PARTS,
        "ALTER TABLE p ALTER a SET NOT NULL",
        {"p": "AX", "p1": "AX scan", "p2": "AX scan"},
    ),
    Row(
        "set not null, inherited",
        PARENTS,
        "ALTER TABLE mother ALTER a SET NOT NULL",
        {"mother": "AX scan", "son": "AX scan"},
    ),
    Row("not null not valid", T, "ALTER TABLE t ADD CONSTRAINT k NOT NULL a NOT VALID", "42601", {18: {"t": "AX"}}),
    Row("add not null constraint", T, "ALTER TABLE t ADD CONSTRAINT k NOT NULL a", "42601", {18: {"t": "AX scan"}}),
    Row("alter column set not null not valid", T, "ALTER TABLE t ALTER a SET NOT NULL NOT VALID", "unparsed"),
    Row(
        "drop check",
        T + "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0);",
        "ALTER TABLE t DROP CONSTRAINT k",
        {"t": "AX"},
    ),
    Row("drop foreign key", KEY, "ALTER TABLE child DROP CONSTRAINT child_fk", {"child": "AX", "t": "AX"}),
    Row("drop primary key", T, "ALTER TABLE t DROP CONSTRAINT t_pkey", {"t": "AX"}),
    Row("drop primary key that is referenced", KEY, "ALTER TABLE t DROP CONSTRAINT t_pkey", "2BP01"),
    Row("drop primary key cascade", KEY, "ALTER TABLE t DROP CONSTRAINT t_pkey CASCADE", {"child": "AX", "t": "AX"}),
    Row("drop constraint if exists, does not", T, "ALTER TABLE t DROP CONSTRAINT IF EXISTS k", {"t": "AX"}),
    Row(
        "make a foreign key deferrable", KEY, "ALTER TABLE child ALTER CONSTRAINT child_fk DEFERRABLE", {"child": "AX"}
    ),
    Row("rename constraint", T, "ALTER TABLE t RENAME CONSTRAINT t_pkey TO k", {"t": "AX"}),
    Row(
        "rename a check, inherited",
        PARENTS + "ALTER TABLE mother ADD CONSTRAINT k CHECK (id > 0);",
        "ALTER TABLE mother RENAME CONSTRAINT k TO l",
        {"mother": "AX", "son": "AX"},
    ),
    Row(
        "validate in the transaction of not valid",
        T,
        "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT k",
        {"t": "SUX scan"},
    ),
    Row(
        "validate foreign key of a partitioned table",
        PARTS
        + MANY
        + (
            "CREATE TABLE IF NOT EXISTS nothing (); DO $$ BEGIN IF "
            "current_setting('server_version_num')::int >= 180000 THEN ALTER TABLE p ADD CONSTRAINT k "
            "FOREIGN KEY (a) REFERENCES t NOT VALID; ELSE ALTER TABLE p ADD CONSTRAINT k FOREIGN KEY (a) "
            "REFERENCES t; END IF; END $$;"
        ),
        "ALTER TABLE p VALIDATE CONSTRAINT k",
        {"p": "SUX"},
        {18: {"p": "SUX", "p1": "SUX scan", "p2": "SUX scan", "t": "RS scan"}},
    ),
    Row(
        "add primary key, partitioned",
        PARTS,
        "ALTER TABLE p ADD PRIMARY KEY (id)",
        {"p": "AX", "p1": "S scan", "p2": "S scan"},
        {18: {"p": "AX", "p1": "AX scan", "p2": "AX scan"}},
    ),
    Row(
        "add primary key, partitioned, nullable",
        NULLABLE_PARTS,
        "ALTER TABLE p ADD PRIMARY KEY (id)",
        {"p": "AX", "p1": "AX scan", "p2": "AX scan"},
    ),
    Row(
        "add unique, inherited",
        PARENTS,
        "ALTER TABLE mother ADD UNIQUE (a)",
        {"mother": "AX scan"},
        {18: {"mother": "AX scan", "son": "AX"}},
    ),
    Row(
        "add primary key, inherited",
        PARENTS,
        "ALTER TABLE mother ADD PRIMARY KEY (id)",
        {"mother": "AX scan", "son": "AX scan"},
    ),
    Row(
        "primary key using index, inherited",
        PARENTS + "CREATE UNIQUE INDEX i ON mother (id);",
        "ALTER TABLE mother ADD CONSTRAINT k PRIMARY KEY USING INDEX i",
        {"mother": "AX scan", "son": "AX scan"},
    ),
    Row(
        "foreign key not enforced any more",
        KEY,
        "ALTER TABLE child ALTER CONSTRAINT child_fk NOT ENFORCED",
        "42601",
        {18: {"child": "AX", "t": "AX"}},
    ),
    Row(
        "foreign key enforced again",
        (
            "DO $$ BEGIN IF current_setting('server_version_num')::int >= 180000 THEN EXECUTE 'CREATE TABLE "
            "t (id int PRIMARY KEY); INSERT INTO t VALUES (1); CREATE TABLE child (t_id int CONSTRAINT k "
            "REFERENCES t NOT ENFORCED); INSERT INTO child VALUES (1)'; "
            "END IF; END $$;"
        ),
        "ALTER TABLE child ALTER CONSTRAINT k ENFORCED",
        "42601",
        {18: {"child": "AX scan", "t": "SRX scan"}},
    ),
    Row(
        "drop foreign key, partitioned",
        PARTS + MANY + "ALTER TABLE p ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES t;",
        "ALTER TABLE p DROP CONSTRAINT k",
        {"p": "AX", "p1": "AX", "p2": "AX", "t": "AX"},
    ),
    Row(
        "drop foreign key to a partitioned table",
        PARTS
        + (
            "ALTER TABLE p ADD PRIMARY KEY (id); CREATE TABLE child (p_id int CONSTRAINT k REFERENCES p); "
            "INSERT INTO child VALUES (1);"
        ),
        "ALTER TABLE child DROP CONSTRAINT k",
        {"child": "AX", "p": "AX", "p1": "AX", "p2": "AX"},
    ),
    Row(
        "drop check, partitioned",
        PARTS + "ALTER TABLE p ADD CONSTRAINT k CHECK (a > 0);",
        "ALTER TABLE p DROP CONSTRAINT k",
        {"p": "AX", "p1": "AX", "p2": "AX"},
    ),
    Row(
        "drop unique, partitioned",
        PARTS + "ALTER TABLE p ADD CONSTRAINT k UNIQUE (id);",
        "ALTER TABLE p DROP CONSTRAINT k",
        {"p": "AX", "p1": "AX", "p2": "AX"},
    ),
    Row(
        "set not null, checked by one of two",
        T + "ALTER TABLE t ADD CHECK (a IS NOT NULL OR b IS NOT NULL);",
        "ALTER TABLE t ALTER a SET NOT NULL",
        {"t": "AX scan"},
    ),
    Row(
        "set not null, one partition checked",
        PARTS + "ALTER TABLE p1 ADD CHECK (a IS NOT NULL);",
        "ALTER TABLE p ALTER a SET NOT NULL",
        {"p": "AX", "p1": "AX", "p2": "AX scan"},
    ),
    Row(
        "set not null after the check was dropped",
        T + "ALTER TABLE t ADD CONSTRAINT k CHECK (a IS NOT NULL);",
        "ALTER TABLE t DROP CONSTRAINT k; COMMIT; ALTER TABLE t ALTER a SET NOT NULL",
        {"t": "AX scan"},
    ),
    Row(
        "validate not null",
        T
        + (
            "DO $$ BEGIN IF current_setting('server_version_num')::int >= 180000 THEN EXECUTE 'ALTER TABLE t "
            "ADD CONSTRAINT k NOT NULL a NOT VALID'; END IF; END $$;"
        ),
        "ALTER TABLE t VALIDATE CONSTRAINT k",
        "42704",
        {18: {"t": "SUX scan"}},
    ),
    Row(
        "set not null beside not valid",
        T
        + (
            "DO $$ BEGIN IF current_setting('server_version_num')::int >= 180000 THEN EXECUTE 'ALTER TABLE t "
            "ADD CONSTRAINT k NOT NULL a NOT VALID'; END IF; END $$;"
        ),
        "ALTER TABLE t ALTER a SET NOT NULL",
        {"t": "AX scan"},
    ),
]
