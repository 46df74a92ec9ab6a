"""Acting on sessions: find them, propose to cancel or terminate them, do it once approved, and say what ended.

    from pgops.actions import list_sessions, propose_terminate, results_of

    found = list_sessions(conn, state="idle in transaction", min_transaction_s=600)
    proposal = propose_terminate(conn, found)
    record = proposal.apply(conn, approval=proposal.approve(by="ann"))
    print(results_of(record).to_text())

A session is named by its process id and the moment it began, so a process id that was used again is not hit; and what
is reported is what was seen to end, not what was asked for. `session` is what is known of one, `listing` finds them,
`refusals` says which are left alone, `proposing` and `ending` are the change and its verification, `blocking` ends the
root of a queue for locks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.lazy import face

if TYPE_CHECKING:
    from pgops.actions.blocking import BlockingTree, blocking_trees, propose_resolve
    from pgops.actions.listing import list_sessions
    from pgops.actions.proposing import EndingProposal, propose_cancel, propose_terminate
    from pgops.actions.results import EndingResult, Endings, Outcome, results_of
    from pgops.actions.session import Sessions, SessionSeen

_HOME = {
    "list_sessions": "listing",
    "Sessions": "session",
    "SessionSeen": "session",
    "propose_cancel": "proposing",
    "propose_terminate": "proposing",
    "EndingProposal": "proposing",
    "results_of": "results",
    "Endings": "results",
    "EndingResult": "results",
    "Outcome": "results",
    "blocking_trees": "blocking",
    "BlockingTree": "blocking",
    "propose_resolve": "blocking",
}

__all__ = [  # noqa: RUF022  in the order in which they are used
    "list_sessions",
    "Sessions",
    "SessionSeen",
    "propose_cancel",
    "propose_terminate",
    "EndingProposal",
    "results_of",
    "Endings",
    "EndingResult",
    "Outcome",
    "blocking_trees",
    "BlockingTree",
    "propose_resolve",
]

__getattr__, __dir__ = face(__name__, globals(), _HOME)
