"""Logical decoding spills to disk.

A walsender or decoder keeps the changes of each running transaction in memory until it commits. What exceeds
logical_decoding_work_mem is written to files in pg_replslot and read again: large transactions on the publisher, or
many subtransactions, make replication slow and fill the disk of the data directory.

INFO where a slot has spilled `info_ratio` of all that it decoded, and at least `min_bytes`. Raise
logical_decoding_work_mem, write in smaller transactions, or let the subscription stream (`ALTER SUBSCRIPTION ... SET
(streaming = on)`, PostgreSQL 14; `parallel` from 16). The counters are of the slot since its statistics were reset. It
is a false alarm where one load was large.

Manual: section 29.13 and chapter "Logical Decoding"; view pg_stat_replication_slots.
"""

from __future__ import annotations

from datetime import datetime

import attrs

from pgops.checks.api import Check, Query, Scope, limit
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target
from pgops.render.quantities import size


@attrs.frozen(kw_only=True)
class Row:
    slot: str
    database: str | None
    spilled_transactions: int
    spilled_bytes: int
    decoded_bytes: int
    streamed_bytes: int
    work_mem: str
    counted_since: datetime | None
    """When the slot's statistics were reset; None where never."""


@attrs.frozen(kw_only=True)
class Limits:
    info_ratio: float = limit(0.1, unit="of 1", doc="From this part of what was decoded on.")
    min_bytes: int = limit(1_073_741_824, unit="bytes", doc="Say nothing where less was spilled.")


SQL = """
SELECT t.slot_name::text  AS slot,
       s.database::text   AS database,
       t.spill_txns       AS spilled_transactions,
       t.spill_bytes      AS spilled_bytes,
       t.total_bytes      AS decoded_bytes,
       t.stream_bytes     AS streamed_bytes,
       pg_catalog.current_setting('logical_decoding_work_mem') AS work_mem,
       t.stats_reset      AS counted_since
  FROM pg_catalog.pg_stat_replication_slots AS t
  JOIN pg_catalog.pg_replication_slots AS s ON s.slot_name::text = t.slot_name::text
 WHERE t.spill_bytes > 0
 ORDER BY t.spill_bytes DESC, t.slot_name
"""


def _severity(row: Row, limits: Limits) -> Severity | None:
    # what a transaction spills is read once more for each further time
    much = row.spilled_bytes >= limits.min_bytes
    return Severity.INFO if much and row.spilled_bytes >= row.decoded_bytes * limits.info_ratio else None


def _message(row: Row, _limits: Limits) -> str:
    since = "" if row.counted_since is None else f" since {row.counted_since:%Y-%m-%d %H:%M} UTC"
    return (
        f"Decoding spilled {size(row.spilled_bytes)} of {row.spilled_transactions:,} transactions to disk{since}; "
        f"logical_decoding_work_mem is {row.work_mem}."
    )


CHECK = Check(
    id="replication.logical_slot_spill",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("replication slot", None, row.slot),
        message=_message,
        details=("spilled_transactions", "spilled_bytes", "decoded_bytes"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
)
