"""What pg_dump warned of while it made a dump: said by the way, and worth knowing before somebody has to restore it."""

from __future__ import annotations

import re

import attrs

_WARNED = re.compile(r"(?:pg_dump: warning: |WARNING:  )(.*)")
# Before 15 the rest of a warning has no mark of its own: names are indented, advice begins with a capital, and what
# --verbose says begins with neither.
_GOES_ON = re.compile(r"(?:pg_dump: (?:detail: |hint: |  |(?=[A-Z]))|(?:DETAIL|HINT):  )(.*)")


@attrs.define
class Warnings:
    """Hears pg_dump's words, and keeps its warnings: its own and the server's, each once, with what belongs to it.

    >>> warnings = Warnings()
    >>> for line in (
    ...     "pg_dump: reading triggers",
    ...     "pg_dump: warning: there are circular foreign-key constraints on this table:",
    ...     "pg_dump: detail: folder",
    ...     "pg_dump: hint: Consider using a full dump.",
    ...     "pg_dump: saving encoding = UTF8",
    ... ):
    ...     warnings.hear(line)
    >>> warnings.told
    ('there are circular foreign-key constraints on this table: folder Consider using a full dump.',)
    """

    heard: list[list[str]] = attrs.field(factory=list)
    goes_on: bool = False
    """Whether the last line belonged to a warning."""

    def hear(self, line: str) -> None:
        """A line of pg_dump's, in the order in which it was said."""
        if warned := _WARNED.match(line):
            self.heard.append([warned[1]])
            self.goes_on = True
        elif self.goes_on and (more := _GOES_ON.match(line)):
            self.heard[-1].append(more[1].strip())
        elif self.goes_on and not line.startswith("pg_dump: "):
            self.heard[-1].append(line.strip())  # the rest of a name with a line break
        else:
            self.goes_on = False

    @property
    def told(self) -> tuple[str, ...]:
        """The warnings, one text each. Every worker of several says those of its connection again."""
        return tuple(dict.fromkeys(" ".join(filter(None, parts)) for parts in self.heard))
