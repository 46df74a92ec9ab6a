"""Name that has to be quoted, that is a reserved word, or that was cut off.

PostgreSQL folds names without quotes to small letters, so `SELECT "Id" FROM "Order"` has to be written just so for
ever, by people, mappers and scripts alike; what forgets the quotes gets "relation does not exist". The same goes for
names with spaces, dashes or letters beyond a to z. A reserved word is a syntax error without quotes, or worse:
`SELECT * FROM user` does not fail, it tells who is logged in.

Names longer than 63 bytes are cut there with no more than a NOTICE, so one of exactly 63 has most likely lost its
end: who looks for what the script says does not find it, and two names that differ only there collide, or with IF NOT
EXISTS the second is silently not made. Letters beyond ASCII take more than a byte each.

INFO, told once for a table together with its columns. Schemas, tables, views, sequences, functions, domains, enums
and ranges are looked at; for the length also indexes, constraints and triggers, unless the server made the name
itself (`..._idx`, `..._fkey`, `..._seq`), which it cuts in the middle on purpose. `leave_out` takes out one of the
three: where a mapper quotes everything, the first two are false alarms. Renaming breaks whoever uses the name, so
there is no remedy. Partitions and what an extension made are left out.

Manual: section 4.1.1, "Identifiers and Key Words"; appendix C, "SQL Key Words".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.checks.relations import OF_USERS
from pgops.findings import Finding, Severity, Target, as_tuple, quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import Seen


@attrs.frozen(kw_only=True)
class Row:
    """An object whose name is one, or that has columns, constraints or triggers of such names."""

    kind: str
    """`schema`, `table`, `view`, `function` ..."""
    schema: str | None
    name: str
    matter: str
    """`quoting`, `reserved` or `length`."""
    itself: bool
    """Whether it is its own name."""
    parts: tuple[str, ...] = attrs.field(converter=as_tuple)
    """Its columns, constraints and triggers of such names."""


@attrs.frozen(kw_only=True)
class Limits:
    leave_out: str = limit("", unit="matters", doc="Of quoting, reserved and length those to leave out, by commas.")


# A regular expression takes longer than all the rest. pg_attribute has each name as often as there are tables with it:
# so each is tested once, and the catalogue is read again only where a name was found. What quote_ident leaves as it is
# needs no quotes and is not reserved (it quotes more than has to be, names with a dollar sign and other keywords): so
# of relations only the names that it changes are held against the expression.
SQL = """
WITH reserved AS MATERIALIZED (
  SELECT w.word,
         w.catcode IN ('R', 'T') AS of_relations,
         w.catcode IN ('R', 'C') AS of_functions  -- left() needs no quotes
    FROM pg_catalog.pg_get_keywords() AS w
   WHERE w.catcode IN ('R', 'T', 'C')
), longest AS MATERIALIZED (
  SELECT pg_catalog.current_setting('max_identifier_length')::int AS bytes
), relation AS MATERIALIZED (
  SELECT c.oid, c.relkind, c.relname, c.relnamespace
    FROM pg_catalog.pg_class AS c
   WHERE NOT c.relispartition
     AND CASE WHEN c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
              THEN pg_catalog.quote_ident(c.relname::text) <> c.relname::text
                   OR pg_catalog.octet_length(c.relname::text) >= (SELECT l.bytes FROM longest AS l)
              WHEN c.relkind IN ('i', 'I')
              THEN pg_catalog.octet_length(c.relname::text) >= (SELECT l.bytes FROM longest AS l) END
), word AS MATERIALIZED (
  SELECT a.attname
    FROM pg_catalog.pg_attribute AS a
   WHERE a.attnum > 0
     AND a.attrelid >= 16384
   GROUP BY a.attname
), chosen AS MATERIALIZED (
  SELECT x.attname, m.matter
    FROM (SELECT w.attname, w.attname::text AS name FROM word AS w) AS x
   CROSS JOIN LATERAL (<matters>) AS m
), named AS MATERIALIZED (
  SELECT x.oid, m.matter, NULL::text AS part
    FROM (SELECT r.oid, r.relname::text AS name FROM relation AS r WHERE r.relkind NOT IN ('i', 'I')) AS x
   CROSS JOIN LATERAL (<matters>) AS m
   UNION ALL
  SELECT a.attrelid, k.matter, a.attname::text
    FROM pg_catalog.pg_attribute AS a
    JOIN chosen AS k ON k.attname = a.attname
   WHERE EXISTS (SELECT FROM chosen)
     AND a.attnum > 0
     AND a.attinhcount = 0
     AND NOT a.attisdropped
   UNION ALL
  SELECT k.conrelid, 'length', k.conname::text
    FROM (SELECT o.conrelid, o.conname
            FROM pg_catalog.pg_constraint AS o
           WHERE o.contype IN ('c', 'f')  -- the others are called like their index, or by the server
             AND o.conparentid = 0
             AND o.coninhcount = 0
             AND pg_catalog.octet_length(o.conname::text) >= (SELECT l.bytes FROM longest AS l)
          OFFSET 0) AS k
   WHERE k.conname !~ '_(check|fkey)[0-9]*$'
   UNION ALL
  SELECT t.tgrelid, 'length', t.tgname::text
    FROM pg_catalog.pg_trigger AS t
   WHERE NOT t.tgisinternal
     AND t.tgparentid = 0
     AND pg_catalog.octet_length(t.tgname::text) >= (SELECT l.bytes FROM longest AS l)
)
SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
            WHEN 'S' THEN 'sequence' ELSE 'table' END                       AS kind,
       n.nspname::text                                                      AS schema,
       c.relname::text                                                      AS name,
       k.matter,
       pg_catalog.bool_or(k.part IS NULL)                                   AS itself,
       COALESCE(pg_catalog.array_agg(k.part ORDER BY k.part) FILTER (WHERE k.part IS NOT NULL), '{}') AS parts
  FROM named AS k
  JOIN pg_catalog.pg_class AS c ON c.oid = k.oid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
   AND NOT c.relispartition
   AND c.relpersistence <> 't'
   AND NOT (c.relkind = 'S' AND k.matter = 'length' AND c.relname ~ '_seq[0-9]*$')
   AND <of users>
 GROUP BY c.oid, c.relkind, n.nspname, c.relname, k.matter
 UNION ALL
