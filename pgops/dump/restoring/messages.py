"""What pg_restore and psql say on stderr, by object: what failed, why, and what to do about it. Pure.

pg_restore names an object by its entry in the archive and gives no SQLSTATE; psql gives the SQLSTATE, where it is asked
to, and the line of its input. Words are told apart in English, SQLSTATEs in any language.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

import attrs

from pgops.dump.reading.toc import Entry
from pgops.render.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


class Cause(StrEnum):
    """Why something of a restore failed."""

    ALREADY_EXISTS = "already exists"
    MISSING_ROLE = "missing role"
    MISSING_EXTENSION = "missing extension"
    MISSING_TABLESPACE = "missing tablespace"
    MISSING_OBJECT = "missing object"
    PRIVILEGE = "privilege"
    FOREIGN_KEY = "foreign key violated by data"
    VIOLATED = "constraint violated by data"
    BAD_DATA = "bad data"
    TOO_MANY_CONNECTIONS = "too many connections"
    CONNECTION_LOST = "connection lost"
    DISK_FULL = "disk full"
    LOCKS = "too many locks"
    CANCELLED = "cancelled"
    VERSION = "version"
    DAMAGED = "damaged dump"
    OTHER = "other"


_CURES = {
    Cause.ALREADY_EXISTS: "Restore into an empty database, or drop what is there first.",
    Cause.MISSING_ROLE: "Create the role; if it is an owner's or a grant's, restore without owners and privileges.",
    Cause.MISSING_EXTENSION: "Install the extension's package on the server.",
    Cause.MISSING_TABLESPACE: "Create the tablespace, or take tablespaces=False (--no-tablespaces).",
    Cause.MISSING_OBJECT: "Was the dump made of a part of its database? Make or restore what this needs first.",
    Cause.PRIVILEGE: "Restore as a role that may do this: the database's owner, or a superuser.",
    Cause.FOREIGN_KEY: (
        "Was it NOT VALID? Rows alone come in no order that suits foreign keys: then take disable_triggers=True "
        "(--disable-triggers; of a plain dump it is pg_dump's)."
    ),
    Cause.VIOLATED: "The rows do not keep the constraint: was it NOT VALID, or are rows there already?",
    Cause.BAD_DATA: "The server does not take a value: compare encodings, locales and versions of both servers.",
    Cause.TOO_MANY_CONNECTIONS: "Take fewer jobs, or raise the limit.",
    Cause.CONNECTION_LOST: "Look at the server's log for why the session ended, and restore again.",
    Cause.DISK_FULL: "Make room on the server, and restore again.",
    Cause.LOCKS: "Raise max_locks_per_transaction, or take single_transaction=False (--no-single-transaction).",
    Cause.CANCELLED: "Restore again.",
    Cause.VERSION: "Restore into a server of the version that was dumped, or later.",
    Cause.DAMAGED: "Take another copy of the dump.",
    Cause.OTHER: "",
}

# The first that fits, so the narrower stand first.
_BY_SQLSTATE = (
    (r"58P01|0A000", Cause.MISSING_EXTENSION, r"extension"),
    (r"42704", Cause.MISSING_ROLE, r"role"),
    (r"42704|22023", Cause.MISSING_TABLESPACE, r"tablespace"),
    (r"42704", Cause.VERSION, r"unrecognized configuration parameter"),
    (r"42P0[467]|42710|42723|42701|42P05", Cause.ALREADY_EXISTS, ""),
    (r"42P01|42883|42704|42703|3F000|42P02", Cause.MISSING_OBJECT, ""),
    (r"42501|28000", Cause.PRIVILEGE, ""),
    (r"23503", Cause.FOREIGN_KEY, ""),
    (r"23...", Cause.VIOLATED, ""),
    (r"22...", Cause.BAD_DATA, ""),
    (r"08...|57P0[1-4]|57P05|25P0[34]", Cause.CONNECTION_LOST, ""),
    (r"53300", Cause.TOO_MANY_CONNECTIONS, ""),
    (r"53100", Cause.DISK_FULL, ""),
    (r"53200", Cause.LOCKS, r"shared memory"),
    (r"57014", Cause.CANCELLED, ""),
    (r"42601|0A000", Cause.VERSION, ""),
)
_BY_WORDS = (
    (r"extension .* is not available|could not open extension control file", Cause.MISSING_EXTENSION),
    (r'role ".*" does not exist', Cause.MISSING_ROLE),
    (r'tablespace ".*" does not exist|invalid value for parameter "default_tablespace"', Cause.MISSING_TABLESPACE),
    (r"unsupported version|unrecognized configuration parameter|syntax error at", Cause.VERSION),
    (r"too many connections|too many clients|connection slots are reserved", Cause.TOO_MANY_CONNECTIONS),
    (r"terminating connection|server closed the connection|connection to server|no connection to the server"
     r"|SSL connection has been closed|could not (?:send|receive) data", Cause.CONNECTION_LOST),
    (r"permission denied|must be (?:owner|superuser|member|able to)|only superuser|must have", Cause.PRIVILEGE),
    (r"No space left on device|could not extend file", Cause.DISK_FULL),
    (r"out of shared memory|max_locks_per_transaction", Cause.LOCKS),
    (r"already exists|multiple primary keys", Cause.ALREADY_EXISTS),
    (r"violates foreign key", Cause.FOREIGN_KEY),
    (r"violates|could not create unique index|is violated by some row|contains null values", Cause.VIOLATED),
    (r"does not exist", Cause.MISSING_OBJECT),
    (r"canceling statement", Cause.CANCELLED),
    (r"invalid input syntax|invalid byte sequence|out of range|value too long|missing data for column|malformed"
     r"|has no equivalent in encoding|extra data after", Cause.BAD_DATA),
    (r"could not read from input file|could not (?:open|close) (?:input|data) file|could not uncompress"
     r"|unexpected end of file", Cause.DAMAGED),
)  # fmt: skip


@attrs.frozen(kw_only=True)
class RestoreMessage:
    """One thing that went wrong, or that was warned of, in a restore."""

    severity: str
    """`error` or `warning`."""
    words: str
    """The server's, or the program's own."""
    cause: Cause
    cure: str = ""
    kind: str | None = None
    """Of the object that it is about, in pg_dump's words: `TABLE`; None where nobody says."""
    schema: str | None = None
    name: str | None = None
    sqlstate: str | None = None
    """None where the program does not say it: pg_restore never does."""
    statement: str | None = None
    """What was being done, as far as it is said."""
    details: tuple[str, ...] = ()
    """DETAIL, HINT and CONTEXT, each with its name."""

    def __str__(self) -> str:
        about = visible(" ".join(filter(None, (self.kind, ".".join(filter(None, (self.schema, self.name)))))))
        return f"{about}: {self.words}" if about else self.words


