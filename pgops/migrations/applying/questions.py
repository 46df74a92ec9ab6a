"""How the catalogue proves a statement: the cheapest question that is true after it, and was not before.

A question is SQL that can be pasted into psql, with one boolean for an answer. Where there is none (rows that were
changed, a VACUUM, a GRANT) nothing is claimed: the statement's own end is all there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from pgops.migrations.sql import statements as s
from pgops.migrations.sql.statements import ConstraintKind, Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg


@attrs.frozen
class Proof:
    """A question, and what the catalogue answered. `holds` None: there was no question to ask."""

    question: str | None
    answer: str | None
    holds: bool | None


def questions_for(meaning: s.Meaning) -> tuple[str, ...]:
    """The questions that are all true once the statement is done; empty where the catalogue can't tell."""
    match meaning:
        case s.CreateTable():
            return (*_columns(meaning), _is_there(meaning.table)) if not meaning.is_temporary else ()
        case s.CreateIndex():
            return (_index(meaning),)
        case s.AlterTable():
            there = (
                () if meaning.if_exists else (_is_there(meaning.table),)
            )  # what is gone with its table proves nothing
            questions = tuple(question for action in meaning.actions for question in _action(meaning, action))
            return (*there, *questions) if questions else ()
        case s.Drop():
            return tuple(_dropped(meaning))
        case s.Rename():
            return tuple(_renamed(meaning))
        case s.Move(schema=str() as schema) if meaning.kind in _RELATIONS:
            return (_is_there(Name(meaning.name.name, schema)),)
        case s.Move(owner=str() as owner) if meaning.kind in _RELATIONS and owner != "current_user":
            return (
                f"SELECT pg_catalog.pg_get_userbyid(relowner) = {_text(owner)} FROM pg_catalog.pg_class"
                f" WHERE oid = {_regclass(meaning.name)}",
            )
        case s.CreateView():
            return (_is_there(meaning.view),)
        case s.CreateSequence() if not meaning.alters:
            return (_is_there(meaning.sequence),)
        case s.CreateType():
            return (f"SELECT pg_catalog.to_regtype({_text(meaning.name.sql)}) IS NOT NULL",)
        case s.CreateFunction():
            return (_named("pg_proc", "proname", "pronamespace", meaning.name),)
        case s.AddEnumValue():
            return (
                f"SELECT EXISTS (SELECT FROM pg_catalog.pg_enum WHERE enumlabel = {_text(meaning.value)}"
                f" AND enumtypid = pg_catalog.to_regtype({_text(meaning.type.sql)}))",
            )
        case s.CreateTrigger():
            return (_on_table("pg_trigger", "tgname", "tgrelid", meaning.name, meaning.table),)
        case s.CreatePolicy():
            return (_on_table("pg_policy", "polname", "polrelid", meaning.name, meaning.table),)
        case s.CreateRule():
            return (_on_table("pg_rewrite", "rulename", "ev_class", meaning.name, meaning.table),)
        case s.CreateStatistics(name=Name() as name):
            return (_named("pg_statistic_ext", "stxname", "stxnamespace", name),)
        case s.CreateSubscription():
            return (_alone("pg_subscription", "subname", meaning.name),)
        case s.CreateOther() if meaning.kind in _CATALOGUES:
            catalogue, column = _CATALOGUES[meaning.kind]
            return (_alone(catalogue, column, meaning.name.name),)
        case s.AlterDomain(action="add constraint", constraint=s.Constraint(name=str() as name)):
            return (_domain_constraint(meaning.domain, name),)
        case s.AlterDomain(action="drop constraint", name=str() as name):
            return (_not(_domain_constraint(meaning.domain, name)),)
        case s.AlterDomain(action="validate", name=str() as name):
            return (
                f"SELECT convalidated FROM pg_catalog.pg_constraint WHERE conname = {_text(name)}"
                f" AND contypid = pg_catalog.to_regtype({_text(meaning.domain.sql)})",
            )
        case s.AlterDomain(action="set not null" | "drop not null"):
            wanted = "typnotnull" if meaning.action == "set not null" else "NOT typnotnull"
            return (
                f"SELECT {wanted} FROM pg_catalog.pg_type"
                f" WHERE oid = pg_catalog.to_regtype({_text(meaning.domain.sql)})",
            )
        case _:
            return ()


