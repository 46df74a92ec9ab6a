"""`-- pgops: ignore rule-id reason`: an exception that stands beside the SQL it is about, with why.

It holds for the statement that it stands in, in front of, or behind on the last line. It needs a reason, and one that
ignores nothing is a finding itself: the danger it spoke of is gone, or it never named a rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.errors import did_you_mean
from pgops.findings import Severity
from pgops.migrations.lint.api import Kind, LintFinding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from pgops.sql.script import IgnoreComment, Script

UNUSED = "unused-ignore"


def without_ignored(
    script: Script, findings: Sequence[LintFinding], *, ids: Mapping[str, str], looked_for: Collection[str]
) -> Iterator[LintFinding]:
    """The findings that nobody has excepted, and those about exceptions.

    `ids` are the rules' ids by all their names: an alias is as good. `looked_for` are the rules (ids) that were looked
    for; of others nobody can say whether their comments are needed.
    """
    if not script.ignores:
        yield from findings
        return
    places = [(ignore, *_reach(script, ignore)) for ignore in script.ignores]
    used: set[IgnoreComment] = set()
    for finding in findings:
        by = [
            ignore
            for ignore, first, last in places
            if ids.get(ignore.rule, ignore.rule) == finding.rule and ignore.reason and first <= finding.line <= last
        ]
        used.update(by)
        if not by:
            yield finding
    for ignore in script.ignores:
        if ignore not in used:
            said = _fault(ignore, ids, looked_for)
            if said is not None:
                yield _unused(ignore, said)


def _reach(script: Script, ignore: IgnoreComment) -> tuple[int, int]:
    """The first and last line of the statement, or of what could not be read, that the comment is about."""
    behind = [each for each in script.statements if each.line <= ignore.line <= each.last_line]
    if behind:
        return behind[-1].line, behind[-1].last_line
    following = next((each for each in script.statements if each.line > ignore.line), None)
    unread = next((each for each in script.unparsed if each.line >= ignore.line), None)  # where it breaks off
    if unread is not None and (following is None or unread.line < following.line):
        return unread.line, unread.line
    return (following.line, following.last_line) if following is not None else (0, 0)


def _fault(ignore: IgnoreComment, ids: Mapping[str, str], looked_for: Collection[str]) -> str | None:
    """What is wrong with a comment that nothing came of; None where nobody can say."""
    if not ignore.rule:
        return "names no rule: write `-- pgops: ignore rule-id reason`"
    if ignore.rule not in ids:
        return f"names a rule that is not there, {ignore.rule}. {did_you_mean(ignore.rule, ids)}".rstrip(". ")
    if not ignore.reason:
        return f"gives no reason: write `-- pgops: ignore {ignore.rule} reason`; without one it is not heeded"
    if ids[ignore.rule] in looked_for:
        return f"ignores nothing: {ignore.rule} finds nothing there. Remove it"
    return None


def _unused(ignore: IgnoreComment, said: str) -> LintFinding:
    return LintFinding(
        rule=UNUSED,
        severity=Severity.WARNING,
        line=ignore.line,
        column=ignore.column,
        last_line=ignore.line,
        message=f"This comment {said}.",
        kind=Kind.STYLE,
    )