def cause_of(words: str, sqlstate: str | None = None) -> Cause:
    """Why something failed, by its SQLSTATE, or by its words where there is none.

    >>> cause_of('role "ann" does not exist').value
    'missing role'
    >>> cause_of('la relation existe', "42P07").value
    'already exists'
    """
    if sqlstate is not None:
        for states, cause, also in _BY_SQLSTATE:
            if re.fullmatch(states, sqlstate) and (not also or re.search(also, words, re.IGNORECASE)):
                return cause
    return next((cause for pattern, cause in _BY_WORDS if re.search(pattern, words)), Cause.OTHER)


def message(words: str, *, about: Entry | None = None, cause: Cause | None = None) -> RestoreMessage:
    """An error that was foreseen before anything was run."""
    cause = cause or cause_of(words)
    kind, schema, name = (about.kind, about.schema, about.name) if about else (None, None, None)
    return RestoreMessage(
        severity="error", words=words, cause=cause, cure=_CURES[cause], kind=kind, schema=schema, name=name
    )


_TOC = re.compile(r"pg_restore: (?:while|from) .*TOC entry (\d+); (\d+) (\d+) (.*)")
_SAID = re.compile(r"pg_restore: (error|warning|fatal|hint|detail): (.*)")
_IN_WORDS = re.compile(r"(?:.*?): (?:ERROR|FATAL|PANIC):\s+(.*)")
_PSQL = re.compile(r"psql:(?:<stdin>|-|[^:]*):(\d+): (.*)")
_PSQL_SAID = re.compile(r"(ERROR|FATAL|PANIC|WARNING|error|fatal|warning):\s+(?:([0-9A-Z]{5}): )?(.*)")
_DETAIL = re.compile(r"(DETAIL|HINT|CONTEXT|QUERY|STATEMENT):\s+(.*)")
_COPY_OF = re.compile(r'COPY failed for table "(.*?)":')
_IGNORED = re.compile(r"errors ignored on restore: \d+")
_PLACE_IN_SQL = re.compile(r"(?:LINE \d+:|LOCATION: |\s*\^\s*$)")


@attrs.define
class _Found:
    """A message while its lines are read."""

    severity: str
    words: str
    sqlstate: str | None = None
    entry: Entry | None = None
    statement: list[str] = attrs.field(factory=list)
    details: list[str] = attrs.field(factory=list)
    in_statement: bool = False

    def made(self) -> RestoreMessage:
        cause = cause_of(self.words, self.sqlstate)
        return RestoreMessage(
            severity=self.severity,
            words=self.words,
            cause=cause,
            cure=_CURES[cause],
            kind=self.entry.kind if self.entry else None,
            schema=self.entry.schema if self.entry else None,
            name=self.entry.name if self.entry else None,
            sqlstate=self.sqlstate,
            statement="\n".join(self.statement).strip() or None,
            details=tuple(self.details),
        )


