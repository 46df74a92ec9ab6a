"""storage.*: what is large, what grows, and what the caller saw of the disks."""

from __future__ import annotations

import datetime as dt
import os

import attrs
import pytest

import pgops
from pgops.checks.api import Observation, Past, Seen
from pgops.checks.report import Outcome
from pgops.checks.storage.database_sizes import CHECK as DATABASES
from pgops.checks.storage.disk_free import CHECK as DISK
from pgops.checks.storage.disk_free import Mount
from pgops.checks.storage.orphaned_large_objects import CHECK as LARGE_OBJECTS
from pgops.checks.storage.relation_growth import CHECK as GROWTH
from pgops.checks.storage.relation_growth import Row as Relation
from pgops.checks.storage.tablespaces import CHECK as TABLESPACES
from pgops.checks.storage.too_many_relations import CHECK as MANY
from pgops.findings import Severity, Target
from tests.checks.reporting import NOW, SERVER
from tests.checks.sessions import ask, role

LIVE = (
    "storage.disk_free",
    "storage.orphaned_large_objects",
    "storage.relation_growth",
    "storage.too_many_relations",
)
"""Whose faults no script can plant: their targets are databases or disks, or it takes an earlier run."""

GIB = 2**30
HOSTILE = 'lar"ge %s {x}'


# --- disks ------------------------------------------------------------------------------------------------------------


def mount(used_pct: float, *, inodes_pct: float | None = None) -> Mount:
    return Mount(
        path="/var/lib/postgresql",
        total_bytes=1000 * GIB,
        free_bytes=int((100 - used_pct) * 10 * GIB),
        total_inodes=None if inodes_pct is None else 1000,
        free_inodes=None if inodes_pct is None else int((100 - inodes_pct) * 10),
    )


def looked_at(conn, *mounts: Mount):
    return pgops.run_checks(conn, [DISK], facilities={"disk": mounts})[DISK.id]


@pytest.mark.parametrize(
    ("seen", "severity"),
    [
        (mount(10), None),
        (mount(84.9), None),
        (mount(85), Severity.WARNING),
        (mount(94.9), Severity.WARNING),
        (mount(95), Severity.CRITICAL),
        (mount(100), Severity.CRITICAL),
        (mount(10, inodes_pct=50), None),
        (mount(10, inodes_pct=90), Severity.WARNING),
        (mount(10, inodes_pct=99), Severity.CRITICAL),
    ],
)
def test_full_disks_are_found_by_space_and_by_inodes(any_database, seen, severity):
    with any_database.connect() as conn:
        result = looked_at(conn, seen)
        if severity is None:
            assert result.outcome is Outcome.CLEAN
        else:
            (finding,) = result.findings
            assert (finding.severity, finding.target) == (severity, Target("disk", None, "/var/lib/postgresql"))
            assert ("inodes" in finding.message) == (seen.total_inodes is not None)


def test_two_looks_at_a_disk_make_a_forecast(any_database):
    with any_database.connect() as conn:
        (reading,) = looked_at(conn, mount(50)).readings
        assert (reading.value, reading.limit) == (500 * GIB, 1000 * GIB)


def test_without_a_look_at_the_disks_nothing_is_said(any_database):
    with any_database.connect() as conn:
        result = ask(conn, DISK)
        assert result.outcome is Outcome.SKIPPED
        assert "'disk'" in result.cure


def test_a_mount_is_read_as_df_does(tmp_path):
    seen, said = Mount.of(tmp_path), os.statvfs(tmp_path)
    assert seen.total_bytes == said.f_blocks * said.f_frsize
    assert 0 < seen.free_bytes <= seen.total_bytes
    with pytest.raises(OSError, match="No such file"):
        Mount.of(tmp_path / "nowhere")


# --- growth -----------------------------------------------------------------------------------------------------------


def relation(gib: float, *, name: str = "events", kind: str = "table") -> Relation:
    return Relation(schema="public", relation=name, kind=kind, total_bytes=int(gib * GIB))


