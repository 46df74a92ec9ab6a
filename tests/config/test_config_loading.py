"""load_config: which file, what it says, what has no effect."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

import pgops.config
from pgops.config.reading import load_config
from pgops.config.surroundings import CONFIG_PLACE
from pgops.errors import ConfigError, ConfigNotFoundError, ConfigVersionError
from pgops.secret import Secret

EXAMPLE = Path(__file__).parents[2] / "examples" / "postgres.toml.example"
PROFILE = '[database.local]\nhost = "db"\ndatabase = "shop"\nuser = "ann"\n'


# --- the file --------------------------------------------------------------------------------------------------------


def test_the_example_loads_without_a_warning(project):
    config = load_config(EXAMPLE, env={})
    assert config.warnings == ()
    assert list(config.profiles) == ["local", "staging", "reports", "production"]
    assert {key for profile in config.profiles.values() for key in profile.stated} == {
        *("host", "port", "database", "user", "password", "password_source", "url"),
        *("sslmode", "description", "migrations_path"),
    }
    for name in config.profiles:
        assert project.resolve(name, config=config).target.params["user"]
    assert config.checks.tables["indexes.unused_index"] == {"min_bytes": 10_000_000, "severity": "info"}
    text = EXAMPLE.read_text().splitlines()
    assert text[config.checks.line("indexes.unused_index", "min_bytes") - 1].startswith("min_bytes")


def test_the_examples_project_profile_loads_when_its_comment_is_lifted(project):
    lifted = EXAMPLE.read_text().replace("#   [", "[").replace("#   project", "project")
    lifted = lifted.replace(
        '#   host = "localhost"\n#   database = "billing"', 'host = "localhost"\ndatabase = "billing"'
    )
    project.load(lifted, header="")
    assert project.resolve(place="services/billing").profile.name == "billing"


def test_every_field_is_read(project):
    config = project.load(
        """pg_bin_path = "/opt/pg/bin"
