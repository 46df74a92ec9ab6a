"""Settings that contradict each other, so that one of them does nothing.

Each of them is fine by itself, and together one has no effect, or another than it says: more workers than there are
slots for, a lock_timeout that fires before deadlocks are looked for, a statement_timeout longer than the transaction
may take, a planner that thinks random reads cheaper than sequential ones. Nothing breaks; whoever set the value that
loses has not got what they wanted.

INFO. A false alarm: a value that was set for one role is judged only if this role has it.

Manual: chapter 19.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from pgops.checks.api import Check, Query
from pgops.checks.settings._reading import Setting, in_bytes, in_seconds, in_words, settings_sql, target_of
from pgops.findings import Finding, Severity, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pgops.checks.api import NoLimits, Seen

_TIMES = frozenset({"ms", "s", "min", "us"})


def _number(setting: Setting) -> float:
    if setting.unit in _TIMES:
        return in_seconds(setting)
    return in_bytes(setting) if setting.unit else float(setting.value)


def _more(one: float, other: float) -> bool:
    return one > other


def _between(one: float, other: float) -> bool:
    """Both are set, and the first is the longer one or as long."""
    return 0 < other <= one


# The setting that loses, the one that it is held against, when that is wrong, and what follows.
_PAIRS: tuple[tuple[LiteralString, LiteralString, Callable[[float, float], bool], str], ...] = (
    ("random_page_cost", "seq_page_cost", lambda one, other: one < other, "random reads are never that cheap"),
    ("shared_buffers", "effective_cache_size", _more, "the planner believes in less cache than the server itself has"),
    ("work_mem", "maintenance_work_mem", _more, "an ordinary query may take more than CREATE INDEX or VACUUM"),
    ("max_parallel_workers", "max_worker_processes", _more, "no more workers can start than there are processes"),
    ("max_parallel_workers_per_gather", "max_parallel_workers", _more, "a query never gets so many workers"),
    ("max_parallel_maintenance_workers", "max_parallel_workers", _more, "CREATE INDEX never gets so many workers"),
    ("max_logical_replication_workers", "max_worker_processes", _more, "subscriptions wait for processes in vain"),
    (
        "max_sync_workers_per_subscription",
        "max_logical_replication_workers",
        _more,
        "a subscription never gets so many workers",
    ),
    ("autovacuum_max_workers", "autovacuum_worker_slots", _more, "no more workers start than there are slots"),
    ("deadlock_timeout", "lock_timeout", _between, "waits are given up before a deadlock is looked for or logged"),
    ("statement_timeout", "transaction_timeout", _between, "the transaction is ended first"),
    ("idle_in_transaction_session_timeout", "transaction_timeout", _between, "the transaction is ended first"),
    ("lock_timeout", "statement_timeout", _between, "the statement is ended first"),
    ("min_wal_size", "max_wal_size", _more, "files are kept for use again no further than the other allows"),
    (
        "max_slot_wal_keep_size",
        "wal_keep_size",
        lambda one, other: 0 <= one < other,
        "slots keep as much as the other, and are not lost before",
    ),
    (
        "vacuum_freeze_min_age",
        "autovacuum_freeze_max_age",
        lambda one, other: one > other / 2,
        "the server takes half of the other instead",
    ),
    (
        "vacuum_freeze_table_age",
        "autovacuum_freeze_max_age",
        lambda one, other: one > other * 0.95,
        "the server takes 95 % of the other instead",
    ),
    (
        "vacuum_multixact_freeze_min_age",
        "autovacuum_multixact_freeze_max_age",
        lambda one, other: one > other / 2,
        "the server takes half of the other instead",
    ),
    (
        "vacuum_multixact_freeze_table_age",
        "autovacuum_multixact_freeze_max_age",
        lambda one, other: one > other * 0.95,
        "the server takes 95 % of the other instead",
    ),
)

# Set for this very look, or by pgops' own sessions: those values are nobody's configuration.
_OURS = frozenset({"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"})


def _names() -> tuple[LiteralString, ...]:
    names: dict[LiteralString, None] = {}
    for loser, winner, _, _ in _PAIRS:
        names[loser] = names[winner] = None
    return tuple(names)


def judge(rows: Sequence[Setting], seen: Seen[NoLimits]) -> Iterator[Finding]:
    by_name: Mapping[str, Setting] = {row.name: row for row in rows}
    brought = by_name["idle_in_transaction_session_timeout"].source == "client"
    for loser, winner, wrong, why in _PAIRS:
        one, other = by_name.get(loser), by_name.get(winner)
        if one is None or other is None or (brought and _OURS & {loser, winner}):
            continue
        if wrong(_number(one), _number(other)):
            yield _finding(one, other, why)


def _finding(one: Setting, other: Setting, why: str) -> Finding:
    message = f"{one.name} is {in_words(one)} and {other.name} {in_words(other)}: {why}."
    details: dict[str, Any] = {one.name: one.value, other.name: other.value}
    return Finding(Severity.INFO, Target("setting", None, one.name, also=(other.name,)), message, details=details)


CHECK = Check(
    id="settings.contradiction",
    doc=__doc__,
    row=Setting,
    judge=judge,
    queries=[Query(since=14, sql=settings_sql(*_names()))],
    target=target_of,
)
