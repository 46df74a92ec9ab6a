"""Two plans held together: matched by what nodes do, judged by blocks before time."""

from __future__ import annotations

import json

import pytest

from pgops.query_plan import QueryPlan, compare_plans
from tests.query_plan.plans import node, plan


def scan(blocks: int = 1000, ms: float = 100, kind: str = "Seq Scan", relation: str = "orders", **keys):
    said = {"Relation_Name": relation, "Alias": relation[0], "Actual_Total_Time": ms, "Shared_Hit_Blocks": blocks}
    return node(kind, **(said | keys))


def one(blocks: int = 1000, ms: float = 100, **keys):
    return plan(scan(blocks, ms, **keys), execution_ms=ms)


PLANNED = {"ran": False, "Actual_Total_Time": None}
VERDICTS = {
    # before, after, verdict, words of the reason
    "fewer blocks": (one(1000), one(10), "improved", "1,000 blocks became 10"),
    "more blocks": (one(1000), one(3000), "regressed", "1,000 blocks became 3,000"),
    "fewer blocks, a little slower": (one(1000, 40), one(100, 90), "improved", "100, though 40 ms became 90 ms"),
    "fewer blocks, far slower": (
        one(1000, 10),
        one(100, 90),
        "regressed",
        "10 ms became 90 ms, though 1,000 blocks became 100; one run each, so measure again",
    ),
    "more blocks, far faster": (one(1000, 900), one(1300, 9), "improved", "though 1,000 blocks became 1,300"),
    "fewer blocks, far slower, on a cold cache": (
        one(1000, 10),
        one(100, 90, Shared_Read_Blocks=50),
        "improved",
        "150, though 10 ms became 90 ms",
    ),
    "the same blocks, faster": (one(1000, 200), one(1000, 20), "improved", "one run each"),
    "the same blocks, slower": (one(1000, 20), one(1000, 200), "regressed", "one run each"),
    "the same but for chance": (one(1000, 100), one(1010, 104), "unchanged", "neither blocks nor time"),
    "a handful of blocks": (one(2), one(9), "unchanged", "neither"),
    "the same, otherwise done": (one(), one(kind="Index Scan"), "unchanged", "another one"),
    "another statement": (one(), one(relation="customers"), "not comparable", "customers, orders"),
    "one that was not run": (one(), plan(scan(**PLANNED), execution_ms=None), "not comparable", "earlier plan was run"),
    "a change and a query": (
        plan(node("ModifyTable", scan(), Operation="Delete", Relation_Name="orders")),
        one(),
        "not comparable",
        "a SELECT",
    ),
    "what is done elsewhere now": (
        one(1000, kind="Foreign Scan", Operation="Select"),
        plan(node("Aggregate", scan(10, kind="Foreign Scan"), Shared_Hit_Blocks=10)),
        "improved",
        "1,000 blocks became 10",
    ),
    "two that were not run": (
        plan(scan(**PLANNED, Total_Cost=900.0), execution_ms=None),
        plan(scan(**PLANNED, Total_Cost=8.0), execution_ms=None),
        "improved",
        "nothing was measured",
    ),
}


@pytest.mark.parametrize(("before", "after", "verdict", "words"), VERDICTS.values(), ids=VERDICTS)
def test_the_verdict_says_what_it_goes_by(before, after, verdict, words):
    compared = compare_plans(before, after)
    assert str(compared.verdict) == verdict
    assert words in compared.reason


def join(kind: str, *sides, **keys):
    return node(kind, *sides, Shared_Hit_Blocks=2000, **keys)


def told(before, after) -> dict[str, tuple[str, ...]]:
    changes = compare_plans(before, after).changes
    return {(each.after or each.before).name: each.what for each in changes}


def test_a_scan_is_found_again_wherever_it_went():
    customers = scan(kind="Index Scan", relation="customers", Index_Name="pk")
    before = plan(join("Hash Join", scan(), node("Hash", scan(relation="customers"), Shared_Hit_Blocks=1000)))
    after = plan(join("Nested Loop", customers, scan()))
    assert told(before, after) == {
        "Nested Loop": ("Hash Join became Nested Loop",),
        "Index Scan using pk on customers c": ("Seq Scan became Index Scan", "index none became pk"),
        "Hash": ("gone",),
    }


def test_rows_blocks_and_time_of_a_node_are_compared():
    (what,) = told(one(1000, 100), one(10, 1, Actual_Rows=7)).values()
    assert what == (
        "rows 100 became 7",
        "blocks of its own 1,000 became 10",
        "time of its own 100 ms became 1 ms",
    )


def test_the_same_relation_twice_is_told_apart_by_its_alias():
    def both(first: str, second: str):
        return plan(join("Hash Join", scan(kind=first, Alias="x"), scan(kind=second, Alias="y")))

    assert told(both("Seq Scan", "Seq Scan"), both("Seq Scan", "Index Scan")) == {
        "Index Scan on orders y": ("Seq Scan became Index Scan",)
    }


def test_a_plan_is_unchanged_beside_itself():
    read = plan(join("Hash Join", scan(), node("Hash", scan(relation="customers"))))
    compared = compare_plans(read, QueryPlan.from_json(read.to_json()))
    assert (str(compared.verdict), compared.changes) == ("unchanged", ())


def test_it_is_written_for_people_and_for_programs():
    compared = compare_plans(one(1000), one(10, kind="Index Scan", Index_Name="<i>\x1b"))
    text, page = compared.to_text(), compared.to_html()
    assert "improved" in text
    assert "Seq Scan became Index Scan" in text
    assert "\x1b" not in text + page
    assert "<i>" not in page
    plain = json.loads(json.dumps(compared.to_plain()))
    assert (plain["schema"], plain["verdict"]) == ("pgops.plan_comparison/1", "improved")
    assert QueryPlan.from_json(json.dumps(plain["after"])) == compared.after
