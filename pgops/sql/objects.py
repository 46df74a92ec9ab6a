"""The names, kinds and options of objects in the parser's tree, whatever node they are written as."""

from __future__ import annotations

from typing import Any

from pgops.sql.expressions import dotted, name_of, names_in
from pgops.sql.libpg_query import pb
from pgops.sql.statements import Name


def kind_of(number: int) -> str:
    word = pb.ObjectType.Name(number).removeprefix("OBJECT_")
    return _KIND_WORDS.get(word) or word.lower().replace("_", " ")


_KIND_WORDS = {
    "MATVIEW": "materialized view",
    "TABCONSTRAINT": "constraint",
    "STATISTIC_EXT": "statistics",
    "FDW": "foreign data wrapper",
    "FOREIGN_SERVER": "server",
    "TSCONFIGURATION": "text search configuration",
    "TSDICTIONARY": "text search dictionary",
}
ON_TABLES = {pb.OBJECT_TRIGGER, pb.OBJECT_RULE, pb.OBJECT_POLICY}


def object_name(node: Any) -> Name:
    """The name of an object in a list of DROP, COMMENT or GRANT, whatever node it is written as."""
    match node.WhichOneof("node"):
        case "list":
            return dotted(node.list.items)
        case "string":
            return Name(node.string.sval)
        case "range_var":
            return name_of(node.range_var)
        case "type_name":
            return dotted(node.type_name.names)
        case "object_with_args":
            return dotted(node.object_with_args.objname)
        case _:
            return Name("")


def part_of(node: Any) -> tuple[Name, str]:
    """A table and its part, of `table.part` in a list."""
    parts = names_in(node.list.items)
    table = Name(parts[-2], parts[-3] if len(parts) > 2 else None) if len(parts) > 1 else Name("")
    return table, parts[-1] if parts else ""


def is_on(option: Any) -> bool:
    """A DefElem that stands alone is on; written out, it is what it says."""
    match option.arg.WhichOneof("node"):
        case None:
            return True
        case "string":
            return option.arg.string.sval.lower() not in {"false", "off", "0", "no"}
        case "integer":
            return bool(option.arg.integer.ival)
        case "boolean":
            return bool(option.arg.boolean.boolval)
        case _:
            return True
