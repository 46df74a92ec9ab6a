"""tables.*: bloat and updates, what a role may not see of them, and what the estimate makes of a row."""

from __future__ import annotations

import attrs
import pytest

from pgops.checks.api import Seen
from pgops.checks.report import Outcome
from pgops.checks.tables.activity import CHECK as ACTIVITY
from pgops.checks.tables.estimated_bloat import CHECK as ESTIMATED
from pgops.checks.tables.estimated_bloat import Row as Estimated
from pgops.checks.tables.estimated_bloat import expected_bytes, row_width
from pgops.checks.tables.hot_ratio import CHECK as HOT
from pgops.checks.tables.measured_bloat import CHECK as MEASURED
from pgops.checks.tables.size_limit import CHECK as SIZE_LIMIT
from pgops.findings import Severity, Unseen
from tests.checks.reporting import NOW, SERVER
from tests.checks.sessions import ask, role, wait_for
from tests.servers import need_extension

MIB = 2**20


# --- the estimate -----------------------------------------------------------------------------------------------------


def row(*columns: tuple[int, int, float, float], **more) -> Estimated:
    """Columns are length, alignment, width and share of NULLs."""
    given = {
        "schema": "public",
        "table": "t",
        "table_bytes": 100 * MIB,
        "block_bytes": 8192,
        "rows": 100_000,
        "changed_rows": 0,
        "modified_rows": 0,
        "fillfactor": 100,
        "columns": len(columns),
        "unused_columns": 0,
        "has_toast": False,
        "readable": True,
        "row_security": False,
        "lengths": tuple(column[0] for column in columns),
        "alignments": tuple(column[1] for column in columns),
        "widths": tuple(column[2] for column in columns),
        "null_shares": tuple(column[3] for column in columns),
    }
    return Estimated(**{**given, **more})


INT, BIGINT, BOOL = (4, 4, 4.0, 0.0), (8, 8, 8.0, 0.0), (1, 1, 1.0, 0.0)


@pytest.mark.parametrize(
    ("estimated", "expected"),
    [
        (row(), 24),
        (row(INT), 32),
        (row(INT, INT), 32),
        (row(INT, BIGINT), 40),  # 4 bytes of padding
        (row(BOOL, BIGINT, BOOL, BIGINT), 56),
        (row(INT, *[(4, 4, 4.0, 1.0)] * 7), 32),  # the null bitmap fits in the header's padding
        (row(INT, *[(4, 4, 4.0, 1.0)] * 8), 40),  # and here it does not
        (row(INT, columns=9, unused_columns=1), 40),  # a dropped column is NULL in new rows
        (row((-1, 4, 11.0, 0.0)), 24 + 11 + 3.5),  # short text is not aligned, and where it ends nobody knows
        (row((-1, 4, 11.0, 0.0), BIGINT), 24 + 11 + 3.5 + 8 + 3.5),
    ],
)
def test_a_row_is_as_wide_as_the_server_makes_it(estimated, expected):
    assert row_width(estimated).expected_bytes == expected


def test_what_fillfactor_leaves_free_is_expected():
    dense, loose = row(INT), row(INT, fillfactor=50)
    assert expected_bytes(dense) == 8192 * 443  # 226 rows of 32 bytes and a line pointer on a page
    assert expected_bytes(loose) == 8192 * 885
    assert expected_bytes(row(INT, rows=0)) == 0


def judged(estimated: Estimated, **limits) -> list:
    bounds = attrs.evolve(ESTIMATED.limits(), **limits)
    return list(ESTIMATED.judge([estimated], Seen(check=ESTIMATED.id, limits=bounds, server=SERVER, now=NOW)))


@pytest.mark.parametrize(
    ("estimated", "reason", "cure"),
    [
        (row(INT, rows=-1), "never analysed", "ANALYZE public.t;"),
        (row(INT, changed_rows=30_000), "30,000 rows have changed", "ANALYZE public.t;"),
        (row((4, 4, -1.0, 0.0)), "no statistics", "ANALYZE public.t;"),
        (row((4, 4, -1.0, 0.0), readable=False), "may not be read", f"GRANT SELECT ON public.t TO {SERVER.user};"),
    ],
)
def test_what_cannot_be_estimated_is_unknown(estimated, reason, cure):
    (unseen,) = judged(estimated)
    assert isinstance(unseen, Unseen)
    assert reason in unseen.reason
    assert unseen.cure == cure


def test_severity_and_confidence():
    (finding,) = judged(row(INT))
    assert (finding.severity, finding.confidence) == (Severity.WARNING, 0.85)
    (finding,) = judged(row(INT, table_bytes=6 * MIB, changed_rows=10_000, modified_rows=10_000), min_wasted_bytes=MIB)
    assert (finding.severity, finding.confidence) == (Severity.INFO, 0.75)
    assert judged(row(INT, modified_rows=90_000))[0].confidence == 0.7
    assert judged(row(INT, table_bytes=4 * MIB)) == []
    assert judged(row(INT, table_bytes=8 * MIB)) == []  # much of it, and too little to mind


def test_an_emptied_table_is_all_free(database):
    with database.connect() as conn:
        conn.execute("CREATE TABLE t AS SELECT g AS a, repeat('x', 50) AS b FROM generate_series(1, 20000) AS g")
        conn.execute("CREATE TABLE kept AS SELECT 1 AS a")
        conn.execute("DELETE FROM t WHERE a < 20000")  # the last page keeps VACUUM from shortening the file
        conn.execute("SELECT pg_sleep(1.1)")
        conn.execute("VACUUM (ANALYZE) t")
        wait_for(lambda: bool(ask(conn, ESTIMATED, min_wasted_bytes=MIB).findings), "the statistics")
        (finding,) = ask(conn, ESTIMATED, min_wasted_bytes=MIB).findings
        assert finding.details["wasted_pct"] > 99


