"""How the catalogue proves a statement: the cheapest question that is true after it, and was not before.

A question is SQL that can be pasted into psql, with one boolean for an answer; NULL where it can't be told. Where there
is none (rows that were changed, a VACUUM, a GRANT, what is temporary) nothing is claimed: the statement's own end is
all there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from pgops.migrations.applying.lookups import (
    ALONE,
    IN_SCHEMAS,
    ON_TABLES,
    RELATIONS,
    alone,
    column,
    columns_of_new,
    domain_constraint,
    exists,
    in_schema,
    index_is_like,
    is_gone,
    is_there,
    negated,
    on_table,
    regclass,
    regtype,
    subscription,
    text,
)
from pgops.migrations.applying.table_questions import table_questions
from pgops.migrations.asking import plain_cursor
from pgops.sql import statements as s
from pgops.sql.naming import objects_of
from pgops.sql.statements import Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg


@attrs.frozen
class Proof:
    """A question, and what the catalogue answered. `holds` None: nothing to ask, or the catalogue can't tell."""

    question: str | None
    answer: str | None
    holds: bool | None


def questions_for(meaning: s.Meaning) -> tuple[str, ...]:
    """The questions that are all true once the statement is done; empty where the catalogue can't tell."""
    if any(each.schema is not None and each.schema.startswith("pg_temp") for each in objects_of(meaning)):
        return ()  # it ends with its session, and no other can look at it
    match meaning:
        case s.CreateTable(is_temporary=False):
            return tuple(_table(meaning))
        case s.CreateIndex():
            return tuple(_index(meaning))
        case s.AlterTable():
            return table_questions(meaning)
        case s.Drop():
            return tuple(_dropped(meaning))
        case s.Rename(if_exists=False):
            return tuple(_renamed(meaning))
        case s.Move(schema=str() as schema, if_exists=False) if meaning.kind in RELATIONS:
            return (is_there(Name(meaning.name.name, schema)),)
        case s.Move(owner=str() as owner, if_exists=False) if meaning.kind in RELATIONS and owner != "current_user":
            owned = f"oid = {regclass(meaning.name)} AND pg_catalog.pg_get_userbyid(relowner) = {text(owner)}"
            return (exists("pg_class", owned),)
        case s.CreateView():
            return (is_there(meaning.view),)
        case s.CreateSequence(alters=False):
            return (is_there(meaning.sequence),)
        case s.CreateType():
            return (in_schema("type", meaning.name),)
        case s.CreateFunction():
            return (in_schema("function", meaning.name),)
        case s.AddEnumValue():
            return (exists("pg_enum", f"enumlabel = {text(meaning.value)} AND enumtypid = {regtype(meaning.type)}"),)
        case s.CreateTrigger():
            return (on_table("trigger", meaning.name, meaning.table),)
        case s.CreatePolicy():
            return (on_table("policy", meaning.name, meaning.table),)
        case s.CreateRule():
            return (on_table("rule", meaning.name, meaning.table),)
        case s.CreateStatistics(name=Name() as name):
            return (in_schema("statistics", name),)
        case s.CreateSubscription():
            return (subscription(meaning.name),)
        case s.CreateOther() if meaning.kind in ALONE and meaning.name.name:
            return (alone(meaning.kind, meaning.name.name),)
        case s.AlterDomain():
            return tuple(_domain(meaning))
        case s.NoTransaction(name=str() as name):
            return tuple(_outside(meaning.what, name))
        case _:
            return ()


def ask(conn: psycopg.Connection[Any], meaning: s.Meaning) -> Proof:
    """Ask every question of one statement: it is proved when all hold. Raises psycopg's errors."""
    questions = questions_for(meaning)
    if not questions:
        return Proof(None, None, None)
    question = questions[0] if len(questions) == 1 else "SELECT " + "\n   AND ".join(f"({each})" for each in questions)
    with plain_cursor(conn) as cursor:
        row = cursor.execute(encoded(conn, question)).fetchone()
    holds = None if row is None or row[0] is None else bool(row[0])
    return Proof(question, "null" if holds is None else str(holds).lower(), holds)


