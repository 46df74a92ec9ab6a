"""Trying a connection: what came of it, as an answer and not as an error."""

from __future__ import annotations

import asyncio
import time
from enum import StrEnum
from typing import TYPE_CHECKING

import attrs
import psycopg

from pgops.db.connecting import establish, establish_async, report
from pgops.db.cures import cure
from pgops.db.description import ConnectionInfo, connection_info, connection_info_async
from pgops.db.fallback import Fallback
from pgops.db.planning import plan
from pgops.db.readiness import Standing, find_standing
from pgops.errors import ConnectError, NotReadOnlyError, PgopsError
from pgops.render.visible import visible

if TYPE_CHECKING:
    from typing import Unpack

    from pgops.config.resolution import Resolution
    from pgops.db.planning import Plan, Wanted
    from pgops.render.document import Document
    from pgops.secret import Secret


class TrialOutcome(StrEnum):
    """What came of trying."""

    CONNECTED = "connected"
    UNREACHABLE = "unreachable"
    """Nothing answered at that place."""
    NOT_READY = "not ready"
    """The server is starting, recovering or stopping: `wait_until_ready` would wait for it."""
    REFUSED = "refused"
    """By the server, by a pooler, or by libpq (a certificate that does not verify)."""
    WRITABLE = "writable"
    """It was to be read-only and is not, so it was closed."""


_OF_STANDING = {
    Standing.ABSENT: TrialOutcome.UNREACHABLE,
    Standing.STARTING: TrialOutcome.NOT_READY,
    Standing.REFUSING: TrialOutcome.REFUSED,
}


@attrs.frozen(kw_only=True)
class ConnectionTest:
    """What came of `test_connection`."""

    outcome: TrialOutcome
    display: str
    """What was connected to, with its secrets masked."""
    profile: str | None
    because: str
    """Why this database."""
    seconds: float
    """Until there was a connection, or none."""
    error: str | None = None
    """What went wrong: the words of the server, the pooler or libpq, and where."""
    cure: str = ""
    info: ConnectionInfo | None = None
    """What is there, where it connected."""
    fallback: Fallback | None = None
    """Set where the server demanded encryption that was not asked for."""

    @property
    def ok(self) -> bool:
        """Whether it connected."""
        return self.outcome is TrialOutcome.CONNECTED

    def __str__(self) -> str:
        said = str(self.info) if self.info is not None else f"{self.error or ''} {self.cure}".strip()
        return visible(f"{self.outcome} after {self.seconds:.3f} s: {said or self.display}")

    def to_document(self) -> Document:
        """It for people, through any writer."""
        from pgops.render.document import Document, KeyValues  # noqa: PLC0415

        shown = {"outcome": str(self.outcome), "database": self.display, "because": self.because}
        lines: list[tuple[str, object]] = [*shown.items(), ("seconds", self.seconds)]
        lines += [(name, text) for name, text in (("error", self.error), ("cure", self.cure)) if text]
        blocks = [KeyValues(lines), *(self.info.to_document().blocks if self.info is not None else ())]
        return Document(f"Connection test: {self.outcome}", blocks=blocks)


def test_connection(
    profile: str | Resolution | None = None,
    *,
    url: str | Secret | None = None,
    read_only: bool = True,
    **wanted: Unpack[Wanted],
) -> ConnectionTest:
    """Connect as `connect` does, look at what is there, and close. A connection that can't be made is an answer too.

    So is a profile whose password can't be found. Raises only where it is unclear or wrong what is meant:
    `ResolutionError`, `ConfigError`, `ConninfoError`.
    """
    planned = plan(profile, url=url, read_only=read_only, **wanted)
    del url, wanted  # a traceback that prints locals would show what they hold
    told: list[Fallback] = []
    began = time.monotonic()
    try:
        connection, made = establish(planned.with_password())
    except (ConnectError, NotReadOnlyError) as error:
        seconds = time.monotonic() - began
        return _failed(planned, error, _outcome(planned, error), seconds)
    seconds = time.monotonic() - began
    report(made, planned, told.append)
    try:
        with connection:
            info = connection_info(connection)
    except psycopg.OperationalError as lost:
        return _lost(planned, str(lost), seconds)
    return _connected(planned, info, told, seconds)


async def test_connection_async(
    profile: str | Resolution | None = None,
    *,
    url: str | Secret | None = None,
    read_only: bool = True,
    **wanted: Unpack[Wanted],
) -> ConnectionTest:
    """`test_connection` on asyncio: the same arguments, answers and errors."""
    planned = plan(profile, url=url, read_only=read_only, **wanted)
    del url, wanted  # a traceback that prints locals would show what they hold
    told: list[Fallback] = []
    began = time.monotonic()
    try:
        connection, made = await establish_async(await planned.with_password_async())
    except (ConnectError, NotReadOnlyError) as error:
        seconds = time.monotonic() - began
        return _failed(planned, error, await asyncio.to_thread(_outcome, planned, error), seconds)
    seconds = time.monotonic() - began
    report(made, planned, told.append)
    try:
        async with connection:
            info = await connection_info_async(connection)
    except psycopg.OperationalError as lost:
        return _lost(planned, str(lost), seconds)
    return _connected(planned, info, told, seconds)


# pytest takes whatever is called test_* in a module of tests for a test, also what is imported there.
test_connection.__test__ = False  # type: ignore[attr-defined]
test_connection_async.__test__ = False  # type: ignore[attr-defined]


def _outcome(planned: Plan, error: PgopsError) -> TrialOutcome:
    if isinstance(error, NotReadOnlyError):
        return TrialOutcome.WRITABLE
    words = error.words if isinstance(error, ConnectError) else ""
    # Without words it was us, who found no password.
    return _OF_STANDING[find_standing(planned.first.target, words)] if words else TrialOutcome.REFUSED


def _connected(planned: Plan, info: ConnectionInfo, told: list[Fallback], seconds: float) -> ConnectionTest:
    return ConnectionTest(
        outcome=TrialOutcome.CONNECTED,
        display=planned.first.place,
        profile=planned.profile,
        because=planned.because,
        seconds=seconds,
        info=info,
        fallback=told[0] if told else None,
    )


def _failed(planned: Plan, error: PgopsError, outcome: TrialOutcome, seconds: float) -> ConnectionTest:
    return ConnectionTest(
        outcome=outcome,
        display=planned.first.place,
        profile=planned.profile,
        because=planned.because,
        seconds=seconds,
        error=error.what,
        cure=error.cure,
    )


def _lost(planned: Plan, words: str, seconds: float) -> ConnectionTest:
    error = ConnectError(f"The connection to {planned.first.place} was lost: {words}", cure=cure(words))
    return _failed(planned, error, TrialOutcome.UNREACHABLE, seconds)
