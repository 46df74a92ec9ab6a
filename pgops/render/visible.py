r"""Hostile text made harmless: what would act on a screen, or hide, is shown as an escape instead.

Names, queries and messages come from servers that anyone may have written to. A terminal obeys ESC and C1 codes, every
viewer obeys the bidirectional overrides of Unicode (CVE-2021-42574, "Trojan Source"), and zero-width characters make
two names look alike. All of these become escapes such as `\x1b` and `\u202e`, on one line or as a block of lines. Each
writer escapes its own markup on top. The answer is for reading: a name that really holds a backslash and `x1b` looks
the same.
"""

from __future__ import annotations

import functools
import re
import unicodedata

LINE_BREAK = " ↵ "
_MARKS_ON_ONE_LETTER = 4
_TAB_WIDTH = 4

# Invisible, yet no control or format character by category: Hangul fillers, the grapheme joiner, Khmer inherent vowels,
# Mongolian and other variation selectors, the blank Braille pattern.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def visible(text: str) -> str:
    r"""The text on one line, nothing in it hidden. A line break becomes "↵", with the indentation around it.

    >>> print(visible("ok \x1b[2J \u202etxt\u200b \t."), visible("SELECT a\n   FROM b\n"))
    ok \x1b[2J \u202etxt\u200b \t. SELECT a ↵ FROM b
    """
    if "\n" in text:
        lines = (line.strip(" \t") for line in text.replace("\r\n", "\n").split("\n"))
        text = LINE_BREAK.join(line for line in lines if line)
    return _escaped(text)


def visible_lines(text: str) -> str:
    r"""The text with its line breaks and indentation (tabs become spaces), nothing else in it hidden.

    >>> print(visible_lines("SELECT a,\r\n\tb\x00"))
    SELECT a,
        b\x00
    """
    return "\n".join(_escaped(line.expandtabs(_TAB_WIDTH)) for line in text.replace("\r\n", "\n").split("\n"))


def _escaped(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    marks = 0
    for character in text:
        if not is_mark(character):
            marks = 0
            shown.append(_shown(character))
            continue
        marks += 1
        if not shown:
            shown.append("◌")  # or it would change what stands before the text: a border, a bracket, a quote
        shown.append(_shown(character) if marks <= _MARKS_ON_ONE_LETTER else _escape(character))
    return "".join(shown)


def is_mark(character: str) -> bool:
    """Whether the character is drawn over the one before it."""
    return unicodedata.category(character) in ("Mn", "Me")


def is_hidden(character: str) -> bool:
    """Whether a reader sees nothing of it: control and format characters, halves of characters, fillers."""
    category = unicodedata.category(character)
    return category in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp") or _INVISIBLE.match(character) is not None


@functools.lru_cache(maxsize=4096)
def _shown(character: str) -> str:
    return _escape(character) if is_hidden(character) else character


def _escape(character: str) -> str:
    point = ord(character)
    match character:
        case "\t":
            return "\\t"
        case "\r":
            return "\\r"
        case "\n":
            return "\\n"
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
