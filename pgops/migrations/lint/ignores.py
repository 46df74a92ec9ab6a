"""`-- pgops: ignore rule-id reason`: an exception that stands beside the SQL it is about, with why.

It holds for the statement that it stands in, in front of, or behind on the last line. It needs a reason, and one that
ignores nothing is a finding itself: the danger it spoke of is gone, or it never named a rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Kind, LintFinding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.migrations.sql.script import IgnoreComment, Script

UNUSED = "unused-ignore"


def without_ignored(script: Script, findings: Sequence[LintFinding], *, complete: bool) -> Iterator[LintFinding]:
    """The findings that nobody has excepted, and those about exceptions. `complete`: every rule was looked for."""
    if not script.ignores:
        yield from findings
        return
    places = [(ignore, *_reach(script, ignore)) for ignore in script.ignores]
    used: set[IgnoreComment] = set()
    for finding in findings:
        by = [
            ignore
            for ignore, first, last in places
            if ignore.rule == finding.rule and ignore.reason and first <= finding.line <= last
        ]
        used.update(by)
        if not by:
            yield finding
    for ignore in script.ignores:
        if ignore not in used and (complete or not ignore.reason):
            yield _unused(ignore)


def _reach(script: Script, ignore: IgnoreComment) -> tuple[int, int]:
    """The first and last line of the statement, or of what could not be read, that the comment is about."""
    behind = [each for each in script.statements if each.line <= ignore.line <= each.last_line]
    if behind:
        return behind[-1].line, behind[-1].last_line
    following = next((each for each in script.statements if each.line > ignore.line), None)
    unread = next((each for each in script.unparsed if each.line >= ignore.line), None)
    if unread is not None and (following is None or unread.line < following.line):
        return unread.line, unread.line
    return (following.line, following.last_line) if following is not None else (0, 0)


def _unused(ignore: IgnoreComment) -> LintFinding:
    if not ignore.rule:
        said = "names no rule: write `-- pgops: ignore rule-id reason`"
    elif not ignore.reason:
        said = f"gives no reason: write `-- pgops: ignore {ignore.rule} reason`; without one it is not heeded"
    else:
        said = f"ignores nothing: {ignore.rule} finds nothing there. Remove it"
    return LintFinding(
        rule=UNUSED,
        severity=Severity.WARNING,
        line=ignore.line,
        column=ignore.column,
        last_line=ignore.line,
        message=f"This comment {said}.",
        kind=Kind.STYLE,
    )
