"""The work itself: one unit after the other, short locks, every statement proved and written down."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import attrs

from pgops.errors import StaleProposalError
from pgops.migrations.applying import ledger
from pgops.migrations.applying.alone import carry_out_alone
from pgops.migrations.applying.definitions import definitions_hash
from pgops.migrations.applying.in_transaction import carry_out_in_transaction
from pgops.migrations.applying.planning import names_of, schema_fingerprint
from pgops.migrations.applying.proposing import LEDGER_FILE
from pgops.migrations.applying.questions import ask
from pgops.migrations.applying.steps import Applied, Steps
from pgops.migrations.effects.live import read_facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgops.migrations.applying.planning import PlannedStatement, Unit


@attrs.define(kw_only=True)
class Work(Steps):
    """One application, from its first unit to its last."""

    def carry_out(self) -> list[Applied]:
        entries = ledger.states(self.keeping)
        resumed = any(
            entry.digest == self.proposal.digest
            and (entry.state == ledger.DONE or (entry.state == ledger.BEGUN and not entry.in_transaction))
            for entry in entries.values()
        )
        self._refuse_drift(entries, resumed=resumed)
        for unit in self.proposal.units:
            if unit.statements[0].file == LEDGER_FILE:
                self._make_ledger(unit)
                continue
            left = tuple(each for each in unit.statements if not _is_done(entries, each))
            self.finished += len(unit.statements) - len(left)
            if not left:
                continue
            if unit.in_transaction:
                carry_out_in_transaction(self, attrs.evolve(unit, statements=left))
            else:
                carry_out_alone(self, unit, entries.get(left[0].key))
        self.tell("done", "everything is done")
        return self.applied

    def _refuse_drift(self, entries: Mapping[ledger.Key, ledger.Entry], *, resumed: bool) -> None:
        """What was approved was planned on a schema. Another schema needs another look, but for what this run itself
        did.
        """
        if resumed:
            return
        stale = [each.place for each in self.proposal.planned if _is_done(entries, each)]
        if stale:
            raise StaleProposalError(
                f"{self.proposal.title}: somebody has applied {stale[0]} meanwhile.", cure="Propose it anew."
            )
        facts = read_facts(self.keeping, [each.script for each in self.proposal.sources])
        definitions = definitions_hash(self.keeping, names_of(self.proposal.sources))
        if schema_fingerprint(facts, definitions) != self.proposal.parameters["schema"]:
            raise StaleProposalError(
                f"{self.proposal.title}: the schema has changed since this was planned.",
                cure="Propose it anew and look at it again.",
            )

    def _make_ledger(self, unit: Unit) -> None:
        """The first statements of the first proposal. A run that was broken off may have made it already."""
        if not ledger.exists(self.keeping):
            began = time.monotonic()
            with self.changing.transaction():
                for each in unit.statements:
                    self.changing.execute(each.text.encode())
            seconds = time.monotonic() - began
            for each in unit.statements:
                proof = ask(self.keeping, each.meaning)
                self.applied.append(
                    Applied(place=each.place, statement=each.text, attempts=1, seconds=seconds, rows=None, proof=proof)
                )
        self.finished += len(unit.statements)


def _is_done(entries: Mapping[ledger.Key, ledger.Entry], each: PlannedStatement) -> bool:
    entry = entries.get(each.key)
    return entry is not None and entry.state == ledger.DONE
