"""Pending files merged into one: what is proposed, and the proof on a real server that it builds the same schema."""

from __future__ import annotations

import datetime as dt

import pytest

from pgops.errors import (
    MigrationNameError,
    NotApprovedError,
    NothingPendingError,
    ReleasedNameError,
    StaleProposalError,
    UnprovedError,
)
from pgops.findings import Target
from pgops.migrations.schema_proof import normalised
from tests.migrations.workspaces import approved, contents, opened

TODAY = f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"
ORDERS = Target("table", "public", "orders")
MERGED = "CREATE TABLE orders (id int PRIMARY KEY, customer int, note text);\n"


@pytest.fixture
def workspace(tmp_path):
    """Three files: the first two change orders on the same day."""
    workspace = opened(tmp_path)
    workspace.record("CREATE TABLE orders (id int PRIMARY KEY, customer int)", "orders", file="1_prerelease.sql")
    workspace.record("ALTER TABLE orders ADD note text", "notes", file="2_prerelease.sql")
    workspace.record("CREATE INDEX CONCURRENTLY customers ON orders (customer)", "an index", file="3_prerelease.sql")
    return workspace


def write(workspace, name, text):
    (workspace.path / name).write_text(text)


# --- which ------------------------------------------------------------------------------------------------------------


def test_objects_that_two_files_change_on_one_day(workspace):
    (orders,) = workspace.repeated()
    assert (orders.target, orders.on, orders.files) == (
        ORDERS,
        TODAY,
        ("1_prerelease.sql", "2_prerelease.sql", "3_prerelease.sql"),
    )
    assert [(touch.line, touch.head.split()[0]) for touch in orders.touches] == [
        (2, "CREATE"),
        (2, "ALTER"),
        (2, "CREATE"),
    ]


def test_another_day_or_one_file_is_no_repetition(workspace):
    write(workspace, "1_prerelease.sql", "-- 2026-01-01 orders\nCREATE TABLE orders (id int);\nDROP TABLE orders;\n")
    write(workspace, "2_prerelease.sql", f"-- {TODAY} notes\nALTER TABLE public.orders ADD note text;\n")
    write(workspace, "3_prerelease.sql", f"-- {TODAY} more\nCOMMENT ON COLUMN orders.note IS 'x';\n")
    (orders,) = workspace.repeated()
    assert orders.files == ("2_prerelease.sql", "3_prerelease.sql"), "with and without its schema, by its column too"


def test_without_a_comment_the_changelog_knows_the_day(workspace):
    write(workspace, "1_prerelease.sql", "CREATE TABLE orders (id int);\n")
    write(workspace, "3_prerelease.sql", "SELECT 1;\n")
    (orders,) = workspace.repeated()
    assert orders.files == ("1_prerelease.sql", "2_prerelease.sql")


# --- merging ----------------------------------------------------------------------------------------------------------


def test_files_are_merged_one_behind_the_other(workspace, any_server):
    proposal = workspace.consolidate(any_server, files=["1_prerelease.sql", "2_prerelease.sql"])
    assert proposal.proof.is_equal
    assert (proposal.proof.before, proposal.proof.difference) == (proposal.proof.after, ())
    before = contents(workspace.path)
    with pytest.raises(NotApprovedError):
        proposal.apply(approval=None)
    assert contents(workspace.path) == before
    done = approved(proposal)
    after = contents(workspace.path)
    assert after["1_prerelease.sql"] == before["1_prerelease.sql"] + b"\n" + before["2_prerelease.sql"]
    assert after["2_prerelease.sql"] == before["3_prerelease.sql"]
    assert "3_prerelease.sql" not in after
    blocks = after["CHANGELOG.md"].decode().partition("## RELEASED")[0].split("### ")[1:]
    assert [block.split() for block in blocks] == [
        f"1_prerelease.sql - {TODAY} orders - {TODAY} notes"
        f" - {TODAY} merged from 1_prerelease.sql, 2_prerelease.sql".split(),
        f"2_prerelease.sql - {TODAY} an index".split(),
    ]
    assert done.details["proof"]["is_equal"] is True
    assert workspace.audit() == ()


def test_a_text_of_ones_own_is_proved_too(workspace, any_server):
    proposal = workspace.consolidate(any_server, files=["1_prerelease.sql", "2_prerelease.sql"], text=MERGED)
    assert proposal.proof.is_equal
    approved(proposal)
    assert (workspace.path / "1_prerelease.sql").read_text() == MERGED


DIFFERENT = {
    "a column less": MERGED.replace(", note text", ""),
    "another order of columns": "CREATE TABLE orders (id int PRIMARY KEY, note text, customer int);",
    "another type": MERGED.replace("note text", "note varchar"),
    "a comment more": MERGED + "COMMENT ON TABLE orders IS 'x';",
    "a privilege more": MERGED + "GRANT SELECT ON orders TO public;",
}


