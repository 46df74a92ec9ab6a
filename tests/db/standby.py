"""Standbys of no primary: they wait for WAL that never comes, one open to queries, one closed."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pgops.scratch import ScratchServer, restart_server, start_server, stop_server
from pgops.scratch.account import hand_over, reachable_bindir, run_as, server_account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from pgops.scratch import Binaries


@contextmanager
def start_standby(like: ScratchServer) -> Iterator[str]:
    """A standby of the same version as `like`; gives its connection string."""
    with start_server(like.binaries) as server:
        stop_server(server)
        _add(server, "standby.signal")
        restart_server(server)
        yield server.conninfo()


@contextmanager
def start_closed_standby(
    like: ScratchServer | Binaries, spare: Path, *, settings: Mapping[str, str] | None = None
) -> Iterator[Callable[..., str]]:
    """A standby with hot_standby off: it says that it is starting for as long as it lives. It may not listen yet."""
    account = server_account()
    binaries = like.binaries if isinstance(like, ScratchServer) else like
    with start_server(binaries, settings=settings) as server:
        stop_server(server)
        _add(server, "standby.signal")
        bindir = reachable_bindir(server.bindir, account, spare)
        place = ["-D", server.folder, "-k", server.host, "-p", str(server.port), "-c", "listen_addresses="]
        command = [bindir / "postgres", *place, "-c", "hot_standby=off"]
        running = subprocess.Popen(command, cwd="/", stderr=subprocess.DEVNULL, **run_as(account))
        try:
            yield server.conninfo
        finally:
            running.terminate()
            running.wait(20)


def _add(server: ScratchServer, name: str) -> None:
    (server.folder / name).touch()
    hand_over(server.folder / name, server_account())
