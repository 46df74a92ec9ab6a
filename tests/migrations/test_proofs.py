"""Proofs: true after a statement that did its work, whatever else has the same name, and not true before it."""

from __future__ import annotations

import threading
import time

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from pgops.migrations import Workspace
from pgops.migrations.applying.questions import ask, questions_for
from pgops.migrations.applying.repairs import clear_up
from pgops.sql.grammar import read_script

pytestmark = pytest.mark.outer_versions

BEFORE = """
CREATE SCHEMA a;
CREATE TABLE t (a int, b int, f int, s text DEFAULT 'x', v varchar(5), n numeric(5,2),
    CONSTRAINT t_pkey PRIMARY KEY (a), CONSTRAINT chk CHECK (b > 0));
CREATE TABLE a.t (a int, CONSTRAINT gone CHECK (a > 0));
CREATE TABLE other (a int PRIMARY KEY);
CREATE TABLE pt (a int) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF pt FOR VALUES IN (1);
CREATE DOMAIN d AS int;
CREATE DOMAIN limited AS int CONSTRAINT positive CHECK (VALUE > 0);
CREATE TYPE mood AS ENUM ('sad');
CREATE TYPE a.mood AS ENUM ('sad');
CREATE VIEW a.v AS SELECT 1 AS one;
CREATE INDEX i ON a.t (a);
"""

