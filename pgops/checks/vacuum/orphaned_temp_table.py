"""Temporary table without a session.

When a server process dies or the server crashes, its temporary tables stay behind in their schema (`pg_temp_7`). They
take disk space, and their transaction ids grow old: nobody but their session may vacuum them, so in time they alone
hold back the database's age (`vacuum.database_xid_age`). Autovacuum drops them when it comes by. So they are found
where it is off, or does not get as far as this database.

A schema's number is that of a place among the server's processes, and a later session may have the place now. So a
table is found when no session of this database has its place (PostgreSQL 16 and later tell, before it shows only of
sessions in a transaction), or when each that may have it began after a checkpoint which the table is older than. What
an idle session of PostgreSQL 14 or 15 might own is not judged, nor on any version what has an owner, perhaps, and an
age beyond autovacuum_freeze_max_age. The remedy is for a superuser.

Manual: section 24.1.5; function pg_stat_get_backend_idset in section 27.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Seen
from pgops.findings import Finding, Severity, Target, Unseen
from pgops.render.quantities import pretty

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import LiteralString


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    table_bytes: int
    """By the last VACUUM or ANALYZE, which only its session can run: mostly 0."""
    xid_age: int
    freeze_max_age: int
    owners: int
    """Sessions of this database that it may belong to."""
    unplaced: int
    """Those of them of which nobody can say what place they have."""


_TEMPLATE: LiteralString = """
WITH session AS MATERIALIZED (<sessions>), checkpoint AS MATERIALIZED (
  SELECT k.checkpoint_time + interval '2 seconds' AS ended,  -- it is kept in whole seconds
         pg_catalog.split_part(k.next_xid, ':', 2)::xid AS next_xid
    FROM pg_catalog.pg_control_checkpoint() AS k
), temporary AS MATERIALIZED (
  SELECT n.nspname,
         c.relname,
         c.relpages,
         c.relfrozenxid,
         pg_catalog.substring(n.nspname::text, '^pg_temp_([0-9]+)$')::int AS place,
         pg_catalog.age(c.xmin) > pg_catalog.age(k.next_xid) AS before_checkpoint
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
   CROSS JOIN checkpoint AS k
   WHERE c.relpersistence = 't'
     AND c.relkind = 'r'
     AND n.nspname ~ '^pg_temp_[0-9]+$'
)
SELECT t.nspname::text AS schema,
       t.relname::text AS "table",
       t.relpages::bigint * pg_catalog.current_setting('block_size')::bigint AS table_bytes,
       pg_catalog.age(t.relfrozenxid) AS xid_age,
       pg_catalog.current_setting('autovacuum_freeze_max_age')::int AS freeze_max_age,
       o.owners,
       o.unplaced
  FROM temporary AS t
 CROSS JOIN checkpoint AS k
 CROSS JOIN LATERAL (
       SELECT pg_catalog.count(*)::int AS owners,
              pg_catalog.count(*) FILTER (WHERE s.place IS NULL)::int AS unplaced
         FROM session AS s
        WHERE (s.place IS NULL OR s.place = t.place)
          -- whoever began after the checkpoint did not make what was there before it
          AND NOT COALESCE(t.before_checkpoint AND s.began > k.ended, FALSE)) AS o
 ORDER BY pg_catalog.age(t.relfrozenxid) DESC, t.nspname, t.relname
"""

# A place that a session of another database has is free here: temporary tables are of one database.
_BY_PLACE: LiteralString = """
  SELECT b.place, pg_catalog.pg_stat_get_backend_start(b.place) AS began
    FROM pg_catalog.pg_stat_get_backend_idset() AS b (place)
   WHERE pg_catalog.pg_stat_get_backend_dbid(b.place)
         = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
"""

# Every transaction locks its own virtual id, which begins with the place.
_BY_TRANSACTION: LiteralString = """
  SELECT l.place, a.backend_start AS began
    FROM pg_catalog.pg_stat_activity AS a
    LEFT JOIN (SELECT DISTINCT v.pid, pg_catalog.split_part(v.virtualtransaction, '/', 1)::int AS place
                 FROM pg_catalog.pg_locks AS v
                WHERE v.pid IS NOT NULL) AS l ON l.pid = a.pid
   WHERE a.datname = pg_catalog.current_database()
"""


def judge(rows: Sequence[Row], seen: Seen[object]) -> Iterator[Finding | Unseen]:
    for row in rows:
        target = Target("table", row.schema, row.table)
        if row.owners:
            if row.unplaced or row.xid_age > row.freeze_max_age:
                reason = f"it may be of a session that is still there ({row.owners} of this database)"
                yield Unseen(target, reason, "Ask again when the old sessions of this database have ended.")
            continue
        size = f"{pretty('table_bytes', row.table_bytes)}, " if row.table_bytes else ""
        yield Finding(
            Severity.WARNING,
            target,
            f"Its session is gone, and the temporary table is left ({size}its oldest transaction id is "
            f"{row.xid_age:,} transactions old): only dropping it keeps it from holding back the database's age.",
            f"DROP TABLE {target};",
            details={"table_bytes": row.table_bytes, "xid_age": row.xid_age},
        )


CHECK = Check(
    id="vacuum.orphaned_temp_table",
    doc=__doc__,
    row=Row,
    judge=judge,
    target=lambda row: Target("table", row.schema, row.table),
    queries=[
        Query(since=14, sql=_TEMPLATE.replace("<sessions>", _BY_TRANSACTION)),
        Query(since=16, sql=_TEMPLATE.replace("<sessions>", _BY_PLACE)),
    ],
    standby=False,
)
