"""Function in an untrusted language.

A function in C, plpython3u, plperlu or any other language that is not trusted runs with all rights of the server's
operating system account: it reads and writes files, opens connections, starts programs. Only a superuser can make
one, but whoever may execute it uses those rights as far as its code lets through, and a mistake in it can take the
whole server down.

WARNING where PUBLIC may execute it, which is the default; the remedy takes that away (grant it to the roles that need
it; of a trigger's function, whether one may make a trigger with it). Otherwise INFO. What an extension made is left
out, as are functions for a type's input and output. It is a false alarm for code that was reviewed and takes no text
that it runs.

Manual: chapter 40, "Procedural Languages"; CREATE LANGUAGE, "TRUSTED".
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
    kind: str
    """`FUNCTION` or `PROCEDURE`."""
    language: str
    owner: str
    security_definer: bool
    by_public: bool
    """Whether PUBLIC may execute it, and use its schema."""


SQL = """
SELECT n.nspname::text                                          AS schema,
       p.proname::text                                          AS function,
       pg_catalog.pg_get_function_identity_arguments(p.oid)     AS arguments,
       CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS kind,
       l.lanname::text                                          AS language,
       pg_catalog.pg_get_userbyid(p.proowner)::text             AS owner,
       p.prosecdef                                              AS security_definer,
       EXISTS (SELECT
                 FROM pg_catalog.aclexplode(COALESCE(p.proacl, pg_catalog.acldefault('f', p.proowner))) AS g
                WHERE g.grantee = 0
                  AND g.privilege_type = 'EXECUTE')             AS by_public
  FROM pg_catalog.pg_proc AS p
  JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
  JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
 WHERE NOT l.lanpltrusted
   AND l.lanname <> 'internal'  -- another name for what the server has anyway
   AND n.nspname !~ '^pg_'
   AND n.nspname <> 'information_schema'
   AND p.prorettype NOT IN ('pg_catalog.language_handler'::regtype, 'pg_catalog.fdw_handler'::regtype,
                            'pg_catalog.index_am_handler'::regtype, 'pg_catalog.table_am_handler'::regtype)
   AND 'pg_catalog.internal'::regtype <> ALL (p.proargtypes)  -- no SQL can call those
   AND p.oid NOT IN (SELECT d.objid
                       FROM pg_catalog.pg_depend AS d
                      WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
                        AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                        AND d.deptype = 'e')
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.pg_type AS t
                    WHERE p.oid IN (t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin, t.typmodout,
                                    t.typanalyze, t.typsubscript))
 ORDER BY by_public DESC, n.nspname, p.proname, arguments
"""


def _message(row: Row, _: object) -> str:
    who = "PUBLIC may execute it" if row.by_public else "only roles that were granted it may execute it"
    definer = ", as its owner" if row.security_definer else ""
    return (
        f"The {row.kind.lower()} of {row.owner} is in {row.language}, which has the rights of the server's account: "
        f"{who}{definer}."
    )


def _fix(row: Row, _: object) -> str | None:
    if not row.by_public:
        return None
    target = Target("function", row.schema, row.function)
    return f"REVOKE EXECUTE ON {row.kind} {target}({row.arguments}) FROM PUBLIC;"


CHECK = Check(
    id="schema.untrusted_language",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=lambda row, _: Severity.WARNING if row.by_public else Severity.INFO,
        target=lambda row: Target("function", row.schema, row.function, also=(row.arguments,)),
        message=_message,
        fix=_fix,
        details=("language", "owner", "security_definer", "by_public"),
    ),
    queries=[Query(since=14, sql=SQL)],
)
