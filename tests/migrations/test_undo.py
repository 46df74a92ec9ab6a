"""What takes a statement back leaves the catalogue as it was; where that is not sure, none is offered."""

from __future__ import annotations

import pytest

from pgops.migrations.applying.planning import plan_units
from pgops.migrations.effects.live import read_facts
from pgops.migrations.sources import as_sources

pytestmark = pytest.mark.outer_versions

SETUP = """
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TABLE t (id bigint PRIMARY KEY, n int DEFAULT 5, m mood, v varchar(20), c text COLLATE "C", d text NOT NULL);
CREATE TABLE plain (a int, b text);
INSERT INTO t SELECT g, g, 'sad', g::text, g::text, g::text FROM generate_series(1, 20) AS g;
CREATE VIEW safe WITH (security_barrier) AS SELECT id, n FROM t WHERE n > 1 WITH CASCADED CHECK OPTION;
CREATE INDEX t_n ON t (n) WITH (fillfactor = 70) WHERE n > 3;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER stamped BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();
CREATE SCHEMA other;
"""

FINGERPRINT = """
SELECT 'relation', c.oid::regclass::text, concat_ws(' ', c.relkind, c.relrowsecurity, c.relforcerowsecurity,
       c.reloptions, c.relacl, c.relpersistence, pg_get_userbyid(c.relowner))
  FROM pg_class AS c
 WHERE c.relnamespace::regnamespace::text IN ('public', 'other')
UNION ALL
SELECT 'column', a.attrelid::regclass::text, concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod),
       a.attnotnull, a.attcollation, a.attidentity, a.attgenerated, a.attstorage, a.attacl,
       pg_get_expr(d.adbin, d.adrelid))
  FROM pg_attribute AS a
  JOIN pg_class AS c ON c.oid = a.attrelid
  LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE c.relnamespace::regnamespace::text IN ('public', 'other')
   AND NOT a.attisdropped
   AND a.attnum > 0
UNION ALL
SELECT 'constraint', c.conrelid::regclass::text, concat_ws(' ', c.conname, c.convalidated, c.coninhcount,
       pg_get_constraintdef(c.oid))
  FROM pg_constraint AS c
 WHERE c.connamespace::regnamespace::text IN ('public', 'other')
UNION ALL
SELECT 'index', i.indexrelid::regclass::text, concat_ws(' ', pg_get_indexdef(i.indexrelid), i.indisvalid)
  FROM pg_index AS i
  JOIN pg_class AS c ON c.oid = i.indexrelid
 WHERE c.relnamespace::regnamespace::text IN ('public', 'other')
UNION ALL
SELECT 'view', c.oid::regclass::text, pg_get_viewdef(c.oid)
  FROM pg_class AS c
 WHERE c.relkind IN ('v', 'm')
   AND c.relnamespace::regnamespace::text IN ('public', 'other')
UNION ALL
SELECT 'policy', p.polrelid::regclass::text, concat_ws(' ', p.polname, p.polcmd, pg_get_expr(p.polqual, p.polrelid))
  FROM pg_policy AS p
UNION ALL
SELECT 'trigger', t.tgrelid::regclass::text, concat_ws(' ', t.tgenabled, pg_get_triggerdef(t.oid))
  FROM pg_trigger AS t
 WHERE NOT t.tgisinternal
UNION ALL
SELECT 'rule', r.ev_class::regclass::text, pg_get_ruledef(r.oid)
  FROM pg_rewrite AS r
  JOIN pg_class AS c ON c.oid = r.ev_class
 WHERE c.relnamespace::regnamespace::text IN ('public', 'other')
UNION ALL
SELECT 'schema', n.nspname::text, ''
  FROM pg_namespace AS n
 WHERE n.nspname NOT LIKE 'pg\\_%'
UNION ALL
SELECT 'statistics', s.stxname::text, pg_get_statisticsobjdef(s.oid)
  FROM pg_statistic_ext AS s
UNION ALL
SELECT 'type', t.typname::text, t.typtype::text
  FROM pg_type AS t
 WHERE t.typnamespace::regnamespace::text IN ('public', 'other')
 ORDER BY 1, 2, 3
"""


def offered(conn, script):
    """The undo of each statement, the last one first."""
    sources = as_sources(script)
    units = plan_units(sources, read_facts(conn, [each.script for each in sources]), conn=conn)
    planned = [each for unit in units for each in unit.statements]
    return [each.text for each in planned], [each.undo for each in reversed(planned)]


