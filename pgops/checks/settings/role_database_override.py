"""Setting on a role or database that changes what its sessions mean or risk.

ALTER ROLE ... SET and ALTER DATABASE ... SET hold for every later session, stand in no configuration file, and are soon
forgotten. Most are sound: a timeout, more work_mem for reports. These are found:

- CRITICAL: zero_damaged_pages and ignore_checksum_failure, which pass over damage, and session_replication_role, under
  which foreign keys and triggers do not fire.
- WARNING: kinds of plan switched off (enable_...), row_security = off, under which queries fail that policies would
  filter, a timeout switched off (0) for everybody in a database, a search_path with pg_catalog
  behind another schema, or with a schema that this database does not have.
- INFO: synchronous_commit = off, and default_transaction_read_only on a whole database.

All that stands on roles and databases is in the rows; values of settings that are no server's own may be secrets, and
are not shown. A false alarm: a role with one task, such as a replication by triggers.

Manual: "pg_db_role_setting"; ALTER ROLE; ALTER DATABASE.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.settings._reading import quoted_name
from pgops.findings import Finding, Severity, Target, as_tuple, quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import NoLimits, Seen


@attrs.frozen(kw_only=True)
class Row:
    role: str | None
    """None: every role."""
    database: str | None
    """None: every database."""
    name: str
    value: str | None
    """None for a setting of an application or extension."""
    missing_schemas: tuple[str, ...] = attrs.field(converter=as_tuple)
    """The schemas that a search_path for this database names and that are not there."""


SQL = """
SELECT r.rolname::text AS role,
       d.datname::text AS database,
       line.name,
       CASE WHEN pg_catalog.strpos(line.name, '.') = 0 THEN line.value END AS value,
       ARRAY(SELECT word.name
               FROM (SELECT CASE WHEN item.text LIKE '"%%"'
                                 THEN pg_catalog.replace(pg_catalog.substr(item.text, 2,
                                                                           pg_catalog.length(item.text) - 2),
                                                         '""', '"')
                                 ELSE pg_catalog.lower(item.text) END AS name
                       FROM (SELECT pg_catalog.btrim(part.found[1]) AS text
                               FROM pg_catalog.regexp_matches(line.value, '("([^"]|"")*"|[^,"]+)', 'g') AS part (found)
                            ) AS item) AS word
              WHERE line.name = 'search_path'
                AND d.datname = pg_catalog.current_database()
                AND word.name NOT IN ('', '$user', 'pg_temp')
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_namespace AS n WHERE n.nspname::text = word.name)
            ) AS missing_schemas
  FROM pg_catalog.pg_db_role_setting AS s
 CROSS JOIN LATERAL (
       SELECT pg_catalog.split_part(c.text, '=', 1)                        AS name,
              pg_catalog.substr(c.text, pg_catalog.strpos(c.text, '=') + 1) AS value
         FROM pg_catalog.unnest(s.setconfig) AS c (text)) AS line
  LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = s.setrole
  LEFT JOIN pg_catalog.pg_database AS d ON d.oid = s.setdatabase
 ORDER BY d.datname NULLS FIRST, r.rolname NULLS FIRST, line.name
"""

_OFF = frozenset({"off", "false", "no", "0", "f", "n", "of", "fa", "fal", "fals"})
_ON = frozenset({"on", "true", "yes", "1", "t", "y", "tr", "tru", "ye"})
_NO_TIME = re.compile(r"0+(\.0*)?\s*[a-z]*")
_TIMEOUTS = frozenset(
    {"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "transaction_timeout"}
)
_BEHIND_OTHERS = re.compile(r'.*[^\s,].*,\s*"?pg_catalog"?\s*(,.*)?', re.DOTALL)


def _fault(row: Row) -> tuple[Severity, str] | None:
    """How bad a setting is and why, or None."""
    value = (row.value or "").strip().lower()
    off, on = value in _OFF, value in _ON
    match row.name:
        case "zero_damaged_pages" if on:
            return Severity.CRITICAL, "damaged pages are emptied and their rows lost"
        case "ignore_checksum_failure" if on:
            return Severity.CRITICAL, "damaged pages are read as if they were whole"
        case "session_replication_role" if value in ("replica", "local"):
            return Severity.CRITICAL, "foreign keys are not enforced and ordinary triggers do not fire"
        case "row_security" if off:
            return Severity.WARNING, "queries on tables with row security fail instead of being filtered"
        case "search_path" if row.missing_schemas:
            return Severity.WARNING, f"{', '.join(row.missing_schemas)} does not exist here and is passed over silently"
        case "search_path" if _BEHIND_OTHERS.fullmatch(value):
            return Severity.WARNING, "functions and operators of other schemas go before those of pg_catalog"
        case "synchronous_commit" if off:
            return Severity.INFO, "a crash loses transactions of the last moments that were reported as committed"
        case "default_transaction_read_only" if on and row.role is None:
            return Severity.INFO, "every transaction that does not ask for more is refused to write"
        case name if name.startswith("enable_") and off:
            return Severity.WARNING, "the planner avoids such plans for all queries of these sessions"
        case name if name in _TIMEOUTS and row.role is None and _NO_TIME.fullmatch(value):
            return Severity.WARNING, "nothing bounds these sessions any more, whatever the server says"
    return None


def target_of(row: Row) -> Target:
    """The role or database, with the setting as a part of it."""
    if row.role is None:
        return Target("database", None, row.database or "every database", row.name)
    return Target("role", None, row.role, row.name, also=() if row.database is None else (row.database,))


def _fix(row: Row) -> str:
    if row.role is None and row.database is not None:
        return f"ALTER DATABASE {quote_identifier(row.database)} RESET {quoted_name(row.name)};"
    role = "ALL" if row.role is None else quote_identifier(row.role)
    where = "" if row.database is None else f" IN DATABASE {quote_identifier(row.database)}"
    return f"ALTER ROLE {role}{where} RESET {quoted_name(row.name)};"


def judge(rows: Sequence[Row], seen: Seen[NoLimits]) -> Iterator[Finding]:
    for row in rows:
        fault = _fault(row)
        if fault is None:
            continue
        severity, why = fault
        whose = f"The role {row.role} has" if row.role else "Every role has"
        where = f" in the database {row.database}" if row.database else ""
        if row.role is None and row.database:
            whose, where = f"The database {row.database} has", ""
        message = f"{whose} {row.name} = {row.value}{where}: {why}."
        yield Finding(severity, target_of(row), message, _fix(row), details={"value": row.value})


CHECK = Check(
    id="settings.role_database_override",
    aliases=("role_settings",),
    doc=__doc__,
    row=Row,
    judge=judge,
    queries=[Query(since=14, sql=SQL)],
    target=target_of,
)
