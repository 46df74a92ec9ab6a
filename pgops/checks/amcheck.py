"""What the extension amcheck says of one object after another: which are damaged, and which it did not prove."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from pgops.findings import Target, Unseen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pgops.checks.api import Seen

GONE = "could not open relation with OID"
"""The words, never translated, for what was dropped between two questions: XX000, as a damage may be too."""


class Asked(Protocol):
    """The columns of a row that amcheck was asked about."""

    @property
    def objects(self) -> int: ...
    @property
    def answer(self) -> str | None: ...
    @property
    def sqlstate(self) -> str | None: ...


def is_damaged(row: Asked) -> bool:
    """Whether amcheck refuses it: in words, or by an error of class XX (damage) or 58 (its file)."""
    if row.answer is None or row.answer.startswith(GONE):
        return False
    return row.sqlstate is None or row.sqlstate.startswith(("XX", "58"))


def unproved(rows: Sequence[Any], seen: Seen[Any], target: Callable[[Any], Target], kind: str) -> Iterator[Unseen]:
    """What nobody knows of: locked, not taken by amcheck, not reached in time, or beyond the limit `top`."""
    late = 0
    for row in rows:
        if row.sqlstate == "57014":
            late += 1
        elif row.sqlstate == "55P03":
            yield Unseen(target(row), "somebody keeps it locked", "Ask again when the lock is gone.")
        elif row.sqlstate not in {None, "42P01"} and not is_damaged(row) and not (row.answer or "").startswith(GONE):
            yield Unseen(target(row), f"amcheck does not take it: {row.answer}", "")
    database = Target("database", None, seen.server.database)
    if late:
        yield Unseen(
            database, f"the time did not suffice for the {late:,} largest {kind}", "Allow statement_timeout_s."
        )
    beyond = rows[0].objects - len(rows) if rows else 0
    if beyond > 0:
        yield Unseen(database, f"the {beyond:,} largest {kind} were left out", "Raise the limit top.")
