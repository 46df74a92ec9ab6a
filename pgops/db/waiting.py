"""Waiting for a server that is starting, restarting, recovering, or not there yet; bounded, with back-off."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any

import attrs
import psycopg

from pgops.db.connecting import establish, establish_async
from pgops.db.cures import cure
from pgops.db.description import connection_info, connection_info_async
from pgops.db.planning import plan
from pgops.db.readiness import Standing, find_standing
from pgops.db.session import logger
from pgops.errors import ConnectError, NotReadyError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Unpack

    from tenacity import RetryCallState

    from pgops.config.resolution import Resolution
    from pgops.db.description import ConnectionInfo
    from pgops.db.planning import Plan, Wanted
    from pgops.secret import Secret

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0
GROWTH = 1.6


@attrs.frozen(kw_only=True)
class Waiting:
    """How far the waiting is, told after each try that failed."""

    display: str
    """What is waited for, with its secrets masked."""
    tries: int
    waited_s: float
    """Since the beginning."""
    pause_s: float
    """Until the next try."""
    standing: Standing
    message: str
    """The words of the server, the pooler or libpq."""


def wait_until_ready(
    profile: str | Resolution | None = None,
    *,
    url: str | Secret | None = None,
    timeout_s: float = 60.0,
    read_only: bool = True,
    on_wait: Callable[[Waiting], object] | None = None,
    **wanted: Unpack[Wanted],
) -> ConnectionInfo:
    """Try to connect, as `connect` does, until it works, and say what is there; the connection is closed.

    It waits for a server that is starting, stopping or recovering (57P03), where nothing listens, where there is no
    such host or socket, and for one that hangs up or does not answer. A standby that takes connections is ready; to
    wait for its promotion, say `params={"target_session_attrs": "primary"}`. Everything else is raised at once, as
    `connect` raises it: a wrong password, a missing database, an unknown profile.

    Pauses grow from 0.1 to 2 s, with jitter. `on_wait` is called before each; what it raises ends the waiting. The
    last try begins at `timeout_s` at the latest, and takes 2 s for each address at most. Raises `NotReadyError` then.
    """
    from tenacity import RetryError, Retrying  # noqa: PLC0415  only who waits pays for it

    planned = plan(profile, url=url, read_only=read_only, **wanted)
    del url, wanted  # a traceback that prints locals would show what they hold
    planned = planned.with_password()
    last: BaseException | None = None
    try:
        for attempt in Retrying(**_policy(planned, timeout_s, on_wait)):
            with attempt:
                return _look(planned.within(_left_s(timeout_s, attempt.retry_state)))
    except RetryError as ended:
        last = ended.last_attempt.exception()
    raise _not_ready(planned, last, timeout_s)  # outside, so that no context comes along


async def wait_until_ready_async(
    profile: str | Resolution | None = None,
    *,
    url: str | Secret | None = None,
    timeout_s: float = 60.0,
    read_only: bool = True,
    on_wait: Callable[[Waiting], object] | None = None,
    **wanted: Unpack[Wanted],
) -> ConnectionInfo:
    """`wait_until_ready` on asyncio. `on_wait` is a plain function."""
    from tenacity import AsyncRetrying, RetryError  # noqa: PLC0415  only who waits pays for it

    planned = plan(profile, url=url, read_only=read_only, **wanted)
    del url, wanted  # a traceback that prints locals would show what they hold
    planned = await planned.with_password_async()
    last: BaseException | None = None
    try:
        async for attempt in AsyncRetrying(**_policy(planned, timeout_s, on_wait)):
            with attempt:
                return await _look_async(planned.within(_left_s(timeout_s, attempt.retry_state)))
    except RetryError as ended:
        last = ended.last_attempt.exception()
    raise _not_ready(planned, last, timeout_s)  # outside, so that no context comes along


class _NotYetError(Exception):
    """A try failed in a way that may pass."""

    def __init__(self, standing: Standing, words: str) -> None:
        super().__init__(words)
        self.standing = standing
        self.words = words


def _look(planned: Plan) -> ConnectionInfo:
    try:
        connection, _ = establish(planned)
    except ConnectError as error:
        refused = error
    else:
        with connection:
            try:
                return connection_info(connection)
            except psycopg.OperationalError as lost:
                words = str(lost)
        raise _NotYetError(Standing.ABSENT, words)
    standing = find_standing(planned.first.target, refused.words)
    raise refused if standing is Standing.REFUSING else _NotYetError(standing, refused.words)


async def _look_async(planned: Plan) -> ConnectionInfo:
    try:
        connection, _ = await establish_async(planned)
    except ConnectError as error:
        refused = error
    else:
        async with connection:
            try:
                return await connection_info_async(connection)
            except psycopg.OperationalError as lost:
                words = str(lost)
        raise _NotYetError(Standing.ABSENT, words)
    standing = await asyncio.to_thread(find_standing, planned.first.target, refused.words)
    raise refused if standing is Standing.REFUSING else _NotYetError(standing, refused.words)


def _policy(planned: Plan, timeout_s: float, on_wait: Callable[[Waiting], object] | None) -> dict[str, Any]:
    """What tenacity is told: for how long, with which pauses, after which failures, and whom to tell."""
    from tenacity import retry_if_exception_type, stop_after_delay, wait_exponential, wait_random  # noqa: PLC0415

    growing = wait_exponential(multiplier=FIRST_PAUSE_S, max=LONGEST_PAUSE_S, exp_base=GROWTH)
    jitter = wait_random(0, FIRST_PAUSE_S)

    def pause_s(state: RetryCallState) -> float:
        return min(growing(state) + jitter(state), max(0.0, timeout_s - _waited_s(state)))

    def tell(state: RetryCallState) -> None:
        failed = state.outcome.exception() if state.outcome is not None else None
        assert isinstance(failed, _NotYetError)  # noqa: S101  nothing else is tried again
        waiting = Waiting(
            display=planned.first.place,
            tries=state.attempt_number,
            waited_s=_waited_s(state),
            pause_s=state.upcoming_sleep,
            standing=failed.standing,
            message=failed.words,
        )
        logger.info("%s is %s: %s", waiting.display, waiting.standing, " ".join(waiting.message.split()))
        if on_wait is not None:
            on_wait(waiting)

    return {
        "stop": stop_after_delay(timeout_s),
        "wait": pause_s,
        "retry": retry_if_exception_type(_NotYetError),
        "before_sleep": tell,
    }


def _left_s(timeout_s: float, state: RetryCallState) -> int:
    return max(1, math.ceil(timeout_s - _waited_s(state)))  # psycopg gives each address 2 s at least


def _waited_s(state: RetryCallState) -> float:
    return state.seconds_since_start or 0.0


def _not_ready(planned: Plan, last: BaseException | None, timeout_s: float) -> NotReadyError:
    words = last.words if isinstance(last, _NotYetError) else str(last)
    said = " ".join(words.split())
    return NotReadyError(
        f"{planned.first.place} was not ready within {timeout_s:g} s: {said}",
        words=words,
        cure=f"{cure(words)} Or wait longer, with timeout_s.".lstrip(),
    )
