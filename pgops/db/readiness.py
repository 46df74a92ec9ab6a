"""Whether a server that let nobody in is likely to do so soon: not there yet, starting, or refusing for good.

psycopg gives no SQLSTATE for a failed connect. What libpq and the system say is English here, unless the program has
set its own locale; what a server says follows its lc_messages. So words that are not known are no answer: libpq's ping
is, which looks at the SQLSTATE (57P03, cannot_connect_now) in any language.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from psycopg import pq

from pgops.db.refusals import one_by_one, without_names

if TYPE_CHECKING:
    from pgops.conninfo import Conninfo

_PING_TIMEOUT_S = 5


class Standing(StrEnum):
    """What a connection that failed says about the server."""

    ABSENT = "not there"
    """Nothing answers at that place: no such host or socket, nobody listens, no answer in time, hung up."""
    STARTING = "not ready"
    """It answers that it is starting, recovering or stopping, or that it is not (yet) the kind of server asked for."""
    REFUSING = "refusing"
    """It, or libpq, refuses this connection, and would refuse it again."""


_ABSENT = re.compile(
    r"Connection refused|Is the server running (?:locally|on that host)|Connection reset|Broken pipe"
    r"|server closed the connection unexpectedly|timeout expired|timed out|No route to host|is unreachable|Host is down"
    r"|failed to resolve host|could not translate host name",
)
_STARTING = re.compile(
    r"the database system is (?:starting up|shutting down|in recovery mode|not yet accepting|not accepting connections)"
    r"|terminating connection due to administrator command"
    # target_session_attrs: a standby becomes a primary when it is promoted
    r"|session is (?:not )?read-only|server is (?:not )?in hot standby mode"
    # pgbouncer, whose own server is the one to wait for
    r"|server login has been failing, (?:try again later|cached error: connect failed)"
    r"|pgbouncer cannot connect to server|query_wait_timeout|bouncer is shutting down",
)


def standing(words: str) -> Standing | None:
    """By the words alone; None where they do not tell. Of several addresses, one that refuses decides.

    >>> standing("FATAL:  the database system is starting up"), standing("Connection refused")
    (<Standing.STARTING: 'not ready'>, <Standing.ABSENT: 'not there'>)
    >>> print(standing('FATAL:  password authentication failed for user "ann"'))
    None
    """
    found = [_standing_of_one(without_names(each)) for each in one_by_one(words)]
    if not found or None in found:
        return None
    return Standing.STARTING if Standing.STARTING in found else Standing.ABSENT


def _standing_of_one(words: str) -> Standing | None:
    if _STARTING.search(words):
        return Standing.STARTING
    return Standing.ABSENT if _ABSENT.search(words) else None


def find_standing(target: Conninfo, words: str) -> Standing:
    """By the words, else by asking the server once more. Blocks for 5 s and each address at most, mostly not at all."""
    known = standing(words)
    if known is not None:
        return known
    answer = pq.PGconn.ping(target.with_(connect_timeout=_PING_TIMEOUT_S).reveal().encode())
    return Standing.STARTING if answer == pq.Ping.REJECT else Standing.REFUSING
