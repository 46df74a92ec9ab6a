"""`pgops restore`: look at a dump, restore it with consent, and what the exit code says."""

import datetime as dt

import attrs
import pytest

from pgops.dump.counting.running import count_tables, exported_snapshot
from pgops.dump.manifest import Manifest, file_facts
from tests.dump.dumps import dumped, plant


@pytest.fixture
def shop(any_database, tmp_path):
    plant(any_database, "CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 10)")
    dump = dumped(any_database, tmp_path / "shop.dump", "custom")
    with any_database.connect() as conn:
        conn.execute("DROP TABLE t")
    return dump


def test_looking_at_a_dump(pgops_nowhere, shop):
    listed = pgops_nowhere("restore", str(shop), "--list", "--json")
    assert (listed.code, listed.json["schema"], listed.json["format"]) == (0, "pgops.contents/1", "custom")
    assert {"kind": "TABLE", "schema": "public", "name": "t", "owner": "postgres"} in listed.json["entries"]
    assert "TABLE DATA" in pgops_nowhere("restore", str(shop), "--list").out
    whole = pgops_nowhere("restore", str(shop), "--check", "--json")
    assert (whole.code, whole.json["schema"], whole.json["damaged"]) == (0, "pgops.dump-check/1", False)
    shop.write_bytes(shop.read_bytes()[:-20])
    cut = pgops_nowhere("restore", str(shop), "--check")
    assert (cut.code, cut.out) == (1, "")
    assert "is damaged" in cut.err
    assert pgops_nowhere("restore", str(shop), "--check", "--list").code == 2


def test_restoring(pgops_here, any_database, shop):
    unasked = pgops_here("restore", str(shop))
    assert unasked.code == 3
    assert "the target holds nothing" in unasked.err
    assert "nobody has approved this" in unasked.err
    unverified = pgops_here("restore", str(shop), "--verify", DB_CONFIRM="YES")
    assert (unverified.code, "no manifest" in unverified.err) == (3, True)
    done = pgops_here("restore", str(shop), "--no-single-transaction", "--no-tablespaces", "--json", DB_CONFIRM="YES")
    assert (done.code, done.json["schema"], done.json["outcome"]) == (0, "pgops.record/1", "restored")
    assert done.json["details"]["single_transaction"] is False
    assert any("--no-tablespaces" in each for each in done.json["statements"])
    with any_database.connect() as conn:
        assert conn.execute("SELECT count(*) FROM t").fetchone() == (10,)
    again = pgops_here("restore", str(shop), "--content", "data", "--disable-triggers", DB_CONFIRM="YES")
    assert again.code == 3
    assert "holds 1 table, about 10 rows" in again.err
    assert "--into-existing" in again.err
    clash = pgops_here("restore", str(shop), "--into-existing", DB_CONFIRM="YES")
    assert clash.code == 3
    assert 'TABLE public.t: relation "t" already exists' in clash.err
    assert "The target is as it was" in clash.err


def test_what_could_not_be_compared_is_not_proved(pgops_here, any_database, shop):
    now = dt.datetime.now(dt.UTC)
    with any_database.connect() as conn:
        conn.execute("CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 10)")
        with exported_snapshot(conn) as (session, _):
            counted = count_tables(session)
        conn.execute("DROP TABLE t")
    elsewhere = [attrs.evolve(each, hash="euc_jp:" + each.hash) for each in counted.tables]
    Manifest(
        dump=shop.name, format="custom", content="all", database="d", system=None, server="18", program="pg_dump 18",
        began=now, ended=now, files=file_facts(shop), tables=elsewhere, large_objects=counted.large_objects,
    ).write(shop)  # fmt: skip
    done = pgops_here("restore", str(shop), "--verify", DB_CONFIRM="YES")
    assert done.code == 1
    assert "not all could be compared" in done.out
