"""security.config_file: who may read postgres.toml, and would git publish it, with real folders and real git."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

import pgops
from pgops import Outcome, Severity
from pgops.config import project_folder, propose_ignored, propose_private
from pgops.config.surroundings import CONFIG_PLACE
from pgops.errors import ConfigError, NotApprovedError, StaleProposalError

LIVE = ("security.config_file",)
"""Whose faults no script can plant: the tests below make the real trouble."""

if TYPE_CHECKING:
    from pathlib import Path

CHECK = "security.config_file"
SECRET = "hunter2-S3cr3t"
WITH_PASSWORD = f'[database.local]\nhost = "h"\ndatabase = "d"\nuser = "u"\npassword = "{SECRET}"\n'
WITHOUT = '[database.local]\nhost = "h"\ndatabase = "d"\nuser = "u"\npassword_env = "X"\n'


def git(folder: Path, *words: str) -> None:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    named = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run(["git", *named, *words], cwd=folder, check=True, capture_output=True, env=ours)


@pytest.fixture
def root(tmp_path):
    """A project in a git repository, its config for its owner alone and ignored."""
    root = tmp_path / "my shop"
    (root / CONFIG_PLACE).parent.mkdir(parents=True)
    git(root, "init", "-q")
    (root / ".gitignore").write_text(".skills/\n")
    write(root, WITH_PASSWORD)
    return root


def write(root: Path, text: str) -> None:
    (root / CONFIG_PLACE).write_text("[configuration]\nschema_version = 1\n" + text)
    (root / CONFIG_PLACE).chmod(0o600)


def load(root: Path) -> pgops.Config:
    return pgops.load_config(root / CONFIG_PLACE, env={})


def asked(server, facility) -> pgops.CheckResult:
    with server.connect() as conn:
        report = pgops.run_checks(conn, CHECK, facilities={} if facility is None else {"project": facility})
    assert SECRET not in report.to_json()
    return report.results[0]


def found(server, root: Path) -> dict[str, Severity]:
    """What is wrong, by matter."""
    result = asked(server, project_folder(load(root)))
    return {finding.target.also[0]: finding.severity for finding in result.findings}


def test_healthy(any_server, root):
    result = asked(any_server, project_folder(load(root)))
    assert result.outcome is Outcome.CLEAN
    assert (result.rows[0].mode, result.rows[0].ignored, result.rows[0].tracked) == ("0600", True, False)


def test_without_the_facility_it_is_skipped_and_says_how(any_server):
    result = asked(any_server, None)
    assert result.outcome is Outcome.SKIPPED
    assert "'project'" in result.reason + result.cure


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622, 0o644, 0o660, 0o777, 0o610])
def test_others_with_rights(any_server, root, mode):
    (root / CONFIG_PLACE).chmod(mode)
    assert found(any_server, root) == {"mode": Severity.WARNING}


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_its_owner_alone(any_server, root, mode):
    (root / CONFIG_PLACE).chmod(mode)
    assert found(any_server, root) == {}


def test_not_ignored(any_server, root):
    (root / ".gitignore").unlink()
    assert found(any_server, root) == {"git": Severity.WARNING}


def test_tracked_though_ignored(any_server, root):
    git(root, "add", "-f", str(CONFIG_PLACE))
    assert found(any_server, root) == {"git": Severity.WARNING}
    git(root, "commit", "-qm", "oh no")
    result = asked(any_server, project_folder(load(root)))
    assert "git rm --cached" in result.findings[0].message
    assert "change each password" in result.findings[0].message


def test_both_are_two_findings_with_lasting_fingerprints(any_server, root):
    (root / ".gitignore").unlink()
    (root / CONFIG_PLACE).chmod(0o644)
    results = [asked(any_server, project_folder(load(root))) for _ in range(2)]
    prints = [{finding.fingerprint for finding in result.findings} for result in results]
    assert len(prints[0]) == 2
    assert prints[0] == prints[1]


def test_a_file_without_passwords_is_no_more_than_information(any_server, root):
    (root / ".gitignore").unlink()
    write(root, WITHOUT)
    (root / CONFIG_PLACE).chmod(0o644)
    assert found(any_server, root) == {"git": Severity.INFO, "mode": Severity.INFO}


IGNORED_BY = {
    "its own folder": (".skills/postgres/.gitignore", "postgres.toml\n"),
    "info/exclude": (".git/info/exclude", "*.toml\n"),
    "a glob": (".gitignore", "**/postgres.toml\n"),
}


@pytest.mark.parametrize(("place", "text"), IGNORED_BY.values(), ids=IGNORED_BY)
def test_git_itself_says_what_is_ignored(any_server, root, place, text):
    (root / ".gitignore").unlink()
    (root / place).write_text(text)
    assert found(any_server, root) == {}


def test_a_later_line_takes_it_back(any_server, root):
    (root / ".gitignore").write_text("*.toml\n!postgres.toml\n")
    assert found(any_server, root) == {"git": Severity.WARNING}


def test_no_repository_has_nothing_to_publish(any_server, root):
    shutil.rmtree(root / ".git")
    (root / ".gitignore").unlink()
    result = asked(any_server, project_folder(load(root)))
    assert result.outcome is Outcome.CLEAN
    assert not result.rows[0].in_repository


def test_a_link_is_followed(any_server, root, tmp_path):
    elsewhere = tmp_path / "secrets" / "real.toml"
    elsewhere.parent.mkdir()
    (root / CONFIG_PLACE).rename(elsewhere)
    elsewhere.chmod(0o644)
    (root / CONFIG_PLACE).symlink_to(elsewhere)
    assert found(any_server, root) == {"mode": Severity.WARNING}
    propose = propose_private(load(root))
    propose.apply(approval=propose.approve(by="ann"))
    assert found(any_server, root) == {}
    assert (root / CONFIG_PLACE).is_symlink()


def test_the_environment_of_a_git_hook_leads_nowhere_else(any_server, root, tmp_path, monkeypatch):
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    assert found(any_server, root) == {}
    (root / ".gitignore").unlink()
    assert found(any_server, root) == {"git": Severity.WARNING}


def test_no_git_to_ask_is_no_good_answer(any_server, root, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    result = asked(any_server, project_folder(load(root)))
    assert result.outcome is Outcome.SKIPPED
    assert "no git program" in result.reason
    (root / CONFIG_PLACE).chmod(0o644)
    assert asked(any_server, project_folder(load(root))).outcome is Outcome.FOUND


def test_a_broken_repository_is_no_good_answer(any_server, root):
    (root / ".git" / "HEAD").write_text("nonsense")
    result = asked(any_server, project_folder(load(root)))
    assert result.outcome is Outcome.SKIPPED
    assert "git refused to say" in result.reason


def test_by_the_root_alone(any_server, root, tmp_path):
    assert asked(any_server, project_folder(root)).outcome is Outcome.CLEAN
    nothing = project_folder(tmp_path / "nothing here")
    assert not nothing.exists
    assert asked(any_server, nothing).outcome is Outcome.CLEAN


def test_a_file_that_went_away(any_server, root):
    config = load(root)
    config.path.unlink()
    assert not project_folder(config).exists
    with pytest.raises(ConfigError, match="gone"):
        propose_private(config)


# --- the proposals ----------------------------------------------------------------------------------------------------


def test_the_proposals_mend_it(any_server, root):
    (root / ".gitignore").write_text("*.log")
    (root / CONFIG_PLACE).chmod(0o644)
    before = (root / CONFIG_PLACE).read_bytes()
    config = load(root)
    assert found(any_server, root) == {"git": Severity.WARNING, "mode": Severity.WARNING}
    for proposal in (propose_private(config), propose_ignored(config)):
        assert proposal.is_change
        assert SECRET not in repr(proposal) + str(proposal.statements) + str(proposal.parameters)
        records: list[pgops.Record] = []
        proposal.apply(approval=proposal.approve(by="ann"), record=records.append)
        assert records[0].outcome == "written"
    assert found(any_server, root) == {}
    assert (root / ".gitignore").read_text() == "*.log\n/.skills/postgres/postgres.toml*\n"
    assert (root / CONFIG_PLACE).read_bytes() == before
    assert not list((root / CONFIG_PLACE).parent.glob("*bak*")), "a copy of a secret file is one too many"
    assert not propose_private(config).is_change
    assert not propose_ignored(config).is_change


def test_a_new_gitignore_is_for_everybody(root):
    (root / ".gitignore").unlink()
    proposal = propose_ignored(load(root))
    proposal.apply(approval=proposal.approve(by="ann"))
    assert (root / ".gitignore").stat().st_mode & 0o777 == 0o644


def test_an_old_gitignore_keeps_its_mode_and_its_line_ends(root):
    (root / ".gitignore").write_bytes(b"*.log\r\n!keep.log\r\n")
    (root / ".gitignore").chmod(0o664)
    proposal = propose_ignored(load(root))
    proposal.apply(approval=proposal.approve(by="ann"))
    assert (root / ".gitignore").read_bytes() == b"*.log\r\n!keep.log\r\n/.skills/postgres/postgres.toml*\r\n"
    assert (root / ".gitignore").stat().st_mode & 0o777 == 0o664


def test_a_line_that_is_taken_back_later_is_added_again(any_server, root):
    (root / ".gitignore").write_text("/.skills/postgres/postgres.toml\n!postgres.toml\n")
    assert found(any_server, root) == {"git": Severity.WARNING}
    proposal = propose_ignored(load(root))
    proposal.apply(approval=proposal.approve(by="ann"))
    assert found(any_server, root) == {}


@pytest.mark.parametrize("name", ["a [b]*.toml", "#x.toml", "!x.toml", "b\\c?.toml", "end ", " ü🦀.toml"])
def test_a_hostile_name_is_ignored_and_no_other(any_server, root, name):
    file = root / "etc" / name
    file.parent.mkdir()
    (root / CONFIG_PLACE).rename(file)
    (root / ".gitignore").write_text("")
    config = pgops.load_config(file, env={})
    assert project_folder(config).ignored is False
    proposal = propose_ignored(config)
    proposal.apply(approval=proposal.approve(by="ann"))
    assert project_folder(config).ignored is True
    ours = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    for other in ("etc/ab.toml", "etc/other", "x.toml"):
        asked_git = subprocess.run(["git", "check-ignore", "-q", other], cwd=root, check=False, env=ours)
        assert asked_git.returncode == 1


def test_nothing_is_done_without_consent_or_to_a_file_that_changed(root):
    (root / CONFIG_PLACE).chmod(0o644)
    proposal = propose_private(load(root))
    with pytest.raises(NotApprovedError):
        proposal.apply(approval=None)
    write(root, WITHOUT)
    (root / CONFIG_PLACE).chmod(0o644)
    with pytest.raises(StaleProposalError):
        proposal.apply(approval=proposal.approve(by="ann"))
    assert (root / CONFIG_PLACE).stat().st_mode & 0o777 == 0o644


def test_no_repository_to_ignore_it_in(root):
    shutil.rmtree(root / ".git")
    with pytest.raises(ConfigError, match="no git repository"):
        propose_ignored(load(root))
