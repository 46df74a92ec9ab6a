"""Objects that several pending files change on one day, and the files merged into one, with a proof.

Files are merged one behind the other, or as the caller writes them anew. Either way they are accepted only if both
versions build the same schema.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import attrs

from pgops.errors import MigrationNameError, NothingPendingError, UnprovedError
from pgops.findings import Target
from pgops.migrations import changelog
from pgops.migrations.appending import Ending, checked_sql, ending
from pgops.migrations.changelog import Changelog, entry_line
from pgops.migrations.changes import WAIT_S, FilesProposal, target_of
from pgops.migrations.guardrails import refuse_released
from pgops.migrations.journal import hash_of
from pgops.migrations.pending import PendingFile, read_pending, text_of
from pgops.migrations.rearranging import Part, kept, proposal_of, rearranged, today
from pgops.migrations.schema_proof import SchemaProof, prove_equal
from pgops.render.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgops.approval import Approval, Keep, Record
    from pgops.migrations.folder import OpenFolder
    from pgops.scratch import ScratchServer

_DAY = re.compile(r"^-- (\d{4}-\d\d-\d\d) \S", re.MULTILINE)
_PUBLIC = "public"


@attrs.frozen(kw_only=True)
class Touch:
    """One statement that changes an object."""

    file: str
    line: int
    head: str
    """Its first words."""


@attrs.frozen(kw_only=True)
class Repeated:
    """An object that is changed more than once on one day, by more than one pending file."""

    target: Target
    on: str
    """The UTC day, as it was recorded."""
    touches: tuple[Touch, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """The files, in order."""
        return tuple(dict.fromkeys(touch.file for touch in self.touches))


@attrs.frozen(kw_only=True)
class ConsolidationProposal(FilesProposal):
    """Pending files as one. `Workspace.consolidate` makes it, with its proof; without one that holds it is refused."""

    merged: str
    """What the one file would be."""
    proof: SchemaProof

    def apply(self, *, approval: Approval | None, record: Keep | None = None, wait_s: float = WAIT_S) -> Record:
        """Merge the files, as `FilesProposal.apply`. Raises `UnprovedError` where the schemas were not equal."""
        if not self.proof.is_equal:
            raise UnprovedError(
                f"{self.title}: the merged file builds another schema.\n" + "\n".join(self.proof.difference),
                cure="Write the merged text anew.",
            )
        return FilesProposal.apply(self, approval=approval, record=record, wait_s=wait_s)


def repeated_objects(pending: Sequence[PendingFile], log: Changelog) -> tuple[Repeated, ...]:
    """What `Workspace.repeated` gives."""
    from pgops.sql.grammar import read_script  # noqa: PLC0415  needs the extra [migrations]

    touched: dict[tuple[Target, str], list[Touch]] = {}
    for file in pending:
        days = _days(file, log)
        for statement in read_script(file.text, file=file.name).statements:
            on = days(statement.line)
            if on is not None:
                touch = Touch(file=file.name, line=statement.line, head=statement.head)
                for target in dict.fromkeys(map(_object, statement.objects)):
                    touched.setdefault((target, on), []).append(touch)
    found = [Repeated(target=target, on=on, touches=tuple(each)) for (target, on), each in touched.items()]
    return tuple(each for each in found if len(each.files) > 1)


def propose_consolidation(
    folder: OpenFolder, server: ScratchServer, files: Sequence[str] | None, text: str | None, base: str
) -> ConsolidationProposal:
    """The proposal that `Workspace.consolidate` gives."""
    pending = read_pending(folder)
    log = Changelog(text_of(folder, changelog.NAME) or "")
    chosen = _chosen(pending, log, files)
    first = pending.index(chosen[0])
    following = pending[first + len(chosen) :]
    merged = _one_behind_the_other(chosen) if text is None else checked_sql(text)
    ending(merged.removeprefix("\ufeff"))
    said = entry_line(today(), f"merged from {', '.join(each.name for each in chosen)}")
    entries = [line for each in kept(log, chosen) for line in each.entries]
    one = Part(text=merged, entries=(*entries, said))
    changes = rearranged(folder, [*chosen, *following], [one, *kept(log, following)], log)
    earlier = [each.text for each in pending[:first]]
    later = [each.text for each in following]
    proof = prove_equal(
        server,
        base=base,
        before=[*earlier, *(each.text for each in chosen), *later],
        after=[*earlier, merged, *later],
    )
    names = ", ".join(each.name for each in chosen)
    plain = proposal_of(folder, "migrations.consolidate", f"Merge {names} into {chosen[0].name}", changes)
    return ConsolidationProposal(
        kind=plain.kind,
        title=plain.title,
        statements=plain.statements,
        # The proof is about all of the pending files: whoever changes another one makes it stale.
        target=target_of(folder.path, changes, pending),
        parameters={**plain.parameters, "proof": attrs.asdict(proof), "base": hash_of(base.encode())},
        effects=(
            f"Both versions build the same schema on PostgreSQL {proof.server_version}."
            if proof.is_equal
            else f"The merged file builds another schema on PostgreSQL {proof.server_version}: it is not accepted.",
        ),
        risks=_risks(merged),
        folder=plain.folder,
        changes=plain.changes,
        merged=merged,
        proof=proof,
    )


def _chosen(pending: Sequence[PendingFile], log: Changelog, files: Sequence[str] | None) -> Sequence[PendingFile]:
    """The files to merge: neighbours, for what stands between two would come before or behind both."""
    if files is None:
        repeated = {name for each in repeated_objects(pending, log) for name in each.files}
        if not repeated:
            raise NothingPendingError("No object is changed by two pending files on one day.", cure="Name the files.")
        places = [at for at, each in enumerate(pending) if each.name in repeated]
        return pending[places[0] : places[-1] + 1]
    for name in files:
        refuse_released(name)
    known = [each.name for each in pending]
    places = sorted(known.index(name) for name in set(files) if name in known)
    if len(places) != len(set(files)) or len(places) < 2 or places != list(range(places[0], places[-1] + 1)):
        raise MigrationNameError(
            f"{visible(', '.join(files))} can't be merged: two or more neighbours of the pending files can.",
            cure=f"Those are: {', '.join(known) or 'none'}.",
        )
    return pending[places[0] : places[-1] + 1]


def _one_behind_the_other(files: Sequence[PendingFile]) -> str:
    """The texts in order, none running into the next."""
    merged = files[0].text
    for each in files[1:]:
        text = each.text.removeprefix("\ufeff")
        if merged.strip("\ufeff \r\n") and text.strip():
            merged += "" if merged.endswith("\n") else "\n"
            merged += ";\n" if ending(merged.removeprefix("\ufeff")) is Ending.WITHIN else ""
            merged += "\n"
        merged += text
    return merged


def _days(file: PendingFile, log: Changelog) -> _Days:
    comments = [(file.text.count("\n", 0, found.start()) + 1, found[1]) for found in _DAY.finditer(file.text)]
    said = Counter(entry.on for block in log.of(file.name) for entry in block.entries)
    return _Days(tuple(comments), next(iter(said)) if len(said) == 1 else None)


@attrs.frozen
class _Days:
    """The day on which a line was recorded: of the comment above it, or of a changelog that knows only one."""

    comments: tuple[tuple[int, str], ...]
    otherwise: str | None

    def __call__(self, line: int) -> str | None:
        above = [on for at, on in self.comments if at <= line]
        return above[-1] if above else self.otherwise


def _object(target: Target) -> Target:
    """The whole thing: a column is part of its table, and no schema most likely means public."""
    kind = "table" if target.kind in {"column", "constraint", "trigger", "policy", "rule"} else target.kind
    return Target(kind, target.schema or _PUBLIC, target.name)


def _risks(merged: str) -> tuple[str, ...]:
    from pgops.sql.grammar import read_script  # noqa: PLC0415  needs the extra [migrations]
    from pgops.sql.statements import Change  # noqa: PLC0415

    changing = [each for each in read_script(merged).statements if isinstance(each.meaning, Change)]
    if not changing:
        return ()
    return (f"Statements that write rows are no part of the proof: {len(changing)}, from line {changing[0].line}.",)
