"""What a text says about connections: variables that are set to something, and URLs.

A variable counts where it is given a literal. What another variable, a function or a template would give is not known
here, and nothing is run to find out. Values are sealed as they are found.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

import attrs

from pgops.config.scanning.comments import without_comments
from pgops.config.scanning.scanned_files import Syntax
from pgops.config.scanning.url_texts import CONTINUED, UrlText, unescaped, urls_in
from pgops.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

URL_VARIABLES = ("DATABASE_URL", "POSTGRES_URL", "POSTGRESQL_URL")
KEYWORDS = {
    "PGHOST": "host",
    "PGPORT": "port",
    "PGDATABASE": "dbname",
    "PGUSER": "user",
    "PGPASSWORD": "password",
    "PGSSLMODE": "sslmode",
    "DB_HOST": "host",
    "DB_PORT": "port",
    "DB_NAME": "dbname",
    "DB_DATABASE": "dbname",
    "DB_USER": "user",
    "DB_USERNAME": "user",
    "DB_PASSWORD": "password",
}
ENGINES = ("DB_CONNECTION", "DB_ENGINE", "DB_DRIVER", "DB_DIALECT", "DB_TYPE")
"""Whose DB_HOST it is: Laravel's DB_CONNECTION=mysql, say."""
NAMES = (*URL_VARIABLES, *KEYWORDS, *ENGINES)


@attrs.frozen
class Mention:
    """A variable's value, or a URL that stands in none (then `name` is empty)."""

    name: str
    value: Secret
    line: int
    scope: int
    """Variables of one mapping, section or file have the same: they belong together."""


def mentions_in(text: str, syntax: Syntax) -> list[Mention]:
    r"""Every mention, in the text's order.

    >>> [(found.name, found.line) for found in mentions_in("# PGUSER=x\nexport PGHOST='db'\nPGPORT=$P", Syntax.DOTENV)]
    [('PGHOST', 2)]
    """
    bare = without_comments(text, syntax)
    said = list(_assignments(bare, syntax))
    urls = [url for url in urls_in(bare) if not any(_holds(each, url) for each in _near(said, url.start))]
    lines = _Lines(bare)
    scopes = _Scopes(bare, syntax)
    found: list[tuple[int, str, Secret]] = [(each.start, each.name, each.value) for each in said]
    found += [(url.start, "", url.text) for url in urls]
    found.sort(key=lambda each: each[0])
    return [Mention(name, value, lines.of(start), scopes.of(start, name)) for start, name, value in found]


@attrs.frozen
class _Assignment:
    start: int
    name: str
    value: Secret
    begin: int
    """Where the value begins and ends, its quotes left out."""
    end: int


def _near(said: list[_Assignment], place: int) -> list[_Assignment]:
    at = bisect_right(said, place, key=lambda each: each.start)
    return said[max(0, at - 1) : at]


def _holds(said: _Assignment, url: UrlText) -> bool:
    return said.begin <= url.start < said.end


# --- assignments -----------------------------------------------------------------------------------------------------

_NAMES = "|".join(sorted(NAMES, key=len, reverse=True))
_KEY = rf"(?<![\w$-])(?<!\$\{{)(?P<open>[\"'`]?)(?P<name>{_NAMES})(?P<close>[\"'`]?)"
_GAP = r"[ \t]{0,40}"
# Not ==, =>'s look-alikes =~ and ::, and no annotation such as `: str =` left unread.
_SEPARATORS = r"(?:\|\|=|\?\?=|\?=|:=|=>|=(?![=~>])|:(?![:=]))"
_ANNOTATION = r":[ \t]{0,4}(?:&(?:'\w+ )?)?[A-Za-z][\w<>\[\].|? ]{0,40}=(?![=~>])"
_ASSIGNED = {
    # In code a literal may come on the next line.
    True: re.compile(rf"{_KEY}\]?{_GAP}(?:{_ANNOTATION}|{_SEPARATORS})\s{{0,200}}"),
    False: re.compile(rf"{_KEY}{_GAP}{_SEPARATORS}{_GAP}"),
}
# Kubernetes and ECS: name: PGHOST, and then value: db.
_NAME_AND_VALUE = re.compile(
    rf"""\bname["']?[ ]{{0,5}}:\s{{0,9}}["']?(?P<name>{_NAMES})["']?\s{{0,200}},?\s{{0,200}}
         ["']?value["']?[ ]{{0,5}}:[ \t]{{0,40}}""",
    re.VERBOSE,
)
_NEXT_OF_A_LIST = re.compile(r"\}\s{0,200},\s{0,200}\{(?=\s{0,200}[\"']name[\"']\s{0,9}:)")
_DOCKER_ENV = re.compile(rf"^[ \t]*ENV[ \t]+(?P<name>{_NAMES})[ \t]+(?=[^=\s])", re.MULTILINE | re.IGNORECASE)

