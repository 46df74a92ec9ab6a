"""Statements written anew, in the words they had: what rules offer instead.

The model of a statement leaves out much (operator classes, INCLUDE, ON DELETE), so the text has to be kept and only
what changes put in its place. Whatever comes out is read again, and offered only if PostgreSQL's grammar finds in it
what was meant: a comment or a name that looks like a keyword can't make a wrong one.
"""

from __future__ import annotations

import re

import attrs

from pgops.sql import statements as s
from pgops.sql.grammar import read_script
from pgops.sql.statements import Name

_SPACE = r"(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/)"
_PART = r'(?:"(?:[^"]|"")*"|[^\W\d][\w$]*)'
_NAME = rf"{_PART}(?:{_SPACE}*\.{_SPACE}*{_PART})*"


def _words(pattern: str) -> re.Pattern[str]:
    """`pattern` with a blank for any white space and comments, `~` where there may be none, and `NAME`, `PART`."""
    marks = {" ": rf"{_SPACE}+", "~": rf"{_SPACE}*", "NAME": _NAME, "PART": _PART}
    return re.compile(
        re.sub(r" |~|\bNAME\b|\bPART\b", lambda mark: marks[mark.group()], pattern), re.IGNORECASE | re.DOTALL
    )


_CREATE_INDEX = _words(
    r"CREATE (?:UNIQUE )?INDEX(?: CONCURRENTLY)?(?: IF NOT EXISTS)?(?: (?!ON\b)PART)?"
    r"~ON\b(?: ONLY\b)?~(?:NAME)(?P<rest>.*)"
)
_ADD_CONSTRAINT = _words(
    r"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?(?:NAME)~ADD(?: CONSTRAINT (?:PART))?~(?P<definition>\b[A-Z].*)"
)
_REINDEX = _words(r"REINDEX(?:~\([^)]*\))?~\b(?:INDEX|TABLE|SCHEMA|DATABASE)\b")
_KEY = _words(
    r"(?:UNIQUE|PRIMARY KEY)(?P<nulls>~NULLS (?:NOT )?DISTINCT)?~"
    r"(?P<columns>\((?:[^()\"]|\"(?:[^\"]|\"\")*\")*\))(?P<include>~INCLUDE~\((?:[^()\"]|\"(?:[^\"]|\"\")*\")*\))?"
    r"(?P<when>(?:~(?:NOT DEFERRABLE|DEFERRABLE|INITIALLY DEFERRED|INITIALLY IMMEDIATE))*)~"
)
_NOT_VALID = _words(r" NOT VALID\b")
_HIDES_NOTHING = re.compile(r"(?:[\w\s(),.<>=+*:%]|-(?!-)|/(?!\*))*;?").fullmatch


def ended(text: str) -> str:
    """The text with its semicolon, which a comment at its end must not swallow."""
    return f"{text}\n;" if "--" in text.rpartition("\n")[2] else f"{text};"


def with_more(text: str, more: str) -> str:
    """The text, `more`, and the semicolon."""
    return f"{text}\n{more};" if "--" in text.rpartition("\n")[2] else f"{text} {more};"


def create_index(text: str, index: s.CreateIndex, wanted: s.CreateIndex) -> str | None:
    """CREATE INDEX as `wanted` has name, table and manner, and all else as in `text`, which says `index`."""
    found = _CREATE_INDEX.fullmatch(text)
    if found is None:
        return None
    words = [
        "CREATE",
        "UNIQUE" if wanted.unique else "",
        "INDEX",
        "CONCURRENTLY" if wanted.concurrently else "",
        "IF NOT EXISTS" if wanted.if_not_exists else "",
        Name(wanted.name).sql if wanted.name is not None else "",
        "ON",
        "ONLY" if wanted.only else "",
        wanted.table.sql,
    ]
    same = attrs.evolve(
        index,
        name=wanted.name,
        table=wanted.table,
        concurrently=wanted.concurrently,
        if_not_exists=wanted.if_not_exists,
        only=wanted.only,
    )
    return checked(ended(f"{' '.join(filter(None, words))} {found['rest'].lstrip()}"), same)


def add_constraint(text: str, alter: s.AlterTable, wanted: s.AlterTable) -> str | None:
    """ALTER TABLE ... ADD CONSTRAINT with table, name and NOT VALID as `wanted` has them, all else as in `text`."""
    definition = _definition(text, alter)
    action = wanted.actions[0]
    if definition is None or not isinstance(action, s.AddConstraint) or action.constraint.name is None:
        return None
    definition = _NOT_VALID.sub("", definition)
    begin = f"{altering(wanted)} ADD CONSTRAINT {Name(action.constraint.name).sql} {definition}"
    return checked(with_more(begin, "NOT VALID") if action.constraint.not_valid else ended(begin), wanted)


def altering(alter: s.AlterTable) -> str:
    """`ALTER TABLE IF EXISTS ONLY t`, as far as it says so."""
    words = ("ALTER TABLE", "IF EXISTS" if alter.if_exists else "", "ONLY" if alter.only else "", alter.table.sql)
    return " ".join(filter(None, words))


@attrs.frozen
class KeyWords:
    """A unique or primary key in two halves: what its index has to be, and what the constraint says beside."""

    of_index: str
    of_constraint: str
    included: tuple[str, ...] = ()
    """The columns of INCLUDE: the name that PostgreSQL gives has them too."""


def key_words(text: str, alter: s.AlterTable) -> KeyWords | None:
    """Of ADD UNIQUE or ADD PRIMARY KEY; None where it says more than these halves hold (WITH, TABLESPACE ...)."""
    definition = _definition(text, alter)
    found = _KEY.fullmatch(definition) if definition is not None else None
    if found is None:
        return None
    of_index = " ".join(filter(None, (_stripped(found[each]) for each in ("columns", "include", "nulls"))))
    return KeyWords(of_index, _stripped(found["when"]), _columns(found["include"]))


def _columns(words: str | None) -> tuple[str, ...]:
    """The names between the parentheses of a list of columns."""
    inside = (words or "").partition("(")[2]
    names = re.findall(_PART, inside)
    return tuple(each[1:-1].replace('""', '"') if each.startswith('"') else each.lower() for each in names)


def _stripped(words: str | None) -> str:
    return (words or "").strip()


def _definition(text: str, alter: s.AlterTable) -> str | None:
    found = _ADD_CONSTRAINT.fullmatch(text) if len(alter.actions) == 1 else None
    return found["definition"] if found is not None else None


def reindex_concurrently(text: str, meaning: s.Reindex) -> str | None:
    """REINDEX with CONCURRENTLY, and all else as in `text`."""
    found = _REINDEX.match(text)
    if found is None:
        return None
    return checked(
        ended(f"{found.group()} CONCURRENTLY{text[found.end() :]}"), attrs.evolve(meaning, concurrently=True)
    )


def checked(sql: str, meaning: s.Meaning) -> str | None:
    """`sql`, if it is one statement and says `meaning`. Words without quotes and comments can't be mistaken."""
    return sql if _HIDES_NOTHING(sql) or said(sql) == meaning else None


def said(sql: str) -> s.Meaning | None:
    """What `sql` says, if it is one statement."""
    script = read_script(sql)
    return script.statements[0].meaning if len(script.statements) == 1 and not script.unparsed else None
