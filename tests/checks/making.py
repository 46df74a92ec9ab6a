"""Checks made on the spot, for tests of the machinery."""

from __future__ import annotations

from typing import Any

import attrs

from pgops import Check, Query, Registry, Severity, Target, each_row


@attrs.frozen(kw_only=True)
class Row:
    name: str


JUDGE = each_row(
    severity=Severity.WARNING, target=lambda row: Target("thing", None, row.name), message="{name} is there."
)
NOTHING = "SELECT ''::text AS name WHERE false"


def make_check(slug: str, sql: str = NOTHING, **more: Any) -> Check[Any, Any]:
    given = {"row": Row, "judge": JUDGE, "queries": [Query(since=14, sql=sql)]} | more
    return Check(id=f"made.{slug}", doc="Made for a test.\n\nIt means nothing.", **given)


def trusted(*checks: Check[Any, Any]) -> Registry:
    """A registry that treats the checks as pgops' own: settings and query in one message."""
    return Registry.of(checks, origin="pgops")


def untrusted(*checks: Check[Any, Any]) -> Registry:
    """A registry that treats the checks as a plugin's: by the extended protocol."""
    return Registry.of(checks)