def read_messages(
    lines: Iterable[str],
    *,
    entries: Iterable[Entry] = (),
    entry_at_line: Callable[[int], Entry | None] | None = None,
) -> tuple[RestoreMessage, ...]:
    """The errors and warnings in what pg_restore or psql wrote to stderr, in order.

    `entries` are those of the archive, which know the names that pg_restore shortens; `entry_at_line` says which object
    a line of psql's input belongs to.

    >>> said = ["pg_restore: from TOC entry 215; 1259 16385 TABLE t ann",
    ...         'pg_restore: error: could not execute query: ERROR:  relation "t" already exists']
    >>> [(each.kind, each.name, each.cause.value) for each in read_messages(said)]
    [('TABLE', 't', 'already exists')]
    """
    known: dict[int | None, Entry] = {each.id: each for each in entries if each.id is not None}
    return tuple(each.made() for each in _read(lines, known, entry_at_line))


def _read(
    lines: Iterable[str], known: Mapping[int | None, Entry], entry_at_line: Callable[[int], Entry | None] | None
) -> Iterator[_Found]:
    entry: Entry | None = None
    now: _Found | None = None
    for line in lines:
        if toc := _TOC.match(line):
            entry = known.get(int(toc[1])) or _shortened(toc[4])
            continue
        begun = _begun(line, entry, entry_at_line)
        if begun is not None:
            if now is not None:
                yield now
            now = None if _IGNORED.search(begun.words) else begun
        elif line.startswith("pg_restore: "):
            if now is not None:
                now.in_statement = False
        elif now is not None:
            _go_on(now, line)
    if now is not None:
        yield now


def _begun(line: str, entry: Entry | None, entry_at_line: Callable[[int], Entry | None] | None) -> _Found | None:
    """The message that a line begins."""
    if said := _SAID.match(line):
        if said[1] in {"hint", "detail"}:
            return None
        words = said[2]
        of_server = _IN_WORDS.match(words)
        return _Found(
            severity="warning" if said[1] == "warning" else "error",
            words=of_server[1] if of_server else words,
            entry=entry or (_of_copy(words)),
        )
    psql = _PSQL.match(line)
    spoken = _PSQL_SAID.match(psql[2] if psql else line.removeprefix("psql: "))
    if spoken is None or (psql is None and not line.startswith(("psql: ", "FATAL", "ERROR", "WARNING"))):
        return None
    return _Found(
        severity="warning" if spoken[1].lower() == "warning" else "error",
        words=spoken[3],
        sqlstate=spoken[2],
        entry=entry_at_line(int(psql[1])) if psql and entry_at_line else None,
    )


def _of_copy(words: str) -> Entry | None:
    copied = _COPY_OF.match(words)
    return Entry(kind="TABLE DATA", schema=None, name=copied[1]) if copied else None


def _go_on(now: _Found, line: str) -> None:
    if line.startswith("Command was: "):
        now.in_statement = True
        now.statement.append(line.removeprefix("Command was: "))
    elif now.in_statement:
        now.statement.append(line)
    elif detail := _DETAIL.match(line):
        now.details.append(f"{detail[1]}: {detail[2]}")
    elif _PLACE_IN_SQL.match(line) or not line.strip():
        pass
    elif now.details:
        now.details[-1] += f"\n{line}"
    else:
        now.words += f"\n{line.strip()}"


_KINDS_OF_MORE_WORDS = (
    "ACCESS METHOD", "AGGREGATE", "BLOB METADATA", "CHECK CONSTRAINT", "DATABASE PROPERTIES", "DEFAULT ACL",
    "EVENT TRIGGER", "FK CONSTRAINT", "FOREIGN DATA WRAPPER", "FOREIGN SERVER", "FOREIGN TABLE", "INDEX ATTACH",
    "LARGE OBJECT", "MATERIALIZED VIEW DATA", "MATERIALIZED VIEW", "OPERATOR CLASS", "OPERATOR FAMILY",
    "PROCEDURAL LANGUAGE", "PUBLICATION TABLES IN SCHEMA", "PUBLICATION TABLE", "ROW SECURITY", "SECURITY LABEL",
    "SEQUENCE OWNED BY", "SEQUENCE SET", "SHELL TYPE", "STATISTICS DATA", "SUBSCRIPTION TABLE", "TABLE ATTACH",
    "TABLE DATA", "TEXT SEARCH CONFIGURATION", "TEXT SEARCH DICTIONARY", "TEXT SEARCH PARSER",
    "TEXT SEARCH TEMPLATE", "USER MAPPING",
)  # fmt: skip


def _shortened(words: str) -> Entry:
    """What pg_restore says of an entry: kind, name, owner, with blanks between and perhaps within."""
    kind = next((each for each in _KINDS_OF_MORE_WORDS if words.startswith(f"{each} ")), words.split(" ", 1)[0])
    name = words.removeprefix(kind).strip()
    owned, _, owner = name.rpartition(" ")
    return Entry(kind=kind, schema=None, name=owned or name, owner=owner if owned else None)
