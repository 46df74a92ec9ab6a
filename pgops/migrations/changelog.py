"""CHANGELOG.md beside the migrations: what each pending file will change, and what was released when.

    ## WIP

    ### prerelease.sql

    - 2026-11-27 orders get an index

    ## RELEASED

    ### 20261120101500.sql

    - released 2026-11-20 from prerelease.sql: the first tables
    - sha256 0f3c... sealed 5d1e...
    - 2026-11-18 orders and customers

Every edit here is lines put in, moved or taken out, so what people wrote in between survives: it stays with the heading
that it stands under. The hash is the one that an audit holds a released file against. The seal is a hash of the hash,
the file's name and the line above; it tells an honest record from one that was mended to fit, and is no protection
against someone who wants to deceive: git's history is.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import attrs

from pgops.errors import MigrationTextError, WorkspaceError
from pgops.migrations.appending import has_crlf
from pgops.render.markdown import inline_markdown
from pgops.render.visible import visible

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

NAME = "CHANGELOG.md"
WIP, RELEASED = "WIP", "RELEASED"
LONGEST_SUMMARY = 200
_TITLE = "# Changelog"
_MARK = "\ufeff"

_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ITEM = re.compile(r"[-*+][ \t]")
_ENTRY = re.compile(r"[-*+][ \t]+(\d{4}-\d\d-\d\d):?[ \t]+(\S.*?)[ \t]*$")
_RELEASE = re.compile(r"[-*+][ \t]+released (\d{4}-\d\d-\d\d) from (\S+): (.*?)[ \t]*$")
_HASH = re.compile(r"[-*+][ \t]+sha256\b[ \t]*(?:([0-9a-f]{64}) sealed ([0-9a-f]{16}))?")


@attrs.frozen
class Entry:
    """One dated line of a block."""

    on: str
    """The UTC day, as it is written: 2026-11-27."""
    text: str
    """Markdown, as it stands there."""


@attrs.frozen(kw_only=True)
class Block:
    """What stands under the heading of one file."""

    section: str
    """`WIP` or `RELEASED`."""
    file: str
    first: int
    """The line of the heading, from 0."""
    end: int
    """The line behind the block."""
    entries: tuple[Entry, ...]
    released: str | None = None
    """The line of a release, without its mark; None in WIP, and where people keep the changelog by hand."""
    sha256: str | None = None
    """Of the released file. None where there is none, or it can't be read."""
    seal: str | None = None
    has_hash: bool = False
    """Whether there is a line that should hold a hash."""

    @property
    def is_sealed(self) -> bool:
        """Whether hash, name and release line belong together."""
        return self.sha256 is not None and self.seal == seal_of(self.file, self.sha256, self.released or "")


