"""What the checks of who is connected share: clients, grouped by who they are."""

from __future__ import annotations

from typing import LiteralString, Protocol

from pgops.findings import Target

# Clients without the one that asks. Sums by user, database and application.
CLIENTS: LiteralString = """client AS MATERIALIZED (
  SELECT COALESCE(a.usename::text, a.usesysid::text)  AS "user",
         a.datname::text                              AS database,
         COALESCE(a.application_name, '')             AS application,
         a.state,
         EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.state_change)::float8 AS state_age_s,
         EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.backend_start)::float8 AS session_age_s,
         pg_catalog.host(a.client_addr)               AS address
    FROM pg_catalog.pg_stat_activity AS a
   WHERE a.backend_type = 'client backend'
     AND a.pid <> pg_catalog.pg_backend_pid()
)"""


class Group(Protocol):
    """The columns by which a group of sessions is named."""

    @property
    def user(self) -> str: ...
    @property
    def database(self) -> str | None: ...
    @property
    def application(self) -> str: ...


def group_target(group: Group) -> Target:
    return Target("sessions", None, group.user, group.database, also=(group.application,))


def of_whom(group: Group) -> str:
    """`of app in shop (web)`."""
    where = f" in {group.database}" if group.database else ""
    return f"of {group.user}{where}" + (f" ({group.application})" if group.application else "")
