"""A dump as SQL on its way to psql: what does not belong in this restore is taken out, everything else goes as it is.

psql gets it under a `\\restrict` of our own, with a key that no dump can know (CVE-2025-8714): whatever the dump says,
it is SQL for the server, and no command to psql. The transaction is ours, too: pg_dump's BEGIN and COMMIT around large
objects would end it in the middle.

How psql reads strings depends on the session, which any function that the dump makes and calls may set otherwise. So
before each statement that could be read in two ways the session is set again to what the dump was read by.
"""

from __future__ import annotations

import re
import secrets
from bisect import bisect_right
from collections.abc import Callable
from typing import BinaryIO

import attrs

from pgops.dump.reading.plain_facts import SETTING, begins_or_ends, header_of, refusal_of
from pgops.dump.reading.plain_sql import READ_BY, Kind, Piece, pieces_of
from pgops.dump.reading.toc import Entry
from pgops.dump.restoring.plan import RestorePlan
from pgops.errors import RestoreError

_OWNER = re.compile(
    rb"""ALTER\ [A-Z\ ]+\ .*\ OWNER\ TO\ (?:"(?:[^"]|"")*"|[A-Za-z_\x80-\xff][\w$\x80-\xff]*);\s*""",
    re.DOTALL | re.VERBOSE,
)
# A dump of the schema public alone makes it, and with --clean drops it first, with all that is in it from elsewhere.
_PUBLIC = {b"CREATE SCHEMA public;", b"DROP SCHEMA public;", b"DROP SCHEMA IF EXISTS public;"}
# psql puts the value of a variable of its own in the place of `:"HOST"`, which may stand in the slice of an array.
_VARIABLES = (
    *("DBNAME", "ENCODING", "HOST", "PORT", "SERVER_VERSION_NAME", "SERVER_VERSION_NUM", "SERVICE", "USER"),
    *("VERSION", "VERSION_NAME", "VERSION_NUM"),
)
_STATISTICS = {
    ("select", "from", "pg_catalog", name) for name in ("pg_restore_relation_stats", "pg_restore_attribute_stats")
}
_ENOUGH = 64 * 1024


@attrs.define
class Feed:
    """Writes a dump to psql; afterwards, or meanwhile, it says which object a line belongs to."""

    plan: RestorePlan
    write: Callable[[bytes], object]
    on_entry: Callable[[Entry], object]
    lines: list[int] = attrs.field(factory=list)
    entries: list[Entry] = attrs.field(factory=list)
    line: int = 1
    """The next one of psql's input."""
    at_head: bool = True
    key: str = attrs.field(factory=lambda: secrets.token_hex(16))
    buffer: list[bytes] = attrs.field(factory=list)
    size: int = 0
    read_by: dict[bytes, bytes] = attrs.field(
        factory=lambda: {
            b"standard_conforming_strings": b"SET standard_conforming_strings = on;",
            b"client_encoding": b"SET client_encoding = 'UTF8';",
        }
    )
    """What the dump is read by at this place."""
    is_within: bool = False
    """Whether the last piece was a part, with more of its statement to come."""

    def begin(self) -> None:
        """What comes before the dump."""
        for name in _VARIABLES:
            self._send(f"\\unset {name}\n".encode())
        self._send(f"\\restrict {self.key}\n".encode())
        if self.plan.single_transaction:
            self._send(b"BEGIN;\n")
        for name in ("default_transaction_read_only", "lock_timeout", "statement_timeout"):
            self._send(f"SET {name} = {'off' if name.endswith('only') else 0};\n".encode())
        if self.plan.single_transaction:
            self._send(b"SET transaction_read_only = off;\n")
        self._send(self._reading())
        if self.plan.target.role is not None:
            name = self.plan.target.role.replace('"', '""')
            self._send(f'SET ROLE "{name}";\n'.encode())

    def pour(self, sql: BinaryIO) -> None:
        """The dump itself."""
        for piece in pieces_of(sql):
            if piece.kind is Kind.SPACE and (entry := header_of(piece.text)) is not None:
                self.at_head = False
                self.lines.append(self.line)
                self.entries.append(entry)
                self.on_entry(entry)
            if piece.kind is Kind.STATEMENT and (setting := READ_BY.fullmatch(piece.text)) is not None:
                self.read_by[setting[1]] = setting[0]
            elif self._may_be_read_otherwise(piece):
                self._send(self._reading())
            self.is_within = piece.kind is Kind.PART and not piece.text.endswith(b";")
            # what is left out leaves its lines, so that psql counts as the dump does
            self._send(piece.text if self._is_wanted(piece) else b"\n" * piece.text.count(b"\n"))

    def end(self) -> None:
        """What makes it stand. Nothing before this does."""
        if self.plan.single_transaction:
            self._send(b"\nCOMMIT;\n")
        self._send(f"\\unrestrict {self.key}\n".encode())
        self.flush()

    def flush(self) -> None:
        """Hand over what is held."""
        self.write(b"".join(self.buffer))
        self.buffer, self.size = [], 0

    def entry_at(self, line: int) -> Entry | None:
        """The object that a line of psql's input belongs to."""
        place = bisect_right(self.lines, line)
        return self.entries[place - 1] if place else None

    def _send(self, text: bytes) -> None:
        self.buffer.append(text)
        self.size += len(text)
        self.line += text.count(b"\n")
        if self.size >= _ENOUGH:
            self.flush()

    def _reading(self) -> bytes:
        # On lines of their own: psql reads a line by what was set before it.
        return b"\n" + b"\n".join(self.read_by.values()) + b"\n"

    def _may_be_read_otherwise(self, piece: Piece) -> bool:
        if piece.kind is Kind.PART:
            return not self.is_within
        return piece.kind in {Kind.STATEMENT, Kind.UNCLEAR} and b"\\" in piece.text and b"'" in piece.text

    def _is_wanted(self, piece: Piece) -> bool:
        if piece.kind is Kind.COMMAND or self.plan.contents.plain is not None:
            refused = refusal_of(piece)
            if refused is not None:
                raise RestoreError(f"Line {piece.line} of the dump is not run: {refused}.")
        if piece.kind is Kind.COMMAND:  # a restriction of its own, in place of which there is ours
            return False
        return piece.kind not in {Kind.STATEMENT, Kind.UNCLEAR} or not self._is_left_out(piece)

    def _is_left_out(self, piece: Piece) -> bool:
        plan, words = self.plan, piece.words
        if words[:2] == ("set", "default_tablespace"):
            return not plan.tablespaces
        if words[:4] in _STATISTICS:
            return not plan.target.takes_statistics
        if self.at_head and (setting := SETTING.match(piece.bare)) is not None:
            return setting[1].decode("ascii", "replace").lower() in plan.unknown_settings
        if plan.single_transaction and begins_or_ends(piece):
            return True
        if words[:2] in {("create", "schema"), ("drop", "schema")} and plan.target.has_public:
            return piece.bare.strip() in _PUBLIC
        if words[:1] == ("alter",) and not plan.owner and _OWNER.fullmatch(piece.bare):
            return True
        if words[:3] == ("set", "session", "authorization"):
            return not plan.owner
        if words[:1] in {("grant",), ("revoke",)} or words[:3] == ("alter", "default", "privileges"):
            return not plan.privileges
        if words[1:2] == ("subscription",) or words[:3] == ("comment", "on", "subscription"):
            return not plan.subscriptions
        return words[:3] == ("comment", "on", "extension") and not plan.target.superuser
