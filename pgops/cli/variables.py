"""The environment variables that pgops knows, in one place: what each means, and the limits that some of them set.

Most are read elsewhere (`config.surroundings`, `db.settings`, `cli.database`, `cli.consent`); this table is what the
documentation is made from. Those that are limits of checks are read here: the command line's own, for the library reads
no environment.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgops.checks.registry import Registry

VARIABLES: Mapping[str, str] = {
    "DB_URL": "The database, as a one-off: a URL or keyword string. No postgres.toml is needed.",
    "DB_PROFILE": "The profile of postgres.toml, where the command names none.",
    "DB_URL_A, DB_URL_B, DB_PROFILE_A, DB_PROFILE_B": "Two databases to compare, for `pgops.resolve_pair`.",
    "PGOPS_CONFIG": "The path of postgres.toml.",
    "DB_PROJECT_ROOT, PROJECT_ROOT": "The project's root folder; the first that is set.",
    "DB_MIGRATIONS_PATH": "The folder of migrations, where neither the profile nor [migrations] names one.",
    "DB_APPLICATION_NAME": "What pgops' sessions are called in pg_stat_activity.",
    "DB_STATEMENT_TIMEOUT_MS": "statement_timeout of pgops' sessions; 0 is none. Checks have --statement-timeout.",
    "DB_LOCK_TIMEOUT_MS": "lock_timeout of pgops' sessions; 0 is none.",
    "DB_CONFIRM": "YES approves what the command proposes: it is shown, and its digest approved.",
    "DB_AUTO_UPDATE_SSLMODE": "1 saves sslmode = true in a profile whose server was found to demand TLS.",
    "DB_QUERY_TEXT_MAX_CHARS": "The limit query_chars of every check that has it, and of `pgops sessions`.",
    "DB_TABLE_SIZES_SCHEMA": "The limit schema of tables.sizes (table_sizes).",
    "DB_TABLE_SIZES_MIN_BYTES": "The limit min_bytes of tables.sizes (table_sizes).",
    "NO_COLOR": "Anything: no colours. TERM=dumb does the same.",
    "PGOPS_TRACEBACK": "Anything: an unexpected error shows where it happened.",
}
"""Name, or names that belong together, and meaning."""

LATER: Mapping[str, str] = {
    "DB_VIEW_DEF_TRUNC": "No effect yet: for the schema commands that are to come.",
    "DB_FUNC_DEF_TRUNC": "No effect yet: for the schema commands that are to come.",
}

_MOST = 2**31 - 1
_SIZES = "tables.sizes"


def limits_of_environment(registry: Registry) -> dict[str, dict[str, Any]]:
    """The limits that variables set, by check id, for `run_checks`. --limit comes after and wins.

    Raises click's `UsageError` for a number that is none, naming the variable.
    """
    limits: dict[str, dict[str, Any]] = {}
    characters = _number("DB_QUERY_TEXT_MAX_CHARS", "characters, such as 200", least=1, most=_MOST)
    if characters is not None:
        import attrs

        for entry in registry.entries:
            if "query_chars" in attrs.fields_dict(entry.check.limits):
                limits[entry.check.id] = {"query_chars": characters}
    schema = os.environ.get("DB_TABLE_SIZES_SCHEMA", "")
    least = _number("DB_TABLE_SIZES_MIN_BYTES", "bytes, such as 1048576", least=0, most=2**63 - 1)
    sizes = {name: value for name, value in (("schema", schema or None), ("min_bytes", least)) if value is not None}
    if sizes:
        limits[_SIZES] = sizes
    return limits


def _number(name: str, what: str, *, least: int, most: int) -> int | None:
    given = os.environ.get(name, "").strip()
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and least <= int(given[:20]) <= most):
        raise click.UsageError(f"{name} is a number of {what}, and here it is {given!r}.")
    return int(given)


def with_limits_of_call(
    of_environment: Mapping[str, Mapping[str, Any]], of_call: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Both, the call's after: it wins, whichever of a check's names it uses."""
    together = {check: dict(values) for check, values in of_environment.items() if check not in of_call}
    return together | {check: {**of_environment.get(check, {}), **values} for check, values in of_call.items()}
