"""Configuration file that has an error.

A line that the server can't take (a typing error, a value out of range, a setting that an upgrade has removed) makes a
reload pass over the whole change, with one line in the log. The server runs on with what it had, and refuses to start
the next time.

Each line is judged as the files stand now, loaded or not. A setting that merely waits for a restart is left to
settings.pending_restart. Only superusers read the files, and whoever they grant it to.

Manual: section "pg_file_settings".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, Requires, Scope
from pgops.checks.judging import each_row
from pgops.checks.settings._files import GRANTS
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    name: str | None
    """None where the line as a whole can't be read."""
    file: str | None
    line: int | None
    error: str


SQL = """
SELECT f.name,
       f.sourcefile AS file,
       f.sourceline AS line,
       f.error
  FROM pg_catalog.pg_file_settings AS f
 WHERE f.error IS NOT NULL
   -- A sound value that waits for a restart has an error, too, in the same words as one that is wrong. Reading the
   -- files marks those that wait, so look at the marks afterwards, row by row.
   AND NOT COALESCE((SELECT s.pending_restart
                       FROM pg_catalog.pg_settings AS s
                      WHERE pg_catalog.lower(s.name) = pg_catalog.lower(f.name)), FALSE)
 ORDER BY f.sourcefile, f.sourceline, f.name
"""


def _message(row: Row, _: object) -> str:
    what = f"The line of {row.name}" if row.name else "A line"
    where = f" ({row.file}, line {row.line})" if row.file else ""
    return f"{what} in the configuration{where} is wrong: {row.error}. The server would not start with it."


CHECK = Check(
    id="settings.file_error",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.CRITICAL,
        target=lambda row: Target("setting", None, row.name or row.file or "configuration"),
        message=_message,
        details=("file", "line", "error"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    requires=Requires(grants=GRANTS),
)
