"""What is chosen of a dump or a restore, in a caller's words: format and content, and how long a lock is waited for."""

from __future__ import annotations

from enum import StrEnum
from typing import NoReturn

from pgops.errors import DumpError

_LONGEST_WAIT_MS = 2**31 - 1


class _Choice(StrEnum):
    @classmethod
    def _missing_(cls, value: object) -> NoReturn:
        known = ", ".join(each.value for each in cls)
        raise DumpError(f"There is no {cls.__name__.lower()} {value!r} of a dump.", cure=f"It is one of {known}.")


class Format(_Choice):
    """How a dump is written. Only a directory can be written by several workers."""

    PLAIN = "plain"
    CUSTOM = "custom"
    DIRECTORY = "directory"


class Content(_Choice):
    """What of a database is dumped."""

    ALL = "all"
    SCHEMA = "schema"
    DATA = "data"


def wait_ms(seconds: float) -> int:
    """A wait for a lock as the server counts it: 0 would be no bound, and longer than 24 days it has no number for.

    >>> wait_ms(0), wait_ms(0.3), wait_ms(float("inf"))
    (1, 300, 2147483647)
    """
    return round(min(max(seconds * 1000, 1), _LONGEST_WAIT_MS))
