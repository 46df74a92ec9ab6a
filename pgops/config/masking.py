"""A text for eyes: a file with every password in it masked, and the difference of two such files.

A TOML text is masked where `document` seals it, so the two can't disagree. In comments, and in what is no TOML, nobody
says which words are a password: what follows `password =` or its like is masked there, and every URL with an `@`, and
in comments the passwords that the file itself has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import attrs

from pgops.config.document import BYTE_ORDER_MARK, parse_document
from pgops.errors import ConfigError
from pgops.secret import MASK, Secret

if TYPE_CHECKING:
    from pgops.config.positions import KeyPath

_SAID = re.compile(r"(?i)((?:pass|pwd|secret|token|credential)\w*[\"']?\s*[=:]\s*)\S.*")
_URL = re.compile(r"\w+://\S*@[^\s\"']*")
_URL_PASSWORD = re.compile(r"://[^/@\s]*?:(\S*)@")
_CONTEXT = 2
_MOST_COMPARED = 1_000_000
_SHORTEST = 4
"""A shorter password stands in ordinary words by chance, and masking those would tell it."""


def masked_difference(before: Secret | None, after: Secret, name: str) -> tuple[str, ...]:
    r"""The unified difference, lines without their ends; empty where nothing changes. No `before` is no file.

    >>> print(*masked_difference(Secret("password = 'a'\n"), Secret("password = 'b'\n"), "x.toml"), sep="\n")
    --- x.toml
    +++ x.toml
    @@ -1 +1 @@
    -password = "********"
    +password = "********"
    """
    sides = [_Side.of(text) for text in (before, after)]
    passwords = {password.reveal() for side in sides for password in side.passwords}
    old, new = (_lines(side.text.reveal().removeprefix(BYTE_ORDER_MARK)) for side in sides)
    shown_old, shown_new = ([_shown(line) for line in _lines(_masked(side, passwords))] for side in sides)
    lines = [f"--- {name if before is not None else '/dev/null'}", f"+++ {name}"]
    for group in _groups(_rows(old, new)):
        removed, added = sum(row.sign != "+" for row in group), sum(row.sign != "-" for row in group)
        lines.append(f"@@ -{_range(group[0].old, removed)} +{_range(group[0].new, added)} @@")
        lines += [row.sign + (shown_new[row.new] if row.sign == "+" else shown_old[row.old]) for row in group]
    return tuple(lines) if len(lines) > 2 else ()


# --- lines that differ -----------------------------------------------------------------------------------------------


@attrs.frozen
class _Row:
    """A line of the difference: its sign, and how many lines of each file stand above it."""

    sign: str
    old: int
    new: int


def _lines(text: str) -> list[str]:
    """With their ends; TOML has no other than these, unlike `str.splitlines`."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _shown(line: str) -> str:
    return line.rstrip("\r\n") if line.endswith("\n") else f"{line}\n\\ No newline at end of file"


def _rows(old: list[str], new: list[str]) -> list[_Row]:
    """What differs, from a little above the first difference to a little below the last.

    difflib gets no more than that, and nothing at all where it is long: its cost grows with the square of lines that
    are alike.
    """
    shorter = min(len(old), len(new))
    head = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    tail = next((at for at in range(shorter - head) if old[-1 - at] != new[-1 - at]), shorter - head)
    first, last = max(0, head - _CONTEXT), max(0, tail - _CONTEXT)
    left, right = old[first : len(old) - last], new[first : len(new) - last]
    changes = [("replace", 0, len(left), 0, len(right))]
    if len(left) * len(right) <= _MOST_COMPARED:
        changes = list(SequenceMatcher(None, left, right, autojunk=False).get_opcodes())
    rows = []
    for kind, i, i_end, j, j_end in changes:
        if kind == "equal":
            rows += [_Row(" ", first + i + step, first + j + step) for step in range(i_end - i)]
        else:
            rows += [_Row("-", first + at, first + j) for at in range(i, i_end)]
            rows += [_Row("+", first + i_end, first + at) for at in range(j, j_end)]
    return rows


def _groups(rows: list[_Row]) -> list[list[_Row]]:
    """The lines that differ, each with its neighbours; those with nothing left out between them together."""
    near = {at + step for at, row in enumerate(rows) if row.sign != " " for step in range(-_CONTEXT, _CONTEXT + 1)}
    groups: list[list[_Row]] = []
    for at, row in enumerate(rows):
        if at in near:
            if at - 1 not in near or not groups:
                groups.append([])
            groups[-1].append(row)
    return groups


def _range(above: int, count: int) -> str:
    return str(above + 1) if count == 1 else f"{above + 1 if count else above},{count}"


# --- what is masked --------------------------------------------------------------------------------------------------


@attrs.frozen
class _Side:
    """One of the two texts: where its secrets stand (None: it is no TOML), and those that comments may repeat."""

    text: Secret
    hidden: tuple[tuple[int, int], ...] | None = ()
    passwords: tuple[Secret, ...] = ()

    @classmethod
    def of(cls, text: Secret | None) -> _Side:
        if text is None:
            return cls(Secret(""))
        try:
            document = parse_document(Path(), text)
        except ConfigError:
            return cls(text, hidden=None)
        found = list(_secrets(document.tables, ()))
        hidden = sorted(document.positions.values[path] for path, _ in found)
        stated = (secret for path, secret in found if path[-1] in ("password", "url") and isinstance(secret, Secret))
        return cls(text, tuple(hidden), tuple(part for secret in stated for part in _parts(secret)))


def _secrets(value: object, path: KeyPath) -> Iterator[tuple[KeyPath, Secret | type]]:
    if isinstance(value, (Secret, type)):  # a type: a password of the wrong one
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _secrets(inner, (*path, key))
    elif isinstance(value, tuple):
        for index, inner in enumerate(value):
            yield from _secrets(inner, (*path, index))


def _parts(secret: Secret) -> Iterator[Secret]:
    """The secret, and the password inside of it if it is a URL, as written and as meant."""
    inner = _URL_PASSWORD.search(secret.reveal())
    parts = (secret.reveal(), *((inner[1], unquote(inner[1])) if inner else ()))
    yield from (Secret(part) for part in parts if len(part) >= _SHORTEST)


def _masked(side: _Side, passwords: set[str]) -> str:
    """The text with as many lines as before."""
    body = side.text.reveal().removeprefix(BYTE_ORDER_MARK)
    if side.hidden is None:
        return _without_hints(body)
    shown, done = "", 0
    for start, end in side.hidden:
        shown += body[done:start] + f'"{MASK}"' + "\n" * body.count("\n", start, end)
        done = end
    return re.sub("#.*", lambda comment: _without(passwords, _without_hints(comment.group())), shown + body[done:])


def _without_hints(text: str) -> str:
    return _URL.sub(MASK, _SAID.sub(rf"\1{MASK}", text))


def _without(passwords: set[str], text: str) -> str:
    for password in sorted(passwords, key=len, reverse=True):
        text = text.replace(password, MASK)
    return text
