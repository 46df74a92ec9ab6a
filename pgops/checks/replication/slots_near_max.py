"""Replication slots or WAL senders are nearly used up.

When all max_replication_slots are taken no standby or subscription can be added, and one that has to be made anew finds
no place; with all max_wal_senders busy a standby that lost its connection can't come back, and no base backup can be
taken. To raise either takes a restart.

A WARNING at `warn_pct`, critical when there is none left.

Manual: section 19.6.1.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Metric, Query, Scope, limit
from pgops.checks.judging import by, each_row
from pgops.findings import Target


@attrs.frozen(kw_only=True)
class Row:
    setting: str
    """`max_replication_slots` or `max_wal_senders`."""
    used: int
    most: int
    used_pct: float


@attrs.frozen(kw_only=True)
class Limits:
    warn_pct: float = limit(80.0, unit="%", doc="A WARNING from this share on.")
    crit_pct: float = limit(100.0, unit="%", doc="CRITICAL from this share on.")


SQL = """
SELECT u.setting,
       u.used,
       u.most,
       100.0::float8 * u.used / NULLIF(u.most, 0) AS used_pct
  FROM (SELECT 'max_replication_slots' AS setting,
               (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_replication_slots) AS used,
               pg_catalog.current_setting('max_replication_slots')::int AS most
         UNION ALL
        SELECT 'max_wal_senders',
               (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_stat_replication),
               pg_catalog.current_setting('max_wal_senders')::int) AS u
 WHERE u.most > 0
 ORDER BY used_pct DESC, u.setting
"""


def _target(row: Row) -> Target:
    return Target("setting", None, row.setting)


CHECK = Check(
    id="replication.slots_near_max",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=by("used_pct", warning="warn_pct", critical="crit_pct"),
        target=_target,
        message="{used} of {most} are used ({used_pct}).",
        fix=lambda row, _: f"ALTER SYSTEM SET {row.setting} = {row.most * 2};",
        details=("used", "most"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    metrics=(Metric(value="used", limit="most"),),
)
