"""The upgrade from version 0 to 1: what changes, what stays byte for byte, and what is an error."""

from __future__ import annotations

import difflib
import os
import stat
import tomllib

import pytest
from hypothesis import given, settings

from pgops.config import client_programs
from pgops.config.client_programs import find_bin_path, pg_bin_path
from pgops.config.reading import load_config
from pgops.config.reference import FALSE_WORDS, TRUE_WORDS
from pgops.config.resolution import resolve
from pgops.config.surroundings import surroundings
from pgops.config.upgrade import needs_upgrade, propose_upgrade
from pgops.errors import ConfigError, ConfigNotFoundError, ConfigVersionError
from tests.config.documents import documents


def folder_with_psql(folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "psql").write_text("#!/bin/sh\n")
    (folder / "psql").chmod(0o755)
    return folder


@pytest.fixture
def bin_folder(tmp_path):
    return folder_with_psql(tmp_path / "pg" / "bin")


@pytest.fixture
def upgraded(project, bin_folder):
    """The text after an upgrade, applied to a file with the text before."""

    def upgrade(text, **how):
        file = project.write(text, header="")
        proposal = propose_upgrade(file, env={"PATH": str(bin_folder)}, **how)
        proposal.apply(approval=proposal.approve(by="ann"))
        return file.read_bytes().decode()

    return upgrade


@pytest.fixture
def nothing_installed(monkeypatch):
    monkeypatch.setattr(client_programs, "INSTALLED", ())


# --- the whole of it -------------------------------------------------------------------------------------------------

VERSION_0 = """\
# Our databases. Ask Ann.

[database]   # shared
user = "shop"
  sslmode = "Require"      # the network is not ours

# mine
[database.local]
host='localhost' # indented oddly
sslmode=''
   unknown_key = [1,
     2]   # stays
[database.prod]
sslmode = "verify-full"
url = "postgresql://u:p%2F@db/shop?sslmode=verify-ca"

[migrations]
path = "db/migrations"
[unknown.table]
a.b = 1
"""


def test_version_0_becomes_version_1_and_nothing_else_moves(upgraded, project, bin_folder):
    after = upgraded(VERSION_0)
    expected = VERSION_0.replace(
        "\n[database]   #", f'\n[configuration]\nschema_version = 1\npg_bin_path = "{bin_folder}"\n\n[database]   #'
    )
    assert after == expected.replace('"Require"', "true").replace("sslmode=''", "sslmode=false")
    config = load_config(project.file, env={})
    assert (config.profiles["local"].sslmode, config.profiles["prod"].sslmode) == (False, "verify-full")
    assert config.pg_bin_path == bin_folder
    assert resolve("prod", config=config, env={}).target.params["sslmode"] == "verify-ca"


def test_the_backup_holds_the_old_text_and_the_mode_is_kept(upgraded, project):
    project.write(VERSION_0, header="").chmod(0o640)
    upgraded(VERSION_0)
    (backup,) = project.file.parent.glob("*.bak-*")
    assert (backup.read_text(), stat.S_IMODE(project.file.stat().st_mode)) == (VERSION_0, 0o640)


def test_the_proposal_says_what_it_does(project, bin_folder):
    proposal = propose_upgrade(project.write(VERSION_0, header=""), env={"PATH": str(bin_folder)})
    assert proposal.title == f"Upgrade {project.file} from version 0 to 1"
    assert proposal.effects == (
        "database.sslmode becomes true, which is require.",
        "database.local.sslmode becomes false, which is disable.",
        "configuration.schema_version is 1 from now on.",
        f"configuration.pg_bin_path becomes {bin_folder}.",
    )
    assert proposal.risks == ()
    assert "p%2F" not in proposal.diff


