"""What is asked of pg_dump, before anything is run: format by the file's name, and the arguments. Pure."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from pgops.dump.choices import Content, Format, wait_ms
from pgops.errors import DumpError
from pgops.findings import as_tuple

if TYPE_CHECKING:
    from collections.abc import Iterator


_COMPRESSED = {".gz": "gzip", ".zst": "zstd", ".lz4": "lz4"}
_LEVELS = {"none": range(0), "gzip": range(1, 10), "zstd": range(-131072, 23), "lz4": range(1, 13)}
"""As pg_dump takes them (manual 18, pg_dump --compress); a level may be followed, or replaced, by words of its own."""
_LEVEL = re.compile(r"-?\d+")


def format_of(path: Path, *, jobs: int = 1) -> Format:
    """The format that a file's name asks for: `.sql` is plain (also with `.gz`, `.zst`, `.lz4`), `.dir` a directory.

    Any other name is custom, or a directory where several jobs are to write.

    >>> [format_of(Path(name)).value for name in ("shop.sql", "shop.sql.gz", "shop.dump", "shop.dir")]
    ['plain', 'plain', 'custom', 'directory']
    >>> format_of(Path("shop.dump"), jobs=4).value
    'directory'
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in _COMPRESSED:
        suffixes.pop()
    if suffixes[-1:] == [".sql"]:
        return Format.PLAIN
    if suffixes[-1:] == [".dir"] or jobs > 1:
        return Format.DIRECTORY
    return Format.CUSTOM


@attrs.frozen(kw_only=True)
class DumpPlan:
    """A dump that could be made: all that decides what pg_dump writes."""

    path: Path
    format: Format
    content: Content = Content.ALL
    jobs: int = 1
    compression: str | None = None
    """`none`, `gzip`, `lz4` or `zstd`, with a level behind a colon if you like; None leaves it to pg_dump."""
    owner: bool = False
    privileges: bool = False
    comments: bool = True
    schemas: tuple[str, ...] = attrs.field(default=(), converter=as_tuple)
    tables: tuple[tuple[str, str], ...] = attrs.field(default=(), converter=as_tuple)
    lock_wait_s: float = 30.0

    def __attrs_post_init__(self) -> None:
        if self.jobs < 1:
            raise DumpError(f"{self.jobs} jobs write nothing.", cure="Take one, or several.")
        if self.jobs > 1 and self.format is not Format.DIRECTORY:
            raise DumpError(
                f"{self.jobs} jobs can't write one file: only the directory format has several.",
                cure="Give the dump a name that ends in .dir, or take one job.",
            )
        if self.compression is not None:
            _refuse_unknown(self.compression)

    def arguments(
        self, *, major: int, target: Path, encoding: str, snapshot: str | None = None, role: str | None = None
    ) -> list[str]:
        """What a pg_dump of this major version is called with to write `target`."""
        return list(self._arguments(major, target, encoding, snapshot, role))

    def _arguments(
        self, major: int, target: Path, encoding: str, snapshot: str | None, role: str | None
    ) -> Iterator[str]:
        yield from (f"--format={self.format}", f"--file={target}", f"--encoding={encoding}")
        yield from ("--verbose", "--no-password")
        yield f"--lock-wait-timeout={wait_ms(self.lock_wait_s)}"
        if self.content is not Content.ALL:
            yield f"--{self.content}-only"
        for wanted, option in (
            (self.owner, "--no-owner"),
            (self.privileges, "--no-privileges"),
            (self.comments, "--no-comments"),
        ):
            if not wanted:
                yield option
        if self.jobs > 1:
            yield f"--jobs={self.jobs}"
        if self.compression is not None:
            yield f"--compress={_compression(self.compression, major)}"
        if snapshot is not None:
            yield f"--snapshot={snapshot}"
        if role is not None:
            yield f"--role={role}"
        if self.schemas or self.tables:
            yield "--strict-names"  # a name that nothing has would be left out without a word
        yield from (f"--schema={_exactly(schema)}" for schema in self.schemas)
        yield from (f"--table={_exactly(schema)}.{_exactly(name)}" for schema, name in self.tables)


def compression_of(path: Path) -> str | None:
    """The compression that a plain dump's name asks for: `.sql.gz`; None for any other name."""
    return _COMPRESSED.get(path.suffix.lower()) if format_of(path) is Format.PLAIN else None


def _refuse_unknown(compression: str) -> None:
    method, colon, level = compression.partition(":")
    if method not in _LEVELS:
        raise DumpError(f"There is no compression {method!r}.", cure=f"It is one of {', '.join(_LEVELS)}.")
    levels = _LEVELS[method]
    if colon and not levels:
        raise DumpError(f"The compression {method} has no level: {compression!r}.", cure=f"Take {method} alone.")
    if colon and (not level or (_LEVEL.fullmatch(level) and int(level) not in levels)):
        raise DumpError(
            f"The compression {method} has no level {level!r}.", cure=f"It is from {levels[0]} to {levels[-1]}."
        )


def _compression(wanted: str, major: int) -> str:
    """Before 16 there was gzip alone, and it was asked for by its level."""
    method, _, level = wanted.partition(":")
    if major >= 16:
        return wanted
    if method == "none":
        return "0"
    if method != "gzip":
        raise DumpError(
            f"pg_dump {major} knows no compression but gzip.", cure="Take gzip, or a pg_dump of 16 or later."
        )
    return level or "6"


def _exactly(name: str) -> str:
    """A name as a pattern that means just that name: in double quotes nothing is a wildcard."""
    return '"' + name.replace('"', '""') + '"'
