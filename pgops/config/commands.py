"""Asking a program for one line: no shell, nothing to read, a deadline, and nothing of it left running."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from contextlib import suppress
from typing import IO, TYPE_CHECKING

import attrs

from pgops.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MOST_BYTES = 65_536
LAST_BYTES = 2_000
_GRACE_S = 0.5


@attrs.frozen(kw_only=True)
class Answered:
    """What came of it: a problem in words (or none), the first line of stdout sealed, the end of stderr."""

    problem: str = ""
    first_line: Secret = attrs.field(factory=lambda: Secret(""))
    complaint: str = attrs.field(default="", repr=False)


def ask(argv: Sequence[Secret], *, folder: Path | None, timeout_s: float) -> Answered:
    """Run a program in `folder` and give its answer. It runs in a session of its own, which is killed when time is up.

    It has ended when the program itself has: one that leaves an agent behind, which keeps the pipes open, is not waited
    for. Ctrl-C ends it too.
    """
    try:
        running = subprocess.Popen(  # noqa: S603  an argv list from the user's own file, and no shell
            [word.reveal() for word in argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:  # ValueError: a NUL character in a word
        return Answered(problem=f"can't be run: {getattr(error, 'strerror', None) or 'a word of it is no argument'}")
    said, complained = _Listener(running.stdout, keep_first=True), _Listener(running.stderr, keep_first=False)
    try:
        status = running.wait(timeout_s)
    except subprocess.TimeoutExpired:
        _kill(running)
        complained.join(_GRACE_S)
        return Answered(problem=f"did not end within {timeout_s:g} s and was killed", complaint=complained.text)
    except BaseException:
        _kill(running)
        raise
    said.join(_GRACE_S)
    complained.join(_GRACE_S)
    problem = f"ended with status {status}" if status > 0 else f"was killed by signal {-status}" if status else ""
    line = said.first_line
    if not problem and line is None:
        problem, line = f"wrote a first line that isn't UTF-8, or longer than {MOST_BYTES:,} bytes", None
    return Answered(problem=problem, first_line=line or Secret(""), complaint=complained.text)


def _kill(running: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(running.pid, signal.SIGKILL)  # its session's group: children that it started too
        else:
            running.kill()
    running.wait()


class _Listener(threading.Thread):
    """Reads a pipe to its end, so that no writer ever blocks, and keeps the first or the last bytes of it."""

    def __init__(self, pipe: IO[bytes] | None, *, keep_first: bool) -> None:
        super().__init__(daemon=True)
        self._pipe, self._keep_first, self._kept = pipe, keep_first, Secret("")
        self.start()

    def run(self) -> None:
        if self._pipe is None:
            return
        with self._pipe, suppress(OSError, ValueError):
            while chunk := os.read(self._pipe.fileno(), 8192):
                kept = self._kept.reveal() + chunk.decode("latin-1")  # bytes as text: a Secret holds no bytes
                self._kept = Secret(kept[: MOST_BYTES + 1] if self._keep_first else kept[-LAST_BYTES:])

    @property
    def first_line(self) -> Secret | None:
        """The first line without its line break; None if it can't be a password."""
        line, newline, _ = self._kept.reveal().partition("\n")
        if not newline and len(line) > MOST_BYTES:
            return None
        try:
            return Secret(line.removesuffix("\r").encode("latin-1").decode())
        except UnicodeDecodeError:
            return None

    @property
    def text(self) -> str:
        return self._kept.reveal().encode("latin-1").decode(errors="replace")
