"""Files of SQL in the order in which they are carried out: plain ones, a workspace's, and those of other tools.

What other tools write around their SQL is understood as far as it says what is carried out, and when: sqitch's plan,
the markers of dbmate and goose, the names of Flyway and golang-migrate. Only the way up is read; lines that lead down
again become blank, so that a finding's line is the file's own. What Alembic and Django write for offline use is plain
SQL.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import attrs

from pgops.config.surroundings import git_top_level
from pgops.errors import SourceError
from pgops.migrations.pending import read_pending, released_texts
from pgops.sql.grammar import read_script
from pgops.sql.script import Script, hash_of

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator

    from pgops.migrations.folder import OpenFolder


@attrs.frozen(kw_only=True)
class Source:
    """One file: its name as it is shown and remembered, and its SQL."""

    file: str
    script: Script
    series: str | None = None
    """The files that are counted as one, such as a workspace's; None: the file is its own."""
    earlier: Mapping[str, int] = attrs.field(factory=dict, hash=False, repr=False)
    """How often each statement, by its hash, came earlier in the series, in files that are not carried out now."""

    @classmethod
    def of(cls, text: str, *, file: str = "statement.sql") -> Source:
        """A source from text.

        >>> [each.text for each in Source.of("SELECT 1; SELECT 2").script.statements]
        ['SELECT 1', 'SELECT 2']
        """
        return cls(file=file, script=read_script(text, file=file))


Sources: TypeAlias = "str | Source | Iterable[Source]"


def as_sources(what: Sources) -> tuple[Source, ...]:
    """Whatever a call may be given: SQL as text, a source, or several."""
    if isinstance(what, str):
        return (Source.of(what),)
    return (what,) if isinstance(what, Source) else tuple(what)


def read_sources(*paths: str | os.PathLike[str]) -> tuple[Source, ...]:
    """The SQL of files and folders, in the order in which it would be carried out.

    A folder is read as its tool would: sqitch (`sqitch.plan`), dbmate (`-- migrate:up`), goose (`-- +goose Up`),
    Flyway (`V2__name.sql`, then `R__name.sql`), golang-migrate (`1_name.up.sql`), or else every `.sql` file by name,
    numbers by their value. Folders in it are not looked into, hidden files are left out.

    Raises `SourceError` where a path is no file or folder, a file is not UTF-8, or a plan names what is not there.
    """
    found: list[Source] = []
    for each in paths:
        path = Path(each)
        if path.is_dir():
            found += _of_folder(path)
        elif path.is_file():
            found.append(_of_file(path, path.name if len(paths) == 1 else str(each)))
        else:
            raise SourceError(f"{path} is neither a file nor a folder.", cure="Name the SQL that is to be read.")
    return tuple(found)


def workspace_sources(folder: OpenFolder, *, series: str) -> tuple[Source, ...]:
    """The pending files of a workspace, in order; they go on counting where the released ones have ended.

    Raises `WorkspaceError` where a pending file can't be read, `OSError` where a released one can't.
    """
    earlier: Counter[str] = Counter()
    for text in released_texts(folder):
        earlier.update(hash_of(each.text) for each in read_script(text).statements)
    return tuple(
        Source(file=each.name, script=read_script(each.text, file=each.name), series=series, earlier=earlier)
        for each in read_pending(folder)
    )


def _of_folder(folder: Path) -> Iterator[Source]:
    if (folder / "sqitch.plan").is_file():
        for name in _planned(folder / "sqitch.plan"):
            yield _of_file(folder / name, name)
        return
    files = sorted(
        (each for each in folder.iterdir() if each.suffix.lower() == ".sql" and not each.name.startswith(".")),
        key=lambda each: _in_order(each.name),
    )
    ups = {each.name for each in files if each.name.lower().endswith(".up.sql")}
    for each in files:
        if ups and each.name.lower().endswith(".down.sql"):
            continue  # golang-migrate
        if _FLYWAY_UNDO.match(each.name) and any(_FLYWAY.match(other.name) for other in files):
            continue
        yield _of_file(each, each.name)


