"""ADD COLUMN of a domain with a constraint writes the whole table anew, even without a default.

PostgreSQL asks the domain's CHECK or NOT NULL of each row, and does so by writing each row anew under ACCESS EXCLUSIVE:
nobody reads or writes meanwhile. That every row has NULL there does not spare it. A column of the base type is added
in an instant; the same condition as a CHECK of the table, NOT VALID first, is then proved while the table stays open
(manual, CREATE DOMAIN and ALTER TABLE, "Notes"; measured on 14 to 18).

A domain without any constraint does no harm, nor does an array of one. Without a catalogue a type that the script did
not make is not known: it may be such a domain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._actions import added_columns, column_sql
from pgops.sql.statements import AddColumn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE customers (id bigint PRIMARY KEY);"
BAD = """
CREATE DOMAIN email AS text CHECK (value LIKE '%@%');
ALTER TABLE customers ADD COLUMN contact email;
"""
GOOD = """
ALTER TABLE customers ADD COLUMN contact text;
ALTER TABLE customers ADD CONSTRAINT customers_contact_check CHECK (contact LIKE '%@%') NOT VALID;
COMMIT;
ALTER TABLE customers VALIDATE CONSTRAINT customers_contact_check;
"""


def look(step: Step) -> Iterator[Hit]:
    for how, column in added_columns(step):
        if column.type.is_array:
            continue
        checked = step.known.domain_is_checked(column.type)
        name = column_sql(how.alter.table, column.name)
        if checked:
            yield Hit(
                message=f"{name} is of the domain {column.type}, which has a constraint: every row of "
                f"{how.alter.table} is written anew, and nobody can read or write it meanwhile. Take the base type and "
                "a CHECK of the table.",
                touch=how.touch,
            )
        elif checked is None:
            yield Hit(
                message=f"What {column.type} is, is not known; if it is a domain with a constraint, every row of "
                f"{how.alter.table} is written anew.",
                touch=how.touch,
                severity=Severity.INFO,
            )


RULE = Rule(
    id="add-column-domain",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.CRITICAL,
    statements=(AddColumn,),
)