LAYOUTS = {
    "empty": ("", '[configuration]\nschema_version = 1\npg_bin_path = "P"\n\n[database]\nsslmode = false\n'),
    "no [database]": (
        "# top\n\n# mine\n[database.a]\nhost = 'h'\n",
        '# top\n\n[configuration]\nschema_version = 1\npg_bin_path = "P"\n\n[database]\nsslmode = false\n\n'
        "# mine\n[database.a]\nhost = 'h'\n",
    ),
    "no last line end": (
        "[configuration]\nschema_version = 0 # old\n[database]\nsslmode = 't'",
        '[configuration]\nschema_version = 1 # old\npg_bin_path = "P"\n[database]\nsslmode = true',
    ),
    "CRLF and byte order mark": (
        "\ufeff[database]\r\nlocal.host = 'h'\r\n",
        '\ufeff[configuration]\r\nschema_version = 1\r\npg_bin_path = "P"\r\n\r\n'
        "[database]\r\nlocal.host = 'h'\r\nsslmode = false\r\n",
    ),
    "inline": (
        "database = { sslmode = 'n', local = {sslmode = 'y', host='h'} } # all\n",
        "database = { sslmode = false, local = {sslmode = true, host='h'} } # all\n"
        '\n[configuration]\nschema_version = 1\npg_bin_path = "P"\n',
    ),
    "dotted": (
        "configuration.pg_bin_path = 'P'\ndatabase.local.sslmode = 'on'\n",
        "configuration.pg_bin_path = 'P'\nconfiguration.schema_version = 1\n"
        "database.local.sslmode = true\ndatabase.sslmode = false\n",
    ),
    "a profile called sslmode": (
        "[database.sslmode]\nsslmode = 'on'\n",
        '[configuration]\nschema_version = 1\npg_bin_path = "P"\n\n[database.sslmode]\nsslmode = true\n',
    ),
    "[configuration] is last": (
        "[database]\nsslmode = false\n[configuration]\n# none yet",
        '[database]\nsslmode = false\n[configuration]\nschema_version = 1\npg_bin_path = "P"\n# none yet',
    ),
}


@pytest.mark.parametrize(("before", "after"), LAYOUTS.values(), ids=LAYOUTS)
def test_layouts(upgraded, bin_folder, before, after):
    place = str(bin_folder)
    assert upgraded(before.replace("'P'", f"'{place}'")) == after.replace('"P"', f'"{place}"').replace(
        "'P'", f"'{place}'"
    )


# --- sslmode ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["[database]", "[database.local]"])
def test_every_word_of_version_0_is_understood(upgraded, place):
    words = [(word, True) for word in TRUE_WORDS] + [(word, False) for word in FALSE_WORDS]
    words += [("verify-ca", "verify-ca"), ("verify-full", "verify-full")]
    for word, meant in words:
        for written in (f'"{word}"', f"'{word.upper()}'", f'" {word} "'):
            tables = tomllib.loads(upgraded(f"{place}\nsslmode = {written}\n"))
            table = tables["database"] if place == "[database]" else tables["database"]["local"]
            assert table["sslmode"] == meant
            assert type(table["sslmode"]) is type(meant)


@pytest.mark.parametrize(("written", "meant"), [("true", True), ("false", False), ("1", True), ("0", False)])
def test_values_without_quotes(upgraded, written, meant):
    assert tomllib.loads(upgraded(f"[database]\nsslmode = {written}"))["database"]["sslmode"] is meant


def test_verify_modes_are_left_as_they_are_written(upgraded):
    assert "sslmode = 'verify-full'   # no less" in upgraded("[database.a]\nsslmode = 'verify-full'   # no less\n")


@pytest.mark.parametrize("word", ["prefer", "allow", "PREFER", " allow "])
def test_what_has_no_boolean_is_an_error_with_key_and_cure(project, bin_folder, word):
    file = project.write(f"[database]\nsslmode = 'on'\n[database.b]\nsslmode = '{word}'\n", header="")
    with pytest.raises(ConfigError) as caught:
        propose_upgrade(file, env={"PATH": str(bin_folder)})
    assert (caught.value.line, caught.value.key) == (4, "database.b.sslmode")
    assert "?sslmode=prefer" in caught.value.cure


def test_all_that_are_undecided_are_named_at_once(project):
    file = project.write("[database.a]\nsslmode = 'prefer'\n[database.b]\nsslmode = 'allow'\n", header="")
    with pytest.raises(ConfigError, match=r"database\.b\.sslmode \(line 4\)"):
        propose_upgrade(file, env={}, allow_missing_bin=True)


