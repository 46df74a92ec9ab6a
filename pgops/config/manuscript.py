"""A TOML text that is changed key by key, while every other character of it stays as it is.

tomlkit keeps comments, but it moves and joins what is written in less usual ways (dotted keys, `[database.local]`
without `[database]`, tables out of order), and ends new lines with `\\n` in a file of `\\r\\n`. So it writes the values
here, and where they go is said by `positions`. After each change the new text is read again, and unless it says exactly
what was meant and nothing else, the change is refused.
"""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import attrs

from pgops.config.document import BYTE_ORDER_MARK, spelled
from pgops.config.positions import Header, KeyPath, Positions, positions
from pgops.errors import ConfigError
from pgops.secret import Secret

Value: TypeAlias = str | Secret | bool | int | Path | Sequence[str | Secret]
"""What can be written. A `Secret` becomes a text like any other."""
Key: TypeAlias = tuple[str, ...]


@attrs.frozen
class Manuscript:
    r"""The text of a postgres.toml that was read without an error; `path` is for messages.

    >>> before = Manuscript(Path("x.toml"), Secret("[database.local]\nhost = 'db' # the big one\n"))
    >>> after = before.put(("database", "local", "host"), "db2").put(("database", "local", "port"), 5433)
    >>> print(after.text.reveal(), end="")
    [database.local]
    host = "db2" # the big one
    port = 5433
    """

    path: Path
    text: Secret

    def put(self, key: Key, value: Value) -> Manuscript:
        """Give `key` a value: in its place if it has one, else as the last of its table, which is made if missing."""
        self._refuse_unwritable(key, value)
        return self._checked(_with_value(self.text, key, value), _expecting(self.text, key, value), key)

    def put_table(self, key: Key, values: Mapping[str, Value]) -> Manuscript:
        """Add a table that isn't there yet, after the last one of its family."""
        for name, value in values.items():
            self._refuse_unwritable((*key, name), value)
        return self._checked(_with_table(self.text, key, values), _expecting(self.text, key, values), key)

    def drop(self, key: Key) -> Manuscript:
        """Take out a key, or a table with all that is in it and the comment right above it."""
        return self._checked(_without(self.text, key), _expecting(self.text, key, None), key)

    def _checked(self, text: Secret, expected: tuple[str, ...], key: Key) -> Manuscript:
        if _canonical(text) not in expected:
            line = positions(_body(self.text)).line(key)
            what = f"{spelled(key)} can't be changed without touching more, as the file is laid out."
            cure = f"Change it by hand, best as a [{spelled(key[:-1])}] table with one key a line."
            raise ConfigError(what, path=str(self.path), line=line, key=spelled(key), cure=cure)
        return Manuscript(self.path, text)

    def _refuse_unwritable(self, key: Key, value: Value) -> None:
        problem = None
        for part in value if isinstance(value, (list, tuple)) else (value,):
            if not isinstance(part, (str, Secret, bool, int, Path)):
                problem = "has no value that a profile's field could have: a text, a number, true or false, texts"
            elif not isinstance(part, int) and re.search("[\0\ud800-\udfff]", _plain(part)):
                problem = "holds characters that a file in UTF-8 can't have"
        if problem is not None:
            raise ConfigError(f"{spelled(key)} {problem}.", path=str(self.path), key=spelled(key))


# --- what is there, and what is expected afterwards ------------------------------------------------------------------
# These return what they found rather than raise: their frames hold the text.


def _body(text: Secret) -> str:
    return text.reveal().removeprefix(BYTE_ORDER_MARK)


def _sealed_again(text: Secret, body: str) -> Secret:
    return Secret(BYTE_ORDER_MARK + body if text.reveal().startswith(BYTE_ORDER_MARK) else body)


def _canonical(text: Secret | Mapping[str, Any]) -> str | None:
    """What a text says, so that any two that differ in a value, a type or a key differ. None is no TOML."""
    try:
        tables = tomllib.loads(_body(text)) if isinstance(text, Secret) else text
    except ValueError:
        return None
    return json.dumps(tables, sort_keys=True, default=repr)


