"""A restored database is held against its manifest: equal after a real pg_dump and pg_restore, else each difference."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
from typing import TYPE_CHECKING

import attrs
import pytest

from pgops.dump import dump_database
from pgops.dump.counting.running import Counted, count_tables, exported_snapshot
from pgops.dump.counting.verifying import Verdict, verify_restore
from pgops.dump.manifest import LargeObjects, Manifest, TableContent
from pgops.errors import CountError, ManifestError
from pgops.programs import PG_DUMP, find_programs
from pgops.scratch import fresh_database
from tests.dump.everything import HOSTILE, TYPES, TYPES_SQL
from tests.dump.restored import restored
from tests.servers import MAJORS

if TYPE_CHECKING:
    from pathlib import Path

    from pgops.scratch import ScratchDatabase, ScratchServer
    from tests.servers import RunningServers

INHERITING = """
CREATE TABLE early (a int);
CREATE TABLE late (z text) INHERITS (early);
INSERT INTO late VALUES (1, 'z');
ALTER TABLE early ADD COLUMN b text DEFAULT 'b';
"""
"""pg_dump writes `late` with its own column behind the inherited ones."""


def dump(database: ScratchDatabase, path: Path) -> Manifest:
    """By pg_dump, in a snapshot that is counted after all has been changed."""
    program = max(find_programs(PG_DUMP), key=lambda each: each.major)
    with database.connect() as conn, exported_snapshot(conn) as (session, snapshot):
        argv = [program.path, "--format=custom", "--compress=0", f"--snapshot={snapshot}", f"--file={path}"]
        subprocess.run([*argv, f"--dbname={database.conninfo()}"], check=True, capture_output=True)
        return manifest_of(count_tables(session), database=database.name)


def manifest_of(counted: Counted, **facts: str) -> Manifest:
    now = dt.datetime.now(dt.UTC)
    known = {"dump": "shop.dump", "format": "custom", "content": "all", "database": "shop", "server": "18", **facts}
    return Manifest(
        **known,
        system=None,
        program="pg_dump 18",
        began=now,
        ended=now,
        files=(),
        tables=counted.tables,
        large_objects=counted.large_objects,
        not_counted=counted.not_counted,
    )


def everything(database: ScratchDatabase) -> None:
    with database.connect() as conn:
        for statement in (TYPES_SQL, *HOSTILE, INHERITING):
            conn.execute(statement)
        for number, (type_name, one, other) in enumerate(TYPES):
            conn.execute(f"CREATE TABLE types.v{number} (t {type_name}); INSERT INTO types.v{number} VALUES ({one})")
            conn.execute(f"INSERT INTO types.v{number} VALUES ({other})")
        conn.execute("SELECT lo_from_bytea(0, '\\x0001'), lo_from_bytea(0, convert_to(repeat('a', 9999), 'UTF8'))")
        conn.execute("SELECT lo_create(99), lo_put(99, 10000, 'after a hole')")


CHANGES = {
    "t": ("UPDATE t SET u = 'Two' WHERE t = 2", Verdict.CONTENT_DIFFERS),
    "own": ("UPDATE own SET t = (1, '')", Verdict.CONTENT_DIFFERS),
    "nothing": ("INSERT INTO nothing DEFAULT VALUES", Verdict.ROWS_DIFFER),
    "dropped": ("DROP TABLE dropped", Verdict.MISSING),
    "generated": ("ALTER TABLE generated ADD COLUMN more int", Verdict.CONTENT_DIFFERS),
    "wide": ("UPDATE wide SET a = overlay(a placing '_' from 1000000 for 1)", Verdict.CONTENT_DIFFERS),
    "part": ("TRUNCATE part", Verdict.ROWS_DIFFER),
    "parent": ("DELETE FROM ONLY parent", Verdict.ROWS_DIFFER),
    "": ("SELECT lo_put(99, 10000, 'After a hole')", Verdict.CONTENT_DIFFERS),
    "a'b\"c\nd": ('DELETE FROM "we""ird .%s"."a\'b""c\nd"', Verdict.ROWS_DIFFER),
}


def test_what_was_dumped_under_writers_is_found_equal_and_each_later_change_is_named(
    running_servers: RunningServers, tmp_path: Path
) -> None:
    """From the oldest version to the newest."""
    path = tmp_path / "all.dump"
    with fresh_database(running_servers.of(MAJORS[0])) as source:
        everything(source)
        manifest = Manifest.from_json(dump(source, path).to_json())
        with source.connect() as conn:  # it moves on
            conn.execute("DELETE FROM t")
    with restored(path, running_servers.newest()) as target, target.connect() as conn:
        verification = verify_restore(conn, manifest, jobs=2)
        assert verification.differences == ()
        assert verification.is_equal
        assert verification.is_proved
        assert (verification.additional, verification.not_compared) == ((), manifest.not_counted)
        assert len(verification.comparisons) == len(manifest.tables or ()) + 1
        assert "All that was compared is as it was dumped." in verification.to_text()

        for statement, _ in CHANGES.values():
            conn.execute(statement)
        conn.execute('CREATE TABLE "new one" ()')
        verification = verify_restore(conn, manifest)
        assert {each.name: each.verdict for each in verification.differences} == {
            name: verdict for name, (_, verdict) in CHANGES.items()
        }
        assert not verification.is_equal
        assert verification.additional == (("public", "new one"),)
        text = verification.to_text(width=200)
        assert all(part in text for part in ("public.dropped", "missing", "large objects", 'public."new one"'))
        facts = json.loads(verification.to_json())
        assert next(iter(facts)) == "schema"
        assert (facts["schema"], facts["is_equal"]) == ("pgops.verification/1", False)


SPREAD = (
    "CREATE TYPE mood AS ENUM ('sad', 'so so', 'well', 'glad', 'merry', 'mad', 'calm')",
    "CREATE TABLE days (mood mood, day int) PARTITION BY RANGE (day)",
    "CREATE TABLE moods PARTITION OF days FOR VALUES FROM (0) TO (1000) PARTITION BY HASH (mood)",
    *(f"CREATE TABLE m{i} PARTITION OF moods FOR VALUES WITH (MODULUS 3, REMAINDER {i})" for i in range(3)),
    "INSERT INTO days SELECT (enum_range(NULL::mood))[1 + g % 7], g FROM generate_series(1, 100) AS g",
)


def test_rows_that_the_restore_puts_into_other_partitions_are_equal(
    any_database: ScratchDatabase, any_server: ScratchServer, tmp_path: Path
) -> None:
    """The hash of an enum's value is that of its oid, which is another one in each database."""
    with any_database.connect() as conn:
        for statement in SPREAD:
            conn.execute(statement)
        manifest = dump_database(conn, tmp_path / "a.dump", verify=True).manifest
    with restored(tmp_path / "a.dump", any_server) as target, target.connect() as conn:
        found = verify_restore(conn, manifest)
        assert found.is_proved, found.to_text()
        assert sum(each.rows_dumped for each in found.comparisons if each.name) == 100
        conn.execute("DELETE FROM moods WHERE day = 7")
        assert not verify_restore(conn, manifest).is_equal


