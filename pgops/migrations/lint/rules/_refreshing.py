"""Whether REFRESH MATERIALIZED VIEW CONCURRENTLY can tell the rows apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgops.migrations.effects.walk import Step
    from pgops.sql.statements import Name


def has_unique_index(step: Step, view: Name) -> bool | None:
    """Whether the view has a valid unique index over whole columns, not partial. None: nobody knows."""
    made = step.known.made_indexes_on(view)
    if any(each.unique and not each.is_partial and None not in each.columns for each in made):
        return True
    facts = step.known.table(view)
    if facts is None:
        return None
    return any(
        each.unique and each.valid and not each.is_partial and None not in each.columns
        for each in facts.indexes.values()
    )
