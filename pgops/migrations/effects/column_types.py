"""ALTER COLUMN ... TYPE: when only the catalogue changes, when the table is read, when it is written anew.

PostgreSQL compares binary forms: a varchar is a text that may be shorter, a timestamptz at UTC is a timestamp. The
table of free changes was measured on 14 to 18; anything else rewrites (ATColumnChangeRequiresRewrite in tablecmds.c).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from pgops.migrations.effects.known import ColumnFacts, Known
    from pgops.migrations.sql.statements import AlterType, Name, TypeName


@attrs.frozen
class TypeChange:
    """What an ALTER TYPE costs; `certain` False where the old type is not known."""

    rewrite: bool
    scan: bool = False
    certain: bool = True


def type_change(table: Name, action: AlterType, known: Known) -> TypeChange:
    """The cost of one ALTER TYPE. Without a catalogue the old type is unknown, and the worst is assumed."""
    old = known.column(table, action.column)
    if action.using is not None and not _is_plain_cast(action):
        return TypeChange(rewrite=True)
    if old is None:
        return TypeChange(rewrite=True, certain=False)
    free = is_free(
        old.base_type, _precision(old), action.type, utc=known.facts is not None and known.facts.time_zone_is_utc
    )
    if not free:
        return TypeChange(rewrite=True)
    return TypeChange(rewrite=False, scan=old.has_checks or _indexes_are_built_anew(old, action))


def is_free(old: str, old_modifier: tuple[int, ...], new: TypeName, *, utc: bool = False) -> bool:
    """Whether the stored form stays as it is. `old_modifier` is what stands in parentheses, empty for none.

    >>> from pgops.migrations.sql.statements import TypeName
    >>> is_free("varchar", (20,), TypeName("varchar", None, (40,))), is_free("int4", (), TypeName("int8"))
    (True, False)
    """
    if new.is_array or new.schema is not None:
        return False
    wanted = new.modifiers
    match old, new.name:
        case ("varchar" | "text", "text"):
            return True
        case ("varchar" | "text", "varchar"):
            return not wanted or (old == "varchar" and bool(old_modifier) and wanted[0] >= old_modifier[0])
        case ("numeric", "numeric"):
            return not wanted or _numeric_fits(old_modifier, wanted)
        case ("varbit", "varbit"):
            return not wanted or (bool(old_modifier) and wanted[0] >= old_modifier[0])
        case ("time", "time") | ("timetz", "timetz") | ("timestamp", "timestamp") | ("timestamptz", "timestamptz"):
            return _digits(wanted) >= _digits(old_modifier)
        case ("interval", "interval"):
            return not wanted
        case ("timestamp", "timestamptz") | ("timestamptz", "timestamp"):
            return utc and _digits(wanted) >= _digits(old_modifier)
        case ("cidr", "inet"):
            return True
        case _:
            return old == new.name and old_modifier == wanted


def _numeric_fits(old: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    if not old:
        return False
    scale = old[1] if len(old) > 1 else 0
    wanted_scale = wanted[1] if len(wanted) > 1 else 0
    return wanted[0] >= old[0] and scale == wanted_scale


def _digits(modifier: tuple[int, ...]) -> int:
    return modifier[0] if modifier else 6


def _is_plain_cast(action: AlterType) -> bool:
    """`USING column::type`, which says what would be done anyway."""
    using = action.using
    return using is not None and using.cast_of == action.column and using.cast_to in (None, action.type)


def _precision(column: ColumnFacts) -> tuple[int, ...]:
    """What stands in the parentheses of the type as format_type() writes it."""
    _, opening, rest = column.type.partition("(")
    digits = rest.partition(")")[0] if opening else ""
    return tuple(int(each) for each in digits.split(",") if each.strip().lstrip("-").isdecimal())


def _indexes_are_built_anew(old: ColumnFacts, action: AlterType) -> bool:
    if old.expression_indexes:
        return True
    if not old.indexes:
        return False
    other_collation = action.collation is not None and action.collation.name != old.collation
    return other_collation or {old.base_type, action.type.name} == {"timestamp", "timestamptz"}
