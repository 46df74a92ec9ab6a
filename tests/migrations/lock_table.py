"""The table of what each statement locks, rewrites and scans, as data: each row is carried out on PostgreSQL 14 to 18.

A row names what is seen of every relation that was there before: the lock as tables abbreviate it (AX access exclusive,
X exclusive, SRX share row exclusive, S share, SUX share update exclusive, RX row exclusive, RS row share), and `scan` or
`rw` where the table is read or written whole. Left out are ACCESS SHARE, and indexes, TOAST tables and sequences of a
table that is locked as hard. A row that is a text is the SQLSTATE that the server refuses with.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

Seen = Mapping[str, str] | str


@attrs.frozen
class Row:
    """One statement (the last of `sql`; those before it are of the same file), and what it does."""

    name: str
    setup: str
    sql: str
    seen: Seen
    later: Mapping[int, Seen] = attrs.field(factory=dict)
    """What is otherwise from a version on."""
    alone: bool | int = False
    """Whether the server refuses it in a transaction; or the version since which it does."""
    more: bool = False
    """Whether lint, to be safe, claims a scan that is not seen."""
    unknown: bool = False
    """Whether lint says, with a catalogue, that it does not know."""

    def seen_on(self, major: int) -> Seen:
        return next((self.later[each] for each in sorted(self.later, reverse=True) if each <= major), self.seen)

    def is_alone_on(self, major: int) -> bool:
        return self.alone if isinstance(self.alone, bool) else major >= self.alone


T = """
CREATE TABLE t (id int PRIMARY KEY, a int, b text, c varchar(10));
INSERT INTO t SELECT g, g, g::text, g::text FROM generate_series(1, 5) AS g;
"""
TWO = (
    T
    + """
CREATE TABLE child (id int PRIMARY KEY, t_id int, note text);
INSERT INTO child SELECT g, g, 'x' FROM generate_series(1, 5) AS g;
"""
)
KEY = TWO + "ALTER TABLE child ADD CONSTRAINT child_fk FOREIGN KEY (t_id) REFERENCES t;"
LATE_KEY = TWO + "ALTER TABLE child ADD CONSTRAINT child_fk FOREIGN KEY (t_id) REFERENCES t NOT VALID;"
PARTS = """
CREATE TABLE p (id int NOT NULL, a int) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);
INSERT INTO p SELECT g, g FROM generate_series(1, 19) AS g;
"""
DEFAULT = PARTS + "CREATE TABLE pd PARTITION OF p DEFAULT; INSERT INTO p VALUES (100, 1);"
DEEP = (
    PARTS
    + """
CREATE TABLE p3 PARTITION OF p FOR VALUES FROM (20) TO (30) PARTITION BY RANGE (id);
CREATE TABLE p3a PARTITION OF p3 FOR VALUES FROM (20) TO (25);
INSERT INTO p VALUES (21, 1);
"""
)
LOOSE = "CREATE TABLE new (id int NOT NULL, a int); INSERT INTO new VALUES (30, 1), (31, 2);"
PARENTS = (
    "CREATE TABLE mother (id int, a int); CREATE TABLE son (x int) INHERITS (mother); INSERT INTO son VALUES (1, 1, 1);"
)

MANY = T.replace("1, 5", "1, 30")
NULLABLE_PARTS = PARTS.replace(" NOT NULL", "")
TEXT_PARTS = """
CREATE TABLE p (id int, b text) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
INSERT INTO p VALUES (1, 'x');
"""
FUNCTION = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';"
TRIGGER = FUNCTION + "CREATE TRIGGER g BEFORE UPDATE ON {} FOR EACH ROW EXECUTE FUNCTION f();"
VIRTUAL = """
CREATE TABLE t (id int);
INSERT INTO t VALUES (1);
DO $$ BEGIN
    IF current_setting('server_version_num')::int >= 180000 THEN
        EXECUTE 'ALTER TABLE t ADD n int GENERATED ALWAYS AS (id + 1) VIRTUAL';
    END IF;
