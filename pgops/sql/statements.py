"""What a statement of SQL says, in PostgreSQL's own words and no more than pgops needs of it.

`translation` makes these from the parser's tree; rules, effects, proofs and rollbacks read nothing else, so the
parser can be changed in one place. Names are unquoted parts, as the catalogue has them. What no class stands for is
`Other`: known to be a statement, and nothing is claimed about it.
"""

from __future__ import annotations

from typing import TypeAlias

import attrs

from pgops.sql.actions import Action as Action
from pgops.sql.actions import AddColumn as AddColumn
from pgops.sql.actions import AddConstraint as AddConstraint
from pgops.sql.actions import AlterType as AlterType
from pgops.sql.actions import AttachPartition as AttachPartition
from pgops.sql.actions import DetachPartition as DetachPartition
from pgops.sql.actions import DropColumn as DropColumn
from pgops.sql.actions import DropConstraint as DropConstraint
from pgops.sql.actions import DropNotNull as DropNotNull
from pgops.sql.actions import OtherAction as OtherAction
from pgops.sql.actions import SetDefault as SetDefault
from pgops.sql.actions import SetExpression as SetExpression
from pgops.sql.actions import SetNotNull as SetNotNull
from pgops.sql.actions import ValidateConstraint as ValidateConstraint
from pgops.sql.parts import Column as Column
from pgops.sql.parts import Constraint as Constraint
from pgops.sql.parts import ConstraintKind as ConstraintKind
from pgops.sql.parts import Expression as Expression
from pgops.sql.parts import Name as Name
from pgops.sql.parts import TypeName as TypeName
from pgops.sql.row_statements import Call as Call
from pgops.sql.row_statements import Change as Change
from pgops.sql.row_statements import Copy as Copy
from pgops.sql.row_statements import Lock as Lock
from pgops.sql.row_statements import NoTransaction as NoTransaction
from pgops.sql.row_statements import Other as Other
from pgops.sql.row_statements import Select as Select
from pgops.sql.row_statements import SetVariable as SetVariable
from pgops.sql.row_statements import TransactionControl as TransactionControl


