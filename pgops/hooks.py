"""The hooks that a plugin may implement, and the marker that it implements them with.

A plugin is a module (or object) named by an entry point of the group `pgops`:

    [project.entry-points.pgops]
    my_checks = "my_package.checks"

    # my_package/checks.py
    @pgops.hookimpl
    def pgops_checks():
        return [MY_CHECK]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgops.checks.api import Check
    from pgops.migrations.lint.api import Rule

ENTRY_POINT_GROUP = "pgops"

hookspec = pluggy.HookspecMarker("pgops")
hookimpl = pluggy.HookimplMarker("pgops")


@hookspec
def pgops_checks() -> Iterable[Check[Any, Any]]:  # type: ignore[empty-body]
    """The checks that this plugin adds. Called once a process, when the catalogue is first asked for."""


@hookspec
def pgops_lint_rules() -> Iterable[Rule]:  # type: ignore[empty-body]
    """The lint rules for SQL of migrations that this plugin adds. Called once a process, at the first lint."""
