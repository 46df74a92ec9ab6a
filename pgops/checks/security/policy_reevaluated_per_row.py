"""Policy that calls a function anew for every row, though its answer is the same.

A condition like `owner = auth.uid()` or `tenant = current_setting('app.tenant')::int` calls the function for each row
of a scan that no index serves. In a sub-select, `owner = (SELECT auth.uid())`, it is called once per query.

Found are calls of current_setting, and of functions that are not PostgreSQL's own, that depend on no column and stand
outside a sub-select; IMMUTABLE ones are evaluated once anyhow. INFO: it costs time, not safety. A false alarm: a small
table, or a condition that an index always serves. The policy has to be written anew, so there is no remedy.

Manual: section 36.7 "Function Volatility Categories"; CREATE POLICY.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.checks.security._row_security import USERS_TABLE
from pgops.findings import Severity, Target, as_tuple


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    policy: str
    functions: tuple[str, ...] = attrs.field(converter=as_tuple)


SQL = """
WITH called AS MATERIALIZED (
  SELECT p.oid, pg_catalog.array_agg(DISTINCT home.nspname::text || '.' || f.proname::text) AS functions
    FROM pg_catalog.pg_policy AS p
   CROSS JOIN LATERAL (VALUES (p.polqual::text), (p.polwithcheck::text)) AS tree (text)
   CROSS JOIN LATERAL (
         -- The tree's braces and the functions that it calls, in their order. A backslash escapes a letter of a name.
         WITH token AS MATERIALIZED (
           SELECT found.nth,
                  found.word[1] AS word,
                  pg_catalog.sum(CASE WHEN found.word[1] LIKE '{%%' THEN 1 WHEN found.word[1] = '}' THEN -1 ELSE 0 END)
                    OVER (ORDER BY found.nth) AS depth
             FROM pg_catalog.regexp_matches(tree.text, '([' || pg_catalog.chr(92) || pg_catalog.chr(92)
                    || '].|{[A-Z]*|}| :funcid [0-9]+)', 'g')
                    WITH ORDINALITY AS found (word, nth))
         SELECT pg_catalog.split_part(k.word, ' ', 3)::oid AS function
           FROM token AS k
          WHERE k.word LIKE ' :funcid %%'
            -- in no sub-select that is still open
            AND NOT EXISTS (SELECT
                              FROM token AS opened
                             WHERE opened.nth < k.nth
                               AND opened.word = '{SUBLINK'
                               AND NOT EXISTS (SELECT
                                                 FROM token AS closed
                                                WHERE closed.nth > opened.nth
                                                  AND closed.nth < k.nth
                                                  AND closed.depth < opened.depth))
            -- no column among its arguments
            AND NOT EXISTS (SELECT
                              FROM token AS inner_
                             WHERE inner_.nth > k.nth
                               AND inner_.word = '{VAR'
                               AND NOT EXISTS (SELECT
                                                 FROM token AS closed
                                                WHERE closed.nth > k.nth
                                                  AND closed.nth < inner_.nth
                                                  AND closed.depth < k.depth))) AS call
    JOIN pg_catalog.pg_proc AS f ON f.oid = call.function
    JOIN pg_catalog.pg_namespace AS home ON home.oid = f.pronamespace
   WHERE tree.text LIKE '%%{FUNCEXPR :funcid %%'
     AND f.provolatile <> 'i'
     AND (home.nspname <> 'pg_catalog' OR f.proname = 'current_setting')
   GROUP BY p.oid
)
SELECT n.nspname::text AS schema,
       c.relname::text AS "table",
       p.polname::text AS policy,
       called.functions
  FROM called
  JOIN pg_catalog.pg_policy AS p ON p.oid = called.oid
  JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relrowsecurity
   AND <users table>
 ORDER BY n.nspname, c.relname, p.polname
""".replace("<users table>", USERS_TABLE)

CHECK = Check(
    id="security.policy_reevaluated_per_row",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.INFO,
        target=lambda row: Target("policy", row.schema, row.table, row.policy),
        message=lambda row, _: (
            f"The policy {row.policy} calls {', '.join(row.functions)} for every row: in a sub-select, "
            f"(SELECT {row.functions[0]}(...)), it is called once."
        ),
        details=("functions",),
    ),
    queries=[Query(since=14, sql=SQL)],
    known_as=("splinter: auth_rls_initplan",),
)
