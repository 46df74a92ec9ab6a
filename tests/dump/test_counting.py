"""Counts and hashes: the same for the same rows, however they are stored and whoever asks; another for any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.rows import dict_row

from pgops.dump.counting import Counted, TableProgress, count_tables, count_tables_with, exported_snapshot
from pgops.dump.manifest import LargeObjects, TableContent
from pgops.errors import CountError, PoolerError
from tests.db.poolers import start_pgbouncer
from tests.servers import need_extension

if TYPE_CHECKING:
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

# Type and two values that are not the same.
TYPES = (
    ("boolean", "true", "false"),
    ("smallint", "1", "-1"),
    ("integer", "7", "8"),
    ("bigint", "9223372036854775807", "9223372036854775806"),
    ("numeric", "1.0", "1.00"),
    ("numeric", "'NaN'", "'Infinity'"),
    ("real", "'0.1'", "'0.10000001'"),
    ("double precision", "0.1", "0.10000000000000001 + 1e-17"),
    ("double precision", "'-0'", "'0'"),
    ("money", "12.34", "12.35"),
    ("text", "''", "NULL"),
    ("text", "'NULL'", "NULL"),
    ("text", "'a,b'", "'a\",\"b'"),
    ("text", "'\u00fcber \u2603'", "'\u00fcber \u2604'"),
    ("varchar(10)", "'x'", "'x '"),
    ("char(3)", "'x'", "'y'"),
    ('"char"', "'\\301'", "'\\302'"),
    ("name", "'n'", "'N'"),
    ("bytea", "'\\x00ff'", "'\\x00fe'"),
    ("bytea", "''", "'\\x00'"),
    ("date", "'2026-01-02'", "'infinity'"),
    ("time", "'12:00:00.000001'", "'12:00'"),
    ("timetz", "'12:00+01'", "'11:00+00'"),
    ("timestamp", "'2026-01-02 03:04:05'", "'2026-01-02 03:04:05.000001'"),
    ("timestamptz", "'2026-07-02 03:04:05+02'", "'2026-07-02 03:04:05+03'"),
    ("interval", "'1 mon'", "'30 days'"),
    ("uuid", "'00000000-0000-0000-0000-000000000001'", "'00000000-0000-0000-0000-000000000002'"),
    ("inet", "'10.0.0.1/8'", "'10.0.0.1'"),
    ("cidr", "'10.0.0.0/8'", "'10.0.0.0/9'"),
    ("macaddr", "'08:00:2b:01:02:03'", "'08:00:2b:01:02:04'"),
    ("bit(3)", "B'101'", "B'100'"),
    ("bit varying", "B''", "B'0'"),
    ("json", "'{\"a\": 1}'", "'{\"a\":1}'"),
    ("jsonb", "'{\"a\": 1}'", "'{\"a\": 1.0}'"),
    ("jsonpath", "'$.a'", "'$.b'"),
    ("point", "'(1,2)'", "'(1,3)'"),
    ("polygon", "'((0,0),(1,1),(2,0))'", "'((0,0),(1,1),(2,1))'"),
    ("circle", "'<(0,0),1>'", "'<(0,0),2>'"),
    ("tsvector", "'a:1 b:2'", "'a:1 b:3'"),
    ("tsquery", "'a & b'", "'a | b'"),
    ("int4range", "'[1,5)'", "'[1,6)'"),
    ("tstzrange", "'[2026-01-01 00:00+00,)'", "'empty'"),
    ("int4multirange", "'{[1,2),[5,6)}'", "'{[1,2)}'"),
    ("integer[]", "'{1,NULL,3}'", "'[0:2]={1,NULL,3}'"),
    ("text[]", "'{}'", "'{\"\"}'"),
    ("oid", "1", "2"),
    ("regclass", "'types.mood_of'", "'public.mood_of'"),
    ("regtype", "'types.mood'", "'integer'"),
    ("pg_lsn", "'0/1'", "'0/2'"),
    ("xid", "'1'", "'2'"),
    ("tid", "'(1,1)'", "'(1,2)'"),
    ("pg_snapshot", "'1:2:'", "'1:3:'"),
    ("types.mood", "'sad'", "'so so'"),
    ("types.mood[]", "'{sad}'", "'{\"so so\"}'"),
    ("types.pair", "'(1,)'", "'(1,\"\")'"),
    ("types.positive", "1", "2"),
    ("types.spans", "'[1,2]'", "'[1,3]'"),
)

TYPES_SQL = """
CREATE SCHEMA types;
CREATE TYPE types.mood AS ENUM ('sad', 'so so');
CREATE TYPE types.pair AS (a int, b text);
CREATE DOMAIN types.positive AS int CHECK (VALUE > 0);
CREATE TYPE types.spans AS RANGE (subtype = float8);
CREATE TABLE types.mood_of (t text); CREATE TABLE public.mood_of (t text);
CREATE FUNCTION types.never(types.mood_of) RETURNS text LANGUAGE sql AS $$ SELECT 'always the same' $$;
CREATE CAST (types.mood_of AS text) WITH FUNCTION types.never(types.mood_of);
"""


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
    expected_equal = [("double precision", "0.1", "0.10000000000000001 + 1e-17")]
    assert [each for each, (one, other) in hashes.items() if one == other] in ([], expected_equal)


HOSTILE = (
    'CREATE SCHEMA "we""ird .%s"',
    'CREATE TABLE "we""ird .%s"."a\'b""c\nd" ("t" int, "%s" text, "x.y" text, "\u00fc \u2603" int)',
    'INSERT INTO "we""ird .%s"."a\'b""c\nd" VALUES (1, \'%s\', NULL, 2)',
    "CREATE TABLE t (t int, u text)",
    "INSERT INTO t VALUES (1, 'one'), (2, 'two')",
    "CREATE TABLE own (t types.pair)",
    "INSERT INTO own VALUES ((1, 'x'))",
    "CREATE TABLE nothing ()",
    "INSERT INTO nothing DEFAULT VALUES",
    "INSERT INTO nothing DEFAULT VALUES",
    "CREATE TABLE dropped (a int, b text, c int)",
    "INSERT INTO dropped VALUES (1, 'b', 3)",
    "ALTER TABLE dropped DROP COLUMN b, ADD COLUMN d int DEFAULT 4",
    "CREATE TABLE generated (a int, b int GENERATED ALWAYS AS (a * 2) STORED, c int GENERATED ALWAYS AS IDENTITY)",
    "INSERT INTO generated (a) VALUES (1)",
    "CREATE TABLE wide (a text)",
    "INSERT INTO wide SELECT string_agg(md5(i::text), '') FROM generate_series(1, 50000) AS i",
    "CREATE UNLOGGED TABLE unlogged (a int)",
    "CREATE TABLE parent (a int)",
    "CREATE TABLE child (b int) INHERITS (parent)",
    "INSERT INTO parent VALUES (1)",
    "INSERT INTO child VALUES (2, 3)",
    "CREATE TABLE parted (a int) PARTITION BY RANGE (a)",
    "CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (10)",
    "INSERT INTO parted VALUES (5)",
    "CREATE MATERIALIZED VIEW seen AS SELECT 1 AS one",
    "CREATE VIEW looked AS SELECT 1 AS one",
    "CREATE SEQUENCE counter",
    "CREATE TABLE many (" + ", ".join(f"c{i} int" for i in range(1600)) + ")",
    "INSERT INTO many (c7) VALUES (7)",
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
            conn.execute("ALTER TABLE t ADD COLUMN v int GENERATED ALWAYS AS (t * 2) VIRTUAL")
            assert contents(count(database))["public.t"].hash != before


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


def sessions_left(conn: psycopg.Connection) -> int:
    """Ours, that are not about to end."""
    for _ in range(100):
        row = conn.execute(
            "SELECT count(*) FROM pg_stat_activity, pg_sleep(0.02)"
            " WHERE application_name = 'pgops snapshot' AND datname = current_database()"
        ).fetchone()
        if row == (0,):
            return 0
    return row[0]


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
            poor.execute("SET lo_compat_privileges = on")
            poor.execute("RESET ROLE; SET lo_compat_privileges = off; SET ROLE reader")
            with pytest.raises(CountError, match="large objects can't be counted: permission denied"):
                here(poor)
            poor.execute("ROLLBACK")
        finally:
            conn.execute("DROP ROLE reader")


def test_what_can_not_be_read_whole_is_an_error_that_names_the_table(any_database: ScratchDatabase) -> None:
    with any_database.connect() as conn, any_database.connect() as poor:
        conn.execute('CREATE ROLE poor; CREATE TABLE "Open" (); CREATE TABLE shut (); CREATE TABLE filtered ()')
        try:
            conn.execute('GRANT SELECT ON "Open", filtered TO poor')
            poor.execute("SET ROLE poor")
            with pytest.raises(CountError, match=r"no privilege to read public\.shut\."), exported_snapshot(poor):
                pass
            conn.execute("GRANT SELECT ON shut TO poor; ALTER TABLE filtered ENABLE ROW LEVEL SECURITY")
            with (
                pytest.raises(CountError, match=r"row-level security hides some of public\.filtered"),
                exported_snapshot(poor),
            ):
                pass
            with exported_snapshot(poor, tables=[("public", "Open")]) as (session, _):
                assert len(count_tables(session, tables=[("public", "Open")]).tables) == 1
            assert sessions_left(conn) == 0
        finally:
            conn.execute('DROP TABLE "Open", shut, filtered; DROP ROLE poor')


def test_tables_stay_as_they_are_until_they_are_counted(any_database: ScratchDatabase) -> None:
    with any_database.connect() as conn, any_database.connect() as other:
        conn.execute("CREATE TABLE kept AS SELECT 1")
        with exported_snapshot(conn) as (session, _):
            other.execute("SET lock_timeout = '20ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                other.execute("TRUNCATE kept")
            assert count_tables(session).tables[0].rows == 1
        other.execute("BEGIN; TRUNCATE kept")
        with (
            pytest.raises(CountError, match="can't be counted: canceling statement due to lock timeout"),
            exported_snapshot(conn, lock_wait_s=0.05),
        ):
            pass
        other.execute("ROLLBACK")


def test_a_table_that_somebody_queues_for_is_left_to_the_session_that_has_it(any_database: ScratchDatabase) -> None:
    with any_database.connect() as conn, any_database.connect() as altering:
        conn.execute("CREATE TABLE q0 AS SELECT 1; CREATE TABLE q1 AS SELECT 1")
        conn.execute("CREATE TABLE long AS SELECT i FROM generate_series(1, 100000) AS i")
        with exported_snapshot(conn) as (session, snapshot):
            alone = count_tables(session)
            altering.autocommit = True
            altering.pgconn.send_query(b"LOCK TABLE q0, q1 IN ACCESS EXCLUSIVE MODE")
            while not conn.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
                pass
            assert count_tables_with(session, snapshot, jobs=2) == alone
            altering.close()


def test_a_page_that_is_broken_is_named(any_database: ScratchDatabase) -> None:
    need_extension(any_database.server, "pg_buffercache")
    with any_database.connect() as conn:
        conn.execute("CREATE EXTENSION pg_buffercache")
        conn.execute('CREATE TABLE whole AS SELECT 1; CREATE TABLE "bro.ken" AS SELECT 1; CHECKPOINT')
        row = conn.execute("SELECT pg_relation_filepath('\"bro.ken\"')").fetchone()
        assert row is not None
        with (any_database.server.folder / row[0]).open("r+b") as file:
            file.write(b"\xff" * 64)
        conn.execute("SELECT pg_buffercache_evict_relation('\"bro.ken\"')")
        for jobs in (1, 3):
            with exported_snapshot(conn) as (session, snapshot), pytest.raises(CountError, match=r'public\."bro\.ken"'):
                count_tables_with(session, snapshot, jobs=jobs)
        assert sessions_left(conn) == 0


def test_whoever_interrupts_it_leaves_nothing_running(any_database: ScratchDatabase) -> None:
    with any_database.connect() as conn:
        for number in range(3):
            conn.execute(f"CREATE TABLE i{number} AS SELECT i FROM generate_series(1, 200000) AS i")

        def interrupt(progress: TableProgress) -> None:
            raise KeyboardInterrupt(progress.name)

        for jobs in (1, 3):
            with pytest.raises(KeyboardInterrupt), exported_snapshot(conn) as (session, snapshot):
                count_tables_with(session, snapshot, jobs=jobs, on_table=interrupt)
            assert sessions_left(conn) == 0


def test_a_session_that_is_lost_is_an_error_for_all(any_database: ScratchDatabase) -> None:
    with any_database.connect() as conn:
        for number in range(3):
            conn.execute(f"CREATE TABLE l{number} AS SELECT i FROM generate_series(1, 200000) AS i")

        def terminate(progress: TableProgress) -> None:
            if progress.done == 0:
                conn.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'pgops snapshot' AND datname = current_database()"
                )

        for jobs in (1, 3):
            with exported_snapshot(conn) as (session, snapshot), pytest.raises(CountError, match="can't be counted"):
                count_tables_with(session, snapshot, jobs=jobs, on_table=terminate)


def test_a_session_with_a_snapshot_a_statement_is_refused(any_database: ScratchDatabase) -> None:
    with any_database.connect(row_factory=dict_row) as conn:
        with pytest.raises(CountError, match="in no transaction with one snapshot"):
            count_tables(conn)
        conn.execute("BEGIN")
        with pytest.raises(CountError, match="in no transaction with one snapshot"):
            count_tables(conn)
        conn.execute("ROLLBACK")
        conn.execute("BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY")
        assert count_tables(conn).tables == ()


def test_a_transaction_pooler_is_refused(any_database: ScratchDatabase) -> None:
    with (
        start_pgbouncer(any_database.server) as pooler,
        psycopg.connect(pooler.conninfo(any_database.name), autocommit=True, prepare_threshold=None) as conn,
        pytest.raises(PoolerError),
        exported_snapshot(conn),
    ):
        pass
