"""A foreign key whose columns have no index makes each DELETE in the referenced table read this one.

PostgreSQL makes an index for the referenced side only. When a row there is deleted or its key updated, the rows that
point to it are searched, for each one anew; without an index on the foreign key's columns that is a sequential scan
(manual, section 5.5.5, "Foreign Keys"). Joins to the table want the index too. It serves if the key's columns come
first in it, in any order.

A false alarm where the referenced rows are never deleted and their keys never change, or where a partial index WHERE
column IS NOT NULL does the work. An index that a later statement of the same script makes counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._naming import free_name
from pgops.migrations.lint.rules._outline import keys_on
from pgops.migrations.lint.rules._wording import ended
from pgops.sql import statements as s
from pgops.sql.statements import ConstraintKind, Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = """
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint);
"""
BAD = "ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers NOT VALID;"
GOOD = """
CREATE INDEX CONCURRENTLY orders_customer_id_idx ON orders (customer_id);
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers NOT VALID;
"""


def look(step: Step) -> Iterator[Hit]:
    table = _table(step.statement.meaning)
    if table is None or (step.known.is_small(table) and not step.known.is_new(table)):
        return
    keys = [each for each in _foreign_keys(step.statement.meaning) if each.columns]
    if not keys:
        return
    indexes = list(keys_on(step, table))
    missing = [key for key in keys if not any(each.starts_with(key.columns) for each in indexes)]
    columns = list(dict.fromkeys(key.columns for key in missing))
    fix = _with_indexes(step, table, columns)
    for key in missing:
        yield Hit(
            message=f"No index begins with {', '.join(key.columns)} of {table}: each DELETE in {key.references} reads "
            "the whole table.",
            fix=fix,
            target=table.target("table", ", ".join(key.columns)),
        )


def _table(meaning: s.Meaning) -> Name | None:
    match meaning:
        case s.CreateTable(is_temporary=False, partition_of=None):
            return meaning.table
        case s.AlterTable(kind="table"):
            return meaning.table
        case _:
            return None


def _foreign_keys(meaning: s.Meaning) -> Iterator[s.Constraint]:
    found: list[s.Constraint] = []
    match meaning:
        case s.CreateTable():
            found += [*meaning.constraints, *(each for column in meaning.columns for each in column.constraints)]
        case s.AlterTable():
            for action in meaning.actions:
                if isinstance(action, s.AddConstraint):
                    found.append(action.constraint)
                elif isinstance(action, s.AddColumn):
                    found += action.column.constraints
    return (each for each in found if each.kind is ConstraintKind.FOREIGN_KEY)


def _with_indexes(step: Step, table: Name, keys: list[tuple[str, ...]]) -> str | None:
    """The statement and the indexes: for a table that is there first, unless the columns come only now."""
    known = step.known
    meaning = step.statement.meaning
    makes_table = isinstance(meaning, s.CreateTable)
    is_empty = makes_table or known.is_new(table)
    if known.is_partitioned(table) and not is_empty:
        return None
    concurrently = "" if is_empty else "CONCURRENTLY "
    indexes = [
        f"CREATE INDEX {concurrently}{Name(free_name(known, table, key, 'idx')).sql} ON {table.sql} "
        f"({', '.join(Name(each).sql for each in key)});"
        for key in keys
    ]
    text = ended(step.statement.text)
    adds_column = isinstance(meaning, s.AlterTable) and any(isinstance(each, s.AddColumn) for each in meaning.actions)
    return "\n".join([text, *indexes] if makes_table or adds_column else [*indexes, text])


RULE = Rule(
    id="foreign-key-without-index",
    doc=__doc__,
    look=look,
    kind=Kind.STYLE,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    covers_small=True,
    statements=(s.CreateTable, s.AddConstraint, s.AddColumn),
)
