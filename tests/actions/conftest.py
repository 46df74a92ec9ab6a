"""Sessions that are really there, to be found and ended."""

from __future__ import annotations

import pytest

from tests.checks.sessions import sessions_of


@pytest.fixture
def sessions(any_database):
    """Sessions of a fresh database on the newest version; `observer` is the one that acts."""
    with sessions_of(any_database) as opened:
        yield opened
