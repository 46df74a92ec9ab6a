"""Autovacuum is turned off for the whole server.

Then nobody removes dead rows, updates statistics or the visibility map unless it is done by hand or by a schedule.
Tables grow, plans get worse, and at last the server vacuums against wraparound all the same, everything at once. It
takes two settings: `autovacuum`, and `track_counts`, by which it knows what is to be done.

It is a false alarm while a database is being loaded, and where a job vacuums and analyses every table by itself; even
then autovacuum does no harm, for it finds nothing to do. A cost limit makes it gentler, off is not the way.

Manual: section 24.1.6, "The Autovacuum Daemon".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, Scope
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    autovacuum: bool
    track_counts: bool
    """As autovacuum's workers have it; a session or a role may have its own."""


SQL = """
SELECT pg_catalog.current_setting('autovacuum')::bool AS autovacuum,
       -- reset_val is not what the session has set, but may be what its role has
       s.reset_val::bool OR s.source IN ('user', 'database user') AS track_counts
  FROM pg_catalog.pg_settings AS s
 WHERE s.name = 'track_counts'
"""


def _severity(row: Row, _: object) -> Severity | None:
    return None if row.autovacuum and row.track_counts else Severity.WARNING


def _message(row: Row, _: object) -> str:
    why = "autovacuum is off" if not row.autovacuum else "track_counts is off, so autovacuum can't work"
    return f"{why[0].upper()}{why[1:]}: no table is vacuumed or analysed by itself, but for wraparound."


def _fix(row: Row, _: object) -> str:
    settings = [name for name, on in (("autovacuum", row.autovacuum), ("track_counts", row.track_counts)) if not on]
    statements = [f"ALTER SYSTEM SET {name} = on;" for name in settings]
    return "\n".join([*statements, "SELECT pg_catalog.pg_reload_conf();"])


CHECK = Check(
    id="vacuum.autovacuum_off",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=_severity,
        target=lambda _: Target("setting", None, "autovacuum"),
        message=_message,
        fix=_fix,
        details=("autovacuum", "track_counts"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
)
