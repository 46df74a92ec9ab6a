"""Readings of two reports become forecasts: when a number that grows will reach its limit."""

from __future__ import annotations

import datetime as dt

import attrs
import pytest

import pgops
from pgops import Check, Metric, Query, Reading, Report, Target, each_row
from pgops.errors import BadCheckError
from tests.checks.making import make_check, trusted
from tests.checks.reporting import NOW, report, result

AGE = Target("database", None, "shop")


def read(value, *, limit: float | None = 100, days: float = 0, target=AGE, metric="age_xids", **more):
    reading = Reading(target, metric, value, limit)
    return report(result("made.a", readings=(reading,)), started_at=NOW + dt.timedelta(days=days), **more)


def test_a_number_that_grows_reaches_its_limit():
    (forecast,) = read(60, days=10).compare(read(40)).forecasts
    assert (forecast.check, forecast.target, forecast.metric) == ("made.a", AGE, "age_xids")
    assert (forecast.value, forecast.limit, forecast.per_day, forecast.days_left) == (60, 100, 2, 20)
    assert forecast.observed_s == 10 * 86_400


def test_what_has_reached_its_limit_has_no_days_left():
    assert read(130, days=1).compare(read(40)).forecasts[0].days_left == 0


NO_FORECAST = {
    "it stands still": (read(40, days=1), read(40)),
    "it fell: vacuumed, or reset": (read(40, days=1), read(60)),
    "it has no limit": (read(60, limit=None, days=1), read(40, limit=None)),
    "the limit is gone": (read(60, limit=None, days=1), read(40)),
    "another object": (read(60, days=1, target=Target("database", None, "other")), read(40)),
    "another metric": (read(60, days=1, metric="age_mxids"), read(40)),
    "no time between": (read(60), read(40)),
    "the wrong way round": (read(60), read(40, days=1)),
    "it was not read before": (read(60, days=1), report(result("made.a"))),
    "another check": (
        report(result("other.c", readings=read(60)["made.a"].readings), started_at=NOW),
        read(40, days=-1),
    ),
}


@pytest.mark.parametrize(("now", "before"), NO_FORECAST.values(), ids=NO_FORECAST)
def test_there_is_no_forecast_where(now, before):
    assert now.compare(before).forecasts == ()


def test_the_nearest_limit_comes_first():
    def at(days, **values):
        readings = tuple(
            Reading(Target("sequence", "public", name), "last", value, 100) for name, value in values.items()
        )
        return report(result("made.a", readings=readings), started_at=NOW + dt.timedelta(days=days))

    forecasts = at(1, slow=11, fast=60, done=100).compare(at(0, slow=10, fast=40, done=90)).forecasts
    assert [forecast.target.name for forecast in forecasts] == ["done", "fast", "slow"]


def test_readings_survive_json():
    before = read(40)
    assert Report.from_json(before.to_json()) == before
    again = Report.from_json(read(60, days=1).to_json())
    assert again.compare(Report.from_json(before.to_json())) == read(60, days=1).compare(before)


# --- from a server ----------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Row:
    name: str
    used: int | None
    most: int | None


GROWING = Check(
    id="made.growing",
    doc="Made for a test.\n\nIt means nothing.",
    row=Row,
    queries=[
        Query(
            since=14,
            sql="SELECT * FROM (VALUES ('a'::text, 1, 10), ('b', 9, NULL), ('c', NULL, 3)) AS v (name, used, most)",
        )
    ],
    judge=each_row(severity=lambda row, _: None, target=lambda row: Target("thing", None, row.name), message="m"),
    metrics=[Metric(value="used", limit="most")],
)


def test_healthy_rows_are_read_too_and_unknown_numbers_are_not(any_server):
    with any_server.connect() as conn:
        result = pgops.run_checks(conn, registry=trusted(GROWING)).results[0]
    assert result.findings == ()
    assert result.readings == (
        Reading(Target("thing", None, "a"), "used", 1, 10),
        Reading(Target("thing", None, "b"), "used", 9, None),
    )


def test_a_listing_can_have_metrics_too(any_server):
    listing = attrs.evolve(GROWING, judge=None, target=lambda row: Target("thing", None, row.name))
    with any_server.connect() as conn:
        assert len(pgops.run_checks(conn, registry=trusted(listing)).results[0].readings) == 2


def test_a_metric_names_fields_of_its_row_and_needs_a_target():
    with pytest.raises(BadCheckError, match="'lasst', which is no field"):
        attrs.evolve(GROWING, metrics=[Metric(value="used", limit="lasst")])
    with pytest.raises(BadCheckError, match="no target that says"):
        attrs.evolve(GROWING, judge=None)


def test_names_of_other_tools_say_which_tool():
    with pytest.raises(BadCheckError, match="'bloat' is not written"):
        make_check("known", known_as=["bloat"])
    assert make_check("known", known_as=["check_postgres: bloat"]).known_as == ("check_postgres: bloat",)
