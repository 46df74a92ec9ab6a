"""The way back from ALTER TABLE: each action taken back, the last one first; None where one of them can't be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgops.migrations.applying.undo_questions import may_be_missing, row_of, text
from pgops.sql import statements as s
from pgops.sql.statements import ConstraintKind, Name

if TYPE_CHECKING:
    import psycopg

    from pgops.migrations.effects.facts import ColumnFacts
    from pgops.migrations.effects.known import Known


def undo_alter(meaning: s.AlterTable, known: Known, conn: psycopg.Connection[Any] | None) -> str | None:
    """The ALTER TABLE that takes this one back; None where there is none."""
    if meaning.if_exists and may_be_missing(meaning.table, known):
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
            definition = text(conn, _CONSTRAINT, meaning.table.sql, action.name)
            return f"ADD CONSTRAINT {Name(action.name)} {definition}" if definition else None
        case s.AlterType() | s.SetDefault() | s.SetNotNull() | s.DropNotNull():
            return _undo_column_action(meaning.table, action, known, conn)
        case s.AttachPartition() if meaning.kind == "table":
            return f"DETACH PARTITION {action.partition}"
        case s.OtherAction(action="EnableRowSecurity") if conn is not None:
            was_off = text(conn, _ROW_SECURITY, meaning.table.sql) == "false"
            return "DISABLE ROW LEVEL SECURITY" if was_off else None
        case s.OtherAction(action="DisableRowSecurity") if conn is not None:
            was_on = text(conn, _ROW_SECURITY, meaning.table.sql) == "true"
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
            named = text(conn, _NOT_NULL, table.sql, action.column) if conn is not None else ""
            return (named or f"{alter} SET NOT NULL") if column.not_null else None
        case s.SetDefault() if conn is not None:
            row = row_of(conn, _DEFAULT, table.sql, action.column)
            if row is None:
                return None
            return f"{alter} {f'SET DEFAULT {row[0]}' if row[0] else 'DROP DEFAULT'}"
        case s.AlterType(using=None) if conn is not None:
            return _undo_type(table, action, column, conn)
        case _:
            return None


def _undo_type(table: Name, action: s.AlterType, column: ColumnFacts, conn: psycopg.Connection[Any]) -> str | None:
    """Back to a narrower type may fail on what has been written meanwhile; it is what there is."""
    row = row_of(conn, _OLD_TYPE, str(action.type), table.sql, action.column)
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
