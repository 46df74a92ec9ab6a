"""What is known about the objects that a script names: from a live catalogue, from the script itself, or nothing.

`Facts` is what a catalogue said (`catalogue.read_facts`). `Known` holds it beside what the statements so far have
made, and answers for both. None always means that nobody knows: whoever asks has to be careful then, and never calls
it safe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import attrs

from pgops.migrations.effects.check_text import conjuncts
from pgops.migrations.effects.facts import ColumnFacts, ConstraintFacts, Facts, IndexFacts, TableFacts, TypeFacts
from pgops.sql import statements as s
from pgops.sql.statements import Name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pgops.sql.statements import Expression, Meaning, TypeName

_Found = TypeVar("_Found")


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
    dropped: list[s.Drop] = attrs.field(factory=list)
    dropped_columns: list[tuple[Name, str]] = attrs.field(factory=list)
    dropped_constraints: list[tuple[Name, str]] = attrs.field(factory=list)
    detached: list[Name] = attrs.field(factory=list)
    _made: dict[str, list[s.CreateTable | s.CreateView]] = attrs.field(factory=dict, init=False, repr=False)
    """Tables and views that are new, by their bare name: what is asked most."""
    _indexes: dict[str, list[s.CreateIndex]] = attrs.field(factory=dict, init=False, repr=False)
    """Indexes that are new, by the bare name of their table."""
    _index_names: dict[str, list[s.CreateIndex]] = attrs.field(factory=dict, init=False, repr=False)
    _added: dict[str, list[tuple[Name, s.Constraint]]] = attrs.field(factory=dict, init=False, repr=False)
    """`added`, by the bare name of the table."""

    def saw(self, meaning: Meaning) -> None:
        """Take in what a statement has done, before the next one is looked at."""
        match meaning:
            case s.CreateTable():
                self._saw_table(meaning)
            case s.CreateType():
                self.made_types.append(meaning)
            case s.CreateIndex():
                self.made_indexes.append(meaning)
                self._indexes.setdefault(meaning.table.name, []).append(meaning)
                if meaning.name is not None:
                    self._index_names.setdefault(meaning.name, []).append(meaning)
            case s.CreateView():
                self.made_views.append(meaning)
                self._made.setdefault(meaning.view.name, []).append(meaning)
            case s.AlterTable():
                for action in meaning.actions:
                    if isinstance(action, s.AddConstraint):
                        self.added.append((meaning.table, action.constraint))
                        self._added.setdefault(meaning.table.name, []).append((meaning.table, action.constraint))
                    elif isinstance(action, s.ValidateConstraint):
                        self.validated.append((meaning.table, action.name))
                    elif isinstance(action, s.DropColumn):
                        self.dropped_columns.append((meaning.table, action.column))
                    elif isinstance(action, s.DropConstraint):
                        self._dropped_constraint(meaning.table, action.name)
                    elif isinstance(action, s.DetachPartition):
                        self.detached.append(action.partition)
                    elif isinstance(action, s.AttachPartition):
                        self.detached = [each for each in self.detached if not same(each, action.partition)]
            case s.Do(inside=tuple() as inside):
                for each in inside:
                    if each.always:
                        self.saw(each.meaning)
            case s.Rename(kind="table", sub=None):
                for old in self._created(meaning.name):
                    self._saw_table(attrs.evolve(old, table=attrs.evolve(old.table, name=meaning.new_name)))
            case s.Drop():
                self.dropped.append(meaning)
                self._lost(meaning)

    def _dropped_constraint(self, table: Name, constraint: str) -> None:
        self.dropped_constraints.append((table, constraint))
        for gone in [each for each in self.added if same(each[0], table) and each[1].name == constraint]:
            self.added.remove(gone)
            self._added[gone[0].name].remove(gone)

    def _lost(self, drop: s.Drop) -> None:
        for name in drop.names:
            if drop.kind == "table":
                for gone in self._created(name):
                    self.created.remove(gone)
                    self._made[gone.table.name].remove(gone)
            elif drop.kind in {"view", "materialized view"}:
                for view in [each for each in self.made_views if same(each.view, name)]:
                    self.made_views.remove(view)
                    self._made[view.view.name].remove(view)

    def _saw_table(self, table: s.CreateTable) -> None:
        self.created.append(table)
        self._made.setdefault(table.table.name, []).append(table)

    def _created(self, name: Name) -> list[s.CreateTable]:
        made = self._made.get(name.name, ())
        return [each for each in made if isinstance(each, s.CreateTable) and same(each.table, name)]

    def is_new(self, name: Name) -> bool:
        """Whether the script itself made the table, so that nobody uses it yet. IF NOT EXISTS is no promise."""
        for each in self._made.get(name.name, ()):
            if isinstance(each, s.CreateView):
                if same(each.view, name) and not each.replace:
                    return True
            elif same(each.table, name) and (not each.if_not_exists or self.is_absent(name)):
                return True
        return False

    def added_to(self, table: Name) -> list[s.Constraint]:
        """The constraints that the script has added to the table so far with ALTER TABLE."""
        return [each for name, each in self._added.get(table.name, ()) if same(name, table)]

    def made_indexes_on(self, table: Name) -> list[s.CreateIndex]:
        """The indexes that the script has made on the table so far."""
        return [each for each in self._indexes.get(table.name, ()) if same(each.table, table)]

    def made_index(self, name: Name) -> s.CreateIndex | None:
        """The index of that name that the script has made; it is in the schema of its table."""
        made = (each for each in self._index_names.get(name.name, ()) if name.schema in (None, each.table.schema))
        return next(made, None)

    def is_absent(self, name: Name) -> bool:
        """True where a catalogue was asked and has no such relation."""
        return self.facts is not None and self.table(name) is None and self.index(name) is None

    def table(self, name: Name) -> TableFacts | None:
        """What the catalogue said of it; None: not asked, or not there."""
        return None if self.facts is None else self._of(self.facts.tables, name)

    def index(self, name: Name) -> IndexFacts | None:
        """What the catalogue said of an index."""
        return None if self.facts is None else self._of(self.facts.indexes, name)

    def type(self, name: Name) -> TypeFacts | None:
        """What the catalogue said of a type."""
        return None if self.facts is None else self._of(self.facts.types, name)

    def statistics(self, name: Name) -> Name | None:
        """The table of extended statistics."""
        return None if self.facts is None else self._of(self.facts.statistics, name)

    def _of(self, facts: Mapping[Name, _Found], name: Name) -> _Found | None:
        """As PostgreSQL finds it: a name without a schema is looked for on the search path."""
        exact = facts.get(name)
        if exact is not None or name.schema is not None or self.facts is None:
            return exact
        on_path = (facts.get(Name(name.name, schema)) for schema in self.facts.schemas)
        return next((each for each in on_path if each is not None), None)

    def is_small(self, name: Name) -> bool:
        """Whether the table is new or known to be so small that reading or writing it whole takes no time."""
        if self.is_new(name):
            return True
        table = self.table(name)
        return table is not None and table.is_small

    def is_partitioned(self, name: Name) -> bool | None:
        """Whether it is PARTITION BY."""
        for each in self._created(name):
            return each.is_partitioned
        table = self.table(name)
        return None if table is None else table.is_partitioned

    def is_detached(self, partition: Name) -> bool:
        """Whether the script has detached what the catalogue calls a partition."""
        return any(same(each, partition) for each in self.detached)

    def column(self, table: Name, column: str) -> ColumnFacts | None:
        """What the catalogue said of a column."""
        found = self.table(table)
        return None if found is None else found.columns.get(column)

    def not_null_is_proved(self, table: Name, column: str) -> bool:
        """Whether a valid CHECK says `column IS NOT NULL`, so that SET NOT NULL needs no scan (since 12)."""
        for constraint in self.added_to(table):
            by_check = constraint.expression is not None and column in constraint.expression.proves_not_null
            is_proof = by_check or (constraint.kind is s.ConstraintKind.NOT_NULL and constraint.columns == (column,))
            if is_proof:
                by_name = any(same(table, other) and valid == constraint.name for other, valid in self.validated)
                if by_name or not constraint.not_valid:
                    return True
        found = self.table(table)
        if found is None:
            return False
        for constraint_facts in found.constraints.values():
            dropped = any(
                same(each, table) and name == constraint_facts.name for each, name in self.dropped_constraints
            )
            if not dropped and constraint_facts.kind in "cn" and says_not_null(constraint_facts, column):
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
            found = self.type(s.Name(type_name.name, type_name.schema))
            if found is not None:
                return found.kind == "d" and found.has_constraints
        return None

    def default_is_volatile(self, type_name: TypeName) -> bool:
        """Whether it is a domain that brings a default of its own for each row."""
        found = self.type(s.Name(type_name.name, type_name.schema)) if not type_name.is_array else None
        return found is not None and found.default_is_volatile

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

    def may_do_anything(self, function: Name) -> bool:
        """Whether a call of it may change the schema: a volatile function that is not PostgreSQL's own, or unknown."""
        if self.facts is not None:
            in_catalogue = self.facts.volatilities.get(Name(function.name, "pg_catalog"))
            if in_catalogue is not None and function.schema in (None, "pg_catalog"):
                return False
            return self._of(self.facts.volatilities, function) in (None, "v")
        if function.schema is not None:
            return function.schema != "pg_catalog"
        own = function.name in VOLATILE | NOT_VOLATILE | _HARMLESS or function.name.startswith("pg_")
        return not own

    def _volatility(self, name: Name) -> str | None:
        if self.facts is not None:
            found = self._of(self.facts.volatilities, name)
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


