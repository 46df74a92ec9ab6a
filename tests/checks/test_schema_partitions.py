"""schema.*: partitions that wait to be detached, that end soon, and that hold what has no other place."""

from __future__ import annotations

from datetime import timedelta

import attrs
import psycopg
import pytest

from pgops.checks.api import Seen
from pgops.checks.report import Outcome
from pgops.checks.schema.default_partition_rows import CHECK as DEFAULT
from pgops.checks.schema.detach_pending_partition import CHECK as PENDING
from pgops.checks.schema.empty_never_read_table import CHECK as EMPTY
from pgops.checks.schema.partition_premake import CHECK as PREMAKE
from pgops.checks.schema.partition_premake import Row
from pgops.findings import Severity
from tests.checks.reporting import NOW, SERVER
from tests.checks.sessions import ask
from tests.db.standby import start_standby

LIVE = ("schema.detach_pending_partition",)
"""Whose fault no script can plant: somebody has to hold the partitioned table while it is detached."""

DAY_S = 86_400


def test_an_interrupted_detach_is_found_and_finished(database):
    with database.connect() as conn, database.connect(autocommit=False) as reader:
        conn.execute('CREATE TABLE "ev ents" (day int) PARTITION BY RANGE (day)')
        conn.execute(b'CREATE TABLE "p %s {x} 1" PARTITION OF "ev ents" FOR VALUES FROM (1) TO (2)')
        conn.execute(b'CREATE TABLE "p %s {x} 2" PARTITION OF "ev ents" FOR VALUES FROM (2) TO (3)')
        assert ask(conn, PENDING).outcome is Outcome.CLEAN
        reader.execute('SELECT * FROM "ev ents"')
        conn.execute("SET statement_timeout = '300ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            conn.execute(b'ALTER TABLE "ev ents" DETACH PARTITION "p %s {x} 1" CONCURRENTLY')
        conn.execute("RESET statement_timeout")
        reader.rollback()
        (finding,) = ask(conn, PENDING).findings
        assert (finding.target.name, finding.severity) == ("p %s {x} 1", Severity.WARNING)
        conn.execute(finding.fix.encode())
        assert ask(conn, PENDING).outcome is Outcome.CLEAN


# --- ahead of time ----------------------------------------------------------------------------------------------------


def monthly(ahead_days: float, *, length_days: float = 30, has_default: bool = False) -> Row:
    return Row(
        schema="public",
        table="events",
        partitions=12,
        has_default=has_default,
        newest="events_12",
        by_time=True,
        ends_at=NOW + timedelta(days=ahead_days),
        ends_before=None,
        ahead_s=ahead_days * DAY_S,
        length_s=length_days * DAY_S,
        newest_rows=0,
    )


def numbered(rows: int, *, has_default: bool = False) -> Row:
    row = monthly(0, has_default=has_default)
    return attrs.evolve(
        row, by_time=False, ends_at=None, ahead_s=None, length_s=None, ends_before=1000.0, newest_rows=rows
    )


@pytest.mark.parametrize(
    ("row", "severity"),
    [
        (monthly(40), None),
        (monthly(30), None),
        (monthly(20), Severity.INFO),
        (monthly(6), Severity.WARNING),
        (monthly(-1), Severity.CRITICAL),
        (monthly(-1, has_default=True), Severity.WARNING),
        (monthly(-299), Severity.CRITICAL),
        (monthly(-1000), Severity.WARNING),
        (monthly(-1000, has_default=True), Severity.INFO),
        (monthly(-400, length_days=365), Severity.WARNING),
        # days: the next one has to be there before the last hour of this
        (monthly(1.5, length_days=1), None),
        (monthly(0.5, length_days=1), Severity.WARNING),
        # years: time enough
        (monthly(100, length_days=365), None),
        (monthly(40, length_days=365), Severity.INFO),
        (numbered(0), None),
        (numbered(10), Severity.WARNING),
        (numbered(10, has_default=True), Severity.INFO),
    ],
)
def test_a_missing_next_partition_is_the_worse_the_nearer(row, severity):
    findings = list(PREMAKE.judge([row], Seen(limits=PREMAKE.limits(), server=SERVER, now=NOW)))
    assert [finding.severity for finding in findings] == ([] if severity is None else [severity])


@pytest.mark.parametrize("setting", ["SET datestyle = 'German, DMY'", "SET timezone = 'Asia/Kathmandu'", "SELECT 1"])
def test_bounds_are_read_whatever_the_session_is_set_to(database, setting):
    with database.connect() as conn:
        conn.execute("CREATE TABLE t (at timestamptz, other int) PARTITION BY RANGE (at, other)")
        conn.execute(
            "CREATE TABLE t_1 PARTITION OF t"
            " FOR VALUES FROM ('2020-03-04 00:00+00', 1) TO ('2020-05-06 07:08:09+00', 2)"
        )
        conn.execute(setting.encode())
        (row,) = ask(conn, PREMAKE).rows
        assert row.ends_at.isoformat() == "2020-05-06T07:08:09+00:00"


def test_a_standby_counts_no_rows(any_server):
    with start_standby(any_server) as conninfo, psycopg.connect(conninfo, autocommit=True) as standby:
        for check in (DEFAULT, EMPTY):
            assert ask(standby, check).outcome is Outcome.SKIPPED
