"""indexes.unused_index with a history: windows of earlier runs, and what other nodes of the cluster read."""

from __future__ import annotations

import datetime as dt

import attrs
import pytest

from pgops import Outcome, Target, Unseen, open_history, run_checks
from pgops.checks.api import Observation, Past, Seen
from pgops.checks.counting import covered_s
from pgops.checks.indexes.unused_index import CHECK, Row, judge
from tests.checks.reporting import NOW, SERVER

DAY = dt.timedelta(days=1)
INDEX = Target("index", "public", "idle")


def row(*, counted: float, at: dt.datetime = NOW, index: str = "idle", **more) -> Row:
    """An index that was not read in the last `counted` days."""
    given = {
        "schema": "public",
        "table": "t",
        "index": index,
        "index_bytes": 2_000_000,
        "scans": 0,
        "last_scan": None,
        "idle_s": None,
        "partitioned": False,
        "serves_foreign_key": False,
        "receivers": 0,
        "counting": True,
        "counted_since": at - counted * DAY,
        "window_s": counted * 86_400,
    }
    return Row(**{**given, **more})


def seen(ago: float, *, counted: float, index: str = "idle", **more) -> Observation:
    at = NOW - ago * DAY
    return Observation(at=at, rows=(row(counted=counted, at=at, index=index, **more),))


def verdicts(now: Row, own=(), **elsewhere) -> list:
    past = Past(own=tuple(own), elsewhere={node: tuple(observations) for node, observations in elsewhere.items()})
    return list(judge([now], Seen(check=CHECK.id, limits=CHECK.limits(), server=SERVER, now=NOW, past=past)))


def message(*given, **elsewhere) -> str:
    (finding,) = verdicts(*given, **elsewhere)
    assert not isinstance(finding, Unseen), finding
    return finding.message


def test_without_a_history_a_short_window_says_nothing():
    (unseen,) = verdicts(row(counted=2))
    assert isinstance(unseen, Unseen)
    assert "2 d only" in unseen.reason


def test_a_reset_does_not_begin_the_waiting_anew():
    assert "never read in the 8 d" in message(row(counted=2), [seen(3, counted=6)])


def test_windows_that_overlap_count_once():
    assert isinstance(verdicts(row(counted=2), [seen(1, counted=4), seen(1.5, counted=3.5)])[0], Unseen)
    assert "in the 10 d" in message(row(counted=9), [seen(1, counted=9), seen(8, counted=1.5), seen(2, counted=8)])


@pytest.mark.parametrize(
    ("spans", "days"),
    [
        ([], 0),
        ([(NOW - DAY, NOW)], 1),
        ([(None, NOW)], 0),
        ([(NOW - 2 * DAY, NOW), (NOW - DAY, NOW)], 2),
        ([(NOW - DAY, NOW), (NOW - 5 * DAY, NOW - 3 * DAY)], 3),
        ([(NOW, NOW - DAY)], 0),
    ],
)
def test_time_is_covered_once(spans, days):
    assert covered_s(spans) == days * 86_400


def test_what_another_node_reads_is_no_finding():
    assert verdicts(row(counted=30), standby=[seen(1, counted=30, index="another")]) == []
    read_since = [seen(9, counted=20), Observation(at=NOW, rows=())]
    assert verdicts(row(counted=30), standby=read_since) == []


def test_what_no_node_reads_is_a_finding_that_names_them():
    said = message(row(counted=30), standby=[seen(1, counted=8)], replica=[seen(2, counted=9)])
    assert said.endswith("that were counted, nor on replica, standby.")


def test_another_nodes_short_window_says_nothing():
    (unseen,) = verdicts(row(counted=30), standby=[seen(1, counted=2)])
    assert unseen == Unseen(
        INDEX,
        "the server on standby has counted for 2 d only, and 7 days are needed",
        "Ask again when the server has counted for long enough, or set the limit min_window_days.",
    )


def test_an_index_that_was_read_before_a_reset_waits_anew():
    read = seen(3, counted=20, scans=5, idle_s=100 * 86_400.0)
    assert isinstance(verdicts(row(counted=2), [read])[0], Unseen)


def test_a_real_history(tmp_path, database):
    """A window of days is nothing that a test can wait for: the history is of a run whose report says so."""
    with database.connect() as conn:
        conn.execute("CREATE TABLE t AS SELECT i AS a, repeat('x', 100) AS b FROM generate_series(1, 20000) AS i")
        conn.execute("CREATE INDEX idle ON t (a, b)")
        conn.execute("VACUUM ANALYZE t")
        with open_history(tmp_path / "history.sqlite") as history:
            series = history.series("shop", database=database.name)
            first = run_checks(conn, [CHECK], history=series)
            assert first.results[0].outcome is Outcome.SKIPPED
            (found,) = first.results[0].rows
            days_ago = attrs.evolve(found, counted_since=first.started_at - 30 * DAY)
            series.add(
                attrs.evolve(
                    first,
                    started_at=first.started_at - DAY,
                    results=(attrs.evolve(first.results[0], outcome=Outcome.FOUND, rows=(days_ago,)),),
                )
            )
            second = run_checks(conn, [CHECK], history=series)
    assert [finding.target for finding in second.findings] == [INDEX]
    assert "29 d" in second.findings[0].message
