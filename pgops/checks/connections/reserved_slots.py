"""No connection slot is kept for superusers.

When clients have taken all slots nobody can log in to see what they do and to end some: superuser_reserved_connections
keeps a few (3, as it comes) for that. From PostgreSQL 16 reserved_connections keeps more for members of
pg_use_reserved_connections, such as a monitoring role, and counts as well.

A WARNING at 0, INFO where fewer than `min_slots` are kept. A false alarm: an application that connects as superuser
uses the reserved slots up as well, so that none helps; then that is the fault (security.superuser).

Manual: section 19.3.1.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, Scope, limit
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    for_superusers: int
    for_members: int
    """Those of pg_use_reserved_connections, from PostgreSQL 16."""
    max_connections: int


@attrs.frozen(kw_only=True)
class Limits:
    min_slots: int = limit(2, unit="slots", doc="INFO where fewer are kept for superusers.")


SQL = """
SELECT pg_catalog.current_setting('superuser_reserved_connections')::int               AS for_superusers,
       COALESCE(pg_catalog.current_setting('reserved_connections', TRUE)::int, 0)      AS for_members,
       pg_catalog.current_setting('max_connections')::int                              AS max_connections
"""


def _severity(row: Row, limits: Limits) -> Severity | None:
    if row.for_superusers == 0 and row.for_members == 0:
        return Severity.WARNING
    return Severity.INFO if row.for_superusers < limits.min_slots else None


def _message(row: Row, _: object) -> str:
    members = f" ({row.for_members} for members of pg_use_reserved_connections)" if row.for_members else ""
    return (
        f"{row.for_superusers} of {row.max_connections} connection slots are kept for superusers{members}: when "
        "clients have taken all, no administrator gets in. A change takes effect at the next restart."
    )


CHECK = Check(
    id="connections.reserved_slots",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda _: Target("setting", None, "superuser_reserved_connections"),
        message=_message,
        fix="ALTER SYSTEM SET superuser_reserved_connections = 3;",
        details=("for_superusers", "for_members", "max_connections"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
)
