"""Table whose updated rows move to another page.

Where a page has no room for the new version of a row it goes elsewhere, and every index gets an entry for it: such an
update can't be HOT, and in time the table loses its order. A fillfactor below 100 makes new rows leave room on each
page. The remedy sets it to 90; it is for pages written from then on, and rewriting the table (VACUUM FULL, pg_repack)
does it for the old ones. Rows that grow with time want less still.

INFO where at least `min_updates` were counted and `max_moved_pct` of them or more went to another page. It is a false
alarm for a table that was updated as a whole in one statement: no room is ever enough for that. The counters begin
anew with a reset or a crash, and they exist from PostgreSQL 16 on.

Manual: section 66.7, "Heap-Only Tuples (HOT)"; CREATE TABLE, storage parameter fillfactor.
"""

from __future__ import annotations

from datetime import datetime

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.checks.judging import each_row
from pgops.checks.tables._updates import FILLFACTOR, UPDATED, in_window
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    updates: int
    moved: int
    moved_pct: float
    fillfactor: int
    counting: bool
    counted_since: datetime | None
    window_s: float | None


@attrs.frozen(kw_only=True)
class Limits:
    min_updates: int = limit(10_000, unit="updates", doc="Leave out tables that were updated less often.")
    max_moved_pct: float = limit(40.0, unit="%", doc="Say so where this share of the updates went to another page.")


SQL = """
WITH <updated>
SELECT n.nspname::text                    AS schema,
       u.relname::text                    AS "table",
       u.updates,
       s.moved,
       100 * s.moved::float8 / u.updates  AS moved_pct,
       <fillfactor>                       AS fillfactor,
       k.counting,
       k.counted_since,
       k.window_s
  FROM updated AS u
 CROSS JOIN counting AS k
 CROSS JOIN LATERAL (SELECT pg_catalog.pg_stat_get_tuples_newpage_updated(u.oid) AS moved) AS s
  JOIN pg_catalog.pg_namespace AS n ON n.oid = u.relnamespace
 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
   AND 100 * s.moved::float8 / u.updates >= %(max_moved_pct)s::float8
 ORDER BY s.moved DESC, n.nspname, u.relname
""".replace("<updated>", UPDATED).replace("<fillfactor>", FILLFACTOR)


def _severity(row: Row, limits: Limits) -> Severity | None:
    often = row.updates >= limits.min_updates and row.moved_pct >= limits.max_moved_pct
    return Severity.INFO if often else None


def _message(row: Row, _: Limits) -> str:
    from pgops.render.quantities import percent  # noqa: PLC0415  only findings pay for it

    return (
        f"{row.moved:,} of {row.updates:,} updates{in_window(row)} ({percent(row.moved_pct)}) found no room on the "
        f"row's page and moved it to another (fillfactor {row.fillfactor}), with a new entry in every index."
    )


def _fix(row: Row, _: Limits) -> str | None:
    if row.fillfactor < 100:  # what was chosen is for a person to change
        return None
    return f"ALTER TABLE {Target('table', row.schema, row.table)} SET (fillfactor = 90);"


CHECK = Check(
    id="tables.new_page_updates",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("table", row.schema, row.table),
        message=_message,
        fix=_fix,
        details=("updates", "moved", "moved_pct", "fillfactor"),
    ),
    queries=[Query(since=16, sql=SQL)],
    standby=False,
)
