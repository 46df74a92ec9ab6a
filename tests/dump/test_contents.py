"""What is in a dump and whether it is whole: each format, and each way to be none."""

import datetime as dt
import gzip
import io
import re
import shutil
import subprocess

import pytest

from pgops.dump import checking
from pgops.dump.checking import check_dump
from pgops.dump.contents import read_contents
from pgops.dump.manifest import Manifest, file_facts
from pgops.dump.plain_facts import read_plain
from pgops.dump.plain_sql import Kind, pieces_of
from pgops.errors import DamagedDumpError, DumpError, ManifestError, NoClientProgramError
from pgops.scratch import fresh_database
from tests.dump.dumps import HOSTILE, dumped, plant

FORMS = {
    "plain": ("plain",),
    "plain gzip": ("plain", "--compress=gzip"),
    "custom": ("custom",),
    "custom uncompressed": ("custom", "--compress=none"),
    "directory": ("directory",),
    "directory uncompressed": ("directory", "--compress=none"),
    "tar": ("tar",),
}


@pytest.fixture(scope="module")
def dumps(any_server, tmp_path_factory):
    """A dump of each form, of one database; tests that change one take a copy."""
    folder = tmp_path_factory.mktemp("dumps")
    with fresh_database(any_server) as database:
        plant(database)
        made = {name: dumped(database, folder / name, *options) for name, options in FORMS.items()}
    for program in ("zstd", "lz4"):
        if shutil.which(program):
            made[f"plain {program}"] = folder / f"plain {program}"
            packed = subprocess.run([program, "-qc", made["plain"]], check=True, stdout=subprocess.PIPE).stdout
            made[f"plain {program}"].write_bytes(packed)
    return made


def copied(dump, tmp_path):
    target = tmp_path / "copy"
    return shutil.copytree(dump, target) if dump.is_dir() else shutil.copy(dump, target)


def largest_file(dump):
    return max(dump.glob("[0-9]*"), key=lambda file: file.stat().st_size) if dump.is_dir() else dump


def test_every_format_says_the_same(dumps):
    for name, dump in dumps.items():
        found = read_contents(dump)
        assert found.format == name.split()[0]
        assert (found.server_major, found.has_schema, found.has_data) == (18, True, True), name
        assert ("TABLE", "public", "customer") in {(each.kind, each.schema, each.name) for each in found.entries}, name
        usual = {"plain": "none", "tar": "none", "custom": "gzip", "directory": "gzip"}
        assert found.compression == usual.get(name, name.split()[-1].replace("uncompressed", "none")), name
    archives = [read_contents(dumps[name]) for name in ("custom", "directory", "tar")]
    assert len({each.database for each in archives}) == 1
    assert archives[0].database.startswith("scratch_")
    assert archives[0].at is not None


def test_an_archive_says_names_as_they_are(dumps):
    tables = [each for each in read_contents(dumps["custom"]).entries if each.kind == "TABLE"]
    assert HOSTILE in {each.name for each in tables}
    assert HOSTILE in {each.schema for each in tables}


def test_a_whole_dump_is_whole_and_what_is_not_proved_is_said(dumps):
    for name, dump in dumps.items():
        checked = check_dump(dump)
        assert any("no manifest" in each for each in checked.unproved), name
        is_bare = name in {"plain", "custom uncompressed", "directory uncompressed", "tar"}
        assert any("not compressed" in each for each in checked.unproved) == is_bare, name


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("left", [0.999, 0.4], ids=["the end", "most"])
def test_a_truncated_dump_is_named_as_damaged(dumps, tmp_path, name, left):
    dump = copied(dumps[name], tmp_path)
    file = largest_file(dump)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * left)])
    with pytest.raises(DamagedDumpError):
        check_dump(dump)


@pytest.mark.parametrize("name", ["plain gzip", "custom", "directory"])
def test_a_flipped_bit_in_compressed_rows_is_named_as_damaged(dumps, tmp_path, name):
    dump = copied(dumps[name], tmp_path)
    flip(largest_file(dump))
    with pytest.raises(DamagedDumpError):
        check_dump(dump)