def says_not_null(constraint: ConstraintFacts, column: str) -> bool:
    """Whether a constraint, valid or not, is NOT NULL or a CHECK that asks `column IS NOT NULL`, among other things."""
    if constraint.kind == "n":
        return constraint.columns == (column,)
    return f"{s.Name(column).sql} IS NOT NULL" in conjuncts(constraint.definition)


# Built-in functions that people write in defaults (pg_proc.provolatile of PostgreSQL 18); any other is unknown offline.
VOLATILE = frozenset(
    """
    random random_normal clock_timestamp timeofday gen_random_uuid uuidv4 uuidv7 uuid_generate_v1 uuid_generate_v1mc
    uuid_generate_v4 gen_random_bytes nextval currval lastval setval txid_current pg_current_xact_id pg_sleep setseed
    """.split()  # noqa: SIM905  a list of quoted words is worse to read
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
    """.split()  # noqa: SIM905  a list of quoted words is worse to read
)
_HARMLESS = frozenset(
    """
    set_config count max min sum avg array_agg string_agg json_agg jsonb_agg json_object_agg jsonb_object_agg bool_and
    bool_or every mode percentile_cont percentile_disc stddev variance row_number rank dense_rank ntile lag lead
    first_value last_value nth_value generate_series generate_subscripts unnest regexp_replace regexp_match
    regexp_matches regexp_split_to_array regexp_split_to_table to_regclass to_regtype to_regnamespace to_regproc
    to_regprocedure to_regrole has_table_privilege has_schema_privilege has_column_privilege has_function_privilege
    obj_description col_description format_type json_each jsonb_each json_each_text jsonb_each_text
    json_array_elements jsonb_array_elements json_to_recordset jsonb_to_recordset jsonb_typeof json_typeof greatest
    least nullif lo_create lo_from_bytea lo_get lo_import lo_put lo_unlink
    """.split()  # noqa: SIM905  a list of quoted words is worse to read
)
BUILT_IN_TYPES = frozenset(
    """
    bool bytea char name int2 int4 int8 float4 float8 numeric money text varchar bpchar bit varbit date time timetz
    timestamp timestamptz interval uuid json jsonb xml inet cidr macaddr macaddr8 point line lseg box path polygon
    circle tsvector tsquery oid regclass regtype regproc int4range int8range numrange tsrange tstzrange daterange
    int4multirange int8multirange nummultirange tsmultirange tstzmultirange datemultirange serial bigserial smallserial
    serial2 serial4 serial8 pg_lsn txid_snapshot jsonpath xid xid8
    """.split()  # noqa: SIM905  a list of quoted words is worse to read
)


def names_in(meanings: Iterator[Meaning]) -> tuple[Name, ...]:
    """Every relation, type and function that the statements name, for the catalogue to be asked about."""
    found: dict[Name, None] = {}
    for meaning in meanings:
        found.update(dict.fromkeys(_names_of(meaning)))
    return tuple(found)


def _names_of(value: object) -> Iterator[Name]:
    if isinstance(value, s.Name):
        yield value
    elif isinstance(value, s.TypeName):
        yield Name(value.name, value.schema)
    elif isinstance(value, tuple):
        for each in value:
            yield from _names_of(each)
    elif attrs.has(kind := type(value)):
        for field in attrs.fields(kind):
            yield from _names_of(getattr(value, field.name))
