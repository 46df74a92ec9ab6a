"""DROP DATABASE removes everything in it, at once and for good.

No transaction can take it back, no backup is made, and a name that is off by a letter is enough. A database belongs to
whoever runs the server, not into a migration of a schema (manual, DROP DATABASE).

A false alarm in scripts that set up throwaway databases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.sql.statements import NoTransaction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

BAD = "DROP DATABASE IF EXISTS reporting_of_last_year;"
GOOD = "DROP SCHEMA IF EXISTS reporting;"


def look(step: Step) -> Iterator[Hit]:
    meaning = step.statement.meaning
    if isinstance(meaning, NoTransaction) and meaning.what == "DROP DATABASE":
        yield Hit(message="This drops a whole database, and nothing brings it back but a backup.")


RULE = Rule(
    id="drop-database",
    doc=__doc__,
    look=look,
    kind=Kind.LOSES,
    bad=BAD,
    good=GOOD,
    severity=Severity.CRITICAL,
    covers_small=True,
    statements=(NoTransaction,),
    aliases=("ban-drop-database",),
)
