"""The line of every key, in every way that TOML can write one."""

from __future__ import annotations

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgops.config.positions import DEEPEST, positions

EVERYTHING = '''# a comment with = and [brackets]
top = 1
"quoted key" = 'a = b'
'literal "key"' = "esc \\" # = ["
"\\u00e9" . dotted = true

[table] # comment
text = """
[not.a.table]
no_key = 1 \\""" still inside
"""
other = \'\'\'
[nor.this]\'\'\'
quotes = """a""\"""

  [ table . "sub.table" ]
x = [
  1, # [
  { y = 2, z.w = [3,
    {v = "}"}] },
]
[[rows]]
a = 1
[rows.inner]
b = 2
[[rows]]
a = 3
[[rows.deep]]
c = 4
'''.replace(' [3,\n    {v = "}"}] }', ' [3, {v = "}"}] }')

WHERE = {
    ("top",): 2,
    ("quoted key",): 3,
    ('literal "key"',): 4,
    ("é", "dotted"): 5,
    ("table",): 7,
    ("table", "text"): 8,
    ("table", "other"): 12,
    ("table", "quotes"): 14,
    ("table", "sub.table"): 16,
    ("table", "sub.table", "x"): 17,
    ("table", "sub.table", "x", 1): 19,
    ("table", "sub.table", "x", 1, "y"): 19,
    ("table", "sub.table", "x", 1, "z", "w"): 19,
    ("table", "sub.table", "x", 1, "z", "w", 1, "v"): 19,
    ("rows", 0): 21,
    ("rows", 0, "a"): 22,
    ("rows", 0, "inner"): 23,
    ("rows", 0, "inner", "b"): 24,
    ("rows", 1): 25,
    ("rows", 1, "a"): 26,
    ("rows", 1, "deep", 0, "c"): 28,
}


def test_every_spelling_is_found():
    tomllib.loads(EVERYTHING)
    found = positions(EVERYTHING).lines
    assert {path: found.get(path) for path in WHERE} == WHERE
    assert not {"not", "nor", "no_key"} & {part for path in found for part in path}


def test_keys_values_and_headers_are_found_to_the_character():
    """What is cut out at the offsets is the very value that tomllib reads there."""
    found = positions(EVERYTHING)
    for path, (start, end) in found.values.items():
        here = tomllib.loads(EVERYTHING)
        for part in path:
            here = here[part]
        assert tomllib.loads(f"value = {EVERYTHING[start:end]}")["value"] == here, path
    for path, start in found.keys.items():
        value_start, value_end = found.values[path]
        # As dotted as it is written, so it may be longer than the last part of the path.
        (name,) = tomllib.loads(EVERYTHING[start:value_start] + "1")
        assert name in path
        assert value_end > value_start
    assert [EVERYTHING[header.start : header.end] for header in found.headers] == [
        *("[table]", '[ table . "sub.table" ]', "[[rows]]", "[rows.inner]", "[[rows]]", "[[rows.deep]]")
    ]
    assert {header.path for header in found.headers} == {
        *(("table",), ("table", "sub.table"), ("rows", 0), ("rows", 0, "inner"), ("rows", 1), ("rows", 1, "deep", 0))
    }


def test_a_key_that_is_absent_has_the_line_of_its_table():
    assert positions("a = 1\n[b]\nc = 2").line(("b", "absent", 3)) == 2
    assert positions("a = 1").line(("absent",)) is None


@pytest.mark.parametrize(
    ("text", "unfinished", "table"),
    [
        ("[t]\na = 1\nb = ", ("t", "b"), ("t",)),
        ("[t]\na = 1\n", (), ("t",)),
        ("[t]\na 1", ("t", "a"), ("t",)),
        ("[t]\na = [1,\n", ("t", "a", 1), ("t",)),
        ('[t]\na = """x\n\n', ("t", "a"), ("t",)),
        ("[t]\n[u", (), ()),
        ("a:b = 1", ("a",), ()),
    ],
)
def test_where_a_broken_text_ends(text, unfinished, table):
    found = positions(text)
    assert (found.unfinished, found.table) == (unfinished, table)


@pytest.mark.parametrize(
    "text", ["x" * 300_000, "[" * 300_000, "a." * 150_000, "a = " + "[" * 300_000, '\\"""' * 75_000]
)
def test_a_hostile_text_takes_no_longer_than_it_is(text):
    found = positions("ok = 1\n" + text)
    assert found.lines["ok",] == 1
    assert found.too_deep in {None, 2}


@pytest.mark.parametrize(("depth", "too_deep"), [(DEEPEST - 1, None), (DEEPEST, 1)])
def test_deep_nesting_is_noticed(depth, too_deep):
    assert positions("a = " + "[" * depth + "{}" + "]" * depth).too_deep == too_deep


# --- any document: every key that tomllib finds has the line it was written on ---------------------------------------

NAMES = st.text(max_size=6) | st.sampled_from(["a", "b", "host", "a.b", 'q"', "l'", "=", "#", "[x]"])
VALUES = st.recursive(
    st.integers(-9, 9) | st.booleans() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


def written(value, *, lines: bool) -> str:
    """TOML for a value; `lines` breaks strings and arrays over several."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)} = {written(inner, lines=False)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        gap = "\n # a = 1 ]\n" if lines else " "
        return f"[{gap}" + f",{gap}".join(written(inner, lines=lines) for inner in value) + f"{gap}]"
    if isinstance(value, str):
        return f'"""\n{quoted(value)[1:-1]}\\n\n[x]\ny = 1"""' if lines else quoted(value)
    return json.dumps(value)


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, st.tuples(VALUES, st.booleans()), max_size=4), max_size=4))
def test_each_key_is_found_where_it_was_written(tables):
    text, where = "", {}
    for name, table in tables.items():
        text += f"\n[ {quoted(name)} ] # {{\n"
        where[name,] = text.count("\n")
        for key, (value, lines) in table.items():
            where[name, key] = text.count("\n") + 1
            text += f"{quoted(key)} = {written(value, lines=lines)} # '''\n"
    tomllib.loads(text)
    found = positions(text)
    assert {path: found.lines.get(path) for path in where} == where
    assert {path[:1] for path in found.lines} == {(name,) for name in tables}
    assert {path[1] for path in found.lines if len(path) > 1} == {key for table in tables.values() for key in table}
