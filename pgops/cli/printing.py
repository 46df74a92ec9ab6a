"""Writing to the terminal: the answer to stdout, everything else to stderr.

Nothing that comes from a server, a file or a plugin reaches a terminal as it is (see `pgops.render.visible`), and no
password does. A reader who has gone (`pgops check | head`) ends the writing, not the program: its exit code still says
what was found.
"""

from __future__ import annotations

import io
import json
import logging
import os
import re
import shutil
import sys
from contextlib import contextmanager, suppress
from itertools import chain
from typing import TYPE_CHECKING, TextIO

from pgops.render.visible import visible
from pgops.secret import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pgops.render.document import Document

WIDTH_OF_A_FILE = 100
ERROR = "pgops.error/1"


# --- stdout -----------------------------------------------------------------------------------------------------------


class _Answer:
    """Whether any of the answer has been written: then stdout takes nothing else."""

    begun = False


def show(chunks: Iterable[str]) -> None:
    """Write text for people to stdout. Raises `OSError`, worded for people, when it can't be written."""
    _Answer.begun = True
    _write(sys.stdout, chunks)


def show_exactly(text: str | Iterable[str]) -> None:
    """Write text for programs to stdout, or its pieces: UTF-8 in any locale, as JSON has to be."""
    _Answer.begun = True
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    _write(sys.stdout, chain([text.removesuffix("\n")] if isinstance(text, str) else text, ["\n"]))


def show_error(facts: Mapping[str, object]) -> None:
    """Write why there is no answer as JSON to stdout, unless an answer was begun or nothing can be written."""
    if not _Answer.begun:
        told = {
            name: without_passwords_of_urls(fact) if isinstance(fact, str) else fact for name, fact in facts.items()
        }
        with suppress(OSError):
            show_exactly(json.dumps({"schema": ERROR, **told}, indent=2, ensure_ascii=False))


def show_document(document: Document) -> None:
    """Write a document to stdout, as wide as the terminal, in colours if it is one."""
    from pgops.render.text import iter_text

    width = shutil.get_terminal_size((WIDTH_OF_A_FILE, 24)).columns
    show(iter_text(document, width=width, color=in_colour()))


def in_colour() -> bool:
    """Whether stdout is a terminal that takes colours from us (https://no-color.org)."""
    return is_terminal(sys.stdout) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person looks at it. A closed stream (`>&-`) is None."""
    return stream is not None and not stream.closed and stream.isatty()


# --- stderr -----------------------------------------------------------------------------------------------------------


def say(text: str) -> None:
    """Write one line to stderr."""
    with suppress(OSError):  # there is nowhere left to complain
        _write(sys.stderr, [without_passwords_of_urls(visible(text)) + "\n"])


def complain(what: str, cure: str = "") -> None:
    """Say what is wrong, and on a line of its own what to do about it."""
    say(f"pgops: {what}")
    if cure:
        say(f"  {cure}")


_PASSWORD_OF_URL = re.compile(r"(://[^\s:/@]*):\S*@")
_PASSWORD_OF_KEYWORD = re.compile(r"(password\s*=\s*)('(?:[^'\\]|\\.)*'?|[^\s&'\"]+)", re.IGNORECASE)


def without_passwords_of_urls(text: str) -> str:
    """The text without the password of a connection string that somebody typed in the wrong place.

    >>> without_passwords_of_urls("No such command 'postgresql://ann:hunter2@db/shop'.")
    "No such command 'postgresql://ann:********@db/shop'."
    """
    return _PASSWORD_OF_KEYWORD.sub(rf"\1{MASK}", _PASSWORD_OF_URL.sub(rf"\1:{MASK}@", text))


@contextmanager
def warnings_shown() -> Iterator[None]:
    """Within the block, warnings of the library and of its pools are lines on stderr."""
    handler = _Saying(logging.WARNING)
    loggers = [logging.getLogger(name) for name in ("pgops", "psycopg")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)


class _Saying(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        complain(f"{record.levelname.lower()}: {record.getMessage()}")


# --- both -------------------------------------------------------------------------------------------------------------


def prepare_streams() -> None:
    """Characters that the terminal's encoding lacks are written as escapes; the usual answer is a traceback."""
    _Answer.begun = False
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _write(stream: TextIO | None, chunks: Iterable[str]) -> None:
    if stream is None:
        return
    try:
        stream.writelines(chunks)
        stream.flush()
    except BrokenPipeError:
        _discard(stream)
    except OSError as error:
        _discard(stream)
        raise OSError(error.errno, f"The output could not be written: {error.strerror}.") from None


def _discard(stream: TextIO) -> None:
    """Let what is still in the stream's buffer go nowhere, or Python would complain about it on exit."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, stream.fileno())
        finally:
            os.close(nowhere)
