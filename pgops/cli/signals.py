"""SIGTERM and SIGHUP end a command as Ctrl-C does: what it began is cancelled and cleared away first.

By their default they end the process at once, and a pg_dump or a query of ours would go on without anybody.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_ENDING = ("SIGTERM", "SIGHUP")


class Ended:
    """By which signal a command was ended; None where it was not."""

    def __init__(self) -> None:
        self.by: signal.Signals | None = None

    @property
    def exit_code(self) -> int:
        """128 and the signal's number, as shells count; SIGINT's where none of ours came."""
        return 128 + (self.by or signal.SIGINT)

    @property
    def name(self) -> str:
        """What ended it, for people."""
        return self.by.name if self.by is not None else "Ctrl-C"


@contextmanager
def ended_by_signals() -> Iterator[Ended]:
    """Within the block such a signal raises `KeyboardInterrupt`, and is noted. One that is ignored (nohup) stays so."""
    ended = Ended()
    if threading.current_thread() is not threading.main_thread():  # only there may handlers be set
        yield ended
        return

    def end(number: int, frame: FrameType | None) -> NoReturn:
        ended.by = signal.Signals(number)
        raise KeyboardInterrupt

    before = {}
    for name in _ENDING:
        which = getattr(signal, name, None)  # Windows has no SIGHUP
        if which is not None and signal.getsignal(which) is signal.SIG_DFL:
            before[which] = signal.signal(which, end)
    try:
        yield ended
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)
