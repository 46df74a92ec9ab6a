"""The dialogue that makes a profile, answered by scripts: its order, its refusals, what it writes and never does."""

from __future__ import annotations

import stat
import subprocess
import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgops.config import load_config, resolve
from pgops.config.bootstrapping.dialogue import Outcome, bootstrap
from pgops.config.bootstrapping.profile_fields import as_toml, as_url, fields_of
from pgops.config.bootstrapping.scripted_ui import ScriptedUi, UnexpectedQuestionError
from pgops.conninfo import Conninfo
from pgops.errors import ConfigError, ConfigVersionError, DialogueEndedError
from pgops.secret import Secret

PASSWORD = 'hunter2\'s "pass\\word"@/é'
BY_HAND = [
    ("Look for connections", False),
    ("How do you want to name", "question by question"),
    ("profile's name", ""),
    ("Where are the migrations", "Leave it out"),
    ("Host", ""),
    ("Port", ""),
    ("Database", "shop"),
    ("User", "ann"),
    ("Password", Secret(PASSWORD)),
]
SAVE = ("What shall become", "Save it")
ONCE = ("What shall become", "Use it once")
IGNORE = ("Git does not ignore", True)


def answered(project, *script, **how):
    ui = ScriptedUi(script)
    done = bootstrap(ui, cwd=project.root, env={}, **how)
    ui.finish()
    assert PASSWORD not in "\n".join([*ui.shown, *ui.asked])
    assert "hunter2" not in "\n".join([*ui.shown, *ui.asked, repr(done), str(done), repr(done.records)])
    return done, ui


def everything_below(folder) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
        if ".git" not in path.parts
    }


def replaced(script, part, *answers):
    """The script with other answers to the question that has `part` in it."""
    at = next(index for index, (question, _) in enumerate(script) if part in question)
    return [*script[:at], *answers, *script[at + 1 :]]


