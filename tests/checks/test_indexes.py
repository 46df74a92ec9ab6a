"""indexes.*: what scripts can't plant. Builds in progress, windows, bare roles, locks; the planner as the referee."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import psycopg
import pytest
from psycopg import sql

from pgops.checks.api import Seen
from pgops.checks.indexes.duplicate_index import CHECK as DUPLICATE
from pgops.checks.indexes.invalid_index import CHECK as INVALID
from pgops.checks.indexes.missing_fk_index import CHECK as MISSING_FK
from pgops.checks.indexes.redundant_index import CHECK as REDUNDANT
from pgops.checks.indexes.unused_index import CHECK as UNUSED
from pgops.checks.indexes.unused_index import judge as judge_unused
from pgops.checks.report import Outcome
from pgops.checks.tables.sequential_scans import CHECK as SEQUENTIAL
from pgops.db.server import Server
from pgops.findings import Severity, quote_identifier
from pgops.scratch import restart_server, start_server
from pgops.testing import run_script
from tests.checks.sessions import Sessions, ask, pid_of, role, sessions_of, wait_for
from tests.servers import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.checks.report import CheckResult
    from pgops.scratch import ScratchDatabase, ScratchServer

CASES = Path(__file__).parent / "cases" / "indexes"
ALL = (DUPLICATE, INVALID, MISSING_FK, REDUNDANT, UNUSED, SEQUENTIAL)


@pytest.fixture
def sessions(database: ScratchDatabase) -> Iterator[Sessions]:
    with sessions_of(database) as opened:
        opened.observer.execute(
            "CREATE TABLE t (a int, b text); INSERT INTO t SELECT 1, 'x' FROM generate_series(1, 10)"
        )
        yield opened


def found(result: CheckResult) -> list[str]:
    assert result.outcome in (Outcome.FOUND, Outcome.CLEAN), result.reason
    return sorted(finding.target.sql for finding in result.findings)


# --- missing_fk_index: whatever is called served, the planner must really search by index -----------------------------

KEYS = """
SELECT k.oid::int8, k.conname, n.nspname, t.relname, t.relkind = 'p',
       ARRAY(SELECT a.attname FROM unnest(k.conkey) WITH ORDINALITY u (n, o)
               JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY o) AS columns,
       ARRAY(SELECT format_type(a.atttypid, NULL) FROM unnest(k.confkey) WITH ORDINALITY u (n, o)
               JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY o) AS types,
       ARRAY(SELECT format('OPERATOR(%I.%s)', home.nspname, op.oprname)
               FROM unnest(k.conpfeqop) WITH ORDINALITY u (oid, o)
               JOIN pg_operator op ON op.oid = u.oid JOIN pg_namespace home ON home.oid = op.oprnamespace
              ORDER BY o) AS operators
  FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
 WHERE k.contype = 'f' AND k.conparentid = 0
   AND coalesce((to_jsonb(k) ->> 'conenforced')::bool, TRUE)
"""


def searches(conn: psycopg.Connection[Any]) -> Iterator[tuple[str, list[str], list[dict[str, Any]]]]:
    """Each foreign key's table, its columns, and the scans that look for referring rows, asked like ri_triggers.c."""
    conn.execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
    for number, _, schema, table, partitioned, columns, types, operators in conn.execute(KEYS).fetchall():
        name = sql.Identifier(f"search_{number}")
        conditions = [
            sql.SQL("${} {} x.{}").format(sql.SQL(str(place)), sql.SQL(operator), sql.Identifier(column))
            for place, (operator, column) in enumerate(zip(operators, columns, strict=True), start=1)
        ]
        conn.execute(
            sql.SQL("PREPARE {} ({}) AS SELECT 1 FROM {} {} AS x WHERE {}").format(
                name,
                sql.SQL(", ").join(map(sql.SQL, types)),
                sql.SQL("" if partitioned else "ONLY"),
                sql.Identifier(schema, table),
                sql.SQL(" AND ").join(conditions),
            )
        )
        nothing = sql.SQL(", ").join([sql.NULL] * len(columns))
        plan = conn.execute(sql.SQL("EXPLAIN (FORMAT JSON) EXECUTE {} ({})").format(name, nothing)).fetchone()[0]  # type: ignore[index]
        yield table, columns, [node for node in nodes(plan[0]["Plan"]) if "Scan" in node["Node Type"]]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


@pytest.mark.parametrize("case", sorted(path.stem for path in CASES.glob("missing_fk_index/good_*.sql")))
def test_the_planner_searches_served_keys_by_index(case: str, database: ScratchDatabase) -> None:
    script = (CASES / "missing_fk_index" / f"{case}.sql").read_text(encoding="utf-8")
    if "since: 18" in script and database.server.major < 18:
        pytest.skip("since 18")
    with database.connect() as conn:
        run_script(conn, script)
        for table, columns, scans in searches(conn):
            assert "Seq Scan" not in {scan["Node Type"] for scan in scans}, table
            for scan in scans:
                condition = scan.get("Index Cond", scan.get("Recheck Cond", ""))
                missing = [column for column in columns if column not in condition]
                assert not missing or missing == ["during"], f"{table}: {scan}"


