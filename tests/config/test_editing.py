"""Edits of postgres.toml: one key, one profile, and every other byte as it was."""

from __future__ import annotations

import json
import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgops.config import client_programs
from pgops.config.editing import (
    add_profile,
    change_profile,
    record_pg_bin_path,
    remove_profile,
    set_migrations_path,
    set_pg_bin_path,
    set_sslmode,
)
from pgops.config.manuscript import Manuscript
from pgops.config.reading import load_config
from pgops.errors import ConfigError, ConfigNotFoundError, ConfigVersionError, UnknownProfileError
from pgops.secret import Secret
from tests.config.documents import documents

TWO = """\
# mine
[database.local]   # here
host = 'h'  # the host
  sslmode = false

# theirs
[database.prod]
host = "p"
sslmode = "verify-full"

# where they are
[migrations]
path = 'db'
"""


@pytest.fixture
def edited(project):
    """The text after an edit of a file with this text; the header is left out."""

    def edit(text, change, *args, **how):
        header = "[configuration]\nschema_version = 1\n"
        file = project.write(text, header=header)
        proposal = change(*args, config=file, env={}, **how)
        assert file.read_bytes().decode() == header + text
        proposal.apply(approval=proposal.approve(by="ann"))
        after = file.read_bytes().decode()
        assert after.startswith(header)
        return after.removeprefix(header)

    return edit


# --- one key ---------------------------------------------------------------------------------------------------------


def test_one_key_is_changed_in_its_place(edited):
    assert edited(TWO, set_sslmode, "local", True) == TWO.replace("sslmode = false", "sslmode = true")
    assert edited(TWO, set_sslmode, "local", "verify-ca") == TWO.replace("sslmode = false", 'sslmode = "verify-ca"')
    assert edited(TWO, set_sslmode, "local", False) == TWO


