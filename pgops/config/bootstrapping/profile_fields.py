"""A connection as a profile has it, field by field, or as one URL: to be saved, shown, or used once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

from pgops.config.manuscript import Manuscript
from pgops.secret import MASK, Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgops.conninfo import Conninfo

Fields: TypeAlias = "dict[str, str | Secret | int | bool | Path]"

_SSLMODES: dict[str, str | bool] = {
    "disable": False,
    "require": True,
    "verify-ca": "verify-ca",
    "verify-full": "verify-full",
}
_FIELDS = {"host": "host", "port": "port", "dbname": "database", "user": "user", "sslmode": "sslmode"}


def fields_of(target: Conninfo) -> Fields:
    """The profile's fields; one `url` where fields can't say it all (several hosts, `options`, sslmode `prefer`).

    >>> from pgops.conninfo import Conninfo
    >>> fields_of(Conninfo.parse("postgresql://ann:hunter2@db:5433/shop?sslmode=require"))
    {'host': 'db', 'port': 5433, 'database': 'shop', 'user': 'ann', 'password': Secret('********'), 'sslmode': True}
    """
    params = {name: value for name, value in target.params.items() if value}
    mode = params.get("sslmode")
    if params.keys() - _FIELDS.keys() or target.secrets or "," in params.get("host", "") + params.get("port", ""):
        return {"url": as_url(target)}
    if mode is not None and mode not in _SSLMODES:
        return {"url": as_url(target)}
    fields: Fields = {field: params[name] for name, field in _FIELDS.items() if name in params and name != "sslmode"}
    if "port" in fields:
        fields["port"] = int(params["port"])
    if target.password is not None:
        fields["password"] = target.password
    if mode is not None:
        fields["sslmode"] = _SSLMODES[mode]
    return fields


def as_url(target: Conninfo) -> Secret:
    """A URL that libpq takes for the same, its secrets in clear.

    >>> from pgops.conninfo import Conninfo
    >>> as_url(Conninfo.from_fields(host="db", dbname="a b", user="ann", password="p@ss/word")).reveal()
    'postgresql://ann:p%40ss%2Fword@db/a%20b'
    """
    bare = target.with_(password=None, **dict.fromkeys(target.secrets))
    url = bare.display
    secrets = dict(target.secrets)
    login = f"postgresql://{quote(target.params.get('user', ''), safe='')}@"
    if target.password is not None and target.params.get("user") and url.startswith(login):
        url = login[:-1] + ":" + quote(target.password.reveal(), safe="") + url[len(login) - 1 :]
    elif target.password is not None:
        secrets["password"] = target.password
    for name, secret in secrets.items():
        url += f"{'&' if '?' in url else '?'}{name}={quote(secret.reveal(), safe='')}"
    return Secret(url)


def as_toml(name: str, fields: Mapping[str, str | Secret | int | bool | Path], target: Conninfo) -> str:
    """The profile's table as the file would have it, every secret masked."""
    shown = {
        key: (target.display if key == "url" else MASK) if isinstance(value, Secret) else value
        for key, value in fields.items()
    }
    return Manuscript(Path(), Secret("")).put_table(("database", name), shown).text.reveal()
