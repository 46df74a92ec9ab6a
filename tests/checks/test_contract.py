"""The contract, held against the whole catalogue on every version: `pgops.testing` says what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

import pgops
from pgops.testing import Case, case_problems, declaration_problems, read_cases, server_problems

CASES = Path(__file__).parent / "cases"
CHECKS = [
    entry.check for entry in pgops.default_registry() if entry.trusted
]  # an installed plugin has tests of its own

# Faults that no script can plant; their tests make real trouble with real sessions.
LIVE = {
    "activity.idle_in_transaction": "test_activity.py",
    "activity.long_running_query": "test_activity.py",
    "activity.long_transaction": "test_activity.py",
    "connections.saturation": "test_connections.py",
    "locks.blocking_chain": "test_locks.py",
    "queries.slow_query": "test_queries.py",
    "queries.statements_evicted": "test_queries.py",
    "security.config_file": "test_security.py",
    "vacuum.database_xid_age": "test_vacuum.py",
}


def cases_of(check: pgops.Check) -> tuple[Case, ...]:
    return read_cases(CASES / check.topic / check.id.partition(".")[2])


PLANTED = [pytest.param(check, case, id=f"{check.id}-{case.name}") for check in CHECKS for case in cases_of(check)]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_declaration_is_whole(check):
    assert list(declaration_problems(check)) == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_columns_are_the_rows_fields_and_locks_are_weak(check, database):
    assert server_problems(check, database.connect) == []


@pytest.mark.parametrize(("check", "case"), PLANTED)
def test_planted_faults_are_found_and_mended_and_healthy_twins_are_not_found(check, case, database):
    assert list(case_problems(check, case, database.connect)) == []


@pytest.mark.parametrize("check", [check for check in CHECKS if check.judge], ids=lambda check: check.id)
def test_every_judging_check_has_a_fault_and_a_healthy_twin(check):
    cases = cases_of(check)
    if check.id in LIVE:
        source = (Path(__file__).parent / LIVE[check.id]).read_text(encoding="utf-8")
        assert check.id in source or any(alias in source for alias in check.aliases)
        return
    assert [case.name for case in cases if case.finds], "no script plants its fault"
    assert [case.name for case in cases if not case.finds], "no script builds its healthy twin"


def test_every_folder_of_cases_belongs_to_a_check():
    folders = {f"{folder.parent.name}.{folder.name}" for folder in CASES.glob("*/*") if folder.is_dir()}
    assert folders - {check.id for check in CHECKS} == set()
