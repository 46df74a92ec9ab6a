"""Ctrl-C, so that it ends the demo at any moment and nothing stays behind."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def end_on_first() -> None:
    """From now on the first Ctrl-C raises `KeyboardInterrupt`; the next ones must not disturb the cleaning up."""

    def first(*_: object) -> None:
        ignore()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, first)


def ignore() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def held_back() -> Iterator[None]:
    """Hold a Ctrl-C back until the block has ended: what is half started can't be undone."""
    came: list[bool] = []
    usual = signal.signal(signal.SIGINT, lambda *_: came.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
        if came:
            signal.raise_signal(signal.SIGINT)