@pytest.mark.parametrize("name", FORMS)
def test_with_a_manifest_any_flipped_bit_is_named_as_damaged(dumps, tmp_path, name):
    dump = copied(dumps[name], tmp_path)
    manifest(dump).write(dump)
    assert check_dump(dump).unproved == ()
    flip(largest_file(dump))
    with pytest.raises(DamagedDumpError, match="was changed"):
        check_dump(dump)


@pytest.mark.parametrize("file", ["toc.dat", "largest"])
def test_a_missing_member_is_named(dumps, tmp_path, file):
    dump = copied(dumps["directory"], tmp_path)
    manifest(dump).write(dump)
    gone = dump / file if file == "toc.dat" else largest_file(dump)
    gone.unlink()
    with pytest.raises(DamagedDumpError, match=f"{gone.name} is missing"):
        check_dump(dump)
    manifest_file = dump.with_name("copy.manifest.json")
    manifest_file.unlink()
    with pytest.raises(DumpError if file == "toc.dat" else DamagedDumpError):
        check_dump(dump)


def test_a_manifest_of_nonsense_is_no_manifest(dumps, tmp_path):
    dump = copied(dumps["custom"], tmp_path)
    (tmp_path / "copy.manifest.json").write_text("{}")
    with pytest.raises(ManifestError):
        check_dump(dump)


NO_DUMPS = {
    "empty": b"",
    "a picture": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" * 50,
    "SQL by hand": b"CREATE TABLE t (a int);\n",
    "a letter": "Dear Ann,\nhow are you?\n".encode("utf-16"),
    "a gzip of something": gzip.compress(b"hello"),
    "a tar of something": b"x".ljust(257, b"\0") + b"ustar\x0000" + b"\0" * 1000,
}


@pytest.mark.parametrize("what", NO_DUMPS)
def test_what_is_no_dump_is_said_to_be_none(tmp_path, what):
    file = tmp_path / "x"
    file.write_bytes(NO_DUMPS[what])
    with pytest.raises((DumpError, DamagedDumpError)):
        read_contents(file)


def test_places_where_there_is_no_dump(tmp_path):
    for path, words in ((tmp_path, "without toc.dat"), (tmp_path / "none", "There is no"), ("/dev/null", "neither")):
        with pytest.raises(DumpError, match=words):
            read_contents(path)


def test_a_table_of_contents_with_any_byte_changed_can_be_read_or_ends_in_words(dumps, tmp_path):
    dump = copied(dumps["custom"], tmp_path)
    raw = dump.read_bytes()
    refused = 0
    for at in range(400):
        dump.write_bytes(raw[:at] + bytes([raw[at] ^ 0xFF]) + raw[at + 1 :])
        try:
            read_contents(dump)
        except (DumpError, DamagedDumpError):
            refused += 1
    assert 100 < refused <= 400


def test_an_archive_newer_than_every_pg_restore_is_refused_with_versions(dumps, tmp_path, monkeypatch):
    old = [each for each in checking.find_programs("pg_restore") if each.major < 17]
    monkeypatch.setattr(checking, "find_programs", lambda *_, **__: tuple(old))
    with pytest.raises(NoClientProgramError, match=r"version 1\.16 by pg_dump 18.*pg_restore 16.*unsupported version"):
        check_dump(dumps["custom"])


