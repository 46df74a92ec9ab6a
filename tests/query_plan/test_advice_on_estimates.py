"""Advice on estimates: told once, where it began, and no warning where no statistics would help."""

from __future__ import annotations

import pytest

from pgops import Severity
from tests.query_plan.plans import node, plan


def scan(**keys):
    return node("Seq Scan", **({"Schema": "public", "Relation_Name": "orders", "Alias": "o"} | keys))


WHOLE = scan(Actual_Rows=100_000, Plan_Rows=100_000)


def test_an_estimate_that_is_off_is_told_where_it_began():
    off = {"Actual_Rows": 50_000, "Plan_Rows": 50}
    read = plan(node("Sort", node("Hash Join", scan(**off), **off), **off))
    assert [each.node for each in read.advice] == [3]


def test_a_cheap_scan_with_a_wrong_estimate_is_told_where_a_costly_join_was_chosen_by_it():
    off = scan(Actual_Rows=50_000, Plan_Rows=5, Actual_Total_Time=1)
    read = plan(node("Hash Join", scan(Actual_Total_Time=1), node("Hash", off, Actual_Rows=50_000, Plan_Rows=5)))
    assert [(each.rule, each.label) for each in read.advice] == [("misestimate", "Seq Scan on public.orders o")]
    bitmap = node("Bitmap Index Scan", Index_Name="brin", Actual_Rows=50_000, Plan_Rows=5)
    assert plan(node("Bitmap Heap Scan", bitmap)).advice == (), "BRIN counts ten rows a page"


ENDED_EARLY = {
    "LIMIT": node("Limit", scan(Actual_Rows=10, Plan_Rows=50_000), Actual_Rows=10, Plan_Rows=10),
    "a semi join": node("Nested Loop", scan(), scan(Actual_Rows=10, Plan_Rows=50_000), Join_Type="Semi"),
}


@pytest.mark.parametrize("root", ENDED_EARLY.values(), ids=ENDED_EARLY)
def test_rows_that_nobody_asked_for_are_no_wrong_estimate(root):
    assert plan(root).advice == ()


GUESSES = {
    # condition: the fix of an estimate that is off, and words of it; None: no advice
    "(o.a = 1)": ("ANALYZE public.orders", "old or too coarse"),
    "((o.a = 1) OR (o.b ~~ 'x%'::text) OR (o.c IS NULL))": ("ANALYZE public.orders", "old or too coarse"),
    "(lower(o.email) = 'x'::text)": (None, "CREATE STATISTICS"),
    "((o.doc ->> 'k'::text) = '5'::text)": (None, "CREATE STATISTICS"),
    "((o.id)::numeric = 5.0)": (None, "CREATE STATISTICS"),
    "(NOT (ANY (o.id = (hashed SubPlan 1).col1)))": None,
}


@pytest.mark.parametrize(("condition", "expected"), GUESSES.items(), ids=GUESSES)
def test_statistics_are_gathered_where_they_can_help(condition, expected):
    given = plan(scan(Filter=condition, Actual_Rows=50_000, Plan_Rows=100)).advice
    assert [(each.rule, each.fix) for each in given] == ([("misestimate", expected[0])] if expected else [])
    assert not expected or expected[1] in given[0].message


def test_what_the_planner_only_guesses_is_no_warning_and_told_once():
    union = node("Recursive Union", Plan_Rows=31, Actual_Rows=50_000, Parent_Relationship="InitPlan")
    union["Subplan Name"] = "CTE w"
    for root in (
        node("Aggregate", node("CTE Scan", CTE_Name="w", Plan_Rows=31, Actual_Rows=50_000), union),
        node("SetOp", WHOLE, Plan_Rows=100_000, Actual_Rows=1),
        node("WindowAgg", WHOLE, Plan_Rows=100_000, Actual_Rows=10, Run_Condition="(row_number() OVER w1 <= 2)"),
    ):
        (advice,) = plan(root).advice
        assert (advice.rule, advice.severity, advice.fix) == ("misestimate", Severity.INFO, None), advice
