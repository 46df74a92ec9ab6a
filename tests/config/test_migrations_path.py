"""Where migrations are: profile, [migrations].path, DB_MIGRATIONS_PATH, AGENTS.md, db/migrations; and why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pgops.config.migrations_folder import migrations_path
from pgops.errors import ConfigError, ConfigNotFoundError, UnknownProfileError

PROFILE = '[database.local]\nhost = "h"\nmigrations_path = "sql/{}"\n'
SHARED = '[database]\nmigrations_path = "sql/shared"\n[database.local]\nhost = "h"\n'
PLAIN = '[database.local]\nhost = "h"\n'
TABLE = '[migrations]\npath = "sql/table"\n'
ENV = {"DB_MIGRATIONS_PATH": "sql/env"}
NOTES = "# Notes\n\nDB_MIGRATIONS_PATH=sql/notes\n"

CASES = {
    # profile, file, environment, AGENTS.md -> path, why
    "the profile": ("local", TABLE + PROFILE.format("own"), ENV, NOTES, "sql/own", "Profile 'local'"),
    "the profile, by [database]": ("local", SHARED + TABLE, ENV, NOTES, "sql/shared", "Profile 'local'"),
    "a profile without one": ("local", TABLE + PLAIN, ENV, NOTES, "sql/table", "[migrations].path"),
    "no profile": (None, TABLE + PROFILE.format("own"), ENV, NOTES, "sql/table", "[migrations].path"),
    "[migrations].path": ("local", TABLE + PLAIN, {}, None, "sql/table", "[migrations].path"),
    "the environment": ("local", PLAIN, ENV, NOTES, "sql/env", "set in the environment"),
    "the environment, without a file": (None, None, ENV, NOTES, "sql/env", "set in the environment"),
    "a blank variable is not set": (None, PLAIN, {"DB_MIGRATIONS_PATH": " "}, NOTES, "sql/notes", "AGENTS.md:3"),
    "AGENTS.md": ("local", PLAIN, {}, NOTES, "sql/notes", "AGENTS.md:3"),
    "AGENTS.md, without a file": (None, None, {}, NOTES, "sql/notes", "AGENTS.md:3"),
    "the default": ("local", PLAIN, {}, "# Notes\n", "db/migrations", "default"),
    "the default, without anything": (None, None, {}, None, "db/migrations", "default"),
}


@pytest.mark.parametrize(("profile", "file", "env", "notes", "path", "because"), CASES.values(), ids=CASES)
def test_the_order(project, *, profile, file, env, notes, path, because):
    if file is not None:
        project.write(file)
    if notes is not None:
        (project.root / "AGENTS.md").write_text(notes)
    found = migrations_path(profile=profile, env=env, cwd=project.folder("src/deep"))
    assert found.path == project.root / path  # relative to the root, wherever one stands
    assert because in found.because
    assert os.fspath(found) == str(found.path)
    assert not found.path.exists(), "looking makes no folder"


def test_what_the_call_names_comes_first(project):
    project.write(TABLE + PROFILE.format("own"))
    found = migrations_path(profile="local", path="sql/named", env=ENV, cwd=project.folder("src/deep"))
    assert (found.path, found.because) == (project.root / "sql" / "named", "The call names it.")
    assert migrations_path(path="/srv/sql", env={}, cwd=project.root).path == Path("/srv/sql")


def test_a_root_that_the_call_names_is_the_projects(tmp_path, project):
    project.write(TABLE)
    env = {"DB_PROJECT_ROOT": str(tmp_path / "other")}
    assert migrations_path(root=project.root, env=env, cwd=tmp_path).path == project.root / "sql" / "table"
    assert migrations_path(root="here", env={}, cwd=tmp_path).path == tmp_path / "here" / "db" / "migrations"


LINES = {
    "plain": "DB_MIGRATIONS_PATH=db/x",
    "spaces": "  DB_MIGRATIONS_PATH = db/x  ",
    "colon": "DB_MIGRATIONS_PATH: db/x",
    "list": "- DB_MIGRATIONS_PATH=db/x",
    "list, backticks around all": "* `DB_MIGRATIONS_PATH=db/x`",
    "backticks around each": "- `DB_MIGRATIONS_PATH`: `db/x`",
    "bold": "**DB_MIGRATIONS_PATH**: db/x",
    "exported": "export DB_MIGRATIONS_PATH=db/x",
    "double quotes": 'DB_MIGRATIONS_PATH="db/x"',
    "single quotes": "DB_MIGRATIONS_PATH='db/x'",
    "comment": "DB_MIGRATIONS_PATH=db/x  # where they are",
    "Windows": "# Notes\r\nDB_MIGRATIONS_PATH=db/x\r\n",
    "byte order mark": "\ufeffDB_MIGRATIONS_PATH=db/x",
    "the first that says something": "DB_MIGRATIONS_PATH=\nDB_MIGRATIONS_PATH=db/x\nDB_MIGRATIONS_PATH=db/y\n",
    "placeholders say nothing": "DB_MIGRATIONS_PATH=<path>\nDB_MIGRATIONS_PATH=$HOME/x\nDB_MIGRATIONS_PATH=db/x\n",
}


@pytest.mark.parametrize("text", LINES.values(), ids=LINES)
def test_the_line_as_people_write_it(project, text):
    (project.root / "AGENTS.md").write_bytes(text.encode())
    assert migrations_path(env={}, cwd=project.root).path == project.root / "db/x"


OTHERS = ["DB_MIGRATIONS_PATHS=x", "MY_DB_MIGRATIONS_PATH=x", "Set DB_MIGRATIONS_PATH to choose.", "DB_MIGRATIONS_PATH"]


@pytest.mark.parametrize("text", OTHERS)
def test_lines_that_say_nothing(project, text):
    (project.root / "AGENTS.md").write_text(text)
    assert "default" in migrations_path(env={}, cwd=project.root).because


HOSTILE = {
    "absolute": ("/srv/sql", "/srv/sql"),
    "up and down": ("../shop/./sql//x/", "{root}/sql/x"),
    "outside": ("../other", "{root}/../other"),
    "spaces": ("my sql/ü 🦀", "{root}/my sql/ü 🦀"),
    "home": ("~/sql", "{home}/sql"),
    "nobody's home": ("~no-such-user-here/sql", "{root}/~no-such-user-here/sql"),
    "percent and braces": ("%s/{x}/$HOME", "{root}/%s/{{x}}/$HOME"),
}


@pytest.mark.parametrize(("said", "path"), HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("by", ["profile", "table", "environment"])
def test_values_are_taken_as_paths_and_nothing_else(project, said, path, by):
    project.write(PLAIN + (f"migrations_path = '{said}'\n" if by == "profile" else ""))
    if by == "table":
        project.write(PLAIN + f"[migrations]\npath = '{said}'\n")
    found = migrations_path(profile="local", env={"DB_MIGRATIONS_PATH": said}, cwd=project.root)
    assert found.path == Path(os.path.normpath(path.format(root=project.root, home=Path.home())))


@pytest.mark.parametrize("said", ["a\nb", "postgresql://u:hunter2@h/d"])
def test_what_can_not_be_a_path_is_not_shown(project, said):
    with pytest.raises(ConfigError) as caught:
        migrations_path(env={"DB_MIGRATIONS_PATH": said}, cwd=project.root)
    assert "set in the environment" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_notes_that_can_not_be_read_say_nothing(project):
    (project.root / "AGENTS.md").mkdir()
    assert "default" in migrations_path(env={}, cwd=project.root).because
    (project.root / "AGENTS.md").rmdir()
    os.mkfifo(project.root / "AGENTS.md")
    assert "default" in migrations_path(env={}, cwd=project.root).because
    (project.root / "AGENTS.md").unlink()
    # A pattern that goes back and forth would not come to an end here.
    (project.root / "AGENTS.md").write_bytes(b"\xff\xfe\0DB_MIGRATIONS_PATH\n" + b"` " * 400_000)
    assert "default" in migrations_path(env={}, cwd=project.root).because


def test_a_config_or_profile_that_is_named_has_to_be_there(project):
    for call in ({"config": project.file}, {"profile": "local"}):
        with pytest.raises(ConfigNotFoundError):
            migrations_path(**call, env={}, cwd=project.root)
    config = project.load(PROFILE.format("own"))
    with pytest.raises(UnknownProfileError, match="'local'"):
        migrations_path(config, "locla", env={}, cwd=project.root)
    assert migrations_path(config, config.profiles["local"], env={}).path == project.root / "sql/own"
