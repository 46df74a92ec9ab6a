"""queries.*: pg_stat_statements of every version, wherever it is installed, readable or not."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

import pgops
from pgops.checks.check_settings import CheckSettings, ObjectLimits
from pgops.checks.queries.slow_query import CHECK as SLOW
from pgops.checks.queries.statements_evicted import CHECK as EVICTED
from pgops.checks.queries.statements_top import CHECK as TOP
from pgops.checks.report import Outcome
from pgops.findings import Severity
from pgops.scratch import fresh_database, start_server
from tests.checks.sessions import ask, role
from tests.servers import SETTINGS, need_extension

LIVE = (
    "queries.slow_query",
    "queries.statements_evicted",
)
"""Whose faults no script can plant: the tests below make the real trouble."""

HOSTILE_SCHEMA = 'st.at"s %s %(top)s {x} é'
NEWEST = {14: "1.9", 15: "1.10", 16: "1.10", 17: "1.11", 18: "1.12"}


@contextmanager
def counting(database, *, version: str | None = None, schema: str | None = None):
    """A session in a database where pg_stat_statements has just begun to count."""
    need_extension(database.server, "pg_stat_statements")
    with database.connect() as conn:
        where = "public" if schema is None else '"' + schema.replace('"', '""') + '"'
        if schema is not None:
            conn.execute(f"CREATE SCHEMA {where}".encode())
        version = version or NEWEST[database.server.major]
        conn.execute(f"CREATE EXTENSION pg_stat_statements SCHEMA {where} VERSION '{version}'".encode())
        conn.execute(f"SELECT {where}.pg_stat_statements_reset()".encode())
        yield conn


def row_of(result, text):
    """The one row whose query holds `text`."""
    (row,) = [row for row in result.rows if text in row.query]
    return row


# --- slow queries -----------------------------------------------------------------------------------------------------


def test_a_query_is_judged_by_its_mean_time_and_its_calls(database):
    with counting(database) as conn:
        for _ in range(5):
            conn.execute("SELECT pg_sleep(0.03), 'often'")
        conn.execute("SELECT pg_sleep(0.06) AS seldom")
        result = ask(conn, SLOW, warn_ms=25.0, crit_ms=10_000.0)
        (finding,) = result.findings
        assert (result.outcome, finding.severity, finding.fix) == (Outcome.FOUND, Severity.WARNING, None)
        row = row_of(result, "SELECT pg_sleep($1), $2")
        assert (row.calls, row.database, row.user) == (5, database.name, database.server.superuser)
        assert finding.target == pgops.Target("query", None, row.user, str(row.queryid), also=(database.name,))
        assert "5 calls" in finding.message
        # What was called seldom is listed behind the rest, however slow.
        assert result.rows[0] == row
        assert row_of(result, "seldom").mean_ms > row.mean_ms
        assert ask(conn, SLOW, warn_ms=25.0, crit_ms=25.0).findings[0].severity is Severity.CRITICAL
        assert len(ask(conn, SLOW, warn_ms=25.0, min_calls=1).findings) == 2
        assert ask(conn, SLOW, warn_ms=3_600_000.0).outcome is Outcome.CLEAN


def test_the_same_query_of_two_roles_and_inside_a_function_are_told_apart(database):
    with counting(database) as conn, role(database.server, 'it\'s 100% "app"') as name:
        conn.execute(
            """CREATE FUNCTION nested() RETURNS void LANGUAGE plpgsql AS
               $$BEGIN PERFORM count(*) FROM pg_catalog.pg_language; END$$"""
        )
        with database.connect(user=name) as app:
            for one in (conn, app):
                one.execute("SELECT count(*) FROM pg_catalog.pg_language")
        conn.execute("SET pg_stat_statements.track = 'all'")
        conn.execute("SELECT nested()")
        result = ask(conn, SLOW, warn_ms=0.0, min_calls=1, top=1000)
        targets = [each.target for each in result.findings]
        assert len(set(targets)) == len(targets)
        assert {each.name for each in targets} == {name, database.server.superuser}
        assert [each.nth for each in result.findings] == [1] * len(targets)
        assert [row for row in result.rows if row.toplevel is False]


def test_limits_can_be_set_for_one_role(database):
    settings = CheckSettings(
        limits={"slow_queries": {"warn_ms": 0.0, "min_calls": 1}},
        for_objects=(ObjectLimits(check="slow_queries", target="reports.*", limits={"warn_ms": 3_600_000.0}),),
    )
    with counting(database) as conn, role(database.server, "reports") as name:
        with database.connect(user=name) as reports:
            reports.execute("SELECT 1 AS report")
        conn.execute("SELECT 1 AS other")
        (result,) = pgops.run_checks(conn, ["slow_queries"], settings=settings).results
        assert row_of(result, "AS report").user == name
        assert {each.target.name for each in result.findings} == {database.server.superuser}


def test_other_databases_are_left_out_unless_asked_for(database):
    with counting(database) as conn, fresh_database(database.server) as other:
        with other.connect() as elsewhere:
            elsewhere.execute("SELECT 'elsewhere' AS of_another_database")
        for check in (SLOW, TOP):
            assert not [row for row in ask(conn, check, top=1000).rows if "of_another_database" in row.query]
            row = row_of(ask(conn, check, top=1000, all_databases=True), "of_another_database")
            assert row.database == other.name


def test_what_ran_in_a_dropped_database_has_no_database(database):
    with counting(database) as conn:
        with fresh_database(database.server) as other, other.connect() as elsewhere:
            elsewhere.execute("SELECT 1 AS in_what_is_gone")
        assert row_of(ask(conn, TOP, top=1000, all_databases=True), "in_what_is_gone").database is None


@pytest.mark.parametrize("check", [SLOW, TOP], ids=lambda check: check.id)
def test_a_text_is_cut_and_harmless_and_holds_no_password(database, check):
    with counting(database) as conn:
        conn.execute('SELECT 1 AS "<script>|\n\x1b[31m %s {x}"')
        conn.execute(("SELECT " + ", ".join(f"1 AS long_{n}" for n in range(200))).encode())
        conn.execute("CREATE ROLE with_password PASSWORD 'hunter2'")
        conn.execute("DROP ROLE with_password")
        result = ask(conn, check, top=1000)
        assert '"<script>|\n\x1b[31m %s {x}"' in row_of(result, "<script>").query
        assert len(row_of(result, "long_0,").query) == 300
        assert row_of(result, "PASSWORD").query == "CREATE ROLE with_password PASSWORD '********'"
        assert "hunter2" not in repr(result)
        assert row_of(ask(conn, check, top=1000, query_chars=0), "long_0,").query.endswith("long_199")


@contextmanager
def encoded(server, encoding):
    """A database in an encoding of its own."""
    with server.connect() as admin:
        options = f"TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
        admin.execute(f"CREATE DATABASE in_{encoding} {options}".encode())
        try:
            yield f"in_{encoding}".lower()
        finally:
            admin.execute(f"DROP DATABASE in_{encoding} WITH (FORCE)".encode())


@pytest.mark.parametrize("check", [SLOW, TOP], ids=lambda check: check.id)
@pytest.mark.parametrize(
    ("asking", "foreign", "text"),
    [("UTF8", "SQL_ASCII", b'SELECT 1 AS "caf\xe9"'), ("LATIN1", "UTF8", 'SELECT 1 AS "日本"'.encode())],
    ids=["bytes without encoding", "letters that LATIN1 has not"],
)
def test_a_foreign_text_that_cannot_be_converted_costs_the_texts_only(server, check, asking, foreign, text):
    with encoded(server, foreign) as elsewhere, encoded(server, asking) as here:
        with server.connect(elsewhere, client_encoding=foreign) as conn:
            conn.execute(text)
        with server.connect(here) as conn:
            conn.execute("CREATE EXTENSION pg_stat_statements")
            conn.execute("SELECT 1 AS tallied")
            result = ask(conn, check, top=1000, all_databases=True)
            conn.execute("SELECT pg_stat_statements_reset()")
    assert result.outcome.answered, result.reason
    assert {row.query for row in result.rows} == {"(a text that can't be shown)"}


# --- versions and schemas ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", [SLOW, TOP], ids=lambda check: check.id)
def test_columns_go_by_the_extensions_version_and_any_schema_will_do(database, check):
    need_extension(database.server, "pg_stat_statements")
    with database.connect() as conn:
        versions = [
            version
            for (version,) in conn.execute(
                "SELECT version FROM pg_available_extension_versions WHERE name = 'pg_stat_statements'"
            )
        ]
        conn.execute(in_hostile_schema("CREATE SCHEMA {}"))
        for version in versions:
            conn.execute(
                in_hostile_schema("CREATE EXTENSION pg_stat_statements SCHEMA {} VERSION ") + f"'{version}'".encode()
            )
            conn.execute("SELECT 1 AS tallied")
            result = ask(conn, check, top=1000)
            minor = int(version.partition(".")[2])
            if minor < 8:
                assert result.outcome is Outcome.SKIPPED, version
                assert result.cure == "ALTER EXTENSION pg_stat_statements UPDATE;"
            else:
                row = row_of(result, "AS tallied")
                assert (row.toplevel, row.calls >= 1) == (None if minor < 9 else True, True), version
                if check is TOP:
                    assert (row.stats_since is not None) == (minor >= 11), version
            conn.execute("DROP EXTENSION pg_stat_statements")
        assert {"1.7", "1.8", "1.9"} <= set(versions)


def in_hostile_schema(template: str) -> bytes:
    return template.format('"' + HOSTILE_SCHEMA.replace('"', '""') + '"').encode()


# --- what is missing is skipped ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", [SLOW, TOP, EVICTED], ids=lambda check: check.id)
def test_without_the_extension_it_is_skipped_with_the_cure(database, check):
    with database.connect() as conn:
        result = ask(conn, check)
    assert (result.outcome, result.cure) == (Outcome.SKIPPED, "CREATE EXTENSION pg_stat_statements;")


@pytest.mark.parametrize("check", [SLOW, TOP], ids=lambda check: check.id)
def test_without_privilege_it_is_skipped_and_the_cure_cures(database, check):
    with counting(database) as conn, role(database.server, "bare_for_queries") as name:
        conn.execute("SELECT 1 AS of_the_superuser")
        with database.connect(user=name) as bare:
            result = ask(bare, check)
            assert (result.outcome, result.rows) == (Outcome.SKIPPED, ())
            conn.execute(result.cure.encode())
            assert row_of(ask(bare, check, top=1000), "of_the_superuser")
            conn.execute("REVOKE USAGE ON SCHEMA public FROM PUBLIC")
            result = ask(bare, check)
            assert result.outcome is Outcome.SKIPPED
            assert "schema public" in result.reason


def test_a_library_that_is_not_preloaded_is_skipped_with_the_cure(server):
    need_extension(server, "pg_stat_statements")
    with start_server(server.binaries, settings=SETTINGS) as bare, bare.connect() as conn:
        conn.execute("CREATE EXTENSION pg_stat_statements")
        for check in (SLOW, TOP, EVICTED):
            result = ask(conn, check)
            assert result.outcome is Outcome.SKIPPED, result.reason
            assert "shared_preload_libraries" in result.cure
            assert "pg_stat_statements" in result.cure


# --- the listing ------------------------------------------------------------------------------------------------------


def test_shares_are_of_the_whole_and_the_order_is_by_total_or_mean_time(database):
    with counting(database) as conn:
        for _ in range(6):
            conn.execute("SELECT pg_sleep(0.02) AS in_all_more")
        conn.execute("SELECT pg_sleep(0.06), 1 AS at_once_more")
        by_total, by_mean = ask(conn, TOP), ask(conn, TOP, by_mean=True)
        assert by_total.outcome is Outcome.LISTED
        assert "in_all_more" in by_total.rows[0].query
        assert "at_once_more" in by_mean.rows[0].query
        whole = ask(conn, TOP, top=1000).rows
        assert sum(row.share_pct for row in whole) == pytest.approx(100)
        # Cut to two rows, the share still is of all.
        assert ask(conn, TOP, top=1).rows[0].share_pct < 99
        row = by_total.rows[0]
        assert (row.calls, row.rows, row.rows_per_call) == (6, 6, 1.0)
        assert row.total_ms == pytest.approx(row.mean_ms * 6)


def test_temporary_files_and_cache_hits_are_counted(database):
    with counting(database) as conn:
        conn.execute("SET work_mem = '64kB'")
        conn.execute("SELECT count(*) FROM (SELECT g FROM generate_series(1, 50000) AS g ORDER BY -g) AS spilling")
        row = row_of(ask(conn, TOP, top=1000), "spilling")
        assert row.temp_bytes > 0
        assert row.temp_bytes % 8192 == 0
        conn.execute("SELECT count(*) FROM pg_class AS hitting")
        assert 0 <= row_of(ask(conn, TOP, top=1000), "hitting").hit_ratio <= 1


# --- queries.statements_evicted ---------------------------------------------------------------------------------------


def test_evictions_are_found_and_told_from_a_list_that_suffices(server):
    need_extension(server, "pg_stat_statements")
    settings = {**SETTINGS, "shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.max": "100"}
    with start_server(server.binaries, settings=settings) as small, small.connect() as conn:
        conn.execute("CREATE EXTENSION pg_stat_statements; SELECT pg_stat_statements_reset()")
        assert ask(conn, EVICTED, min_window_s=0.0).outcome is Outcome.CLEAN
        for number in range(150):
            conn.execute(("SELECT 1" + ", 1" * number).encode())  # names and constants make no new entry
        result = ask(conn, EVICTED, min_window_s=0.0)
        (finding,) = result.findings
        assert finding.target.sql == '"pg_stat_statements.max"'
        assert finding.fix == "ALTER SYSTEM SET pg_stat_statements.max = 200;"
        conn.execute(finding.fix.encode())
        assert ask(conn, EVICTED).outcome is Outcome.CLEAN, "an hour's window has not passed"
        conn.execute("SELECT pg_stat_statements_reset()")
        assert ask(conn, EVICTED, min_window_s=0.0).outcome is Outcome.CLEAN
