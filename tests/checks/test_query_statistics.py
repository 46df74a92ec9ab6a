"""queries.statements_unavailable, cache_hit_ratio and temp_files, and what is SKIPPED where nothing is counted."""

from __future__ import annotations

import datetime as dt

import pytest

from pgops import Outcome, Severity, Unseen
from pgops.checks.api import Seen
from pgops.checks.queries.cache_hit_ratio import CHECK as HITS
from pgops.checks.queries.slow_query import CHECK as SLOW
from pgops.checks.queries.statements_unavailable import CHECK as UNAVAILABLE
from pgops.checks.queries.temp_files import CHECK as TEMP
from tests.checks.reporting import NOW, SERVER
from tests.checks.sessions import ask, wait_for
from tests.servers import need_extension

LIVE = ("queries.cache_hit_ratio", "queries.statements_unavailable", "queries.temp_files")

GB = 1024**3
COUNTED = {"counting": True, "counted_since": NOW - dt.timedelta(days=2), "window_s": 2 * 86_400.0}


def judged(check, row, **limits):
    seen = Seen(check=check.id, limits=check.limits(**limits), server=SERVER, now=NOW)
    return list(check.judge([check.row(**{"database": "shop", **COUNTED, **row})], seen))


def test_a_database_without_the_extension_is_told_how_to_get_it(database):
    need_extension(database.server, "pg_stat_statements")
    with database.connect() as conn:
        (finding,) = ask(conn, UNAVAILABLE).findings
        assert (finding.severity, finding.fix) == (Severity.INFO, "CREATE EXTENSION pg_stat_statements;")
        conn.execute(finding.fix)
        assert ask(conn, UNAVAILABLE).outcome is Outcome.CLEAN
        conn.execute("SET pg_stat_statements.track = none")
        assert "told not to count" in ask(conn, UNAVAILABLE).findings[0].message


@pytest.mark.parametrize(("setting", "value"), [("pg_stat_statements.track", "none"), ("compute_query_id", "off")])
def test_statements_that_are_not_counted_are_not_called_quick(setting, value, database):
    need_extension(database.server, "pg_stat_statements")
    with database.connect() as conn:
        conn.execute("CREATE EXTENSION pg_stat_statements")
        assert ask(conn, SLOW).outcome.answered
        conn.execute(f"SET {setting} = {value}".encode())
        result = ask(conn, SLOW)
    assert (result.outcome, result.reason) == (
        Outcome.SKIPPED,
        f"{setting} is {value}, so the server has seen nothing",
    )
    assert result.cure == f"ALTER SYSTEM RESET {setting};"


def test_temporary_files_are_counted(database):
    with database.connect() as conn:
        assert ask(conn, TEMP).outcome is Outcome.CLEAN
    with database.connect() as conn:
        conn.execute("SET work_mem = '64kB'")
        conn.execute("SELECT count(*) FROM (SELECT i FROM generate_series(1, 100000) AS i ORDER BY -i OFFSET 0) AS s")

    def found():
        with database.connect() as fresh:
            return ask(fresh, TEMP, warn_bytes_per_day=1).findings

    wait_for(lambda: bool(found()), "the files to be counted")
    assert found()[0].severity is Severity.INFO


def test_the_rate_of_temporary_files_is_by_the_day():
    assert judged(TEMP, {"files": 9, "written_bytes": 19 * GB, "work_mem": "4MB"}) == []
    (finding,) = judged(TEMP, {"files": 9, "written_bytes": 21 * GB, "work_mem": "4MB"})
    assert finding.message == "Queries wrote 21 GiB to 9 temporary files in the 2 d that were counted; work_mem is 4MB."


def test_hits_are_a_share_of_all_pages(database):
    def hits():
        with database.connect() as fresh:
            return ask(fresh, HITS).rows[0].hits

    wait_for(lambda: hits() > 0, "pages to be counted")  # 14 has a collector, which takes its time
    with database.connect() as conn:
        assert ask(conn, HITS).outcome is Outcome.CLEAN
        assert ask(conn, HITS, min_blocks=1, min_pct=101.0).outcome is Outcome.SKIPPED, "it has counted for seconds"
        assert ask(conn, HITS, min_blocks=1, min_pct=101.0, min_window_days=0.0).outcome is Outcome.FOUND


def test_a_low_share_of_hits_is_told():
    (finding,) = judged(HITS, {"hits": 900_000, "reads": 100_001})
    assert finding.message.startswith("90 % of 1,000,001 pages were found")
    assert judged(HITS, {"hits": 960_000, "reads": 40_000}) == []
    assert judged(HITS, {"hits": 9, "reads": 1}) == []
    (unseen,) = judged(HITS, {"hits": 9, "reads": 10_000_000, "window_s": 60.0})
    assert isinstance(unseen, Unseen)
