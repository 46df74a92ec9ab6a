"""An index that is dropped before its successor is there leaves a time without one, or a table that is shut.

In transactions of their own, every query that needs the index reads the whole table until the new one is built, and
what a unique one kept out may come in. In one transaction nobody sees a gap, but DROP takes ACCESS EXCLUSIVE, which is
held until the new index is built, and nobody reads or writes meanwhile. Make the new one first, under another name;
then drop the old one, and rename (ALTER INDEX ... RENAME takes SHARE UPDATE EXCLUSIVE on the index only; manual, ALTER
INDEX).

By the name, and with a catalogue or the CREATE INDEX in the script also by table and leading column. No harm on a table
that is new or small, or where the old index is invalid: then it served nobody. DROP INDEX CONCURRENTLY IF EXISTS in
front of CREATE INDEX clears away what a broken attempt left, and says nothing here unless the catalogue shows the
index valid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.findings import Severity
from pgops.migrations.effects.known import same
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._naming import free_name
from pgops.migrations.lint.rules._outline import Key, outline_of
from pgops.migrations.lint.rules._wording import create_index
from pgops.sql import statements as s
from pgops.sql.statements import Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step
    from pgops.sql.script import Statement

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY, day date); CREATE INDEX orders_day ON orders (day);"
BAD = """
DROP INDEX CONCURRENTLY orders_day;
CREATE INDEX CONCURRENTLY orders_day ON orders (day, id);
"""
GOOD = """
CREATE INDEX CONCURRENTLY orders_day_new ON orders (day, id);
DROP INDEX CONCURRENTLY orders_day;
ALTER INDEX orders_day_new RENAME TO orders_day;
"""


@attrs.frozen(kw_only=True)
class _Gone:
    """An index that a statement drops: `table` and `columns` where they are known."""

    name: Name
    table: Name | None
    columns: tuple[str | None, ...] = ()
    unique: bool = False
    of_constraint: bool = False


def look(step: Step) -> Iterator[Hit]:
    for gone in _dropped(step):
        successor = _successor(step, gone)
        if successor is None or successor.made_by is None:
            continue
        later = successor.made_by
        if gone.table is not None and step.known.is_small(gone.table):
            continue
        yield _hit(step, gone, successor, later)


def _hit(step: Step, gone: _Gone, successor: Key, later: Statement) -> Hit:
    together = step.in_transaction and not _parted(step, later)
    if together:
        said = f"nobody can read or write {successor.table} until line {later.line} has built the new one"
    elif gone.unique:
        said = f"queries do without it and duplicates may come in until line {later.line} has built the new one"
    else:
        said = f"queries do without it until line {later.line} has built the new one"
    touch = next((each for each in step.effect.touches if same(each.relation, successor.table)), None)
    return Hit(
        message=f"{gone.name} is dropped first: {said}.",
        fix=_other_way_round(step, gone, later),
        touch=touch,
        severity=Severity.CRITICAL if together else None,
    )


def _dropped(step: Step) -> Iterator[_Gone]:
    meaning = step.statement.meaning
    known = step.known
    if isinstance(meaning, s.Drop) and meaning.kind == "index":
        for name in meaning.names:
            live = known.index(name)
            made = known.made_index(name)
            if live is not None:
                if live.valid:
                    yield _Gone(name=name, table=live.table, columns=live.columns, unique=live.unique)
            elif made is not None:
                yield _Gone(name=name, table=made.table, columns=made.columns, unique=made.unique)
            elif known.facts is None and not (meaning.concurrently and meaning.if_exists):
                yield _Gone(name=name, table=None)
    elif isinstance(meaning, s.AlterTable):
        table = known.table(meaning.table)
        for action in meaning.actions:
            found = table.constraints.get(action.name) if table and isinstance(action, s.DropConstraint) else None
            if found is not None and found.kind in "pu":
                yield _Gone(
                    name=Name(found.name, meaning.table.schema),
                    table=meaning.table,
                    columns=found.columns,
                    unique=True,
                    of_constraint=True,
                )


def _successor(step: Step, gone: _Gone) -> Key | None:
    """What a later statement of the script makes in its place, if nothing before has."""
    outline = outline_of(step.script)
    here = step.statement.ordinal
    if gone.table is None:
        named = outline.by_name.get(gone.name.name, ())
        return next((each for each in named if each.made_by and each.made_by.ordinal > here), None)
    front = gone.columns[:1]
    alike = [
        each
        for each in outline.keys.get(gone.table.name, ())
        if same(each.table, gone.table) and each.columns[:1] == front and front != (None,) and each.made_by
    ]
    if any(each.made_by.ordinal < here and each.name != gone.name.name for each in alike if each.made_by):
        return None  # made first, as it should be
    by_name = [each for each in outline.by_name.get(gone.name.name, ()) if same(each.table, gone.table)]
    return next((each for each in (*by_name, *alike) if each.made_by and each.made_by.ordinal >= here), None)


def _parted(step: Step, later: Statement) -> bool:
    """Whether a transaction ends between the two."""
    between = step.script.statements[step.statement.ordinal + 1 : later.ordinal + 1]
    return any(_ends_transaction(each.meaning) for each in between)


def _ends_transaction(meaning: s.Meaning) -> bool:
    match meaning:
        case s.TransactionControl(verb=verb):
            return verb in {"begin", "commit", "rollback", "prepare"}
        case s.CreateIndex() | s.Drop() | s.Reindex():
            return meaning.concurrently
        case s.Vacuum() | s.NoTransaction():
            return True
        case _:
            return False


def _other_way_round(step: Step, gone: _Gone, later: Statement) -> str | None:
    """Both statements in the safe order, where they are about one index and nothing stands between them."""
    drop, index = step.statement.meaning, later.meaning
    if (
        not isinstance(drop, s.Drop)
        or not isinstance(index, s.CreateIndex)
        or later.ordinal != step.statement.ordinal + 1
    ):
        return None
    if len(drop.names) != 1 or drop.cascade or index.name is None or step.explicit or index.only:
        return None
    if step.known.is_partitioned(index.table):
        return None
    schema = gone.name.schema or index.table.schema
    old = Name(gone.name.name, schema)
    renames = index.name == gone.name.name
    taken = free_name(step.known, index.table, (*index.columns, "new"), "idx")
    name = taken if renames else index.name
    wanted = attrs.evolve(index, name=name, concurrently=True, if_not_exists=False)
    create = create_index(later.text, index, wanted)
    lines = [create, f"DROP INDEX CONCURRENTLY {'IF EXISTS ' if drop.if_exists else ''}{old.sql};"]
    if renames:
        lines.append(f"ALTER INDEX {Name(name, schema).sql} RENAME TO {Name(index.name).sql};")
    return "\n".join(filter(None, lines)) if create is not None else None


RULE = Rule(
    id="drop-before-rebuild",
    doc=__doc__,
    look=look,
    kind=Kind.BREAKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    statements=(s.Drop, s.DropConstraint),
)
