"""Memory settings left as they come, on a database that has outgrown them.

PostgreSQL comes set for a very small machine: 128 MB of shared_buffers, 4 MB of work_mem, 64 MB of
maintenance_work_mem, and the guess of 4 GB for effective_cache_size. A database several times larger than that reads
from disk what could be in memory, sorts on disk, vacuums in several rounds, and plans as if nothing were cached.

INFO, and for shared_buffers a WARNING, where tables and indexes of this database are larger than `min_bytes` (by their
size at the last VACUUM or ANALYZE). What is right depends on the machine, so there is no remedy: usual are a quarter of
its memory for shared_buffers and a half to three quarters for effective_cache_size. A false alarm: a machine that is
that small.

Manual: section 19.4.1 and 19.7.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.findings import Finding, Severity, Target
from pgops.render.quantities import size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import Seen


@attrs.frozen(kw_only=True)
class Row:
    name: str
    setting_bytes: int
    default_bytes: int
    database_bytes: int


@attrs.frozen(kw_only=True)
class Limits:
    min_bytes: int = limit(2**31, unit="bytes", doc="Leave out smaller databases.")


SQL = """
WITH total AS MATERIALIZED (
  SELECT COALESCE(pg_catalog.sum(r.relpages::bigint), 0)::bigint
         * pg_catalog.current_setting('block_size')::bigint AS bytes
    FROM pg_catalog.pg_class AS r
   WHERE r.relkind IN ('r', 'i', 'm', 't')
)
SELECT d.name,
       pg_catalog.pg_size_bytes(pg_catalog.current_setting(d.name)) AS setting_bytes,
       d.bytes                                                      AS default_bytes,
       total.bytes                                                  AS database_bytes
  -- initdb writes shared_buffers into postgresql.conf, so the source of a setting tells nothing
  FROM (VALUES ('shared_buffers', 134217728::bigint),
               ('work_mem', 4194304),
               ('maintenance_work_mem', 67108864),
               ('effective_cache_size', 4294967296)) AS d (name, bytes)
 CROSS JOIN total
 ORDER BY d.name
"""


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding]:
    for row in rows:
        if row.setting_bytes > row.default_bytes or row.database_bytes <= max(seen.limits.min_bytes, row.default_bytes):
            continue
        severity = Severity.WARNING if row.name == "shared_buffers" else Severity.INFO
        message = (
            f"{row.name} is {size(row.setting_bytes)}, no more than a fresh installation has, and the tables and "
            f"indexes of this database take {size(row.database_bytes)}."
        )
        yield Finding(severity, target_of(row), message, details=attrs.asdict(row))


def target_of(row: Row) -> Target:
    return Target("setting", None, row.name)


CHECK = Check(
    id="settings.default_memory",
    aliases=("memory_defaults",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    queries=[Query(since=14, sql=SQL)],
    target=target_of,
    known_as=("check_pgactivity: configuration",),
)
