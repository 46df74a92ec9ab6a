"""What a row of the table of locks is, and the tables that rows begin with."""

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
DOMAINS = "CREATE DOMAIN d AS int; CREATE DOMAIN pos AS int CHECK (VALUE > 0); CREATE DOMAIN nn AS int NOT NULL;"
PINNING = {
    "view": "CREATE VIEW v AS SELECT c FROM t;",
    "materialized view": "CREATE MATERIALIZED VIEW v AS SELECT c FROM t;",
    "rule": "CREATE RULE r AS ON DELETE TO t WHERE old.c = 'x' DO INSTEAD NOTHING;",
    "policy": "CREATE POLICY y ON t USING (c <> '');",
    "update trigger": (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; "
        "END'; CREATE TRIGGER g BEFORE UPDATE OF c ON t FOR EACH ROW EXECUTE FUNCTION f();"
    ),
    "trigger WHEN": (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; "
        "END'; CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW WHEN (new.c <> old.c) EXECUTE FUNCTION "
        "f();"
    ),
    "atomic function": "CREATE FUNCTION f() RETURNS text BEGIN ATOMIC SELECT max(c) FROM t; END;",
}
