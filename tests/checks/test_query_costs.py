"""queries.*: what single statements cost, planted by running them; and how they have changed since an earlier look."""

from __future__ import annotations

import datetime as dt

from pgops import Outcome, run_checks
from pgops.checks.queries.high_variance import CHECK as VARIANCE
from pgops.checks.queries.jit_overhead import CHECK as JIT
from pgops.checks.queries.low_cache_hit import CHECK as CACHE
from pgops.checks.queries.regression import CHECK as REGRESSION
from pgops.checks.queries.rows_per_call import CHECK as ROWS
from pgops.checks.queries.statistics_window import CHECK as WINDOW
from pgops.checks.queries.temp_spill import CHECK as SPILL
from pgops.checks.queries.time_share import CHECK as SHARE
from pgops.checks.queries.wal_per_call import CHECK as WAL
from pgops.findings import Severity
from pgops.scratch import fresh_database, start_server
from tests.checks.sessions import ask
from tests.checks.test_queries import counting
from tests.servers import SETTINGS, system_binaries

LIVE = (
    "queries.high_variance",
    "queries.jit_overhead",
    "queries.low_cache_hit",
    "queries.regression",
    "queries.rows_per_call",
    "queries.statistics_window",
    "queries.temp_spill",
    "queries.time_share",
    "queries.wal_per_call",
)


def the_one(result, text):
    """The only finding, which speaks of a statement with `text`."""
    (finding,) = result.findings
    assert text in finding.message, finding.message
    return finding


def test_a_large_share_of_all_time(database):
    with counting(database) as conn:
        for _ in range(3):
            conn.execute("SELECT pg_sleep(0.05) AS greedy")
        conn.execute("SELECT 1 AS modest")
        finding = the_one(ask(conn, SHARE, min_total_ms=100.0), "greedy")
        assert finding.severity is Severity.WARNING
        assert finding.details["calls"] == 3
        assert "in 3 calls since 20" in finding.message
        assert ask(conn, SHARE).outcome is Outcome.CLEAN, "all together took less than a minute"
        assert ask(conn, SHARE, min_total_ms=100.0, warn_pct=100.0).outcome is Outcome.CLEAN


def test_sorts_that_spill(database):
    with counting(database) as conn:
        conn.execute("SET work_mem = '64kB'")
        conn.execute("SELECT count(*) FROM (SELECT g FROM generate_series(1, 50000) AS g ORDER BY -g) AS spilling")
        conn.execute("SELECT count(*) FROM (SELECT g FROM generate_series(1, 50) AS g ORDER BY g, 1) AS fitting")
        small = {"min_total_bytes": 1, "warn_bytes_per_call": 100_000}
        finding = the_one(ask(conn, SPILL, **small), "spilling")
        assert (finding.severity, finding.details["calls"]) == (Severity.WARNING, 1)
        assert "(work_mem is 64kB)" in finding.message
        spilled = finding.details["temp_bytes"]
        assert (
            ask(conn, SPILL, min_total_bytes=1, warn_bytes_per_call=spilled * 5).findings[0].severity is Severity.INFO
        )
        assert ask(conn, SPILL, min_total_bytes=1, warn_bytes_per_call=spilled * 11).outcome is Outcome.CLEAN
        assert ask(conn, SPILL).outcome is Outcome.CLEAN


def test_reads_from_outside_the_cache(database):
    with counting(database) as conn:
        # made at once it is written through a small ring, and read through one, being large: neither fills the cache
        conn.execute("CREATE TABLE large AS SELECT g, repeat('x', 900) AS filler FROM generate_series(1, 60000) AS g")
        conn.execute("SET max_parallel_workers_per_gather = 0")
        for _ in range(2):
            conn.execute("SELECT count(*) FROM large AS cold")
        for _ in range(50):
            conn.execute("SELECT count(*) FROM pg_class AS warm")
        finding = the_one(ask(conn, CACHE, min_read_blocks=1_000), "cold")
        assert finding.details["hit_pct"] < 90
        assert ask(conn, CACHE).outcome is Outcome.CLEAN


def test_a_time_that_varies(database):
    with counting(database) as conn:
        for number in range(60):
            conn.execute("SELECT pg_sleep(%s) AS varying", [0.3 if number == 30 else 0.0])
        for _ in range(60):
            conn.execute("SELECT pg_sleep(0.001) AS steady")
        finding = the_one(ask(conn, VARIANCE, min_calls=50, min_max_ms=200.0), "varying")
        assert finding.details["max_ms"] > 300
        assert ask(conn, VARIANCE).outcome is Outcome.CLEAN


def test_many_rows_for_each_call(database):
    with counting(database) as conn:
        conn.execute("CREATE TABLE t AS SELECT generate_series(1, 5000) AS a")
        for _ in range(3):
            conn.execute("/* from a report */ SELECT a AS fetched FROM t")
            conn.execute("SELECT count(*) AS counted_rows FROM t")
            conn.execute("UPDATE t SET a = a")
        finding = the_one(ask(conn, ROWS, min_rows_per_call=5_000, min_calls=3), "fetched")
        assert "gave 5,000 rows" in finding.message
        assert ask(conn, ROWS, min_rows_per_call=5_000, min_calls=4).outcome is Outcome.CLEAN