@attrs.frozen
class Changelog:
    """The text of a changelog, and what is in it. Each edit gives a new one.

    >>> import datetime as dt
    >>> log = Changelog("").with_entry("prerelease.sql", dt.date(2026, 11, 27), "orders")
    >>> print(log.text, end="")
    # Changelog
    <BLANKLINE>
    ## WIP
    <BLANKLINE>
    ### prerelease.sql
    <BLANKLINE>
    - 2026-11-27 orders
    <BLANKLINE>
    ## RELEASED
    """

    text: str

    # --- reading ------------------------------------------------------------------------------------------------------

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Every file's block in both sections, as they stand."""
        lines, section, found = self._lines(), "", list[Block]()
        headings = list(_headings(lines))
        for at, (line, level, title) in enumerate(headings):
            if level <= 2:
                section = title.upper() if level == 2 else ""
            elif level == 3 and section in {WIP, RELEASED}:
                end = next((line for line, level, _ in headings[at + 1 :] if level <= 3), len(lines))
                found.append(_block(section, title.strip("`* "), lines, line, end))
        return tuple(found)

    def of(self, file: str, section: str = WIP) -> tuple[Block, ...]:
        """The blocks of one file: people, and merges, may have made several."""
        return tuple(block for block in self.blocks if block.section == section and block.file == file)

    # --- editing ------------------------------------------------------------------------------------------------------

    def with_entry(self, file: str, on: dt.date, summary: str) -> Changelog:
        """With a dated line in the file's block in WIP, which is made if need be. Raises as `checked_summary`."""
        return self.with_lines(file, [entry_line(on, summary)])

    def with_lines(self, file: str, entries: Iterable[str]) -> Changelog:
        """The same for lines that are Markdown already."""
        log = self._with_sections()
        blocks = log.of(file)
        if blocks:
            return log._put(log._behind_entries(blocks[-1]), entries)
        (start, end) = log._section(WIP)
        end = log._last_written(start, end)
        return log._put(end, ["", f"### {file}", "", *entries])

    def without(self, file: str) -> tuple[Changelog, list[str]]:
        """Without the file's blocks in WIP, and the lines that stood under their headings."""
        log, taken = self, list[str]()
        while blocks := log.of(file):
            lines = log._lines()
            block = blocks[0]
            body = [line.rstrip("\r\n") for line in lines[block.first + 1 : block.end]]
            taken += _trimmed(body)
            log = log._made_of(lines[: block.first] + lines[block.end :])
        return log, taken

    def with_release(self, file: str, released: str, on: dt.date, summary: str, sha256: str) -> Changelog:
        """With the file's block moved to RELEASED under the name of the released file, newest first."""
        line = f"released {on:%Y-%m-%d} from {file}: {inline_markdown(checked_summary(summary))}"
        log, body = self._with_sections().without(file)
        log = log._with_sections()
        start, end = log._section(RELEASED)
        lines = log._lines()
        first = next((at for at, level, _ in _headings(lines) if start < at < end and level == 3), None)
        place = first if first is not None else log._last_written(start, end)
        sealed = f"sha256 {sha256} sealed {seal_of(released, sha256, line)}"
        apart = [""] if body and not _ITEM.match(body[0]) else []
        block = [f"### {released}", "", f"- {line}", f"- {sealed}", *apart, *body]
        return log._put(place, [*block, ""] if first is not None else ["", *block])

    # --- lines --------------------------------------------------------------------------------------------------------

    def _lines(self) -> list[str]:
        """At line feeds alone: of the other characters that Python takes for line ends Markdown knows nothing."""
        lines = self.text.removeprefix(_MARK).split("\n")
        return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])

    def _made_of(self, lines: Iterable[str]) -> Changelog:
        """Another text, with this one's byte order mark in front of whatever comes first now."""
        return Changelog((_MARK if self.text.startswith(_MARK) else "") + "".join(lines))

    def _put(self, place: int, added: Iterable[str]) -> Changelog:
        """With lines before the one at `place`."""
        newline = self._newline
        lines = self._lines()
        if place and not lines[place - 1].endswith("\n"):
            lines[place - 1] += newline
        lines[place:place] = [line + newline for line in added]
        return self._made_of(lines)

    @property
    def _newline(self) -> str:
        return "\r\n" if has_crlf(self.text) else "\n"

    def _with_sections(self) -> Changelog:
        """With both headings. What people have, they keep; a new WIP stands before RELEASED."""
        log = self if self.text.removeprefix(_MARK).strip() else self._made_of([_TITLE + self._newline])
        if log._found(WIP) is None:
            at = log._found(RELEASED)
            log = log._put(at, [f"## {WIP}", ""]) if at is not None else log._at_the_end(f"## {WIP}")
        if log._found(RELEASED) is None:
            _, end = log._section(WIP)
            is_last = end == len(log._lines())
            log = log._at_the_end(f"## {RELEASED}") if is_last else log._put(end, [f"## {RELEASED}", ""])
        return log

    def _at_the_end(self, heading: str) -> Changelog:
        return self._put(len(self._lines()), ["", heading])

    def _found(self, section: str) -> int | None:
        headings = _headings(self._lines())
        return next((at for at, level, title in headings if level == 2 and title.upper() == section), None)

    def _section(self, section: str) -> tuple[int, int]:
        """The line of its heading, and the line behind its end."""
        start = self._found(section)
        if start is None:  # it was put in, and yet is none: it stands in a code block, or a comment
            raise WorkspaceError(
                f"{NAME} ends within a code block or a comment, so nothing can be written behind it.", cure="Close it."
            )
        lines = self._lines()
        return start, next((at for at, level, _ in _headings(lines) if at > start and level <= 2), len(lines))

    def _last_written(self, start: int, end: int) -> int:
        """The place behind the last line between the two that is not blank."""
        lines = self._lines()
        while end > start + 1 and not lines[end - 1].strip():
            end -= 1
        return end

    def _behind_entries(self, block: Block) -> int:
        lines = self._lines()
        entries = [at for at in range(block.first + 1, block.end) if _ENTRY.match(lines[at].rstrip("\r\n"))]
        if not entries:
            return self._last_written(block.first, block.end)
        place = entries[-1] + 1
        while place < block.end and lines[place].startswith((" ", "\t")) and lines[place].strip():
            place += 1  # an entry that somebody went on with, indented
        return place


