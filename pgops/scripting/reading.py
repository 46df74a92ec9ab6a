"""What only reads: the few kinds of statements that `run_sql` carries out.

A list of what is allowed, held against PostgreSQL's own tree of the statement: whatever a later PostgreSQL brings is
refused until somebody has looked at it. The READ ONLY transaction is the second wall, what the functions resolve to
(`pgops.query_plan.safety`) the third: a function can act outside every transaction.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs
import postgast
from postgast import pg_query_pb2 as pb

from pgops.sql.parsing import PgQueryError, parsed

if TYPE_CHECKING:
    from collections.abc import Sequence

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
_TOKENS = pb.Token
_COMMENTS = frozenset({_TOKENS.SQL_COMMENT, _TOKENS.C_COMMENT})
_WORDS = frozenset({_TOKENS.EXPLAIN, _TOKENS.ANALYZE, _TOKENS.ANALYSE, _TOKENS.VERBOSE})

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


@attrs.frozen
class Query:
    """What there is to judge of a statement."""

    text: str
    is_carried_out: bool
    """EXPLAIN without ANALYZE only plans it."""

    def against(self, verdict: Verdict) -> tuple[str, ...]:
        """Everything against it, in words.

        The planner carries out what says that it is immutable or stable, to see what comes of it. What volatile
        functions such a body calls counts, and so does what could not be found out. Rows are neither locked nor
        written; and no function can call nextval in a READ ONLY transaction.
        """
        if self.is_carried_out:
            return verdict.reasons
        counts = (*verdict.unresolved, *verdict.volatile)
        return tuple(
            f"EXPLAIN plans it, which may run functions, and {reason}"
            for reason in verdict.reasons
            if (reason.startswith(counts) or " in function " in reason.replace("(", " "))
            and not reason.startswith("pg_catalog.nextval(regclass) is volatile")
        )


def query_in(statement: Statement) -> Query | None:
    """The query that is carried out or planned, if one is: the statement itself, or what it explains."""
    node = _node(statement.text)
    if node.WhichOneof("node") == "select_stmt":
        return Query(statement.text, is_carried_out=True)
    if node.WhichOneof("node") == "explain_stmt":
        text = _explained(node.explain_stmt, statement.text)
        return None if text is None else Query(text, is_carried_out=_analyzes(node.explain_stmt))
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
    refused = None
    if _analyzes(node):
        refused = _why_no_query(node.query)
        refused = refused and f"EXPLAIN ANALYZE carries it out, and {refused}"
    elif node.query.WhichOneof("node") not in _EXPLAINED:
        refused = NO_QUERY
    if refused is None and _explained(node, text) is None:
        return "what it explains can't be told from its options"
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


def _explained(node: Any, text: str) -> str | None:
    """The text behind the options of EXPLAIN, if it is what the tree has there, with every word at its place."""
    raw = text.encode()
    begin = _behind_options(text)
    query = b" " * begin + raw[begin:]  # a place in the tree counts bytes
    try:
        (only,) = parsed(query).stmts
    except (PgQueryError, ValueError):
        return None
    return query[begin:].decode() if only.stmt == node.query else None


def _behind_options(text: str) -> int:
    """Where in the bytes of EXPLAIN its options end: either a list in parentheses, or words."""
    tokens = [each for each in postgast.scan(text).tokens if each.token not in _COMMENTS]
    if _is_option_list(tokens):
        depth = 0
        for each in tokens[1:]:
            depth += (each.token == _TOKENS.ASCII_40) - (each.token == _TOKENS.ASCII_41)
            if depth == 0:
                return int(each.end)
    first = next((each for each in tokens if each.token not in _WORDS), tokens[-1])
    return int(first.start)


def _is_option_list(tokens: Sequence[Any]) -> bool:
    """Parentheses may as well be those of a query: EXPLAIN (SELECT 1)."""
    if len(tokens) < 3 or tokens[1].token != _TOKENS.ASCII_40:
        return False
    return tokens[2].token not in _BEGIN_A_QUERY


_BEGIN_A_QUERY = frozenset({_TOKENS.SELECT, _TOKENS.VALUES, _TOKENS.TABLE, _TOKENS.WITH, _TOKENS.ASCII_40})


def _why_not_set(node: Any) -> str | None:
    name = node.name.lower()
    if node.kind == pb.VAR_RESET_ALL:
        return "RESET ALL takes the limits of time away"
    if name in _SETTINGS or _PLANNING.fullmatch(name):
        return None
    return f"{name or 'that'} is no setting that a reading script may change"
