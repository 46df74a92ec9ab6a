"""The Markdown writer, judged by a CommonMark and GFM parser: text stays text, tables keep their shape."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pgops.render.document import Bullets, Code, CodeBlock, Document, Line, Link, Strong, Table, Text, Tree
from pgops.render.markdown import to_markdown
from pgops.render.visible import visible, visible_lines
from tests.render.sample import HOSTILE, everywhere, report

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from markdown_it.token import Token

GFM = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
any_text = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=30),
    st.text("\\`|*_~[]()<>#!@&-+=.:1a \n$", max_size=20),
    st.lists(st.sampled_from([*HOSTILE.values()][:25]), max_size=3).map(" ".join).filter(lambda text: len(text) < 500),
)


def tokens(markdown: str) -> list[Token]:
    def walk(found: Iterable[Token]) -> Iterator[Token]:
        for token in found:
            yield token
            yield from walk(token.children or [])

    return list(walk(GFM.parse(markdown)))


def shape(text: str) -> Counter[str]:
    """The blocks and links of a document that has the text everywhere; bold and code may vary, they are harmless."""
    of_no_matter = re.compile(r"text|text_special|code_inline|strong_(open|close)")
    found = Counter(token.type for token in tokens(to_markdown(everywhere(text))))
    return Counter({kind: number for kind, number in found.items() if not of_no_matter.fullmatch(kind)})


def said(token: Token) -> str:
    return "".join(child.content for child in token.children or [])


def cells(markdown: str) -> list[list[str]]:
    rows: list[list[str]] = []
    for before, token in zip([None, *(found := tokens(markdown))], found, strict=False):
        if token.type == "tr_open":
            rows.append([])
        if before is not None and before.type in ("td_open", "th_open"):
            rows[-1].append(said(token))
    return rows


@pytest.mark.parametrize("name", [name for name in HOSTILE if HOSTILE[name].strip()])
def test_hostile_text_becomes_no_markup(name):
    assert shape(HOSTILE[name]) == shape("plain")


@given(any_text.filter(lambda text: visible(text).strip()))
@settings(max_examples=150, deadline=None)
def test_no_text_becomes_markup(text):
    assert shape(text) == shape("plain")


@given(any_text, any_text)
@example("a\\|b", "\\")
@example("`|`", "`\\|")
@example("\\", "|")
@settings(max_examples=150, deadline=None)
def test_a_table_keeps_its_rows_and_columns_and_says_what_it_said(first, second):
    rows = cells(to_markdown(Document("t", blocks=[Table([first, second], [[first, Code(second)], [second, first]])])))
    assert [len(row) for row in rows] == [2, 2, 2]
    expected = [[first, second], [first, second], [second, first]]
    for row, texts in zip(rows, expected, strict=True):
        for cell, text in zip(row, texts, strict=True):
            # a backslash before a pipe in code gets a blank between, see _code
            assert cell.replace(" ", "").strip() == visible(text).replace(" ", "").strip()


@given(any_text)
@settings(max_examples=100, deadline=None)
def test_a_code_block_says_exactly_its_text(text):
    fences = [t for t in tokens(to_markdown(Document("t", blocks=[CodeBlock(text, "sql")]))) if t.type == "fence"]
    assert [(fence.info, fence.content) for fence in fences] == [("sql", visible_lines(text.strip("\n")) + "\n")]


@pytest.mark.parametrize("name", HOSTILE)
def test_what_github_links_after_rendering_stands_in_code(name):
    depth = 0  # inside a link of ours nothing is linked again
    shown = []
    for token in tokens(to_markdown(everywhere(HOSTILE[name]))):
        depth += token.nesting if token.type.startswith("link_") else 0
        if token.type == "inline":
            shown.append("\n")
        elif token.type != "fence" and not depth:
            shown.append("`" if token.type == "code_inline" else token.content)
    assert not re.search(r"@\w|#\d|GH-\d|://|www\.|\w:\w+:", "".join(shown))


def test_a_mention_in_two_pieces_is_seen_as_one():
    assert "`@octocat`" in to_markdown(Document("t", blocks=[Line("@", Text("octocat"), " said")]))


@pytest.mark.parametrize(
    ("content", "markdown"),
    [
        ("pg_stat_statements is _not_ loaded", r"pg_stat_statements is \_not\_ loaded"),
        ("2025-06-03 12:30:05 UTC", "2025-06-03 12:30:05 UTC"),
        ("1. item", r"1\. item"),
        ("- item", r"\- item"),
        ("5 > 3", "5 > 3"),
        ("&lt;", r"\&lt;"),
        ("a & b", "a & b"),
        (Code("a`b"), "``a`b``"),
        (Code("`a`"), "`` `a` ``"),
        (Line(Code("a"), Code("b")), "`a` `b`"),
        (Line("in ", Strong("bold"), "ly"), "in **bold**ly"),
        (Line("in", Strong('"x"'), "out"), 'in"x"out'),  # the asterisks would not count there
        (Link("[x]", "https://a.example/>"), r"[\[x\]](<https://a.example/%3E>)"),
        (Link("here", "#there"), "here"),
    ],
)
def test_ordinary_text_stays_readable(content, markdown):
    assert to_markdown(Document("t", blocks=[Bullets([content])])) == f"# t\n\n- {markdown}\n"


def test_a_fence_is_longer_than_any_inside():
    assert "\n````\n```\nx\n````\n" in to_markdown(Document("t", blocks=[CodeBlock("```\nx")]))


def test_a_tree_with_a_fence_in_a_label_stays_a_block():
    found = tokens(to_markdown(Document("t", blocks=[Tree("a", [Tree("```")]), "after"])))
    assert [t.content for t in found if t.type in ("fence", "inline")] == ["t", "a\n└─ ```\n", "after"]


def test_the_report_has_its_headings_tables_and_remedies():
    found = tokens(to_markdown(report()))
    headings = [after.content for token, after in pairwise(found) if token.type == "heading_open"]
    assert headings[:3] == ["Checks of shop", "Findings — 5 in 14 checks", "Listings"]
    assert sum(token.type == "table_open" for token in found) == 2
    assert sum(token.type == "fence" and token.info == "sql" for token in found) == 4
    assert "| public.orders | 1.4 GiB | 384 MiB | 4,812,331 | 12.4 % | 2025-06-03 04:12:09 UTC |" in to_markdown(
        report()
    )
    assert "| :--- | ---: | ---: | ---: | ---: | :--- |" in to_markdown(report())
