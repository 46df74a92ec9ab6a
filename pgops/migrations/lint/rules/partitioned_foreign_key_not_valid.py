"""A partitioned table can't have a foreign key NOT VALID before PostgreSQL 18, and without it all its rows are read.

ADD FOREIGN KEY ... NOT VALID fails there with 42809 up to 17. Plainly, it takes SHARE ROW EXCLUSIVE on every partition
and on the referenced table, and looks up every row. Instead give each partition the same key NOT VALID, validate each
in a transaction of its own, and then add it to the parent: it takes over what the partitions have and reads nothing,
under locks that are short (on the referenced table a short ACCESS EXCLUSIVE). Since 18 NOT VALID and VALIDATE work on
the parent itself (release notes of 18; manual, ALTER TABLE).

It takes a catalogue to know that a table is partitioned, or its CREATE TABLE in the same script. No harm where all
partitions together are small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.findings import Severity
from pgops.migrations.effects.known import same
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._naming import constraint_name, free_name, taken_names
from pgops.migrations.lint.rules._partitions import leaves
from pgops.migrations.lint.rules._tables import actions
from pgops.migrations.lint.rules._touches import whole
from pgops.migrations.lint.rules._validating import validated_later
from pgops.migrations.lint.rules._wording import add_constraint
from pgops.sql.statements import AddConstraint, AlterTable, Constraint, ConstraintKind, Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.facts import TableFacts
    from pgops.migrations.effects.walk import Step

SETUP = """
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE events (day date NOT NULL, customer_id bigint) PARTITION BY RANGE (day);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE events_2027 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')
  PARTITION BY LIST (customer_id);
CREATE TABLE events_2027_all PARTITION OF events_2027 DEFAULT;
"""
BAD = "ALTER TABLE events ADD CONSTRAINT events_customer_fkey FOREIGN KEY (customer_id) REFERENCES customers (id);"
GOOD = """
ALTER TABLE events_2026
  ADD CONSTRAINT events_customer_fkey FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;
ALTER TABLE events_2027_all
  ADD CONSTRAINT events_customer_fkey FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;
COMMIT;
ALTER TABLE events_2026 VALIDATE CONSTRAINT events_customer_fkey;
COMMIT;
ALTER TABLE events_2027_all VALIDATE CONSTRAINT events_customer_fkey;
COMMIT;
ALTER TABLE events ADD CONSTRAINT events_customer_fkey FOREIGN KEY (customer_id) REFERENCES customers (id);
"""


def look(step: Step) -> Iterator[Hit]:
    for alter, action in actions(step, AddConstraint):
        constraint = action.constraint
        table = alter.table
        if constraint.kind is not ConstraintKind.FOREIGN_KEY or not constraint.is_enforced:
            continue
        if not step.known.is_partitioned(table):
            continue
        if constraint.not_valid:
            if step.known.server < 18:
                yield Hit(
                    message=f"{table} is partitioned, and PostgreSQL {step.known.server} refuses a foreign key NOT "
                    "VALID on it (42809): add it to each partition first.",
                    fix=_partition_by_partition(step, alter, constraint),
                    touch=whole(step, table),
                    severity=Severity.CRITICAL,
                )
        elif not step.known.is_small(table) and not _all_have_it(step, table, constraint):
            late = validated_later(step, alter, action) if len(alter.actions) == 1 else None
            yield Hit(
                message=f"While this looks up every row of {table}, nobody can write to any of its partitions or to "
                f"{constraint.references}.",
                fix=late if step.known.server >= 18 else _partition_by_partition(step, alter, constraint),
                touch=whole(step, table),
            )


def _all_have_it(step: Step, table: Name, constraint: Constraint) -> bool:
    parts = leaves(step, table)
    return parts is not None and all(_has_it(step, part, constraint) for part in parts)


def _has_it(step: Step, part: TableFacts, wanted: Constraint) -> bool:
    """Whether the partition has the key, validated, so that the parent's can take it over."""
    known = step.known
    validated = {name for table, name in known.validated if same(table, part.name)}
    assert wanted.references is not None  # noqa: S101  a foreign key has it
    for live in part.constraints.values():
        if live.kind == "f" and live.columns == wanted.columns and (live.valid or live.name in validated):
            return live.references is not None and same(live.references, wanted.references)
    return any(
        (each.kind, each.columns, each.references) == (wanted.kind, wanted.columns, wanted.references)
        and (not each.not_valid or each.name in validated)
        for each in known.added_to(part.name)
    )


def _partition_by_partition(step: Step, alter: AlterTable, constraint: Constraint) -> str | None:
    parts = leaves(step, alter.table)
    if parts is None or len(alter.actions) != 1 or alter.only:
        return None
    text = step.statement.text
    name = constraint_name(step.known, alter.table, constraint)
    added: list[str | None] = []
    validated: list[str] = []
    for part in parts:
        if _has_it(step, part, constraint):
            continue
        taken = name in taken_names(step.known, part.name)
        own = free_name(step.known, part.name, constraint.columns, "fkey") if taken else name
        late = attrs.evolve(constraint, name=own, not_valid=True)
        one = AlterTable(table=part.name, actions=(AddConstraint(constraint=late),), if_exists=alter.if_exists)
        added.append(add_constraint(text, alter, one))
        validated.append(f"ALTER TABLE {part.name.sql} VALIDATE CONSTRAINT {Name(own).sql};")
    last = attrs.evolve(constraint, name=name, not_valid=False)
    parent = add_constraint(text, alter, attrs.evolve(alter, actions=(AddConstraint(constraint=last),)))
    if parent is None or None in added:
        return None
    each_alone = ["\n".join(filter(None, added)), *validated, parent]
    return "\nCOMMIT;\n".join(filter(None, each_alone))


RULE = Rule(
    id="partitioned-foreign-key-not-valid",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    needs_catalogue=True,
    covers_small=True,
    statements=(AddConstraint,),
)
