"""The contract, held against the whole catalogue on every version: `pgops.testing` says what it is."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

import pgops
from pgops.scratch import fresh_database
from pgops.testing import Case, case_problems, declaration_problems, read_cases, server_problems

CASES = Path(__file__).parent / "cases"
CHECKS = [
    entry.check for entry in pgops.default_registry() if entry.trusted
]  # an installed plugin has tests of its own

# Faults that no script can plant: the test module that makes real trouble with real servers names its checks in LIVE.
LIVE = {
    check: file.name
    for file in sorted(Path(__file__).parent.glob("test_*.py"))
    if file.name != Path(__file__).name
    for check in getattr(importlib.import_module(f"tests.checks.{file.stem}"), "LIVE", ())
}


def cases_of(check: pgops.Check) -> tuple[Case, ...]:
    return read_cases(CASES / check.topic / check.id.partition(".")[2])


PLANTED = [pytest.param(check, case, id=f"{check.id}-{case.name}") for check in CHECKS for case in cases_of(check)]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_declaration_is_whole(check):
    assert list(declaration_problems(check)) == []


@pytest.fixture(scope="module")
def looked_at(server):
    """One database for all that only look at it: making one takes longer than most looks."""
    with fresh_database(server) as database:
        yield database


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_columns_are_the_rows_fields_and_locks_are_weak(check, looked_at):
    assert server_problems(check, looked_at.connect) == []


@pytest.mark.outer_versions
@pytest.mark.parametrize(("check", "case"), PLANTED)
def test_planted_faults_are_found_and_mended_and_healthy_twins_are_not_found(check, case, database):
    assert list(case_problems(check, case, database.connect)) == []


@pytest.mark.parametrize("check", [check for check in CHECKS if check.judge], ids=lambda check: check.id)
def test_every_judging_check_has_a_fault_and_a_healthy_twin(check):
    cases = cases_of(check)
    if check.id in LIVE:
        return
    assert [case.name for case in cases if case.finds], "no script plants its fault"
    assert [case.name for case in cases if not case.finds], "no script builds its healthy twin"


def test_every_check_of_live_trouble_is_there():
    assert LIVE.keys() - {check.id for check in CHECKS} == set()


def test_every_folder_of_cases_belongs_to_a_check():
    folders = {f"{folder.parent.name}.{folder.name}" for folder in CASES.glob("*/*") if folder.is_dir()}
    assert folders - {check.id for check in CHECKS} == set()
