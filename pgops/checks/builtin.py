"""The checks that come with pgops: every module of every topic package that declares a `CHECK`.

The folder is the list. A new check is one new file, and nothing else is edited.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING, Any

from pgops import checks
from pgops.hooks import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.checks.api import Check


def check_modules() -> Iterator[str]:
    """The full names of the modules that declare a check, topic by topic."""
    for topic in pkgutil.iter_modules(checks.__path__, f"{checks.__name__}."):
        if topic.ispkg:
            folders = [f"{folder}/{topic.name.rpartition('.')[2]}" for folder in checks.__path__]
            modules = pkgutil.iter_modules(folders, f"{topic.name}.")
            # an underscore marks what the checks of a topic share
            yield from (module.name for module in modules if not module.name.rpartition(".")[2].startswith("_"))


@cache
def declared_checks() -> tuple[Check[Any, Any], ...]:
    return tuple(importlib.import_module(name).CHECK for name in check_modules())


@hookimpl
def pgops_checks() -> tuple[Check[Any, Any], ...]:
    return declared_checks()
