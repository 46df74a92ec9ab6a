"""What only reads: the few kinds of statements that `run_sql` carries out.

A list of what is allowed, held against PostgreSQL's own tree of the statement: whatever a later PostgreSQL brings is
refused until somebody has looked at it. The READ ONLY transaction is the second wall, what the functions resolve to
(`pgops.query_plan.safety`) the third: a function can act outside every transaction.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from postgast import pg_query_pb2 as pb

from pgops.sql.parsing import PgQueryError, parsed

if TYPE_CHECKING:
    from pgops.sql.script import Statement

_SETTINGS = frozenset({
    # How values look, and where names are looked for.
    "search_path", "timezone", "datestyle", "intervalstyle", "bytea_output", "extra_float_digits", "xmlbinary",
    "xmloption", "row_security",
    # How queries are planned, and with how much memory.
    "work_mem", "hash_mem_multiplier", "jit", "geqo", "plan_cache_mode", "cursor_tuple_fraction",
    "constraint_exclusion", "from_collapse_limit", "join_collapse_limit", "max_parallel_workers_per_gather",
    "default_statistics_target", "track_io_timing",
})  # fmt: skip
"""What a script may SET: it ends with the transaction. Neither timeouts, nor the role, nor anything that lets write."""
_PLANNING = re.compile(r"enable_\w+|\w+_cost")

_EXPLAINED = frozenset({"select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "merge_stmt"})
"""What EXPLAIN without ANALYZE may plan: nothing of it is carried out."""
_EXPLAIN = re.compile(r"EXPLAIN\b\s*(?:\([^()]*\)|(?:(?:ANALYZE|ANALYSE|VERBOSE)\b\s*)*)", re.IGNORECASE)

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
            return _why_no_explain(node.explain_stmt, statement.text)
        case "variable_set_stmt":
            return _why_not_set(node.variable_set_stmt)
        case "transaction_stmt":
            return "the script is one transaction, READ ONLY and rolled back: it can't have its own"
        case "copy_stmt":
            return "COPY moves rows past the result: SELECT them, or use psql"
        case _:
            return NO_QUERY


def query_in(statement: Statement) -> str | None:
    """The text of the query that is carried out, if one is: the statement itself, or what EXPLAIN ANALYZE runs."""
    node = _node(statement.text)
    if node.WhichOneof("node") == "select_stmt":
        return statement.text
    if node.WhichOneof("node") == "explain_stmt" and _analyzes(node.explain_stmt):
        return _explained(statement.text)
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


def _why_no_explain(node: Any, text: str) -> str | None:
    if not _analyzes(node):
        return None if node.query.WhichOneof("node") in _EXPLAINED else NO_QUERY
    refused = _why_no_query(node.query)
    if refused is None and _explained(text) is None:
        return "what it explains can't be told from its options"
    return refused and f"EXPLAIN ANALYZE carries it out, and {refused}"


def _analyzes(node: Any) -> bool:
    # ANALYZE off is counted too: whoever writes that can leave it out.
    return any(each.def_elem.defname in {"analyze", "analyse"} for each in node.options)


def _explained(text: str) -> str | None:
    """What stands behind the options of EXPLAIN, if that is one query."""
    options = _EXPLAIN.match(text)
    if options is None:
        return None
    query = text[options.end() :]
    try:
        (only,) = parsed(query.encode()).stmts
    except (PgQueryError, ValueError):
        return None
    return query if only.stmt.WhichOneof("node") == "select_stmt" else None


def _why_not_set(node: Any) -> str | None:
    name = node.name.lower()
    if node.kind == pb.VAR_RESET_ALL:
        return "RESET ALL takes the limits of time away"
    if name in _SETTINGS or _PLANNING.fullmatch(name):
        return None
    return f"{name or 'that'} is no setting that a reading script may change"
