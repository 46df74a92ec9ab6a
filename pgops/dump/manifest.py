"""What lies beside a dump: which bytes it has, of which server, and (verified) how many rows each table had in it.

The manifest of `shop.dump` is `shop.dump.manifest.json`. Sizes and SHA-256 of each file name a dump that was
truncated or changed, whatever its format; counts and hashes of rows, taken in the very snapshot that pg_dump read,
prove a restore.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from pgops.errors import DamagedDumpError, ManifestError
from pgops.files import write_whole
from pgops.findings import as_json, as_tuple

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = "pgops.manifest/1"
SUFFIX = ".manifest.json"


@attrs.frozen(kw_only=True)
class FileFacts:
    """One file of a dump: its name within the dump's folder (a single file's own name), size and SHA-256."""

    name: str
    size_bytes: int
    sha256: str


@attrs.frozen(kw_only=True)
class TableContent:
    """The rows of one table in the dump's snapshot: how many, and a sum over hashes of all of them.

    The sum is the same in whatever order the rows are read (see `pgops.dump.counting.running`).
    """

    schema: str
    name: str
    rows: int
    hash: str


@attrs.frozen(kw_only=True)
class LargeObjects:
    """The large objects in the dump's snapshot, as `TableContent` has rows."""

    count: int
    hash: str


@attrs.frozen(kw_only=True)
class Manifest:
    """What is known of a dump since it was made."""

    dump: str
    """The name of the file or folder, without the place where it lies."""
    format: str
    """`plain`, `custom` or `directory`."""
    content: str
    """`all`, `schema` or `data`."""
    database: str
    system: str | None
    """The system identifier of the server, where it may be read."""
    server: str
    """The server's version, in its own words."""
    program: str
    """The pg_dump that made it: `pg_dump 18.4`."""
    began: dt.datetime
    ended: dt.datetime
    files: tuple[FileFacts, ...] = attrs.field(converter=as_tuple)
    tables: tuple[TableContent, ...] | None = None
    """None where nothing was counted: the dump is not a verified one."""
    large_objects: LargeObjects | None = None
    not_counted: tuple[str, ...] = attrs.field(default=(), converter=as_tuple)
    """What the dump may hold and nobody counted, with the reason."""

    @property
    def is_verified(self) -> bool:
        """Whether rows were counted and hashed in the dump's snapshot."""
        return self.tables is not None

    def to_json(self) -> str:
        """As JSON, with its schema first."""
        text = json.dumps({"schema": SCHEMA, **as_json(attrs.asdict(self))}, indent=1, ensure_ascii=False) + "\n"
        # Bytes of a file's name that are no UTF-8 are half surrogates here, which JSON has escapes for: \udcff.
        return text.encode("utf-8", "backslashreplace").decode()

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """What `to_json` wrote. Raises `ManifestError` for any other text."""
        try:
            facts = json.loads(text)
            if not isinstance(facts, dict) or facts.pop("schema", None) != SCHEMA:
                raise ManifestError(f"That is no manifest of a dump ({SCHEMA}).", cure="Read it with a newer pgops?")
            manifest: Manifest = _converter().structure(facts, cls)
        except (ValueError, TypeError, KeyError, AttributeError, ExceptionGroup) as problem:
            raise ManifestError(
                f"The manifest can't be read: {type(problem).__name__}.", cure="Make the dump anew."
            ) from None
        return manifest

    def write(self, dump: Path) -> Path:
        """Beside the dump, whole or not at all."""
        return write_whole(manifest_path(dump), [self.to_json()])


def manifest_path(dump: str | os.PathLike[str]) -> Path:
    """Where the manifest of a dump lies.

    >>> manifest_path("/backups/shop.dump").name
    'shop.dump.manifest.json'
    """
    path = Path(dump)
    return path.with_name(path.name + SUFFIX)


def read_manifest(dump: str | os.PathLike[str]) -> Manifest | None:
    """The manifest beside a dump, or what it is a link to; None where there is none.

    Raises `ManifestError` where it can't be read.
    """
    path = manifest_path(dump)
    if Path(dump).is_symlink() and not path.exists():
        path = manifest_path(os.path.realpath(dump))
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeError) as problem:
        raise ManifestError(f"{path} can't be read: {problem}.") from None
    return Manifest.from_json(text)


def file_facts(dump: Path, *, called: str | None = None) -> tuple[FileFacts, ...]:
    """Size and SHA-256 of each file in the folder, or of the file, which will be `called` so."""
    found = []
    called = called if not dump.is_dir() else None
    for path in _files(dump):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            found.append(FileFacts(name=called or path.name, size_bytes=file.tell(), sha256=digest))
    return tuple(found)


def refuse_damaged(dump: Path, manifest: Manifest) -> None:
    """Raise `DamagedDumpError`, naming each file that is not as it was written. Reads the whole dump."""
    now = {each.name: each for each in file_facts(dump)}
    if not dump.is_dir() and len(manifest.files) == 1:  # it may have been given another name since
        now = dict(zip([manifest.files[0].name], now.values(), strict=True))
    damage = list(_damage(manifest, now))
    if damage:
        raise DamagedDumpError(f"{dump} is damaged: {'; '.join(damage)}.", cure="Take another copy of it.")


def _damage(manifest: Manifest, now: dict[str, FileFacts]) -> Iterator[str]:
    for then in manifest.files:
        is_now = now.get(then.name)
        if is_now is None:
            yield f"{then.name} is missing"
        elif is_now.size_bytes < then.size_bytes:
            yield f"{then.name} is truncated ({is_now.size_bytes:,} of {then.size_bytes:,} bytes)"
        elif is_now.sha256 != then.sha256:
            yield f"{then.name} was changed (its SHA-256 is another one)"
    for name in now.keys() - {each.name for each in manifest.files}:
        yield f"{name} was added"


def _files(dump: Path) -> list[Path]:
    return sorted(path for path in dump.iterdir() if path.is_file()) if dump.is_dir() else [dump]


def _converter() -> Any:
    from cattrs import Converter  # noqa: PLC0415  needed only here

    converter = Converter(forbid_extra_keys=True)
    converter.register_structure_hook(dt.datetime, lambda text, _: dt.datetime.fromisoformat(text))
    return converter