def _expecting(text: Secret, key: Key, value: Value | Mapping[str, Value] | None) -> tuple[str, ...]:
    """The canonical forms that are right after the change; None takes `key` out.

    There are several when taking it out leaves an empty table, which may have been no more than a part of its name.
    """
    tables = copy.deepcopy(tomllib.loads(_body(text)))
    above: list[dict[str, Any]] = [tables]
    for part in key[:-1]:
        inner = above[-1].setdefault(part, {})
        if not isinstance(inner, dict):
            return ()
        above.append(inner)
    if value is not None:
        above[-1][key[-1]] = (
            {name: _plain(each) for name, each in value.items()} if isinstance(value, Mapping) else _plain(value)
        )
        return (_canonical(tables) or "",)
    above[-1].pop(key[-1], None)
    found = [_canonical(tables) or ""]
    for depth in range(len(above) - 1, 0, -1):
        if above[depth]:
            break
        del above[depth - 1][key[depth - 1]]
        found.append(_canonical(tables) or "")
    return tuple(found)


def _plain(value: Value) -> Any:
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Path):
        return value.as_posix()
    return value if isinstance(value, (str, int)) else [_plain(part) for part in value]


def _written(value: Value) -> str:
    import tomlkit  # noqa: PLC0415  only a change pays for it

    return str(tomlkit.item(_plain(value)).as_string())


def _dotted(tables: Key, line: str) -> str:
    return "".join(f"{_name(part)}." for part in tables) + line


def _name(part: str) -> str:
    return part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else json.dumps(part).replace("\x7f", "\\u007f")


# --- putting in ------------------------------------------------------------------------------------------------------


def _with_value(text: Secret, key: Key, value: Value) -> Secret:
    body = _body(text)
    found = positions(body)
    if key in found.values:
        start, end = found.values[key]
        return _sealed_again(text, body[:start] + _written(value) + body[end:])
    return _sealed_again(text, _with_line(body, found, key, _written(value)))


def _with_line(body: str, found: Positions, key: Key, written: str) -> str:
    table, line = key[:-1], f"{_name(key[-1])} = {written}"
    braces = next((table[:depth] for depth in range(len(table), 0, -1) if table[:depth] in found.values), None)
    if braces is not None:
        return _inside_braces(body, found, braces, _dotted(key[len(braces) : -1], line))
    statements = _statements(found)
    header = next((each for each in found.headers if each.path == table), None)
    if header is not None:
        own = [key for key in statements if _header_of(found, key) == header]
        last = found.values[own[-1]][1] if own else header.end
        indented = found.keys[own[-1]] if own else header.start
        return _after_line(body, last, _indent(body, indented) + line)
    dotted = [each for each in statements if each[: len(table)] == table and len(_home(found, each)) < len(table)]
    if dotted:
        line = _dotted(key[len(_home(found, dotted[-1])) : -1], line)
        return _after_line(body, found.values[dotted[-1]][1], _indent(body, found.keys[dotted[-1]]) + line)
    return _new_table(body, found, table, [line])


def _with_table(text: Secret, key: Key, values: Mapping[str, Value]) -> Secret:
    body = _body(text)
    found = positions(body)
    lines = [f"{_name(name)} = {_written(value)}" for name, value in values.items()]
    if key[:-1] in found.values:
        line = f"{_name(key[-1])} = {{{', '.join(lines)}}}"
        return _sealed_again(text, _inside_braces(body, found, key[:-1], line))
    return _sealed_again(text, _new_table(body, found, key, lines))


def _inside_braces(body: str, found: Positions, table: Key, line: str) -> str:
    start, end = found.values[table]
    inner = [span[1] for path, span in found.values.items() if start < span[0] and span[1] < end]
    at = max(inner, default=start + 1)
    return body[:at] + (f", {line}" if inner else line) + body[at:]


def _after_line(body: str, at: int, line: str) -> str:
    """`line` below the one that holds the offset `at`; a file without a last line end stays without."""
    end = body.find("\n", at)
    if end < 0:
        return body + _line_end(body) + line
    return body[: end + 1] + line + _line_end(body) + body[end + 1 :]


def _new_table(body: str, found: Positions, table: Key, lines: list[str]) -> str:
    """A table of its own, an empty line above and below it."""
    end = _line_end(body)
    block = end.join([f"[{'.'.join(map(_name, table))}]", *lines]) + end
    at = _place_for(body, found, table)
    above, below = body[:at], body[at:]
    if above and not above.endswith("\n"):
        above, block = above + end, block.removesuffix(end)
    if above and not re.search(r"(^|\n)[^\S\n]*\n\Z", above):
        above += end
    return above + block + (end + below if below else "")


