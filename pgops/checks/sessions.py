"""What the checks about sessions share: how a session is named, recognised again, and ended.

The SQL of such a check calls pg_stat_activity `a` and gives the columns of `Session`.
"""

from __future__ import annotations

from typing import LiteralString, Protocol

from pgops.checks.api import Requires
from pgops.checks.judging import quote_literal
from pgops.findings import Target

SEES_SESSIONS = Requires(role="pg_read_all_stats", useless=[("track_activities", "off")])
"""Without the role only sessions of one's own have a state, and with track_activities off none has."""

CLIENT = "client backend"
"""pg_stat_activity.backend_type of what a client's connection gets; a walsender is something else."""

# The text of a query is in the encoding of its session's database. Where that is not ours, the bytes may be no text
# at all here: left() may refuse them, and so may whoever reads our answer.
SHOWN_QUERY: LiteralString = """
       CASE WHEN pg_catalog.getdatabaseencoding() = 'SQL_ASCII'
              OR COALESCE((SELECT home.encoding = pg_catalog.pg_char_to_encoding(pg_catalog.getdatabaseencoding())
                             FROM pg_catalog.pg_database AS home
                            WHERE home.oid = a.datid), TRUE)
            THEN pg_catalog.left(a.query, %(query_chars)s)
            ELSE '(not shown: the database has another encoding)'
       END                                                            AS query"""

LONG_QUERY = 300
"""Characters of a query's text that are kept unless the caller wants more."""


class Session(Protocol):
    """The columns by which a session is named."""

    @property
    def pid(self) -> int | None: ...
    @property
    def user(self) -> str | None: ...
    @property
    def database(self) -> str | None: ...
    @property
    def application(self) -> str | None: ...
    @property
    def backend_type(self) -> str | None: ...
    @property
    def query_id(self) -> int | None: ...


def session_target(session: Session) -> Target:
    """The session as the target of a finding: known again tomorrow by what it is, not by its process id."""
    query = "" if session.query_id is None else str(session.query_id)
    name = session.user or session.backend_type or "unknown"
    return Target("session", None, name, session.database, also=(session.application or "", query))


def prepared_target(gid: str) -> Target:
    """A prepared transaction as the target of a finding: its name is unique on the server."""
    return Target("prepared transaction", None, gid)


def in_words(session: Session) -> str:
    """The beginning of a sentence: `Session 4711 of app in shop (psql)`, `The autovacuum worker 4712 in shop`."""
    words = [
        f"Session {session.pid}" if session.backend_type == CLIENT else f"The {session.backend_type} {session.pid}"
    ]
    if session.user:
        words.append(f"of {session.user}")
    if session.database:
        words.append(f"in {session.database}")
    if session.application:
        words.append(f"({session.application})")
    return " ".join(words)


def cancel(pid: int | None) -> str:
    """SQL that ends what a session is executing. Its transaction fails, and its connection stays."""
    return f"SELECT pg_catalog.pg_cancel_backend({pid});"


def terminate(pid: int | None) -> str:
    """SQL that ends a session: its transaction is rolled back and its connection is gone."""
    return f"SELECT pg_catalog.pg_terminate_backend({pid});"


def roll_back_prepared(gid: str) -> str:
    """SQL that rolls a prepared transaction back, in its own database, by its owner or a superuser."""
    return f"ROLLBACK PREPARED {quote_literal(gid).strip()};"
