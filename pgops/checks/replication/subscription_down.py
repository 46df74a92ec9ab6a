"""Subscription that does not replicate.

It is enabled, and no worker of it is at work: it can't connect to its publisher, or the worker meets a row that it
can't apply, ends, and begins again, for ever. The subscriber's log says why; from PostgreSQL 15 the server counts how
often. While it is down its slot on the publisher keeps WAL.

CRITICAL where it is enabled and down, and where it has met an error and disabled itself (`disable_on_error`, PostgreSQL
15): it stays so until somebody has seen to the row and enables it. INFO where somebody has disabled it and left it.

Manual: chapter 29, "Logical Replication"; views pg_stat_subscription, pg_stat_subscription_stats.
"""

from __future__ import annotations

from typing import LiteralString

import attrs

from pgops.checks.api import Check, Query, Requires
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    subscription: str
    enabled: bool
    disables_itself: bool
    """Whether it does so at an error (`disable_on_error`, from PostgreSQL 15)."""
    has_slot: bool
    """Whether a slot on the publisher is its own."""
    working: bool
    apply_errors: int | None
    """Since the statistics were reset; None before PostgreSQL 15."""
    sync_errors: int | None


SQL: LiteralString = """
SELECT s.subname::text                                AS subscription,
       s.subenabled                                   AS enabled,
       <disables>                                     AS disables_itself,
       s.subslotname IS NOT NULL                      AS has_slot,
       EXISTS (SELECT
                 FROM pg_catalog.pg_stat_subscription AS w
                WHERE w.subid = s.oid
                  AND w.relid IS NULL  -- one that copies a table may outlive the one that applies
                  AND w.pid IS NOT NULL)              AS working,
       <apply>                                        AS apply_errors,
       <sync>                                         AS sync_errors
  FROM pg_catalog.pg_subscription AS s
  <stats>
 WHERE s.subdbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
 ORDER BY s.subname
"""


def _gave_up(row: Row) -> bool:
    """Whether an error, and nobody, has disabled it."""
    return not row.enabled and row.disables_itself and bool(row.apply_errors or row.sync_errors)


def _severity(row: Row, _: object) -> Severity | None:
    if row.enabled and row.working:
        return None
    return Severity.CRITICAL if row.enabled or _gave_up(row) else Severity.INFO


def _message(row: Row, _: object) -> str:
    kept = "; its slot on the publisher keeps WAL all the same" if row.has_slot else ""
    if _gave_up(row):
        return f"The subscription has met an error and disabled itself{kept}. The server's log says which row it was."
    if not row.enabled:
        return f"The subscription is disabled{kept}."
    errors = f" It has met {row.apply_errors:,} errors." if row.apply_errors else ""
    return f"The subscription is enabled, and nothing of it is at work.{errors} The server's log says why."


CHECK = Check(
    id="replication.subscription_down",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("subscription", None, row.subscription),
        message=_message,
        details=("enabled", "disables_itself", "apply_errors", "sync_errors"),
    ),
    queries=[
        Query(
            since=14,
            sql=SQL.replace("<disables>", "FALSE")
            .replace("<apply>", "NULL::bigint")
            .replace("<sync>", "NULL::bigint")
            .replace("<stats>", ""),
        ),
        Query(
            since=15,
            sql=SQL.replace("<disables>", "s.subdisableonerr")
            .replace("<apply>", "e.apply_error_count")
            .replace("<sync>", "e.sync_error_count")
            .replace("<stats>", "LEFT JOIN pg_catalog.pg_stat_subscription_stats AS e ON e.subid = s.oid"),
        ),
    ],
    requires=Requires(role="pg_read_all_stats"),
    standby=False,  # its workers run on the primary
)
