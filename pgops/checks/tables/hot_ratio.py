"""Table whose updates rarely are HOT.

An UPDATE writes a new version of the row. Where it changes no indexed column and the page has room it is HOT
(heap-only): no index is touched, and any reader may remove the old version afterwards. Otherwise every index of the
table gets an entry, and VACUUM has to go through all of them. A table that is updated often and hardly ever HOT wears
out indexes, WAL and disk.

There are two causes. Either an updated column is indexed (also in a predicate, an expression or INCLUDE; from
PostgreSQL 16 not by BRIN): which index that is the counters don't say, so the message names those beside the primary
key, and one that nothing reads should go first (`indexes.unused_index`). Or the page is full: then a fillfactor below
100 leaves room. From PostgreSQL 16 it is counted which of the two it was.

INFO where at least `min_updates` were counted and fewer than `min_hot_pct` of them were HOT. It is a false alarm where
the indexed column is what the table is about (the state of a job). The counters begin anew with a reset or a crash. A
standby does not count them.

Manual: section 66.7, "Heap-Only Tuples (HOT)".
"""

from __future__ import annotations

from datetime import datetime
from typing import LiteralString

import attrs

from pgops.checks.api import Check, Loosest, Query, limit
from pgops.checks.judging import each_row
from pgops.checks.tables._updates import FILLFACTOR, UPDATED, in_window
from pgops.findings import Severity, Target, as_tuple, quote_identifier


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    updates: int
    hot_pct: float
    moved_pct: float | None
    """Share of the updates that were not HOT whose new version went to another page; None before PostgreSQL 16."""
    fillfactor: int
    indexes: tuple[str, ...] = attrs.field(converter=as_tuple)
    """Beside the primary key, those with most columns first."""
    counting: bool
    counted_since: datetime | None
    window_s: float | None


@attrs.frozen(kw_only=True)
class Limits:
    min_updates: int = limit(10_000, unit="updates", doc="Leave out tables that were updated less often.")
    min_hot_pct: float = limit(50.0, unit="%", doc="Say so where fewer were HOT.", loosest=Loosest.HIGHEST)


_TEMPLATE: LiteralString = """
WITH <updated>
SELECT n.nspname::text                  AS schema,
       u.relname::text                  AS "table",
       u.updates,
       100 * s.hot::float8 / u.updates  AS hot_pct,
       100 * s.moved::float8 / NULLIF(u.updates - s.hot, 0) AS moved_pct,
       <fillfactor>                     AS fillfactor,
       ARRAY(SELECT i.relname::text
               FROM pg_catalog.pg_index AS x
               JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
               JOIN pg_catalog.pg_am AS m ON m.oid = i.relam
              WHERE x.indrelid = u.oid
                AND x.indislive
                AND NOT x.indisprimary
                AND NOT (<brin is free> AND m.amname = 'brin')
              ORDER BY x.indnatts DESC, i.relname) AS indexes,
       k.counting,
       k.counted_since,
       k.window_s
  FROM updated AS u
 CROSS JOIN counting AS k
 CROSS JOIN LATERAL (SELECT pg_catalog.pg_stat_get_tuples_hot_updated(u.oid) AS hot, <moved> AS moved) AS s
  JOIN pg_catalog.pg_namespace AS n ON n.oid = u.relnamespace
 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
   AND 100 * s.hot::float8 / u.updates < %(min_hot_pct)s::float8
 ORDER BY u.updates - s.hot DESC, n.nspname, u.relname
"""
_SQL: LiteralString = _TEMPLATE.replace("<updated>", UPDATED).replace("<fillfactor>", FILLFACTOR)

_MOSTLY_PCT = 50.0
"""More than half of the updates had the cause."""


def _severity(row: Row, limits: Limits) -> Severity | None:
    return Severity.INFO if row.updates >= limits.min_updates and row.hot_pct < limits.min_hot_pct else None


def _message(row: Row, _: Limits) -> str:
    from pgops.render.quantities import percent  # noqa: PLC0415  only findings pay for it

    said = f"Of {row.updates:,} updates{in_window(row)} {percent(row.hot_pct)} were HOT"
    names = ", ".join(quote_identifier(name) for name in row.indexes[:5])
    more = f" and {len(row.indexes) - 5} more" if len(row.indexes) > 5 else ""
    indexed = f"an updated column is in one of its indexes ({names}{more})" if names else "the primary key is updated"
    full = f"pages are full (fillfactor {row.fillfactor}): one below leaves room for new versions"
    if row.moved_pct is None:
        return f"{said}: either {indexed}, or {full}."
    if row.moved_pct > _MOSTLY_PCT:
        still = f"; an update of a column in {names}{more} is not HOT even then" if names else ""
        return f"{said}; of the others {percent(row.moved_pct)} went to another page, since {full}{still}."
    return f"{said}; of the others only {percent(row.moved_pct)} went to another page, so {indexed}."


CHECK = Check(
    id="tables.hot_ratio",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("table", row.schema, row.table),
        message=_message,
        details=("updates", "hot_pct", "moved_pct", "fillfactor", "indexes"),
    ),
    queries=[
        Query(since=14, sql=_SQL.replace("<moved>", "NULL::bigint").replace("<brin is free>", "FALSE")),
        Query(
            since=16,
            sql=_SQL.replace("<moved>", "pg_catalog.pg_stat_get_tuples_newpage_updated(u.oid)").replace(
                "<brin is free>", "TRUE"
            ),
        ),
    ],
    standby=False,
)