def test_much_wal_for_each_call(database):
    with counting(database) as conn:
        conn.execute("CREATE TABLE t (a int, b text)")
        conn.execute("INSERT INTO t SELECT g, repeat('x', 100) FROM generate_series(1, 5000) AS g")
        conn.execute("INSERT INTO t VALUES (1, 'small')")
        finding = the_one(ask(conn, WAL, min_bytes_per_call=500_000), "INSERT INTO t SELECT")
        assert finding.details["wal_bytes"] > 500_000
        assert ask(conn, WAL).outcome is Outcome.CLEAN


def test_compilation_is_counted_since_postgresql_15(database):
    with counting(database) as conn:
        result = ask(conn, JIT)
        if database.server.major < 15:
            assert result.outcome is Outcome.SKIPPED
            assert "PostgreSQL 15" in result.reason
        else:
            assert result.outcome is Outcome.CLEAN


def test_compilation_that_takes_longer_than_the_query():
    settings = {**SETTINGS, "shared_preload_libraries": "pg_stat_statements"}
    with (
        start_server(system_binaries(), settings=settings) as server,
        fresh_database(server) as database,
        database.connect() as conn,
    ):
        conn.execute("CREATE EXTENSION pg_stat_statements")
        assert conn.execute("SELECT pg_jit_available()").fetchone() == (True,)
        conn.execute("SET jit = on; SET jit_above_cost = 0")
        for _ in range(3):
            conn.execute("SELECT count(*) FROM pg_class AS compiled WHERE relpages > 0 AND relname <> 'x'")
        conn.execute("SET jit = off")
        finding = the_one(ask(conn, JIT, min_ms_per_call=0.1, min_share_pct=10.0), "compiled")
        assert finding.fix is not None
        assert finding.fix.endswith("SET jit = off;")


def test_a_window_that_is_too_short_or_too_long(database):
    with counting(database) as conn:
        result = ask(conn, WINDOW)
        assert {finding.target.name for finding in result.findings} >= {"pg_stat_statements"}
        assert "only" in result.findings[-1].message
        assert ask(conn, WINDOW, min_days=0.0).outcome is Outcome.CLEAN
        [old] = ask(conn, WINDOW, min_days=0.0, max_days=0.0).findings
        assert old.target.name == "pg_stat_statements"
        assert "what has changed lately" in old.message
        assert old.fix == "SELECT public.pg_stat_statements_reset();"
        conn.execute(old.fix.encode())
    with database.connect() as conn:
        conn.execute("DROP EXTENSION pg_stat_statements")
        assert "pg_stat_statements" not in {row.counters for row in ask(conn, WINDOW).rows}


def test_what_has_become_slower_since_the_last_look(database):
    limits = {REGRESSION.id: {"min_calls": 3, "min_ms": 10.0}}
    reports = []
    with counting(database) as conn:

        def look():
            earlier = reports[-1] if reports else None
            reports.append(run_checks(conn, [REGRESSION.id], limits=limits, history=earlier))
            return reports[-1].results[0]

        columns = {"slower": 1, "much_slower": 2, "steady": 3, "seldom": 4, "new": 5}  # names alone tell none apart

        def call(name: str, seconds: float, times: int = 3):
            for _ in range(times):
                conn.execute(f"SELECT pg_sleep(%s) AS {name}{', 1' * columns[name]}".encode(), [seconds])

        for name in ("slower", "much_slower", "steady", "seldom"):
            call(name, 0.015)
        first = look()
        assert first.outcome is Outcome.SKIPPED
        assert "history" in first.cure
        call("slower", 0.06)
        call("much_slower", 0.3)
        call("steady", 0.015)
        call("seldom", 0.3, times=2)
        call("new", 0.3)
        second = look()
        said = {finding.severity: finding.message for finding in second.findings}
        assert len(second.findings) == 2
        assert "AS slower" in said[Severity.WARNING]
        assert "AS much_slower" in said[Severity.CRITICAL]
        assert "The last 3 calls took" in said[Severity.WARNING]
        call("slower", 0.015)
        assert look().outcome is Outcome.CLEAN, "it is as quick as on the whole before"
        conn.execute("SELECT pg_stat_statements_reset()")
        call("steady", 0.3)
        assert look().outcome is Outcome.CLEAN, "counted anew"


def test_the_window_is_told_in_utc(any_database):
    with counting(any_database) as conn:
        conn.execute("SET timezone = 'Asia/Tokyo'")
        conn.execute("SELECT pg_sleep(0.05) AS greedy")
        [finding] = ask(conn, SHARE, min_total_ms=10.0).findings
        told = finding.message.partition(" since ")[2].partition(" UTC")[0]
        when = dt.datetime.strptime(told, "%Y-%m-%d %H:%M").replace(tzinfo=dt.UTC)
        assert abs(dt.datetime.now(dt.UTC) - when) < dt.timedelta(minutes=3)
