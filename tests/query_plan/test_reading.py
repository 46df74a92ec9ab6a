"""Plans that others captured, and what each node of a plan took alone."""

from __future__ import annotations

import json
import pickle

import pytest

from pgops.errors import PlanFormatError
from pgops.query_plan import QueryPlan, read_plan
from tests.query_plan.plans import node, plan, selves

OBJECT = {"Plan": {"Node Type": "Seq Scan", "Relation Name": "a", "Filter": "(b = 'x + y'::text)", "Total Cost": 1.5}}
PRETTY = json.dumps([OBJECT], indent=2)
LINES = PRETTY.splitlines()
LOGGED = json.dumps({"Query Text": "SELECT\n\t1", **OBJECT}, indent=2).replace("\n", "\n\t")

FORMS = {
    "EXPLAIN's list": PRETTY,
    "on one line": json.dumps([OBJECT]),
    "a bare object": json.dumps(OBJECT),
    "the inside of Plan": json.dumps(OBJECT["Plan"]),
    "with a byte order mark": "\ufeff" + PRETTY,
    "psql, aligned": " QUERY PLAN \n-----\n" + "\n".join(f" {line:60}+" for line in LINES[:-1]) + "\n ]\n(1 row)\n",
    "psql, border 2": "+---+\n| QUERY PLAN |\n"
    + "\n".join(f"| {line:60}+|" for line in LINES[:-1])
    + "\n| ] |\n+---+\n",
    "psql, unicode": "┌──┐\n│ QUERY PLAN │\n" + "\n".join(f"│ {line:60}↵│" for line in LINES[:-1]) + "\n│ ] │\n└──┘\n",
    "psql, expanded": "-[ RECORD 1 ]\nQUERY PLAN | " + "\n           | ".join(f"{line:60}+" for line in LINES) + "\n",
    "psql, CSV": 'QUERY PLAN\n"' + PRETTY.replace('"', '""') + '"\n',
    "auto_explain in a log": f"2026-01-01 UTC [12] LOG:  duration: 1.5 ms  plan:\n\t{LOGGED}\n2026-01-01 LOG: [x]\n",
    "auto_explain in a jsonlog": json.dumps({"pid": 1, "message": f"duration: 1.5 ms  plan:\n{json.dumps(OBJECT)}"}),
    "a driver's row": json.dumps([[json.dumps([OBJECT])]]),
    "a JSON string of it": json.dumps(PRETTY),
    "a driver's record": json.dumps([{"QUERY PLAN": [OBJECT]}]),
    "bytes": PRETTY.encode(),
    "text around it": f"Here it is [see below]:\n```\n{PRETTY}\n```\n",
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_a_captured_plan_is_read_in_every_form(text):
    root = read_plan(text).root
    assert (root.name, root.filter, root.total_cost) == ("Seq Scan on a", "(b = 'x + y'::text)", 1.5)


REFUSED = {
    "nothing": ("", "the text is empty"),
    "text format": (" Seq Scan on a  (cost=0.00..1.50 rows=1 width=4)", "EXPLAIN's text format"),
    "YAML": ("- Plan: \n    Node Type: 'Result'\n", "YAML"),
    "YAML in psql's frame": ('  QUERY PLAN  \n----\n - Plan:                +\n     Node Type: "Result"+\n', "YAML"),
    "text format without costs": ("  QUERY PLAN \n----\n Limit\n   ->  Seq Scan on a\n", "EXPLAIN's text format"),
    "text format, only measured": (" Result (actual rows=1.00 loops=1)", "EXPLAIN's text format"),
    "what Python prints": (str([OBJECT]), "json.dumps"),
    "XML": ('<explain xmlns="http://www.postgresql.org/2009/explain">', "XML"),
    "broken off": (PRETTY[:-20], "broken off"),
    "broken off behind a whole node": (json.dumps([{"Plan": node("Sort", node("Seq Scan"))}])[:-4], "broken off"),
    "other JSON": ('{"a": [1, 2]}', "begins with"),
    "a node that is none": ('[{"Plan": {"Plans": []}}]', "Node Type"),
    "children that are none": ('[{"Plan": {"Node Type": "Result", "Plans": 3}}]', '"Plans"'),
    "our JSON of something else": ('{"schema": "pgops.report/1"}', "pgops.report/1"),
    "a figure that is none": ('[{"Plan": {"Node Type": "Sort", "Total Cost": NaN}}]', "no number"),
    "a figure without end": ('[{"Plan": {"Node Type": "Sort", "Workers": [{"Disk Usage": -Infinity}]}}]', "no number"),
    "a figure beyond all": ('[{"Plan": {"Node Type": "Sort", "Actual Rows": 1e999}}]', "no number"),
    "a whole one beyond all": ('[{"Plan": {"Node Type": "Sort", "Actual Loops": 1' + "0" * 400 + "}}]", "no number"),
    "relations that are none": ('{"schema": "pgops.query_plan/1", "relations": [3], "explain": []}', "relations"),
    "no text": (3, "A int is no text"),
    "nested without end": ('{"Plan":' * 100_000, "nested too deep"),
}


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_plan_is_refused_with_what_it_is(text, words):
    with pytest.raises(PlanFormatError, match=words):
        read_plan(text)


def test_the_statement_of_auto_explain_comes_along():
    assert read_plan(FORMS["auto_explain in a log"]).sql == "SELECT\n\t1"


def test_a_plan_compares_pickles_and_comes_back_from_its_json():
    read = plan(
        node("Aggregate", node("Seq Scan", Relation_Name="a", Actual_Rows=2.37), Strategy="Hashed", Disk_Usage=3),
        Settings={"work_mem": "1MB"},
        Triggers=[{"Trigger Name": "t", "Relation": "a", "Time": 2.5, "Calls": 3}],
        JIT={"Functions": 4, "Timing": {"Total": 1.5}},
        Novelty={"of": 2030},
    )
    assert QueryPlan.from_json(read.to_json()) == read == pickle.loads(pickle.dumps(read))
    assert read != plan(node("Result"))
    assert read.root.disk_bytes == 3 * 1024
    assert read.root.children[0].actual_rows == 2.37
    assert (read.triggers[0].name, read.triggers[0].total_s) == ("t", 0.0025)
    assert (read.jit.functions, read.jit.total_s) == (4, 0.0015)
    assert read.extra == {"Novelty": {"of": 2030}}


def test_what_has_no_field_is_kept():
    assert plan(node("Custom Scan", Shiny="yes", Levels=[1, 2])).root.extra == {"Shiny": "yes", "Levels": [1, 2]}


def test_a_node_is_named_and_told_as_explain_does():
    update = node("Foreign Scan", Operation="Update", Relation_Name="t", Alias="t", Remote_SQL="UPDATE x")
    scaled = node("Custom Scan", Custom_Plan_Provider="ColumnarScan", Relation_Name="t", Alias="t")
    window = node("WindowAgg", node("Tid Range Scan", TID_Cond="(ctid < '(1,1)')"), Run_Condition="(r <= 2)")
    text = plan(node("Append", update, scaled, window)).to_text()
    for line in (
        "Foreign Update on t",
        "Remote SQL: UPDATE x",
        "Custom Scan (ColumnarScan) on t",
        "Run Condition: (r <= 2)",
        "TID Cond: (ctid < '(1,1)')",
    ):
        assert line in text


def test_rules_make_several_plans_of_one_statement():
    read = read_plan(json.dumps([{"Plan": node("ModifyTable")}, {"Plan": node("Result")}]))
    assert [read.root.node_type, *(each.root.node_type for each in read.further)] == ["ModifyTable", "Result"]


# --- shares -----------------------------------------------------------------------------------------------------------


def took(ms: float, loops: float = 1, **keys):
    return {"Actual_Total_Time": ms, "Actual_Loops": loops, **keys}


def cte(ms: float):
    return {**node("Seq Scan", **took(ms)), "Parent Relationship": "InitPlan", "Subplan Name": "CTE w"}


def init_plan(name: str, ms: float):
    return {**node("Aggregate", **took(ms)), "Parent Relationship": "InitPlan", "Subplan Name": name}


SHARES = {
    "a chain": (node("Sort", node("Seq Scan", **took(70))), [30, 70]),
    "loops": (node("Nested Loop", node("Seq Scan", **took(10)), node("Index Scan", **took(0.5, 100))), [40, 10, 50]),
    "rounded up": (
        node("Nested Loop", node("Seq Scan", **took(10)), node("Index Scan", **took(0.001, 99_000))),
        [0, 9.174312, 90.825688],
    ),
    "rounded to nothing": (
        node(
            "Nested Loop",
            node("Seq Scan", **took(10)),
            node("Memoize", node("Seq Scan", **took(0.004, 500)), **took(0, 9000)),
        ),
        [88, 10, 0, 2],
    ),
    "never executed": (node("Append", node("Seq Scan", **took(60)), node("Seq Scan", **took(0, 0))), [40, 60, 0]),
    "workers": (
        node("Gather", node("Sort", node("Seq Scan", **took(60, 3)), **took(90, 3)), Workers_Launched=2),
        [10, 30, 60],
    ),
    "a leader alone": (node("Gather", node("Seq Scan", **took(90, 1)), Workers_Launched=0), [10, 90]),
    "a Gather again and again": (
        node("Nested Loop", node("Result", **took(0)), node("Gather", node("Seq Scan", **took(8, 30)), **took(9, 10))),
        [10, 0, 10, 80],
    ),
    "a CTE, counted once": (
        node("Aggregate", node("CTE Scan", **took(90), CTE_Name="w"), cte(80)),
        [10, 10, 80],
    ),
    "a CTE that is read twice": (
        node(
            "Hash Join", node("CTE Scan", **took(5), CTE_Name="w"), node("CTE Scan", **took(85), CTE_Name="w"), cte(80)
        ),
        [10, 5, 5, 80],
    ),
    "an InitPlan that a scan below waits for": (
        node("Aggregate", node("Seq Scan", **took(95), Filter="(a > $0)"), init_plan("InitPlan 1 (returns $0)", 60)),
        [5, 35, 60],
    ),
    "an InitPlan as 17 names it": (
        node("Aggregate", node("Seq Scan", **took(95), Filter="(a > (InitPlan 1).col1)"), init_plan("InitPlan 1", 60)),
        [5, 35, 60],
    ),
    "an InitPlan that its own node waits for": (
        node("Result", node("Seq Scan", **took(30)), init_plan("InitPlan 1", 60), One_Time_Filter="(InitPlan 1).col1"),
        [10, 30, 60],
    ),
}


@pytest.mark.parametrize(("root", "own"), SHARES.values(), ids=SHARES)
def test_own_times_add_up_and_count_nothing_twice(root, own):
    read = plan(root)
    assert selves(read) == pytest.approx(own)
    assert sum(selves(read)) == pytest.approx(100)


def test_own_blocks_are_whole_and_add_up():
    root = node(
        "Hash Join",
        node("Seq Scan", Shared_Hit_Blocks=7, Temp_Read_Blocks=1),
        node("Seq Scan", Shared_Hit_Blocks=8, Temp_Read_Blocks=0),
        Shared_Hit_Blocks=10,
        Temp_Read_Blocks=3,
    )
    own = [each.self_buffers for each in plan(root).nodes()]
    assert [each.shared_hit for each in own] == [1, 4, 5], "15 of 10: a child gets no more than there is"
    assert [each.temp_read for each in own] == [2, 1, 0]


def test_reading_and_writing_times_of_all_versions_are_one():
    old = plan(node("Result", Shared_Hit_Blocks=1, **{"I/O Read Time": 2.0, "Temp I/O Read Time": 1.0}))
    new = plan(node("Result", Shared_Hit_Blocks=1, **{"Shared I/O Read Time": 2.0, "Temp I/O Read Time": 1.0}))
    assert old.root.buffers.read_s == new.root.buffers.read_s == 0.003


def test_without_timing_there_are_rows_and_no_times():
    read = plan(node("Sort", node("Seq Scan", Actual_Total_Time=None), Actual_Total_Time=None), execution_ms=50)
    assert [(each.total_s, each.self_s, each.actual_rows) for each in read.nodes()] == [(None, None, 100)] * 2
    assert "Seq Scan" in read.to_text()


def test_costs_of_loops_are_shared_out():
    read = plan(
        node(
            "Nested Loop",
            node("Seq Scan", Total_Cost=10.0, Plan_Rows=5, ran=False),
            node("Index Scan", Total_Cost=8.0, ran=False),
            Total_Cost=60.0,
            ran=False,
        ),
        execution_ms=None,
    )
    assert [each.self_cost for each in read.nodes()] == [10.0, 10.0, 40.0]


# --- written ----------------------------------------------------------------------------------------------------------

HOSTILE = "a\"<script>alert(1)</script>\x1b[31m\u202e&\n'"


def test_no_name_reaches_a_page_or_a_terminal_as_it_is():
    read = plan(
        node("Seq Scan", Relation_Name=HOSTILE, Schema=HOSTILE, Alias="x", Filter=HOSTILE, **{HOSTILE: HOSTILE}),
        **{"Query Text": HOSTILE, "Settings": {HOSTILE: HOSTILE}},
    )
    for page in (read.to_html(), read._repr_html_()):
        assert "<script" not in page
        assert not {"\x1b", "\u202e"} & set(page)
        assert "&lt;script&gt;" in page
    assert not {"\x1b", "\u202e"} & set(read.to_text())


def test_the_page_needs_nothing_and_has_every_node_with_its_bars():
    read = plan(node("Sort", node("Seq Scan", **took(70), Shared_Hit_Blocks=9), Shared_Hit_Blocks=9))
    page = read.to_html()
    assert "http" not in page.split("</head>")[1]
    assert page.count('<details class="node') == 2
    assert 'class="bar time" title="70 % of all"' in page
    assert 'class="bar blocks" title="100 % of all"' in page
    planned = plan(node("Sort", node("Seq Scan", ran=False, Total_Cost=75.0), ran=False), execution_ms=None).to_html()
    assert 'class="bar cost" title="75 % of all"' in planned
    assert "bar time" not in planned.split("</style>")[-1]


def test_a_plan_of_any_depth_becomes_a_page_and_text():
    root = node("Result")
    for _ in range(300):
        root = node("Result", root)
    read = plan(root)
    assert read.to_html().count('<details class="node') == 301
    assert read.to_text().count("Result") == 301
    assert read.to_html().count("<li>") == read.to_html().count("</li>")
    assert pickle.loads(pickle.dumps(read)) == read
    for _ in range(150):
        root = node("Result", root)
    deep = plan(root)
    assert len(repr(deep)) < 10_000
    assert deep.root == plan(root).root != read.root
    assert QueryPlan.from_json(deep.to_json(indent=1)) == deep
    with pytest.raises(PlanFormatError, match="nested too deep"):
        read_plan('[{"Plan": ' + '{"Node Type": "Result", "Plans": [' * 9000 + "]}" * 9000 + "}]")


def test_columns_of_the_text_stand_under_their_heads():
    lines = plan(node("Sort", node("Seq Scan", **took(70)), Sort_Key=["a"])).to_text().splitlines()
    (head,) = [line for line in lines if line.endswith("  node")]
    rows = [line for line in lines if line.endswith(("Sort", "Seq Scan"))]
    assert len(rows) == 2
    for line in rows:
        assert line[: head.index("self") + 4].endswith("30 ms" if "Sort" in line else "70 ms")
