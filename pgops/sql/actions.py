"""What ALTER TABLE does, action by action."""

from __future__ import annotations

from typing import TypeAlias

import attrs

from pgops.sql.parts import Column, Constraint, Expression, Name, TypeName


@attrs.frozen(kw_only=True)
class AddColumn:
    """ADD COLUMN."""

    column: Column
    if_not_exists: bool = False


@attrs.frozen(kw_only=True)
class DropColumn:
    """DROP COLUMN."""

    column: str
    cascade: bool = False
    if_exists: bool = False


@attrs.frozen(kw_only=True)
class AlterType:
    """ALTER COLUMN ... TYPE."""

    column: str
    type: TypeName
    using: Expression | None = None
    collation: Name | None = None


@attrs.frozen(kw_only=True)
class SetDefault:
    """ALTER COLUMN ... SET DEFAULT; None drops it."""

    column: str
    default: Expression | None


@attrs.frozen(kw_only=True)
class SetNotNull:
    """ALTER COLUMN ... SET NOT NULL."""

    column: str


@attrs.frozen(kw_only=True)
class DropNotNull:
    """ALTER COLUMN ... DROP NOT NULL."""

    column: str


@attrs.frozen(kw_only=True)
class SetExpression:
    """ALTER COLUMN ... SET EXPRESSION of a generated column (17)."""

    column: str


@attrs.frozen(kw_only=True)
class AddConstraint:
    """ADD of a table constraint."""

    constraint: Constraint


@attrs.frozen(kw_only=True)
class ValidateConstraint:
    """VALIDATE CONSTRAINT."""

    name: str


@attrs.frozen(kw_only=True)
class DropConstraint:
    """DROP CONSTRAINT."""

    name: str
    cascade: bool = False
    if_exists: bool = False


@attrs.frozen(kw_only=True)
class AttachPartition:
    """ATTACH PARTITION, of a table or an index."""

    partition: Name
    is_default: bool = False


@attrs.frozen(kw_only=True)
class DetachPartition:
    """DETACH PARTITION; `finalize` ends one that was interrupted."""

    partition: Name
    concurrently: bool = False
    finalize: bool = False


@attrs.frozen(kw_only=True)
class OtherAction:
    """Any other action, by the parser's name of it ("SetStatistics", "EnableTrig"), and what it is about."""

    action: str
    name: str | None = None
    options: tuple[str, ...] = ()
    relation: Name | None = None
    """The other table, of INHERIT and NO INHERIT."""


Action: TypeAlias = (
    AddColumn
    | DropColumn
    | AlterType
    | SetDefault
    | SetNotNull
    | DropNotNull
    | SetExpression
    | AddConstraint
    | ValidateConstraint
    | DropConstraint
    | AttachPartition
    | DetachPartition
    | OtherAction
)
