"""What a profile says to libpq besides its own parameters, so that nobody's environment bends it.

libpq fills what a connection string leaves out from PGHOST, PGHOSTADDR, PGSSLMODE, PGOPTIONS, PGTARGETSESSIONATTRS and
thirty more variables, and from the service that PGSERVICE names. A profile names one database, whoever's shell it is
resolved in, so every keyword is stated: with libpq's built-in default where it has one, else with the empty text, which
to libpq is "as if unset, and don't ask the environment".

PGPASSWORD is warded off too. It belongs to the database that PGHOST and PGUSER name: sent to another it is given away,
and it would beat ~/.pgpass, which knows the right one. `password_env = "PGPASSWORD"` is how a profile asks for it.
PGSSLROOTCERT and its like can be said in a url, which may be no more than `url = "sslrootcert=/etc/ca.pem"`.

Three variables are beyond a connection string: libpq sends PGDATESTYLE, PGTZ and PGGEQO to the server by itself. They
say how a session looks, not where it goes.
"""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from psycopg import pq

if TYPE_CHECKING:
    from collections.abc import Mapping

# Keywords without a built-in default that refuse the empty text (libpq 14 to 18), or take it for something else.
_SPELLED_OUT = {
    "connect_timeout": "10",
    "keepalives": "1",  # empty would switch them off
    "keepalives_idle": "7200",  # Linux's own; 0 is the system's by libpq's manual, but Linux refuses it
    "keepalives_interval": "75",
    "keepalives_count": "9",
    "tcp_user_timeout": "0",
    "sslcertmode": "allow",
    "min_protocol_version": "3.0",
    "max_protocol_version": "3.0",
}

_OAUTH_SINCE = 18_00_00


def _every_method() -> str:
    """`require_auth` that requires nothing: to libpq 18 the empty text means that no method will do."""
    methods = ["none", "password", "md5", "scram-sha-256", "gss", "sspi"]
    return ",".join([*methods, "oauth"] if pq.version() >= _OAUTH_SINCE else methods)


LEFT_ALONE: Mapping[str, str] = MappingProxyType(
    {
        "service": "any text, the empty one too, asks libpq for a service of that name",
        "passfile": "PGPASSFILE says where passwords are kept, and each of them says for which host, database and user",
        "scram_client_key": "no variable sets it, and libpq refuses the empty text",
        "scram_server_key": "no variable sets it, and libpq refuses the empty text",
    }
)
"""The keywords that are not pinned, and why."""


@cache
def pins() -> Mapping[str, str]:
    """Keyword and value for each keyword of the libpq in use but those in `LEFT_ALONE`."""
    found = {option.keyword.decode(): (option.compiled or b"").decode() for option in pq.Conninfo.get_defaults()}
    spelled_out = {**_SPELLED_OUT, "require_auth": _every_method()}
    return MappingProxyType(
        {name: spelled_out.get(name, default) for name, default in found.items() if name not in LEFT_ALONE}
    )
