"""ADD UNIQUE and ADD PRIMARY KEY build their index while nobody may read or write the table.

They take ACCESS EXCLUSIVE and read every row to build it. A unique index built CONCURRENTLY first can be made into the
constraint with USING INDEX, under the same lock for an instant (manual, ALTER TABLE, "ADD table_constraint_using_
index"). If a duplicate turns up, that index is left invalid and has to be dropped.

A primary key also makes its columns NOT NULL, which reads the table again unless they are so already: see
primary-key-nullable-column. No harm on a table that is new or small. A partitioned table can't use USING INDEX: give
each partition its constraint this way, then the parent takes them over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._naming import constraint_name
from pgops.migrations.lint.rules._not_null import is_not_null, proved_first
from pgops.migrations.lint.rules._tables import actions
from pgops.migrations.lint.rules._touches import outside, whole
from pgops.migrations.lint.rules._wording import altering, checked, key_words, said
from pgops.sql.statements import AddConstraint, AlterTable, ConstraintKind, CreateIndex, Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE customers (id bigint PRIMARY KEY, email text NOT NULL);"
BAD = "ALTER TABLE customers ADD CONSTRAINT customers_email_key UNIQUE (email);"
GOOD = """
CREATE UNIQUE INDEX CONCURRENTLY customers_email_key ON customers (email);
ALTER TABLE customers ADD CONSTRAINT customers_email_key UNIQUE USING INDEX customers_email_key;
"""


def look(step: Step) -> Iterator[Hit]:
    for alter, action in actions(step, AddConstraint):
        constraint = action.constraint
        if constraint.kind not in (ConstraintKind.UNIQUE, ConstraintKind.PRIMARY_KEY) or constraint.using_index:
            continue
        if step.known.is_small(alter.table):
            continue
        yield Hit(
            message=f"While this builds the index of {constraint.kind.value}, nobody can read or write {alter.table}."
            + outside(step),
            fix=None if step.known.is_partitioned(alter.table) else _using_index(step, alter, action),
            touch=whole(step, alter.table),
        )


def _using_index(step: Step, alter: AlterTable, action: AddConstraint) -> str | None:
    constraint = action.constraint
    words = key_words(step.statement.text, alter)
    if words is None:
        return None
    name = constraint_name(step.known, alter.table, constraint, words.included)
    quoted = Name(name).sql
    create = f"CREATE UNIQUE INDEX CONCURRENTLY {quoted} ON {alter.table.sql} {words.of_index};"
    index = said(create)
    if not isinstance(index, CreateIndex) or (index.table, index.columns) != (alter.table, constraint.columns):
        return None
    using = attrs.evolve(constraint, name=name, columns=(), using_index=name)
    kind = constraint.kind.value
    add = checked(
        f"{altering(alter)} ADD CONSTRAINT {quoted} {kind} USING INDEX {quoted} {words.of_constraint}".rstrip() + ";",
        attrs.evolve(alter, actions=(AddConstraint(constraint=using),)),
    )
    if add is None:
        return None
    if constraint.kind is ConstraintKind.PRIMARY_KEY:
        nullable = [each for each in constraint.columns if is_not_null(step, alter.table, each) is False]
        add = proved_first(step, alter, nullable, add)
    return f"{create}\n{add}"


RULE = Rule(
    id="unique-using-index",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.CRITICAL,
    aliases=("disallowed-unique-constraint", "add_unique_constraint", "E7"),
    statements=(AddConstraint,),
)