PLAIN = {
    "psql runs a program": (b"\\! rm -r /\n", r"\\! is a command to psql"),
    "psql reads a file": (b"SELECT 1 \\i /etc/passwd\n", r"\\i is a command to psql"),
    "another database": (b"\\connect other\n", "goes to another database"),
    "makes a database": (b"CREATE DATABASE other;\n", "CREATE DATABASE is outside"),
    "makes a role": (b"/* x /* y */ */ create\n role mallory superuser;\n", "CREATE ROLE is outside"),
    "ends the transaction": (b"SELECT 1; ROLLBACK;\n", "ROLLBACK controls the transaction"),
    "runs a program on the server": (b"COPY t FROM PROGRAM 'id';\n", "PROGRAM runs a program"),
    "after a row that looks like one": (b"COPY t FROM stdin;\n\\\\! ls\n\\.\n\\! ls\n", r"line 6: \\! is"),
}
HARMLESS = {
    "in a row": b"COPY t (a) FROM stdin;\n\\\\! ls\nROLLBACK;\n\\.\n",
    "in a string": b"SELECT '\\! ls\nROLLBACK;\n'';\n', E'\\';\n\\! ls\n';\n",
    "in a name": b'SELECT 1 AS ";\nROLLBACK;\n";\n',
    "in a body": b"CREATE FUNCTION f() RETURNS int AS $x$ $$;\nROLLBACK;\n\\! ls\n$x$ LANGUAGE sql;\n",
    "in a comment": b"-- \\! ls\n/* ROLLBACK;\n/* */ \\! ls */\n",
    "in a body in SQL": b"CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE 1 WHEN 1 THEN 2 END;END;",
    "in a rule": b"CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM t; SELECT 1);\n",
}
HEAD, TAIL = b"-- PostgreSQL database dump\n\n", b"\n-- PostgreSQL database dump complete\n"


@pytest.mark.parametrize("what", PLAIN)
def test_what_a_plain_dump_must_not_do(tmp_path, what):
    sql, words = PLAIN[what]
    (tmp_path / "x.sql").write_bytes(HEAD + sql + TAIL)
    found = read_plain(tmp_path / "x.sql")
    assert len(found.refused) == 1
    assert re.search(words, str(found.refused[0]))


@pytest.mark.parametrize("what", HARMLESS)
def test_what_only_looks_like_it(tmp_path, what):
    (tmp_path / "x.sql").write_bytes(HEAD + HARMLESS[what] + TAIL)
    found = read_plain(tmp_path / "x.sql")
    assert found.refused == ()
    assert found.is_complete


def test_the_pieces_of_a_plain_dump_are_the_dump(dumps):
    raw = dumps["plain"].read_bytes()
    pieces = list(pieces_of(io.BytesIO(raw)))
    assert b"".join(each.text for each in pieces) == raw
    assert all(raw.split(b"\n")[each.line - 1 :][0] in each.text for each in pieces if each.kind is Kind.ROWS)
    rows = {each.text for each in pieces if each.kind is Kind.ROWS}
    assert b"\\\\.\na\\n\\\\.\\n\\\\! touch /tmp/never\\nCOMMIT;\n\\.\n" in rows


def test_a_statement_of_any_length_is_not_held_whole():
    sql = b"SELECT '" + (b"x" * 99 + b"\n") * 100_000 + b"';\n\\! ls\n"
    pieces = list(pieces_of(io.BytesIO(sql)))
    assert {each.kind for each in pieces[:-1]} == {Kind.PART, Kind.SPACE}
    assert max(len(each.text) for each in pieces) < 5_000_000
    assert b"".join(each.text for each in pieces) == sql
    assert pieces[-1].kind is Kind.COMMAND


def test_a_plain_dump_whose_last_key_is_cut_off_is_damaged(dumps, tmp_path):
    whole = dumps["plain"].read_bytes().rstrip()
    (tmp_path / "x.sql").write_bytes(whole[:-5])
    with pytest.raises(DamagedDumpError):
        check_dump(tmp_path / "x.sql")


def test_an_addition_behind_the_end_is_damage(tmp_path):
    (tmp_path / "x.sql").write_bytes(HEAD + TAIL + b"DROP TABLE customer;\n")
    with pytest.raises(DamagedDumpError):
        check_dump(tmp_path / "x.sql")


def flip(file):
    raw = bytearray(file.read_bytes())
    raw[len(raw) * 2 // 3] ^= 4
    file.write_bytes(raw)


def manifest(dump):
    now = dt.datetime.now(dt.UTC)
    return Manifest(
        dump=dump.name, format="custom", content="all", database="d", system=None, server="18", program="pg_dump 18",
        began=now, ended=now, files=file_facts(dump),
    )  # fmt: skip
