"""What `read_facts` says of real catalogues, on every version."""

from __future__ import annotations

import psycopg
import pytest

from pgops.migrations.effects.known import Known
from pgops.sql.statements import Name, TypeName
from tests.migrations.live_facts import facts_of, table

pytestmark = pytest.mark.outer_versions


@pytest.fixture
def conn(database):
    with database.connect() as conn:
        yield conn


# --- columns ----------------------------------------------------------------------------------------------------------


def test_columns(conn):
    conn.execute(
        "CREATE DOMAIN code AS varchar(20) CHECK (VALUE <> ''); CREATE DOMAIN deep AS code;"
        'CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, "Na me" varchar(10) COLLATE "C" NOT NULL DEFAULT $$x$$,'
        " gone int, n numeric(8,2), d deep, list int[], g int GENERATED ALWAYS AS (1 + 1) STORED);"
        "ALTER TABLE t DROP COLUMN gone"
    )
    found = table(conn).columns
    assert list(found) == ["id", "Na me", "n", "d", "list", "g"]
    assert (found["id"].type, found["id"].base_type, found["id"].is_identity) == ("integer", "int4", True)
    name = found["Na me"]
    assert (name.type, name.base_type, name.base_form) == ("character varying(10)", "varchar", "character varying(10)")
    assert (name.collation, name.not_null, name.has_default) == ("C", True, True)
    assert (found["n"].type, found["n"].collation) == ("numeric(8,2)", None)
    assert (found["d"].type, found["d"].base_type, found["d"].base_form) == ("deep", "varchar", "character varying(20)")
    assert found["list"].base_type == "_int4"
    assert found["g"].generated == "stored"


def test_not_null_that_is_not_valid_is_none(database, server):
    if server.major < 18:
        pytest.skip("from PostgreSQL 18 on")
    with database.connect() as conn:
        conn.execute("CREATE TABLE t (a int, b int NOT NULL); ALTER TABLE t ADD CONSTRAINT k NOT NULL a NOT VALID")
        found = table(conn).columns
        assert (found["a"].not_null, found["b"].not_null) == (False, True)


PINS = {
    "view public.v": "CREATE VIEW v AS SELECT c FROM t",
    'view "S p"."v.w"': 'CREATE SCHEMA "S p"; CREATE VIEW "S p"."v.w" AS SELECT c FROM t',
    "materialized view public.m": "CREATE MATERIALIZED VIEW m AS SELECT c FROM t",
    "a rule of public.t": "CREATE RULE r AS ON DELETE TO t WHERE old.c = 'x' DO INSTEAD NOTHING",
    'policy "P 1"': "CREATE POLICY \"P 1\" ON t USING (c <> '')",
    "trigger g": (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';"
        "CREATE TRIGGER g BEFORE UPDATE OF c ON t FOR EACH ROW EXECUTE FUNCTION f()"
    ),
    "trigger w": (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';"
        "CREATE TRIGGER w BEFORE UPDATE ON t FOR EACH ROW WHEN (new.c <> 'x') EXECUTE FUNCTION f()"
    ),
    "generated column g": "ALTER TABLE t ADD g text GENERATED ALWAYS AS (c || '!') STORED",
    "function f": "CREATE FUNCTION f() RETURNS text BEGIN ATOMIC SELECT max(c) FROM t; END",
}


@pytest.mark.parametrize("pin", PINS)
def test_what_pins_a_column(conn, pin):
    conn.execute("CREATE TABLE t (id int, c varchar(10))")
    conn.execute(PINS[pin])
    found = table(conn).columns
    assert found["c"].pinned_by == (pin,)
    assert found["id"].pinned_by == ()
    assert table(conn).columns["c"].views == tuple(
        each for each in table(conn).views if pin.startswith(("view", "materialized"))
    )


def test_a_row_filter_pins_a_column(conn, server):
    if server.major < 15:
        pytest.skip("from PostgreSQL 15 on")
    conn.execute("CREATE TABLE t (id int, c int); CREATE PUBLICATION p FOR TABLE t WHERE (c > 0)")
    assert table(conn).columns["c"].pinned_by == ("a publication's row filter",)


# --- what is near a table ---------------------------------------------------------------------------------------------

