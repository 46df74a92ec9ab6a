"""A CHECK, UNIQUE or PRIMARY KEY inside ADD COLUMN is proved while nobody may read or write the table.

ADD COLUMN alone changes the catalogue only. A constraint that is declared with it has no NOT VALID: a CHECK is asked of
every row, and UNIQUE and PRIMARY KEY build an index, all under ACCESS EXCLUSIVE. Apart they are harmless: the column,
then the CHECK as NOT VALID and VALIDATE CONSTRAINT in another transaction, or a unique index made CONCURRENTLY and then
ADD CONSTRAINT ... USING INDEX (manual, ALTER TABLE, "Notes").

A false alarm where nobody uses the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._actions import added_columns, column_sql
from pgops.migrations.lint.rules._naming import constraint_name
from pgops.migrations.lint.rules._wording import altering
from pgops.sql.rewriting import apart
from pgops.sql.statements import AddColumn, ConstraintKind, Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step
    from pgops.migrations.lint.rules._actions import Acted
    from pgops.sql.statements import Column

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY);"
BAD = "ALTER TABLE orders ADD COLUMN discount int CHECK (discount BETWEEN 0 AND 100);"
GOOD = """
ALTER TABLE orders ADD COLUMN discount int;
ALTER TABLE orders ADD CONSTRAINT orders_discount_check CHECK (discount BETWEEN 0 AND 100) NOT VALID;
COMMIT;
ALTER TABLE orders VALIDATE CONSTRAINT orders_discount_check;
"""

_INLINE = {ConstraintKind.CHECK, ConstraintKind.UNIQUE, ConstraintKind.PRIMARY_KEY}


def look(step: Step) -> Iterator[Hit]:
    for how, column in added_columns(step):
        inline = [each for each in column.constraints if each.kind in _INLINE and each.is_enforced]
        if inline:
            words = " and ".join(dict.fromkeys(each.kind.value for each in inline))
            yield Hit(
                message=f"For the {words} of {column_sql(how.alter.table, column.name)} all of {how.alter.table} is "
                "read while nobody may read or write it.",
                fix=_fix(step, how, column),
                touch=how.touch,
            )


def _fix(step: Step, how: Acted, column: Column) -> str | None:
    """The column, then CHECKs, then indexes. A primary key needs values first, and somebody to say which."""
    table = how.alter.table
    kinds = [each.kind for each in column.constraints]
    has_index = ConstraintKind.UNIQUE in kinds
    partitioned = has_index and (step.known.is_partitioned(table) or how.alter.only)
    if how.is_conditional or partitioned or not set(kinds) <= {ConstraintKind.CHECK, ConstraintKind.UNIQUE}:
        return None
    names = [constraint_name(step.known, table, each) for each in column.constraints]
    parts = apart(step.statement.text, column.name, names) if len(set(names)) == len(names) else None
    if parts is None:
        return None
    begin = altering(how.alter)
    first, later, last = [f"{parts.column};"], [], []
    for each, name, statement in zip(column.constraints, names, parts.constraints, strict=True):
        quoted = Name(name).sql
        if each.kind is ConstraintKind.CHECK:
            first.append(f"{statement};")
            later.append(f"{begin} VALIDATE CONSTRAINT {quoted};")
        elif each.deferrable:
            return None
        else:
            later.append(f"CREATE UNIQUE INDEX CONCURRENTLY {quoted} ON {table} ({Name(column.name)});")
            last.append(f"{begin} ADD CONSTRAINT {quoted} UNIQUE USING INDEX {quoted};")
    return "\nCOMMIT;\n".join(["\n".join(first), *later, *last])


RULE = Rule(
    id="add-column-inline-constraint",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    severity=Severity.CRITICAL,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    aliases=("adding-serial-primary-key-field",),
    statements=(AddColumn,),
)
