"""A run in the middle. Ctrl-C: the server stops working, what is known is printed, and the exit code is 130."""

from __future__ import annotations

import re
import signal
import socket
import time
from contextlib import closing

import pytest

from pgops import Outcome, Report
from tests.cli.conftest import plugin_source

SLEEP = "SELECT pg_catalog.pg_sleep(60)::text AS name"
FORMS = {"one connection": [], "a pool": ["--parallel", "2"]}


def sleeping(conn, database) -> int:
    found = conn.execute(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = %s AND state = 'active' AND query LIKE '%%pg_sleep(60)%%'",
        [database.name],
    ).fetchone()
    return found[0]


def wait_until(condition) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until, "it did not come to that"
        time.sleep(0.05)


@pytest.mark.parametrize("parallel", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_ctrl_c_in_mid_run_prints_what_is_known(pgops_here, any_database, form, parallel):
    pgops_here.install_plugin("slow", plugin_source("slow", SLEEP))
    with (
        any_database.server.connect() as conn,
        pgops_here.started("check", "invalid_indexes", "made", *form, *parallel) as running,
    ):
        wait_until(lambda: sleeping(conn, any_database))
        running.send_signal(signal.SIGINT)
        out, err = (stream.decode() for stream in running.communicate(timeout=30))
        wait_until(lambda: not sleeping(conn, any_database))
    assert running.returncode == 130
    assert "Traceback" not in err
    if form:
        report = Report.from_json(out)
        assert report.interrupted == "Ctrl-C"
        assert report["invalid_indexes"].outcome is Outcome.CLEAN
        assert report["made.slow"].outcome is Outcome.FAILED
    else:
        assert "The run was ended early by Ctrl-C." in out
        assert re.search(r"failed\s+made\.slow", out)


def test_a_pool_runs_checks_side_by_side(pgops_here, any_database):
    for name in ("first", "second"):
        pgops_here.install_plugin(name, plugin_source(name, SLEEP))
    with (
        any_database.server.connect() as conn,
        pgops_here.started("check", "made", "--parallel", "2", "--json") as running,
    ):
        wait_until(lambda: sleeping(conn, any_database) == 2)
        running.send_signal(signal.SIGINT)
        out, _ = running.communicate(timeout=30)
        wait_until(lambda: not sleeping(conn, any_database))
    assert running.returncode == 130
    assert [str(result.outcome) for result in Report.from_json(out).results] == ["failed", "failed"]


def test_ctrl_c_while_connecting(pgops_nowhere):
    with closing(socket.socket()) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"postgresql://ann:hunter2@127.0.0.1:{silent.getsockname()[1]}/shop"
        with pgops_nowhere.with_env(DB_URL=url).started("check") as running:
            silent.settimeout(30)
            with silent.accept()[0]:
                running.send_signal(signal.SIGINT)
                out, err = running.communicate(timeout=30)
    assert (running.returncode, out) == (130, b"")
    assert b"pgops: ended by Ctrl-C." in err
    assert b"Traceback" not in err
    assert b"hunter2" not in err
