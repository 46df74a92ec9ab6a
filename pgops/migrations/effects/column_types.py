"""ALTER COLUMN ... TYPE: when only the catalogue changes, when the table is read, when it is written anew.

PostgreSQL compares binary forms: a varchar is a text that may be shorter, a timestamptz at UTC is a timestamp. The
table of free changes was measured on 14 to 18; anything else rewrites (ATColumnChangeRequiresRewrite in tablecmds.c).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.migrations.effects.column_uses import has_checks, indexes, other_sides
from pgops.sql.statements import Name

if TYPE_CHECKING:
    from pgops.migrations.effects.facts import ColumnFacts
    from pgops.migrations.effects.known import Known
    from pgops.sql.statements import AlterTable, AlterType, TypeName


@attrs.frozen
class TypeChange:
    """What an ALTER TYPE costs; `certain` False where the old type is not known."""

    rewrite: bool
    scan: bool = False
    certain: bool = True
    checks_keys: bool = False
    """Whether foreign keys of the column are checked anew, so that the table at the other end is read too."""


def type_change(table: Name, action: AlterType, known: Known, alter: AlterTable | None = None) -> TypeChange:
    """The cost of one ALTER TYPE of `alter`. Without a catalogue the old type is unknown, and the worst is assumed."""
    old = known.column(table, action.column)
    if action.using is not None and not _is_plain_cast(action):
        return TypeChange(rewrite=True, checks_keys=True)
    if old is None:
        return TypeChange(rewrite=True, certain=False, checks_keys=True)
    wanted = _wanted(action.type, known)
    if wanted is None:
        return TypeChange(rewrite=True, checks_keys=True)
    name, modifier = wanted
    utc = known.facts is not None and known.facts.time_zone_is_utc
    # The length that a domain gives counts for nothing when its columns are cast.
    is_domain = bool(old.base_form) and old.base_form != old.type
    if not is_free_form(old.base_type, () if is_domain else _precision(old), name, modifier, utc=utc):
        return TypeChange(rewrite=True, checks_keys=True)
    # Another family of operators: indexes are built and foreign keys checked anew, though no row is written.
    other_family = _family(old.base_type) != _family(name)
    keys = other_family and bool(other_sides(known, table, action.column, alter))
    scan = (
        keys
        or has_checks(known, table, action.column, alter)
        or bool(indexes_built_anew(known, table, old, action, alter))
    )
    return TypeChange(rewrite=False, scan=scan, checks_keys=keys)


def _wanted(new: TypeName, known: Known) -> tuple[str, tuple[int, ...]] | None:
    """The new type's name and what stands in its parentheses; of a domain, those of the type below it.

    None for what writes each row anew whatever it was: a domain with a constraint, which is asked of every row.
    """
    facts = known.type(Name(new.name, new.schema))
    if facts is not None and facts.kind == "d":
        if new.is_array or facts.has_constraints or facts.base_type is None or facts.base_form is None:
            return None
        return facts.base_type, _numbers(facts.base_form)
    if new.schema is not None:
        return None
    return (f"_{new.name}" if new.is_array else new.name), new.modifiers


def is_free(old: str, old_modifier: tuple[int, ...], new: TypeName, *, utc: bool = False) -> bool:
    """Whether the stored form stays as it is. `old_modifier` is what stands in parentheses, empty for none.

    >>> from pgops.sql.statements import TypeName
    >>> is_free("varchar", (20,), TypeName("varchar", None, (40,))), is_free("int4", (), TypeName("int8"))
    (True, False)
    """
    if new.schema is not None:
        return False
    return is_free_form(old, old_modifier, f"_{new.name}" if new.is_array else new.name, new.modifiers, utc=utc)


def is_free_form(old: str, old_modifier: tuple[int, ...], new: str, wanted: tuple[int, ...], *, utc: bool) -> bool:
    """The same of names as pg_type has them: `_int4` is an array.

    Casts WITHOUT FUNCTION in pg_cast, and the support functions of the length casts, which say when those do nothing.
    """
    match old, new:
        case ("varchar" | "text" | "xml", "text"):
            return True
        case ("varchar", "varchar"):
            return not wanted or (bool(old_modifier) and wanted[0] >= old_modifier[0])
        case (
            ("text" | "xml", "varchar") | ("text" | "varchar" | "xml", "bpchar") | ("bit", "varbit") | ("varbit", "bit")
        ):
            return not wanted
        case ("numeric", "numeric"):
            return not wanted or _numeric_fits(old_modifier, wanted)
        case ("varbit", "varbit"):
            return not wanted or (bool(old_modifier) and wanted[0] >= old_modifier[0])
        case ("time", "time") | ("timetz", "timetz") | ("timestamp", "timestamp") | ("timestamptz", "timestamptz"):
            return _digits(wanted) >= _digits(old_modifier)
        case ("interval", "interval"):
            return _interval_fits(old_modifier, wanted)
        case ("timestamp", "timestamptz") | ("timestamptz", "timestamp"):
            # The conversion gives full precision, whatever the old column had: a shorter one is cut in every row.
            return utc and _digits(wanted) >= _FULL_PRECISION
        case ("cidr", "inet") | ("int4", "oid") | ("oid", "int4"):
            return True
        case _:
            return old == new and (not wanted or old_modifier == wanted)


def _family(name: str) -> str:
    """Types that share their operators: an index of one serves the other as it is."""
    return {"varchar": "text", "cidr": "inet"}.get(name, name)


def _interval_fits(old: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """`interval(3)` is (32767, 3) to the parser, 32767 being all fields; what names fields is not looked into."""
    if not wanted:
        return True
    return wanted[0] == _ALL_FIELDS and _digits(wanted[1:]) >= _digits(old)


_ALL_FIELDS = 0x7FFF


def _numeric_fits(old: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """More digits before the point, as many behind it."""
    (precision, scale), (new_precision, new_scale) = ((*each, 0, 0)[:2] for each in (old, wanted))
    return bool(old) and new_precision >= precision and new_scale == scale


_FULL_PRECISION = 6


def _digits(modifier: tuple[int, ...]) -> int:
    """The decimals of seconds."""
    return modifier[0] if modifier else _FULL_PRECISION


def _is_plain_cast(action: AlterType) -> bool:
    """`USING column::type`, which says what would be done anyway."""
    using = action.using
    return using is not None and using.cast_of == action.column and using.cast_to in (None, action.type)


def _precision(column: ColumnFacts) -> tuple[int, ...]:
    """What stands in the parentheses of the type as format_type() writes it."""
    return _numbers(column.base_form or column.type)


def _numbers(form: str) -> tuple[int, ...]:
    _, opening, rest = form.partition("(")
    digits = rest.partition(")")[0] if opening else ""
    return tuple(int(each) for each in digits.split(",") if each.strip().lstrip("-").isdecimal())


def indexes_built_anew(
    known: Known, table: Name, old: ColumnFacts, action: AlterType, alter: AlterTable | None = None
) -> tuple[str, ...]:
    """The indexes that a free change does not spare."""
    there = indexes(known, table, old, alter)
    wanted = _wanted(action.type, known)
    # Without COLLATE the column gets the collation of its new type, whatever it had before.
    collation = action.collation.name if action.collation is not None else "default"
    other_collation = old.collation is not None and collation != old.collation
    if other_collation or wanted is None or _family(old.base_type) != _family(wanted[0]):
        return there
    return tuple(each for each in there if each in old.expression_indexes)
