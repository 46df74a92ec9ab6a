"""Column of a type that is better replaced.

- money knows no currency: it is written and read by the session's `lc_monetary`, so another setting, or a dump
  restored elsewhere, makes 100 yen of 100 dollars, and dividing rounds. numeric, with the currency in a column of its
  own, has none of that.
- timestamp without time zone holds what a clock showed, not a moment: writers with other settings of TimeZone mix
  moments that can't be told apart, and the hour in autumn comes twice. timestamptz takes the same space and holds the
  moment.
- time with time zone holds a zone without the day that would say what the zone means.
- char(n) is padded with spaces that come back when read, are ignored by `=` and not by LIKE, and vanish when cast to
  text. It is no faster than text. char(1) is never padded, and left out by `min_characters`.
- json is parsed anew each time it is read; it has no equality, so DISTINCT, GROUP BY and UNION fail, and no index
  serves what it contains. jsonb is parsed once.
- real and double precision hold most decimal fractions only nearly, so that sums of money depend on the order of
  rows. This goes by the name of the column alone (`price`, `amount`, `balance`, `salary` and the like), as the
  confidence says.

INFO. False alarms: opening hours, and a database that keeps everything in UTC by agreement (timestamp); a text whose
spelling or order of keys matters (json); codes whose values all have the same length (char); what a model estimates
(real). `leave_out` takes types out for good. Changing a type rewrites the table under ACCESS EXCLUSIVE, so it is for
a person to plan.

An array of such a type, or a domain over it, counts as well. What a partition or an inheriting table has from its
parent is told of the parent alone. `schema.serial_column` tells of serial.

Manual: chapter 8, "Data Types"; PostgreSQL wiki, "Don't Do This".
"""

from __future__ import annotations

import re

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.checks.judging import each_row
from pgops.checks.relations import OF_USERS
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    column: str
    type: str
    """As it is declared; an array of the discouraged one, or a domain, shows itself."""
    discouraged: str
    """`money`, `timestamp`, `timetz`, `char`, `json` or `float`."""
    rows: int
    """Of the table, as VACUUM or ANALYZE estimated them."""


@attrs.frozen(kw_only=True)
class Limits:
    leave_out: str = limit(
        "", unit="types", doc="Of money, timestamp, timetz, char, json and float those to leave out, by commas."
    )
    min_characters: int = limit(2, unit="characters", doc="Leave out columns of char(n) with fewer.")


# The type comes first, kept apart by OFFSET 0: pg_attribute is the largest catalogue, and the other conditions look at
# fields so far behind in its rows that to reach them takes longer than all the rest.
SQL = """
WITH RECURSIVE domain AS MATERIALIZED (
  SELECT t.oid, t.typbasetype AS base
    FROM pg_catalog.pg_type AS t
   WHERE t.typtype = 'd'
), sought AS (
  SELECT t.oid, t.typarray, k.discouraged
    FROM (VALUES ('pg_catalog.money'::regtype, 'money'),
                 ('pg_catalog.timestamp'::regtype, 'timestamp'),
                 ('pg_catalog.timetz'::regtype, 'timetz'),
                 ('pg_catalog.bpchar'::regtype, 'char'),
                 ('pg_catalog.json'::regtype, 'json'),
                 ('pg_catalog.float4'::regtype, 'float'),
                 ('pg_catalog.float8'::regtype, 'float')) AS k (type, discouraged)
    JOIN pg_catalog.pg_type AS t ON t.oid = k.type
   UNION
  SELECT t.oid, t.typarray, s.discouraged
    FROM sought AS s
   CROSS JOIN LATERAL (SELECT s.typarray AS oid
                        UNION ALL
                       SELECT d.oid FROM domain AS d WHERE d.base = s.oid) AS made
    JOIN pg_catalog.pg_type AS t ON t.oid = made.oid
), held AS (
  SELECT a.*, s.discouraged
    FROM pg_catalog.pg_attribute AS a
    JOIN sought AS s ON s.oid = a.atttypid
  OFFSET 0
)
SELECT n.nspname::text                                      AS schema,
       c.relname::text                                      AS "table",
       a.attname::text                                      AS "column",
       pg_catalog.format_type(a.atttypid, a.atttypmod)      AS type,
       a.discouraged,
       GREATEST(c.reltuples, 0)::bigint                     AS rows
  FROM held AS a
  JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE a.attnum > 0
   AND NOT a.attisdropped
   AND a.attinhcount = 0
   AND c.relkind IN ('r', 'p')
   AND c.relpersistence <> 't'
   AND <of users>
   AND CASE a.discouraged
            -- unit_price, unitPrice; a tax_rate is none
            WHEN 'float' THEN (a.attname ~* '(^|_)(<money>)s?(_|$)' OR a.attname ~ '[a-z](<Money>)s?([A-Z]|$)')
                              AND a.attname !~* '(rate|pct|percent|percentage|ratio|factor)s?$'
            ELSE TRUE END
 ORDER BY c.reltuples DESC, c.oid, a.attnum
"""

# Of columns that hold money, in English.
_MONEY = "price|amount|balance|salary|wage|revenue|fee|tax|vat|discount|subtotal|payment|credit|debit"

_WHY = {
    "money": "its values change with lc_monetary; numeric and a currency beside it do not",
    "timestamp": "which moment a value means depends on a zone that it does not hold; timestamptz holds the moment",
    "timetz": "a zone means nothing without a day; timestamptz has both",
    "char": "its values are padded with spaces, which only some comparisons see; text is not",
    "json": "it is parsed at each reading and has no equality; jsonb has neither fault",
    "float": "by its name it holds money, which this type rounds; numeric is exact",
}
_LENGTH = re.compile(r"character[(]([0-9]+)[)]")


def _severity(row: Row, limits: Limits) -> Severity | None:
    if limits.leave_out and row.discouraged in re.split(r"[,\s]+", limits.leave_out):
        return None
    if row.discouraged == "char":
        length = _LENGTH.match(row.type)  # a domain shows its own name, and counts
        if length is not None and int(length[1]) < limits.min_characters:
            return None
    return Severity.INFO


CHECK = Check(
    id="schema.discouraged_type",
    aliases=("money_column", "timestamp_without_time_zone", "char_column", "json_column", "float_money_column"),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("column", row.schema, row.table, row.column),
        message=lambda row, _: f"The column is {row.type}: {_WHY[row.discouraged]}.",
        confidence=lambda row: 0.6 if row.discouraged == "float" else None,
    ),
    queries=[
        Query(
            since=14,
            sql=SQL.replace("<of users>", OF_USERS).replace("<money>", _MONEY).replace("<Money>", _MONEY.title()),
        )
    ],
    known_as=(
        "pg-index-health: columns with json type",
        "pg-index-health: columns with money type",
        "pg-index-health: columns with timestamp or timetz type",
    ),
)
