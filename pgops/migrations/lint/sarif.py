"""Findings as SARIF 2.1.0 (OASIS), which code scanning services read."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pgops
from pgops.errors import UnknownRuleError
from pgops.findings import Severity
from pgops.migrations.lint.registry import get_rule

if TYPE_CHECKING:
    from pgops.migrations.lint.api import LintFinding
    from pgops.migrations.lint.report import LintReport

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.CRITICAL: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def sarif(report: LintReport) -> str:
    """The report as the text of one SARIF log with one run."""
    ids = list(dict.fromkeys(each.rule for each in report.findings))
    driver = {"name": "pgops", "version": pgops.__version__, "rules": [_rule(each) for each in ids]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, ids.index(each.rule)) for each in report.findings],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _rule(rule_id: str) -> dict[str, Any]:
    try:
        rule = get_rule(rule_id)
    except UnknownRuleError:  # "unparsed", "unused-ignore" and "broken-rule" are the linter's own
        return {"id": rule_id, "shortDescription": {"text": rule_id.replace("-", " ")}}
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.doc.strip()},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(finding: LintFinding, index: int) -> dict[str, Any]:
    text = finding.message + (f"\n\nInstead:\n{finding.fix}" if finding.fix else "")
    region = {"startLine": finding.line, "startColumn": finding.column, "endLine": finding.last_line}
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "properties": {"lock": finding.lock, "blocks": finding.blocks},
    }
    if finding.file is not None:
        place = {"artifactLocation": {"uri": quote(PurePath(finding.file).as_posix())}, "region": region}
        result["locations"] = [{"physicalLocation": place}]
    return result
