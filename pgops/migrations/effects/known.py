"""What is known about the objects that a script names: from a live catalogue, from the script itself, or nothing.

`Facts` is what a catalogue said (`catalogue.read_facts`). `Known` holds it beside what the statements so far have
made, and answers for both. None always means that nobody knows: whoever asks has to be careful then, and never calls
it safe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

import attrs

from pgops.migrations.sql import statements as s
from pgops.migrations.sql.statements import Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.sql.statements import Expression, Meaning, TypeName

_Found = TypeVar("_Found")

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
    """The type's own name (`varchar`), of a domain the name of the domain's base type."""
    modifier: int = -1
    """pg_attribute.atttypmod."""
    collation: str | None = None
    not_null: bool = False
    has_default: bool = False
    generated: str | None = None
    pinned_by: tuple[str, ...] = ()
    """What forbids ALTER TYPE, in words: "view reporting.totals", "generated column full_name"."""
    has_checks: bool = False
    """A CHECK names it."""
    indexes: tuple[str, ...] = ()
    """Indexes of which it is a key or in whose expression or predicate it is."""
    expression_indexes: tuple[str, ...] = ()
    """Those where it is in the expression or the predicate."""
    in_foreign_key: bool = False
    """Either side of one."""


@attrs.frozen(kw_only=True)
class ConstraintFacts:
    """A constraint of the live catalogue."""

    name: str
    kind: str
    """pg_constraint.contype: c, f, p, u, x, n."""
    columns: tuple[str, ...] = ()
    valid: bool = True
    references: Name | None = None
    definition: str = ""
    index: str | None = None


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
    bytes: int = 0


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
    default_partition: Name | None = None
    parent: Name | None = None
    detach_pending: tuple[Name, ...] = ()
    triggers: tuple[str, ...] = ()

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
    """A domain with a CHECK or NOT NULL."""
    used_by: tuple[Name, ...] = ()
    """Tables with a column of it."""


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
    max_locks: int | None = None
    """How many relations one transaction may lock, about: max_locks_per_transaction x connections."""
    search_path: str = ""


@attrs.define
class Known:
    """What is known while a script is read: the catalogue's facts, and what earlier statements made of them."""

    server: int
    facts: Facts | None = None
    created: list[s.CreateTable] = attrs.field(factory=list)
    made_types: list[s.CreateType] = attrs.field(factory=list)
    made_indexes: list[s.CreateIndex] = attrs.field(factory=list)
    added: list[tuple[Name, s.Constraint]] = attrs.field(factory=list)
    validated: list[tuple[Name, str]] = attrs.field(factory=list)
    made_views: list[s.CreateView] = attrs.field(factory=list)

    def saw(self, meaning: Meaning) -> None:
        """Take in what a statement has done, before the next one is looked at."""
        match meaning:
            case s.CreateTable():
                self.created.append(meaning)
            case s.CreateType():
                self.made_types.append(meaning)
            case s.CreateIndex():
                self.made_indexes.append(meaning)
            case s.CreateView():
                self.made_views.append(meaning)
            case s.AlterTable():
                for action in meaning.actions:
                    if isinstance(action, s.AddConstraint):
                        self.added.append((meaning.table, action.constraint))
                    elif isinstance(action, s.ValidateConstraint):
                        self.validated.append((meaning.table, action.name))
            case s.Rename(kind="table", sub=None):
                self.created += [
                    attrs.evolve(each, table=attrs.evolve(each.table, name=meaning.new_name))
                    for each in self.created
                    if same(each.table, meaning.name)
                ]
            case s.Drop(kind="table"):
                self.created = [each for each in self.created if not any(same(each.table, n) for n in meaning.names)]

    def is_new(self, name: Name) -> bool:
        """Whether the script itself made the table, so that nobody uses it yet. IF NOT EXISTS is no promise."""
        return any(
            same(each.table, name) and (not each.if_not_exists or self.is_absent(name)) for each in self.created
        ) or any(same(each.view, name) and not each.replace for each in self.made_views)

    def is_absent(self, name: Name) -> bool:
        """True where a catalogue was asked and has no such relation."""
        return self.facts is not None and self.table(name) is None and self.index(name) is None

    def table(self, name: Name) -> TableFacts | None:
        """What the catalogue said of it; None: not asked, or not there."""
        return None if self.facts is None else _found(self.facts.tables, name)

    def index(self, name: Name) -> IndexFacts | None:
        """What the catalogue said of an index."""
        return None if self.facts is None else _found(self.facts.indexes, name)

    def is_small(self, name: Name) -> bool:
        """Whether the table is new or known to be so small that reading or writing it whole takes no time."""
        if self.is_new(name):
            return True
        table = self.table(name)
        return table is not None and table.is_small

    def is_partitioned(self, name: Name) -> bool | None:
        """Whether it is PARTITION BY."""
        for each in self.created:
            if same(each.table, name):
                return each.is_partitioned
        table = self.table(name)
        return None if table is None else table.is_partitioned

    def column(self, table: Name, column: str) -> ColumnFacts | None:
        """What the catalogue said of a column."""
        found = self.table(table)
        return None if found is None else found.columns.get(column)

    def not_null_is_proved(self, table: Name, column: str) -> bool:
        """Whether a valid CHECK says `column IS NOT NULL`, so that SET NOT NULL needs no scan (since 12)."""
        for name, constraint in self.added:
            is_proof = constraint.expression is not None and constraint.expression.not_null_of == column
            if is_proof and same(name, table):
                by_name = any(same(name, other) and valid == constraint.name for other, valid in self.validated)
                if by_name or not constraint.not_valid:
                    return True
        found = self.table(table)
        if found is None:
            return False
        for constraint_facts in found.constraints.values():
            if constraint_facts.kind in "cn" and _says_not_null(constraint_facts, column):
                now_valid = any(same(n, table) and v == constraint_facts.name for n, v in self.validated)
                if constraint_facts.valid or now_valid:
                    return True
        return False

    def domain_is_checked(self, type_name: TypeName) -> bool | None:
        """Whether it is a domain with a constraint: then a new column of it rewrites the table. None: nobody knows."""
        if type_name.schema is None and type_name.name in BUILT_IN_TYPES:
            return False
        for made in self.made_types:
            if made.name.name == type_name.name:
                return made.kind == "domain" and bool(made.constraints)
        if self.facts is not None:
            found = _found(self.facts.types, s.Name(type_name.name, type_name.schema))
            if found is not None:
                return found.kind == "d" and found.has_constraints
        return None

    def is_volatile(self, expression: Expression | None) -> bool | None:
        """Whether the expression gives each row a value of its own. None: it calls what nobody knows."""
        if expression is None or expression.is_constant:
            return False
        unknown = False
        for name in expression.functions:
            volatility = self._volatility(name)
            if volatility == "v":
                return True
            unknown = unknown or volatility is None
        return None if unknown else False

    def _volatility(self, name: Name) -> str | None:
        if self.facts is not None:
            found = _found(self.facts.volatilities, name)
            if found is not None:
                return found
        if name.schema not in (None, "pg_catalog"):
            return None
        if name.name in VOLATILE:
            return "v"
        return "s" if name.name in NOT_VOLATILE else None


