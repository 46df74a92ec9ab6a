"""What a live catalogue said of the objects that a script names: plain data, read by `live`, asked by `known`."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from pgops.sql.statements import Name

SMALL_ROWS = 10_000
SMALL_BYTES = 10 * 1024 * 1024
"""A table with less than both is read or written anew in well under a second."""


@attrs.frozen(kw_only=True)
class ColumnFacts:
    """A column of the live catalogue."""

    name: str
    type: str
    """As format_type() writes it: `character varying(20)`."""
    base_type: str
    """The type's own name (`varchar`), of a domain the name of the type below it, through all domains."""
    base_form: str = ""
    """That type as format_type() writes it: of a domain over varchar(20) `character varying(20)`."""
    modifier: int = -1
    """pg_attribute.atttypmod."""
    collation: str | None = None
    not_null: bool = False
    has_default: bool = False
    is_identity: bool = False
    generated: str | None = None
    pinned_by: tuple[str, ...] = ()
    """What forbids ALTER TYPE, in words: "view reporting.totals", "generated column full_name"."""
    has_checks: bool = False
    """A CHECK names it."""
    indexes: tuple[str, ...] = ()
    """Indexes of which it is a key or in whose expression or predicate it is."""
    expression_indexes: tuple[str, ...] = ()
    """Those of them that have an expression or a predicate: built anew whatever else changes of the column."""
    in_foreign_key: bool = False
    """Either side of one."""
    in_partition_key: bool = False
    views: tuple[Name, ...] = ()
    """Views and materialized views that name it, and those on them: what DROP COLUMN ... CASCADE drops."""


@attrs.frozen(kw_only=True)
class ConstraintFacts:
    """A constraint of the live catalogue."""

    name: str
    kind: str
    """pg_constraint.contype: c, f, p, u, x, n."""
    columns: tuple[str, ...] = ()
    valid: bool = True
    references: Name | None = None
    referenced_columns: tuple[str, ...] = ()
    is_inherited: bool = False
    """The part of a partition in a foreign key of its parent."""
    definition: str = ""
    index: str | None = None


@attrs.frozen(kw_only=True)
class KeyFacts:
    """A foreign key, as the table that it references sees it."""

    name: str
    table: Name
    """The one that it is declared on."""
    columns: tuple[str, ...]
    """Of the referenced table."""
    index: str | None
    """The unique index that it relies on."""
    on_delete: str = "a"
    """a no action, r restrict, c cascade, n set null, d set default."""
    on_update: str = "a"


@attrs.frozen(kw_only=True)
class IndexFacts:
    """An index of the live catalogue."""

    name: Name
    table: Name
    valid: bool = True
    unique: bool = False
    columns: tuple[str | None, ...] = ()
    is_partial: bool = False
    constraint: str | None = None
    partitions: tuple[Name, ...] = ()
    """Of a partitioned index, those of the partitions, of every level."""
    bytes: int = 0
    method: str = "btree"
    is_plain: bool = True
    """No expression, predicate, INCLUDE, order, collation or operator class of its own: its columns say it all."""


@attrs.frozen(kw_only=True)
class TableFacts:
    """A table, partitioned table, view, materialized view or sequence of the live catalogue."""

    name: Name
    oid: int
    kind: str
    """pg_class.relkind."""
    rows: float
    """An estimate; -1 where the table was never analyzed."""
    bytes: int
    """Heap, TOAST and indexes; of all its partitions together."""
    columns: Mapping[str, ColumnFacts] = attrs.field(factory=dict, hash=False)
    constraints: Mapping[str, ConstraintFacts] = attrs.field(factory=dict, hash=False)
    indexes: Mapping[str, IndexFacts] = attrs.field(factory=dict, hash=False)
    referenced_by: tuple[Name, ...] = ()
    partitions: tuple[Name, ...] = ()
    """Of every level."""
    children: tuple[Name, ...] = ()
    """The same, and of a table without PARTITION BY those that inherit from it."""
    keys: tuple[KeyFacts, ...] = ()
    """The foreign keys that reference it."""
    cascades_to: tuple[Name, ...] = ()
    """Of a table that a script names: all that TRUNCATE ... CASCADE empties with it."""
    views: tuple[Name, ...] = ()
    """Views and materialized views on it, and those on them."""
    persistence: str = "p"
    """p permanent, u unlogged, t temporary."""
    access_method: str | None = None
    default_partition: Name | None = None
    parent: Name | None = None
    partition_key: tuple[str, ...] = ()
    """The columns of PARTITION BY; an expression in it is left out."""
    detach_pending: tuple[Name, ...] = ()
    triggers: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()

    @property
    def is_partitioned(self) -> bool:
        """True for PARTITION BY."""
        return self.kind in {"p", "I"}

    @property
    def is_small(self) -> bool:
        """Whether a scan or rewrite is over before anyone would notice."""
        return 0 <= self.rows < SMALL_ROWS and self.bytes < SMALL_BYTES


@attrs.frozen(kw_only=True)
class TypeFacts:
    """A type of the live catalogue."""

    name: Name
    kind: str
    """pg_type.typtype: b, c, d, e, m, p, r."""
    has_constraints: bool = False
    """A domain with a CHECK or NOT NULL, of its own or of a domain below it."""
    not_null: bool = False
    """A domain that is NOT NULL itself."""
    default_is_volatile: bool = False
    """A domain whose default gives each row a value of its own."""
    used_by: tuple[Name, ...] = ()
    """Tables and materialized views with a column of it, or of a domain over it: what ALTER DOMAIN reads."""
    columns_in: tuple[Name, ...] = ()
    """The same, and partitioned tables, foreign tables and views."""
    in_container: bool = False
    """Whether a table stores it in an array or in a row: then ALTER DOMAIN is refused."""
    base_type: str | None = None
    """Of a domain, the type below it, through all domains."""
    base_form: str | None = None
    """That type as format_type() writes it."""


@attrs.frozen(kw_only=True)
class Facts:
    """What the catalogue of one database said about the names that a script uses."""

    server: int
    """The major version."""
    time_zone_is_utc: bool = False
    tables: Mapping[Name, TableFacts] = attrs.field(factory=dict, hash=False)
    """By the name as it was written. What is not here does not exist."""
    indexes: Mapping[Name, IndexFacts] = attrs.field(factory=dict, hash=False)
    types: Mapping[Name, TypeFacts] = attrs.field(factory=dict, hash=False)
    volatilities: Mapping[Name, str] = attrs.field(factory=dict, hash=False)
    """pg_proc.provolatile: i, s, v; of several functions of one name the worst."""
    statistics: Mapping[Name, Name] = attrs.field(factory=dict, hash=False)
    """Extended statistics, and the table of each."""
    max_locks: int | None = None
    """How many relations one transaction may lock, about: max_locks_per_transaction x connections."""
    search_path: str = ""
    schemas: tuple[str, ...] = ()
    """Where a name without a schema is looked for: those of the search path that exist, in order."""