def ask(conn: psycopg.Connection[Any], meaning: s.Meaning) -> Proof:
    """Ask every question of one statement: it is proved when all hold. Raises psycopg's errors."""
    questions = questions_for(meaning)
    if not questions:
        return Proof(None, None, None)
    question = questions[0] if len(questions) == 1 else "SELECT " + "\n   AND ".join(f"({each})" for each in questions)
    with conn.cursor() as cursor:
        row = cursor.execute(question.encode()).fetchone()
    answer = _only(row)
    said = "no row" if answer is None else str(answer).lower()
    return Proof(question, said, answer is True)


def _only(row: Any) -> bool | None:
    if row is None:
        return None
    values = list(row.values()) if isinstance(row, dict) else list(row)
    return values[0] if isinstance(values[0], bool) else None


# --- the pieces of questions ------------------------------------------------------------------------------------------


_RELATIONS = {"table", "index", "view", "materialized view", "sequence", "foreign table"}
_CATALOGUES = {
    "schema": ("pg_namespace", "nspname"),
    "extension": ("pg_extension", "extname"),
    "role": ("pg_roles", "rolname"),
    "publication": ("pg_publication", "pubname"),
    "event trigger": ("pg_event_trigger", "evtname"),
    "server": ("pg_foreign_server", "srvname"),
    "foreign data wrapper": ("pg_foreign_data_wrapper", "fdwname"),
}
_IN_SCHEMAS = {
    "function": ("pg_proc", "proname", "pronamespace"),
    "procedure": ("pg_proc", "proname", "pronamespace"),
    "statistics": ("pg_statistic_ext", "stxname", "stxnamespace"),
    "collation": ("pg_collation", "collname", "collnamespace"),
}
_ON_TABLES = {
    "trigger": ("pg_trigger", "tgname", "tgrelid"),
    "policy": ("pg_policy", "polname", "polrelid"),
    "rule": ("pg_rewrite", "rulename", "ev_class"),
}


def _text(value: str) -> str:
    """A literal, whatever standard_conforming_strings says."""
    quoted = value.replace("'", "''")
    return f"E'{quoted.replace(chr(92), chr(92) * 2)}'" if "\\" in value else f"'{quoted}'"


def _regclass(name: Name) -> str:
    return f"pg_catalog.to_regclass({_text(name.sql)})"


def _is_there(name: Name) -> str:
    return f"SELECT {_regclass(name)} IS NOT NULL"


def _not(question: str) -> str:
    return f"SELECT NOT ({question})"


def _named(catalogue: str, column: str, schema_column: str, name: Name) -> str:
    where = f"{column} = {_text(name.name)}"
    if name.schema is not None:
        where += f" AND {schema_column} = pg_catalog.to_regnamespace({_text(Name(name.schema).sql)})"
    else:
        schemas = "pg_catalog.unnest(pg_catalog.current_schemas(true))"
        visible = f"SELECT pg_catalog.to_regnamespace(pg_catalog.quote_ident(s)) FROM {schemas} AS s"
        where += f" AND {schema_column} IN ({visible})"
    return f"SELECT EXISTS (SELECT FROM pg_catalog.{catalogue} WHERE {where})"


def _alone(catalogue: str, column: str, name: str) -> str:
    return f"SELECT EXISTS (SELECT FROM pg_catalog.{catalogue} WHERE {column} = {_text(name)})"


def _on_table(catalogue: str, column: str, table_column: str, name: str, table: Name) -> str:
    where = f"{column} = {_text(name)} AND {table_column} = {_regclass(table)}"
    return f"SELECT EXISTS (SELECT FROM pg_catalog.{catalogue} WHERE {where})"