@pytest.mark.parametrize("value", ["'hunter2'", "2", "1.0", "[true]", "2024-01-01"])
def test_what_was_never_understood_is_an_error_that_shows_no_value(project, value):
    file = project.write(f"[database.a]\nsslmode = {value}\n", header="")
    with pytest.raises(ConfigError) as caught:
        propose_upgrade(file, env={}, allow_missing_bin=True)
    assert (caught.value.line, caught.value.key) == (2, "database.a.sslmode")
    assert "hunter2" not in str(caught.value)


# --- the folder of psql ----------------------------------------------------------------------------------------------


def test_a_folder_that_holds_psql_is_kept(upgraded, tmp_path):
    other = folder_with_psql(tmp_path / "other")
    after = upgraded(f"[configuration]\npg_bin_path = '{other}' # ours\n")
    assert f"pg_bin_path = '{other}' # ours\n" in after


def test_a_folder_that_holds_none_is_replaced_and_the_proposal_says_so(project, bin_folder, tmp_path):
    file = project.write(f"[configuration]\npg_bin_path = '{tmp_path}' # ours\n", header="")
    proposal = propose_upgrade(file, env={"PATH": str(bin_folder)})
    assert f"configuration.pg_bin_path becomes {bin_folder}: {tmp_path} holds no psql." in proposal.effects
    assert f'+pg_bin_path = "{bin_folder}" # ours' in proposal.statements


def test_without_any_psql_it_fails_and_names_the_cure(project, nothing_installed):
    file = project.write(VERSION_0, header="")
    with pytest.raises(ConfigError) as caught:
        propose_upgrade(file, env={"PATH": "/nowhere"})
    assert caught.value.key == "configuration.pg_bin_path"
    assert "postgresql-client" in caught.value.cure
    assert "allow_missing_bin=True" in caught.value.cure


@pytest.mark.parametrize("stated", ["", "pg_bin_path = '/nowhere'\n"])
def test_without_any_psql_it_succeeds_if_that_is_allowed(upgraded, nothing_installed, bin_folder, stated):
    (bin_folder / "psql").unlink()
    after = upgraded(f"[configuration]\n{stated}", allow_missing_bin=True)
    assert after == f"[configuration]\n{stated}schema_version = 1\n\n[database]\nsslmode = false\n"


DEBIAN, BREW = "usr/lib/postgresql/{}/bin", "opt/homebrew/opt/postgresql@{}/bin"
PLACES = {
    "PATH": (["path/bin", DEBIAN.format(17)], "path/bin"),
    "Debian, the newest": ([DEBIAN.format(version) for version in ("9.6", "10", "17", "8.4")], DEBIAN.format(17)),
    "Red Hat": (["usr/pgsql-9.6/bin", "usr/pgsql-16/bin"], "usr/pgsql-16/bin"),
    "Homebrew": ([BREW.format(9), BREW.format(14)], BREW.format(14)),
    "Homebrew on Intel": (["usr/local/opt/postgresql@15/bin"], "usr/local/opt/postgresql@15/bin"),
    "Homebrew's libpq": (["opt/homebrew/opt/libpq/bin"], "opt/homebrew/opt/libpq/bin"),
    "Program Files": (["Programs/PostgreSQL/9.6/bin", "Programs/PostgreSQL/17/bin"], "Programs/PostgreSQL/17/bin"),
    "nowhere": ([], None),
}


@pytest.mark.parametrize(("installed", "found"), PLACES.values(), ids=PLACES)
def test_where_psql_is_looked_for(tmp_path, installed, found):
    for each in installed:
        folder_with_psql(tmp_path / each)
    env = {
        "PATH": f".{os.pathsep}{tmp_path / 'empty'}{os.pathsep}{tmp_path / 'path/bin'}",
        "ProgramFiles": f"{tmp_path}/Programs",
    }
    assert find_bin_path(surroundings(env), root=tmp_path) == (tmp_path / found if found else None)


def test_a_psql_that_may_not_be_run_is_none(tmp_path):
    folder = folder_with_psql(tmp_path / "a")
    (folder / "psql").chmod(0o644)
    (tmp_path / "b" / "psql").mkdir(parents=True)
    assert find_bin_path(surroundings({"PATH": f"{folder}:{tmp_path}/b"}), root=tmp_path) is None


def test_a_loaded_config_is_looked_up_in_memory(project, bin_folder):
    before = project.write("[database.local]\n").read_bytes()
    config = load_config(project.file, env={})
    assert pg_bin_path(config, env={"PATH": str(bin_folder)}) == bin_folder
    assert project.file.read_bytes() == before
    assert pg_bin_path(project.load("pg_bin_path = '/as/it/says'\n"), env={}).as_posix() == "/as/it/says"


