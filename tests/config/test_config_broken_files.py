"""Files that can't be read: each is a ConfigError that says where, and shows no value."""

from __future__ import annotations

import os
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgops.config.document import MAX_BYTES
from pgops.config.reading import load_config
from pgops.errors import ConfigError, ConfigNotFoundError

BROKEN_TOML = {
    "no equals sign": ('[database.local]\nhost "hunter2"', 4, "database.local.host"),
    "no value": ("[database.local]\nhost =\n", 4, "database.local.host"),
    "no quotes": ("[database.local]\npassword = hunter2\n", 4, "database.local.password"),
    "a quote is missing": ('[database.local]\npassword = "hunter2\nhost = "x"\n', 4, "database.local.password"),
    "a quote too many": ('[database.local]\npassword = "hunter2""\n', 4, "database.local.password"),
    "a backslash": ('[database.local]\npassword = "hun\\ter2\\x"\n', 4, "database.local.password"),
    "a long string without end": ('[database.local]\npassword = """hunter2\n\n', 4, "database.local.password"),
    "an array without end": ("[database.local]\nhost = [\n'hunter2',\n", 5, "database.local.host"),
    "a key twice": ("[database.local]\nhost = 'a'\nport = 1\nhost = 'b'\n", 6, "database.local.host"),
    "a table twice": ("[database.local]\n[database.b]\n[database.local]\n", 5, "database.local"),
    "a header without end": ("[database.local]\n[database.b\n", 4, None),
    "a password on a line of its own": ("[database.local]\nhunter2\n", 4, "database.local"),
    "half a password that ends in =": ("[database.local]\nhunter2==\n", 4, "database.local"),
    "a URL on a line of its own": ("[database.local]\npostgresql://u:hunter2@h/d?a=b\n", 4, "database.local"),
    "an inline table without end": ("[database]\nlocal = {host = 'hunter2', port = \n", 4, "database.local.port"),
    "nested too deep": ("[database.local]\nhost = " + "[" * 3000, 4, None),
    "dotted too deep": ("[database.local]\n" + "a." * 3000 + "b = 1", 4, None),
    "a number too long for Python": ("[database.local]\nport = " + "1" * 5000, 4, "database.local.port"),
}


@pytest.mark.parametrize(("text", "line", "key"), BROKEN_TOML.values(), ids=BROKEN_TOML)
def test_broken_toml_names_line_and_key(project, text, line, key):
    with pytest.raises(ConfigError) as caught:
        project.load(text)
    error = caught.value
    assert (error.path, error.line, error.key) == (str(project.file), line, key)
    assert f"{project.file}:{line}: " in str(error)
    assert "hunter2" not in str(error)
    assert error.__context__ is None  # tomllib's error carries the whole text