@attrs.frozen(kw_only=True)
class CreateTable:
    """CREATE TABLE, with all that follows the name; AS a query has `as_query` and no columns."""

    table: Name
    columns: tuple[Column, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    partition_of: Name | None = None
    is_default_partition: bool = False
    is_partitioned: bool = False
    inherits: tuple[Name, ...] = ()
    if_not_exists: bool = False
    is_temporary: bool = False
    is_unlogged: bool = False
    is_foreign: bool = False
    as_query: bool = False


@attrs.frozen(kw_only=True)
class CreateIndex:
    """CREATE INDEX."""

    table: Name
    name: str | None
    unique: bool = False
    concurrently: bool = False
    if_not_exists: bool = False
    only: bool = False
    method: str = "btree"
    columns: tuple[str | None, ...] = ()
    """The key; None stands for an expression."""
    is_partial: bool = False
    is_plain: bool = False
    """Columns and no more: no expression, INCLUDE, WHERE, order, collation or operator class."""


@attrs.frozen(kw_only=True)
class Drop:
    """DROP of anything that has a name: `kind` is PostgreSQL's word for it, in lower case ("table", "foreign
    table").
    """

    kind: str
    names: tuple[Name, ...]
    """Of the objects themselves; of a trigger, rule or policy its table is in `tables`."""
    tables: tuple[Name, ...] = ()
    concurrently: bool = False
    cascade: bool = False
    if_exists: bool = False


@attrs.frozen(kw_only=True)
class Rename:
    """ALTER ... RENAME: of `kind`, or of its part `sub` (a column, a constraint)."""

    kind: str
    name: Name
    new_name: str
    sub: str | None = None
    sub_kind: str | None = None
    if_exists: bool = False


@attrs.frozen(kw_only=True)
class Move:
    """ALTER ... SET SCHEMA, or OWNER TO where `owner` is given."""

    kind: str
    name: Name
    schema: str | None = None
    owner: str | None = None
    if_exists: bool = False


@attrs.frozen(kw_only=True)
class AlterTable:
    """ALTER TABLE and its kin (`kind` is "table", "index", "materialized view" ...), with each of its actions."""

    table: Name
    actions: tuple[Action, ...]
    kind: str = "table"
    only: bool = False
    if_exists: bool = False


@attrs.frozen(kw_only=True)
class Reindex:
    """REINDEX of an index, table, schema, database or system."""

    kind: str
    name: Name | None
    concurrently: bool = False


@attrs.frozen(kw_only=True)
class Cluster:
    """CLUSTER."""

    table: Name | None


@attrs.frozen(kw_only=True)
class Vacuum:
    """VACUUM or, with `analyze_only`, ANALYZE."""

    tables: tuple[Name, ...]
    full: bool = False
    analyze_only: bool = False


@attrs.frozen(kw_only=True)
class Truncate:
    """TRUNCATE."""

    tables: tuple[Name, ...]
    cascade: bool = False
    only: tuple[Name, ...] = ()
    """Those with ONLY before the name."""


@attrs.frozen(kw_only=True)
class RefreshView:
    """REFRESH MATERIALIZED VIEW."""

    view: Name
    concurrently: bool = False
    with_no_data: bool = False


@attrs.frozen(kw_only=True)
class AddEnumValue:
    """ALTER TYPE ... ADD VALUE."""

    type: Name
    value: str
    if_not_exists: bool = False


@attrs.frozen(kw_only=True)
class AlterDomain:
    """ALTER DOMAIN: `action` is "add constraint", "drop constraint", "validate", "set not null", "drop not null",
    "set default".
    """

    domain: Name
    action: str
    constraint: Constraint | None = None
    name: str | None = None


@attrs.frozen(kw_only=True)
class CreateType:
    """CREATE TYPE (`kind` "enum", "composite", "range") or CREATE DOMAIN ("domain")."""

    kind: str
    name: Name
    constraints: tuple[Constraint, ...] = ()
    values: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class CreateTrigger:
    """CREATE TRIGGER."""

    name: str
    table: Name
    replace: bool = False
    references: Name | None = None
    for_each_row: bool = False


@attrs.frozen(kw_only=True)
class CreatePolicy:
    """CREATE or ALTER POLICY."""

    name: str
    table: Name
    alters: bool = False


@attrs.frozen(kw_only=True)
class CreateRule:
    """CREATE RULE."""

    name: str
    table: Name
    replace: bool = False


@attrs.frozen(kw_only=True)
class CreateView:
    """CREATE VIEW or, with `materialized`, CREATE MATERIALIZED VIEW."""

    view: Name
    replace: bool = False
    materialized: bool = False
    if_not_exists: bool = False
    is_temporary: bool = False
    reads: tuple[Name, ...] = ()


@attrs.frozen(kw_only=True)
class CreateFunction:
    """CREATE FUNCTION or PROCEDURE."""

    name: Name
    replace: bool = False
    is_procedure: bool = False
    language: str | None = None
    security_definer: bool = False
    sets_search_path: bool = False
    has_sql_body: bool = False
    """BEGIN ATOMIC or RETURN: parsed when it is made, so that no search path decides what its names mean."""
    arguments: int = 0


@attrs.frozen(kw_only=True)
class CreateSequence:
    """CREATE SEQUENCE, or ALTER SEQUENCE with `alters`."""

    sequence: Name
    alters: bool = False
    if_not_exists: bool = False
    is_temporary: bool = False


@attrs.frozen(kw_only=True)
class CreateStatistics:
    """CREATE STATISTICS."""

    name: Name | None
    table: Name | None
    if_not_exists: bool = False


@attrs.frozen(kw_only=True)
class CreateSubscription:
    """CREATE SUBSCRIPTION."""

    name: str
    creates_slot: bool = True


@attrs.frozen(kw_only=True)
class Comment:
    """COMMENT ON."""

    kind: str
    name: Name | None
    sub: str | None = None


@attrs.frozen(kw_only=True)
class CreateOther:
    """CREATE of a schema, extension, role, publication ...: what holds no lock on any relation that was there
    before.
    """

    kind: str
    name: Name
    if_not_exists: bool = False
    replace: bool = False
    makes_more: bool = False
    """A schema with what is to be in it, an extension with those that it needs."""
    relations: tuple[Name, ...] = ()


@attrs.frozen(kw_only=True)
class AlterPublication:
    """ALTER PUBLICATION, with the tables that it names."""

    name: str
    relations: tuple[Name, ...] = ()


@attrs.frozen(kw_only=True)
class Grant:
    """GRANT or REVOKE of privileges on objects."""

    revoke: bool
    kind: str
    names: tuple[Name, ...]


@attrs.frozen(kw_only=True)
class BlockStatement:
    """A statement in the body of a DO."""

    text: str
    meaning: Meaning
    line: int
    """From 1, in the body."""
    always: bool = True
    """False where IF, or an error that is caught, may leave it out."""


@attrs.frozen(kw_only=True)
class Do:
    """DO of a block."""

    language: str = "plpgsql"
    body: str = ""
    inside: tuple[BlockStatement, ...] | None = None
    """What it carries out at most; None where that can't be read from outside."""


Meaning: TypeAlias = (
    CreateTable
    | CreateIndex
    | Drop
    | Rename
    | Move
    | AlterTable
    | Reindex
    | Cluster
    | Vacuum
    | Truncate
    | RefreshView
    | AddEnumValue
    | AlterDomain
    | CreateType
    | CreateTrigger
    | CreatePolicy
    | CreateRule
    | CreateView
    | CreateFunction
    | CreateSequence
    | CreateStatistics
    | CreateSubscription
    | Comment
    | CreateOther
    | AlterPublication
    | Grant
    | Lock
    | Change
    | Select
    | Copy
    | Do
    | Call
    | TransactionControl
    | SetVariable
    | NoTransaction
    | Other
)
