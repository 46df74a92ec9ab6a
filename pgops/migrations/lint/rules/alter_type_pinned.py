"""ALTER COLUMN TYPE is refused while a view, rule, policy, trigger or generated column uses the column.

The free changes are refused too: 0A000, "cannot alter type of a column used by a view or rule". It is the same with
materialized views, policies, triggers that are UPDATE OF the column, generated columns (42601 on 14), the row filter of
a publication and functions with a BEGIN ATOMIC body (measured on 14 to 18). Drop what is in the way, change the type,
and make it again with its owner, grants and comment, all in one transaction.

Without a catalogue only views are seen that the script itself makes of the table; one of them may not use the column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.effects.column_uses import pins
from pgops.migrations.effects.known import same
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._actions import acted, column_sql
from pgops.migrations.lint.rules._wording import ended
from pgops.sql.lexing import names_written
from pgops.sql.statements import AlterType, CreateView, Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step
    from pgops.sql.script import Statement

SETUP = """
CREATE TABLE orders (id bigint PRIMARY KEY, state varchar(10));
CREATE VIEW open_orders AS SELECT id, state FROM orders WHERE state <> 'done';
"""
BAD = """
CREATE VIEW new_orders AS SELECT id, state FROM orders WHERE state = 'new';
ALTER TABLE orders ALTER COLUMN state TYPE varchar(20);
"""
GOOD = """
DROP VIEW open_orders;
ALTER TABLE orders ALTER COLUMN state TYPE varchar(20);
CREATE VIEW open_orders AS SELECT id, state FROM orders WHERE state <> 'done';
"""


def look(step: Step) -> Iterator[Hit]:
    for how, action in acted(step, AlterType):
        table = how.alter.table
        live = pins(step.known, table, action.column, how.alter)
        made = list(_views_made(step, table, action.column))
        if live or made:
            what = ", ".join([*live, *(f"the view {view}" for view, _ in made)])
            yield Hit(
                message=f"PostgreSQL refuses to change the type of {column_sql(table, action.column)}, as it is used "
                f"by {what}. Drop that first, and make it again afterwards.",
                fix=None if live else _in_order(step, table, made),
                touch=how.touch,
            )


def _views_made(step: Step, table: Name, column: str) -> Iterator[tuple[Name, Statement | None]]:
    """The views that the script has made of the table, with their statement where it is of this script."""
    made = [each for each in step.known.made_views if any(same(read, table) for read in each.reads)]
    if not made:
        return
    here = {id(each.meaning): each for each in step.script.statements[: step.statement.ordinal]}
    for view in made:
        statement = here.get(id(view))
        if statement is None or "*" in statement.text or column in set(names_written(statement.text)):
            yield view.view, statement


def _in_order(step: Step, table: Name, made: list[tuple[Name, Statement | None]]) -> str | None:
    """The change first and then the view, where the one follows directly upon the other."""
    if len(made) != 1 or made[0][1] is None:
        return None
    statement = made[0][1]
    is_plain = isinstance(statement.meaning, CreateView) and not statement.meaning.if_not_exists
    between = step.script.statements[statement.ordinal + 1 : step.statement.ordinal]
    return f"{ended(step.statement.text)}\n{ended(statement.text)}" if is_plain and not between else None


RULE = Rule(
    id="alter-type-pinned",
    doc=__doc__,
    look=look,
    kind=Kind.FAILS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.CRITICAL,
    fails_on=(14, 15, 16, 17, 18),
    covers_small=True,
    statements=(AlterType,),
)
