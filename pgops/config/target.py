"""A profile's connection parameters, taken from its fields and its URL so that nothing else can bend them.

With a `url` in the profile's own table, the URL is the connection: the fields fill only what it leaves out. A `url`
inherited from `[database]` gives way to what the profile itself states. So `[database].sslmode` never overrides the
sslmode inside a URL.

What both leave out is pinned, so that libpq does not ask its environment: see `pgops.config.pinning`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.config.pinning import pins
from pgops.conninfo import Conninfo
from pgops.errors import ConfigError, ConninfoError, IncompleteProfileError

if TYPE_CHECKING:
    from pathlib import Path

    from pgops.config.model import Profile, Sslmode
    from pgops.config.password_source import PasswordSource
    from pgops.secret import Secret

DEFAULT_PORT = "5432"

_KEYWORDS = ("host", "port", "dbname", "user", "password", "sslmode")
_FIELD_OF = {keyword: "database" if keyword == "dbname" else keyword for keyword in _KEYWORDS}
_NEEDED = ("host", "database", "user")
SSLMODE_OF: dict[Sslmode, str] = {
    True: "require",
    False: "disable",
    "verify-ca": "verify-ca",
    "verify-full": "verify-full",
}


def target_of(profile: Profile, path: Path) -> Conninfo:
    """What to connect to. `path`, the config's, is for the messages.

    Raises `IncompleteProfileError` naming every field that is missing, `ConninfoError` for a URL that can't be parsed.
    """
    fields = _fields(profile)
    if profile.url is None:
        _refuse_incomplete(profile, path)
        # The file's default for sslmode is false: the SSL fallback starts from there.
        return _pinned(Conninfo({}).with_(**{"sslmode": "disable", **fields}))
    url = parsed(profile.url, f"The url of profile {profile.name!r} ({_place(profile, path)})")
    said: dict[str, str | Secret] = dict(url.params)
    if url.password is not None:
        said["password"] = url.password
    if "password_source" in profile.stated and "url" not in profile.stated:
        said.pop("password", None)  # what the profile itself states is nearer than the url of [database]
        url = url.with_(password=None)
    if "service" in said:  # the service file says the rest, and it is asked only for what is left out here
        return url if "password" in said else url.with_(password=profile.password)
    stated = {} if "url" in profile.stated else {key: fields[key] for key in fields if _FIELD_OF[key] in profile.stated}
    if "host" in stated:
        said["hostaddr"] = ""  # libpq would connect to the url's address and only verify the host's name
    elif "host" in said or "hostaddr" in said:
        fields.pop("host", None)
        if "port" not in profile.stated:
            fields.pop("port", None)  # an inherited port is another host's
    return _pinned(url.with_(**{**fields, **said, **stated}))


def password_source_of(profile: Profile, target: Conninfo, path: Path) -> PasswordSource | None:
    """What has the password when connecting, if `target` has none of its own. `path`, the config's, is for messages.

    Raises `ConfigError` where the profile's URL has a password beside `password_env` or `password_command`.
    """
    found = profile.password_source
    if found is None or target.password is None:
        return found
    if "url" in profile.stated and "password_source" not in profile.stated:
        return None  # the profile's own url is nearer than what [database] says
    raise ConfigError(
        f"Profile {profile.name!r} has two sources for its password: its url and {found.key}.",
        path=str(path),
        line=profile.line,
        key=f"database.{profile.name}.{found.key}",
        cure="Take one of them out.",
    )


def parsed(text: Secret, what: str) -> Conninfo:
    """A URL or keyword string, and if it can't be parsed an error that says whose it is."""
    try:
        return Conninfo.parse(text.reveal())
    except ConninfoError as error:
        problem, cure = error.what, error.cure
    # Out here the error has no context, whose frames would hold the text.
    raise ConninfoError(f"{what} can't be used: {problem}", cure=cure)


def _fields(profile: Profile) -> dict[str, str | int | Secret]:
    found: dict[str, str | int | Secret | None] = {
        "host": profile.host,
        "port": profile.port,
        "dbname": profile.database,
        "user": profile.user,
        "password": profile.password,
        "sslmode": SSLMODE_OF[profile.sslmode] if profile.sslmode is not None else None,
    }
    return {keyword: value for keyword, value in found.items() if value is not None}


def _pinned(target: Conninfo) -> Conninfo:
    port = None if "port" in target.params else DEFAULT_PORT
    return (target if port is None else target.with_(port=port)).pinned(pins())


def _refuse_incomplete(profile: Profile, path: Path) -> None:
    missing = [field for field in _NEEDED if getattr(profile, field) is None]
    if missing:
        raise IncompleteProfileError(
            f"Profile {profile.name!r} ({_place(profile, path)}) has no {_listed(missing)}.",
            cure=f"Add {'it' if len(missing) == 1 else 'them'} to [database.{profile.name}], or give it a url.",
        )


def _listed(words: list[str]) -> str:
    return " and no ".join([", no ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _place(profile: Profile, path: Path) -> str:
    return f"{path}:{profile.line}" if profile.line is not None else str(path)
