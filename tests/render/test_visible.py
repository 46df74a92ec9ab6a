"""What would act on a screen or hide becomes a visible escape; everything else stays as it is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgops.render.visible import visible, visible_lines

any_text = st.text(st.characters(exclude_categories=()), max_size=60)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("public.orders", "public.orders"),
        ("注文 naïve été שלום 👍", "注文 naïve été שלום 👍"),
        ("\x1b[31m", r"\x1b[31m"),
        ("\x9b2J\x7f\x00", r"\x9b2J\x7f\x00"),
        ("a\u202eb\u2066c\u200f", r"a\u202eb\u2066c\u200f"),
        ("a\u200bb\ufeff\u00ad", r"a\u200bb\ufeff\xad"),
        ("\U000e0041", r"\U000e0041"),
        ("\udc80", r"\udc80"),
        ("a\u2028b\x0bc", r"a\u2028b\x0bc"),
        ("\u3164", r"\u3164"),
        ("SELECT a\n  FROM b\r\n WHERE c;\n", "SELECT a ↵ FROM b ↵ WHERE c;"),
        ("a\tb\rc", r"a\tb\rc"),
        ("\u0301x", "◌\u0301x"),
        ("Z" + "\u0335" * 6, "Z" + "\u0335" * 4 + r"\u0335\u0335"),
        ("", ""),
    ],
)
def test_what_hides_is_shown_as_an_escape(text, shown):
    assert visible(text) == shown


def test_a_block_keeps_its_lines_and_indentation():
    assert visible_lines("SELECT\r\n\ta,\n\n  b\x1b") == "SELECT\n    a,\n\n  b\\x1b"


@given(any_text)
def test_nothing_that_acts_or_hides_is_left(text):
    for shown in (visible(text), visible_lines(text).replace("\n", "")):
        assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp")]
        shown.encode()


@given(any_text)
def test_what_is_visible_stays_as_it_is(text):
    assert visible(visible(text)) == visible(text)
    assert visible_lines(visible_lines(text)) == visible_lines(text)