# Of each: what every question says before and after.
PROVED = {
    "create table": "CREATE TABLE new (a int, b int)",
    "create table, long name": f"CREATE TABLE {'long' * 20} ({'column' * 20} int)",
    "create table as": "CREATE TABLE new AS SELECT 1 AS one",
    "create table of a catalogue's name": "CREATE TABLE pg_class (mine int)",
    "add column": "ALTER TABLE t ADD COLUMN c int",
    "add columns with constraints": "ALTER TABLE t ADD c int UNIQUE REFERENCES other, ADD e int CHECK (e > a)",
    "add column, check of another": "ALTER TABLE t ADD COLUMN e int CHECK (e > a)",
    "add column, check of none": "ALTER TABLE t ADD COLUMN e int CHECK (true)",
    "add column of a strange name": 'ALTER TABLE t ADD COLUMN "O\'Brien \\ ü" int',
    "drop column": "ALTER TABLE t DROP COLUMN b",
    "rename column": "ALTER TABLE t RENAME COLUMN b TO bb",
    "rename constraint": "ALTER TABLE t RENAME CONSTRAINT chk TO chk2",
    "type": "ALTER TABLE t ALTER b TYPE bigint",
    "type with a precision": "ALTER TABLE t ALTER b TYPE numeric(12)",
    "type with a scale": "ALTER TABLE t ALTER n TYPE numeric(12,4)",
    "type with a length": "ALTER TABLE t ALTER v TYPE varchar(50)",
    "type char": "ALTER TABLE t ALTER v TYPE char(7)",
    '"char"': 'ALTER TABLE t ALTER v TYPE "char"',
    "type with a fraction": "ALTER TABLE t ALTER f TYPE timestamptz(3) USING now()",
    "type with too long a fraction": "ALTER TABLE t ALTER f TYPE timestamp(9) USING now()",
    "type interval": "ALTER TABLE t ALTER f TYPE interval day to second(3) USING make_interval(days => f)",
    "type of an array": "ALTER TABLE t ALTER f TYPE numeric(12)[] USING ARRAY[f]",
    "type domain": "ALTER TABLE t ALTER b TYPE d",
    "type, with its default": "ALTER TABLE t ALTER s DROP DEFAULT, ALTER s TYPE int USING 1, ALTER s SET DEFAULT 0",
    "set default": "ALTER TABLE t ALTER b SET DEFAULT 1",
    "drop default": "ALTER TABLE t ALTER s DROP DEFAULT",
    "set not null": "ALTER TABLE t ALTER b SET NOT NULL",
    "check": "ALTER TABLE t ADD CONSTRAINT c CHECK (b > 1)",
    "check not valid": "ALTER TABLE t ADD CONSTRAINT c CHECK (b > 1) NOT VALID",
    "check not valid, and validated": "ALTER TABLE t ADD CONSTRAINT c CHECK (b > 1) NOT VALID, VALIDATE CONSTRAINT c",
    "foreign key without a name": "ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES other",
    "unique without a name": "ALTER TABLE t ADD UNIQUE (b, s)",
    "drop constraint": "ALTER TABLE t DROP CONSTRAINT chk",
    "row security": "ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    "unlogged": "ALTER TABLE t SET UNLOGGED",
    "detach": "ALTER TABLE pt DETACH PARTITION p1",
    "index": "CREATE INDEX i ON t (b)",
    "index, namesake earlier on the path": "SET search_path = a, public; CREATE INDEX i ON other (a)",
    "unique index with INCLUDE": "CREATE UNIQUE INDEX ui ON t (b, a) INCLUDE (s)",
    "index in order": "CREATE INDEX ui ON t (b DESC, a)",
    "partial index": "CREATE INDEX part ON t (b) WHERE a > 1",
    "index of an expression": "CREATE INDEX ex ON t ((a + b), b)",
    "index of a column in parentheses": "CREATE INDEX ex ON t ((b))",
    "gin index": "CREATE INDEX ex ON t USING gin (to_tsvector('simple', s))",
    "hash index": "CREATE INDEX ex ON t USING hash (s)",
    "index without a name": "CREATE INDEX ON t (b, s)",
    "index on a partitioned table": "CREATE INDEX pi ON pt (a)",
    "index on only": "CREATE INDEX pi ON ONLY pt (a)",
    "index on only without a name": "CREATE INDEX ON ONLY pt (a)",
    "index if not exists": "CREATE INDEX IF NOT EXISTS new ON t (b)",
    "view": "CREATE VIEW new AS SELECT 1 AS one",
    "sequence": "CREATE SEQUENCE new",
    "enum": "CREATE TYPE new AS ENUM ('a')",
    "enum of a strange name": "CREATE TYPE \"int\" AS ENUM ('a')",
    "enum value": "ALTER TYPE mood ADD VALUE 'happy'",
    "function": "CREATE FUNCTION new() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "statistics": "CREATE STATISTICS st ON a, b FROM t",
    "policy": "CREATE POLICY po ON t",
    "rule": "CREATE RULE ru AS ON INSERT TO t DO ALSO NOTHING",
    "schema": "CREATE SCHEMA new",
    "domain constraint": "ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0)",
    "drop domain constraint": "ALTER DOMAIN limited DROP CONSTRAINT positive",
    "domain not null": "ALTER DOMAIN d SET NOT NULL",
    "drop by a qualified name": "DROP TABLE a.t",
    "drop type by a qualified name": "DROP TYPE a.mood",
    "drop schema": "DROP SCHEMA a CASCADE",
    "rename by a qualified name": "ALTER TABLE a.t RENAME TO u",
    "move": "ALTER TABLE other SET SCHEMA a",
}
# The catalogue can't tell, or showed the same before: but nothing says that it was not done.
NOT_DENIED = {
    "constraint made anew": "ALTER TABLE t DROP CONSTRAINT chk, ADD CONSTRAINT chk CHECK (b > 1)",
    "constraint made anew, in the other order": "ALTER TABLE t ADD CONSTRAINT chk CHECK (b > 1), DROP CONSTRAINT chk",
    "key made anew without a name": "ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (b)",
    "column made anew": "ALTER TABLE t DROP COLUMN b, ADD COLUMN b text",
    "column made anew, in the other order": "ALTER TABLE t ADD COLUMN b text, DROP COLUMN b",
    "default set and dropped": "ALTER TABLE t ALTER b SET DEFAULT 1, ALTER b DROP DEFAULT",
    "default NULL, varchar": "ALTER TABLE t ALTER v SET DEFAULT NULL",
    "default NULL, numeric": "ALTER TABLE t ALTER n SET DEFAULT NULL",
    "default NULL, cast": "ALTER TABLE t ALTER v SET DEFAULT NULL::varchar",
    "default NULL, domain": "ALTER TABLE t ALTER b TYPE d, ALTER b SET DEFAULT NULL",
    "default NULL, text": "ALTER TABLE t ALTER s SET DEFAULT NULL",
    "drop table": "DROP TABLE other",
    "drop table, namesake": "SET search_path = a, public; DROP TABLE t",
    "drop a temporary table over another": "CREATE TEMP TABLE t (x int); DROP TABLE t",
    "drop index, namesake": "CREATE INDEX i ON t (b); SET search_path = a, public; DROP INDEX i",
    "drop view, namesake": "CREATE VIEW v AS SELECT 1 AS one; SET search_path = a, public; DROP VIEW v",
    "drop type, namesake": "SET search_path = a, public; DROP TYPE mood",
    "rename, namesake": "SET search_path = a, public; ALTER TABLE t RENAME TO u",
    "set schema, namesake": "CREATE SCHEMA c; SET search_path = a, public; ALTER TABLE t SET SCHEMA c",
    "temporary table": "CREATE TEMP TABLE t (x int)",
    "table under a temporary one": "CREATE TEMP TABLE new (x int); CREATE TABLE new (a int)",
    "table in the temporary schema by the path": "SET search_path = pg_temp, public; CREATE TABLE new (a int)",
    "select into temporary": "SELECT 1 AS one INTO TEMP new",
    "temporary function": "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "temporary view": "CREATE TEMP VIEW new AS SELECT 1 AS one",
    "schema by its owner": "CREATE SCHEMA AUTHORIZATION CURRENT_USER",
    "add column if not exists": "ALTER TABLE t ADD COLUMN IF NOT EXISTS b int UNIQUE",
    "create table if not exists": "CREATE TABLE IF NOT EXISTS t (x int)",
    "create index if not exists": "CREATE INDEX IF NOT EXISTS i ON a.t (a)",
    "create index if not exists, over another": "CREATE INDEX IF NOT EXISTS t_pkey ON other (a)",
    "create index if not exists, over a table": "CREATE INDEX IF NOT EXISTS t ON other (a)",
    "drop a column of a missing table": "ALTER TABLE IF EXISTS missing DROP COLUMN a",
    "rename a missing table": "ALTER TABLE IF EXISTS missing RENAME TO gone",
    "rename a column of a missing table": "ALTER TABLE IF EXISTS missing RENAME COLUMN a TO b",
    "move a missing table": "ALTER TABLE IF EXISTS missing SET SCHEMA a",
    "drop a missing table": "DROP TABLE IF EXISTS missing, a.missing",
    "drop function": "DROP FUNCTION IF EXISTS missing()",
    "index of an expression without a name": "CREATE INDEX ON t ((a + b))",
    "partial index without a name": "CREATE INDEX ON t (b) WHERE a > 1",
    "drop not null": "ALTER TABLE t ALTER b DROP NOT NULL",
}
# There is something of the name, and it is not what the statement makes.
NOT_TAKEN_FOR = {
    "a longer key": ("CREATE INDEX CONCURRENTLY new ON t (b)", "CREATE INDEX new ON t (b, s)"),
    "another order of columns": ("CREATE INDEX CONCURRENTLY new ON t (b, s)", "CREATE INDEX new ON t (s, b)"),
    "a key of larger numbers": ("CREATE INDEX CONCURRENTLY ON wide (c1)", "CREATE INDEX new ON wide (c12)"),
    "another table's": ("CREATE INDEX CONCURRENTLY new ON t (b)", "CREATE INDEX new ON a.t (a)"),
    "not unique": ("CREATE UNIQUE INDEX CONCURRENTLY new ON t (b)", "CREATE INDEX new ON t (b)"),
    "partial": ("CREATE INDEX CONCURRENTLY ON t (b)", "CREATE INDEX new ON t (b) WHERE a > 1"),
    "unique": ("CREATE INDEX CONCURRENTLY ON t (b)", "CREATE UNIQUE INDEX new ON t (b)"),
    "another method": ("CREATE INDEX CONCURRENTLY ON t (b)", "CREATE INDEX new ON t USING hash (b)"),
    "another order": ("CREATE INDEX CONCURRENTLY ON t (b)", "CREATE INDEX new ON t (b DESC)"),
    "an expression": ("CREATE INDEX CONCURRENTLY ON t ((b + 1))", "CREATE INDEX new ON t (b)"),
    "INCLUDE": ("CREATE INDEX CONCURRENTLY ON t (b)", "CREATE INDEX new ON t (b) INCLUDE (s)"),
}


