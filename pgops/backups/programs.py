"""Asking a backup tool: no shell, nothing to read from us, a deadline, and JSON in the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pgops.errors import BackupToolError

if TYPE_CHECKING:
    from collections.abc import Sequence

_LAST_WORDS = 500


def json_from(argv: Sequence[str], *, timeout_s: float, tolerate_status: bool = False) -> Any:
    """What the program prints, read as JSON.

    Raises `BackupToolError` where it can't be run, takes too long, fails, or prints something else. An exit code alone
    is not trusted either way: with `tolerate_status` the JSON counts although the program ends with another than 0.
    """
    name = argv[0]
    try:
        running = subprocess.Popen(  # noqa: S603  an argv list, and no shell
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C"},
            start_new_session=True,
        )
    except OSError as error:
        raise BackupToolError(
            f"{name} can't be run: {error.strerror}.", cure="Install it, or hand in what it says: read it from JSON."
        ) from None
    try:
        said, complained = running.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        _kill(running)
        raise BackupToolError(
            f"{name} did not answer within {timeout_s:g} s.", cure="Allow it more time: timeout_s."
        ) from None
    except BaseException:  # Ctrl-C
        _kill(running)
        raise
    if running.returncode and not tolerate_status:
        words = (complained or said).decode(errors="replace").strip()[-_LAST_WORDS:]
        raise BackupToolError(f"{name} ended with status {running.returncode}: {words}", cure="Run it by hand.")
    return loaded(said, name)


def loaded(text: bytes | str, name: str) -> Any:
    """`text` as JSON. Raises `BackupToolError` where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        start = (text if isinstance(text, str) else text.decode(errors="replace")).strip()[:80]
        raise BackupToolError(f"{name} answered with something that isn't JSON: {start!r}.") from None


def _kill(running: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(running.pid, signal.SIGKILL)  # its session's group: what it started too
        else:
            running.kill()
    running.communicate()
