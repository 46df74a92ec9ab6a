"""Connecting: to the database that is meant, read-only unless asked otherwise, with timeouts.

`connect` and `connect_async` walk the same list of attempts (see `pgops.db.attempts`) and differ only in who waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import psycopg

from pgops.db.attempts import Attempt, Failed, following
from pgops.db.fallback import Fallback
from pgops.db.lost_service import service_put_aside
from pgops.db.planning import plan
from pgops.db.refusals import Refusal
from pgops.db.session import logger, proves_read_only, proves_read_only_async, set_up, set_up_async

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Unpack

    from psycopg.rows import TupleRow

    from pgops.config.resolution import Resolution
    from pgops.db.planning import Plan, Wanted
    from pgops.secret import Secret


def connect(
    profile: str | Resolution | None = None,
    *,
    url: str | Secret | None = None,
    read_only: bool = True,
    on_fallback: Callable[[Fallback], object] | None = None,
    **wanted: Unpack[Wanted],
) -> psycopg.Connection[TupleRow]:
    """Connect to the database that is meant, and give back psycopg's own connection, in autocommit.

    Which one is meant is decided by `pgops.resolve`, whose answer can be given instead of a profile's name. A profile's
    password_env is read and its password_command run now. The session is read-only and has an application_name, a
    statement_timeout (60 s), a lock_timeout (5 s) and an idle_in_transaction_session_timeout (300 s); connecting may
    take 10 s for each host. `Wanted` lists what a caller can say instead.

    Where a pooler takes no settings at startup, the connection is not in autocommit: each transaction begins READ
    ONLY (commit or roll back there), there are no timeouts, and one warning is logged. Read-only guards against
    mistakes, not against a caller who says SET, or who hides a COMMIT in a text of several statements.

    A target with sslmode disable whose server demands encryption is connected with `require`: `on_fallback` is told,
    or else a warning is logged.

    psycopg's automatic preparing of statements is off, since that clashes behind poolers; `prepare=True` still works.

    Raises `ResolutionError` or `ConfigError` where it is unclear what is meant, `ConninfoError` for wrong parameters,
    `NoPasswordError` where the profile's variable or program has no password, `ConnectError` with the server's words
    and a cure, `NotReadOnlyError` where writes would be accepted.
    """
    planned = plan(profile, url=url, read_only=read_only, **wanted)
    del url, wanted  # a traceback that prints locals would show what they hold
    connection, made = establish(planned.with_password())
    try:
        report(made, planned, on_fallback)
    except BaseException:  # the caller's on_fallback may refuse what was done
        connection.close()
        raise
    return connection


async def connect_async(
    profile: str | Resolution | None = None,
    *,
    url: str | Secret | None = None,
    read_only: bool = True,
    on_fallback: Callable[[Fallback], object] | None = None,
    **wanted: Unpack[Wanted],
) -> psycopg.AsyncConnection[TupleRow]:
    """`connect` on asyncio: the same arguments, decisions and errors."""
    planned = plan(profile, url=url, read_only=read_only, **wanted)
    del url, wanted  # a traceback that prints locals would show what they hold
    connection, made = await establish_async(await planned.with_password_async())
    try:
        report(made, planned, on_fallback)
    except BaseException:  # the caller's on_fallback may refuse what was done
        await connection.close()
        raise
    return connection


@attrs.frozen
class Made:
    """How a connection came about: the attempt that succeeded, and the failures that led to it."""

    attempt: Attempt
    failures: tuple[Failed, ...]


def establish(planned: Plan) -> tuple[psycopg.Connection[TupleRow], Made]:
    """Make the attempts until one succeeds."""
    failures: tuple[Failed, ...] = ()
    attempt = planned.first
    while True:
        outcome = _open(attempt)
        if not isinstance(outcome, Failed):
            return outcome, Made(attempt, failures)
        failures = (*failures, outcome)
        attempt = following(planned.attempts, failures)


async def establish_async(planned: Plan) -> tuple[psycopg.AsyncConnection[TupleRow], Made]:
    """`establish` on asyncio."""
    failures: tuple[Failed, ...] = ()
    attempt = planned.first
    while True:
        outcome = await _open_async(attempt)
        if not isinstance(outcome, Failed):
            return outcome, Made(attempt, failures)
        failures = (*failures, outcome)
        attempt = following(planned.attempts, failures)


# psycopg's errors hold a pgconn whose repr shows the password, so only their text leaves these functions. What is not
# psycopg.Error comes from the resolver: a host's name may be no name at all.
_REFUSED = (psycopg.Error, OSError, UnicodeError)


def _open(attempt: Attempt) -> psycopg.Connection[TupleRow] | Failed:
    connection: psycopg.Connection[TupleRow] | None = None
    try:
        with service_put_aside(attempt.target):
            connection = psycopg.Connection.connect(
                attempt.target.reveal(), autocommit=attempt.autocommit, prepare_threshold=None
            )
        set_up(connection, attempt)
        if proves_read_only(connection, attempt):
            return connection
        failed = Failed.to_be_read_only(attempt.route)
    except _REFUSED as refused:
        failed = Failed.to_connect(str(refused))
    except BaseException:
        if connection is not None:
            connection.close()
        raise
    if connection is not None:
        connection.close()
    return failed


async def _open_async(attempt: Attempt) -> psycopg.AsyncConnection[TupleRow] | Failed:
    connection: psycopg.AsyncConnection[TupleRow] | None = None
    try:
        with service_put_aside(attempt.target):
            connection = await psycopg.AsyncConnection.connect(
                attempt.target.reveal(), autocommit=attempt.autocommit, prepare_threshold=None
            )
        await set_up_async(connection, attempt)
        if await proves_read_only_async(connection, attempt):
            return connection
        failed = Failed.to_be_read_only(attempt.route)
    except _REFUSED as refused:
        failed = Failed.to_connect(str(refused))
    except BaseException:
        if connection is not None:
            await connection.close()
        raise
    if connection is not None:
        await connection.close()
    return failed


def report(made: Made, planned: Plan, on_fallback: Callable[[Fallback], object] | None) -> None:
    """Tell the caller, or else the log, that a connection is other than asked for."""
    attempt = made.attempt
    said = {failure.refused: failure.message for failure in made.failures}
    if Refusal.OPTIONS in said:
        logger.warning(
            "%s: %s. The session has no timeouts%s.",
            attempt.place,
            said[Refusal.OPTIONS],
            ", is read-only by transactions, and not in autocommit" if attempt.read_only else "",
        )
    if Refusal.NO_ENCRYPTION in said:
        fallback = Fallback(
            profile=planned.profile,
            config_path=planned.config_path,
            display=attempt.place,
            from_sslmode="disable",
            to_sslmode=attempt.target.sslmode or "",
            message=said[Refusal.NO_ENCRYPTION],
        )
        if on_fallback is not None:
            on_fallback(fallback)
        else:
            logger.warning(
                "%s: the server demands encryption, so it was connected with sslmode=%s instead of %s.",
                fallback.display,
                fallback.to_sslmode,
                fallback.from_sslmode,
            )
