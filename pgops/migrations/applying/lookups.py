"""The pieces that questions to the catalogue are made of. None is ever NULL, but for those that `unless_hidden` made.

A name that was written without a schema is looked up as the statement did: along the search path. What is gone can't be
seen that way, where a namesake lies later on the path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.sql.statements import Name

if TYPE_CHECKING:
    from pgops.sql import statements as s

RELATIONS = {"table", "index", "view", "materialized view", "sequence", "foreign table"}
ALONE = {
    "schema": ("pg_namespace", "nspname"),
    "extension": ("pg_extension", "extname"),
    "role": ("pg_roles", "rolname"),
    "publication": ("pg_publication", "pubname"),
    "event trigger": ("pg_event_trigger", "evtname"),
    "server": ("pg_foreign_server", "srvname"),
    "foreign data wrapper": ("pg_foreign_data_wrapper", "fdwname"),
    "database": ("pg_database", "datname"),
    "tablespace": ("pg_tablespace", "spcname"),
}
"""What is in no schema, by its catalogue and the column of its name."""
IN_SCHEMAS = {
    "type": ("pg_type", "typname", "typnamespace"),
    "domain": ("pg_type", "typname", "typnamespace"),
    "function": ("pg_proc", "proname", "pronamespace"),
    "statistics": ("pg_statistic_ext", "stxname", "stxnamespace"),
    "collation": ("pg_collation", "collname", "collnamespace"),
}
ON_TABLES = {
    "trigger": ("pg_trigger", "tgname", "tgrelid"),
    "policy": ("pg_policy", "polname", "polrelid"),
    "rule": ("pg_rewrite", "rulename", "ev_class"),
    "constraint": ("pg_constraint", "conname", "conrelid"),
}


def text(value: str) -> str:
    """A literal, whatever standard_conforming_strings says."""
    doubled = value.replace("'", "''")
    return f"E'{doubled.replace(chr(92), chr(92) * 2)}'" if "\\" in value else f"'{doubled}'"


def regclass(name: Name) -> str:
    return f"pg_catalog.to_regclass({text(name.sql)})"


def regtype(name: Name, *, is_array: bool = False) -> str:
    """Always quoted: to_regtype('char') is not "char"."""
    parts = [each.replace('"', '""') for each in (name.schema, name.name) if each is not None]
    quoted = ".".join(f'"{each}"' for each in parts)
    return f"pg_catalog.to_regtype({text(quoted + '[]' * is_array)})"


def exists(catalogue: str, where: str) -> str:
    return f"SELECT EXISTS (SELECT FROM pg_catalog.{catalogue} WHERE {where})"


def negated(question: str) -> str:
    return f"SELECT NOT ({question})"


def is_there(name: Name) -> str:
    return f"SELECT {regclass(name)} IS NOT NULL"


def is_gone(kind: str, name: Name) -> str:
    if kind in RELATIONS:
        return unless_hidden(name, f"SELECT {regclass(name)} IS NULL")
    return unless_hidden(name, negated(in_schema(kind, name)))


def unless_hidden(name: Name, gone: str) -> str:
    """That something is gone; NULL instead of false for an unqualified name, since a namesake may be what is seen."""
    return gone if name.schema is not None else f"SELECT NULLIF(({gone}), false)"


def in_schema(kind: str, name: Name) -> str:
    """In the schema that was named, or in any of the search path."""
    catalogue, column, schema_column = IN_SCHEMAS[kind]
    if name.schema is not None:
        schemas = f"= pg_catalog.to_regnamespace({text(Name(name.schema).sql)})"
    else:
        path = "pg_catalog.unnest(pg_catalog.current_schemas(true)) AS path (name)"
        schemas = f"IN (SELECT pg_catalog.to_regnamespace(pg_catalog.quote_ident(path.name)) FROM {path})"
    return exists(catalogue, f"{column} = {text(name.name)} AND {schema_column} {schemas}")


def alone(kind: str, name: str) -> str:
    catalogue, column = ALONE[kind]
    return exists(catalogue, f"{column} = {text(name)}")


def subscription(name: str) -> str:
    here = "(SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())"
    return exists("pg_subscription", f"subname = {text(name)} AND subdbid = {here}")


def on_table(kind: str, name: str, table: Name) -> str:
    catalogue, column, table_column = ON_TABLES[kind]
    return exists(catalogue, f"{column} = {text(name)} AND {table_column} = {regclass(table)}")


def domain_constraint(domain: Name, name: str, more: str = "") -> str:
    return exists("pg_constraint", f"conname = {text(name)} AND contypid = {regtype(domain)}{more}")


def column(table: Name, name: str, more: str = "") -> str:
    return exists("pg_attribute", f"{_attribute(table, name)}{more}")


def column_numbers(table: Name, names: tuple[str, ...]) -> str:
    """The array of these columns' numbers, in this order."""
    numbers = ", ".join(
        f"(SELECT attnum FROM pg_catalog.pg_attribute WHERE {_attribute(table, each)})" for each in names
    )
    return f"ARRAY[{numbers}]::smallint[]"


def _attribute(table: Name, name: str) -> str:
    return f"attrelid = {regclass(table)} AND attname = {text(name)} AND NOT attisdropped"


def columns_of_new(table: Name, names: tuple[str, ...]) -> str:
    """That a table made by this name has these columns. Without a schema it is made in the first one of the path, which
    need not be where the name is found: a temporary table or a catalogue comes first.
    """
    schema = (
        text(Name(table.schema).sql)
        if table.schema is not None
        else "pg_catalog.quote_ident(pg_catalog.current_schema())"
    )
    return (
        f"SELECT pg_catalog.count(*) = {len(names)} FROM pg_catalog.pg_attribute AS a"
        " JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid"
        f" WHERE c.relname = {text(table.name)} AND c.relnamespace = pg_catalog.to_regnamespace({schema})"
        f" AND a.attname IN ({', '.join(map(text, names))}) AND NOT a.attisdropped"
    )


def index_is_like(meaning: s.CreateIndex) -> str:
    """The conditions on pg_index i and pg_class c that an index fulfils which this statement made, as far as what is
    kept of the statement tells: validity and the name left out.
    """
    method = "gist" if meaning.method == "rtree" else meaning.method
    conditions = [
        f"i.indrelid = {regclass(meaning.table)}",
        "i.indisunique" if meaning.unique else "NOT i.indisunique",
        f"i.indpred IS {'NOT ' if meaning.is_partial else ''}NULL",
        f"c.relam = (SELECT oid FROM pg_catalog.pg_am WHERE amname = {text(method)})",
        f"i.indnkeyatts = {len(meaning.columns)}",
    ]
    keys = tuple(each for each in meaning.columns if each is not None)
    if len(keys) == len(meaning.columns):
        numbers = f"(i.indkey::smallint[])[0:{len(keys) - 1}]"  # it counts from 0, and INCLUDE stands behind the key
        # Unnested, since arrays with other bounds are not equal.
        conditions.append(f"ARRAY(SELECT pg_catalog.unnest({numbers})) = {column_numbers(meaning.table, keys)}")
        conditions.append("i.indexprs IS NULL")
    if meaning.is_plain:
        conditions += [
            "i.indnatts = i.indnkeyatts",
            "pg_catalog.array_to_string(i.indoption::smallint[], '') ~ '^0*$'",
            "NOT EXISTS (SELECT FROM pg_catalog.pg_opclass AS o"
            " WHERE o.oid = ANY (i.indclass::oid[]) AND NOT o.opcdefault)",
        ]
    return " AND ".join(conditions)
