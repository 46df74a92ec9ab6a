"""The parser's tree into `statements`: one function per node, the only place that knows libpg_query's messages.

The tree is PostgreSQL's own (src/include/nodes/parsenodes.h), so the manual's words fit; enum fields are compared by
name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgops.sql import statements as s
from pgops.sql.blocks import statements_inside
from pgops.sql.expressions import dotted, name_of, names_in, read_in
from pgops.sql.libpg_query import pb
from pgops.sql.objects import ON_TABLES, is_on, kind_of, object_name, part_of
from pgops.sql.row_translation import CHANGE, copy, explain, select, set_variable, transaction
from pgops.sql.statements import Name
from pgops.sql.tables import CONSTRAINT_KINDS, alter_table, constraint_of, create_table, create_table_as

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def meaning_of(node: Any) -> s.Meaning:
    """What the statement under a RawStmt's `stmt` says."""
    which = node.WhichOneof("node")
    translate = _TRANSLATE.get(which)
    if translate is None:
        return s.Other(what=which.removesuffix("_stmt").replace("_", " ") if which else "nothing")
    return translate(getattr(node, which))


# --- objects in general ---------------------------------------------------------------------------------------------


def _drop(node: Any) -> s.Meaning:
    kind = kind_of(node.remove_type)
    cascade = node.behavior == pb.DROP_CASCADE
    if node.remove_type in ON_TABLES:
        parts = [part_of(each) for each in node.objects]
        names = tuple(Name(part) for _, part in parts)
        tables = tuple(table for table, _ in parts)
    else:
        names, tables = tuple(object_name(each) for each in node.objects), ()
    return s.Drop(
        kind=kind,
        names=names,
        tables=tables,
        concurrently=node.concurrent,
        cascade=cascade,
        if_exists=node.missing_ok,
    )


def _rename(node: Any) -> s.Meaning:
    if node.HasField("relation"):
        name = name_of(node.relation)
        has_part = bool(node.subname)
        kind = kind_of(node.relation_type) if has_part and node.relation_type else kind_of(node.rename_type)
        if node.rename_type in ON_TABLES | {pb.OBJECT_TABCONSTRAINT}:
            kind = "table"
        sub_kind = kind_of(node.rename_type) if has_part else None
        return s.Rename(
            kind=kind,
            name=name,
            new_name=node.newname,
            sub=node.subname or None,
            sub_kind=sub_kind,
            if_exists=node.missing_ok,
        )
    # A schema, role or database has its name in `subname`.
    name = object_name(node.object) if node.HasField("object") else Name(node.subname)
    return s.Rename(kind=kind_of(node.rename_type), name=name, new_name=node.newname, if_exists=node.missing_ok)


def _set_schema(node: Any) -> s.Meaning:
    name = name_of(node.relation) if node.HasField("relation") else object_name(node.object)
    return s.Move(kind=kind_of(node.object_type), name=name, schema=node.newschema, if_exists=node.missing_ok)


def _set_owner(node: Any) -> s.Meaning:
    name = name_of(node.relation) if node.HasField("relation") else object_name(node.object)
    return s.Move(kind=kind_of(node.object_type), name=name, owner=node.newowner.rolename or "current_user")


def _comment(node: Any) -> s.Meaning:
    kind = kind_of(node.objtype)
    if node.objtype in ON_TABLES | {pb.OBJECT_COLUMN, pb.OBJECT_TABCONSTRAINT}:
        table, sub = part_of(node.object)
        return s.Comment(kind=kind, name=table, sub=sub)
    return s.Comment(kind=kind, name=object_name(node.object))


def _grant(node: Any) -> s.Meaning:
    names = tuple(object_name(each) for each in node.objects) if node.targtype == pb.ACL_TARGET_OBJECT else ()
    return s.Grant(revoke=not node.is_grant, kind=kind_of(node.objtype), names=names)


# --- indexes, views, and what stands on a table -----------------------------------------------------------------------


def _create_index(node: Any) -> s.Meaning:
    return s.CreateIndex(
        table=name_of(node.relation),
        name=node.idxname or None,
        unique=node.unique,
        concurrently=node.concurrent,
        if_not_exists=node.if_not_exists,
        only=not node.relation.inh,
        method=node.access_method or "btree",
        columns=tuple(each.index_elem.name or None for each in node.index_params),
        is_partial=node.HasField("where_clause"),
        is_plain=_is_plain(node),
    )


def _is_plain(node: Any) -> bool:
    keys = [each.index_elem for each in node.index_params]
    more = node.index_including_params or node.HasField("where_clause") or node.nulls_not_distinct
    return not more and all(
        each.name
        and not (each.collation or each.opclass or each.opclassopts)
        and each.ordering == pb.SORTBY_DEFAULT
        and each.nulls_ordering == pb.SORTBY_NULLS_DEFAULT
        for each in keys
    )