KEYS = {
    "a key that is missing goes below the last of its table": (
        "[database.a]\nhost = 'h' # c\n# note\n\n[database.b]\n",
        "[database.a]\nhost = 'h' # c\nsslmode = true\n# note\n\n[database.b]\n",
    ),
    "it is indented like its neighbour": (
        "[database.a]\n\thost = 'h'\n",
        "[database.a]\n\thost = 'h'\n\tsslmode = true\n",
    ),
    "an empty table": ("[database.a] # c\n\n[x]\n", "[database.a] # c\nsslmode = true\n\n[x]\n"),
    "below a long text": (
        "[database.a]\ndescription = '''\n[x]\n# '''\n[x]\n",
        "[database.a]\ndescription = '''\n[x]\n# '''\nsslmode = true\n[x]\n",
    ),
    "a long text is replaced whole": (
        "[database.a]\nsslmode = '''\nverify-ca''' # c\nport = 1\n",
        "[database.a]\nsslmode = true # c\nport = 1\n",
    ),
    "between braces": ("[database]\na = { host = 'h' } # c\n", "[database]\na = { host = 'h', sslmode = true } # c\n"),
    "between empty braces": ("[database]\na = {}\n", "[database]\na = {sslmode = true}\n"),
    "all between braces": (
        "database = {a = {host='h'}, b={}}\n",
        "database = {a = {host='h', sslmode = true}, b={}}\n",
    ),
    "dotted": ("[database]\na.host = 'h'\nport = 1\n", "[database]\na.host = 'h'\na.sslmode = true\nport = 1\n"),
    "dotted deeply": ("[x]\n[database.\"a\"]\nmore . x = 1\n", "[x]\n[database.\"a\"]\nmore . x = 1\nsslmode = true\n"),
    "no last line end": ("[database.a]\nhost = 'h'", "[database.a]\nhost = 'h'\nsslmode = true"),
    "windows": ("[database.a]\r\nhost = 'h'\r\n\r\n", "[database.a]\r\nhost = 'h'\r\nsslmode = true\r\n\r\n"),
    "tables out of order": (
        "[database.a]\nhost = 'h'\n[x]\n[database]\nuser = 'u'\n[y]\n[database.b]\n",
        "[database.a]\nhost = 'h'\nsslmode = true\n[x]\n[database]\nuser = 'u'\n[y]\n[database.b]\n",
    ),
    "with tables of its own": (
        "[database.a.more]\nx = 1\n[database.a]\n[database.a.rest]\n",
        "[database.a.more]\nx = 1\n[database.a]\nsslmode = true\n[database.a.rest]\n",
    ),
    "only as a part of a name": (
        "[database.a.more]\nx = 1\n",
        "\n[database.a]\nsslmode = true\n\n[database.a.more]\nx = 1\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), KEYS.values(), ids=KEYS)
def test_where_a_key_goes(project, edited, before, after):
    if "\r\n" in before or not before.startswith("["):
        file = project.file
        file.parent.mkdir(parents=True, exist_ok=True)
        end = "\r\n" if "\r\n" in before else "\n"
        tail = f"{'' if before.endswith(end) else end}[configuration]{end}schema_version = 1{end}"
        file.write_bytes((before + tail).encode())
        proposal = set_sslmode("a", True, config=file, env={})
        proposal.apply(approval=proposal.approve(by="ann"))
        assert file.read_bytes().decode() == after + tail
    else:
        assert edited(before, set_sslmode, "a", True) == after


@pytest.mark.parametrize("value", ["prefer", "require", 1, "verify_full", "", None])
def test_an_sslmode_that_is_none(project, value):
    file = project.write("[database.local]\n")
    with pytest.raises(ConfigError, match=r"database\.local\.sslmode"):
        set_sslmode("local", value, config=file, env={})


def test_an_sslmode_that_the_url_overrules_is_refused(project):
    file = project.write("[database.local]\nurl = 'postgresql://u:hunter2@h/d?sslmode=require'\n")
    with pytest.raises(ConfigError, match="says sslmode=require") as caught:
        set_sslmode("local", "verify-full", config=file, env={})
    assert "hunter2" not in str(caught.value)
    assert set_sslmode("local", True, config=file, env={}).is_change


def test_a_weaker_sslmode_is_a_risk_that_is_named(project):
    file = project.write(TWO)
    assert set_sslmode("prod", True, config=file, env={}).risks == (
        "Profile prod checks its server less than before: verify-full becomes require.",
    )
    assert set_sslmode("local", True, config=file, env={}).risks == ()
    assert "disable" in change_profile("prod", {"sslmode": False}, config=file, env={}).risks[0]


def test_the_migrations_path(edited):
    assert edited(TWO, set_migrations_path, "db/all") == TWO.replace("'db'", '"db/all"')
    assert edited("", set_migrations_path, Path("db") / "x") == '\n[migrations]\npath = "db/x"\n'


# --- profiles --------------------------------------------------------------------------------------------------------


def test_a_profile_is_added_after_the_others(edited):
    fields = {"password": Secret('a "b" \\ \''), "host": "h", "port": 6432, "user": "ü", "url": None, "sslmode": True}
    assert edited(TWO, add_profile, "new_1", fields) == TWO.replace(
        "# where",
        '[database.new_1]\nhost = "h"\nport = 6432\nuser = "ü"\n'
        'password = "a \\"b\\" \\\\ \'"\nsslmode = true\n\n# where',
    )


def test_the_first_profile_makes_the_file(project):
    fields = {"host": "h", "database": "d", "user": "u", "password": "hunter2"}
    proposal = add_profile("local", fields, cwd=project.root, env={})
    assert not project.file.exists()
    assert "hunter2" not in repr(proposal) + proposal.diff
    proposal.apply(approval=proposal.approve(by="ann"))
    assert stat.S_IMODE(project.file.stat().st_mode) == 0o600
    config = load_config(cwd=project.root, env={})
    assert (config.profiles["local"].password, config.warnings) == (Secret("hunter2"), ())
    assert project.resolve().target.params["sslmode"] == "disable"


def test_a_profile_between_braces(edited):
    before = "[database]\na = {host = 'h'}\n"
    assert edited(before, add_profile, "b", {"host": "x"}) == before + '\n[database.b]\nhost = "x"\n'


def test_every_field_that_a_profile_has_can_be_added(project):
    fields = {
        **{key: f"a {key}" for key in ("database", "user", "project", "description")},
        "host": "h",
        "port": 1,
        "sslmode": "verify-ca",
        "migrations_path": Path("a/b"),
        "password_command": ["pass", Secret("show")],
    }
    proposal = add_profile("local", fields, cwd=project.root, env={})
    proposal.apply(approval=proposal.approve(by="ann"))
    profile = load_config(cwd=project.root, env={}).profiles["local"]
    assert (profile.description, profile.port, profile.migrations_path) == ("a description", 1, Path("a/b"))
    assert tomllib.loads(project.file.read_text())["database"]["local"]["password_command"] == ["pass", "show"]


def test_fields_are_changed_added_and_taken_out(edited):
    after = edited(TWO, change_profile, "local", {"host": "h2", "sslmode": None, "port": 1, "user": None})
    assert after == TWO.replace("'h'  #", '"h2"  #').replace("  sslmode = false\n", "  port = 1\n", 1)


REMOVALS = {
    "the first": (TWO, "local", TWO.partition("\n\n")[2]),
    "in the middle": (TWO, "prod", TWO[: TWO.index("# theirs")] + TWO[TWO.index("# where") :]),
    "the last, with the empty lines above it": ("[database.a]\n\n# b\n[database.b]\nport = 1\n", "b", "[database.a]\n"),
    "what is written below and apart stays": (
        "[database.a]\nport = 1\n\n# a note\n\n[database.b]\n",
        "a",
        "# a note\n\n[database.b]\n",
    ),
    "between braces": ("[database]\na = {port = 1} # x\nb = {}\n", "a", "[database]\nb = {}\n"),
    "between braces of [database]": (
        "[x]\n[database]\na.b = {x = 1}\n a.port=1\nb.c=1\n",
        "a",
        "[x]\n[database]\nb.c=1\n",
    ),
    "dotted": ("[database]\na.host = 'h'\nport = 1\na.port = 2\n", "a", "[database]\nport = 1\n"),
    "with tables of its own": ("[database.a.x]\ny = 1\n[[database.a.z]]\n[x]\n[database.a]\n[y]\n", "a", "[x]\n[y]\n"),
}


@pytest.mark.parametrize(("before", "name", "after"), REMOVALS.values(), ids=REMOVALS)
def test_a_profile_is_removed_with_its_comment(edited, before, name, after):
    assert edited(before, remove_profile, name) == after


def test_a_profile_that_is_not_there(project):
    file = project.write("[database.local]\n")
    for call in (
        lambda: set_sslmode("lokal", True, config=file, env={}),
        lambda: change_profile("lokal", {}, config=file, env={}),
        lambda: remove_profile("lokal", config=file, env={}),
    ):
        with pytest.raises(UnknownProfileError, match="Did you mean 'local'"):
            call()


BAD = {
    "there is one already": (lambda **how: add_profile("local", {"host": "x"}, **how), "already"),
    "a name that is none": (lambda **how: add_profile("Prod-1", {"host": "x"}, **how), "prod_1"),
    "a field that is none": (lambda **how: add_profile("a", {"pasword": "hunter2"}, **how), "password"),
    "a port that is none": (lambda **how: change_profile("local", {"port": 99999}, **how), "1 to 65535"),
    "a port in quotes": (lambda **how: change_profile("local", {"port": "1"}, **how), "whole number"),
    "two sources for the password": (lambda **how: change_profile("local", {"password_env": "X"}, **how), "second"),
    "half a character": (lambda **how: change_profile("local", {"password": "hunter2\ud800"}, **how), "UTF-8"),
    "a value of no kind": (lambda **how: change_profile("local", {"host": object()}, **how), "no value"),
    "a URL for a host": (lambda **how: change_profile("local", {"host": "postgres://u:hunter2@h/d"}, **how), "url"),
    "a folder without psql": (lambda **how: set_pg_bin_path("/nowhere", **how), "holds no psql"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "says"), BAD.values(), ids=BAD)
def test_what_would_leave_a_file_that_does_not_load_is_refused(project, change, says):
    file = project.write("[database.local]\npassword = 'hunter2'\n")
    with pytest.raises(ConfigError) as caught:
        change(config=file, env={})
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)
    error = caught.value
    while error is not None:  # nor in what a traceback with locals would print
        frame = error.__traceback__
        while frame is not None:
            if "pgops" in frame.tb_frame.f_code.co_filename and "tests" not in frame.tb_frame.f_code.co_filename:
                assert "hunter2" not in repr(frame.tb_frame.f_locals), frame.tb_frame
            frame = frame.tb_next
        error = error.__context__


def test_a_file_that_does_not_load_is_not_edited(project):
    for text, error in [
        ("", ConfigVersionError),
        ("[configuration]\nschema_version = 1\n[database]\nport = 'x'", ConfigError),
    ]:
        file = project.write(text, header="")
        with pytest.raises(error):
            add_profile("local", {"host": "h"}, config=file, env={})
    with pytest.raises(ConfigNotFoundError):
        set_migrations_path("db", config=project.root / "none.toml", env={})


def test_a_layout_that_can_not_be_changed_without_touching_more_is_refused():
    before = Manuscript(Path("x.toml"), Secret("[[database]]\nport = 1\n"))
    with pytest.raises(ConfigError) as caught:
        before.put(("database", "local", "host"), "h")
    assert (caught.value.line, caught.value.key) == (1, "database.local.host")
    assert "by hand" in caught.value.cure


# --- the folder of psql ----------------------------------------------------------------------------------------------


@pytest.fixture
def bin_folder(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "psql").touch(mode=0o755)
    return tmp_path / "bin"


def test_a_missing_folder_is_written_without_asking(project, bin_folder):
    project.write("# ours\n[database.local]\n")
    kept = []
    done = record_pg_bin_path(cwd=project.root, env={"PATH": str(bin_folder)}, record=kept.append)
    assert kept == [done]
    assert (done.approval.by, done.outcome) == ("pgops", "written")
    assert project.file.read_text() == (
        f'[configuration]\nschema_version = 1\npg_bin_path = "{bin_folder}"\n# ours\n[database.local]\n'
    )
    assert load_config(project.file, env={}).pg_bin_path == bin_folder


def test_a_folder_that_is_there_is_never_changed_without_asking(project, bin_folder):
    before = project.write("pg_bin_path = '/nowhere'\n").read_bytes()
    assert record_pg_bin_path(cwd=project.root, env={"PATH": str(bin_folder)}) is None
    assert project.file.read_bytes() == before
    proposal = set_pg_bin_path(bin_folder, cwd=project.root, env={})
    assert project.file.read_bytes() == before
    proposal.apply(approval=proposal.approve(by="ann"))
    assert load_config(project.file, env={}).pg_bin_path == bin_folder


def test_where_no_psql_is_found_nothing_is_written(project, monkeypatch):
    monkeypatch.setattr(client_programs, "INSTALLED", ())
    before = project.write("").read_bytes()
    assert record_pg_bin_path(cwd=project.root, env={}) is None
    assert project.file.read_bytes() == before


# --- any document ----------------------------------------------------------------------------------------------------

VERSION_1 = documents(
    header="schema_version = 1", sslmodes=st.sampled_from(["true", "false", '"verify-full"', "'verify-ca'"])
)
ONE_LINE = {"host": '"db # 2"', "port": "7", "description": '"a \\"b\\""', "user": '"ü"', "migrations_path": '"a/b"'}


def written(folder, text):
    file = folder / "postgres.toml"
    file.write_bytes(text.encode())
    return file


def applied(proposal):
    proposal.apply(approval=proposal.approve(by="ann"))
    return proposal.path.read_bytes().decode()


def is_long(tables, text, name, key):
    """Whether the value is written over several lines."""
    return (f"{key}" in tables["database"][name] and '"""' in text) or "'''" in text


@settings(deadline=None, max_examples=50)
@given(VERSION_1, st.sampled_from(sorted(ONE_LINE)), st.data())
def test_editing_one_key_changes_one_line(tmp_path_factory, text, key, data):
    file = written(tmp_path_factory.mktemp("any"), text)
    try:
        profiles = load_config(file, env={}).profiles
    except ConfigError:
        return
    if not profiles:
        return
    name = data.draw(st.sampled_from(sorted(profiles)))
    value = tomllib.loads(f"v = {ONE_LINE[key]}")["v"]
    before = tomllib.loads(text.removeprefix("\ufeff"))
    after_text = applied(change_profile(name, {key: value}, config=file, env={}))
    after = tomllib.loads(after_text.removeprefix("\ufeff"))
    assert after["database"][name][key] == value
    # At most one line is new; those that went are the value's own, unless it is new: then at most its neighbour's.
    old, new = text.split("\n"), after_text.split("\n")
    head = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    rest = zip(reversed(old[head:]), reversed(new[head:]), strict=False)
    tail = next((at for at, (a, b) in enumerate(rest) if a != b), min(len(old), len(new)) - head)
    was_there = key in before["database"][name]
    at_the_end = not was_there and head + tail == len(old) - 1  # the last line gets a line end first
    assert len(new) - head - tail <= 1 + at_the_end, after_text
    if not was_there:
        assert len(old) - head - tail <= 1, after_text
    before["database"][name][key] = value
    assert json.dumps(before, default=repr, sort_keys=True) == json.dumps(after, default=repr, sort_keys=True)


@settings(deadline=None, max_examples=50)
@given(VERSION_1, st.data())
def test_a_profile_that_is_added_and_removed_leaves_no_trace(tmp_path_factory, text, data):
    file = written(tmp_path_factory.mktemp("any"), text)
    try:
        load_config(file, env={})
    except ConfigError:
        return
    added = applied(add_profile("new_one", {"host": "h", "port": 1}, config=file, env={}))
    assert load_config(file, env={}).profiles["new_one"].host == "h"
    assert all(line in added for line in text.split("\n"))
    removed = applied(remove_profile("new_one", config=file, env={}))
    assert [line for line in removed.splitlines() if line] == [line for line in text.splitlines() if line]


@settings(deadline=None, max_examples=50)
@given(VERSION_1, st.data())
def test_any_profile_can_be_removed_and_the_rest_says_the_same(tmp_path_factory, text, data):
    file = written(tmp_path_factory.mktemp("any"), text)
    try:
        profiles = load_config(file, env={}).profiles
    except ConfigError:
        return
    if not profiles:
        return
    name = data.draw(st.sampled_from(sorted(profiles)))
    after = tomllib.loads(applied(remove_profile(name, config=file, env={})).removeprefix("\ufeff"))
    before = tomllib.loads(text.removeprefix("\ufeff"))
    del before["database"][name]
    for tables in (before, after):
        if not tables.get("database"):
            tables.pop("database", None)
    assert json.dumps(before, default=repr, sort_keys=True) == json.dumps(after, default=repr, sort_keys=True)


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=60) | documents() | VERSION_1)
def test_any_text_loads_or_is_an_error_with_a_place(tmp_path_factory, text):
    file = tmp_path_factory.mktemp("any") / "postgres.toml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    problem = None
    try:
        load_config(file, env={})
    except ConfigError as error:
        problem = error
    if problem is not None:
        assert problem.path == str(file)
        assert problem.line is not None
        assert 1 <= problem.line <= text.count("\n") + 1
