"""`pgops dump`: what a person types and gets; a dump that Ctrl-C ends leaves nothing."""

from __future__ import annotations

import signal
import time

import pytest

from pgops.dump import read_manifest
from tests.dump.conftest import HOSTILE_SCHEMA, HOSTILE_TABLE, fill


@pytest.fixture
def shop(pgops_here, any_database):
    fill(any_database)
    return pgops_here


def test_a_dump_and_what_is_said_of_it(shop):
    ended = shop("dump", "a.dump", "--verify", "--json")
    assert ended.code == 0, ended.err
    assert ended.json["schema"] == "pgops.dump/1"
    assert ended.json["path"] == "a.dump"
    assert {table["name"]: table["rows"] for table in ended.json["manifest"]["tables"]} == {
        "shop": 5000,
        HOSTILE_TABLE: 100,
    }
    assert read_manifest(shop.cwd / "a.dump").is_verified
    shown = shop("dump", "a.sql", "--content", "schema")
    assert shown.code == 0
    assert "pg_dump" in shown.out
    assert "Dumping postgresql://" in shown.err


@pytest.mark.parametrize(
    ("args", "beginning", "suffix"),
    [
        ([], "dump_database_", ".dump"),
        (["--content", "schema"], "schema_database_", ".dump"),
        (["--content", "data", "--jobs", "2"], "data_database_", ".dir"),
    ],
)
def test_the_name_unless_one_is_given(shop, args, beginning, suffix):
    assert shop("dump", *args).code == 0
    (made,) = [each.name for each in shop.cwd.iterdir() if not each.name.endswith(".json")]
    assert made.startswith(beginning)
    assert made.endswith(suffix)


def test_tables_and_schemas_by_name(shop):
    assert shop("dump", "a.sql", "--table", "public.shop", "--schema", HOSTILE_SCHEMA).code == 0
    assert shop("dump", "b.sql", "--table", "shop").code == 2
    quoted = ".".join('"' + name.replace('"', '""') + '"' for name in (HOSTILE_SCHEMA, HOSTILE_TABLE))
    assert shop("dump", "c.sql", "--table", quoted).code == 0, "a schema with a dot in its name"


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["there.dump"], 3, "is there already"),
        (["no/folder/a.dump"], 3, "there is no folder"),
        (["a.dump", "--jobs", "2", "--format", "custom"], 2, "only the directory format"),
        (["a.sql", "--jobs", "2"], 2, "only the directory format"),
        (["a.dump", "--compression", "rar"], 2, "one of none, gzip"),
        (["a.dump", "--compression", "gzip:99"], 2, "from 1 to 9"),
        (["-"], 2, "one that is called - is ./-"),
        (["a.dump", "--content", "rows"], 2, "rows"),
    ],
)
def test_what_does_not_go(shop, args, code, words):
    (shop.cwd / "there.dump").write_text("precious")
    ended = shop("dump", *args)
    assert (ended.code, ended.out) == (code, "")
    assert words in ended.err
    assert [each.name for each in shop.cwd.iterdir()] == ["there.dump"]


def test_a_warning_of_pg_dump_is_told(shop, any_database):
    with any_database.connect() as conn:
        conn.execute("CREATE TABLE folder (id int PRIMARY KEY, parent int REFERENCES folder)")
    ended = shop("dump", "a.dump", "--content", "data", "--json")
    (warning,) = ended.json["warnings"]
    assert "circular foreign-key constraints" in warning
    assert f"warning: {warning}" in " ".join(ended.err.split())


@pytest.mark.parametrize(("sent", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_ends_it_and_leaves_nothing(shop, any_database, sent, code):
    with any_database.connect() as conn:
        conn.execute(
            "INSERT INTO shop SELECT g, 1, now(), repeat(md5(g::text), 60) FROM generate_series(9999, 80000) g"
        )
        with shop.started("dump", "a.dump", "--compression", "gzip:9", "--verify") as running:
            query = "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'pgops dump %' AND query LIKE 'COPY%'"
            until = time.monotonic() + 30
            while conn.execute(query).fetchone() is None:
                assert time.monotonic() < until
                time.sleep(0.02)
            running.send_signal(signal.Signals[sent])
            out, err = running.communicate(timeout=30)
        assert running.returncode == code, err
        assert out == b""
        assert list(shop.cwd.iterdir()) == []
        still = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pgops %' AND state = 'active'"
        until = time.monotonic() + 10
        while conn.execute(still).fetchone() != (0,):
            assert time.monotonic() < until, "what ran on the server was cancelled"
            time.sleep(0.02)