def test_who_may_not_read_a_table_gets_no_estimate_of_it(database):
    with database.connect() as conn, role(database.server, "bare_for_bloat", "LOGIN IN ROLE pg_monitor") as name:
        conn.execute("CREATE TABLE dense AS SELECT g AS a FROM generate_series(1, 40000) AS g")
        conn.execute("SELECT pg_sleep(1.1)")
        conn.execute("ANALYZE dense")
        wait_for(lambda: ask(conn, ESTIMATED, min_wasted_bytes=MIB).outcome is Outcome.CLEAN, "the statistics")
        with database.connect(user=name) as bare:
            result = ask(bare, ESTIMATED, min_wasted_bytes=MIB)
            assert (result.outcome, result.cure) == (Outcome.SKIPPED, f"GRANT SELECT ON public.dense TO {name};")
            conn.execute(result.cure.encode())
            assert ask(bare, ESTIMATED, min_wasted_bytes=MIB).outcome is Outcome.CLEAN
        conn.execute("DROP TABLE dense")


# --- measured ---------------------------------------------------------------------------------------------------------


def test_measuring_takes_the_extension_and_the_role(database):
    need_extension(database.server, "pgstattuple")
    with database.connect() as conn, role(database.server, "bare_for_measuring") as name:
        assert ask(conn, MEASURED).outcome is Outcome.SKIPPED
        conn.execute('CREATE SCHEMA "ext %s"; CREATE EXTENSION pgstattuple SCHEMA "ext %s"')
        assert ask(conn, MEASURED).outcome is Outcome.CLEAN
        with database.connect(user=name) as bare:
            result = ask(bare, MEASURED)
            assert (result.outcome, result.cure) == (Outcome.SKIPPED, f"GRANT pg_stat_scan_tables TO {name};")


def test_a_locked_table_is_not_waited_for(database):
    need_extension(database.server, "pgstattuple")
    with database.connect() as conn, database.connect(autocommit=False) as holder:
        conn.execute("CREATE EXTENSION pgstattuple")
        conn.execute("CREATE TABLE locked AS SELECT g AS a FROM generate_series(1, 40000) AS g; ANALYZE locked")
        holder.execute("LOCK TABLE locked")
        result = ask(conn, MEASURED, min_wasted_bytes=MIB)
        assert result.outcome is Outcome.SKIPPED
        assert "keeps it locked" in result.reason
        holder.rollback()
        assert ask(conn, MEASURED, min_wasted_bytes=MIB).outcome is Outcome.CLEAN


# --- updates and reads ------------------------------------------------------------------------------------------------


def test_the_cause_of_updates_that_are_not_hot_is_told_where_it_is_counted(database):
    with database.connect() as conn:
        with database.connect() as writer:
            writer.execute("CREATE TABLE full_pages (id int PRIMARY KEY, a int)")
            writer.execute("CREATE TABLE indexed (id int PRIMARY KEY, a int) WITH (fillfactor = 40)")
            writer.execute('CREATE INDEX "in""dex %s" ON indexed (a); CREATE INDEX span ON indexed USING brin (a)')
            for table in ("full_pages", "indexed"):
                writer.execute(f"INSERT INTO {table} SELECT g, 0 FROM generate_series(1, 12000) AS g".encode())
                writer.execute(f"UPDATE {table} SET a = 1".encode())
        wait_for(lambda: len(ask(conn, HOT).findings) == 2, "the statistics")
        said = {finding.target.name: finding.message for finding in ask(conn, HOT).findings}
        counted = database.server.major >= 16
        assert ("either" in said["full_pages"]) == ("either" in said["indexed"]) == (not counted)
        assert '"in""dex %s"' in said["indexed"]
        assert ("span" in said["indexed"]) == (not counted)  # BRIN keeps no update from being HOT from 16 on
        if counted:
            assert "went to another page, since pages are full (fillfactor 100)" in said["full_pages"]
            assert "an updated column is in one of its indexes" in said["indexed"]


def test_activity_lists_the_busiest_first(database):
    with database.connect() as conn:
        with database.connect() as writer:
            writer.execute("CREATE TABLE busy (id int PRIMARY KEY, a int); CREATE TABLE idle (a int)")
            writer.execute("INSERT INTO busy SELECT g, 0 FROM generate_series(1, 1000) AS g; UPDATE busy SET a = 1")
            writer.execute("DELETE FROM busy WHERE id <= 10; SELECT count(*) FROM busy")
            writer.execute("SET enable_seqscan = off; SELECT a FROM busy WHERE id = 500")
        wait_for(lambda: ask(conn, ACTIVITY).rows[0].deleted == 10, "the statistics")
        rows = ask(conn, ACTIVITY).rows
        assert [each.table for each in rows] == ["busy", "idle"]
        busy = rows[0]
        assert (busy.inserted, busy.updated, busy.deleted) == (1000, 1000, 10)
        assert busy.seq_scans >= 1
        assert busy.idx_scans >= 1
        assert [each.table for each in ask(conn, ACTIVITY, top=1).rows] == ["busy"]
        assert ask(conn, ACTIVITY, schema="no such").rows == ()


def test_relations_near_the_largest_size_make_a_forecast(any_database):
    with any_database.connect() as conn:
        conn.execute("CREATE TABLE large (a int)")
        conn.execute("UPDATE pg_class SET relpages = 2000000000 WHERE relname = 'large'")
        (reading,) = ask(conn, SIZE_LIMIT).readings
        assert (reading.value, reading.limit) == (2_000_000_000 * 8192, 4_294_967_294 * 8192)