def same(one: Name, other: Name) -> bool:
    """Whether two names may be one relation's: where one has no schema, the search path decides."""
    return one.name == other.name and (one.schema is None or other.schema is None or one.schema == other.schema)


def _found(known: Mapping[Name, _Found], name: Name) -> _Found | None:
    exact = known.get(name)
    if exact is not None:
        return exact
    return next((each for other, each in known.items() if same(other, name)), None)


def _says_not_null(constraint: ConstraintFacts, column: str) -> bool:
    if constraint.kind == "n":
        return constraint.columns == (column,)
    quoted = s.Name(column).sql
    return constraint.definition.removesuffix(" NOT VALID") in {
        f"CHECK (({quoted} IS NOT NULL))",
        f"CHECK ({quoted} IS NOT NULL)",
    }


# Built-in functions that people write in defaults (pg_proc.provolatile of PostgreSQL 18); any other is unknown offline.
VOLATILE = frozenset(
    """
    random random_normal clock_timestamp timeofday gen_random_uuid uuidv4 uuidv7 uuid_generate_v1 uuid_generate_v1mc
    uuid_generate_v4 gen_random_bytes nextval currval lastval setval txid_current pg_current_xact_id pg_sleep setseed
    """.split()  # noqa: SIM905
)
NOT_VOLATILE = frozenset(
    """
    now transaction_timestamp statement_timestamp timezone date_trunc date_part extract age make_date make_time
    make_timestamp make_timestamptz make_interval to_char to_date to_timestamp to_number lower upper initcap concat
    concat_ws md5 sha256 sha512 encode decode length char_length octet_length left right substring substr trim btrim
    ltrim rtrim replace translate lpad rpad repeat reverse split_part format quote_ident quote_literal abs ceil ceiling
    floor round trunc sign power sqrt mod array_fill array_append array_length cardinality string_to_array
    array_to_string json_build_object jsonb_build_object json_build_array jsonb_build_array to_json to_jsonb
    jsonb_set row_to_json current_setting current_schema current_database version int4range int8range numrange
    tsrange tstzrange daterange to_tsvector to_tsquery point box inet_client_addr host pg_typeof
    """.split()  # noqa: SIM905
)
BUILT_IN_TYPES = frozenset(
    """
    bool bytea char name int2 int4 int8 float4 float8 numeric money text varchar bpchar bit varbit date time timetz
    timestamp timestamptz interval uuid json jsonb xml inet cidr macaddr macaddr8 point line lseg box path polygon
    circle     tsvector tsquery oid regclass regtype regproc int4range int8range numrange tsrange tstzrange daterange
    int4multirange int8multirange nummultirange tsmultirange tstzmultirange datemultirange serial bigserial smallserial
    serial2 serial4 serial8 pg_lsn txid_snapshot jsonpath xid xid8
    """.split()  # noqa: SIM905
)


def names_in(meanings: Iterator[Meaning]) -> tuple[Name, ...]:
    """Every relation that the statements name, for the catalogue to be asked about."""
    found: dict[Name, None] = {}
    for meaning in meanings:
        found.update(dict.fromkeys(_names_of(meaning)))
    return tuple(found)


def _names_of(value: object) -> Iterator[Name]:
    if isinstance(value, s.Name):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from _names_of(each)
    elif attrs.has(kind := type(value)):
        for field in attrs.fields(kind):
            yield from _names_of(getattr(value, field.name))
