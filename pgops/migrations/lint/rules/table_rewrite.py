"""SET LOGGED, SET ACCESS METHOD, SET TABLESPACE, CLUSTER and VACUUM FULL write the whole table anew.

All of them copy the table, and all but SET TABLESPACE build its indexes anew, under ACCESS EXCLUSIVE: nobody reads or
writes meanwhile, and the disk holds both copies. Plain VACUUM frees the space for new rows and blocks nobody; pg_repack
and pg_squeeze write a table anew beside its use (manual, ALTER TABLE, CLUSTER, VACUUM). A partitioned table itself has
no rows: its partitions are changed one by one.

Without a catalogue a false alarm where nothing changes, as with SET LOGGED of a table that is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.effects.table_actions import action_effect
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.sql import statements as s

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY);"
BAD = "VACUUM FULL orders;"
GOOD = "VACUUM orders;"

_ACTIONS = {
    "SetLogged": "SET LOGGED",
    "SetUnLogged": "SET UNLOGGED",
    "SetAccessMethod": "SET ACCESS METHOD",
    "SetTableSpace": "SET TABLESPACE",
}


def look(step: Step) -> Iterator[Hit]:
    match step.statement.meaning:
        case s.AlterTable() as alter:
            for action in alter.actions:
                if not isinstance(action, s.OtherAction) or action.action not in _ACTIONS:
                    continue
                touch = action_effect(alter, action, step.known).on(alter.table)
                if touch is not None and touch.rewrite:
                    yield Hit(message=_message(_ACTIONS[action.action], alter.table), touch=touch)
        case s.Cluster(table=table):
            partitioned = table is not None and step.known.is_partitioned(table)
            yield Hit(message=_message("CLUSTER", table, "each partition of " if partitioned else ""))
        case s.Vacuum(full=True, tables=()):
            yield Hit(message=_message("VACUUM FULL", None))
        case s.Vacuum(full=True, tables=tables):
            for table in tables:
                yield Hit(message=_message("VACUUM FULL", table), touch=step.effect.on(table))


def _message(what: str, table: s.Name | None, part: str = "") -> str:
    named = f"{part}{table}" if table is not None else "one table after the other"
    return f"{what} writes {named} anew, and nobody can read or write it meanwhile."


RULE = Rule(
    id="table-rewrite",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.CRITICAL,
    aliases=("prefer-repack", "E10"),
    statements=(s.Cluster, s.Vacuum, s.OtherAction),
)
