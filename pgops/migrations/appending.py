"""SQL put behind other SQL, so that neither runs into the other.

For that one has to know how a text ends: between statements, within one, or within a quote that was left open. This is
the lexer's part of PostgreSQL's rules (manual, section 4.1) and of psql's (backslash commands, rows after COPY FROM
STDIN), and needs no parser, so recording a migration needs no extra.
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING

from pgops.errors import MigrationTextError

if TYPE_CHECKING:
    import datetime as dt

_PIECE = re.compile(
    r"""
      (?P<space>      \s+ | --[^\r\n]* )
    | (?P<comment>    /\* )
    | (?P<quoted>     [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
                    | \$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$ )
    | (?P<open>       [eE]?' | " | \$(?:[^\W\d]\w*)?\$ )
    | (?P<end>        ; )
    | (?P<command>    (?:(?<=\n)|(?<=\r)|\A) \\ [^\r\n]* )
    | (?P<word>       \w[\w$]* )
    | (?P<other>      . )
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT = re.compile(r"/\*|\*/")
_COPIED = re.compile(r"copy\b.*\bfrom\s+stdin\b", re.IGNORECASE | re.DOTALL)
_END_OF_ROWS = re.compile(r"^\\\.\r?$", re.MULTILINE)


class Ending(enum.Enum):
    """How a text of SQL ends."""

    EMPTY = "nothing but blanks and comments"
    COMPLETE = "behind a whole statement"
    WITHIN = "within a statement, for want of a semicolon"


def ending(sql: str) -> Ending:
    r"""How `sql` ends. Raises `MigrationTextError` where a quote, a comment or the rows of a COPY are left open.

    >>> [ending(sql).name for sql in ("SELECT 1; -- done", "SELECT ';'", "-- to do\n")]
    ['COMPLETE', 'WITHIN', 'EMPTY']
    """
    found, began, place = Ending.EMPTY, 0, 0
    while match := _PIECE.match(sql, place):
        place = match.end()
        if match["comment"]:
            place = _end_of_comment(sql, match.start())
        elif match["open"]:
            raise _left_open(sql, match.start(), f"the quote {match['open'].lstrip('eE')}")
        elif match["end"]:
            found = found if found is Ending.EMPTY else Ending.COMPLETE
            if _COPIED.match(sql, began, place):
                place = _end_of_rows(sql, place)
            began = place
        elif match["command"]:
            found = Ending.COMPLETE if found is not Ending.WITHIN else found
            began = place
        elif not match["space"]:
            if found is not Ending.WITHIN:
                began = match.start()
            found = Ending.WITHIN
    return found


def appended(before: str, sql: str, *, summary: str, on: dt.date) -> str:
    r"""`before` with `sql` behind it, under a line of comment with the day and the summary.

    What is there keeps every character. Line ends are those of `before`; a statement without a semicolon gets one.
    Raises `MigrationTextError` where `sql` holds no statement, or either is left open.

    >>> import datetime as dt
    >>> print(appended("SELECT 1", "SELECT 2", summary="two", on=dt.date(2026, 11, 27)), end="")
    SELECT 1
    ;
    <BLANKLINE>
    -- 2026-11-27 two
    SELECT 2;
    """
    piece = checked_sql(sql).removeprefix("\ufeff").replace("\r\n", "\n").strip("\n")
    match ending(piece):
        case Ending.EMPTY:
            raise MigrationTextError("There is no statement in this SQL.", cure="Give the statements to be recorded.")
        case Ending.WITHIN:
            piece += "\n;" if _ends_in_comment(piece) else ";"
        case Ending.COMPLETE:
            pass
    lead = ""
    if before.removeprefix("\ufeff").strip():
        lead = "" if before.endswith(("\n", "\r")) else "\n"
        lead += ";\n" if ending(before) is Ending.WITHIN else ""
        lead += "\n"
    added = f"{lead}{comment_line(summary, on)}\n{piece}\n"
    return before + (added.replace("\n", "\r\n") if has_crlf(before) else added)


def checked_sql(sql: str) -> str:
    """The text, where a file and PostgreSQL can hold it. Raises `MigrationTextError` otherwise."""
    try:
        sql.encode()
    except UnicodeEncodeError as problem:
        place, what = problem.start, "half a character (a surrogate)"
    else:
        place, what = sql.find("\0"), "a NUL character"
    if place >= 0:
        line = sql.count("\n", 0, place) + 1
        raise MigrationTextError(f"Line {line} of the SQL has {what}.", cure="Remove it.")
    return sql


def comment_line(summary: str, on: dt.date) -> str:
    """The line above a recorded piece."""
    return f"-- {on:%Y-%m-%d} {summary}"


def has_crlf(text: str) -> bool:
    """Whether the lines end as on Windows: the first one decides."""
    newline = text.find("\n")
    return newline > 0 and text[newline - 1] == "\r"


def _ends_in_comment(sql: str) -> bool:
    """Whether a semicolon behind the last character would be a part of a comment."""
    try:
        return ending(sql + ";") is not Ending.COMPLETE
    except MigrationTextError:
        return True


def _end_of_comment(sql: str, start: int) -> int:
    depth = 0
    for mark in _COMMENT.finditer(sql, start):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    raise _left_open(sql, start, "the comment /*")


def _end_of_rows(sql: str, start: int) -> int:
    found = _END_OF_ROWS.search(sql, start)
    if found is None:
        raise _left_open(sql, start, r"COPY FROM STDIN, whose rows end with a line \.")
    return found.end()


def _left_open(sql: str, start: int, what: str) -> MigrationTextError:
    line = sql.count("\n", 0, start) + 1
    return MigrationTextError(f"Line {line}: {what} is left open.", cure="Close it; what follows would be part of it.")
