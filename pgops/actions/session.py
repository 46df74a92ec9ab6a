"""What is known of a session, and a listing of them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from pgops.checks.sessions import CLIENT
from pgops.findings import as_json, as_tuple
from pgops.secret import without_passwords

if TYPE_CHECKING:
    from pgops.render.document import Document

LISTING = "pgops.sessions/1"
EXECUTING = ("active", "fastpath function call")
"""The states in which there is something to cancel."""


@attrs.frozen(kw_only=True)
class SessionSeen:
    """One row of pg_stat_activity, as it was at the moment of the listing. Ages are seconds, times UTC."""

    pid: int
    backend_start: dt.datetime
    """With `pid` it names the session: the next one with the same process id began later."""
    user: str | None = None
    database: str | None = None
    application: str | None = None
    client_addr: str | None = None
    """None for a Unix socket and for processes of the server."""
    backend_type: str | None = CLIENT
    leader_pid: int | None = None
    state: str | None = None
    wait_event_type: str | None = None
    wait_event: str | None = None
    query_start: dt.datetime | None = None
    """When its query began; while it executes nothing, the last one."""
    query_age_s: float | None = None
    transaction_age_s: float | None = None
    state_age_s: float | None = None
    has_written: bool = False
    """Whether its transaction has a transaction id: something will be lost if it is rolled back."""
    query_id: int | None = None
    query: str | None = attrs.field(default=None, converter=attrs.converters.optional(without_passwords))
    """The text, shortened and without passwords; of the last query while it executes nothing."""
    blocked_by: tuple[int, ...] = attrs.field(default=(), converter=as_tuple)
    """Process ids of those it waits for; 0 is a prepared transaction."""
    is_own: bool = False
    """Whether it is the session that asked."""
    may_signal: bool = True
    """Whether the role that asked has the rights to cancel or terminate it."""

    @property
    def is_executing(self) -> bool:
        """Whether there is a query that could be cancelled."""
        return self.state in EXECUTING


@attrs.frozen
class Waiter:
    """One who waits for a lock: its process id, and when it began, or None where that is hidden."""

    pid: int
    backend_start: dt.datetime | None


@attrs.frozen(kw_only=True)
class Sessions(Sequence[SessionSeen]):
    """The sessions that were found, in order. A sequence; `hidden` says what could not be looked at."""

    sessions: tuple[SessionSeen, ...] = attrs.field(converter=as_tuple)
    hidden: tuple[int, ...] = attrs.field(default=(), converter=as_tuple)
    """Process ids that fit as far as could be seen, while what was asked for can't be seen of them: the sessions of
    others, without the rights of pg_read_all_stats, and texts of sessions with track_activities off."""
    more: int = 0
    """How many were found beyond the limit."""
    asked: Mapping[str, Any] = attrs.field(factory=dict, converter=as_json)
    """The filters."""
    at: dt.datetime
    """The server's clock."""

    def __len__(self) -> int:
        return len(self.sessions)

    def __iter__(self) -> Iterator[SessionSeen]:
        return iter(self.sessions)

    def __getitem__(self, index: Any) -> Any:
        return self.sessions[index]

    def of(self, pid: int) -> SessionSeen | None:
        """The listed session with that process id."""
        return next((each for each in self.sessions if each.pid == pid), None)

    def to_document(self) -> Document:
        """The listing for people, through any writer."""
        from pgops.actions.sessions_document import sessions_document  # noqa: PLC0415  only who draws pays for it

        return sessions_document(self)

    def to_text(self) -> str:
        """The listing as plain text; nothing in it acts on a terminal."""
        from pgops.render.text import iter_text  # noqa: PLC0415  only who draws pays for it

        return "".join(iter_text(self.to_document()))

    def to_json(self) -> str:
        """The listing as JSON; `"schema": "pgops.sessions/1"` says of which shape."""
        facts = {
            "schema": LISTING,
            "at": self.at,
            "asked": self.asked,
            "sessions": [attrs.asdict(each) for each in self.sessions],
            "hidden": self.hidden,
            "more": self.more,
        }
        return json.dumps(as_json(facts), indent=2, ensure_ascii=False)
