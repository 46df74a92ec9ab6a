"""What a connection is made with: a parsed URL or keyword string, its password apart from the rest.

Everything here is pure: nothing is connected to, looked up or read from the environment. The password (and the other
libpq keywords that are secrets) lives in `Secret`, so a `Conninfo` can be printed, logged and compared. Only `reveal()`
gives a string that holds it, for psycopg.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from urllib.parse import quote

import attrs
import psycopg
from psycopg import pq

from pgops.errors import ConninfoError, did_you_mean
from pgops.secret import MASK, Secret

SSLMODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")

# libpq's own mark for a secret ("*") leaves out the two SCRAM keys that PostgreSQL 18 added.
SECRET_KEYWORDS = frozenset({"password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"})

ENCODE = (
    "In a URL the characters @ : / ? # % [ ] and spaces in the user, the password or the database must be "
    "percent-encoded (@ is %40, / is %2F, % is %25): urllib.parse.quote(password, safe='') does it."
)
QUOTE = (
    "A keyword string looks like host=db dbname=app user=me; a value with spaces or quotes stands in '...', "
    "with a \\ before each ' and \\."
)

# Parameters that other drivers put into their URLs; libpq refuses what it does not know.
FOREIGN = {
    "schema": "Prisma's; say options=-c%20search_path%3Dname instead",
    "currentschema": "JDBC's; say options=-c%20search_path%3Dname instead",
    "pgbouncer": "Prisma's",
    "connection_limit": "Prisma's",
    "pool_timeout": "Prisma's",
    "socket_timeout": "Prisma's",
    "statement_cache_size": "asyncpg's or Prisma's",
    "sslaccept": "Prisma's; say sslmode instead",
    "ssl_mode": "not libpq's; say sslmode instead",
    "preparethreshold": "JDBC's",
    "serverversion": "Doctrine's",
    "charset": "Doctrine's; say client_encoding instead",
    "timeout": "not libpq's; say connect_timeout instead",
    "database": "not libpq's; say dbname instead",
    "username": "not libpq's; say user instead",
}

_SCHEME = re.compile(r"postgres(?:ql)?://")
_ANY_SCHEME = re.compile(r"\s*\S+?://")
_PLAIN = re.compile(r"[^\s'\\]+")
_FOREIGN_SCHEME = re.compile(r"(?:jdbc:postgresql|postgres(?:ql)?\+\w+|postgis|pgsql|psql|pg):/*", re.IGNORECASE)


def _read_only(params: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(params))


def _read_only_secrets(secrets: Mapping[str, Secret]) -> Mapping[str, Secret]:
    return MappingProxyType(dict(secrets))


@attrs.frozen(hash=False)
class Conninfo:
    """libpq's parameters, the secrets among them kept apart.

    >>> target = Conninfo.parse("postgresql://ann:hunter2@db.example/shop?sslmode=require")
    >>> target.display
    'postgresql://ann:********@db.example/shop?sslmode=require'
    >>> target.params["host"], target.sslmode, target.password
    ('db.example', 'require', Secret('********'))

    `params` is read-only and holds no secret. It pickles only while it has none.
    """

    params: Mapping[str, str] = attrs.field(converter=_read_only)
    password: Secret | None = None
    secrets: Mapping[str, Secret] = attrs.field(factory=dict, converter=_read_only_secrets, kw_only=True)
    """Secret keywords other than `password`: `sslpassword` and its like."""
    pins: Mapping[str, str] = attrs.field(factory=dict, kw_only=True, repr=False)
    """What `reveal()` says besides `params`, so that libpq does not ask its environment. Never shown; a service, which
    fills what is left out, is given without them."""

    def __attrs_post_init__(self) -> None:
        _refuse_wrong(self.params, self.password, self.secrets)

    @classmethod
    def parse(cls, text: str) -> Conninfo:
        """A URL (`postgresql://...`) or a keyword string (`host=... dbname=...`), with all that libpq takes.

        Raises `ConninfoError`, which never shows the text: it may hold a password.
        """
        known = _PARSED.get(text)
        if known is not None:
            return known
        cure = _why_unparsable(text)
        plain: dict[str, str] = {}
        secrets: dict[str, Secret] = {}
        if cure is None:
            try:
                for option in pq.Conninfo.parse(text.encode()):
                    if option.val is not None:
                        name, value = option.keyword.decode(), option.val.decode()
                        if name in SECRET_KEYWORDS:
                            secrets[name] = Secret(value)
                        else:
                            plain[name] = value
            except (psycopg.Error, UnicodeError):
                cure = _general_cure(text)
        if cure is not None:  # raised out here, so that libpq's message, which quotes the text, is no context of ours
            raise ConninfoError(f"The connection {_kind(text)} can't be parsed.", cure=cure) from None
        _refuse_values(plain)  # libpq has looked at the rest
        bears_secrets = bool(secrets)
        parsed = _made(plain, secrets, _NO_PINS)
        if not bears_secrets and len(_PARSED) < _MOST_PARSED and len(text) < _LONGEST_PARSED:
            _PARSED[text] = parsed
        return parsed

    @classmethod
    def from_fields(
        cls,
        *,
        host: str | None = None,
        port: int | str | None = None,
        dbname: str | None = None,
        user: str | None = None,
        password: str | Secret | None = None,
        sslmode: str | None = None,
        **others: str | int | Secret | None,
    ) -> Conninfo:
        """From libpq's keywords one by one; those that are None are left to libpq.

        >>> Conninfo.from_fields(host="db", port=5433, dbname="a b", user="ann").display
        'postgresql://ann@db:5433/a%20b'

        Raises `ConninfoError` for a keyword or sslmode that libpq does not know.
        """
        named = {"host": host, "port": port, "dbname": dbname, "user": user, "password": password, "sslmode": sslmode}
        plain, secrets = _sealed({**named, **others})
        return cls(plain, secrets.pop("password", None), secrets=secrets)

    def with_(self, **params: str | int | Secret | None) -> Conninfo:
        """A copy with other values; None removes a keyword.

        >>> Conninfo.parse("host=db sslmode=disable").with_(sslmode="require", host=None).params
        mappingproxy({'sslmode': 'require'})
        """
        plain, secrets = _sealed(params)
        _refuse_wrong(plain, None, secrets)  # and not again what is here already: a connect makes many copies
        merged, sealed = {**self.params, **plain}, {**self._all_secrets(), **secrets}
        for name, value in params.items():
            if value is None:
                merged.pop(name, None)
                sealed.pop(name, None)
        return _made(merged, sealed, self.pins)

    def adding(self, params: Mapping[str, str]) -> Conninfo:
        """A copy with plain values that nobody needs to look at: constants, numbers, what was looked at before."""
        return _made({**self.params, **params}, self._all_secrets(), self.pins)

    def pinned(self, pins: Mapping[str, str]) -> Conninfo:
        """The same with these pins, which libpq is known to take."""
        return _made(dict(self.params), self._all_secrets(), pins)

    def _all_secrets(self) -> dict[str, Secret]:
        return {**self.secrets, **({} if self.password is None else {"password": self.password})}

    @property
    def sslmode(self) -> str | None:
        """The sslmode asked for; None leaves it to libpq, whose default is `prefer`."""
        return self.params.get("sslmode")

    @property
    def display(self) -> str:
        """A URL for people, with every secret masked. What is empty is left out: libpq takes its own default there."""
        rest = {name: value for name, value in self.params.items() if value}
        user = quote(rest.pop("user", ""), safe="")
        login = f"{user}:{MASK}@" if self.password is not None else f"{user}@" if user else ""
        hosts, ports = rest.get("host", "").split(","), rest.get("port", "").split(",")
        if all(_fits_in_url(host) for host in hosts) and len(ports) in {1, len(hosts)}:
            ports = ports * len(hosts) if len(ports) == 1 else ports
            pairs = zip(hosts, ports, strict=True)
            place = ",".join(_host_in_url(host) + (f":{port}" if port else "") for host, port in pairs)
            rest.pop("host", None)
            rest.pop("port", None)
        else:
            place = ""
        database = quote(rest.pop("dbname", ""), safe="")
        query = [f"{name}={quote(value, safe='/,:')}" for name, value in sorted(rest.items())]
        query += [f"{name}={MASK}" for name in sorted(self.secrets)]
        return f"postgresql://{login}{place}/{database}" + ("?" + "&".join(query) if query else "")

    def reveal(self) -> str:
        """A keyword string for `psycopg.connect`, with the password. Keep it in no variable that lives on."""
        plain = self.params if "service" in self.params else {**self.pins, **self.params}
        secrets = self._all_secrets()
        pairs = [f"{name}={_quoted(value)}" for name, value in plain.items() if name not in secrets]
        pairs += [f"{name}={_quoted(secret.reveal())}" for name, secret in secrets.items()]
        return " ".join(pairs)

    def __str__(self) -> str:
        return self.display

    def __hash__(self) -> int:
        return hash((frozenset(self.params.items()), self.password, frozenset(self.secrets.items())))

    def __reduce__(self) -> tuple[object, ...]:
        return _restored, (dict(self.params), self.password, dict(self.secrets), dict(self.pins))


def _restored(
    params: dict[str, str], password: Secret | None, secrets: dict[str, Secret], pins: dict[str, str]
) -> Conninfo:
    return Conninfo(params, password, secrets=secrets, pins=MappingProxyType(pins))


_NO_PINS: Mapping[str, str] = MappingProxyType({})

# A program connects to the same place again and again, and libpq's parsing is a good part of what that costs us. A text
# that bears a secret is never kept; what it connects to asks for the password, which costs far more.
_PARSED: dict[str, Conninfo] = {}
_MOST_PARSED = 64
_LONGEST_PARSED = 2000


def _made(params: dict[str, str], secrets: dict[str, Secret], pins: Mapping[str, str]) -> Conninfo:
    """Of values that have been looked at. A connect makes several, so it pays not to look again."""
    made = object.__new__(Conninfo)
    object.__setattr__(made, "password", secrets.pop("password", None))
    object.__setattr__(made, "params", MappingProxyType(params))
    object.__setattr__(made, "secrets", MappingProxyType(secrets))
    object.__setattr__(made, "pins", pins)
    return made


@cache
def known_keywords() -> frozenset[str]:
    """The keywords that the libpq in use understands."""
    return frozenset(option.keyword.decode() for option in pq.Conninfo.parse(b""))


def _sealed(params: Mapping[str, str | int | Secret | None]) -> tuple[dict[str, str], dict[str, Secret]]:
    """What is plain and what is secret among the values that are not None."""
    plain: dict[str, str] = {}
    secrets: dict[str, Secret] = {}
    for name, value in params.items():
        if value is None:
            continue
        if name in SECRET_KEYWORDS:
            secrets[name] = value if isinstance(value, Secret) else Secret(str(value))
        elif isinstance(value, Secret):
            raise ConninfoError(f"The connection keyword {name!r} is no secret.", cure="Give it as a text.")
        else:
            plain[name] = str(value)
    return plain, secrets


# --- what is wrong with it, said without showing it -------------------------------------------------------------------


def _refuse_wrong(params: Mapping[str, str], password: Secret | None, secrets: Mapping[str, Secret]) -> None:
    known = known_keywords()
    if not (known.issuperset(params) and known.issuperset(secrets)):
        name = next(name for name in (*params, *secrets) if name not in known)
        cure = did_you_mean(name, known)
        raise ConninfoError(f"libpq {pq.version()} knows no connection keyword {name!r}.", cure=cure)
    if not SECRET_KEYWORDS.isdisjoint(params):
        name = next(iter(SECRET_KEYWORDS & params.keys()))
        raise ConninfoError(f"{name} is a secret and may not be among the plain parameters.", cure="Use with_().")
    sealed = [secret for secret in (password, *secrets.values()) if secret is not None]
    if not _encodes("".join(params.values())) or not all(_encodes(secret.reveal()) for secret in sealed):
        raise ConninfoError("A connection parameter holds a NUL or half a character (a surrogate).", cure="Remove it.")
    _refuse_values(params)


def _refuse_values(params: Mapping[str, str]) -> None:
    for port in params["port"].split(",") if "port" in params else ():
        # The wrong port is not shown: where a password has an unencoded / it is the password's beginning.
        if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise ConninfoError("The port is no number from 1 to 65535.", cure=ENCODE)
    if _SCHEME.match(params.get("dbname", "")):
        raise ConninfoError("A URL was given as the database's name.", cure="Give it as the URL.")
    sslmode = params.get("sslmode")
    if sslmode and sslmode not in SSLMODES:
        cure = f"It is one of {', '.join(SSLMODES)}. {did_you_mean(sslmode, SSLMODES)}".rstrip()
        raise ConninfoError(f"There is no sslmode {sslmode!r}.", cure=cure)


def _kind(text: str) -> str:
    return "URL" if "://" in text else "string"


def _general_cure(text: str) -> str:
    return ENCODE if _SCHEME.match(text) else QUOTE


def _why_unparsable(text: str) -> str | None:
    """The cure, for mistakes that libpq would explain badly, or would take for something else."""
    if not text.strip():
        return "It is empty: give a URL such as postgresql://user@host/database."
    if "\0" in text:
        return "It holds a NUL character."
    scheme = _SCHEME.match(text)
    if scheme is None:
        if _FOREIGN_SCHEME.match(text):
            return "Its scheme belongs to another driver: begin it with postgresql://."
        return "A URL begins with postgresql:// or postgres://." if _ANY_SCHEME.match(text) else None
    # libpq ends the credentials at the first @ that comes before any /. With an @ or / left in the password, the
    # rest of the password would become host, port or database, and be shown as such.
    rest = text[scheme.end() :]
    login = re.match(r"[^@/]*@", rest)
    place, _, query = rest[login.end() if login else 0 :].partition("?")
    if "@" in place:
        return f"There is an @ too many before the database's name. {ENCODE}"
    for name in (pair.partition("=")[0] for pair in query.split("&")):
        if name.lower() in FOREIGN:
            return f"libpq does not know its parameter {name!r} ({FOREIGN[name.lower()]}): take it out."
        # After credentials, and with no @ behind it, the name can't be a piece of the password.
        if login and "@" not in query and name.isidentifier() and name not in {"ssl", *known_keywords()}:
            nearest = did_you_mean(name, known_keywords())
            return f"libpq does not know its parameter {name!r}: take it out. {nearest}".rstrip()
    return None


def _quoted(value: str) -> str:
    """A value in a keyword string. psycopg's make_conninfo would parse the whole again, as psycopg.connect does too."""
    if _PLAIN.fullmatch(value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _encodes(text: str) -> bool:
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def _fits_in_url(host: str) -> bool:
    return not host.startswith(("/", "@")) and not re.search(r"[\s?#%]", host)


def _host_in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
