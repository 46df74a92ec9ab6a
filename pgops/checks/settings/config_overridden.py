"""Setting that stands in the configuration twice, with different values.

The last line wins: ALTER SYSTEM's file before all others, an included file before what stood above it. Whoever edits
the line that loses, and reloads, changes nothing and wonders. Remove one of the two; `ALTER SYSTEM RESET` removes the
one in postgresql.auto.conf.

INFO, since what holds is well defined. Values that initdb has written and somebody overrides, as is usual, are left
out. A false alarm: a tool (Patroni, a hosting service) that keeps the second file.

Manual: section 19.1.2; "pg_file_settings".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, Requires, Scope
from pgops.checks.judging import each_row
from pgops.checks.settings._files import GRANTS
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    name: str
    value: str | None
    file: str
    line: int
    winning_value: str | None
    winning_file: str
    winning_line: int


SQL = """
WITH line AS MATERIALIZED (
  SELECT f.*, pg_catalog.lower(f.name) AS key
    FROM pg_catalog.pg_file_settings AS f
   WHERE f.name IS NOT NULL
), last AS (
  SELECT DISTINCT ON (l.key) l.* FROM line AS l ORDER BY l.key, l.seqno DESC
)
SELECT l.name,
       l.setting         AS value,
       l.sourcefile      AS file,
       l.sourceline      AS line,
       last.setting      AS winning_value,
       last.sourcefile   AS winning_file,
       last.sourceline   AS winning_line
  FROM line AS l
  JOIN last ON last.key = l.key AND last.seqno > l.seqno
 WHERE l.setting IS DISTINCT FROM last.setting
   -- what initdb writes, as it comes
   AND (l.key, l.setting) NOT IN (('max_connections', '100'), ('shared_buffers', '128MB'), ('max_wal_size', '1GB'),
                                  ('min_wal_size', '80MB'))
   AND l.key NOT IN ('timezone', 'log_timezone', 'datestyle', 'default_text_search_config')
   AND NOT pg_catalog.starts_with(l.key, 'lc_')
 ORDER BY l.key, l.seqno
"""

CHECK = Check(
    id="settings.config_overridden",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.INFO,
        target=lambda row: Target("setting", None, row.name, also=(row.file,)),
        message=lambda row, _: (
            f"{row.name} = {row.value} in {row.file}, line {row.line}, is overridden by {row.winning_value} in "
            f"{row.winning_file}, line {row.winning_line}."
        ),
        details=("value", "file", "line", "winning_value", "winning_file", "winning_line"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    requires=Requires(grants=GRANTS),
)
