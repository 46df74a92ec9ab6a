"""Findings as annotations of GitHub Actions: workflow commands that show beside the line of a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity

if TYPE_CHECKING:
    from pgops.migrations.lint.report import LintReport

_COMMANDS = {Severity.CRITICAL: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def github_annotations(report: LintReport) -> str:
    """One line a finding: `::warning file=...,line=...,title=...::message`."""
    return "".join(
        f"::{_COMMANDS[each.severity]} "
        + ",".join(
            f"{name}={_property(value)}"
            for name, value in (
                ("file", each.file),
                ("line", each.line),
                ("endLine", each.last_line),
                ("title", each.rule),
            )
            if value is not None
        )
        + f"::{_message(each.message + (f'{chr(10)}Instead:{chr(10)}{each.fix}' if each.fix else ''))}\n"
        for each in report.findings
    )


def _message(text: str) -> str:
    """A command ends with its line, so line breaks are written as GitHub reads them back."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: object) -> str:
    return _message(str(value)).replace(":", "%3A").replace(",", "%2C")
