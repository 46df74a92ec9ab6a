"""What postgres.toml says, as frozen objects: `Config`, its profiles, its check tables, its warnings.

Nothing here reads a file or decides anything. Passwords and URLs are `Secret`s, so every object can be printed; one
that holds a secret can't be pickled (a worker gets the profile's name and the config's path, and resolves there).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from pgops.config.password_source import PasswordSource
from pgops.config.positions import Positions
from pgops.errors import UnknownProfileError, did_you_mean
from pgops.secret import Secret

if TYPE_CHECKING:
    from pgops.checks.check_settings import CheckSettings
    from pgops.checks.registry import Registry

SCHEMA_VERSION = 1

Sslmode: TypeAlias = bool | Literal["verify-ca", "verify-full"]
"""As the file says it: true means `require`, false `disable`."""


@attrs.frozen(kw_only=True)
class Profile:
    """One `[database.<name>]` table, with the fields of `[database]` where it has none of its own.

    A field that neither states is None. `stated` names those that the profile's own table has, since what is stated
    beside a URL and what is inherited from `[database]` weigh differently.
    """

    name: str
    host: str | None = None
    port: int | None = None
    database: str | None = None
    user: str | None = None
    password: Secret | None = None
    password_source: PasswordSource | None = None
    """`password_env` or `password_command`: what has the password when a connection is made."""
    url: Secret | None = None
    sslmode: Sslmode | None = None
    project: str | None = None
    description: str | None = None
    migrations_path: Path | None = None
    """As written; a relative one starts at the project root."""
    others: Mapping[str, object] = attrs.field(factory=lambda: MappingProxyType({}), repr=False)
    """Keys that pgops doesn't know, their texts sealed: `pasword` is one of them."""
    stated: frozenset[str] = attrs.field(default=frozenset(), repr=False)
    line: int | None = attrs.field(default=None, eq=False, repr=False)


@attrs.frozen(kw_only=True)
class ConfigWarning:
    """Something in the file that has no effect: where, and what was probably meant."""

    message: str
    key: str
    line: int | None

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}" if self.line is not None else self.message


@attrs.frozen
class CheckTables:
    """The `[checks]` tables as they stand, and where: which checks there are is known further up the house."""

    tables: Mapping[str, object] = attrs.field(factory=lambda: MappingProxyType({}))
    positions: Positions = attrs.field(factory=Positions, repr=False)
    """Those of the whole file."""

    def line(self, *path: str | int) -> int | None:
        """The line of a key below `[checks]`, or of the nearest table around it: `line("for", 0, "limits")`."""
        return self.positions.line(("checks", *path))


@attrs.frozen(kw_only=True)
class Config:
    """A postgres.toml that was read and found right."""

    path: Path
    root: Path
    """The project root, where relative paths start and subprojects are counted from."""
    schema_version: int
    pg_bin_path: Path | None
    """The folder of psql and pg_dump, as written."""
    migrations_path: Path | None
    """`[migrations].path`, as written; a relative one starts at the project root."""
    profiles: Mapping[str, Profile]
    """By name, in the file's order; read-only."""
    checks: CheckTables = attrs.field(factory=CheckTables, repr=False)
    warnings: tuple[ConfigWarning, ...] = ()

    def check_settings(self, profile: str | None = None, *, registry: Registry | None = None) -> CheckSettings:
        """The limits, suppressions and folder of `[checks]`, held against the checks that there are.

        `registry` stands in for all that are installed. Every profile has the same settings; one that is named has to
        be in the file. Raises `ConfigError` with line, key and the nearest right name for what is wrong,
        `UnknownProfileError` for such a profile.
        """
        from pgops.checks.config_settings import check_settings  # noqa: PLC0415  up the house, see pyproject.toml

        if profile is not None and profile not in self.profiles:
            raise UnknownProfileError(f"{self.path} has no such profile.", cure=did_you_mean(profile, self.profiles))
        return check_settings(self, registry=registry)
