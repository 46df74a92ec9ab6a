"""The HTML writer: hostile text stays text, the page needs nothing from outside, and it can be read by everyone."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgops.render.document import Card, Document, Section, Strip, Table, Tile, Tone, Tree
from pgops.render.html import to_html, to_html_fragment
from pgops.render.stylesheet import STYLE
from pgops.render.visible import visible
from tests.render.sample import HOSTILE, everywhere, report

any_text = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=30),
    st.text("<>&\"'/=;! scriptonx-\n`", max_size=25),
)
VOID = {"meta", "input"}


class Page(HTMLParser):
    """The tags in order, their attributes, the text; fails where a tag is not closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text: list[str] = []
        self.others: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert not self._open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open and self._open[-1] != "style":
            self.text.append(data)

    def handle_comment(self, data):
        self.others.append(data)

    def handle_decl(self, decl):
        self.others.append(decl)

    def handle_pi(self, data):
        self.others.append(data)

    unknown_decl = handle_pi

    def values(self, attribute: str) -> set[str | None]:
        return {value for _, name, value in self.attributes if name == attribute}


PLAIN = Page(to_html(everywhere("plain")))


def is_harmless(page: Page) -> None:
    assert page.others == ["doctype html"]
    assert set(page.tags) <= {*PLAIN.tags, "div", "p", "span"}
    assert {name for _, name, _ in page.attributes} <= {
        *(name for _, name, _ in PLAIN.attributes),
        "tabindex",
        "colspan",
    }
    assert all(
        re.fullmatch(r"#pgops-[A-Za-z0-9_.-]*|https://example\.org/", href or "") for href in page.values("href")
    )
    assert all(re.fullmatch(r"pgops-[A-Za-z0-9_.-]*", name or "") for name in page.values("id"))
    assert all(re.fullmatch(r"[A-Za-z0-9 -]*", name or "") for name in page.values("class"))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_shown_and_nothing_else(name):
    page = Page(to_html(everywhere(HOSTILE[name])))
    is_harmless(page)
    assert visible(HOSTILE[name]) in page.text or not HOSTILE[name]


@given(any_text.filter(bool))
@settings(max_examples=150, deadline=None)
def test_any_text_leaves_the_tags_as_they_were(text):
    page = Page(to_html(everywhere(text)))
    is_harmless(page)
    assert page.tags == PLAIN.tags
    to_html(everywhere(text)).encode()


def test_the_page_takes_nothing_from_outside_and_runs_nothing():
    page = to_html(report())
    assert not re.search(r"<script(?!&)|<link|<img|<iframe|\bsrc=|\bon[a-z]+=|url\(|@import", page)
    assert "default-src 'none'" in page


def test_the_page_has_its_parts():
    page = Page(to_html(report()))
    assert page.tags.count("h1") == 1
    assert page.tags.count("article") == 5
    assert page.tags.count("table") == 3
    assert ("th", "scope", "col") in page.attributes
    assert ("html", "lang", "en") in page.attributes
    assert page.tags.count("input") == 3
    assert "public.orders" in page.text
    assert "1.4 GiB" in page.text
    assert ("pre", "class", "language-sql") in page.attributes


def test_a_tile_filters_the_cards_of_its_tone_without_a_script():
    tiles = Strip([Tile("critical", 3, tone=Tone.CRITICAL, filters=True)])
    page = to_html(Document("t", blocks=[tiles, Card(heading="h", tone=Tone.CRITICAL)]))
    assert '<input type="checkbox" class="show-critical" checked' in page
    for tone in Tone:
        assert f".pgops:has(input.show-{tone.value}:not(:checked)) .card.{tone.value}" in STYLE


def test_a_section_is_folded_or_open_and_can_be_linked_to():
    page = to_html(
        Document("t", blocks=[Section("a", ["x"], anchor="locks.overview"), Section("b", ["y"], open=False)])
    )
    assert '<details class="section" id="pgops-locks.overview" open>' in page
    assert '<details class="section">' in page


def test_a_fragment_stays_in_its_cell():
    fragment = to_html_fragment(report())
    page = Page(fragment)
    assert not {"html", "head", "body", "meta", "title", "main"} & set(page.tags)
    assert fragment.startswith('<div class="pgops">')
    rules = re.sub(r"/\*.*?\*/", "", STYLE, flags=re.DOTALL)
    selectors = [s.strip() for group in re.findall(r"([^{};]+)\{", rules) for s in re.split(r",(?![^(]*\))", group)]
    assert len(selectors) > 100
    assert [s for s in selectors if not s.startswith((".pgops", "@media"))] == []


def test_a_very_deep_tree_is_nested_only_as_deep_as_a_browser_bears():
    tree = Tree("last")
    for depth in range(4_999):
        tree = Tree(f"session {depth}", [tree])
    page = Page(to_html(Document("t", blocks=[tree])))
    assert page.tags.count("li") == 5_000
    assert page.tags.count("ul") < 30


def test_an_empty_table_says_so():
    assert "none prepared" in Page(to_html(Document("t", blocks=[Table(["gid"], [], empty="none prepared")]))).text


def luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_on_its_ground(scheme):
    light, dark = re.findall(r"--ground.*?\n *\}|--ground.*?--sans", STYLE, re.DOTALL)[:2]
    colors = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", light if scheme == "light" else dark))
    pairs = [(text, ground) for text in ("text", "soft", "accent") for ground in ("ground", "panel", "sunken")]
    for tone in Tone:
        pairs += [(tone.value, f"{tone.value}-ground"), (tone.value, "panel"), (tone.value, "ground")]
    pairs.append(("text", "muted-ground"))
    for text, ground in pairs:
        lighter, darker = sorted((luminance(colors[text]), luminance(colors[ground])), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (text, ground)
