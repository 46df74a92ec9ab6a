"""Table without a comment.

Whoever meets a table for the first time, in psql, in a generated diagram or with a language model's help, sees its name
and its comment. A table without one is explained again and again, or guessed at.

A false alarm: tables that a tool makes and names after its own rules. Leave them out by suppressing
`house.table_without_comment` for their schema. Partitions are described by their parent, temporary tables and those of
an extension by whoever made them, so they are left out already.

Limits: a comment of no more than `short_chars` characters, white space not counted, is none. With `schema` set only
that schema is looked at. Source: manual, COMMENT.
"""

from __future__ import annotations

import attrs

from pgops import Check, Query, Target, by, each_row, limit
from pgops.checks.api import Loosest


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    comment_chars: int


@attrs.frozen(kw_only=True)
class Limits:
    schema: str = limit("", unit="name", doc="Only the tables of this schema; empty for all.")
    short_chars: int = limit(
        0, unit="characters", doc="A comment of no more characters counts as none.", loosest=Loosest.HIGHEST
    )


SQL = """
SELECT n.nspname::text   AS schema,
       c.relname::text   AS "table",
       said.characters   AS comment_chars
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_description AS d
         ON d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND d.objoid = c.oid
        AND d.objsubid = 0  -- the table itself, none of its columns
 CROSS JOIN LATERAL (
       SELECT pg_catalog.length(
                pg_catalog.regexp_replace(COALESCE(d.description, ''), '[[:space:]]', '', 'g')) AS characters
       ) AS said
 WHERE c.relkind IN ('r', 'p')
   AND NOT c.relispartition
   AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS made
                    WHERE made.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      AND made.objid = c.oid
                      AND made.deptype = 'e')  -- by an extension
   AND %(schema)s::text IN ('', n.nspname)
   AND said.characters <= %(short_chars)s::int
 ORDER BY n.nspname, c.relname
"""

CHECK = Check(
    id="house.table_without_comment",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=by("comment_chars", info="short_chars", falling=True),
        target=lambda row: Target("table", row.schema, row.table),
        message="Nobody has said what {target} holds: its comment has {comment_chars} characters.",
    ),
    queries=[Query(since=14, sql=SQL)],
)
