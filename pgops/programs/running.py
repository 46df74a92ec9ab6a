"""Running a client program: its words line by line, no secret in sight, and nothing left running when we stop."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections import deque
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

import attrs

from pgops.errors import ClientProgramError
from pgops.programs.client_program import ClientProgram

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pgops.programs.child_connection import ChildConnection

_GRACE_S = 5.0
"""How long a program that was asked to stop may take: pg_dump cancels its query and waits for its workers."""
_LINES_KEPT = 200


@attrs.define(kw_only=True)
class Running:
    """A program at work. `messages` are the last lines that it wrote to stderr, so far."""

    program: ClientProgram
    process: subprocess.Popen[bytes]
    messages: deque[str] = attrs.field(factory=lambda: deque(maxlen=_LINES_KEPT))
    deaf_by: BaseException | None = None
    """What `on_line` raised, if it did."""

    @property
    def stdin(self) -> IO[bytes]:
        """The pipe into the program, where it was started with one."""
        assert self.process.stdin is not None  # noqa: S101
        return self.process.stdin

    @property
    def stdout(self) -> IO[bytes]:
        """The pipe out of the program, where it was started with one."""
        assert self.process.stdout is not None  # noqa: S101
        return self.process.stdout

    def has_ended(self, wait_s: float) -> bool:
        """Whether it has ended, waiting for it for `wait_s` seconds at most."""
        try:
            self.process.wait(wait_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    @property
    def problem(self) -> str | None:
        """How it ended, in words, where it did not end well; None where it did, or still runs."""
        status = self.process.returncode
        if not status:
            return None
        return f"was killed by {_signal_name(-status)}" if status < 0 else f"ended with exit code {status}"


@contextmanager
def started(
    program: ClientProgram,
    arguments: Sequence[str],
    connection: ChildConnection | None,
    *,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] | None = subprocess.DEVNULL,
    on_line: Callable[[str], object] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Running]:
    """Run it for the block, in a process group of its own; `connection` is handed over without its secrets in argv.

    `on_line` hears each line of stderr, from a thread; if it raises, it hears no more, and the block's end raises that.
    `variables` are for the program's environment; `stdout` None is our own. When the block ends, however it does, the
    program and its workers have ended: at its own end, or stopped (first as by Ctrl-C, then killed).

    Raises `ClientProgramError` where it can't be started.
    """
    with _environment(connection, variables or {}) as environment:
        argv = [str(program.path)]
        if connection is not None:
            argv.append(f"--dbname={connection.argument}")
        argv += arguments  # last: not every getopt looks for options behind what is none
        try:
            process = subprocess.Popen(  # noqa: S603  a client program that was found
                argv,
                stdin=stdin,
                stdout=stdout,
                stderr=subprocess.PIPE,
                env=environment,
                start_new_session=True,
                umask=0o077,  # what it writes holds somebody's rows
            )
        except OSError as error:
            raise ClientProgramError(f"{program} can't be run: {error.strerror}.") from None
        at_work = Running(program=program, process=process)
        listener = threading.Thread(target=_listen, args=(at_work, on_line), daemon=True)
        listener.start()
        try:
            yield at_work
        finally:
            try:
                _stop(process)
            finally:
                listener.join(_GRACE_S)
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(OSError):  # what was still in the buffer has nobody to read it
                        pipe.close()
        if at_work.deaf_by is not None:
            raise at_work.deaf_by


@contextmanager
def _environment(connection: ChildConnection | None, variables: Mapping[str, str]) -> Iterator[dict[str, str]]:
    # Messages are read by us, so they are in English; libpq alone decides by HOME where certificates are.
    if connection is None:
        yield {name: value for name, value in os.environ.items() if not name.startswith(("PG", "DB_"))} | {
            "LC_ALL": "C",
            "PGCLIENTENCODING": "UTF8",
            **variables,
        }
        return
    with connection.environment(LC_ALL="C", **variables) as environment:
        yield environment


def _listen(at_work: Running, on_line: Callable[[str], object] | None) -> None:
    pipe = at_work.process.stderr
    if pipe is None:
        return
    with pipe, suppress(OSError, ValueError):
        for raw in pipe:
            line = raw.decode(errors="replace").rstrip("\r\n")
            at_work.messages.append(line)
            if on_line is None or at_work.deaf_by is not None:
                continue
            try:
                on_line(line)
            except BaseException as error:  # the pipe has to be read on, or the program would end by it
                at_work.deaf_by = error


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the program and its workers, if they run: politely first, so that queries are cancelled on the server."""
    if process.poll() is None:
        _send(process, signal.SIGINT)
        try:
            process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            _send(process, signal.SIGKILL)
            process.wait()
        except BaseException:  # a second Ctrl-C
            _send(process, signal.SIGKILL)
            process.wait()
            raise
    if process.returncode != 0:
        _send(process, signal.SIGKILL)  # a worker whose leader was killed goes on to the end of its table


def _send(process: subprocess.Popen[bytes], which: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, which)
        elif which is signal.SIGKILL:
            process.kill()


def _signal_name(number: int) -> str:
    with suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"
