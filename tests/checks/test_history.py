"""The history: reports that are kept in one file that only grows, and what checks learn from it."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import signal
import sqlite3
import stat
import threading
import time

import attrs
import pytest

import pgops
from pgops import Reading, Target, open_history
from pgops.checks.api import Past
from pgops.checks.history import BASELINE
from pgops.errors import HistoryError
from tests.checks.making import make_check, trusted
from tests.checks.reporting import MIXED, NOW, SERVER, found, names, report, result

DAY = dt.timedelta(days=1)
SHOP = {"cluster": "prod", "database": "shop", "node": "primary"}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "history.sqlite"


@pytest.fixture
def history(file):
    with open_history(file) as history:
        yield history


@pytest.fixture
def series(history):
    return history.series(**SHOP)


def on(day, *results):
    return report(*results, started_at=NOW + day * DAY)


# --- keeping ----------------------------------------------------------------------------------------------------------


def test_a_report_reads_back_equal(series, file):
    series.add(MIXED)
    assert list(series.reports()) == [MIXED]
    with open_history(file) as again:
        assert again.series(**SHOP).latest() == MIXED


def test_a_real_report_reads_back_equal(series, any_database):
    with any_database.connect() as conn:
        real = pgops.run_checks(conn, ["tables", "indexes", "vacuum"])
    of_it = series.history.series("prod", database=real.server.database)
    of_it.add(real)
    assert of_it.latest() == real


def test_reports_come_in_the_order_of_the_servers_clock(series):
    for day in (2, 0, 1):
        series.add(on(day))
    assert [each.started_at for each in series.reports()] == [NOW, NOW + DAY, NOW + 2 * DAY]
    assert (len(series), series.latest().started_at) == (3, NOW + 2 * DAY)


def test_series_are_kept_apart(history):
    places = [
        history.series("prod", database="shop", node="primary"),
        history.series("prod", database="shop", node="standby"),
        history.series("test", database="shop", node="primary"),
        history.series("prod", database='it\'s "odd" {x} %s', node="primary"),
    ]
    for place in places:
        place.add(report(server=attrs.evolve(SERVER, database=place.database)))
    assert [len(place) for place in places] == [1, 1, 1, 1]
    assert sorted(history, key=repr) == sorted(places, key=repr)


def test_what_does_not_belong_is_refused(series):
    with pytest.raises(HistoryError, match="'elsewhere'"):
        series.add(report(server=attrs.evolve(SERVER, database="elsewhere")))
    with pytest.raises(HistoryError, match="reached no server"):
        series.add(report(server=None))
    assert (len(series), series.latest()) == (0, None)


def test_the_file_is_its_owners_alone(history, file):
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("change", ["UPDATE run SET node = 'x'", "DELETE FROM result", "DELETE FROM run"])
def test_the_file_only_grows(series, file, change):
    series.add(MIXED)
    with sqlite3.connect(file) as stranger, pytest.raises(sqlite3.IntegrityError, match="only grows"):
        stranger.execute(change)
    assert series.latest() == MIXED


# --- files that are none ----------------------------------------------------------------------------------------------


def of_another_program(file):
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE t (a)")


def no_database(file):
    file.write_text("a text that is no database, and long enough to show it" * 10)


def of_a_newer_pgops(file):
    open_history(file).close()
    with sqlite3.connect(file) as newer:
        newer.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize("make", [of_another_program, no_database, of_a_newer_pgops])
def test_a_file_that_is_no_history_is_left_alone(file, make):
    make(file)
    before = file.read_bytes()
    with pytest.raises(HistoryError, match=str(file)):
        open_history(file)
    if make is not of_another_program:  # SQLite notes in its header that it would write a log of its own
        assert file.read_bytes() == before


# --- baselines and what is new ----------------------------------------------------------------------------------------


def test_a_report_is_held_against_the_one_before_it(series):
    assert series.compare(on(1)) is None
    series.add(on(0, result("made.a", found("old"))))
    series.add(on(1, result("made.a", found("old"), found("later"))))
    now = on(2, result("made.a", found("later"), found("new")))
    series.add(now)
    comparison = series.compare(now)
    assert (names(comparison.new), names(comparison.persisting), names(comparison.resolved)) == (
        ["new"],
        ["later"],
        ["old"],
    )


def test_a_baseline_stays_what_reports_are_held_against(series):
    series.add(on(0, result("made.a", found("old"))))
    series.mark()
    series.add(on(1, result("made.a", found("later"))))
    now = on(2, result("made.a", found("later")))
    assert names(series.compare(now).new) == ["later"]
    series.mark()
    assert names(series.compare(now).new) == []


def test_marks_have_names(series):
    series.add(on(0))
    series.mark("before the release")
    series.add(on(1))
    assert series.marked("before the release").started_at == NOW
    assert (series.marked(BASELINE), series.marked("other")) == (None, None)


def test_nothing_can_be_marked_where_there_is_nothing(series):
    with pytest.raises(HistoryError, match="no report"):
        series.mark()


def test_a_finding_is_dated(series):
    for day, finding in ((0, "a"), (1, "b"), (2, "b")):
        series.add(on(day, result("made.a", found(finding))))
    last = series.latest().findings[0]
    assert series.first_seen(last) == NOW + DAY
    assert series.first_seen(found("never")) is None


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_a_trend_is_what_every_report_read(series):
    target = Target("database", None, "shop")
    for day, value in ((0, 10), (1, 20), (3, 5)):
        series.add(on(day, result("made.a", readings=(Reading(target, "age", value, 100),))))
    series.add(on(2, result("made.a")))
    trend = series.trend("made.a", target, "age")
    assert [(point.at, point.value, point.limit) for point in trend] == [
        (NOW, 10, 100),
        (NOW + DAY, 20, 100),
        (NOW + 3 * DAY, 5, 100),
    ]
    assert series.trend("made.a", Target("database", None, "other"), "age") == ()


# --- for checks -------------------------------------------------------------------------------------------------------

ONE = make_check("one", "SELECT 'x' AS name", judge=None)


def look(conn, series, check=ONE):
    kept = pgops.run_checks(conn, registry=trusted(check), history=series)
    series.add(kept)
    return kept


def test_a_check_gets_what_it_saw_before_here_and_on_other_nodes(history, any_database):
    seen = []
    curious = attrs.evolve(ONE, judge=lambda rows, seen_: seen.append(seen_.past) or (), looks_back=30)
    here = history.series("prod", database=any_database.name, node="primary")
    there = history.series("prod", database=any_database.name, node="standby")
    with any_database.connect() as conn:
        for series in (here, there, here, there):
            look(conn, series, curious)
    lengths = [(len(past.own), {node: len(each) for node, each in past.elsewhere.items()}) for past in seen]
    assert lengths == [(0, {}), (0, {"primary": 1}), (1, {"standby": 1}), (1, {"primary": 2})]
    assert seen[2].own[0].rows[0].name == "x"


def test_a_check_that_does_not_look_back_gets_the_last_observation(series):
    for day in (-40, -2, -1):
        series.add(report(result("made.a"), started_at=dt.datetime.now(dt.UTC) + day * DAY))
    assert len(series.past("made.a").own) == 1
    assert len(series.past("made.a", days=7).own) == 2
    assert len(series.past("made.a", days=100).own) == 3
    assert series.past("made.unknown", days=100) == Past()


def test_what_gave_no_answer_is_no_observation(series):
    series.add(on(0, result("made.a")))
    series.add(on(1, result("made.a", outcome=pgops.Outcome.FAILED)))
    series.add(on(2, result("made.a", outcome=pgops.Outcome.SKIPPED)))
    assert [each.at for each in series.past("made.a", days=10_000).own] == [NOW]


def test_rows_that_could_not_be_judged_yet_are_remembered(series):
    rows = (ONE.row(name="young"),)
    series.add(on(0, result("made.one", outcome=pgops.Outcome.SKIPPED, rows=rows)))
    assert [each.rows[0].name for each in series.past("made.one").own] == ["young"]


# --- crashes and company ----------------------------------------------------------------------------------------------


def test_threads_may_share_it(series):
    def add(day):
        series.add(on(day))

    threads = [threading.Thread(target=add, args=(day,)) for day in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(series) == 8


def _add_for_ever(file):
    with open_history(file) as history:
        while True:
            history.series(**SHOP).add(MIXED)


def test_a_writer_that_is_killed_leaves_whole_reports(file, trials):
    open_history(file).close()
    for trial in range(trials(50)):
        writer = multiprocessing.get_context("fork").Process(target=_add_for_ever, args=(file,))
        writer.start()
        time.sleep(0.02 + 0.01 * (trial % 7))
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        with open_history(file) as history:
            assert all(each == MIXED for each in history.series(**SHOP).reports())
    with open_history(file) as history:
        assert len(history.series(**SHOP)) > 0, "no writer ever came to write"
