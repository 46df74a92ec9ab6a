"""What a statement of SQL says, in PostgreSQL's own words and no more than pgops needs of it.

`translation` makes these from the parser's tree; rules, effects, proofs and rollbacks read nothing else, so the
parser can be changed in one place. Names are unquoted parts, as the catalogue has them. What no class stands for is
`Other`: known to be a statement, and nothing is claimed about it.
"""

from __future__ import annotations

import enum
from typing import TypeAlias

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
    not_null_of: str | None = None
    """The column, where the expression is `column IS NOT NULL` and nothing else."""
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


# --- statements ------------------------------------------------------------------------------------------------------


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


@attrs.frozen(kw_only=True)
class Move:
    """ALTER ... SET SCHEMA, or OWNER TO where `owner` is given."""

    kind: str
    name: Name
    schema: str | None = None
    owner: str | None = None


@attrs.frozen(kw_only=True)
class AlterTable:
    """ALTER TABLE and its kin (`kind` is "table", "index", "materialized view" ...), with each of its actions."""

    table: Name
    actions: tuple[Action, ...]
    kind: str = "table"
    only: bool = False
    if_exists: bool = False


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


@attrs.frozen(kw_only=True)
class CreateView:
    """CREATE VIEW or, with `materialized`, CREATE MATERIALIZED VIEW."""

    view: Name
    replace: bool = False
    materialized: bool = False
    if_not_exists: bool = False
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


@attrs.frozen(kw_only=True)
class CreateStatistics:
    """CREATE STATISTICS."""

    name: Name | None
    table: Name | None


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
    relations: tuple[Name, ...] = ()


@attrs.frozen(kw_only=True)
class Grant:
    """GRANT or REVOKE of privileges on objects."""

    revoke: bool
    kind: str
    names: tuple[Name, ...]


@attrs.frozen(kw_only=True)
class Lock:
    """LOCK TABLE; `mode` is PostgreSQL's number of the mode, 1 to 8."""

    tables: tuple[Name, ...]
    mode: int
    nowait: bool = False
    only: tuple[Name, ...] = ()
    """Those with ONLY before the name."""


@attrs.frozen(kw_only=True)
class Change:
    """INSERT, UPDATE, DELETE or MERGE."""

    verb: str
    table: Name
    has_where: bool = False
    from_constants: bool = False
    """INSERT ... VALUES: as many rows as were written down."""
    reads: tuple[Name, ...] = ()
    columns: tuple[str, ...] = ()
    equals: tuple[str, ...] = ()
    """The columns that WHERE holds equal to a constant: if they are a key, it is about one row."""


@attrs.frozen(kw_only=True)
class Select:
    """SELECT, VALUES, TABLE; EXPLAIN and SHOW too."""

    reads: tuple[Name, ...] = ()
    functions: tuple[Name, ...] = ()
    locks_rows: bool = False


@attrs.frozen(kw_only=True)
class Copy:
    """COPY; `from_stdin` where rows should follow in the file."""

    table: Name | None
    is_from: bool
    from_stdin: bool = False


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


@attrs.frozen(kw_only=True)
class Call:
    """CALL of a procedure, which may do anything."""

    procedure: Name


@attrs.frozen(kw_only=True)
class TransactionControl:
    """BEGIN, COMMIT, ROLLBACK, SAVEPOINT ...: `verb` in lower case."""

    verb: str
    chain: bool = False
    """AND CHAIN: the next transaction begins at once."""


@attrs.frozen(kw_only=True)
class SetVariable:
    """SET or RESET (`value` None)."""

    name: str
    value: str | None
    is_local: bool = False


@attrs.frozen(kw_only=True)
class NoTransaction:
    """What allows no transaction and is not one of the above: CREATE DATABASE, ALTER SYSTEM, DROP TABLESPACE ..."""

    what: str


@attrs.frozen(kw_only=True)
class Other:
    """A statement that pgops has no knowledge of, by the parser's name of it."""

    what: str


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
