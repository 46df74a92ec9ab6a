"""A `Ui` whose answers were written down before: for tests of dialogues."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar

from pgops.errors import PgopsError
from pgops.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence

Answer: TypeAlias = str | bool | Secret | BaseException
Kind = TypeVar("Kind")


class UnexpectedQuestionError(PgopsError, AssertionError):
    """A dialogue asked what its script doesn't foresee, in another order, or ended before its script did."""


class ScriptedUi:
    """Answers each question by the next line of the script, if a part of the question stands there.

    >>> ui = ScriptedUi([("profile", "prod"), ("Save", True)])
    >>> ui.ask("The profile's name", default="local"), ui.confirm("Save it?")
    ('prod', True)
    >>> ui.finish()

    A text answers `ask` ("" takes the default) and `choose` (by a part of the choice), True and False `confirm`, a
    `Secret` `ask_secret`; an exception is raised. `shown` and `revealed` are what was shown.
    """

    user = "the script"

    def __init__(self, script: Sequence[tuple[str, Answer]]) -> None:
        self._script = list(script)
        self.asked: list[str] = []
        self.shown: list[str] = []
        self.revealed: list[Secret] = []

    def show(self, text: str) -> None:
        """Keep it in `shown`."""
        self.shown.append(text)

    def reveal(self, text: Secret) -> None:
        """Keep it in `revealed`."""
        self.revealed.append(text)

    def ask(self, question: str, *, default: str | None = None) -> str:
        """The scripted text, or the default for an empty one."""
        answer = self._next(question, str)
        if not answer and default is None:
            raise UnexpectedQuestionError(f"There is no default for {question!r}, and the script gives no answer.")
        return answer or default or ""

    def ask_secret(self, question: str) -> Secret:
        """The scripted secret."""
        return self._next(question, Secret)

    def choose(self, question: str, choices: Sequence[str]) -> int:
        """The only choice with the scripted text in it."""
        self.shown += choices
        answer = self._next(question, str)
        found = [index for index, choice in enumerate(choices) if answer in choice]
        if len(found) != 1:
            raise UnexpectedQuestionError(f"{answer!r} is in {len(found)} of the choices: {list(choices)}.")
        return found[0]

    def confirm(self, question: str) -> bool:
        """The scripted yes or no."""
        return self._next(question, bool)

    def finish(self) -> None:
        """Raise `UnexpectedQuestionError` if there is more in the script than was asked."""
        if self._script:
            raise UnexpectedQuestionError(f"The dialogue ended before it asked {self._script[0][0]!r}.")

    def _next(self, question: str, kind: type[Kind]) -> Kind:
        self.asked.append(question)
        expected, answer = self._script.pop(0) if self._script else ("no more", None)
        if isinstance(answer, BaseException):
            raise answer
        if expected not in question or not isinstance(answer, kind):
            raise UnexpectedQuestionError(
                f"The dialogue asks {question!r}, and the script goes on with {expected!r} and {answer!r}."
            )
        return answer
