"""Facts about a server and the session's role, gathered once by one query; each "no" comes with its reason.

`FACTS_SQL` works for a bare role, on a standby, with any search_path, DateStyle and encoding. Who runs it (sync or
async, pool or connection) hands the row to `Server.from_row`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, SupportsFloat, cast

import attrs

from pgops.findings import quote_identifier

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import LiteralString

# Operators are qualified too: a search_path that names pg_catalog after another schema lets that schema's = win.
# The time travels as a numeric: psycopg reads timestamps in DateStyle ISO only, and extra_float_digits rounds a float8.
FACTS_SQL: LiteralString = """
SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4     AS version,
       pg_catalog.current_setting('server_version')::pg_catalog.text         AS release,
       pg_catalog.current_database()::pg_catalog.text                        AS database,
       CURRENT_USER::pg_catalog.text                                         AS "user",
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp())                      AS now,
       pg_catalog.pg_is_in_recovery()                                        AS in_recovery,
       COALESCE((SELECT me.rolsuper
                   FROM pg_catalog.pg_roles AS me
                  WHERE me.rolname OPERATOR(pg_catalog.=) CURRENT_USER), FALSE) AS is_superuser,
       pg_catalog.current_setting('server_encoding')::pg_catalog.text        AS encoding,
       ARRAY(SELECT held.rolname::pg_catalog.text
               FROM pg_catalog.pg_roles AS held
              WHERE pg_catalog.starts_with(held.rolname::pg_catalog.text, 'pg_')  -- the prefix is reserved
                AND pg_catalog.pg_has_role(held.oid, 'USAGE')
              ORDER BY held.oid)                                             AS roles,
       ARRAY(SELECT ext.extname::pg_catalog.text
               FROM pg_catalog.pg_extension AS ext
              ORDER BY ext.oid)                                              AS extension_names,
       ARRAY(SELECT ext.extversion
               FROM pg_catalog.pg_extension AS ext
              ORDER BY ext.oid)                                              AS extension_versions,
       ARRAY(SELECT home.nspname::pg_catalog.text
               FROM pg_catalog.pg_extension AS ext
               JOIN pg_catalog.pg_namespace AS home ON home.oid OPERATOR(pg_catalog.=) ext.extnamespace
              ORDER BY ext.oid)                                              AS extension_schemas,
       ARRAY[pg_catalog.current_setting('track_activities', TRUE),
             pg_catalog.current_setting('track_counts', TRUE),
             pg_catalog.current_setting('compute_query_id', TRUE),
             pg_catalog.current_setting('pg_stat_statements.track', TRUE)]::pg_catalog.text[] AS observed
"""

_OBSERVED = ("track_activities", "track_counts", "compute_query_id", "pg_stat_statements.track")
"""The settings in the last column, in that order: with these off a server answers, and has seen nothing."""


@attrs.frozen
class Lack:
    """Why something can't be done here, and what would make it possible."""

    reason: str
    cure: str


@attrs.frozen(kw_only=True)
class Extension:
    """An installed extension.

    >>> stats = Extension(name="pg_stat_statements", version="1.10", schema="public")
    >>> stats.at_least("1.9"), stats.at_least("1.11")
    (True, False)
    """

    name: str
    version: str
    schema: str

    def at_least(self, version: str) -> bool:
        """Whether it is `version` or newer, number by number: 1.10 is newer than 1.9."""
        return _numbers(self.version) >= _numbers(version)


def _settings(settings: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(settings))


def _read_only(extensions: Mapping[str, Extension]) -> Mapping[str, Extension]:
    return MappingProxyType(dict(extensions))