END $$;
"""

INDEXES = [
    Row("create index", T, "CREATE INDEX ON t (a)", {"t": "S scan"}),
    Row("create unique index", T, "CREATE UNIQUE INDEX ON t (a)", {"t": "S scan"}),
    Row("create partial index", T, "CREATE INDEX ON t (a) WHERE a > 3", {"t": "S scan"}),
    Row("create index concurrently", T, "CREATE INDEX CONCURRENTLY i ON t (a)", {"t": "SUX scan"}, alone=True),
    Row("drop index", T + "CREATE INDEX i ON t (a);", "DROP INDEX i", {"t": "AX"}),
    Row(
        "drop index concurrently",
        T + "CREATE INDEX i ON t (a);",
        "DROP INDEX CONCURRENTLY i",
        {"t": "SUX"},
        alone=True,
    ),
    Row("reindex index", T + "CREATE INDEX i ON t (a);", "REINDEX INDEX i", {"t": "S scan", "i": "AX rw"}),
    Row(
        "reindex table",
        T + "CREATE INDEX i ON t (a);",
        "REINDEX TABLE t",
        {"t": "S scan", "i": "AX rw", "t_pkey": "AX rw"},
    ),
    Row("reindex table concurrently", T, "REINDEX TABLE CONCURRENTLY t", {"t": "SUX scan"}, alone=True),
    Row("reindex index concurrently", T, "REINDEX INDEX CONCURRENTLY t_pkey", {"t": "SUX scan"}, alone=True),
    Row(
        "create index concurrently on a partitioned table",
        PARTS,
        "CREATE INDEX CONCURRENTLY i ON p (a)",
        "0A000",
        alone=True,
    ),
    Row(
        "drop index concurrently, partitioned",
        PARTS + "CREATE INDEX i ON p (a);",
        "DROP INDEX CONCURRENTLY i",
        "0A000",
        alone=True,
    ),
    Row("create index in a transaction", T, "BEGIN; CREATE INDEX CONCURRENTLY i ON t (a)", "25001"),
    Row("create index, partitioned", PARTS, "CREATE INDEX ON p (a)", {"p": "S", "p1": "S scan", "p2": "S scan"}),
    Row(
        "create index, partitioned, two levels",
        DEEP,
        "CREATE INDEX ON p (a)",
        {"p": "S", "p1": "S scan", "p2": "S scan", "p3": "S", "p3a": "S scan"},
    ),
    Row("create index on only", PARTS, "CREATE INDEX ON ONLY p (a)", {"p": "S"}),
    Row(
        "create index where each partition has one",
        PARTS + "CREATE INDEX ON p1 (a); CREATE INDEX ON p2 (a);",
        "CREATE INDEX ON p (a)",
        {"p": "S", "p1": "S", "p2": "S"},
    ),
    Row(
        "attach an index",
        PARTS + "CREATE INDEX i ON ONLY p (a); CREATE INDEX i1 ON p1 (a);",
        "ALTER INDEX i ATTACH PARTITION i1",
        {"i": "SUX", "i1": "AX"},
    ),
    Row(
        "drop index, partitioned",
        PARTS + "CREATE INDEX i ON p (a);",
        "DROP INDEX i",
        {"p": "AX", "p1": "AX", "p2": "AX"},
    ),
    Row(
        "create index if not exists, exists",
        T + "CREATE INDEX i ON t (a);",
        "CREATE INDEX IF NOT EXISTS i ON t (a)",
        {"t": "S"},
    ),
    Row("rename index", T + "CREATE INDEX i ON t (a);", "ALTER INDEX i RENAME TO j", {"i": "SUX"}),
    Row("index fillfactor", T + "CREATE INDEX i ON t (a);", "ALTER INDEX i SET (fillfactor = 70)", {"i": "SUX"}),
    Row(
        "index statistics",
        T + "CREATE INDEX i ON t ((a + 1));",
        "ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 500",
        {"i": "SUX"},
    ),
    Row(
        "reindex partitioned table",
        PARTS + "CREATE INDEX i ON p (a);",
        "REINDEX TABLE p",
        {"p": "S", "p1": "S scan", "p2": "S scan", "p1_a_idx": "AX rw", "p2_a_idx": "AX rw"},
        alone=True,
    ),
    Row(
        "reindex partitioned index",
        PARTS + "CREATE INDEX i ON p (a);",
        "REINDEX INDEX i",
        {"i": "AX", "p": "S", "p1": "S scan", "p2": "S scan", "p1_a_idx": "AX rw", "p2_a_idx": "AX rw"},
        alone=True,
    ),
    Row(
        "create index concurrently if not exists, exists",
        T + "CREATE INDEX i ON t (a);",
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)",
        {"t": "SUX"},
        alone=True,
    ),
    Row(
        "gin fastupdate",
        "CREATE TABLE t (a int[]); INSERT INTO t VALUES ('{1}'); CREATE INDEX i ON t USING gin (a);",
        "ALTER INDEX i SET (fastupdate = off)",
        {"i": "AX"},
    ),
    Row(
        "reindex partitioned table concurrently",
        PARTS + "CREATE INDEX i ON p (a);",
        "REINDEX TABLE CONCURRENTLY p",
        {"p": "SUX", "p1": "S scan", "p2": "S scan"},
        alone=True,
    ),
    Row(
        "create index on a materialized view",
        T + "CREATE MATERIALIZED VIEW m AS SELECT id FROM t;",
        "CREATE INDEX ON m (id)",
        {"m": "S scan"},
    ),
    Row(
        "create index where one partition has one",
        PARTS + "CREATE INDEX ON p1 (a);",
        "CREATE INDEX ON p (a)",
        {"p": "S", "p1": "S", "p2": "S scan"},
    ),
    Row(
        "create index where a partition has another",
        PARTS + "CREATE INDEX ON p1 (a) WHERE a > 0; CREATE INDEX ON p2 USING hash (a);",
        "CREATE INDEX ON p (a)",
        {"p": "S", "p1": "S scan", "p2": "S scan"},
    ),
    Row(
        "create index where the partitions' is of another order",
        PARTS + "CREATE INDEX ON p1 (a DESC); CREATE INDEX ON p2 (a);",
        "CREATE INDEX ON p (a)",
        {"p": "S", "p1": "S", "p2": "S"},
        more=True,
    ),
    Row("create index, inherited", PARENTS, "CREATE INDEX ON mother (a)", {"mother": "S scan"}),
]

CONSTRAINTS = [
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
        + "ALTER TABLE p1 ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES t; ALTER TABLE p2 ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES t;",
        "ALTER TABLE p ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES t",
        {"p": "SRX", "p1": "SRX", "p2": "SRX", "t": "AX"},
    ),
    Row(
        "add foreign key to a partitioned table",
        PARTS + "ALTER TABLE p ADD PRIMARY KEY (id); CREATE TABLE child (p_id int); INSERT INTO child VALUES (1);",
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
        "CREATE TABLE t (id int, a int); INSERT INTO t VALUES (1, 1); CREATE UNIQUE INDEX i ON t (id);",
        "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY USING INDEX i",
        {"t": "AX scan"},
    ),
    Row(
        "primary key using index, not null",
        "CREATE TABLE t (id int NOT NULL, a int); INSERT INTO t VALUES (1, 1); CREATE UNIQUE INDEX i ON t (id);",
        "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY USING INDEX i",
        {"t": "AX"},
    ),
    Row(
        "primary key using index, checked",
        "CREATE TABLE t (id int CHECK (id IS NOT NULL), a int); INSERT INTO t VALUES (1, 1); CREATE UNIQUE INDEX i ON t (id);",
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
        + "CREATE TABLE IF NOT EXISTS nothing (); DO $$ BEGIN IF current_setting('server_version_num')::int >= 180000 THEN ALTER TABLE p ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES t NOT VALID; ELSE ALTER TABLE p ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES t; END IF; END $$;",
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
        "DO $$ BEGIN IF current_setting('server_version_num')::int >= 180000 THEN EXECUTE 'CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1); CREATE TABLE child (t_id int CONSTRAINT k REFERENCES t NOT ENFORCED); INSERT INTO child VALUES (1)'; END IF; END $$;",
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
        + "ALTER TABLE p ADD PRIMARY KEY (id); CREATE TABLE child (p_id int CONSTRAINT k REFERENCES p); INSERT INTO child VALUES (1);",
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
        + "DO $$ BEGIN IF current_setting('server_version_num')::int >= 180000 THEN EXECUTE 'ALTER TABLE t ADD CONSTRAINT k NOT NULL a NOT VALID'; END IF; END $$;",
        "ALTER TABLE t VALIDATE CONSTRAINT k",
        "42704",
        {18: {"t": "SUX scan"}},
    ),
    Row(
        "set not null beside not valid",
        T
        + "DO $$ BEGIN IF current_setting('server_version_num')::int >= 180000 THEN EXECUTE 'ALTER TABLE t ADD CONSTRAINT k NOT NULL a NOT VALID'; END IF; END $$;",
        "ALTER TABLE t ALTER a SET NOT NULL",
        {"t": "AX scan"},
    ),
]
DOMAINS = "CREATE DOMAIN d AS int; CREATE DOMAIN pos AS int CHECK (VALUE > 0); CREATE DOMAIN nn AS int NOT NULL;"
CHANGED = "CREATE FUNCTION vol() RETURNS int LANGUAGE plpgsql VOLATILE AS 'BEGIN RETURN 1; END'; CREATE FUNCTION sta() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';"
COLUMNS = [
    Row("add column", T, "ALTER TABLE t ADD COLUMN n int", {"t": "AX"}),
    Row("add column, constant", T, "ALTER TABLE t ADD COLUMN n int NOT NULL DEFAULT 7", {"t": "AX"}),
    Row("add column, now()", T, "ALTER TABLE t ADD COLUMN n timestamptz DEFAULT now()", {"t": "AX"}),
    Row("add column, current_date", T, "ALTER TABLE t ADD COLUMN n date DEFAULT CURRENT_DATE", {"t": "AX"}),
    Row("add column, stable function", T + CHANGED, "ALTER TABLE t ADD COLUMN n int DEFAULT sta()", {"t": "AX"}),
    Row("add column, volatile function", T + CHANGED, "ALTER TABLE t ADD COLUMN n int DEFAULT vol()", {"t": "AX rw"}),
    Row("add column, random()", T, "ALTER TABLE t ADD COLUMN n float DEFAULT random()", {"t": "AX rw"}),
    Row(
        "add column, clock_timestamp()",
        T,
        "ALTER TABLE t ADD COLUMN n timestamptz DEFAULT clock_timestamp()",
        {"t": "AX rw"},
    ),
    Row(
        "add column, gen_random_uuid()", T, "ALTER TABLE t ADD COLUMN n uuid DEFAULT gen_random_uuid()", {"t": "AX rw"}
    ),
    Row("add column serial", T, "ALTER TABLE t ADD COLUMN n bigserial", {"t": "AX rw"}),
    Row("add column identity", T, "ALTER TABLE t ADD COLUMN n int GENERATED ALWAYS AS IDENTITY", {"t": "AX rw"}),
    Row("add column stored", T, "ALTER TABLE t ADD COLUMN n int GENERATED ALWAYS AS (a + 1) STORED", {"t": "AX rw"}),
    Row(
        "add column virtual",
        T,
        "ALTER TABLE t ADD COLUMN n int GENERATED ALWAYS AS (a + 1) VIRTUAL",
        "42601",
        {18: {"t": "AX"}},
    ),
    Row(
        "add column virtual not null",
        T,
        "ALTER TABLE t ADD COLUMN n int NOT NULL GENERATED ALWAYS AS (a + 1) VIRTUAL",
        "42601",
        {18: {"t": "AX scan"}},
    ),
    Row("add column, plain domain", T + DOMAINS, "ALTER TABLE t ADD COLUMN n d", {"t": "AX"}),
    Row("add column, checked domain", T + DOMAINS, "ALTER TABLE t ADD COLUMN n pos", {"t": "AX rw"}),
    Row("add column, checked domain, default", T + DOMAINS, "ALTER TABLE t ADD COLUMN n pos DEFAULT 1", {"t": "AX rw"}),
    Row("add column, not null domain", T + DOMAINS, "ALTER TABLE t ADD COLUMN n nn DEFAULT 1", {"t": "AX rw"}),
    Row(
        "add column, domain over a checked domain",
        T + DOMAINS + "CREATE DOMAIN over AS pos;",
        "ALTER TABLE t ADD COLUMN n over",
        {"t": "AX rw"},
    ),
    Row("add column, array of a checked domain", T + DOMAINS, "ALTER TABLE t ADD COLUMN n pos[]", {"t": "AX"}),
    Row("add column not null without default", T, "ALTER TABLE t ADD COLUMN n int NOT NULL", "23502"),
    Row(
        "add column not null without default, no rows",
        "CREATE TABLE t (id int);",
        "ALTER TABLE t ADD COLUMN n int NOT NULL",
        {"t": "AX scan"},
    ),
    Row("add column check", T, "ALTER TABLE t ADD COLUMN n int CHECK (n > 0)", {"t": "AX scan"}),
    Row("add column unique", T, "ALTER TABLE t ADD COLUMN n int UNIQUE", {"t": "AX scan"}),
    Row(
        "add column primary key",
        "CREATE TABLE t (id int); INSERT INTO t VALUES (1);",
        "ALTER TABLE t ADD COLUMN n int PRIMARY KEY DEFAULT 1",
        {"t": "AX scan"},
    ),
    Row("add column references", TWO, "ALTER TABLE child ADD COLUMN n int REFERENCES t", {"child": "AX", "t": "SRX"}),
    Row(
        "add column references, default",
        TWO,
        "ALTER TABLE child ADD COLUMN n int DEFAULT 1 REFERENCES t",
        {"child": "AX scan", "t": "SRX scan"},
    ),
    Row(
        "add column references, default null",
        TWO,
        "ALTER TABLE child ADD COLUMN n int DEFAULT NULL REFERENCES t",
        {"child": "AX scan", "t": "SRX"},
    ),
    Row("add column if not exists, exists", T, "ALTER TABLE t ADD COLUMN IF NOT EXISTS a int", {"t": "AX"}),
    Row("add column, partitioned", PARTS, "ALTER TABLE p ADD COLUMN n int", {"p": "AX", "p1": "AX", "p2": "AX"}),
    Row(
        "add column, partitioned, volatile",
        PARTS,
        "ALTER TABLE p ADD COLUMN n float DEFAULT random()",
        {"p": "AX", "p1": "AX rw", "p2": "AX rw"},
    ),
    Row("add column, inherited", PARENTS, "ALTER TABLE mother ADD COLUMN n int", {"mother": "AX", "son": "AX"}),
    Row("drop column", T, "ALTER TABLE t DROP COLUMN a", {"t": "AX"}),
    Row("drop column in a foreign key", KEY, "ALTER TABLE child DROP COLUMN t_id", {"child": "AX", "t": "AX"}),
    Row("drop column that is referenced", KEY, "ALTER TABLE t DROP COLUMN id CASCADE", {"child": "AX", "t": "AX"}),
    Row(
        "drop column under a view",
        T + "CREATE VIEW v AS SELECT a FROM t;",
        "ALTER TABLE t DROP COLUMN a CASCADE",
        {"t": "AX", "v": "AX"},
    ),
    Row("drop column, partitioned", PARTS, "ALTER TABLE p DROP COLUMN a", {"p": "AX", "p1": "AX", "p2": "AX"}),
    Row("rename column", T, "ALTER TABLE t RENAME COLUMN a TO z", {"t": "AX"}),
    Row("rename column, partitioned", PARTS, "ALTER TABLE p RENAME COLUMN a TO z", {"p": "AX", "p1": "AX", "p2": "AX"}),
    Row("set default", T, "ALTER TABLE t ALTER a SET DEFAULT 1", {"t": "AX"}),
    Row("set default, volatile", T, "ALTER TABLE t ALTER a SET DEFAULT random()", {"t": "AX"}),
    Row("drop default", T, "ALTER TABLE t ALTER a DROP DEFAULT", {"t": "AX"}),
    Row(
        "drop not null",
        "CREATE TABLE t (id int NOT NULL); INSERT INTO t VALUES (1);",
        "ALTER TABLE t ALTER id DROP NOT NULL",
        {"t": "AX"},
    ),
    Row(
        "add identity",
        "CREATE TABLE t (id int NOT NULL); INSERT INTO t VALUES (1);",
        "ALTER TABLE t ALTER id ADD GENERATED ALWAYS AS IDENTITY",
        {"t": "AX"},
    ),
    Row(
        "drop identity",
        "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY); INSERT INTO t DEFAULT VALUES;",
        "ALTER TABLE t ALTER id DROP IDENTITY",
        {"t": "AX"},
    ),
    Row(
        "drop expression",
        "CREATE TABLE t (id int, n int GENERATED ALWAYS AS (id + 1) STORED); INSERT INTO t VALUES (1);",
        "ALTER TABLE t ALTER n DROP EXPRESSION",
        {"t": "AX"},
    ),
    Row(
        "set expression, stored",
        "CREATE TABLE t (id int, n int GENERATED ALWAYS AS (id + 1) STORED); INSERT INTO t VALUES (1);",
        "ALTER TABLE t ALTER n SET EXPRESSION AS (id + 2)",
        "42601",
        {17: {"t": "AX rw"}},
    ),
    Row("set statistics", T, "ALTER TABLE t ALTER a SET STATISTICS 100", {"t": "SUX"}),
    Row("set n_distinct", T, "ALTER TABLE t ALTER a SET (n_distinct = 5)", {"t": "SUX"}),
    Row("set storage", T, "ALTER TABLE t ALTER b SET STORAGE EXTERNAL", {"t": "AX"}),
    Row("set compression", T, "ALTER TABLE t ALTER b SET COMPRESSION pglz", {"t": "AX"}),
    Row(
        "set statistics, partitioned",
        PARTS,
        "ALTER TABLE p ALTER a SET STATISTICS 100",
        {"p": "SUX", "p1": "SUX", "p2": "SUX"},
    ),
    Row("set storage, partitioned", TEXT_PARTS, "ALTER TABLE p ALTER b SET STORAGE EXTERNAL", {"p": "AX", "p1": "AX"}),
    Row("set compression, partitioned", TEXT_PARTS, "ALTER TABLE p ALTER b SET COMPRESSION pglz", {"p": "AX"}),
    Row("set n_distinct, partitioned", PARTS, "ALTER TABLE p ALTER a SET (n_distinct_inherited = 5)", {"p": "SUX"}),
    Row("set default, partitioned", PARTS, "ALTER TABLE p ALTER a SET DEFAULT 1", {"p": "AX", "p1": "AX", "p2": "AX"}),
    Row(
        "drop not null, partitioned",
        NULLABLE_PARTS + "ALTER TABLE p ALTER a SET NOT NULL;",
        "ALTER TABLE p ALTER a DROP NOT NULL",
        {"p": "AX", "p1": "AX", "p2": "AX"},
    ),
    Row(
        "add identity, partitioned",
        PARTS,
        "ALTER TABLE p ALTER id ADD GENERATED ALWAYS AS IDENTITY",
        {"p": "AX"},
        {17: {"p": "AX", "p1": "AX", "p2": "AX"}},
    ),
    Row(
        "add column unique, partitioned",
        PARTS,
        "ALTER TABLE p ADD COLUMN n int, ADD UNIQUE (id, n)",
        {"p": "AX", "p1": "AX scan", "p2": "AX scan"},
    ),
    Row(
        "add column, domain with a volatile default",
        T + "CREATE DOMAIN dice AS float DEFAULT random();",
        "ALTER TABLE t ADD COLUMN n dice",
        {"t": "AX rw"},
    ),
    Row(
        "add column, domain with a constant default",
        T + "CREATE DOMAIN one AS int DEFAULT 1;",
        "ALTER TABLE t ADD COLUMN n one",
        {"t": "AX"},
    ),
    Row(
        "add column, domain with a volatile default, overruled",
        T + "CREATE DOMAIN dice AS float DEFAULT random();",
        "ALTER TABLE t ADD COLUMN n dice DEFAULT 1",
        {"t": "AX"},
    ),
    Row(
        "set expression, virtual",
        VIRTUAL,
        "ALTER TABLE t ALTER n SET EXPRESSION AS (id + 2)",
        "42601",
        {17: "42703", 18: {"t": "AX"}},
    ),
    Row(
        "set expression, virtual, checked",
        VIRTUAL
        + "ALTER TABLE t ADD CHECK (id > 0); DO $$ BEGIN IF current_setting('server_version_num')::int >= 180000 THEN EXECUTE 'ALTER TABLE t ADD CHECK (n > 0)'; END IF; END $$;",
        "ALTER TABLE t ALTER n SET EXPRESSION AS (id + 2)",
        "42601",
        {17: "42703", 18: "0A000"},
    ),
    Row("drop column, inherited", PARENTS, "ALTER TABLE mother DROP COLUMN a", {"mother": "AX", "son": "AX"}),
    Row("drop column of a partition key", PARTS, "ALTER TABLE p DROP COLUMN id", "42P16"),
    Row(
        "drop column under two views",
        T + "CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a FROM v;",
        "ALTER TABLE t DROP COLUMN a CASCADE",
        {"t": "AX", "v": "AX", "w": "AX"},
    ),
    Row(
        "drop another column than the view's",
        T + "CREATE VIEW v AS SELECT a FROM t;",
        "ALTER TABLE t DROP COLUMN b CASCADE",
        {"t": "AX"},
    ),
]


def typed(column: str, more: str = "") -> str:
    kind, _, value = column.partition(" := ")
    return f"CREATE TABLE t (id int, x {kind}); INSERT INTO t VALUES (1, {value or 'NULL'}), (2, NULL); {more}"


def retype(to: str) -> str:
    return f"ALTER TABLE t ALTER x TYPE {to}"


UTC = "SET TimeZone = 'UTC';"
FREE, REWRITES = {"t": "AX"}, {"t": "AX rw"}
TYPES = [
    Row("varchar wider", typed("varchar(10) := 'x'"), retype("varchar(20)"), FREE),
    Row("varchar without a length", typed("varchar(10) := 'x'"), retype("varchar"), FREE),
    Row("varchar to text", typed("varchar(10) := 'x'"), retype("text"), FREE),
    Row("text to varchar", typed("text := 'x'"), retype("varchar"), FREE),
    Row("text to varchar(20)", typed("text := 'x'"), retype("varchar(20)"), REWRITES),
    Row("varchar to varchar(20)", typed("varchar := 'x'"), retype("varchar(20)"), REWRITES),
    Row("varchar narrower", typed("varchar(10) := 'x'"), retype("varchar(5)"), REWRITES),
    Row("char wider", typed("char(10) := 'x'"), retype("char(20)"), REWRITES),
    Row("char to text", typed("char(10) := 'x'"), retype("text"), REWRITES),
    Row("text to char(20)", typed("text := 'x'"), retype("char(20)"), REWRITES),
    Row("numeric precision up", typed("numeric(8,2) := 1"), retype("numeric(10,2)"), FREE),
    Row("numeric unconstrained", typed("numeric(8,2) := 1"), retype("numeric"), FREE),
    Row("numeric scale up", typed("numeric(8,2) := 1"), retype("numeric(10,3)"), REWRITES),
    Row("numeric constrained", typed("numeric := 1"), retype("numeric(10,2)"), REWRITES),
    Row("int to bigint", typed("int := 1"), retype("bigint"), REWRITES),
    Row("int to numeric", typed("int := 1"), retype("numeric"), REWRITES),
    Row("bigint to int", typed("bigint := 1"), retype("int"), REWRITES),
    Row("int to int", typed("int := 1"), retype("int"), FREE),
    Row("int to oid", typed("int := 1"), retype("oid"), FREE),
    Row("real to double", typed("real := 1"), retype("double precision"), REWRITES),
    Row("cidr to inet", typed("cidr := '10.0.0.0/8'"), retype("inet"), FREE),
    Row("inet to cidr", typed("inet := '10.0.0.0/8'"), retype("cidr USING x::cidr"), REWRITES),
    Row("xml to text", typed("text := 'x'"), retype("text USING x"), FREE),
    Row("json to jsonb", typed("json := '{}'"), retype("jsonb"), REWRITES),
    Row("text to json", typed("text := '{}'"), retype("json USING x::json"), REWRITES),
    Row("time precision up", typed("time(2) := '10:00'"), retype("time(4)"), FREE),
    Row("time precision full", typed("time(2) := '10:00'"), retype("time"), FREE),
    Row("time precision down", typed("time(4) := '10:00'"), retype("time(2)"), REWRITES),
    Row("timestamp precision up", typed("timestamp(2) := now()"), retype("timestamp(4)"), FREE),
    Row("timestamp precision given", typed("timestamp := now()"), retype("timestamp(6)"), FREE),
    Row("timestamp precision down", typed("timestamp := now()"), retype("timestamp(3)"), REWRITES),
    Row("timestamptz precision up", typed("timestamptz(2) := now()"), retype("timestamptz(4)"), FREE),
    Row("interval precision up", typed("interval(2) := '1 s'"), retype("interval(4)"), FREE),
    Row("interval precision full", typed("interval(2) := '1 s'"), retype("interval"), FREE),
    Row("interval precision down", typed("interval(4) := '1 s'"), retype("interval(2)"), REWRITES),
    Row("bit wider", typed("bit(4) := B'1010'"), retype("bit(8) USING x::bit(8)"), REWRITES),
    Row("varbit wider", typed("varbit(4) := B'1010'"), retype("varbit(8)"), FREE),
    Row("varbit without a length", typed("varbit(4) := B'1010'"), retype("varbit"), FREE),
    Row("varbit narrower", typed("varbit(8) := B'1010'"), retype("varbit(4)"), REWRITES),
    Row("bit to varbit", typed("bit(4) := B'1010'"), retype("varbit"), FREE),
    Row("timestamp to timestamptz in UTC", UTC + typed("timestamp := now()"), retype("timestamptz"), FREE),
    Row("timestamptz to timestamp in UTC", UTC + typed("timestamptz := now()"), retype("timestamp"), FREE),
    Row(
        "timestamp to timestamptz elsewhere",
        "SET TimeZone = 'Europe/Vienna';" + typed("timestamp := now()"),
        retype("timestamptz"),
        REWRITES,
    ),
    Row(
        "timestamp to timestamptz in UTC, zone named",
        UTC + typed("timestamp := now()"),
        retype("timestamptz USING x AT TIME ZONE 'UTC'"),
        REWRITES,
    ),
    Row(
        "timestamp to timestamptz in UTC, indexed",
        UTC + typed("timestamp := now()", "CREATE INDEX ON t (x);"),
        retype("timestamptz"),
        {"t": "AX scan"},
    ),
    Row("varchar array wider", typed("varchar(10)[] := '{x}'"), retype("varchar(20)[]"), REWRITES),
    Row("varchar array to text array", typed("varchar(10)[] := '{x}'"), retype("text[]"), REWRITES),
    Row("enum to text", "CREATE TYPE e AS ENUM ('a');" + typed("e := 'a'"), retype("text"), REWRITES),
    Row("text to a domain without constraint", DOMAINS + typed("int := 1"), retype("d"), FREE),
    Row("int to a checked domain", DOMAINS + typed("int := 1"), retype("pos"), REWRITES),
    Row("domain to its base type", DOMAINS + typed("pos := 1"), retype("int"), FREE),
    Row("using a no-op cast", typed("varchar(10) := 'x'"), retype("text USING x::text"), FREE),
    Row("using the column", typed("varchar(10) := 'x'"), retype("text USING x"), FREE),
    Row("using an expression", typed("text := 'x'"), retype("text USING upper(x)"), REWRITES),
    Row(
        "using another column",
        "CREATE TABLE t (id int, x text, y text); INSERT INTO t VALUES (1, 'a', 'b');",
        retype("text USING y"),
        REWRITES,
    ),
    Row("varchar wider, indexed", typed("varchar(10) := 'x'", "CREATE INDEX ON t (x);"), retype("varchar(20)"), FREE),
    Row("varchar to text, indexed", typed("varchar(10) := 'x'", "CREATE INDEX ON t (x);"), retype("text"), FREE),
    Row(
        "varchar wider, unique",
        typed("varchar(10) := 'x'", "ALTER TABLE t ADD UNIQUE (x);"),
        retype("varchar(20)"),
        FREE,
    ),
    Row(
        "varchar wider, in an expression index",
        typed("varchar(10) := 'x'", "CREATE INDEX ON t (lower(x));"),
        retype("varchar(20)"),
        {"t": "AX scan"},
    ),
    Row(
        "varchar wider, in a partial index",
        typed("varchar(10) := 'x'", "CREATE INDEX ON t (id) WHERE x <> '';"),
        retype("varchar(20)"),
        {"t": "AX scan"},
    ),
    Row(
        "varchar wider, beside a partial index",
        typed("varchar(10) := 'x'", "CREATE INDEX ON t (x) WHERE id > 0;"),
        retype("varchar(20)"),
        {"t": "AX scan"},
    ),
    Row(
        "varchar wider, checked",
        typed("varchar(10) := 'x'", "ALTER TABLE t ADD CHECK (x <> '');"),
        retype("varchar(20)"),
        {"t": "AX scan"},
    ),
    Row(
        "varchar wider, not null",
        typed("varchar(10) NOT NULL := 'x'").replace(", (2, NULL)", ""),
        retype("varchar(20)"),
        FREE,
    ),
    Row(
        "varchar wider, other collation, indexed",
        typed("varchar(10) := 'x'", "CREATE INDEX ON t (x);"),
        retype('varchar(20) COLLATE "C"'),
        {"t": "AX scan"},
    ),
    Row("varchar wider, other collation", typed("varchar(10) := 'x'"), retype('varchar(20) COLLATE "C"'), FREE),
    Row(
        "numeric wider, default",
        "CREATE TABLE t (id int, x numeric(8,2) DEFAULT 1); INSERT INTO t VALUES (1);",
        retype("numeric(10,2)"),
        FREE,
    ),
    Row("int to bigint, indexed", T, "ALTER TABLE t ALTER id TYPE bigint", {"t": "AX rw"}),
    Row(
        "varchar wider, references",
        "CREATE TABLE r (x varchar(10) PRIMARY KEY); INSERT INTO r VALUES ('x');"
        + typed("varchar(10) REFERENCES r := 'x'"),
        retype("varchar(20)"),
        {"t": "AX", "r": "AX"},
    ),
    Row(
        "varchar wider, referenced",
        "CREATE TABLE t (x varchar(10) PRIMARY KEY); INSERT INTO t VALUES ('x'); CREATE TABLE child (x varchar(10) REFERENCES t); INSERT INTO child VALUES ('x');",
        retype("varchar(20)"),
        {"t": "AX", "child": "AX"},
    ),
    Row("int to bigint, referenced", KEY, "ALTER TABLE t ALTER id TYPE bigint", {"t": "AX rw", "child": "AX scan"}),
    Row(
        "int to bigint, references", KEY, "ALTER TABLE child ALTER t_id TYPE bigint", {"child": "AX rw", "t": "AX scan"}
    ),
    Row(
        "varchar wider, partitioned",
        "CREATE TABLE p (id int, x varchar(10)) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); INSERT INTO p VALUES (1, 'x');",
        "ALTER TABLE p ALTER x TYPE varchar(20)",
        {"p": "AX", "p1": "AX"},
    ),
    Row(
        "int to bigint, partitioned",
        PARTS,
        "ALTER TABLE p ALTER a TYPE bigint",
        {"p": "AX", "p1": "AX rw", "p2": "AX rw"},
    ),
    Row("type of a partition key", PARTS, "ALTER TABLE p ALTER id TYPE bigint", "42P16"),
    Row(
        "type in statistics",
        T + "CREATE STATISTICS st ON a, c FROM t;",
        "ALTER TABLE t ALTER c TYPE varchar(20)",
        {"t": "AX"},
    ),
    Row(
        "collation lost, indexed",
        typed("varchar(10) COLLATE \"C\" := 'x'", "CREATE INDEX ON t (x);"),
        retype("varchar(20)"),
        {"t": "AX scan"},
    ),
    Row(
        "collation kept, indexed",
        typed("varchar(10) COLLATE \"C\" := 'x'", "CREATE INDEX ON t (x);"),
        retype('varchar(20) COLLATE "C"'),
        FREE,
    ),
    Row("varchar array without a length", typed("varchar(10)[] := '{x}'"), retype("varchar[]"), FREE),
    Row("int array to int array", typed("int[] := '{1}'"), retype("int[]"), FREE),
    Row("int array to bigint array", typed("int[] := '{1}'"), retype("bigint[]"), REWRITES),
    Row("text to bpchar", typed("text := 'x'"), retype("bpchar"), FREE),
    Row(
        "domain over varchar to a wider varchar",
        "CREATE DOMAIN v10 AS varchar(10);" + typed("v10 := 'x'"),
        retype("varchar(20)"),
        REWRITES,
    ),
    Row(
        "domain over varchar to a narrower varchar",
        "CREATE DOMAIN v10 AS varchar(10);" + typed("v10 := 'x'"),
        retype("varchar(5)"),
        REWRITES,
    ),
    Row(
        "varchar to a domain over a wider varchar",
        "CREATE DOMAIN v20 AS varchar(20);" + typed("varchar(10) := 'x'"),
        retype("v20"),
        FREE,
    ),
    Row(
        "varchar to a domain over a narrower varchar",
        "CREATE DOMAIN v5 AS varchar(5);" + typed("varchar(10) := 'x'"),
        retype("v5"),
        REWRITES,
    ),
    Row("int to oid, indexed", typed("int := 1", "CREATE INDEX ON t (x);"), retype("oid"), {"t": "AX scan"}),
    Row("cidr to inet, indexed", typed("cidr := '10.0.0.0/8'", "CREATE INDEX ON t (x);"), retype("inet"), FREE),
    Row(
        "varchar wider, checked but not valid",
        typed("varchar(10) := 'x'", "ALTER TABLE t ADD CHECK (x <> '') NOT VALID;"),
        retype("varchar(20)"),
        FREE,
    ),
    Row(
        "varchar wider, a CHECK of another column",
        typed("varchar(10) := 'x'", "ALTER TABLE t ADD CHECK (id > 0);"),
        retype("varchar(20)"),
        FREE,
    ),
    Row(
        "varchar wider, hash index",
        typed("varchar(10) := 'x'", "CREATE INDEX ON t USING hash (x);"),
        retype("varchar(20)"),
        FREE,
    ),
    Row(
        "varchar to text, varchar_pattern_ops",
        typed("varchar(10) := 'x'", "CREATE INDEX ON t (x varchar_pattern_ops);"),
        retype("text"),
        FREE,
    ),
    Row(
        "varchar wider, INCLUDE",
        typed("varchar(10) := 'x'", "CREATE INDEX ON t (id) INCLUDE (x);"),
        retype("varchar(20)"),
        FREE,
    ),
    Row(
        "varchar wider, an index of one partition",
        TEXT_PARTS.replace("text", "varchar(10)") + "CREATE INDEX ON p1 (lower(b));",
        "ALTER TABLE p ALTER b TYPE varchar(20)",
        {"p": "AX", "p1": "AX scan"},
    ),
    Row(
        "numeric scale, references",
        "CREATE TABLE r (x numeric(8,2) PRIMARY KEY); INSERT INTO r VALUES (1);"
        + typed("numeric(8,2) REFERENCES r := 1"),
        retype("numeric(8,3)"),
        {"t": "AX rw", "r": "AX scan"},
    ),
    Row(
        "int to oid, references",
        "CREATE TABLE r (x oid PRIMARY KEY); INSERT INTO r VALUES (1);" + typed("int := 1"),
        retype("oid"),
        {"t": "AX"},
    ),
    Row("using null", typed("int := 1"), retype("bigint USING NULL"), REWRITES),
    Row(
        "varchar wider, primary key",
        "CREATE TABLE t (x varchar(10) PRIMARY KEY); INSERT INTO t VALUES ('a');",
        retype("varchar(20)"),
        FREE,
    ),
    Row(
        "varchar wider, exclude",
        "CREATE TABLE t (id int, x varchar(10), EXCLUDE USING hash (x WITH =)); INSERT INTO t VALUES (1, 'a');",
        retype("varchar(20)"),
        FREE,
    ),
]
PINNING = {
    "view": "CREATE VIEW v AS SELECT c FROM t;",
    "materialized view": "CREATE MATERIALIZED VIEW v AS SELECT c FROM t;",
    "rule": "CREATE RULE r AS ON DELETE TO t WHERE old.c = 'x' DO INSTEAD NOTHING;",
    "policy": "CREATE POLICY y ON t USING (c <> '');",
    "update trigger": "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'; CREATE TRIGGER g BEFORE UPDATE OF c ON t FOR EACH ROW EXECUTE FUNCTION f();",
    "trigger WHEN": "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'; CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW WHEN (new.c <> old.c) EXECUTE FUNCTION f();",
    "atomic function": "CREATE FUNCTION f() RETURNS text BEGIN ATOMIC SELECT max(c) FROM t; END;",
}
PINNED = [
    *(
        Row(f"free type under a {what}", T + sql, "ALTER TABLE t ALTER c TYPE varchar(20)", "0A000")
        for what, sql in PINNING.items()
    ),
    Row(
        "free type under a generated column",
        T + "ALTER TABLE t ADD g text GENERATED ALWAYS AS (c || '!') STORED;",
        "ALTER TABLE t ALTER c TYPE varchar(20)",
        "42601",
        {15: "0A000"},
    ),
    Row(
        "free type of a generated column",
        T + "ALTER TABLE t ADD g varchar(10) GENERATED ALWAYS AS (c) STORED;",
        "ALTER TABLE t ALTER g TYPE varchar(20)",
        {"t": "AX"},
    ),
    Row(
        "column of another under a view",
        T + "CREATE VIEW v AS SELECT a FROM t;",
        "ALTER TABLE t ALTER c TYPE varchar(20)",
        {"t": "AX"},
    ),
]
TABLES = [
    Row("drop table", T, "DROP TABLE t", {"t": "AX"}),
    Row("drop table with a foreign key", KEY, "DROP TABLE child", {"child": "AX", "t": "AX"}),
    Row("drop table that is referenced", KEY, "DROP TABLE t", "2BP01"),
    Row("drop table cascade", KEY, "DROP TABLE t CASCADE", {"child": "AX", "t": "AX"}),
    Row(
        "drop table cascade under a view",
        T + "CREATE VIEW v AS SELECT a FROM t;",
        "DROP TABLE t CASCADE",
        {"t": "AX", "v": "AX"},
    ),
    Row("drop table, partitioned", PARTS, "DROP TABLE p", {"p": "AX", "p1": "AX", "p2": "AX"}),
    Row("drop a partition", PARTS, "DROP TABLE p1", {"p": "AX", "p1": "AX"}),
    Row("drop a partition beside a default", DEFAULT, "DROP TABLE p1", {"p": "AX", "p1": "AX", "pd": "AX"}),
    Row("drop the default partition", DEFAULT, "DROP TABLE pd", {"p": "AX", "pd": "AX"}),
    Row("drop table if exists, does not", T, "DROP TABLE IF EXISTS nothing", {}),
    Row("drop two tables", TWO, "DROP TABLE t, child", {"t": "AX", "child": "AX"}),
    Row("drop view", T + "CREATE VIEW v AS SELECT a FROM t;", "DROP VIEW v", {"v": "AX"}),
    Row(
        "drop materialized view",
        T + "CREATE MATERIALIZED VIEW m AS SELECT a FROM t;",
        "DROP MATERIALIZED VIEW m",
        {"m": "AX"},
    ),
    Row("drop sequence", "CREATE SEQUENCE s;", "DROP SEQUENCE s", {"s": "AX"}),
    Row("rename table", T, "ALTER TABLE t RENAME TO u", {"t": "AX"}),
    Row("rename view", T + "CREATE VIEW v AS SELECT a FROM t;", "ALTER VIEW v RENAME TO w", {"v": "AX"}),
    Row("rename sequence", "CREATE SEQUENCE s;", "ALTER SEQUENCE s RENAME TO r", {"s": "AX"}),
    Row("rename an index by ALTER TABLE", T + "CREATE INDEX i ON t (a);", "ALTER TABLE i RENAME TO j", {"i": "AX"}),
    Row("set schema", T + "CREATE SCHEMA IF NOT EXISTS other;", "ALTER TABLE t SET SCHEMA other", {"t": "AX"}),
    Row(
        "set schema, serial",
        "CREATE TABLE t (id serial); CREATE SCHEMA IF NOT EXISTS other;",
        "ALTER TABLE t SET SCHEMA other",
        {"t": "AX"},
    ),
    Row("owner", T, "ALTER TABLE t OWNER TO CURRENT_USER", {"t": "AX"}),
    Row("enable row security", T, "ALTER TABLE t ENABLE ROW LEVEL SECURITY", {"t": "AX"}),
    Row("force row security", T, "ALTER TABLE t FORCE ROW LEVEL SECURITY", {"t": "AX"}),
    Row("create policy", T, "CREATE POLICY y ON t USING (a > 0)", {"t": "AX"}),
    Row("alter policy", T + "CREATE POLICY y ON t USING (a > 0);", "ALTER POLICY y ON t USING (a > 1)", {"t": "AX"}),
    Row("drop policy", T + "CREATE POLICY y ON t USING (a > 0);", "DROP POLICY y ON t", {"t": "AX"}),
    Row("create rule", T, "CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING", {"t": "AX"}),
    Row("drop rule", T + "CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING;", "DROP RULE r ON t", {"t": "AX"}),
    Row("truncate", T, "TRUNCATE t", {"t": "AX"}),
    Row("truncate that is referenced", KEY, "TRUNCATE t", "0A000"),
    Row("truncate both", KEY, "TRUNCATE t, child", {"t": "AX", "child": "AX"}),
    Row("truncate cascade", KEY, "TRUNCATE t CASCADE", {"t": "AX", "child": "AX"}),
    Row(
        "truncate cascade, two steps",
        KEY + "CREATE TABLE grandchild (c_id int REFERENCES child);",
        "TRUNCATE t CASCADE",
        {"t": "AX", "child": "AX", "grandchild": "AX"},
    ),
    Row("truncate, partitioned", PARTS, "TRUNCATE p", {"p": "AX", "p1": "AX", "p2": "AX"}),
    Row("truncate, inherited", PARENTS, "TRUNCATE mother", {"mother": "AX", "son": "AX"}),
    Row("truncate only", PARENTS, "TRUNCATE ONLY mother", {"mother": "AX"}),
    Row("set unlogged", T, "ALTER TABLE t SET UNLOGGED", {"t": "AX rw"}),
    Row(
        "set logged",
        "CREATE UNLOGGED TABLE t (id int); INSERT INTO t VALUES (1);",
        "ALTER TABLE t SET LOGGED",
        {"t": "AX rw"},
    ),
    Row("set logged, is", T, "ALTER TABLE t SET LOGGED", {"t": "AX"}),
    Row("set access method, same", T, "ALTER TABLE t SET ACCESS METHOD heap", "42601", {15: {"t": "AX"}}),
    Row(
        "set access method",
        "CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;" + T,
        "ALTER TABLE t SET ACCESS METHOD heap2",
        "42601",
        {15: {"t": "AX rw"}},
    ),
    Row("cluster", T, "CLUSTER t USING t_pkey", {"t": "AX rw"}),
    Row("vacuum full", T, "VACUUM FULL t", {"t": "AX rw"}, alone=True),
    Row("vacuum", T, "VACUUM t", {"t": "SUX"}, alone=True),
    Row("analyze", T, "ANALYZE t", {"t": "SUX"}),
    Row(
        "refresh",
        T + "CREATE MATERIALIZED VIEW m AS SELECT id FROM t;",
        "REFRESH MATERIALIZED VIEW m",
        {"m": "AX rw", "t": "AS scan"},
    ),
    Row(
        "refresh concurrently",
        T + "CREATE MATERIALIZED VIEW m AS SELECT id FROM t; CREATE UNIQUE INDEX ON m (id);",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY m",
        {"m": "X scan", "t": "AS scan"},
    ),
    Row(
        "create trigger",
        T + "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';",
        "CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()",
        {"t": "SRX"},
    ),
    Row(
        "create trigger, partitioned",
        PARTS + "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';",
        "CREATE TRIGGER g BEFORE UPDATE ON p FOR EACH ROW EXECUTE FUNCTION f()",
        {"p": "SRX", "p1": "SRX", "p2": "SRX"},
    ),
    Row("drop trigger", T + PINNING["trigger WHEN"], "DROP TRIGGER g ON t", {"t": "AX"}),
    Row("rename trigger", T + PINNING["trigger WHEN"], "ALTER TRIGGER g ON t RENAME TO h", {"t": "AX"}),
    Row("disable trigger", T + PINNING["trigger WHEN"], "ALTER TABLE t DISABLE TRIGGER g", {"t": "SRX"}),
    Row("enable trigger user", T + PINNING["trigger WHEN"], "ALTER TABLE t ENABLE TRIGGER USER", {"t": "SRX"}),
    Row("enable always trigger", T + PINNING["trigger WHEN"], "ALTER TABLE t ENABLE ALWAYS TRIGGER g", {"t": "SRX"}),
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
    Row("create table", T, "CREATE TABLE new (id int)", {}),
    Row("create table references", T, "CREATE TABLE new (t_id int REFERENCES t)", {"t": "SRX"}),
    Row(
        "create table references, table constraint",
        T,
        "CREATE TABLE new (t_id int, FOREIGN KEY (t_id) REFERENCES t)",
        {"t": "SRX"},
    ),
    Row(
        "create table references a partitioned table",
        PARTS + "ALTER TABLE p ADD PRIMARY KEY (id);",
        "CREATE TABLE new (p_id int REFERENCES p)",
        {"p": "SRX", "p1": "SRX", "p2": "SRX"},
    ),
    Row("create table like", T, "CREATE TABLE new (LIKE t INCLUDING ALL)", {}),
    Row("create table as", T, "CREATE TABLE new AS SELECT * FROM t", {"t": "AS scan"}),
    Row("create table inherits", PARENTS, "CREATE TABLE daughter () INHERITS (mother)", {"mother": "SUX"}),
    Row("create view", T, "CREATE VIEW v AS SELECT a FROM t", {}),
    Row(
        "create or replace view",
        T + "CREATE VIEW v AS SELECT a FROM t;",
        "CREATE OR REPLACE VIEW v AS SELECT a, 1 AS one FROM t",
        {"v": "AX"},
    ),
    Row("create or replace view, new", T, "CREATE OR REPLACE VIEW v AS SELECT a FROM t", {}),
    Row("create materialized view", T, "CREATE MATERIALIZED VIEW m AS SELECT a FROM t", {"t": "AS scan"}),
    Row("alter sequence", "CREATE SEQUENCE s;", "ALTER SEQUENCE s INCREMENT 2", {"s": "SRX"}),
    Row("alter sequence restart", "CREATE SEQUENCE s;", "ALTER SEQUENCE s RESTART", {"s": "SRX"}),
    Row(
        "alter sequence of a column",
        "CREATE TABLE t (id serial);",
        "ALTER SEQUENCE t_id_seq AS bigint",
        {"t_id_seq": "SRX"},
    ),
    Row("alter sequence owned by", T + "CREATE SEQUENCE s;", "ALTER SEQUENCE s OWNED BY t.id", {"s": "SRX"}),
    Row("lock", T, "LOCK TABLE t IN SHARE MODE", {"t": "S"}),
    Row("lock, partitioned", PARTS, "LOCK TABLE p", {"p": "AX", "p1": "AX", "p2": "AX"}),
    Row(
        "create publication", T + "DROP PUBLICATION IF EXISTS pub;", "CREATE PUBLICATION pub FOR TABLE t", {"t": "SUX"}
    ),
    Row(
        "publication add table",
        T + "DROP PUBLICATION IF EXISTS pub; CREATE PUBLICATION pub;",
        "ALTER PUBLICATION pub ADD TABLE t",
        {"t": "SUX"},
        unknown=True,
    ),
    Row("insert", T, "INSERT INTO t VALUES (9, 9)", {"t": "RX"}),
    Row("insert into a child", KEY, "INSERT INTO child VALUES (9, 1)", {"child": "RX", "t": "RS scan"}),
    Row("update", T, "UPDATE t SET a = 1", {"t": "RX scan"}),
    Row("delete", KEY, "DELETE FROM child", {"child": "RX scan"}),
    Row(
        "delete what is referenced",
        KEY + "DELETE FROM child;",
        "DELETE FROM t",
        {"t": "RX scan", "child": "RS scan"},
    ),
    Row("select for update", T, "SELECT * FROM t FOR UPDATE", {"t": "RS scan"}),
    Row("copy to", T, "COPY t TO STDOUT", {"t": "AS scan"}),
    Row("do", T, "DO $$ BEGIN ALTER TABLE t ADD COLUMN n int; END $$", {"t": "AX"}),
    Row(
        "disable trigger, partitioned",
        PARTS + TRIGGER.format("p"),
        "ALTER TABLE p DISABLE TRIGGER g",
        {"p": "SRX", "p1": "SRX", "p2": "SRX"},
    ),
    Row(
        "drop trigger, partitioned",
        PARTS + TRIGGER.format("p"),
        "DROP TRIGGER g ON p",
        {"p": "AX", "p1": "AX", "p2": "AX"},
    ),
    Row(
        "rename trigger, partitioned",
        PARTS + TRIGGER.format("p"),
        "ALTER TRIGGER g ON p RENAME TO h",
        {"p": "AX"},
        {15: {"p": "AX", "p1": "AX", "p2": "AX"}},
    ),
    Row(
        "create statement trigger, partitioned",
        PARTS + FUNCTION,
        "CREATE TRIGGER g AFTER UPDATE ON p EXECUTE FUNCTION f()",
        {"p": "SRX"},
    ),
    Row(
        "create trigger, inherited",
        PARENTS + FUNCTION,
        "CREATE TRIGGER g BEFORE UPDATE ON mother FOR EACH ROW EXECUTE FUNCTION f()",
        {"mother": "SRX"},
    ),
    Row(
        "constraint trigger",
        TWO + FUNCTION,
        "CREATE CONSTRAINT TRIGGER g AFTER UPDATE ON child FROM t FOR EACH ROW EXECUTE FUNCTION f()",
        {"child": "SRX"},
    ),
    Row("owner, partitioned", PARTS, "ALTER TABLE p OWNER TO CURRENT_USER", {"p": "AX"}),
    Row("enable row security, partitioned", PARTS, "ALTER TABLE p ENABLE ROW LEVEL SECURITY", {"p": "AX"}),
    Row("replica identity, partitioned", PARTS, "ALTER TABLE p REPLICA IDENTITY FULL", {"p": "AX"}),
    Row(
        "set schema, partitioned",
        PARTS + "CREATE SCHEMA IF NOT EXISTS other;",
        "ALTER TABLE p SET SCHEMA other",
        {"p": "AX"},
    ),
    Row(
        "rename constraint, partitioned",
        PARTS + "ALTER TABLE p ADD CONSTRAINT k UNIQUE (id);",
        "ALTER TABLE p RENAME CONSTRAINT k TO l",
        {"p": "AX"},
    ),
    Row("rename column, inherited", PARENTS, "ALTER TABLE mother RENAME COLUMN a TO z", {"mother": "AX", "son": "AX"}),
    Row(
        "rename column of a view",
        T + "CREATE VIEW v AS SELECT a FROM t;",
        "ALTER VIEW v RENAME COLUMN a TO z",
        {"v": "AX"},
    ),
    Row(
        "drop table that references a partitioned one",
        PARTS + "ALTER TABLE p ADD PRIMARY KEY (id); CREATE TABLE child (p_id int REFERENCES p);",
        "DROP TABLE child",
        {"child": "AX", "p1": "AX", "p2": "AX"},
        {15: {"child": "AX", "p": "AX", "p1": "AX", "p2": "AX"}},
    ),
    Row("drop table, inherited", PARENTS, "DROP TABLE mother CASCADE", {"mother": "AX", "son": "AX"}),
    Row("drop a table that inherits", PARENTS, "DROP TABLE son", {"son": "AX"}),
    Row(
        "drop view cascade",
        T + "CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a FROM v;",
        "DROP VIEW v CASCADE",
        {"v": "AX", "w": "AX"},
    ),
    Row(
        "drop a partition under a foreign key",
        PARTS + MANY + "ALTER TABLE p ADD FOREIGN KEY (a) REFERENCES t;",
        "DROP TABLE p1",
        {"p": "AX", "p1": "AX"},
    ),
    Row(
        "drop schema cascade",
        "CREATE SCHEMA other; CREATE TABLE other.x (id int);",
        "DROP SCHEMA other CASCADE",
        {"x": "AX"},
        unknown=True,
    ),
    Row("truncate a partition", PARTS, "TRUNCATE p1", {"p1": "AX"}),
    Row(
        "truncate restart identity",
        "CREATE TABLE t (id serial); INSERT INTO t DEFAULT VALUES;",
        "TRUNCATE t RESTART IDENTITY",
        {"t": "AX"},
    ),
    Row("lock only", PARENTS, "LOCK TABLE ONLY mother IN EXCLUSIVE MODE", {"mother": "X"}),
    Row("vacuum, partitioned", PARTS, "VACUUM p", {"p1": "SUX", "p2": "SUX"}, alone=True),
    Row("analyze, partitioned", PARTS, "ANALYZE p", {"p": "SUX", "p1": "SUX", "p2": "SUX"}),
    Row(
        "cluster, partitioned",
        PARTS + "CREATE INDEX i ON p (a);",
        "CLUSTER p USING i",
        "0A000",
        {15: {"p": "AX", "p1": "AX rw", "p2": "AX rw"}},
        alone=15,
    ),
    Row("update, partitioned", PARTS, "UPDATE p SET a = 1", {"p": "RX", "p1": "RX scan", "p2": "RX scan"}),
    Row(
        "delete cascade",
        TWO + "ALTER TABLE child ADD FOREIGN KEY (t_id) REFERENCES t ON DELETE CASCADE;",
        "DELETE FROM t",
        {"t": "RX scan", "child": "RX scan"},
    ),
    Row(
        "merge",
        TWO,
        "MERGE INTO t USING child ON t.id = child.t_id WHEN MATCHED THEN UPDATE SET a = 1",
        "42601",
        {15: {"t": "RX scan", "child": "AS scan"}},
    ),
    Row(
        "refresh with no data",
        T + "CREATE MATERIALIZED VIEW m AS SELECT id FROM t;",
        "REFRESH MATERIALIZED VIEW m WITH NO DATA",
        {"m": "AX rw"},
    ),
    Row("create table if not exists, exists", KEY, "CREATE TABLE IF NOT EXISTS child (t_id int REFERENCES t)", {}),
    Row(
        "select of a volatile function",
        T + "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS 'BEGIN ALTER TABLE t ADD n int; END';",
        "SELECT f()",
        {"t": "AX"},
        unknown=True,
    ),
    Row("select now", T, "SELECT now(), pg_advisory_unlock_all(), set_config('x.y', 'z', false)", {}),
    Row(
        "call",
        T + "CREATE PROCEDURE f() LANGUAGE plpgsql AS 'BEGIN ALTER TABLE t ADD n int; END';",
        "CALL f()",
        {"t": "AX"},
        unknown=True,
    ),
    Row(
        "lock a view",
        T + "CREATE VIEW v AS SELECT a FROM t;",
        "LOCK TABLE v IN SHARE MODE",
        {"v": "S", "t": "S"},
        unknown=True,
    ),
    Row(
        "create publication, partitioned",
        PARTS + "DROP PUBLICATION IF EXISTS pub;",
        "CREATE PUBLICATION pub FOR TABLE p",
        {"p": "SUX"},
    ),
    Row("statistics on expressions", T, "CREATE STATISTICS st ON (a + 1) FROM t", {"t": "SUX"}),
    Row(
        "alter sequence owned by none",
        "CREATE TABLE t (id serial);",
        "ALTER SEQUENCE t_id_seq OWNED BY NONE",
        {"t_id_seq": "SRX"},
    ),
    Row(
        "several actions, one goes down",
        PARTS,
        "ALTER TABLE p ALTER a SET STATISTICS 10, ENABLE ROW LEVEL SECURITY",
        {"p": "AX", "p1": "AX", "p2": "AX"},
    ),
]
PARTITIONS = [
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
        + "CREATE TABLE new (id int, a int CHECK (a > 0)); ALTER TABLE new ADD CHECK (id >= 30 AND id < 40); INSERT INTO new VALUES (30, 1);",
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
        + "CREATE TABLE new (id int NOT NULL, a int) PARTITION BY RANGE (id); CREATE TABLE new1 PARTITION OF new FOR VALUES FROM (30) TO (35); INSERT INTO new VALUES (31, 1);",
        "ALTER TABLE p ATTACH PARTITION new FOR VALUES FROM (30) TO (40)",
        {"p": "SUX", "new": "AX", "new1": "AX scan"},
    ),
    Row(
        "attach to what is referenced",
        PARTS
        + "ALTER TABLE p ADD PRIMARY KEY (id); CREATE TABLE child (p_id int REFERENCES p); INSERT INTO child VALUES (1);"
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
        + "ALTER TABLE p ADD PRIMARY KEY (id); CREATE TABLE child (p_id int REFERENCES p); INSERT INTO child VALUES (1);",
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
        + "ALTER TABLE p ADD PRIMARY KEY (id); CREATE TABLE child (p_id int REFERENCES p); INSERT INTO child VALUES (11);",
        "ALTER TABLE p DETACH PARTITION p1",
        {"p": "AX", "p1": "AX scan", "child": "AX scan"},
    ),
    Row(
        "attach, both reference",
        PARTS
        + MANY
        + "ALTER TABLE p ADD FOREIGN KEY (a) REFERENCES t;"
        + LOOSE
        + "ALTER TABLE new ADD FOREIGN KEY (a) REFERENCES t; ALTER TABLE new ADD CHECK (id >= 30 AND id < 40);",
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
        + "CREATE TABLE pd PARTITION OF p DEFAULT PARTITION BY RANGE (id); CREATE TABLE pd1 PARTITION OF pd DEFAULT; INSERT INTO p VALUES (100, 1);"
        + LOOSE,
        "ALTER TABLE p ATTACH PARTITION new FOR VALUES FROM (30) TO (40)",
        {"p": "SUX", "new": "AX scan", "pd": "AX", "pd1": "AX scan"},
    ),
    Row(
        "create partition of beside a partitioned default",
        PARTS
        + "CREATE TABLE pd PARTITION OF p DEFAULT PARTITION BY RANGE (id); CREATE TABLE pd1 PARTITION OF pd DEFAULT; INSERT INTO p VALUES (100, 1);",
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
DOMAIN = "CREATE DOMAIN d AS int; CREATE TABLE t (id int, x d); INSERT INTO t VALUES (1, 1), (2, 2); CREATE TABLE u (x d); INSERT INTO u VALUES (1);"
TYPE_ROWS = [
    Row(
        "domain add constraint",
        DOMAIN,
        "ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0)",
        {"t": "S scan", "u": "S scan"},
    ),
    Row("domain add constraint not valid", DOMAIN, "ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0) NOT VALID", {}),
    Row(
        "domain validate",
        DOMAIN + "ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0) NOT VALID;",
        "ALTER DOMAIN d VALIDATE CONSTRAINT k",
        {"t": "S scan", "u": "S scan"},
    ),
    Row("domain set not null", DOMAIN, "ALTER DOMAIN d SET NOT NULL", {"t": "S scan", "u": "S scan"}),
    Row("domain set not null, is", DOMAIN + "ALTER DOMAIN d SET NOT NULL;", "ALTER DOMAIN d SET NOT NULL", {}),
    Row(
        "domain drop constraint",
        DOMAIN + "ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0);",
        "ALTER DOMAIN d DROP CONSTRAINT k",
        {},
    ),
    Row("domain set default", DOMAIN, "ALTER DOMAIN d SET DEFAULT 1", {}),
    Row(
        "domain over a domain, add constraint",
        DOMAIN + "CREATE DOMAIN e AS d; CREATE TABLE w (x e); INSERT INTO w VALUES (1);",
        "ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0)",
        {"t": "S scan", "u": "S scan", "w": "S scan"},
    ),
    Row(
        "domain in a partition, add constraint",
        "CREATE DOMAIN d AS int; CREATE TABLE p (id int, x d) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9); INSERT INTO p VALUES (1, 1);",
        "ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0)",
        {"p1": "S scan"},
    ),
    Row(
        "enum add value",
        "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (x e); INSERT INTO t VALUES ('a');",
        "ALTER TYPE e ADD VALUE 'b'",
        {},
    ),
    Row(
        "enum value used in the same transaction",
        "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (x e); INSERT INTO t VALUES ('a');",
        "ALTER TYPE e ADD VALUE 'b'; INSERT INTO t VALUES ('b')",
        "55P04",
    ),
    Row(
        "composite add attribute",
        "CREATE TYPE ty AS (a int); CREATE TABLE t (x ty); INSERT INTO t VALUES (ROW(1));",
        "ALTER TYPE ty ADD ATTRIBUTE b int",
        {"ty": "AX"},
        unknown=True,
    ),
    Row(
        "composite add attribute cascade",
        "CREATE TYPE ty AS (id int); CREATE TABLE t OF ty; INSERT INTO t VALUES (1);",
        "ALTER TYPE ty ADD ATTRIBUTE b int CASCADE",
        {"ty": "AX", "t": "AX"},
        unknown=True,
    ),
    Row(
        "drop type cascade",
        "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (id int, x e); INSERT INTO t VALUES (1, 'a');",
        "DROP TYPE e CASCADE",
        {"t": "AX"},
        unknown=True,
    ),
    Row("drop domain cascade", DOMAIN, "DROP DOMAIN d CASCADE", {"t": "AX", "u": "AX"}, unknown=True),
    Row(
        "drop function cascade",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE t (id int DEFAULT f()); INSERT INTO t DEFAULT VALUES;",
        "DROP FUNCTION f CASCADE",
        {"t": "AX"},
        unknown=True,
    ),
    Row(
        "domain in an array column, add constraint",
        "CREATE DOMAIN d AS int; CREATE TABLE t (x d[]); INSERT INTO t VALUES ('{1}');",
        "ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0)",
        "0A000",
    ),
    Row(
        "domain in a composite type, add constraint",
        "CREATE DOMAIN d AS int; CREATE TYPE ty AS (x d); CREATE TABLE t (x ty); INSERT INTO t VALUES (ROW(1));",
        "ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0)",
        "0A000",
    ),
    Row(
        "domain in a materialized view, add constraint",
        DOMAIN + "CREATE MATERIALIZED VIEW m AS SELECT x FROM t;",
        "ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0)",
        {"t": "S scan", "u": "S scan", "m": "S scan"},
    ),
    Row(
        "enum rename value",
        "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (x e); INSERT INTO t VALUES ('a');",
        "ALTER TYPE e RENAME VALUE 'a' TO 'b'",
        {},
    ),
    Row("rename type", "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (x e);", "ALTER TYPE e RENAME TO g", {}),
]

ROWS = [*INDEXES, *CONSTRAINTS, *COLUMNS, *TYPES, *PINNED, *TABLES, *PARTITIONS, *TYPE_ROWS]
