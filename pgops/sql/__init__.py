"""SQL, read with PostgreSQL's own grammar: `grammar` is the door, `statements` what a statement says, `script` a text
of them.

    from pgops.sql import read_script
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.lazy import face

if TYPE_CHECKING:
    from pgops.sql.grammar import read_script
    from pgops.sql.script import Script

_HOME = {"read_script": "grammar", "Script": "script"}

__all__ = ["Script", "read_script"]

__getattr__, __dir__ = face(__name__, globals(), _HOME)
