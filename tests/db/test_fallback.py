"""What a fallback to TLS leads to: a proposal that saves it in the profile, and then no refused attempt any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pgops.config.reading import load_config
from pgops.db.connecting import connect
from pgops.db.pooling import open_pool
from pgops.errors import ConfigError, NotApprovedError, StaleProposalError
from tests.cli.conftest import Program
from tests.db.conftest import PASSWORD
from tests.db.poolers import count_in_log

if TYPE_CHECKING:
    from pathlib import Path

    from pgops.db.fallback import Fallback

ENV: dict[str, str] = {}
REFUSED = "no pg_hba.conf entry"

FIELDS = """\
# ours
[configuration]
schema_version = 1

[database.shop]  # the shop
host = "127.0.0.1"
port = {port}
database = "postgres"
user = "{user}"
password = '''{password}'''
"""
URL = """\
[configuration]
schema_version = 1
[database.shop]
url = "postgresql://{user}@127.0.0.1:{port}/postgres?sslmode=disable"
password = '''{password}'''
"""


@pytest.fixture(autouse=True)
def _no_certificates_of_the_user(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


def write(folder: Path, server, text: str, user: str = "wants_tls") -> Path:
    file = folder / "postgres.toml"
    file.write_text(text.format(port=server.port, user=user, password=PASSWORD))
    file.chmod(0o600)
    return file


def fallback_of(file: Path) -> Fallback:
    told: list[Fallback] = []
    connect("shop", config=file, env=ENV, on_fallback=told.append).close()
    (fallback,) = told
    return fallback


def test_the_profile_is_named_and_nothing_is_written_unasked(tls_server, tmp_path) -> None:
    file = write(tmp_path, tls_server, FIELDS)
    before = file.read_bytes()
    fallback = fallback_of(file)
    assert (fallback.profile, fallback.config_path) == ("shop", file)
    proposal = fallback.proposal()
    assert "shop" in proposal.title
    assert PASSWORD not in repr(proposal) + str(proposal.statements)
    with pytest.raises(NotApprovedError):
        proposal.apply(approval=None)
    assert file.read_bytes() == before


def test_saved_it_spares_the_refused_attempt(tls_server, tmp_path) -> None:
    file = write(tmp_path, tls_server, FIELDS)
    before = file.read_text()
    proposal = fallback_of(file).proposal()
    proposal.apply(approval=proposal.approve(by="ann"))
    assert load_config(file).profiles["shop"].sslmode is True
    assert [line for line in file.read_text().splitlines() if line not in before.splitlines()] == ["sslmode = true"]
    refused = count_in_log(tls_server.log, REFUSED)
    with connect("shop", config=file, env=ENV, on_fallback=pytest.fail) as conn:
        assert conn.pgconn.ssl_in_use
    assert count_in_log(tls_server.log, REFUSED) == refused


def test_of_a_pool_too(tls_server, tmp_path) -> None:
    told: list[Fallback] = []
    file = write(tmp_path, tls_server, FIELDS)
    with open_pool("shop", config=file, env=ENV, on_fallback=told.append):
        pass
    assert told[0].proposal().path == file


def test_a_file_that_changed_meanwhile_is_not_overwritten(tls_server, tmp_path) -> None:
    file = write(tmp_path, tls_server, FIELDS)
    proposal = fallback_of(file).proposal()
    file.write_text(file.read_text() + "# and more\n")
    with pytest.raises(StaleProposalError):
        proposal.apply(approval=proposal.approve(by="ann"))
    assert load_config(file).profiles["shop"].sslmode is None


def test_an_sslmode_in_the_profiles_url_is_the_users_to_change(tls_server, tmp_path) -> None:
    fallback = fallback_of(write(tmp_path, tls_server, URL))
    with pytest.raises(ConfigError, match="url"):
        fallback.proposal()


def test_of_a_url_there_is_nothing_to_save(tls_server) -> None:
    told: list[Fallback] = []
    url = tls_server.conninfo(host="127.0.0.1", user="wants_tls", password=PASSWORD, sslmode="disable")
    connect(url=url, env=ENV, on_fallback=told.append).close()
    with pytest.raises(ConfigError, match="sslmode=require in the URL"):
        told[0].proposal()


# --- in the command line -------------------------------------------------------------------------------------------


@pytest.fixture
def project(tls_server, tmp_path) -> Program:
    """The program in a project whose profile `shop` says sslmode disable to a server that takes only TLS."""
    for name in ("project", "plugins", "home"):
        (tmp_path / name).mkdir()
    env = {"DB_PROJECT_ROOT": str(tmp_path / "project"), "HOME": str(tmp_path / "home")}
    program = Program(tmp_path / "project", tmp_path / "plugins", env)
    program.write_config(FIELDS.format(port=tls_server.port, user="wants_tls", password=PASSWORD)).chmod(0o600)
    return program


def config_of(project: Program) -> Path:
    return project.cwd / ".skills" / "postgres" / "postgres.toml"


def test_unasked_it_only_warns_and_says_how(project) -> None:
    ended = project("check", "invalid_indexes", DB_AUTO_UPDATE_SSLMODE="")
    assert ended.code == 0
    assert "the server demands encryption" in ended.err
    assert "DB_AUTO_UPDATE_SSLMODE=1" in ended.err
    assert load_config(config_of(project)).profiles["shop"].sslmode is None
    assert "sslmode" not in config_of(project).read_text()


@pytest.mark.parametrize("parallel", ["1", "2"])
def test_agreed_to_it_is_saved_and_said(project, parallel: str) -> None:
    ended = project("check", "invalid_indexes", "--parallel", parallel, DB_AUTO_UPDATE_SSLMODE="1")
    assert ended.code == 0
    assert "+sslmode = true" in ended.err
    assert PASSWORD not in ended.err + ended.out
    assert load_config(config_of(project)).profiles["shop"].sslmode is True
    again = project("check", "invalid_indexes", DB_AUTO_UPDATE_SSLMODE="1")
    assert "encryption" not in again.err


def test_where_it_can_not_be_saved_the_command_goes_on(project, tls_server) -> None:
    config_of(project).write_text(URL.format(port=tls_server.port, user="wants_tls", password=PASSWORD))
    ended = project("check", "invalid_indexes", DB_AUTO_UPDATE_SSLMODE="1")
    assert ended.code == 0
    assert "could not be saved" in ended.err


def test_for_a_url_the_url_is_the_place(project, tls_server) -> None:
    url = tls_server.conninfo(host="127.0.0.1", user="wants_tls", password=PASSWORD, sslmode="disable")
    ended = project("check", "invalid_indexes", DB_URL=url, DB_AUTO_UPDATE_SSLMODE="1")
    assert ended.code == 0
    assert "Say sslmode=require in the URL" in ended.err