TAKEN_BACK = {
    "a table": ("", "CREATE TABLE x (a int)"),
    "a column and a constraint": ("", "ALTER TABLE t ADD COLUMN x int, ADD CONSTRAINT positive CHECK (x > 0)"),
    "int to text": ("", "ALTER TABLE plain ALTER COLUMN a TYPE text"),
    "int to text, with a default": ("DROP VIEW safe; DROP INDEX t_n", "ALTER TABLE t ALTER COLUMN n TYPE text"),
    "int to bigint, with a default": ("DROP VIEW safe", "ALTER TABLE t ALTER COLUMN n TYPE bigint"),
    "enum to text": ("", "ALTER TABLE t ALTER COLUMN m TYPE text"),
    "a wider varchar": ("", "ALTER TABLE t ALTER COLUMN v TYPE text"),
    "arrays": ("ALTER TABLE plain ADD COLUMN x int[]", "ALTER TABLE plain ALTER COLUMN x TYPE text[]"),
    "a type with its collation": ("", "ALTER TABLE t ALTER COLUMN c TYPE varchar(30)"),
    "a collation": ("", 'ALTER TABLE t ALTER COLUMN d TYPE text COLLATE "C"'),
    "a constraint that took its index": (
        "",
        "CREATE UNIQUE INDEX CONCURRENTLY ui ON t (d); ALTER TABLE t ADD CONSTRAINT d_once UNIQUE USING INDEX ui",
    ),
    "a primary key over what was nullable": ("", "ALTER TABLE plain ADD CONSTRAINT plain_pk PRIMARY KEY (a)"),
    "a primary key of an index": (
        "",
        "CREATE UNIQUE INDEX CONCURRENTLY ui ON plain (a);"
        " ALTER TABLE plain ADD CONSTRAINT plain_pk PRIMARY KEY USING INDEX ui",
    ),
    "a view that did not exist": ("", "CREATE OR REPLACE VIEW x AS SELECT 1 AS a"),
    "a view with its options": ("", "DROP VIEW safe"),
    "an index with its options": ("", "DROP INDEX CONCURRENTLY t_n"),
    "a trigger": ("", "DROP TRIGGER stamped ON t"),
    "a constraint": ("", "ALTER TABLE t DROP CONSTRAINT t_pkey"),
    "row security on": ("", "ALTER TABLE t ENABLE ROW LEVEL SECURITY"),
    "row security off": ("ALTER TABLE t ENABLE ROW LEVEL SECURITY", "ALTER TABLE t DISABLE ROW LEVEL SECURITY"),
    "not null": ("", "ALTER TABLE t ALTER COLUMN n SET NOT NULL"),
    "nullable": ("", "ALTER TABLE t ALTER COLUMN d DROP NOT NULL"),
    "a default": ("", "ALTER TABLE t ALTER COLUMN n SET DEFAULT 7"),
    "a first default": ("", "ALTER TABLE plain ALTER COLUMN a SET DEFAULT 7"),
    "no default": ("", "ALTER TABLE t ALTER COLUMN n DROP DEFAULT"),
    "a schema": ("", "CREATE SCHEMA x"),
    "statistics": ("", "CREATE STATISTICS x ON id, n FROM t"),
    "a rule": ("", "CREATE RULE x AS ON DELETE TO plain DO INSTEAD NOTHING"),
    "a policy": ("", "CREATE POLICY x ON t USING (id > 1)"),
    "a new name": ("", "ALTER TABLE plain RENAME TO simple"),
    "another schema": ("", "ALTER TABLE public.plain SET SCHEMA other"),
    "a sequence": ("", "CREATE SEQUENCE x"),
    "a type": ("", "CREATE TYPE x AS ENUM ('a')"),
}


@pytest.mark.parametrize(("setup", "script"), TAKEN_BACK.values(), ids=TAKEN_BACK)
def test_the_catalogue_is_as_it_was(database, setup, script):
    with database.connect(autocommit=True) as conn:
        conn.execute(SETUP + setup)
        before = conn.execute(FINGERPRINT).fetchall()
        statements, undone = offered(conn, script)
        for statement in statements:
            conn.execute(statement)
        assert conn.execute(FINGERPRINT).fetchall() != before
        assert None not in undone
        for statement in undone:
            conn.execute(statement)
        assert conn.execute(FINGERPRINT).fetchall() == before


