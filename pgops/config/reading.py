"""postgres.toml to `Config`: which file, which version, which types.

Everything that is wrong is an error with path, line and key; what merely has no effect is a warning with the nearest
name. Nothing is ever written.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import attrs

from pgops.config.document import (
    PROFILE_KEYS,
    TABLE_KEYS,
    TOP_KEYS,
    Document,
    Section,
    file_text,
    kind_of,
    parse_document,
    spelled,
)
from pgops.config.model import SCHEMA_VERSION, CheckTables, Config, ConfigWarning, Profile, Sslmode
from pgops.config.password_source import VARIABLE_NAME, PasswordCommand, PasswordSource, PasswordVariable
from pgops.config.surroundings import CONFIG_PLACE, Root, Surroundings, project_root, surroundings
from pgops.errors import ConfigNotFoundError, ConfigVersionError, did_you_mean

if TYPE_CHECKING:
    from pgops.secret import Secret

PROFILE_NAME = re.compile(r"[a-z0-9_]+")

_log = logging.getLogger("pgops.config")


def load_config(
    path: str | os.PathLike[str] | None = None,
    *,
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
) -> Config:
    """The configuration from `path`, else PGOPS_CONFIG, else `<root>/.skills/postgres/postgres.toml`.

    The root is DB_PROJECT_ROOT, PROJECT_ROOT, the root around a file in the standard place, the git top level of the
    working directory, or that directory. `cwd` and `env` stand in for the process's own.

    Raises `ConfigNotFoundError` when there is no such file, `ConfigVersionError` when its schema version is not this
    one, `ConfigError` with line and key for anything else that is wrong in it. What has no effect is in `.warnings`.
    """
    return read_config(surroundings(env, cwd), path)


def read_config(around: Surroundings, path: str | os.PathLike[str] | None = None) -> Config:
    """`load_config` for surroundings that were already read."""
    file, root, text = config_text(around, path)
    config = config_from(parse_document(file, text), root)
    for warning in config.warnings:
        _log.warning("%s: %s", file, warning)
    return config


def config_text(around: Surroundings, path: str | os.PathLike[str] | None = None) -> tuple[Path, Path, Secret]:
    """The file, the project root, and the file's text. Raises as `load_config` does for a file that it can't read."""
    file, root, why = config_place(around, path)
    try:
        text = file_text(file)
    except FileNotFoundError:
        text = None
    if text is None:
        cure = (
            "Make one by questions and answers (pgops config init), name another (PGOPS_CONFIG, path=), or do without "
            "and give a URL (DB_URL, --url, url=)."
        )
        raise ConfigNotFoundError(f"there is no postgres.toml here ({why}).", path=str(file), cure=cure)
    return file, root.folder, text


def config_place(around: Surroundings, path: str | os.PathLike[str] | None) -> tuple[Path, Root, str]:
    """Which file is meant, the project root, and why that one (for messages)."""
    if path is not None:
        file, why = Path(os.path.normpath(around.cwd / Path(path).expanduser())), "the call named it"
    elif around.config is not None:
        file, why = around.config, "PGOPS_CONFIG named it"
    else:
        root = project_root(around)
        return root.folder / CONFIG_PLACE, root, f"the project root is {root.folder}, {root.found}"
    return file, project_root(around, file), why


def config_from(document: Document, root: Path) -> Config:
    """What the document says. Raises as `load_config` does, but never `ConfigNotFoundError`."""
    version = _version(document)
    configuration, migrations = document.section("configuration"), document.section("migrations")
    config = Config(
        path=document.path,
        root=root,
        schema_version=version,
        pg_bin_path=configuration.folder("pg_bin_path"),
        migrations_path=migrations.folder("path"),
        profiles=MappingProxyType({profile.name: profile for profile in _profiles(document, root)}),
        checks=_checks(document),
    )
    return attrs.evolve(config, warnings=tuple(_warnings(document)))


def schema_version(document: Document) -> int:
    """The version that the file says it has; one that says none has 0. Raises `ConfigVersionError` for a newer one."""
    version = document.section("configuration").whole("schema_version") or 0
    if version > SCHEMA_VERSION:
        what = f"schema_version is {version}, and this pgops reads version {SCHEMA_VERSION}."
        raise _version_error(document, what, cure="Upgrade pgops: pip install --upgrade pgops.")
    return max(version, 0)


def _version(document: Document) -> int:
    """The schema version, which is looked at first: in another version all else may mean something else."""
    version = schema_version(document)
    if version < SCHEMA_VERSION:
        stated = document.section("configuration").whole("schema_version")
        said = "there is no schema_version" if stated is None else f"schema_version is {stated}"
        cure = (
            f"Upgrade it: `pgops config upgrade`, or pgops.config.propose_upgrade(path), shows what would change, and "
            f"asks. Where the file already is in version {SCHEMA_VERSION}, say so in [configuration]."
        )
        raise _version_error(document, f"{said}, so this file is older than version {SCHEMA_VERSION}.", cure=cure)
    return version


def _version_error(document: Document, what: str, *, cure: str) -> ConfigVersionError:
    line = document.positions.line(("configuration", "schema_version")) or 1
    return ConfigVersionError(what, path=str(document.path), line=line, key="configuration.schema_version", cure=cure)


# --- profiles --------------------------------------------------------------------------------------------------------


def _profiles(document: Document, root: Path) -> Iterator[Profile]:
    database = document.section("database")
    # A table in [database] is a profile, even one that is called like a field.
    fields = {name: value for name, value in database.values.items() if not isinstance(value, Mapping)}
    shared = attrs.evolve(database, values=MappingProxyType(fields))
    _fields(shared, "", root)  # a wrong type in [database] is an error there, even where every profile has its own
    for name, value in database.values.items():
        if isinstance(value, tuple) and any(isinstance(element, Mapping) for element in value):
            cure = f"Write [database.{name}] with single brackets."
            raise shared.error(name, "is an array of tables, and must be one table.", cure=cure)
        if isinstance(value, Mapping):
            if not PROFILE_NAME.fullmatch(name):
                cure = f"Call it {_better_name(name)}, say."
                raise shared.error(name, "is no name for a profile: a-z, 0-9 and _ only.", cure=cure)
            yield _profile(document, name, shared, root)


def _profile(document: Document, name: str, shared: Section, root: Path) -> Profile:
    own = document.section("database", name)
    stated, inherited = _fields(own, name, root), _fields(shared, name, root)
    if not stated.keys().isdisjoint(_PASSWORDS):  # the nearer one alone: together they would be two
        inherited = {key: value for key, value in inherited.items() if key not in _PASSWORDS}
    others = {key: value for key, value in own.values.items() if key not in PROFILE_KEYS}
    return Profile(
        name=name,
        others=MappingProxyType(others),
        stated=frozenset(stated),
        line=document.positions.line(own.path),
        **{**inherited, **stated},  # type: ignore[arg-type]  # each field was read as its own type
    )


_PASSWORDS = ("password", "password_source")


def _fields(section: Section, profile: str, root: Path) -> dict[str, object]:
    """The fields that a table states, by name and each of its right type."""
    found: dict[str, object] = {
        "port": _port(section),
        "password": section.secret("password"),
        "password_source": _password_source(section, profile, root),
        "url": section.secret("url"),
        "sslmode": _sslmode(section),
        "migrations_path": section.folder("migrations_path"),
    }
    texts = ("host", "database", "user", "project", "description")
    found |= {key: section.text(key) for key in texts}
    return {key: value for key, value in found.items() if value is not None}


def _password_source(section: Section, profile: str, root: Path) -> PasswordSource | None:
    """`password_env` or `password_command`; two sources in one table are an error."""
    variable, command = section.secret("password_env"), section.words("password_command")
    sources = {"password": section.secret("password"), "password_env": variable, "password_command": command}
    named = [key for key, value in sources.items() if value]
    if len(named) > 1:
        what = f"is a second source for the password: {' and '.join(named)} stand here together."
        raise section.error(named[1], what, cure="Take one of them out.")
    if variable is not None and not VARIABLE_NAME.fullmatch(variable.reveal()):
        cure = 'It is the name of a variable, such as "SHOP_PASSWORD"; the password itself stands in password = ...'
        raise section.error("password_env", "is no name of a variable.", cure=cure)
    if variable is not None:
        return PasswordVariable(name=variable, owner=profile)
    return PasswordCommand(argv=command, owner=profile, folder=root) if command is not None else None


def _port(section: Section) -> int | None:
    port = section.whole("port")
    if port is not None and not 0 < port < 65536:
        raise section.error("port", "is no port: these go from 1 to 65535.")
    return port


def _sslmode(section: Section) -> Sslmode | None:
    found = section.values.get("sslmode")
    match found:
        case None | bool():
            return found
        case "verify-ca":
            return "verify-ca"
        case "verify-full":
            return "verify-full"
    cure = 'Write true (require), false (disable), "verify-ca" or "verify-full"; prefer and allow can be said in a url.'
    raise section.error("sslmode", f"is {kind_of(found)} without a meaning here.", cure=cure)


def _better_name(name: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_") or "local"


# --- checks and warnings ---------------------------------------------------------------------------------------------


def _checks(document: Document) -> CheckTables:
    return CheckTables(document.section("checks").values, document.positions)


def _warnings(document: Document) -> Iterator[ConfigWarning]:
    def unknown(path: tuple[str, ...], known: tuple[str, ...]) -> ConfigWarning:
        message = f"{spelled(path)} is not known and has no effect. {did_you_mean(path[-1], known)}".rstrip()
        return ConfigWarning(message=message, key=spelled(path), line=document.positions.line(path))

    for name, table in document.tables.items():
        if name not in TOP_KEYS:
            yield unknown((name,), TOP_KEYS)
        elif name in TABLE_KEYS and isinstance(table, Mapping):
            yield from (unknown((name, key), TABLE_KEYS[name]) for key in table if key not in TABLE_KEYS[name])
        elif name == "database" and isinstance(table, Mapping):
            for key, value in table.items():
                if isinstance(value, Mapping):
                    strange = [inner for inner in value if inner not in PROFILE_KEYS]
                    yield from (unknown((name, key, inner), PROFILE_KEYS) for inner in strange)
                elif key not in PROFILE_KEYS:
                    yield unknown((name, key), PROFILE_KEYS)
