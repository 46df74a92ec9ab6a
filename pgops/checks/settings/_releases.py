"""What is known of PostgreSQL's releases: until when each major version is supported, and its newest minor release.

By the versioning policy a major version gets fixes for five years and one last minor release after; minor releases of
all of them come in February, May, August and November. Both tables are as of `AS_OF`: bring them up to date with
every release of pgops.

Source: https://www.postgresql.org/support/versioning/
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, LiteralString

import attrs

from pgops.findings import Target

if TYPE_CHECKING:
    from collections.abc import Mapping

AS_OF = date(2026, 8, 13)
"""The day of the newest release that the tables know."""

SUPPORTED_UNTIL: Mapping[int, date] = {
    14: date(2026, 11, 12),
    15: date(2027, 11, 11),
    16: date(2028, 11, 9),
    17: date(2029, 11, 8),
    18: date(2030, 11, 14),
}

NEWEST_MINOR: Mapping[int, int] = {14: 24, 15: 19, 16: 15, 17: 11, 18: 6}  # there is no 18.5


@attrs.frozen(kw_only=True)
class Release:
    """What a server says that it is."""

    release: str
    """As in server_version: `16.14 (Debian 16.14-1.pgdg12+1)`."""
    major: int
    minor: int


RELEASE_SQL: LiteralString = """
SELECT v.release,
       v.number / 10000  AS major,
       v.number %% 10000 AS minor
  FROM (SELECT pg_catalog.current_setting('server_version')          AS release,
               pg_catalog.current_setting('server_version_num')::int AS number) AS v
"""


def target_of(row: Release) -> Target:
    return Target("server", None, f"PostgreSQL {row.major}")
