"""`pgops completion`: what makes a shell complete commands, options, profiles and check ids."""

from __future__ import annotations

import json

import click

from pgops.cli.options import json_option
from pgops.cli.printing import show, show_exactly

SCHEMA = "pgops.completion/1"

_FILES = {
    "bash": "~/.bashrc",
    "zsh": "~/.zshrc, after compinit",
    "fish": "~/.config/fish/completions/pgops.fish",
}


@click.command(
    "completion",
    epilog="""\b
Examples:
  eval "$(pgops completion bash)"                              in ~/.bashrc
  eval "$(pgops completion zsh)"                               in ~/.zshrc
  pgops completion fish > ~/.config/fish/completions/pgops.fish

\b
Exit codes:
  0  the script was printed
  2  the command was given wrongly
""",
)
@click.argument("shell", type=click.Choice(list(_FILES)))
@json_option
def command(*, shell: str, as_json: bool) -> None:
    """Print the completion script for SHELL.

    It completes commands, options, the profiles of postgres.toml, and the checks' names and limits.
    """
    from click.shell_completion import get_completion_class

    from pgops.cli.program import program

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101  these three are click's own
    # Not through source(): for bash that asks the installed one for its version, which may not be there.
    completion = kind(program, {}, "pgops", "_PGOPS_COMPLETE")
    script = completion.source_template % completion.source_vars()
    if as_json:
        show_exactly(json.dumps({"schema": SCHEMA, "shell": shell, "file": _FILES[shell], "script": script}, indent=2))
    else:
        show([script if script.endswith("\n") else f"{script}\n"])
