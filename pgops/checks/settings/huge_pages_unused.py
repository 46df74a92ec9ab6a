"""Large shared memory without huge pages.

Shared memory is mapped in pages of 4 KiB unless the operating system has set huge pages aside. With many gigabytes of
shared_buffers every backend then needs hundreds of megabytes for page tables alone, and loses time in looking pages
up. With `huge_pages = try`, as it comes, a server that gets none says nothing and goes without; `on` makes it refuse to
start instead.

From PostgreSQL 17 huge_pages_status tells what came of it. Before, `try` is unknown (SKIPPED), and only `off` is found.
INFO for shared_buffers of `min_bytes` or more. shared_memory_size_in_huge_pages (15 and later) says how many pages to
set aside (vm.nr_hugepages). A false alarm: a system that can't have them, such as most containers.

Manual: section 18.4.5, "Linux Huge Pages".
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
    huge_pages: str
    status: str | None
    """`on` or `off`; None before PostgreSQL 17."""
    shared_buffers_bytes: int
    pages_needed: int | None
    """Before PostgreSQL 15 None, and where the system has no huge pages."""


@attrs.frozen(kw_only=True)
class Limits:
    min_bytes: int = limit(8 * 2**30, unit="bytes", doc="Leave out servers with smaller shared_buffers.")


SQL = """
SELECT pg_catalog.current_setting('huge_pages')                                     AS huge_pages,
       NULLIF(pg_catalog.current_setting('huge_pages_status', TRUE), 'unknown')     AS status,
       pg_catalog.pg_size_bytes(pg_catalog.current_setting('shared_buffers'))       AS shared_buffers_bytes,
       NULLIF(pg_catalog.current_setting('shared_memory_size_in_huge_pages', TRUE), '-1')::int AS pages_needed
"""

_TARGET = Target("setting", None, "huge_pages")


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    for row in rows:
        if row.shared_buffers_bytes < seen.limits.min_bytes or "on" in (row.status, row.huge_pages):
            continue
        if row.status is None and row.huge_pages == "try":
            cure = "Look for HugePages_Free in /proc/meminfo, or set huge_pages = on: then it starts with them or not."
            yield Unseen(_TARGET, "whether the server got huge pages is told from PostgreSQL 17 on only", cure)
            continue
        needed = f" It would need {row.pages_needed:,} of them." if row.pages_needed else ""
        message = (
            f"{size(row.shared_buffers_bytes)} of shared_buffers are mapped in small pages (huge_pages is "
            f"{row.huge_pages}).{needed}"
        )
        yield Finding(Severity.INFO, _TARGET, message, details=attrs.asdict(row))


CHECK = Check(
    id="settings.huge_pages_unused",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    target=lambda _: _TARGET,
)
