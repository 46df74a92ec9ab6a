"""One statement to the server, by the extended protocol, and no more of its rows in memory than are wanted.

The extended protocol takes one statement, so that none can hide behind another whatever a text looks like (manual,
"Extended Query", 14 on). Rows come in chunks; once there are enough, the statement is cancelled.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs
import psycopg
from psycopg import capabilities, generators, pq
from psycopg.adapt import Loader, Transformer
from psycopg.types import datetime as times
from psycopg.types import json

from pgops.scripting.results import ResultColumn

if TYPE_CHECKING:
    import datetime as dt

    from psycopg.abc import Buffer

_CHUNK = 500
_ROWS = {pq.ExecStatus.SINGLE_TUPLE, pq.ExecStatus.TUPLES_CHUNK, pq.ExecStatus.TUPLES_OK}


@attrs.frozen(kw_only=True)
class Answer:
    """What the server said to one statement."""

    columns: tuple[ResultColumn, ...]
    rows: tuple[tuple[Any, ...], ...]
    tag: str
    truncated: bool


def ask(session: psycopg.Connection[Any], text: str, *, max_rows: int) -> Answer:
    """Carry out one statement, and give at most `max_rows` of its rows.

    A statement that had more is cancelled, which leaves its transaction failed: a savepoint is the caller's to make.
    Raises psycopg's errors.
    """
    wire = session.pgconn
    wire.send_query_params(text.encode(), None)
    if capabilities.has_stream_chunked():
        wire.set_chunked_rows_mode(max(1, min(_CHUNK, max_rows + 1)))
    else:
        wire.set_single_row_mode()
    session.wait(generators.send(wire))
    transformer = Transformer(session)
    rows: list[tuple[Any, ...]] = []
    described: pq.abc.PGresult | None = None
    failed: pq.abc.PGresult | None = None
    tag, cancelled = "", False
    while (result := session.wait(generators.fetch(wire))) is not None:
        if result.status == pq.ExecStatus.FATAL_ERROR:
            failed = result
            continue
        if result.status in _ROWS and not cancelled:
            transformer.set_pgresult(result, set_loaders=described is None)
            rows += transformer.load_rows(0, result.ntuples, tuple)
            described = result
            if len(rows) > max_rows:
                cancelled = True
                session.cancel_safe()
        # With chunks it stands on the last of them, or on the empty result behind it.
        tag = (result.command_status or b"").decode("utf-8", "replace") or tag
    if failed is not None and not cancelled:
        raise psycopg.errors.error_from_result(failed, encoding="utf-8")
    return Answer(
        columns=_columns(session, described) if described is not None else (),
        rows=tuple(rows[:max_rows]),
        tag=tag,
        truncated=cancelled,
    )


def parse(session: psycopg.Connection[Any], text: str) -> None:
    """Have the server read one statement, names and types too, and not carry it out. Raises what it has against it."""
    session.pgconn.send_prepare(b"", text.encode())
    for result in session.wait(generators.execute(session.pgconn)):
        if result.status == pq.ExecStatus.FATAL_ERROR:
            raise psycopg.errors.error_from_result(result, encoding="utf-8")


def _columns(session: psycopg.Connection[Any], result: pq.abc.PGresult) -> tuple[ResultColumn, ...]:
    found = []
    for number in range(result.nfields):
        oid = result.ftype(number)
        known = session.adapters.types.get(oid)
        name = (result.fname(number) or b"").decode("utf-8", "replace")
        # PostgreSQL's own word: int4[] is an array of what the registry calls int4.
        kind = "" if known is None else f"{known.name}[]" if oid == known.array_oid else known.name
        found.append(ResultColumn(name=name, type_oid=oid, type=kind))
    return tuple(found)


def named_types(session: psycopg.Connection[Any], columns: tuple[ResultColumn, ...]) -> tuple[ResultColumn, ...]:
    """The columns, with the names of types that only this database knows."""
    unknown = sorted({each.type_oid for each in columns if not each.type})
    if not unknown:
        return columns
    asked = "SELECT oid::bigint, pg_catalog.format_type(oid, NULL) FROM pg_catalog.pg_type WHERE oid = ANY(%s::oid[])"
    names = dict(session.execute(asked, [unknown]).fetchall())
    return tuple(
        each if each.type else attrs.evolve(each, type=names.get(each.type_oid, str(each.type_oid))) for each in columns
    )


# --- values that Python has no room for -------------------------------------------------------------------------------


def load_everything(session: psycopg.Connection[Any]) -> None:
    """Values that Python can't hold become text, and no error.

    Such are infinity, years before 1, intervals of months or years, times in another style than PostgreSQL's own, JSON
    that is nested too deep or has numbers too long, bytes that are no text.
    """
    for oid_name, base in _BASES.items():
        session.adapters.register_loader(oid_name, _or_text(base))
    for oid_name in ("text", "varchar", "bpchar", "name"):
        session.adapters.register_loader(oid_name, _Text)
    session.adapters.register_loader(0, _Text)


class _Text(Loader):
    def load(self, data: Buffer) -> str:
        return _text(data)


def _or_text(base: type[Loader]) -> type[Loader]:
    class OrText(base):  # type: ignore[valid-type, misc]
        def load(self, data: Buffer) -> Any:
            try:
                return super().load(data)  # pyright: ignore[reportAbstractUsage]
            except (psycopg.DataError, ValueError, OverflowError, RecursionError, NotImplementedError):
                return _text(data)

    return OrText


def _text(data: Buffer) -> str:
    return bytes(data).decode("utf-8", "backslashreplace")


class _Interval(times.IntervalLoader):
    """A month has no number of days, and infinity is none (psycopg takes 30 and 0)."""

    def load(self, data: Buffer) -> dt.timedelta:
        if _NO_TIMEDELTA.search(bytes(data)):
            raise psycopg.DataError("no timedelta")
        return super().load(data)


_NO_TIMEDELTA = re.compile(rb"year|mon|infinity")


class _Json(json.JsonLoader):
    """What is nested deeper than others could write it again is left as it is."""

    def load(self, data: Buffer) -> Any:
        raw = bytes(data)
        found = super().load(raw)
        if raw.count(b"[") + raw.count(b"{") > _DEEPEST_JSON and _is_deep(found):
            raise psycopg.DataError("too deep")
        return found


_DEEPEST_JSON = 100


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST_JSON):
        level = [
            child
            for each in level
            if isinstance(each, (dict, list))
            for child in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return True


_BASES: dict[str, type[Loader]] = {
    "date": times.DateLoader,
    "time": times.TimeLoader,
    "timetz": times.TimetzLoader,
    "timestamp": times.TimestampLoader,
    "timestamptz": times.TimestamptzLoader,
    "interval": _Interval,
    "json": _Json,
    "jsonb": _Json,
}