_IN_CODE = (Syntax.JSON, Syntax.HASH_CODE, Syntax.SLASH_CODE)
_BEFORE = {  # what may stand between the beginning of the line and the variable
    Syntax.DOTENV: re.compile(r"(?:.*[ \t])?"),
    Syntax.SHELL: re.compile(r"(?:.*[ \t;&(])?"),
    Syntax.DOCKERFILE: re.compile(r".*[ \t\[,]|"),
    Syntax.PROPERTIES: re.compile(r"[ \t]*(?:export[ \t]+)?"),
    Syntax.INI: re.compile(r"[ \t]*(?:(?:export|env)[ \t]+)?"),
    Syntax.YAML: re.compile(r"[ \t]*(?:-[ \t]+)*(?:[^#]*[{,\[ \t])?"),
}


def _assignments(text: str, syntax: Syntax) -> Iterator[_Assignment]:
    found = [(match, match["open"], match["close"]) for match in _ASSIGNED[syntax in _IN_CODE].finditer(text)]
    if syntax in (Syntax.YAML, Syntax.JSON):
        found += [(match, "", "") for match in _NAME_AND_VALUE.finditer(text)]
    if syntax is Syntax.DOCKERFILE:
        found += [(match, "", "") for match in _DOCKER_ENV.finditer(text)]
    found.sort(key=lambda each: each[0].start())
    done = 0
    for match, opened, closed in found:
        at = match.end()
        if match.start("name") < done or (closed and opened != closed) or not _may_begin(text, match.start(), syntax):
            continue
        if opened and not closed:  # the whole assignment is quoted: - "PGHOST=db"
            value, end = _up_to(text, at, opened), at
        else:
            value, end = _value(text, at, syntax, is_url=match["name"] in URL_VARIABLES)
        if value is not None and value.strip() and not _is_dynamic(value):
            sealed = Secret(value.strip())
            done = max(at + 1, end)
            yield _Assignment(match.start("name"), match["name"], sealed, at, done)


def _may_begin(text: str, start: int, syntax: Syntax) -> bool:
    before = _BEFORE.get(syntax)
    if before is None:
        return True
    line = max(text.rfind("\n", max(0, start - 300), start) + 1, start - 300, 0)
    return before.fullmatch(text, line, start) is not None


def _up_to(text: str, at: int, quote: str) -> str | None:
    found = _IN_QUOTES[quote].match(text, at)
    return unescaped(found[1]) if found is not None and found[2] else None


_IN_QUOTES = {mark: re.compile(rf"((?:\\.|[^{mark}\\\n]){{0,4000}})({mark}?)") for mark in ("'", '"', "`")}
_RAW_QUOTES = re.compile(r"([^'\n]{0,4000})('?)")
_YAML_QUOTES = re.compile(r"((?:''|[^'\n]){0,4000})('?)")
_LITERAL = re.compile(r"-?\d{1,6}(?![\w.])")
_REST = re.compile(r"[^\n]{0,4000}")
_WORD = re.compile(r"(?:\\.|[^\s;&|\"'\\]){0,4000}")
_FLOW = re.compile(r"[^\n,}\]]{0,4000}")
_MORE_WORDS = re.compile(r"[ \t]+(?=[A-Za-z_]\w*=)")


def _value(text: str, at: int, syntax: Syntax, *, is_url: bool) -> tuple[str | None, int]:
    """The literal at `at`, None where there is none or it is only the beginning of something; and where it ends."""
    mark = text[at : at + 1]
    if mark in ('"', "'", "`") and mark:
        return _quoted(text, at, mark, syntax)
    if syntax in _IN_CODE:
        number = _LITERAL.match(text, at)
        return (number.group(), number.end()) if number else (None, at)
    if syntax in (Syntax.SHELL, Syntax.DOCKERFILE):
        word = _WORD.match(text, at)
        assert word is not None  # noqa: S101  it matches the empty text
        goes_on = text[word.end() : word.end() + 1] in ('"', "'") and word.end() < len(text)
        return (None if goes_on else re.sub(r"\\(.)", r"\1", word.group())), word.end()
    rest = (_FLOW if syntax is Syntax.YAML and _opens_flow(text, at) else _REST).match(text, at)
    assert rest is not None  # noqa: S101  it matches the empty text
    value, end = rest.group(), rest.end()
    if syntax is Syntax.DOTENV and not is_url and (more := _MORE_WORDS.search(value)):
        value, end = value[: more.start()], at + more.start()
    if syntax is Syntax.YAML and (value.startswith(("!", "&", "*", "|", ">", "@", "%")) or value.strip() in _NULLS):
        return None, end
    return value, end


