"""What the log does not tell, or tells too much of.

When something went wrong last night the log is what is left. Each finding is a thing that it would not show, and INFO:
waits for locks that last longer than deadlock_timeout, slow statements, temporary files, checkpoints, autovacuum's
work, who connects, and when a line was written by which process. The other way round, log_statement = all writes
every statement with its data and passwords, as log_min_duration_statement = 0 does, and log_..._stats and log_duration
flood the log.

False alarms: a slow-statement log by auto_explain or a monitoring tool; log_connections where a pool connects anew each
second. Whether stderr is collected (logging_collector, journald, a container) can't be seen from here.

`slow_s` is how slow a statement may be before it has to be logged. log_connections is a list of words from
PostgreSQL 18 on.

Manual: section 19.8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.checks.settings._reading import Rule, Setting, be, finding, hidden, settings_sql, target_of
from pgops.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import Seen
    from pgops.checks.settings._reading import Rules
    from pgops.findings import Finding, Unseen


@attrs.frozen(kw_only=True)
class Limits:
    slow_s: float = limit(60.0, unit="s", doc="Statements that take longer have to be logged.")


def _tells_nothing(setting: Setting) -> bool:
    return not any(sign in setting.value for sign in ("%t", "%m", "%n", "%p", "%c", "%s"))


_RULES: Rules = {
    "log_lock_waits": Rule(wrong=be("off"), why="long waits for locks leave no trace", better="on"),
    "log_checkpoints": Rule(wrong=be("off"), why="checkpoints, and what causes them, leave no trace", better="on"),
    "log_temp_files": Rule(wrong=be("-1"), why="queries that spill to disk leave no trace", better="100MB"),
    "log_autovacuum_min_duration": Rule(
        wrong=be("-1"), why="what autovacuum does, and why it takes long, leaves no trace", better="10min"
    ),
    "log_connections": Rule(
        wrong=lambda row: row.value in ("", "off"), why="who connects leaves no trace", better="on"
    ),
    "log_line_prefix": Rule(
        wrong=_tells_nothing, why="lines of the log have neither time nor process", better="%m [%p] %q%u@%d "
    ),
    "log_min_error_statement": Rule(
        wrong=lambda row: row.value in ("log", "fatal", "panic"),
        why="the statement that failed is not in the log",
        better="error",
    ),
    "log_min_messages": Rule(
        wrong=lambda row: row.value in ("log", "fatal", "panic"),
        severity=Severity.WARNING,
        why="errors and warnings are not in the log",
        better="warning",
    ),
    "log_statement": Rule(
        wrong=be("all"), why="every statement is logged, with its data, and the passwords of CREATE ROLE", better="ddl"
    ),
    "log_duration": Rule(wrong=be("on"), why="every statement writes a line", better="off"),
    "log_parser_stats": Rule(wrong=be("on"), why="every statement writes many lines", better="off"),
    "log_planner_stats": Rule(wrong=be("on"), why="every statement writes many lines", better="off"),
    "log_executor_stats": Rule(wrong=be("on"), why="every statement writes many lines", better="off"),
    "log_statement_stats": Rule(wrong=be("on"), why="every statement writes many lines", better="off"),
}

_BY_NAME = {str(name): rule for name, rule in _RULES.items()}

_SLOW = ("log_min_duration_statement", "log_min_duration_sample", "auto_explain.log_min_duration")


def _slow_is_logged(setting: Setting, limits: Limits) -> bool:
    return 0 <= float(setting.value) <= limits.slow_s * 1000


def judge(rows: Sequence[Setting], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    by_name = {setting.name: setting for setting in rows}
    to_stderr = "stderr" in by_name["log_destination"].value  # the other forms have all of that by themselves
    for setting in rows:
        rule = _BY_NAME.get(setting.name)
        if rule is None or (setting.name == "log_line_prefix" and not to_stderr):
            continue
        if setting.source == "client":
            yield hidden(setting)
        elif rule.wrong(setting):
            yield finding(setting, rule, seen.server)
    statement = by_name[_SLOW[0]]
    if statement.value == "0":
        why = "every statement is logged, with its data, as if each were slow"
        yield finding(statement, Rule(wrong=be("0"), why=why, better="1s"), seen.server)
    elif not any(_slow_is_logged(by_name[name], seen.limits) for name in _SLOW if name in by_name):
        rule = Rule(wrong=be("-1"), why="slow statements leave no trace", better=f"{seen.limits.slow_s * 1000:.0f}")
        yield finding(statement, rule, seen.server)


CHECK = Check(
    id="settings.logging",
    doc=__doc__,
    row=Setting,
    limits=Limits,
    judge=judge,
    queries=[
        Query(
            since=14,
            sql=settings_sql(
                *_RULES,
                "log_destination",
                "log_min_duration_statement",
                "log_min_duration_sample",
                "auto_explain.log_min_duration",
            ),
        )
    ],
    target=target_of,
)
