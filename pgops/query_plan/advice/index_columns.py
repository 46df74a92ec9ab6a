"""The columns of a condition that a btree index could serve, as far as they can be read with certainty.

EXPLAIN prints conditions with every operator in parentheses and with VERBOSE every column qualified, so `a.b = 1` is
told from everything else by its form alone. What has any other form (functions, OR, LIKE, casts) is left out: an index
that is not used costs more than none. `(a.b)::text = ...` is a varchar's comparison, and a cast of anything else: only
what the catalogue says of the column tells which.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from pgops.findings import quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.query_plan.plan import PlanNode, QueryPlan
    from pgops.query_plan.relations import Relation

NAME = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_STRING = r"'(?:[^']|'')*'"  # the server never writes E'...' here: a backslash is one
_TYPE = r'(?:::(?:[\w". ]|\(\d+(?:,\d+)?\)|\[\])+)?'
_NOW = r"(?:now\(\)|CURRENT_DATE|CURRENT_TIMESTAMP|LOCALTIMESTAMP|statement_timestamp\(\))"
CONSTANT = rf"(?:{_STRING}{_TYPE}|-?\d[\d.eE+-]*{_TYPE}|\$\d+|true|false|\((?:InitPlan \w+)\)\.col\d+|{_NOW})"
_CAST = r"(?:::[\w\". ]+(?:\(\d+(?:,\d+)?\))?)"
_COLUMN = rf"(?:(?P<{{0}}q>{NAME})\.)?(?P<{{0}}c>{NAME})"
_TERM = re.compile(
    rf"(?:\({_COLUMN.format('a')}\)::text|{_COLUMN.format('b')})"
    rf" (?P<operator>=|<=|>=|<|>) "
    rf"(?P<right>{CONSTANT}|\({_NOW} [-+] {_STRING}{_TYPE}\)|ANY \({_STRING}{_TYPE}\)|ANY \(\$\d+\))",
    re.DOTALL,
)
# One side of `o.a = p.b`, perhaps with a cast: that of the other side is no matter.
_SIDE = rf"(?:(?P<{{0}}q>{NAME})\.(?P<{{0}}c>{NAME})|\((?P<{{0}}Q>{NAME})\.(?P<{{0}}C>{NAME})\)(?P<{{0}}t>{_CAST}))"
_JOIN = re.compile(rf"{_SIDE.format('l')} (?P<operator>=|<=|>=|<|>) {_SIDE.format('r')}")
_SYSTEM = frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})
_MOST_COLUMNS = 4
_LONGEST = 5_000
"""Characters of a condition. One so long, of a captured plan, is no reason to spend minutes."""


@attrs.frozen
class Columns:
    """Names of columns, in the order for an index, and whether they are the whole condition."""

    names: tuple[str, ...]
    whole: bool
    fixed: tuple[str, ...] = ()
    """Those that equal one value: behind them an index keeps its order."""
    unfit: tuple[str, ...] = ()
    """Columns that would be named if their type had an order, or their values fitted into an index."""


def columns_for_index(condition: str, node: PlanNode, plan: QueryPlan | None = None) -> Columns:
    """Those of `node`'s relation that the condition compares: equality first, then one range.

    `plan` knows the columns' types, if the server was asked.
    """
    relation = known(plan, node)
    # With COLLATE in the statement, `(a.b)::text` may be a comparison by another collation.
    collates = plan is not None and "collate" in (plan.sql or "").lower()
    if len(condition) > _LONGEST:
        return Columns((), whole=False)
    equal: list[str] = []
    ranged: list[str] = []
    fixed: list[str] = []
    unfit: list[str] = []
    terms = list(terms_of(condition))
    read = 0
    for term in terms:
        found = _compared(term, node)
        if found is None:
            continue
        name, operator, is_cast = found
        if is_cast and (collates or not is_varying(relation, name)):
            continue
        if not is_fit(relation, name):
            unfit.append(name)
            continue
        read += 1
        is_equal = operator != "range"
        if operator == "=":
            fixed.append(name)
        (equal if is_equal else ranged).append(name)
    ranges = list(dict.fromkeys(name for name in ranged if name not in equal))
    names = (list(dict.fromkeys(equal)) + ranges[:1])[:_MOST_COLUMNS]
    return Columns(
        tuple(names),
        whole=read == len(terms) and len(ranges) <= 1,
        fixed=tuple(dict.fromkeys(fixed)),
        unfit=tuple(dict.fromkeys(unfit)),
    )


def known(plan: QueryPlan | None, node: PlanNode) -> Relation | None:
    """What the catalogue says of the node's table, if it was asked."""
    for relation in plan.relations if plan is not None else ():
        if (relation.schema, relation.name) == (node.schema, node.relation):
            return relation
    return None