WRONG_TYPES = {
    "port in quotes": ('[database.local]\nport = "5432"', 4, "database.local.port", "whole number without quotes"),
    "port with a fraction": ("[database.local]\nport = 5432.0", 4, "database.local.port", "whole number"),
    "port true": ("[database.local]\nport = true", 4, "database.local.port", "is true or false"),
    "port 0": ("[database.local]\nport = 0", 4, "database.local.port", "from 1 to 65535"),
    "port 65536": ("[database.local]\nport = 65536", 4, "database.local.port", "from 1 to 65535"),
    "host a number": ("[database.local]\nhost = 127", 4, "database.local.host", "is a number"),
    "host an array": ("[database.local]\nhost = ['a', 'b']", 4, "database.local.host", "is an array"),
    "host a table": ("[database.local.host]\na = 1", 3, "database.local.host", "is a table"),
    "host a URL": ("[database.local]\nhost = 'postgresql://u:hunter2@h/d'", 4, "database.local.host", "url = "),
    "database a URL": (
        "[database.local]\ndatabase = 'postgres://u:hunter2@h/d'",
        4,
        "database.local.database",
        "url = ",
    ),
    "user a date": ("[database.local]\nuser = 2024-01-01", 4, "database.local.user", "is a date or time"),
    "password a number": ("[database.local]\npassword = 704704", 4, "database.local.password", "is a number"),
    "url a number": ("[database.local]\nurl = 704704", 4, "database.local.url", "is a number"),
    "shared field of a wrong type": ("[database]\nport = '1'\n[database.a]\nport = 1", 4, "database.port", "is a text"),
    "NUL in a text": ('[database.local]\nuser = "a\\u0000b"', 4, "database.local.user", "NUL"),
    "sslmode prefer": ("[database.local]\nsslmode = 'prefer'", 4, "database.local.sslmode", "in a url"),
    "sslmode in the words of version 0": ("[database]\nsslmode = 'require'", 4, "database.sslmode", "true (require)"),
    "sslmode 1": ("[database.local]\nsslmode = 1", 4, "database.local.sslmode", "true (require)"),
    "profile's name with a capital": ("[database.Prod-1]\n", 3, "database.Prod-1", "prod_1"),
    "profile's name with a newline": ('[database."a\\n"]\n', 3, 'database."a\\n"', "a-z"),
    "profile's name empty": ('[database.""]\n', 3, 'database.""', "a-z"),
    "profile in double brackets": ("[[database.local]]\nhost = 'h'", 3, "database.local", "single brackets"),
    "checks not a table": ("[[checks]]\na = 1", 3, "checks", "must be a table"),
    "migrations path a number": ("[migrations]\npath = 3", 4, "migrations.path", "is a number"),
    "pg_bin_path a number": ("pg_bin_path = 3", 3, "configuration.pg_bin_path", "is a number"),
    "inline, in the middle of a line": ("[database]\na = {host = 'x', port = 'y'}", 4, "database.a.port", "is a text"),
    "below a long string": (
        "[database.a]\ndescription = '''\n[database.b]\nport = 'x'\n'''\nport = 'x'",
        8,
        "database.a.port",
        "",
    ),
    "dotted": ("[database]\na.host = 'x'\n\na . port = 'x'", 6, "database.a.port", ""),
}


@pytest.mark.parametrize(("text", "line", "key", "says"), WRONG_TYPES.values(), ids=WRONG_TYPES)
def test_wrong_values_name_line_and_key(project, text, line, key, says):
    with pytest.raises(ConfigError) as caught:
        project.load(text)
    assert (caught.value.line, caught.value.key) == (line, key)
    assert f"{project.file}:{line}: {key} " in str(caught.value)
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "704704" not in str(caught.value)


@pytest.mark.parametrize("value", ["'1'", "true", "1.0", "[1]"])
def test_a_schema_version_that_is_no_whole_number_is_a_wrong_type(project, value):
    with pytest.raises(ConfigError) as caught:
        project.load("", header=f"[configuration]\nschema_version = {value}\n")
    assert (caught.value.line, caught.value.key) == (2, "configuration.schema_version")


@pytest.mark.parametrize("text", ["configuration = 1", "database = 1\n[configuration]\nschema_version = 1"])
def test_a_value_where_a_table_belongs(project, text):
    with pytest.raises(ConfigError, match=r":1: \w+ is a number, and must be a table\."):
        project.load(text, header="")


# --- files that are no files -----------------------------------------------------------------------------------------


def failure(path, **env) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load_config(path, env=env)
    assert not isinstance(caught.value, ConfigNotFoundError)
    assert caught.value.path == str(path)
    return caught.value


def test_a_folder(tmp_path):
    assert "this is a folder" in str(failure(tmp_path))


