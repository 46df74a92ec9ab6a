"""The catalogue: every check there is, pgops' own and those of installed plugins."""

from __future__ import annotations

from functools import cache
from threading import RLock
from typing import TYPE_CHECKING, Any

from pgops.checks import builtin
from pgops.checks.registry import Registry, load_registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgops.checks.api import Check


_loading = RLock()  # re-entrant, since a plugin may ask for the catalogue while it is loaded


def default_registry() -> Registry:
    """The registry of all installed checks, loaded once a process. Its `broken` names plugins that failed to load."""
    with _loading:
        return _loaded()


@cache
def _loaded() -> Registry:
    return load_registry(builtin)


def list_checks() -> Sequence[Check[Any, Any]]:
    """All checks and listings, topic by topic.

    >>> "indexes.missing_fk_index" in [check.id for check in list_checks()]
    True
    """
    return default_registry().checks


def get_check(name: str) -> Check[Any, Any]:
    """The check with that id or alias.

    Raises `UnknownCheckError` (a `KeyError`) with the nearest name, or with the checks an alias of several stands for.

    >>> get_check("missing_fk_indexes").id
    'indexes.missing_fk_index'
    """
    return default_registry().get(name)
