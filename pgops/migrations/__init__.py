"""Migrations: files that wait and that were released, what their SQL would do, and carrying it out without stopping
anyone.

    from pgops.migrations import Workspace

    workspace = Workspace.open()
    workspace.record("CREATE TABLE orders (id bigint PRIMARY KEY)", "orders")
    print(workspace.lint(conn).to_text())
    proposal = workspace.propose(conn)
    proposal.apply(conn, approval=proposal.approve(by="ann"))

Files: `workspace` is the whole story. `guardrails` says which names are out of bounds, `folder` holds the folder
open, `journal` makes several files one change, `changes` is a proposal of one; `pending`, `appending` and `changelog`
know the files; `releasing`, `rearranging` and `consolidating` propose, `schema_proof` proves; `auditing` finds what
was done by hand, `committed` what git remembers; `sources` reads the files of other tools.

SQL, which `pgops.sql` reads: `effects` knows what each statement locks, scans and rewrites,
`lint` warns, `tracing` looks at the real locks on a throwaway database, `applying` plans, asks for consent, carries
out and proves, and `backfilling` fills columns in small batches; `asking` is the cursor that all of them ask with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.lazy import face

if TYPE_CHECKING:
    from pgops.migrations.applying.blockers import Blocker
    from pgops.migrations.applying.events import Progress
    from pgops.migrations.applying.ledger import read_ledger
    from pgops.migrations.applying.proposing import MigrationProposal, propose
    from pgops.migrations.applying.verifying import Verification, verify
    from pgops.migrations.auditing import AuditFinding, audit
    from pgops.migrations.backfilling.proposing import BackfillProposal, backfill
    from pgops.migrations.backfilling.throttle import Throttle
    from pgops.migrations.changes import FilesProposal
    from pgops.migrations.consolidating import ConsolidationProposal, Repeated, Touch
    from pgops.migrations.effects.live import read_facts
    from pgops.migrations.lint.api import Hit, Kind, LintFinding, Rule
    from pgops.migrations.lint.linter import lint_scripts, lint_sql
    from pgops.migrations.lint.registry import all_rules, get_rule
    from pgops.migrations.lint.report import LintReport
    from pgops.migrations.pending import PendingFile
    from pgops.migrations.schema_proof import SchemaProof
    from pgops.migrations.sources import Source, read_sources
    from pgops.migrations.tracing.traced import Trace
    from pgops.migrations.tracing.tracer import trace
    from pgops.migrations.workspace import Recorded, Workspace

_HOME = {
    "Workspace": "workspace",
    "Recorded": "workspace",
    "PendingFile": "pending",
    "FilesProposal": "changes",
    "ConsolidationProposal": "consolidating",
    "Repeated": "consolidating",
    "Touch": "consolidating",
    "SchemaProof": "schema_proof",
    "audit": "auditing",
    "AuditFinding": "auditing",
    "Source": "sources",
    "read_sources": "sources",
    "read_facts": "effects.live",
    "lint_sql": "lint.linter",
    "lint_scripts": "lint.linter",
    "LintReport": "lint.report",
    "LintFinding": "lint.api",
    "Rule": "lint.api",
    "Hit": "lint.api",
    "Kind": "lint.api",
    "all_rules": "lint.registry",
    "get_rule": "lint.registry",
    "trace": "tracing.tracer",
    "Trace": "tracing.traced",
    "propose": "applying.proposing",
    "MigrationProposal": "applying.proposing",
    "Blocker": "applying.blockers",
    "Progress": "applying.events",
    "read_ledger": "applying.ledger",
    "verify": "applying.verifying",
    "Verification": "applying.verifying",
    "backfill": "backfilling.proposing",
    "BackfillProposal": "backfilling.proposing",
    "Throttle": "backfilling.throttle",
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
    "Source",
    "read_sources",
    "read_facts",
    "lint_sql",
    "lint_scripts",
    "LintReport",
    "LintFinding",
    "Rule",
    "Hit",
    "Kind",
    "all_rules",
    "get_rule",
    "trace",
    "Trace",
    "propose",
    "MigrationProposal",
    "Blocker",
    "Progress",
    "read_ledger",
    "verify",
    "Verification",
    "backfill",
    "BackfillProposal",
    "Throttle",
]

__getattr__, __dir__ = face(__name__, globals(), _HOME)
