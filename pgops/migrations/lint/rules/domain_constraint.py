"""A new constraint of a domain reads every table that has a column of it, while nobody may write there.

ALTER DOMAIN ... ADD CONSTRAINT, VALIDATE CONSTRAINT and SET NOT NULL take SHARE on each such table and read them one
after the other; the locks are held until the transaction ends. NOT VALID only defers it: VALIDATE takes the same lock,
unlike that of a table (manual, ALTER DOMAIN; measured on 14 to 18). The condition as a CHECK on each table, NOT VALID
and then validated, lets everyone write.

No harm where no table uses the domain yet. Without a catalogue it is not known which do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.effects.known import same
from pgops.migrations.lint.api import Hit, Kind, Rule, in_use
from pgops.sql.statements import AlterDomain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = """
CREATE DOMAIN email AS text;
CREATE TABLE customers (id bigint PRIMARY KEY, contact email);
"""
BAD = "ALTER DOMAIN email ADD CONSTRAINT email_has_at CHECK (value LIKE '%@%');"
GOOD = """
ALTER TABLE customers ADD CONSTRAINT customers_contact_check CHECK (contact LIKE '%@%') NOT VALID;
COMMIT;
ALTER TABLE customers VALIDATE CONSTRAINT customers_contact_check;
"""


def look(step: Step) -> Iterator[Hit]:
    alter = step.statement.meaning
    if not isinstance(alter, AlterDomain) or any(same(each.name, alter.domain) for each in step.known.made_types):
        return
    used = list(in_use(step))
    if used:
        tables = ", ".join(str(each.relation) for each in used)
        yield Hit(
            message=f"All of {tables} is read while nobody may write there.",
            touch=used[0],
            target=alter.domain.target("domain"),
        )
    elif step.effect.unknown is not None:
        yield Hit(message=f"Every table that has a column of {alter.domain} is read while nobody may write there.")


RULE = Rule(
    id="domain-constraint",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    aliases=("ban-alter-domain-with-add-constraint",),
    statements=(AlterDomain,),
)