def test_the_planner_has_no_search_for_keys_that_are_not_served(database: ScratchDatabase) -> None:
    # BRIN reads blocks by the key all the same, and a btree with another column ahead reads the whole index.
    helped = {"ranges", "calculated_behind"}
    with database.connect() as conn:
        run_script(conn, (CASES / "missing_fk_index" / "bad_not_served.sql").read_text(encoding="utf-8"))
        by_index = {table for table, _, scans in searches(conn) for scan in scans if "Index Cond" in scan}
        assert by_index - helped == {"included_pair"}  # by one of its two columns
        assert {row.grade for row in ask(conn, MISSING_FK).rows if row.table == "included_pair"} == {"partial"}


@pytest.mark.parametrize(
    ("case", "grades"),
    [
        ("bad_plain", {"none"}),
        ("bad_partial", {"partial"}),
        ("bad_partitioned", {"none"}),
        ("bad_skip_scan_unknown", {"none"}),
        ("bad_period", {"none"}),
        ("bad_skip_scan", {"partial"}),
    ],
)
def test_grades_and_severities(case: str, grades: set[str], database: ScratchDatabase) -> None:
    script = (CASES / "missing_fk_index" / f"{case}.sql").read_text(encoding="utf-8")
    if "since: 18" in script and database.server.major < 18:
        pytest.skip("since 18")
    with database.connect() as conn:
        run_script(conn, script)
        result = ask(conn, MISSING_FK)
    assert {row.grade for row in result.rows} == grades
    expected = Severity.INFO if grades == {"partial"} else Severity.WARNING
    assert {finding.severity for finding in result.findings} == {expected}
    for row, finding in zip(result.rows, result.findings, strict=True):
        assert (row.partial_index is not None) == (row.grade == "partial")
        assert row.partial_index is None or quote_identifier(row.partial_index) in finding.message


def test_the_statistics_of_a_skip_scan_count_as_far_as_the_role_may_read_them(database: ScratchDatabase) -> None:
    if database.server.major < 18:
        pytest.skip("since 18")
    with database.connect() as conn, role(database.server, "bare_indexes") as bare:
        run_script(conn, (CASES / "missing_fk_index" / "bad_skip_scan.sql").read_text(encoding="utf-8"))
        with database.connect(user=bare) as looker:
            assert {row.table: row.grade for row in ask(looker, MISSING_FK).rows} == {
                "orders": "none",
                "flagged": "partial",
            }


# --- invalid_index: work in progress is no fault ----------------------------------------------------------------------


def hold_up_a_build(sessions: Sessions, statement: str) -> tuple[psycopg.Connection[Any], psycopg.Connection[Any]]:
    """An open transaction that wrote to t, and a session whose `statement` has made an index and waits for its end."""
    writer = sessions.open()
    writer.execute("BEGIN; INSERT INTO t VALUES (2, 'y')")
    builder = sessions.start(statement)
    sessions.wait("SELECT EXISTS (SELECT FROM pg_index WHERE NOT indisvalid)", True)
    return writer, builder


def test_create_index_concurrently_in_progress_is_left_out_and_its_rest_is_found(sessions: Sessions) -> None:
    conn = sessions.observer
    conn.execute("CREATE INDEX broken_before ON t (b)")
    conn.execute("UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'broken_before'::regclass")
    _, builder = hold_up_a_build(sessions, "CREATE INDEX CONCURRENTLY t_a ON t (a)")
    assert found(ask(conn, INVALID)) == ["public.broken_before"]
    conn.execute("SELECT pg_cancel_backend(%s)", [pid_of(builder)])
    sessions.finished()
    result = ask(conn, INVALID)
    assert found(result) == ["public.broken_before", "public.t_a"]
    sessions.wait("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'", 1)


def test_a_unique_index_comes_with_a_caution_since_a_rebuild_may_fail_again(database: ScratchDatabase) -> None:
    with database.connect() as conn:
        conn.execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            conn.execute("CREATE UNIQUE INDEX CONCURRENTLY once ON t (a)")
        (finding,) = ask(conn, INVALID).findings
        assert "rows that break that have to go" in finding.message


def test_a_finished_build_is_clean(sessions: Sessions) -> None:
    writer, _ = hold_up_a_build(sessions, "CREATE INDEX CONCURRENTLY t_a ON t (a)")
    writer.execute("COMMIT")
    sessions.finished()
    assert ask(sessions.observer, INVALID).outcome is Outcome.CLEAN


