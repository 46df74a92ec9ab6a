"""Every setting that is not as built in, with where it comes from.

What somebody (initdb, an administrator, a role's or database's own settings, this connection) has set: name, value with
unit, the value built in, the source and, for members of pg_read_all_settings, the file and line. Without that role
settings that only superusers may see are missing from the list. `waits_for_restart` marks a change that does not
hold yet.

A listing, no verdict. What pgops sets for its own look (search_path, timeouts, jit) is shown as a new session has it.

Manual: section "pg_settings".
"""

from __future__ import annotations

import re

import attrs

from pgops.checks.api import Check, NoLimits, Query
from pgops.findings import Target
from pgops.secret import MASK

_PASSWORD = re.compile(r"(password\s*=\s*)('(?:\\.|[^'])*'|\S+)", re.IGNORECASE)
_IN_URL = re.compile(r"(://[^/@:\s]*:)[^/@\s]+@")


def _masked(value: str) -> str:
    """A connection string or a command without the password that stands in it."""
    return _IN_URL.sub(rf"\1{MASK}@", _PASSWORD.sub(rf"\1{MASK}", value))


@attrs.frozen(kw_only=True)
class Row:
    category: str
    name: str
    value: str = attrs.field(converter=_masked)
    unit: str | None
    built_in: str | None
    source: str
    file: str | None
    line: int | None
    waits_for_restart: bool


SQL = """
SELECT s.category,
       s.name,
       -- an extension may keep a password in a setting of its own
       CASE WHEN s.name ~* '(password|secret|token|_key$)' AND s.name NOT IN ('password_encryption')
             AND s.name NOT LIKE 'ssl%%'
            THEN '********'
            ELSE COALESCE(s.reset_val, s.setting, '')
       END                AS value,
       s.unit,
       s.boot_val         AS built_in,
       s.source,
       s.sourcefile       AS file,
       s.sourceline       AS line,
       s.pending_restart  AS waits_for_restart
  FROM pg_catalog.pg_settings AS s
 WHERE s.source NOT IN ('default', 'override', 'session')
    OR (s.source = 'session' AND s.reset_val IS DISTINCT FROM s.boot_val)
    OR s.pending_restart
 ORDER BY s.category, s.name
"""

CHECK: Check[Row, NoLimits] = Check(
    id="settings.overview",
    aliases=("settings_overview",),
    doc=__doc__,
    row=Row,
    queries=[Query(since=14, sql=SQL)],
    target=lambda row: Target("setting", None, row.name),
    known_as=(
        "check_pgactivity: settings",
        "ruby-pg-extras: db_settings",
    ),
)
