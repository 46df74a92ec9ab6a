"""Subscription that does not replicate.

It is enabled, and no worker of it is at work: it can't connect to its publisher, or the worker meets a row that it
can't apply, ends, and begins again, for ever. The subscriber's log says why; from PostgreSQL 15 the server counts how
often. While it is down its slot on the publisher keeps WAL.

CRITICAL where it is enabled and down, INFO where somebody has disabled it and left it.

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
    working: bool
    apply_errors: int | None
    """Since the statistics were reset; None before PostgreSQL 15."""
    sync_errors: int | None


SQL: LiteralString = """
SELECT s.subname::text                                AS subscription,
       s.subenabled                                   AS enabled,
       EXISTS (SELECT
                 FROM pg_catalog.pg_stat_subscription AS w
                WHERE w.subid = s.oid
                  AND w.pid IS NOT NULL)              AS working,
       <apply>                                        AS apply_errors,
       <sync>                                         AS sync_errors
  FROM pg_catalog.pg_subscription AS s
  <stats>
 WHERE s.subdbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
 ORDER BY s.subname
"""


def _severity(row: Row, _: object) -> Severity | None:
    if row.enabled and row.working:
        return None
    return Severity.CRITICAL if row.enabled else Severity.INFO


def _message(row: Row, _: object) -> str:
    if not row.enabled:
        return "The subscription is disabled; its slot on the publisher keeps WAL all the same."
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
        details=("enabled", "apply_errors", "sync_errors"),
    ),
    queries=[
        Query(
            since=14,
            sql=SQL.replace("<apply>", "NULL::bigint").replace("<sync>", "NULL::bigint").replace("<stats>", ""),
        ),
        Query(
            since=15,
            sql=SQL.replace("<apply>", "e.apply_error_count")
            .replace("<sync>", "e.sync_error_count")
            .replace("<stats>", "LEFT JOIN pg_catalog.pg_stat_subscription_stats AS e ON e.subid = s.oid"),
        ),
    ],
    requires=Requires(role="pg_read_all_stats"),
    standby=False,  # its workers run on the primary
)
