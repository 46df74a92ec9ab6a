"""The declaration of postgres.toml, its page and its example: all that is said to be read is read, and nothing else."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path

import pytest

from pgops.checks.config_settings import check_settings
from pgops.config import document
from pgops.config.model import SCHEMA_VERSION
from pgops.config.reading import load_config
from pgops.config.reference import (
    CHECKS,
    CONFIGURATION,
    FOR_OBJECTS,
    MIGRATIONS,
    PROFILE,
    SUPPRESS,
    TABLES,
    VERSIONS,
    Table,
)
from pgops.errors import ConfigError

PROJECT = Path(__file__).parents[2]
EXAMPLE = PROJECT / "examples" / "postgres.toml.example"

# Values that no key of a type takes, and the words of the error.
WRONG = {
    "text": ("5", "a text in quotes"),
    "whole number": ("'5'", "a whole number"),
    "array of texts": ("'a'", "an array of texts"),
    'true, false, "verify-ca" or "verify-full"': ("'prefer'", "without a meaning"),
}


@pytest.fixture(scope="module")
def generate():
    spec = importlib.util.spec_from_file_location("generate", PROJECT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def written(table: Table, *leaving_out: str) -> str:
    lines = [f"{key.name} = {key.example}" for key in table.keys if key.name not in leaving_out]
    return "\n".join([table.header.replace("<profile>", "local"), *lines, ""])


def test_every_declared_key_is_read_as_its_example_is_written(project):
    """One source for a password at a time."""
    passwords = ("password", "password_env", "password_command")
    for kept in passwords:
        others = [each for each in passwords if each != kept]
        tables = (written(CONFIGURATION), written(PROFILE, *others), written(MIGRATIONS), written(CHECKS))
        text = "\n".join((*tables, written(FOR_OBJECTS), written(SUPPRESS)))
        config = project.load(text, header="")
        assert config.warnings == ()
        profile = config.profiles["local"]
        expected = {key.name for key in PROFILE.keys} - set(passwords)
        assert profile.stated == expected | {"password" if kept == "password" else "password_source"}
        settings = check_settings(config)
        assert (len(settings.for_objects), len(settings.suppress)) == (1, 1)
        assert settings.folder == project.root / "db" / "checks"


@pytest.mark.parametrize("key", list(PROFILE.keys), ids=lambda key: key.name)
def test_every_field_has_the_declared_type(project, key):
    value, says = WRONG[key.kind]
    for header in ("[database.local]", "[database]"):
        with pytest.raises(ConfigError, match=says) as caught:
            project.load(f"{header}\n{key.name} = {value}\n")
        assert caught.value.line == 4


def test_what_is_declared_secret_is_sealed_and_the_rest_is_not(project):
    for key in PROFILE.keys:
        config = project.load(f"[database.local]\n{key.name} = {key.example}\n")
        shown = repr(config)
        words = tomllib.loads(f"v = {key.example}")["v"]
        for word in words if isinstance(words, list) else [words]:
            as_shown = f"'{word}'" if isinstance(word, str) else f"{key.name}={word}"
            assert (as_shown in shown) is not key.is_secret, key.name


def test_a_key_that_is_not_declared_is_warned_of(project):
    for table in (CONFIGURATION, PROFILE, MIGRATIONS):
        header = table.header.replace("<profile>", "local")
        text = f"{header}\n{'schema_version = 1' if table is CONFIGURATION else ''}\nno_such_key = 1\n"
        config = project.load(text, header="" if table is CONFIGURATION else "[configuration]\nschema_version = 1\n")
        assert [warning.key.rpartition(".")[2] for warning in config.warnings] == ["no_such_key"]


def test_the_names_that_reading_goes_by_are_the_declared_ones():
    assert PROFILE.names == document.PROFILE_KEYS
    assert set(document.TOP_KEYS) == {table.header.strip("[]").partition(".")[0] for table in TABLES}


def test_each_version_is_told_of():
    assert list(VERSIONS) == list(range(SCHEMA_VERSION + 1))


def test_the_example_shows_every_key():
    """Written out, or, for a profile that would change which one is chosen, in a comment."""
    text = EXAMPLE.read_text(encoding="utf-8")
    for table in TABLES:
        for key in table.keys:
            if not key.name.startswith("<"):
                assert f"{key.name} = " in text, key.name
    config = load_config(EXAMPLE, env={})
    assert config.warnings == ()
    stated = {key for profile in config.profiles.values() for key in profile.stated}
    assert stated == {*PROFILE.names, "password_source"} - {"password_env", "password_command", "project"}
    settings = check_settings(config)
    assert (len(settings.limits), len(settings.for_objects), len(settings.suppress)) == (1, 1, 1)


def test_the_page_is_as_the_code_says(generate):
    page = generate.reference_page()
    assert (PROJECT / "docs" / "postgres-toml.md").read_text(encoding="utf-8") == page
    for table in TABLES:
        assert f"## `{table.header}`" in page
        for key in table.keys:
            assert f"| `{key.name}` |" in page
            assert key.meaning in page
