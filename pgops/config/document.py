"""The file itself: opened with care, parsed, and its secrets sealed before anything can fail on its contents.

A traceback may be printed with the locals of its frames, so no frame that raises here or further up holds the text of
the file, a password or a URL: they live in `Secret`s from the first moment, and parse errors, which carry the text, are
left behind before ours is raised.
"""

from __future__ import annotations

import io
import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import attrs

from pgops.config.positions import Positions, positions
from pgops.config.reference import CONFIGURATION, MIGRATIONS, PROFILE
from pgops.errors import ConfigError
from pgops.secret import Secret

MAX_BYTES = 1_000_000
BYTE_ORDER_MARK = "\ufeff"

PROFILE_KEYS = PROFILE.names
TABLE_KEYS = {"configuration": CONFIGURATION.names, "migrations": MIGRATIONS.names}
TOP_KEYS = (*TABLE_KEYS, "database", "checks")

_SEALED_KEYS = tuple(key.name for key in PROFILE.keys if key.is_secret)
_NO_URL_KEYS = tuple(key.name for key in PROFILE.keys if key.holds_a_name)
_URL = re.compile(r"\s*postgres(ql)?(\+\w+)?:", re.IGNORECASE)
_T = TypeVar("_T")


@attrs.frozen(kw_only=True)
class Document:
    """The parsed file, every secret in it sealed, and the line of each key."""

    path: Path
    tables: Mapping[str, object]
    positions: Positions

    def error(self, what: str, *key: str | int, cure: str = "") -> ConfigError:
        """An error about one key; `what` continues the key's name: "is a text, and must be ..."."""
        name, line = spelled(key), self.positions.line(key)
        return ConfigError(f"{name} {what}", path=str(self.path), line=line, key=name, cure=cure)

    def section(self, *path: str) -> Section:
        """The table at `path`; one that is absent is empty."""
        values: object = self.tables
        for depth, name in enumerate(path, 1):
            values = values.get(name, {}) if isinstance(values, Mapping) else {}
            if not isinstance(values, Mapping):
                cure = f"Write [{spelled(path[:depth])}] and its keys below."
                raise self.error(f"is {kind_of(values)}, and must be a table.", *path[:depth], cure=cure)
        return Section(self, path, MappingProxyType(dict(values)) if isinstance(values, Mapping) else {})


@attrs.frozen
class Section:
    """One table of a document; its readers raise `ConfigError` with line and key where a value has the wrong type."""

    document: Document
    path: tuple[str, ...]
    values: Mapping[str, object]

    def text(self, key: str) -> str | None:
        """A text; an empty one is None, as if it weren't there."""
        if isinstance(self.values.get(key), Secret):
            raise self.error(key, "holds a URL.", cure="Write it as url = ... instead.")
        found = self._typed(key, str, "a text in quotes")
        if found is not None and "\0" in found:
            raise self.error(key, "holds a NUL character.", cure="Remove it.")
        return found or None

    def folder(self, key: str) -> Path | None:
        """A path, as written."""
        found = self.text(key)
        return Path(found) if found is not None else None

    def secret(self, key: str) -> Secret | None:
        """A sealed text; an empty one is None."""
        found = self._typed(key, Secret, "a text in quotes")
        return found or None

    def words(self, key: str) -> tuple[Secret, ...] | None:
        """An array of texts, sealed; an empty one is None."""
        found = self._typed(key, tuple, "an array of texts")
        for at, word in enumerate(found or ()):
            if not isinstance(word, Secret) or (at == 0 and not word) or "\0" in word.reveal():
                kind = "empty or holds a NUL character" if isinstance(word, Secret) else kind_of(word)
                raise self.document.error(f"is {kind}, and must be a text in quotes.", *self.path, key, at)
        return found or None

    def whole(self, key: str) -> int | None:
        """A whole number."""
        return self._typed(key, int, "a whole number without quotes")

    def error(self, key: str, what: str, *, cure: str = "") -> ConfigError:
        """An error about one of the table's keys."""
        return self.document.error(what, *self.path, key, cure=cure)

    def _typed(self, key: str, kind: type[_T], wanted: str) -> _T | None:
        found = self.values.get(key)
        if found is None:
            return None
        if not isinstance(found, kind) or isinstance(found, bool):  # a bool is an int to Python
            raise self.error(key, f"is {kind_of(found)}, and must be {wanted}.")
        return found


