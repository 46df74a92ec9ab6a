"""The pending files and their order, and SQL that is put behind other SQL."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgops.errors import MigrationNameError, MigrationTextError
from pgops.migrations.appending import Ending, appended, ending
from pgops.migrations.pending import chosen_name, in_order, is_pending, next_names

DAY = dt.date(2026, 11, 27)


def test_numbers_are_numbers():
    names = ["10_prerelease.sql", "9_prerelease.sql", "prerelease.sql", "1_prerelease.sql", "2_prerelease.sql"]
    assert in_order(names) == [names[2], names[3], names[4], names[1], names[0]]


@pytest.mark.parametrize(
    "name",
    [
        "Prerelease.sql",
        "prerelease.SQL",
        "-1_prerelease.sql",
        "a_prerelease.sql",
        "1prerelease.sql",
        "_prerelease.sql",
        "١_prerelease.sql",
        "1_prerelease.sql.bak",
        "1_prerelease.sql\n",
        "prerelease",
        "released.sql",
    ],
)
def test_other_names_are_not_pending(name):
    assert not is_pending(name)


CHOSEN = {
    "none there": (None, [], "prerelease.sql"),
    "the latest": (None, ["1_prerelease.sql", "2_prerelease.sql", "10_prerelease.sql"], "10_prerelease.sql"),
    "a named one": ("1_prerelease.sql", ["1_prerelease.sql", "2_prerelease.sql"], "1_prerelease.sql"),
    "the next": ("3_prerelease.sql", ["1_prerelease.sql", "2_prerelease.sql"], "3_prerelease.sql"),
    "the first, numbered": ("1_prerelease.sql", [], "1_prerelease.sql"),
    "the first beside the plain one": ("1_prerelease.sql", ["prerelease.sql"], "1_prerelease.sql"),
    "the second, the plain one being the first": ("2_prerelease.sql", ["prerelease.sql"], "2_prerelease.sql"),
}


@pytest.mark.parametrize(("wanted", "there", "name"), CHOSEN.values(), ids=CHOSEN)
def test_which_file_is_appended_to(wanted, there, name):
    assert chosen_name(wanted, there) == name


@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        ("2_prerelease.sql", []),
        ("4_prerelease.sql", ["1_prerelease.sql", "2_prerelease.sql"]),
        ("1_prerelease.sql", ["2_prerelease.sql"]),
        ("prerelease.sql", ["1_prerelease.sql"]),
        ("01_prerelease.sql", []),
        ("orders.sql", []),
    ],
)
def test_a_new_file_is_the_next_in_order(wanted, there):
    with pytest.raises(MigrationNameError) as caught:
        chosen_name(wanted, there)
    assert all(name in str(caught.value) for name in next_names(there)), "it says which could be"


# --- how SQL ends -----------------------------------------------------------------------------------------------------

ENDINGS = {
    "": Ending.EMPTY,
    " \n-- to do;\n/* ; /* nested */ ; */": Ending.EMPTY,
    ";;": Ending.EMPTY,
    "SELECT 1": Ending.WITHIN,
    "SELECT 1;": Ending.COMPLETE,
    "SELECT 1; -- done": Ending.COMPLETE,
    "SELECT 1 -- ;": Ending.WITHIN,
    "SELECT 1 /* ; */": Ending.WITHIN,
    "SELECT ';'": Ending.WITHIN,
    "SELECT 'it''s;'": Ending.WITHIN,
    r"SELECT 'back\'; SELECT 1": Ending.WITHIN,
    r"SELECT e'it\'s;'": Ending.WITHIN,
    'SELECT 1 AS ";"': Ending.WITHIN,
    "DO $$ BEGIN; END $$": Ending.WITHIN,
    "DO $a$ $$;$$ $a$;": Ending.COMPLETE,
    "SELECT a$b$c": Ending.WITHIN,
    "SELECT $1": Ending.WITHIN,
    "\\set x 1\n": Ending.COMPLETE,
    "\\i other.sql": Ending.COMPLETE,
    "COPY t FROM stdin;\nit's\t1\n\\.\n": Ending.COMPLETE,
    "COPY t FROM stdin;\n1\n\\.\nSELECT 1": Ending.WITHIN,
    "\ufeffSELECT 1;": Ending.COMPLETE,
}


@pytest.mark.parametrize(("sql", "how"), ENDINGS.items())
def test_how_sql_ends(sql, how):
    assert ending(sql) is how


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("SELECT 1;\nSELECT 'a", "Line 2: the quote '"),
        (r"SELECT e'a\'", "Line 1: the quote '"),
        ('SELECT "a', 'the quote "'),
        ("DO $x$ BEGIN END $y$", "the quote $x$"),
        ("/* /* */", "the comment"),
        ("COPY t FROM STDIN;\n1\n", "COPY FROM STDIN"),
    ],
)
def test_what_is_left_open_is_refused(sql, what):
    with pytest.raises(MigrationTextError) as caught:
        ending(sql)
    assert what in str(caught.value)
    with pytest.raises(MigrationTextError):
        appended("", sql, summary="x", on=DAY)
    with pytest.raises(MigrationTextError):
        appended(sql, "SELECT 1", summary="x", on=DAY)


@pytest.mark.parametrize("sql", ["", " \n ", "-- to do", "/* */", ";", "SELECT '\0'", "SELECT '\ud800'"])
def test_what_is_no_statement_is_refused(sql):
    with pytest.raises(MigrationTextError):
        appended("SELECT 1;\n", sql, summary="x", on=DAY)


HEAD = "-- 2026-11-27 two\n"
APPENDED = {
    "to nothing": ("", "SELECT 2;", HEAD + "SELECT 2;\n"),
    "without a semicolon": ("", "SELECT 2", HEAD + "SELECT 2;\n"),
    "ending in a comment": ("", "SELECT 2 -- x", HEAD + "SELECT 2 -- x\n;\n"),
    "blank lines around it": ("", "\n\n  SELECT 2;\n\n", HEAD + "  SELECT 2;\n"),
    "a byte order mark of its own": ("", "\ufeffSELECT 2;", HEAD + "SELECT 2;\n"),
    "to a whole statement": ("SELECT 1;\n", "SELECT 2;", f"SELECT 1;\n\n{HEAD}SELECT 2;\n"),
    "to a file without a final line end": ("SELECT 1;", "SELECT 2;", f"SELECT 1;\n\n{HEAD}SELECT 2;\n"),
    "to a statement without a semicolon": ("SELECT 1\n", "SELECT 2;", f"SELECT 1\n;\n\n{HEAD}SELECT 2;\n"),
    "to one with a comment behind": ("SELECT 1 -- one", "SELECT 2;", f"SELECT 1 -- one\n;\n\n{HEAD}SELECT 2;\n"),
    "to comments alone": ("-- ours\n", "SELECT 2;", f"-- ours\n\n{HEAD}SELECT 2;\n"),
    "to blanks alone": ("\n\n", "SELECT 2;", f"\n\n{HEAD}SELECT 2;\n"),
    "to a byte order mark alone": ("\ufeff", "SELECT 2;", f"\ufeff{HEAD}SELECT 2;\n"),
    "to Windows' line ends": (
        "SELECT 1;\r\n",
        "SELECT\n2",
        "SELECT 1;\r\n\r\n-- 2026-11-27 two\r\nSELECT\r\n2;\r\n",
    ),
    "Windows' line ends to others": ("SELECT 1;\n", "SELECT\r\n2;", f"SELECT 1;\n\n{HEAD}SELECT\n2;\n"),
}


@pytest.mark.parametrize(("before", "sql", "after"), APPENDED.values(), ids=APPENDED)
def test_appending(before, sql, after):
    assert appended(before, sql, summary="two", on=DAY) == after


PIECES = st.lists(
    st.sampled_from(
        ["SELECT 1", ";", " ", "\n", "-- c", "/* x */", "'a;'", '"b"', "$$;$$", "\r\n", "($1)", "e'\\''", "x"]
    ),
    max_size=8,
).map("".join)


@given(PIECES, PIECES)
def test_no_two_statements_become_one(before, sql):
    from pgops.checks.sql_text import statements, without_comments

    def count(text):
        return sum(1 for each in statements(text) if without_comments(each).strip())

    try:
        after = appended(before, sql, summary="two", on=DAY)
    except MigrationTextError:
        return
    assert after.startswith(before)
    assert count(after) == count(before) + count(sql)