def test_a_named_pipe_does_not_wait_for_its_writer(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "no ordinary file" in str(failure(tmp_path / "pipe"))


def test_a_device_is_not_read():
    assert "no ordinary file" in str(failure("/dev/zero"))


def test_a_link_is_followed(project, tmp_path):
    link = tmp_path / "postgres.toml"
    link.symlink_to(project.write('[database.a]\nhost = "h"'))
    assert load_config(link, env={}).profiles["a"].host == "h"


def test_a_link_to_nothing_names_where_it_leads(tmp_path):
    (tmp_path / "link").symlink_to("gone.toml")
    assert "a link to gone.toml, which isn't there" in str(failure(tmp_path / "link"))


def test_a_link_to_itself(tmp_path):
    (tmp_path / "link").symlink_to("link")
    assert "Too many levels of symbolic links" in str(failure(tmp_path / "link"))


def test_a_file_below_a_file(project):
    assert "Not a directory" in str(failure(project.write("") / "postgres.toml"))


def test_a_name_with_nul():
    assert "null byte" in str(failure("/tmp/a\0b"))


def test_a_file_that_may_not_be_read(project):
    file = project.write("")
    file.chmod(0)
    me = os.geteuid()
    try:
        if me == 0:  # nothing is closed to root
            os.seteuid(65534)
        assert "Permission denied" in str(failure(file))
    finally:
        os.seteuid(me)


def test_a_file_in_another_encoding_names_the_line(tmp_path):
    file = tmp_path / "latin1.toml"
    file.write_bytes("[configuration]\nschema_version = 1\n# für alle\n".encode("latin-1"))
    error = failure(file)
    assert error.line == 3
    assert "UTF-8" in str(error)
    assert error.__context__ is None


@pytest.mark.parametrize(("more", "loads"), [(0, True), (1, False)])
def test_a_huge_file_is_not_read_to_its_end(tmp_path, more, loads):
    file = tmp_path / "huge.toml"
    start = b"[configuration]\nschema_version = 1\n#"
    file.write_bytes(start + b"x" * (MAX_BYTES - len(start) + more))
    if loads:
        assert load_config(file, env={}).profiles == {}
    else:
        assert "larger than 1,000,000 bytes" in str(failure(file))


# --- any file --------------------------------------------------------------------------------------------------------

FRAGMENTS = st.sampled_from(
    [
        *(
            "[",
            "]",
            "[[",
            "]]",
            "{",
            "}",
            "=",
            ".",
            ",",
            '"',
            "'",
            '"""',
            "'''",
            "\\",
            "#",
            "\n",
            "\r\n",
            " ",
            "\t",
            "\0",
        ),
        *(
            "configuration",
            "schema_version",
            "database",
            "local",
            "host",
            "password",
            "url",
            "sslmode",
            "port",
            "checks",
        ),
        *("1", "true", "-inf", "1979-05-27", "07:32:00", "0xff", "\\u0000", "\\ud800", "é", "\u202e", "\U0001f980"),
        *(
            "[configuration]\nschema_version = 1\n",
            "[database.local]\n",
            "[[checks.for]]\n",
            'host = "h"\n',
            "a.b = {c = 1}\n",
        ),
    ]
)


@given(st.lists(FRAGMENTS, max_size=25).map("".join) | st.text(max_size=60), st.booleans())
def test_any_text_loads_or_says_where_it_does_not(tmp_path_factory, text, versioned):
    file = tmp_path_factory.getbasetemp() / f"any-{os.getpid()}.toml"
    whole = ("[configuration]\nschema_version = 1\n" if versioned else "") + text
    file.write_bytes(whole.encode("utf-8", "surrogatepass"))
    try:
        line = load_config(file, env={}).schema_version
        assert tomllib.loads(file.read_bytes().decode("utf-8-sig"))["configuration"]["schema_version"] == 1
    except ConfigError as refusal:
        line = refusal.line
    assert line in range(1, whole.count("\n") + 2)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_config_error(tmp_path_factory, content):
    file = tmp_path_factory.getbasetemp() / f"bytes-{os.getpid()}.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_config(file, env={})
    assert caught.value.line is not None
