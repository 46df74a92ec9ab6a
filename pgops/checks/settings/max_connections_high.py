"""max_connections is set very high.

Each slot costs shared memory and locks, each connection a process with its caches and its own work_mem, and a few
hundred that are active at once slow each other down: a machine does best with a small multiple of its cores. A pooler
in front (pgbouncer, a pool in the application) serves thousands of clients over dozens of connections, while a high
limit lets a burst of them bring the machine to its knees instead of making them wait.

INFO from `info_connections`, a WARNING from `warn_connections`. A false alarm: a large machine whose sessions are
mostly idle; taking snapshots of idle ones costs little since PostgreSQL 14.

Manual: section 19.3.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Scope, limit
from pgops.checks.settings._reading import Rule, Setting, finding, settings_sql, target_of
from pgops.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import Seen
    from pgops.findings import Finding


@attrs.frozen(kw_only=True)
class Limits:
    info_connections: int = limit(500, unit="connections", doc="INFO from so many on.")
    warn_connections: int = limit(2000, unit="connections", doc="A WARNING from so many on.")


def judge(rows: Sequence[Setting], seen: Seen[Limits]) -> Iterator[Finding]:
    for setting in rows:
        number = int(setting.value)
        if number >= seen.limits.info_connections:
            severity = Severity.WARNING if number >= seen.limits.warn_connections else Severity.INFO
            why = "more than a machine can serve at once; a pooler makes clients wait instead of the server thrash"
            yield finding(setting, Rule(wrong=bool, severity=severity, why=why), seen.server)


CHECK = Check(
    id="settings.max_connections_high",
    doc=__doc__,
    row=Setting,
    limits=Limits,
    judge=judge,
    queries=[Query(since=14, sql=settings_sql("max_connections"))],
    scope=Scope.CLUSTER,
    target=target_of,
)