@pytest.fixture
def newest(any_database):
    with any_database.connect(autocommit=True) as conn:
        conn.execute(BEFORE)
        yield conn


@pytest.fixture
def conn(database):
    with database.connect(autocommit=True) as conn:
        conn.execute(BEFORE)
        yield conn


def run(conn, text):
    """Every statement but the last, what is proved of the last before it is carried out, and afterwards."""
    *first, last = read_script(text).statements
    for each in first:
        conn.execute(each.text)
    before = answers(conn, last.meaning)
    conn.execute(last.text)
    assert ask(conn, last.meaning).holds is not False
    return before, answers(conn, last.meaning)


def answers(conn, meaning):
    return [conn.execute(each).fetchone()[0] for each in questions_for(meaning)]


def meaning_of(text):
    (statement,) = read_script(text).statements
    return statement.meaning


@pytest.mark.parametrize("text", PROVED.values(), ids=PROVED)
def test_true_afterwards_and_not_before(conn, text):
    before, after = run(conn, text)
    assert False in before
    assert after
    assert set(after) == {True}


@pytest.mark.parametrize("text", NOT_DENIED.values(), ids=NOT_DENIED)
def test_never_denied(newest, text):
    _, after = run(newest, text)
    assert False not in after


def test_a_key_makes_not_null_what_the_same_statement_loosened(conn):
    if conn.info.server_version >= 180000:
        pytest.skip("PostgreSQL 18 refuses it")
    _, after = run(conn, "ALTER TABLE other DROP CONSTRAINT other_pkey, ALTER a DROP NOT NULL, ADD PRIMARY KEY (a)")
    assert False not in after


