"""Through a script with every rule: what `lint_sql` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.findings import Severity, Target
from pgops.migrations.effects.known import Known
from pgops.migrations.effects.walk import Step, walk_on
from pgops.migrations.lint.api import Hit, Kind, LintFinding, Rule
from pgops.migrations.lint.ignores import without_ignored
from pgops.migrations.lint.registry import all_rules, get_rule
from pgops.migrations.sql.grammar import read_script

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pgops.migrations.effects.known import Facts
    from pgops.migrations.lint.report import LintReport
    from pgops.migrations.sql.script import Script, Unparsed

UNPARSED = "unparsed"


def lint_sql(
    text: str,
    *,
    server: int = 18,
    file: str | None = None,
    facts: Facts | None = None,
    rules: Iterable[str | Rule] | None = None,
    sets_timeouts: bool = False,
) -> LintReport:
    """What is wrong with the SQL in `text`, for PostgreSQL `server` (its major version).

    `facts` are what `read_facts` read from a live catalogue: with them, the version and what is known of tables come
    from there, and new or small tables make no noise. `rules` names the rules to look for, all by default.
    `sets_timeouts` says that whoever carries it out sets lock_timeout and statement_timeout, as `apply` does.

    >>> for finding in lint_sql("CREATE INDEX orders_day ON orders (day);", server=16).findings:
    ...     print(finding.line, finding.rule, finding.lock, finding.blocks)
    1 index-not-concurrent SHARE writes

    Nothing raises because of what `text` says: what can't be read is a finding called "unparsed". Raises
    `UnknownRuleError` for a name in `rules` that no rule has.
    """
    return lint_scripts(
        [read_script(text, file=file)], server=server, facts=facts, rules=rules, sets_timeouts=sets_timeouts
    )


def lint_scripts(
    scripts: Sequence[Script],
    *,
    server: int = 18,
    facts: Facts | None = None,
    rules: Iterable[str | Rule] | None = None,
    sets_timeouts: bool = False,
) -> LintReport:
    """As `lint_sql`, of scripts that are carried out one after the other: the second knows what the first has made."""
    from pgops.migrations.lint.report import LintReport  # noqa: PLC0415

    chosen = all_rules() if rules is None else [each if isinstance(each, Rule) else get_rule(each) for each in rules]
    chosen = tuple(each for each in chosen if not (sets_timeouts and each.sets_own_limits))
    known = Known(server=facts.server if facts is not None else server, facts=facts)
    findings: list[LintFinding] = []
    for script in scripts:
        found = [*_found(script, known, chosen), *map(_unparsed, script.unparsed)]
        found = [attrs.evolve(each, file=script.file) for each in found] if script.file is not None else found
        found.sort(key=lambda each: (each.line, each.column))
        findings += without_ignored(script, found, complete=rules is None)
    return LintReport(
        findings=tuple(findings),
        statements=sum(len(each.statements) for each in scripts),
        server=known.server,
        files=tuple(each.file for each in scripts if each.file is not None),
        rules=tuple(each.id for each in chosen),
    )


def _found(script: Script, known: Known, rules: Sequence[Rule]) -> Iterator[LintFinding]:
    for step in walk_on(script, known):
        for rule in rules:
            for hit in rule.look(step):
                touch = hit.touch or step.effect.strongest
                if not rule.covers_small and touch is not None and known.is_small(touch.relation):
                    continue
                yield _finding(rule, hit, step)


def _finding(rule: Rule, hit: Hit, step: Step) -> LintFinding:
    statement = step.statement
    touch = hit.touch or step.effect.strongest
    about = (
        Target(touch.role if touch.role == "index" else "table", touch.relation.schema, touch.relation.name)
        if touch
        else None
    )
    return LintFinding(
        rule=rule.id,
        severity=hit.severity or rule.severity,
        line=statement.line,
        column=statement.column,
        last_line=statement.last_line,
        message=hit.message,
        fix=hit.fix,
        statement=statement.text,
        target=hit.target or about or next(iter(statement.objects), None),
        lock=str(touch.lock) if touch else None,
        blocks=touch.lock.blocks if touch else "",
        rewrite=touch.rewrite if touch else False,
        scan=touch.scan if touch else False,
        kind=rule.kind,
    )


def _unparsed(part: Unparsed) -> LintFinding:
    return LintFinding(
        rule=UNPARSED,
        severity=Severity.WARNING,
        line=part.line,
        column=part.column,
        last_line=part.line + part.text.count("\n"),
        message=f"This could not be read, so what it does is unknown: {part.reason}.",
        statement=part.text,
        kind=Kind.UNKNOWN,
    )
