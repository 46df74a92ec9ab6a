"""PostgreSQL's table locks: their modes, which exclude which, and what that means for others (manual, section
13.3.1).
"""

from __future__ import annotations

import enum


class LockMode(enum.IntEnum):
    """A mode of table lock, by PostgreSQL's own number (LOCKMODE); a stronger one has a greater number, mostly.

    >>> str(LockMode.SHARE_UPDATE_EXCLUSIVE), LockMode.of("AccessExclusiveLock")
    ('SHARE UPDATE EXCLUSIVE', <LockMode.ACCESS_EXCLUSIVE: 8>)
    """

    ACCESS_SHARE = 1
    ROW_SHARE = 2
    ROW_EXCLUSIVE = 3
    SHARE_UPDATE_EXCLUSIVE = 4
    SHARE = 5
    SHARE_ROW_EXCLUSIVE = 6
    EXCLUSIVE = 7
    ACCESS_EXCLUSIVE = 8

    def __str__(self) -> str:
        return self.name.replace("_", " ")

    @classmethod
    def of(cls, name: str) -> LockMode:
        """The mode that pg_locks calls `name`."""
        return _BY_VIEW_NAME[name]

    @property
    def excluded(self) -> frozenset[LockMode]:
        """The modes that another session can't get meanwhile."""
        return _EXCLUDED[self]

    @property
    def blocks(self) -> str:
        """What others can't do meanwhile, in words; empty where ordinary work goes on."""
        if LockMode.ACCESS_SHARE in self.excluded:
            return "reads and writes"
        if LockMode.ROW_EXCLUSIVE in self.excluded:
            return "writes" if LockMode.ROW_SHARE not in self.excluded else "writes and row locks"
        return ""


_BY_VIEW_NAME = {"".join(map(str.capitalize, mode.name.split("_"))) + "Lock": mode for mode in LockMode}

# Table 13.2 of the manual: a row for each mode, with the modes that conflict with it.
_EXCLUDED = {
    mode: frozenset(map(LockMode, others))
    for mode, others in {
        LockMode.ACCESS_SHARE: (8,),
        LockMode.ROW_SHARE: (7, 8),
        LockMode.ROW_EXCLUSIVE: (5, 6, 7, 8),
        LockMode.SHARE_UPDATE_EXCLUSIVE: (4, 5, 6, 7, 8),
        LockMode.SHARE: (3, 4, 6, 7, 8),
        LockMode.SHARE_ROW_EXCLUSIVE: (3, 4, 5, 6, 7, 8),
        LockMode.EXCLUSIVE: (2, 3, 4, 5, 6, 7, 8),
        LockMode.ACCESS_EXCLUSIVE: (1, 2, 3, 4, 5, 6, 7, 8),
    }.items()
}