def _domain_constraint(domain: Name, name: str) -> str:
    return (
        f"SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conname = {_text(name)}"
        f" AND contypid = pg_catalog.to_regtype({_text(domain.sql)}))"
    )


def _column_where(table: Name, column: str) -> str:
    return f"attrelid = {_regclass(table)} AND attname = {_text(column)} AND NOT attisdropped"


def _columns(meaning: s.CreateTable) -> Iterator[str]:
    if meaning.columns and not meaning.if_not_exists:
        names = ", ".join(_text(each.name) for each in meaning.columns)
        yield (
            f"SELECT pg_catalog.count(*) = {len(meaning.columns)} FROM pg_catalog.pg_attribute"
            f" WHERE attrelid = {_regclass(meaning.table)} AND attname IN ({names}) AND NOT attisdropped"
        )


def _index(meaning: s.CreateIndex) -> str:
    if meaning.name is not None:
        index = Name(meaning.name, meaning.table.schema)
        # An index on the parent alone is not valid until every partition has one attached.
        valid = "indrelid IS NOT NULL" if meaning.only else "indisvalid"
        return f"SELECT {valid} FROM pg_catalog.pg_index WHERE indexrelid = {_regclass(index)}"
    keys = " ".join("0" for _ in meaning.columns)
    if all(meaning.columns):
        numbers = ", ".join(
            f"(SELECT attnum FROM pg_catalog.pg_attribute WHERE {_column_where(meaning.table, each)})"
            for each in meaning.columns
            if each is not None
        )
        same = f"pg_catalog.array_to_string(indkey::smallint[], ' ') LIKE pg_catalog.concat_ws(' ', {numbers}) || '%'"
    else:
        same = f"indkey::text LIKE '{keys}%' OR indexprs IS NOT NULL"
    return (
        f"SELECT EXISTS (SELECT FROM pg_catalog.pg_index WHERE indrelid = {_regclass(meaning.table)}"
        f" AND indisvalid AND ({same}))"
    )


def _action(meaning: s.AlterTable, action: s.Action) -> Iterator[str]:
    table = meaning.table
    attribute = "FROM pg_catalog.pg_attribute WHERE"
    match action:
        case s.AddColumn():
            yield f"SELECT EXISTS (SELECT {attribute} {_column_where(table, action.column.name)})"
            for constraint in action.column.constraints:
                yield from _constraint(table, constraint)
        case s.DropColumn():
            yield f"SELECT NOT EXISTS (SELECT {attribute} {_column_where(table, action.column)})"
        case s.AlterType():
            # to_regtype() takes a modifier only since 17, so the modifier is looked at by itself.
            bare = _text(str(attrs.evolve(action.type, modifiers=())))
            modified = f" AND pg_catalog.format_type(atttypid, atttypmod) LIKE '%({_inside(action.type)})%'"
            has_modifier = bool(action.type.modifiers) and action.type.name != "interval"
            yield (
                f"SELECT atttypid = pg_catalog.to_regtype({bare}){modified if has_modifier else ''}"
                f" {attribute} {_column_where(table, action.column)}"
            )
        case s.SetNotNull():
            yield f"SELECT attnotnull {attribute} {_column_where(table, action.column)}"
        case s.DropNotNull():
            yield f"SELECT NOT attnotnull {attribute} {_column_where(table, action.column)}"
        case s.SetDefault():
            wanted = "NOT atthasdef" if action.default is None or action.default.is_null else "atthasdef"
            yield f"SELECT {wanted} {attribute} {_column_where(table, action.column)}"
        case s.AddConstraint():
            yield from _constraint(table, action.constraint)
        case s.ValidateConstraint():
            yield (
                f"SELECT convalidated FROM pg_catalog.pg_constraint WHERE conname = {_text(action.name)}"
                f" AND conrelid = {_regclass(table)}"
            )
        case s.DropConstraint():
            yield _not(_on_table("pg_constraint", "conname", "conrelid", action.name, table))
        case s.AttachPartition():
            yield _inherits(table, action.partition)
        case s.DetachPartition():
            yield _not(_inherits(table, action.partition))
        case s.OtherAction() if action.action in _CLASS_FLAGS:
            yield f"SELECT {_CLASS_FLAGS[action.action]} FROM pg_catalog.pg_class WHERE oid = {_regclass(table)}"


