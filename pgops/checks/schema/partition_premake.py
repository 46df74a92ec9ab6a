"""Range-partitioned table whose next partition is missing.

A row beyond the newest partition is refused ("no partition of relation found for row"), or goes to the default
partition and is in the way there. Whoever makes partitions by date has to make them ahead of time; when the job that
does so fails, nothing happens for weeks, and then everything stops at midnight.

Partitions by time are held against the clock. CRITICAL: the newest one has ended and there is no default partition,
or a WARNING with one. A WARNING also where it ends within `warn_days`, or for shorter partitions within the length of
one. INFO: it is the current one, ends within `info_days`, and the next is not there yet. What ended longer ago than
`old_days`, and than ten partitions last or a year, is most likely an archive: a WARNING, or INFO with a default
partition.
Partitions by number are told where the newest one already holds rows: a WARNING, INFO with a default partition, and
the confidence says that numbers need not grow.

Only the first column of the key is looked at; a table that is itself a partition by range of another ends where that
ends, and is left out. It is a false alarm for a table of the past (an archive), for keys that are no time of writing
(dates of birth), and where the application makes a partition with the first row.

Manual: section 5.12.2, "Declarative Partitioning".
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Seen, limit
from pgops.checks.relations import OF_USERS
from pgops.findings import Finding, Severity, Target, quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DAY_S = 86_400


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    partitions: int
    """Those with an upper bound; the default partition is not among them."""
    has_default: bool
    newest: str | None
    """The name of the partition with the highest bound."""
    by_time: bool
    ends_at: datetime | None
    """Where partitions are by time: when the newest one ends."""
    ends_before: float | None
    """Where they are by number: the first number that the newest one does not take."""
    ahead_s: float | None
    """How long it is until then; negative where it has ended."""
    length_s: float | None
    """How long the newest one is."""
    newest_rows: int


@attrs.frozen(kw_only=True)
class Limits:
    warn_days: float = limit(7.0, unit="days", doc="A WARNING when the newest partition ends so soon.")
    info_days: float = limit(45.0, unit="days", doc="INFO when it ends so soon, and none follows.")
    old_days: float = limit(60.0, unit="days", doc="What ended longer ago is no outage of today.")


# Bounds are parsed from the text that the server makes of them, with no relation, so that it waits for no lock. Of
# which type they are stands in the tree. A time without a zone is taken in the session's: partitions are longer than
# the difference.
SQL = """
WITH ranged AS MATERIALIZED (
  SELECT c.oid, n.nspname, c.relname, p.partdefid <> 0 AS has_default
    FROM pg_catalog.pg_partitioned_table AS p
    JOIN pg_catalog.pg_class AS c ON c.oid = p.partrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
   WHERE p.partstrat = 'r'
     AND c.relpersistence <> 't'
     AND NOT EXISTS (SELECT
                       FROM pg_catalog.pg_inherits AS h
                       JOIN pg_catalog.pg_partitioned_table AS o ON o.partrelid = h.inhparent
                      WHERE h.inhrelid = c.oid
                        AND o.partstrat = 'r')
     AND <of users>
), part AS MATERIALIZED (
  SELECT r.oid AS root, c.oid, c.relname, c.relkind, c.reltuples,
         pg_catalog.substring(c.relpartbound::text, ':consttype ([0-9]+)')::oid AS type,
         pg_catalog.pg_get_expr(c.relpartbound, 0) AS bound
    FROM ranged AS r
    JOIN pg_catalog.pg_inherits AS h ON h.inhparent = r.oid AND NOT h.inhdetachpending
    JOIN pg_catalog.pg_class AS c ON c.oid = h.inhrelid
   WHERE c.relpartbound IS NOT NULL
), cut AS (
  SELECT p.*,
         pg_catalog.substring(p.bound, 'FROM [(]''?([^'',)]+)') AS lower_text,
         pg_catalog.substring(p.bound, ' TO [(]''?([^'',)]+)')  AS upper_text,
         p.type IN ('pg_catalog.date'::regtype, 'pg_catalog.timestamp'::regtype,
                    'pg_catalog.timestamptz'::regtype)          AS by_time,
         p.type IN ('pg_catalog.int2'::regtype, 'pg_catalog.int4'::regtype, 'pg_catalog.int8'::regtype,
                    'pg_catalog.numeric'::regtype)              AS by_number
    FROM part AS p
   WHERE p.bound <> 'DEFAULT'
), bounded AS (
  SELECT c.*,
         CASE WHEN c.by_time AND c.upper_text ~ '^[0-9]{4}-.*[0-9]$'
              THEN c.upper_text::timestamptz END                AS upper_time,
         CASE WHEN c.by_time AND c.lower_text ~ '^[0-9]{4}-.*[0-9]$'
              THEN c.lower_text::timestamptz END                AS lower_time,
         CASE WHEN c.by_number AND c.upper_text ~ '^-?[0-9.]+$' THEN c.upper_text::numeric END AS upper_number,
         -- a date of five digits is as good as none, and may be more than a time can hold
         c.upper_text IN ('MAXVALUE', 'infinity') OR c.upper_text ~ '^[0-9]{5,}-' AS open_ended
    FROM cut AS c
), newest AS (
  SELECT DISTINCT ON (b.root) b.*,
         pg_catalog.count(*) OVER (PARTITION BY b.root)::int     AS partitions,
         pg_catalog.bool_or(b.open_ended) OVER (PARTITION BY b.root) AS endless
    FROM bounded AS b
   WHERE b.by_time OR b.by_number
   ORDER BY b.root, b.upper_time DESC NULLS LAST, b.upper_number DESC NULLS LAST, b.relname
)
SELECT r.nspname::text                                          AS schema,
       r.relname::text                                          AS "table",
       COALESCE(w.partitions, 0)                                AS partitions,
       r.has_default,
       w.relname::text                                          AS newest,
       COALESCE(w.by_time, FALSE)                               AS by_time,
       w.upper_time                                             AS ends_at,
       w.upper_number::float8                                   AS ends_before,
       EXTRACT(EPOCH FROM w.upper_time - pg_catalog.clock_timestamp())::float8 AS ahead_s,
       EXTRACT(EPOCH FROM w.upper_time - w.lower_time)::float8  AS length_s,
       CASE WHEN w.relkind = 'r'
            THEN GREATEST(w.reltuples::bigint, pg_catalog.pg_stat_get_live_tuples(w.oid), 0)
            ELSE 0 END                                          AS newest_rows
  FROM ranged AS r
  JOIN newest AS w ON w.root = r.oid
 WHERE NOT w.endless
   AND (w.upper_time IS NOT NULL OR w.upper_number IS NOT NULL)
 ORDER BY w.upper_time NULLS LAST, r.nspname, r.relname