def encoded(conn: psycopg.Connection[Any], query: str) -> bytes:
    """In the connection's encoding, in which the server reads it; SQL_ASCII takes any bytes."""
    encoding = conn.info.encoding
    return query.encode("utf-8" if encoding == "ascii" else encoding)


def _table(meaning: s.CreateTable) -> Iterator[str]:
    if meaning.columns and not meaning.if_not_exists:
        yield columns_of_new(meaning.table, tuple(each.name for each in meaning.columns))
    yield is_there(meaning.table)


def _index(meaning: s.CreateIndex) -> Iterator[str]:
    # An index on the parent alone is not valid until every partition has one attached.
    valid = "" if meaning.only else " AND i.indisvalid"
    catalogue = "pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid"
    if meaning.name is None:
        # Of an expression, a predicate, an order the text is not known: another index may be what is seen.
        if meaning.is_plain:
            yield exists(catalogue, f"{index_is_like(meaning)}{valid}")
    elif meaning.if_not_exists:
        # Over a relation of that name it does nothing, whatever that is; but an invalid index serves nobody.
        beside = (
            f"c.relnamespace = (SELECT relnamespace FROM pg_catalog.pg_class WHERE oid = {regclass(meaning.table)})"
        )
        catalogue = "pg_class AS c LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid"
        usable = "" if meaning.only else " AND i.indisvalid IS NOT false"
        yield exists(catalogue, f"c.relname = {text(meaning.name)} AND {beside}{usable}")
    else:
        yield exists(catalogue, f"c.relname = {text(meaning.name)} AND {index_is_like(meaning)}{valid}")


def _dropped(meaning: s.Drop) -> Iterator[str]:
    for index, name in enumerate(meaning.names):
        if meaning.kind in ON_TABLES:
            yield negated(on_table(meaning.kind, name.name, meaning.tables[index]))
        elif meaning.kind in ALONE:
            yield negated(alone(meaning.kind, name.name))
        elif meaning.kind in RELATIONS or (meaning.kind in IN_SCHEMAS and meaning.kind != "function"):
            yield is_gone(meaning.kind, name)
        # Of functions there may be others of the same name: nothing is claimed.


def _renamed(meaning: s.Rename) -> Iterator[str]:
    if meaning.sub_kind == "column" and meaning.sub is not None:
        yield column(meaning.name, meaning.new_name)
        yield negated(column(meaning.name, meaning.sub))
    elif meaning.sub is not None and meaning.sub_kind in ON_TABLES:
        yield on_table(meaning.sub_kind, meaning.new_name, meaning.name)
    elif meaning.kind in RELATIONS:
        yield is_there(Name(meaning.new_name, meaning.name.schema))
        yield is_gone(meaning.kind, meaning.name)
    elif meaning.kind in ALONE:
        yield alone(meaning.kind, meaning.new_name)


def _domain(meaning: s.AlterDomain) -> Iterator[str]:
    match meaning:
        case s.AlterDomain(action="add constraint", constraint=s.Constraint(name=str() as name)):
            yield domain_constraint(meaning.domain, name)
        case s.AlterDomain(action="drop constraint", name=str() as name):
            yield negated(domain_constraint(meaning.domain, name))
        case s.AlterDomain(action="validate", name=str() as name):
            yield domain_constraint(meaning.domain, name, " AND convalidated")
        case s.AlterDomain(action="set not null"):
            yield exists("pg_type", f"oid = {regtype(meaning.domain)} AND typnotnull")
        case s.AlterDomain(action="drop not null"):
            yield exists("pg_type", f"oid = {regtype(meaning.domain)} AND NOT typnotnull")


def _outside(what: str, name: str) -> Iterator[str]:
    match what.split():
        case ["CREATE", kind] if kind.lower() in ALONE:
            yield alone(kind.lower(), name)
        case ["DROP", kind] if kind.lower() in ALONE:
            yield negated(alone(kind.lower(), name))
        case ["DROP", "SUBSCRIPTION"]:
            yield negated(subscription(name))
