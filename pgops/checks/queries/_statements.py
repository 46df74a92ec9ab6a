"""What the checks of pg_stat_statements share: what must be there, how it is asked, and what names a statement.

Its texts come from all databases, and the server converts each to the encoding of the one that asks. One that can't be
converted (of a database in SQL_ASCII, or in UTF8 where LATIN1 asks) fails the whole view, so each question can also be
asked without them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pgops.checks.api import Query, Requires
from pgops.findings import Target

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

NAMES: LiteralString = """
       d.datname::text                               AS database,
       pg_catalog.pg_get_userbyid(s.userid)::text    AS "user",
       s.queryid,
       s.toplevel                                    AS toplevel,
       s.calls,
"""
"""The columns that say which statement it is; `d` is its database."""

FROM: LiteralString = """
  FROM <<pg_stat_statements>>.pg_stat_statements AS s
  LEFT JOIN pg_catalog.pg_database AS d ON d.oid = s.dbid  -- it may have been dropped since
 WHERE s.queryid IS NOT NULL
   AND (%(all_databases)s::bool OR d.datname = pg_catalog.current_database())
"""
"""Where they stand: of this database, or with the limit `all_databases` of all."""


def asked_by_version(**by_version: LiteralString) -> tuple[Query, ...]:
    """The queries of a check by the extension's version: `v1_9=SQL`. Before 1.9 there is no `toplevel`."""
    if "v1_8" not in by_version:
        by_version["v1_8"] = by_version["v1_9"].replace("s.toplevel  ", "NULL::bool  ")
    return tuple(
        Query(
            since=14,
            extension=("pg_stat_statements", version.removeprefix("v").replace("_", ".")),
            sql=sql,
            without_texts=sql.replace(STATEMENTS, "<<pg_stat_statements>>.pg_stat_statements(FALSE) AS s"),
        )
        for version, sql in sorted(by_version.items())
    )


class Statement(Protocol):
    """What every row about a statement has."""

    @property
    def database(self) -> str | None: ...
    @property
    def user(self) -> str: ...
    @property
    def queryid(self) -> int: ...
    @property
    def toplevel(self) -> bool | None: ...


def query_target(row: Statement) -> Target:
    """The identity of a counted statement: role, database, query id and whether it ran inside another one."""
    inside = ("nested",) if row.toplevel is False else ()
    return Target("query", None, row.user, str(row.queryid), also=(row.database or "", *inside))


_MESSAGE_CHARS = 100


def shortened(text: str) -> str:
    """A statement's text on one line, for a message."""
    text = " ".join(text.split())
    return text if len(text) <= _MESSAGE_CHARS else text[: _MESSAGE_CHARS - 1] + "…"
