"""The columns of a condition that a btree index could serve, as far as they can be read with certainty.

EXPLAIN prints conditions with every operator in parentheses and with VERBOSE every column qualified, so `a.b = 1` is
told from everything else by its form alone. What has any other form (functions, OR, LIKE, casts that are more than
text's) is left out: an index that is not used costs more than none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from pgops.findings import quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.query_plan.plan import PlanNode

_NAME = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_STRING = r"'(?:[^']|'')*'"  # the server never writes E'...' here: a backslash is one
_TYPE = r'(?:::(?:[\w". ]|\(\d+(?:,\d+)?\)|\[\])+)?'
_NOW = r"(?:now\(\)|CURRENT_DATE|CURRENT_TIMESTAMP|LOCALTIMESTAMP|statement_timestamp\(\))"
_CONSTANT = rf"(?:{_STRING}{_TYPE}|-?\d[\d.eE+-]*{_TYPE}|\$\d+|true|false|\((?:InitPlan \w+)\)\.col\d+|{_NOW})"
_OTHER = rf"(?P<table>{_NAME})\.(?P<of>{_NAME})"
_COLUMN = rf"(?:(?P<{{0}}q>{_NAME})\.)?(?P<{{0}}c>{_NAME})"
_TERM = re.compile(
    rf"(?:\({_COLUMN.format('a')}\)::text|{_COLUMN.format('b')})"
    rf" (?P<operator>=|<=|>=|<|>) "
    rf"(?P<right>{_CONSTANT}|\({_NOW} [-+] {_STRING}{_TYPE}\)|ANY \({_STRING}{_TYPE}\)|ANY \(\$\d+\)|{_OTHER})",
    re.DOTALL,
)
_JOIN = re.compile(rf"(?P<lq>{_NAME})\.(?P<lc>{_NAME}) = (?P<rq>{_NAME})\.(?P<rc>{_NAME})")
_SYSTEM = frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})
_MOST_COLUMNS = 4
_LONGEST = 5_000
"""Characters of a condition. One so long, of a captured plan, is no reason to spend minutes."""


@attrs.frozen
class Columns:
    """Names of columns, in the order for an index, and whether they are the whole condition."""

    names: tuple[str, ...]
    whole: bool


def columns_for_index(condition: str, node: PlanNode) -> Columns:
    """Those of `node`'s relation that the condition compares: equality first, then one range."""
    if len(condition) > _LONGEST:
        return Columns((), whole=False)
    equal: list[str] = []
    ranged: list[str] = []
    terms = list(_terms(condition))
    read = 0
    for term in terms:
        found = _compared(term, node)
        if found is None:
            continue
        read += 1
        name, is_equal = found
        (equal if is_equal else ranged).append(name)
    ranges = list(dict.fromkeys(name for name in ranged if name not in equal))
    names = (list(dict.fromkeys(equal)) + ranges[:1])[:_MOST_COLUMNS]
    return Columns(tuple(names), whole=read == len(terms) and len(ranges) <= 1)


def create_index(node: PlanNode, columns: tuple[str, ...]) -> str | None:
    """CREATE INDEX CONCURRENTLY, quoted and qualified; None where the schema is not known, or not the users'."""
    if node.schema is None or node.relation is None or node.schema in {"pg_catalog", "information_schema", "pg_toast"}:
        return None
    if node.schema.startswith("pg_temp"):
        return None
    table = f"{quote_identifier(node.schema)}.{quote_identifier(node.relation)}"
    return f"CREATE INDEX CONCURRENTLY ON {table} ({', '.join(map(quote_identifier, columns))})"


def _compared(term: str, node: PlanNode) -> tuple[str, bool] | None:
    """The column that a term compares with something known before the scan, and whether for equality."""
    alias = node.alias or node.relation
    join = _JOIN.fullmatch(term)
    if join:
        left, right = (_unquoted(join["lq"]), _unquoted(join["lc"])), (_unquoted(join["rq"]), _unquoted(join["rc"]))
        if (left[0] == alias) == (right[0] == alias):
            return None
        column = left[1] if left[0] == alias else right[1]
        return None if column in _SYSTEM else (column, True)
    found = _TERM.fullmatch(term)
    if found is None:
        return None
    qualifier, column = found["aq"] or found["bq"], found["ac"] or found["bc"]
    if (qualifier and _unquoted(qualifier) != alias) or (found["table"] and _unquoted(found["table"]) == alias):
        return None
    name = _unquoted(column)
    if name in _SYSTEM:
        return None
    is_equal = found["operator"] == "="
    if found["right"].startswith("ANY") and not is_equal:
        return None
    return name, is_equal


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


_TOKEN = re.compile(rf'{_STRING}|"(?:[^"]|"")*"|[()]| AND | OR ', re.DOTALL)


def _terms(condition: str) -> Iterator[str]:
    """The parts that AND joins, each without the parentheses around it."""
    condition = _bare(condition)
    depth = began = 0
    parts: list[str] = []
    for token in _TOKEN.finditer(condition):
        mark = token.group()
        if mark in "()":
            depth += 1 if mark == "(" else -1
        elif depth == 0 and mark == " OR ":
            yield condition
            return
        elif depth == 0 and mark == " AND ":
            parts.append(condition[began : token.start()])
            began = token.end()
    parts.append(condition[began:])
    if len(parts) == 1:
        yield parts[0]
        return
    for part in parts:
        yield from _terms(part)


def _bare(condition: str) -> str:
    """Without parentheses that hold all of it."""
    closes: dict[int, int] = {}
    opened: list[int] = []
    for token in _TOKEN.finditer(condition):
        if token.group() == "(":
            opened.append(token.start())
        elif token.group() == ")" and opened:
            closes[opened.pop()] = token.start()
    begin, end = 0, len(condition)
    while closes.get(begin) == end - 1:
        begin, end = begin + 1, end - 1
    return condition[begin:end]
