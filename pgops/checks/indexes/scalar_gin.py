"""GIN index of nothing but plain values.

The extension btree_gin lets a GIN index hold numbers, times and short texts, so that one index can have such a column
beside an array, a jsonb or a text search vector. Alone they are better off in a btree index: a GIN index can't be
unique, gives no order, answers `=` no faster, takes its writes through a pending list that a search has to read too,
and several of its columns are searched one by one.

INFO where all columns of a GIN index are of btree_gin's operator classes. It is a false alarm where any subset of many
columns is searched for, each by itself: there one GIN index may do for many.

Manual: appendix F, "btree_gin"; section 11.3, "Multicolumn Indexes".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.checks.relations import OF_USERS
from pgops.findings import Severity, Target, as_tuple


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    index: str
    columns: tuple[str, ...] = attrs.field(converter=as_tuple)
    """Expressions are left out."""


SQL = """
WITH scalar AS MATERIALIZED (
    SELECT d.objid
      FROM pg_catalog.pg_depend AS d
      JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
     WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
       AND d.classid = 'pg_catalog.pg_opclass'::pg_catalog.regclass
       AND d.deptype = 'e'
       AND e.extname = 'btree_gin'
)
SELECT n.nspname::text AS schema,
       c.relname::text AS "table",
       i.relname::text AS "index",
       ARRAY(SELECT a.attname::text
               FROM pg_catalog.unnest(x.indkey::int2[]) WITH ORDINALITY AS k(attnum, nth)
               JOIN pg_catalog.pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = k.attnum
              ORDER BY k.nth) AS columns
  FROM pg_catalog.pg_class AS i
  JOIN pg_catalog.pg_index AS x ON x.indexrelid = i.oid
  JOIN pg_catalog.pg_class AS c ON c.oid = x.indrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE EXISTS (SELECT FROM scalar)
   AND i.relam = (SELECT m.oid FROM pg_catalog.pg_am AS m WHERE m.amname = 'gin')
   AND NOT i.relispartition  -- it goes with its parent
   AND NOT EXISTS (SELECT FROM pg_catalog.unnest(x.indclass::oid[]) AS o(oid)
                    WHERE o.oid NOT IN (SELECT s.objid FROM scalar AS s))
   AND <of users>
 ORDER BY n.nspname, i.relname
""".replace("<of users>", OF_USERS)


def _message(row: Row, _limits: object) -> str:
    names = ", ".join(str(Target("column", None, name)) for name in row.columns) or "an expression"
    return f"The GIN index holds nothing but plain values ({names}): a btree index serves them better."


CHECK = Check(
    id="indexes.scalar_gin",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.INFO,
        target=lambda row: Target("index", row.schema, row.index),
        message=_message,
        details=("table", "columns"),
    ),
    queries=[Query(since=14, sql=SQL)],
)
