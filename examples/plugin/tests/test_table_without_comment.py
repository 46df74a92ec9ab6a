"""The check keeps the contract of pgops' own checks, on throwaway servers of the two versions that PyPI has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pgops_example_plugin.table_without_comment import CHECK

import pgops
from pgops.scratch import embedded_binaries, fresh_database, start_server
from pgops.testing import Case, assert_contract, read_cases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.scratch import ScratchDatabase, ScratchServer

CASES = read_cases(Path(__file__).parent / "cases")


@pytest.fixture(scope="session", params=[16, 18], ids="pg{}".format)
def server(request: pytest.FixtureRequest) -> Iterator[ScratchServer]:
    with start_server(embedded_binaries(request.param)) as server:
        yield server


@pytest.fixture
def database(server: ScratchServer) -> Iterator[ScratchDatabase]:
    with fresh_database(server) as database:
        yield database


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_keeps_the_contract(case: Case, database: ScratchDatabase) -> None:
    assert_contract(CHECK, database.connect, cases=[case])


def test_pgops_knows_it() -> None:
    assert pgops.get_check("house.table_without_comment") == CHECK
