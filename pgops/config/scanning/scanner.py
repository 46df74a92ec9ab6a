"""The connections that a project's own files mention, so that a profile needs no typing.

One walk, each file read once, and only looked at closely when it holds one of a few words at all. Nothing is executed,
no link is followed, and nothing is remembered but the candidates.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from pgops.config.scanning.candidates import Candidate
from pgops.config.scanning.combining import candidates_of
from pgops.config.scanning.mentions import NAMES, mentions_in
from pgops.config.scanning.scanned_files import Counts, Syntax, content, scanned_files
from pgops.errors import ConfigError

if TYPE_CHECKING:
    from pgops.conninfo import Conninfo

MAX_BYTES = 1_000_000

# Most files end at the first: five searches for plain bytes are twenty times as quick as one for a pattern.
_WORDS = (b"postgres", b"PG", b"DB_", b"DATABASE_URL", b"POSTGRES")
_WORTH_READING = re.compile(
    rb"postgres(?:ql)?(?:\+\w{1,30})?:|(?:%s)[\"'`]?[\]\s]" % b"|".join(name.encode() for name in NAMES)
    + rb"{0,200}[=:|?\w\"',]"
)

_log = logging.getLogger("pgops.config")


@attrs.frozen
class Place:
    """A file and a line in it."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Scan(Iterator[Candidate]):
    """A scan under way: iterate over it for the candidates, each as soon as its file has been read."""

    def __init__(self, root: Path, max_bytes: int) -> None:
        self._counts = Counts()
        self._places: dict[Conninfo, list[Place]] = {}
        self._candidates = self._walk(root, max_bytes)

    def __next__(self) -> Candidate:
        return next(self._candidates)

    @property
    def counts(self) -> Counts:
        """How many files were read so far, and how many left alone and why."""
        return attrs.evolve(self._counts)

    def places(self, candidate: Candidate) -> tuple[Place, ...]:
        """Everywhere that the same connection has been found so far, the candidate's own place first."""
        return tuple(self._places.get(_same(candidate), ()))

    def _walk(self, root: Path, max_bytes: int) -> Iterator[Candidate]:
        for path, syntax in scanned_files(os.fspath(root), self._counts):
            found = content(path, max_bytes, self._counts)
            if not _is_worth_reading(found):
                continue
            for candidate in _in_file(Path(path), found, syntax):
                places = self._places.setdefault(_same(candidate), [])
                places.append(Place(candidate.file, candidate.line))
                if len(places) == 1:
                    yield candidate


def scan(root: str | os.PathLike[str], *, max_bytes: int = MAX_BYTES) -> Scan:
    """The connections that the files below `root` mention: in URLs, and in variables such as PGHOST and DB_HOST.

    It reads `.env*`, Dockerfile, compose files and sources and settings by their endings, leaves out what tools made
    (`.git`, `node_modules`, `dist`, ...), links, binary files and those over `max_bytes`, and passes over what it may
    not read. A connection found twice comes once; `Scan.places` says where else it stands. Values that a program would
    fill in (`$HOST`, `process.env.X`) and what is commented out are left out.

        for candidate in scan("."):
            print(candidate.file, candidate.line, candidate.display, candidate.missing)

    Raises `ConfigError` at once when `root` is no folder that can be read.
    """
    folder = Path(root)
    try:
        with os.scandir(folder):
            pass
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or str(problem)
        raise ConfigError(f"this folder can't be scanned: {why}.", path=str(folder), cure="Name another.") from None
    return Scan(folder, max_bytes)


def _is_worth_reading(found: bytes) -> bool:
    for word in _WORDS:
        if word in found:
            return _WORTH_READING.search(found) is not None
    return False


def _in_file(file: Path, found: bytes, syntax: Syntax) -> list[Candidate]:
    text = found.decode("utf-8", "surrogateescape").removeprefix("\ufeff").replace("\r\n", "\n")
    candidates = candidates_of(file, mentions_in(text, syntax))
    if candidates:
        _log.debug("%d candidates in %r", len(candidates), os.fspath(file))
    return candidates


def _same(candidate: Candidate) -> Conninfo:
    """What two spellings of one connection have in common."""
    target = candidate.target
    return target if target.params.get("port") else target.with_(port=5432)
