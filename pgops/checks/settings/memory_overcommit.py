"""Settings that allow more memory than the machine has.

Each operation of a query (a sort, and a hash table hash_mem_multiplier times that) may take work_mem, each of
max_connections may run one, each autovacuum worker takes its own, and shared_buffers come on top. If all that happens
at once the operating system kills a process, and the server goes down with it to recover. Lower work_mem for all and
raise it for the roles that need it, or admit fewer connections and pool them.

SQL can't see how much memory there is. Give it as the limit `memory_bytes`. Without it effective_cache_size is taken
for what somebody said about the machine, as far as somebody has set it: three quarters of its memory, as usual. Then a
finding has a confidence. Otherwise nothing is said, and the check is SKIPPED.

A WARNING where the sum is `warn_ratio` times the memory, INFO from `info_ratio`. A false alarm: a pool that never uses
all connections. It may be worse, too: one query may sort and hash several times, and in several workers.

Manual: section 19.4.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Scope, limit
from pgops.findings import Finding, Severity, Target, Unseen
from pgops.render.quantities import size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import Seen


@attrs.frozen(kw_only=True)
class Row:
    shared_buffers_bytes: int
    work_mem_bytes: int
    hash_mem_ratio: float
    """hash_mem_multiplier."""
    max_connections: int
    maintenance_bytes: int
    """What one autovacuum worker may take."""
    autovacuum_workers: int
    effective_cache_bytes: int
    effective_cache_set: bool
    """Whether somebody has set effective_cache_size."""

    @property
    def sessions_bytes(self) -> int:
        """One operation in each connection."""
        return int(self.work_mem_bytes * max(self.hash_mem_ratio, 1.0) * self.max_connections)

    @property
    def total_bytes(self) -> int:
        return self.shared_buffers_bytes + self.sessions_bytes + self.maintenance_bytes * self.autovacuum_workers


@attrs.frozen(kw_only=True)
class Limits:
    memory_bytes: int = limit(0, unit="bytes", doc="The machine's memory, or what the server may have of it.")
    info_ratio: float = limit(1.0, unit="x", doc="INFO where the settings allow so many times the memory.")
    warn_ratio: float = limit(2.0, unit="x", doc="A WARNING where they allow so many times the memory.")


SQL = """
SELECT pg_catalog.pg_size_bytes(pg_catalog.current_setting('shared_buffers'))        AS shared_buffers_bytes,
       pg_catalog.pg_size_bytes(pg_catalog.current_setting('work_mem'))              AS work_mem_bytes,
       pg_catalog.current_setting('hash_mem_multiplier')::float8                     AS hash_mem_ratio,
       pg_catalog.current_setting('max_connections')::int                            AS max_connections,
       pg_catalog.pg_size_bytes(CASE pg_catalog.current_setting('autovacuum_work_mem')
                                     WHEN '-1' THEN pg_catalog.current_setting('maintenance_work_mem')
                                     ELSE pg_catalog.current_setting('autovacuum_work_mem') END) AS maintenance_bytes,
       pg_catalog.current_setting('autovacuum_max_workers')::int                     AS autovacuum_workers,
       pg_catalog.pg_size_bytes(pg_catalog.current_setting('effective_cache_size'))  AS effective_cache_bytes,
       (SELECT s.source <> 'default'
          FROM pg_catalog.pg_settings AS s
         WHERE s.name = 'effective_cache_size')                                      AS effective_cache_set
"""

_BY_HEARSAY = 0.5
"""The confidence of a finding where effective_cache_size stands for the memory."""

_TARGET = Target("setting", None, "work_mem")


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    limits = seen.limits
    for row in rows:
        known = limits.memory_bytes > 0
        memory = limits.memory_bytes if known else row.effective_cache_bytes * 4 // 3
        if not (known or row.effective_cache_set):
            cure = 'Give it: limits={"settings.memory_overcommit": {"memory_bytes": ...}}.'
            yield Unseen(_TARGET, "how much memory the machine has can't be seen by SQL", cure)
            return
        ratio = row.total_bytes / memory
        if ratio >= limits.info_ratio:
            severity = Severity.WARNING if ratio >= limits.warn_ratio else Severity.INFO
            details = {**attrs.asdict(row), "memory_bytes": memory, "total_bytes": row.total_bytes}
            yield Finding(severity, _TARGET, _message(row, memory, known=known), None, _sure(known), details)


def _sure(known: bool) -> float | None:
    return None if known else _BY_HEARSAY


def _message(row: Row, memory: int, *, known: bool) -> str:
    whose = f"the {size(memory)} of memory"
    if not known:
        whose += f" that effective_cache_size ({size(row.effective_cache_bytes)}) lets expect"
    return (
        f"The settings allow {size(row.total_bytes)}, {row.total_bytes / memory:,.1f} times {whose}: "
        f"{size(row.shared_buffers_bytes)} of shared_buffers, {size(row.sessions_bytes)} for one operation in each of "
        f"{row.max_connections} connections (work_mem {size(row.work_mem_bytes)}, hash_mem_multiplier "
        f"{row.hash_mem_ratio:g}), and {size(row.maintenance_bytes)} for each of {row.autovacuum_workers} autovacuum "
        "workers."
    )


CHECK = Check(
    id="settings.memory_overcommit",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    target=lambda _: _TARGET,
)
