"""Table of a subscription that is not replicating yet.

A table joins a subscription in steps: it is initialized (`i`), its rows are copied (`d`, then `f`), it catches up
(`s`), and is ready (`r`). One that stays before that is not kept up to date: its copy fails again and again (a row
that is there already, a missing column, no privilege on the publisher), or there is no worker free for it
(max_sync_workers_per_subscription, max_logical_replication_workers).

WARNING where an enabled subscription has a table that is not ready and nobody is at work on it, INFO while a worker
copies it. It is a false alarm for a moment after CREATE SUBSCRIPTION or REFRESH PUBLICATION. The subscriber's log says
why it fails.

Manual: catalogue pg_subscription_rel; section 29.2, "Subscription".
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
    schema: str
    table: str
    step: str
    copying: bool
    """Whether a worker is at work on it."""
    sync_errors: int | None
    """Of the whole subscription, since the statistics were reset; None before PostgreSQL 15."""


_TEMPLATE: LiteralString = """
SELECT s.subname::text AS subscription,
       n.nspname::text AS schema,
       c.relname::text AS "table",
       CASE r.srsubstate WHEN 'i' THEN 'initialize' WHEN 'd' THEN 'data is being copied'
                         WHEN 'f' THEN 'finished copying' WHEN 's' THEN 'synchronized' ELSE r.srsubstate::text END
                       AS step,
       EXISTS (SELECT FROM pg_catalog.pg_stat_subscription AS w
                WHERE w.subid = s.oid AND w.relid = r.srrelid AND w.pid IS NOT NULL) AS copying,
       <errors>        AS sync_errors
  FROM pg_catalog.pg_subscription AS s
  JOIN pg_catalog.pg_subscription_rel AS r ON r.srsubid = s.oid
  JOIN pg_catalog.pg_class AS c ON c.oid = r.srrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE s.subenabled
   AND s.subdbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
   AND r.srsubstate <> 'r'
 ORDER BY s.subname, n.nspname, c.relname
"""


def _message(row: Row, _limits: object) -> str:
    message = f"The table is not replicated by {row.subscription} yet ({row.step})"
    if row.copying:
        return f"{message}; a worker is at it."
    errors = f" Copying has failed {row.sync_errors:,} times." if row.sync_errors else ""
    return f"{message}, and no worker is at it.{errors} The server's log says why."


CHECK = Check(
    id="replication.subscription_table_not_ready",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=lambda row, _: Severity.INFO if row.copying else Severity.WARNING,
        target=lambda row: Target("table", row.schema, row.table, also=(row.subscription,)),
        message=_message,
        details=("subscription", "step", "copying", "sync_errors"),
    ),
    queries=[
        Query(since=14, sql=_TEMPLATE.replace("<errors>", "NULL::bigint")),
        Query(
            since=15,
            sql=_TEMPLATE.replace(
                "<errors>",
                "(SELECT e.sync_error_count FROM pg_catalog.pg_stat_subscription_stats AS e WHERE e.subid = s.oid)",
            ),
        ),
    ],
    requires=Requires(role="pg_read_all_stats"),
    standby=False,  # its workers run on the primary
)
