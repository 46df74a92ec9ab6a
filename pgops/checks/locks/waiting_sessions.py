"""Many sessions wait for locks at once.

One that waits is everyday life. Several at the same moment are a queue that grows: the application's pool fills with
those who wait, and soon nobody is served. INFO, WARNING and CRITICAL at 2, 5 and 15 sessions. `locks.blocking_chain`
names who stands at the head.

It is one sample: ask again before you wake somebody, or look at `log_lock_waits`.

Manual: view pg_locks.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, Scope, limit
from pgops.checks.judging import by, each_row
from pgops.findings import Target, as_tuple


@attrs.frozen(kw_only=True)
class Row:
    sessions: int
    modes: tuple[str, ...] = attrs.field(converter=as_tuple)
    """The modes that are waited for."""


@attrs.frozen(kw_only=True)
class Limits:
    info_sessions: int = limit(2, unit="sessions", doc="INFO from so many on.")
    warn_sessions: int = limit(5, unit="sessions", doc="A WARNING from so many on.")
    crit_sessions: int = limit(15, unit="sessions", doc="CRITICAL from so many on.")


SQL = """
SELECT pg_catalog.count(DISTINCT l.pid)::int                                     AS sessions,
       COALESCE(pg_catalog.array_agg(DISTINCT l.mode ORDER BY l.mode), '{}')     AS modes
  FROM pg_catalog.pg_locks AS l
 WHERE NOT l.granted
"""

CHECK = Check(
    id="locks.waiting_sessions",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=by("sessions", info="info_sessions", warning="warn_sessions", critical="crit_sessions"),
        target=lambda _: Target("server", None, "locks"),
        message="{sessions} sessions wait for locks at this moment: {modes}.",
        details=("sessions", "modes"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    known_as=("ruby-pg-extras: all_locks", "ruby-pg-extras: locks", "check_pgactivity: locks", "check_postgres: locks"),
)
