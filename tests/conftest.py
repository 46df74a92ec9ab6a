"""The fixtures of every test: real servers of each supported version, and a fresh database on one.

    def test_on_every_version(database): ...        # five times, PostgreSQL 14 to 18
    def test_where_versions_do_not_matter(any_database): ...

A server is shared by all tests of the run, so a test changes settings, roles and other databases only if it changes
them back; whoever needs a server of its own calls pgops.scratch.start_server. With pytest-xdist (`--dist loadgroup`)
the tests of one module and version run on one worker, and each worker has servers of its own, started once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pgops.scratch import fresh_database
from tests.servers import IN_CI, MAJORS, RunningServers, binaries_of, missing_majors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pgops.scratch import ScratchDatabase, ScratchServer


@pytest.fixture(scope="session")
def running_servers() -> Iterator[RunningServers]:
    with RunningServers() as servers:
        yield servers


@pytest.fixture(scope="session", params=MAJORS, ids="pg{}".format)
def server(request: pytest.FixtureRequest, running_servers: RunningServers) -> ScratchServer:
    """A server of each supported version in turn."""
    return running_servers.of(request.param)


@pytest.fixture(scope="session")
def any_server(running_servers: RunningServers) -> ScratchServer:
    """A server of the newest version."""
    return running_servers.newest()


@pytest.fixture
def database(server: ScratchServer) -> Iterator[ScratchDatabase]:
    """A fresh database on `server`."""
    with fresh_database(server) as fresh:
        yield fresh


@pytest.fixture
def any_database(any_server: ScratchServer) -> Iterator[ScratchDatabase]:
    """A fresh database on `any_server`."""
    with fresh_database(any_server) as fresh:
        yield fresh


@pytest.fixture
def trials(request: pytest.FixtureRequest) -> Callable[[int], int]:
    """How often to repeat a trial: `trials(300)` is 300 in `make soak`, and a tenth in `make test`."""
    whole = request.config.getoption("--soak")
    return lambda count: count if whole else max(1, count // 10)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="run the long trials, whole, and nothing else")


def is_in_between(item: pytest.Item) -> bool:
    """Whether it runs on a version between the oldest and the newest, and its module leaves those to `make soak`."""
    if item.get_closest_marker("outer_versions") is None or not hasattr(item, "callspec"):
        return False
    return item.callspec.params.get("server") in MAJORS[1:-1]


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    chosen: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        is_marked, is_trial = item.get_closest_marker("soak"), "trials" in getattr(item, "fixturenames", ())
        is_long = is_marked or is_in_between(item)
        wanted = (is_long or is_trial) if config.getoption("--soak") else not is_long
        (chosen if wanted else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = chosen
    if config.pluginmanager.hasplugin("xdist"):
        for item in items:
            major = item.callspec.params.get("server") if hasattr(item, "callspec") else None
            if major is not None:
                item.add_marker(pytest.mark.xdist_group(f"pg{major} {item.location[0]}"))


def pytest_report_header() -> str:
    found = [binaries for major in MAJORS if (binaries := binaries_of(major)) is not None]
    return "PostgreSQL: " + (", ".join(f"{each.version} ({each.source})" for each in found) or "none")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if missing_majors():
        terminalreporter.section("PostgreSQL versions that are missing")
        what = "their tests failed (CI=true)" if IN_CI else "their tests were skipped"
        terminalreporter.line(f"{', '.join(map(str, missing_majors()))}: {what}. `make test` fetches them with npm.")
