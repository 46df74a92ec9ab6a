"""A constraint in two steps: NOT VALID, which looks at no row, and VALIDATE, which stops nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.migrations.lint.rules._naming import constraint_name
from pgops.migrations.lint.rules._wording import add_constraint, altering
from pgops.sql.statements import AddConstraint, AlterTable, Name

if TYPE_CHECKING:
    from pgops.migrations.effects.walk import Step


def validated_later(step: Step, alter: AlterTable, action: AddConstraint) -> str | None:
    """The constraint NOT VALID, and in another transaction its validation."""
    name = constraint_name(step.known, alter.table, action.constraint)
    late = attrs.evolve(action.constraint, name=name, not_valid=True)
    wanted = attrs.evolve(alter, actions=(AddConstraint(constraint=late),))
    first = add_constraint(step.statement.text, alter, wanted)
    validate = f"{altering(alter)} VALIDATE CONSTRAINT {Name(name).sql};"
    return f"{first}\nCOMMIT;\n{validate}" if first is not None else None
