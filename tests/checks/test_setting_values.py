"""settings.*: known releases, values and remedies by hand-made rows, where no server has to be set wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from pgops.checks.api import Seen
from pgops.checks.settings._reading import Setting, in_bytes, in_seconds, in_words, remedy
from pgops.checks.settings._releases import AS_OF, NEWEST_MINOR, SUPPORTED_UNTIL, Release
from pgops.checks.settings.contradiction import CHECK as CONTRADICTION
from pgops.checks.settings.memory_overcommit import CHECK as MEMORY
from pgops.checks.settings.minor_outdated import CHECK as MINOR
from pgops.checks.settings.random_page_cost_high import CHECK as RANDOM_COST
from pgops.checks.settings.version_end_of_life import CHECK as END_OF_LIFE
from pgops.db.server import Server
from pgops.findings import Severity
from tests.checks.sessions import ask

if TYPE_CHECKING:
    from pgops.checks.api import Check
    from pgops.scratch import ScratchDatabase, ScratchServer

LIVE = ("settings.minor_outdated", "settings.version_end_of_life")
"""Whose faults no script can plant: the tests below make the real trouble."""

# --- releases ---------------------------------------------------------------------------------------------------------

SERVER = Server(
    version=160004,
    database="my shop",
    user="Me",
    now=datetime(2026, 1, 1, tzinfo=UTC),
    in_recovery=False,
    is_superuser=True,
    encoding="UTF8",
)


def seen_at(check: Check[Any, Any], now: datetime) -> Seen[Any]:
    return Seen(limits=check.limits(), server=SERVER, now=now)


def said(check: Check[Any, Any], major: int, minor: int, day: date) -> list[Severity | str]:
    row = Release(release=f"{major}.{minor}", major=major, minor=minor)
    now = datetime(day.year, day.month, day.day, tzinfo=UTC)
    assert check.judge is not None
    return [getattr(each, "severity", "unseen") for each in check.judge([row], seen_at(check, now))]


@pytest.mark.parametrize(
    ("major", "day", "expected"),
    [
        (14, date(2026, 11, 13), [Severity.WARNING]),
        (14, date(2026, 11, 12), [Severity.INFO]),
        (14, date(2026, 1, 1), []),
        (18, date(2026, 11, 13), []),
        (18, date(2030, 11, 15), [Severity.WARNING]),
        (13, date(2026, 1, 1), [Severity.WARNING]),
        (19, date(2027, 1, 1), []),
        (19, date(2031, 1, 1), ["unseen"]),
    ],
)
def test_end_of_life(major: int, day: date, expected: list[object]) -> None:
    assert said(END_OF_LIFE, major, 0, day) == expected


@pytest.mark.parametrize(
    ("behind", "days", "expected"),
    [
        (1, 10, [Severity.INFO]),
        (1, 31, [Severity.WARNING]),
        (0, 31, []),
        (-1, 31, []),
        (0, 121, ["unseen"]),
        (2, 1000, [Severity.WARNING]),
    ],
)
def test_minor_release(behind: int, days: int, expected: list[object]) -> None:
    for major, newest in NEWEST_MINOR.items():
        assert said(MINOR, major, newest - behind, AS_OF + timedelta(days=days)) == expected


def test_an_unknown_major_has_no_known_minor() -> None:
    assert said(MINOR, 19, 0, AS_OF) == []
    assert NEWEST_MINOR.keys() == SUPPORTED_UNTIL.keys()


def test_a_real_server_says_what_it_is(database: ScratchDatabase, server: ScratchServer) -> None:
    with database.connect() as conn:
        for check in (MINOR, END_OF_LIFE):
            (row,) = ask(conn, check).rows
            assert (row.major, f"{row.major}.{row.minor}") == (server.major, server.binaries.version)


# --- reading ----------------------------------------------------------------------------------------------------------


def setting(name: str = "work_mem", value: str = "4096", **more: Any) -> Setting:
    fields = {"unit": "kB", "built_in": "4096", "source": "configuration file", "context": "user", **more}
    return Setting(name=name, value=value, **fields)


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        ("4096", "kB", "4 MiB"),
        ("16384", "8kB", "128 MiB"),
        ("64", "MB", "64 MiB"),
        ("300", "s", "5 min"),
        ("1500", "ms", "1.5 s"),
        ("-1", "ms", "-1"),
        ("on", None, "on"),
        ("", None, "empty"),
        ("5", "min", "5 min"),
    ],
)
def test_values_for_people(value: str, unit: str | None, words: str) -> None:
    assert in_words(setting(value=value, unit=unit)) == words


def test_values_in_their_units() -> None:
    assert in_bytes(setting(value="2", unit="8kB")) == 16384
    assert in_bytes(setting(value="-1", unit="kB")) == -1
    assert in_seconds(setting(value="1", unit="min")) == 60


@pytest.mark.parametrize(
    ("source", "context", "sql"),
    [
        ("configuration file", "user", "ALTER SYSTEM SET work_mem = '8MB';"),
        ("default", "postmaster", "ALTER SYSTEM SET work_mem = '8MB';"),
        ("global", "user", "ALTER ROLE ALL RESET work_mem;"),
        ("database", "user", 'ALTER DATABASE "my shop" RESET work_mem;'),
        ("user", "user", 'ALTER ROLE "Me" RESET work_mem;'),
        ("database user", "user", 'ALTER ROLE "Me" IN DATABASE "my shop" RESET work_mem;'),
        ("command line", "user", None),
    ],
)
def test_a_remedy_goes_to_where_the_value_comes_from(source: str, context: str, sql: str | None) -> None:
    assert remedy(setting(source=source, context=context), "8MB", SERVER) == sql


# --- memory -----------------------------------------------------------------------------------------------------------

GB, MB, KB = 2**30, 2**20, 2**10


@pytest.mark.parametrize(
    ("memory", "work", "connections", "expected"),
    [
        pytest.param(1 * GB, 1310 * KB, 200, [], id="small, as pgtune sets it"),
        pytest.param(256 * GB, 64 * MB, 500, [], id="large"),
        pytest.param(1 * GB, 4 * MB, 200, [Severity.WARNING], id="small, too much for each"),
        pytest.param(256 * GB, 256 * MB, 500, [Severity.INFO], id="large, a little too much"),
    ],
)
def test_memory_is_judged_by_what_the_cache_lets_expect(
    memory: int, work: int, connections: int, expected: list[Severity]
) -> None:
    row = MEMORY.row(
        shared_buffers_bytes=memory // 4,
        work_mem_bytes=work,
        hash_mem_ratio=2.0,
        max_connections=connections,
        maintenance_bytes=memory // 16 if memory < 32 * GB else 2 * GB,
        autovacuum_workers=3,
        effective_cache_bytes=memory * 3 // 4,
        effective_cache_set=True,
    )
    findings = list(MEMORY.judge([row], seen_at(MEMORY, datetime(2026, 1, 1, tzinfo=UTC))))
    assert [finding.severity for finding in findings] == expected


# --- settings against each other --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "loser"),
    [
        ({"min_wal_size": "2048", "max_wal_size": "1024"}, ["min_wal_size"]),
        ({"min_wal_size": "80", "max_wal_size": "1024"}, []),
        ({"max_slot_wal_keep_size": "1024", "wal_keep_size": "2048"}, ["max_slot_wal_keep_size"]),
        ({"max_slot_wal_keep_size": "-1", "wal_keep_size": "2048"}, []),
        ({"max_slot_wal_keep_size": "4096", "wal_keep_size": "2048"}, []),
    ],
)
def test_settings_that_contradict_each_other(values: dict[str, str], loser: list[str]) -> None:
    idle = setting("idle_in_transaction_session_timeout", "0", unit="ms")
    rows = [idle, *(setting(name, value, unit="MB") for name, value in values.items())]
    findings = CONTRADICTION.judge(rows, seen_at(CONTRADICTION, datetime(2026, 1, 1, tzinfo=UTC)))
    assert [finding.target.name for finding in findings] == loser


# --- disks ------------------------------------------------------------------------------------------------------------


def test_disks_are_judged_by_how_long_reads_take(any_database: ScratchDatabase) -> None:
    with any_database.connect() as conn:
        (row,) = ask(conn, RANDOM_COST).rows
        slow = attrs.evolve(row, random_page_cost=4.0, seq_page_cost=1.0, reads=1_000_000, read_ms=9.0)
        fast = attrs.evolve(slow, read_ms=0.2)
        unknown = attrs.evolve(slow, read_ms=None)
        seen = seen_at(RANDOM_COST, datetime(2026, 1, 1, tzinfo=UTC))
        said = [[finding.confidence for finding in RANDOM_COST.judge([each], seen)] for each in (slow, fast, unknown)]
        assert said == [[], [0.8], [0.5]]
