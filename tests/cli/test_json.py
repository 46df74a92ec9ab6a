"""Every command has --json, help with examples and its exit codes; JSON has stdout to itself, its schema first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
import pytest

from pgops.cli.program import _COMMANDS, GROUPS, program

if TYPE_CHECKING:
    from collections.abc import Iterator


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from leaves(found, (*path, name))
    else:
        yield " ".join(path), command


LEAVES = dict(leaves(program))


@pytest.mark.parametrize("name", LEAVES)
def test_a_command_has_json_help_examples_and_exit_codes(name):
    command = LEAVES[name]
    assert any("--json" in parameter.opts for parameter in command.params)
    assert command.help
    assert len(command.get_short_help_str(limit=200).split()) >= 2
    epilog = command.epilog or ""
    first = name.split()[0]
    assert f"pgops {first}" in epilog.partition("Examples:")[2]
    codes = epilog.partition("Exit codes:")[2]
    assert "2" in codes
    assert "0" in codes
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{parameter.opts} says nothing"


def test_the_help_names_every_command_once_and_with_a_line(pgops_inside, tmp_path):
    ended = pgops_inside(tmp_path, "--help")
    assert ended.code == 0
    lines = ended.out.splitlines()
    for name in _COMMANDS:
        assert sum(line.startswith(f"  {name} ") for line in lines) == 1, name
    assert all(f"{heading}:" in lines for heading in GROUPS)
    assert "More:" not in lines, "a command without a group"
    for code in ("0 ", "1 ", "2 ", "3 ", "130 "):
        assert any(line.strip().startswith(code) for line in lines)


WITHOUT_A_DATABASE = {
    "list": (["list", "table_sizes"], "pgops.checks/1"),
    "checks explain": (["checks", "explain", "table_sizes"], "pgops.check/1"),
    "checks sql": (["checks", "sql", "table_sizes"], "pgops.check_sql/1"),
    "checks new": (["checks", "new", "late_orders", "--folder", "made"], "pgops.check_made/1"),
    "migrations pending": (["migrations", "pending"], "pgops.migrations.pending/1"),
    "migrations record": (["migrations", "record", "SELECT 1", "-m", "x"], "pgops.migrations.recorded/1"),
    "migrations audit": (["migrations", "audit"], "pgops.migrations.audit/1"),
    "completion": (["completion", "fish"], "pgops.completion/1"),
    "doctor": (["doctor"], "pgops.doctor/1"),
}


@pytest.mark.parametrize(("args", "schema"), WITHOUT_A_DATABASE.values(), ids=WITHOUT_A_DATABASE.keys())
def test_json_has_stdout_to_itself(pgops_inside, tmp_path, args, schema):
    if "audit" in args:
        assert pgops_inside(tmp_path, "migrations", "record", "SELECT 1", "-m", "x").code == 0
    ended = pgops_inside(tmp_path, *args, "--json")
    assert ended.code == (1 if args == ["doctor"] else 0), ended.err
    answer = json.loads(ended.out)
    assert next(iter(answer.items())) == ("schema", schema)


def test_verifying_checks_as_json(pgops_inside, any_database, tmp_path):
    ended = pgops_inside(tmp_path, "checks", "verify", "table_sizes", "--json", "--url", any_database.conninfo())
    assert (ended.code, ended.err) == (0, "")
    assert ended.json["checks"] == [{"check": "tables.sizes", "problems": []}]


def test_the_text_of_a_check_is_the_same_both_ways(pgops_inside, tmp_path):
    shown = pgops_inside(tmp_path, "checks", "sql", "table_sizes").out
    assert pgops_inside(tmp_path, "checks", "sql", "table_sizes", "--json").json["sql"].strip() == shown.strip()
