"""Where a dump may lie: what it takes the place of and what never, odd names, links, and what a killed one left."""

from __future__ import annotations

import os

import pytest

from pgops.dump import check_dump, dump_database, read_contents, read_manifest
from pgops.errors import DumpError
from pgops.locking import locked
from tests.dump.dumps import leftovers

LONG = "dump_of_the_production_database_of_tenant_"


def test_a_file_that_is_there_stays_unless_said_otherwise(filled, tmp_path):
    old = tmp_path / "a.dump"
    old.write_text("precious")
    with filled.connect() as conn:
        with pytest.raises(DumpError, match="is there already"):
            dump_database(conn, old)
        assert old.read_text() == "precious"
        dump_database(conn, old, overwrite=True)
        assert old.read_bytes()[:5] == b"PGDMP"
        dump_database(conn, tmp_path / "a.dir")
        dump_database(conn, tmp_path / "a.dir", overwrite=True)
    assert leftovers(tmp_path) == ["a.dir", "a.dir.manifest.json", "a.dump", "a.dump.manifest.json"]


def test_a_folder_with_anything_but_a_dump_in_it_is_never_replaced(filled, tmp_path):
    for name in ("notes", "2026/a.dump"):
        folder = tmp_path / name.partition(".")[0]
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("precious")
        with filled.connect() as conn, pytest.raises(DumpError, match="other things than a dump"):
            dump_database(conn, folder, overwrite=True)
        assert (folder / name).read_text() == "precious"


def test_a_dump_takes_the_place_of_one_of_another_format(filled, tmp_path):
    path = tmp_path / "a"
    with filled.connect() as conn:
        for form in ("directory", "custom", "directory"):
            dump_database(conn, path, format=form, overwrite=True)
            assert read_contents(path).format == form
    assert leftovers(tmp_path) == ["a", "a.manifest.json"]


def test_names_that_begin_alike_are_not_in_each_others_way(filled, tmp_path):
    left = tmp_path / f".{LONG[:40]}.0123456789ab.partial"
    left.write_text("somebody else's")
    with filled.connect() as conn, locked(tmp_path / f"{LONG}1.dump", wait_s=0):
        dump_database(conn, tmp_path / f"{LONG}2.dump")
    assert left.read_text() == "somebody else's"


def test_a_name_that_is_no_text(filled, tmp_path):
    path = tmp_path / os.fsdecode(b"a\xff \xe9\\\n.dump")
    with filled.connect() as conn:
        made = dump_database(conn, path)
    assert read_manifest(path) == made.manifest
    assert check_dump(path).has_manifest


def test_a_link_is_followed_and_the_manifest_found(filled, tmp_path):
    (tmp_path / "disk").mkdir()
    link = tmp_path / "a.dump"
    link.symlink_to(tmp_path / "disk" / "b.dump")
    with filled.connect() as conn:
        made = dump_database(conn, link)
    assert link.is_symlink()
    assert made.manifest_path.is_file()
    assert read_manifest(link) == made.manifest
    assert leftovers(tmp_path / "disk") == ["b.dump", "b.dump.manifest.json"]


def test_what_a_killed_one_left_is_cleared_away_and_an_old_dump_comes_back(filled, tmp_path):
    (tmp_path / ".a.dump.0123456789ab.partial").write_text("half")
    (tmp_path / ".a.dir.0123456789ab.partial").mkdir()
    (tmp_path / ".a.dir.0123456789ab.partial" / "toc.dat").write_text("half")
    (tmp_path / ".a.dir.0123456789ab.partial.old").mkdir()
    (tmp_path / ".other.0123456789ab.partial").write_text("somebody else's")
    with filled.connect() as conn:
        dump_database(conn, tmp_path / "a.dump")
        with pytest.raises(DumpError, match="is there already"):  # the old one, which had only stepped aside
            dump_database(conn, tmp_path / "a.dir")
    assert leftovers(tmp_path) == [".other.0123456789ab.partial", "a.dir", "a.dump", "a.dump.manifest.json"]
