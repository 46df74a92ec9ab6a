"""Options and arguments that several commands share: the database, selectors, limits, times; and their completion."""

from __future__ import annotations

import math
import sys
from contextlib import redirect_stdout, suppress
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from pgops.cli.printing import complain
from pgops.errors import PgopsError, SourceError
from pgops.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pgops.checks.registry import Registry
    from pgops.config.model import Config

    Command = TypeVar("Command", bound=Callable[..., Any])

LONGEST_S = 2_000_000
"""PostgreSQL's own timeouts end at 2,147,483,647 ms."""


# --- the database -----------------------------------------------------------------------------------------------------


def sealed(ctx: click.Context, param: click.Parameter, url: str | None) -> Secret | None:
    """The callback of an option that may hold a password."""
    if url is not None and not url.strip():  # "$UNSET": libpq would take it for its own default database
        raise click.BadParameter("it is empty.")
    return None if url is None else Secret(url)


def _profiles(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from pgops.config.reading import load_config

    with suppress(PgopsError, OSError):
        return [name for name in load_config().profiles if name.startswith(incomplete)]
    return []


def target_options(command: Command) -> Command:
    """`--profile` and `--url`, the latter as a `Secret`."""
    profile = click.option(
        "--profile", "-p", metavar="NAME", shell_complete=_profiles, help="The profile of postgres.toml to use."
    )
    url = click.option(
        "--url",
        metavar="URL",
        callback=sealed,
        help="The database's URL or keyword string. Everyone on this machine sees it in the process list: with a "
        "password, better set DB_URL or make a profile.",
    )
    return profile(url(command))


profile_argument = click.argument("profile", metavar="PROFILE", shell_complete=_profiles)
"""A profile that the command is about, not the one that it connects to."""


def standard_input() -> IO[bytes]:
    """Stdin's bytes. Raises `SourceError` where it is closed (`<&-`)."""
    if sys.stdin is None or sys.stdin.closed:
        raise SourceError("stdin is closed, so nothing can be read from it.")
    return sys.stdin.buffer


json_option = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")


# --- checks -----------------------------------------------------------------------------------------------------------


def known_checks() -> Registry:
    """All installed checks. What a plugin prints while it loads does not get between the lines of our answer."""
    from pgops.checks.catalogue import default_registry

    with redirect_stdout(sys.stderr):
        return default_registry()


def checks_for_command(folder: Path | None = None) -> Registry:
    """`known_checks()` and those of the project's folder, with a warning about each that can't take part.

    A selector may be unknown because of it.
    """
    from pgops.checks.sql_files import with_checks_of

    registry = with_checks_of(known_checks(), folder)
    for plugin in registry.broken:
        what = "check" if plugin.name.endswith(".sql") else "plugin"
        complain(f"warning: the {what} {plugin.name} could not take part: {plugin.error}")
    return registry


def project_here() -> tuple[Config | None, Path | None]:
    """The config of the project that one stands in, and its folder of checks, as far as they can be read.

    What is wrong with them is said by whoever needs them: a URL needs no config.
    """
    from pgops.checks.config_settings import checks_folder
    from pgops.config.reading import load_config

    config = None
    with suppress(PgopsError, OSError):
        config = load_config()
        return config, checks_folder(config)
    return config, None


def registry_here() -> Registry:
    """All checks for one who stands in this project."""
    return checks_for_command(project_here()[1])


def _selectors(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    mark = "!" if incomplete.startswith("!") else ""
    with suppress(PgopsError):
        return [mark + name for name in known_checks().names if name.startswith(incomplete.removeprefix("!"))]
    return []


def complete_checks(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The ids and other names of checks that begin so."""
    with suppress(PgopsError):
        registry = known_checks()
        return [name for name in registry.names if name.startswith(incomplete) and name not in registry.topics]
    return []


def _no_urls(ctx: click.Context, param: click.Parameter, selectors: tuple[str, ...]) -> tuple[str, ...]:
    if any("://" in selector or "=" in selector for selector in selectors):  # may bear a password: not shown
        raise click.UsageError("A connection string is no selector. Set DB_URL to it, or use --url.", ctx)
    return selectors


selectors_argument = click.argument(
    "selectors", nargs=-1, metavar="[SELECTOR]...", shell_complete=_selectors, callback=_no_urls
)
"""Ids, aliases, topics, globs, `!exclusions`."""


def _limits(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    import attrs

    check, dot, limit = incomplete.rpartition(".")
    with suppress(PgopsError):
        entries = known_checks().named(check) if dot else ()
        fields = {field.name for entry in entries for field in attrs.fields(entry.check.limits)}
        if fields:
            return [f"{check}.{name}=" for name in sorted(fields) if name.startswith(limit)]
        return [f"{name}." for name in known_checks().names if name.startswith(incomplete)]
    return []


limits_option = click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="CHECK.LIMIT=VALUE",
    shell_complete=_limits,
    help="Set a limit of a check, such as long_running_queries.warn_s=60. `pgops list` shows all. May be repeated.",
)


def read_limits(pairs: Iterable[str], registry: Registry) -> dict[str, dict[str, Any]]:
    """`CHECK.LIMIT=VALUE` as `run_checks` takes it. A value of another type stays a text, for the library to refuse."""
    limits: dict[str, dict[str, Any]] = {}
    for pair in pairs:
        place, equals, value = pair.partition("=")
        check, dot, name = place.strip().rpartition(".")
        if not (equals and dot and check and name):
            hint = "write CHECK.LIMIT=VALUE, such as long_running_queries.warn_s=60."
            raise click.BadParameter(hint, param_hint="--limit")
        if check in registry.topics:
            raise click.BadParameter(f"{check!r} is a topic; name one check of it.", param_hint="--limit")
        limits.setdefault(check, {})[name] = _typed(value.strip(), _type_of(registry, check, name))
    return limits


def _type_of(registry: Registry, check: str, name: str) -> Any:
    from pgops.checks.check_settings import limit_types

    found = [limit_types(entry.check.limits).get(name) for entry in registry.named(check)]
    return next((kind for kind in found if kind is not None), str)


_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def _typed(value: str, kind: Any) -> Any:
    with suppress(ValueError):
        if kind is bool:
            return _WORDS.get(value.lower(), value)
        if kind is int:
            return int(value)
        if kind is float and math.isfinite(float(value)):  # nothing is more than NaN: no finding, and no answer
            return float(value)
    return value


class Seconds(click.FloatRange):
    """A number of seconds that PostgreSQL takes, and no NaN: that is neither too few nor too many, and never over."""

    def __init__(self, *, min_open: bool = False) -> None:
        super().__init__(min=0, min_open=min_open, max=LONGEST_S)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As click does it."""
        seconds = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail(f"{value!r} is no number of seconds.", param, ctx)
        return seconds


def seconds_option(name: str, help_text: str, **more: Any) -> Callable[[Command], Command]:
    """An option for a time in seconds, more than 0."""
    field = f"{name.removeprefix('--').replace('-', '_')}_s"
    return click.option(name, field, type=Seconds(min_open=True), metavar="S", help=help_text, **more)
