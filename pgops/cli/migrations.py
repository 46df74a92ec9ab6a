"""`pgops migrations`: the group, and its commands for the files: what waits for a release, and what was released."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pgops.cli import applying, migrating
from pgops.cli.exits import Exit
from pgops.cli.options import standard_input
from pgops.cli.printing import show, show_document, show_exactly
from pgops.render.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pgops.migrations.auditing import AuditFinding
    from pgops.migrations.pending import PendingFile
    from pgops.migrations.workspace import Workspace
    from pgops.render.document import Document

    Command = TypeVar("Command", bound=Callable[..., Any])

PENDING, RECORDED, AUDIT, RELEASE = (
    f"pgops.migrations.{what}/1" for what in ("pending", "recorded", "audit", "release")
)

FILE_CODES = """\b
Exit codes:
  0  it is done
  2  the command was given wrongly: a name or a text that can't be
  3  nothing was done: no folder, something in it that can't be read, no consent
"""

AUDIT_CODES = """\b
Examples:
  pgops migrations audit
  pgops migrations audit --fail-on critical --json

\b
Exit codes:
  0  nothing was found at --fail-on or above
  1  something was found at --fail-on (default: warning) or above
  2  the command was given wrongly
  3  it could not look: there is no folder, or something in it can't be read
"""


@click.group(
    "migrations", epilog="\b\nExamples:\n  pgops migrations lint\n  pgops migrations plan\n  pgops migrations apply"
)
def command() -> None:
    """Migrations: lint, trace, plan and apply their SQL, back-fill columns; record, release and audit the files.

    The folder is that of --path, of the profile, [migrations].path, DB_MIGRATIONS_PATH, AGENTS.md, or db/migrations.
    """


def _workspace_options(command: Command) -> Command:
    profile = click.option(
        "--profile", "-p", metavar="NAME", help="The profile of postgres.toml whose folder is meant."
    )
    path = click.option("--path", metavar="FOLDER", help="The folder of migrations, from the project's root.")
    as_json = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
    return profile(path(as_json(command)))


@command.command(
    "pending", epilog="\b\nExamples:\n  pgops migrations pending\n  pgops migrations pending --json\n\n" + FILE_CODES
)
@_workspace_options
def pending(*, profile: str | None, path: str | None, as_json: bool) -> None:
    """List the files that wait for their release, in order."""
    workspace = _opened(profile, path)
    files = workspace.pending()
    if as_json:
        _show_json(PENDING, path=str(workspace.path), files=[_facts(file) for file in files])
    else:
        show_document(_pending_document(workspace, files))


@command.command(
    "record",
    epilog="""\b
Examples:
  pgops migrations record 'ALTER TABLE orders ADD note text' -m 'orders: a note'
  pgops migrations record - -m 'orders: a note' < change.sql

"""
    + FILE_CODES,
)
@click.argument("sql", metavar="SQL|-")
@click.option(
    "--summary", "-m", required=True, metavar="TEXT", help="One line for the changelog: what changes, and why."
)
@click.option("--file", metavar="NAME", help="The pending file, there or the next in order. Default: the latest.")
@_workspace_options
def record(*, sql: str, summary: str, file: str | None, profile: str | None, path: str | None, as_json: bool) -> None:
    """Append SQL to a pending file, and write its entry in the changelog.

    With - the SQL is read from stdin.
    """
    text = standard_input().read().decode("utf-8") if sql == "-" else sql
    done = _opened(profile, path).record(text, summary, file=file)
    if as_json:
        _show_json(
            RECORDED, file=str(done.file.path), changelog=str(done.changelog), entry=done.entry, added=done.added
        )
    else:
        show([visible(f"Recorded in {done.file.path}, and in {done.changelog}: {done.entry}"), "\n"])


@command.command("audit", epilog=AUDIT_CODES)
@click.option(
    "--fail-on",
    type=click.Choice(["info", "warning", "critical"], case_sensitive=False),
    default="warning",
    show_default=True,
    help="The severity from which findings make the exit code 1.",
)
@click.argument("files", nargs=-1, metavar="")
@_workspace_options
def audit(*, files: tuple[str, ...], fail_on: str, profile: str | None, path: str | None, as_json: bool) -> int:
    """Find what was done by hand: released files that were edited, entries without file, gaps.

    Nothing is changed. It looks at the whole folder: names of files, as pre-commit hands them over, are not heeded.
    """
    from pgops.findings import Severity
    from pgops.migrations.auditing import audit as audited

    del files
    findings = audited(profile=profile, path=path)
    if as_json:
        _show_json(AUDIT, findings=[_finding_facts(finding) for finding in findings])
    else:
        show_document(_audit_document(findings))
    worst = max((finding.severity for finding in findings), default=None)
    return Exit.FINDINGS if worst is not None and worst >= Severity.parse(fail_on) else Exit.CLEAN


@command.command(
    "release",
    epilog="""\b
