"""What an index would change: hypopg's hypothetical index, planned with and never built.

A hypothetical index lives in the memory of one session, nothing is written and no lock is taken. It is gone when this
call ends, whatever happens in between. A prediction is never a measurement: its sizes and costs are estimates, and
`EXPLAIN ANALYZE` heeds no hypothetical index.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs
import psycopg
from psycopg import sql as composing
from psycopg.rows import tuple_row

from pgops.db.callers_connection import refuse_unfit
from pgops.errors import NotPredictableError
from pgops.query_plan.asking import explain_planned, refuse_timeout, rolled_back
from pgops.query_plan.comparison import PlanComparison, compare_plans
from pgops.query_plan.plan import QueryPlan
from pgops.query_plan.statement import statement_of
from pgops.sql.lexing import bare, lead, pieces

if TYPE_CHECKING:
    from pgops.query_plan.statement import Parameters, Sql
    from pgops.render.document import Document

SCHEMA = "pgops.index_prediction/1"
_INSTALL = "Install the package postgresql-N-hypopg on the server, then: CREATE EXTENSION hypopg"


@attrs.frozen(kw_only=True)
class Prediction:
    """What the planner would do if there were that index: a prediction, never measured."""

    create_index: str
    index_name: str
    """hypopg's name of the hypothetical index, as it stands in the plan after."""
    would_be_used: bool
    size_bytes: int | None
    """The predicted size; None where hypopg can't say."""
    before: QueryPlan
    after: QueryPlan

    @property
    def cost_ratio(self) -> float:
        """The estimated cost with the index, as a part of the cost without."""
        return self.after.root.total_cost / self.before.root.total_cost if self.before.root.total_cost else 1.0

    @property
    def comparison(self) -> PlanComparison:
        return compare_plans(self.before, self.after)

    def to_document(self) -> Document:
        """The prediction for people, through any writer."""
        from pgops.query_plan.prediction_document import document_of  # noqa: PLC0415  words, not data

        return document_of(self)

    def to_text(self, *, width: int = 120) -> str:
        from pgops.render.text import to_text  # noqa: PLC0415

        return to_text(self.to_document(), width=width)

    def to_plain(self) -> dict[str, Any]:
        """JSON types."""
        return {
            "schema": SCHEMA,
            "is_prediction": True,
            "create_index": self.create_index,
            "would_be_used": self.would_be_used,
            "size_bytes": self.size_bytes,
            "cost_ratio": self.cost_ratio,
            "before": self.before.to_plain(),
            "after": self.after.to_plain(),
        }


def predict_index(
    conn: psycopg.Connection[Any],
    sql: Sql,
    create_index: str,
    params: Parameters | None = None,
    *,
    timeout_s: float = 60.0,
) -> Prediction:
    """Whether the planner would use an index that does not exist, and what the statement would cost then.

    `create_index` is one CREATE INDEX. Nothing is run and nothing is changed; works in a read-only session. Needs the
    extension hypopg in the database. Raises `NotPredictableError` where it is missing or can't model the index, with
    its own words, and `ExplainError` as `pgops.explain` does.
    """
    refuse_unfit(conn)
    refuse_timeout(timeout_s)
    statement = statement_of(conn, sql, params)
    asked = _one_index(create_index)
    with rolled_back(conn, read_only=True, timeout_s=timeout_s):
        schema = _home_of_hypopg(conn)
        before = explain_planned(conn, statement, generic=statement.is_open, timeout_s=timeout_s)
        oid, name = _made(conn, schema, asked)
        try:
            after = explain_planned(conn, statement, generic=statement.is_open, timeout_s=timeout_s)
            size = _asked(conn, schema, "hypopg_relation_size", oid)
        finally:
            _removed(conn, schema, oid)
    after = attrs.evolve(after, is_prediction=True)
    return Prediction(
        create_index=asked,
        index_name=name,
        would_be_used=any(node.index == name for node in after.nodes()),
        size_bytes=None if size is None else int(size),
        before=before,
        after=after,
    )


_NOT_ONE = "That is not one CREATE INDEX."
_SUCH = "Hand in one, such as CREATE INDEX ON t (a)."
_BEGINS = re.compile(rb"CREATE\s+(UNIQUE\s+)?INDEX\b", re.IGNORECASE)


def _one_index(text: str) -> str:
    """The text without what is around its one CREATE INDEX. hypopg heeds the first and passes over what follows."""
    if not isinstance(text, str):
        raise NotPredictableError(f"A {type(text).__name__} is no CREATE INDEX.", cure=_SUCH)
    code = text.encode("utf-8", "replace")
    found = list(pieces(code))
    if len(found) != 1:
        raise NotPredictableError(_NOT_ONE, cure=_SUCH)
    ((begin, end),) = found
    piece = code[lead(code, begin, end) : end]
    if not _BEGINS.match(bare(piece)):
        raise NotPredictableError(_NOT_ONE, cure=_SUCH)
    return piece.decode().strip()


def _cursor(conn: psycopg.Connection[Any]) -> psycopg.Cursor[Any]:
    return psycopg.Cursor(conn, row_factory=tuple_row)


def _home_of_hypopg(conn: psycopg.Connection[Any]) -> str:
    """The schema that the extension is in."""
    row = (
        _cursor(conn)
        .execute(
            "SELECT n.nspname FROM pg_catalog.pg_extension AS e"
            "  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace"
            " WHERE e.extname OPERATOR(pg_catalog.=) 'hypopg'"
        )
        .fetchone()
    )
    if row is None:
        raise NotPredictableError("The extension hypopg is not in this database.", cure=_INSTALL)
    return str(row[0])


def _made(conn: psycopg.Connection[Any], schema: str, create_index: str) -> tuple[int, str]:
    """A hypothetical index: its oid and name."""
    query = composing.SQL("SELECT indexrelid::pg_catalog.int8, indexname FROM {}.hypopg_create_index(%s)").format(
        composing.Identifier(schema)
    )
    try:
        with conn.transaction():
            made = _cursor(conn).execute(query, [create_index]).fetchall()
    except psycopg.Error as error:
        if error.sqlstate is None:
            raise
        words = (error.diag.message_primary or str(error)).strip()
        raise NotPredictableError(
            f"hypopg can't model that index ({error.sqlstate}): {words}.",
            cure="Hand in one CREATE INDEX that would work.",
        ) from error
    if len(made) != 1 or made[0][0] is None:  # it warns of what is no CREATE INDEX, and makes several of several
        for oid, _ in made:
            if oid is not None:
                _removed(conn, schema, int(oid))
        raise NotPredictableError(_NOT_ONE, cure=_SUCH)
    return int(made[0][0]), str(made[0][1])


def _asked(conn: psycopg.Connection[Any], schema: str, function: str, oid: int) -> Any:
    query = composing.SQL("SELECT {}.{}(%s::pg_catalog.oid)").format(
        composing.Identifier(schema), composing.Identifier(function)
    )
    try:
        with conn.transaction():
            row = _cursor(conn).execute(query, [oid]).fetchone()
    except psycopg.Error as error:  # a size that hypopg can't estimate is no reason to lose the plan
        if error.sqlstate is None:
            raise
        return None
    return row[0] if row else None


def _removed(conn: psycopg.Connection[Any], schema: str, oid: int) -> None:
    """hypopg keeps its indexes for the session and knows no rollback. With the session they are gone, too."""
    if not conn.closed:
        _asked(conn, schema, "hypopg_drop_index", oid)
