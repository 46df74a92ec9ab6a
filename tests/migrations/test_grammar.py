"""The adapter to PostgreSQL's grammar: places, what can't be read, and that nothing of a text is lost in silence."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgops.migrations.lint.linter import lint_sql
from pgops.sql import statements as s
from pgops.sql.grammar import read_script
from pgops.sql.lexing import names_written

# --- places -----------------------------------------------------------------------------------------------------------

PLACES = {
    "first": ("SELECT 1;", [(1, 1, 1)]),
    "side by side": ("SELECT 1; SELECT 2;", [(1, 1, 1), (1, 11, 1)]),
    "no semicolon at the end": ("SELECT 1;\n\nSELECT 2", [(1, 1, 1), (3, 1, 3)]),
    "over lines": ("SELECT\n  1\n;\n  SELECT 2;", [(1, 1, 2), (4, 3, 4)]),
    "carriage returns": ("SELECT 1;\r\nSELECT\r\n 2;\r\n", [(1, 1, 1), (2, 1, 3)]),
    "tabs are one column": ("\t\tSELECT 1;", [(1, 3, 1)]),
    "columns count characters": ("SELECT 'ä€𝕏'; SELECT 2;", [(1, 1, 1), (1, 15, 1)]),
    "a byte order mark is no column": ("\ufeffSELECT 1;\nSELECT 2;", [(1, 1, 1), (2, 1, 2)]),
    "line comments": ("-- one; two\nSELECT 1; -- three\nSELECT 2;", [(2, 1, 2), (3, 1, 3)]),
    "block comment in front": ("/* a; */ SELECT 1;", [(1, 10, 1)]),
    "nested block comment": ("/* a /* b; */ c; /* /* d */ */ */\n SELECT 1;", [(2, 2, 2)]),
    "comment inside": ("SELECT /* ; */ 1; SELECT 2;", [(1, 1, 1), (1, 19, 1)]),
    "semicolon in a string": ("SELECT ';'; SELECT 2;", [(1, 1, 1), (1, 13, 1)]),
    "empty statements": (";;; SELECT 1;;", [(1, 5, 1)]),
    "form feed and vertical tab": ("\f\v SELECT 1;", [(1, 4, 1)]),
}


@pytest.mark.parametrize("name", PLACES)
def test_places(name):
    text, places = PLACES[name]
    script = read_script(text)
    assert not script.unparsed
    assert [(each.line, each.column, each.last_line) for each in script.statements] == places
    for each in script.statements:
        line = script.text.split("\n")[each.line - 1]
        assert line[each.column - 1 :].startswith(each.text.split("\n")[0].rstrip("\r"))


@pytest.mark.parametrize("name", PLACES)
def test_places_are_the_same_beside_what_can_not_be_read(name):
    """Statement by statement, the other way to read a text, leads to the same places."""
    text, places = PLACES[name]
    script = read_script(f"{text}\n;\nSELEC broken;")
    assert [(each.line, each.column, each.last_line) for each in script.statements] == places
    assert len(script.unparsed) == 1


def test_comments_in_front_belong_to_a_statement():
    first, second = read_script("SELECT 1;\n-- about\n-- two\nSELECT 2;").statements
    assert (first.first_line, second.first_line, second.line) == (1, 2, 4)


# --- what can't be read -----------------------------------------------------------------------------------------------


def test_a_broken_statement_costs_no_other():
    script = read_script("CREATE TABLE a (b int);\nALTER TABEL a\n  ADD c int;\nDROP TABLE a;")
    assert [type(each.meaning) for each in script.statements] == [s.CreateTable, s.Drop]
    assert [each.ordinal for each in script.statements] == [0, 1]
    (unread,) = script.unparsed
    assert (unread.line, unread.column) == (2, 7)
    assert "TABEL" in unread.reason
    assert unread.text == "ALTER TABEL a\n  ADD c int"


def test_the_place_of_an_error_counts_characters():
    (unread,) = read_script("SELECT 1;\nSELECT 'äöü' FROM FROM;").unparsed
    assert (unread.line, unread.column) == (2, 19)


def test_psql_commands_are_named_with_their_lines():
    script = read_script("\\set on_error stop\n\\c shop\nSELECT 1;\n  \\echo it's done\nSELECT ' \\d ';\n")
    assert [each.line for each in script.statements] == [3, 5]
    assert [(each.line, each.reason.split()[0]) for each in script.unparsed] == [
        (1, "\\set"),
        (2, "\\c"),
        (4, "\\echo"),
    ]


def test_a_psql_command_that_sends_ends_its_statement():
    script = read_script("SELECT 'DROP TABLE a' \\gexec\nCREATE TABLE b (c int);")
    assert [type(each.meaning) for each in script.statements] == [s.Select, s.CreateTable]
    assert [(each.line, each.column, each.text) for each in script.unparsed] == [(1, 23, "\\gexec")]


@pytest.mark.parametrize("rows", ["1\tit's\n2\t;DROP TABLE x;\n", "", "DROP TABLE x;\n", "-- /* $$\n"])
def test_rows_for_copy_are_no_sql(rows):
    script = read_script(f"COPY a (b, c) FROM stdin;\n{rows}\\.\nSELECT 1;\nCOPY d FROM STDIN;\n5\n\\.\n")
    assert [type(each.meaning) for each in script.statements] == [s.Copy, s.Select, s.Copy]
    assert [each.line for each in script.statements] == [1, 3 + rows.count("\n"), 4 + rows.count("\n")]
    assert [each.reason for each in script.unparsed] == ["the rows of COPY ... FROM stdin are no SQL"] * 2


def test_rows_that_never_end_are_unread_to_the_end():
    script = read_script("COPY a FROM stdin;\n1\n2\nDROP TABLE b;\n")
    assert not any(isinstance(each.meaning, s.Drop) and each.line == 4 for each in script.statements) or script.unparsed


def test_copy_and_psql_are_findings():
    report = lint_sql("COPY a FROM stdin;\n1\n\\.\n\\d a\n", rules=["char-type"], file="load.sql")
    assert [(each.rule, each.line, each.kind.value) for each in report] == [
        ("unparsed", 1, "unknown"),
        ("unparsed", 4, "unknown"),
    ]
    assert {each.file for each in report} == {"load.sql"}


UNENDED = {
    "string": "SELECT 1; SELECT 'a; DROP TABLE b;",
    "quoted name": 'SELECT 1; SELECT "a; DROP TABLE b;',
    "dollar quote": "SELECT 1; SELECT $x$ a; DROP TABLE b; $y$",
    "block comment": "SELECT 1; SELECT /* a /* b */ ; DROP TABLE b;",
}


@pytest.mark.parametrize("name", UNENDED)
def test_what_is_not_ended_goes_on_to_the_end(name):
    script = read_script(UNENDED[name])
    assert [each.text for each in script.statements] == ["SELECT 1"]
    (unread,) = script.unparsed
    assert unread.text.endswith(UNENDED[name][10:].strip())
    assert "unterminated" in unread.reason


def test_a_zero_character_is_told_of():
    script = read_script("SELECT 1;\nCREATE TABLE a\0 (b int);")
    assert [type(each.meaning) for each in script.statements] == [s.Select, s.CreateTable]
    assert [(each.line, each.column) for each in script.unparsed] == [(2, 15)]


def test_half_of_a_pair_moves_nothing():
    """Such a text comes from a file that was read with errors="surrogateescape"."""
    script = read_script("SELECT '\udcff\ud800'; CREATE TABLE a (b int); SELEC;")
    assert [(each.line, each.column) for each in script.statements] == [(1, 1), (1, 14)]
    assert script.statements[1].text == "CREATE TABLE a (b int)"


@pytest.mark.parametrize(
    "text", ["", " \r\n\t", "-- nothing", "/* nothing /* at */ all */", ";;", "\ufeff", "-- a\n;\n"]
)
def test_nothing(text):
    script = read_script(text)
    assert (script.statements, script.unparsed) == ((), ())


# --- texts in texts ---------------------------------------------------------------------------------------------------

BODIES = {
    "dollar quotes": "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $body$ BEGIN; x := $$;$$; END; $body$",
    "atomic": "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END",
    "atomic with CASE": "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; SELECT 2; END",
    "atomic procedure": "CREATE PROCEDURE f() BEGIN ATOMIC DELETE FROM a; END",
    "escapes": r"SELECT E'it\'s; \\' || 'c:\'",
    "doubled quotes": "SELECT 'it''s;', \"a\"\";b\"",
    "dollars in names": "SELECT a$b$c FROM d$e; SELECT 1"[:21],
    "unicode escapes": r"SELECT U&'\0061;'",
    "minus minus in a string": "SELECT '-- ;' AS \"/* ;\"",
}


@pytest.mark.parametrize("broken", [False, True], ids=["whole", "piece by piece"])
@pytest.mark.parametrize("name", BODIES)
def test_a_semicolon_inside_ends_nothing(name, broken):
    script = read_script(f"{BODIES[name]};\nDROP TABLE z;\n{'SELEC;' if broken else ''}")
    assert [each.text for each in script.statements] == [BODIES[name], "DROP TABLE z"]
    assert len(script.unparsed) == broken


def test_names_as_they_were_written():
    sql = 'SELECT a."B ""c", E\'d\\\' e\', $f$ g $f$, h$1 -- i\n FROM /* j /* k */ */ Ünder'
    assert list(names_written(sql)) == ["SELECT", "a", 'B "c', "h$1", "FROM", "Ünder"]


# --- blocks of DO -----------------------------------------------------------------------------------------------------


def test_a_plain_block_is_read():
    sql = """
