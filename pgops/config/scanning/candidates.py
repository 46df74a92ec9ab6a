"""A connection that a project's files mention: what it is, where each part of it stands, and what is missing.

Nothing here reads a file. The password is a `Secret`, so a candidate can be printed, logged and shown to anyone.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import attrs

from pgops.conninfo import Conninfo
from pgops.findings import as_tuple

_NEEDED = {"host": "host", "dbname": "database", "user": "user"}


class CandidateKind(StrEnum):
    """How it was written down."""

    URL = "url"
    """One URL or keyword string, in a variable or anywhere in the text."""
    VARIABLES = "variables"
    """Variables that each state a part, `PGHOST` and its like; a URL among them may have stated the rest."""


@attrs.frozen
class Origin:
    """Where one part of a connection stands."""

    keyword: str
    """libpq's name of the part: host, port, dbname, user, password, sslmode, ..."""
    name: str
    """The variable, or `URL` where the URL stands in none."""
    line: int


@attrs.frozen(kw_only=True)
class Candidate:
    """A connection found in a file, perhaps in part only.

    >>> found = Candidate(file=Path(".env"), line=3, kind=CandidateKind.URL,
    ...                   target=Conninfo.parse("postgresql://ann:hunter2@db"))
    >>> found.display, found.missing
    ('postgresql://ann:********@db/', ('database',))
    """

    file: Path
    """The file, from the folder that was scanned."""
    line: int
    """The first line, counted from 1, that says something of it."""
    kind: CandidateKind
    target: Conninfo
    """What is known of it, in libpq's keywords."""
    origins: tuple[Origin, ...] = attrs.field(default=(), converter=as_tuple)
    """One for each part that is known."""
    left_out: tuple[str, ...] = attrs.field(default=(), converter=as_tuple)
    """Parameters of the URL that mean something to another driver and nothing to libpq: Prisma's `schema`, say."""

    @property
    def missing(self) -> tuple[str, ...]:
        """Which of host, database and user a profile would still need."""
        known = {name for name, value in self.target.params.items() if value}
        if "service" in known:  # the service file says the rest
            return ()
        if "hostaddr" in known:
            known.add("host")
        return tuple(field for keyword, field in _NEEDED.items() if keyword not in known)

    @property
    def display(self) -> str:
        """A URL for people, the password masked; what is missing is missing there too."""
        return self.target.display
