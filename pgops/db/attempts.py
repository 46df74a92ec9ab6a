"""How a connection is attempted: a pure list, made before anything connects, and the choice from it.

There are two questions that only the server can answer: does it demand encryption, and does it (or the pooler before
it) take session settings at startup. Each attempt says which refusals it is the answer to: the first answers none, and
after a refusal comes the one that answers all so far. Nothing is tried twice, and no encryption is ever given up.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import attrs

from pgops.conninfo import Conninfo
from pgops.db.cures import cure
from pgops.db.refusals import Refusal, refusal
from pgops.db.settings import KEEPALIVE
from pgops.errors import ConnectError, NotReadOnlyError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import LiteralString

    from pgops.db.settings import SessionSettings
    from pgops.errors import PgopsError


_ABOUT_THE_SESSION = (*KEEPALIVE, "options", "application_name", "connect_timeout")


class Route(Enum):
    """The way on which a session becomes read-only and gets its timeouts."""

    OPTIONS = "startup options"
    """Autocommit; the settings travel with the startup message and hold for the whole session."""
    TRANSACTION = "read-only transactions"
    """No autocommit; psycopg begins every transaction READ ONLY. There are no timeouts: SET would leak to other clients
    of a pooler."""
    PLAIN = "no session settings"
    """Autocommit, writable, nothing at startup: a writable connection was asked for, and options are refused."""


@attrs.frozen(kw_only=True)
class Attempt:
    """One way of connecting: the parameters, the route, and the refusals that it is the answer to."""

    target: Conninfo
    route: Route
    read_only: bool
    answers: frozenset[Refusal]

    @property
    def because(self) -> str:
        """Why it is tried: the refusals that it answers, in words."""
        return " and ".join(sorted(refused.value for refused in self.answers)) or "as asked"

    @property
    def place(self) -> str:
        """The target for people, masked, without what is about the session."""
        return self.target.with_(**dict.fromkeys(_ABOUT_THE_SESSION)).display

    @property
    def autocommit(self) -> bool:
        """psycopg's `read_only` does nothing under autocommit, so the second route can't have it."""
        return self.route is not Route.TRANSACTION

    @property
    def transaction_read_only(self) -> bool | None:
        """psycopg's `read_only`: None leaves it to the session."""
        return True if self.route is Route.TRANSACTION else None

    @property
    def connect_timeout_s(self) -> int:
        """How long connecting may take; 0 is without end."""
        text = self.target.params.get("connect_timeout", "")
        return int(text) if text.isdecimal() else 0  # libpq, or psycopg, says what is wrong with another

    @property
    def question(self) -> LiteralString:
        """What proves that the session is read-only; asked within a transaction on that route."""
        if self.route is Route.TRANSACTION:
            return "SHOW transaction_read_only"
        return "SHOW default_transaction_read_only"


@attrs.frozen
class Failed:
    """An attempt came to nothing: the words of the server, of libpq, or ours."""

    message: str
    refused: Refusal | None
    """What another attempt might answer."""
    writable: bool = False
    """Connected, but the session would have accepted writes; it was closed."""

    @classmethod
    def to_connect(cls, message: str) -> Failed:
        return cls(message, refusal(message))

    @classmethod
    def to_be_read_only(cls, route: Route) -> Failed:
        """The options were accepted and ignored, as pgbouncer does with ignore_startup_parameters = options."""
        swallowed = Refusal.OPTIONS if route is Route.OPTIONS else None
        return cls(f"the session is not read-only by {route.value}", swallowed, writable=True)


@attrs.frozen(kw_only=True)
class _Way:
    """A route with the parameters that belong to it, before sslmode."""

    target: Conninfo
    route: Route
    answers: Refusal | None = None


def first_attempt(url: Conninfo, settings: SessionSettings) -> Attempt:
    """The first of `attempts`, alone."""
    return _attempt(settings, _ways(url, settings)[0], None)


def attempts(url: Conninfo, settings: SessionSettings) -> tuple[Attempt, ...]:
    """Every attempt that may be made, in order; the first is always made.

    `require` is tried only where the URL says `disable`. An attempt without our options keeps those that the URL has.
    """
    encryptions = [None, Refusal.NO_ENCRYPTION] if url.sslmode == "disable" else [None]
    return tuple(_attempt(settings, way, encryption) for way in _ways(url, settings) for encryption in encryptions)


def _ways(url: Conninfo, settings: SessionSettings) -> list[_Way]:
    base = settings.parameters(url)
    full = settings.with_options(base)
    if full is base:
        return [_Way(target=base, route=Route.PLAIN)]
    second = Route.TRANSACTION if settings.read_only else Route.PLAIN
    return [_Way(target=full, route=Route.OPTIONS), _Way(target=base, route=second, answers=Refusal.OPTIONS)]


def _attempt(settings: SessionSettings, way: _Way, encryption: Refusal | None) -> Attempt:
    return Attempt(
        target=way.target if encryption is None else way.target.with_(sslmode="require"),
        route=way.route,
        read_only=settings.read_only,
        answers=frozenset(answer for answer in (way.answers, encryption) if answer is not None),
    )


def following(planned: tuple[Attempt, ...], failures: Sequence[Failed]) -> Attempt:
    """The attempt that answers all failures so far; without any, the first.

    Raises `ConnectError` where there is none, or `NotReadOnlyError` where the last session would have taken writes.
    """
    refusals = [failure.refused for failure in failures]
    if len(set(refusals)) == len(refusals):
        for attempt in planned:
            if attempt.answers == set(refusals):
                return attempt
    raise _error(planned, failures)


def _error(planned: tuple[Attempt, ...], failures: Sequence[Failed]) -> PgopsError:
    *before, last = failures
    attempt = following(planned, before)
    place = attempt.place
    if last.writable:
        return NotReadOnlyError(
            f"{place} would accept writes: it should be read-only by {attempt.route.value}, and is not.",
            cure="Connect past the pooler, or, if writing is meant, with read_only=False.",
        )
    again = f" (tried again, since {attempt.because})" if before else ""
    words = " ".join(last.message.split())
    stop = "" if words.endswith((".", "!", "?")) else "."
    advice = cure(last.message, sslmode=attempt.target.sslmode)
    return ConnectError(f"No connection to {place}{again}: {words}{stop}", words=last.message, cure=advice)
