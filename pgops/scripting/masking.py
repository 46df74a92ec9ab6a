"""Passwords in SQL that is to be shown or kept: the literals that hold one are masked, everything else stays.

`pgops.secret.without_passwords` cuts a text at its first literal, which is right for a line in a message. Who agrees to
a script has to see all of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgops.secret import MASK
from pgops.sql.libpg_query import pb, postgast
from pgops.sql.parsing import PgQueryError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAY_HAVE_ONE = re.compile(r"passw|://", re.IGNORECASE)
_TOKENS = pb.Token
_LITERALS = frozenset({_TOKENS.SCONST, _TOKENS.USCONST})
_COMMENTS = frozenset({_TOKENS.SQL_COMMENT, _TOKENS.C_COMMENT})
_BETWEEN = _COMMENTS | {_TOKENS.ASCII_61, _TOKENS.COLON_EQUALS}
"""What may stand between the word and the literal: =, := and comments."""
_WORD = re.compile(r'"?(?:ssl)?password"?', re.IGNORECASE)
_TAG = re.compile(r"\$(?:[^\W\d]\w*)?\$")
# In a literal: a connection string, a URL, or SQL that is made of it, where a quote is written twice.
_INSIDE = re.compile(
    r"(?P<word>password\s*=\s*|password\s+(?=\\?'))(?:''(?:(?!'').)*''|\\'(?:(?!\\').)*\\'"
    r"|'[^']*'|\"[^\"]*\"|[^\s'\"&;]+)"
    r"|(?P<user>://[^\s'/@:]*:)[^\s'/]+(?=@)",
    re.IGNORECASE | re.DOTALL,
)


def masked(sql: str) -> str:
    """`sql` with its passwords masked: after the word PASSWORD, in a connection string, in a body, in a comment.

    >>> masked("ALTER ROLE app PASSWORD 'hunter2' VALID UNTIL 'infinity'")
    "ALTER ROLE app PASSWORD '********' VALID UNTIL 'infinity'"
    >>> masked("SELECT dblink_connect('host=a password=hunter2 user=b')")
    "SELECT dblink_connect('host=a password=******** user=b')"
    >>> masked("DO $$BEGIN ALTER ROLE app PASSWORD 'hunter2'; END$$")
    "DO $$BEGIN ALTER ROLE app PASSWORD '********'; END$$"
    """
    if not _MAY_HAVE_ONE.search(sql):
        return sql
    raw = sql.encode()
    parts, behind = [], 0
    for start, end, shown in _literals(raw):
        parts += [raw[behind:start], shown.encode()]
        behind = end
    return b"".join([*parts, raw[behind:]]).decode()


def _literals(raw: bytes) -> Iterator[tuple[int, int, str]]:
    """Where each literal begins and ends, and how it may be shown."""
    try:
        tokens = postgast.scan(raw.decode()).tokens
    except PgQueryError:  # the body of a function in another language than SQL, with an open quote
        yield 0, len(raw), _INSIDE.sub(_mask, raw.decode())
        return
    is_password = False
    for token in tokens:
        word = raw[token.start : token.end].decode()
        if token.token in _LITERALS:
            yield token.start, token.end, f"'{MASK}'" if is_password else _inside(word)
        elif token.token in _COMMENTS:
            yield token.start, token.end, _INSIDE.sub(_mask, word)
        if token.token not in _BETWEEN:
            is_password = _WORD.fullmatch(word) is not None


def _inside(literal: str) -> str:
    tag = _TAG.match(literal)
    if tag is None:
        return _INSIDE.sub(_mask, literal)
    length = tag.end()
    inner = masked(literal[length:-length])
    # What a body holds may be a connection string itself, and no SQL.
    return f"{tag[0]}{_INSIDE.sub(_mask, inner) if inner == literal[length:-length] else inner}{tag[0]}"


def _mask(found: re.Match[str]) -> str:
    return f"{found['word'] or found['user']}{MASK}"
