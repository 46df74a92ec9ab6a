"""How to take a statement back, where that can be known beforehand: SQL for the plan, never carried out by itself.

What dropped rows or columns held can't be brought back by SQL; then there is no statement, and the plan says so. It
says so too where the statement may have changed nothing, or more than the catalogue shows: a wrong way back is worse
than none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from pgops.migrations.asking import plain_cursor
from pgops.migrations.effects.known import same
from pgops.sql import statements as s
from pgops.sql.statements import ConstraintKind, Name

if TYPE_CHECKING:
    import psycopg

    from pgops.migrations.effects.facts import ColumnFacts
    from pgops.migrations.effects.known import Known


def undo_of(meaning: s.Meaning, known: Known, conn: psycopg.Connection[Any] | None = None) -> str | None:
    """The statement that takes it back; None where there is none. With `conn` definitions are read from the catalogue.

    It takes back the schema, not the rows: a column that was added and filled is dropped with what is in it.
    """
    if _is_temporary(meaning, known):
        return None
    match meaning:
        case s.AlterTable():
            return _undo_alter(meaning, known, conn)
        case s.Rename() | s.Move():
            return _undo_rename(meaning, known)
        case s.Drop(cascade=False, names=(name,)) if conn is not None:
            return _undo_drop(meaning, name, conn)
        case _:
            return _undo_create(meaning, known, conn)


def _is_temporary(meaning: s.Meaning, known: Known) -> bool:
    """Whether it is about what only the session sees that made it: another one can't take it back."""
    if getattr(meaning, "is_temporary", False):
        return True
    names = [getattr(meaning, each, None) for each in ("table", "view", "sequence", "name")]
    for name in (each for each in names if isinstance(each, Name)):
        if (name.schema or "").startswith("pg_temp"):
            return True
        if any(made.is_temporary and same(made.table, name) for made in known.created):
            return True
    return False


# --- what was made ----------------------------------------------------------------------------------------------------


def _undo_create(meaning: s.Meaning, known: Known, conn: psycopg.Connection[Any] | None) -> str | None:
    match meaning:
        case s.CreateTable(if_not_exists=False):
            return f"DROP {'FOREIGN ' if meaning.is_foreign else ''}TABLE {meaning.table}"
        case s.CreateIndex(if_not_exists=False, name=str() as name):
            index = Name(name, meaning.table.schema)
            if index.schema is None and conn is not None and _relation_is_there(conn, index):
                return None  # the name is another index's, in a schema that is before the table's on the search path
            how = " CONCURRENTLY" if meaning.concurrently else ""
            # ADD CONSTRAINT ... USING INDEX makes it the constraint's, and DROP CONSTRAINT takes it along.
            return f"DROP INDEX{how} {'IF EXISTS ' if meaning.unique else ''}{index}"
        case s.CreateView(replace=False, if_not_exists=False):
            return f"DROP {'MATERIALIZED ' if meaning.materialized else ''}VIEW {meaning.view}"
        case s.CreateView(replace=True) if conn is not None:
            made = any(same(each.view, meaning.view) for each in known.made_views)
            # A view that was there can't lose the columns that it has got: a person has to decide.
            return None if made or _relation_is_there(conn, meaning.view) else f"DROP VIEW {meaning.view}"
        case s.CreateSequence(alters=False, if_not_exists=False):
            return f"DROP SEQUENCE {meaning.sequence}"
        case s.CreateType():
            return f"DROP {'DOMAIN' if meaning.kind == 'domain' else 'TYPE'} {meaning.name}"
        case s.CreateTrigger(replace=False):
            return f"DROP TRIGGER {Name(meaning.name)} ON {meaning.table}"
        case s.CreatePolicy(alters=False):
            return f"DROP POLICY {Name(meaning.name)} ON {meaning.table}"
        case s.CreateRule(replace=False) if meaning.name != "_RETURN":  # that one makes a table a view
            return f"DROP RULE {Name(meaning.name)} ON {meaning.table}"
        case s.CreateStatistics(name=Name() as name, if_not_exists=False):
            return f"DROP STATISTICS {name}"
        case s.CreateOther(if_not_exists=False, replace=False, makes_more=False) if (
            meaning.kind in {"schema", "extension", "publication"} and meaning.name.name
        ):
            return f"DROP {meaning.kind.upper()} {meaning.name}"
        case _:
            return None


