"""Migrations: the files that wait for a release, those that were released, and who may change which.

    from pgops.migrations import Workspace

    workspace = Workspace.open()
    workspace.record("CREATE TABLE orders (id bigint PRIMARY KEY)", "orders")
    proposal = workspace.release("orders")
    proposal.apply(approval=proposal.approve(by="ann"))

`workspace` is the whole story of the files. `guardrails` says which names are out of bounds, `folder` holds the folder
open, `journal` makes several files one change, `changes` is a proposal of one; `pending`, `appending` and `changelog`
know the files; `releasing`, `rearranging` and `consolidating` propose, `schema_proof` proves; `auditing` finds what was
done by hand, `committed` what git remembers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.lazy import face

if TYPE_CHECKING:
    from pgops.migrations.auditing import AuditFinding, audit
    from pgops.migrations.changes import FilesProposal
    from pgops.migrations.consolidating import ConsolidationProposal, Repeated, Touch
    from pgops.migrations.pending import PendingFile
    from pgops.migrations.schema_proof import SchemaProof
    from pgops.migrations.workspace import Recorded, Workspace

_HOME = {
    "AuditFinding": "auditing",
    "audit": "auditing",
    "FilesProposal": "changes",
    "ConsolidationProposal": "consolidating",
    "Repeated": "consolidating",
    "Touch": "consolidating",
    "PendingFile": "pending",
    "SchemaProof": "schema_proof",
    "Recorded": "workspace",
    "Workspace": "workspace",
}

__all__ = [  # noqa: RUF022  in the order in which they are used
    "Workspace",
    "PendingFile",
    "Recorded",
    "FilesProposal",
    "ConsolidationProposal",
    "SchemaProof",
    "Repeated",
    "Touch",
    "audit",
    "AuditFinding",
]

__getattr__, __dir__ = face(__name__, globals(), _HOME)
