"""What our house adds to pgops. The entry point `example` in pyproject.toml names this module."""

from __future__ import annotations

from typing import Any

import pgops
from pgops_example_plugin import table_without_comment


@pgops.hookimpl
def pgops_checks() -> list[pgops.Check[Any, Any]]:
    return [table_without_comment.CHECK]
