"""ADD COLUMN ... REFERENCES locks both tables, and with a default it reads both while they are locked.

The column and the foreign key come in one statement, so ACCESS EXCLUSIVE on the table is held while SHARE ROW EXCLUSIVE
on the referenced table, which stops all writes there, is waited for. Without a default every row has NULL, and no row
is looked at; with one each row is looked up in the other table before the locks are let go. Apart, the key is added NOT
VALID and validated in a transaction of its own, which blocks nobody (manual, ALTER TABLE, "Notes").

A short lock where there is no default: then it is for information.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.effects.known import same
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._actions import added_columns, column_sql
from pgops.migrations.lint.rules._naming import constraint_name
from pgops.migrations.lint.rules._wording import altering
from pgops.sql.rewriting import apart
from pgops.sql.statements import AddColumn, ConstraintKind, Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.effect import Touch
    from pgops.migrations.effects.walk import Step
    from pgops.migrations.lint.rules._actions import Acted
    from pgops.sql.statements import Column

SETUP = """
CREATE TABLE customers (id bigint PRIMARY KEY);
INSERT INTO customers VALUES (1);
CREATE TABLE orders (id bigint PRIMARY KEY);
"""
BAD = "ALTER TABLE orders ADD COLUMN customer_id bigint DEFAULT 1 REFERENCES customers;"
GOOD = """
ALTER TABLE orders ADD COLUMN customer_id bigint DEFAULT 1;
COMMIT;
ALTER TABLE orders ADD CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customers NOT VALID;
COMMIT;
ALTER TABLE orders VALIDATE CONSTRAINT orders_customer_id_fkey;
"""


def look(step: Step) -> Iterator[Hit]:
    for how, column in added_columns(step):
        table = how.alter.table
        for key in column.constraints:
            if key.kind is not ConstraintKind.FOREIGN_KEY or key.references is None:
                continue
            scan = _has_value(column) and key.is_enforced
            # Of itself, or of a table that nobody uses yet, it asks no more than the column does.
            if not scan and (same(key.references, table) or step.known.is_new(key.references)):
                continue
            name = column_sql(table, column.name)
            yield Hit(
                message=f"Each row of {table} is looked up in {key.references}; meanwhile nobody can read or write "
                f"{table}, or write {key.references}."
                if scan
                else f"Adding {name} keeps {table} locked while it waits for a lock on {key.references}, and stops "
                "writes there: add the foreign key NOT VALID, in a transaction of its own.",
                fix=_fix(step, how, column),
                touch=_touch(step, how, key.references),
                severity=Severity.WARNING if scan else Severity.INFO,
            )


def _has_value(column: Column) -> bool:
    has_default = column.default is not None and not column.default.is_null
    return has_default or column.identity or column.is_serial


def _touch(step: Step, how: Acted, referenced: Name) -> Touch:
    """The table itself, or, where that is small, the referenced one."""
    other = next((each for each in how.effect.touches if each.relation == referenced), how.touch)
    return other if step.known.is_small(how.alter.table) else how.touch


def _fix(step: Step, how: Acted, column: Column) -> str | None:
    table = how.alter.table
    too_old = step.known.is_partitioned(table) and step.known.server < 18  # 42809
    if how.is_conditional or too_old or len(column.constraints) != 1:
        return None
    name = constraint_name(step.known, table, column.constraints[0])
    parts = apart(step.statement.text, column.name, [name])
    if parts is None:
        return None
    validate = f"{altering(how.alter)} VALIDATE CONSTRAINT {Name(name)};"
    return f"{parts.column};\nCOMMIT;\n{parts.constraints[0]};\nCOMMIT;\n{validate}"


RULE = Rule(
    id="add-column-references",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    statements=(AddColumn,),
)
