"""A dump is as encrypted as its connection: the server demands TLS, and pg_dump gets no other way."""

from __future__ import annotations

import pytest

import pgops
from pgops.dump import dump_database
from pgops.errors import NoClientProgramError
from pgops.programs import PG_DUMP, find_programs
from pgops.programs.client_program import lacks
from pgops.scratch import start_server
from tests.db.conftest import HBA, PASSWORD, certificates, with_roles  # noqa: F401  a fixture
from tests.servers import MAJORS, binaries_of, lack


def test_a_server_that_demands_tls_gets_it_from_pg_dump_too(certificates, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("HOME", str(tmp_path))  # whoever runs this may have a root.crt
    able = [each for each in find_programs(PG_DUMP) if lacks(each, {"sslmode": "require"}) is None]
    majors = [major for major in MAJORS if binaries_of(major) and any(each.major >= major for each in able)]
    if not majors:
        lack("no pg_dump here has TLS (the package postgresql has one)")
    files = {"server.crt": certificates.certificate.read_text(), "server.key": certificates.key.read_text()}
    with (
        start_server(binaries_of(majors[-1]), settings={"ssl": "on"}, files=files, hba=HBA, tcp=True) as server,
        pgops.connect(
            url=with_roles(server).conninfo(
                "postgres", host="127.0.0.1", user="wants_tls", password=PASSWORD, sslmode="disable"
            ),
            env={},
            on_fallback=lambda fallback: None,
        ) as conn,
    ):
        assert conn.pgconn.ssl_in_use
        made = dump_database(conn, tmp_path / "a.dump", verify=True)
        assert made.manifest.is_verified
        without = tuple(each for each in find_programs(PG_DUMP) if each not in able)
        assert without, "the embedded package's have none"
        monkeypatch.setattr("pgops.programs.finding.find_programs", lambda *_args, **_named: without)
        with pytest.raises(NoClientProgramError, match="built without TLS"):
            dump_database(conn, tmp_path / "b.dump")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.dump", "a.dump.manifest.json"]
