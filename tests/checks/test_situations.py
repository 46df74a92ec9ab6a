"""The whole catalogue as every kind of caller on every version: nothing fails, and situations.md is true."""

from __future__ import annotations

import pytest

from pgops.checks.report import Outcome
from tests.checks.situations import PAGE, SITUATIONS, page, reports
from tests.servers import missing_majors


@pytest.fixture(scope="module")
def found(running_servers):
    if missing_majors():
        running_servers.of(missing_majors()[0])  # ends here: in CI as a failure
    return reports(running_servers)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_no_check_fails(situation, found):
    assert {result.check: result.reason for result in found[situation].failed} == {}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_what_is_skipped_says_what_is_missing(situation, found):
    for result in found[situation]:
        if result.outcome is Outcome.SKIPPED:
            assert result.reason, result.check


def test_the_page_is_what_the_servers_say(found):
    assert PAGE.read_text(encoding="utf-8") == page(found), "`make situations` writes it anew"
