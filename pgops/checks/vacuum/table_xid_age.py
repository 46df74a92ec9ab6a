"""Table near transaction id wraparound.

The tables with the oldest transaction ids that are not frozen: they make the age of the database, and once it is too
old the server refuses to write (see `vacuum.database_xid_age`). A TOAST table counts to its table, system catalogues
count as any table, and so do temporary tables, which only the session that made them can vacuum.

From 0.9 to 1.0 times autovacuum_freeze_max_age is normal. A warning comes at `warn_ratio` times that, by the table's
own storage parameter where it is lower than the server's, as autovacuum goes by it. Critical is `crit_ratio` times the
server's setting, or vacuum_failsafe_age if that is less. The message names what holds the horizon back; as long as it
is there, VACUUM can't help, so no remedy is given.

The remedy does not shorten the file, for which it would need an ACCESS EXCLUSIVE lock; where it is critical it leaves
the indexes alone too, as the server's failsafe does.

Manual: section 24.1.5, "Preventing Transaction ID Wraparound Failures".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Loosest, Metric, Query, Seen, limit
from pgops.checks.vacuum._freezing import HOLDERS, in_words, is_held, severity_of
from pgops.findings import Finding, Severity, Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    toast: bool
    temporary: bool
    xid_age: int
    freeze_max_age: int
    server_freeze_max_age: int
    failsafe_age: int
    stop_age: int
    """At which the server refuses to write."""
    held_by: str | None
    held_age: int | None


@attrs.frozen(kw_only=True)
class Limits:
    warn_ratio: float = limit(2.0, unit="x", doc="A warning from this many times autovacuum_freeze_max_age on.")
    crit_ratio: float = limit(4.0, unit="x", doc="Critical from this many times autovacuum_freeze_max_age on.")
    top: int = limit(20, unit="tables", doc="How many to look at, the oldest first.", loosest=Loosest.HIGHEST)


SQL = """
WITH <<holder>>, setting AS (
  SELECT pg_catalog.current_setting('autovacuum_freeze_max_age')::int AS freeze_max_age,
         pg_catalog.current_setting('vacuum_failsafe_age')::int       AS failsafe_age
), relation AS (
  SELECT r.oid,
         r.relkind = 't' AS toast,
         COALESCE(t.oid, r.oid) AS table_oid,
         pg_catalog.age(r.relfrozenxid) AS xid_age,
         -- A TOAST table without any parameter of its own goes by those of its table (autovacuum.c, do_autovacuum).
         COALESCE(r.reloptions, t.reloptions) AS parameters
    FROM pg_catalog.pg_class AS r
    LEFT JOIN pg_catalog.pg_class AS t ON t.reltoastrelid = r.oid AND r.relkind = 't'
   WHERE r.relkind IN ('r', 'm', 't')
     AND r.relfrozenxid <> '0'::xid
), aged AS (
  SELECT r.*,
         LEAST(s.freeze_max_age,
               CASE WHEN r.parameters IS NOT NULL  -- most have none, and the function is not for free
                    -- the parameter is kept as it was written, which may be 1e6 or 0x30D40
                    THEN (SELECT o.option_value::float8::int
                            FROM pg_catalog.pg_options_to_table(r.parameters) AS o
                           WHERE o.option_name = 'autovacuum_freeze_max_age') END) AS freeze_max_age
    FROM relation AS r
   CROSS JOIN setting AS s
), oldest AS (
  SELECT w.*
    FROM (SELECT DISTINCT ON (a.table_oid) a.*
            FROM aged AS a
           ORDER BY a.table_oid, a.xid_age::float8 / GREATEST(a.freeze_max_age, 1) DESC) AS w
   ORDER BY w.xid_age::float8 / GREATEST(w.freeze_max_age, 1) DESC, w.table_oid
   LIMIT %(top)s::int
)
SELECT n.nspname::text         AS schema,
       c.relname::text         AS "table",
       w.toast,
       c.relpersistence = 't'  AS temporary,
       w.xid_age,
       w.freeze_max_age,
       s.freeze_max_age        AS server_freeze_max_age,
       s.failsafe_age,
       2144483648              AS stop_age,
       h.name                  AS held_by,
       h.age                   AS held_age
  FROM oldest AS w
 CROSS JOIN setting AS s
  JOIN pg_catalog.pg_class AS c ON c.oid = w.table_oid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN LATERAL (SELECT h.name, h.age
                       FROM holder AS h
                      WHERE (h.database IS NULL
                             OR c.relisshared
                             OR h.database = (SELECT d.oid FROM pg_catalog.pg_database AS d
                                               WHERE d.datname = pg_catalog.current_database()))
                        AND (NOT h.only_catalogs OR n.nspname = 'pg_catalog')
                      ORDER BY h.age DESC
                      LIMIT 1) AS h ON TRUE
 ORDER BY w.xid_age::float8 / GREATEST(w.freeze_max_age, 1) DESC, n.nspname, c.relname
""".replace("<<holder>>", HOLDERS)


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding]:
    for row in rows:
        severity = severity_of(row, seen.limits_for(row))
        if severity is None:
            continue
        what = "the table's TOAST table" if row.toast else "the table"
        way = " It is temporary: only the session that made it can vacuum it, or drop it." if row.temporary else ""
        yield Finding(
            severity,
            _target(row),
            f"The oldest transaction id of {what} is {in_words(row, seen)}{way}",
            None if row.temporary or is_held(row) else _remedy(row, severity),
            None,
            {"toast": row.toast, "xid_age": row.xid_age, "held_by": row.held_by, "held_age": row.held_age},
        )


def _remedy(row: Row, severity: Severity) -> str:
    options = "FREEZE, INDEX_CLEANUP off, TRUNCATE off" if severity is Severity.CRITICAL else "FREEZE, TRUNCATE off"
    return f"VACUUM ({options}) {_target(row)};"


def _target(row: Row) -> Target:
    return Target("table", row.schema, row.table)


CHECK = Check(
    id="vacuum.table_xid_age",
    aliases=("xid_wraparound",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=SQL)],
    standby=False,
    metrics=(Metric(value="xid_age", limit="stop_age"),),
    known_as=("pghero: transaction_id_danger",),
)
