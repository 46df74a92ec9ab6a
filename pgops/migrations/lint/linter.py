"""Through a script with every rule: what `lint_sql` does."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import attrs

from pgops.findings import Severity, Target
from pgops.migrations.effects.known import Known
from pgops.migrations.effects.statement_effects import effect_of
from pgops.migrations.effects.walk import walk_on
from pgops.migrations.lint.api import Hit, Kind, LintFinding, Once, Rule
from pgops.migrations.lint.ignores import without_ignored
from pgops.migrations.lint.registry import all_rules, get_rule
from pgops.sql.grammar import read_script
from pgops.sql.statements import AlterTable, Do

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pgops.migrations.effects.effect import Touch
    from pgops.migrations.effects.facts import Facts
    from pgops.migrations.effects.walk import Step
    from pgops.migrations.lint.report import LintReport
    from pgops.sql.script import Script, Statement, Unparsed
    from pgops.sql.statements import Action, Meaning

UNPARSED = "unparsed"
BROKEN = "broken-rule"

log = logging.getLogger("pgops.migrations")


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

    >>> for finding in lint_sql("CREATE INDEX orders_day ON orders (day);", server=16, sets_timeouts=True):
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
    ids = {name: each.id for each in (*all_rules(), *chosen) for name in (each.id, *each.aliases)}
    ids |= {UNPARSED: UNPARSED, BROKEN: BROKEN}
    looked_for = {UNPARSED, *(each.id for each in chosen)}
    findings: list[LintFinding] = []
    for script in scripts:
        found = [*_found(script, known, chosen), *map(_unparsed, script.unparsed)]
        found.sort(key=lambda each: (each.line, each.column))
        kept = without_ignored(script, found, ids=ids, looked_for=looked_for)
        findings += kept if script.file is None else (attrs.evolve(each, file=script.file) for each in kept)
    return LintReport(
        findings=tuple(findings),
        statements=sum(len(each.statements) for each in scripts),
        server=known.server,
        files=tuple(each.file for each in scripts if each.file is not None),
        rules=tuple(each.id for each in chosen),
    )


class _Rules:
    """The rules that are looked for in one script, and what they have said so far."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = rules
        self.by_classes: dict[tuple[type[Meaning] | type[Action], ...], list[Rule]] = {}
        self.said: set[tuple[str, int | None]] = set()

    def _about(self, meaning: Meaning) -> list[Rule]:
        """The rules that look at statements of that class, or at one of its actions."""
        classes: tuple[type[Meaning] | type[Action], ...] = (type(meaning),)
        if isinstance(meaning, AlterTable):
            classes += tuple(map(type, meaning.actions))
        if classes not in self.by_classes:
            self.by_classes[classes] = [
                rule for rule in self.rules if not rule.statements or any(each in rule.statements for each in classes)
            ]
        return self.by_classes[classes]

    def looked_at(self, step: Step) -> Iterator[LintFinding]:
        for rule in self._about(step.statement.meaning):
            if rule.once is not None and _place(rule, step) in self.said:
                continue
            try:
                hits = tuple(rule.look(step))
            except Exception as error:  # a plugin's rule may raise anything, and is not to end the others
                yield _broken(rule, error, step.statement)
                continue
            for hit in hits:
                touch = hit.touch or step.effect.strongest
                if not rule.covers_small and touch is not None and step.known.is_small(touch.relation):
                    continue
                yield _finding(rule, hit, step.statement, touch)
                if rule.once is not None:
                    self.said.add(_place(rule, step))
                    break


def _place(rule: Rule, step: Step) -> tuple[str, int | None]:
    """Where a rule that speaks once has spoken."""
    return rule.id, step.unit if rule.once is Once.TRANSACTION else None


def _found(script: Script, known: Known, rules: Sequence[Rule]) -> Iterator[LintFinding]:
    watching = _Rules(rules)
    for step in walk_on(script, known):
        yield from watching.looked_at(step)
        if isinstance(step.statement.meaning, Do):
            for inner in _steps_inside(step, step.statement.meaning):
                yield from watching.looked_at(inner)


def _steps_inside(step: Step, block: Do) -> Iterator[Step]:
    """The statements of a DO that could be read, as if they stood in its place."""
    before_body = step.statement.text.find(block.body)  # not there where quotes in it are doubled
    first = step.statement.line + step.statement.text.count("\n", 0, max(before_body, 0))
    unit = step.transaction.copy()
    for each in block.inside or ():
        line = first + each.line - 1
        statement = attrs.evolve(
            step.statement,
            text=each.text,
            meaning=each.meaning,
            line=line,
            column=1,
            last_line=line + each.text.count("\n"),
            first_line=line,
        )
        inner = attrs.evolve(
            step,
            statement=statement,
            effect=effect_of(each.meaning, step.known),
            transaction=unit,
            position=len(unit.steps),
        )
        yield inner
        unit.took(inner)


def _finding(rule: Rule, hit: Hit, looked_at: Statement, touch: Touch | None) -> LintFinding:
    statement = hit.at or looked_at
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


def _broken(rule: Rule, error: Exception, statement: Statement) -> LintFinding:
    log.warning("The lint rule %s broke in line %s", rule.id, statement.line, exc_info=error)
    return LintFinding(
        rule=BROKEN,
        severity=Severity.WARNING,
        line=statement.line,
        column=statement.column,
        last_line=statement.last_line,
        message=f"The rule {rule.id} broke here, so what it looks for is unknown: {type(error).__name__}: {error}.",
        statement=statement.text,
        kind=Kind.UNKNOWN,
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
