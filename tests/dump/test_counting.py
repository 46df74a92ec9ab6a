"""Counts and hashes: the same for the same rows, however they are stored and whoever asks; another for any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pgops.dump.counting.running import Counted, TableProgress, count_tables, count_tables_with, exported_snapshot
from pgops.dump.manifest import LargeObjects, TableContent
from pgops.errors import CountError
from tests.checks.replicas import start_pair
from tests.checks.sessions import wait_for
from tests.dump.everything import HOSTILE, TYPES, TYPES_SQL, sessions_left
from tests.servers import need_extension, newest_binaries

if TYPE_CHECKING:
    import psycopg

    from pgops.scratch import ScratchDatabase

pytestmark = pytest.mark.outer_versions

OTHER_SETTINGS = (
    "SET DateStyle = 'German, DMY'",
    "SET TimeZone = 'Asia/Kathmandu'",
    "SET IntervalStyle = 'iso_8601'",
    "SET extra_float_digits = 0",
    "SET bytea_output = 'escape'",
    "SET lc_monetary = 'C.UTF-8'",
    "SET quote_all_identifiers = off",
    "SET search_path = types, public",
    "SET standard_conforming_strings = off",
    "SET xmlbinary = 'hex'",
    "SET row_security = on",
    "SET statement_timeout = '59min'",
)


def count(database: ScratchDatabase) -> Counted:
    with database.connect() as conn, exported_snapshot(conn) as (session, _):
        return count_tables(session)


def contents(counted: Counted) -> dict[str, TableContent]:
    return {f"{each.schema}.{each.name}": each for each in counted.tables}


def count_here(conn: psycopg.Connection) -> Counted:
    """In the transaction that the connection is in: what it has not committed is seen."""
    return count_tables(conn)


def test_a_value_of_any_type_is_hashed_in_one_way_and_any_other_value_in_another(database: ScratchDatabase) -> None:
    with database.connect() as conn:
        conn.execute(TYPES_SQL)
        for number, (type_name, one, other) in enumerate(TYPES):
            for suffix, value in (("one", one), ("other", other)):
                conn.execute(f"CREATE TABLE types.v{number}_{suffix} (t {type_name})")
                conn.execute(f"INSERT INTO types.v{number}_{suffix} VALUES ({value})")
        with exported_snapshot(conn) as (session, _):
            plain = count_tables(session)
        conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        for statement in OTHER_SETTINGS:
            conn.execute(statement)
        assert count_here(conn).tables == plain.tables
        conn.execute("ROLLBACK")
    found = contents(plain)
    hashes = {each: (found[f"types.v{n}_one"].hash, found[f"types.v{n}_other"].hash) for n, each in enumerate(TYPES)}
    assert [each for each, (one, other) in hashes.items() if one == other] == []


def test_a_char_beyond_ascii_is_hashed_alike_before_and_since_16(database: ScratchDatabase) -> None:
    with database.connect() as conn:
        conn.execute('CREATE TABLE chars AS SELECT (-63)::"char" AS c; CREATE TABLE numbers AS SELECT -63 AS c')
        one, other = count(database).tables
        assert (one.name, other.name, one.hash) == ("chars", "numbers", other.hash)


def test_types_of_extensions_and_tables_that_belong_to_one(any_database: ScratchDatabase) -> None:
    need_extension(any_database.server, "hstore")
    with any_database.connect() as conn:
        conn.execute("CREATE SCHEMA away; CREATE EXTENSION hstore SCHEMA away; CREATE EXTENSION citext SCHEMA away")
        conn.execute("CREATE TABLE kept AS SELECT 'b=>1, a=>NULL'::away.hstore AS h, 'Ab'::away.citext AS c")
        conn.execute("CREATE TABLE other AS SELECT 'a=>NULL, b=>1'::away.hstore AS h, 'ab'::away.citext AS c")
        conn.execute("CREATE TABLE member (); CREATE TABLE config ()")
        conn.execute("ALTER EXTENSION hstore ADD TABLE member; ALTER EXTENSION hstore ADD TABLE config")
        conn.execute(
            "UPDATE pg_extension SET extconfig = ARRAY['config'::regclass::oid], extcondition = '{\"\"}'"
            " WHERE extname = 'hstore'"
        )
        counted = count(any_database)
        kept, other = counted.tables
        assert (kept.name, other.name) == ("kept", "other")
        assert kept.hash != other.hash, "citext is compared without regard to case; it is kept with it"
        assert counted.not_counted == (
            "Rows of public.config: it belongs to an extension, which puts rows there itself.",
        )


def test_every_table_that_pg_dump_dumps_rows_of_is_counted_whatever_its_name(database: ScratchDatabase) -> None:
    with database.connect() as conn:
        for statement in (TYPES_SQL, *HOSTILE):
            conn.execute(statement)
        conn.execute("CREATE TEMPORARY TABLE passing AS SELECT 1")
        counted = count(database)
        names = "t", "own", "nothing", "dropped", "generated", "wide", "unlogged", "parent", "child", "part", "many"
        rows = {each.name: each.rows for each in counted.tables if each.schema == "public"}
        assert rows == {
            **dict.fromkeys(names, 1),
            "t": 2,
            "nothing": 2,
            "unlogged": 0,
            "mood_of": 0,
        }
        assert ('we"ird .%s', "a'b\"c\nd", 1) in {(each.schema, each.name, each.rows) for each in counted.tables}
        assert counted.not_counted == (
            "Rows of materialized views: a restore fills them by their queries.",
            "Values of sequences: they belong to no snapshot.",
        )
        assert counted.large_objects == LargeObjects(count=0, hash="0")
        if conn.info.server_version >= 180000:
            before = contents(counted)["public.t"].hash
            # computed when it is read, which may fail, and in no dump
            conn.execute("ALTER TABLE t ADD COLUMN v int GENERATED ALWAYS AS (1 / (t - 1)) VIRTUAL")
            assert contents(count(database))["public.t"].hash == before


# What is done to (1, 'one', NULL), (2, '', 'x'), (2, '', 'x'), (3, NULL, '').
MUTATIONS = {
    "one letter": "UPDATE m SET b = 'onE' WHERE a = 1",
    "a letter's encoding": "UPDATE m SET b = 'on\u00e9' WHERE a = 1",
    "a blank at the end": "UPDATE m SET b = 'one ' WHERE a = 1",
    "NULL is an empty string": "UPDATE m SET c = '' WHERE a = 1",
    "an empty string is NULL": "UPDATE m SET c = NULL WHERE a = 3",
    "values change columns": "UPDATE m SET b = c, c = b WHERE a = 1",
    "values change rows": "UPDATE m SET a = 4 - a WHERE a IN (1, 3)",
    "a value goes to its neighbour": "UPDATE m SET b = 'on', c = 'e' WHERE a = 1",
    "a row is missing": "DELETE FROM m WHERE a = 1",
    "a row is there twice": "INSERT INTO m SELECT * FROM m WHERE a = 1",
    "two equal rows are missing": "DELETE FROM m WHERE a = 2",
    "one of two equal rows is missing": "DELETE FROM m WHERE ctid = (SELECT min(ctid) FROM m WHERE a = 2)",
    "two equal rows become two others": "UPDATE m SET a = 5 WHERE a = 2",
    "a row of NULLs more": "INSERT INTO m VALUES (NULL, NULL, NULL)",
    "all are missing": "TRUNCATE m",
}
NO_MUTATIONS = {
    "each row is written again": "UPDATE m SET a = a",
    "rows are stored in another order": "CREATE TABLE n AS TABLE m; TRUNCATE m;"
    " INSERT INTO m SELECT * FROM n ORDER BY a DESC; DROP TABLE n",
    "columns are stored in another order": "CREATE TABLE n AS SELECT c, a, b FROM m; DROP TABLE m;"
    " ALTER TABLE n RENAME TO m",
    "a column came and went": "ALTER TABLE m ADD COLUMN d int DEFAULT 1; ALTER TABLE m DROP COLUMN d",
}


def test_any_change_of_the_rows_changes_the_hash_and_none_of_their_place_does(any_database: ScratchDatabase) -> None:
    with any_database.connect() as conn:
        conn.execute("CREATE TABLE m (a int, b text, c text)")
        conn.execute("INSERT INTO m VALUES (1, 'one', NULL), (2, '', 'x'), (2, '', 'x'), (3, NULL, '')")

        def after(statements: str) -> TableContent:
            conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            conn.execute(statements)
            (content,) = count_here(conn).tables
            conn.execute("ROLLBACK")
            return content

        original = after("SELECT 1")
        assert original.rows == 4
        hashes = {name: after(statement).hash for name, statement in MUTATIONS.items()}
        assert [name for name, each in hashes.items() if each == original.hash] == []
        assert len({*hashes.values()}) == len(MUTATIONS)
        assert {name: after(statement) for name, statement in NO_MUTATIONS.items()} == dict.fromkeys(
            NO_MUTATIONS, original
        )


def test_two_counts_of_one_snapshot_are_equal_while_the_tables_move_on(database: ScratchDatabase) -> None:
    with database.connect() as conn, database.connect() as writer:
        for number in range(5):
            conn.execute(f"CREATE TABLE w{number} AS SELECT i, md5(i::text) FROM generate_series(1, 500) AS i")
        conn.execute("SELECT lo_from_bytea(0, 'first')")
        with exported_snapshot(conn) as (session, snapshot):
            heard: list[TableProgress] = []
            one = count_tables(session, on_table=heard.append)
            writer.execute("DELETE FROM w0 WHERE i % 2 = 0; UPDATE w1 SET i = i + 1; INSERT INTO w2 TABLE w2")
            writer.execute("SELECT lo_from_bytea(0, 'second')")
            assert count_tables_with(session, snapshot, jobs=3) == one
        assert [(each.done, bool(each.name)) for each in heard] == [*((n, True) for n in range(5)), (5, False)]
        assert heard[-1].done_bytes == heard[-1].total_bytes > 0
        moved_on = count(database)
        assert [now.name for now, then in zip(moved_on.tables, one.tables, strict=True) if now != then] == [
            "w0",
            "w1",
            "w2",
        ]
        assert one.large_objects != moved_on.large_objects
        assert sessions_left(conn) == 0


def test_chosen_tables_and_schemas(any_database: ScratchDatabase) -> None:
    with any_database.connect() as conn:
        conn.execute("CREATE SCHEMA s; CREATE TABLE s.a (); CREATE TABLE b (); CREATE TABLE c ()")
        wanted = [("public", "b"), ("s", "nowhere")]
        with exported_snapshot(conn, tables=wanted) as (session, snapshot):
            some = count_tables(session, tables=wanted)
            of_schema = count_tables_with(session, snapshot, jobs=4, schemas=["s"])
            none = count_tables(session, tables=[])
    assert ([each.name for each in some.tables], some.large_objects) == (["b"], None)
    assert ([each.name for each in of_schema.tables], of_schema.large_objects) == (["a"], None)
    assert none.tables == ()


LARGE_OBJECTS = {
    "another byte": "SELECT lo_put(10, 4000, 'X')",
    "a byte more at the end": "SELECT lo_put(10, 5000, 'X')",
    "a zero more at the end": "SELECT lo_put(10, 5000, '\\x00')",
    "shorter": "SELECT lo_truncate(lo_open(10, x'60000'::int), 4999)",
    "gone": "SELECT lo_unlink(10)",
    "one more, empty": "SELECT lo_create(13)",
    "another number": "SELECT lo_from_bytea(14, lo_get(10)), lo_unlink(10)",
    "pages change places": "SELECT lo_put(12, 0, convert_to(repeat('b', 2048) || repeat('a', 2048), 'UTF8'))",
}


def test_large_objects_are_hashed_alike_whether_page_by_page_or_by_their_functions(
    any_database: ScratchDatabase,
) -> None:
    with any_database.connect() as conn, any_database.connect() as poor:
        conn.execute("SELECT lo_from_bytea(10, convert_to(repeat('xyz,.', 1000), 'UTF8')), lo_create(11)")
        conn.execute("SELECT lo_from_bytea(12, convert_to(repeat('a', 2048) || repeat('b', 2048), 'UTF8'))")
        # A hole: the first pages are not there, and read as zeros.
        conn.execute("SELECT lo_create(20), lo_put(20, 10000, 'after a hole')")
        conn.execute("CREATE ROLE reader")
        try:
            conn.execute("SET lo_compat_privileges = on")
            poor.execute("SET lo_compat_privileges = on; SET ROLE reader")

            def here(session: psycopg.Connection, change: str = "SELECT 1") -> LargeObjects | None:
                session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
                session.execute(change)
                found = count_here(session).large_objects
                session.execute("ROLLBACK")
                return found

            original = here(conn)
            assert original is not None
            assert original.count == 4
            assert here(poor) == original
            assert here(conn, "SELECT lo_put(20, 0, decode(repeat('00', 10000), 'hex'))") == original, "a hole, written"
            changed = {name: here(conn, change) for name, change in LARGE_OBJECTS.items()}
            assert [name for name, each in changed.items() if each == original] == []
            poor.execute("RESET ROLE; SET lo_compat_privileges = off; SET ROLE reader")
            with pytest.raises(CountError, match="large objects can't be counted: permission denied"):
                here(poor)
            poor.execute("ROLLBACK")
        finally:
            conn.execute("DROP ROLE reader")


@pytest.mark.soak
def test_on_a_standby_all_is_counted_but_what_is_unlogged() -> None:
    with start_pair(newest_binaries()) as pair:
        with pair.primary.connect() as conn:
            conn.execute("CREATE TABLE logged AS SELECT i FROM generate_series(1, 1000) AS i")
            conn.execute("CREATE UNLOGGED TABLE unlogged AS TABLE logged")
            row = conn.execute("SELECT pg_current_wal_lsn()").fetchone()
            with exported_snapshot(conn) as (session, _):
                on_primary = contents(count_tables(session))
        with pair.standby.connect() as conn:
            caught_up = "SELECT pg_last_wal_replay_lsn() >= %s"
            wait_for(lambda: conn.execute(caught_up, row).fetchone() == (True,), "the standby to catch up")
            with exported_snapshot(conn) as (session, snapshot):
                counted = count_tables_with(session, snapshot, jobs=3)
        assert contents(counted) == {"public.logged": on_primary["public.logged"]}
        assert counted.not_counted == ("Rows of public.unlogged: it is unlogged, and a standby has none of them.",)
