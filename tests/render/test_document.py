"""The tree: what it takes, what it refuses."""

from __future__ import annotations

import pytest

from pgops.render.document import Column, Document, Each, KeyValues, Line, Link, Section, Table, parts_of
from pgops.render.html import iter_html, to_html
from pgops.render.markdown import iter_markdown, to_markdown
from pgops.render.quantities import Unit
from pgops.render.tables import rows_of, sides_of
from pgops.render.text import iter_text, to_text


def test_lists_become_tuples_so_that_a_document_does_not_change():
    document = Document("t", blocks=["a", Section("s", ["b"])])
    assert document.blocks == ("a", Section("s", ("b",)))
    assert KeyValues({"a": 1}) == KeyValues([("a", 1)])


@pytest.mark.parametrize(
    "make", [lambda once: Section("s", once), lambda once: Table(["a"], once), lambda once: Each(once, str)]
)
def test_an_iterator_is_refused_because_it_can_be_read_only_once(make):
    with pytest.raises(TypeError, match="only once"):
        make(iter(["a"]))


def test_a_string_given_as_blocks_is_one_paragraph_not_its_letters():
    assert Section("s", "text").blocks == ("text",)


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", "JAVASCRIPT:x", "data:text/html,x", "//evil", "#", "", "http://"]
)
def test_a_link_leads_to_a_web_page_or_an_anchor(target):
    with pytest.raises(ValueError, match="link"):
        Link("text", target)


def test_a_row_longer_than_the_head_is_an_error_a_shorter_one_is_filled_up():
    assert list(rows_of(Table(["a", "b"], [["x"]]))) == [["x", ""]]
    with pytest.raises(ValueError, match="3 cells"):
        list(rows_of(Table(["a", "b"], [["x", "y", "z"]])))


def test_numbers_stand_right_by_unit_or_by_value():
    table = Table(
        [Column("size", unit=Unit.BYTES), "count", "name", "valid", "unknown"],
        [[None, None, "a", True, None], [1, 2, "b", False, None]],
    )
    assert [side.value for side in sides_of(table)] == ["right", "right", "left", "left", "left"]


def test_cells_are_written_by_the_unit_of_their_column():
    table = Table([Column.for_field("total_bytes"), "n"], [[1024, 12345]])
    assert list(rows_of(table)) == [["1 KiB", "12,345"]]


def test_the_parts_of_a_line():
    assert parts_of(Line("a", "b")) == ("a", "b")
    assert parts_of("a") == ("a",)


@pytest.mark.parametrize("write", [iter_text, iter_markdown, iter_html])
def test_a_long_document_is_written_as_it_is_made(write):
    made = []

    def paragraph(number):
        made.append(number)
        return f"finding {number}"

    chunks = write(Document("t", blocks=[Section("s", Each(range(100_000), paragraph))]))
    for _ in range(50):
        next(chunks)
    assert 0 < len(made) < 60


@pytest.mark.parametrize("write", [to_text, to_markdown, to_html])
def test_the_rows_of_a_long_table_all_arrive(write):
    rows = Each(range(3_000), lambda n: [f"row{n}end", n])
    written = write(Document("t", blocks=[Table(["name", "n"], rows)]))
    assert all(f"row{n}end" in written for n in range(3_000))