# --- which files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("", True),
        ("[database]\nsslmode = true", True),
        ("[configuration]\nschema_version = 0", True),
        ("[configuration]\nschema_version = 1", False),
    ],
)
def test_needs_upgrade(project, text, needs):
    assert needs_upgrade(project.write(text, header="")) is needs
    assert needs_upgrade(cwd=project.root, env={}) is needs


def test_a_file_of_this_version_is_not_changed(project, nothing_installed):
    proposal = propose_upgrade(project.write("[database.a]\nhost = 'h'\n"), env={})
    assert (proposal.is_change, proposal.diff, proposal.title) == (False, "", f"{project.file} needs no upgrade")


@pytest.mark.parametrize("call", [needs_upgrade, propose_upgrade])
def test_what_can_not_be_upgraded(project, call):
    with pytest.raises(ConfigNotFoundError):
        call(project.file)
    with pytest.raises(ConfigVersionError, match="pip install --upgrade pgops"):
        call(project.write("[configuration]\nschema_version = 2", header=""))
    for text, line in [
        ("[database]\nbroken", 2),
        ("configuration = 1", 1),
        ("a = 1\n[configuration]\nschema_version = '1'", 3),
    ]:
        with pytest.raises(ConfigError) as caught:
            call(project.write(text, header=""))
        assert caught.value.line == line


@pytest.mark.parametrize("text", ["database = 1", "[[database]]\na = 1"])
def test_a_file_of_another_shape_is_an_error(project, text):
    with pytest.raises(ConfigError, match="must be a table"):
        propose_upgrade(project.write(text, header=""), env={}, allow_missing_bin=True)


@pytest.mark.parametrize(
    ("version", "call"), [("", "propose_upgrade"), ("schema_version = 2", "pip install --upgrade")]
)
def test_load_config_refuses_another_version_and_names_the_cure(project, version, call):
    with pytest.raises(ConfigVersionError) as caught:
        project.load("", header=f"[configuration]\n{version}\n")
    assert call in caught.value.cure


def test_what_stays_wrong_is_a_risk(project):
    proposal = propose_upgrade(project.write("[database.a]\nport = '1'", header=""), env={}, allow_missing_bin=True)
    (risk,) = proposal.risks
    assert "database.a.port is a text" in risk


# --- any document -----------------------------------------------------------------------------------------------------


def without_what_is_meant_to_change(text):
    tables = tomllib.loads(text.removeprefix("\ufeff"))
    database = tables.setdefault("database", {})
    configuration = tables.setdefault("configuration", {})
    for table in (database, *(each for each in database.values() if isinstance(each, dict))):
        if not isinstance(table.get("sslmode"), dict):
            table.pop("sslmode", None)
    for key in ("schema_version", "pg_bin_path"):
        configuration.pop(key, None)
    return canonical(tables)


def canonical(value):
    if isinstance(value, dict):
        return {key: canonical(value[key]) for key in sorted(value)}
    return [canonical(each) for each in value] if isinstance(value, list) else repr(value)


@settings(deadline=None, max_examples=50)
@given(documents())
def test_any_document_is_upgraded_once_and_keeps_all_else(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("any")
    file = folder / "postgres.toml"
    file.write_bytes(text.encode())
    proposal = propose_upgrade(file, env={}, allow_missing_bin=True)
    proposal.apply(approval=proposal.approve(by="ann"))
    after = file.read_bytes().decode()
    assert without_what_is_meant_to_change(text) == without_what_is_meant_to_change(after)
    assert not needs_upgrade(file)
    assert not propose_upgrade(file, env={}).is_change
    if not proposal.risks:
        load_config(file, env={})
    # What differs is a line with one of the three keys, a new table's header, an empty line, or the last line's end.
    ours = ("sslmode", "schema_version", "pg_bin_path", "[configuration]", "[database]")
    old, new = (each.removeprefix("\ufeff").splitlines() for each in (text, after))
    differing = [line for line in difflib.ndiff(old, new) if line[0] in "+-" and line[2:].strip()]
    assert [line for line in differing if not any(word in line for word in ours)] == []
