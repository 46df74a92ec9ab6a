"""The version of a server, as the connection already knows it: nothing is asked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    import psycopg


@attrs.frozen(order=True)
class ServerVersion:
    """A version that compares: by its number, so that 9.6 is older than 16.

    >>> ServerVersion(160014, "16.14 (Debian 16.14-1.pgdg12+1)") >= ServerVersion(160000)
    True
    >>> str(ServerVersion(160014, "16.14 (Debian 16.14-1.pgdg12+1)")), str(ServerVersion(190000, "19beta1"))
    ('16.14', '19beta1')
    """

    number: int
    """As in server_version_num: 160014 is 16.14."""
    release: str = attrs.field(default="", order=False, eq=False)
    """As the server says it: `16.14 (Debian 16.14-1.pgdg12+1)`, `19beta1`. What compares is the number."""

    @property
    def major(self) -> int:
        """The major version: 16 for 16.14."""
        return self.number // 10000

    @property
    def minor(self) -> int:
        """The minor version: 14 for 16.14."""
        return self.number % 10000

    def __str__(self) -> str:
        said = re.match(r"\d[\w.]*", self.release)
        return said.group() if said else f"{self.major}.{self.minor}"


def pg_version(connection: psycopg.Connection[Any] | psycopg.AsyncConnection[Any]) -> ServerVersion:
    """The version of the server at the other end, or the one that a pooler before it reports.

    It came with the greeting: the server is not asked, in whatever state the connection is, and sync and async are the
    same. Raises psycopg's `OperationalError` where the connection is closed.
    """
    told = connection.pgconn.parameter_status(b"server_version") or b""
    return ServerVersion(connection.info.server_version, told.decode("utf-8", "backslashreplace"))
