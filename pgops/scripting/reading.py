"""What only reads: the few kinds of statements that `run_sql` carries out.

A list of what is allowed, held against PostgreSQL's own tree of the statement: whatever a later PostgreSQL brings is
refused until somebody has looked at it. The READ ONLY transaction is the second wall, what the functions resolve to
(`pgops.query_plan.safety`) the third: a function can act outside every transaction.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from pgops.sql.libpg_query import pb
from pgops.sql.parsing import parsed

if TYPE_CHECKING:
    from pgops.query_plan.safety import Verdict
    from pgops.sql.script import Statement

_SETTINGS = frozenset({
    # How values look, and where names are looked for.
    "search_path", "timezone", "datestyle", "intervalstyle", "bytea_output", "extra_float_digits", "xmlbinary",
    "xmloption", "row_security",
    # How queries are planned, and with how much memory.
    "work_mem", "hash_mem_multiplier", "jit", "geqo", "plan_cache_mode", "cursor_tuple_fraction",
    "constraint_exclusion", "from_collapse_limit", "join_collapse_limit", "max_parallel_workers_per_gather",
    "default_statistics_target", "track_io_timing",
    # What is said, and to whom; for how long a lock is waited for, within the limit of time.
    "application_name", "client_min_messages", "lock_timeout", "lc_messages", "lc_monetary", "lc_numeric", "lc_time",
})  # fmt: skip
"""What a script may SET: it ends with the transaction. Neither the limits of time, nor the role, nor what lets it
write.
"""
_PLANNING = re.compile(r"enable_\w+|\w+_cost")

_EXPLAINED = frozenset({"select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "merge_stmt"})
"""What EXPLAIN without ANALYZE may plan: nothing of it is carried out."""

NO_QUERY = "that is no query"


def why_not_reading(statement: Statement) -> str | None:
    """Why a statement is more than reading, in words; None where it is not, as far as its text says."""
    node = _node(statement.text)
    which = node.WhichOneof("node")
    match which:
        case "select_stmt":
            return _why_no_query(node)
        case "variable_show_stmt":
            return None
        case "explain_stmt":
            return _why_no_explain(node.explain_stmt)
        case "variable_set_stmt":
            return _why_not_set(node.variable_set_stmt)
        case "transaction_stmt":
            return "the script is one transaction, READ ONLY and rolled back: it can't have its own"
        case "copy_stmt":
            return "COPY moves rows past the result: SELECT them, or use psql"
        case _:
            return NO_QUERY


@attrs.frozen
class Query:
    """What there is to judge of a statement: the query as the parser has it, for EXPLAIN the one that it explains."""

    node: Any
    is_carried_out: bool
    """EXPLAIN without ANALYZE only plans it."""

    def against(self, verdict: Verdict) -> tuple[str, ...]:
        """Everything against it, in words."""
        if self.is_carried_out:
            return verdict.reasons
        return tuple(f"EXPLAIN plans it, which may run functions, and {each}" for each in verdict.when_planned)


def query_in(statement: Statement) -> Query | None:
    """The query that is carried out or planned, if one is: the statement itself, or what it explains."""
    node = _node(statement.text)
    match node.WhichOneof("node"):
        case "select_stmt":
            return Query(node, is_carried_out=True)
        case "explain_stmt":
            return Query(node.explain_stmt.query, is_carried_out=_analyzes(node.explain_stmt))
        case _:
            return None


def _node(text: str) -> Any:
    return parsed(text.encode()).stmts[0].stmt


def _why_no_query(node: Any) -> str | None:
    if node.WhichOneof("node") != "select_stmt":
        return NO_QUERY
    if node.select_stmt.HasField("into_clause"):
        return "SELECT INTO makes a table"
    if node.select_stmt.locking_clause:
        return "it locks rows"
    return None


def _why_no_explain(node: Any) -> str | None:
    refused = None
    if _analyzes(node):
        refused = _why_no_query(node.query)
        refused = refused and f"EXPLAIN ANALYZE carries it out, and {refused}"
    elif node.query.WhichOneof("node") not in _EXPLAINED:
        refused = NO_QUERY
    return refused


def _analyzes(node: Any) -> bool:
    """Whether EXPLAIN carries it out. Of an option that is given twice the last counts (manual, EXPLAIN)."""
    analyzes = False
    for each in node.options:
        option = each.def_elem
        if option.defname in {"analyze", "analyse"}:
            is_off = option.arg.string.sval.lower() in {"off", "false"}
            is_zero = option.arg.WhichOneof("node") == "integer" and option.arg.integer.ival == 0
            analyzes = not (is_off or is_zero)
    return analyzes


def _why_not_set(node: Any) -> str | None:
    name = node.name.lower()
    if node.kind == pb.VAR_RESET_ALL:
        return "RESET ALL takes the limits of time away"
    if name in _SETTINGS or _PLANNING.fullmatch(name):
        return None
    return f"{name or 'that'} is no setting that a reading script may change"