DO $$
DECLARE
    old int := 1;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_type WHERE typname = 'state') THEN
        CREATE TYPE state AS ENUM ('new');
    END IF;
    EXECUTE 'CREATE INDEX ON orders (day)';
    RAISE NOTICE 'done %', old;
END
$$;
"""
    (block,) = read_script(sql).statements
    assert [(type(each.meaning), each.line, each.always) for each in block.meaning.inside] == [
        (s.Select, 3, True),
        (s.Select, 5, True),
        (s.CreateType, 6, False),
        (s.CreateIndex, 8, True),
        (s.Select, 9, True),
    ]
    (finding,) = lint_sql(sql, rules=["index-not-concurrent"])
    assert (finding.line, finding.statement) == (9, "CREATE INDEX ON orders (day)")


def test_what_an_error_may_undo_is_not_sure():
    (block,) = read_script(
        "DO $$ BEGIN CREATE TABLE a (); EXCEPTION WHEN duplicate_table THEN DROP TABLE b; END $$"
    ).statements
    assert [(type(each.meaning), each.always) for each in block.meaning.inside] == [
        (s.CreateTable, False),
        (s.Drop, False),
    ]


UNREADABLE = {
    "loop": "BEGIN FOR i IN 1..3 LOOP DELETE FROM a; END LOOP; END",
    "text that is made": "DECLARE t text; BEGIN EXECUTE 'DROP TABLE ' || t; END",
    "format": "BEGIN EXECUTE format('DROP TABLE %I', 'a'); END",
    "commit": "BEGIN DELETE FROM a; COMMIT; END",
    "assignment": "DECLARE i int; BEGIN i := f(); END",
    "broken": "BEGIN DROP TABEL a; END",
    "broken text": "BEGIN EXECUTE 'DROP TABEL a'; END",
    "too long": f"BEGIN {'NULL;' * 10_000} END",
    "nested too deep": f"BEGIN {'IF a THEN ' * 400} NULL; {'END IF;' * 400} END",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_other_blocks_are_unknown(name):
    sql = f"DO $$ {UNREADABLE[name]} $$"
    (block,) = read_script(sql).statements
    assert block.meaning.inside is None
    assert [each.rule for each in lint_sql(sql, rules=["do-block"])] == ["do-block"]


def test_another_language_is_unknown():
    (block,) = read_script("DO LANGUAGE plpython3u 'pass'").statements
    assert block.meaning == s.Do(language="plpython3u", body="pass", inside=None)


# --- any text ---------------------------------------------------------------------------------------------------------

WORDS = (
    *(
        "SELECT 1",
        "CREATE TABLE a (b int)",
        "SELEC",
        "DROP TABLE a",
        "DO $$ BEGIN DROP TABLE a; END $$",
        "COPY a FROM stdin",
    ),
    *(
        ";",
        ";",
        ";",
        "\n",
        "\n",
        " ",
        "'",
        '"',
        "$$",
        "$a$",
        "E'",
        "\\",
        "\\.",
        "\\d x",
        "\\g",
        "--",
        "/*",
        "*/",
        "(",
        ")",
    ),
    *(
        "BEGIN ATOMIC",
        "CASE",
        "END",
        "BEGIN",
        "ä",
        "\0",
        "\r\n",
        "\t",
        "\ufeff",
        "-- pgops: ignore char-type why",
        "x",
        "1",
    ),
)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=14).map("".join),
)


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_any_text_is_read_or_said_to_be_unread(text):
    script = read_script(text)
    left = plain(script.text)
    psql = [each for each in script.unparsed if each.reason.endswith("no SQL")]
    for each in [*psql, *script.statements, *(other for other in script.unparsed if other not in psql)]:
        place = len("\n".join([*left.split("\n")[: each.line - 1], ""])) + each.column - 1
        # what psql understands is blanks in a statement's text; an error may stand anywhere in what could not be read
        words = r"\s+".join(map(re.escape, plain(each.text).split()))
        spans = [found.span() for found in re.finditer(f"(?=({words}))", left)] if words else [(place, place)]
        spans = [re.compile(words).match(left, begin).span() for begin, _ in spans]
        begin, end = min(
            spans,
            key=lambda span: (
                span[0] != place,
                not span[0] <= place < span[1],
                left[slice(*span)] != plain(each.text),
                abs(span[0] - place),
            ),
        )
        left = left[:begin] + re.sub(r"[^\n]", " ", left[begin:end]) + left[end:]
    assert not re.sub(r"\s+", "", without_comments(left))
    lint_sql(text)


def plain(text):
    """As it is parsed, without zero characters and halves of pairs; a semicolon, as \\g, covers nothing."""
    return re.sub("[\ud800-\udfff]", "???", re.sub("[\0\r;]", " ", text))


def without_comments(text):
    """As PostgreSQL reads them: a line comment ends with its line, block comments nest."""
    at, kept = 0, []
    while at < len(text):
        if text.startswith("--", at):
            at = text.find("\n", at) if "\n" in text[at:] else len(text)
        elif text.startswith("/*", at):
            depth, at = 1, at + 2
            while depth and at < len(text):
                mark = text[at : at + 2]
                depth += {"/*": 1, "*/": -1}.get(mark, 0)
                at += 2 if mark in {"/*", "*/"} else 1
        else:
            kept.append(text[at])
            at += 1
    return "".join(kept)
