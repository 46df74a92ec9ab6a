"""Databases with a table of some rows, for tests of `propose` and `apply`."""

from __future__ import annotations

import pytest

from tests.migrations.applications import TABLES


@pytest.fixture
def migrated(database):
    """A connection to a database of each version."""
    with database.connect(autocommit=True) as conn:
        conn.execute(TABLES)
        yield conn


@pytest.fixture
def newest(any_database):
    """A connection to a database of the newest version."""
    with any_database.connect(autocommit=True) as conn:
        conn.execute(TABLES)
        yield conn
