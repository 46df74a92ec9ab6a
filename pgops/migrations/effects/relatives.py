"""Where a statement on one table goes on to: partitions, tables that inherit, tables that reference it.

Without a catalogue none of them are known. What may be there is then said in `Effect.perhaps`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.effects.effect import Touch
from pgops.migrations.effects.known import same

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgops.migrations.effects.facts import KeyFacts
    from pgops.migrations.effects.known import Known
    from pgops.migrations.effects.locks import LockMode
    from pgops.sql.statements import Name


def everywhere(
    table: Name,
    known: Known,
    lock: LockMode,
    *,
    scan: bool | Callable[[Name], bool] = False,
    rewrite: bool | Callable[[Name], bool] = False,
    only: bool = False,
    inheriting: bool = True,
    role: str = "table",
) -> tuple[Touch, ...]:
    """The table and, but for `only`, its partitions and (`inheriting`) the tables that inherit from it.

    A partitioned table holds no rows: it is its partitions that are read or written. `scan` and `rewrite` may be asked
    of each by its name.
    """

    def touch(name: Name, role: str) -> Touch:
        rows = holds_rows(name, known)
        return Touch(
            name,
            lock,
            scan=rows and (scan(name) if callable(scan) else scan),
            rewrite=rows and (rewrite(name) if callable(rewrite) else rewrite),
            role=role,
        )

    below = () if only else children(table, known) if inheriting else partitions(table, known)
    part = "partition" if known.is_partitioned(table) else "inheriting table"
    return (touch(table, role), *(touch(each, part if role == "table" else f"{part} of the {role}") for each in below))


def children(table: Name, known: Known) -> tuple[Name, ...]:
    """Partitions, or tables that inherit, of every level; without those that the script has detached."""
    found = known.table(table)
    return tuple(each for each in found.children if not known.is_detached(each)) if found is not None else ()


def partitions(table: Name, known: Known) -> tuple[Name, ...]:
    """The same of a partitioned table; none of another."""
    return children(table, known) if known.is_partitioned(table) else ()


def holds_rows(table: Name, known: Known) -> bool:
    """Whether rows are in the table itself; a table that nobody knows may hold some."""
    found = known.table(table)
    return not known.is_partitioned(table) and (found is None or found.kind != "f")


def referencing(table: Name, known: Known, *, column: str | None = None) -> tuple[KeyFacts, ...]:
    """The foreign keys that reference the table, or one column of it, and that the script has not dropped."""
    found = known.table(table)
    return tuple(
        key
        for key in (found.keys if found is not None else ())
        if (column is None or column in key.columns) and not _is_gone(key, known)
    )


def _is_gone(key: KeyFacts, known: Known) -> bool:
    dropped = any(name == key.name and same(table, key.table) for table, name in known.dropped_constraints)
    return dropped or any(
        drop.kind == "table" and any(same(each, key.table) for each in drop.names) for drop in known.dropped
    )