def test_a_type_that_has_become_too_narrow_is_an_error_not_a_cut(any_database):
    with any_database.connect(autocommit=True) as conn:
        conn.execute(SETUP)
        (statement,), (undo,) = offered(conn, "ALTER TABLE t ALTER COLUMN v TYPE text")
        conn.execute(statement)
        conn.execute("UPDATE t SET v = repeat('x', 30)")
        with pytest.raises(Exception, match="too long"):
            conn.execute(undo)


NONE_OFFERED = {
    "a view that is there": ("", "CREATE OR REPLACE VIEW safe AS SELECT id, n, v FROM t"),
    "row security that is on": ("ALTER TABLE t ENABLE ROW LEVEL SECURITY", "ALTER TABLE t ENABLE ROW LEVEL SECURITY"),
    "row security that is off": ("", "ALTER TABLE t DISABLE ROW LEVEL SECURITY"),
    "a view's grants": ("GRANT SELECT ON safe TO PUBLIC", "DROP VIEW safe"),
    "a view's comment": ("COMMENT ON VIEW safe IS 'x'", "DROP VIEW safe"),
    "what CASCADE drops": ("", "DROP VIEW safe CASCADE"),
    "a constraint with CASCADE": ("", "ALTER TABLE t DROP CONSTRAINT t_pkey CASCADE"),
    "statistics that are there": (
        "CREATE STATISTICS x ON id, n FROM t",
        "CREATE STATISTICS IF NOT EXISTS x ON id, n FROM t",
    ),
    "a rule that may be there": ("", "CREATE OR REPLACE RULE x AS ON DELETE TO plain DO INSTEAD NOTHING"),
    "a trigger that may be there": (
        "",
        "CREATE OR REPLACE TRIGGER stamped AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()",
    ),
    "a constraint that took an index which was there": (
        "CREATE UNIQUE INDEX ui ON t (d)",
        "ALTER TABLE t ADD CONSTRAINT d_once UNIQUE USING INDEX ui",
    ),
    "a column with a check of another": ("", "ALTER TABLE t ADD COLUMN x int CHECK (n > 0)"),
    "a column that is nullable": ("", "ALTER TABLE t ALTER COLUMN n DROP NOT NULL"),
    "a column that is NOT NULL": ("", "ALTER TABLE t ALTER COLUMN d SET NOT NULL"),
    "a partitioned index": (
        "CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p DEFAULT;"
        " CREATE INDEX p_a ON p (a)",
        "DROP INDEX p_a",
    ),
    "a disabled trigger": ("ALTER TABLE t DISABLE TRIGGER stamped", "DROP TRIGGER stamped ON t"),
    "a function by its name": ("", "ALTER FUNCTION public.f SET SCHEMA other"),
    "a schema with elements": ("", "CREATE SCHEMA x CREATE TABLE y (a int)"),
    "a temporary table": ("", "CREATE TEMPORARY TABLE x (a int)"),
    "a temporary view": ("", "CREATE TEMPORARY VIEW x AS SELECT 1 AS a"),
    "a table that may be there": ("", "CREATE TABLE IF NOT EXISTS plain (a int)"),
    "a rename that found nothing": ("", "ALTER TABLE IF EXISTS missing RENAME TO plain2"),
    "children's defaults": (
        "CREATE TABLE child () INHERITS (plain); ALTER TABLE child ALTER COLUMN a SET DEFAULT 3",
        "ALTER TABLE plain ALTER COLUMN a SET DEFAULT 7",
    ),
    "a storage of its own": (
        "ALTER TABLE plain ALTER COLUMN b SET STORAGE EXTERNAL",
        "ALTER TABLE plain ALTER COLUMN b TYPE varchar",
    ),
    "a column that is dropped": ("", "ALTER TABLE t DROP COLUMN v"),
    "an index's tablespace, comment": ("COMMENT ON INDEX t_n IS 'x'", "DROP INDEX t_n"),
}


@pytest.mark.parametrize(("setup", "script"), NONE_OFFERED.values(), ids=NONE_OFFERED)
def test_none_is_offered_where_it_is_not_sure(any_database, setup, script):
    with any_database.connect(autocommit=True) as conn:
        conn.execute(SETUP + setup)
        assert offered(conn, script)[1] == [None]


def test_a_foreign_table(any_database):
    with any_database.connect(autocommit=True) as conn:
        assert offered(conn, "CREATE FOREIGN TABLE x (a int) SERVER s")[1] == ["DROP FOREIGN TABLE x"]
        script = "CREATE VIEW x AS SELECT 1 AS a; CREATE OR REPLACE VIEW x AS SELECT 1 AS a, 2 AS b"
        assert offered(conn, script)[1] == [None, "DROP VIEW x"]
