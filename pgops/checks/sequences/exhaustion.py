"""Sequence that will soon be used up.

When a sequence has given its last value every INSERT that asks it for one fails. An integer key ends at 2,147,483,647,
and values are used up by rolled back inserts and by ON CONFLICT too, so the number of rows says little.

The limit is the lesser of the sequence's own (its type, or a MAXVALUE) and that of the columns it feeds, smallint,
integer or numeric of few digits: the columns that own it, identity columns, and those whose default is its nextval
without owning it. A default that calculates with the value (`nextval('x') % 16`) may stay small for ever, and does not
count. A serial column that was changed to bigint keeps its integer sequence: that is mended at once. A
column that is too small has to become bigint, which rewrites the table under ACCESS EXCLUSIVE, or in steps with a new
column; that is for a person to plan.

Descending sequences are judged towards their MINVALUE. A sequence that cycles is never used up, unless its column ends
first. What a default made of text hides (`nextval('x'::text)`) nobody can see in the catalogue: then only the
sequence's own limit counts.

A sequence that the role may not read is not judged, nor one that somebody is altering now. Reading one takes a lock
until the end of the check, before PostgreSQL 18; of very many only so many are read as half of the lock table holds,
those first that are most likely used up by the size of type and table. There a sequence that was restarted is seen
only when it has given a value. Temporary sequences are left out.

Manual: CREATE SEQUENCE; section 9.17, "Sequence Manipulation Functions"; section 8.1.4, "Serial Types".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Metric, Query, Seen, limit
from pgops.checks.judging import by
from pgops.findings import Finding, Target, Unseen, quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    sequence: str
    sequence_type: str
    increment: int
    cycles: bool
    table_schema: str | None
    table: str | None
    column: str | None
    column_type: str | None
    columns: int
    limited_by: str
    limit_value: int
    last_value: int | None
    left_values: int | None
    used_pct: float | None
    wider_type: str | None
    unread: str | None


@attrs.frozen(kw_only=True)
class Limits:
    warn_pct: float = limit(80.0, unit="%", doc="A warning when this share of the values has been used.")
    crit_pct: float = limit(90.0, unit="%", doc="Critical when this share of the values has been used.")
    list_pct: float = limit(1.0, unit="%", doc="Rows, and so forecasts, only of sequences used as much as this.")


# Of the columns that a sequence feeds the one that ends first.
TIGHTEST = """
  SELECT DISTINCT ON (t.sequence)
         t.sequence,
         GREATEST(c.reltuples, pg_catalog.pg_stat_get_tuples_inserted(c.oid), 0)::float8 AS inserted,
         n.nspname,
         c.relname,
         a.attname,
         a.atttypid,
         a.atttypmod
    FROM typed AS t
    JOIN pg_catalog.pg_class AS c ON c.oid = t.relation
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.relation AND a.attnum = t.attnum"""
OF_EACH = """
   ORDER BY t.sequence, t.highest NULLS LAST, t.owned DESC, c.relispartition, n.nspname, c.relname, a.attname"""

# Reads with pg_sequence_last_value keep ROW EXCLUSIVE on each sequence until the end of the transaction.
READ_FEW = """
  SELECT b.oid,
         b.last_value,
         b.last_value::numeric AS given
    FROM (SELECT k.oid, pg_catalog.pg_sequence_last_value(k.oid) AS last_value
            FROM (SELECT u.oid
                    FROM bounded AS u
                    LEFT JOIN (<<tightest>>
                                -- mostly there is room for all, and the order does not matter
                                WHERE (SELECT pg_catalog.count(*) FROM bounded) > (SELECT r.places FROM room AS r)
                              <<of each>>) AS t ON t.sequence = u.oid
                   WHERE u.unread IS NULL
                   ORDER BY t.inserted / GREATEST(pg_catalog.abs(u.last), 1)::float8 DESC NULLS LAST,
                            pg_catalog.abs(u.last),
                            u.oid
                   LIMIT (SELECT r.places FROM room AS r)) AS k) AS b"""

# pg_get_sequence_data (PostgreSQL 18) keeps no lock, and tells a restarted sequence from a fresh one; it wants SELECT.
READ_ALL = """
  SELECT k.oid,
         CASE WHEN v.is_called THEN v.last_value END AS last_value,
         CASE WHEN v.is_called THEN v.last_value ELSE v.last_value - k.seqincrement::numeric END AS given
    FROM (SELECT u.oid, u.seqincrement FROM bounded AS u WHERE u.unread IS NULL AND u.selectable OFFSET 0) AS k
   CROSS JOIN LATERAL pg_catalog.pg_get_sequence_data(k.oid::regclass) AS v
   UNION ALL
  SELECT k.oid, k.last_value, k.last_value
    FROM (SELECT u.oid, pg_catalog.pg_sequence_last_value(u.oid) AS last_value
            FROM bounded AS u
           WHERE u.unread IS NULL
             AND NOT u.selectable) AS k"""

# What pg_attrdef.adbin begins with where nextval's value goes into the column as it is, or cast. pg_get_expr would wait
# for whoever holds ACCESS EXCLUSIVE.
_CASTS = (
    "^([{]FUNCEXPR :funcid [0-9]+ [^{}()]*:funcformat [12] [^{}()]*:args [(]"  # a cast, or one that the parser made
    "|[{](RELABELTYPE|COERCETODOMAIN|COERCEVIAIO) :arg )*"
)

SQL = """
WITH RECURSIVE domain AS (
  SELECT t.oid, t.typbasetype AS base, t.typtypmod AS modifier
    FROM pg_catalog.pg_type AS t
   WHERE t.typtype = 'd'
   UNION ALL
  SELECT d.oid, t.typbasetype, t.typtypmod
    FROM domain AS d
    JOIN pg_catalog.pg_type AS t ON t.oid = d.base
   WHERE t.typtype = 'd'
), busy AS MATERIALIZED (
  -- Who reads a sequence waits for these, held or awaited before: ALTER SEQUENCE, DROP, LOCK.
  SELECT l.relation
    FROM pg_catalog.pg_locks AS l
   WHERE l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
     AND l.locktype = 'relation'
     AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
     AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()  -- NULL for a prepared transaction
), room AS MATERIALIZED (
  SELECT pg_catalog.current_setting('max_locks_per_transaction')::bigint
         * (pg_catalog.current_setting('max_connections')::bigint
            + pg_catalog.current_setting('max_prepared_transactions')::bigint) / 2 AS places
), sequence AS MATERIALIZED (
  SELECT k.*,
         -- SELECT or USAGE will do
         CASE WHEN NOT k.selectable AND NOT pg_catalog.has_sequence_privilege(k.oid, 'USAGE') THEN 'privilege'
              WHEN k.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery() THEN 'standby'
              WHEN k.oid IN (SELECT b.relation FROM busy AS b) THEN 'lock' END AS unread
    FROM (SELECT c.oid,
                 c.relpersistence,
                 s.seqincrement,
                 s.seqmin::numeric AS lowest,
                 s.seqmax::numeric AS highest,
                 pg_catalog.has_sequence_privilege(c.oid, 'SELECT') AS selectable
            FROM pg_catalog.pg_sequence AS s
            JOIN pg_catalog.pg_class AS c ON c.oid = s.seqrelid
           WHERE c.relpersistence <> 't'
          OFFSET 0) AS k
), fed AS (
  -- owned by the column, or its identity; of each by the index, for everything depends on something
  SELECT s.seqrelid AS sequence, o.relation, o.attnum, TRUE AS owned
    FROM pg_catalog.pg_sequence AS s
   CROSS JOIN LATERAL (SELECT d.refobjid AS relation, d.refobjsubid::int2 AS attnum
                         FROM pg_catalog.pg_depend AS d
                        WHERE d.classid = 'pg_catalog.pg_class'::regclass
                          AND d.objid = s.seqrelid
                          AND d.refclassid = 'pg_catalog.pg_class'::regclass
                          AND d.deptype IN ('a', 'i')
                          AND d.refobjsubid > 0
                       OFFSET 0) AS o
   UNION ALL
  -- a default that is nextval, no more; so what it refers to is a sequence
  SELECT d.refobjid, f.adrelid, f.adnum, FALSE
    FROM (SELECT '{FUNCEXPR :funcid '
                 || 'pg_catalog.nextval(regclass)'::pg_catalog.regprocedure::oid || ' ') AS n (call)
   CROSS JOIN pg_catalog.pg_attrdef AS f
    JOIN pg_catalog.pg_depend AS d ON d.objid = f.oid
   WHERE d.classid = 'pg_catalog.pg_attrdef'::regclass
     AND d.refclassid = 'pg_catalog.pg_class'::regclass
     AND d.refobjsubid = 0
     AND CASE WHEN pg_catalog.strpos(f.adbin::text, n.call) > 0  -- the pattern costs ten times as much
              THEN f.adbin::text ~ ('<<casts>>[{]' || pg_catalog.substr(n.call, 2)) END
), feeding AS (
  -- a serial column is both
  SELECT f.sequence, f.relation, f.attnum, pg_catalog.bool_or(f.owned) AS owned
    FROM fed AS f
   GROUP BY f.sequence, f.relation, f.attnum
), typed AS MATERIALIZED (
  SELECT f.sequence,
         f.relation,
         f.attnum,
         f.owned,
         CASE COALESCE(d.base, a.atttypid)
              WHEN 'int2'::regtype THEN 32767
              WHEN 'int4'::regtype THEN 2147483647
              WHEN 'numeric'::regtype THEN digits.highest END::numeric AS highest,
         CASE COALESCE(d.base, a.atttypid)
              WHEN 'int2'::regtype THEN -32768
              WHEN 'int4'::regtype THEN -2147483648
              WHEN 'numeric'::regtype THEN -digits.highest END::numeric AS lowest
    FROM feeding AS f
   CROSS JOIN LATERAL (-- one column of each table: OFFSET keeps the planner from reading them all
                       SELECT t.atttypid, t.atttypmod
                         FROM pg_catalog.pg_attribute AS t
                        WHERE t.attrelid = f.relation AND t.attnum = f.attnum AND NOT t.attisdropped
                       OFFSET 0) AS a
    LEFT JOIN domain AS d ON d.oid = a.atttypid AND NOT EXISTS (SELECT FROM domain AS e WHERE e.oid = d.base)
   CROSS JOIN LATERAL (SELECT COALESCE(d.modifier, a.atttypmod) - 4 AS packed) AS m
    -- numeric(p, s): p is in the upper half, s in the lower eleven bits with a sign (numeric.c, make_numeric_typmod).
   CROSS JOIN LATERAL (SELECT CASE WHEN m.packed < 0 THEN NULL
                                   ELSE (m.packed >> 16) - (((m.packed & 2047) # 1024) - 1024) END AS count) AS p
   CROSS JOIN LATERAL (SELECT CASE WHEN p.count < 19
                                   THEN pg_catalog.power(10::numeric, GREATEST(p.count, 0)::numeric) - 1 END AS highest
                      ) AS digits
), narrowest AS (
  -- Whose end comes first at the one side comes first at the other.
  SELECT t.sequence,
         pg_catalog.count(*)       AS columns,
         pg_catalog.min(t.highest) AS highest,
         pg_catalog.max(t.lowest)  AS lowest
    FROM typed AS t
   GROUP BY t.sequence
), bounded AS MATERIALIZED (
  SELECT s.oid,
         s.seqincrement,
         s.selectable,
         s.unread,
         COALESCE(t.columns, 0) AS columns,
         t.highest AS column_end,
         CASE WHEN s.seqincrement > 0 THEN GREATEST(s.lowest, t.lowest) ELSE LEAST(s.highest, t.highest) END AS first,
         CASE WHEN s.seqincrement > 0 THEN LEAST(s.highest, t.highest) ELSE GREATEST(s.lowest, t.lowest) END AS last,
         CASE WHEN s.seqincrement > 0 THEN t.highest < s.highest ELSE t.lowest > s.lowest END AS by_column
    FROM sequence AS s
    LEFT JOIN narrowest AS t ON t.sequence = s.oid
), read AS MATERIALIZED (<<read>>
), counted AS (
  SELECT b.*,
         r.last_value,
         CASE WHEN b.unread IS NULL AND r.oid IS NULL THEN 'number' ELSE b.unread END AS why_unread,
         -- how many values there are, and how many of them have been given
         CASE WHEN (b.last - b.first) * pg_catalog.sign(b.seqincrement) < 0 THEN 0
              ELSE pg_catalog.div(pg_catalog.abs(b.last - b.first), pg_catalog.abs(b.seqincrement::numeric)) + 1
              END AS size,
         CASE WHEN r.given IS NULL THEN 0
              WHEN (r.given - b.first) * pg_catalog.sign(b.seqincrement) < 0 THEN 0
              ELSE pg_catalog.div(pg_catalog.abs(r.given - b.first), pg_catalog.abs(b.seqincrement::numeric)) + 1
              END AS used
    FROM bounded AS b
    LEFT JOIN read AS r ON r.oid = b.oid
), told AS MATERIALIZED (
  -- few, and only of these it is asked what they are called
  SELECT k.*
    FROM counted AS k
   WHERE k.why_unread IS NOT NULL
      OR 100 * k.used >= k.size * LEAST(%(list_pct)s, %(warn_pct)s, %(crit_pct)s)::numeric
), tightest AS (<<tightest>>
   WHERE t.sequence IN (SELECT k.oid FROM told AS k)<<of each>>
)
SELECT n.nspname::text                                          AS schema,
       c.relname::text                                          AS sequence,
       pg_catalog.format_type(s.seqtypid, NULL)                 AS sequence_type,
       s.seqincrement                                           AS increment,
       s.seqcycle AND k.by_column IS NOT TRUE                   AS cycles,
       t.nspname::text                                          AS table_schema,
       t.relname::text                                          AS "table",
       t.attname::text                                          AS "column",
       pg_catalog.format_type(t.atttypid, t.atttypmod)          AS column_type,
       k.columns::int                                           AS columns,
       CASE WHEN k.by_column THEN 'column'
            WHEN s.seqincrement > 0 AND s.seqmax = type.highest THEN 'type'
            WHEN s.seqincrement < 0 AND s.seqmin = -type.highest - 1 THEN 'type'
            ELSE 'bound' END                                    AS limited_by,
       k.last::bigint                                           AS limit_value,
       k.last_value,
       CASE WHEN k.why_unread IS NULL
            THEN LEAST(GREATEST(k.size - k.used, 0), 9223372036854775807)::bigint END AS left_values,
       CASE WHEN k.why_unread IS NULL
            THEN CASE WHEN k.size <= 0 THEN 100 ELSE LEAST(100 * k.used / k.size, 100) END::float8 END AS used_pct,
       CASE WHEN s.seqtypid = 'int8'::regtype THEN NULL
            WHEN k.column_end IS NULL THEN 'bigint'
            WHEN k.column_end > type.highest THEN 'integer' END AS wider_type,
       k.why_unread                                             AS unread
  FROM told AS k
  JOIN pg_catalog.pg_sequence AS s ON s.seqrelid = k.oid
  JOIN pg_catalog.pg_class AS c ON c.oid = k.oid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN tightest AS t ON t.sequence = k.oid
 CROSS JOIN LATERAL (SELECT CASE s.seqtypid WHEN 'int2'::regtype THEN 32767
                                            WHEN 'int4'::regtype THEN 2147483647
                                            ELSE 9223372036854775807 END AS highest) AS type
 ORDER BY used_pct DESC NULLS LAST, n.nspname, c.relname
""".replace("<<casts>>", _CASTS)


_by_share = by("used_pct", warning="warn_pct", critical="crit_pct")


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    unread = 0
    for row in rows:
        target = _target(row)
        if row.cycles:
            continue
        if row.unread == "number":
            unread += 1
        elif row.unread is not None:
            yield Unseen(target, *_why_unread(row, seen.server.user))
        elif severity := _by_share(row, seen.limits_for(row)):
            yield Finding(
                severity, target, _message(row), _remedy(row), None, {"used_pct": row.used_pct, "left": row.left_values}
            )
    if unread:
        yield Unseen(
            Target("database", None, seen.server.database),
            f"{unread:,} sequences were not read: each would take a place in the lock table",
            "Raise max_locks_per_transaction, or upgrade to PostgreSQL 18, where reading a sequence keeps no lock.",
        )


def _target(row: Row) -> Target:
    return Target("sequence", row.schema, row.sequence)


def _why_unread(row: Row, user: str) -> tuple[str, str]:
    if row.unread == "lock":
        return "somebody is altering it or holds a lock on it", "Run the check again."
    if row.unread == "standby":
        return "it is unlogged, and this is a standby", "Ask the primary."
    return f"{user} may not read it", f"GRANT SELECT ON SEQUENCE {_target(row)} TO {quote_identifier(user)};"


def _message(row: Row) -> str:
    from pgops.render.quantities import percent  # noqa: PLC0415  only findings pay for it

    left = "no value" if not row.left_values else f"{row.left_values:,} value{'s' if row.left_values > 1 else ''}"
    used = percent(row.used_pct or 0)
    sentence = f"The sequence is {used} used, with {left} left: it ends at {row.limit_value:,}, {_limit(row)}."
    others = f" It feeds {row.columns} columns." if row.columns > 1 else ""
    if row.limited_by == "bound" or _remedy(row):
        return sentence + others
    return (
        f"{sentence}{others} A wider type for the column rewrites the table; in steps, a new column can take its place."
    )


def _limit(row: Row) -> str:
    column = "" if row.table is None else Target("column", row.table_schema, row.table, row.column).sql
    if row.limited_by == "column" or (row.limited_by == "type" and column and row.wider_type is None):
        return f"the end of {column} ({row.column_type})"
    if row.limited_by == "type":
        return f"the end of its type {row.sequence_type}" + (
            f", though {column} is {row.column_type}" if column else ""
        )
    return "its own MAXVALUE" if row.increment > 0 else "its own MINVALUE"


def _remedy(row: Row) -> str | None:
    """Only where the type alone stands in the way: then its end moves with it, and nothing is rewritten."""
    if row.limited_by != "type" or row.wider_type is None:
        return None
    return f"ALTER SEQUENCE {_target(row)} AS {row.wider_type};"


CHECK = Check(
    id="sequences.exhaustion",
    aliases=("sequence_exhaustion",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    metrics=[Metric(value="last_value", limit="limit_value")],
    known_as=(
        "pg-index-health: sequence overflow",
        "check_postgres: sequence",
        "check_pgactivity: sequences_exhausted",
        "pghero: sequence danger",
    ),
    queries=[
        Query(
            since=14,
            sql=SQL.replace("<<read>>", READ_FEW).replace("<<tightest>>", TIGHTEST).replace("<<of each>>", OF_EACH),
        ),
        Query(
            since=18,
            sql=SQL.replace("<<read>>", READ_ALL).replace("<<tightest>>", TIGHTEST).replace("<<of each>>", OF_EACH),
        ),
    ],
)
