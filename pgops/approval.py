"""Change with consent: a proposal says what would be done, an approval agrees to exactly that, a record says what was.

Nothing here changes anything. Each part that can change something (a user's file, a database) subclasses `Proposal`
beside its code and adds `apply(*, approval, record=None)`, which begins with `agreed(self, approval)` and ends with
`recorded(...)`. There is no default yes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import attrs

from pgops.errors import NotApprovedError, StaleProposalError
from pgops.findings import as_json, as_tuple

if TYPE_CHECKING:
    from pgops.render.document import Document

VALID_FOR = dt.timedelta(hours=1)
LONGEST_VALID = dt.timedelta(days=30)
"""No approval holds for longer: who gave it would not know any more what for."""


@attrs.frozen(kw_only=True)
class Proposal:
    """Something that could be done, in full: what exactly, to what, with which effects and risks.

    `statements` are the exact words that would be carried out: SQL, or the lines of a difference. `target` identifies
    what they would be carried out on, so firmly that no other thing has the same: system identifier, address, database
    oid and role, or real path and content hash. `parameters` are whatever else decides the outcome. These four make the
    digest. A subclass with more fields that decide it says by `is_consistent` whether they are what these four say.
    """

    language: ClassVar[str] = "sql"
    """What `statements` are written in, as a block of code names it: sql, diff or sh."""
    kind: str
    title: str
    statements: tuple[str, ...] = attrs.field(converter=as_tuple)
    target: Mapping[str, Any]
    parameters: Mapping[str, Any] = attrs.field(factory=dict)
    effects: tuple[str, ...] = attrs.field(default=(), converter=as_tuple)
    risks: tuple[str, ...] = attrs.field(default=(), converter=as_tuple)

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of kind, statements, parameters and target: what an approval agrees to."""
        agreed = {
            "kind": self.kind,
            "statements": self.statements,
            "parameters": self.parameters,
            "target": self.target,
        }
        canonical = json.dumps(as_json(agreed), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode("ascii")).hexdigest()

    @property
    def is_consistent(self) -> bool:
        """Whether everything that would be done is what the digest covers. `agreed` refuses a proposal that is not."""
        return True

    def approve(self, *, by: str, note: str = "", valid_for: dt.timedelta = VALID_FOR) -> Approval:
        """Agree to this proposal as it is, for an hour unless said otherwise. `by` is who answers for it.

        Raises `NotApprovedError` without a name, and where `valid_for` is not more than nothing and at most 30 days.
        """
        if not by.strip():
            raise NotApprovedError("An approval names who gives it.", cure="approve(by='ann')")
        if not dt.timedelta(0) < valid_for <= LONGEST_VALID:
            raise NotApprovedError(
                f"An approval can't hold for {valid_for}.",
                cure=f"valid_for is more than nothing, and at most {LONGEST_VALID.days} days.",
            )
        now = dt.datetime.now(dt.UTC)
        return Approval(digest=self.digest, by=by, note=note, at=now, until=now + valid_for)

    def to_document(self) -> Document:
        """The proposal for people, through any writer."""
        from pgops.render.document import Bullets, CodeBlock, Document, KeyValues, Section  # noqa: PLC0415

        blocks: list[Any] = [KeyValues(list(self.target.items()))]
        blocks.append(CodeBlock("\n".join(self.statements), self.language))
        blocks += [
            Section(title, [Bullets(lines)])
            for title, lines in (("Effects", self.effects), ("Risks", self.risks))
            if lines
        ]
        return Document(self.title, subtitle=f"{self.kind}, digest {self.digest[:12]}", blocks=blocks)


@attrs.frozen(kw_only=True)
class Approval:
    """Somebody's consent to one digest, from `at` until `until`."""

    digest: str
    by: str
    note: str
    at: dt.datetime
    until: dt.datetime


@attrs.frozen(kw_only=True)
class Record:
    """What was done: plain data, for whoever keeps evidence. `details` are JSON types."""

    kind: str
    title: str
    digest: str
    target: Mapping[str, Any]
    statements: tuple[str, ...]
    approval: Approval
    began: dt.datetime
    ended: dt.datetime
    outcome: str
    details: Mapping[str, Any] = attrs.field(factory=dict, converter=as_json)


Keep: TypeAlias = Callable[[Record], object]
"""What takes a record when something has been done: an evidence store, a list's append."""


def agreed(proposal: Proposal, approval: Approval | None) -> Approval:
    """The approval, if it is one, fits this proposal and still holds.

    Raises `NotApprovedError` otherwise, and `StaleProposalError` where the proposal would do something else than was
    agreed to.
    """
    how = "proposal.approve(by=...) gives an approval; hand it to apply(approval=...)."
    if approval is None:
        raise NotApprovedError(f"{proposal.title}: nobody has approved this.", cure=how)
    if approval.digest != proposal.digest:
        raise NotApprovedError(
            f"{proposal.title}: the approval of {approval.by} is for something else, or for this on another target.",
            cure="Look at this proposal and approve it.",
        )
    now = dt.datetime.now(dt.UTC)
    if approval.until - approval.at > LONGEST_VALID or not approval.at <= now < approval.until:
        raise NotApprovedError(
            f"{proposal.title}: the approval of {approval.by} held until {approval.until:%Y-%m-%d %H:%M} UTC.",
            cure="Approve it anew.",
        )
    if not proposal.is_consistent:
        raise StaleProposalError(
            f"{proposal.title}: its parts are not those of its statements and parameters, which were agreed to.",
            cure="Propose it anew, and look again.",
        )
    return approval


def refuse_other_target(proposal: Proposal, now: Mapping[str, Any]) -> None:
    """Raise `StaleProposalError` where the database that is at hand now is another than the one proposed for."""
    differing = [name for name in now if now[name] != proposal.target.get(name)]
    if differing:
        raise StaleProposalError(
            f"{proposal.title}: this connection is to another {', '.join(differing)}.",
            cure="Propose it there, and look again.",
        )


def recorded(
    proposal: Proposal,
    approval: Approval,
    *,
    began: dt.datetime,
    outcome: str,
    details: Mapping[str, Any],
    keep: Keep | None,
) -> Record:
    """The record of what was done from `began` until now, which `keep` is handed too."""
    done = Record(
        kind=proposal.kind,
        title=proposal.title,
        digest=proposal.digest,
        target=proposal.target,
        statements=proposal.statements,
        approval=approval,
        began=began,
        ended=dt.datetime.now(dt.UTC),
        outcome=outcome,
        details=details,
    )
    if keep is not None:
        keep(done)
    return done
