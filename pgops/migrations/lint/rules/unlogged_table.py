"""An UNLOGGED table is empty after a crash, and on every standby.

It writes no WAL, so after a crash or an immediate shutdown PostgreSQL empties it, and physical standbys, base backups
and archives hold no row of it: after a failover it is empty too (manual, CREATE TABLE, UNLOGGED). It suits rows that
can be made anew: staging, caches, counters of the day.

A false alarm for those. SET LOGGED later writes the whole table anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.sql.statements import AlterTable, CreateTable, OtherAction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step
    from pgops.sql.statements import Name

BAD = "CREATE UNLOGGED TABLE baskets (id bigint PRIMARY KEY);"
GOOD = "CREATE TABLE baskets (id bigint PRIMARY KEY);"


def look(step: Step) -> Iterator[Hit]:
    table = _unlogged(step)
    if table is not None:
        yield Hit(message=f"The rows of {table} are lost after a crash or a failover.", target=table.target("table"))


def _unlogged(step: Step) -> Name | None:
    match step.statement.meaning:
        case CreateTable(is_unlogged=True, table=table):
            return table
        case AlterTable(kind="table", table=table, actions=actions):
            sets = any(isinstance(each, OtherAction) and each.action == "SetUnLogged" for each in actions)
            return table if sets else None
        case _:
            return None


RULE = Rule(
    id="unlogged-table",
    doc=__doc__,
    look=look,
    kind=Kind.LOSES,
    bad=BAD,
    good=GOOD,
    covers_small=True,
    statements=(CreateTable, OtherAction),
)
