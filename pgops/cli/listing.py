"""`pgops list`: the checks there are, and what can be set for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from pgops.cli.options import json_option, registry_here, selectors_argument
from pgops.cli.printing import show, show_document, show_exactly

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import Check
    from pgops.checks.registry import Registered, Registry
    from pgops.render.document import Block, Document

SCHEMA = "pgops.checks/1"


@click.command(
    "list",
    epilog="""\b
Examples:
  pgops list
  pgops list indexes '!unused_indexes'
  pgops list --names 'vacuum.*'
  pgops list table_sizes --json

\b
Exit codes:
  0  the list is printed
  2  the command was given wrongly: a selector that fits nothing
""",
)
@selectors_argument
@click.option("--names", "only_names", is_flag=True, help="Print the ids only, one a line.")
@json_option
@click.pass_context
def command(ctx: click.Context, /, *, selectors: tuple[str, ...], only_names: bool, as_json: bool) -> None:
    """List the checks there are.

    For each: its id, other names, what it needs, and its limits. A SELECTOR is the id, alias or topic of checks, a glob
    such as 'indexes.*', or '!name' to leave out. No server is asked.
    """
    from pgops.checks.select import select

    if only_names and as_json:
        raise click.UsageError("--names and --json both want stdout: choose one.", ctx)
    registry = registry_here()
    entries = select(registry, selectors) if selectors else registry.entries
    if only_names:
        show(f"{entry.check.id}\n" for entry in entries)
    elif as_json:
        show_exactly(json.dumps(_as_json(entries, registry), indent=2, ensure_ascii=False))
    else:
        show_document(_document(entries))


def _as_json(entries: Sequence[Registered], registry: Registry) -> dict[str, Any]:
    import attrs

    checks = [check_facts(entry) for entry in entries]
    broken = [attrs.asdict(plugin) for plugin in registry.broken]
    return {"schema": SCHEMA, "checks": checks, "broken_plugins": broken}


def check_facts(entry: Registered) -> dict[str, Any]:
    """What a check is, as JSON types."""
    import attrs

    check = entry.check
    return {
        "id": check.id,
        "topic": check.topic,
        "aliases": list(check.aliases),
        "title": check.title,
        "kind": "check" if check.judge else "listing",
        "scope": check.scope.value,
        "standby": check.standby,
        "opt_in": check.opt_in,
        "since": _since(check),
        "requires": attrs.asdict(check.requires) | {"facility": check.probe.facility if check.probe else None},
        "limits": list(_limits(check)),
        "origin": entry.origin,
        "doc": check.doc,
    }


def _since(check: Check[Any, Any]) -> int | None:
    """The oldest major version of PostgreSQL that it can ask; None where it asks something else."""
    return min((query.since for query in check.queries), default=None)


def _limits(check: Check[Any, Any]) -> Iterator[dict[str, Any]]:
    import attrs

    from pgops.checks.check_settings import limit_types
    from pgops.findings import as_json

    types = limit_types(check.limits)
    for field in attrs.fields(check.limits):
        yield {
            "name": field.name,
            "type": getattr(types[field.name], "__name__", str(types[field.name])),
            "default": as_json(field.default),
            "unit": field.metadata.get("unit", ""),
            "doc": field.metadata.get("doc", ""),
        }


def _document(entries: Sequence[Registered]) -> Document:
    from pgops.render.document import Code, Document, Section

    topics: dict[str, list[Block]] = {}
    for entry in entries:
        check = entry.check
        section = Section(check.title, tuple(_blocks(entry)), anchor=check.id, aside=Code(check.id))
        topics.setdefault(check.topic, []).append(section)
    number = "1 check" if len(entries) == 1 else f"{len(entries)} checks"
    return Document(f"pgops: {number}", blocks=[Section(topic, sections) for topic, sections in topics.items()])


def _blocks(entry: Registered) -> Iterator[Block]:
    from pgops.render.document import KeyValues, Table

    check = entry.check
    pairs = {
        "also called": ", ".join(check.aliases),
        "kind": "" if check.judge else "a listing: rows and no verdict",
        "scope": "one database" if check.scope.value == "database" else "the whole server",
        "needs": ", ".join(_needs(check)),
        "runs": "only when it is named" if check.opt_in else "",
        "from": "" if entry.trusted else entry.origin if entry.origin.endswith(".sql") else f"plugin {entry.origin}",
    }
    yield KeyValues([(label, value) for label, value in pairs.items() if value])
    limits = [(each["name"], json.dumps(each["default"]), each["unit"], each["doc"]) for each in _limits(check)]
    if limits:
        yield Table(("limit", "default", "unit", "meaning"), limits)


def _needs(check: Check[Any, Any]) -> Iterator[str]:
    since = _since(check)
    if since is not None:
        yield f"PostgreSQL {since} or later"
    if check.requires.role:
        yield f"the rights of {check.requires.role}"
    if check.requires.extension:
        yield f"the extension {check.requires.extension} {check.requires.extension_version or ''}".rstrip()
    yield from check.requires.grants
    if check.probe:
        yield f"the facility {check.probe.facility!r}"
    if not check.standby:
        yield "a primary"
