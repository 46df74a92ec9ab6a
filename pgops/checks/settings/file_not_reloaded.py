"""Configuration file that was changed and not reloaded.

The server goes on with what it read before: whoever changed the file believes otherwise, and the change comes into
effect at the next reload or restart, when nobody thinks of it, with its mistakes. `SELECT pg_reload_conf();` takes it
up; settings.file_error says whether it can be read.

INFO for each file that was written `grace_s` or longer after the configuration was loaded. A false alarm: a comment, or
a tool that writes the same again. Only superusers may look at the files, and whoever they grant it to.

Manual: section 19.1.2; "pg_conf_load_time".
"""

from __future__ import annotations

from datetime import datetime

import attrs

from pgops.checks.api import Check, Query, Requires, Scope, limit
from pgops.checks.judging import each_row
from pgops.checks.settings._files import GRANTS
from pgops.findings import Severity, Target
from pgops.render.quantities import timestamp


@attrs.frozen(kw_only=True)
class Row:
    file: str
    changed_at: datetime | None
    """None where the file is gone."""
    loaded_at: datetime
    late_s: float | None
    """How long after loading it was changed; negative where it is loaded."""


@attrs.frozen(kw_only=True)
class Limits:
    grace_s: float = limit(60.0, unit="s", doc="A file changed less long after loading is left out.")


SQL = """
SELECT f.file,
       s.modification AS changed_at,
       pg_catalog.pg_conf_load_time() AS loaded_at,
       EXTRACT(EPOCH FROM s.modification - pg_catalog.pg_conf_load_time())::float8 AS late_s
  FROM (SELECT DISTINCT own.sourcefile AS file
          FROM pg_catalog.pg_file_settings AS own
         WHERE own.sourcefile IS NOT NULL) AS f
 CROSS JOIN LATERAL pg_catalog.pg_stat_file(f.file, TRUE) AS s
 ORDER BY late_s DESC NULLS LAST, f.file
"""


def _severity(row: Row, limits: Limits) -> Severity | None:
    return Severity.INFO if row.late_s is not None and row.late_s >= limits.grace_s else None


def _message(row: Row, _: object) -> str:
    changed = "" if row.changed_at is None else f" on {timestamp(row.changed_at)}"
    return (
        f"{row.file} was changed{changed}, and the server has not read it since {timestamp(row.loaded_at)}: what it "
        "says now does not hold."
    )


CHECK = Check(
    id="settings.file_not_reloaded",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("file", None, row.file),
        message=_message,
        fix="SELECT pg_catalog.pg_reload_conf();",
        details=("changed_at", "loaded_at", "late_s"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    requires=Requires(grants=(*GRANTS, "EXECUTE ON FUNCTION pg_catalog.pg_stat_file(text, boolean)")),
)
