"""A SECURITY DEFINER function without a search_path of its own runs whatever its caller puts in front.

It has its owner's rights and looks names up in the caller's search path: who may create a table, function or operator
in any schema (a temporary one will do) can have the function use that instead (manual, CREATE FUNCTION, "Writing
SECURITY DEFINER Functions Safely"; CVE-2018-1058). `SET search_path = ''` and names with their schemas end that;
where a path is needed, pg_temp has to stand last in it.

Not found: bodies with BEGIN ATOMIC or RETURN, whose names are looked up when the function is made, and functions that
an ALTER FUNCTION ... SET search_path later in the script makes safe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.sql.statements import CreateFunction, Other

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step
    from pgops.sql.script import Statement

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY);"
BAD = """
CREATE FUNCTION count_orders() RETURNS bigint LANGUAGE sql SECURITY DEFINER
AS 'SELECT count(*) FROM public.orders';
"""
GOOD = """
CREATE FUNCTION count_orders() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = ''
AS 'SELECT count(*) FROM public.orders';
"""


def look(step: Step) -> Iterator[Hit]:
    function = step.statement.meaning
    if not isinstance(function, CreateFunction) or not function.security_definer:
        return
    if function.sets_search_path or function.has_sql_body:
        return
    later = step.script.statements[step.statement.ordinal + 1 :]
    if not any(_sets_path(each, function.name.name) for each in later):
        yield Hit(
            message=f"{function.name} has its owner's rights and its caller's search_path: add SET search_path = ''."
        )


def _sets_path(later: Statement, name: str) -> bool:
    return later.meaning == Other(what="alter function") and name in later.text and "search_path" in later.text.lower()


RULE = Rule(
    id="security-definer-without-search-path",
    doc=__doc__,
    look=look,
    kind=Kind.STYLE,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    covers_small=True,
    statements=(CreateFunction,),
    aliases=("function-search-path-mutable",),
)