def _reindex(node: Any) -> s.Meaning:
    concurrently = any(each.def_elem.defname == "concurrently" and is_on(each.def_elem) for each in node.params)
    kind = pb.ReindexObjectType.Name(node.kind).removeprefix("REINDEX_OBJECT_").lower()
    name = name_of(node.relation) if node.HasField("relation") else (Name(node.name) if node.name else None)
    return s.Reindex(kind=kind, name=name, concurrently=concurrently)


def _vacuum(node: Any) -> s.Meaning:
    return s.Vacuum(
        tables=tuple(name_of(each.vacuum_relation.relation) for each in node.rels),
        full=any(each.def_elem.defname == "full" and is_on(each.def_elem) for each in node.options),
        analyze_only=not node.is_vacuumcmd,
    )


def _trigger(node: Any) -> s.Meaning:
    references = name_of(node.constrrel) if node.HasField("constrrel") else None
    return s.CreateTrigger(
        name=node.trigname,
        table=name_of(node.relation),
        replace=node.replace,
        references=references,
        for_each_row=node.row,
    )


def _function(node: Any) -> s.Meaning:
    language, definer, path = None, False, False
    for each in node.options:
        option = each.def_elem
        match option.defname:
            case "language":
                language = option.arg.string.sval.lower()
            case "security":
                definer = is_on(option)
            case "set":
                path = path or option.arg.variable_set_stmt.name == "search_path"
    return s.CreateFunction(
        name=dotted(node.funcname),
        replace=node.replace,
        is_procedure=node.is_procedure,
        language=language or ("sql" if node.HasField("sql_body") else None),
        security_definer=definer,
        sets_search_path=path,
        has_sql_body=node.HasField("sql_body"),
        arguments=len(node.parameters),
    )


def _view(node: Any) -> s.Meaning:
    return s.CreateView(
        view=name_of(node.view),
        replace=node.replace,
        is_temporary=node.view.relpersistence == "t",
        reads=read_in(node.query).relations,
    )


def _alter_enum(node: Any) -> s.Meaning:
    if node.old_val:
        return s.Other(what="rename enum value")
    return s.AddEnumValue(type=dotted(node.type_name), value=node.new_val, if_not_exists=node.skip_if_new_val_exists)


_DOMAIN_ACTIONS = {
    "C": "add constraint",
    "X": "drop constraint",
    "V": "validate",
    "O": "set not null",
    "N": "drop not null",
    "T": "set default",
}


def _alter_domain(node: Any) -> s.Meaning:
    definition = getattr(node, "def")
    constraint = constraint_of(definition.constraint) if definition.WhichOneof("node") == "constraint" else None
    return s.AlterDomain(
        domain=dotted(node.type_name),
        action=_DOMAIN_ACTIONS.get(node.subtype, str(node.subtype)),
        constraint=constraint,
        name=node.name or None,
    )


def _create_domain(node: Any) -> s.Meaning:
    constraints = tuple(
        constraint_of(each.constraint) for each in node.constraints if each.constraint.contype in CONSTRAINT_KINDS
    )
    return s.CreateType(kind="domain", name=dotted(node.domainname), constraints=constraints)


def _create_enum(node: Any) -> s.Meaning:
    return s.CreateType(kind="enum", name=dotted(node.type_name), values=names_in(node.vals))


def _statistics(node: Any) -> s.Meaning:
    table = next((name_of(each.range_var) for each in node.relations if each.HasField("range_var")), None)
    name = dotted(node.defnames) if node.defnames else None
    return s.CreateStatistics(name=name, table=table, if_not_exists=node.if_not_exists)


def _subscription(node: Any) -> s.Meaning:
    off = {
        each.def_elem.defname
        for each in node.options
        if each.def_elem.defname in {"create_slot", "connect"} and not is_on(each.def_elem)
    }
    return s.CreateSubscription(name=node.subname, creates_slot=not off)


def _published(node: Any) -> tuple[Name, ...]:
    return tuple(
        name_of(each.publication_obj_spec.pubtable.relation)
        for each in node.pubobjects
        if each.publication_obj_spec.HasField("pubtable")
    )


# --- rows and sessions -----------------------------------------------------------------------------------------------


def _do(node: Any) -> s.Meaning:
    given = {each.def_elem.defname: each.def_elem.arg.string.sval for each in node.args}
    language, body = given.get("language", "plpgsql").lower(), given.get("as", "")
    return s.Do(language=language, body=body, inside=statements_inside(language, body, meaning_of))


def _relations(nodes: Sequence[Any]) -> tuple[Name, ...]:
    return tuple(name_of(each.range_var) for each in nodes)


def _only(nodes: Sequence[Any]) -> tuple[Name, ...]:
    return tuple(name_of(each.range_var) for each in nodes if not each.range_var.inh)


def _nothing_but(kind: str, name: str) -> Callable[[Any], s.Meaning]:
    """CREATE of a thing whose name is a plain text in the field `name`."""

    def create(node: Any) -> s.Meaning:
        return s.CreateOther(
            kind=kind, name=Name(getattr(node, name)), if_not_exists=getattr(node, "if_not_exists", False)
        )

    return create