def read_document(path: Path) -> Document:
    """Read and parse the file. Links are followed: a mounted secret is one.

    Raises `ConfigError` for a file that can't be opened or read as TOML, naming line and key; `FileNotFoundError` when
    there is none, since only the caller knows where else it might have been.
    """
    return parse_document(path, file_text(path))


def parse_document(path: Path, text: Secret) -> Document:
    """`read_document` for a text that is to be in `path`, or was."""
    tables, found = _parsed(path, Secret(text.reveal().removeprefix(BYTE_ORDER_MARK)))
    return Document(path=path, tables=tables, positions=found)


def spelled(path: tuple[str | int, ...]) -> str:
    """A key's path as TOML writes it, on one line.

    >>> spelled(("checks", "for", 0, "indexes.missing"))
    'checks.for[0]."indexes.missing"'
    """
    written = ""
    for part in path:
        if isinstance(part, int):
            written += f"[{part}]"
        else:
            bare = re.fullmatch(r"[A-Za-z0-9_-]+", part)
            quoted = part if bare else '"' + ascii(part)[1:-1].replace('"', '\\"') + '"'
            written += f".{quoted}" if written else quoted
    return written


def kind_of(value: object) -> str:
    """A value's kind for a message, never the value: it might be a password in the wrong place.

    >>> kind_of(5432), kind_of([]), kind_of(Secret("x"))
    ('a number', 'an array', 'a text')
    """
    kind = value if isinstance(value, type) else type(value)
    return next((name for types, name in _KINDS if issubclass(kind, types)), "a date or time")


_KINDS: tuple[tuple[tuple[type, ...], str], ...] = (
    ((bool,), "true or false"),
    ((int, float), "a number"),
    ((str, Secret), "a text"),
    ((Mapping,), "a table"),
    ((list, tuple), "an array"),
)


# --- opening ---------------------------------------------------------------------------------------------------------


# O_NONBLOCK: a named pipe without a writer would wait for ever; to a file it makes no difference.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def file_text(path: Path) -> Secret:
    """The file's text, sealed: every character of it. Raises as `read_document` does."""
    try:
        handle = os.open(path, _FLAGS)
        try:
            mode = os.fstat(handle).st_mode
            with open(handle, "rb", closefd=False) if stat.S_ISREG(mode) else io.BytesIO() as file:
                content = Secret(file.read(MAX_BYTES + 1).decode("utf-8", "surrogateescape"))
        finally:
            os.close(handle)
    except (OSError, ValueError) as problem:  # ValueError: a NUL character in the path
        if isinstance(problem, FileNotFoundError) and not path.is_symlink():
            raise
        why = getattr(problem, "strerror", None) or str(problem)
        if isinstance(problem, FileNotFoundError):
            why = f"it is a link to {path.readlink()}, which isn't there"
        cure = "Give its reader the right to it, or name another file."
        raise ConfigError(f"the file can't be read: {why}.", path=str(path), cure=cure) from None
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "no ordinary file"
        raise ConfigError(f"this is {what}.", path=str(path), cure="Name the file itself, postgres.toml.")
    if len(content.reveal().encode("utf-8", "surrogateescape")) > MAX_BYTES:
        cure = "That is no postgres.toml: name another file."
        raise ConfigError(f"the file is larger than {MAX_BYTES:,} bytes.", path=str(path), cure=cure)
    alien = re.search("[\udc80-\udcff]", content.reveal())
    if alien is not None:
        line = content.reveal().count("\n", 0, alien.start()) + 1
        raise ConfigError("the file isn't encoded in UTF-8.", path=str(path), line=line, cure="Save it as UTF-8.")
    return content


# --- parsing ---------------------------------------------------------------------------------------------------------


