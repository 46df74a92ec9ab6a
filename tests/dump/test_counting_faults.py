"""What can't be counted whole is an error that says what and why, and nothing is left running on the server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.rows import dict_row

from pgops.dump.counting.running import TableProgress, count_tables, count_tables_with, exported_snapshot
from pgops.errors import CountError, PoolerError
from tests.db.poolers import start_pgbouncer
from tests.dump.everything import sessions_left
from tests.servers import need_extension

if TYPE_CHECKING:
    from pgops.scratch import ScratchDatabase


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
    with (
        any_database.connect() as conn,
        any_database.connect(autocommit=False) as altering,
        ThreadPoolExecutor(1) as pool,
    ):
        conn.execute("CREATE TABLE q0 AS SELECT 1; CREATE TABLE q1 AS SELECT 1")
        # It keeps the session that has the locks busy, so that the other one meets q0.
        conn.execute("CREATE TABLE long AS SELECT i, md5(i::text) FROM generate_series(1, 200000) AS i")
        with exported_snapshot(conn) as (session, snapshot):
            alone = count_tables(session)
            queuing = pool.submit(altering.execute, "LOCK TABLE q0, q1 IN ACCESS EXCLUSIVE MODE")
            while not conn.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND database <> 0").fetchone():
                assert not queuing.done()
            assert count_tables_with(session, snapshot, jobs=2) == alone
        queuing.result(30)
        altering.rollback()


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
