"""VACUUM's horizon is held back, and by whom.

VACUUM removes a dead row, and freezes an old one, only if nobody may still see what was before. The oldest snapshot
decides: of a session, of a prepared transaction, of a standby that sends feedback, or of a replication slot. Until it
moves on, dead rows pile up in every table of its database (in all databases where a slot or a standby holds it), each
query reads past them, and the age of transaction ids grows. The holder, not VACUUM, is what has to be mended.

Each holder `warn_xids` transactions old or more is a WARNING, from `crit_xids` on critical: that is half of the way to
the wraparound. A slot's catalog_xmin holds back system catalogues only, and is told apart. It is a false alarm for a
dump or report that is soon done.

Manual: section 24.1, "Routine Vacuuming"; section 26.4.2 on hot_standby_feedback; view pg_replication_slots.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Metric, Query, Scope, limit
from pgops.checks.judging import by, each_row
from pgops.checks.sessions import SEES_SESSIONS, cancel, prepared_target, roll_back_prepared, terminate
from pgops.findings import Target


@attrs.frozen(kw_only=True)
class Row:
    kind: str
    """`session`, `standby`, `replication slot` or `prepared transaction`."""
    name: str
    """The role of a session, the application of a standby, or the name."""
    pid: int | None
    database: str | None
    """None where all databases are held back."""
    application: str
    state: str | None
    only_catalogs: bool
    age_xids: int
    wraparound_xids: int


@attrs.frozen(kw_only=True)
class Limits:
    warn_xids: int = limit(1_000_000, unit="transactions", doc="A WARNING from this age on.")
    crit_xids: int = limit(1_000_000_000, unit="transactions", doc="Critical from this age on.")


SQL = """
WITH holder AS (
  SELECT CASE a.backend_type WHEN 'walsender' THEN 'standby' ELSE 'session' END AS kind,
         COALESCE(CASE a.backend_type WHEN 'walsender' THEN a.application_name ELSE a.usename::text END,
                  a.backend_type) AS name,
         a.pid,
         CASE a.backend_type WHEN 'walsender' THEN NULL ELSE a.datname::text END AS database,
         COALESCE(a.application_name, '') AS application,
         a.state,
         FALSE AS only_catalogs,
         GREATEST(pg_catalog.age(a.backend_xmin), pg_catalog.age(a.backend_xid)) AS age_xids
    FROM pg_catalog.pg_stat_activity AS a
   WHERE a.pid <> pg_catalog.pg_backend_pid()
     AND (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL)
     AND a.backend_type <> 'parallel worker'  -- it has its leader's snapshot
     -- VACUUM has a snapshot too, and holds back nobody (procarray.c, PROC_IN_VACUUM).
     AND a.pid NOT IN (SELECT v.pid FROM pg_catalog.pg_stat_progress_vacuum AS v)
   UNION ALL
  SELECT 'replication slot', s.slot_name::text, NULL, NULL, COALESCE(s.plugin::text, ''),
         CASE WHEN s.active THEN 'active' ELSE 'inactive' END, v.only_catalogs, pg_catalog.age(v.xmin)
    FROM pg_catalog.pg_replication_slots AS s
   CROSS JOIN LATERAL (VALUES (FALSE, s.xmin), (TRUE, s.catalog_xmin)) AS v (only_catalogs, xmin)
   WHERE v.xmin IS NOT NULL
     AND s.wal_status IS DISTINCT FROM 'lost'  -- it keeps the number, and nobody heeds it any more (slot.c)
   UNION ALL
  SELECT 'prepared transaction', x.gid, NULL, x.database::text, '', NULL, FALSE, pg_catalog.age(x.transaction)
    FROM pg_catalog.pg_prepared_xacts AS x
)
SELECT h.*,
       2144483647 AS wraparound_xids
  FROM holder AS h
 ORDER BY h.age_xids DESC, h.kind, h.name
 LIMIT 50
"""


def _target(row: Row) -> Target:
    if row.kind == "prepared transaction":
        return prepared_target(row.name)
    also = ("catalogs",) if row.only_catalogs else (row.application,) if row.kind == "session" else ()
    return Target(row.kind, None, row.name, row.database, also=also)


def _message(row: Row, _: Limits) -> str:
    what, rows = ("system catalogues", "row of theirs") if row.only_catalogs else ("VACUUM's horizon", "row")
    where = f"in {row.database}" if row.database else "in all databases"
    state = f" ({row.state})" if row.state else ""
    pid = f" {row.pid}" if row.pid else ""
    name = f" of {row.name}" if row.kind == "session" else f" {row.name}"
    return (
        f"The {row.kind}{pid}{name}{state} holds back {what} {where} by {row.age_xids:,} transactions: until it moves "
        f"on, no {rows} that was deleted since can be removed."
    )


def _fix(row: Row, _: Limits) -> str | None:
    if row.kind == "session":
        return cancel(row.pid) if row.state == "active" else terminate(row.pid)
    return roll_back_prepared(row.name) if row.kind == "prepared transaction" else None


CHECK = Check(
    id="activity.xmin_horizon",
    aliases=("xmin_horizon",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=by("age_xids", warning="warn_xids", critical="crit_xids"),
        target=_target,
        message=_message,
        fix=_fix,
        details=("kind", "pid", "age_xids", "only_catalogs"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    standby=False,
    requires=SEES_SESSIONS,
    metrics=(Metric(value="age_xids", limit="wraparound_xids"),),
    known_as=("check_pgactivity: oldest_xmin",),
)
