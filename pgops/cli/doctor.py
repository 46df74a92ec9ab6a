"""`pgops doctor`: everything that keeps pgops from working well here, and what to do about it."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

import click

from pgops.cli.exits import Exit
from pgops.cli.options import json_option, target_options
from pgops.cli.printing import show_document, show_exactly

if TYPE_CHECKING:
    from pgops.secret import Secret

EPILOG = """\b
Examples:
  pgops doctor                  this machine, the project, its database
  pgops doctor -p prod          another profile
  pgops doctor --json           for programs: every sign with its state and cure

\b
Exit codes:
  0    everything was looked at, and nothing is to be done
  1    a warning, or something is missing that matters
  2    the command was given wrongly
  3    a database is named and could not be looked at; 1 wins over 3
  130  ended by Ctrl-C
"""


@click.command("doctor", epilog=EPILOG)
@target_options
@json_option
def command(*, profile: str | None, url: Secret | None, as_json: bool) -> int:
    """Look at everything that keeps pgops from working well here, each with its cure.

    Python and libpq, client programs, postgres.toml, plugins, the connection (TLS, poolers, limits that hold), the
    server's release, which checks would be SKIPPED and what would enable them, migrations, backup tools. Nothing is
    changed. It works without a config and without a server, too.
    """
    from pgops.doctor.examining import examine

    with redirect_stdout(sys.stderr):  # what a plugin prints while it loads is no part of the answer
        found = examine(profile, url=url)
    if as_json:
        show_exactly(found.to_json())
    else:
        show_document(found.to_document())
    if found.bad:
        return Exit.FINDINGS
    return Exit.NO_ANSWER if found.unseen else Exit.CLEAN
