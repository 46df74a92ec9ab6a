"""URLs and keyword strings with all that libpq takes, on real servers: by the call, by DB_URL, and in a profile."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from psycopg import sql

import pgops
from pgops.conninfo import Conninfo
from pgops.errors import ConnectError
from pgops.scratch import start_server
from tests.db.standby import start_standby

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.scratch import ScratchServer

NAME = 'o\'Brien & Söhne/100% {x}?#[a]@b:c \\ "q"'  # 44 bytes
PASSWORD = "p @:/?#%[]=&'\\ \"é+ 100%"
HBA = "local all postgres trust\nlocal all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n"


@pytest.fixture(scope="module")
def tcp_server(any_server) -> Iterator[ScratchServer]:
    """A server on 127.0.0.1 and on a socket, with a role and a database that need every kind of quoting."""
    with start_server(
        any_server.binaries, settings={"password_encryption": "scram-sha-256"}, hba=HBA, tcp=True
    ) as server:
        with server.connect() as conn:
            name = sql.Identifier(NAME)
            conn.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(name, PASSWORD))
            conn.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, name))
        yield server


@pytest.fixture(scope="module")
def ipv6(tcp_server) -> Iterator[int]:
    """A port of ::1 that leads to the server."""
    with closing(socket.socket(socket.AF_INET6)) as listening:
        try:
            listening.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
        listening.listen()

        def forward(source: socket.socket, target: socket.socket) -> None:
            try:
                while part := source.recv(65536):
                    target.sendall(part)
                target.shutdown(socket.SHUT_WR)
            except OSError:
                pass

        def serve() -> None:
            while True:
                try:
                    near, _ = listening.accept()
                except OSError:
                    return
                far = socket.create_connection(("127.0.0.1", tcp_server.port))
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=forward, args=pair, daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def keyword(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


LOGIN = f"{quote(NAME, safe='')}:{quote(PASSWORD, safe='')}"
DATABASE = quote(NAME, safe="")
KEYWORDS = f"user={keyword(NAME)} password={keyword(PASSWORD)} dbname={keyword(NAME)}"

# {host} is the socket's folder, {encoded} the same for a URL, {port} the port, {port6} the one of ::1
TABLE = {
    "host and port": f"postgresql://{LOGIN}@127.0.0.1:{{port}}/{DATABASE}",
    "short scheme": f"postgres://{LOGIN}@127.0.0.1:{{port}}/{DATABASE}",
    "a name for the host": f"postgresql://{LOGIN}@localhost:{{port}}/{DATABASE}",
    "login as parameters": (
        f"postgresql://127.0.0.1:{{port}}/?user={quote(NAME, safe='')}&password={quote(PASSWORD, safe='')}"
        f"&dbname={DATABASE}"
    ),
    "socket as the host": f"postgresql://{LOGIN}@{{encoded}}:{{port}}/{DATABASE}",
    "socket as a parameter": f"postgresql://{LOGIN}@/{DATABASE}?host={{host}}&port={{port}}",
    "socket as a parameter, encoded": f"postgresql://{LOGIN}@:{{port}}/{DATABASE}?host={{encoded}}",
    "IPv6": f"postgresql://{LOGIN}@[::1]:{{port6}}/{DATABASE}",
    "IPv6 as keywords": f"host=::1 port={{port6}} {KEYWORDS}",
    "address beside the name": f"postgresql://{LOGIN}@db.invalid:{{port}}/{DATABASE}?hostaddr=127.0.0.1",
    "several hosts, the second answers": f"postgresql://{LOGIN}@127.0.0.1:1,127.0.0.1:{{port}}/{DATABASE}",
    "several hosts, of every kind": f"postgresql://{LOGIN}@[::1]:1,%2Fnowhere:1,127.0.0.1:{{port}}/{DATABASE}",
    "several hosts, one port": f"host=/nowhere,{{host}} port={{port}} {KEYWORDS}",
    "several hosts, in any order": (
        f"postgresql://{LOGIN}@127.0.0.1:1,127.0.0.1:{{port}}/{DATABASE}?load_balance_hosts=random"
    ),
    **{
        f"target_session_attrs={attributes}": (
            f"postgresql://{LOGIN}@127.0.0.1:1,127.0.0.1:{{port}}/{DATABASE}?target_session_attrs={attributes}"
        )
        for attributes in ("any", "read-write", "read-only", "primary", "prefer-standby")
    },
    "keywords": f"host=127.0.0.1 port={{port}} {KEYWORDS}",
    "keywords, spaced out": f"  host = 127.0.0.1\n  port = {{port}}\t{KEYWORDS}  ",
    "keywords, a socket": f"host={{host}} port={{port}} {KEYWORDS}",
    "require_auth": f"postgresql://{LOGIN}@127.0.0.1:{{port}}/{DATABASE}?require_auth=scram-sha-256",
}


def ways(url: str, project):
    """The three ways to say it: the call, DB_URL, a profile's url."""
    project.write(f"[database.local]\nurl = {json.dumps(url)}\n")
    return {
        "call": {"url": url, "env": {}},
        "DB_URL": {"env": {"DB_URL": url}},
        "profile": {"config": project.file, "env": {}},
    }


