"""The result of a trace: for each statement what was seen, what lint says, and where the two differ. Plain data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import attrs

from pgops.findings import as_json
from pgops.migrations.effects.effect import Effect
from pgops.migrations.effects.locks import LockMode
from pgops.sql.script import Statement, Unparsed
from pgops.sql.statements import Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.render.document import Document

FORMAT = "pgops.trace/1"

SHORT = {
    LockMode.ACCESS_SHARE: "AS",
    LockMode.ROW_SHARE: "RS",
    LockMode.ROW_EXCLUSIVE: "RX",
    LockMode.SHARE_UPDATE_EXCLUSIVE: "SUX",
    LockMode.SHARE: "S",
    LockMode.SHARE_ROW_EXCLUSIVE: "SRX",
    LockMode.EXCLUSIVE: "X",
    LockMode.ACCESS_EXCLUSIVE: "AX",
}
"""The modes as tables of locks abbreviate them."""


@attrs.frozen(kw_only=True)
class Observed:
    """One relation that was there before, and what the statement did to it."""

    relation: Name
    """Its name before the transaction, with its schema."""
    kind: str
    """"table", "partitioned table", "index", "materialized view", "sequence", "toast table" ..."""
    locks: tuple[LockMode, ...] = ()
    """Every mode that this statement added, weakest first."""
    held: LockMode | None = None
    """The strongest mode that earlier statements of the same transaction hold. What they hold in the same mode can't
    be told from what this one takes.
    """
    rewrite: bool = False
    """It was written anew, into another file."""
    scan: bool = False
    """It was read whole, or through an index by a statement that changes the schema."""
    of: Name | None = None
    """The table of an index, of a TOAST table, of a column's sequence."""
    covered: bool = False
    """That table is locked as hard by the same transaction, so nobody waits for this part of it alone."""

    @property
    def lock(self) -> LockMode | None:
        """The strongest mode that this statement added; None where it needed no more than was held."""
        return self.locks[-1] if self.locks else None

    @property
    def short(self) -> str:
        """In short: `AX rw`, `SRX scan`, `SUX`; in parentheses what was held already.

        >>> Observed(relation=Name("t", "public"), kind="table", locks=(LockMode.SHARE,), scan=True).short
        'S scan'
        """
        lock = SHORT[self.lock] if self.lock is not None else f"({SHORT[self.held]})" if self.held is not None else ""
        return f"{lock} {'rw' if self.rewrite else 'scan' if self.scan else ''}".strip()


@attrs.frozen
class Difference:
    """Where lint's claim and what was seen do not agree, in the words of `Observed.short`; empty for nothing."""

    what: str
    """"lock", "rewrite or scan", "not seen", "not claimed", "failure", "own unit"."""
    relation: Name | None
    claimed: str
    seen: str

    def __str__(self) -> str:
        about = f"{self.relation}: " if self.relation is not None else ""
        return f"{about}claimed {self.claimed or 'nothing'}, seen {self.seen or 'nothing'}"


@attrs.frozen(kw_only=True)
class TracedStatement:
    """One statement: what it did, and what lint says that it does."""

    statement: Statement
    file: str | None = None
    unit: int = 0
    """The number of its transaction, from 0; what allows none has a number of its own."""
    alone: bool = False
    """Whether it was carried out outside a transaction."""
    own_unit: bool = False
    """Whether the server refused it inside one (25001)."""
    touches: tuple[Observed, ...] = ()
    """Hardest first. What others read meanwhile without noticing (ACCESS SHARE, no scan) is left out."""
    failed: str | None = None
    """The SQLSTATE of the server's refusal."""
    message: str = ""
    """The server's words, or why it was not carried out."""
    ran: bool = True
    """False where it was not carried out: its transaction had failed, or it can't be traced."""
    leaves_invalid: tuple[Name, ...] = ()
    """Indexes that are invalid since."""
    seconds: float = 0.0
    claim: Effect
    differences: tuple[Difference, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether what was seen is what lint says."""
        return not self.differences

    def on(self, relation: Name) -> Observed | None:
        """What it did to one relation; a name without a schema fits any."""
        return next(
            (
                each
                for each in self.touches
                if each.relation.name == relation.name and relation.schema in (None, each.relation.schema)
            ),
            None,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data, as JSON has it."""
        return {
            "statement": self.statement.text,
            "file": self.file,
            "line": self.statement.line,
            "unit": self.unit,
            "alone": self.alone,
            "own_unit": self.own_unit,
            "ran": self.ran,
            "failed": self.failed,
            "message": self.message,
            "seconds": as_json(round(self.seconds, 6)),
            "touches": [
                {
                    "relation": str(each.relation),
                    "kind": each.kind,
                    "of": str(each.of) if each.of is not None else None,
                    "lock": str(each.lock) if each.lock is not None else None,
                    "locks": [str(mode) for mode in each.locks],
                    "held": str(each.held) if each.held is not None else None,
                    "rewrite": each.rewrite,
                    "scan": each.scan,
                    "covered": each.covered,
                }
                for each in self.touches
            ],
            "leaves_invalid": [str(each) for each in self.leaves_invalid],
            "unknown": self.claim.unknown,
            "differences": [
                {
                    "what": each.what,
                    "relation": str(each.relation) if each.relation is not None else None,
                    "claimed": each.claimed,
                    "seen": each.seen,
                }
                for each in self.differences
            ],
        }


@attrs.frozen(kw_only=True)
class Trace:
    """What the statements did, in their order. It iterates over them."""

    server: int
    """The major version that they were carried out on."""
    statements: tuple[TracedStatement, ...]
    unparsed: tuple[Unparsed, ...] = ()
    """What could not be read, and so was not carried out."""

    def __iter__(self) -> Iterator[TracedStatement]:
        return iter(self.statements)

    def __len__(self) -> int:
        return len(self.statements)

    @property
    def failed(self) -> tuple[TracedStatement, ...]:
        """What the server refused."""
        return tuple(each for each in self.statements if each.failed is not None)

    @property
    def differing(self) -> tuple[TracedStatement, ...]:
        """Where lint says something else than was seen."""
        return tuple(each for each in self.statements if each.differences)

    def to_records(self) -> list[dict[str, Any]]:
        """The statements as dictionaries of JSON types."""
        return [each.to_json() for each in self.statements]

    def to_json(self) -> str:
        """JSON; `"schema": "pgops.trace/1"` says of which shape."""
        shape = {
            "schema": FORMAT,
            "server": self.server,
            "statements": self.to_records(),
            "unparsed": [{"text": each.text, "line": each.line, "reason": each.reason} for each in self.unparsed],
        }
        return json.dumps(shape, indent=2, ensure_ascii=False)

    def to_text(self, *, width: int = 100, color: bool = False) -> str:
        """For a terminal."""
        from pgops.render.text import to_text  # noqa: PLC0415

        return to_text(self.to_document(), width=width, color=color)

    def to_document(self) -> Document:
        """For people, through any writer."""
        from pgops.migrations.tracing.trace_document import trace_document  # noqa: PLC0415

        return trace_document(self)
