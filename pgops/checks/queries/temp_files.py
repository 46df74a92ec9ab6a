"""Queries write much to temporary files.

A sort or a hash that does not fit into work_mem goes to the disk, which takes many times as long. A little is normal;
gigabytes a day call for more work_mem (for the roles that need it), for an index that sorts, or for a query that asks
for less. log_temp_files names the statements, and so does pg_stat_statements (temp_blks_written).

INFO from `warn_bytes_per_day` on, in the time that the server has counted. Index builds and restores write temporary
files too.

Manual: view pg_stat_database; section 19.4.1, work_mem.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Seen, limit
from pgops.checks.counting import DAY_S, WINDOW_SQL, Window
from pgops.findings import Finding, Severity, Target
from pgops.render.quantities import size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import LiteralString


@attrs.frozen(kw_only=True)
class Row:
    database: str
    files: int
    written_bytes: int
    work_mem: str
    counting: bool
    counted_since: datetime | None
    window_s: float | None


@attrs.frozen(kw_only=True)
class Limits:
    warn_bytes_per_day: int = limit(10 * 1024**3, unit="bytes a day", doc="INFO from so much on.")


SQL: LiteralString = """
SELECT s.datname::text                                 AS database,
       s.temp_files                                    AS files,
       s.temp_bytes                                    AS written_bytes,
       pg_catalog.current_setting('work_mem')          AS work_mem,
       k.counting,
       k.counted_since,
       k.window_s
  FROM pg_catalog.pg_stat_database AS s
 CROSS JOIN (<window>) AS k
 WHERE s.datname = pg_catalog.current_database()
"""


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding]:
    for row in rows:
        # A window of less than a day is taken for one.
        per_day = row.written_bytes / max((row.window_s or DAY_S) / DAY_S, 1.0)
        if not row.files or per_day < seen.limits.warn_bytes_per_day:
            continue
        window = Window(counting=row.counting, since=row.counted_since, seconds=row.window_s)
        yield Finding(
            Severity.INFO,
            _target(row),
            f"Queries wrote {size(row.written_bytes)} to {row.files:,} temporary files in the {window.length} that "
            f"were counted; work_mem is {row.work_mem}.",
            details={"files": row.files, "written_bytes": row.written_bytes, "per_day": per_day},
        )


def _target(row: Row) -> Target:
    return Target("database", None, row.database)


CHECK = Check(
    id="queries.temp_files",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=SQL.replace("<window>", WINDOW_SQL))],
    known_as=("check_pgactivity: temp_files",),
)