[migrations]
path = "db/all"
[database.full_1]
host = "db"
port = 6432
database = "shop"
user = "ann"
password = "hunter2"
sslmode = "verify-full"
project = "billing"
description = "Über uns"
migrations_path = "db/own"
"""
    )
    profile = config.profiles["full_1"]
    assert (config.pg_bin_path, config.migrations_path, config.schema_version) == (
        Path("/opt/pg/bin"),
        Path("db/all"),
        1,
    )
    assert (profile.name, profile.host, profile.port, profile.database, profile.user) == (
        *("full_1", "db", 6432, "shop"),
        "ann",
    )
    assert (profile.password, profile.sslmode, profile.project) == (Secret("hunter2"), "verify-full", "billing")
    assert (profile.description, profile.migrations_path) == ("Über uns", Path("db/own"))


def test_profiles_inherit_the_fields_of_database_and_may_state_their_own(project):
    profiles = project.load(
        '[database]\nuser = "app"\nport = 6432\nsslmode = true\n'
        '[database.a]\nhost = "a"\n[database.b]\nuser = "b"\nsslmode = false'
    ).profiles
    assert (profiles["a"].user, profiles["a"].port, profiles["a"].sslmode) == ("app", 6432, True)
    assert (profiles["b"].user, profiles["b"].port, profiles["b"].sslmode) == ("b", 6432, False)
    assert (profiles["a"].stated, profiles["b"].stated) == ({"host"}, {"user", "sslmode"})


def test_a_table_in_database_is_a_profile_even_when_it_is_called_like_a_field(project):
    assert list(project.load('[database.host]\nhost = "h"\n[database.url]\n').profiles) == ["host", "url"]


@pytest.mark.parametrize("field", ["host", "database", "user", "password", "url", "project", "description"])
def test_an_empty_text_is_as_good_as_none(project, field):
    assert getattr(project.load(f'[database.local]\n{field} = ""').profiles["local"], field) is None


def test_profiles_and_checks_are_read_only(project):
    config = project.load("[database.local]\n[checks.for]\na = [1, {b = 2}]")
    for mapping in (
        config.profiles,
        config.checks.tables,
        config.checks.tables["for"],
        config.profiles["local"].others,
    ):
        with pytest.raises(TypeError):
            mapping["x"] = 1
    assert config.checks.tables["for"]["a"] == (1, {"b": 2})


@pytest.mark.parametrize(
    "text", [f"\ufeff[configuration]\nschema_version = 1\n{PROFILE}", PROFILE.replace("\n", "\r\n")]
)
def test_a_byte_order_mark_and_windows_line_ends_are_no_obstacle(project, text):
    header = "" if text.startswith("\ufeff") else "[configuration]\r\nschema_version = 1\r\n"
    assert project.load(text, header=header).profiles["local"].host == "db"


# --- where it is looked for ------------------------------------------------------------------------------------------


def test_the_file_is_found_in_this_order(project, tmp_path):
    """Each line takes away the place that won before."""
    inside = project.folder("apps/web")
    elsewhere = {name: tmp_path / name for name in ("by-db-root", "by-root")}
    for root in elsewhere.values():
        (root / CONFIG_PLACE).parent.mkdir(parents=True)
        (root / CONFIG_PLACE).write_text("[configuration]\nschema_version = 1\n")
    project.write("")
    named, argument = tmp_path / "named.toml", tmp_path / "argument.toml"
    for file in (named, argument):
        file.write_text("[configuration]\nschema_version = 1\n")
    env = {
        "PGOPS_CONFIG": str(named),
        "DB_PROJECT_ROOT": str(elsewhere["by-db-root"]),
        "PROJECT_ROOT": str(elsewhere["by-root"]),
    }

    def found(path=None):
        config = load_config(path, cwd=inside, env=env)
        return config.path, config.root

    assert found(argument) == (argument, elsewhere["by-db-root"])
    assert found() == (named, elsewhere["by-db-root"])
    del env["PGOPS_CONFIG"]
    assert found() == (elsewhere["by-db-root"] / CONFIG_PLACE, elsewhere["by-db-root"])
    env["DB_PROJECT_ROOT"] = "  "
    assert found() == (elsewhere["by-root"] / CONFIG_PLACE, elsewhere["by-root"])
    del env["PROJECT_ROOT"]
    assert found() == (project.file, project.root)
    (project.root / ".git").rmdir()
    with pytest.raises(ConfigNotFoundError):
        found()
    assert load_config(cwd=project.root, env=env).root == project.root


def test_a_worktrees_git_file_marks_the_top_level_too(project):
    (project.root / ".git").rmdir()
    (project.root / ".git").write_text("gitdir: /elsewhere/.git/worktrees/shop\n")
    project.write("")
    assert load_config(cwd=project.folder("deep/down"), env={}).root == project.root


def test_a_file_in_its_standard_place_brings_its_root_along(project, tmp_path):
    file = project.write("")
    assert load_config(file, cwd=tmp_path, env={}).root == project.root


def test_relative_paths_start_at_the_working_directory(project):
    project.write("")
    below = project.folder("a/b")
    place = f"../../{CONFIG_PLACE}"
    assert load_config(place, cwd=below, env={}).path == project.file
    assert load_config(cwd=below, env={"PGOPS_CONFIG": place}).path == project.file
    assert load_config(cwd=below, env={"DB_PROJECT_ROOT": "../.."}).path == project.file


def test_the_process_environment_and_directory_are_the_default(project, monkeypatch):
    project.write("")
    monkeypatch.chdir(project.root)
    for name in ("PGOPS_CONFIG", "DB_PROJECT_ROOT", "PROJECT_ROOT"):
        monkeypatch.delenv(name, raising=False)
    assert load_config().path == project.file


@pytest.mark.parametrize(
    ("env", "why"),
    [
        ({}, "the git top level"),
        ({"DB_PROJECT_ROOT": "/nowhere"}, "the project root is /nowhere, DB_PROJECT_ROOT"),
        ({"PROJECT_ROOT": "/nowhere"}, "the project root is /nowhere, PROJECT_ROOT"),
        ({"PGOPS_CONFIG": "/nowhere/x.toml"}, "PGOPS_CONFIG named it"),
    ],
)
def test_no_file_says_where_it_was_looked_for_why_there_and_what_to_do(project, env, why):
    with pytest.raises(ConfigNotFoundError) as caught:
        load_config(cwd=project.root, env=env)
    assert why in str(caught.value)
    assert caught.value.path in str(caught.value)
    assert "DB_URL" in caught.value.cure
    assert "pgops config init" in caught.value.cure


# --- versions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "line", "says"),
    [
        ("", 1, "Upgrade it"),
        ("[configuration]\n", 1, "Upgrade it"),
        ('\n[configuration]\npg_bin_path = "/x"\n', 2, "Upgrade it"),
        ("[configuration]\nschema_version = 0\n", 2, "Upgrade it"),
        ("[configuration]\nschema_version = -1\n", 2, "Upgrade it"),
        ("[configuration]\nschema_version = 2\n", 2, "Upgrade pgops"),
    ],
)
def test_another_version_is_refused_with_the_cure(project, header, line, says):
    broken_in_version_1 = '[database.local]\nport = "5432"\n'
    with pytest.raises(ConfigVersionError) as caught:
        project.load(broken_in_version_1, header=header)
    assert (caught.value.line, caught.value.key) == (line, "configuration.schema_version")
    assert says in str(caught.value)


# --- what has no effect ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "key", "hint"),
    [
        ("[databse.local]\n", 3, "databse", "'database'"),
        ("schema_versoin = 1\n", 3, "configuration.schema_versoin", "'schema_version'"),
        ("[migrations]\npaht = 'x'\n", 4, "migrations.paht", "'path'"),
        ("[database]\nsslmod = true\n", 4, "database.sslmod", "'sslmode'"),
        ("[database.local]\nhost = 'x'\npasword = 'hunter2'\n", 5, "database.local.pasword", "'password'"),
        ("[database.local]\nhots = {a = 'hunter2'}\n", 4, "database.local.hots", "'host'"),
        ("[database.local]\n'a\\nb' = 'hunter2'\n", 4, 'database.local."a\\\\nb"', ""),
    ],
)
def test_an_unknown_key_is_a_warning_with_the_nearest_name(project, caplog, *, text, line, key, hint):
    with caplog.at_level(logging.WARNING, "pgops.config"):
        config = project.load(text)
    (warning,) = config.warnings
    assert (warning.line, warning.key) == (line, key)
    assert hint in str(warning)
    assert str(warning) in caplog.text
    assert "hunter2" not in caplog.text + repr(config)


def test_unknown_keys_of_a_profile_are_kept_sealed(project):
    others = project.load("[database.a]\npasword = 'hunter2'\nlist = ['x', {y = 'z'}]\n").profiles["a"].others
    assert others == {"pasword": Secret("hunter2"), "list": (Secret("x"), {"y": Secret("z")})}


def test_checks_are_kept_as_they_stand_with_their_lines(project):
    checks = project.load(
        """[checks]