def _of_file(path: Path, name: str) -> Source:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8: byte {error.start}.", cure="Save it as UTF-8.") from None
    except OSError as error:
        raise SourceError(f"{path} can't be read: {error.strerror}.") from None
    return Source(file=name, script=read_script(way_up(text), file=name), series=_series(path))


def _series(path: Path) -> str:
    """What a file is remembered by, however it was named in the call: its path from the top of its git repository."""
    real = path.resolve()
    top = git_top_level(real.parent)
    return real.relative_to(top).as_posix() if top is not None else real.as_posix()


# --- the names of files -----------------------------------------------------------------------------------------------

_FLYWAY = re.compile(r"V(?P<version>[0-9]+(?:[._][0-9]+)*)__.*\.sql\Z", re.IGNORECASE)
_FLYWAY_UNDO = re.compile(r"U[0-9]+(?:[._][0-9]+)*__.*\.sql\Z", re.IGNORECASE)
_FLYWAY_REPEATABLE = re.compile(r"R__.*\.sql\Z", re.IGNORECASE)


def _in_order(name: str) -> tuple[object, ...]:
    """Flyway's versions by their numbers and its repeatable files last; all others by name, numbers by value."""
    version = _FLYWAY.match(name)
    if version is not None:
        return (0, [int(each) for each in re.split(r"[._]", version["version"])], name)
    parts = [(0, int(each), "") if each.isdecimal() else (1, 0, each) for each in re.findall(r"\d+|\D+", name)]
    return (2 if _FLYWAY_REPEATABLE.match(name) else 1, parts, name)


# --- sqitch -----------------------------------------------------------------------------------------------------------

_CHANGE = re.compile(r"(?P<name>[^\s@#\[%][^\s\[]*)(?:\s+\[[^\]]*\])?\s")
_TAG = re.compile(r"@(?P<tag>\S+)")


def _planned(plan: Path) -> list[str]:
    """The deploy scripts in the plan's order. A change that was made again has its earlier script at the tag
    between.
    """
    changes: list[str] = []
    tags: list[tuple[int, str]] = []
    for line in plan.read_text(encoding="utf-8").splitlines():
        tag, change = _TAG.match(line), _CHANGE.match(line)
        if tag is not None:
            tags.append((len(changes), tag["tag"]))
        elif change is not None and not line.startswith("%"):
            changes.append(change["name"])
    scripts = []
    for index, name in enumerate(changes):
        again = next((later for later in range(index + 1, len(changes)) if changes[later] == name), None)
        tag_between = next((tag for place, tag in tags if again is not None and index < place <= again), None)
        scripts.append(f"deploy/{name}@{tag_between}.sql" if tag_between is not None else f"deploy/{name}.sql")
    return scripts


# --- markers in the text ----------------------------------------------------------------------------------------------

_DBMATE = re.compile(r"^[ \t]*--[ \t]*migrate:(?P<way>up|down)\b", re.IGNORECASE)
_GOOSE = re.compile(r"^[ \t]*--[ \t]*\+goose[ \t]+(?P<way>up|down)\b", re.IGNORECASE)


def way_up(text: str) -> str:
    """The text with blank lines for what leads down again, so that every line keeps its number.

    >>> way_up("-- migrate:up\\nCREATE TABLE a ();\\n-- migrate:down\\nDROP TABLE a;\\n")
    '-- migrate:up\\nCREATE TABLE a ();\\n\\n\\n'
    """
    for marker in (_DBMATE, _GOOSE):
        lines = text.split("\n")
        marks = [(number, found["way"].lower()) for number, line in enumerate(lines) if (found := marker.match(line))]
        if not marks:
            continue
        up = False  # before the first mark there is nothing to carry out
        at = dict(marks)
        kept = []
        for number, line in enumerate(lines):
            up = at.get(number, "up" if up else "down") == "up"
            kept.append(line if up else "")
        return "\n".join(kept)
    return text
