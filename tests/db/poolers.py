"""A real pgbouncer before a throwaway server, for one `with` block."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
from psycopg.conninfo import make_conninfo

from pgops.scratch import ScratchServer
from pgops.scratch.account import hand_over, run_as, server_account
from tests.servers import lack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.db.conftest import Certificates


@attrs.frozen(kw_only=True)
class Pooler:
    """A running pgbouncer: connections go on as the server's superuser, whoever asks."""

    server: ScratchServer
    port: int
    log: Path

    def conninfo(self, dbname: str = "postgres", **parameters: object) -> str:
        base = {"host": "127.0.0.1", "port": self.port, "user": "postgres", "dbname": dbname}
        return make_conninfo("", **{**base, **parameters})


def find_pgbouncer() -> str:
    found = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")
    if found is None:
        lack("pgbouncer is missing")
    return str(found)


@contextmanager
def start_pgbouncer(
    server: ScratchServer, *, certificates: Certificates | None = None, **settings: str
) -> Iterator[Pooler]:
    program, account = find_pgbouncer(), server_account()
    folder = Path(tempfile.mkdtemp(prefix="pgb-"))
    try:
        port = _free_port()
        lines = {
            "listen_addr": "127.0.0.1",
            "listen_port": str(port),
            "unix_socket_dir": "",
            "auth_type": "any",
            "pool_mode": "transaction",
            "logfile": str(folder / "log"),
            **settings,
        }
        if certificates is not None:
            for name, source in (("client_tls_cert_file", "certificate"), ("client_tls_key_file", "key")):
                lines[name] = str(shutil.copy(getattr(certificates, source), folder))
        target = f"* = host={server.host} port={server.port} user={server.superuser}"
        file = folder / "pgbouncer.ini"
        body = "\n".join(f"{name} = {value}" for name, value in lines.items())
        file.write_text(f"[databases]\n{target}\n[pgbouncer]\n{body}\n")
        for path in (folder, *folder.iterdir()):
            hand_over(path, account)
        running = subprocess.Popen([program, "-q", str(file)], cwd="/", stderr=subprocess.DEVNULL, **run_as(account))
        try:
            pooler = Pooler(server=server, port=port, log=folder / "log")
            _wait(pooler, running)
            yield pooler
        finally:
            running.terminate()
            running.wait(10)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(pooler: Pooler, running: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        with suppress(OSError), socket.create_connection(("127.0.0.1", pooler.port), timeout=1):
            return
        if running.poll() is not None:
            break
        time.sleep(0.05)
    log = pooler.log.read_text() if pooler.log.exists() else "no log"
    raise AssertionError(f"pgbouncer does not run: {log}")


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def count_in_log(log: Path, words: str) -> int:
    """How often a server's or pooler's log says `words`."""
    return log.read_text(errors="replace").count(words)
