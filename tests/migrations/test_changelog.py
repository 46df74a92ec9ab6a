"""CHANGELOG.md: what is put in where, and that people's own text survives it."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pgops.errors import MigrationTextError, WorkspaceError
from pgops.migrations.changelog import Changelog, Entry, checked_summary, seal_of

DAY = dt.date(2026, 11, 27)
HASH = "0" * 64


def with_entry(text: str, file: str = "prerelease.sql", summary: str = "orders") -> str:
    return Changelog(text).with_entry(file, DAY, summary).text


EMPTY = """\
# Changelog

## WIP

### prerelease.sql

- 2026-11-27 orders

## RELEASED
"""


@pytest.mark.parametrize("text", ["", "\n", "  \n\n"])
def test_a_new_changelog(text):
    assert with_entry(text).lstrip() == EMPTY


def test_entries_of_one_file_stand_below_one_another():
    assert with_entry(EMPTY, summary="customers") == EMPTY.replace(
        "- 2026-11-27 orders\n", "- 2026-11-27 orders\n- 2026-11-27 customers\n"
    )


def test_a_further_file_gets_a_block_behind_the_others():
    assert with_entry(EMPTY, "1_prerelease.sql") == EMPTY.replace(
        "\n## RELEASED", "\n### 1_prerelease.sql\n\n- 2026-11-27 orders\n\n## RELEASED"
    )


PEOPLES = """\
# Our migrations

Ask Ann before you release.

## Wip

What waits. <!-- keep this -->

### `prerelease.sql`

Reviewed by Bob.

- 2026-11-20 customers
  and their addresses
- a note of mine

Careful: long.

## Conventions

```markdown
## WIP
### prerelease.sql
```

<!--
## RELEASED
-->

## Released ##

See the wiki.

### 20250101000000.sql