# --- what got another name --------------------------------------------------------------------------------------------

_RENAMED_ALONE = {"table", "index", "view", "materialized view", "sequence", "foreign table", "schema"}
_MOVED_BY_NAME = {"table", "view", "materialized view", "sequence", "foreign table", "type", "domain"}
"""What SET SCHEMA finds by its name alone: a function has its argument types as well."""


def _undo_rename(meaning: s.Rename | s.Move, known: Known) -> str | None:
    if meaning.kind not in {"schema", "type", "domain"} and _may_be_missing(meaning.name, known):
        return None
    match meaning:
        case s.Rename(sub=None) if meaning.kind in _RENAMED_ALONE:
            renamed = Name(meaning.new_name, meaning.name.schema)
            return f"ALTER {meaning.kind.upper()} {renamed} RENAME TO {Name(meaning.name.name)}"
        case s.Rename(sub=str() as sub, sub_kind="column" | "constraint"):
            new, old = Name(meaning.new_name), Name(sub)
            return f"ALTER {meaning.kind.upper()} {meaning.name} RENAME {str(meaning.sub_kind).upper()} {new} TO {old}"
        case s.Move(schema=str() as schema) if meaning.kind in _MOVED_BY_NAME and meaning.name.schema is not None:
            moved = Name(meaning.name.name, schema)
            return f"ALTER {meaning.kind.upper()} {moved} SET SCHEMA {Name(meaning.name.schema)}"
        case _:
            return None


def _may_be_missing(relation: Name, known: Known) -> bool:
    """Whether IF EXISTS may have found nothing: then the way back would take another relation for it."""
    is_made = known.is_new(relation) or known.made_index(relation) is not None
    made_there = any(same(each.view, relation) for each in known.made_views)
    return known.is_absent(relation) and not is_made and not made_there


# --- what was dropped -------------------------------------------------------------------------------------------------

# Nothing is offered for what the definition does not tell: a tablespace, CLUSTER ON, a comment, a partition's part.
_INDEX = """
SELECT pg_catalog.pg_get_indexdef(c.oid)
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
 WHERE c.oid = pg_catalog.to_regclass(%s)
   AND c.relkind = 'i'
   AND c.relpersistence <> 't'
   AND c.reltablespace = 0
   AND NOT c.relispartition
   AND i.indisvalid
   AND NOT i.indisclustered
   AND NOT i.indisreplident
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.pg_description AS d
                    WHERE d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      AND d.objoid = c.oid)
"""

# pg_get_viewdef is the query alone: options are put before it; whatever else hangs on a view is not made again.
_VIEW = """
SELECT COALESCE(' WITH (' || pg_catalog.array_to_string(c.reloptions, ', ') || ')', '') || E' AS\\n'
       || pg_catalog.rtrim(pg_catalog.pg_get_viewdef(c.oid, true), ';')
  FROM pg_catalog.pg_class AS c
 WHERE c.oid = pg_catalog.to_regclass(%s)
   AND c.relkind = 'v'
   AND c.relpersistence <> 't'
   AND c.relacl IS NULL
   AND c.relowner = (SELECT r.oid FROM pg_catalog.pg_roles AS r WHERE r.rolname = CURRENT_USER)
   AND NOT c.relhastriggers
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.pg_rewrite AS w
                    WHERE w.ev_class = c.oid
                      AND w.rulename <> '_RETURN')
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.pg_attribute AS a
                    WHERE a.attrelid = c.oid
                      AND (a.attacl IS NOT NULL OR a.atthasdef))
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.pg_description AS d
                    WHERE d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      AND d.objoid = c.oid)
"""

