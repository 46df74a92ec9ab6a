"""What statements are made of: names, types, expressions, constraints, columns."""

from __future__ import annotations

import enum

import attrs

from pgops.findings import Target, quote_identifier


@attrs.frozen
class Name:
    """A name as it was written: `schema` is None where the search path decides."""

    name: str
    schema: str | None = None

    @property
    def sql(self) -> str:
        """The name, quoted where it has to be."""
        plain = quote_identifier(self.name)
        return plain if self.schema is None else f"{quote_identifier(self.schema)}.{plain}"

    def __str__(self) -> str:
        return self.sql

    def target(self, kind: str, sub: str | None = None) -> Target:
        """What a finding is about."""
        return Target(kind, self.schema, self.name, sub)


@attrs.frozen(kw_only=True)
class Expression:
    """As much of an expression as decides what a statement does."""

    functions: tuple[Name, ...] = ()
    columns: tuple[str, ...] = ()
    is_constant: bool = False
    """A literal, cast or not; NULL too."""
    is_null: bool = False
    cast_of: str | None = None
    """The column, where the expression is that column under a cast and nothing else."""
    cast_to: TypeName | None = None
    proves_not_null: tuple[str, ...] = ()
    """Columns that can't be NULL where it is true: it is `column IS NOT NULL`, or that AND whatever else."""
    not_nulls: tuple[str, ...] = ()
    """Columns that it asks IS NOT NULL of, among other things."""
    has_subquery: bool = False


@attrs.frozen
class TypeName:
    """A type as it was written; PostgreSQL's own have its internal names (`int4`, `timestamptz`) and no schema."""

    name: str
    schema: str | None = None
    modifiers: tuple[int, ...] = ()
    is_array: bool = False

    def __str__(self) -> str:
        modifiers = f"({','.join(map(str, self.modifiers))})" if self.modifiers else ""
        return f"{Name(self.name, self.schema).sql}{modifiers}{'[]' if self.is_array else ''}"


class ConstraintKind(enum.Enum):
    """The kinds of constraint, by the words that declare them."""

    NOT_NULL = "NOT NULL"
    CHECK = "CHECK"
    PRIMARY_KEY = "PRIMARY KEY"
    UNIQUE = "UNIQUE"
    EXCLUDE = "EXCLUDE"
    FOREIGN_KEY = "FOREIGN KEY"


@attrs.frozen(kw_only=True)
class Constraint:
    """A constraint of a table, a column or a domain."""

    kind: ConstraintKind
    name: str | None = None
    columns: tuple[str, ...] = ()
    references: Name | None = None
    referenced_columns: tuple[str, ...] = ()
    expression: Expression | None = None
    not_valid: bool = False
    is_enforced: bool = True
    using_index: str | None = None
    deferrable: bool = False
    no_inherit: bool = False
    on_delete: str = "a"
    """a no action, r restrict, c cascade, n set null, d set default."""


@attrs.frozen(kw_only=True)
class Column:
    """A column as CREATE TABLE or ADD COLUMN declares it."""

    name: str
    type: TypeName
    default: Expression | None = None
    not_null: bool = False
    identity: bool = False
    generated: str | None = None
    """"stored" or "virtual"."""
    collation: Name | None = None
    constraints: tuple[Constraint, ...] = ()
    """All but NOT NULL and the default."""
    is_serial: bool = False
