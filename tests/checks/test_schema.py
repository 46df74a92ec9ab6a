"""schema.*: what a script can't plant: other roles, windows of counting, what stands elsewhere on the server."""

from __future__ import annotations

import attrs
import pytest

import pgops
from pgops.checks.api import Seen
from pgops.checks.report import Outcome
from pgops.checks.schema.circular_foreign_key import circles
from pgops.checks.schema.empty_never_read_table import CHECK as EMPTY
from pgops.checks.schema.extended_statistics_not_built import CHECK as STATISTICS
from pgops.checks.schema.extensions import CHECK as EXTENSIONS
from pgops.checks.schema.foreign_key_type_mismatch import CHECK as MISMATCH
from pgops.checks.schema.outdated_extension import CHECK as OUTDATED
from pgops.checks.schema.outdated_extension import Row as Installed
from pgops.checks.schema.too_many_columns import CHECK as COLUMNS
from pgops.checks.schema.unlogged_table import CHECK as UNLOGGED
from pgops.checks.schema.untrusted_language import CHECK as UNTRUSTED
from pgops.checks.schema.upgrade_blocker import CHECK as UPGRADE
from pgops.checks.schema.uuid_as_text import CHECK as UUID
from pgops.findings import Severity, Target
from pgops.scratch import fresh_database
from tests.checks.reporting import NOW, SERVER
from tests.checks.sessions import ask, role

HOSTILE = 'up"grade %s {x}'


# --- what a role may not see ------------------------------------------------------------------------------------------


def test_statistics_that_a_bare_role_may_not_read_are_unknown(database):
    with database.connect() as conn, role(database.server, "bare_for_statistics") as name:
        conn.execute("CREATE TABLE t (id text, a int, b int)")
        conn.execute("INSERT INTO t SELECT md5(g::text)::uuid::text, g, g FROM generate_series(1, 200) AS g")
        conn.execute("ANALYZE t")
        conn.execute("CREATE STATISTICS s ON a, b FROM t")
        with database.connect(user=name) as bare:
            seen = ask(bare, UUID)
            assert seen.outcome is Outcome.SKIPPED
            assert seen.cure == f"GRANT pg_read_all_data TO {name};"
            seen = ask(bare, STATISTICS)
            assert seen.outcome is Outcome.SKIPPED
            assert f"GRANT SELECT ON pg_catalog.pg_statistic_ext_data TO {name};" in seen.cure
            conn.execute(b"GRANT SELECT ON t TO bare_for_statistics")
            assert [str(finding.target) for finding in ask(bare, UUID).findings] == ["public.t.id"]
            conn.execute(b"REVOKE SELECT ON t FROM bare_for_statistics")


# --- counters and their window ----------------------------------------------------------------------------------------


def test_an_empty_table_is_unknown_before_the_server_has_counted_long_enough(database):
    with database.connect() as conn:
        conn.execute("CREATE TABLE a (id int PRIMARY KEY)")
        conn.execute("CREATE TABLE b (id int)")
        result = ask(conn, EMPTY, min_window_days=10_000)
        assert (result.outcome, result.findings) == (Outcome.SKIPPED, ())
        assert "2 tables are empty" in result.reason
        assert {finding.target.name for finding in ask(conn, EMPTY, min_window_days=0).findings} == {"a", "b"}


# --- keys and their headroom ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("highest", "severity"),
    [(1_000, Severity.WARNING), (1_800_000_000, Severity.WARNING), (1_900_000_000, Severity.CRITICAL)],
)
def test_a_narrow_foreign_key_is_critical_when_the_keys_come_near_its_end(any_database, highest, severity):
    with any_database.connect() as conn:
        conn.execute("CREATE TABLE big (id bigint PRIMARY KEY)")
        conn.execute(f"INSERT INTO big SELECT {highest} - 10 * g FROM generate_series(0, 50) AS g".encode())
        conn.execute("CREATE TABLE narrow (big int REFERENCES big)")
        conn.execute("ANALYZE big")
        result = ask(conn, MISMATCH)
        (finding,) = result.findings
        assert (finding.severity, f"{highest:,}" in finding.message) == (severity, True)
        (row,) = result.rows
        assert (row.highest_key, row.limit_key) == (highest, 2_147_483_647)


