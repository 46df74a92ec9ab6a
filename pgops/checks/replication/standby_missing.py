"""Standby that is expected and not connected.

A server does not know which standbys it should have. Two things tell: a physical slot that nobody uses stands for a
standby that was there (`replication.inactive_slot` judges its WAL), and whoever operates it knows how many there
should be. With a history pgops knows too: a standby that an earlier run saw and that is gone now.

CRITICAL where fewer than `min_standbys` physical receivers are streaming; the default 0 expects none. WARNING for a
standby that the previous observation saw (by its application_name) and this one does not. It is a false alarm after
one was removed on purpose: the observation after next has forgotten it.

Manual: section 26.2.5, "Streaming Replication"; view pg_stat_replication.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Scope, limit
from pgops.checks.replication._standbys import SEES_STANDBYS, STANDBYS_SQL
from pgops.findings import Finding, Severity, Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import LiteralString

    from pgops.checks.api import Seen


@attrs.frozen(kw_only=True)
class Row:
    application: str
    slot: str | None
    state: str | None
    connected_s: float | None


@attrs.frozen(kw_only=True)
class Limits:
    min_standbys: int = limit(0, unit="standbys", doc="How many have to be streaming.")


SQL: LiteralString = """
SELECT r.application,
       r.slot,
       r.state,
       r.connected_s
  FROM (<standbys>) AS r
 WHERE NOT r.logical
   AND r.state <> 'backup'
   AND NOT r.temporary AND r.application <> 'pg_basebackup'  -- the WAL of a backup
 ORDER BY r.application, r.slot
"""


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding]:
    streaming = [row for row in rows if row.state == "streaming"]
    if len(streaming) < seen.limits.min_standbys:
        there = ", ".join(sorted(row.application for row in streaming)) or "none"
        yield Finding(
            Severity.CRITICAL,
            Target("server", None, "standbys"),
            f"{seen.limits.min_standbys} standbys are expected, and {len(streaming)} are streaming: {there}.",
            details={"streaming": len(streaming), "expected": seen.limits.min_standbys},
        )
    here = {_target(row) for row in rows}
    for row in seen.earlier.rows if seen.earlier else ():
        if _target(row) not in here and row.state == "streaming":
            here.add(_target(row))
            yield Finding(
                Severity.WARNING,
                _target(row),
                "The standby was streaming when pgops last looked, and is not connected now.",
                details={"slot": row.slot},
            )


def _target(row: Row) -> Target:
    return Target("standby", None, row.application or row.slot or "unnamed", also=(row.slot or "",))


CHECK = Check(
    id="replication.standby_missing",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=SQL.replace("<standbys>", STANDBYS_SQL))],
    scope=Scope.CLUSTER,
    requires=SEES_STANDBYS,
)