TREE = """
CREATE TABLE p (id int, at date) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20) PARTITION BY LIST (at);
CREATE TABLE p2a PARTITION OF p2 FOR VALUES IN ('2026-01-01');
CREATE TABLE pd PARTITION OF p DEFAULT;
"""


def public(*names):
    return tuple(Name(each, "public") for each in names)


def test_partitions_of_two_levels(conn):
    conn.execute(TREE + "INSERT INTO p SELECT g FROM generate_series(0, 9) AS g; ANALYZE p1, p2a, pd")
    facts = facts_of(conn, "DROP TABLE p")
    root = facts.tables[Name("p")]
    assert root.is_partitioned
    assert set(root.partitions) == set(root.children) == set(public("p1", "p2", "p2a", "pd"))
    assert root.default_partition == Name("pd", "public")
    assert root.partition_key == ("id",)
    assert root.columns["id"].in_partition_key
    assert not root.columns["at"].in_partition_key
    assert root.rows == 10
    assert root.bytes > 0
    part = facts.tables[Name("p2a", "public")]
    assert part.parent == Name("p2", "public")
    assert facts.tables[Name("p2", "public")].columns["at"].in_partition_key


def test_a_partition_that_is_named_brings_its_parent_and_its_siblings_names(conn):
    conn.execute(TREE + "ANALYZE p1")
    facts = facts_of(conn, "DROP TABLE p1")
    assert facts.tables[Name("p1")].parent == Name("p", "public")
    parent = facts.tables[Name("p", "public")]
    assert parent.default_partition == Name("pd", "public")
    assert Name("p2", "public") in parent.partitions
    assert parent.rows == -1  # nobody has asked how large the siblings are
    assert not parent.is_small


def test_inheritance(conn):
    conn.execute(
        "CREATE TABLE mother (id int); CREATE TABLE son () INHERITS (mother); CREATE TABLE grandson () INHERITS (son)"
    )
    found = table(conn, "mother")
    assert found.partitions == ()
    assert set(found.children) == set(public("son", "grandson"))


def test_a_partition_that_is_being_detached(conn, database):
    conn.execute(TREE + "DROP TABLE pd")
    with database.connect() as reader, database.connect() as detaching:
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM p")
        detaching.execute("SET statement_timeout = '300ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            detaching.execute("ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY")
    found = table(conn, "p")
    assert found.detach_pending == public("p1")
    assert Name("p1", "public") in found.partitions


def test_foreign_keys_on_both_sides(conn):
    conn.execute(
        "CREATE TABLE t (id int PRIMARY KEY, other int UNIQUE);"
        "CREATE TABLE child (a int CONSTRAINT k REFERENCES t ON DELETE CASCADE, b int REFERENCES t (other));"
        "CREATE TABLE grandchild (id int); ALTER TABLE child ADD UNIQUE (a);"
        "ALTER TABLE grandchild ADD CONSTRAINT late FOREIGN KEY (id) REFERENCES child (a) NOT VALID"
    )
    found = table(conn)
    assert found.referenced_by == public("child")
    assert [(key.name, key.columns, key.index, key.on_delete) for key in found.keys] == [
        ("k", ("id",), "t_pkey", "c"),
        ("child_b_fkey", ("other",), "t_other_key", "a"),
    ]
    assert found.cascades_to == public("child", "grandchild")
    child = table(conn, "child").constraints["k"]
    assert (child.kind, child.columns, child.references, child.referenced_columns) == (
        "f",
        ("a",),
        *public("t"),
        ("id",),
    )
    assert not table(conn, "grandchild").constraints["late"].valid
    assert table(conn, "child").columns["a"].in_foreign_key
    assert table(conn).columns["id"].in_foreign_key


def test_views_over_views(conn):
    conn.execute(
        "CREATE TABLE t (a int, b int); CREATE VIEW v AS SELECT a FROM t; CREATE MATERIALIZED VIEW w AS TABLE v"
    )
    found = table(conn)
    assert set(found.views) == set(public("v", "w"))
    assert set(found.columns["a"].views) == set(public("v", "w"))
    assert found.columns["b"].views == ()


def test_indexes(conn):
    conn.execute(
        "CREATE TABLE t (a int, b text, c int); CREATE INDEX plain ON t (a, b); CREATE INDEX part ON t (a) WHERE c > 0;"
        "CREATE INDEX expr ON t (lower(b)); CREATE INDEX incl ON t (a) INCLUDE (c);"
        "CREATE INDEX descending ON t (a DESC);"
        "CREATE INDEX hashed ON t USING hash (b); ALTER TABLE t ADD CONSTRAINT k UNIQUE (c)"
    )
    found = table(conn)
    shape = {name: (each.columns, each.is_partial, each.is_plain, each.method) for name, each in found.indexes.items()}
    assert shape == {
        "plain": (("a", "b"), False, True, "btree"),
        "part": (("a",), True, False, "btree"),
        "expr": ((None,), False, False, "btree"),
        "incl": (("a",), False, False, "btree"),
        "descending": (("a",), False, False, "btree"),
        "hashed": (("b",), False, True, "hash"),
        "k": (("c",), False, True, "btree"),
    }
    assert found.indexes["k"].constraint == "k"
    assert found.indexes["k"].unique
    assert set(found.columns["c"].indexes) == {"part", "incl", "k"}
    assert found.columns["c"].expression_indexes == ("part",)
    assert found.columns["b"].expression_indexes == ("expr",)


def test_an_invalid_index(conn):
    conn.execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1)")
    with pytest.raises(psycopg.errors.UniqueViolation):
        conn.execute("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)")
    assert not table(conn).indexes["i"].valid
    assert facts_of(conn, "DROP INDEX i").indexes[Name("i")].table == Name("t", "public")


