"""Backups, and the WAL that goes with them, in the same words whichever tool keeps them. Plain data.

What tools say is not believed to have the types that it should: anything else is a `TypeError` here, and not later.
"""

from __future__ import annotations

from datetime import UTC, datetime

import attrs

from pgops.findings import as_tuple

_NEVER = datetime.min.replace(tzinfo=UTC)


@attrs.frozen
class _AsDeclared:
    """What makes a `TypeError` of a field that is not of its declared type."""

    def __attrs_post_init__(self) -> None:
        for field in attrs.fields(attrs.resolve_types(type(self))):
            value = getattr(self, field.name)
            # isinstance() takes every declaration here but those of tuples, which have a converter
            if field.converter is None and not isinstance(value, field.type):
                raise TypeError(f"{field.name} is {value!r}")


@attrs.frozen(kw_only=True)
class Backup(_AsDeclared):
    """One backup. What its tool does not say is None."""

    label: str
    kind: str
    """`full`, `diff`, `incr`, or `dump`."""
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    """When it was whole; None where it never was."""
    error: str | None = None
    """Why it is not to be relied on."""
    database_bytes: int | None = None
    stored_bytes: int | None = None
    first_wal: str | None = None
    """The first WAL file that a restore needs, `000000010000000000000002`."""
    last_wal: str | None = None
    missing_wal: str | None = None
    """The first of those files that the archive lacks, where every file of it was looked at."""

    @property
    def usable(self) -> bool:
        """Whether it was finished, and nothing speaks against it."""
        return self.stopped_at is not None and self.error is None


@attrs.frozen(kw_only=True)
class WalGap(_AsDeclared):
    """WAL files that are missing in an archive, between two that are there."""

    first: str
    last: str
    files: int


@attrs.frozen(kw_only=True)
class Repository(_AsDeclared):
    """What one tool keeps of one server, at the moment of `read_at`.

    `wal_gaps` is None where nobody has looked at every file of the archive; an archive without a gap has `()`.
    """

    tool: str
    server: str
    """By the tool's own name: pgBackRest's stanza, Barman's server, the path of a folder."""
    read_at: datetime
    problem: str | None = None
    """What the tool itself says is wrong."""
    unread: str | None = None
    """Why nothing is known of it: the tool did not answer."""
    system_identifier: int | None = None
    backups: tuple[Backup, ...] = attrs.field(default=(), converter=as_tuple)
    """The oldest first."""
    first_wal: str | None = None
    last_wal: str | None = None
    wal_unseen: str | None = None
    """Why nobody has looked at every file of the archive, where somebody tried."""
    wal_gaps: tuple[WalGap, ...] | None = attrs.field(default=None, converter=attrs.converters.optional(as_tuple))

    @property
    def usable(self) -> tuple[Backup, ...]:
        """The backups to rely on, by when they were finished, the oldest first."""
        return tuple(sorted((each for each in self.backups if each.usable), key=lambda each: each.stopped_at or _NEVER))