@attrs.frozen
class _Break:
    """Where and why the text is no TOML."""

    what: str
    line: int
    key: str | None = None


def _parsed(path: Path, text: Secret) -> tuple[Mapping[str, object], Positions]:
    outcome = _parse(text)
    if isinstance(outcome, _Break):
        place = f" (in {outcome.key})" if outcome.key is not None else ""
        what = f"this isn't TOML that can be read: {outcome.what}{place}."
        raise ConfigError(what, path=str(path), line=outcome.line, key=outcome.key, cure="Mend that line.")
    return outcome


def _parse(text: Secret) -> tuple[Mapping[str, object], Positions] | _Break:
    """Returns what is wrong rather than raise it: this frame holds too much."""
    found = positions(text.reveal())
    if found.too_deep is not None:
        return _Break("tables or arrays are nested too deep", found.too_deep)
    try:
        return MappingProxyType(_sealed_document(tomllib.loads(text.reveal()))), found
    except tomllib.TOMLDecodeError as error:
        what, line = _where(str(error), text)
    except ValueError:  # a number with thousands of digits, which Python refuses to convert
        longest = max(re.finditer(r"\w+", text.reveal()), key=lambda word: word.end() - word.start())
        what, line = "a number has too many digits", text.reveal().count("\n", 0, longest.start()) + 1
    return _Break(what, line, _key_on(line, text))


def _where(message: str, text: Secret) -> tuple[str, int]:
    """tomllib's message and its line apart: only Python 3.14 has them as attributes."""
    found = re.fullmatch(r"(?P<what>.*) \(at (?:line (?P<line>\d+), column \d+|end of document)\)", message, re.DOTALL)
    last = text.reveal().rstrip().count("\n") + 1
    if found is None:
        return message, last
    return found["what"][:1].lower() + found["what"][1:], int(found["line"]) if found["line"] else last


def _key_on(line: int, text: Secret) -> str | None:
    """The key whose value breaks off on `line`; where its name isn't one of ours, only the table's is said.

    A broken line may be half a password, and what stands before its `=` would look like a key.
    """
    found = positions("\n".join(text.reveal().split("\n")[:line]))
    known = {*PROFILE_KEYS, *TOP_KEYS, *(name for names in TABLE_KEYS.values() for name in names)}
    key = found.unfinished
    while key and isinstance(key[-1], int):  # an element of an array
        key = key[:-1]
    return spelled(key if key and key[-1] in known else found.table) or None


def _sealed_document(tables: dict[str, object]) -> dict[str, object]:
    """Everything that may hold a secret becomes a `Secret`, unknown tables too: `[databse.prod]` is one."""
    return {
        name: _frozen(value) if name in {*TABLE_KEYS, "checks"} else _sealed_table(value, name == "database")
        for name, value in tables.items()
    }


def _sealed_table(value: object, holds_profiles: bool) -> object:
    if not isinstance(value, dict):
        return _sealed(value)
    return MappingProxyType(dict(_sealed_fields(value, holds_profiles)))


def _sealed_fields(table: dict[str, object], holds_profiles: bool) -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield key, _sealed_table(value, False) if holds_profiles else _sealed(value)
        elif key in _SEALED_KEYS:
            sealable = isinstance(value, (str, list))
            yield key, _sealed(value) if sealable else type(value)  # a numeric password is kept by kind only
        elif key in _NO_URL_KEYS and isinstance(value, str) and _URL.match(value):
            yield key, Secret(value)
        elif key in PROFILE_KEYS:
            yield key, _frozen(value)
        else:
            yield key, _sealed(value)


def _sealed(value: object) -> object:
    if isinstance(value, dict):
        return MappingProxyType({key: _sealed(inner) for key, inner in value.items()})
    if isinstance(value, list):
        return tuple(_sealed(inner) for inner in value)
    return Secret(value) if isinstance(value, str) else value


def _frozen(value: object) -> object:
    if isinstance(value, dict):
        return MappingProxyType({key: _frozen(inner) for key, inner in value.items()})
    return tuple(_frozen(inner) for inner in value) if isinstance(value, list) else value