@pytest.mark.parametrize("text", DIFFERENT.values(), ids=DIFFERENT)
def test_another_schema_is_not_accepted(workspace, any_server, text):
    before = contents(workspace.path)
    proposal = workspace.consolidate(any_server, files=["1_prerelease.sql", "2_prerelease.sql"], text=text)
    assert not proposal.proof.is_equal
    assert proposal.proof.difference
    with pytest.raises(UnprovedError, match="another schema"):
        approved(proposal)
    assert contents(workspace.path) == before


def test_by_default_all_that_change_an_object_twice_a_day_are_merged(workspace, any_server):
    workspace.record("CREATE TABLE unrelated (id int)", "unrelated", file="4_prerelease.sql")
    approved(workspace.consolidate(any_server))
    assert [file.name for file in workspace.pending()] == ["1_prerelease.sql", "2_prerelease.sql"]
    with pytest.raises(NothingPendingError):
        workspace.consolidate(any_server)


def test_what_the_files_build_on_is_given(tmp_path, any_server):
    workspace = opened(tmp_path)
    workspace.record("ALTER TABLE shop.orders ADD a int", "a", file="1_prerelease.sql")
    workspace.record("ALTER TABLE shop.orders ADD b int", "b", file="2_prerelease.sql")
    with pytest.raises(UnprovedError, match=r'schema "shop" does not exist.*base='):
        workspace.consolidate(any_server)
    base = "CREATE SCHEMA shop; CREATE TABLE shop.orders (id int)"
    proposal = workspace.consolidate(any_server, base=base, text="ALTER TABLE shop.orders ADD a int, ADD b int;\n")
    assert proposal.proof.is_equal


def test_what_can_not_be_read_is_not_proved(workspace, any_server):
    with pytest.raises(UnprovedError, match="can't be read"):
        workspace.consolidate(any_server, text="CREATE TABEL orders (id int);")


def test_rows_are_no_part_of_the_proof_and_the_proposal_says_so(workspace, any_server):
    (risk,) = workspace.consolidate(any_server, text=None, files=["1_prerelease.sql", "2_prerelease.sql"]).risks or (
        None,
    )
    assert risk is None
    workspace.record("INSERT INTO orders VALUES (1, 1, 'x')", "a row", file="2_prerelease.sql")
    (risk,) = workspace.consolidate(any_server, files=["1_prerelease.sql", "2_prerelease.sql"]).risks
    assert "write rows" in risk


@pytest.mark.parametrize(
    "files",
    [[], ["1_prerelease.sql"], ["1_prerelease.sql", "3_prerelease.sql"], ["1_prerelease.sql", "x.sql"]],
)
def test_only_neighbours_are_merged(workspace, any_server, files):
    with pytest.raises(MigrationNameError):
        workspace.consolidate(any_server, files=files)


def test_released_files_are_not_merged(workspace, any_server):
    with pytest.raises(ReleasedNameError):
        workspace.consolidate(any_server, files=["1_prerelease.sql", "released/1.sql"])


def test_a_proof_is_stale_when_any_pending_file_has_changed(workspace, any_server):
    proposal = workspace.consolidate(any_server, files=["2_prerelease.sql", "3_prerelease.sql"])
    write(workspace, "1_prerelease.sql", "CREATE TABLE orders (id int);\n")
    with pytest.raises(StaleProposalError, match=r"1_prerelease\.sql"):
        approved(proposal)


def test_an_older_server_is_dumped_as_well(workspace, running_servers):
    assert workspace.consolidate(running_servers.of(14)).proof.is_equal


def test_what_differs_from_dump_to_dump_is_no_difference():
    dumps = [f"--\n\n\\restrict {key}\n\nCREATE TABLE a (b int);\n\n\\unrestrict {key}\n\n" for key in ("abc", "def")]
    assert normalised(dumps[0]) == normalised(dumps[1])
    assert "CREATE TABLE a (b int);" in normalised(dumps[0])


@pytest.mark.parametrize("line", ["-- a comment", "SET b = 1", r"\restrict abc", ""])
def test_the_lines_of_a_function_count_whatever_they_look_like(tmp_path, any_server, line):
    workspace = opened(tmp_path)
    workspace.record("CREATE TABLE orders (b int)", "orders", file="1_prerelease.sql")
    made = f"CREATE FUNCTION change() RETURNS text LANGUAGE sql AS $$ SELECT '\n{line}\n' $$;"
    workspace.record(made, "a function", file="2_prerelease.sql")
    merged = "CREATE TABLE orders (b int);\n" + made
    names = ["1_prerelease.sql", "2_prerelease.sql"]
    assert workspace.consolidate(any_server, files=names, text=merged).proof.is_equal
    without = merged.replace(f"'\n{line}\n'", "'\n'")
    assert not workspace.consolidate(any_server, files=names, text=without).proof.is_equal
