"""Whatever is asked over the caller's connection: one that nothing can be asked over is refused in the same words by
every call, and one that was idle is idle afterwards.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from pgops import actions, doctor, dump, migrations, query_plan, scripting
from pgops.errors import PgopsError, WrongConnectionError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pgops.scratch import ScratchDatabase

Call = "Callable[[Any, Path], object]"

CALLS: dict[str, Call] = {
    "list_sessions": lambda conn, _: actions.list_sessions(conn),
    "propose_cancel": lambda conn, _: actions.propose_cancel(conn, [1]),
    "propose_terminate": lambda conn, _: actions.propose_terminate(conn, [1]),
    "blocking_trees": lambda conn, _: actions.blocking_trees(conn),
    "propose_resolve": lambda conn, _: actions.propose_resolve(conn, 1),
    "dump_database": lambda conn, folder: dump.dump_database(conn, folder / "made.dump"),
    "propose_restore": lambda conn, folder: dump.propose_restore(conn, folder / "there.sql", into_existing=True),
    "verify_restore": lambda conn, folder: dump.verify_restore(conn, folder / "there.sql"),
    "explain": lambda conn, _: query_plan.explain(conn, "SELECT 1"),
    "propose_analyze": lambda conn, _: query_plan.propose_analyze(conn, "DELETE FROM t"),
    "predict_index": lambda conn, _: query_plan.predict_index(conn, "SELECT * FROM t", "CREATE INDEX ON t (a)"),
    "read_facts": lambda conn, _: migrations.read_facts(conn, []),
    "propose": lambda conn, _: migrations.propose(conn, "ALTER TABLE t ADD b int"),
    "read_ledger": lambda conn, _: migrations.read_ledger(conn),
    "verify": lambda conn, _: migrations.verify(conn, "ALTER TABLE t ADD b int"),
    "backfill": lambda conn, _: migrations.backfill(conn, "t", set="a = 1"),
    "run_sql": lambda conn, _: scripting.run_sql(conn, "SELECT 1"),
    "propose_sql": lambda conn, _: scripting.propose_sql(conn, "DELETE FROM t"),
    "foresee_skips": lambda conn, _: doctor.foresee_skips(conn),
}


@pytest.fixture
def folder(tmp_path: Path, any_database: ScratchDatabase) -> Path:
    with any_database.connect() as conn:
        conn.execute("CREATE TABLE t (a int PRIMARY KEY)")
        dump.dump_database(conn, tmp_path / "there.sql", verify=True)
    return tmp_path


def test_every_call_refuses_what_it_cannot_ask_over(any_database: ScratchDatabase, folder: Path) -> None:
    def refused(conn: object) -> list[str]:
        return [name for name, call in CALLS.items() if not _is_refused(call, conn, folder)]

    async def opened() -> psycopg.AsyncConnection[Any]:
        return await psycopg.AsyncConnection.connect(any_database.conninfo())

    asynchronous = asyncio.run(opened())
    assert refused(asynchronous) == []
    asynchronous.pgconn.finish()
    with any_database.connect() as conn, conn.pipeline():
        assert refused(conn) == []
    with any_database.connect(autocommit=False) as conn:
        with suppress(psycopg.errors.DivisionByZero):
            conn.execute("SELECT 1/0")
        assert refused(conn) == []
        assert conn.info.transaction_status is TransactionStatus.INERROR
    with any_database.connect() as conn:
        conn.pgconn.send_query(b"SELECT pg_sleep(600)")
        assert refused(conn) == []
        conn.pgconn.finish()


def _is_refused(call: Callable[[Any, Path], object], conn: object, folder: Path) -> bool:
    try:
        call(conn, folder)
    except WrongConnectionError as error:
        return bool(error.cure)
    except Exception as error:
        print(f"{type(error).__name__}: {error}")  # noqa: T201  said where the test fails
    return False


def test_every_call_leaves_an_idle_connection_idle(any_database: ScratchDatabase, folder: Path) -> None:
    with any_database.connect(autocommit=False) as conn:
        busy = []
        for name, call in CALLS.items():
            with suppress(PgopsError):  # no session 1, no hypopg
                call(conn, folder)
            if conn.info.transaction_status is not TransactionStatus.IDLE:
                busy.append(name)
                conn.rollback()
        assert busy == []
