"""What became of sessions that were to be ended, as it was seen on the server."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

import attrs

from pgops.findings import as_json, as_tuple

if TYPE_CHECKING:
    from pgops.approval import Record
    from pgops.render.document import Document

ENDINGS = "pgops.endings/1"


class Outcome(Enum):
    """What was seen of one session."""

    ENDED = "ended"
    """The session is no longer there."""
    CANCELLED = "cancelled"
    """Its query is no longer running; the session may be."""
    GONE = "gone"
    """It had ended before: no signal was sent."""
    MOVED_ON = "moved on"
    """It executes another query, or blocks none of the waiters any more: no signal was sent."""
    STILL_THERE = "still there"
    """A signal was sent, and it had not had its effect when the time was over."""
    REFUSED = "refused"
    """The server refused to send a signal."""
    UNKNOWN = "unknown"
    """The connection was lost, or rights were, before it could be seen."""

    @property
    def is_over(self) -> bool:
        """Whether what was to be ended is no longer there, whoever ended it."""
        return self in (Outcome.ENDED, Outcome.CANCELLED, Outcome.GONE, Outcome.MOVED_ON)


@attrs.frozen(kw_only=True)
class EndingResult:
    """The outcome of one session, and the server's words where there are any. `seconds` is from signal to sight."""

    pid: int
    backend_start: str
    """ISO 8601, UTC."""
    user: str | None
    database: str | None
    application: str | None
    outcome: Outcome = attrs.field(converter=Outcome)
    message: str = ""
    sqlstate: str | None = None
    seconds: float | None = None


@attrs.frozen(kw_only=True)
class Endings(Sequence[EndingResult]):
    """The outcomes of one record, in the proposal's order. A sequence."""

    how: str
    results: tuple[EndingResult, ...] = attrs.field(converter=as_tuple)
    waiters: int = 0
    """How many waited for what was ended, directly or behind others."""
    released: int = 0
    """How many of them no longer waited for a lock afterwards."""
    still_waiting: tuple[int, ...] = attrs.field(default=(), converter=as_tuple)
    """Process ids of the others: they wait for one another, or for someone else."""

    def __len__(self) -> int:
        return len(self.results)

    def __iter__(self) -> Iterator[EndingResult]:
        return iter(self.results)

    def __getitem__(self, index: Any) -> Any:
        return self.results[index]

    @property
    def all_over(self) -> bool:
        """Whether nothing that was to be ended is left."""
        return all(each.outcome.is_over for each in self.results)

    @property
    def summary(self) -> str:
        """The outcomes in one line.

        >>> one = EndingResult(pid=1, backend_start="", user=None, database=None, application=None, outcome="ended")
        >>> Endings(how="terminate", results=[one, attrs.evolve(one, outcome="gone")], waiters=2, released=1).summary
        '1 ended, 1 gone; 1 of 2 waiters released'
        """
        counts = Counter(each.outcome for each in self.results)
        said = ", ".join(f"{counts[outcome]} {outcome.value}" for outcome in Outcome if counts[outcome])
        return f"{said}; {self.released} of {self.waiters} waiters released" if self.waiters else said

    def to_document(self) -> Document:
        """The outcomes for people, through any writer."""
        from pgops.render.document import Badge, Column, Document, Note, Table, Tone  # noqa: PLC0415  only to draw

        rows = [
            (
                each.pid,
                each.user,
                each.database,
                each.application,
                Badge(each.outcome.value, Tone.GOOD if each.outcome.is_over else Tone.WARNING),
                each.seconds,
                f"{each.message} (SQLSTATE {each.sqlstate})" if each.sqlstate else each.message,
            )
            for each in self.results
        ]
        columns = [Column.for_field(name) for name in ("pid", "user", "database", "application", "outcome", "after_s")]
        blocks: list[Any] = [Table([*columns, ""], rows)]
        if self.still_waiting:
            pids = ", ".join(map(str, self.still_waiting))
            blocks.append(Note(f"Still waiting for a lock, of others or of one another: {pids}.", Tone.WARNING))
        return Document(self.summary, subtitle=self.how, blocks=blocks)

    def to_text(self) -> str:
        """The outcomes as plain text; nothing in it acts on a terminal."""
        from pgops.render.text import iter_text  # noqa: PLC0415  only who draws pays for it

        return "".join(iter_text(self.to_document()))

    def to_facts(self) -> dict[str, Any]:
        """The outcomes as JSON types; `"schema": "pgops.endings/1"` says of which shape."""
        results = [{**attrs.asdict(each), "outcome": each.outcome.value} for each in self.results]
        waiting = {"of": self.waiters, "released": self.released, "still_waiting": list(self.still_waiting)}
        facts: dict[str, Any] = as_json(
            {"schema": ENDINGS, "how": self.how, "summary": self.summary, "results": results, "waiters": waiting}
        )
        return facts

    def to_json(self) -> str:
        """`to_facts` as text."""
        return json.dumps(self.to_facts(), indent=2, ensure_ascii=False)


def results_of(record: Record) -> Endings:
    """The outcomes that the record of an `EndingProposal` holds; one read from a store will do.

    Raises `KeyError` for the record of something else.
    """
    facts = record.details
    return Endings(
        how=facts["how"],
        results=tuple(EndingResult(**each) for each in facts["results"]),
        waiters=facts["waiters"]["of"],
        released=facts["waiters"]["released"],
        still_waiting=tuple(facts["waiters"]["still_waiting"]),
    )