@attrs.frozen(kw_only=True, hash=False)
class Server:
    """What one session may know about its server. `now` is the server's clock when the facts were gathered."""

    version: int
    """As in server_version_num: 160014 is 16.14."""
    release: str = ""
    """As in server_version: `16.14 (Debian 16.14-1.pgdg12+1)`."""
    database: str
    user: str
    now: datetime
    in_recovery: bool
    is_superuser: bool
    encoding: str
    """Of the database: `UTF8`, `SQL_ASCII`."""
    roles: frozenset[str] = frozenset()
    """The predefined roles (pg_monitor, pg_read_all_stats ...) whose rights the session has; a superuser has all."""
    extensions: Mapping[str, Extension] = attrs.field(factory=dict, converter=_read_only)
    settings: Mapping[str, str] = attrs.field(factory=dict, converter=_settings)
    """Of this session, those without which the server has nothing to tell: track_activities, track_counts,
    compute_query_id, and pg_stat_statements.track where the library is loaded."""

    @classmethod
    def from_row(cls, row: Sequence[object]) -> Server:
        """From the one row of `FACTS_SQL`, a plain sequence in that order.

        Text may come as bytes, as psycopg gives it where client_encoding is SQL_ASCII.
        """
        version, release, database, user, now, in_recovery, is_superuser, encoding, roles, *installed = row
        names, versions, schemas = (_texts(column) for column in installed[:3])
        observed = zip(_OBSERVED, cast("Sequence[object]", installed[3]), strict=True)
        return cls(
            version=cast("int", version),
            release=as_text(release),
            database=as_text(database),
            user=as_text(user),
            now=datetime.fromtimestamp(float(cast("SupportsFloat", now)), UTC),
            in_recovery=bool(in_recovery),
            is_superuser=bool(is_superuser),
            encoding=as_text(encoding),
            roles=frozenset(_texts(roles)),
            extensions={
                name: Extension(name=name, version=version, schema=schema)
                for name, version, schema in zip(names, versions, schemas, strict=True)
            },
            settings={name: as_text(value) for name, value in observed if value is not None},
        )

    @property
    def major(self) -> int:
        """The major version: 16 for 16.14."""
        return self.version // 10000

    def has_role(self, name: str) -> bool:
        """Whether the session has the rights of this predefined role, by membership or as superuser."""
        return self.is_superuser or name in self.roles

    def lacks_role(self, name: str) -> Lack | None:
        """Why the role's rights are missing, or None when the session has them."""
        if self.has_role(name):
            return None
        return Lack(
            f"{self.user} is no member of {name}", f"GRANT {quote_identifier(name)} TO {quote_identifier(self.user)};"
        )

    def extension(self, name: str, min_version: str | None = None) -> Extension | None:
        """The installed extension, or None where it is missing or older than `min_version`."""
        found = self.extensions.get(name)
        return found if found is not None and (min_version is None or found.at_least(min_version)) else None

    def lacks_extension(self, name: str, min_version: str | None = None) -> Lack | None:
        """Why the extension does not serve, or None when it does."""
        if self.extension(name, min_version) is not None:
            return None
        found = self.extensions.get(name)
        if found is None:
            return Lack(
                f"extension {name} is not installed in database {self.database}",
                f"CREATE EXTENSION {quote_identifier(name)};",
            )
        return Lack(
            f"extension {name} is {found.version}, and {min_version} is needed",
            f"ALTER EXTENSION {quote_identifier(name)} UPDATE;",
        )

    def lacks_setting(self, name: str, *, useless: str) -> Lack | None:
        """Why the setting keeps the server from knowing, or None where it has another value than `useless`."""
        if self.settings.get(name) != useless:
            return None
        return Lack(f"{name} is {useless}, so the server has seen nothing", f"ALTER SYSTEM RESET {name};")

    def __hash__(self) -> int:
        return hash((self.version, self.database, self.user, self.now))

    def __reduce__(self) -> tuple[object, ...]:
        # A mapping proxy does not pickle.
        fields = {field.name: getattr(self, field.name) for field in attrs.fields(type(self))}
        return _restored, ({**fields, "extensions": dict(self.extensions), "settings": dict(self.settings)},)


def _restored(fields: dict[str, object]) -> Server:
    return Server(**fields)  # type: ignore[arg-type]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"\d+", version))


def as_text(value: object) -> str:
    """Bytes of an unknown encoding become text that can be shown; what is no UTF-8 appears as \\x escapes."""
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def _texts(values: object) -> list[str]:
    return [as_text(value) for value in cast("Sequence[object]", values)]
