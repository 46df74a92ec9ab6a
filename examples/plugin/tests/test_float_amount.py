"""The lint rule finds what it says it finds, and pgops knows it."""

from __future__ import annotations

import pytest
from pgops_example_plugin.float_amount import RULE

from pgops.migrations.lint.linter import lint_sql
from pgops.migrations.lint.registry import get_rule


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        (RULE.bad, 1),
        (RULE.good, 0),
        ("ALTER TABLE invoice ADD COLUMN price_net real, ADD COLUMN vat_total float8;", 2),
        ("CREATE TABLE trip (id bigint, totality double precision, length double precision);", 0),
        ("SELECT 1;", 0),
    ],
)
def test_money_in_floats_is_found(sql: str, found: int) -> None:
    assert len(lint_sql(sql, rules=[RULE])) == found


def test_pgops_knows_it() -> None:
    assert get_rule("house-float-amount") is RULE