def grown(now: list[Relation], before: list[Relation] | None, *, days: float = 1, **limits) -> list:
    earlier = () if before is None else (Observation(at=NOW - dt.timedelta(days=days), rows=tuple(before)),)
    bounds = attrs.evolve(GROWTH.limits(), **limits)
    return list(GROWTH.judge(now, Seen(check=GROWTH.id, limits=bounds, server=SERVER, now=NOW, past=Past(own=earlier))))


@pytest.mark.parametrize(
    ("now", "before", "severity"),
    [
        (10, 10, None),
        (10, 12, None),
        (11, 10, None),  # a gibibyte, and little of the whole
        (0.9, 0.1, None),  # much of the whole, and little
        (13, 10, Severity.INFO),
        (20, 10, Severity.WARNING),
        (30, 0, Severity.WARNING),
    ],
)
def test_growth_counts_by_size_and_by_share(now, before, severity):
    findings = grown([relation(now)], [relation(before)])
    assert [finding.severity for finding in findings] == ([] if severity is None else [severity])


def test_what_is_new_has_grown_from_little_unless_only_the_largest_are_known():
    others = [relation(9, name="other")]
    (finding,) = grown([relation(10), *others], others)
    assert (finding.target.name, finding.details["earlier_bytes"]) == ("events", 64 * 2**20)
    # It may have been nearly as large as the smallest of those that were remembered.
    assert [each.severity for each in grown([relation(10)], others, top=1, info_pct=5)] == [Severity.INFO]


def test_an_index_and_a_table_of_one_name_are_told_apart():
    assert grown([relation(9, kind="index")], [relation(9, kind="index"), relation(1)]) == []


@pytest.mark.parametrize(("before", "days"), [(None, 1), ([], 40)])
def test_without_an_earlier_run_nothing_is_said(before, days):
    assert grown([relation(9)], before, days=days) == []


def test_growth_is_found_by_two_runs_with_a_history(database, tmp_path):
    limits = {GROWTH.id: {"min_growth_bytes": 100_000, "min_bytes": 8192}}
    with pgops.open_history(tmp_path / "history.sqlite") as history, database.connect() as conn:
        series = history.series("test", database=database.name)
        conn.execute('CREATE SCHEMA "sche.ma"')
        conn.execute(f'CREATE TABLE "sche.ma"."{HOSTILE.replace(chr(34), chr(34) * 2)}" (a int)'.encode())
        name = f'"sche.ma"."{HOSTILE.replace(chr(34), chr(34) * 2)}"'
        conn.execute("CREATE TABLE steady AS SELECT generate_series(1, 20000) AS a")
        conn.execute("VACUUM ANALYZE")
        first = pgops.run_checks(conn, [GROWTH], limits=limits, history=series)
        assert first[GROWTH.id].outcome is Outcome.CLEAN
        series.add(first)
        conn.execute(f"INSERT INTO {name} SELECT generate_series(1, 20000)".encode())
        conn.execute(f"VACUUM {name}".encode())
        second = pgops.run_checks(conn, [GROWTH], limits=limits, history=series)
        (finding,) = second.findings
        assert (finding.target, finding.severity) == (Target("table", "sche.ma", HOSTILE), Severity.WARNING)
        series.add(second)
        assert pgops.run_checks(conn, [GROWTH], limits=limits, history=series)[GROWTH.id].outcome is Outcome.CLEAN


# --- how many, and where ----------------------------------------------------------------------------------------------


def test_very_many_relations_are_counted(database):
    with database.connect() as conn:
        conn.execute('CREATE SCHEMA "te.nant"; CREATE TABLE p (a int) PARTITION BY LIST (a)')
        conn.execute("CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)")
        conn.execute('CREATE TABLE "te.nant".t (a int PRIMARY KEY, b text); CREATE VIEW v AS SELECT 1 AS a')
        result = ask(conn, MANY)
        assert result.outcome is Outcome.CLEAN
        (row,) = result.rows
        (count,) = conn.execute("SELECT count(*) FROM pg_class WHERE relkind IN ('r','m','p','t','i','I')").fetchone()
        assert (row.relations, row.partitions, row.largest_schemas) == (count, 1, ("public", "te.nant"))
        for limits, severity in (
            ({"info_relations": count}, Severity.INFO),
            ({"warn_relations": count}, Severity.WARNING),
        ):
            (finding,) = ask(conn, MANY, **limits).findings
            assert (finding.severity, finding.target.name) == (severity, database.name)


