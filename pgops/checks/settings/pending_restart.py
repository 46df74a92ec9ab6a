"""Setting that was changed and waits for a restart.

It stands in the configuration and does not hold. The next restart, which may be a failover in the night, brings it into
effect, and whoever changed it has long forgotten. If it is wrong (more memory than there is), the server does not come
up then. Restart at a moment of your choice, or take the change back.

A false alarm: the restart is planned. `pg_file_settings` shows the value that will come.

Manual: section "pg_settings".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, Requires, Scope
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    name: str
    value: str
    unit: str | None


SQL = """
SELECT s.name,
       COALESCE(s.setting, '') AS value,
       s.unit
  FROM pg_catalog.pg_settings AS s
 WHERE s.pending_restart
 ORDER BY s.name
"""


CHECK = Check(
    id="settings.pending_restart",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.WARNING,
        target=lambda row: Target("setting", None, row.name),
        message=lambda row, _: (
            f"{row.name} was changed in the configuration and still is {row.value}{row.unit or ''}: the next restart, "
            "planned or not, brings the change into effect."
        ),
        details=("value", "unit"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    requires=Requires(role="pg_read_all_settings"),
)