SELECT 'schema', NULL, x.name, m.matter, TRUE, '{}'
  FROM (SELECT n.nspname::text AS name FROM pg_catalog.pg_namespace AS n) AS x
 CROSS JOIN LATERAL (<matters>) AS m
 WHERE x.name !~ '^pg_'
   AND x.name <> 'information_schema'
 UNION ALL
SELECT 'index', n.nspname::text, c.relname::text, 'length', TRUE, '{}'
  FROM relation AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('i', 'I')
   AND c.relname !~ '_(idx|key|pkey|excl)[0-9]*$'
   AND n.nspname !~ '^pg_'
 UNION ALL
SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, n.nspname::text, x.name, m.matter, TRUE, '{}'
  FROM pg_catalog.pg_type AS t
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
 CROSS JOIN LATERAL (SELECT t.typname::text AS name) AS x
 CROSS JOIN LATERAL (<matters>) AS m
 WHERE t.typtype IN ('d', 'e', 'r')
   AND n.nspname !~ '^pg_'
   AND n.nspname <> 'information_schema'
   AND t.oid NOT IN (<of extensions>'pg_catalog.pg_type'::pg_catalog.regclass)
 UNION ALL
SELECT DISTINCT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
       n.nspname::text, x.name, m.matter, TRUE, '{}'::text[]
  FROM pg_catalog.pg_proc AS p
  JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
 CROSS JOIN LATERAL (SELECT p.proname::text AS name) AS x
 CROSS JOIN LATERAL (<matters of functions>) AS m
 WHERE n.nspname !~ '^pg_'
   AND n.nspname <> 'information_schema'
   AND p.oid NOT IN (<of extensions>'pg_catalog.pg_proc'::pg_catalog.regclass)
 ORDER BY 2 NULLS FIRST, 3, 1, 4
"""

# What a name `x.name` is, once for each matter. Letters of other alphabets need quotes for pg_dump and quote_ident too.
_MATTERS = """
SELECT 'quoting' AS matter WHERE x.name COLLATE "C" !~ '^[a-z_][a-z0-9_$]*$'
 UNION ALL
SELECT 'reserved' WHERE x.name IN (SELECT w.word FROM reserved AS w WHERE w.<use>)
 UNION ALL
SELECT 'length' WHERE pg_catalog.octet_length(x.name) >= (SELECT l.bytes FROM longest AS l)"""

_OF_EXTENSIONS = """SELECT d.objid
                       FROM pg_catalog.pg_depend AS d
                      WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
                        AND d.deptype = 'e'
                        AND d.classid = """

_SAID = {
    "quoting": "has to be quoted wherever it is written",
    "reserved": "is a reserved word: without quotes it means something else",
    "length": "is as long as a name can be: most likely its end was cut off",
}


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding]:
    for row in rows:
        left_out = seen.limits_for(row).leave_out
        if left_out and row.matter in re.split(r"[,\s]+", left_out):
            continue
        yield Finding(
            Severity.INFO,
            _target(row),
            f"{_subject(row)} {_SAID[row.matter]}.",
            confidence=0.8 if row.matter == "length" else None,
            details={"itself": row.itself, "parts": row.parts},
        )


def _target(row: Row) -> Target:
    return Target(row.kind, row.schema, row.name, also=(row.matter,))


def _subject(row: Row) -> str:
    """`The name of the table`, `The name of the table, as that of its parts "Id" and 3 more,`."""
    if not row.parts:
        return f"The name of the {row.kind}"
    parts = ", ".join(quote_identifier(part) for part in row.parts[:10])
    if len(row.parts) > 10:
        parts += f" and {len(row.parts) - 10:,} more"
    return f"The name of the {row.kind}, as that of {parts} in it," if row.itself else f"The name of its {parts}"


CHECK = Check(
    id="schema.awkward_name",
    aliases=("name_needs_quoting", "reserved_word_name", "name_at_limit"),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[
        Query(
            since=14,
            sql=SQL.replace("<matters>", _MATTERS.replace("<use>", "of_relations"))
            .replace("<matters of functions>", _MATTERS.replace("<use>", "of_functions"))
            .replace("<of users>", OF_USERS)
            .replace("<of extensions>", _OF_EXTENSIONS),
        )
    ],
    known_as=(
        "pg-index-health: columns not following naming convention",
        "pg-index-health: objects not following naming convention",
        "pg-index-health: possible object name overflow",
    ),
)