def test_the_indexes_of_partitions(conn):
    conn.execute(TREE + "CREATE INDEX i ON p (id)")
    found = facts_of(conn, "DROP INDEX i").indexes[Name("i")]
    assert set(found.partitions) == set(public("p1_id_idx", "p2_id_idx", "p2a_id_idx", "pd_id_idx"))


def test_statistics(conn):
    conn.execute("CREATE TABLE t (a int, b int); CREATE STATISTICS st ON a, b FROM t")
    assert facts_of(conn, "DROP STATISTICS st").statistics == {Name("st"): Name("t", "public")}


# --- names ------------------------------------------------------------------------------------------------------------


def test_hostile_names(conn):
    name = "a\";'\n%s é.b"
    conn.execute(psycopg.sql.SQL("CREATE TABLE {} ({} int)").format(*map(psycopg.sql.Identifier, (name, name))))
    quoted = name.replace('"', '""')
    facts = facts_of(conn, f'DROP TABLE "{quoted}"; ALTER TABLE "{quoted}" ADD "$1" "no such type"')
    found = facts.tables[Name(name)]
    assert found.name == Name(name, "public")
    assert list(found.columns) == [name]


def test_the_search_path_decides_what_a_name_means(conn):
    conn.execute(
        "CREATE SCHEMA one; CREATE SCHEMA two; CREATE TABLE one.t (a int); CREATE TABLE two.t (b int);"
        "CREATE TABLE one.x (a int); SET search_path = nowhere, two, one"
    )
    facts = facts_of(conn, "DROP TABLE t, x, one.t, public.t, nothing")
    known = Known(server=facts.server, facts=facts)
    assert list(known.table(Name("t")).columns) == ["b"]
    assert list(known.table(Name("t", "one")).columns) == ["a"]
    assert known.table(Name("x")).name == Name("x", "one")
    assert known.table(Name("t", "public")) is None
    assert known.is_absent(Name("nothing"))
    assert facts.schemas == ("pg_catalog", "two", "one")


def test_a_table_of_another_schema_is_not_taken_for_one_of_the_path(conn):
    conn.execute(
        "CREATE SCHEMA far; CREATE TABLE far.t (id int PRIMARY KEY); CREATE TABLE child (id int REFERENCES far.t)"
    )
    facts = facts_of(conn, "DROP TABLE child; DROP TABLE t")
    known = Known(server=facts.server, facts=facts)
    assert known.table(Name("t", "far")) is not None  # the key of child has led there
    assert known.is_absent(Name("t"))


