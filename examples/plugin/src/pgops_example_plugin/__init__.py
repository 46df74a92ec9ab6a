"""What our house adds to pgops. The entry point `example` in pyproject.toml names this module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pgops
from pgops_example_plugin import table_without_comment

if TYPE_CHECKING:
    from pgops.migrations.lint.api import Rule


@pgops.hookimpl
def pgops_checks() -> list[pgops.Check[Any, Any]]:
    return [table_without_comment.CHECK]


@pgops.hookimpl
def pgops_lint_rules() -> list[Rule]:
    from pgops_example_plugin import float_amount

    return [float_amount.RULE]
