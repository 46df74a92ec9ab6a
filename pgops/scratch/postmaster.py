"""The server process of a throwaway server: started, awaited, stopped, and ended by a guard if we can't do it.

A `finally` does not run after SIGKILL, a crash, or SIGTERM's default; a server would live on for ever, with its folder.
So a small shell stands guard: it reads from a pipe whose other end only this process holds. When that end closes, for
whatever reason, the guard ends the server and removes the folders. The ordinary exit takes the same way, so it is used,
and tested, each time.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING, BinaryIO, Literal

from pgops.errors import ScratchError
from pgops.scratch.account import run_as

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pgops.scratch.programs import ServerPrograms

StopMode = Literal["smart", "fast", "immediate"]

_SIGNALS: dict[StopMode, signal.Signals] = {
    "smart": signal.SIGTERM,
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
}

# A line is the pid of the running server, an empty one says that none runs, "end" that we are done (a child that we
# forked may hold the pipe open for longer); arguments are the folders to remove. An
# immediate shutdown takes a fraction of a second. A postmaster that is killed between fork and its line on the pipe is
# no leak: it looks at its lock file once a minute and stops when that is gone.
_GUARD = r"""
server=
while read -r line && [ "$line" != end ]; do server=$line; done
if [ -n "$server" ]; then
    kill -QUIT "$server"
    left=100
    while kill -0 "$server" && [ "$left" -gt 0 ]; do sleep 0.1; left=$((left - 1)); done
    kill -KILL "$server"
fi
left=20
rm -rf -- "$@"
for folder in "$@"; do
    while [ -e "$folder" ] && [ "$left" -gt 0 ]; do sleep 0.1; rm -rf -- "$folder"; left=$((left - 1)); done
done
"""


class Guard:
    """The shell that ends the server and removes `folders` when this process closes the pipe, or is no more."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._shell = subprocess.Popen(  # noqa: S603  our own script
            ["/bin/sh", "-c", _GUARD, "pgops-scratch-guard", *map(str, folders)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,  # a Ctrl-C is for us: the guard must outlive it
        )

    def watch(self, pid: int | None) -> None:
        """Tell it which server runs now."""
        self._say("" if pid is None else str(pid))

    def close(self) -> None:
        """Let it do its work, and wait for that."""
        self._say("end")
        self._shell.wait()

    def _say(self, line: str) -> None:
        assert self._shell.stdin is not None  # noqa: S101  for the type checker
        with contextlib.suppress(BrokenPipeError):  # somebody ended the guard: the ordinary way remains
            os.write(self._shell.stdin.fileno(), line.encode() + b"\n")


class Postmaster:
    """One server's process: at most one at a time, on one data folder, with one log."""

    def __init__(
        self, programs: ServerPrograms, place: Sequence[str], *, data: Path, log: BinaryIO, guard: Guard
    ) -> None:
        self._programs = programs
        self._argv: list[str | Path] = [programs.bindir / "postgres", "-D", data, *place]
        self._data = data
        self._log = log
        self._guard = guard
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id, or None when it is not running."""
        return self._running.pid if self._running is not None and self._running.poll() is None else None

    def start(self) -> None:
        """Start it and wait until it accepts connections. `ScratchError` with the log's end if it does not."""
        if self.pid is not None:
            return
        self._running = subprocess.Popen(  # noqa: S603  the server that was asked for
            self._argv,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            cwd="/",
            env=self._programs.environment,
            start_new_session=True,  # a Ctrl-C is for us: the server must not stop beneath the cleaning up
            umask=0o077,
            **run_as(self._programs.account),
        )
        self._guard.watch(self._running.pid)
        deadline = time.monotonic() + self._programs.timeout_s
        while not self._is_ready():
            code = self._running.poll()
            if code is not None:
                self._guard.watch(None)
                raise ScratchError(f"The throwaway server did not start (exit code {code}).\n{self.log_tail()}")
            if time.monotonic() > deadline:
                self.stop("immediate", timeout_s=10)
                raise ScratchError(
                    f"The throwaway server was not ready after {self._programs.timeout_s:g} s.\n{self.log_tail()}"
                )
            time.sleep(0.01)

    def stop(self, mode: StopMode, *, timeout_s: float = 60) -> None:
        """Stop it as `pg_ctl stop -m mode`. `ScratchError` if it has not stopped in time; `immediate` kills then."""
        if self._running is None:
            return
        if self._running.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self._running.send_signal(_SIGNALS[mode])
            try:
                self._running.wait(timeout_s)
            except subprocess.TimeoutExpired:
                if mode != "immediate":
                    raise ScratchError(
                        f"The throwaway server did not stop within {timeout_s:g} s.\n{self.log_tail()}",
                        cure="Close its sessions, or stop it with mode='immediate'.",
                    ) from None
                self._running.kill()
                self._running.wait()
        self._guard.watch(None)
        self._running = None

    def log_tail(self, lines: int = 20) -> str:
        """The last lines of the log. Read from the open file: its folder belongs to the server's account."""
        size = os.fstat(self._log.fileno()).st_size
        end = os.pread(self._log.fileno(), 16_384, max(0, size - 16_384)).decode(errors="replace")
        return "\n".join(["Its log ends:", *(f"    {line}" for line in end.splitlines()[-lines:])])

    def _is_ready(self) -> bool:
        """As pg_ctl asks: the eighth line of postmaster.pid, which needs neither a role nor a database."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except (FileNotFoundError, UnicodeDecodeError):
            return False
        assert self._running is not None  # noqa: S101  for the type checker
        return len(lines) > 7 and lines[0] == str(self._running.pid) and lines[7].strip() == "ready"
