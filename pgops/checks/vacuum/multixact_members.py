"""The space for multixact members runs out.

A multixact is a list of transactions, and all lists together have room for 4,294,967,296 members. Few multixacts with
many members each (hundreds of sessions that insert rows of one parent) fill it long before the ids run out, and then
every lock or insert that needs a new one fails, in all databases. From half of it on autovacuum freezes more and more
eagerly, at three quarters every table that has any; so a share that stays a little above a half is autovacuum at work,
and a WARNING comes at `warn_pct`. `vacuum.table_multixact_age` shows the tables with the oldest.

PostgreSQL 14 to 18 tell nobody how many members there are. They fill the files of pg_multixact/members one after
another, so their number tells, to one file. Listing it takes EXECUTE on pg_ls_dir, which is a superuser's unless it is
granted; managed services may not grant it. Without it the check is skipped: nothing else that SQL can see tells. From
PostgreSQL 19 on there is no such limit, and nothing is judged.

Manual: section 24.1.5.1, "Multixacts and Wraparound"; multixact.c, MULTIXACT_MEMBER_DANGER_THRESHOLD.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Metric, Query, Requires, Scope, Seen, limit
from pgops.checks.judging import by
from pgops.findings import Finding, Target, Unseen
from pgops.render.quantities import percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@attrs.frozen(kw_only=True)
class Row:
    members: int
    """At most: the last file is not full."""
    most: int
    used_pct: float


@attrs.frozen(kw_only=True)
class Limits:
    warn_pct: float = limit(60.0, unit="%", doc="A WARNING from this share of the space on.")
    crit_pct: float = limit(80.0, unit="%", doc="Critical from this share of the space on.")


# A page holds groups of four members in 20 bytes, a file 32 pages (multixact.c).
SQL = """
SELECT m.members,
       4294967296                              AS most,
       100 * m.members / 4294967296::float8    AS used_pct
  FROM (SELECT pg_catalog.count(*)
               * 32 * 4 * (pg_catalog.current_setting('block_size')::int / 20) AS members
          FROM pg_catalog.pg_ls_dir('pg_multixact/members', TRUE, FALSE) AS f (name)
         WHERE f.name ~ '^[0-9A-F]{4,}$') AS m
"""

_severity = by("used_pct", warning="warn_pct", critical="crit_pct")
_LIMITED_UNTIL = 18


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    target = Target("multixact members", None, "server")
    for row in rows:
        if seen.server.major > _LIMITED_UNTIL:
            yield Unseen(target, f"PostgreSQL {seen.server.major} keeps them otherwise, without this limit")
            continue
        severity = _severity(row, seen.limits_for(row))
        if severity is not None:
            yield Finding(
                severity,
                target,
                f"About {row.members:,} multixact members are kept, {percent(row.used_pct)} of the space for them; at "
                "100 % inserts and locks that need a new multixact fail. VACUUM (FREEZE) the tables with the oldest "
                "multixacts, and end old transactions first.",
                details={"members": row.members, "used_pct": row.used_pct},
            )


CHECK = Check(
    id="vacuum.multixact_members",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=lambda _: Target("multixact members", None, "server"),
    queries=[Query(since=14, sql=SQL)],
    requires=Requires(grants=("EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text, boolean, boolean)",)),
    scope=Scope.CLUSTER,
    metrics=(Metric(value="members", limit="most"),),
)
