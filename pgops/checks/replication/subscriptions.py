"""The subscriptions of this database.

What each takes from where (without the connection string, which may hold a password), whether it is at work, how far
it is, and how many of its tables are ready.

Manual: section 29.2, "Subscription"; views pg_stat_subscription, pg_subscription_rel.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, NoLimits, Query, Requires
from pgops.findings import Target, as_tuple


@attrs.frozen(kw_only=True)
class Row:
    subscription: str
    owner: str
    enabled: bool
    publications: tuple[str, ...] = attrs.field(converter=as_tuple)
    slot: str | None
    working: bool
    received_lsn: str | None
    last_message_s: float | None
    """How long ago the publisher was last heard of."""
    tables: int
    ready_tables: int


SQL = """
SELECT s.subname::text               AS subscription,
       pg_catalog.pg_get_userbyid(s.subowner)::text AS owner,
       s.subenabled                  AS enabled,
       s.subpublications             AS publications,
       s.subslotname::text           AS slot,
       w.pid IS NOT NULL             AS working,
       w.received_lsn::text          AS received_lsn,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - w.last_msg_receipt_time)::float8 AS last_message_s,
       (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_subscription_rel AS r WHERE r.srsubid = s.oid) AS tables,
       (SELECT pg_catalog.count(*)::int
          FROM pg_catalog.pg_subscription_rel AS r
         WHERE r.srsubid = s.oid AND r.srsubstate = 'r') AS ready_tables
  FROM pg_catalog.pg_subscription AS s
  LEFT JOIN pg_catalog.pg_stat_subscription AS w ON w.subid = s.oid AND w.relid IS NULL AND w.received_lsn IS NOT NULL
 WHERE s.subdbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
 ORDER BY s.subname
"""

CHECK: Check[Row, NoLimits] = Check(
    id="replication.subscriptions",
    aliases=("subscriptions",),
    doc=__doc__,
    row=Row,
    queries=[Query(since=14, sql=SQL)],
    requires=Requires(role="pg_read_all_stats"),
    target=lambda row: Target("subscription", None, row.subscription),
)
