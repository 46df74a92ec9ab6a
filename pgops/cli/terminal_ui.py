"""The `Ui` of a person at a terminal: asks on stderr, reads stdin, hides what is secret.

Only what was asked for in clear goes to stdout, so that `eval "$(pgops config init)"` gets nothing else. The terminal's
own line editing is used, and everything shown is escaped as `pgops.render.visible` does.
"""

from __future__ import annotations

import getpass
import sys
import warnings
from typing import TYPE_CHECKING

import click

from pgops.cli.printing import is_terminal, show_exactly
from pgops.errors import DialogueEndedError
from pgops.render.visible import visible, visible_lines
from pgops.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence

_YES, _NO = ("y", "yes"), ("n", "no")


class TerminalUi:
    """Ctrl-D ends the dialogue with `DialogueEndedError`, Ctrl-C with `KeyboardInterrupt`.

    Raises click's `UsageError` where stdin or stderr is no terminal: nobody would see the questions.
    """

    def __init__(self) -> None:
        if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
            raise click.UsageError("This is a dialogue: run it in a terminal.")

    @property
    def user(self) -> str:
        """The user's name on this system."""
        try:
            return getpass.getuser()
        except (OSError, KeyError, ImportError):  # a container's user without a name
            return "somebody at the terminal"

    def show(self, text: str) -> None:
        """Lines on stderr."""
        _put(visible_lines(text) + "\n")

    def reveal(self, text: Secret) -> None:
        """One line on stdout."""
        show_exactly(text.reveal())

    def ask(self, question: str, *, default: str | None = None) -> str:
        """Until there is an answer or a default."""
        shown = f"{visible(question)} [{visible(default)}]: " if default is not None else f"{visible(question)}: "
        while True:
            answer = _line(shown).strip()
            if answer or default is not None:
                return answer or default or ""

    def ask_secret(self, question: str) -> Secret:
        """With the terminal's echo off; refused where that can't be done."""
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)
            try:
                return Secret(getpass.getpass(f"{visible(question)}: ", stream=sys.stderr))
            except EOFError:
                ended = True
            except getpass.GetPassWarning:
                ended = False
        if ended:
            raise _ended()
        raise click.UsageError("This terminal can't hide what is typed, so no password is asked for.")

    def choose(self, question: str, choices: Sequence[str]) -> int:
        """By its number."""
        _put(visible(question) + "\n")
        width = len(str(len(choices)))
        for number, choice in enumerate(choices, 1):
            _put(f"  {number:>{width}}  {visible(choice)}\n")
        while True:
            answer = _line(f"1 to {len(choices)}: " if len(choices) > 1 else "1: ").strip()
            if answer.isascii() and answer.isdigit() and 0 < int(answer[:9]) <= len(choices):
                return int(answer) - 1

    def confirm(self, question: str) -> bool:
        """Until the answer is yes or no."""
        while True:
            answer = _line(f"{visible(question)} (yes or no): ").strip().lower()
            if answer in (*_YES, *_NO):
                return answer in _YES


class HoldingUi(TerminalUi):
    """The same, but what is revealed is kept, for an answer that has stdout for itself."""

    def __init__(self) -> None:
        super().__init__()
        self.revealed: tuple[str, ...] = ()

    def reveal(self, text: Secret) -> None:
        """Keep it."""
        self.revealed = (*self.revealed, text.reveal())


def _line(prompt: str) -> str:
    while True:
        _put(prompt)
        try:
            line = sys.stdin.readline()
        except UnicodeDecodeError:
            _put(f"That was not {sys.stdin.encoding}.\n")
            continue
        if not line:
            raise _ended()
        return line


def _ended() -> DialogueEndedError:
    _put("\n")
    return DialogueEndedError("The dialogue was ended before its end, and nothing was written.")


def _put(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
