"""From what a caller says to the list of attempts: the target is resolved, the session's settings are decided."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import attrs

from pgops.conninfo import Conninfo
from pgops.db.attempts import Attempt, attempts, first_attempt
from pgops.db.settings import SessionSettings
from pgops.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from pgops.config.model import Config
    from pgops.config.resolution import Resolution


class Wanted(TypedDict, total=False):
    """The further arguments of `connect`, `connect_async`, `open_pool` and `open_async_pool`; each may be left out."""

    application_name: str | None
    """Else DB_APPLICATION_NAME, else the URL's, else `pgops`."""
    statement_timeout_s: float | None
    """Else DB_STATEMENT_TIMEOUT_MS, else the URL's, else 60 seconds; 0 is none."""
    lock_timeout_s: float | None
    """Else DB_LOCK_TIMEOUT_MS, else the URL's, else 5 seconds; 0 is none."""
    connect_timeout_s: float | None
    """For each host, rounded up to whole seconds; else the URL's, else 10."""
    config: Config | str | os.PathLike[str] | None
    """A config that was loaded, or the path of one; else the file is looked for."""
    env: Mapping[str, str] | None
    """Instead of the process's environment (libpq's own PG... variables are always the process's)."""
    cwd: str | os.PathLike[str] | None
    """Instead of the working directory."""
    params: Mapping[str, str | int | Secret | None] | None
    """libpq keywords that replace the URL's or profile's: `{"dbname": "postgres"}`; None takes one out."""


@attrs.frozen
class Plan:
    """What was decided before anything connects."""

    target: Conninfo
    settings: SessionSettings
    profile: str | None
    """None where a URL was used."""
    password: Callable[[], Secret] | None = attrs.field(default=None, repr=False, eq=False)
    """Gives the password that the profile keeps elsewhere: reads the variable, runs the program."""
    config_path: Path | None = None
    """The file that the profile is from."""
    because: str = ""
    """Why this database."""

    @property
    def first(self) -> Attempt:
        """The attempt that is made in any case; mostly there is no other, so the others are not made beforehand."""
        return first_attempt(self.target, self.settings)

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Every attempt that may be made, `first` the first of them."""
        return attempts(self.target, self.settings)

    def within(self, seconds: int) -> Plan:
        """The plan with no address given more time than that to connect."""
        before = self.first.connect_timeout_s
        if 0 < before <= seconds:
            return self
        settings = attrs.evolve(self.settings, connect_timeout_s=seconds)
        return attrs.evolve(self, settings=settings)

    def with_password(self) -> Plan:
        """The plan with the password, asked for now where it has to be: once for all attempts."""
        if self.password is None:
            return self
        password = self.password()
        return attrs.evolve(self, target=self.target.with_(password=password), password=None)

    async def with_password_async(self) -> Plan:
        """`with_password`, in a thread: a program may take its time."""
        return self if self.password is None else await asyncio.to_thread(self.with_password)

    def conninfo(self, attempt: Attempt) -> str | Callable[[], str]:
        """For a pool, which connects again and again: the string, or what makes it with a password asked for anew.

        Passwords of password_command may hold for minutes only, and a pool lives longer.
        """
        if self.password is None:
            return attempt.target.reveal()
        password = self.password
        return lambda: attempt.target.with_(password=password()).reveal()

    def conninfo_async(self, attempt: Attempt) -> str | Callable[[], Awaitable[str]]:
        """`conninfo` on asyncio."""
        found = self.conninfo(attempt)
        return found if isinstance(found, str) else lambda: asyncio.to_thread(found)


def plan(
    profile: str | Resolution | None = None,
    *,
    url: str | Secret | None = None,
    read_only: bool = True,
    application_name: str | None = None,
    statement_timeout_s: float | None = None,
    lock_timeout_s: float | None = None,
    connect_timeout_s: float | None = None,
    config: Config | str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    params: Mapping[str, str | int | Secret | None] | None = None,
) -> Plan:
    """Resolve the target and list the attempts; nothing connects, and nothing is asked for a password."""
    from pgops.config.resolution import resolve  # noqa: PLC0415  the TOML reader is paid for here, not on import

    if url is not None or profile is None or isinstance(profile, str):
        name = profile if isinstance(profile, str) else None
        chosen = resolve(name, url=url, config=config, env=env, cwd=cwd)
    else:
        chosen = profile
    target = chosen.target.with_(**params) if params else chosen.target
    source = None if "password" in (params or {}) else chosen.password_source
    del url, params  # a traceback that prints locals would show what they hold
    settings = SessionSettings.decide(
        target,
        os.environ if env is None else env,
        read_only=read_only,
        application_name=application_name,
        statement_timeout_s=statement_timeout_s,
        lock_timeout_s=lock_timeout_s,
        connect_timeout_s=connect_timeout_s,
    )
    return Plan(
        target,
        settings,
        chosen.profile.name if chosen.profile is not None else None,
        None if source is None else partial(source.read, os.environ if env is None else env),
        config_path=chosen.config_path,
        because=chosen.because,
    )
