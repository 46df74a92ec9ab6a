"""A table as a whole: with what a statement does to its partitions, and whether anyone would notice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from pgops.migrations.effects.effect import Touch
    from pgops.migrations.effects.walk import Step
    from pgops.sql.statements import Name


def whole(step: Step, table: Name) -> Touch | None:
    """What the statement does to the table. A partitioned one has its rows in its partitions, which count as it."""
    own = step.effect.on(table)
    parts = [each for each in step.effect.touches if each.role == "partition"]
    if own is None or not parts:
        return own
    return attrs.evolve(
        own,
        scan=own.scan or any(each.scan for each in parts),
        rewrite=own.rewrite or any(each.rewrite for each in parts),
    )


def outside(step: Step) -> str:
    """What to add to advice that allows no transaction, where the file began one."""
    return " CONCURRENTLY allows no transaction: put it outside BEGIN and COMMIT." if step.explicit else ""
