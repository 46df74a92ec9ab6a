"""The text of a file with its comments blanked out, every other character where it was.

What is commented out isn't set. Whether a `#` or `//` begins a comment or stands in a text goes by the rules of the
kind of file. The patterns run in linear time on any input: each alternative that begins also matches, to the end of the
line or of the text if nothing closes it.
"""

from __future__ import annotations

import re

from pgops.config.scanning.scanned_files import Syntax

_STRING = r'"(?:\\.|[^"\\\n])*+"?|\'(?:\\.|[^\'\\\n])*+\'?'
_HASH_STRING = r'"""(?:\\.|[^\\"]|"(?!""))*+(?:""")?|\'\'\'(?:\\.|[^\\\']|\'(?!\'\'))*+(?:\'\'\')?|' + _STRING
_SLASH_STRING = r"`(?:\\.|[^`\\])*+`?|" + _STRING

_COMMENTS = {
    # Texts first, so that what looks like a comment in them is none; only the group is blanked.
    Syntax.HASH_CODE: re.compile(rf"{_HASH_STRING}|(?P<comment>\#[^\n]*)", re.DOTALL),
    Syntax.SLASH_CODE: re.compile(
        rf"{_SLASH_STRING}|(?P<comment>(?<!:)//[^\n]*|/\*(?:[^*]|\*(?!/))*+(?:\*/)?)", re.DOTALL
    ),
    Syntax.JSON: re.compile(rf"{_STRING}|(?P<comment>(?<!:)//[^\n]*|/\*(?:[^*]|\*(?!/))*+(?:\*/)?)", re.DOTALL),
    # Elsewhere an apostrophe begins a text only at the beginning of a value, and # a comment only after a space.
    Syntax.YAML: re.compile(rf"(?<=[\s:=\[{{,-])(?:{_STRING})|(?P<comment>(?:(?<=\s)|(?<![^\n]))\#[^\n]*)", re.DOTALL),
    Syntax.DOTENV: re.compile(rf"(?<=[\s:=])(?:{_STRING})|(?P<comment>(?:(?<=[ \t\n])|(?<![^\n]))\#[^\n]*)", re.DOTALL),
    Syntax.INI: re.compile(rf"(?<=[\s:=])(?:{_STRING})|(?P<comment>(?:(?<=[ \t\n])|(?<![^\n]))[\#;][^\n]*)", re.DOTALL),
    # A whole line or nothing.
    Syntax.PROPERTIES: re.compile(r"^[ \t]*(?P<comment>[#!][^\n]*)", re.MULTILINE),
    Syntax.DOCKERFILE: re.compile(r"^[ \t]*(?P<comment>#[^\n]*)", re.MULTILINE),
}
_COMMENTS[Syntax.SHELL] = _COMMENTS[Syntax.DOTENV]


def without_comments(text: str, syntax: Syntax) -> str:
    """The text with spaces for comments, so that every place in it stays the same.

    >>> without_comments("A='#1' # two", Syntax.DOTENV)
    "A='#1'      "
    """
    return _COMMENTS[syntax].sub(_blanked, text)


def _blanked(found: re.Match[str]) -> str:
    whole, comment = found.group(), found["comment"]
    if comment is None:
        return whole
    start = found.start("comment") - found.start()
    return whole[:start] + re.sub(r"[^\n]", " ", comment)