def _place_for(body: str, found: Positions, table: Key) -> int:
    """Before its own subtables, and [configuration] before all; else after the last table of its family."""
    headers = found.headers
    first = next((each for each in headers if each.path[: len(table)] == table), None)
    if first is None and table == ("configuration",):
        first = next(iter(headers), None)
    if first is None:
        family = [index for index, each in enumerate(headers) if each.path[:1] == table[:1]]
        first = headers[family[-1] + 1] if family and family[-1] + 1 < len(headers) else None
    return _beginning(body, found, first) if first is not None else len(body)


# --- taking out ------------------------------------------------------------------------------------------------------


def _without(text: Secret, key: Key) -> Secret:
    body = _body(text)
    while True:
        found = positions(body)
        span = _next_span(body, found, key)
        if span is None:
            return _sealed_again(text, body)
        body = body[: span[0]] + body[span[1] :]


def _next_span(body: str, found: Positions, key: Key) -> tuple[int, int] | None:
    """From where to where something of `key` goes, if there is anything left of it."""
    statements = _statements(found)
    for path in found.keys:
        if path[: len(key)] == key and (path in statements or not _is_inside(found, path, key)):
            home = _header_of(found, path)
            if path not in statements:
                return _inline_span(body, found, path)
            if home is None or home.path[: len(key)] != key:
                return _lines_span(body, found.keys[path], found.values[path][1])
    header = next((each for each in found.headers if each.path[: len(key)] == key), None)
    if header is None:
        return None
    start = _beginning(body, found, header)
    own = [found.values[path][1] for path in statements if _header_of(found, path) == header]
    start, end = _lines_span(body, start if start > 0 else header.start, max(own, default=header.end))
    empty = re.compile(r"([^\S\n]*\n)*").match(body, end)
    end = empty.end() if empty is not None else end
    if not body[end:].strip():  # the last table: the empty lines above it would end the file
        kept = len(body[:start].rstrip())
        start = min(start, body.find("\n", kept) + 1 or kept)
    return start, end


def _is_inside(found: Positions, path: KeyPath, key: Key) -> bool:
    """Whether a shorter key, which is of `key` too, holds this one."""
    return any(path[:length] in found.keys for length in range(len(key), len(path)))


def _lines_span(body: str, start: int, end: int) -> tuple[int, int]:
    """Whole lines, their end included; in a file without a last line end, the one before."""
    first = body.rfind("\n", 0, start) + 1
    last = body.find("\n", end)
    if last >= 0:
        return first, last + 1
    return max(0, len(body[:first].removesuffix("\n").removesuffix("\r"))), len(body)


def _inline_span(body: str, found: Positions, path: KeyPath) -> tuple[int, int]:
    """One of the keys between braces, with one of the commas beside it."""
    start, end = found.keys[path], found.values[path][1]
    before = re.search(r",\s*\Z", body[:start])
    if before is not None:
        return before.start(), end
    after = re.compile(r"\s*,\s*").match(body, end)
    return start, after.end() if after is not None else end


# --- where things stand ----------------------------------------------------------------------------------------------


def _statements(found: Positions) -> list[KeyPath]:
    """The keys that begin a line, in order: not those between braces."""
    outer: list[KeyPath] = []
    until = 0
    for path, start in sorted(found.keys.items(), key=lambda item: item[1]):
        if start >= until:
            outer.append(path)
            until = found.values[path][1]
    return outer


def _header_of(found: Positions, path: KeyPath) -> Header | None:
    """The header that the key stands under."""
    start = found.keys[path]
    return next((each for each in reversed(found.headers) if each.start < start), None)


def _home(found: Positions, path: KeyPath) -> KeyPath:
    """The table whose header the key stands under."""
    header = _header_of(found, path)
    return header.path if header is not None else ()


def _beginning(body: str, found: Positions, header: Header) -> int:
    """Where the header's line begins, or the comment that stands right above it."""
    ends = [each.end for each in found.headers] + [end for _, end in found.values.values()]
    floor = max((end for end in ends if end <= header.start), default=0)
    start = body.rfind("\n", 0, header.start) + 1
    while start > 0:
        above = body.rfind("\n", 0, start - 1) + 1
        if above < floor or not body[above:start].lstrip().startswith("#"):
            break
        start = above
    return start


def _indent(body: str, start: int) -> str:
    return body[body.rfind("\n", 0, start) + 1 : start]


def _line_end(body: str) -> str:
    """The file's own, as its first line has it."""
    first = body.find("\n")
    return "\r\n" if first > 0 and body[first - 1] == "\r" else "\n"
