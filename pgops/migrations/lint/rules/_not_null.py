"""How a column becomes NOT NULL while the table stays open: a proof first, which is read under a weak lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.effects.known import same, says_not_null
from pgops.migrations.lint.rules._naming import free_name
from pgops.migrations.lint.rules._outline import outline_of
from pgops.migrations.lint.rules._wording import altering
from pgops.sql.statements import AlterTable, Name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgops.migrations.effects.facts import ConstraintFacts
    from pgops.migrations.effects.walk import Step


def is_not_null(step: Step, table: Name, column: str) -> bool | None:
    """Whether the column is NOT NULL, or proved to be, when the statement comes. None: nobody knows."""
    known = step.known
    live = known.column(table, column)
    if (live is not None and live.not_null) or known.not_null_is_proved(table, column):
        return True
    for earlier in outline_of(step.script).not_null.get((table.name, column), ()):
        meaning = earlier.meaning
        if earlier.ordinal < step.statement.ordinal and isinstance(meaning, AlterTable) and same(meaning.table, table):
            return True
    for made in known.created if known.is_new(table) else ():
        if same(made.table, table):
            return any(each.not_null for each in made.columns if each.name == column)
    return None if live is None else False


def proved_first(step: Step, alter: AlterTable, columns: Iterable[str], then: str | None = None) -> str:
    """SQL that proves the columns NOT NULL, makes them so, and does `then` without a scan.

    Up to 17 the proof is a CHECK that is dropped afterwards; since 18 NOT NULL can be NOT VALID itself (manual, ALTER
    TABLE). A proof that is there and waits to be validated is taken as it is.
    """
    begin = altering(alter)
    has_own = step.known.server >= 18
    added, validated, last, dropped = [], [], [], []
    for column in columns:
        quoted = Name(column).sql
        there = _not_validated(step, alter.table, column)
        name = Name(there.name if there else free_name(step.known, alter.table, (column,), "not_null")).sql
        if there is None:
            words = f"NOT NULL {quoted}" if has_own else f"CHECK ({quoted} IS NOT NULL)"
            added.append(f"{begin} ADD CONSTRAINT {name} {words} NOT VALID;")
        validated.append(f"{begin} VALIDATE CONSTRAINT {name};")
        if there.kind == "c" if there else not has_own:
            last.append(f"{begin} ALTER COLUMN {quoted} SET NOT NULL;")
        if there is None and not has_own:
            dropped.append(f"{begin} DROP CONSTRAINT {name};")
    last += [*([then] if then else []), *dropped]
    transactions = ["\n".join(each) for each in (added, *([one] for one in validated), last) if each]
    return "\nCOMMIT;\n".join(transactions)


def _not_validated(step: Step, table: Name, column: str) -> ConstraintFacts | None:
    live = step.known.table(table)
    constraints = live.constraints.values() if live is not None else ()
    return next((each for each in constraints if not each.valid and says_not_null(each, column)), None)