Examples:
  pgops migrations release -m 'orders: a note' --dry-run
  DB_CONFIRM=YES pgops migrations release -m 'orders: a note'

"""
    + FILE_CODES,
)
@click.option("--summary", "-m", required=True, metavar="TEXT", help="One line for the changelog: what is released.")
@click.option("--file", metavar="NAME", help="The pending file; it has to be the first that holds anything.")
@click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
@_workspace_options
def release(
    *, summary: str, file: str | None, dry_run: bool, profile: str | None, path: str | None, as_json: bool
) -> None:
    """Release the first pending file: it moves to released/, dated, with its changelog block.

    Shows what will be done and asks; DB_CONFIRM=YES in the environment agrees beforehand.
    """
    from pgops.cli.consent import approval_for, show_proposal

    proposal = _opened(profile, path).release(summary, file=file)
    facts: dict[str, Any] = {"title": proposal.title, "digest": proposal.digest, "dry_run": dry_run}
    if dry_run:
        facts["steps"] = list(proposal.dry_run())
        show_proposal(proposal)
    else:
        record = proposal.apply(approval=approval_for(proposal))
        facts |= {"by": record.approval.by, "outcome": record.outcome, "ended": record.ended.isoformat()}
    if as_json:
        _show_json(RELEASE, **facts, folder=str(proposal.folder), files=proposal.parameters["files"])
    else:
        show(["Nothing was changed: this is a dry run.\n" if dry_run else f"{proposal.title}: done.\n"])


def _opened(profile: str | None, path: str | None) -> Workspace:
    from pgops.migrations.workspace import Workspace

    return Workspace.open(profile=profile, path=path)


def _show_json(schema: str, **facts: Any) -> None:
    show_exactly(json.dumps({"schema": schema, **facts}, indent=2, ensure_ascii=False))


def _facts(file: PendingFile) -> dict[str, Any]:
    return {"name": file.name, "path": str(file.path), "bytes": len(file.text.encode()), "is_empty": file.is_empty}


def _finding_facts(finding: AuditFinding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "path": str(finding.path),
        "message": finding.message,
        "cure": finding.cure,
    }


def _pending_document(workspace: Workspace, files: Sequence[PendingFile]) -> Document:
    from pgops.render.document import Document, Table

    rows = [(file.name, len(file.text.encode()), "empty" if file.is_empty else "") for file in files]
    blocks = [Table(("file", "bytes", ""), rows, empty="Nothing waits for a release.")]
    return Document("Pending migrations", subtitle=f"{workspace.path}. {workspace.because}", blocks=blocks)


def _audit_document(findings: Sequence[AuditFinding]) -> Document:
    from pgops.render.document import Badge, Code, Document, Line, Tone

    tones = {"critical": Tone.CRITICAL, "warning": Tone.WARNING, "info": Tone.INFO}
    counts = Counter(str(finding.severity) for finding in findings)
    title = ", ".join(f"{count} {severity}" for severity, count in counts.items()) or "nothing found"
    blocks = [
        Line(
            Badge(str(finding.severity), tones[str(finding.severity)]),
            " ",
            Code(str(finding.path)),
            f" ({finding.code}): {finding.message} {finding.cure}",
        )
        for finding in findings
    ]
    return Document("Audit of the migrations", subtitle=title, blocks=blocks)


for each in (*migrating.COMMANDS, *applying.COMMANDS):
    command.add_command(each)
