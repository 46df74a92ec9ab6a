"""The command line, `pgops` and `python -m pgops`: a thin face of the library, one module a noun.

What it adds is a person's: options, progress, colours, exit codes, errors of two lines. It needs the extra `[cli]`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pgops.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE = 2
_NEEDED = ("click", "rich")


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line with `args` (default: those of the process) and give its exit code."""
    try:
        import click  # noqa: F401
        import rich  # noqa: F401
    except ModuleNotFoundError as missing:
        if missing.name not in _NEEDED:
            raise
        what = f"The command line needs {missing.name}, which is not installed."
        error = MissingExtraError(what, cure="Install it with: pip install 'pgops[cli]'")
        sys.stderr.write(f"pgops: {error.what}\n  {error.cure}\n")
        return USAGE
    from pgops.cli.program import run

    return run(args)
