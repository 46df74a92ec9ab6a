"""A function as pg_proc has it, and which names the text of a body may mean."""

from __future__ import annotations

import re

import attrs

from pgops.findings import quote_identifier
from pgops.query_plan.node_trees import FIRST_USER_OID
from pgops.query_plan.volatile_catalogue import (
    EXTENSIONS_RUN_SQL,
    HARMLESS,
    HARMLESS_OF_EXTENSIONS,
    NOT_CALM,
    RUN_WHAT_THEY_ARE_TOLD,
)
from pgops.sql.lexing import Hidden, hidden


@attrs.frozen
class Function:
    """A row of pg_proc."""

    oid: int
    schema: str
    name: str
    arguments: str
    volatility: str
    language: str
    source: str
    tree: str | None
    defaults: str | None
    settings: list[str]
    types: list[int]
    extension: str | None
    parts: list[int]
    """What it calls: an aggregate its functions, another name of a function of PostgreSQL's own that one."""
    owner: str | None
    """As whom it runs, if it is SECURITY DEFINER."""

    def setting(self, name: str) -> str | None:
        """What the function sets for its own run (CREATE FUNCTION ... SET)."""
        found = (each.partition("=") for each in self.settings)
        return next((value for key, _, value in found if key.lower() == name), None)

    @property
    def conforms(self) -> bool:
        """Whether it leaves standard_conforming_strings alone."""
        return self.setting("standard_conforming_strings") is None

    @property
    def signature(self) -> str:
        """Qualified, with the types of its arguments."""
        return f"{quote_identifier(self.schema)}.{quote_identifier(self.name)}({self.arguments})"

    @property
    def is_own(self) -> bool:
        """Whether it came with the server, under the server's name."""
        return self.schema == "pg_catalog" and self.oid < FIRST_USER_OID

    @property
    def is_users(self) -> bool:
        """Whether it is neither the server's nor an extension's: its declaration is the user's."""
        return self.oid >= FIRST_USER_OID and self.extension is None

    @property
    def effect(self) -> str | None:
        """What is against it in itself: that it is volatile and not on the short list, or another thing it does."""
        if self.is_own and self.name in NOT_CALM:
            return f"{NOT_CALM[self.name]}, though it is declared STABLE"
        is_harmless = self.name in HARMLESS if self.is_own else (self.extension, self.name) in HARMLESS_OF_EXTENSIONS
        return "is volatile" if self.volatility == "v" and not is_harmless else None

    @property
    def unseen(self) -> str | None:
        """Why nobody can tell what it does: its language, where no extension and no server stands for it."""
        if self.oid < FIRST_USER_OID or self.language in LOOKED_THROUGH or self.parts:
            return None
        if self.language in {"c", "internal"} and self.extension is not None:
            return None
        return f"{self.signature} is in {self.language}, which is not looked through"

    @property
    def runs_what_it_is_told(self) -> bool:
        """Whether it runs a text or reads a relation that an argument names."""
        if self.is_own:
            return self.name in RUN_WHAT_THEY_ARE_TOLD
        return (self.extension, self.name) in EXTENSIONS_RUN_SQL


LOOKED_THROUGH = frozenset({"sql", "plpgsql"})
"""Languages whose bodies are read."""
ESCAPED_NAME = re.compile(r"[uU]&\"")
"""U&"..." may spell a name in numbers."""
_WORD = re.compile(r"[A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]*", re.ASCII)
"""To the server every character that is not ASCII is a letter, be it a blank or a picture (scan.l, ident_start)."""
_CALLED = re.compile(rf"\.\s*(?P<attribute>{_WORD.pattern})|(?P<function>{_WORD.pattern})(?=\s*\()", re.ASCII)
"""`f(x)`, or `x.f`, which means the same where x has no column f."""
_LONGEST_NAME = 63
"""Bytes: what is longer the server cuts off (manual, section 4.1.1)."""


def words_in(source: str) -> set[str]:
    """Every word outside of strings and comments, as it is written and folded, and every quoted name.

    >>> sorted(words_in('SELECT Ann."b ""c" /* d /* e */ f */'))
    ['Ann', 'SELECT', 'ann', 'b "c', 'select']
    """
    text, quoted = _code_of(source)
    return _as_written({*_WORD.findall(text)}, quoted)


def called_in(source: str) -> set[str]:
    """Those of the words that may name a function: in front of a parenthesis, behind a dot, or quoted.

    >>> sorted(called_in('total := fee /* of */ (x) + x.tax + "b"'))
    ['b', 'fee', 'tax']
    """
    text, quoted = _code_of(source)
    return _as_written({each["attribute"] or each["function"] for each in _CALLED.finditer(text)}, quoted)


def _as_written(words: set[str], quoted: set[str]) -> set[str]:
    found = {each for word in words for each in (word, word.lower(), folded(word))} | quoted
    return found | {_cut(each) for each in found}


def _code_of(source: str) -> tuple[str, set[str]]:
    """A body with blanks for its strings, comments and quoted names; and these names."""
    code = source.encode("utf-8", "replace").replace(b"\0", b" ")
    quoted: list[bytes] = []
    last = at = 0
    outside: list[bytes] = []
    for begin, end, kind in hidden(code):
        if kind is Hidden.TEXT:
            outside += [code[at:begin], b" "]
            at = end
            if code.startswith(b'"', begin):
                inner = code[begin + 1 : end - 1]
                # Two side by side are one name with a quote in it.
                if quoted and last == begin:
                    quoted[-1] += b'"' + inner
                else:
                    quoted.append(inner)
                last = end
        elif kind is Hidden.COMMENT:
            outside += [code[at:begin], b" "]
            at = end
    text = b"".join([*outside, code[at:]]).decode("utf-8", "replace")
    return text, {each.decode("utf-8", "replace") for each in quoted}


_KEYWORD_OPERATORS = {
    **dict.fromkeys(("in", "using", "natural", "case", "nullif", "distinct"), "="),
    "like": "~~ !~~",
    "ilike": "~~* !~~*",
    "similar": "~ !~",
    "between": ">= <= < >",
}


def operators_in(source: str, words: set[str]) -> str:
    """A text that holds every operator of a body: the body itself, and those that keywords stand for."""
    return " ".join([source, *(written for word, written in _KEYWORD_OPERATORS.items() if word in words)])


def folded(word: str) -> str:
    """As the server folds and cuts a name where it can't tell the letters of the encoding."""
    return _cut(word.encode().lower().decode())


def _cut(word: str) -> str:
    return word.encode()[:_LONGEST_NAME].decode("utf-8", "ignore")
