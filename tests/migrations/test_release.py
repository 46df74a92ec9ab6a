"""A release: what is added, what is emptied, what the changelog says, and all that it refuses."""

from __future__ import annotations

import datetime as dt
import hashlib
import re

import pytest

from pgops.errors import MigrationNameError, NotApprovedError, NothingPendingError, StaleProposalError
from pgops.migrations.folder import open_folder
from tests.migrations.workspaces import approved, contents, opened, released


@pytest.fixture
def workspace(tmp_path):
    return opened(tmp_path)


def test_a_release_moves_file_and_block(workspace):
    workspace.record("CREATE TABLE orders (id int)", "orders")
    workspace.record("CREATE INDEX ON orders (id)", "an index")
    before = contents(workspace.path)
    kept = []
    began = dt.datetime.now(dt.UTC).replace(microsecond=0)
    done = approved(workspace.release("the first tables"), record=kept.append)
    after = contents(workspace.path)
    (path,) = released(workspace.path)
    name = path.removeprefix("released/")
    at = dt.datetime.strptime(name, "%Y%m%d%H%M%S.sql").replace(tzinfo=dt.UTC)
    assert began <= at <= dt.datetime.now(dt.UTC)
    assert after[path] == before["prerelease.sql"]
    assert after["prerelease.sql"] == b""
    log = after["CHANGELOG.md"].decode()
    day = f"{at:%Y-%m-%d}"
    wip, _, history = log.partition("## RELEASED")
    assert "prerelease" not in wip
    assert re.sub("sealed .*", "sealed", history).split("\n") == [
        "",
        "",
        f"### {name}",
        "",
        f"- released {day} from prerelease.sql: the first tables",
        f"- sha256 {hashlib.sha256(before['prerelease.sql']).hexdigest()} sealed",
        f"- {day} orders",
        f"- {day} an index",
        "",
    ]
    assert kept == [done]
    assert (done.kind, done.approval.by) == ("migrations.release", "ann")
    assert workspace.audit() == ()


def test_a_dry_run_says_what_would_be_done_and_does_nothing(workspace):
    workspace.record("SELECT 1", "one")
    before = contents(workspace.path)
    proposal = workspace.release("one")
    steps = proposal.dry_run()
    assert contents(workspace.path) == before
    approved(proposal)
    (path,) = released(workspace.path)
    assert [step.partition(" (")[0] for step in steps] == [f"add {path}", "write prerelease.sql", "write CHANGELOG.md"]


def test_without_approval_nothing_is_released(workspace):
    workspace.record("SELECT 1", "one")
    proposal = workspace.release("one")
    with pytest.raises(NotApprovedError):
        proposal.apply(approval=None)
    assert released(workspace.path) == {}


@pytest.mark.parametrize("content", [None, "", "\n \n", "-- to do\n/* later */\n", "\ufeff"])
def test_a_missing_or_empty_file_is_refused(workspace, content):
    if content is not None:
        workspace.path.mkdir(parents=True)
        (workspace.path / "prerelease.sql").write_text(content)
    with pytest.raises(NothingPendingError):
        workspace.release("one")
    for file in (None, "prerelease.sql"):
        workspace.path.mkdir(parents=True, exist_ok=True)
        with pytest.raises(NothingPendingError):
            workspace.release("one", file=file)


def test_the_first_file_that_holds_anything_is_released_and_none_before_it(workspace):
    for number in (1, 2, 3):
        workspace.record(f"SELECT {number}", f"no {number}", file=f"{number}_prerelease.sql")
    with pytest.raises(MigrationNameError, match="can't be released before 1_prerelease"):
        workspace.release("two", file="2_prerelease.sql")
    for number in (1, 2, 3):
        approved(workspace.release(f"no {number}"))
        assert (workspace.path / f"{number}_prerelease.sql").read_bytes() == b""
        assert workspace.audit() == ()
    texts = [content.decode() for _, content in sorted(released(workspace.path).items())]
    assert [f"SELECT {number};" in text for number, text in enumerate(texts, 1)] == [True, True, True]
    with pytest.raises(NothingPendingError):
        workspace.release("nothing")


def test_a_release_is_stale_when_an_earlier_file_is_no_longer_empty(workspace):
    workspace.record("SELECT 1", "one", file="1_prerelease.sql")
    approved(workspace.release("one"))
    workspace.record("SELECT 2", "two", file="2_prerelease.sql")
    proposal = workspace.release("two")
    workspace.record("SELECT 'before'", "before", file="1_prerelease.sql")
    with pytest.raises(StaleProposalError):
        approved(proposal)
    assert len(released(workspace.path)) == 1


def test_two_releases_in_one_second_get_two_names(workspace):
    for number in range(3):
        workspace.record(f"SELECT {number}", "one")
        approved(workspace.release("one"))
    assert len(released(workspace.path)) == 3


def test_a_file_that_is_there_is_never_written_over(workspace):
    workspace.record("SELECT 1", "one")
    proposal = workspace.release("one")
    name = proposal.changes[0].name
    (workspace.path / "released").mkdir()
    (workspace.path / name).write_text("theirs")
    before = contents(workspace.path)
    with pytest.raises(StaleProposalError):
        approved(proposal)
    assert contents(workspace.path) == before


def test_even_one_that_appeared_in_the_last_moment(workspace):
    """Between the last look and the adding: no look could help there, so the adding itself refuses."""
    workspace.record("SELECT 1", "one")
    approved(workspace.release("one"))
    before = released(workspace.path)
    with open_folder(workspace.path) as folder:
        prepared = folder.prepare(b"SELECT 'another';")
        for path in before:
            with pytest.raises(FileExistsError):
                folder.add_released(prepared, path.removeprefix("released/"))
        folder.sweep()
    assert released(workspace.path) == before


def test_a_release_can_be_carried_out_once(workspace):
    workspace.record("SELECT 1", "one")
    proposal = workspace.release("one")
    approved(proposal)
    before = contents(workspace.path)
    with pytest.raises(StaleProposalError):
        approved(proposal)
    assert contents(workspace.path) == before


def test_a_release_dated_after_this_one_is_a_risk(workspace):
    workspace.record("SELECT 1", "one")
    (workspace.path / "released").mkdir()
    (workspace.path / "released" / "29990101000000.sql").write_text("SELECT 'the future';")
    (risk,) = workspace.release("one").risks
    assert "29990101000000" in risk


def test_every_byte_of_the_file_is_released(workspace):
    workspace.path.mkdir(parents=True)
    content = "\ufeffSELECT 'é\u2028';\r\n\r\n-- no line end".encode()
    (workspace.path / "prerelease.sql").write_bytes(content)
    approved(workspace.release("one"))
    assert list(released(workspace.path).values()) == [content]


def test_what_was_released_before_stays_as_it_was(workspace):
    workspace.record("SELECT 1", "one")
    approved(workspace.release("one"))
    history = released(workspace.path)
    workspace.record("SELECT 2", "two")
    approved(workspace.release("two"))
    assert history.items() <= released(workspace.path).items()
