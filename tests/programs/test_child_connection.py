"""A client program connects as our connection did: same server, no less encrypted, no secret in argv."""

from __future__ import annotations

import subprocess
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from pgops.conninfo import Conninfo
from pgops.errors import ClientProgramError, NoClientProgramError
from pgops.programs import PG_DUMP, PSQL, ChildConnection, find_program, started
from pgops.programs.client_program import lacks
from pgops.programs.finding import find_programs, fitting
from tests.db.conftest import PASSWORD, certificates, tls_server  # noqa: F401  fixtures
from tests.scripting.test_psql import PASSWORDS

pytestmark = pytest.mark.xdist_group("passwords")  # one server with TLS


def test_every_password_logs_in_through_pg_dump(tls_server, tmp_path):  # noqa: F811
    program = find_program(PG_DUMP, server=tls_server.major)
    for number, password in enumerate(PASSWORDS.values()):
        with tls_server.connect() as conn:
            conn.execute(sql.SQL("ALTER ROLE wants_none PASSWORD {}").format(password))
        info = tls_server.conninfo(host="127.0.0.1", user="wants_none", password=password, sslmode="disable")
        with psycopg.connect(info) as conn:
            child = ChildConnection.like(conn, application="a 'name' \\ of %s")
        out = tmp_path / f"{number}.sql"
        with started(program, ["--schema-only", f"--file={out}"], child) as running:
            assert password not in "\n".join(map(str, running.process.args))
            assert running.has_ended(30)
        assert running.problem is None, list(running.messages)
        assert "PostgreSQL database dump complete" in out.read_text()


def test_a_connection_with_tls_has_no_plain_one_beside_it(tls_server):  # noqa: F811
    info = tls_server.conninfo(host="127.0.0.1", user="takes_both", password=PASSWORD, sslmode="prefer")
    with psycopg.connect(info) as conn:
        child = ChildConnection.like(conn, application="x")
    assert child.target.sslmode == "require"
    lines = ChildConnection(target=child.target.with_(sslpassword="a\nb"), server_version=180000)
    with pytest.raises(ClientProgramError, match="line break"), lines.environment():
        pass
    embedded = [each for each in find_programs(PSQL) if each.source == "embedded"]
    if embedded:
        assert lacks(embedded[0], child.target.params) == "it is built without TLS"
        with pytest.raises(NoClientProgramError, match="built without TLS"):
            fitting(embedded, name=PSQL, server=14, target=child.target)
    program = find_program(PSQL, server=child.server_major, target=child.target)
    asked = ["-XAtc", "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"]
    with started(program, asked, child, stdout=subprocess.PIPE) as running:
        assert running.stdout.read() == b"t\n"


def test_secrets_but_the_password_go_by_a_file_of_our_own():
    target = Conninfo.parse("host=db user=ann sslkey=/k").with_(password="p w", sslpassword="s=#' x")
    child = ChildConnection(target=target, server_version=170000)
    assert "p w" not in child.argument
    assert "s=#" not in child.argument
    with child.environment() as environment:
        file = Path(environment["PGSERVICEFILE"])
        assert file.read_text() == "[pgops]\nsslpassword=s=#' x\n"
        assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
        assert environment["PGPASSWORD"] == "p w"
    assert not file.parent.exists()


def test_our_own_variables_are_not_handed_on(monkeypatch):
    for name in ("PGHOST", "PGOPTIONS", "PGPASSWORD", "PGSSLMODE", "DB_URL", "PGPASSFILE"):
        monkeypatch.setenv(name, "elsewhere")
    child = ChildConnection(target=Conninfo.parse("host=db"), server_version=170000)
    with child.environment() as environment:
        assert "elsewhere" not in environment.values()
        assert not Path(environment["PGPASSFILE"]).exists()


def test_one_server_of_several_is_chosen(any_server):
    hosts = f"{any_server.host}/nothing,{any_server.host}"
    with psycopg.connect(any_server.conninfo(host=hosts, target_session_attrs="read-write")) as conn:
        child = ChildConnection.like(conn, application="x")
    assert child.target.params["host"] == any_server.host
    assert "target_session_attrs" not in child.target.params
    assert child.to_database("a 'b' c").argument.endswith("dbname='a \\'b\\' c'") or "dbname='a \\'b\\' c'" in (
        child.to_database("a 'b' c").argument
    )
