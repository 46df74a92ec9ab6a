"""Replication origin that nobody uses.

An origin remembers how far a subscription has applied its publisher's changes. It goes with its subscription; one that
was left behind by a tool, a failed DROP or an upgrade takes one of max_replication_slots places
(max_active_replication_origins from PostgreSQL 18) while it has a position, and one day a new subscription fails for
want of one.

INFO for each origin that belongs to no subscription (theirs are called pg_ and the subscription's number). It is a
false alarm for origins that a tool of its own keeps (pglogical, BDR, Debezium).

Manual: chapter 50, "Replication Progress Tracking"; catalogue pg_replication_origin.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, Scope
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    origin: str
    of_subscription: bool
    """Whether it is called like one of a subscription that is gone."""


# pg_subscription of all databases can be read but for its connection strings.
SQL = """
SELECT o.roname                       AS origin,
       o.roname ~ '^pg_[0-9]+(_[0-9]+)?$' AS of_subscription
  FROM pg_catalog.pg_replication_origin AS o
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_subscription AS s
                    WHERE o.roname = 'pg_' || s.oid
                       -- of a table that is being copied: pg_<subscription>_<table>
                       OR o.roname ~ ('^pg_' || s.oid || '_[0-9]+$'))
 ORDER BY o.roname
"""

CHECK = Check(
    id="replication.orphaned_origin",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.INFO,
        target=lambda row: Target("replication origin", None, row.origin),
        message=lambda row, _: (
            "The origin belongs to no subscription"
            + (" any more, and may take one of the places for origins." if row.of_subscription else ".")
        ),
        fix="SELECT pg_catalog.pg_replication_origin_drop({origin!l});",
        details=("of_subscription",),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    standby=False,
)
