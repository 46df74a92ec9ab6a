"""The terminal writer: nothing of a document's text acts on the terminal, and the lines fit."""

from __future__ import annotations

import re

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgops.render.document import Align, CodeBlock, Column, Document, KeyValues, Section, Table, Tree
from pgops.render.lines import Span, spans_width, width_of, wrapped
from pgops.render.text import to_text
from pgops.render.visible import visible
from tests.render.sample import HOSTILE, everywhere, report

any_text = st.text(st.characters(exclude_categories=()), max_size=40)
SGR = re.compile(r"\x1b\[[0-9;]+m")


def controls(text: str) -> set[str]:
    return {character for character in text if not character.isprintable() and not character.isspace()} | (
        set(text) & set("\t\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\u2028\u2029")
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_no_control_character_survives_but_our_own_colours(name):
    document = everywhere(HOSTILE[name])
    assert controls(to_text(document)) == set()
    colored = to_text(document, color=True)
    assert controls(SGR.sub("", colored)) == set()
    assert SGR.sub("", colored).split() == to_text(document).split()


@given(any_text)
@settings(max_examples=60, deadline=None)
def test_no_control_character_survives_of_any_text(text):
    assert not {c for c in to_text(everywhere(text)) if c in "\t\r\x1b\x7f" or "\x80" <= c <= "\x9f"}
    to_text(everywhere(text)).encode()


def without_code(document: Document) -> Document:
    return attrs.evolve(
        document,
        blocks=[
            attrs.evolve(block, blocks=[b for b in block.blocks if not isinstance(b, CodeBlock)])
            if hasattr(block, "blocks")
            else block
            for block in document.blocks
            if not isinstance(block, CodeBlock)
        ],
    )


@pytest.mark.parametrize("width", [40, 80, 100, 200])
@pytest.mark.parametrize("name", HOSTILE)
def test_lines_fit_the_width_code_blocks_apart(name, width):
    written = to_text(without_code(everywhere(HOSTILE[name])), width=width)
    assert max(map(width_of, written.splitlines())) <= width


def test_a_remedy_is_not_wrapped():
    remedy = "CREATE INDEX CONCURRENTLY " + "x" * 300 + "\n    ON t (a);"
    written = to_text(Document("t", blocks=[CodeBlock(remedy, "sql")]), width=40)
    assert "    " + remedy.replace("\n", "\n    ") in written


def test_columns_line_up_whatever_the_script():
    rows = [["注文", 1], ["e\u0301t\u00e9", 22], ["plain", 333]]
    lines = to_text(Document("t", blocks=[Table(["name", "n"], rows)])).splitlines()[3:]
    assert {width_of(line) for line in lines} == {width_of("plain  333")}


def test_the_widest_columns_give_way_and_numbers_do_not_break():
    table = Table(
        [Column.for_field("query"), Column.for_field("total_bytes")], [["SELECT " + "a, " * 100, 2**30 * 1.5]]
    )
    lines = to_text(Document("t", blocks=[table]), width=60).splitlines()
    assert any(line.endswith("1.5 GiB") for line in lines)
    assert sum("a, a" in line for line in lines) == 4
    assert any("…" in line for line in lines)


def test_a_table_with_too_many_columns_becomes_records():
    names = [f"column_{n}" for n in range(30)]
    written = to_text(Document("t", blocks=[Table(names, [[f"value {n}" for n in range(30)]])]), width=80)
    assert re.search(r"column_29\s+value 29\n", written)
    assert max(map(len, written.splitlines())) <= 80


def test_a_number_longer_than_the_measured_rows_stays_on_one_line():
    rows = [[1]] * 600 + [[123_456_789]]
    assert "123,456,789" in to_text(Document("t", blocks=[Table([Column("n", align=Align.RIGHT)], rows)]))


def test_a_tree_shows_who_waits_for_whom():
    tree = Tree("a", [Tree("b", [Tree("c"), Tree("d")]), Tree("e")])
    assert to_text(Document("t", blocks=[tree])).splitlines()[3:] == ["a", "├─ b", "│  ├─ c", "│  └─ d", "└─ e"]


def test_a_very_deep_tree_is_written_and_stays_on_the_page():
    tree = Tree("session 5000")
    for depth in range(4_999, 0, -1):
        tree = Tree(f"session {depth}", [tree])
    lines = to_text(Document("t", blocks=[tree]), width=120).splitlines()
    assert [line.split("session ")[1] for line in lines[3:]] == [str(n) for n in range(1, 5_001)]
    assert max(map(width_of, lines)) <= 120


def test_the_report_reads_well():
    written = to_text(report())
    assert "2 critical   2 warnings   1 info   9 clean   1 skipped   0 failed\n" in written
    assert "● CRITICAL  public.orders\n" in written
    assert re.search(
        r"^public\.orders +1\.4 GiB +384 MiB +4,812,331 +12\.4 % +2025-06-03 04:12:09 UTC$", written, re.MULTILINE
    )
    assert "│  └─ 48402 UPDATE orders" in written
    assert "\x1b" not in written
    assert "\x1b[1;31mCRITICAL" in to_text(report(), color=True)


def test_labels_and_values():
    written = to_text(Document("t", blocks=[Section("s", [KeyValues({"role": "monitor", "standby": False})])]))
    assert written.endswith("role     monitor\nstandby  no\n")


@given(st.lists(any_text.map(visible), max_size=5), st.integers(2, 30), st.integers(1, 4))
@settings(deadline=None)
def test_wrapped_lines_fit_and_lose_no_word_unless_cut(texts, width, most):
    spans = [Span(text) for text in texts]
    lines = wrapped(spans, width)
    assert all(spans_width(line) <= width for line in lines)
    said = "".join(span.text for line in lines for span in line)
    assert said.replace(" ", "") == "".join(texts).replace(" ", "")
    cut = wrapped(spans, width, most=most)
    assert len(cut) <= most
    assert all(spans_width(line) <= width for line in cut)
    assert cut == lines or len(lines) > most
