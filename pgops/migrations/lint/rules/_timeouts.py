"""The timeouts that a script has set itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgops.migrations.effects.walk import Step

_NONE = re.compile(r"\s*0+(\.0*)?\s*[a-z]*\s*", re.IGNORECASE)

SHORT = "SET lock_timeout = '2s';\n{}\nRESET lock_timeout;"
"""A statement between a short limit for its wait, and none."""


def in_force(step: Step, name: str) -> str | None:
    """The value that SET gave a timeout; None where nothing is set, or 0, which turns it off."""
    value = step.settings.get(f"local {name}", step.settings.get(name))
    return None if value is None or _NONE.fullmatch(value) else value
