"""What the checks of pg_stat_statements share: what must be there, how it is asked, and what names a statement.

Its texts come from all databases, and the server converts each to the encoding of the one that asks. One that can't be
converted (of a database in SQL_ASCII, or in UTF8 where LATIN1 asks) fails the whole view, so each question can also be
asked without them.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Loosest, Query, Requires, limit
from pgops.findings import Target
from pgops.secret import without_passwords

if TYPE_CHECKING:
    from typing import LiteralString

# With these off the extension is there and empty, and no query looks slow.
_USELESS = (("compute_query_id", "off"), ("pg_stat_statements.track", "none"))

READS_STATEMENTS = Requires(
    role="pg_read_all_stats", extension="pg_stat_statements", extension_version="1.8", useless=_USELESS
)

STATEMENTS: LiteralString = "<<pg_stat_statements>>.pg_stat_statements AS s"

TEXT: LiteralString = """
       COALESCE(CASE WHEN %(query_chars)s::int > 0 THEN pg_catalog.left(s.query, %(query_chars)s::int)
                     ELSE s.query END, '(a text that can''t be shown)') AS query
"""
"""The column `query`, cut to the limit `query_chars`."""

_SINCE: LiteralString = "(SELECT i.stats_reset FROM <<pg_stat_statements>>.pg_stat_statements_info AS i)"

NAMES: LiteralString = f"""
       d.datname::text                               AS database,
       pg_catalog.pg_get_userbyid(s.userid)::text    AS "user",
       s.queryid,
       s.toplevel                                    AS toplevel,
       {_SINCE} AS counted_since,
       s.calls,
"""
"""The columns that say which statement it is; `d` is its database."""

FROM: LiteralString = """
  FROM <<pg_stat_statements>>.pg_stat_statements AS s
  LEFT JOIN pg_catalog.pg_database AS d ON d.oid = s.dbid  -- it may have been dropped since
 CROSS JOIN (SELECT pg_catalog.current_setting('block_size')::bigint AS bytes) AS page
 WHERE s.queryid IS NOT NULL
   AND (%(all_databases)s::bool OR d.datname = pg_catalog.current_database())
"""
"""Where they stand: of this database, or with the limit `all_databases` of all."""


def asked_by_version(*, since: int = 14, **by_version: LiteralString) -> tuple[Query, ...]:
    """The queries of a check by the extension's version: `v1_9=SQL`. Before 1.9 there is no `toplevel`, and no info."""
    if "v1_9" in by_version:
        older = by_version["v1_9"].replace("s.toplevel  ", "NULL::bool  ").replace(_SINCE, "NULL::timestamptz")
        by_version.setdefault("v1_8", older)
    return tuple(
        Query(
            since=since,
            extension=("pg_stat_statements", version.removeprefix("v").replace("_", ".")),
            sql=sql,
            without_texts=sql.replace(STATEMENTS, "<<pg_stat_statements>>.pg_stat_statements(FALSE) AS s"),
        )
        for version, sql in sorted(by_version.items())
    )


@attrs.frozen(kw_only=True)
class Statement:
    """What every row about a statement has."""

    database: str | None
    user: str
    queryid: int
    toplevel: bool | None
    counted_since: datetime | None
    """When pg_stat_statements was last reset; None before its version 1.9."""
    calls: int
    query: str = attrs.field(converter=without_passwords)


@attrs.frozen(kw_only=True)
class StatementLimits:
    """Which statements are looked at, and how much of their text."""

    top: int = limit(20, unit="queries", doc="How many to look at, the worst first.", loosest=Loosest.HIGHEST)
    query_chars: int = limit(
        300, unit="characters", doc="Cut the query's text to this length; 0 leaves it whole.", loosest=Loosest.HIGHEST
    )
    all_databases: bool = limit(
        False, unit="yes or no", doc="Look at all databases, not only this one.", loosest=Loosest.HIGHEST
    )


def query_target(row: Statement) -> Target:
    """The identity of a counted statement: role, database, query id and whether it ran inside another one."""
    inside = ("nested",) if row.toplevel is False else ()
    return Target("query", None, row.user, str(row.queryid), also=(row.database or "", *inside))


def since(row: Statement) -> str:
    """` since 2026-11-25 10:00 UTC`, for a message, or nothing where nobody knows."""
    return "" if row.counted_since is None else f" since {row.counted_since:%Y-%m-%d %H:%M} UTC"


_MESSAGE_CHARS = 100


def shortened(text: str) -> str:
    """A statement's text on one line, for a message."""
    text = " ".join(text.split())
    return text if len(text) <= _MESSAGE_CHARS else text[: _MESSAGE_CHARS - 1] + "…"
