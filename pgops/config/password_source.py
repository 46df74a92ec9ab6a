"""Where a profile's password is when it is in no file: a variable of the environment, or the answer of a program.

Both are asked when a connection is made and at no other time: not by loading, resolving, scanning or printing. Neither
shows more of itself than its kind, for people do write the password itself where its variable's name should be.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import attrs

from pgops.config.commands import Answered, ask
from pgops.errors import NoPasswordError
from pgops.secret import MASK, Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMAND_TIMEOUT_S = 10.0

VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CONVENTIONAL = re.compile(r"[A-Z][A-Z0-9_]*")


@attrs.frozen(kw_only=True)
class PasswordVariable:
    """`password_env`: the variable that holds the password."""

    name: Secret
    owner: str
    """The profile, for messages."""
    key = "password_env"

    def read(self, env: Mapping[str, str]) -> Secret:
        """The variable's value in `env`, as it is. Raises `NoPasswordError` if it is unset or empty."""
        found = Secret(env.get(self.name.reveal(), ""))
        name = self.name.reveal()
        shown = name if _CONVENTIONAL.fullmatch(name) else "that password_env names"  # it may be the password itself
        if found:
            return found
        what = f"Profile {self.owner!r} takes its password from the variable {shown}, which is not set or empty."
        raise NoPasswordError(what, cure="Set it where pgops runs; password_env is the name of the variable.")


@attrs.frozen(kw_only=True)
class PasswordCommand:
    """`password_command`: a program and its arguments, whose first line of output is the password."""

    argv: tuple[Secret, ...]
    owner: str
    """The profile, for messages."""
    folder: Path | None = None
    """The project root, where the program is started."""
    key = "password_command"

    def read(self, env: Mapping[str, str]) -> Secret:
        """Run the program, without a shell and with nothing to read; after 10 s its process group is killed.

        Raises `NoPasswordError` with the end of what it wrote to stderr, never with what it wrote to stdout.
        """
        outcome = ask(self.argv, folder=self.folder, timeout_s=COMMAND_TIMEOUT_S)
        problem = outcome.problem
        if not problem and not outcome.first_line:
            problem = "wrote no password to its standard output"
        if not problem and "\0" in outcome.first_line.reveal():
            problem = "wrote a NUL character"
        if not problem:
            return outcome.first_line
        said = f" It said: {_harmless(outcome)}" if outcome.complaint.strip() else ""
        what = f"The password_command of profile {self.owner!r} {problem}.{said}"
        raise NoPasswordError(what, cure="Run it by hand: the first line that it prints has to be the password.")


PasswordSource: TypeAlias = PasswordVariable | PasswordCommand
"""Both have `key`, the name in the file, and `read(env)`, which gives the password now."""


def _harmless(outcome: Answered) -> str:
    """The end of its complaint on one line, the password masked should it be repeated there."""
    text = " ".join("".join(each if each.isprintable() else " " for each in outcome.complaint).split())
    for secret in outcome.first_line.reveal().split():
        text = text.replace(secret, MASK)
    return text
