"""SQL as text: as far as one has to know what is code, and what is a string, a quoted name or a comment.

It is no parser (manual, section 4.1, has the rules; block comments within block comments are not among ours).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_COMMENT = r"--[^\n]*|/\*.*?\*/"
_QUOTED = r"""\b[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$"""
_PIECE = re.compile(rf"(?P<comment>{_COMMENT})|(?P<quoted>{_QUOTED})|::|(?P<end>;)|:(?P<variable>\w+)|.", re.DOTALL)


def statements(script: str) -> Iterator[str]:
    """The statements of a script, each by itself, so that VACUUM and CONCURRENTLY are in no transaction.

    >>> list(statements("SELECT ';'; -- one; two\\nSELECT $$;$$"))
    ["SELECT ';'", '-- one; two\\nSELECT $$;$$']
    """
    began = 0
    for piece in _PIECE.finditer(script):
        if piece["end"]:
            yield script[began : piece.start()].strip()
            began = piece.end()
    last = script[began:].strip()
    if without_comments(last).strip():
        yield last


def without_comments(script: str) -> str:
    """The script with a space in place of each comment.

    >>> without_comments("SELECT '--' -- two dashes")
    "SELECT '--'  "
    """
    return _PIECE.sub(lambda piece: " " if piece["comment"] else piece.group(), script)


def with_parameters(script: str, names: Collection[str]) -> str:
    """psql's variables `:name`, as far as they are among `names`, as parameters of psycopg; percent signs doubled.

    >>> with_parameters("SELECT 5 % 2, ':days'::text, now() - :days, :other", {"days"})
    "SELECT 5 %% 2, ':days'::text, now() - %(days)s, :other"
    """

    def written(piece: re.Match[str]) -> str:
        name = piece["variable"]
        return f"%({name})s" if name in names else piece.group().replace("%", "%%")

    return _PIECE.sub(written, script)
