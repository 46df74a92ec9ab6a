"""A primary with a standby that streams from it: two real servers, for the checks of replication."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs

from pgops.scratch import ScratchServer, restart_server, start_server, stop_server
from pgops.scratch.account import hand_over, server_account
from tests.checks.sessions import wait_for
from tests.servers import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pgops.scratch import Binaries

NAME = "stand by"
"""The standby's application_name."""


@attrs.frozen
class Pair:
    """Both of them; the standby is stopped and started with `stop_server` and `restart_server`."""

    primary: ScratchServer
    standby: ScratchServer

    def wait_until_streaming(self) -> None:
        with self.primary.connect() as conn:
            streaming = "SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'"
            wait_for(lambda: conn.execute(streaming).fetchone() is not None, "the standby to stream")


@contextmanager
def start_pair(binaries: Binaries, settings: Mapping[str, str] | None = None) -> Iterator[Pair]:
    """Both running and connected, with a replication slot called `standby_slot`."""
    settings = {**SETTINGS, "hot_standby_feedback": "on", "synchronous_commit": "on", **(settings or {})}
    with start_server(binaries, settings=settings) as primary, start_server(binaries, settings=settings) as standby:
        with primary.connect() as conn:
            conn.execute("SELECT pg_create_physical_replication_slot('standby_slot')")
        stop_server(primary)
        stop_server(standby)
        _copy_data(primary.folder, standby.folder)
        with (standby.folder / "postgresql.auto.conf").open("a") as configuration:
            source = f"host={primary.host} port={primary.port} user={primary.superuser} application_name=''{NAME}''"
            configuration.write(f"primary_conninfo = '{source}'\nprimary_slot_name = 'standby_slot'\n")
        (standby.folder / "standby.signal").touch()
        hand_over(standby.folder / "standby.signal", server_account())
        restart_server(primary)
        restart_server(standby)
        pair = Pair(primary, standby)
        pair.wait_until_streaming()
        yield pair


def _copy_data(source: Path, target: Path) -> None:
    for old in target.iterdir():
        if old.is_dir() and not old.is_symlink():
            shutil.rmtree(old)
        else:
            old.unlink()
    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    shutil.rmtree(target / "pg_replslot" / "standby_slot")  # the primary's own
    account = server_account()
    for path in (target, *target.rglob("*")):
        hand_over(path, account)