# pg_get_triggerdef does not say whether it fires: one that is disabled would come back enabled.
_TRIGGER = """
SELECT pg_catalog.pg_get_triggerdef(t.oid)
  FROM pg_catalog.pg_trigger AS t
 WHERE t.tgname = %s
   AND t.tgrelid = pg_catalog.to_regclass(%s)
   AND t.tgenabled = 'O'
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.pg_trigger AS p
                    WHERE p.tgparentid = t.oid
                      AND p.tgenabled <> 'O')
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.pg_description AS d
                    WHERE d.classoid = 'pg_catalog.pg_trigger'::pg_catalog.regclass
                      AND d.objoid = t.oid)
"""


def _undo_drop(meaning: s.Drop, name: Name, conn: psycopg.Connection[Any]) -> str | None:
    match meaning:
        case s.Drop(kind="index"):
            how = " INDEX CONCURRENTLY " if meaning.concurrently else " INDEX "
            return _text(conn, _INDEX, name.sql).replace(" INDEX ", how, 1) or None
        case s.Drop(kind="view"):
            rest = _text(conn, _VIEW, name.sql)
            return f"CREATE VIEW {name}{rest}" if rest else None
        case s.Drop(kind="trigger", tables=(table,)):
            return _text(conn, _TRIGGER, name.name, table.sql) or None
        case _:
            return None


# --- ALTER TABLE ------------------------------------------------------------------------------------------------------


def _undo_alter(meaning: s.AlterTable, known: Known, conn: psycopg.Connection[Any] | None) -> str | None:
    if meaning.if_exists and _may_be_missing(meaning.table, known):
        return None
    table = known.table(meaning.table)
    if meaning.only and (table is None or table.children):
        return None  # the way back would reach the children
    undone = [_undo_action(meaning, action, known, conn) for action in reversed(meaning.actions)]
    if any(each is None for each in undone):
        return None
    parts = ", ".join(each for each in undone if each)
    return f"ALTER {meaning.kind.upper()} {meaning.table} {parts}" if parts else None


def _undo_action(
    meaning: s.AlterTable, action: s.Action, known: Known, conn: psycopg.Connection[Any] | None
) -> str | None:
    match action:
        case s.AddColumn(if_not_exists=False) if not _is_about_others(action.column):
            return f"DROP COLUMN {Name(action.column.name)}"
        case s.AddConstraint():
            return _undo_add_constraint(meaning.table, action.constraint, known)
        case s.DropConstraint(cascade=False) if conn is not None:
            definition = _text(conn, _CONSTRAINT, meaning.table.sql, action.name)
            return f"ADD CONSTRAINT {Name(action.name)} {definition}" if definition else None
        case s.AlterType() | s.SetDefault() | s.SetNotNull() | s.DropNotNull():
            return _undo_column_action(meaning.table, action, known, conn)
        case s.AttachPartition() if meaning.kind == "table":
            return f"DETACH PARTITION {action.partition}"
        case s.OtherAction(action="EnableRowSecurity") if conn is not None:
            was_off = _text(conn, _ROW_SECURITY, meaning.table.sql) == "false"
            return "DISABLE ROW LEVEL SECURITY" if was_off else None
        case s.OtherAction(action="DisableRowSecurity") if conn is not None:
            was_on = _text(conn, _ROW_SECURITY, meaning.table.sql) == "true"
            return "ENABLE ROW LEVEL SECURITY" if was_on else None
        case s.ValidateConstraint():
            return ""  # a valid constraint is none the worse for it
        case _:
            return None


def _is_about_others(column: s.Column) -> bool:
    """Whether a CHECK beside the column is not about it, and so would stay when it is dropped."""
    checks = [each.expression.columns for each in column.constraints if each.expression is not None]
    return any(column.name not in columns for columns in checks)


_ROW_SECURITY = """
SELECT c.relrowsecurity::text
  FROM pg_catalog.pg_class AS c
 WHERE c.oid = pg_catalog.to_regclass(%s)
"""