def test_a_restore_into_another_encoding_is_equal(any_database: ScratchDatabase, tmp_path: Path) -> None:
    def content(encoding: str, text: str) -> tuple[Manifest, ScratchDatabase]:
        name = f"{any_database.name}_{encoding.lower()}"
        with any_database.connect() as conn:
            conn.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'")
        made = attrs.evolve(any_database, name=name)
        with made.connect() as conn:
            conn.execute("CREATE TABLE words (w text)")
            conn.execute(f"INSERT INTO words VALUES ('{text}')")
            with exported_snapshot(conn) as (session, _):
                return manifest_of(count_tables(session)), made

    made = []
    try:
        utf8, in_utf8 = content("UTF8", "Stra\u00dfe")
        made.append(in_utf8)
        latin1, in_latin1 = content("LATIN1", "Stra\u00dfe")
        made.append(in_latin1)
        euc_jp, in_euc_jp = content("EUC_JP", "\u6771\u4eac")
        made.append(in_euc_jp)
        assert latin1.tables == utf8.tables
        with in_latin1.connect() as conn:
            assert verify_restore(conn, utf8).is_equal
            conn.execute("UPDATE words SET w = 'Strasse'")
            assert [each.verdict for each in verify_restore(conn, utf8).differences] == [Verdict.CONTENT_DIFFERS]
        with in_euc_jp.connect() as conn:
            assert verify_restore(conn, euc_jp).is_equal
        with in_utf8.connect() as conn:
            verification = verify_restore(conn, euc_jp)
            assert verification.comparisons[0].verdict is Verdict.NOT_COMPARED
            assert "Content of public.words" in verification.not_compared[-1]
            assert (verification.is_equal, verification.is_proved) == (True, False)
            assert "not all could be compared" in verification.to_text()
    finally:
        with any_database.connect() as conn:
            for each in made:
                conn.execute(f"DROP DATABASE {each.name} WITH (FORCE)")


def test_only_what_the_manifest_has_is_compared_and_the_connection_is_left_as_it_was(
    any_database: ScratchDatabase,
) -> None:
    with any_database.connect(autocommit=False) as conn:
        conn.execute("CREATE TABLE a AS SELECT 1 AS i; CREATE TABLE b AS SELECT 2 AS i")
        conn.execute("CREATE ROLE onlooker; GRANT SELECT ON a TO onlooker")
        conn.commit()
        try:
            with exported_snapshot(conn, tables=[("public", "a")]) as (session, _):
                manifest = manifest_of(count_tables(session, tables=[("public", "a")]))
            conn.rollback()
            conn.execute("SET ROLE onlooker")
            conn.commit()
            heard = []
            conn.execute("SELECT 1")
            assert verify_restore(conn, manifest, on_progress=heard.append).is_equal
            assert [each.name for each in heard] == ["public.a", ""]
            assert conn.info.transaction_status.name == "INTRANS"
            conn.rollback()
            everything_there = attrs.evolve(
                manifest, tables=(*(manifest.tables or ()), TableContent(schema="public", name="b", rows=1, hash="0"))
            )
            with pytest.raises(CountError, match=r"no privilege to read public\.b"):
                verify_restore(conn, everything_there)
        finally:
            conn.rollback()
            conn.execute("RESET ROLE; DROP TABLE a, b; DROP ROLE onlooker")
            conn.commit()


def test_a_dump_without_counts_has_its_cure(any_database: ScratchDatabase, tmp_path: Path) -> None:
    counted = Counted(tables=(), large_objects=LargeObjects(count=0, hash="0"))
    bare = attrs.evolve(manifest_of(counted), tables=None, large_objects=None)
    with any_database.connect() as conn:
        with pytest.raises(ManifestError, match="verify=True"):
            verify_restore(conn, bare)
        with pytest.raises(ManifestError, match="has no rows"):
            verify_restore(conn, attrs.evolve(bare, content="schema"))
        with pytest.raises(ManifestError, match="There is no manifest"):
            verify_restore(conn, tmp_path / "nowhere.dump")
        manifest_of(counted).write(tmp_path / "empty.dump")
        assert "0" in verify_restore(conn, tmp_path / "empty.dump").to_text()
