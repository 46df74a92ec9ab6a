"""Postgres operations as a Python library: look, judge, change with consent, recover, and leave evidence.

    import pgops

    with pgops.connect() as conn:
        report = pgops.run_checks(conn)
    for finding in report.findings:
        ...

Names are loaded when they are first used, so `import pgops` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgops.approval import Approval as Approval
    from pgops.approval import Proposal as Proposal
    from pgops.approval import Record as Record
    from pgops.checks.api import Check as Check
    from pgops.checks.api import Metric as Metric
    from pgops.checks.api import Probe as Probe
    from pgops.checks.api import Query as Query
    from pgops.checks.api import Requires as Requires
    from pgops.checks.api import Scope as Scope
    from pgops.checks.api import Seen as Seen
    from pgops.checks.api import limit as limit
    from pgops.checks.calls import run_checks as run_checks
    from pgops.checks.calls import run_checks_async as run_checks_async
    from pgops.checks.catalogue import default_registry as default_registry
    from pgops.checks.catalogue import get_check as get_check
    from pgops.checks.catalogue import list_checks as list_checks
    from pgops.checks.check_settings import CheckSettings as CheckSettings
    from pgops.checks.check_settings import ObjectLimits as ObjectLimits
    from pgops.checks.comparison import Comparison as Comparison
    from pgops.checks.comparison import Forecast as Forecast
    from pgops.checks.history import History as History
    from pgops.checks.history import Series as Series
    from pgops.checks.history import open_history as open_history
    from pgops.checks.judging import by as by
    from pgops.checks.judging import each_row as each_row
    from pgops.checks.registry import Registry as Registry
    from pgops.checks.report import CheckResult as CheckResult
    from pgops.checks.report import Outcome as Outcome
    from pgops.checks.report import Reading as Reading
    from pgops.checks.report import Report as Report
    from pgops.checks.suppress import Suppression as Suppression
    from pgops.config.model import Config as Config
    from pgops.config.model import Profile as Profile
    from pgops.config.pair import resolve_pair as resolve_pair
    from pgops.config.reading import load_config as load_config
    from pgops.config.resolution import Resolution as Resolution
    from pgops.config.resolution import resolve as resolve
    from pgops.db.connecting import connect as connect
    from pgops.db.connecting import connect_async as connect_async
    from pgops.db.description import ConnectionInfo as ConnectionInfo
    from pgops.db.description import connection_info as connection_info
    from pgops.db.description import connection_info_async as connection_info_async
    from pgops.db.fallback import Fallback as Fallback
    from pgops.db.pooling import open_async_pool as open_async_pool
    from pgops.db.pooling import open_pool as open_pool
    from pgops.db.server import Lack as Lack
    from pgops.db.server import Server as Server
    from pgops.db.trial import ConnectionTest as ConnectionTest
    from pgops.db.trial import TrialOutcome as TrialOutcome
    from pgops.db.trial import test_connection as test_connection
    from pgops.db.trial import test_connection_async as test_connection_async
    from pgops.db.versions import ServerVersion as ServerVersion
    from pgops.db.versions import pg_version as pg_version
    from pgops.db.waiting import Waiting as Waiting
    from pgops.db.waiting import wait_until_ready as wait_until_ready
    from pgops.db.waiting import wait_until_ready_async as wait_until_ready_async
    from pgops.doctor.examination import Examination as Examination
    from pgops.doctor.examining import examine as examine
    from pgops.errors import PgopsError as PgopsError
    from pgops.findings import Finding as Finding
    from pgops.findings import Severity as Severity
    from pgops.findings import Target as Target
    from pgops.findings import Unseen as Unseen
    from pgops.hooks import hookimpl as hookimpl
    from pgops.programs.dependencies import Dependencies as Dependencies
    from pgops.programs.dependencies import check_deps as check_deps
    from pgops.query_plan.explaining import explain as explain
    from pgops.query_plan.plan import QueryPlan as QueryPlan
    from pgops.scripting.proposing import SqlProposal as SqlProposal
    from pgops.scripting.proposing import propose_sql as propose_sql
    from pgops.scripting.results import SqlRun as SqlRun
    from pgops.scripting.running import run_sql as run_sql
    from pgops.scripting.terminal import psql as psql
    from pgops.secret import Secret as Secret

__version__ = "0.1.0"

# The face of the house: each public name and the room it lives in. A test holds it against the block above.
_ROOMS = {
    "pgops.approval": ("Approval", "Proposal", "Record"),
    "pgops.checks.api": ("Check", "Metric", "Probe", "Query", "Requires", "Scope", "Seen", "limit"),
    "pgops.checks.calls": ("run_checks", "run_checks_async"),
    "pgops.checks.catalogue": ("default_registry", "get_check", "list_checks"),
    "pgops.checks.comparison": ("Comparison", "Forecast"),
    "pgops.checks.history": ("History", "Series", "open_history"),
    "pgops.checks.judging": ("by", "each_row"),
    "pgops.checks.registry": ("Registry",),
    "pgops.checks.report": ("CheckResult", "Outcome", "Reading", "Report"),
    "pgops.checks.check_settings": ("CheckSettings", "ObjectLimits"),
    "pgops.checks.suppress": ("Suppression",),
    "pgops.config.model": ("Config", "Profile"),
    "pgops.config.reading": ("load_config",),
    "pgops.config.pair": ("resolve_pair",),
    "pgops.config.resolution": ("Resolution", "resolve"),
    "pgops.db.connecting": ("connect", "connect_async"),
    "pgops.db.description": ("ConnectionInfo", "connection_info", "connection_info_async"),
    "pgops.db.fallback": ("Fallback",),
    "pgops.db.pooling": ("open_async_pool", "open_pool"),
    "pgops.db.server": ("Lack", "Server"),
    "pgops.db.trial": ("ConnectionTest", "TrialOutcome", "test_connection", "test_connection_async"),
    "pgops.db.versions": ("ServerVersion", "pg_version"),
    "pgops.db.waiting": ("Waiting", "wait_until_ready", "wait_until_ready_async"),
    "pgops.doctor.examination": ("Examination",),
    "pgops.doctor.examining": ("examine",),
    "pgops.errors": ("PgopsError",),
    "pgops.findings": ("Finding", "Severity", "Target", "Unseen"),
    "pgops.hooks": ("hookimpl",),
    "pgops.query_plan.explaining": ("explain",),
    "pgops.query_plan.plan": ("QueryPlan",),
    "pgops.programs.dependencies": ("Dependencies", "check_deps"),
    "pgops.scripting.proposing": ("SqlProposal", "propose_sql"),
    "pgops.scripting.results": ("SqlRun",),
    "pgops.scripting.running": ("run_sql",),
    "pgops.scripting.terminal": ("psql",),
    "pgops.secret": ("Secret",),
}
_MODULE_OF = {name: module for module, names in _ROOMS.items() for name in names}
_SUBPACKAGES = (
    "actions",
    "backups",
    "checks",
    "config",
    "conninfo",
    "db",
    "doctor",
    "dump",
    "errors",
    "files",
    "findings",
    "hooks",
    "locking",
    "migrations",
    "programs",
    "query_plan",
    "render",
    "scratch",
    "scripting",
    "sql",
    "testing",
)

__all__ = ["__version__", *sorted(_MODULE_OF), *_SUBPACKAGES]  # noqa: PLE0604  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    from importlib import import_module  # noqa: PLC0415  paid for only when a name is used

    if name in _MODULE_OF:
        value = getattr(import_module(_MODULE_OF[name]), name)
        globals()[name] = value
        return value
    if name in _SUBPACKAGES:
        return import_module(f"pgops.{name}")
    raise AttributeError(f"module 'pgops' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
