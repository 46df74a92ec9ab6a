"""What is in a dump and whether it is whole: each format, and each way to be none."""

import datetime as dt
import gzip
import io
import re
import shutil
import subprocess

import pytest

from pgops.dump.manifest import Manifest, file_facts
from pgops.dump.reading import checking
from pgops.dump.reading.checking import check_dump
from pgops.dump.reading.contents import read_contents
from pgops.dump.reading.members import refuse_cut_members
from pgops.dump.reading.plain_facts import read_plain
from pgops.dump.reading.plain_sql import Kind, pieces_of
from pgops.errors import ClientProgramError, DamagedDumpError, DumpError, ManifestError, NoClientProgramError
from pgops.programs import ClientProgram
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
        has_checksums = name == "plain gzip"
        if not name.endswith(("zstd", "lz4")):
            assert any("definition" in each for each in checked.unproved) != has_checksums, name


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


@pytest.mark.parametrize("name", ["directory", "directory uncompressed"])
def test_a_member_that_is_empty_missing_or_cut_is_named(dumps, tmp_path, name):
    dump = copied(dumps[name], tmp_path)
    table = min(dump.glob("[0-9]*"), key=lambda file: file.stat().st_size)
    large_object = next(dump.glob("blob_4711.dat*"))
    for file in (table, large_object, next(dump.glob("blobs*.toc"))):
        whole = file.read_bytes()
        for left in (b"", whole[:1], None):
            file.unlink()
            if left is not None:
                file.write_bytes(left)
            if file is large_object and left is not None and name != "directory":
                assert any("large object" in each for each in check_dump(dump).unproved)
                continue
            with pytest.raises(DamagedDumpError, match=file.name.split(".")[0]):
                check_dump(dump)
        file.write_bytes(whole)
    assert check_dump(dump).unproved


@pytest.mark.parametrize("program", ["zstd", "lz4"])
def test_rows_that_end_with_a_block_of_another_compression_are_cut(dumps, tmp_path, program):
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program}")
    dump = copied(dumps["directory uncompressed"], tmp_path)
    rows = largest_file(dump)
    for content, is_whole in ((rows.read_bytes(), True), (rows.read_bytes()[:-9], False)):
        packed = subprocess.run([program, "-qc"], input=content, check=True, stdout=subprocess.PIPE).stdout
        rows.with_name(rows.name + {"zstd": ".zst", "lz4": ".lz4"}[program]).write_bytes(packed)
        held = rows.read_bytes()
        rows.unlink()
        if is_whole:
            refuse_cut_members(read_contents(dump))
        else:
            with pytest.raises(DamagedDumpError, match="is truncated"):
                refuse_cut_members(read_contents(dump))
        rows.write_bytes(held)


PROGRAMS = {
    "is killed": ("kill -9 $$", ClientProgramError),
    "meets a length beyond all memory": ("echo 'pg_restore: error: out of memory' >&2; exit 1", DamagedDumpError),
    "meets a broken disk": (
        "echo 'pg_restore: error: could not read: Input/output error' >&2; exit 1",
        ClientProgramError,
    ),
    "finds damage": ("echo 'pg_restore: error: corrupt tar header' >&2; exit 1", DamagedDumpError),
    "finds damage and goes on": ("echo 'pg_restore: error: could not close data file' >&2", DamagedDumpError),
    "warns": ("echo 'pg_restore: warning: restoring tables WITH OIDS is not supported' >&2", None),
}


@pytest.mark.parametrize("what", PROGRAMS)
def test_a_program_that_fails_is_no_damage(dumps, tmp_path, what):
    script, error = PROGRAMS[what]
    path = tmp_path / "pg_restore"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    program = ClientProgram(name="pg_restore", path=path, version="18.0", source="PATH")
    if error is None:
        assert check_dump(dumps["custom"], program=program).program
        return
    with pytest.raises(error):
        check_dump(dumps["custom"], program=program)


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
    "rows that are none, after TO STDOUT": (
        b'COPY (SELECT 1 AS "FROM STDIN" WHERE false) TO STDOUT;\nCOMMIT; CREATE ROLE evil;\n\\.\n',
        "line 3: COPY in a form",
    ),
    "rows from STDOUT, which is STDIN": (b"COPY t FROM STDOUT;\n", "COPY in a form"),
    "rows that are none, after a comment": (b"COPY t TO STDOUT /* FROM STDIN */;\nCREATE ROLE e;\n", "COPY in a form"),
    "the rest of the line of a COPY": (b"COPY t FROM stdin; COMMIT; CREATE ROLE evil;\n\\.\n", "COPY in a form"),
    "a file of the server": (b"COPY t FROM '/etc/passwd';\n", "COPY in a form"),
    "strings read otherwise": (
        b"SELECT pg_catalog.set_config('standard_conforming_strings','off',false);\n",
        "SELECT in a form",
    ),
    "by a session's setting": (b"SET SESSION standard_conforming_strings = off;\n", "SET in a form"),
    "by a quoted name": (b'SET "standard_conforming_strings" = 0;\n', "SET in a form"),
    "by false": (b"SET standard_conforming_strings = false;\n", "SET in a form"),
    "within the line": (b"SET standard_conforming_strings = off; SELECT 'a\\'; COMMIT; --';\n", "SET in a form"),
    "in letters that end with a backslash": (b"SET client_encoding = 'SJIS';\n", "SET in a form"),
    "in names of letters": (b"SET NAMES 'SJIS';\n", "SET in a form"),
    "code": (b"DO $$ BEGIN SET standard_conforming_strings = off; END $$;\n", "DO is no statement of pg_dump's"),
    "behind a string that goes on": (b"SELECT E'a'\n'\\'; SELECT '; ROLLBACK; --';\n", "ROLLBACK controls"),
    "behind a number": (b"SELECT 1$a$ ' $a$; ROLLBACK; SELECT $b$ ' $b$;\n", "ROLLBACK controls"),
    "behind a byte 0": (b"SELECT '\0';\n", "a byte 0"),
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
HARMLESS["user mappings, which are no users"] = b"DROP USER MAPPING IF EXISTS FOR a SERVER s;\n" * 2
HARMLESS["as pg_dump sets it"] = b"SET standard_conforming_strings = off;\r\nSELECT '\\'; ROLLBACK;';\n"
HARMLESS["a table of hostile names"] = b'COPY "a "" FROM\n;".t (a, "b,)") FROM stdin;\nROLLBACK;\n\\.\n'
HARMLESS["a table without columns"] = b"COPY public.t  FROM stdin;\n\\.\n"
HEAD, TAIL = b"-- PostgreSQL database dump\n\n", b"\n-- PostgreSQL database dump complete\n"


@pytest.mark.parametrize("what", PLAIN)
def test_what_a_plain_dump_must_not_do(tmp_path, what):
    sql, words = PLAIN[what]
    (tmp_path / "x.sql").write_bytes(HEAD + sql + TAIL)
    found = read_plain(tmp_path / "x.sql")
    assert found.refused
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
