"""pg_wal is far larger than it should be.

By itself pg_wal stays around max_wal_size. What makes it grow beyond is somebody for whom WAL is kept: a replication
slot, an archiver that fails, wal_keep_size, or a checkpoint that does not get done. The checks of those say which.

A WARNING from `warn_ratio` times max_wal_size and wal_keep_size together on. A false alarm for a while after a mass
load. To list the folder takes the rights of pg_monitor.

Manual: section 28.5, "WAL Configuration"; pg_ls_waldir.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, Requires, Scope, limit
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    wal_bytes: int
    files: int
    expected_bytes: int
    """max_wal_size and wal_keep_size."""


@attrs.frozen(kw_only=True)
class Limits:
    warn_ratio: float = limit(2.0, unit="x", doc="A WARNING from so many times the expected size on.")


SQL = """
SELECT COALESCE(pg_catalog.sum(f.size), 0)::bigint  AS wal_bytes,
       pg_catalog.count(*)::int                     AS files,
       (SELECT pg_catalog.sum(s.setting::bigint)::bigint * 1048576
          FROM pg_catalog.pg_settings AS s
         WHERE s.name IN ('max_wal_size', 'wal_keep_size')) AS expected_bytes
  FROM pg_catalog.pg_ls_waldir() AS f
"""

CHECK = Check(
    id="wal.pg_wal_size",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=lambda row, limits: (
            Severity.WARNING if row.wal_bytes >= row.expected_bytes * limits.warn_ratio else None
        ),
        target=lambda _: Target("server", None, "pg_wal"),
        message="pg_wal holds {wal_bytes} in {files} files, and the settings allow for {expected_bytes}.",
        details=("wal_bytes", "files"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    requires=Requires(role="pg_monitor", grants=["EXECUTE ON FUNCTION pg_catalog.pg_ls_waldir()"]),
    known_as=("check_pgactivity: wal_files", "check_postgres: wal_files"),
)
