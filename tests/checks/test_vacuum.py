"""vacuum.*: ages, and what holds the horizon back, with real sessions, slots and prepared transactions."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime

import attrs
import pytest

import pgops
from pgops.checks.api import Seen
from pgops.checks.report import Outcome
from pgops.checks.vacuum._freezing import is_held, severity_of, thresholds
from pgops.checks.vacuum.database_xid_age import CHECK as DATABASE
from pgops.checks.vacuum.database_xid_age import Row as DatabaseRow
from pgops.checks.vacuum.dead_tuples import CHECK as DEAD
from pgops.checks.vacuum.overdue import CHECK as OVERDUE
from pgops.checks.vacuum.table_status import CHECK as STATUS
from pgops.checks.vacuum.table_xid_age import CHECK as TABLE
from pgops.db.server import Server
from pgops.findings import Severity
from pgops.scratch import fresh_database, start_server
from tests.checks.sessions import ask, role, sessions_of, wait_for
from tests.servers import SETTINGS

LIVE = ("vacuum.database_xid_age",)
"""Whose faults no script can plant: the tests below make the real trouble."""

M = 1_000_000
NOW = datetime(2026, 1, 1, tzinfo=UTC)

ID_OF_AGE = """((txid_snapshot_xmax(txid_current_snapshot()) + 4294967296 - {age}) % 4294967296)::text::xid"""


def burn(conn, count: int) -> None:
    """Use up transaction ids."""
    for _ in range(count):
        conn.execute("SELECT txid_current()")


# --- thresholds -------------------------------------------------------------------------------------------------------


def aged(age: int, *, own: int = 200 * M, server: int = 200 * M, failsafe: int = 1600 * M) -> DatabaseRow:
    return DatabaseRow(
        database="shop",
        takes_connections=True,
        xid_age=age,
        freeze_max_age=own,
        server_freeze_max_age=server,
        failsafe_age=failsafe,
        stop_age=2**31 - 3 * M,
        held_by=None,
        held_age=None,
    )


@pytest.mark.parametrize(
    ("row", "severity"),
    [
        (aged(0), None),
        (aged(180 * M), None),
        (aged(200 * M), None),
        (aged(399 * M), None),
        (aged(400 * M), Severity.WARNING),
        (aged(799 * M), Severity.WARNING),
        (aged(800 * M), Severity.CRITICAL),
        (aged(2100 * M), Severity.CRITICAL),
        # A table's own setting warns earlier, and is not critical by itself.
        (aged(3 * M, own=1 * M), Severity.WARNING),
        (aged(399 * M, own=1 * M), Severity.WARNING),
        (aged(800 * M, own=1 * M), Severity.CRITICAL),
        # The failsafe comes before four times a high setting, and the warning still before that.
        (aged(1000 * M, server=1000 * M, own=1000 * M), None),
        (aged(1299 * M, server=1000 * M, own=1000 * M), None),
        (aged(1300 * M, server=1000 * M, own=1000 * M), Severity.WARNING),
        (aged(1600 * M, server=1000 * M, own=1000 * M), Severity.CRITICAL),
        (aged(2000 * M, server=2000 * M, own=2000 * M), None),
        (aged(2100 * M, server=2000 * M, own=2000 * M), Severity.CRITICAL),
        # vacuum_failsafe_age = 0 is 105 % of the setting to the server.
        (aged(200 * M, failsafe=0), None),
        (aged(210 * M, failsafe=0), Severity.CRITICAL),
    ],
)
def test_severity_goes_by_the_settings_and_the_sawtooth_is_healthy(row, severity):
    limits = DATABASE.limits()
    assert severity_of(row, limits) is severity
    warning, critical = thresholds(row, limits)
    assert row.freeze_max_age <= warning <= critical


@pytest.mark.parametrize(("age", "held"), [(None, False), (199 * M, False), (200 * M, True)])
def test_a_holder_matters_when_vacuum_could_not_get_below_the_setting(age, held):
    assert is_held(attrs.evolve(aged(500 * M), held_by="the replication slot s", held_age=age)) is held


def said_of(row: DatabaseRow, **server: object):
    facts = {"version": 180001, "database": "shop", "user": "app", "now": NOW, "in_recovery": False}
    where = Server(**{**facts, "is_superuser": True, "encoding": "UTF8", **server})
    (finding,) = DATABASE.judge([row], Seen(limits=DATABASE.limits(), server=where, now=NOW))
    return finding


def test_what_is_said_of_a_database():
    row = aged(500 * M)
    here = said_of(row)
    assert here.target == pgops.Target("database", None, "shop")
    assert here.fix == "VACUUM;"
    assert f"{2**31 - 3 * M - 500 * M:,} are left" in here.message
    elsewhere = said_of(row, database="other")
    assert (elsewhere.fix, "in that database" in elsewhere.message) == (None, True)
    closed = said_of(attrs.evolve(row, takes_connections=False), database="other")
    assert "ALTER DATABASE shop ALLOW_CONNECTIONS true" in closed.message
    held = said_of(attrs.evolve(row, held_by="the replication slot s", held_age=450 * M))
    assert (held.fix, "the replication slot s" in held.message) == (None, True)
    assert "pg_read_all_stats" in said_of(row, is_superuser=False).message


# --- a planted age, on a server of its own ----------------------------------------------------------------------------


def test_an_old_database_is_found_from_everywhere_and_vacuum_mends_it(server):
    with (
        start_server(server.binaries, settings=SETTINGS) as alone,
        fresh_database(alone, 'o"ld %s {x}') as old,
        old.connect() as conn,
        alone.connect() as elsewhere,
    ):
        for check in (DATABASE, TABLE):
            assert ask(conn, check).outcome is Outcome.CLEAN
        age = ID_OF_AGE.format(age=900 * M)
        conn.execute("CREATE TABLE t (a text)")
        conn.execute(f"UPDATE pg_class SET relfrozenxid = {age} WHERE oid = 't'::regclass".encode())
        conn.execute(f"UPDATE pg_database SET datfrozenxid = {age} WHERE datname = current_database()".encode())
        for asked, fix in ((conn, "VACUUM;"), (elsewhere, None)):
            (finding,) = ask(asked, DATABASE).findings
            assert (finding.target.name, finding.severity) == ('o"ld %s {x}', Severity.CRITICAL)
            assert finding.fix == fix
        report = pgops.run_checks(conn, ["xid_wraparound"])
        assert [each.target.sql for each in report.findings] == ['"o""ld %s {x}"', "public.t"]
        conn.execute(b"VACUUM")
        assert pgops.run_checks(conn, ["xid_wraparound"]).findings == ()


# --- who holds the horizon back ---------------------------------------------------------------------------------------

# With a ratio this low every table that is a few transactions old is too old, and a holder is as old as the table.
LOW = {"warn_ratio": 0.00000001}


def holders(conn, check=TABLE):
    """What the rows name as the holder, for databases of the row of this database."""
    rows = ask(conn, check, **LOW).rows
    if check is DATABASE:
        rows = [row for row in rows if row.database == conn.info.dbname]
    return {row.held_by for row in rows}


@contextmanager
def old_transaction(database):
    with database.connect(autocommit=False) as holder:
        holder.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        holder.execute("SELECT 1")
        yield holder
        holder.rollback()


@pytest.mark.parametrize("check", [TABLE, DATABASE], ids=lambda check: check.id)
def test_an_old_transaction_is_named_where_it_holds_back_vacuum(database, check):
    with database.connect() as conn, fresh_database(database.server) as other, other.connect() as elsewhere:
        with old_transaction(database) as holder:
            burn(conn, 20)
            (name,) = holders(conn, check)
            pid = holder.info.backend_pid
            assert name == f"the session {pid} of {database.server.superuser}, idle in transaction"
            # It holds back vacuum in its own database; catalogues shared by all are the exception.
            assert f"{pid}" not in str(
                {row.held_by for row in ask(elsewhere, TABLE, top=1000).rows if row.schema != "pg_catalog"}
            )
        assert not any(str(pid) in (name or "") for name in holders(conn, check))


def test_a_transaction_that_has_an_id_and_no_snapshot_is_named_too(database):
    with database.connect() as conn, database.connect(autocommit=False) as holder:
        holder.execute("SELECT txid_current()")
        burn(conn, 20)
        assert any(f"the session {holder.info.backend_pid} " in (name or "") for name in holders(conn))
        holder.rollback()


def test_a_prepared_transaction_is_named(database):
    gid = 'it\'s "held" %s {x}'
    with database.connect() as conn:
        conn.execute("CREATE TABLE t (a int)")
        conn.execute("BEGIN; INSERT INTO t VALUES (1)")
        conn.execute("PREPARE TRANSACTION 'it''s \"held\" %s {x}'")
        try:
            burn(conn, 20)
            assert f"the prepared transaction {gid}" in holders(conn)
            assert f"the prepared transaction {gid}" in holders(conn, DATABASE)
        finally:
            conn.execute("ROLLBACK PREPARED 'it''s \"held\" %s {x}'")


def test_a_vacuum_holds_nobody_back_and_is_not_named(database):
    with sessions_of(database) as sessions:
        conn = sessions.observer
        conn.execute("CREATE TABLE large (a int); INSERT INTO large SELECT generate_series(1, 100000)")
        conn.execute("CREATE TABLE other (a int)")
        slow = sessions.open()
        slow.execute("SET vacuum_cost_delay = 100; SET vacuum_cost_limit = 1")
        sessions.start("VACUUM large", slow, until="wait_event = 'VacuumDelay'")
        burn(conn, 20)
        pid = slow.info.backend_pid
        snapshot = f"SELECT age(backend_xmin) FROM pg_stat_activity WHERE pid = {pid}"
        assert conn.execute(snapshot.encode()).fetchone()[0] >= 20
        for check in (TABLE, DATABASE):
            assert not any(f"the session {pid} " in (name or "") for name in holders(conn, check))
        conn.execute("VACUUM (FREEZE) other")
        assert conn.execute("SELECT age(relfrozenxid) FROM pg_class WHERE relname = 'other'").fetchone()[0] < 20


def test_a_logical_slot_holds_back_catalogues_only(database):
    with database.connect() as conn:
        conn.execute("CREATE TABLE t (a int)")
        conn.execute("SELECT pg_create_logical_replication_slot('holding_slot', 'test_decoding')")
        try:
            burn(conn, 20)
            rows = ask(conn, TABLE, top=1000, **LOW).rows
            by_schema = {row.schema: row.held_by for row in rows if row.schema in ("pg_catalog", "public")}
            assert by_schema["pg_catalog"] == "the replication slot holding_slot"
            assert by_schema["public"] != "the replication slot holding_slot"
            assert "the replication slot holding_slot" in holders(conn, DATABASE)
        finally:
            conn.execute("SELECT pg_drop_replication_slot('holding_slot')")


def test_a_bare_role_gets_its_answer_and_hears_what_it_can_not_see(database):
    with database.connect() as conn, role(database.server, "bare_for_ages") as name:
        conn.execute("CREATE TABLE old (a int)")
        age = ID_OF_AGE.format(age=500 * M)
        conn.execute(f"UPDATE pg_class SET relfrozenxid = {age} WHERE oid = 'old'::regclass".encode())
        with database.connect(user=name) as bare:
            (finding,) = ask(bare, TABLE).findings
        assert finding.target.sql == "public.old"
        assert "not seen without pg_read_all_stats" in finding.message
        assert "pg_read_all_stats" not in ask(conn, TABLE).findings[0].message


def test_a_temporary_table_of_a_session_is_found_and_has_no_remedy(database):
    with database.connect() as conn, database.connect() as other:
        other.execute("CREATE TEMPORARY TABLE of_another (a int)")
        age = ID_OF_AGE.format(age=500 * M)
        conn.execute(f"UPDATE pg_class SET relfrozenxid = {age} WHERE relname = 'of_another'".encode())
        (finding,) = ask(conn, TABLE).findings
        assert (finding.target.name, finding.fix) == ("of_another", None)
        assert "temporary" in finding.message


# --- statistics -------------------------------------------------------------------------------------------------------


def test_remedies_for_dead_rows_cure(database):
    with database.connect() as conn:
        with database.connect() as writer:
            writer.execute('CREATE TABLE "de""ad %s" (a int, b int)')
            writer.execute('INSERT INTO "de""ad %s" SELECT g, 0 FROM generate_series(1, 20000) AS g')
            writer.execute('UPDATE "de""ad %s" SET b = 1')
        wait_for(lambda: bool(ask(conn, DEAD).findings), "the statistics of the update")
        (dead,), (overdue,) = ask(conn, DEAD).findings, ask(conn, OVERDUE).findings
        assert dead.fix == overdue.fix == 'VACUUM public."de""ad %s";'
        assert "no VACUUM is known" in dead.message
        assert "autovacuum is turned off" in overdue.message
        conn.execute(dead.fix.encode())
        # PostgreSQL 14 shows new statistics half a second late.
        for check in (DEAD, OVERDUE):
            wait_for(lambda check=check: ask(conn, check).outcome is Outcome.CLEAN, f"{check.id} to be clean")


def test_the_status_lists_what_was_done_and_when(database):
    with database.connect() as conn:
        with database.connect() as writer:
            writer.execute("CREATE TABLE t (a int); CREATE TABLE untouched (a int) WITH (autovacuum_enabled = false)")
            writer.execute("CREATE TABLE parent (a int) PARTITION BY LIST (a)")
            writer.execute("CREATE TABLE part PARTITION OF parent FOR VALUES IN (1)")
            writer.execute("CREATE MATERIALIZED VIEW m AS SELECT 1 AS a; CREATE VIEW v AS SELECT 1 AS a")
            writer.execute("CREATE TEMPORARY TABLE of_session (a int)")
            writer.execute("INSERT INTO t SELECT generate_series(1, 100)")
            writer.execute("DELETE FROM t WHERE a <= 30")
        wait_for(lambda: ask(conn, STATUS).rows[0].dead_rows == 30, "the statistics")
        rows = {row.table: row for row in ask(conn, STATUS).rows}
        assert {name: row.kind for name, row in rows.items()} == {
            "t": "table",
            "untouched": "table",
            "parent": "partitioned table",
            "part": "partition",
            "m": "materialized view",
        }
        row = rows["t"]
        assert (row.live_rows, row.dead_rows, row.dead_pct) == (70, 30, 30.0)
        assert (row.last_vacuum, row.last_analyze, row.vacuum_count, row.analyze_count) == (None, None, 0, 0)
        assert (row.inserted_since_vacuum, row.modified_since_analyze) == (100, 130)
        conn.execute("VACUUM (ANALYZE) t")
        wait_for(lambda: ask(conn, STATUS, schema="public").rows[0].vacuum_count == 1, "the VACUUM")
        row = ask(conn, STATUS, top=1).rows[0]
        assert (row.table, row.dead_rows, row.analyze_count, row.autovacuum_count) == ("t", 0, 1, 0)
        assert abs((row.last_vacuum - conn.execute("SELECT clock_timestamp()").fetchone()[0]).total_seconds()) < 600
        assert ask(conn, STATUS, schema="no such").rows == ()


def test_autovacuum_is_told_by_server_and_table(server):
    with start_server(server.binaries, settings={**SETTINGS, "autovacuum": "on"}) as alone, alone.connect() as conn:
        conn.execute("CREATE TABLE usual (a int); CREATE TABLE off (a int) WITH (autovacuum_enabled = off)")
        assert {row.table: row.autovacuum for row in ask(conn, STATUS).rows} == {"usual": True, "off": False}
        conn.execute("ALTER SYSTEM SET autovacuum = off")
        conn.execute("SELECT pg_reload_conf()")
        wait_for(lambda: not any(row.autovacuum for row in ask(conn, STATUS).rows), "the setting")
