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
    said = f"{why[0].upper()}{why[1:]}: no table is vacuumed or analysed by itself, but for wraparound."
    also = " track_counts is off too." if not (row.autovacuum or row.track_counts) else ""
    return f"{said}{also} A change takes effect with SELECT pg_reload_conf()."


def _fix(row: Row, _: object) -> str:
    # One statement: ALTER SYSTEM stands in no transaction, and two in one message are one.
    return f"ALTER SYSTEM SET {'track_counts' if row.autovacuum else 'autovacuum'} = on;"


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
