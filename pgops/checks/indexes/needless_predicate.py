"""Index that leaves out NULL where there is none.

`WHERE column IS NOT NULL` makes an index small where most rows have no value. On a column that is NOT NULL, often one
that became so later, it leaves nothing out and costs: a query has to prove the predicate, which it does by comparing
that column, and not by what the table says. From PostgreSQL 17 on the planner even drops the query's own `IS NOT NULL`
before it looks for a proof. No foreign key can refer to a unique one, and ON CONFLICT has to repeat the predicate.

INFO. A constraint that is not validated (NOT NULL ... NOT VALID, PostgreSQL 18) does not count: there may be NULL; nor
does a column of a composite type, which IS NOT NULL asks for each of its fields. It is a false alarm where every query
compares the column. The remedy is to make the index without the predicate and drop this one: which ON CONFLICT clauses
repeat it is for a person to know.

Manual: section 11.8, "Partial Indexes".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.checks.relations import OF_USERS
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    index: str
    column: str
    is_unique: bool
    whole: bool
    """Whether the predicate says nothing else."""


SQL = """
SELECT n.nspname::text AS schema,
       c.relname::text AS "table",
       i.relname::text AS "index",
       pg_catalog.min(a.attname::text) AS "column",
       x.indisunique   AS is_unique,
       pg_catalog.bool_or(x.indpred::text ~ '^[{]NULLTEST') AS whole
  FROM (SELECT p.*
          FROM pg_catalog.pg_index AS p
         WHERE p.indpred IS NOT NULL
           AND pg_catalog.strpos(p.indpred::text, 'NULLTEST') > 0  -- the pattern costs ten times as much
        OFFSET 0) AS x
 CROSS JOIN LATERAL pg_catalog.regexp_matches(
       -- IS NOT NULL (1; IS NULL is 0) of a plain column
       x.indpred::text,
       '[{]NULLTEST :arg [{]VAR [^{}]*:varattno ([0-9]+) [^{}]*[}] :nulltesttype 1 :argisrow false ',
       'g') AS test(found)
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = test.found[1]::int2
  JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
  JOIN pg_catalog.pg_class AS c ON c.oid = x.indrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE a.attnotnull
   AND NOT i.relispartition  -- it goes with its parent
   AND <of users>
   -- rows of kind 'n' from PostgreSQL 18
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
                    WHERE k.conrelid = x.indrelid AND k.contype = 'n' AND k.conkey[1] = a.attnum AND NOT k.convalidated)
 GROUP BY n.nspname, c.relname, i.relname, x.indisunique
 ORDER BY n.nspname, i.relname
""".replace("<of users>", OF_USERS)


def _message(row: Row, _limits: object) -> str:
    column = Target("column", None, row.column)
    which = "The predicate of the index" if row.whole else "A condition in the predicate of the index"
    message = f"{which}, {column} IS NOT NULL, is always true, since the column is NOT NULL"
    return (
        f"{message}; without it ON CONFLICT and foreign keys could use the index." if row.is_unique else f"{message}."
    )


CHECK = Check(
    id="indexes.needless_predicate",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.INFO,
        target=lambda row: Target("index", row.schema, row.index),
        message=_message,
        details=("table", "column", "is_unique", "whole"),
    ),
    queries=[Query(since=14, sql=SQL)],
    known_as=("pg-index-health: indexes with unnecessary where clause",),
)