def is_varying(relation: Relation | None, column: str) -> bool:
    found = relation.columns.get(column) if relation is not None else None
    return found is not None and found.type == "character varying"


_WIDEST = 500
"""Bytes on average: a row of an index has 2704, and values differ."""


def is_fit(relation: Relation | None, column: str) -> bool:
    """Whether a btree index can hold the column, as far as is known."""
    found = relation.columns.get(column) if relation is not None else None
    return found is None or (found.ordered and (found.width or 0) <= _WIDEST)


def existing_index(relation: Relation | None, columns: tuple[str, ...], *, ordered: bool = False) -> str | None:
    """The index that begins with these columns already; `ordered`: in this order."""
    for index in relation.indexes if relation is not None else ():
        leading = index.columns[: len(columns)]
        if leading == columns or (not ordered and set(leading) == set(columns)):
            return index.name
    return None


def create_index(
    node: PlanNode, columns: tuple[str, ...], relation: Relation | None = None, *, order: str = ""
) -> str | None:
    """CREATE INDEX, quoted and qualified; None where the schema is not known, or not the users'.

    CONCURRENTLY, but for a partition: that belongs on the partitioned table, which can't have it so. `order` is that of
    the last column.
    """
    if node.schema is None or node.relation is None or node.schema in {"pg_catalog", "information_schema", "pg_toast"}:
        return None
    if node.schema.startswith("pg_temp"):
        return None
    root = relation.root if relation is not None else None
    table = ".".join(map(quote_identifier, root or (node.schema, node.relation)))
    keys = ", ".join(map(quote_identifier, columns)) + order
    return f"CREATE INDEX {'' if root else 'CONCURRENTLY '}ON {table} ({keys})"


def _compared(term: str, node: PlanNode) -> tuple[str, str, bool] | None:
    """The column that a term compares with something known before the scan; =, any or range; whether it is cast."""
    alias = node.alias or node.relation
    join = _JOIN.fullmatch(term)
    if join:
        sides = {unquoted(join[f"{at}q"] or join[f"{at}Q"]): at for at in "lr"}
        if len(sides) < 2 or alias not in sides:
            return None
        at = sides[alias]
        name, cast = unquoted(join[f"{at}c"] or join[f"{at}C"]), join[f"{at}t"]
        if name in _SYSTEM or cast not in {None, "::text"}:
            return None
        return name, "=" if join["operator"] == "=" else "range", cast is not None
    found = _TERM.fullmatch(term)
    if found is None:
        return None
    qualifier, column = found["aq"] or found["bq"], found["ac"] or found["bc"]
    if qualifier and unquoted(qualifier) != alias:
        return None
    name = unquoted(column)
    if name in _SYSTEM:
        return None
    kind = "=" if found["operator"] == "=" else "range"
    if found["right"].startswith("ANY"):
        if kind != "=":
            return None
        kind = "any"
    return name, kind, found["ac"] is not None


def unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


_TOKEN = re.compile(rf'{_STRING}|"(?:[^"]|"")*"|[()]| AND | OR ', re.DOTALL)


def terms_of(condition: str, *, either: bool = False) -> Iterator[str]:
    """The parts that AND joins, `either`: or OR, each without the parentheses around it."""
    condition = _bare(condition)
    depth = began = 0
    parts: list[str] = []
    for token in _TOKEN.finditer(condition):
        mark = token.group()
        if mark in "()":
            depth += 1 if mark == "(" else -1
        elif depth == 0 and mark == " OR " and not either:
            yield condition
            return
        elif depth == 0 and mark in {" AND ", " OR "}:
            parts.append(condition[began : token.start()])
            began = token.end()
    parts.append(condition[began:])
    if len(parts) == 1:
        yield parts[0]
        return
    for part in parts:
        yield from terms_of(part, either=either)


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
