"""What the checks of pg_hba.conf share: its lines as the server reads them, and the rights that this takes."""

from __future__ import annotations

from typing import LiteralString

import attrs

from pgops.checks.api import Query
from pgops.findings import Target, as_tuple

GRANTS = ("SELECT ON pg_catalog.pg_hba_file_rules", "EXECUTE ON FUNCTION pg_catalog.pg_hba_file_rules()")


@attrs.frozen(kw_only=True)
class Rule:
    """One line of pg_hba.conf or of a file that it includes; `error` says what is wrong with it; one
    that can't be read at all has no `type`."""

    file: str | None
    """None before PostgreSQL 16: pg_hba.conf itself."""
    line: int
    type: str | None
    """`local`, `host`, `hostssl`, `hostnossl`, `hostgssenc` or `hostnogssenc`."""
    databases: tuple[str, ...] = attrs.field(converter=as_tuple)
    users: tuple[str, ...] = attrs.field(converter=as_tuple)
    address: str | None
    netmask: str | None
    method: str | None
    options: tuple[str, ...] = attrs.field(converter=as_tuple)
    """Without those that are passwords."""
    error: str | None

    @property
    def text(self) -> str:
        """The line as it would be written, without options."""
        network = " ".join(filter(None, (self.address, self.netmask)))
        words = (self.type, ",".join(self.databases), ",".join(self.users), network, self.method)
        return " ".join(word for word in words if word)


_TEMPLATE: LiteralString = """
SELECT <file> AS file,
       h.line_number AS line,
       h.type,
       COALESCE(h.database, '{}') AS databases,
       COALESCE(h.user_name, '{}') AS users,
       h.address,
       h.netmask,
       h.auth_method AS method,
       ARRAY(SELECT o.text
               FROM pg_catalog.unnest(h.options) AS o (text)
              WHERE o.text !~* '(passwd|secret)') AS options,
       h.error
  FROM pg_catalog.pg_hba_file_rules AS h
 ORDER BY <order>
"""

QUERIES = (
    Query(since=14, sql=_TEMPLATE.replace("<file>", "NULL::text").replace("<order>", "h.line_number")),
    Query(
        since=16,
        sql=_TEMPLATE.replace("<file>", "h.file_name").replace(
            "<order>", "h.rule_number NULLS LAST, h.file_name, h.line_number"
        ),
    ),
)


def target_of(rule: Rule) -> Target:
    """A line is known again by what it says, wherever it stands."""
    return Target("pg_hba.conf line", None, rule.text or f"line {rule.line}")
