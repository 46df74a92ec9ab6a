"""The same change for each partition of a partitioned table, as the catalogue has them, and then for the parent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.migrations.lint.rules._naming import free_name
from pgops.migrations.lint.rules._wording import create_index
from pgops.sql.statements import Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.facts import TableFacts
    from pgops.migrations.effects.walk import Step
    from pgops.sql.statements import CreateIndex


def leaves(step: Step, table: Name) -> list[TableFacts] | None:
    """The partitions that hold rows, of every level; None where they are not known, or are not all ordinary tables."""
    root = step.known.table(table)
    if root is None or root.detach_pending:
        return None
    parts = [step.known.table(each) for each in root.partitions]
    whole = [each for each in parts if each is not None and each.kind in "rp" and not each.detach_pending]
    return [each for each in whole if each.kind == "r"] if len(whole) == len(parts) else None


def index_per_partition(step: Step, index: CreateIndex) -> str | None:
    """The index ON ONLY the parent, CONCURRENTLY on each partition, and attached; None where that can't be written.

    The parent's index is invalid until the last partition's is attached (manual, section 5.12.2.2).
    """
    root = step.known.table(index.table)
    if root is None or leaves(step, index.table) is None:
        return None
    name = index.name or free_name(step.known, index.table, index.columns, "idx")
    top = attrs.evolve(index, name=name, only=True, concurrently=False, if_not_exists=False)
    lines = [create_index(step.statement.text, index, top), *_below(step, index, root, Name(name, index.table.schema))]
    return "\n".join(each for each in lines if each is not None) if None not in lines else None


def _below(step: Step, index: CreateIndex, parent: TableFacts, parent_index: Name) -> Iterator[str | None]:
    for each in parent.partitions:
        part = step.known.table(each)
        if part is None or part.parent != parent.name:
            continue
        name = free_name(step.known, each, index.columns, "idx")
        own = attrs.evolve(
            index,
            table=each,
            name=name,
            only=part.is_partitioned,
            concurrently=not part.is_partitioned,
            if_not_exists=False,
        )
        yield create_index(step.statement.text, index, own)
        yield f"ALTER INDEX {parent_index.sql} ATTACH PARTITION {Name(name, each.schema).sql};"
        yield from _below(step, index, part, Name(name, each.schema))