def test_modifiers_of_a_type_that_is_not_postgresqls_own_are_not_compared():
    (_, question) = questions_for(meaning_of("ALTER TABLE t ALTER g TYPE geometry(Point, 4326)"))
    assert "format_type" not in question


@pytest.mark.parametrize(("wanted", "there"), NOT_TAKEN_FOR.values(), ids=NOT_TAKEN_FOR)
def test_another_index_is_not_taken_for_the_one_that_is_wanted(newest, wanted, there):
    newest.execute(f"CREATE TABLE wide ({', '.join(f'c{n} int' for n in range(1, 13))})")
    newest.execute(there)
    assert not ask(newest, meaning_of(wanted)).holds


def test_an_index_of_the_name_that_is_not_valid_proves_nothing(newest):
    newest.execute("CREATE INDEX new ON t (b)")
    newest.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'new'::regclass")
    for word in ("", "IF NOT EXISTS "):
        assert ask(newest, meaning_of(f"CREATE INDEX CONCURRENTLY {word}new ON t (b)")).holds is False


def test_databases_are_proved(newest):
    name = f"proved_{time.monotonic_ns()}"
    assert run(newest, f"CREATE DATABASE {name}") == ([False], [True])
    assert run(newest, f"DROP DATABASE {name}") == ([False], [True])
    assert run(newest, f"DROP DATABASE IF EXISTS {name}") == ([True], [True])


def test_a_question_is_asked_in_the_encoding_of_the_connection(newest):
    with psycopg.connect(newest.info.dsn, autocommit=True, client_encoding="LATIN1", row_factory=dict_row) as latin:
        for encoding in ("LATIN1", "UTF8", "SQL_ASCII"):
            latin.execute(f"SET client_encoding = '{encoding}'")
            newest.execute('DROP TABLE IF EXISTS "größe"; CREATE TABLE "größe" ("länge" int)')
            assert ask(latin, meaning_of('CREATE TABLE "größe" ("länge" int)')).holds


# --- what is cleared away, and what is not ---------------------------------------------------------------------------


def invalidate(conn, index):
    conn.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass", [index])


def indexes_called(conn, *names):
    query = (
        "SELECT relnamespace::regnamespace::text || '.' || relname FROM pg_class WHERE relname = ANY (%s) ORDER BY 1"
    )
    return [row[0] for row in conn.execute(query, [list(names)])]


def test_only_the_index_of_this_table_is_cleared_away(newest):
    invalidate(newest, "a.i")
    newest.execute("SET search_path = a, public")
    assert list(clear_up(newest, meaning_of("CREATE INDEX CONCURRENTLY i ON other (a)"))) == []
    newest.execute("CREATE INDEX i ON other (a)")
    invalidate(newest, "public.i")
    (said,) = clear_up(newest, meaning_of("CREATE INDEX CONCURRENTLY i ON other (a)"))
    assert "public.i" in said
    assert indexes_called(newest, "i") == ["a.i"]


def test_without_a_name_only_an_index_of_the_same_kind_is_cleared_away(newest):
    others = {
        "one": "CREATE UNIQUE INDEX one ON t (b) WHERE a > 1",
        "two": "CREATE UNIQUE INDEX two ON t (b)",
        "three": "CREATE INDEX three ON t USING hash (b)",
        "four": "CREATE INDEX four ON t (b) WHERE a > 1",
        "five": "CREATE INDEX five ON t (b, s)",
    }
    for name, text in others.items():
        newest.execute(text)
        invalidate(newest, name)
    assert list(clear_up(newest, meaning_of("CREATE INDEX CONCURRENTLY ON t (b)"))) == []
    newest.execute("CREATE INDEX wanted ON t (b)")
    invalidate(newest, "wanted")
    (said,) = clear_up(newest, meaning_of("CREATE INDEX CONCURRENTLY ON t (b)"))
    assert "wanted" in said