_CONSTRAINT = """
SELECT pg_catalog.pg_get_constraintdef(c.oid)
  FROM pg_catalog.pg_constraint AS c
 WHERE c.conrelid = pg_catalog.to_regclass(%s)
   AND c.conname = %s
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.pg_class AS x
                     JOIN pg_catalog.pg_index AS i ON i.indexrelid = x.oid
                    WHERE x.oid = c.conindid
                      AND c.contype IN ('p', 'u', 'x')
                      AND (x.reltablespace <> 0 OR x.reloptions IS NOT NULL OR i.indisclustered OR i.indisreplident))
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.pg_trigger AS t
                    WHERE t.tgconstraint = c.oid
                      AND t.tgenabled <> 'O')
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.pg_description AS d
                    WHERE d.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
                      AND d.objoid = c.oid)
"""


def _undo_add_constraint(table: Name, constraint: s.Constraint, known: Known) -> str | None:
    if constraint.name is None:
        return None
    drop = f"DROP CONSTRAINT {Name(constraint.name)}"
    if constraint.using_index is not None and known.made_index(Name(constraint.using_index, table.schema)) is None:
        return None  # the index was there before, and would be dropped with the constraint
    if constraint.kind is ConstraintKind.NOT_NULL:
        return drop if all(_was_nullable(table, each, known) for each in constraint.columns) else None
    if constraint.kind is not ConstraintKind.PRIMARY_KEY or known.is_new(table):
        return drop
    # A primary key makes its columns NOT NULL, and leaves them so when it is dropped.
    columns = constraint.columns
    if constraint.using_index is not None:
        index = Name(constraint.using_index, table.schema)
        made = known.made_index(index)
        columns = tuple(each for each in (made.columns if made is not None else ()) if each is not None)
    facts = [known.column(table, each) for each in columns]
    if not columns or any(each is None for each in facts):
        return None
    freed = [f"ALTER COLUMN {Name(each.name)} DROP NOT NULL" for each in facts if each and not each.not_null]
    return ", ".join([drop, *freed])


def _was_nullable(table: Name, column: str, known: Known) -> bool:
    found = known.column(table, column)
    return found is not None and not found.not_null


# --- ALTER COLUMN -----------------------------------------------------------------------------------------------------

_DEFAULT = """
SELECT COALESCE(pg_catalog.pg_get_expr(d.adbin, d.adrelid), '')
  FROM pg_catalog.pg_attribute AS a
  LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE a.attrelid = pg_catalog.to_regclass(%s)
   AND a.attname = %s
   AND a.attgenerated = ''
   AND a.attidentity = ''
"""

# The NOT NULL of a column is a constraint with a name since 18.
_NOT_NULL = """
SELECT 'ADD CONSTRAINT ' || pg_catalog.quote_ident(c.conname) || ' ' || pg_catalog.pg_get_constraintdef(c.oid)
  FROM pg_catalog.pg_constraint AS c
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
 WHERE c.conrelid = pg_catalog.to_regclass(%s)
   AND a.attname = %s
   AND c.contype = 'n'
"""

