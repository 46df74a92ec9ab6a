"""A listing of sessions for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.render.document import Block, Code, Column, Document, Note, Table, Tone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgops.actions.session import Sessions, SessionSeen


def sessions_document(found: Sessions) -> Document:
    """See `Sessions.to_document`."""
    blocks: list[Block] = [sessions_table(found)]
    if found.more:
        blocks.append(Note(f"{found.more} more were found."))
    if found.hidden:
        blocks.append(Note(hidden_note(found.hidden), Tone.WARNING))
    number = "1 session" if len(found) == 1 else f"{len(found)} sessions"
    asked = ", ".join(f"{name} {value}" for name, value in found.asked.items())
    return Document(number, subtitle=asked, blocks=blocks)


def sessions_table(sessions: Iterable[SessionSeen]) -> Table:
    """The sessions with what one has to know before ending one of them."""
    columns = [
        *(Column.for_field(name) for name in ("pid", "user", "database", "application", "state")),
        Column("waits for"),
        *(Column.for_field(name) for name in ("query_age_s", "transaction_age_s", "blocked_by_pids", "query")),
    ]
    rows = [
        (
            each.pid,
            each.user or each.backend_type,
            each.database,
            each.application,
            each.state,
            f"{each.wait_event_type}: {each.wait_event}" if each.wait_event else "",
            each.query_age_s,
            each.transaction_age_s,
            list(each.blocked_by),
            Code(each.query) if each.query else "",
        )
        for each in sessions
    ]
    return Table(columns, rows, empty="There is no such session.")


def hidden_note(hidden: tuple[int, ...]) -> str:
    """What a listing leaves open."""
    many = "1 session" if len(hidden) == 1 else f"{len(hidden)} sessions"
    return (
        f"{many} could not be looked at ({', '.join(map(str, hidden[:10]))}{', ...' if len(hidden) > 10 else ''}): "
        "their state and query are hidden from this role, or they report none. GRANT pg_read_all_stats shows them."
    )
