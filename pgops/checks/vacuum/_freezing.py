"""What the checks of transaction id age share: where the thresholds lie, and what holds the horizon back.

Transaction ids are 32 bits wide and wrap around. VACUUM freezes old rows, so that their ids may be used again, and
autovacuum does so against everybody's settings from autovacuum_freeze_max_age on. An age between 0.9 and 1.0 of that
is how a healthy table spends most of its life; one that goes on growing beyond means that VACUUM fails to do its work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString, Protocol

from pgops.findings import Severity

if TYPE_CHECKING:
    from pgops.checks.api import Seen

STOP_AGE = 2**31 - 3_000_000
"""The age of the oldest id at which the server takes no more commands that need one (varsup.c, xidStopLimit)."""

# Whatever may still see old rows, each with the database it holds back: NULL for all of them. A session holds back
# vacuum in its own database, a slot and a standby's feedback in all; catalog_xmin holds back system catalogues only.
HOLDERS: LiteralString = """holder AS MATERIALIZED (
  SELECT a.datid AS database,
         FALSE AS only_catalogs,
         CASE WHEN a.backend_type = 'walsender' THEN 'the standby ' || a.application_name || ' (hot_standby_feedback)'
              ELSE 'the session ' || a.pid || COALESCE(' of ' || a.usename, '')
                   || COALESCE(', ' || a.state, '') END AS name,
         GREATEST(pg_catalog.age(a.backend_xmin), pg_catalog.age(a.backend_xid)) AS age
    FROM pg_catalog.pg_stat_activity AS a
   WHERE a.pid <> pg_catalog.pg_backend_pid()
     AND (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL)
     -- VACUUM has a snapshot too, and holds back nobody (procarray.c, PROC_IN_VACUUM): it is the cure, at work.
     AND COALESCE(a.leader_pid, a.pid) NOT IN (SELECT v.pid FROM pg_catalog.pg_stat_progress_vacuum AS v)
   UNION ALL
  SELECT NULL, v.only_catalogs, 'the replication slot ' || s.slot_name, pg_catalog.age(v.xmin)
    FROM pg_catalog.pg_replication_slots AS s
   CROSS JOIN LATERAL (VALUES (FALSE, s.xmin), (TRUE, s.catalog_xmin)) AS v (only_catalogs, xmin)
   WHERE v.xmin IS NOT NULL
   UNION ALL
  SELECT d.oid, FALSE, 'the prepared transaction ' || x.gid, pg_catalog.age(x.transaction)
    FROM pg_catalog.pg_prepared_xacts AS x
    JOIN pg_catalog.pg_database AS d ON d.datname = x.database
)"""


class Aged(Protocol):
    """The columns that decide. `freeze_max_age` is the table's own where it has one, never more than the server's."""

    @property
    def xid_age(self) -> int: ...
    @property
    def freeze_max_age(self) -> int: ...
    @property
    def server_freeze_max_age(self) -> int: ...
    @property
    def failsafe_age(self) -> int: ...
    @property
    def held_by(self) -> str | None: ...
    @property
    def held_age(self) -> int | None: ...


class Ratios(Protocol):
    """The limits that decide, in multiples of autovacuum_freeze_max_age."""

    @property
    def warn_ratio(self) -> float: ...
    @property
    def crit_ratio(self) -> float: ...


def thresholds(row: Aged, limits: Ratios) -> tuple[float, float]:
    """The ages for a warning and for a critical finding.

    A table with a lower autovacuum_freeze_max_age of its own is warned of earlier, but critical is what endangers the
    server. That is never later than vacuum_failsafe_age, which the server takes for at least 105 % of its
    autovacuum_freeze_max_age. Where that is set high the warning moves down, to half way before critical.
    """
    most = row.server_freeze_max_age
    critical = min(limits.crit_ratio * most, max(row.failsafe_age, 1.05 * most))
    return min(limits.warn_ratio * row.freeze_max_age, max((most + critical) / 2, most)), critical


def severity_of(row: Aged, limits: Ratios) -> Severity | None:
    warning, critical = thresholds(row, limits)
    if row.xid_age >= critical:
        return Severity.CRITICAL
    return Severity.WARNING if row.xid_age >= warning else None


def is_held(row: Aged) -> bool:
    """Whether something keeps VACUUM from bringing the age below autovacuum_freeze_max_age."""
    return row.held_age is not None and row.held_age >= row.freeze_max_age


def in_words(row: Aged, seen: Seen[Any]) -> str:
    """How old, how much is left, and what stands in the way: the second half of a message."""
    words = [
        f"{row.xid_age:,} transactions old, {row.xid_age / row.freeze_max_age:.1f} times autovacuum_freeze_max_age, "
        f"and {max(STOP_AGE - row.xid_age, 0):,} are left until the server refuses to write"
    ]
    if is_held(row):
        words.append(f"VACUUM can't freeze beyond {row.held_by}, {row.held_age:,} transactions old: end that first")
    elif not seen.server.has_role("pg_read_all_stats"):
        words.append("whether a session holds VACUUM back is not seen without pg_read_all_stats")
    return "; ".join(words) + "."