def test_a_role_that_may_not_see_the_build_says_so(sessions: Sessions) -> None:
    conn = sessions.observer
    with role(sessions.database.server, "bare_indexes") as bare, sessions.database.connect(user=bare) as looker:
        assert ask(looker, INVALID).outcome is Outcome.CLEAN
        hold_up_a_build(sessions, "CREATE INDEX CONCURRENTLY t_a ON t (a)")
        result = ask(looker, INVALID)
        assert (result.outcome, len(result.unseen)) == (Outcome.SKIPPED, 1)
        assert "GRANT pg_read_all_stats" in result.cure
        # an index of another table is not what is built there
        conn.execute("CREATE TABLE other (a int); CREATE INDEX other_a ON other (a)")
        conn.execute("UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'other_a'::regclass")
        result = ask(looker, INVALID)
        assert (found(result), len(result.unseen)) == (["public.other_a"], 1)


def test_reindex_concurrently_in_progress_is_left_out_and_its_rest_dropped(sessions: Sessions) -> None:
    conn = sessions.observer
    conn.execute("CREATE INDEX t_a ON t (a); CREATE INDEX t_b ON t (b)")
    writer, builder = hold_up_a_build(sessions, "REINDEX TABLE CONCURRENTLY t")
    with role(sessions.database.server, "bare_indexes") as bare, sessions.database.connect(user=bare) as looker:
        assert ask(conn, INVALID).outcome is ask(looker, INVALID).outcome is Outcome.CLEAN
    conn.execute("SELECT pg_cancel_backend(%s)", [pid_of(builder)])
    sessions.finished()
    result = ask(conn, INVALID)
    names = found(result)
    assert {"public.t_a_ccnew", "public.t_b_ccnew"} < set(names)
    assert len([name for name in names if name.startswith("pg_toast.")]) == 1
    writer.execute("ROLLBACK")  # DROP INDEX CONCURRENTLY would wait for it
    for finding in result.findings:
        conn.execute((finding.fix or "").encode())
    assert ask(conn, INVALID).outcome is Outcome.CLEAN


def test_drop_index_concurrently_in_progress_is_left_out(sessions: Sessions) -> None:
    sessions.observer.execute("CREATE INDEX t_a ON t (a)")
    hold_up_a_build(sessions, "DROP INDEX CONCURRENTLY t_a")
    assert ask(sessions.observer, INVALID).outcome is Outcome.CLEAN


# --- unused_index and sequential_scans: the window --------------------------------------------------------------------

LARGE = """
CREATE TABLE large (a int, b int);
INSERT INTO large SELECT n, n FROM generate_series(1, 80000) AS n;
CREATE INDEX large_a ON large (a);
ANALYZE large;
"""


def test_a_cold_window_is_no_answer(database: ScratchDatabase) -> None:
    with database.connect() as conn:
        conn.execute(LARGE)
        for check in (UNUSED, SEQUENTIAL):
            result = ask(conn, check)
            assert (result.outcome, len(result.unseen)) == (Outcome.SKIPPED, 1)
            assert "has counted for" in result.reason
        assert found(ask(conn, UNUSED, min_window_days=0.0)) == ["public.large_a"]


def test_a_cold_window_still_tells_of_a_large_table_without_an_index(database: ScratchDatabase) -> None:
    with database.connect() as conn:
        conn.execute(LARGE.replace("CREATE INDEX", "-- CREATE INDEX"))
        result = ask(conn, SEQUENTIAL)
        assert [(f.target.sql, f.severity) for f in result.findings] == [("public.large", Severity.INFO)]


def test_nothing_counted_is_no_answer(database: ScratchDatabase) -> None:
    with database.connect() as conn:
        conn.execute(LARGE)
        conn.execute("SET track_counts = off")
        result = ask(conn, UNUSED, min_window_days=0.0)
        assert result.outcome is Outcome.SKIPPED
        assert "track_counts" in result.reason


def test_the_window_begins_anew_at_a_reset_and_a_crash_and_not_at_a_restart(server: ScratchServer) -> None:
    def counted_since() -> datetime:
        with own.connect() as conn:
            since = ask(conn, UNUSED, min_window_days=0.0).rows[0].counted_since
            assert since < conn.execute("SELECT clock_timestamp()").fetchone()[0]  # type: ignore[index]
            return since

    with start_server(server.binaries, settings=SETTINGS) as own:
        with own.connect() as conn:
            conn.execute(LARGE)
        first = counted_since()
        restart_server(own)
        assert counted_since() == first
        restart_server(own, mode="immediate")
        after_crash = counted_since()
        assert after_crash > first
        with own.connect() as conn:
            conn.execute("SELECT pg_stat_reset()")
        wait_for(lambda: counted_since() > after_crash, "the reset")  # 14 has a collector, which takes its time


