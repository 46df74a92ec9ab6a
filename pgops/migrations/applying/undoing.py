"""How to take a statement back, where that can be known beforehand: SQL for the plan, never carried out by itself.

What dropped rows or columns held can't be brought back by SQL; then there is no statement, and the plan says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgops.migrations.sql import statements as s
from pgops.migrations.sql.statements import Name

if TYPE_CHECKING:
    import psycopg

    from pgops.migrations.effects.known import Known


def undo_of(meaning: s.Meaning, known: Known, conn: psycopg.Connection[Any] | None = None) -> str | None:
    """The statement that takes it back; None where there is none. With `conn` definitions are read from the catalogue.

    It takes back the schema, not the rows: a column that was added and filled is dropped with what is in it.
    """
    match meaning:
        case s.CreateTable(if_not_exists=False):
            return f"DROP TABLE {meaning.table}"
        case s.CreateIndex(if_not_exists=False, name=str() as name):
            how = " CONCURRENTLY" if meaning.concurrently else ""
            return f"DROP INDEX{how} {Name(name, meaning.table.schema)}"
        case s.AlterTable():
            undone = [_undo_action(meaning, action, known, conn) for action in reversed(meaning.actions)]
            if any(each is None for each in undone):
                return None
            parts = ", ".join(each for each in undone if each)
            return f"ALTER {meaning.kind.upper()} {meaning.table} {parts}" if parts else None
        case s.Rename(sub=None) if meaning.kind in _RENAMED_ALONE:
            renamed = Name(meaning.new_name, meaning.name.schema)
            return f"ALTER {meaning.kind.upper()} {renamed} RENAME TO {Name(meaning.name.name)}"
        case s.Rename(sub=str() as sub, sub_kind="column" | "constraint"):
            new, old = Name(meaning.new_name), Name(sub)
            return f"ALTER {meaning.kind.upper()} {meaning.name} RENAME {str(meaning.sub_kind).upper()} {new} TO {old}"
        case s.Move(schema=str() as schema) if meaning.name.schema is not None:
            moved = Name(meaning.name.name, schema)
            return f"ALTER {meaning.kind.upper()} {moved} SET SCHEMA {Name(meaning.name.schema)}"
        case s.CreateView(replace=False, if_not_exists=False):
            return f"DROP {'MATERIALIZED ' if meaning.materialized else ''}VIEW {meaning.view}"
        case s.CreateView(replace=True) if conn is not None:
            body = _text(conn, "SELECT pg_catalog.pg_get_viewdef(pg_catalog.to_regclass(%s), true)", meaning.view.sql)
            return f"CREATE OR REPLACE VIEW {meaning.view} AS\n{body}" if body else f"DROP VIEW {meaning.view}"
        case s.CreateSequence(alters=False, if_not_exists=False):
            return f"DROP SEQUENCE {meaning.sequence}"
        case s.CreateType():
            return f"DROP {'DOMAIN' if meaning.kind == 'domain' else 'TYPE'} {meaning.name}"
        case s.CreateTrigger(replace=False):
            return f"DROP TRIGGER {Name(meaning.name)} ON {meaning.table}"
        case s.CreatePolicy(alters=False):
            return f"DROP POLICY {Name(meaning.name)} ON {meaning.table}"
        case s.CreateRule():
            return f"DROP RULE {Name(meaning.name)} ON {meaning.table}"
        case s.CreateStatistics(name=Name() as name):
            return f"DROP STATISTICS {name}"
        case s.CreateOther(if_not_exists=False, replace=False) if meaning.kind in {
            "schema",
            "extension",
            "publication",
        }:
            return f"DROP {meaning.kind.upper()} {meaning.name}"
        case s.Drop(kind="index", names=(index,)) if conn is not None:
            definition = _text(conn, "SELECT pg_catalog.pg_get_indexdef(pg_catalog.to_regclass(%s))", index.sql)
            how = " INDEX CONCURRENTLY " if meaning.concurrently else " INDEX "
            return definition.replace(" INDEX ", how, 1) if definition else None
        case s.Drop(kind="view", names=(view,)) if conn is not None:
            body = _text(conn, "SELECT pg_catalog.pg_get_viewdef(pg_catalog.to_regclass(%s), true)", view.sql)
            return f"CREATE VIEW {view} AS\n{body}" if body else None
        case s.Drop(kind="trigger", names=(trigger,), tables=(table,)) if conn is not None:
            return _text(
                conn,
                "SELECT pg_catalog.pg_get_triggerdef(oid) FROM pg_catalog.pg_trigger"
                " WHERE tgname = %s AND tgrelid = pg_catalog.to_regclass(%s)",
                trigger.name,
                table.sql,
            )
        case _:
            return None


_RENAMED_ALONE = {"table", "index", "view", "materialized view", "sequence", "foreign table", "schema"}


def _undo_action(
    meaning: s.AlterTable, action: s.Action, known: Known, conn: psycopg.Connection[Any] | None
) -> str | None:
    table = meaning.table
    match action:
        case s.AddColumn(if_not_exists=False):
            return f"DROP COLUMN {Name(action.column.name)}"
        case s.AddConstraint(constraint=s.Constraint(name=str() as name)):
            return f"DROP CONSTRAINT {Name(name)}"
        case s.SetNotNull():
            column = known.column(table, action.column)
            return f"ALTER COLUMN {Name(action.column)} DROP NOT NULL" if column and not column.not_null else None
        case s.DropNotNull():
            return f"ALTER COLUMN {Name(action.column)} SET NOT NULL"
        case s.AlterType(using=None):
            column = known.column(table, action.column)
            # Back to a narrower type may fail on what has been written meanwhile; it is what there is.
            return f"ALTER COLUMN {Name(action.column)} TYPE {column.type}" if column else None
        case s.SetDefault() if conn is not None:
            old = _text(
                conn,
                "SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid) FROM pg_catalog.pg_attrdef AS d"
                " JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum"
                " WHERE d.adrelid = pg_catalog.to_regclass(%s) AND a.attname = %s",
                table.sql,
                action.column,
            )
            change = f"SET DEFAULT {old}" if old else "DROP DEFAULT"
            return f"ALTER COLUMN {Name(action.column)} {change}"
        case s.DropConstraint() if conn is not None:
            definition = _text(
                conn,
                "SELECT pg_catalog.pg_get_constraintdef(oid) FROM pg_catalog.pg_constraint"
                " WHERE conrelid = pg_catalog.to_regclass(%s) AND conname = %s",
                table.sql,
                action.name,
            )
            return f"ADD CONSTRAINT {Name(action.name)} {definition}" if definition else None
        case s.AttachPartition() if meaning.kind == "table":
            return f"DETACH PARTITION {action.partition}"
        case s.OtherAction(action="EnableRowSecurity"):
            return "DISABLE ROW LEVEL SECURITY"
        case s.OtherAction(action="DisableRowSecurity"):
            return "ENABLE ROW LEVEL SECURITY"
        case s.ValidateConstraint():
            return ""  # a valid constraint is none the worse for it
        case _:
            return None


def _text(conn: psycopg.Connection[Any], query: str, *parameters: str) -> str:
    from psycopg.rows import tuple_row  # noqa: PLC0415

    with conn.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(query.encode(), parameters).fetchone()
    return str(row[0]) if row is not None and row[0] is not None else ""
