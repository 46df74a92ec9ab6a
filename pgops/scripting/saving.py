"""What was carried out becomes part of the project's migrations: pending file and changelog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.errors import MigrationTextError
from pgops.scripting.proposing import KIND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgops.approval import Record
    from pgops.migrations.workspace import Recorded, Workspace

APPLIED = "applied"


def save_to(record: Record, workspace: Workspace, *, summary: str, file: str | None = None) -> Recorded:
    """Append the SQL of `record` to the workspace's pending file, with an entry in its changelog: `Workspace.record`.

    Every statement is saved as it was carried out. Raises `MigrationTextError` for a record of anything but SQL that
    was applied, for one with a password (`refuse_passwords`), and as `Workspace.record` does.
    """
    if record.kind != KIND:
        raise MigrationTextError(
            f"A record of {record.kind!r} is no SQL that could be saved: {record.title}.",
            cure="Save what propose_sql(...).apply(...) gave.",
        )
    if record.outcome != APPLIED:
        raise MigrationTextError(f"{record.title}: it was not applied ({record.outcome}), so it is not saved.")
    refuse_passwords(record.title, record.details.get("with_password", ()))
    return workspace.record(script_of(record.statements), summary, file=file)


def refuse_passwords(title: str, places: Sequence[str]) -> None:
    """Raise `MigrationTextError` where statements at these places had a password: a record has it masked."""
    if places:
        raise MigrationTextError(
            f"{title}: a password is in {', '.join(places)}, and does not belong into a file.",
            cure="Give roles their passwords without saving it: a migration is in the repository, and runs elsewhere.",
        )


def script_of(statements: tuple[str, ...]) -> str:
    """The statements as one text. A comment at a statement's end would swallow the semicolon, so that goes below it."""
    return "\n".join(f"{each}\n;" if "--" in each.rsplit("\n", 1)[-1] else f"{each};" for each in statements)
