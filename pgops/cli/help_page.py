"""The command line as a page in Markdown, made from the commands themselves: docs/command-line.md."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import click

from pgops.cli.program import EPILOG, GROUPS, program
from pgops.cli.variables import LATER, VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

_INTRODUCTION = """\
`pgops` and `python -m pgops` (`pip install 'pgops[cli,binary]'`) are a thin face of the library. The answer goes to
stdout, everything else to stderr. Every command has `--json`: stdout then holds one JSON document and nothing else,
whose first key is `schema`. Where there is no answer, that is `pgops.error/1`: `kind`, `what`, `cure` and `exit_code`,
as they are told on stderr, too. What changes a database or a file is shown as a proposal and asked for first;
`DB_CONFIRM=YES` agrees beforehand, to exactly that.

The database is the one of `--url` or `--profile`, of `DB_URL` or `DB_PROFILE`, or of the project's
[postgres.toml](postgres-toml.md). `pgops config show` says which, and why; `pgops doctor` says what is missing."""


def command_line_page() -> str:
    """The whole page, without a note of where it is made."""
    parts = ["# The command line", _INTRODUCTION, *_exit_codes(), "## Environment", _variables()]
    context = click.Context(program)
    grouped = {name for names in GROUPS.values() for name in names}
    rest = tuple(name for name in program.list_commands(context) if name not in grouped)
    for heading, names in {**GROUPS, "More": rest}.items():
        found = [(name, program.get_command(context, name)) for name in names]
        there = [(name, command) for name, command in found if command is not None]
        if there:
            parts.append(f"## {heading}")
        for name, command in there:
            parts += _command(command, f"pgops {name}", level=3)
    return "\n\n".join(parts) + "\n"


def _exit_codes() -> Iterator[str]:
    """Those of the whole program; where a command means something more exact, it says so itself."""
    yield "## Exit codes"
    block = next(block for block in _blocks(EPILOG) if block.startswith("Exit codes:"))
    yield _fenced(inspect.cleandoc(block.partition("\n")[2]))


def _variables() -> str:
    rows = ["| variable | meaning |", "| --- | --- |"]
    for names, meaning in {**VARIABLES, **LATER}.items():
        spelled = ", ".join(f"`{name}`" for name in names.split(", "))
        rows.append(f"| {spelled} | {_cell(meaning)} |")
    return "\n".join(rows)


def _command(command: click.Command, path: str, *, level: int) -> Iterator[str]:
    yield f"{'#' * level} `{path}`"
    yield inspect.cleandoc(command.help or "").replace("\b\n", "").replace("\f", "")
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None:
                yield from _command(found, f"{path} {name}", level=level + 1)
        return
    arguments = [_argument(each) for each in command.params if isinstance(each, click.Argument) and _argument(each)]
    yield _fenced(" ".join([path, "[OPTIONS]", *arguments]))
    options = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
    rows = [f"| {_spelled(each)} | {_cell(each.help or '')}{_default(each)} |" for each in options]
    yield "\n".join(["| option | meaning |", "| --- | --- |", *rows])
    for block in _blocks(command.epilog or ""):
        yield _fenced(block)


def _argument(argument: click.Argument) -> str:
    if argument.metavar is not None:
        return argument.metavar
    if isinstance(argument.type, click.Choice):
        return "|".join(map(str, argument.type.choices))
    name = (argument.name or "").upper()
    name = f"{name}..." if argument.nargs == -1 else name
    return name if argument.required else f"[{name}]"


def _spelled(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in option.opts)
    if option.secondary_opts:
        names += ", " + ", ".join(f"`{name}`" for name in option.secondary_opts)
    if option.is_flag:
        return names
    if option.metavar is not None:
        value = option.metavar
    elif isinstance(option.type, click.Choice):
        value = "|".join(map(str, option.type.choices))
    else:
        value = {"integer range": "N", "integer": "N", "float range": "N"}.get(
            option.type.name, option.type.name.upper()
        )
    return f"{names} `{_cell(value)}`"


def _default(option: click.Option) -> str:
    if not option.show_default or option.default is None:
        return ""
    return f" Default: {option.show_default if isinstance(option.show_default, str) else option.default}."


def _blocks(epilog: str) -> list[str]:
    """The parts of an epilog; \\b marks those that click leaves as they are."""
    return [block.strip("\n") for block in epilog.replace("\b\n", "").split("\n\n") if block.strip()]


def _fenced(text: str) -> str:
    return f"```text\n{text}\n```"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