def _no_transaction(what: str, name: str | None = None) -> Callable[[Any], s.Meaning]:
    """`name` is the field that the name is in."""
    return lambda node: s.NoTransaction(what=what, name=getattr(node, name) if name is not None else None)


_TRANSLATE: Mapping[str, Callable[[Any], s.Meaning]] = {
    "create_stmt": create_table,
    "create_foreign_table_stmt": lambda node: create_table(node.base_stmt, is_foreign=True),
    "create_table_as_stmt": create_table_as,
    "alter_table_stmt": alter_table,
    "index_stmt": _create_index,
    "drop_stmt": _drop,
    "rename_stmt": _rename,
    "alter_object_schema_stmt": _set_schema,
    "alter_owner_stmt": _set_owner,
    "comment_stmt": _comment,
    "grant_stmt": _grant,
    "reindex_stmt": _reindex,
    "cluster_stmt": lambda node: s.Cluster(table=name_of(node.relation) if node.HasField("relation") else None),
    "vacuum_stmt": _vacuum,
    "truncate_stmt": lambda node: s.Truncate(
        tables=_relations(node.relations), cascade=node.behavior == pb.DROP_CASCADE, only=_only(node.relations)
    ),
    "refresh_mat_view_stmt": lambda node: s.RefreshView(
        view=name_of(node.relation), concurrently=node.concurrent, with_no_data=node.skip_data
    ),
    "alter_enum_stmt": _alter_enum,
    "alter_domain_stmt": _alter_domain,
    "create_domain_stmt": _create_domain,
    "create_enum_stmt": _create_enum,
    "create_range_stmt": lambda node: s.CreateType(kind="range", name=dotted(node.type_name)),
    "composite_type_stmt": lambda node: s.CreateType(kind="composite", name=name_of(node.typevar)),
    "create_trig_stmt": _trigger,
    "create_policy_stmt": lambda node: s.CreatePolicy(name=node.policy_name, table=name_of(node.table)),
    "alter_policy_stmt": lambda node: s.CreatePolicy(name=node.policy_name, table=name_of(node.table), alters=True),
    "rule_stmt": lambda node: s.CreateRule(name=node.rulename, table=name_of(node.relation), replace=node.replace),
    "view_stmt": _view,
    "create_function_stmt": _function,
    "create_seq_stmt": lambda node: s.CreateSequence(
        sequence=name_of(node.sequence),
        if_not_exists=node.if_not_exists,
        is_temporary=node.sequence.relpersistence == "t",
    ),
    "alter_seq_stmt": lambda node: s.CreateSequence(sequence=name_of(node.sequence), alters=True),
    "create_stats_stmt": _statistics,
    "create_subscription_stmt": _subscription,
    "create_publication_stmt": lambda node: s.CreateOther(
        kind="publication", name=Name(node.pubname), relations=_published(node)
    ),
    "alter_publication_stmt": lambda node: s.AlterPublication(name=node.pubname, relations=_published(node)),
    "create_schema_stmt": lambda node: s.CreateOther(
        kind="schema",
        name=Name(node.schemaname),
        if_not_exists=node.if_not_exists,
        makes_more=bool(node.schema_elts),
    ),
    "create_extension_stmt": lambda node: s.CreateOther(
        kind="extension",
        name=Name(node.extname),
        if_not_exists=node.if_not_exists,
        makes_more=any(each.def_elem.defname == "cascade" for each in node.options),
    ),
    "create_role_stmt": _nothing_but("role", "role"),
    "create_event_trig_stmt": _nothing_but("event trigger", "trigname"),
    "create_foreign_server_stmt": _nothing_but("server", "servername"),
    "create_fdw_stmt": _nothing_but("foreign data wrapper", "fdwname"),
    "lock_stmt": lambda node: s.Lock(
        tables=_relations(node.relations), mode=node.mode, nowait=node.nowait, only=_only(node.relations)
    ),
    "insert_stmt": CHANGE[pb.InsertStmt],
    "update_stmt": CHANGE[pb.UpdateStmt],
    "delete_stmt": CHANGE[pb.DeleteStmt],
    "merge_stmt": CHANGE[pb.MergeStmt],
    "select_stmt": select,
    "explain_stmt": explain,
    "variable_show_stmt": lambda _: s.Select(),
    "copy_stmt": copy,
    "do_stmt": _do,
    "call_stmt": lambda node: s.Call(procedure=dotted(node.funccall.funcname)),
    "transaction_stmt": transaction,
    "variable_set_stmt": set_variable,
    "createdb_stmt": _no_transaction("CREATE DATABASE", "dbname"),
    "dropdb_stmt": _no_transaction("DROP DATABASE", "dbname"),
    "alter_system_stmt": _no_transaction("ALTER SYSTEM"),
    "create_table_space_stmt": _no_transaction("CREATE TABLESPACE", "tablespacename"),
    "drop_table_space_stmt": _no_transaction("DROP TABLESPACE", "tablespacename"),
    "drop_subscription_stmt": _no_transaction("DROP SUBSCRIPTION", "subname"),
}
