"""A primary key over a column that may be NULL reads the whole table, even USING INDEX.

ADD PRIMARY KEY makes its columns NOT NULL, and for that looks at every row under ACCESS EXCLUSIVE, though the index is
ready (manual, ALTER TABLE, "ADD table_constraint_using_index"). Prove it first: with a CHECK (column IS NOT NULL) that
is added NOT VALID and validated, SET NOT NULL needs no look; since 18 NOT NULL itself can be NOT VALID. Then the key is
made in an instant.

It takes a catalogue to know that a column may be NULL. No harm on a table that is new or small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._not_null import is_not_null, proved_first
from pgops.migrations.lint.rules._tables import actions
from pgops.migrations.lint.rules._touches import whole
from pgops.migrations.lint.rules._wording import ended
from pgops.sql.statements import AddConstraint, ConstraintKind, Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE customers (id bigint); CREATE UNIQUE INDEX customers_id ON customers (id);"
BAD = "ALTER TABLE customers ADD CONSTRAINT customers_pkey PRIMARY KEY USING INDEX customers_id;"
GOOD = """
ALTER TABLE customers ADD CONSTRAINT customers_id_not_null CHECK (id IS NOT NULL) NOT VALID;
COMMIT;
ALTER TABLE customers VALIDATE CONSTRAINT customers_id_not_null;
COMMIT;
ALTER TABLE customers ALTER COLUMN id SET NOT NULL;
ALTER TABLE customers ADD CONSTRAINT customers_pkey PRIMARY KEY USING INDEX customers_id;
ALTER TABLE customers DROP CONSTRAINT customers_id_not_null;
"""


def look(step: Step) -> Iterator[Hit]:
    for alter, action in actions(step, AddConstraint):
        constraint = action.constraint
        if constraint.kind is not ConstraintKind.PRIMARY_KEY or constraint.using_index is None:
            continue
        columns = _columns_of(step, alter.table, constraint.using_index)
        nullable = [each for each in columns if is_not_null(step, alter.table, each) is False]
        if not nullable:
            continue
        alone = len(alter.actions) == 1
        yield Hit(
            message=f"{', '.join(nullable)} of {alter.table} may be NULL: the key reads the whole table to be sure, "
            "while nobody can read or write it.",
            fix=proved_first(step, alter, nullable, ended(step.statement.text)) if alone else None,
            touch=whole(step, alter.table),
        )


def _columns_of(step: Step, table: Name, index: str) -> list[str]:
    live = step.known.table(table)
    found = live.indexes.get(index) if live is not None else None
    made = step.known.made_index(Name(index, table.schema))
    columns = made.columns if made is not None else found.columns if found is not None else ()
    return [each for each in columns if each is not None]


RULE = Rule(
    id="primary-key-nullable-column",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.CRITICAL,
    needs_catalogue=True,
    statements=(AddConstraint,),
)
