"""A policy, a rule, and turning row security on or off lock the whole table for a moment.

Each takes ACCESS EXCLUSIVE, since every query has to be planned anew with it: the change is quick, but while it waits
for a long query all others wait behind it. Use a short lock_timeout and try again, and put several of them on one table
into one transaction (manual, CREATE POLICY, CREATE RULE, ALTER TABLE; measured on 14 to 18).

For information: it can't be had with less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Once, Rule
from pgops.sql import statements as s

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY, owner text NOT NULL);"
BAD = "CREATE POLICY own_rows ON orders USING (owner = current_user);"
GOOD = "CREATE INDEX CONCURRENTLY orders_owner ON orders (owner);"

_ACTIONS = {
    "EnableRowSecurity",
    "DisableRowSecurity",
    "ForceRowSecurity",
    "NoForceRowSecurity",
    "EnableRule",
    "EnableAlwaysRule",
    "EnableReplicaRule",
    "DisableRule",
}


def look(step: Step) -> Iterator[Hit]:
    for table in _locked(step.statement.meaning):
        yield Hit(
            message=f"Nobody can read or write {table} from the moment this asks for its lock until it is done.",
            touch=step.effect.on(table),
        )


def _locked(meaning: s.Meaning) -> tuple[s.Name, ...]:
    match meaning:
        case s.CreatePolicy(table=table) | s.CreateRule(table=table):
            return (table,)
        case s.Drop(kind="policy" | "rule", tables=tables):
            return tables
        case s.AlterTable(table=table, actions=actions):
            is_one = any(isinstance(each, s.OtherAction) and each.action in _ACTIONS for each in actions)
            return (table,) if is_one else ()
        case _:
            return ()


RULE = Rule(
    id="row-security-lock",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.INFO,
    once=Once.TRANSACTION,
    aliases=("ban-alter-row-level-security", "ban-create-policy", "ban-alter-policy-condition", "ban-drop-policy"),
    statements=(s.CreatePolicy, s.CreateRule, s.Drop, s.OtherAction),
)
