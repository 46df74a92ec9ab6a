"""Consent at the command line: a proposal is shown, and a person, or DB_CONFIRM=YES, agrees to exactly that.

The proposal goes to stderr, so that stdout has nothing but the answer. There is no default yes.
"""

from __future__ import annotations

import getpass
import os
import sys
from typing import TYPE_CHECKING

from pgops.cli.printing import is_terminal, say
from pgops.errors import NotApprovedError

if TYPE_CHECKING:
    from pgops.approval import Approval, Proposal

VARIABLE = "DB_CONFIRM"
YES = "YES"


def show_proposal(proposal: Proposal) -> None:
    """The proposal in full, on stderr."""
    from pgops.render.text import iter_text

    for line in "".join(iter_text(proposal.to_document())).splitlines():
        say(line)


def approval_for(proposal: Proposal) -> Approval:
    """Show the proposal, and ask for consent where DB_CONFIRM=YES has not given it.

    Raises `NotApprovedError` where it is refused, or nobody can be asked; `DialogueEndedError` where nobody answers.
    """
    show_proposal(proposal)
    if os.environ.get(VARIABLE) == YES:
        return proposal.approve(by=_user(), note=f"{VARIABLE}={YES}")
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        raise NotApprovedError(
            f"{proposal.title}: nobody has approved this, and there is no terminal to ask in.",
            cure=f"Run it in a terminal, or set {VARIABLE}={YES} for this command.",
        )
    from pgops.cli.terminal_ui import TerminalUi

    ui = TerminalUi()
    if not ui.confirm(f"{proposal.title}: do it?"):
        raise NotApprovedError(f"{proposal.title}: not approved, and nothing was changed.")
    return proposal.approve(by=ui.user)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user without a name
        return f"whoever set {VARIABLE}"
