"""A PostgreSQL server for one `with` block: its own folder, a private socket, and nothing left of it afterwards.

It is as fast as a server can be that need not survive a power failure, and otherwise set as PostgreSQL's defaults are.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from pgops.errors import ScratchError
from pgops.scratch.account import hand_over, reachable_bindir, server_account
from pgops.scratch.binaries import Binaries
from pgops.scratch.postmaster import Guard, Postmaster
from pgops.scratch.programs import ServerPrograms
from pgops.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import psycopg

    from pgops.scratch.postmaster import StopMode

LOOPBACK = "127.0.0.1"
SOCKET_ONLY_PORT = 5432
"""Any number serves: it is part of the socket's name, and the socket's folder is private."""

DEFAULTS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}

HBA = f"""\
local  all          all                 trust
local  replication  all                 trust
host   all          all  {LOOPBACK}/32  scram-sha-256
host   replication  all  {LOOPBACK}/32  scram-sha-256
"""
"""The socket's folder admits only its owner (and root), so it needs no password; a port is open to every local user."""

_LONGEST_FOLDER = 60  # we add 32 bytes, and the path of a socket has room for 103 on macOS, 107 on Linux
_TAKEN_PORT = "Address already in use"
_SESSION_ARGUMENTS = {"autocommit", "row_factory", "cursor_factory", "prepare_threshold", "context"}


@attrs.frozen(kw_only=True)
class ScratchServer:
    """A running throwaway server: where it is and how to connect. `start_server` makes it.

    `host` is the folder of its socket, `folder` its data directory, `log` its log file.
    """

    binaries: Binaries
    host: str
    port: int
    superuser: str
    password: Secret
    folder: Path
    log: Path
    _postmaster: Postmaster = attrs.field(alias="postmaster", repr=False, eq=False)

    @property
    def major(self) -> int:
        """The major version, 14 to 18 and later."""
        return self.binaries.major

    @property
    def bindir(self) -> Path:
        """The folder of the installation's programs."""
        return self.binaries.bindir

    @property
    def pid(self) -> int | None:
        """The process id of the postmaster, or None while it is stopped."""
        return self._postmaster.pid

    def conninfo(self, dbname: str = "postgres", **parameters: Any) -> str:
        """A connection string for `dbname`, which may be any name, with further libpq parameters.

        It goes to the socket as the superuser. With `host="127.0.0.1"`, on a server started with `tcp=True`, it holds
        the superuser's password unless you give another user or password.
        """
        from psycopg.conninfo import make_conninfo  # noqa: PLC0415  psycopg is heavy, this module is not

        merged = {"host": self.host, "port": self.port, "user": self.superuser, "dbname": dbname, **parameters}
        if merged["host"] != self.host and merged["user"] == self.superuser:
            merged.setdefault("password", self.password.reveal())
        return make_conninfo("", **merged)

    def connect(self, dbname: str = "postgres", **arguments: Any) -> psycopg.Connection[Any]:
        """A connection to `dbname`, autocommit unless you say otherwise; arguments of libpq and of psycopg."""
        import psycopg  # noqa: PLC0415  psycopg is heavy, this module is not

        session = {name: arguments.pop(name) for name in _SESSION_ARGUMENTS & arguments.keys()}
        return psycopg.connect(self.conninfo(dbname, **arguments), **{"autocommit": True, **session})


