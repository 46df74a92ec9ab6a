"""A workspace's files on a database: recorded, linted, proposed, applied, verified, released, and never done twice."""

from __future__ import annotations

import pytest

from pgops.migrations import Workspace
from pgops.migrations.applying.ledger import read_ledger


@pytest.fixture
def conn(any_database):
    with any_database.connect(autocommit=True) as conn:
        conn.execute("CREATE TABLE counter (n int)")
        yield conn


@pytest.fixture
def workspace(tmp_path):
    return Workspace.open(tmp_path)


def apply(workspace, conn):
    proposal = workspace.propose(conn)
    return proposal.apply(conn, approval=proposal.approve(by="ann"))


def counted(conn):
    return conn.execute("SELECT count(*) FROM counter").fetchone()[0]


def test_from_record_to_release(workspace, conn):
    workspace.record("CREATE TABLE orders (id bigint PRIMARY KEY, day date)", "orders")
    workspace.record("CREATE INDEX CONCURRENTLY orders_day ON orders (day)", "orders by day")
    assert [each.file for each in workspace.sources()] == ["prerelease.sql"]
    assert not workspace.verify(conn).agrees
    record = apply(workspace, conn)
    assert record.details["ledger"]["agrees"]
    verification = workspace.verify(conn)
    assert verification.agrees
    assert [each.state for each in verification.statements] == ["done", "done"]
    assert {each.key.series for each in read_ledger(conn)} == {"db/migrations"}


def test_the_same_words_in_a_later_release_are_done_again(workspace, conn):
    for time in range(1, 4):
        workspace.record("INSERT INTO counter VALUES (1)", f"time {time}")
        apply(workspace, conn)
        apply(workspace, conn)
        assert counted(conn) == time
        released = workspace.release(f"time {time}")
        released.apply(approval=released.approve(by="ann"))


def test_what_was_applied_stays_so_when_files_are_split_released_and_renamed(workspace, conn):
    for n in range(3):
        workspace.record(f"INSERT INTO counter VALUES ({n})", f"number {n}")
        workspace.record("INSERT INTO counter VALUES (7)", "seven again")
    apply(workspace, conn)
    assert counted(conn) == 6
    text = workspace.pending()[0].text
    third = next(number for number, line in enumerate(text.split("\n"), 1) if "VALUES (1)" in line)
    split = workspace.split("prerelease.sql", [third - 1])
    split.apply(approval=split.approve(by="ann"))
    assert len(workspace.pending()) == 2
    assert not workspace.propose(conn).is_change
    released = workspace.release("the first half")
    released.apply(approval=released.approve(by="ann"))
    assert not workspace.propose(conn).is_change
    assert counted(conn) == 6


def test_verify_sees_what_was_undone_by_hand(workspace, conn):
    workspace.record("CREATE TABLE a (b int); ALTER TABLE a ADD COLUMN c int; ALTER TABLE a DROP COLUMN c", "a")
    apply(workspace, conn)
    verification = workspace.verify(conn)
    assert verification.agrees  # the column was dropped by a later statement
    assert verification.statements[1].superseded_by is not None
    conn.execute("DROP TABLE a")
    assert not workspace.verify(conn).agrees


def test_verify_sees_what_the_changelog_lacks(workspace, conn):
    workspace.record("CREATE TABLE a ()", "a")
    (workspace.path / "2_prerelease.sql").write_text("CREATE TABLE b ();\n")
    apply(workspace, conn)
    verification = workspace.verify(conn)
    assert not verification.agrees
    assert any("2_prerelease.sql" in each for each in verification.untold)


def test_lint_knows_what_earlier_files_made_and_who_sets_timeouts(workspace, conn):
    workspace.record("CREATE TABLE orders (id bigint PRIMARY KEY, day date)", "orders")
    workspace.record("CREATE INDEX orders_day ON orders (day)", "by day", file="2_prerelease.sql")
    assert not [each for each in workspace.lint() if each.rule in {"index-not-concurrent", "missing-lock-timeout"}]
    conn.execute("CREATE TABLE large (day date); UPDATE pg_class SET reltuples = 1e8 WHERE relname = 'large'")
    workspace.record("CREATE INDEX large_day ON large (day)", "by day", file="3_prerelease.sql")
    (finding,) = [each for each in workspace.lint(conn) if each.rule == "index-not-concurrent"]
    assert (finding.file, str(finding.target)) == ("3_prerelease.sql", "large")