_NULLS = ("null", "~", "Null", "NULL", "{}", "[]")


def _opens_flow(text: str, at: int) -> bool:
    line = text[max(text.rfind("\n", max(0, at - 300), at) + 1, at - 300, 0) : at]
    return line.count("{") > line.count("}") or line.count("[") > line.count("]")


def _quoted(text: str, at: int, mark: str, syntax: Syntax) -> tuple[str | None, int]:
    if text.startswith(mark * 3, at):  # a text of several lines
        return None, at
    if mark == "`" and syntax not in _IN_CODE:  # a shell would run it
        return None, at
    raw = mark == "'" and syntax not in _IN_CODE
    pattern = (_YAML_QUOTES if syntax is Syntax.YAML else _RAW_QUOTES) if raw else _IN_QUOTES[mark]
    found = pattern.match(text, at + 1)
    if found is None or not found[2]:
        return None, at
    value, end = found[1], found.end()
    if syntax in _IN_CODE:
        goes_on = CONTINUED.match(text, end) is not None
    else:
        follows = text[end : end + 1]
        goes_on = bool(follows) and follows not in " \t\n\r,;}])&|"
    if goes_on:
        return None, end
    if raw:
        return (value.replace("''", "'") if syntax is Syntax.YAML else value), end
    return unescaped(value), end


# What stands for a value that somebody or something else fills in.
_DYNAMIC = re.compile(
    r"\$[A-Za-z_{(]|\{\{|\{%|%\(\w+\)|%env\(|\#\{|process\.env|os\.environ|getenv|ENV\[|ENV\.fetch|^`|^<[^<>]*>$|^\{\w*\}$"
)


def _is_dynamic(value: str) -> bool:
    return _DYNAMIC.search(value) is not None


# --- places ----------------------------------------------------------------------------------------------------------


class _Lines:
    def __init__(self, text: str) -> None:
        self._ends = [found.start() for found in re.finditer("\n", text)]

    def of(self, place: int) -> int:
        return bisect_right(self._ends, place - 1) + 1


class _Scopes:
    """Which mapping or section a place is in, asked in the text's order.

    A scope ends where a line of YAML is less indented, a brace closes, a section begins, or a variable is set again.
    """

    def __init__(self, text: str, syntax: Syntax) -> None:
        self._text, self._syntax = text, syntax
        self._scope = 0
        self._last: int | None = None
        self._names: set[str] = set()

    def of(self, place: int, name: str) -> int:
        ends = self._last is not None and self._ends_between(self._last, place)
        if self._syntax not in (Syntax.DOTENV, Syntax.SHELL, Syntax.DOCKERFILE):  # there the later one counts
            ends = ends or (name in self._names and name in KEYWORDS)
        if ends:
            self._scope += 1
            self._names = set()
        self._last = place
        self._names.add(name)
        return self._scope

    def _ends_between(self, last: int, place: int) -> bool:
        between = self._text[last:place]
        match self._syntax:
            case Syntax.YAML:
                inner = min(self._indentation(last), self._indentation(place))
                lines = between.split("\n")[1:-1]
                return any(line.strip() and (line[:3] == "---" or _indented(line) < inner) for line in lines)
            case Syntax.INI | Syntax.HASH_CODE | Syntax.SLASH_CODE | Syntax.JSON:
                between = _NEXT_OF_A_LIST.sub("", between)
                depth = 0
                for mark in re.finditer(r"[{}]|\n[ \t]*\[", between):
                    if mark.group() == "{":
                        depth += 1
                    elif mark.group() != "}" or depth == 0:
                        return True
                    else:
                        depth -= 1
        return False

    def _indentation(self, place: int) -> int:
        return _indented(self._text[self._text.rfind("\n", 0, place) + 1 : place])


def _indented(line: str) -> int:
    return len(line) - len(line.lstrip(" \t-"))