folder = "checks"
[checks."indexes.unused_index"]
min_bytes = 1000
[checks.locks.blocked]          # the unquoted spelling: nested tables
warn_s = 5
[[checks.for]]
check = "a"
[[checks.for]]
check = "b"
limits = { x = 1,
}
""".replace(",\n}", " }")
    ).checks
    assert checks.tables["locks"] == {"blocked": {"warn_s": 5}}
    assert [entry["check"] for entry in checks.tables["for"]] == ["a", "b"]
    assert checks.line("indexes.unused_index", "min_bytes") == 6
    assert checks.line("locks", "blocked", "warn_s") == 8
    assert (checks.line("for", 0, "check"), checks.line("for", 1, "check")) == (10, 12)
    assert checks.line("for", 1, "limits", "x") == 13
    assert checks.line("for", 1, "absent") == 11


# --- the package -----------------------------------------------------------------------------------------------------


def test_the_package_hands_its_names_out_when_asked():
    for name in pgops.config.__all__:
        assert getattr(pgops.config, name).__name__ == name
        assert name in dir(pgops.config)
    with pytest.raises(AttributeError, match="nothing_like_it"):
        pgops.config.nothing_like_it  # noqa: B018


def test_config_errors_have_the_place_in_front(project):
    with pytest.raises(ConfigError, match=rf"^{project.file}:4: database\.local\.port "):
        project.load('[database.local]\nport = "5432"\n')
