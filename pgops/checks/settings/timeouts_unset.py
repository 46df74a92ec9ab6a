"""Timeout that nobody has set.

Nothing bounds then how long a session may sit in an open transaction (idle_in_transaction_session_timeout), run a
statement (statement_timeout), or wait for a lock (lock_timeout): one that was forgotten holds its locks, keeps VACUUM
from cleaning up, and blocks the next migration with everybody behind it.

INFO for each of them that is set nowhere: not for the server, and not for any role or database that matters here.
transaction_timeout (17 and later) bounds transactions as a whole, so where it is set the first two are no findings.
Set them on the roles of applications (`ALTER ROLE app SET statement_timeout = '30s'`), not for the server, where they
would end backups and maintenance as well: that is why two of them have no remedy.

A connection that brings timeouts of its own along (pgops.connect gives its sessions some) can't see the server's unless
it may read the configuration files; then those that no role or database sets are unknown, and the check is SKIPPED. A
false alarm: applications that set their timeouts themselves, as many drivers and frameworks do.

Manual: section 19.11.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.settings._reading import when_it_holds
from pgops.findings import Finding, Severity, Target, Unseen, quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import NoLimits, Seen


@attrs.frozen(kw_only=True)
class Row:
    name: str
    on_server: bool | None
    """Whether the server has one. None is unknown: this connection has brought its own along."""
    roles: int
    """How many roles have one of their own, in this database or everywhere; ALTER ROLE ALL counts as one."""
    on_database: bool
    """Whether this database has one."""


# Who may read the configuration files (superusers) learns there what the server has, even where the connection brings
# its own along. All others must not even name that view, so it is asked in a text of its own.
SQL = """
WITH written AS MATERIALIZED (
  SELECT CASE WHEN pg_catalog.has_table_privilege('pg_catalog.pg_file_settings', 'SELECT')
               AND pg_catalog.has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE')
              THEN pg_catalog.query_to_xml(
                     'SELECT f.name || ''='' || f.setting AS line
                        FROM pg_catalog.pg_file_settings AS f
                       WHERE f.applied AND f.name ~ ''_timeout$''', FALSE, TRUE, '')::text
              END AS lines
), own AS MATERIALIZED (
  SELECT s.name, s.reset_val, s.source
    FROM pg_catalog.pg_settings AS s
   WHERE s.name IN ('idle_in_transaction_session_timeout', 'statement_timeout', 'lock_timeout', 'transaction_timeout')
), given AS MATERIALIZED (
  -- What stands on roles and databases. A value may have a unit: 0 is none, and so is '0s'.
  SELECT g.setrole,
         g.setdatabase,
         pg_catalog.split_part(c.line, '=', 1) AS name
    FROM pg_catalog.pg_db_role_setting AS g
   CROSS JOIN LATERAL pg_catalog.unnest(g.setconfig) AS c (line)
   WHERE g.setdatabase IN (0, (SELECT d.oid
                                 FROM pg_catalog.pg_database AS d
                                WHERE d.datname = pg_catalog.current_database()))
     AND c.line ~ '_timeout=' AND c.line !~ '= *0+([.]0*)? *[a-z]* *$'
)
SELECT o.name,
       -- statement_timeout and lock_timeout are set for this very look, and their source with them. So the third
       -- tells whether the connection has brought its own along: one of pgops' brings all three.
       CASE WHEN o.reset_val = '0' THEN FALSE
            WHEN 'client' NOT IN (o.source, (SELECT third.source
                                               FROM own AS third
                                              WHERE third.name = 'idle_in_transaction_session_timeout')) THEN TRUE
            ELSE (SELECT w.lines ~ ('<line>' || o.name || '= *0*[1-9]') FROM written AS w) END AS on_server,
       (SELECT pg_catalog.count(DISTINCT g.setrole)::int
          FROM given AS g
         WHERE g.name = o.name
           AND (g.setrole <> 0 OR g.setdatabase = 0))                             AS roles,
       EXISTS (SELECT
                 FROM given AS g
                WHERE g.name = o.name
                  AND g.setrole = 0
                  AND g.setdatabase <> 0)                                         AS on_database
  FROM own AS o
 ORDER BY o.name
"""

_WHY = {
    "idle_in_transaction_session_timeout": "a session that is left in an open transaction keeps its locks for ever",
    "statement_timeout": "a statement may run for ever",
    "lock_timeout": "a statement may wait for a lock for ever, and all who come later wait behind it",
}
_FIX = {"idle_in_transaction_session_timeout": "ALTER SYSTEM SET idle_in_transaction_session_timeout = '10min';"}


def target_of(row: Row) -> Target:
    return Target("setting", None, row.name)


def judge(rows: Sequence[Row], seen: Seen[NoLimits]) -> Iterator[Finding | Unseen]:
    bounded = {row.name for row in rows if row.on_server or row.roles or row.on_database}
    if "transaction_timeout" in bounded:  # it ends what the two would end
        bounded |= {"idle_in_transaction_session_timeout", "statement_timeout"}
    for row in rows:
        why = _WHY.get(row.name)
        if why is None or row.name in bounded:
            continue
        if row.on_server is None:
            reason = f"this connection brings its own {row.name} along, so the server's can't be seen"
            cure = (
                f"GRANT SELECT ON pg_catalog.pg_file_settings TO {quote_identifier(seen.server.user)};\n"
                "GRANT EXECUTE ON FUNCTION pg_catalog.pg_show_all_file_settings() TO "
                f"{quote_identifier(seen.server.user)};"
            )
            yield Unseen(target_of(row), reason, cure)
        else:
            fix = _FIX.get(row.name)
            message = f"{row.name} is set neither for the server nor for this database or any role: {why}."
            message += when_it_holds(fix, "user")
            yield Finding(Severity.INFO, target_of(row), message, fix, details=attrs.asdict(row))


CHECK = Check(
    id="settings.timeouts_unset",
    aliases=("missing_timeouts",),
    doc=__doc__,
    row=Row,
    judge=judge,
    queries=[Query(since=14, sql=SQL)],
    target=target_of,
)
