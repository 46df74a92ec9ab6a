"""Conditions that a plain btree index does not serve: which kind of index does, in words.

There is no statement to run, since it hangs on the type, the operator class or the partial index's purpose. EXPLAIN
prints operators (`~~` is LIKE) and casts, and that is enough to name the way.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgops.query_plan.advice.index_columns import CONSTANT, NAME, terms_of, unquoted

if TYPE_CHECKING:
    from pgops.query_plan.plan import PlanNode
    from pgops.query_plan.relations import Relation

_LONGEST = 5_000
_STRING = r"'(?:[^']|'')*'"
_COLUMN = rf"(?:{NAME}\.)?(?P<c>{NAME})"
_EITHER = rf"(?:\({_COLUMN}\)(?:::text|::bpchar)|{_COLUMN.replace('<c>', '<d>')})"
_PLAIN = re.compile(
    rf"(?:NOT )?{_EITHER}(?: IS (?:NOT )?(?:NULL|TRUE|FALSE|true|false)"
    rf"| (?:=|<>|<=|>=|<|>|!?~~?\*?) (?:{CONSTANT}|(?:ANY|ALL) \((?:{CONSTANT})\)))?",
    re.DOTALL,
)
_FLAG = re.compile(rf"(?:NOT )?{_COLUMN}")
_NULL = re.compile(rf"{_COLUMN} IS NULL")
_LIKE = re.compile(rf"(?P<left>.*?) (?P<operator>!?~~?\*?) {_STRING}(?:::\w+)?", re.DOTALL)
_PREFIX = re.compile(r" (?:~~ '[^%_']|~ '\^)")
_WITHIN = re.compile(r" (?P<operator>@>|<@|&&|@@|@\?|\?\||\?&|\?|<->|-\|-|<<|>>) ")
_RANGED = re.compile(r"(?:range|box|point|polygon|circle|geometry|geography|inet|cidr|ltree)\b")
_CAST = re.compile(rf"\((?:{NAME}\.)?(?P<c>{NAME})\)::(?P<type>[\w ]+)")
_COMPARED = re.compile(r"(?P<left>.*) (?:=|<=|>=|<|>) (?P<right>.*)", re.DOTALL)


def compares_columns_only(condition: str) -> bool:
    """Whether ANALYZE knows all that the condition asks about: columns as they are, and no expressions of them."""
    if len(condition) > _LONGEST:
        return False
    return not condition or all(_PLAIN.fullmatch(term) for term in terms_of(condition, either=True))


def other_index(condition: str, node: PlanNode, relation: Relation | None) -> str | None:
    """Which index serves the first term that a plain one does not, in a sentence."""
    if len(condition) > _LONGEST or "SubPlan " in condition:
        return None
    terms = list(terms_of(condition))
    if len(terms) == 1 and len(list(terms_of(condition, either=True))) > 1:
        return "An index for each side of its OR can be joined in a bitmap."
    for term in terms:
        said = _said(term.replace(f"{node.alias}.", ""), relation)
        if said is not None:
            return said
    return None


def _said(term: str, relation: Relation | None) -> str | None:
    bare = re.sub(_STRING, lambda text: "'" + "_" * (len(text.group()) - 2) + "'", term)
    within = _WITHIN.search(bare)
    if within is not None:
        # Blanks for strings keep the places, so that the side is told as it stands.
        return _of_contents(within["operator"], term, term[: within.start()], relation)
    like = _LIKE.fullmatch(term)
    if like is not None and not like["operator"].startswith("!"):
        if _PREFIX.search(term):
            return (
                f"A btree index on ({like['left']}) with the operator class text_pattern_ops (or varchar_pattern_ops),"
                ' or COLLATE "C", finds what begins with a text.'
            )
        return f"A GIN index on ({like['left']}) with gin_trgm_ops, of the extension pg_trgm, finds a text inside."
    null = _NULL.fullmatch(term)
    if null is not None:
        return f"A btree index on ({null['c']}) finds NULL, too; a partial one, WHERE {null['c']} IS NULL, is smaller."
    if _FLAG.fullmatch(term):
        return f"A partial index, WHERE {term}, on the columns that are asked for or sorted by finds them."
    return _of_expression(term, relation)


def _of_contents(operator: str, term: str, left: str, relation: Relation | None) -> str:
    types = " ".join(re.findall(r"::([\w ]+)", term))
    known = relation.columns.get(left.strip('"')) if relation is not None else None
    types += f" {known.type}" if known is not None else ""
    gist = f"A GiST index on ({left}) serves {operator}"
    if _RANGED.search(types):
        return f"{gist} (ranges; inet_ops for inet; SP-GiST may do, too)."
    if operator in {"-|-", "<<", ">>", "<->"} or (operator == "<@" and "[]" not in term and "json" not in types):
        return f"{gist}, where the type has an operator class for it."
    also = " (jsonb_path_ops is smaller, and knows @> alone)" if operator == "@>" and "json" in types else ""
    return f"A GIN index on ({left}) serves {operator}{also}."


def _of_expression(term: str, relation: Relation | None) -> str | None:
    """`lower(a) = ...`, `(a)::numeric = ...`: the left side is what an index would have to hold."""
    compared = _COMPARED.fullmatch(term)
    if compared is None:
        return None
    left = compared["left"]
    cast = _CAST.fullmatch(left)
    known = relation.columns.get(unquoted(cast["c"])) if relation is not None and cast is not None else None
    if cast is not None and known is not None and known.type in {"text", "character varying"}:
        return f"An index on ({cast['c']}) serves, with the COLLATE that it is compared by."
    if cast is not None and known is None and cast["type"] == "text":
        return (
            f"Compared is {cast['c']} as text: if it is a varchar, an index on ({cast['c']}) serves, with the COLLATE"
            f" of the comparison if that has one; else one on the expression (({left})), or a value of its own type."
        )
    if cast is not None:
        return (
            f"Compared is {cast['c']} as {cast['type']}: a value of the column's own type lets a plain index serve, or"
            f" an index on the expression (({left})) does."
        )
    if re.search(r"\(|->|[-+*/%|]", left):
        return f"An index on the expression (({left})) finds them, where its functions are immutable."
    return None
