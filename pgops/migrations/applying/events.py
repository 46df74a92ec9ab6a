"""What happens while a migration is carried out, for progress bars and logs: plain events to a callback."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import attrs


@attrs.frozen(kw_only=True)
class Progress:
    """One thing that happened, or how far a statement is."""

    what: str
    """"waiting", "unit", "statement", "building", "retry", "repair", "done"."""
    message: str
    place: str | None = None
    """File and line of the statement."""
    finished: int = 0
    """Statements that are done."""
    of: int = 0
    """Statements in all."""
    share: float | None = None
    """How far the statement is, from 0 to 1, where PostgreSQL tells: index builds."""


OnProgress: TypeAlias = Callable[[Progress], object]
