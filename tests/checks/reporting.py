"""Reports made by hand, for tests of what a report tells and how it is written."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs

from pgops import CheckResult, Finding, Outcome, Report, Server, Severity, Target
from pgops.db.server import Extension

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
SERVER = Server(
    version=180003,
    release="18.3",
    database="shop",
    user="monitor",
    now=NOW,
    in_recovery=False,
    is_superuser=False,
    encoding="UTF8",
    roles=frozenset(["pg_monitor", "pg_read_all_stats"]),
    extensions={"pgstattuple": Extension(name="pgstattuple", version="1.5", schema="Ext ra")},
)


def found(name: str, severity: Severity = Severity.WARNING, *, check: str = "made.a", **more) -> Finding:
    return Finding(severity, Target("table", "public", name), f"{name} is wrong.", check=check, **more)


def result(check: str = "made.a", *findings: Finding, **more) -> CheckResult:
    outcome = Outcome.FOUND if findings else Outcome.CLEAN
    own = tuple(attrs.evolve(each, check=check) for each in findings)
    return CheckResult(**{"check": check, "title": f"Title of {check}", "outcome": outcome, "findings": own, **more})


def report(*results: CheckResult, **more) -> Report:
    return Report(**{"server": SERVER, "started_at": NOW, "seconds": 1.5, "results": results, **more})


def names(findings) -> list[str]:
    return [finding.target.name for finding in findings]


MIXED = report(
    result("made.a", found("a1", Severity.INFO), found("a2", Severity.CRITICAL), aliases=("first", "both")),
    result("made.b", aliases=("second", "both")),
    result("other.c", found("c1"), found("c2", Severity.CRITICAL)),
    result("other.d", outcome=Outcome.SKIPPED, reason="no role", cure="GRANT"),
    result("other.e", outcome=Outcome.FAILED, reason="stopped", sqlstate="57014"),
    result("single.f", outcome=Outcome.LISTED),
)