def test_temporary_tables_come_first(conn):
    conn.execute("CREATE TABLE t (a int); CREATE TEMPORARY TABLE t (b int)")
    facts = facts_of(conn, "DROP TABLE t, public.t, pg_temp.t")
    assert list(facts.tables[Name("t")].columns) == ["b"]
    assert list(facts.tables[Name("t", "pg_temp")].columns) == ["b"]
    assert facts.tables[Name("t")].persistence == "t"
    assert list(facts.tables[Name("t", "public")].columns) == ["a"]


def test_kinds_of_relations(conn):
    conn.execute(
        "CREATE TABLE t (a int); CREATE VIEW v AS TABLE t; CREATE MATERIALIZED VIEW m AS TABLE t; CREATE SEQUENCE s;"
        "CREATE UNLOGGED TABLE u (a int)"
    )
    facts = facts_of(conn, "SELECT FROM t, v, m, s, u")
    assert {name.name: facts.tables[name].kind for name in map(Name, "tvmsu")} == dict(
        zip("tvmsu", "rvmSr", strict=True)
    )
    assert facts.tables[Name("u")].persistence == "u"
    assert facts.tables[Name("t")].access_method == "heap"


# --- types and functions ----------------------------------------------------------------------------------------------


def test_domains(conn):
    conn.execute(
        "CREATE DOMAIN plain AS int; CREATE DOMAIN pos AS int CHECK (VALUE > 0); CREATE DOMAIN over AS pos;"
        "CREATE DOMAIN filled AS int NOT NULL; CREATE DOMAIN dice AS float DEFAULT random();"
        "CREATE DOMAIN one AS int DEFAULT 1;"
        "CREATE DOMAIN short AS varchar(5); CREATE TYPE mood AS ENUM ('ok');"
        "CREATE TABLE t (a pos, b over, c mood); CREATE TABLE box (a plain[]); CREATE VIEW v AS SELECT a FROM t"
    )
    facts = facts_of(
        conn,
        "".join(
            f"ALTER TABLE t ADD x {each};"
            for each in ("plain", "pos", "over", "filled", "dice", "one", "short", "mood", "int", "t", "nothing")
        ),
    )
    types = {name.name: each for name, each in facts.types.items()}
    checked = {name for name, each in types.items() if each.has_constraints}
    assert checked == {"pos", "over", "filled"}
    assert {name for name, each in types.items() if each.not_null} == {"filled"}
    assert {name for name, each in types.items() if each.default_is_volatile} == {"dice"}
    assert types["pos"].used_by == public("t")
    assert set(types["pos"].columns_in) == set(public("t", "v"))
    assert types["mood"].columns_in == public("t")
    assert types["plain"].in_container
    assert not types["pos"].in_container
    assert (types["short"].base_type, types["short"].base_form) == ("varchar", "character varying(5)")
    assert types["over"].base_type == "int4"
    assert types["mood"].kind == "e"
    assert types["int4"].used_by == ()
    assert "nothing" not in types
    known = Known(server=facts.server, facts=facts)
    assert known.domain_is_checked(TypeName("over")) is True
    assert known.domain_is_checked(TypeName("mood")) is False
    assert known.domain_is_checked(TypeName("nothing")) is None


def test_the_volatility_of_functions(conn):
    conn.execute(
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1';"
        "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';"
        "CREATE FUNCTION g() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';"
        "CREATE SCHEMA far; CREATE FUNCTION far.now() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1'"
    )
    facts = facts_of(conn, "SELECT f(), g(), now(), random(), far.now(), nothing()")
    assert facts.volatilities[Name("f")] == "v"  # of several the worst
    assert facts.volatilities[Name("g")] == "s"
    assert facts.volatilities[Name("now")] == "s"  # PostgreSQL's own comes first
    assert facts.volatilities[Name("random")] == "v"
    assert facts.volatilities[Name("now", "far")] == "v"
    assert Name("nothing") not in facts.volatilities
    known = Known(server=facts.server, facts=facts)
    assert known.may_do_anything(Name("f"))
    assert known.may_do_anything(Name("nothing"))
    assert not known.may_do_anything(Name("random"))
    assert not known.may_do_anything(Name("g"))
