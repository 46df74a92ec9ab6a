"""Published table with the replica identity FULL.

Each UPDATE and DELETE of such a table writes the whole old row to the WAL, and the subscriber finds its row by
comparing all columns: from PostgreSQL 16 with the help of an index that will do, before and otherwise by reading the
whole table for each row. A large table, or an UPDATE of many rows, brings the subscription to a standstill.

INFO; the remedy makes the primary key, or a unique index over NOT NULL columns, the identity. Where there is none,
give it a key. It is a false alarm for a small table, and where whoever reads the changes wants whole old rows (change
data capture, an audit).

Manual: section 29.1.1, "Replica Identity"; ALTER TABLE, REPLICA IDENTITY.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.checks.schema._published import PUBLISHED, PUBLISHED_IN_SCHEMAS
from pgops.findings import Severity, Target, as_tuple, quote_identifier

if TYPE_CHECKING:
    from typing import LiteralString


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    rows: int
    """As VACUUM or ANALYZE estimated them."""
    publications: tuple[str, ...] = attrs.field(converter=as_tuple)
    unique_index: str | None
    """A unique index that could be the identity as it is."""
    primary_key: bool
    """Whether that is the primary key."""


_SQL: LiteralString = """
WITH RECURSIVE <published>
SELECT n.nspname::text                      AS schema,
       c.relname::text                      AS "table",
       GREATEST(c.reltuples, 0)::bigint     AS rows,
       p.publications,
       u.relname::text                      AS unique_index,
       COALESCE(u.indisprimary, FALSE)      AS primary_key
  FROM published AS p
  JOIN pg_catalog.pg_class AS c ON c.oid = p.oid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN LATERAL (SELECT i.relname, x.indisprimary
                       FROM pg_catalog.pg_index AS x
                       JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
                      WHERE x.indrelid = c.oid
                        AND x.indisunique AND x.indisvalid AND x.indimmediate
                        AND x.indpred IS NULL AND x.indexprs IS NULL
                        AND NOT EXISTS (SELECT
                                          FROM pg_catalog.pg_attribute AS a
                                         WHERE a.attrelid = c.oid
                                           AND a.attnum = ANY (x.indkey)
                                           AND NOT a.attnotnull)
                      ORDER BY x.indisprimary DESC, x.indnkeyatts, i.relname
                      LIMIT 1) AS u ON TRUE
 WHERE c.relreplident = 'f'
   AND n.nspname <> 'information_schema'
 ORDER BY GREATEST(c.reltuples, 0) DESC, n.nspname, c.relname
"""


def _message(row: Row, _: object) -> str:
    names = ", ".join(quote_identifier(name) for name in row.publications)
    return (
        f"The table of about {row.rows:,} rows is published ({names}) with the replica identity FULL: subscribers find "
        "a changed row by comparing all of its columns."
    )


def _fix(row: Row, _: object) -> str | None:
    if row.unique_index is None:
        return None
    way = "DEFAULT" if row.primary_key else f"USING INDEX {quote_identifier(row.unique_index)}"
    return f"ALTER TABLE {Target('table', row.schema, row.table)} REPLICA IDENTITY {way};"


CHECK = Check(
    id="schema.replica_identity_full",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.INFO,
        target=lambda row: Target("table", row.schema, row.table),
        message=_message,
        fix=_fix,
        details=("rows", "publications"),
    ),
    queries=[
        Query(since=14, sql=_SQL.replace("<published>", PUBLISHED)),
        Query(since=15, sql=_SQL.replace("<published>", PUBLISHED_IN_SCHEMAS)),
    ],
)
