"""vacuum.*: what was never done, and what a role may not see of it."""

from __future__ import annotations

import pytest

from pgops.checks.report import Outcome
from pgops.checks.vacuum._freezing import STOP_AGE
from pgops.checks.vacuum.autovacuum_disabled import CHECK as DISABLED
from pgops.checks.vacuum.database_multixact_age import CHECK as DATABASE_MULTIXACTS
from pgops.checks.vacuum.database_xid_age import CHECK as DATABASE_XIDS
from pgops.checks.vacuum.huge_table_default_scale import CHECK as HUGE
from pgops.checks.vacuum.never_analyzed import CHECK as NEVER_ANALYZED
from pgops.checks.vacuum.stale_statistics import CHECK as STALE
from pgops.checks.vacuum.table_multixact_age import CHECK as TABLE_MULTIXACTS
from pgops.checks.vacuum.table_xid_age import CHECK as TABLE_XIDS
from pgops.findings import Severity
from tests.checks.sessions import ask, role, wait_for


def test_who_may_not_read_a_table_does_not_hear_that_it_was_never_analysed(database):
    with database.connect() as conn, role(database.server, "bare_for_never", "LOGIN IN ROLE pg_monitor") as name:
        conn.execute("CREATE TABLE vacuumed AS SELECT g AS a FROM generate_series(1, 5000) AS g")
        conn.execute("VACUUM vacuumed")  # writes the number of rows
        assert [finding.target.name for finding in ask(conn, NEVER_ANALYZED).findings] == ["vacuumed"]
        with database.connect(user=name) as bare:
            result = ask(bare, NEVER_ANALYZED)
            assert (result.outcome, result.cure) == (Outcome.SKIPPED, f"GRANT SELECT ON public.vacuumed TO {name};")
            # Where nothing was ever counted there can't be statistics: that is known to all.
            conn.execute("CREATE TABLE loaded AS SELECT g AS a FROM generate_series(1, 50000) AS g")
            wait_for(lambda: bool(ask(bare, NEVER_ANALYZED).findings), "the statistics")
            assert [finding.target.name for finding in ask(bare, NEVER_ANALYZED).findings] == ["loaded"]


def test_a_locked_table_is_not_waited_for(database):
    with database.connect() as conn, database.connect(autocommit=False) as holder:
        holder.execute("CREATE TABLE unseen (a int)")
        holder.commit()
        holder.execute("LOCK TABLE unseen")
        assert ask(conn, NEVER_ANALYZED).outcome is Outcome.CLEAN


def test_a_partitioned_table_is_told_by_its_partitions(database):
    with database.connect() as conn:
        conn.execute("CREATE TABLE p (a int) PARTITION BY LIST (a)")
        conn.execute("CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)")
        conn.execute("INSERT INTO p SELECT 1 FROM generate_series(1, 5000)")
        conn.execute("ANALYZE p1")
        (finding,) = ask(conn, NEVER_ANALYZED).findings
        assert (finding.target.name, finding.severity) == ("p", Severity.INFO)
        assert "5,000 rows in 1 partition was never" in finding.message


def test_a_table_that_somebody_vacuums_by_hand_is_worth_knowing_only(database):
    with database.connect() as conn:
        with database.connect() as writer:
            writer.execute("CREATE TABLE manual (a int) WITH (autovacuum_enabled = off)")
            writer.execute("INSERT INTO manual SELECT generate_series(1, 100)")
        wait_for(lambda: ask(conn, DISABLED).findings[0].details["live_rows"] == 100, "the statistics")
        assert ask(conn, DISABLED).findings[0].severity is Severity.WARNING
        conn.execute("VACUUM manual")
        wait_for(lambda: ask(conn, DISABLED).findings[0].severity is Severity.INFO, "the VACUUM")
        assert "by hand" in ask(conn, DISABLED).findings[0].message
        assert ask(conn, DISABLED, manual_days=0.0).findings[0].severity is Severity.WARNING


def test_the_largest_trigger_of_all_tables_counts_from_18(database):
    with database.connect() as conn:
        conn.execute("CREATE TABLE huge (a int)")
        conn.execute("UPDATE pg_class SET reltuples = 5e9 WHERE relname = 'huge'")
        (finding,) = ask(conn, HUGE).findings
        assert finding.severity is Severity.WARNING
        expected = 100_000_000 if database.server.major >= 18 else 1_000_000_050
        assert finding.details["trigger_rows"] == pytest.approx(expected, rel=1e-6)


def test_autovacuums_own_settings_decide_what_is_stale(database):
    with database.connect() as conn:
        with database.connect() as writer:
            writer.execute("CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 1000); ANALYZE t")
            writer.execute("INSERT INTO t SELECT generate_series(1, 20000)")
        wait_for(lambda: bool(ask(conn, STALE).findings), "the statistics")
        (finding,) = ask(conn, STALE).findings
        assert finding.details["analyze_trigger"] == 150
        assert "autovacuum is turned off" in finding.message
        conn.execute(finding.fix.encode())
        wait_for(lambda: ask(conn, STALE).outcome is Outcome.CLEAN, "the ANALYZE")


@pytest.mark.parametrize(
    "check", [DATABASE_XIDS, TABLE_XIDS, DATABASE_MULTIXACTS, TABLE_MULTIXACTS], ids=lambda check: check.id
)
def test_healthy_ages_are_read_too_so_that_two_runs_make_a_forecast(any_database, check):
    with any_database.connect() as conn:
        result = ask(conn, check)
        assert result.outcome is Outcome.CLEAN
        assert result.readings
        assert {reading.limit for reading in result.readings} == {STOP_AGE}