def test_an_index_younger_than_the_window_has_its_own_where_commits_have_times(any_server: ScratchServer) -> None:
    with start_server(any_server.binaries, settings={**SETTINGS, "track_commit_timestamp": "on"}) as own:
        with own.connect() as conn:
            conn.execute(LARGE)
            conn.execute("CREATE INDEX large_b ON large (b)")
            since = {row.index: row.counted_since for row in ask(conn, UNUSED).rows}
        assert since["large_b"] > since["large_a"]


@pytest.mark.parametrize(
    ("standby", "more", "severity", "has_fix", "says"),
    [
        (False, {}, Severity.WARNING, True, "was never read in the 10 d"),
        (False, {"receivers": 2}, Severity.WARNING, True, "2 receive this server's WAL"),
        (False, {"serves_foreign_key": True}, Severity.INFO, False, "foreign key"),
        (False, {"scans": 3, "idle_s": 200 * 86_400.0}, Severity.INFO, False, "was last read 200 d ago"),
        (True, {}, Severity.INFO, False, "on this standby"),
    ],
)
def test_what_unused_means_where(
    standby: bool, more: dict[str, Any], severity: Severity, has_fix: bool, says: str
) -> None:
    now = datetime(2026, 7, 1, tzinfo=UTC)
    row = attrs.evolve(
        UNUSED.row(
            schema="public",
            table="t",
            index="t_a",
            index_bytes=2**24,
            scans=0,
            last_scan=None,
            idle_s=None,
            partitioned=False,
            serves_foreign_key=False,
            receivers=0,
            counting=True,
            counted_since=now - timedelta(days=10),
            window_s=10 * 86_400.0,
        ),
        **more,
    )
    server = Server(
        version=180000, database="d", user="u", now=now, in_recovery=standby, is_superuser=False, encoding="UTF8"
    )
    [finding] = judge_unused([row], Seen(limits=UNUSED.limits(), server=server, now=now))
    assert (finding.severity, finding.fix is not None) == (severity, has_fix)
    assert says in finding.message


# --- all of them ------------------------------------------------------------------------------------------------------


def test_a_bare_role_gets_the_same_answers(database: ScratchDatabase) -> None:
    with database.connect() as conn, role(database.server, "bare_indexes") as bare:
        for name in ("missing_fk_index/bad_plain", "duplicate_index/bad_kept_order", "invalid_index/bad_toast"):
            conn.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            run_script(conn, (CASES / f"{name}.sql").read_text(encoding="utf-8"))
            with database.connect(user=bare) as looker:
                for check in ALL:
                    limits = {"min_window_days": 0.0} if check in (UNUSED, SEQUENTIAL) else {}
                    assert found(ask(looker, check, **limits)) == found(ask(conn, check, **limits)), check.id


def test_none_waits_behind_access_exclusive(sessions: Sessions) -> None:
    conn = sessions.observer
    run_script(conn, (CASES / "missing_fk_index" / "bad_not_served.sql").read_text(encoding="utf-8"))
    run_script(conn, (CASES / "duplicate_index" / "bad_plain.sql").read_text(encoding="utf-8"))
    free = {check.id: ask(conn, check).rows for check in ALL}
    altering = sessions.open()
    altering.execute("BEGIN")
    tables = conn.execute(
        "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
    )
    for (table,) in tables.fetchall():
        altering.execute(f"LOCK TABLE {table}".encode())
    for check in ALL:
        result = ask(conn, check)
        assert result.outcome is not Outcome.FAILED, result.reason
        assert len(result.rows) == len(free[check.id])


@pytest.mark.parametrize("texts", ["on", "off"])
def test_a_caller_with_old_strings_gets_the_same_answers(texts: str, database: ScratchDatabase) -> None:
    with database.connect() as conn:
        conn.execute("CREATE TABLE referenced (id int PRIMARY KEY, name text)")
        conn.execute("CREATE TABLE served (id int REFERENCES referenced)")
        conn.execute("CREATE INDEX ON served (id) WHERE id IS NOT NULL")
        conn.execute(
            "CREATE INDEX lower_1 ON referenced (lower(name)); CREATE INDEX lower_2 ON referenced ( lower(name))"
        )
        conn.execute("CREATE INDEX left_ccnew1 ON served (id)")
        conn.execute("UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'left_ccnew1'::regclass")
        conn.execute(f"SET standard_conforming_strings = {texts}".encode())
        assert found(ask(conn, MISSING_FK)) == []
        assert found(ask(conn, DUPLICATE)) == ["public.lower_2"]
        assert [finding.fix for finding in ask(conn, INVALID).findings] == [
            "DROP INDEX CONCURRENTLY public.left_ccnew1;"
        ]