""".replace("<of users>", OF_USERS)


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding]:
    for row in rows:
        judged = _by_time(row, seen.limits_for(row)) if row.by_time else _by_number(row)
        if judged is None:
            continue
        severity, message = judged
        yield Finding(
            severity,
            _target(row),
            message,
            confidence=0.9 if row.by_time else 0.6,
            details={"newest": row.newest, "ends_at": row.ends_at, "has_default": row.has_default},
        )


def _target(row: Row) -> Target:
    return Target("table", row.schema, row.table)


def _by_time(row: Row, limits: Limits) -> tuple[Severity, str] | None:
    from pgops.render.quantities import pretty  # noqa: PLC0415  only findings pay for it

    newest = quote_identifier(row.newest or "")
    ahead, length = row.ahead_s or 0.0, row.length_s or limits.warn_days * DAY_S
    then = "new rows go to the default partition" if row.has_default else "newer rows are refused"
    if ahead <= 0:
        old = -ahead > max(min(10 * length, 365 * DAY_S), limits.old_days * DAY_S)
        severity = Severity.CRITICAL - 10 * old - 10 * row.has_default
        ended = f"Its newest partition {newest} ended {pretty('ahead_s', -ahead)} ago: {then}."
        return Severity(severity), ended
    if ahead >= min(length, limits.info_days * DAY_S):
        return None
    ends = f"Its newest partition {newest} ends in {pretty('ahead_s', ahead)}, and none follows: {then} from then on."
    near = ahead < min(length, limits.warn_days * DAY_S)
    return (Severity.WARNING if near else Severity.INFO), ends


def _by_number(row: Row) -> tuple[Severity, str] | None:
    if not row.newest_rows:
        return None
    then = "higher ones go to the default partition" if row.has_default else "higher ones are refused"
    newest = quote_identifier(row.newest or "")
    message = (
        f"Its newest partition {newest} takes numbers below {row.ends_before:,.0f} and holds about "
        f"{row.newest_rows:,} rows, and none follows: {then}."
    )
    return (Severity.INFO if row.has_default else Severity.WARNING), message


CHECK = Check(
    id="schema.partition_premake",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=SQL)],
    known_as=("check_postgres: partman_premake",),
)