def entry_line(on: dt.date, summary: str) -> str:
    """A dated line of a block. Raises as `checked_summary`."""
    return f"- {on:%Y-%m-%d} {inline_markdown(checked_summary(summary))}"


def checked_summary(summary: str) -> str:
    """The summary without blanks around it. Raises `MigrationTextError` where it is not one line of visible text.

    Markdown in it is written as text.
    """
    said = summary.strip()
    problem = ""
    if not said:
        problem = "it is empty"
    elif len(said) > LONGEST_SUMMARY:
        problem = f"it has {len(said)} characters, and {LONGEST_SUMMARY} are the most"
    elif visible(said) != said:
        problem = "it has line breaks or characters that nobody sees"
    if problem:
        raise MigrationTextError(
            f"This can't be a summary, {problem}: {visible(said)[:60]!r}.", cure="Say in one line what changes."
        )
    return said


def seal_of(file: str, sha256: str, line: str) -> str:
    """What ties the three together."""
    return hashlib.sha256("\n".join((file, sha256, line)).encode()).hexdigest()[:16]


def _block(section: str, file: str, lines: list[str], first: int, end: int) -> Block:
    entries: list[Entry] = []
    released = sha256 = seal = None
    has_hash = False
    for line in (line.rstrip("\r\n") for line in lines[first + 1 : end]):
        if entry := _ENTRY.match(line):
            entries.append(Entry(entry[1], entry[2]))
        elif section == RELEASED and released is None and _RELEASE.match(line):
            released = line.lstrip("-*+ \t").rstrip()
        elif section == RELEASED and not has_hash and (found := _HASH.match(line)):
            has_hash, sha256, seal = True, found[1], found[2]
    return Block(
        section=section,
        file=file,
        first=first,
        end=end,
        entries=tuple(entries),
        released=released,
        sha256=sha256,
        seal=seal,
        has_hash=has_hash,
    )


def _headings(lines: list[str]) -> Iterable[tuple[int, int, str]]:
    """Line, level and title of each heading, those in fenced code and in HTML comments left out."""
    fence, within_comment = "", False
    for number, line in enumerate(lines):
        bare = line.rstrip("\r\n")
        if within_comment:
            within_comment = "-->" not in bare
            continue
        mark = _FENCE.match(bare)
        if fence:
            if mark and mark[1].startswith(fence) and not bare[mark.end() :].strip():
                fence = ""
        elif mark:
            fence = mark[1]
        elif bare.lstrip().startswith("<!--"):
            within_comment = "-->" not in bare
        elif heading := _HEADING.fullmatch(bare):
            yield number, len(heading[1]), heading[2] or ""


def _trimmed(lines: list[str]) -> list[str]:
    """Without the blank lines around them."""
    while lines and not lines[0].strip():
        lines = lines[1:]
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    return lines
