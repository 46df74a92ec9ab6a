"""Index that is not valid.

An index whose build was interrupted (CREATE INDEX CONCURRENTLY or REINDEX CONCURRENTLY that failed or was cancelled)
stays behind marked as invalid: no query uses it, yet every write maintains it once it is ready, and CREATE INDEX IF
NOT EXISTS takes its name for done. So does a DROP INDEX CONCURRENTLY that got stuck. The leftovers of REINDEX
CONCURRENTLY are called like the index with `_ccnew` or `_ccold` behind it, those of a TOAST table too.

It is no fault while the work still goes on, so what pg_stat_progress_create_index or a lock on the index shows to be
in progress is left out. A role without pg_read_all_stats sees that another session builds an index on the same table
and not which: such an index is unseen, and the check is then SKIPPED. The parent of a partitioned index is invalid as
long as a partition lacks its part: that is said as INFO, since it may be meant.

A unique index can't be rebuilt before the rows that broke it are gone: REINDEX says which.

Source: manual, section "Building Indexes Concurrently" of CREATE INDEX; REINDEX.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, NoLimits, Query, Seen
from pgops.findings import Finding, Severity, Target, Unseen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    index: str
    table_schema: str
    table: str
    """For an index of a TOAST table the table it belongs to."""
    partitioned: bool
    leftover: bool
    """Whether REINDEX CONCURRENTLY made it, by its name."""
    toast: bool
    is_unique: bool
    ready: bool
    """Whether writes maintain it."""
    live: bool
    """Whether it is more than the rest of a DROP INDEX CONCURRENTLY."""
    maybe_in_progress: bool
    """Whether a session that this role may not look into builds an index on the same table."""
    index_bytes: int


SQL = """
WITH suspects AS MATERIALIZED (
    SELECT x.indexrelid, x.indrelid, x.indisunique, x.indisready, x.indislive
      FROM pg_catalog.pg_index AS x
     WHERE NOT (x.indisvalid AND x.indisready AND x.indislive)
), concurrent AS MATERIALIZED (
    -- REINDEX and DROP INDEX CONCURRENTLY keep this lock on their indexes all along, CREATE INDEX CONCURRENTLY keeps it
    -- on the table
    SELECT l.relation, l.pid
      FROM pg_catalog.pg_locks AS l
     WHERE EXISTS (SELECT FROM suspects)
       AND l.locktype = 'relation' AND l.mode = 'ShareUpdateExclusiveLock'
       AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
), builds AS MATERIALIZED (
    SELECT p.pid, p.index_relid, p.relid IS NULL AS hidden
      FROM pg_catalog.pg_stat_progress_create_index AS p
     WHERE p.datid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
)
SELECT n.nspname::text                 AS schema,
       i.relname::text                 AS "index",
       tn.nspname::text                AS table_schema,
       t.relname::text                 AS "table",
       i.relkind = 'I'                 AS partitioned,
       i.relname ~ '_cc(new|old)[0-9]*$' AS leftover,
       n.nspname = 'pg_toast'          AS toast,
       x.indisunique                   AS is_unique,
       x.indisready                    AS ready,
       x.indislive                     AS live,
       EXISTS (SELECT FROM builds AS b
                 JOIN concurrent AS c ON c.pid = b.pid
                WHERE b.hidden AND c.relation = x.indrelid) AS maybe_in_progress,
       i.relpages * pg_catalog.current_setting('block_size')::bigint AS index_bytes
  FROM suspects AS x
  JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = i.relnamespace
  LEFT JOIN pg_catalog.pg_class AS owner ON n.nspname = 'pg_toast' AND owner.reltoastrelid = x.indrelid
  JOIN pg_catalog.pg_class AS t ON t.oid = COALESCE(owner.oid, x.indrelid)
  JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace
 -- other sessions' temporary tables are theirs: pg_temp_3, pg_toast_temp_3
 WHERE (n.nspname = 'pg_toast' OR n.nspname !~ '^pg_')
   AND NOT EXISTS (SELECT FROM builds AS b WHERE b.index_relid = x.indexrelid)
   AND NOT EXISTS (SELECT FROM concurrent AS c WHERE c.relation = x.indexrelid)
 ORDER BY n.nspname, i.relname
"""


def _target(row: Row) -> Target:
    return Target("index", row.schema, row.index)


def judge(rows: Sequence[Row], seen: Seen[NoLimits]) -> Iterator[Finding | Unseen]:
    """Every row is a finding, but where somebody may be building that very index just now."""
    for row in rows:
        table = Target("table", row.table_schema, row.table)
        if row.maybe_in_progress:
            lack = seen.server.lacks_role("pg_read_all_stats")
            reason = f"another session builds an index on {table}, and {seen.server.user} may not see which"
            yield Unseen(_target(row), reason, lack.cure if lack else "")
            continue
        yield Finding(
            Severity.INFO if row.partitioned else Severity.WARNING,
            _target(row),
            _message(row, table),
            _fix(row),
            details={"table_schema": row.table_schema, "table": row.table, "index_bytes": row.index_bytes},
        )


def _message(row: Row, table: Target) -> str:
    if row.partitioned:
        return f"The partitioned index is not valid: a partition of {table} has no matching index attached."
    what = "The index on"
    if row.toast:
        what = "The index on the TOAST table of"
    if row.leftover:
        what = what.replace("The index", "This leftover of a REINDEX CONCURRENTLY")
    cost = "writes maintain it, no query uses it" if row.ready else "no query uses it, and its build never got far"
    if not row.live:
        cost = "a DROP INDEX CONCURRENTLY did not finish"
    message = f"{what} {table} is not valid: {cost}."
    if row.is_unique and _can_be_rebuilt(row):
        # a REINDEX CONCURRENTLY that fails leaves one more such index behind
        message += " It is unique: rows that break that have to go before it can be rebuilt."
    return message


def _fix(row: Row) -> str | None:
    if row.partitioned:
        return None  # it becomes valid when the last partition's index is attached
    if row.leftover or not row.live:
        return f"DROP INDEX CONCURRENTLY {_target(row)};"
    return f"REINDEX INDEX CONCURRENTLY {_target(row)};" if _can_be_rebuilt(row) else None


def _can_be_rebuilt(row: Row) -> bool:
    # PostgreSQL refuses to rebuild an invalid TOAST index, and to drop the real one would lose the values
    return row.live and not (row.leftover or row.toast or row.partitioned)


CHECK = Check(
    id="indexes.invalid_index",
    aliases=("invalid_indexes", "reindex_leftovers"),
    doc=__doc__,
    row=Row,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=SQL)],
    known_as=(
        "pg-index-health: invalid indexes",
        "pghero: invalid indexes",
        "check_pgactivity: invalid_indexes",
    ),
)
