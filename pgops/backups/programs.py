"""Asking a backup tool: no shell, nothing to read from us, a deadline, and JSON in the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import attrs

from pgops.errors import BackupToolError

if TYPE_CHECKING:
    from collections.abc import Sequence

_LAST_WORDS = 500
_GRACE_S = 5.0


@attrs.frozen
class Tool:
    """A program with its first arguments, and the moment by which all questions to it have to be answered."""

    argv: tuple[str, ...]
    ends: float

    @classmethod
    def of(cls, program: str, options: Sequence[str], timeout_s: float) -> Tool:
        return cls((program, *options), time.monotonic() + timeout_s)

    def ask(self, *words: str, tolerate_status: bool = False, nothing: Any = None) -> Any:
        """What it prints, read as JSON; `nothing` where it prints nothing at all, and succeeds.

        Raises `BackupToolError` where it can't be run, takes too long, fails, or prints something else. An exit code
        alone is not trusted either way: with `tolerate_status` JSON counts although it ends with another than 0.
        """
        said, complained, status = self._run(words)
        name = self.argv[0]
        if nothing is not None and not said.strip() and status == 0:
            return nothing
        if status and not (tolerate_status and _is_json(said)):
            words_of_it = (complained.strip() or said.strip()).decode(errors="replace")[-_LAST_WORDS:]
            raise BackupToolError(
                f"{name} ended with status {status}: {words_of_it}",
                cure=f"Run it by hand, as the user who runs pgops: {' '.join(self.argv)} {' '.join(words)}",
            )
        return loaded(said, name)

    def _run(self, words: Sequence[str]) -> tuple[bytes, bytes, int]:
        name, left = self.argv[0], self.ends - time.monotonic()
        try:
            running = subprocess.Popen(  # noqa: S603  an argv list, and no shell
                [*self.argv, *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, "LC_ALL": "C"},
                start_new_session=True,
            )
        except OSError as error:
            raise BackupToolError(
                f"{name} can't be run: {error.strerror}.", cure="Install it, or name the program: program=..."
            ) from None
        try:
            said, complained = running.communicate(timeout=max(left, 0.1))
        except subprocess.TimeoutExpired:
            _kill(running)
            raise BackupToolError(f"{name} did not answer in time.", cure="Allow it more: timeout_s.") from None
        except BaseException:  # Ctrl-C
            _kill(running)
            raise
        return said, complained, running.returncode


def loaded(text: bytes | str, name: str) -> Any:
    """`text` as JSON. Raises `BackupToolError` where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        start = (text if isinstance(text, str) else text.decode(errors="replace")).strip()[:80]
        raise BackupToolError(
            f"{name} answered with something that isn't JSON: {start!r}.", cure="Look which version it is."
        ) from None


MISSHAPEN = (LookupError, TypeError, AttributeError, ValueError, ArithmeticError, OSError)
"""What reading JSON raises that is not shaped as expected; the last two are of times that no calendar has."""


def unusual(name: str, error: Exception) -> BackupToolError:
    """The error for JSON that is not shaped as that tool's is."""
    return BackupToolError(f"That is not what {name} gives: {error!r}.", cure="Look which version of it wrote that.")


def _is_json(text: bytes) -> bool:
    with suppress(ValueError):
        json.loads(text)
        return True
    return False


def _kill(running: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(running.pid, signal.SIGKILL)  # its session's group: what it started too
        else:
            running.kill()
    with suppress(subprocess.TimeoutExpired):  # somebody else may hold its pipes
        running.communicate(timeout=_GRACE_S)
