"""Which sessions are left alone: never the one that asks, and what is no client's only where it was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from pgops.actions.listing import list_sessions
from pgops.actions.session import Sessions, SessionSeen
from pgops.checks.sessions import CLIENT, in_words
from pgops.errors import NotListedError
from pgops.render.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import psycopg

# Their kind is no backend's: pg_signal_backend() of the server does not find them.
AUXILIARY = (
    "archiver",
    "background writer",
    "checkpointer",
    "io worker",
    "startup",
    "walreceiver",
    "walsummarizer",
    "walwriter",
)


def listed_sessions(
    conn: psycopg.Connection[Any], wanted: Iterable[SessionSeen | int], listed: Iterable[SessionSeen] | None
) -> tuple[tuple[SessionSeen, ...], frozenset[int]]:
    """The sessions that are meant, each once, and the process ids of those that have ended since the listing.

    Raises `NotListedError` for a process id that is in no listing.
    """
    known = {each.pid: each for each in listed or ()}
    chosen: dict[int, SessionSeen] = {}
    for each in wanted:
        if isinstance(each, SessionSeen):
            chosen[each.pid] = each
        elif each in known:
            chosen[each] = known[each]
        else:
            raise _not_listed(each, listed)
    if not chosen:
        raise NotListedError("No session was named.", cure="List some, and choose from those.")
    now = list_sessions(conn, pids=chosen, itself=True)
    gone, current = set(), []
    for seen in chosen.values():
        found = now.of(seen.pid)
        if found is not None and found.backend_start == seen.backend_start:
            # Of this connection's point of view: another may have made the listing.
            current.append(attrs.evolve(seen, is_own=found.is_own, may_signal=found.may_signal))
        else:
            if seen.pid not in now.hidden:
                gone.add(seen.pid)
            current.append(attrs.evolve(seen, is_own=False))
    return tuple(current), frozenset(gone)


def _not_listed(pid: Any, listed: Iterable[SessionSeen] | None) -> NotListedError:
    if isinstance(listed, Sessions) and pid in listed.hidden:
        return NotListedError(
            f"Session {pid} is hidden from this role, so it can't be told from a later one with the same process id.",
            cure="GRANT pg_read_all_stats to the role, and list again.",
        )
    return NotListedError(
        f"Session {pid} is not among those listed.",
        cure="List it: list_sessions(conn, pids=[...]), and hand the listing over.",
    )


def refuse(sessions: Sequence[SessionSeen], *, also: str | Sequence[str]) -> None:
    """Raise `NotListedError` where one of the sessions is to be left alone.

    `also` names what is allowed beyond clients: a backend_type, or its first words (`autovacuum`, `parallel worker`).
    """
    also = [also] if isinstance(also, str) else also
    for each in sessions:
        kind = each.backend_type or "unknown process"
        who = visible(in_words(each))
        if each.is_own:
            raise NotListedError(f"{who} is the one that asks.", cure="Close its connection to end it.")
        if kind == CLIENT:
            continue
        if kind in AUXILIARY:
            raise NotListedError(f"{who} is a part of the server, which can't be told to end it.")
        if any(kind == name or kind.startswith(f"{name} ") for name in also):
            continue
        if kind == "parallel worker" and each.leader_pid is not None:
            cure = f"Its query is that of session {each.leader_pid}: end that."
        else:
            cure = f"If you mean it, say so: also=[{kind!r}], or --also {kind!r}."
        raise NotListedError(f"{who} is no client's session.", cure=cure)
