"""Servers for connecting: with TLS and without, roles that pg_hba.conf treats differently, and pgbouncer before one."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest
from psycopg import sql

from pgops.errors import ScratchError
from pgops.scratch import start_server
from tests.db.poolers import start_pgbouncer
from tests.servers import MAJORS, binaries_of, lack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.scratch import ScratchServer
    from tests.db.poolers import Pooler

PASSWORD = "s3cr3t/@:%?#'\\ hunter2"

# A role for each thing that a server may say.
HBA = """\
local      all  all                        trust
hostssl    all  wants_tls    127.0.0.1/32  scram-sha-256
hostnossl  all  rejected     127.0.0.1/32  reject
hostssl    all  rejected     127.0.0.1/32  scram-sha-256
hostnossl  all  wants_none   127.0.0.1/32  scram-sha-256
host       all  takes_both   127.0.0.1/32  scram-sha-256
"""
ROLES = ("wants_tls", "rejected", "wants_none", "takes_both")


@attrs.frozen
class Certificates:
    """An authority of our own, a certificate for localhost that it signed, and an authority that signed nothing."""

    authority: Path
    stranger: Path
    certificate: Path
    key: Path


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    openssl = shutil.which("openssl")
    if openssl is None:
        lack("there is no openssl program to make certificates with")
    folder = tmp_path_factory.mktemp("certificates")

    def run(*arguments: str) -> None:
        subprocess.run([str(openssl), *arguments], cwd=folder, check=True, capture_output=True)

    request = ("req", "-newkey", "rsa:2048", "-nodes", "-keyout")
    for name in ("authority", "stranger"):
        run(*request, f"{name}.key", "-x509", "-out", f"{name}.crt", "-days", "2", "-subj", f"/CN={name}")
    run(*request, "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    signing = ("-CA", "authority.crt", "-CAkey", "authority.key", "-CAcreateserial", "-extfile", "names")
    run("x509", "-req", "-in", "server.csr", *signing, "-days", "2", "-out", "server.crt")
    return Certificates(*(folder / name for name in ("authority.crt", "stranger.crt", "server.crt", "server.key")))


def with_roles(server: ScratchServer) -> ScratchServer:
    with server.connect() as conn:
        for role in ROLES:
            conn.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), PASSWORD))
        conn.execute("CREATE TABLE notes (text text)")
        conn.execute(f"GRANT ALL ON notes TO {', '.join(ROLES)}")
    return server


@pytest.fixture(scope="session")
def tls_server(certificates: Certificates) -> Iterator[ScratchServer]:
    """A server with TLS, on a port; its roles are named by what pg_hba.conf has them do."""
    files = {"server.crt": certificates.certificate.read_text(), "server.key": certificates.key.read_text()}
    settings = {"ssl": "on", "log_connections": "on", "password_encryption": "scram-sha-256"}
    with ExitStack() as stopping:
        for major in reversed(MAJORS):
            binaries = binaries_of(major)
            if binaries is None:
                continue
            try:
                server = start_server(binaries, settings=settings, files=files, hba=HBA, tcp=True)
                yield with_roles(stopping.enter_context(server))
                return
            except ScratchError as error:
                if "SSL is not supported by this build" not in str(error):
                    raise
        lack("no server here was built with TLS")


@pytest.fixture(scope="session")
def plain_server(any_server: ScratchServer) -> Iterator[ScratchServer]:
    """The same without TLS."""
    hba = "\n".join(line for line in HBA.splitlines() if not line.startswith("hostssl")) + "\n"
    settings = {"log_connections": "on", "password_encryption": "scram-sha-256"}
    with start_server(any_server.binaries, settings=settings, hba=hba, tcp=True) as server:
        yield with_roles(server)


@pytest.fixture(scope="session")
def pgbouncer(any_server: ScratchServer) -> Iterator[Pooler]:
    """pgbouncer in transaction pooling, as it is set by default: it refuses startup options."""
    with start_pgbouncer(any_server) as pooler:
        yield pooler


@pytest.fixture(scope="session")
def swallowing_pgbouncer(any_server: ScratchServer) -> Iterator[Pooler]:
    """pgbouncer told to accept startup options and to ignore them."""
    with start_pgbouncer(any_server, ignore_startup_parameters="options") as pooler:
        yield pooler


@pytest.fixture(scope="session")
def tls_pgbouncer(any_server: ScratchServer, certificates: Certificates) -> Iterator[Pooler]:
    """pgbouncer that takes only TLS."""
    with start_pgbouncer(any_server, certificates=certificates, client_tls_sslmode="require") as pooler:
        yield pooler
