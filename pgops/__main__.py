"""`python -m pgops`: the command line, where no `pgops` is on the PATH."""

from __future__ import annotations

import sys

from pgops.cli import main

if __name__ == "__main__":
    sys.exit(main())
