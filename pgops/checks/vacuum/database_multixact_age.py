"""Database near multixact id wraparound.

Where several transactions lock one row together (foreign keys do, and SELECT FOR SHARE) the row carries a multixact id.
These ids wrap around as transaction ids do: VACUUM has to replace the old ones, and where it fails to, the server at
last refuses every command that would need a new one. The age of a database is that of its oldest table: see
`vacuum.table_multixact_age`, run there.

Up to autovacuum_multixact_freeze_max_age is the normal sawtooth. A WARNING comes at `warn_ratio` times that, for then
autovacuum has failed for long; critical is `crit_ratio` times, or vacuum_multixact_failsafe_age if that is less. An old
transaction or prepared transaction that took part in a multixact keeps VACUUM from replacing it. The members of
multixacts run out by themselves: see `vacuum.multixact_members`.

Manual: section 24.1.5.1, "Multixacts and Wraparound".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Metric, Query, Scope, Seen, limit
from pgops.checks.vacuum._multixacts import in_words, severity_of
from pgops.findings import Finding, Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@attrs.frozen(kw_only=True)
class Row:
    database: str
    takes_connections: bool
    multixact_age: int
    freeze_max_age: int
    server_freeze_max_age: int
    failsafe_age: int
    stop_age: int


@attrs.frozen(kw_only=True)
class Limits:
    warn_ratio: float = limit(2.0, unit="x", doc="A WARNING from this many times the freeze age on.")
    crit_ratio: float = limit(4.0, unit="x", doc="Critical from this many times the freeze age on.")


SQL = """
SELECT d.datname::text                            AS database,
       d.datallowconn                             AS takes_connections,
       -- 0 is no multixact, and mxid_age would make 2,147,483,647 of it
       CASE WHEN d.datminmxid = '0'::xid THEN 0 ELSE pg_catalog.mxid_age(d.datminmxid) END AS multixact_age,
       s.freeze_max_age,
       s.freeze_max_age                           AS server_freeze_max_age,
       pg_catalog.current_setting('vacuum_multixact_failsafe_age')::int AS failsafe_age,
       2144483648                                 AS stop_age
  FROM pg_catalog.pg_database AS d
 CROSS JOIN (SELECT pg_catalog.current_setting('autovacuum_multixact_freeze_max_age')::int AS freeze_max_age) AS s
 ORDER BY multixact_age DESC, d.datname
"""


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding]:
    for row in rows:
        severity = severity_of(row, seen.limits_for(row))
        if severity is None:
            continue
        target = _target(row)
        here = row.database == seen.server.database
        if not row.takes_connections:
            way = f" It takes no connections: ALTER DATABASE {target} ALLOW_CONNECTIONS true, then VACUUM in it."
        else:
            way = "" if here else " VACUUM has to be run in that database."
        yield Finding(
            severity,
            target,
            f"The oldest multixact of the database is {in_words(row)}.{way}",
            "VACUUM;" if here else None,
            details={"multixact_age": row.multixact_age},
        )


def _target(row: Row) -> Target:
    return Target("database", None, row.database)


CHECK = Check(
    id="vacuum.database_multixact_age",
    aliases=("xid_wraparound",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    standby=False,
    metrics=(Metric(value="multixact_age", limit="stop_age"),),
)
