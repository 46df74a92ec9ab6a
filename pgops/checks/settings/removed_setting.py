"""Setting in use that a later version does not know any more.

A server whose postgresql.conf names a setting that is gone refuses to start, and that comes out in the midst of the
upgrade. Some still have an effect today that their disappearance changes. Found are settings that somebody has set, on
the server, a database or a role, and that a later major version has removed or renamed.

INFO: nothing is wrong yet. A false alarm: an upgrade that writes a new configuration.

Source: the section "Migration" in the release notes of 15 to 17.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query
from pgops.findings import Finding, Severity, Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import LiteralString

    from pgops.checks.api import NoLimits, Seen


@attrs.frozen(kw_only=True)
class Row:
    name: str
    value: str
    source: str


# By name: the version that has it no more, and what to do instead.
_REMOVED: Mapping[LiteralString, tuple[int, str]] = {
    "stats_temp_directory": (15, "statistics are in shared memory now, so drop it"),
    "force_parallel_mode": (16, "it is called debug_parallel_query"),
    "promote_trigger_file": (16, "use pg_promote() or pg_ctl promote"),
    "vacuum_defer_cleanup_age": (16, "use hot_standby_feedback or a replication slot"),
    "db_user_namespace": (17, "nothing takes its place"),
    "old_snapshot_threshold": (17, "nothing takes its place; transaction_timeout bounds old snapshots"),
    "trace_recovery_messages": (17, "nothing takes its place"),
}

_TEMPLATE: LiteralString = """
SELECT s.name,
       COALESCE(s.reset_val, s.setting, '') AS value,
       s.source
  FROM pg_catalog.pg_settings AS s
 WHERE s.name IN ('<names>')
   AND s.source NOT IN ('default', 'override')
 ORDER BY s.name
"""


def target_of(row: Row) -> Target:
    return Target("setting", None, row.name)


def judge(rows: Sequence[Row], seen: Seen[NoLimits]) -> Iterator[Finding]:
    removed = {str(name): (version, instead) for name, (version, instead) in _REMOVED.items()}
    for row in rows:
        version, instead = removed[row.name]
        if version > seen.server.major:
            message = f"{row.name} is set (to {row.value or 'nothing'}), and PostgreSQL {version} does not know it: "
            yield Finding(Severity.INFO, target_of(row), f"{message}{instead}.", details=attrs.asdict(row))


CHECK = Check(
    id="settings.removed_setting",
    doc=__doc__,
    row=Row,
    judge=judge,
    queries=[Query(since=14, sql=_TEMPLATE.replace("<names>", "', '".join(_REMOVED)))],
    target=target_of,
)
