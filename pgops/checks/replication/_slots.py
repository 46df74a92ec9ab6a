"""Replication slots as the checks of them see them: one row a slot, with the WAL that it keeps."""

from __future__ import annotations

from typing import LiteralString

import attrs

from pgops.checks.api import Query
from pgops.findings import Target
from pgops.render.quantities import duration, size


@attrs.frozen(kw_only=True)
class Slot:
    """A replication slot. Sizes are of the WAL from what it needs to where the server is."""

    slot: str
    kind: str
    """`physical` or `logical`."""
    plugin: str | None
    database: str | None
    temporary: bool
    active: bool
    wal_status: str | None
    """`reserved`, `extended`, `unreserved` (it will be lost at the next checkpoint) or `lost`."""
    retained_bytes: int | None
    """None where it keeps none, or has lost it."""
    safe_bytes: int | None
    """How much more may be written before it is in danger; None without max_slot_wal_keep_size."""
    limit_bytes: int | None
    """max_slot_wal_keep_size; None where there is no limit."""
    inactive_s: float | None
    """None where it is active, and before PostgreSQL 17."""
    invalidation: str | None
    """Why it is invalid (from PostgreSQL 16)."""
    failover: bool | None
    """From PostgreSQL 17."""
    synced: bool
    """Whether a standby keeps it in step with its primary's, for a failover (from PostgreSQL 17)."""


_SQL: LiteralString = """
SELECT s.slot_name::text                                      AS slot,
       s.slot_type                                            AS kind,
       s.plugin::text                                         AS plugin,
       s.database::text                                       AS database,
       s.temporary,
       s.active,
       s.wal_status,
       CASE WHEN s.wal_status <> 'lost' THEN pg_catalog.pg_wal_lsn_diff(w.here, s.restart_lsn)::bigint END
                                                              AS retained_bytes,
       s.safe_wal_size                                        AS safe_bytes,
       NULLIF(l.megabytes, -1) * 1048576                      AS limit_bytes,
       <inactive>                                             AS inactive_s,
       <invalidation>                                         AS invalidation,
       <failover>                                             AS failover,
       <synced>                                               AS synced
  FROM pg_catalog.pg_replication_slots AS s
 CROSS JOIN (SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                         ELSE pg_catalog.pg_current_wal_lsn() END AS here) AS w
 CROSS JOIN (SELECT c.setting::bigint AS megabytes
               FROM pg_catalog.pg_settings AS c
              WHERE c.name = 'max_slot_wal_keep_size') AS l
 ORDER BY retained_bytes DESC NULLS LAST, s.slot_name
"""

SLOTS = (
    Query(
        since=14,
        sql=_SQL.replace("<inactive>", "NULL::float8")
        .replace("<invalidation>", "NULL::text")
        .replace("<failover>", "NULL::bool")
        .replace("<synced>", "FALSE"),
    ),
    Query(
        since=16,
        sql=_SQL.replace("<inactive>", "NULL::float8")
        .replace("<invalidation>", "CASE WHEN s.conflicting THEN 'conflict with recovery' END")
        .replace("<failover>", "NULL::bool")
        .replace("<synced>", "FALSE"),
    ),
    Query(
        since=17,
        sql=_SQL.replace(
            "<inactive>",
            "EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - s.inactive_since)::float8",
        )
        .replace("<invalidation>", "s.invalidation_reason")
        .replace("<failover>", "s.failover")
        .replace("<synced>", "s.synced"),
    ),
)


def target_of(slot: Slot) -> Target:
    return Target("replication slot", None, slot.slot)


def drop(slot: Slot) -> str:
    """SQL that drops it."""
    from pgops.checks.judging import quote_literal  # noqa: PLC0415  only findings pay for it

    return f"SELECT pg_catalog.pg_drop_replication_slot({quote_literal(slot.slot).strip()});"


def in_words(slot: Slot) -> str:
    """What it keeps, and since when nobody uses it."""
    kept = "keeps no WAL" if slot.retained_bytes is None else f"keeps {size(slot.retained_bytes)} of WAL"
    if slot.active:
        return f"The {slot.kind} slot {kept}"
    used = "uses it" if slot.inactive_s is None else f"has used it for {duration(slot.inactive_s)}"
    return f"The {slot.kind} slot {kept}, and nobody {used}"
