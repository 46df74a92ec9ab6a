"""From scripts to units: what is carried out together, what stands alone, and what each statement will lock and for
how long.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import attrs

from pgops.errors import UnreadableSqlError
from pgops.findings import as_json
from pgops.migrations.applying.ledger import Key
from pgops.migrations.applying.questions import questions_for
from pgops.migrations.applying.undoing import undo_of
from pgops.migrations.effects.effect import Effect, Touch
from pgops.migrations.effects.known import Known, names_in
from pgops.migrations.effects.walk import Step, walk_on
from pgops.sql import statements as s
from pgops.sql.script import hash_of
from pgops.sql.statements import Meaning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import psycopg

    from pgops.migrations.effects.facts import Facts
    from pgops.migrations.sources import Source
    from pgops.sql.statements import Name

SCAN_BYTES_S = 200 * 1024 * 1024
REWRITE_BYTES_S = 40 * 1024 * 1024
"""What a table is read and written anew at, roughly, on common hardware: for estimates that say so."""


@attrs.frozen(kw_only=True)
class Held:
    """A lock that a statement takes, and what that means for others."""

    relation: str
    lock: str
    blocks: str
    scan: bool
    rewrite: bool
    rows: float | None
    """An estimate; None where nobody knows."""
    bytes: int | None
    about_s: float | None
    """How long the lock is held at least, for reading or writing that much; an estimate, None where nobody knows."""


@attrs.frozen(kw_only=True)
class PlannedStatement:
    """One statement as it will be carried out."""

    text: str
    file: str
    line: int
    key: Key
    meaning: Meaning
    effect: Effect
    holds: tuple[Held, ...] = ()
    undo: str | None = None
    questions: tuple[str, ...] = ()

    @property
    def touches(self) -> tuple[Touch, ...]:
        """The relations, with their locks."""
        return self.effect.touches

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self.file}:{self.line}"

    @property
    def head(self) -> str:
        """Its first words on one line."""
        words = " ".join(self.text.split())
        return words if len(words) <= 80 else f"{words[:77]}..."


@attrs.frozen(kw_only=True)
class Unit:
    """What is committed together: a transaction, or one statement that allows none."""

    statements: tuple[PlannedStatement, ...]
    in_transaction: bool
    session: tuple[str, ...] = ()
    """What the file has SET before, and the session has to be told again: role, search path and the like."""

    @property
    def touches(self) -> tuple[Touch, ...]:
        """All the relations of the unit."""
        return tuple(touch for each in self.statements for touch in each.touches)


def plan_units(
    sources: Sequence[Source],
    facts: Facts,
    *,
    done: Iterable[Key] = (),
    conn: psycopg.Connection[Any] | None = None,
    must_work: bool = True,
) -> tuple[Unit, ...]:
    """The units of `sources` in order, without the statements that are `done`.

    A file is a transaction, but for its own BEGIN and COMMIT and what allows none. Raises `UnreadableSqlError` where
    a part could not be read, or where a statement is sure to fail.
    """
    finished = set(done)
    units: list[Unit] = []
    known = Known(server=facts.server, facts=facts)
    counters: dict[str, Counter[str]] = {}
    for source in sources:
        _refuse_unread(source)
        current: int | None = None
        session: list[str] = []
        told: tuple[str, ...] = ()
        waiting: list[PlannedStatement] = []
        counted = counters.setdefault(source.series or source.file, Counter(source.earlier))
        for step in walk_on(source.script, known):
            planned = _planned(step, source, counted, conn)
            if step.explicit and step.effect.own_unit:
                raise UnreadableSqlError(
                    f"{planned.place}: PostgreSQL refuses this inside a transaction: {step.statement.head}",
                    cure="Remove the BEGIN before it.",
                )
            if waiting and step.unit != current:
                units.append(Unit(statements=tuple(waiting), in_transaction=True, session=told))
                waiting = []
            current = step.unit
            if not waiting:
                told = tuple(session)
            if _is_session(step.statement.meaning):
                session.append(planned.text)
            if planned.key in finished:
                continue
            if step.effect.fails and must_work:
                raise UnreadableSqlError(f"{planned.place}: this would fail: {step.effect.fails}.")
            if step.in_transaction:
                waiting.append(planned)
            else:
                units.append(Unit(statements=(planned,), in_transaction=False, session=told))
        if waiting:
            units.append(Unit(statements=tuple(waiting), in_transaction=True, session=told))
    return tuple(units)


def _is_session(meaning: Meaning) -> bool:
    """Whether it says something that lasts beyond its transaction and is no part of the database."""
    return isinstance(meaning, s.SetVariable) and not meaning.is_local


def _planned(
    step: Step, source: Source, counted: Counter[str], conn: psycopg.Connection[Any] | None
) -> PlannedStatement:
    text = step.statement.text
    digest = hash_of(text)
    counted[digest] += 1
    return PlannedStatement(
        text=text,
        file=source.file,
        line=step.statement.line,
        key=Key(series=source.series or source.file, sha256=digest, nth=counted[digest]),
        meaning=step.statement.meaning,
        effect=step.effect,
        holds=tuple(_held(step)),
        undo=undo_of(step.statement.meaning, step.known, conn),
        questions=questions_for(step.statement.meaning),
    )


def _held(step: Step) -> Iterator[Held]:
    for touch in step.effect.touches:
        if step.known.is_new(touch.relation):
            continue
        table = step.known.table(touch.relation)
        rows = table.rows if table is not None and table.rows >= 0 else None
        size = table.bytes if table is not None else None
        about = None
        if size is not None:
            about = size / REWRITE_BYTES_S if touch.rewrite else size / SCAN_BYTES_S if touch.scan else 0.0
        yield Held(
            relation=touch.relation.sql,
            lock=str(touch.lock),
            blocks=touch.lock.blocks,
            scan=touch.scan,
            rewrite=touch.rewrite,
            rows=rows,
            bytes=size,
            about_s=about,
        )


def _refuse_unread(source: Source) -> None:
    for part in source.script.unparsed:
        raise UnreadableSqlError(
            f"{source.file}:{part.line}: {part.reason}; what can't be read is not carried out.",
            cure="Write it as plain SQL that PostgreSQL itself understands.",
        )
    open_transaction = False
    for statement in source.script.statements:
        meaning = statement.meaning
        place = f"{source.file}:{statement.line}"
        if isinstance(meaning, s.SetVariable) and meaning.name in {"transaction", "session characteristics"}:
            raise UnreadableSqlError(
                f"{place}: a unit is READ COMMITTED, and begun before its first statement: {statement.head}",
                cure="Leave it out.",
            )
        if isinstance(meaning, s.Copy) and meaning.with_client:
            raise UnreadableSqlError(
                f"{place}: there is nobody to send rows to, or to take them from: {statement.head}",
                cure="Write INSERT, or copy by another way.",
            )
        if isinstance(meaning, s.TransactionControl):
            open_transaction = meaning.verb == "begin"
            if meaning.verb not in {"begin", "commit"}:
                raise UnreadableSqlError(
                    f"{source.file}:{statement.line}: {meaning.verb.upper()} can't be part of a migration.",
                    cure="Only BEGIN and COMMIT divide a file.",
                )
    if open_transaction:
        raise UnreadableSqlError(f"{source.file}: it begins a transaction and never commits it.", cure="Add COMMIT;")


def names_of(sources: Iterable[Source]) -> tuple[Name, ...]:
    """Every name that the sources use, of whatever it may be."""
    return names_in(statement.meaning for source in sources for statement in source.script.statements)


def schema_fingerprint(facts: Facts, definitions: str = "") -> str:
    """SHA-256 of all that the plan rests on: every relation that it names or reaches, with columns, keys and indexes.

    Sizes and estimates are no part of it: they change by the hour.
    """
    tables = {
        name.sql: attrs.asdict(attrs.evolve(table, rows=0, bytes=0), recurse=True)
        for name, table in facts.tables.items()
    }
    indexes = {name.sql: attrs.asdict(attrs.evolve(index, bytes=0)) for name, index in facts.indexes.items()}
    for table in tables.values():
        for index in table["indexes"].values():
            index["bytes"] = 0
    shape = {
        "tables": tables,
        "indexes": indexes,
        "types": {name.sql: attrs.asdict(kind) for name, kind in facts.types.items()},
        "functions": {name.sql: volatility for name, volatility in facts.volatilities.items()},
        "search_path": facts.search_path,
        "definitions": definitions,
    }
    canonical = json.dumps(as_json(shape), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
