"""A change that a command makes: proposed, agreed to, carried out, and its record written as the answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pgops.cli.printing import show, show_exactly

if TYPE_CHECKING:
    from pgops.approval import Record
    from pgops.config.writing import FileProposal

SCHEMA = "pgops.record/1"


def change_file(proposal: FileProposal, *, as_json: bool) -> None:
    """Show the change of a file, ask, make it, and say what was done. A file that is as it should be is left alone.

    Raises as `approval_for` and `FileProposal.apply` do.
    """
    from pgops.cli.consent import approval_for

    if not proposal.is_change:
        if as_json:
            show_exactly(
                json.dumps({"schema": SCHEMA, "title": proposal.title, "outcome": "nothing to change"}, indent=2)
            )
        else:
            show([f"{proposal.title}: nothing to change.\n"])
        return
    show_record(proposal.apply(approval=approval_for(proposal)), as_json=as_json)


def show_record(record: Record, *, as_json: bool) -> None:
    """The record as the answer: whole as JSON, else in one line."""
    import attrs

    from pgops.findings import as_json as plain

    if as_json:
        facts = {"schema": SCHEMA, **attrs.asdict(record)}
        show_exactly(json.dumps(plain(facts), indent=2, ensure_ascii=False))
    else:
        seconds = (record.ended - record.began).total_seconds()
        show([f"{record.title}: {record.outcome} in {seconds:.1f} s.\n"])
