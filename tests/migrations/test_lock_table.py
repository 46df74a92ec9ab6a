"""Every row of the table of locks, carried out on PostgreSQL 14 to 18: what is seen, and what lint says of it."""

from __future__ import annotations

import pytest

from pgops.conninfo import Conninfo
from pgops.migrations.effects.known import Known
from pgops.migrations.effects.live import read_facts
from pgops.migrations.effects.locks import LockMode
from pgops.migrations.effects.walk import walk
from pgops.migrations.tracing.place import Place
from pgops.migrations.tracing.tracer import trace_scripts
from pgops.scratch import fresh_database
from pgops.sql.grammar import read_script
from tests.migrations.lock_rows import ROWS

pytestmark = pytest.mark.outer_versions

DEADLINE_S = 30
BEGIN = "DROP SCHEMA IF EXISTS own, other CASCADE; CREATE SCHEMA own; RESET ALL; SET search_path TO own;"


@pytest.fixture(scope="module")
def place(server):
    """A database that all rows share, one after the other, and a session in it."""
    with fresh_database(server) as database, database.connect() as conn:
        conn.execute("SET client_min_messages = error")
        yield Place(Conninfo.parse(database.conninfo()), own_server=True), conn


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_what_is_seen_is_what_the_table_says_and_what_lint_claims(row, server, place):
    traced = carried_out(row, *place)
    expected = row.seen_on(server.major)
    if expected == "unparsed":
        assert traced is None
        return
    assert seen_of(traced) == expected
    assert traced.own_unit is (row.is_alone_on(server.major) or expected == "25001")
    assert [each.what for each in traced.differences] == (["rewrite or scan"] if row.more else [])
    assert (traced.claim.unknown is not None) is row.unknown
    never_called_safe(row, traced, server.major)


def carried_out(row, place, conn):
    """The last statement of the row, traced in a schema of its own."""
    conn.execute(BEGIN)
    conn.execute(row.setup or "SELECT")
    script = read_script(row.sql)
    if script.unparsed:
        return None
    known = Known(server=conn.info.server_version // 10000, facts=read_facts(conn, [script]))
    return list(trace_scripts([script], known, conn, place=place, deadline_s=DEADLINE_S))[-1]


def seen_of(traced):
    """As the table writes it."""
    if traced.failed is not None:
        return traced.failed
    return {each.relation.name: each.short for each in traced.touches if not each.covered}


def never_called_safe(row, traced, major):
    """Without a catalogue lint says at least what was seen, or that it does not know."""
    claim = list(walk(read_script(row.sql), server=major))[-1].effect
    if claim.unknown is not None or traced.failed is not None:
        return
    named = {touch.relation.name for touch in claim.touches}
    for seen in traced.touches:
        if seen.covered or seen.lock is None or seen.lock <= LockMode.ROW_SHARE:
            continue
        # A relation that the statement does not name can't be in the claim; something as hard has to be.
        about = seen.relation.name if seen.relation.name in named else None
        claimed = [touch for touch in (*claim.touches, *claim.perhaps) if about is None or touch.relation.name == about]
        assert any(
            touch.lock >= seen.lock
            and (touch.rewrite or not seen.rewrite)
            and (touch.rewrite or touch.scan or not seen.scan or seen.lock <= LockMode.ROW_EXCLUSIVE)
            for touch in claimed
        ), f"{seen.relation}: {seen.short}, claimed {claim}"
