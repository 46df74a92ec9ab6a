"""What may run though no statement names it, of the users' making."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pgops.query_plan.safety import judge

if TYPE_CHECKING:
    from pgops.scratch import ScratchDatabase

pytestmark = pytest.mark.outer_versions


def test_what_nothing_in_the_text_names(database: ScratchDatabase) -> None:
    """Implicit casts, operator classes, input and output: whatever the statement, they may be called."""
    cases = {
        "CREATE CAST (coin AS text) WITH FUNCTION told(coin) AS IMPLICIT": "public.told(coin)",
        "CREATE CAST (coin AS json) WITH FUNCTION as_json(coin)": "public.as_json(coin)",
        "CREATE OPERATOR CLASS coins FOR TYPE coin USING btree AS FUNCTION 1 compared(coin, coin)":
            "public.compared(coin, coin)",
        "CREATE OPERATOR CLASS coins FOR TYPE coin USING hash AS OPERATOR 1 ===": "public.same(coin, coin)",
    }  # fmt: skip
    with database.connect(autocommit=True) as conn:
        conn.execute(
            """
            CREATE TYPE coin AS (x int);
            CREATE FUNCTION told(coin) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
            CREATE FUNCTION as_json(coin) RETURNS json LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
            CREATE FUNCTION compared(coin, coin) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 0; END';
            CREATE FUNCTION same(coin, coin) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
            CREATE OPERATOR === (leftarg = coin, rightarg = coin, function = same);
            """
        )
        assert judge(conn, "SELECT 1").is_safe
        for statement, function in cases.items():
            with conn.transaction(force_rollback=True):
                conn.execute(statement.encode())
                assert judge(conn, "SELECT 1").volatile == (function,), statement
        with conn.transaction(force_rollback=True):
            conn.execute("CREATE LANGUAGE other HANDLER plpgsql_call_handler")
            conn.execute("CREATE FUNCTION unseen(coin) RETURNS text LANGUAGE other IMMUTABLE AS 'BEGIN RETURN 1; END'")
            conn.execute("CREATE CAST (coin AS text) WITH FUNCTION unseen(coin) AS IMPLICIT")
            (unresolved,) = judge(conn, "SELECT 1").unresolved
            assert unresolved.startswith("public.unseen(coin) is in other, which is not looked through")


def test_keywords_of_a_body_stand_for_operators(any_database: ScratchDatabase) -> None:
    bodies = {
        "=": ("$1 IN ($1)", "(NULLIF($1, $1)).x = 1", "CASE $1 WHEN $1 THEN true END", "$1 IS NOT DISTINCT FROM $1"),
        "~~": ("$1 LIKE $1",),
        "!~~*": ("$1 NOT ILIKE $1",),
        ">= <=": ("$1 BETWEEN $1 AND $1",),
    }
    with any_database.connect(autocommit=True) as conn:
        conn.execute("CREATE TYPE mark AS (x int)")
        conn.execute("CREATE FUNCTION same(mark, mark) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN true; END'")
        for operator, expressions in bodies.items():
            for expression in expressions:
                with conn.transaction(force_rollback=True):
                    for each in operator.split():
                        same = "(leftarg = mark, rightarg = mark, function = same)"
                        conn.execute(f"CREATE OPERATOR {each} {same}".encode())
                    body = f"$$ BEGIN RETURN {expression}; END $$"
                    conn.execute(
                        f"CREATE FUNCTION calm(mark) RETURNS boolean STABLE LANGUAGE plpgsql AS {body}".encode()
                    )
                    conn.execute("SELECT calm(NULL)")
                    verdict = judge(conn, "SELECT calm(NULL)")
                    assert verdict.volatile == ("public.same(mark, mark)",), expression
