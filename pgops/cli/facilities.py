"""What SQL can't see, and the command line can look at: the pooler, disks, backups, the project's own folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from pgops.cli.options import sealed
from pgops.errors import BackupToolError, ConnectError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pgops.backups.model import Repository
    from pgops.config.model import Config
    from pgops.secret import Secret

    Command = TypeVar("Command", bound=Callable[..., Any])

TOOLS = ("pgbackrest", "barman", "wal-g", "folder")


def facility_options(command: Command) -> Command:
    """`--pgbouncer`, `--disk`, `--backups` and `--wal-segsize`."""
    pooler = click.option(
        "--pgbouncer",
        metavar="URL",
        callback=sealed,
        help="Look at this pgbouncer too: the URL of its admin console.",
    )
    disks = click.option("--disk", "disks", multiple=True, metavar="PATH", help="Look at the file system of PATH too.")
    backups = click.option(
        "--backups",
        multiple=True,
        metavar="TOOL:NAME",
        help="Look at backups too: pgbackrest:STANZA, barman:SERVER, wal-g:NAME or folder:PATH[,wal=PATH].",
    )
    size = click.option(
        "--wal-segsize",
        type=click.Choice([str(2**power) for power in range(11)]),
        default="16",
        show_default=True,
        metavar="MB",
        help="With --backups: the size of a WAL file, where initdb was given another.",
    )
    return pooler(disks(backups(size(command))))


def look_at(
    config: Config | None,
    *,
    pgbouncer: Secret | None,
    disks: Sequence[str],
    backups: Sequence[str],
    wal_segsize: str,
) -> dict[str, Any]:
    """The facilities, as `run_checks` takes them.

    Raises `click.BadParameter` for one that is written wrongly, and what the readers raise.
    """
    facilities: dict[str, Any] = {}
    wanted = [_tool_and_name(text) for text in backups]
    segment_bytes = int(wal_segsize) * 1024**2
    if config is not None:
        from pgops.config.project_facility import project_folder

        facilities["project"] = project_folder(config)
    if pgbouncer is not None:
        facilities["pgbouncer"] = _pooler(pgbouncer)
    if disks:
        facilities["disk"] = [_mount(path) for path in disks]
    if wanted:
        facilities["backups"] = [each for tool, name in wanted for each in _repositories(tool, name, segment_bytes)]
    return facilities


def _tool_and_name(text: str) -> tuple[str, str]:
    tool, _, name = text.partition(":")
    if tool not in TOOLS or not (name or tool == "pgbackrest"):
        raise click.BadParameter(f"{text!r} is not TOOL:NAME with one of {', '.join(TOOLS)}.", param_hint="--backups")
    return tool, name


def _repositories(tool: str, name: str, segment_bytes: int) -> Sequence[Repository]:
    """What a tool says; where it says nothing, that: the rest of the run needs no backup tool."""
    from datetime import UTC, datetime

    from pgops import backups

    try:
        if tool == "pgbackrest":
            return backups.read_pgbackrest(name or None, segment_bytes=segment_bytes)
        if tool == "barman":
            return [backups.read_barman(name)]
        if tool == "wal-g":
            return [backups.read_walg(name)]
        folder, _, wal = name.partition(",wal=")
        return [backups.read_folder(folder, wal=wal or None, segment_bytes=segment_bytes)]
    except BackupToolError as error:
        why = error.what.rstrip(".")
        return [backups.Repository(tool=tool, server=name, read_at=datetime.now(UTC), unread=why)]


def _mount(path: str) -> object:
    from pgops.checks.storage.disk_free import Mount

    try:
        return Mount.of(path)
    except OSError as error:
        raise click.BadParameter(f"{path}: {error.strerror}.", param_hint="--disk") from None


def _pooler(url: Secret) -> object:
    import psycopg

    from pgops.db.pooler_console import read_pooler

    try:
        return read_pooler(url.reveal())
    except psycopg.Error as error:
        words = str(error).strip().splitlines()
        raise ConnectError(
            f"The console of pgbouncer can't be read: {words[0] if words else type(error).__name__}.",
            cure="Its user has to be in stats_users or admin_users, and the database is called pgbouncer.",
        ) from None