@contextmanager
def start_server(
    binaries: Binaries,
    *,
    settings: Mapping[str, str] | None = None,
    hba: str | None = None,
    files: Mapping[str, str] | None = None,
    tcp: bool = False,
    folder: Path | str | None = None,
    superuser: str = "postgres",
    initdb_options: Sequence[str] = (),
    timeout_s: float = 60,
) -> Iterator[ScratchServer]:
    """Make and start a server, and stop and remove it at the end of the block, or of this process, however that comes.

    `settings` are lines of postgresql.conf, `hba` replaces pg_hba.conf, `files` are further files in the data folder,
    readable by the server alone (`server.key`, say). It listens on a socket in a private folder, with `tcp` on a free
    port of 127.0.0.1 too. Encoding is UTF8 and the locale C unless `initdb_options` say otherwise.

    The data live in a temporary folder, or in `folder`: it must be empty or not exist, be where the server's account
    can reach it (that is `nobody` if we are root), and is removed too.

    Raises `ScratchError`, with the end of the server's log, when the server can't be made or is not ready in
    `timeout_s` seconds.
    """
    if os.name != "posix":
        raise ScratchError(
            "Throwaway servers run on Linux and macOS only.", cure="Use a server that you start yourself."
        )
    if re.search(r"""["$'\\]""", superuser):  # the owner of an extension, plpgsql, may have none of these
        raise ScratchError(f"initdb can't make the superuser {superuser!r}.", cure="Leave out quotes, $ and \\.")
    account = server_account()
    configuration = _configuration({**DEFAULTS, **(settings or {})})
    with ExitStack() as cleaning:
        home = Path(tempfile.mkdtemp(prefix="pgops-", dir=_short_folder()))
        cleaning.callback(shutil.rmtree, home, ignore_errors=True)  # for the moment before there is a guard
        data = _own_folder(folder if folder is not None else home / "data")
        guard = Guard([home, data])
        cleaning.callback(guard.close)

        # The home stays ours, so that we never write, as root, where the server's account could have put a link.
        home.chmod(0o711 if account is not None else 0o700)
        sockets = home / "s"
        sockets.mkdir(mode=0o700)
        log_path = home / "server.log"
        log_path.touch(mode=0o600)
        log = cleaning.enter_context(log_path.open("a+b"))
        hand_over(sockets, account)
        hand_over(data, account)
        programs = ServerPrograms(
            bindir=reachable_bindir(binaries.bindir, account, home / "programs"), account=account, timeout_s=timeout_s
        )
        password = Secret(secrets.token_urlsafe(24))
        password_file = home / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(password.reveal() + "\n")
        hand_over(password_file, account)
        programs.initdb(
            data, superuser=superuser, password=password, password_file=password_file, options=initdb_options
        )
        password_file.unlink()
        programs.write(data / "postgresql.conf", configuration, append=True)
        programs.write(data / "pg_hba.conf", HBA if hba is None else hba)
        for name, text in (files or {}).items():
            if Path(name).name != name:
                raise ScratchError(f"{name!r} is no file name: files go directly into the data folder.")
            programs.write(data / name, text)

        attempts_left = 5
        while True:
            attempts_left -= 1
            port = _free_port() if tcp else SOCKET_ONLY_PORT
            place = ["-p", str(port), "-k", f'"{sockets}"', "-c", f"listen_addresses={LOOPBACK if tcp else ''}"]
            postmaster = Postmaster(programs, place, data=data, log=log, guard=guard)
            cleaning.callback(postmaster.stop, "immediate", timeout_s=10)
            try:
                postmaster.start()
                break
            except ScratchError as error:  # another process took the port between our asking and the server's start
                if not (tcp and attempts_left and _TAKEN_PORT in str(error)):
                    raise
        yield ScratchServer(
            binaries=binaries,
            host=str(sockets),
            port=port,
            superuser=superuser,
            password=password,
            folder=data,
            log=log_path,
            postmaster=postmaster,
        )


def stop_server(server: ScratchServer, *, mode: StopMode = "fast", timeout_s: float = 60) -> None:
    """Stop it and keep its data, as `pg_ctl stop -m mode`; nothing happens if it is stopped already.

    Raises `ScratchError` if it has not stopped in `timeout_s` seconds, and leaves it stopping: `smart` waits for the
    sessions. An `immediate` stop kills it then instead.
    """
    server._postmaster.stop(mode, timeout_s=timeout_s)


def restart_server(server: ScratchServer, *, mode: StopMode = "fast") -> None:
    """Stop it in `mode` if it runs, and start it again on the same data, socket and port."""
    server._postmaster.stop(mode)
    server._postmaster.start()


def _configuration(settings: Mapping[str, str]) -> str:
    r"""The lines of postgresql.conf for `settings`.

    >>> print(_configuration({"search_path": "a'b\\c"}), end="")
    search_path = 'a''b\\c'
    """
    for name, value in settings.items():
        if name.lower() in {"port", "listen_addresses", "unix_socket_directories"}:
            raise ScratchError(f"The setting {name} belongs to start_server.", cure="Use its argument tcp.")
        if not re.fullmatch(r"[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*)?", name) or re.search(r"[\n\r\0]", value):
            raise ScratchError(f"{name!r} = {value!r} can't stand in postgresql.conf.")
    quoted = {name: value.replace("\\", "\\\\").replace("'", "''") for name, value in settings.items()}
    return "".join(f"{name} = '{value}'\n" for name, value in quoted.items())


def _own_folder(folder: Path | str) -> Path:
    """The folder that the caller named, made if need be; refused if anything is in it."""
    path = Path(folder).resolve()  # of a link, the folder itself is removed
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        if any(path.iterdir()):
            raise ScratchError(f"{path} is not empty.", cure="Name a folder that is empty or does not exist.")
    except OSError as error:
        raise ScratchError(f"{path} can't be the folder of a throwaway server: {error.strerror}.") from error
    return path


def _short_folder() -> str:
    """The folder for temporary files; /tmp where that is too long for a socket, or libpq would split its name."""
    usual = tempfile.gettempdir()
    return "/tmp" if len(os.fsencode(usual)) > _LONGEST_FOLDER or re.search(r'[,"\']', usual) else usual  # noqa: S108


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind((LOOPBACK, 0))
        return int(asked.getsockname()[1])
