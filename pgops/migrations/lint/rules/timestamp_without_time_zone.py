"""timestamp without time zone does not say which moment it is.

It keeps the digits of a clock and drops whatever zone was sent with them: the same value is another moment in another
session, and arithmetic over a change to summer time is an hour off. timestamptz takes the same eight bytes and keeps
the moment (manual, section 8.5.1; PostgreSQL wiki, "Don't Do This"). A later change of type writes the table anew, but
in a session at UTC.

A false alarm for local times that belong to no moment: opening hours, a birthday's hour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._actions import column_sql
from pgops.migrations.lint.rules._columns import columns_of_type
from pgops.sql.statements import AddColumn, AlterType, CreateTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

BAD = "CREATE TABLE events (id bigint PRIMARY KEY, happened timestamp NOT NULL);"
GOOD = "CREATE TABLE events (id bigint PRIMARY KEY, happened timestamptz NOT NULL);"


def look(step: Step) -> Iterator[Hit]:
    for table, column in columns_of_type(step, "timestamp"):
        yield Hit(
            message=f"{column_sql(table, column.name)} is a timestamp without time zone, which names no moment; "
            "timestamptz does.",
            target=table.target("column", column.name),
        )


RULE = Rule(
    id="timestamp-without-time-zone",
    doc=__doc__,
    look=look,
    kind=Kind.STYLE,
    bad=BAD,
    good=GOOD,
    covers_small=True,
    aliases=("prefer-timestamp-tz",),
    statements=(CreateTable, AddColumn, AlterType),
)
