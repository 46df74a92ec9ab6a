"""pg_stat_statements is not there, or does not count.

Which queries take the server's time nobody can say without it: the log shows single slow ones, not the quick one that
runs ten thousand times a minute. It comes with PostgreSQL, has to be in shared_preload_libraries (a restart) and made
as an extension in one database, which then shows all; it costs a few percent at most.

INFO. A false alarm where another tool counts (pg_stat_monitor, a vendor's own).

Manual: appendix F, "pg_stat_statements".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query
from pgops.findings import Finding, Severity, Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import NoLimits, Seen


@attrs.frozen(kw_only=True)
class Row:
    loaded: bool
    installed: bool
    counting: bool
    """Whether it counts at all: its own setting, and compute_query_id."""
    available: bool
    """Whether its files are on the server."""


SQL = """
-- a setting of that name may stand in postgresql.conf without the library; then pg_settings does not list it
SELECT EXISTS (SELECT FROM pg_catalog.pg_settings AS l WHERE l.name = 'pg_stat_statements.track') AS loaded,
       EXISTS (SELECT
                 FROM pg_catalog.pg_extension AS e
                WHERE e.extname = 'pg_stat_statements')                           AS installed,
       COALESCE(pg_catalog.current_setting('pg_stat_statements.track', TRUE), '') <> 'none'
       AND pg_catalog.current_setting('compute_query_id') <> 'off'                AS counting,
       EXISTS (SELECT
                 FROM pg_catalog.pg_available_extensions AS a
                WHERE a.name = 'pg_stat_statements')                              AS available
"""

_TARGET = Target("extension", None, "pg_stat_statements")


def judge(rows: Sequence[Row], seen: Seen[NoLimits]) -> Iterator[Finding]:
    for row in rows:
        fix = None
        if not row.available:
            said = "Its files are not on the server: install the contrib modules."
        elif not row.loaded:
            said = "Add it to shared_preload_libraries, to what stands there, and restart the server."
        elif not row.installed:
            said = f"It is loaded, and the database {seen.server.database} has no extension to read it by."
            fix = "CREATE EXTENSION pg_stat_statements;"
        elif not row.counting:
            said = "It is told not to count: look at pg_stat_statements.track and compute_query_id."
        else:
            continue
        yield Finding(
            Severity.INFO,
            _TARGET,
            f"Nobody counts which queries take the server's time. {said}",
            fix,
            details=attrs.asdict(row),
        )


CHECK = Check(
    id="queries.statements_unavailable",
    doc=__doc__,
    row=Row,
    judge=judge,
    queries=[Query(since=14, sql=SQL)],
    known_as=("pghero: query stats",),
)
