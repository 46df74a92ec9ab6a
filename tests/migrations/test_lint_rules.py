"""The contract of every lint rule: bad SQL is found, good SQL is not, and both say the truth on real servers."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from psycopg import Error

from pgops.migrations.effects.live import read_facts
from pgops.migrations.lint.linter import lint_sql
from pgops.migrations.lint.registry import own_rules
from pgops.scratch import fresh_database
from pgops.sql.grammar import read_script
from tests.migrations.linting import carry_out, make_large
from tests.servers import MAJORS

pytestmark = pytest.mark.outer_versions

RULES = own_rules()
LONG = 10_000
"""Characters of SQL from which on an example is carried out on the newest version only: a thousand tables take time."""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
@pytest.mark.parametrize("major", [14, 15, 16, 17, 18])
def test_bad_sql_is_found_and_good_sql_is_not(rule, major):
    if not rule.since <= major <= rule.until:
        pytest.skip(f"from PostgreSQL {rule.since} to {rule.until}")
    if not rule.needs_catalogue:
        assert rule.id in found(rule.bad, server=major)
        assert rule.id not in found(rule.good, server=major)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_examples_run_on_real_servers(rule, server):
    """`bad` runs where it is not said to fail, `good` runs everywhere; with a catalogue the verdicts are the same."""
    major = server.binaries.major
    if not rule.since <= major <= rule.until:
        pytest.skip(f"from PostgreSQL {rule.since} to {rule.until}")
    with prepared(server, rule) as conn:
        facts = read_facts(conn, [read_script(rule.bad), read_script(rule.good)])
        assert rule.id in found(rule.bad, facts=facts)
        assert rule.id not in found(rule.good, facts=facts)
        carry_out(conn, rule.good)
    if len(rule.bad) > LONG and major != MAJORS[-1]:
        return
    with prepared(server, rule) as conn:
        if major in rule.fails_on:
            with pytest.raises(Error):
                carry_out(conn, rule.bad)
        else:
            carry_out(conn, rule.bad)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_safe_rewriting_runs_and_is_safe(rule, server):
    """What a finding offers instead can be carried out as it is, and is not found again."""
    major = server.binaries.major
    if major < rule.since:
        pytest.skip(f"from PostgreSQL {rule.since} on")
    with prepared(server, rule) as conn:
        facts = read_facts(conn, [read_script(rule.bad)])
        fixes = [each.fix for each in lint_sql(rule.bad, facts=facts) if each.rule == rule.id and each.fix]
        for fix in fixes[:1]:
            assert rule.id not in found(fix, facts=facts)
            carry_out(conn, fix)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_documentation(rule):
    module = rule.look.__module__.rpartition(".")[2]
    assert module.replace("_", "-") == rule.id
    assert len(rule.doc.strip()) > 150


def found(sql, **where):
    return [each.rule for each in lint_sql(sql, **where)]


@contextmanager
def prepared(server, rule):
    """A database with what the rule's examples need, in which no table is small."""
    with fresh_database(server) as database, database.connect(autocommit=True) as conn:
        conn.execute(rule.setup)
        make_large(conn)
        yield conn
