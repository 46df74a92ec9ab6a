"""What can't be dumped is said in words that help, and leaves nothing: privileges, poolers, programs, names."""

from __future__ import annotations

import psycopg
import pytest

from pgops.dump import dump_database
from pgops.errors import DumpError, NoClientProgramError, PoolerError
from pgops.programs import find_programs
from pgops.scratch import embedded_binaries
from tests.db.poolers import start_pgbouncer
from tests.dump.dumps import leftovers


@pytest.mark.parametrize(
    ("planted", "words"),
    [
        ("CREATE TABLE theirs (a int)", r"permission denied.*pg_read_all_data"),
        ("CREATE SEQUENCE theirs", r"may lack SELECT.*pg_read_all_data"),
        ("GRANT pg_read_all_data TO bare_dumper; SELECT lo_create(77)", r"large object 77.*owner or a superuser"),
    ],
)
def test_a_role_that_may_not_read_all(any_database, tmp_path, planted, words):
    with any_database.connect() as conn:
        conn.execute(f"CREATE ROLE bare_dumper LOGIN; {planted}")
        try:
            conn.execute("SET ROLE bare_dumper")
            with pytest.raises(DumpError, match=words):
                dump_database(conn, tmp_path / "a.dump")
        finally:
            conn.execute("RESET ROLE; DROP OWNED BY bare_dumper; DROP ROLE bare_dumper")
    assert leftovers(tmp_path) == []


def test_a_role_without_room_for_a_second_session(any_database, tmp_path):
    with any_database.connect() as admin:
        admin.execute("CREATE ROLE lone_dumper LOGIN CONNECTION LIMIT 1")
        try:
            with any_database.connect(user="lone_dumper") as conn:
                for verify in (False, True):
                    with pytest.raises(DumpError, match="too many connections for role"):
                        dump_database(conn, tmp_path / "a.dump", verify=verify)
        finally:
            admin.execute("DROP ROLE lone_dumper")
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("verify", [False, True])
def test_behind_a_transaction_pooler_nothing_is_begun(filled, tmp_path, verify):
    """What pg_dump sets would land on sessions of others, who find their tables no more."""
    with (
        start_pgbouncer(filled.server, pool_mode="transaction") as pooler,
        psycopg.connect(pooler.conninfo(filled.name), autocommit=True) as conn,
        pytest.raises(PoolerError, match="transaction pooler"),
    ):
        dump_database(conn, tmp_path / "a.dump", verify=verify)
    assert leftovers(tmp_path) == []


def test_through_a_session_pooler(filled, tmp_path):
    with (
        start_pgbouncer(filled.server, pool_mode="session") as pooler,
        psycopg.connect(pooler.conninfo(filled.name), autocommit=True) as conn,
    ):
        assert dump_database(conn, tmp_path / "a.dump").manifest.database == filled.name


def test_a_pg_dump_older_than_the_server_is_refused_with_both_versions(filled, tmp_path, monkeypatch):
    from pgops.programs import finding

    old = [each for each in find_programs("pg_dump") if each.major < 18]
    assert old, "the embedded package has one of 16"
    monkeypatch.setattr(finding, "find_programs", lambda *_args, **_named: tuple(old))
    versions = r"PostgreSQL 18 .*16\.\d+.*older than the server, 18"
    with filled.connect() as conn, pytest.raises(NoClientProgramError, match=versions):
        dump_database(conn, tmp_path / "a.dump")
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("chosen", [{"tables": [("public", "shop"), ("public", "nope")]}, {"schemas": ["nope"]}])
def test_a_name_that_nothing_has(filled, tmp_path, chosen):
    with filled.connect() as conn, pytest.raises(DumpError, match="no matching"):
        dump_database(conn, tmp_path / "a.dump", verify=True, **chosen)
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"jobs": 2, "format": "custom"}, "only the directory format"),
        ({"compression": "rar"}, "no compression 'rar'"),
        ({"compression": "gzip:10"}, "gzip has no level '10'.*from 1 to 9"),
        ({"compression": "zstd:"}, "zstd has no level ''"),
        ({"compression": "none:3"}, "none has no level"),
        ({"format": "tar"}, "no format 'tar'.*plain, custom, directory"),
        ({"content": "rows"}, "no content 'rows'"),
        ({"jobs": 0}, "0 jobs"),
        ({"file": "n" * 245}, "name too long.*shorter"),
        ({"file": "no/such/folder/a.dump"}, "there is no folder"),
    ],
)
def test_what_can_not_be_is_refused(filled, tmp_path, wanted, words):
    wanted = {"file": "a.dump", **wanted}
    with filled.connect() as conn, pytest.raises(DumpError, match=words):
        dump_database(conn, tmp_path / wanted.pop("file"), **wanted)
    assert leftovers(tmp_path) == []


def test_a_compression_that_the_pg_dump_was_not_built_with(filled, tmp_path):
    """The embedded package's is built with neither lz4 nor zstd."""
    folder = embedded_binaries(18).bindir
    with filled.connect() as conn, pytest.raises(NoClientProgramError, match="can't compress that way"):
        dump_database(conn, tmp_path / "a.dump", compression="zstd:3", bin_path=folder)
    assert leftovers(tmp_path) == []


def test_nothing_to_verify_in_a_schema(filled, tmp_path):
    with filled.connect() as conn, pytest.raises(DumpError, match="no rows to verify"):
        dump_database(conn, tmp_path / "a.dump", content="schema", verify=True)