def test_what_somebody_else_is_building_is_left_alone_by_a_role_that_sees_no_progress(database):
    role = f"owner_{time.monotonic_ns()}"
    with database.connect(autocommit=True) as admin, database.connect(autocommit=True) as conn:
        admin.execute(BEFORE)
        admin.execute(sql.SQL("CREATE ROLE {0}; ALTER TABLE t OWNER TO {0}").format(sql.Identifier(role)))
        admin.execute(sql.SQL("GRANT CREATE ON SCHEMA public TO {0}").format(sql.Identifier(role)))
        conn.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        try:
            with database.connect() as writer, database.connect(autocommit=True) as builder:
                writer.execute("INSERT INTO t VALUES (1, 1)")  # the build waits for its end
                thread = threading.Thread(target=builder.execute, args=["CREATE INDEX CONCURRENTLY slow ON t (b)"])
                thread.start()
                until = time.monotonic() + 20
                while not indexes_called(admin, "slow") and time.monotonic() < until:
                    time.sleep(0.05)
                assert list(clear_up(conn, meaning_of("CREATE INDEX CONCURRENTLY slow ON t (b)"))) == []
                assert list(clear_up(conn, meaning_of("CREATE INDEX CONCURRENTLY ON t (b)"))) == []
                writer.rollback()
                thread.join(20)
            assert ask(conn, meaning_of("CREATE INDEX CONCURRENTLY slow ON t (b)")).holds
            invalidate(admin, "slow")
            assert len(list(clear_up(conn, meaning_of("CREATE INDEX CONCURRENTLY slow ON t (b)")))) == 1
        finally:
            admin.execute(sql.SQL("DROP OWNED BY {0} CASCADE; DROP ROLE {0}").format(sql.Identifier(role)))


# --- what later statements explain -----------------------------------------------------------------------------------

HISTORIES = {
    "a column dropped": "CREATE TABLE q (a int, b int); ALTER TABLE q DROP COLUMN b",
    "an index that became a constraint": "CREATE TABLE q (a int); CREATE UNIQUE INDEX ui ON q (a);"
    " ALTER TABLE q ADD CONSTRAINT c UNIQUE USING INDEX ui",
    "an index dropped with its column": "CREATE TABLE q (a int, b int); CREATE INDEX qi ON q (b);"
    " ALTER TABLE q DROP COLUMN b",
    "a domain's constraint": "CREATE DOMAIN dd AS int; ALTER DOMAIN dd ADD CONSTRAINT c CHECK (VALUE > 0);"
    " ALTER DOMAIN dd DROP CONSTRAINT c",
    "a table made anew": "DROP TABLE IF EXISTS x; CREATE TABLE x (a int); DROP TABLE IF EXISTS public.x;"
    " CREATE TABLE public.x (b int)",
    "an index made anew": "CREATE TABLE x (a int); DROP INDEX IF EXISTS public.xi; CREATE INDEX xi ON x (a)",
    "a schema dropped": "CREATE SCHEMA zz; CREATE TABLE zz.t (a int); CREATE TYPE zz.m AS ENUM ('a');"
    " DROP SCHEMA zz CASCADE",
    "a qualified name": "CREATE TABLE w (a int); DROP TABLE public.w",
    "renamed and dropped": "CREATE TABLE w (a int); ALTER TABLE w RENAME TO w2; DROP TABLE w2",
    "a view dropped with its table": "CREATE TABLE w (a int); CREATE VIEW wv AS SELECT a FROM w; DROP TABLE w CASCADE",
    "a trigger dropped with its table": "CREATE TABLE w (a int); CREATE POLICY po ON w; DROP TABLE w",
}


@pytest.mark.parametrize("text", HISTORIES.values(), ids=HISTORIES)
def test_a_plain_history_agrees(any_database, tmp_path, text):
    workspace = Workspace.open(tmp_path)
    workspace.record(text, "history")
    with any_database.connect(autocommit=True) as conn:
        proposal = workspace.propose(conn)
        proposal.apply(conn, approval=proposal.approve(by="ann"))
        verification = workspace.verify(conn)
    assert [each.statement for each in verification.statements if not each.agrees] == []


def test_an_index_on_a_table_does_not_explain_that_the_table_is_gone(any_database, tmp_path):
    workspace = Workspace.open(tmp_path)
    workspace.record("CREATE TABLE q (a int); CREATE INDEX qi ON q (a)", "history")
    with any_database.connect(autocommit=True) as conn:
        proposal = workspace.propose(conn)
        proposal.apply(conn, approval=proposal.approve(by="ann"))
        conn.execute("DROP TABLE q")
        verification = workspace.verify(conn)
    assert [each.agrees for each in verification.statements] == [False, False]