def test_of_a_key_that_the_role_may_not_read_the_headroom_is_not_told(any_database):
    with any_database.connect() as conn, role(any_database.server, "bare_for_headroom") as name:
        conn.execute("CREATE TABLE big (id bigint PRIMARY KEY)")
        conn.execute("INSERT INTO big SELECT 2000000000 + g FROM generate_series(0, 50) AS g")
        conn.execute("CREATE TABLE narrow (big int REFERENCES big)")
        conn.execute("ANALYZE big")
        with any_database.connect(user=name) as bare:
            (finding,) = ask(bare, MISMATCH).findings
        assert (finding.severity, "can't hold every key" in finding.message) == (Severity.WARNING, True)


@pytest.mark.parametrize(
    ("edges", "found"),
    [
        ({}, []),
        ({1: (2,), 2: (3,)}, []),
        ({1: (2,), 2: (1,)}, [{1, 2}]),
        ({1: (2,), 2: (3,), 3: (1, 4), 4: (5,), 5: (4,)}, [{1, 2, 3}, {4, 5}]),
        ({1: (2, 3), 2: (4,), 3: (4,), 4: ()}, []),
        ({0: (1,), 1: (2, 3), 2: (0,), 3: (1,)}, [{0, 1, 2, 3}]),
        ({n: ((n + 1) % 5_000,) for n in range(5_000)}, [set(range(5_000))]),
    ],
)
def test_circles_are_found_however_long(edges, found):
    assert sorted(map(sorted, circles(edges))) == sorted(map(sorted, found))


# --- what is near its limit -------------------------------------------------------------------------------------------


def test_dropped_columns_count_and_severities_go_by_what_is_used_up(any_database):
    with any_database.connect() as conn:
        columns = ", ".join(f"c{n} bool" for n in range(100))
        conn.execute(f"CREATE TABLE t ({columns})".encode())
        conn.execute(f"ALTER TABLE t {', '.join(f'DROP COLUMN c{n}' for n in range(60))}".encode())
        assert ask(conn, COLUMNS, wide_columns=41).findings == ()
        for limits, severity in (
            ({"wide_columns": 40}, Severity.INFO),
            ({"warn_numbers": 100}, Severity.WARNING),
            ({"crit_numbers": 100}, Severity.CRITICAL),
        ):
            (finding,) = ask(conn, COLUMNS, **limits).findings
            assert (finding.severity, finding.details["dropped"]) == (severity, 60)


# --- extensions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "severity", "fix"),
    [
        (Installed(extension="a b", installed="1", available="2", reachable=True), Severity.WARNING, '"a b"'),
        (Installed(extension="a", installed="2", available="1", reachable=False), Severity.INFO, None),
        (Installed(extension="a", installed="2", available=None, reachable=False), Severity.INFO, None),
    ],
)
def test_only_what_can_be_updated_has_a_remedy(row, severity, fix):
    (finding,) = OUTDATED.judge([row], Seen(limits=OUTDATED.limits(), server=SERVER, now=NOW))
    assert finding.severity is severity
    assert finding.fix == (fix and f"ALTER EXTENSION {fix} UPDATE;")


def test_extensions_are_listed_with_what_they_made(database):
    with database.connect() as conn:
        conn.execute('CREATE SCHEMA "Ext ra"')
        conn.execute('CREATE EXTENSION pg_trgm SCHEMA "Ext ra"')
        result = ask(conn, EXTENSIONS)
        assert result.outcome is Outcome.LISTED
        rows = {row.extension: row for row in result.rows}
        assert rows["pg_trgm"].schema == "Ext ra"
        assert rows["pg_trgm"].version == rows["pg_trgm"].available_version
        assert rows["pg_trgm"].objects > 10
        assert rows["plpgsql"].objects > 0


