"""How a client program connects as a connection of ours did: to the same server, as the same user, no less encrypted.

Argv is seen by everybody on the machine, so no secret is in it: a password goes by the environment, which only the same
user may read, and other secrets by a file that only we may read. Whatever PG* variables we have ourselves are not
handed on: the connection's parameters say it all.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from psycopg.conninfo import make_conninfo

from pgops.conninfo import Conninfo
from pgops.errors import ClientProgramError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

_NEEDS_TLS = frozenset({"require", "verify-ca", "verify-full"})
_SERVICE = "pgops"
_NO_FILE = "/nonexistent/pgops"
"""Of a file that is there and is no plain one, /dev/null, libpq would warn."""
_NOT_HANDED_ON = (
    *("options", "service", "servicefile", "passfile"),
    # They choose among servers, and this one is chosen.
    *("target_session_attrs", "load_balance_hosts"),
    # Of the wire between psycopg's libpq and the server, nothing that another libpq has to agree with.
    *("min_protocol_version", "max_protocol_version", "sslkeylogfile"),
)
_USUAL = {
    "channel_binding": "prefer",
    "gssdelegation": "0",
    "gssencmode": "prefer",
    "sslcertmode": "allow",
    "sslnegotiation": "postgres",
    "sslsni": "1",
    "ssl_min_protocol_version": "TLSv1.2",
}
"""What libpq does unasked. Its newer versions report some of it as if it had been asked for, in words that older ones
do not know."""


@attrs.frozen(kw_only=True)
class ChildConnection:
    """The parameters of a connection, for a client program. It shows no secret."""

    target: Conninfo
    server_version: int
    """As the server numbers it: 160004."""

    @classmethod
    def like(cls, conn: psycopg.Connection[Any], *, application: str) -> ChildConnection:
        """As `conn` is connected: to the very server that it reached, with TLS if it has it.

        Its startup options, which make sessions of `pgops.connect` read-only and bound them in time, are left out.
        """
        info = conn.info
        parameters = info.get_parameters()
        for name in _NOT_HANDED_ON:
            parameters.pop(name, None)
        parameters = {name: value for name, value in parameters.items() if _USUAL.get(name) != value}
        parameters |= {"host": info.host, "port": str(info.port), "application_name": application}
        if info.hostaddr:
            parameters["hostaddr"] = info.hostaddr
        # prefer and allow take what they get: an encrypted connection would have one beside it that is not.
        if info.pgconn.ssl_in_use and parameters.get("sslmode") not in _NEEDS_TLS:
            parameters["sslmode"] = "require"
        target = Conninfo.parse(make_conninfo("", **parameters))
        if info.password:
            target = target.with_(password=info.password)
        return cls(target=target, server_version=info.server_version)

    @property
    def server_major(self) -> int:
        """The server's major version."""
        return self.server_version // 10_000

    def to_database(self, name: str) -> ChildConnection:
        """The same server and user, another database."""
        return attrs.evolve(self, target=self.target.with_(dbname=name))

    @property
    def argument(self) -> str:
        """What stands behind `--dbname=`: everything but the secrets."""
        plain = attrs.evolve(self.target, password=None, secrets={})
        return _in_utf8((plain.with_(service=_SERVICE) if self.target.secrets else plain).reveal())

    @contextmanager
    def environment(self, **more: str) -> Iterator[dict[str, str]]:
        """The environment for a program that is given `argument`, for as long as it runs.

        Raises `ClientProgramError` for a secret, other than the password, that libpq's files can't hold.
        """
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "DB_"))}
        # Not even an empty password may be looked for elsewhere: the connection was made with what it has.
        kept |= {"PGPASSFILE": _NO_FILE, "PGCLIENTENCODING": "UTF8", **more}
        if self.target.password is not None:
            kept["PGPASSWORD"] = _in_utf8(self.target.password.reveal())
        if not self.target.secrets:
            yield kept
            return
        with tempfile.TemporaryDirectory(prefix="pgops-") as folder:  # made for its owner alone
            file = Path(folder) / "service.conf"
            file.touch(mode=0o600)
            file.write_text("\n".join([f"[{_SERVICE}]", *self._service_lines()]) + "\n", encoding="utf-8")
            yield {**kept, "PGSERVICEFILE": str(file)}

    def _service_lines(self) -> Iterator[str]:
        for name, secret in self.target.secrets.items():
            value = secret.reveal()
            if value != value.strip() or "\n" in value or "\r" in value:
                raise ClientProgramError(
                    f"{name} has a line break or a blank at its end, which no file of libpq can hold.",
                    cure="Use another, or a key without a passphrase in a protected file.",
                )
            yield f"{name}={value}"


def _in_utf8(text: str) -> str:
    """What becomes UTF-8 as an argument or a variable in any locale: psycopg sends names and passwords so."""
    return os.fsdecode(text.encode())
