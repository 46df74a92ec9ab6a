"""Run a call again and again, each time killed at a later step, in a process of its own:
`python -m tests.migrations.killed CALL PROJECT INTO [STEP TIMES]`.

Each child is killed with SIGKILL just before its n-th step that the disk would notice: an open, a write (half of it is
done), an fsync, a rename, a link, a removal, a new folder. The last child survives. For each there is a copy of the
project in a folder called by its number. With STEP there are TIMES children, all killed at that one.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sys
from pathlib import Path

from tests.migrations.workspaces import approved, opened

CALLS = {
    "record": lambda root: opened(root).record("SELECT 2", "two"),
    "record in a new file": lambda root: opened(root).record("SELECT 2", "two", file="1_prerelease.sql"),
    "release": lambda root: approved(opened(root).release("one")),
    "edit": lambda root: approved(opened(root).edit("prerelease.sql", "SELECT 3;\n", "three")),
    "split": lambda root: approved(opened(root).split("prerelease.sql", [4])),
}
EVENTS = {"open", "os.rename", "os.link", "os.remove", "os.mkdir", "os.chmod", "os.truncate"}


def die_at(step: int) -> None:
    """Have this process killed at that step from now on."""
    counter = itertools.count(1)
    write, fsync = os.write, os.fsync

    def may_die(event: str = "", args: object = ()) -> None:
        if event in EVENTS and next(counter) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def half_written(handle, content):
        if next(counter) == step:
            write(handle, bytes(content)[: len(content) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return write(handle, content)

    def not_synced(handle):
        may_die("open")
        fsync(handle)

    os.write, os.fsync = half_written, not_synced
    sys.addaudithook(may_die)


def survives(call: str, project: Path, copy: Path, step: int) -> bool:
    """Make the call in a copy of the project, killed at that step if it comes so far."""
    shutil.copytree(project, copy)
    child = os.fork()
    if not child:
        die_at(step)
        CALLS[call](copy)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert status == 0 or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL), status
    return status == 0


def at_every_step(call: str, project: Path, into: Path) -> None:
    for step in itertools.count(1):
        if survives(call, project, into / str(step), step):
            return


def at_one_step(call: str, project: Path, into: Path, step: int, times: int) -> None:
    for number in range(times):
        assert not survives(call, project, into / str(number), step)


if __name__ == "__main__":
    call, project, into, *step_and_times = sys.argv[1:]
    if step_and_times:
        at_one_step(call, Path(project), Path(into), *map(int, step_and_times))
    else:
        at_every_step(call, Path(project), Path(into))
