"""Function that is less constant than it says.

IMMUTABLE promises the same result for the same arguments for ever: the planner computes it once, and an index or a
generated column keeps what it gave. If the function reads a table, the clock or a setting after all, the index goes
stale without a word and queries give wrong rows. STABLE promises not to write: a function that is not VOLATILE and
holds an INSERT, UPDATE or DELETE fails whenever it gets there ("is not allowed in a non-volatile function").

WARNING, with a confidence: it is the text of the function that is searched, without its comments and strings. So what
is called from there, or put together at run time, is not seen, and a word may stand where it does no harm. A function
that reads a table which never changes is a false alarm that many live with. Only the languages sql and plpgsql are
read; bodies in standard SQL (BEGIN ATOMIC) are not. What an extension made is left out.

The remedy says what the text shows: VOLATILE for what writes or is random, STABLE for what reads. An index or a
generated column that uses the function stays as it is, and has to be made anew without it: then there is no remedy.

Manual: section 36.7, "Function Volatility Categories".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    function: str
    arguments: str
    """Their types, as they stand in a statement."""
    language: str
    declared: str
    """`IMMUTABLE` or `STABLE`."""
    why: str
    """`writes`, `is random` or `reads`."""
    word: str
    """Where it shows."""
    in_index: bool
    """Whether an index, a default or a generated column uses it."""


# Comments and strings are taken out first; only functions that promise something are read at all.
SQL = """
WITH promising AS MATERIALIZED (
  SELECT p.oid, p.proname, p.provolatile, n.nspname, l.lanname,
         pg_catalog.lower(pg_catalog.regexp_replace(
           p.prosrc,
           '--[^' || pg_catalog.chr(10) || ']*|/[*](?:[^*]|[*]+[^*/])*[*]+/|''[^'']*'''
           '|[$][$](?:[^$]|[$][^$])*[$][$]', ' ', 'g')) AS source
    FROM pg_catalog.pg_proc AS p
    JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
    JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
   WHERE p.provolatile <> 'v'
     AND l.lanname IN ('sql', 'plpgsql')
     -- the words that are looked for below; most functions hold none of them, and are not read closely
     AND p.prosrc ~* ('insert|update|delete|merge|truncate|nextval|setval|currval|random|uuid|clock|timeofday|config|'
                      'now|current_|localtime|session_user|from')
     AND p.oid >= 16384
     AND n.nspname !~ '^pg_'
     AND n.nspname <> 'information_schema'
     AND p.oid NOT IN (SELECT d.objid
                         FROM pg_catalog.pg_depend AS d
                        WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
                          AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                          AND d.deptype = 'e')
), listed AS (
  -- what else follows FROM and is no table: extract(day FROM x), IS DISTINCT FROM x, FETCH FROM a cursor, and the
  -- names that WITH gives
  SELECT p.*,
         CASE WHEN p.provolatile = 'i' THEN pg_catalog.regexp_replace(
           p.source,
           '[[:<:]](?:extract|trim|substring|overlay)[[:space:]]*[(](?:[^()]|[(](?:[^()]|[(][^()]*[)])*[)])*?[[:<:]]from[[:>:]]'
           '|[[:<:]]distinct[[:space:]]+from[[:>:]]'
           '|[[:<:]](?:fetch|move)[[:>:]][^;]*', ' ', 'g') END AS listing,
         ARRAY(SELECT found.groups[1]
                 FROM pg_catalog.regexp_matches(
                        p.source,
                        '(?:[[:<:]](?:with|recursive)[[:>:]]|,)[[:space:]]*([a-z_][a-z0-9_$]*)[[:space:]]*'
                        '(?:[(][^()]*[)][[:space:]]*)?as[[:space:]]*(?:(?:not[[:space:]]+)?materialized[[:space:]]*)?[(]',
                        'g') AS found (groups)
                WHERE p.provolatile = 'i' AND pg_catalog.strpos(p.source, 'with') > 0) AS with_names
    FROM promising AS p
), shown AS (
  SELECT p.*,
         -- at the beginning of a statement
         pg_catalog.substring(p.source,
                              '(?:^|[;]|[[:<:]](?:then|else|loop|begin|as)[[:>:]])[[:space:](]*'
                              '(insert[[:space:]]+into|update[[:space:]]+[^;]+[[:space:]]set|delete[[:space:]]+from|'
                              'merge[[:space:]]+into|truncate)[[:>:]]') AS writing,
         pg_catalog.substring(p.source,
                              '[[:<:]]((?:nextval|setval|random|gen_random_uuid|clock_timestamp|timeofday|set_config|'
                              'uuid_generate_v4|uuid_generate_v1)[[:space:]]*[(])') AS random,
         CASE WHEN p.provolatile = 'i' THEN COALESCE(
           pg_catalog.substring(p.source,
                                '[[:<:]](no[w][[:space:]]*[(]|current_[t]imestamp|current_date|current_time|localtimestamp|'
                                'current_user|session_user|current_setting[[:space:]]*[(]|currval[[:space:]]*[(])'),
           (SELECT pg_catalog.min('from ' || found.groups[1])
              FROM pg_catalog.regexp_matches(
                     p.listing,
                     -- a table, and not a function or a sub-select
                     '[[:<:]](?:from|join)[[:space:]]+(?!(?:lateral|rows)[[:>:]])(?:only[[:space:]]+)?'
                     '([a-z_"][^[:space:]();,]*)(?=$|[;),]|[[:space:]]+(?:$|[^[:space:](]))', 'g') AS found (groups)
             WHERE p.listing ~ '[[:<:]](?:select|perform)[[:>:]]'
               AND found.groups[1] <> ALL (p.with_names))) END AS reading
    FROM listed AS p
)
SELECT s.nspname::text                                          AS schema,
       s.proname::text                                          AS function,
       pg_catalog.pg_get_function_identity_arguments(s.oid)     AS arguments,
       s.lanname::text                                          AS language,
       CASE s.provolatile WHEN 'i' THEN 'IMMUTABLE' ELSE 'STABLE' END AS declared,
       CASE WHEN s.writing IS NOT NULL THEN 'writes'
            WHEN s.random IS NOT NULL THEN 'is random' ELSE 'reads' END AS why,
       pg_catalog.left(pg_catalog.btrim(pg_catalog.regexp_replace(COALESCE(s.writing, s.random, s.reading),
                                                                  '[[:space:]]+', ' ', 'g'), ' (;'), 60) AS word,
       EXISTS (SELECT
                 FROM pg_catalog.pg_depend AS d
                WHERE d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                  AND d.refobjid = s.oid
                  AND d.classid IN ('pg_catalog.pg_class'::pg_catalog.regclass,
                                    'pg_catalog.pg_attrdef'::pg_catalog.regclass)) AS in_index
  FROM shown AS s
 WHERE COALESCE(s.writing, s.random, s.reading) IS NOT NULL
 ORDER BY in_index DESC, s.nspname, s.proname, arguments
"""


def _message(row: Row, _: object) -> str:
    used = " An index or a column's expression uses it." if row.in_index else ""
    return f"The function says that it is {row.declared}, and by its text it {row.why}: {row.word}.{used}"


def _fix(row: Row, _: object) -> str | None:
    if row.in_index:
        return None
    function = Target("function", row.schema, row.function)
    return f"ALTER FUNCTION {function}({row.arguments}) {'STABLE' if row.why == 'reads' else 'VOLATILE'};"


CHECK = Check(
    id="schema.function_volatility",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.WARNING,
        target=lambda row: Target("function", row.schema, row.function, also=(row.arguments,)),
        message=_message,
        fix=_fix,
        confidence=lambda row: 0.6 if row.why == "reads" else 0.8,
        details=("language", "declared", "why", "in_index"),
    ),
    queries=[Query(since=14, sql=SQL)],
)