def test_an_untrusted_function_is_a_warning_only_for_everybody(any_database):
    with any_database.connect() as conn:
        for name in ("open", "closed"):
            conn.execute(
                f"CREATE FUNCTION {name}(text, text) RETURNS real LANGUAGE c"
                " AS '$libdir/pg_trgm', 'similarity'".encode()
            )
        conn.execute("REVOKE EXECUTE ON FUNCTION closed FROM PUBLIC")
        found = {finding.target.name: finding for finding in ask(conn, UNTRUSTED).findings}
        assert (found["open"].severity, found["closed"].severity) == (Severity.WARNING, Severity.INFO)
        assert found["closed"].fix is None
        conn.execute(found["open"].fix.encode())
        assert {finding.severity for finding in ask(conn, UNTRUSTED).findings} == {Severity.INFO}


# --- upgrades ---------------------------------------------------------------------------------------------------------


def test_what_stands_elsewhere_on_the_server_blocks_an_upgrade_too(database):
    with database.connect() as conn, fresh_database(database.server, HOSTILE) as other:
        conn.execute("BEGIN")
        conn.execute("CREATE TABLE t (a int)")
        conn.execute("PREPARE TRANSACTION 'gid'")
        conn.execute(b'ALTER DATABASE "up""grade %s {x}" ALLOW_CONNECTIONS false')
        try:
            found = {finding.target: finding for finding in ask(conn, UPGRADE).findings}
            assert found.keys() == {Target("prepared transaction", None, "gid"), Target("database", None, HOSTILE)}
            assert found[Target("database", None, HOSTILE)].severity is Severity.WARNING
        finally:
            conn.execute(b'ALTER DATABASE "up""grade %s {x}" ALLOW_CONNECTIONS true')
            conn.execute("ROLLBACK PREPARED 'gid'")
        assert ask(conn, UPGRADE).outcome is Outcome.CLEAN
        assert other.name == HOSTILE


def test_a_nullable_child_column_blocks_the_way_to_18_only(database):
    with database.connect() as conn:
        conn.execute("CREATE TABLE parent (a int)")
        conn.execute('CREATE TABLE "ch ild" () INHERITS (parent)')
        conn.execute("ALTER TABLE ONLY parent ALTER a SET NOT NULL")
        found = ask(conn, UPGRADE).findings
        if conn.info.server_version >= 180000:
            assert found == ()
            return
        (finding,) = found
        assert finding.target == Target("column", "public", "ch ild", "a")
        conn.execute(finding.fix.encode())
        assert ask(conn, UPGRADE).outcome is Outcome.CLEAN


def test_aclitem_blocks_the_way_from_15(database):
    with database.connect() as conn:
        conn.execute("CREATE TABLE t (a aclitem[])")
        found = [str(finding.target) for finding in ask(conn, UPGRADE).findings]
        assert found == (["public.t.a"] if conn.info.server_version < 160000 else [])


# --- rows of what is unlogged -----------------------------------------------------------------------------------------


def test_rows_of_an_unlogged_table_are_told(database):
    with database.connect() as conn:
        conn.execute("CREATE UNLOGGED TABLE t (a int)")
        conn.execute("INSERT INTO t SELECT generate_series(1, 100)")
        conn.execute("ANALYZE t")
        (row,) = ask(conn, UNLOGGED).rows
        assert (row.rows, row.kind) == (100, "table")
        assert attrs.asdict(row)["total_bytes"] > 0


# --- whoever asks, and whoever stands in the way ----------------------------------------------------------------------

NEEDS_MORE = {
    "schema.empty_never_read_table",  # the server has not counted for long enough
    "schema.extended_statistics_not_built",
    "schema.uuid_as_text",
}


def test_a_bare_role_is_answered_behind_a_lock_too(database):
    with database.connect() as conn, role(database.server, "bare_for_schema") as name:
        conn.execute("CREATE TABLE parted (id text, at date) PARTITION BY RANGE (at)")
        conn.execute("CREATE TABLE part PARTITION OF parted FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')")
        conn.execute("CREATE MATERIALIZED VIEW seen AS SELECT id FROM parted WITH NO DATA")
        conn.execute("CREATE STATISTICS s ON id, at FROM parted")
        with conn.transaction(), database.connect(user=name) as bare:
            conn.execute("LOCK parted, part IN ACCESS EXCLUSIVE MODE")
            report = pgops.run_checks(bare, ["schema"])
            assert report.failed == ()
            assert {result.check for result in report.skipped} <= NEEDS_MORE
            assert report["schema.partition_premake"].findings