_CLASS_FLAGS = {
    "EnableRowSecurity": "relrowsecurity",
    "DisableRowSecurity": "NOT relrowsecurity",
    "ForceRowSecurity": "relforcerowsecurity",
    "NoForceRowSecurity": "NOT relforcerowsecurity",
    "SetLogged": "relpersistence = 'p'",
    "SetUnLogged": "relpersistence = 'u'",
}
_CONSTRAINT_TYPES = {
    ConstraintKind.CHECK: "c",
    ConstraintKind.FOREIGN_KEY: "f",
    ConstraintKind.PRIMARY_KEY: "p",
    ConstraintKind.UNIQUE: "u",
    ConstraintKind.EXCLUDE: "x",
    ConstraintKind.NOT_NULL: "n",
}


def _inside(kind: s.TypeName) -> str:
    return ",".join(map(str, kind.modifiers))


def _constraint(table: Name, constraint: s.Constraint) -> Iterator[str]:
    kind = _CONSTRAINT_TYPES[constraint.kind]
    where = f"conrelid = {_regclass(table)} AND contype = '{kind}'"
    if constraint.name is not None:
        where += f" AND conname = {_text(constraint.name)}"
    elif constraint.columns:
        numbers = ", ".join(
            f"(SELECT attnum FROM pg_catalog.pg_attribute WHERE {_column_where(table, each)})"
            for each in constraint.columns
        )
        where += f" AND conkey = ARRAY[{numbers}]::smallint[]"
    if not constraint.not_valid and constraint.is_enforced:
        where += " AND convalidated"
    yield f"SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE {where})"


def _inherits(parent: Name, child: Name) -> str:
    where = f"inhparent = {_regclass(parent)} AND inhrelid = {_regclass(child)}"
    return f"SELECT EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE {where})"


def _dropped(meaning: s.Drop) -> Iterator[str]:
    for index, name in enumerate(meaning.names):
        if meaning.kind in _RELATIONS:
            yield f"SELECT {_regclass(name)} IS NULL"
        elif meaning.kind in {"type", "domain"}:
            yield f"SELECT pg_catalog.to_regtype({_text(name.sql)}) IS NULL"
        elif meaning.kind in _ON_TABLES:
            yield _not(_on_table(*_ON_TABLES[meaning.kind], name.name, meaning.tables[index]))
        elif meaning.kind in _CATALOGUES:
            yield _not(_alone(*_CATALOGUES[meaning.kind], name.name))
        elif meaning.kind in {"statistics", "collation"}:
            yield _not(_named(*_IN_SCHEMAS[meaning.kind], name))
        # Of functions there may be others of the same name: nothing is claimed.


def _renamed(meaning: s.Rename) -> Iterator[str]:
    if meaning.sub_kind == "column" and meaning.sub is not None:
        attribute = "FROM pg_catalog.pg_attribute WHERE"
        yield f"SELECT EXISTS (SELECT {attribute} {_column_where(meaning.name, meaning.new_name)})"
        yield f"SELECT NOT EXISTS (SELECT {attribute} {_column_where(meaning.name, meaning.sub)})"
    elif meaning.sub_kind == "constraint":
        yield _on_table("pg_constraint", "conname", "conrelid", meaning.new_name, meaning.name)
    elif meaning.sub is not None and meaning.sub_kind in _ON_TABLES:
        yield _on_table(*_ON_TABLES[meaning.sub_kind], meaning.new_name, meaning.name)
    elif meaning.kind in _RELATIONS:
        yield _is_there(Name(meaning.new_name, meaning.name.schema))
        yield f"SELECT {_regclass(meaning.name)} IS NULL"
    elif meaning.kind in _CATALOGUES:
        yield _alone(*_CATALOGUES[meaning.kind], meaning.new_name)