@pytest.mark.parametrize("by", ["call", "DB_URL", "profile"])
@pytest.mark.parametrize("template", TABLE.values(), ids=TABLE)
def test_it_connects(project, tcp_server, request, template, by):
    port6 = request.getfixturevalue("ipv6") if "{port6}" in template else 0
    encoded = quote(tcp_server.host, safe="")
    url = template
    for name, value in {"host": tcp_server.host, "encoded": encoded, "port": tcp_server.port, "port6": port6}.items():
        url = url.replace(f"{{{name}}}", str(value))
    with pgops.connect(**ways(url, project)[by]) as conn:
        found = conn.execute("SELECT current_user, current_database(), current_setting('transaction_read_only')")
        assert found.fetchone() == (NAME, NAME, "on")
    shown = pgops.resolve(**ways(url, project)[by])
    assert PASSWORD not in f"{shown} {shown!r} {shown.display}"
    assert quote(PASSWORD, safe="") not in shown.display


@pytest.mark.parametrize("by", ["call", "DB_URL", "profile"])
def test_options_are_kept_beside_ours(project, tcp_server, by):
    options = quote(r'-c search_path="a\ b",public --work-mem=5MB -c statement_timeout=7s', safe="")
    url = f"postgresql://{LOGIN}@127.0.0.1:{tcp_server.port}/{DATABASE}?options={options}"
    with pgops.connect(**ways(url, project)[by]) as conn:
        names = ("search_path", "work_mem", "statement_timeout", "default_transaction_read_only")
        found = [conn.execute("SELECT current_setting(%s)", (name,)).fetchone()[0] for name in names]
    assert found == ['"a b",public', "5MB", "7s", "on"]


@pytest.mark.parametrize("by", ["call", "DB_URL", "profile"])
def test_a_service(project, tcp_server, monkeypatch, by):
    """libpq's own file says the rest; what is beside the service's name wins over it."""
    file = project.root / "pg_service.conf"
    file.write_text(
        f"[shop]\nhost=127.0.0.1\nport={tcp_server.port}\nuser={NAME}\ndbname=postgres\npassword={PASSWORD}\n"
        "application_name=by service\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PGSERVICEFILE", str(file))
    for url in (f"service=shop dbname={keyword(NAME)}", f"postgresql:///{DATABASE}?service=shop"):
        with pgops.connect(**ways(url, project)[by]) as conn:
            assert conn.execute("SELECT current_user, current_database()").fetchone() == (NAME, NAME)
    with pytest.raises(ConnectError, match="shopp"):
        pgops.connect(**ways("service=shopp", project)[by])


def test_a_service_in_a_profile_with_a_password_from_elsewhere(project, tcp_server, monkeypatch):
    file = project.root / "pg_service.conf"
    file.write_text(f"[shop]\nhost={tcp_server.host}\nport={tcp_server.port}\nuser={NAME}\ndbname=postgres\n")
    monkeypatch.setenv("PGSERVICEFILE", str(file))
    project.write('[database.local]\nurl = "service=shop"\npassword_env = "SHOP"\n')
    with pgops.connect(config=project.file, env={"SHOP": PASSWORD}) as conn:
        assert conn.execute("SELECT current_user").fetchone() == (NAME,)


@pytest.fixture(scope="module")
def pair(any_server) -> Iterator[str]:
    """A primary and a standby, the standby named first: everything of a keyword string but target_session_attrs."""
    with start_server(any_server.binaries) as primary, start_standby(primary) as conninfo:
        found = [Conninfo.parse(conninfo), Conninfo.parse(primary.conninfo())]
        hosts, ports = (",".join(each.params[name] for each in found) for name in ("host", "port"))
        yield f"host={hosts} port={ports} user=postgres dbname=postgres"  # trusted on their sockets


MEANT = {"any": True, "read-write": False, "primary": False, "read-only": True, "standby": True, "prefer-standby": True}


@pytest.mark.parametrize("read_only", [True, False])
@pytest.mark.parametrize(("attributes", "is_standby"), MEANT.items())
def test_the_host_that_is_meant_whether_our_session_is_read_only_or_not(pair, attributes, is_standby, read_only):
    """To libpq a session of ours is read-only wherever it is: `read-write` would find no host at all."""
    with pgops.connect(url=f"{pair} target_session_attrs={attributes}", env={}, read_only=read_only) as conn:
        assert conn.execute("SELECT pg_is_in_recovery()").fetchone() == (is_standby,)
