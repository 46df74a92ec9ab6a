"""Which version of PostgreSQL a statement needs: the grammar that reads it is 18's, and an older server says 42601.

What came with 15 and later and stands in a migration is told, by node of the parser's tree; the release notes of 15 to
18, appendix E of the manual, are the source. Nothing is claimed of functions and settings.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from pgops.sql.expressions import descendants
from pgops.sql.libpg_query import pb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@attrs.frozen
class Newer:
    """What of a statement came with a version."""

    what: str
    since: int
    """The major version of PostgreSQL."""

    def __str__(self) -> str:
        return f"{self.what} came with PostgreSQL {self.since}"


_WORDS = re.compile(
    rb"\b(?:MERGE|NULLS|ENFORCED|VIRTUAL|STORAGE|EXPRESSION|OVERLAPS|PERIOD|INHERIT|METHOD|STATISTICS|DOMAIN"
    rb"|PUBLICATION|REINDEX|VACUUM|COPY|security_invoker|JSON\w*)\b"
    # NOT NULL is rarely a constraint of the table, and SET NULL rarely has columns.
    rb"|\bNULL\s+(?!(?:DEFAULT|PRIMARY|UNIQUE|REFERENCES|CHECK|GENERATED|COLLATE|CONSTRAINT)\b)[\w\x80-\xff\"(]",
    re.IGNORECASE,
)
"""Without one of these there is nothing to look for: most statements are not walked through."""


def newer_syntax(node: Any, source: bytes) -> Newer | None:
    """The newest thing in the statement under `node`, whose text is `source`; None where 14 can read it."""
    if not _WORDS.search(source):
        return None
    found = [newer for each in descendants(node) if (look := _LOOK.get(type(each))) for newer in look(each)]
    return max(found, key=lambda each: each.since, default=None)


def _merge(node: Any) -> Iterator[Newer]:
    yield Newer("MERGE", 15)
    if node.HasField("returning_clause"):
        yield Newer("RETURNING of MERGE", 17)
    kinds = {each.merge_when_clause.match_kind for each in node.merge_when_clauses}
    if pb.MERGE_WHEN_NOT_MATCHED_BY_SOURCE in kinds:
        yield Newer("WHEN NOT MATCHED BY SOURCE", 17)


def _index(node: Any) -> Iterator[Newer]:
    if node.nulls_not_distinct:
        yield Newer("NULLS NOT DISTINCT", 15)


def _constraint(node: Any) -> Iterator[Newer]:
    if node.nulls_not_distinct:
        yield Newer("NULLS NOT DISTINCT", 15)
    if node.fk_del_set_cols:
        yield Newer("ON DELETE SET with columns", 15)
    if node.generated_kind == "v":
        yield Newer("a VIRTUAL generated column", 18)
    if node.without_overlaps or node.fk_with_period:
        yield Newer("WITHOUT OVERLAPS", 18)
    if node.contype == pb.CONSTR_NOTNULL and node.is_no_inherit:
        yield Newer("NOT NULL NO INHERIT", 18)
    not_enforced = node.contype in {pb.CONSTR_CHECK, pb.CONSTR_FOREIGN} and not node.is_enforced
    if not_enforced or node.contype in {pb.CONSTR_ATTR_ENFORCED, pb.CONSTR_ATTR_NOT_ENFORCED}:
        yield Newer("NOT ENFORCED", 18)


def _column(node: Any) -> Iterator[Newer]:
    if node.storage_name:
        yield Newer("STORAGE of a new column", 16)


def _table(node: Any) -> Iterator[Newer]:
    if any(each.constraint.contype == pb.CONSTR_NOTNULL for each in node.table_elts if each.HasField("constraint")):
        yield Newer("a NOT NULL constraint of a table", 18)


def _action(node: Any) -> Iterator[Newer]:
    definition = getattr(node, "def")
    match node.subtype:
        case pb.AT_AddConstraint if definition.constraint.contype == pb.CONSTR_NOTNULL:
            yield Newer("a NOT NULL constraint of a table", 18)
        case pb.AT_AlterConstraint:
            altered = definition.atalter_constraint
            if altered.alter_enforceability or altered.alter_inheritability:
                yield Newer("ALTER CONSTRAINT of what is not its deferrability", 18)
        case pb.AT_SetExpression:
            yield Newer("SET EXPRESSION", 17)
        case pb.AT_SetAccessMethod:
            yield Newer("SET ACCESS METHOD", 15) if node.name else Newer("SET ACCESS METHOD DEFAULT", 17)
        case pb.AT_SetStorage if definition.string.sval == "default":
            yield Newer("SET STORAGE DEFAULT", 16)
        case pb.AT_SetStatistics if not node.HasField("def"):
            yield Newer("SET STATISTICS DEFAULT", 17)


def _domain(node: Any) -> Iterator[Newer]:
    if getattr(node, "def").constraint.contype == pb.CONSTR_NOTNULL:
        yield Newer("a NOT NULL constraint of a domain", 17)


def _published(node: Any) -> Iterator[Newer]:
    schemas = {pb.PUBLICATIONOBJ_TABLES_IN_SCHEMA, pb.PUBLICATIONOBJ_TABLES_IN_CUR_SCHEMA}
    if node.pubobjtype in schemas or node.pubtable.columns or node.pubtable.HasField("where_clause"):
        yield Newer("a publication of columns, rows or schemas", 15)


def _statistics(node: Any) -> Iterator[Newer]:
    if not node.defnames:
        yield Newer("CREATE STATISTICS without a name", 16)


def _reindex(node: Any) -> Iterator[Newer]:
    if not node.name and not node.HasField("relation"):
        yield Newer("REINDEX of the database without its name", 16)


_OPTIONS = {
    "process_main": 16,
    "skip_database_stats": 16,
    "only_database_stats": 16,
    "buffer_usage_limit": 16,
    "on_error": 17,
    "log_verbosity": 17,
    "reject_limit": 18,
    "security_invoker": 15,
}


def _options(node: Any) -> Iterator[Newer]:
    for each in node.options:
        if each.def_elem.defname in _OPTIONS:
            yield Newer(f"the option {each.def_elem.defname}", _OPTIONS[each.def_elem.defname])


def _sql_json(since: int) -> Callable[[Any], Iterator[Newer]]:
    return lambda _: iter([Newer("this of SQL/JSON", since)])


_LOOK: Mapping[type[Any], Callable[[Any], Iterator[Newer]]] = {
    pb.MergeStmt: _merge,
    pb.IndexStmt: _index,
    pb.Constraint: _constraint,
    pb.ColumnDef: _column,
    pb.CreateStmt: _table,
    pb.AlterTableCmd: _action,
    pb.AlterDomainStmt: _domain,
    pb.PublicationObjSpec: _published,
    pb.CreateStatsStmt: _statistics,
    pb.ReindexStmt: _reindex,
    pb.VacuumStmt: _options,
    pb.CopyStmt: _options,
    pb.ViewStmt: _options,
    pb.JsonIsPredicate: _sql_json(16),
    pb.JsonObjectConstructor: _sql_json(16),
    pb.JsonArrayConstructor: _sql_json(16),
    pb.JsonFuncExpr: _sql_json(17),
    pb.JsonTable: _sql_json(17),
}
