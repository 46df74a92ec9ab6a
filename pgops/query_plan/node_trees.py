"""What a node tree of the catalogue names: the OIDs in the text of pg_node_tree, as views, CHECKs and policies have it.

The fields are those of src/include/nodes/primnodes.h and parsenodes.h, 14 to 18. White space within a constant's text
is escaped there, so that nothing of it looks like a field.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable

FIRST_USER_OID = 16384
"""What came with the server has a smaller one (src/include/access/transam.h)."""

_FUNCTION = re.compile(
    r":(?:funcid|opfuncid|hashfuncid|negfuncid|aggfnoid|winfnoid|elemfuncid|tsmhandler|startInRangeFunc|endInRangeFunc)"
    r" (\d+)"
)
_OPERATOR = re.compile(r":(?:opno|eqop|sortop) (\d+)")
_OPERATORS = re.compile(r":opnos \(o ([\d ]+)\)")
_RELATION = re.compile(r":(?:relid|seqid) (\d+)")
_TYPE = re.compile(r":\w*(?:type|typeid|typeId|typid) (\d+)")
_TYPES = re.compile(r":\w*coltypes \(o ([\d ]+)\)")


@attrs.frozen(kw_only=True)
class Named:
    """OIDs that a tree names; 0 and types of PostgreSQL's own left out."""

    functions: frozenset[int]
    operators: frozenset[int]
    types: frozenset[int]
    relations: frozenset[int]
    locks_rows: bool
    """FOR UPDATE or FOR SHARE."""


def named_in(tree: str) -> Named:
    """Of a node tree's text.

    >>> named_in("{FUNCEXPR :funcid 16390 :funcresulttype 23 :args <>}").functions
    frozenset({16390})
    """
    operators = {*_OPERATOR.findall(tree), *_listed(_OPERATORS, tree)}
    types = {*_TYPE.findall(tree), *_listed(_TYPES, tree)}
    return Named(
        functions=_oids(_FUNCTION.findall(tree)),
        operators=_oids(operators),
        types=frozenset(oid for oid in _oids(types) if oid >= FIRST_USER_OID),
        relations=_oids(_RELATION.findall(tree)),
        locks_rows=":hasForUpdate true" in tree,
    )


def _listed(pattern: re.Pattern[str], tree: str) -> list[str]:
    return [oid for oids in pattern.findall(tree) for oid in oids.split()]


def _oids(written: Iterable[str]) -> frozenset[int]:
    return frozenset(int(oid) for oid in written) - {0}