- by hand
"""


def test_where_people_have_written_the_entry_follows_the_last_one():
    assert with_entry(PEOPLES) == PEOPLES.replace("addresses\n", "addresses\n- 2026-11-27 orders\n")


def test_a_release_moves_the_block_and_all_that_people_wrote_in_it():
    log = Changelog(PEOPLES).with_release("prerelease.sql", "20261127101500.sql", DAY, "the shop", HASH)
    line = "released 2026-11-27 from prerelease.sql: the shop"
    start, block = PEOPLES.index("### `prerelease"), PEOPLES.index("## Conventions")
    body = PEOPLES[start:block].partition("\n\n")[2].rstrip()
    moved = (
        f"### 20261127101500.sql\n\n- {line}\n"
        f"- sha256 {HASH} sealed {seal_of('20261127101500.sql', HASH, line)}\n\n{body}\n\n"
    )
    without = PEOPLES[:start] + PEOPLES[block:]
    assert log.text == without.replace("### 20250101000000.sql", moved + "### 20250101000000.sql")


def test_a_release_without_a_block_is_written_all_the_same():
    log = Changelog("").with_release("prerelease.sql", "20261127101500.sql", DAY, "the shop", HASH)
    (block,) = log.blocks
    assert (block.section, block.file, block.sha256, block.is_sealed) == ("RELEASED", "20261127101500.sql", HASH, True)


def test_the_newest_release_comes_first():
    log = Changelog("")
    for name in ("20261127101500.sql", "20261128101500.sql"):
        log = log.with_entry("prerelease.sql", DAY, name)
        log = log.with_release("prerelease.sql", name, DAY, "one", HASH)
    assert [block.file for block in log.blocks] == ["20261128101500.sql", "20261127101500.sql"]
    assert [block.entries for block in log.blocks] == [
        (Entry("2026-11-27", "20261128101500.sql"),),
        (Entry("2026-11-27", "20261127101500.sql"),),
    ]


def test_two_blocks_of_one_file_as_a_merge_leaves_them_are_released_together():
    text = EMPTY.replace("\n## RELEASED", "\n### prerelease.sql\n\n- 2026-11-26 theirs\n\n## RELEASED")
    (block,) = Changelog(text).with_release("prerelease.sql", "20261127101500.sql", DAY, "one", HASH).blocks
    assert [entry.text for entry in block.entries] == ["orders", "theirs"]


def test_line_ends_and_byte_order_mark_stay():
    text = ("\ufeff" + EMPTY).replace("\n", "\r\n")
    assert with_entry(text, summary="customers") == ("\ufeff" + with_entry(EMPTY, summary="customers")).replace(
        "\n", "\r\n"
    )


def test_a_changelog_without_a_final_line_end():
    assert with_entry("# Ours\n\n## WIP\n\n### prerelease.sql\n\n- 2026-11-20 customers") == (
        "# Ours\n\n## WIP\n\n### prerelease.sql\n\n- 2026-11-20 customers\n- 2026-11-27 orders\n\n## RELEASED\n"
    )


def test_wip_is_put_before_what_was_released():
    assert with_entry("# Ours\n\n## RELEASED\n\n### 20250101000000.sql\n\n- x\n") == (
        "# Ours\n\n## WIP\n\n### prerelease.sql\n\n- 2026-11-27 orders\n\n"
        "## RELEASED\n\n### 20250101000000.sql\n\n- x\n"
    )


@pytest.mark.parametrize("open_end", ["```\n", "~~~~ sql\n## WIP\n", "<!-- to do\n"])
def test_nothing_is_written_behind_a_code_block_that_is_left_open(open_end):
    with pytest.raises(WorkspaceError, match="ends within"):
        with_entry("# Ours\n" + open_end)


# --- summaries --------------------------------------------------------------------------------------------------------

REFUSED = {
    "empty": "",
    "blank": " \t ",
    "two lines": "one\n## RELEASED",
    "a carriage return": "one\rtwo",
    "a line separator": "one\u2028two",
    "a bell": "one\x07",
    "a bidirectional override": "one \u202eowt",
    "too long": "x" * 201,
    "half a character": "\ud800",
}


@pytest.mark.parametrize("summary", REFUSED.values(), ids=REFUSED)
def test_a_summary_is_one_visible_line(summary):
    with pytest.raises(MigrationTextError):
        checked_summary(summary)


MARKDOWN = {
    "## RELEASED": r"\#\# RELEASED",
    "drop *all*": r"drop \*all\*",
    "<!-- hide": r"\<!-- hide",
    "[x](http://evil)": None,
    "add_customer_index": "add_customer_index",
    "`code`": r"\`code\`",
}


@pytest.mark.parametrize(("summary", "written"), MARKDOWN.items())
def test_markdown_in_a_summary_is_text(summary, written):
    from markdown_it import MarkdownIt

    text = with_entry("", summary=summary)
    (entry,) = [line for line in text.splitlines() if line.startswith("- ")]
    assert written is None or entry == f"- 2026-11-27 {written}"
    kinds = {token.type for token in MarkdownIt().parse(text) if token.type.endswith("_open")}
    assert kinds == {"heading_open", "bullet_list_open", "list_item_open", "paragraph_open"}
    inline = [child.type for token in MarkdownIt().parse(text) for child in token.children or ()]
    assert not {"em_open", "strong_open", "link_open", "html_inline"} & set(inline)


# --- any text ---------------------------------------------------------------------------------------------------------

LINES = st.sampled_from(
    [
        "",
        "# Ours",
        "## WIP",
        "## wip ##",
        "## RELEASED",
        "## Other",
        "### prerelease.sql",
        "### 1_prerelease.sql",
        "- 2026-11-20 old",
        "- 2026-11-20: with a colon",
        "  indented",
        "text",
        "<!-- x -->",
        "```\n## WIP\n```",
        "#### deeper",
        "\x0c",
        "a\u2028## WIP",
    ]
)
TEXTS = st.builds(
    lambda lines, newline, last, mark: mark + "\n".join(lines).replace("\n", newline) + (newline if last else ""),
    st.lists(LINES, max_size=12),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.sampled_from(["", "\ufeff"]),
)


def lines_of(text: str) -> list[str]:
    """The lines that say something, whatever they end with."""
    return [line.rstrip("\r") for line in text.removeprefix("\ufeff").split("\n") if line.strip()]


def is_within(part: list[str], whole: list[str]) -> bool:
    """Whether the lines of `part` come in `whole` in the same order."""
    rest = iter(whole)
    return all(line in rest for line in part)


@given(TEXTS)
@example("## RELEASED\n## WIP")
def test_whatever_there_is_an_entry_adds_lines_and_takes_none(text):
    log = Changelog(text).with_entry("prerelease.sql", DAY, "orders")
    assert is_within(lines_of(text), lines_of(log.text))
    assert log.text.startswith("\ufeff") == text.startswith("\ufeff")
    assert ("\r\n" in log.text) == ("\r\n" in text)
    assert log.of("prerelease.sql")[-1].entries[-1] == Entry("2026-11-27", "orders")


@given(TEXTS)
def test_whatever_there_is_a_release_moves_lines_and_takes_none_but_headings(text):
    log = Changelog(text)
    after = log.with_release("prerelease.sql", "20261127101500.sql", DAY, "one", HASH)
    kept = lines_of(after.text)
    assert set(lines_of(text)) - set(kept) <= {"### prerelease.sql"}
    for line in set(kept) - {"### prerelease.sql"}:
        assert kept.count(line) >= lines_of(text).count(line)
    assert after.of("prerelease.sql") == ()
    (block,) = after.of("20261127101500.sql", "RELEASED")
    assert block.is_sealed
    assert list(block.entries) == [each for old in log.of("prerelease.sql") for each in old.entries]
