"""`pgops check` with a postgres.toml: its check settings, its passwords, and the file itself."""

from __future__ import annotations

import sys

import pytest

from tests.cli.conftest import plant_duplicate_index


@pytest.fixture
def with_config(pgops_nowhere, any_database):
    """Writes a profile for the database, with further text behind."""

    def write(text: str = "", mode: int = 0o600) -> None:
        server = any_database.server
        file = pgops_nowhere.write_config(
            f"[configuration]\nschema_version = 1\n[database.local]\nhost = '{server.host}'\nport = {server.port}\n"
            f"user = 'postgres'\ndatabase = '{any_database.name}'\n{text}"
        )
        file.chmod(mode)

    plant_duplicate_index(any_database)
    return write


def test_suppressions_and_limits_of_the_file_are_used(pgops_nowhere, with_config):
    with_config()
    assert pgops_nowhere("check", "duplicate_indexes").code == 1
    with_config("[[checks.suppress]]\ncheck = 'duplicate_indexes'\nreason = 'we know'\n")
    ended = pgops_nowhere("check", "duplicate_indexes", "--json")
    assert ended.code == 0
    assert ended.json["results"][0]["suppressed"]


def test_limits_of_the_call_win(pgops_nowhere, with_config):
    with_config("[checks.long_running_queries]\nwarn_s = 7\n")
    shown = pgops_nowhere("check", "long_running_queries", "--json").json["results"][0]["limits"]
    assert shown["warn_s"] == 7
    limit = ("--limit", "long_running_queries.warn_s=8")
    assert pgops_nowhere("check", "long_running_queries", "--json", *limit).json["results"][0]["limits"]["warn_s"] == 8


def test_what_is_wrong_in_the_file_is_said_before_anything_connects(pgops_nowhere, with_config):
    with_config("[checks.duplicate_indxes]\n")
    ended = pgops_nowhere("check", "duplicate_indexes")
    assert ended.code not in {0, 1}
    assert "postgres.toml:8: checks.duplicate_indxes names no check." in ended.err
    assert "Did you mean 'duplicate_indexes'?" in ended.err
    assert "Checking" not in ended.err


def test_the_file_itself_is_looked_at(pgops_nowhere, with_config):
    with_config("password = 'x'\n", mode=0o644)
    ended = pgops_nowhere("check", "security.config_file", "--json")
    assert ended.code == 1
    assert "chmod 600" in ended.json["results"][0]["findings"][0]["message"]
    with_config("password = 'x'\n")
    assert pgops_nowhere("check", "security.config_file").code == 0


def test_without_a_config_there_is_nothing_to_look_at(pgops_here):
    ended = pgops_here("check", "security.config_file", "--json")
    assert ended.json["results"][0]["outcome"] == "skipped"


def test_a_password_command_runs_when_connecting(pgops_nowhere, with_config):
    command = [sys.executable, "-c", "open('runs', 'a').write('x'); print('secret')"]
    with_config(f"password_command = {command}\n")
    assert pgops_nowhere("check", "invalid_indexes").code == 0
    assert (pgops_nowhere.cwd / "runs").read_text() == "x"


def test_where_psql_was_found_is_written_down_once(pgops_nowhere, with_config, tmp_path):
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "psql").write_text("#!/bin/sh\n")
    (programs / "psql").chmod(0o755)
    with_config("# a comment that stays\n")
    ended = pgops_nowhere("check", "table_sizes", PATH=f"{programs}:/usr/bin:/bin")
    assert "pg_bin_path" in ended.err
    text = next(pgops_nowhere.cwd.rglob("postgres.toml")).read_text()
    assert f'pg_bin_path = "{programs}"' in text
    assert text.endswith("# a comment that stays\n")
    assert "pg_bin_path" not in pgops_nowhere("check", "table_sizes", PATH="/usr/bin:/bin").err