def test_by_hand_and_saved(project):
    done, ui = answered(project, *BY_HAND, SAVE, IGNORE)
    assert (done.outcome, done.profile, done.config_path) == (Outcome.SAVED, "local", project.file)
    found = project.resolve()
    assert found.target.params["host"] == "localhost"
    assert (found.target.params["port"], found.target.params["dbname"]) == ("5432", "shop")
    assert found.target.password == Secret(PASSWORD)
    assert stat.S_IMODE(project.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(project.file.parent.stat().st_mode) == 0o700
    assert 'password = "********"' in "\n".join(ui.shown)
    assert [record.approval.by for record in done.records] == ["the script", "the script"]
    ignored = subprocess.run(["git", "init", "-q", project.root], check=True) and subprocess.run(
        ["git", "-C", project.root, "check-ignore", "-q", project.file], check=False
    )
    assert ignored.returncode == 0


def test_used_once_nothing_is_written_and_the_password_needs_a_word(project):
    before = everything_below(project.root)
    done, ui = answered(project, *BY_HAND, ONCE, ("in clear", True))
    assert done.outcome is Outcome.ONE_OFF
    assert everything_below(project.root) == before
    (line,) = ui.revealed
    said = subprocess.run(
        ["sh", "-c", line.reveal() + '; printf %s "$DB_URL"'], capture_output=True, text=True, check=True
    ).stdout
    found = resolve(env={"DB_URL": said})
    assert found.target.password == Secret(PASSWORD)
    assert found.target.params["dbname"] == "shop"


def test_used_once_without_that_word_the_url_is_shown_masked(project):
    _, ui = answered(project, *BY_HAND, ONCE, ("in clear", False))
    assert ui.revealed == []
    assert "postgresql://ann:********@localhost:5432/shop" in "\n".join(ui.shown)


def test_used_once_without_a_password_there_is_nothing_to_hide(project):
    script = replaced(BY_HAND, "Password", ("Password", Secret("")))
    _, ui = answered(project, *script, ONCE)
    assert "export DB_URL=postgresql://ann@localhost:5432/shop" in ui.shown


def test_neither(project):
    before = everything_below(project.root)
    done, _ = answered(project, *BY_HAND, ("What shall become", "Neither"))
    assert (done.outcome, done.records) == (Outcome.NOTHING, ())
    assert everything_below(project.root) == before


def test_a_candidate_of_the_scan_is_completed_and_its_port_asked(project):
    (project.root / ".env").write_text("DB_HOST=db\nDB_NAME=shop\nDB_PASSWORD=hunter2\n")
    _, ui = answered(
        project,
        ("Look for connections", True),
        ("Which connection", "db/shop  (.env:1, without user)"),
        ("profile's name", "prod"),
        ("Where are the migrations", "Leave it out"),
        ("Port", ""),
        ("User", "ann"),
        SAVE,
        IGNORE,
    )
    assert "1 found in 1 files." in ui.shown
    assert project.resolve("prod").target.params["user"] == "ann"
    assert project.resolve("prod").target.password == Secret("hunter2")


def test_a_scan_that_finds_nothing_and_one_whose_candidates_do_not_fit(project):
    answered(project, ("Look for connections", True), *BY_HAND[1:], ("What shall become", "Neither"))
    (project.root / ".env").write_text("DATABASE_URL=postgres://bob@db/jobs?schema=x")
    script = [("Look for connections", True), ("Which connection", "None of these"), *BY_HAND[1:]]
    answered(project, *script, ("What shall become", "Neither"))
    script = [("Look for connections", True), ("Which connection", "bob@db/jobs"), *BY_HAND[2:4], *BY_HAND[5:6]]
    _, ui = answered(project, *script, ("Password", Secret("")), ("What shall become", "Neither"))
    assert any("Left out" in each and "schema" in each for each in ui.shown)


def test_a_url_that_is_typed_is_hidden_and_asked_again_if_wrong(project):
    done, _ = answered(
        project,
        ("Look for connections", False),
        ("How do you want to name", "URL"),
        ("The URL", Secret("hunter2")),
        ("The URL", Secret("postgresql://ann:hunter2@db:99999999/shop")),
        ("The URL", Secret(" postgresql+psycopg://ann:hunter2@db/shop?target_session_attrs=read-write ")),
        ("profile's name", ""),
        ("Where are the migrations", "Leave it out"),
        ("Port", "5433"),
        SAVE,
        IGNORE,
    )
    assert done.outcome is Outcome.SAVED
    assert load_config(project.file).profiles["local"].url is not None  # there is no field for the rest
    assert project.resolve().target.params["target_session_attrs"] == "read-write"


def test_names_fields_and_ports_that_can_not_be_are_asked_again(project):
    script = [BY_HAND[0], BY_HAND[1], ("name", "Prod!"), ("name", "host"), ("name", " prod_2 "), *BY_HAND[3:]]
    script = replaced(script, "Host", ("Host", "postgres://db"), ("Host", "db"))
    script = replaced(script, "Port", ("Port", "x"), ("Port", "0"), ("Port", "99999"), ("Port", "5433"))
    script = replaced(script, "Password", ("Password", Secret("a\0b")), ("Password", Secret("hunter2")))
    answered(project, *script, SAVE, IGNORE)
    assert project.resolve("prod_2").target.params["port"] == "5433"


# --- a config that is there ------------------------------------------------------------------------------------------

THERE = """
# ours
[database]
sslmode = true

[database.local]
host = "old"   # keep me
database = "old"
user = "old"
password = "old-secret"
description = "the old one"
strange = 1
"""


def test_with_a_config_no_scan_is_offered_and_the_rest_of_the_file_stays(project):
    before = project.write(THERE).read_text()
    script = [BY_HAND[1], ("profile's name", "prod"), *BY_HAND[3:]]
    done, ui = answered(project, *script, SAVE, ("Add the profile prod", True), IGNORE)
    assert project.file.read_text().startswith(before)
    assert set(load_config(project.file).profiles) == {"local", "prod"}
    assert len(done.records) == 2
    assert not any("old-secret" in each for each in ui.shown)


def test_a_profile_is_replaced_only_on_the_users_word(project):
    before = project.write(THERE).read_text()
    script = [BY_HAND[1], ("name", "local"), ("Put this in its place", False), ("name", "local")]
    script += [("Put this in its place", True), *BY_HAND[3:], SAVE]
    done, _ = answered(project, *script, ("Change", False))
    assert (done.outcome, project.file.read_text()) == (Outcome.NOTHING, before)
    answered(project, *script, ("Change", True), IGNORE)
    profile = load_config(project.file).profiles["local"]
    assert (profile.host, profile.database, profile.password) == ("localhost", "shop", Secret(PASSWORD))
    assert profile.description == "the old one"
    assert "# keep me" in project.file.read_text()
    assert "strange = 1" in project.file.read_text()


def test_there_is_no_default_for_a_name_that_is_taken(project):
    project.write(THERE)
    with pytest.raises(UnexpectedQuestionError, match="no default"):
        answered(project, BY_HAND[1], ("profile's name", ""))


@pytest.mark.parametrize("text", ["[database", "[configuration]\nschema_version = 9\n"], ids=["broken", "newer"])
def test_a_config_that_can_not_be_read_ends_it_before_the_first_question(project, text):
    project.write(text, header="")
    ui = ScriptedUi([])
    with pytest.raises(ConfigError):
        bootstrap(ui, cwd=project.root, env={})
    assert ui.asked == []


def test_a_config_of_version_0_is_to_be_upgraded_first(project):
    project.write('[database.local]\nhost = "db"\n', header="")
    with pytest.raises(ConfigVersionError):
        bootstrap(ScriptedUi([]), cwd=project.root, env={})


def test_pgops_config_and_root_say_where(project, tmp_path):
    ui = ScriptedUi([*BY_HAND, SAVE])
    other = tmp_path / "conf" / "pg.toml"
    done = bootstrap(ui, cwd=project.root, env={"PGOPS_CONFIG": str(other), "DB_URL": "postgres://x@y/z"})
    assert done.config_path == other
    assert load_config(other).profiles.keys() == {"local"}
    root = tmp_path / "elsewhere"
    root.mkdir()
    ui = ScriptedUi([*BY_HAND, SAVE])
    assert bootstrap(ui, root=root, cwd=project.root, env={}).config_path == root / ".skills/postgres/postgres.toml"


# --- migrations ------------------------------------------------------------------------------------------------------


def migrations(project, *answers):
    at = next(index for index, (question, _) in enumerate(BY_HAND) if "migrations" in question)
    script = [*BY_HAND[:at], *answers, *BY_HAND[at + 1 :], SAVE, IGNORE]
    answered(project, *script)
    return load_config(project.file).profiles["local"].migrations_path


def test_migrations_in_the_usual_place_are_made_on_the_users_word_and_only_when_saved(project):
    where = ("Where are the migrations", "db/migrations (not there yet)")
    script = replaced(BY_HAND, "migrations", where, ("Make it", True))
    answered(project, *script, ONCE, ("in clear", False))
    assert not (project.root / "db").exists()
    found = migrations(project, where, ("Make it", False), where, ("Make it", True))
    assert found.as_posix() == "db/migrations"
    assert (project.root / "db/migrations").is_dir()


def test_migrations_are_found_by_the_end_of_their_path(project):
    for place in ("svc/api/Migrations", "svc/jobs/sql", "node_modules/x/migrations", "old/released/migrations"):
        project.folder(place)
    (project.root / "link").symlink_to(project.root / "svc")
    found = migrations(
        project,
        ("Where are the migrations", "Search"),
        ("The end of its path", "nowhere"),
        ("Where are the migrations", "Search"),
        ("The end of its path", ""),
        ("Which one", "svc/api/Migrations"),
    )
    assert found.as_posix() == "svc/api/Migrations"


REFUSED = {"outside": "../x", "absolute": "/x", "released": "db/Released", "a file": "a.sql", "by a link": "out/x"}


@pytest.mark.parametrize("said", REFUSED.values(), ids=REFUSED.keys())
def test_folders_that_can_not_hold_migrations(project, tmp_path, said):
    (project.root / "a.sql").write_text("")
    (tmp_path / "x").mkdir()
    (project.root / "out").symlink_to(tmp_path)
    where = ("Where are the migrations", "Another")
    found = migrations(
        project, where, ("The folder", said), where, ("The folder", "./sql/../sql/new"), ("Make it", True)
    )
    assert found.as_posix() == "sql/new"


# --- git -------------------------------------------------------------------------------------------------------------


def git(project, *words):
    return subprocess.run(["git", "-C", project.root, *words], check=True, capture_output=True, text=True).stdout


def test_gitignore_is_asked_about_and_may_be_refused(project):
    git(project, "init", "-q")
    (project.root / ".gitignore").write_text("*.pyc")
    answered(project, *BY_HAND, SAVE, ("Git does not ignore", False))
    assert (project.root / ".gitignore").read_text() == "*.pyc"


def test_gitignore_gets_a_line_and_what_was_there_stays(project):
    git(project, "init", "-q")
    (project.root / ".gitignore").write_text("*.pyc")
    answered(project, *BY_HAND, SAVE, IGNORE)
    assert (project.root / ".gitignore").read_text().startswith("*.pyc\n/.skills/postgres/postgres.toml")
    assert "postgres.toml" not in git(project, "status", "--porcelain", "--untracked-files=all")


def test_gitignore_is_not_asked_about_where_the_file_is_ignored_or_there_is_no_git(project):
    git(project, "init", "-q")
    (project.root / ".gitignore").write_text(".skills/\n")
    answered(project, *BY_HAND, SAVE)


def test_a_file_that_git_tracks_is_warned_about(project):
    git(project, "init", "-q")
    project.write(THERE)
    git(project, "add", "-f", ".skills")
    script = [BY_HAND[1], ("profile's name", "prod"), *BY_HAND[3:]]
    _, ui = answered(project, *script, SAVE, ("Add the profile prod", True), IGNORE)
    assert any("git rm --cached" in each for each in ui.shown)


# --- broken off ------------------------------------------------------------------------------------------------------

FULL = [
    *replaced(BY_HAND, "migrations", ("Where are the migrations", "db/migrations"), ("Make it", True)),
    SAVE,
    IGNORE,
]


@pytest.mark.parametrize("ending", [KeyboardInterrupt(), DialogueEndedError("enough")], ids=["Ctrl-C", "Ctrl-D"])
@pytest.mark.parametrize("question", range(len(FULL)))
def test_broken_off_at_any_question_nothing_has_been_changed(project, question, ending):
    before = everything_below(project.root)
    script = [*FULL[:question], (FULL[question][0], ending)]
    with pytest.raises(type(ending)) as ended:
        bootstrap(ScriptedUi(script), cwd=project.root, env={})
    assert everything_below(project.root) == before
    assert "hunter2" not in "".join(traceback.format_exception(ended.value))


def test_a_file_that_appears_meanwhile_is_not_written_over(project):
    class Busy(ScriptedUi):
        def confirm(self, question):
            if "Git does not ignore" in question:
                project.write(THERE)
            return super().confirm(question)

    with pytest.raises(Exception, match="changed"):
        bootstrap(Busy([*BY_HAND, SAVE, IGNORE]), cwd=project.root, env={})
    assert "old-secret" in project.file.read_text()


# --- the texts -------------------------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)


@settings(max_examples=200, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "host": st.sampled_from(["db", "10.0.0.1", "::1", "/run/pg"]),
            "port": st.integers(1, 65535),
            "dbname": TEXTS.filter(lambda name: not name.startswith("postgres")),
            "user": TEXTS,
            "password": TEXTS,
            "sslmode": st.sampled_from(["disable", "prefer", "require", "verify-full"]),
            "options": TEXTS,
            "sslpassword": TEXTS,
        },
    )
)
def test_the_url_says_the_same_and_the_table_hides_every_secret(parts):
    target = Conninfo.from_fields(**parts)
    assert Conninfo.parse(as_url(target).reveal()) == target
    fields = fields_of(target)
    shown = as_toml("local", fields, target)
    plain = as_toml("local", fields_of(target.with_(password=None)), target.with_(password=None))
    password = parts.get("password", "")
    assert len(password) < 4 or password not in shown or password in plain


def test_the_script_is_strict():
    ui = ScriptedUi([("name", "x"), ("Which", "a"), ("Which", "z"), ("Sure", "yes"), ("more", True)])
    with pytest.raises(UnexpectedQuestionError, match="goes on with"):
        ui.ask("Something else")
    assert ui.choose("Which one", ["ax", "b"]) == 0
    with pytest.raises(UnexpectedQuestionError, match="in 0 of the choices"):
        ui.choose("Which one", ["ax", "b"])
    with pytest.raises(UnexpectedQuestionError, match="goes on with"):
        ui.confirm("Sure")
    with pytest.raises(UnexpectedQuestionError, match="ended before"):
        ui.finish()