# Back to the old type: its name without a modifier, and whether USING has to say it. Where a value is assigned, a text
# that is too long is an error; a cast would cut it off. So USING stands only where there is no cast in assignment,
# and leaves the modifier to it.
_OLD_TYPE = """
SELECT pg_catalog.format_type(o.oid, NULL),
       NOT (o.oid = n.oid
            OR o.typcategory = 'S' AND o.typtype = 'b'
            OR EXISTS (SELECT
                         FROM pg_catalog.pg_cast AS k
                        WHERE k.castsource = n.oid
                          AND k.casttarget = o.oid
                          AND k.castcontext IN ('a', 'i'))),
       CASE WHEN a.attcollation <> o.typcollation
            THEN (SELECT pg_catalog.quote_ident(s.nspname) || '.' || pg_catalog.quote_ident(l.collname)
                    FROM pg_catalog.pg_collation AS l
                    JOIN pg_catalog.pg_namespace AS s ON s.oid = l.collnamespace
                   WHERE l.oid = a.attcollation) END,
       CASE WHEN a.atthasdef THEN (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid)
                                     FROM pg_catalog.pg_attrdef AS d
                                    WHERE d.adrelid = a.attrelid
                                      AND d.adnum = a.attnum) END
  FROM pg_catalog.pg_attribute AS a
  JOIN pg_catalog.pg_type AS o ON o.oid = a.atttypid
  JOIN pg_catalog.pg_type AS n ON n.oid = pg_catalog.to_regtype(%s)
 WHERE a.attrelid = pg_catalog.to_regclass(%s)
   AND a.attname = %s
   AND a.attgenerated = ''
   -- The change sets them to those of the new type.
   AND a.attstorage = o.typstorage
   AND a.attcompression = ''
   AND (o.typtype <> 'd' OR o.oid = n.oid)
   AND n.typtype <> 'd'
"""


def _undo_column_action(
    table: Name,
    action: s.AlterType | s.SetDefault | s.SetNotNull | s.DropNotNull,
    known: Known,
    conn: psycopg.Connection[Any] | None,
) -> str | None:
    found, column = known.table(table), known.column(table, action.column)
    if found is None or column is None or found.children:
        return None  # children may have had another default, or have been NOT NULL by themselves
    alter = f"ALTER COLUMN {Name(action.column)}"
    match action:
        case s.SetNotNull():
            in_key = any(
                each.kind is ConstraintKind.PRIMARY_KEY and action.column in each.columns
                for each in known.added_to(table)
            )
            return None if column.not_null or in_key else f"{alter} DROP NOT NULL"
        case s.DropNotNull():
            named = _text(conn, _NOT_NULL, table.sql, action.column) if conn is not None else ""
            return (named or f"{alter} SET NOT NULL") if column.not_null else None
        case s.SetDefault() if conn is not None:
            row = _row(conn, _DEFAULT, table.sql, action.column)
            if row is None:
                return None
            return f"{alter} {f'SET DEFAULT {row[0]}' if row[0] else 'DROP DEFAULT'}"
        case s.AlterType(using=None) if conn is not None:
            return _undo_type(table, action, column, conn)
        case _:
            return None


def _undo_type(table: Name, action: s.AlterType, column: ColumnFacts, conn: psycopg.Connection[Any]) -> str | None:
    """Back to a narrower type may fail on what has been written meanwhile; it is what there is."""
    row = _row(conn, _OLD_TYPE, str(action.type), table.sql, action.column)
    if row is None:
        return None
    plain, needs_using, collation, default = row
    alter = f"ALTER COLUMN {Name(action.column)}"
    how = f"{alter} TYPE {column.type}"
    if collation is not None:
        how += f" COLLATE {collation}"
    if needs_using:
        if column.base_type in {"bit", "bpchar"}:
            return None  # without a modifier these are one bit, one character
        how += f" USING {Name(action.column)}::{plain}"
    # A default has been cast with the rest, and can't be cast back in each case.
    return how if default is None else f"{alter} DROP DEFAULT, {how}, {alter} SET DEFAULT {default}"


# --- questions --------------------------------------------------------------------------------------------------------


def _relation_is_there(conn: psycopg.Connection[Any], name: Name) -> bool:
    return _text(conn, "SELECT (pg_catalog.to_regclass(%s) IS NOT NULL)::text", name.sql) == "true"


def _text(conn: psycopg.Connection[Any], query: LiteralString, *parameters: str) -> str:
    row = _row(conn, query, *parameters)
    return str(row[0]) if row is not None and row[0] is not None else ""


def _row(conn: psycopg.Connection[Any], query: LiteralString, *parameters: str) -> tuple[Any, ...] | None:
    with plain_cursor(conn) as cursor:
        return cursor.execute(query, parameters).fetchone()
