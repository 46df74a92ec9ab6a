"""Real backup tools at work on a real server of the system's, all in a folder of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest

from pgops.scratch import start_server
from pgops.scratch.account import hand_over, run_as, server_account
from tests.servers import lack, system_binaries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pgops.scratch import ScratchServer


JUDGED = ["backup.age", "backup.failed", "backup.archive_gap"]


@attrs.frozen
class Site:
    """A folder in which server and tool, which run as one account, may both write."""

    folder: Path

    def folder_of(self, name: str) -> Path:
        made = self.folder / name
        made.mkdir(exist_ok=True)
        hand_over(made, server_account())
        return made

    def write(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.write_text(text)
        file.chmod(0o644)
        return file

    def run(self, *words: object) -> str:
        """A command as that account. Its output."""
        done = subprocess.run(
            [str(word) for word in words],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
            timeout=120,
            **run_as(server_account()),
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    @contextmanager
    def server(self, settings: Mapping[str, str]) -> Iterator[ScratchServer]:
        with start_server(system_binaries(), settings={"archive_mode": "on", "fsync": "on", **settings}) as server:
            yield server


@pytest.fixture
def site() -> Iterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="pgops-site-", dir="/tmp"))  # where the server's account can reach it
    folder.chmod(0o755)
    yield Site(folder)
    shutil.rmtree(folder)


def need_program(name: str) -> str:
    return shutil.which(name) or lack(f"{name} is not installed")


def write_wal(server: ScratchServer, files: int) -> None:
    """So many finished WAL files."""
    with server.connect() as conn:
        conn.execute("CREATE TABLE IF NOT EXISTS t (a int)")
        for _ in range(files):
            conn.execute("INSERT INTO t VALUES (1)")
            conn.execute("SELECT pg_switch_wal()")
