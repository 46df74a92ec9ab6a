"""Where SQL comes from: texts, bytes, files and streams, and what is said of those that are no SQL."""

from __future__ import annotations

import io

import pytest

from pgops.errors import SourceError, StatementFailedError, UnreadableSqlError
from pgops.scripting import run_sql

pytestmark = pytest.mark.xdist_group("scripting")  # one database for the module


class _Named(io.BytesIO):
    name = "<stdin>"


STREAMS = {
    "bytes": (io.BytesIO(b"SELECT 'caf\xc3\xa9'"), "stream"),
    "text": (io.StringIO("SELECT 'café'"), "stream"),
    "standard input": (_Named(b"\xef\xbb\xbfSELECT 'caf\xc3\xa9'"), "stdin"),
}


@pytest.mark.parametrize(("stream", "name"), STREAMS.values(), ids=STREAMS.keys())
def test_a_stream(conn, stream, name):
    run = run_sql(conn, stream)
    assert (run.name, run.last.rows) == (name, (("café",),))


def test_a_file(conn, tmp_path):
    file = tmp_path / 'it\'s "odd" %s.sql'
    file.write_bytes(b"\xef\xbb\xbfSELECT 1;\r\nSELECT nothing")
    with pytest.raises(StatementFailedError) as caught:
        run_sql(conn, file)
    assert str(caught.value).startswith(f"{file}:2:8: statement 2 failed")
    with pytest.raises(SourceError, match="No such file"):
        run_sql(conn, tmp_path / "gone.sql")
    with pytest.raises(SourceError, match="directory"):
        run_sql(conn, tmp_path)


ENCODINGS = {
    "Latin-1": (b"SELECT 1;\n\nSELECT 'caf\xe9'", ":3: the byte 0xe9 is no UTF-8"),
    "UTF-16": ("SELECT 1".encode("utf-16"), "it is UTF-16"),
}


@pytest.mark.parametrize(("raw", "words"), ENCODINGS.values(), ids=ENCODINGS.keys())
def test_what_is_no_utf8(conn, raw, words):
    with pytest.raises(UnreadableSqlError, match=words):
        run_sql(conn, io.BytesIO(raw))
    if words.startswith(":"):
        text = raw.decode("utf-8", "surrogateescape")  # as sys.stdin gives it
        with pytest.raises(UnreadableSqlError, match="SQL:3: there is a byte"):
            run_sql(conn, text)


def test_what_is_no_source(conn):
    with pytest.raises(TypeError, match="SQL is a str, bytes, a Path or an open file, not int"):
        run_sql(conn, 5)


UNREADABLE = {
    "a typing error": ("SELECT 1;\nSELEC 2", r"SQL:2:1: syntax error at or near \"SELEC\"", "Mend it"),
    "a command of psql's": ("SELECT 1;\n\\d notes", r"SQL:2:1: \\d is a command of psql", "pgops psql -f"),
    "a variable of psql's": ("SELECT\n :id", r"SQL:2:2: syntax error", "A variable of psql's"),
    "rows for COPY": ("COPY notes FROM stdin;\n3\tthree\n\\.\n", r"SQL:1:23: the rows of COPY", "pgops psql -f"),
    "nothing": (" -- nothing\n", "SQL: there is no statement", ""),
    "half a text": ("SELECT 'a", "SQL:1:8: unterminated", ""),
    "half of a character": ("SELECT 1;\nSELECT '\ud800'", "SQL:2: there is .*half of a character", "Save it as UTF-8"),
    "bytes that are no UTF-8": (b"SELECT 1;\nSELECT '\xe9'", "SQL:2: the byte 0xe9 is no UTF-8", "Save it as UTF-8"),
    "a zero character": ("SELECT 1;\nSELECT '\0'", "SQL:2:9: a zero character", ""),
}


@pytest.mark.parametrize(("sql", "words", "cure"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_no_sql_is_said_with_its_place(conn, sql, words, cure):
    with pytest.raises(UnreadableSqlError, match=words) as caught:
        run_sql(conn, sql)
    assert cure in caught.value.cure
