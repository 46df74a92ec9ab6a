"""A lint rule explained: its page in Markdown, read off the declaration, and what lint says about its own example."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.checks.check_page import sql_block
from pgops.migrations.lint.api import Kind, Once
from pgops.migrations.lint.linter import lint_sql

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgops.migrations.lint.api import Rule

KINDS = {
    Kind.BLOCKS: "Others wait",
    Kind.BREAKS: "Running programs break",
    Kind.FAILS: "PostgreSQL refuses it",
    Kind.LOSES: "Something is lost",
    Kind.UNKNOWN: "What it does can't be said",
    Kind.STYLE: "It works, and will be regretted",
}
"""The kinds in the order in which they are shown, and what each means."""

LONG = 24
"""Lines of SQL from which on an example is shown in part."""


def rule_page(rule: Rule) -> str:
    """The page of one rule."""
    _, _, rest = rule.doc.strip().partition("\n")
    parts = [f"# {rule.title}", _facts(rule), rest.strip()]
    if rule.setup.strip():
        parts += ["## What there is", _example(rule.setup)]
    parts += ["## Found", _example(rule.bad), *_said(rule), "## Not found", _example(rule.good)]
    return "\n\n".join(part for part in parts if part) + "\n"


def rule_index(rules: Iterable[Rule]) -> str:
    """All rules by kind, and below by the names that they have in other tools."""
    rules = sorted(rules, key=lambda rule: rule.id)
    parts = [
        "# The lint rules",
        f"{len(rules)} rules for SQL of migrations; each example is carried out on real servers.",
    ]
    parts[-1] += " `-- pgops: ignore rule-id reason` beside a statement makes an exception."
    for kind, heading in KINDS.items():
        rows = [f"- [`{rule.id}`]({rule.id}.md) {rule.title}" for rule in rules if rule.kind is kind]
        parts += [f"## {heading}", "\n".join(rows)] if rows else []
    names = sorted((alias, rule.id) for rule in rules for alias in rule.aliases)
    parts += ["## By the names of other tools", "These names are as good as the ids, in exceptions too."]
    parts.append("\n".join(f"- `{alias}`: [`{id_}`]({id_}.md)" for alias, id_ in names))
    return "\n\n".join(parts) + "\n"


def _facts(rule: Rule) -> str:
    lines = [f"`{rule.id}`" + "".join(f", also called `{alias}`" for alias in rule.aliases)]
    lines[0] += f". **{str(rule.severity).capitalize()}**: {KINDS[rule.kind]}."
    if rule.since > 14:
        lines.append(f"From PostgreSQL {rule.since} on.")
    if rule.until < 18:
        lines.append(f"Up to PostgreSQL {rule.until}.")
    if rule.fails_on:
        versions = " and ".join(map(str, rule.fails_on)) if len(rule.fails_on) < 5 else "any version"
        lines.append(f"The example is refused on {versions}.")
    if rule.needs_catalogue:
        lines.append("It needs a connection: the catalogue has to say what is there.")
    lines.append("Small and new tables count too." if rule.covers_small else "Quiet about new and small tables.")
    if rule.sets_own_limits:
        lines.append("Not looked for in a workspace, where `apply` sets the timeouts.")
    if rule.once is not None:
        lines.append("One finding a script." if rule.once is Once.SCRIPT else "One finding a transaction.")
    return " ".join(lines)


def _said(rule: Rule) -> list[str]:
    """What lint says about `bad` without a connection, as it is recorded here."""
    found = [each for each in lint_sql(rule.bad, server=rule.until, rules=[rule]) if each.rule == rule.id]
    if not found:
        return []
    first = found[0]
    locked = f" It holds {first.lock}, which blocks {first.blocks}." if first.lock and first.blocks else ""
    parts = [f"> {first.message}{locked}"]
    return [*parts, "Instead:", _example(first.fix)] if first.fix else parts


def _example(sql: str) -> str:
    lines = sql.strip().splitlines()
    if len(lines) > LONG:
        lines = [*lines[:6], f"-- ... {len(lines) - 8:,} lines more", *lines[-2:]]
    return sql_block("\n".join(lines))
