"""Who is asked: the library has no terminal of its own, so a dialogue gets a `Ui` handed in.

`pgops.cli.terminal_ui.TerminalUi` is a person at a terminal, `pgops.config.bootstrapping.scripted_ui.ScriptedUi` a
test. Any other can be made: it raises `DialogueEndedError` (or `KeyboardInterrupt`) from any question to end the
dialogue, and nothing has been changed then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgops.secret import Secret


class Ui(Protocol):
    """Shows and asks. A text may hold whatever a file's name can hold: a terminal escapes what would act on it."""

    @property
    def user(self) -> str:
        """Who answers: approvals are given in this name."""
        ...

    def show(self, text: str) -> None:
        """Show something; it may have several lines, and never holds a password."""
        ...

    def reveal(self, text: Secret) -> None:
        """Show a secret in clear, which has been agreed to, and keep no record of it."""
        ...

    def ask(self, question: str, *, default: str | None = None) -> str:
        """A text; an empty answer gives the default, or is asked again where there is none."""
        ...

    def ask_secret(self, question: str) -> Secret:
        """A text that is not shown as it is typed. It may be empty."""
        ...

    def choose(self, question: str, choices: Sequence[str]) -> int:
        """The index of one of the choices."""
        ...

    def confirm(self, question: str) -> bool:
        """Yes or no. There is no default: silence is no consent."""
        ...
