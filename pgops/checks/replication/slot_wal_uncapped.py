"""Nothing bounds the WAL that replication slots keep.

With max_slot_wal_keep_size = -1, which is the default, a slot whose consumer is gone keeps WAL until the disk is full
and the primary stops: a replica's trouble becomes everybody's. With a limit the slot is lost instead, and only its
consumer suffers.

INFO where there are slots and no limit. A false alarm where a lost slot would be the worse, and somebody watches
(`replication.slot_retains_wal`).

Manual: section 19.6.1, max_slot_wal_keep_size.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, Scope
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    slots: int


SQL = """
SELECT pg_catalog.count(*)::int AS slots
  FROM pg_catalog.pg_replication_slots AS s
 WHERE NOT s.temporary
   AND pg_catalog.current_setting('max_slot_wal_keep_size') = '-1'
"""

CHECK = Check(
    id="replication.slot_wal_uncapped",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=lambda row, _: Severity.INFO if row.slots else None,
        target=lambda _: Target("setting", None, "max_slot_wal_keep_size"),
        message="The WAL that the {slots} replication slots keep has no bound but the disk.",
        details=("slots",),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
)