def test_databases_are_listed_with_the_sizes_that_one_may_see(database):
    with database.connect() as conn, role(database.server, "bare_for_sizes_of_databases") as name:
        rows = {row.database: row for row in ask(conn, DATABASES).rows}
        (size,) = conn.execute("SELECT pg_database_size(current_database())").fetchone()
        assert rows[database.name].size_bytes == size
        assert (rows["template0"].takes_connections, rows["template0"].template) == (False, True)
        with database.connect(user=name) as bare:
            seen = {row.database: row for row in ask(bare, DATABASES).rows}
        assert seen[database.name].size_bytes == size
        conn.execute(f'REVOKE CONNECT ON DATABASE "{database.name}" FROM PUBLIC'.encode())
        with database.server.connect(user=name) as elsewhere:
            assert {row.database: row for row in ask(elsewhere, DATABASES).rows}[database.name].size_bytes is None


def test_tablespaces_are_listed_and_measured_only_when_asked(database):
    with database.connect() as conn:
        conn.execute("CREATE TABLE t AS SELECT generate_series(1, 10000) AS a")
        conn.execute("ANALYZE t")
        rows = {row.tablespace: row for row in ask(conn, TABLESPACES).rows}
        assert set(rows) == {"pg_default", "pg_global"}
        assert (rows["pg_default"].size_bytes, rows["pg_default"].location) == (None, None)
        assert rows["pg_default"].here_bytes > 300_000
        assert 0 < rows["pg_global"].relations_here < rows["pg_default"].relations_here
        measured = {row.tablespace: row for row in ask(conn, TABLESPACES, measure=True).rows}
        assert measured["pg_default"].size_bytes > measured["pg_default"].here_bytes


# --- large objects ----------------------------------------------------------------------------------------------------


def test_large_objects_that_no_row_refers_to_are_found(database):
    with database.connect() as conn:
        assert ask(conn, LARGE_OBJECTS, min_objects=1).outcome is Outcome.CLEAN
        conn.execute("SELECT lo_create(0) FROM generate_series(1, 5)")
        (finding,) = ask(conn, LARGE_OBJECTS, min_objects=1).findings
        assert (finding.details["orphans"], finding.details["columns"]) == (5, 0)
        conn.execute('CREATE SCHEMA "sche.ma"; CREATE DOMAIN lo AS oid; CREATE DOMAIN "l o" AS lo')
        conn.execute('CREATE TABLE "sche.ma"."do""cs %s {x}" ("it\'s %s" oid); CREATE TABLE other (a "l o", b int)')
        conn.execute(
            """INSERT INTO "sche.ma"."do""cs %s {x}" SELECT oid FROM pg_largeobject_metadata ORDER BY oid LIMIT 2"""
        )
        conn.execute("INSERT INTO other SELECT oid FROM pg_largeobject_metadata ORDER BY oid DESC LIMIT 1")
        conn.execute("INSERT INTO other VALUES (NULL)")
        (finding,) = ask(conn, LARGE_OBJECTS, min_objects=1).findings
        assert (finding.details["orphans"], finding.details["columns"]) == (2, 2)
        assert ask(conn, LARGE_OBJECTS).outcome is Outcome.CLEAN
        with role(database.server, "bare_for_large_objects") as name:
            with database.connect(user=name) as bare:
                result = ask(bare, LARGE_OBJECTS, min_objects=1)
            assert result.outcome is Outcome.SKIPPED
            assert result.cure.splitlines() == [
                'GRANT SELECT ON "sche.ma"."do""cs %s {x}" TO bare_for_large_objects;',
                "GRANT SELECT ON public.other TO bare_for_large_objects;",
            ]
            conn.execute('DROP TABLE other; DROP SCHEMA "sche.ma" CASCADE')
