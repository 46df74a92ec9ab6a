"""Advice: each rule speaks on the plan it is for, and keeps silent on the one beside it that is well."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from pgops import Severity
from pgops.query_plan import QueryPlan, explain, read_plan
from pgops.query_plan.advice.index_columns import columns_for_index, create_index
from tests.query_plan.plans import node, plan

ORDERS = {"Schema": "public", "Relation_Name": "orders", "Alias": "o"}
BLOCKS = {"Shared_Hit_Blocks": 10, "Shared_Read_Blocks": 0}


def scan(**keys):
    return node("Seq Scan", **(ORDERS | keys))


def nested(inner, outer_rows: float = 100, **keys):
    return node("Nested Loop", node("Seq Scan", Actual_Total_Time=1, Actual_Rows=outer_rows), inner, **keys)


def looped(kind: str, loops: float, ms: float, **keys):
    return node(kind, **{"Actual_Loops": loops, "Actual_Total_Time": ms, "Actual_Rows": 1, "Plan_Rows": 1, **keys})


def subplan(loops: float, ms: float):
    return {**looped("Index Scan", loops, ms), "Parent Relationship": "SubPlan", "Subplan Name": "SubPlan 1"}


HALF = scan(Filter="(o.a = 1)", Actual_Rows=50_000, Plan_Rows=50_000, Rows_Removed_by_Filter=50_000)
WHOLE = scan(Actual_Rows=100_000, Plan_Rows=100_000)
FEW = {"Actual_Rows": 10, "Plan_Rows": 10, "Rows_Removed_by_Filter": 99_990}
SORT = {"Sort_Method": "external merge", "Sort_Space_Used": 10_240}

CASES = {
    # rule: (the plan with its fault, a healthy twin)
    "missing_index": (plan(scan(Filter="(o.a = 1)", **FEW)), plan(HALF)),
    "sequential_scan": (
        plan(scan(Filter="((o.a % 7) = 1)", **FEW)),
        plan(scan(Actual_Rows=100_000, Plan_Rows=100_000)),
    ),
    "sorted_for_few": (
        plan(node("Limit", node("Sort", WHOLE, Sort_Key=["o.b DESC"]), Actual_Rows=10)),
        plan(node("Limit", node("Sort", WHOLE, Sort_Key=["o.b DESC"]), Actual_Rows=90_000, Plan_Rows=90_000)),
    ),
    "extreme_by_scan": (
        plan(node("Aggregate", WHOLE, Strategy="Plain", Output=["max(o.b)"])),
        plan(node("Aggregate", WHOLE, Strategy="Plain", Output=["sum(o.b)"])),
    ),
    "filter_discards": (
        plan(node("Index Scan", Index_Name="i", Filter="(o.b = 1)", **FEW)),
        plan(node("Index Scan", Index_Name="i", Filter="(o.b = 1)", Rows_Removed_by_Filter=20)),
    ),
    "heap_fetches": (
        plan(node("Index Only Scan", Heap_Fetches=5000, Actual_Rows=5000, Plan_Rows=5000, **ORDERS)),
        plan(node("Index Only Scan", Heap_Fetches=10, Actual_Rows=5000, Plan_Rows=5000, **ORDERS)),
    ),
    "sort_spilled": (
        plan(node("Sort", Sort_Space_Type="Disk", **SORT)),
        plan(node("Sort", Sort_Space_Type="Memory", **SORT | {"Sort_Method": "quicksort"})),
    ),
    "hash_batches": (
        plan(node("Hash", Hash_Batches=8, Original_Hash_Batches=1, Peak_Memory_Usage=4096)),
        plan(node("Hash", Hash_Batches=1, Original_Hash_Batches=1, Peak_Memory_Usage=4096)),
    ),
    "aggregate_spilled": (
        plan(node("Aggregate", Strategy="Hashed", Disk_Usage=2048, HashAgg_Batches=5)),
        plan(node("Aggregate", Strategy="Hashed", Disk_Usage=0, HashAgg_Batches=1)),
    ),
    "temporary_files": (
        plan(node("WindowAgg", Temp_Written_Blocks=5000, Shared_Hit_Blocks=1)),
        plan(node("WindowAgg", Temp_Written_Blocks=0, Shared_Hit_Blocks=1)),
    ),
    "lossy_bitmap": (
        plan(node("Bitmap Heap Scan", Exact_Heap_Blocks=9, Lossy_Heap_Blocks=900, Rows_Removed_by_Index_Recheck=9000)),
        plan(node("Bitmap Heap Scan", Exact_Heap_Blocks=909, Lossy_Heap_Blocks=0)),
    ),
    "nested_loop": (
        plan(nested(looped("Seq Scan", 100, 0.9, Filter="(o.b = p.b)", Rows_Removed_by_Filter=5000, **ORDERS))),
        plan(nested(looped("Index Scan", 100, 0.9, **ORDERS))),
    ),
    "subplan_per_row": (
        plan(node("Seq Scan", subplan(5000, 0.018))),
        plan(node("Seq Scan", subplan(5, 18))),
    ),
    "cte_per_row": (
        plan(nested(looped("CTE Scan", 100, 0.9, CTE_Name="w", Rows_Removed_by_Filter=5000))),
        plan(nested(looped("CTE Scan", 1, 90, CTE_Name="w", Rows_Removed_by_Filter=5000))),
    ),
    "useless_memoize": (
        plan(nested(looped("Memoize", 5000, 0.018, Cache_Hits=1, Cache_Misses=4999))),
        plan(nested(looped("Memoize", 5000, 0.018, Cache_Hits=4900, Cache_Misses=100))),
    ),
    "misestimate": (
        plan(scan(Actual_Rows=50_000, Plan_Rows=100)),
        plan(scan(Actual_Rows=50_000, Plan_Rows=20_000)),
    ),
    "function_rows": (
        plan(node("Function Scan", Function_Name="f", Actual_Rows=50_000, Plan_Rows=1000)),
        plan(node("Function Scan", Function_Name="f", Actual_Rows=50_000, Plan_Rows=50_000)),
    ),
    "missing_workers": (
        plan(node("Gather", Workers_Planned=4, Workers_Launched=1)),
        plan(node("Gather", Workers_Planned=4, Workers_Launched=4)),
    ),
    "jit": (
        plan(node("Result"), JIT={"Functions": 9, "Timing": {"Total": 70.0}}),
        plan(node("Result"), JIT={"Functions": 9, "Timing": {"Total": 7.0}}),
    ),
    "long_planning": (plan(node("Result"), Planning_Time=400.0), plan(node("Result"), Planning_Time=2.0)),
    "reading": (
        plan(node("Result", Shared_Read_Blocks=10, **{"I/O Read Time": 90.0})),
        plan(node("Result", Shared_Read_Blocks=10, **{"I/O Read Time": 9.0})),
    ),
    "slow_trigger": (
        plan(node("ModifyTable"), Triggers=[{"Constraint Name": "fk", "Relation": "t", "Time": 80.0, "Calls": 9}]),
        plan(node("ModifyTable"), Triggers=[{"Constraint Name": "fk", "Relation": "t", "Time": 8.0, "Calls": 9}]),
    ),
}


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_speaks_on_its_fault_and_not_on_what_is_well(rule):
    faulty, healthy = CASES[rule]
    assert [each.rule for each in faulty.advice] == [rule]
    assert healthy.advice == ()
    (advice,) = faulty.advice
    assert 0 < advice.confidence < 1
    assert advice.message in faulty.to_text().replace("\n  ", " ")


@pytest.mark.parametrize("rule", ["missing_index", "sequential_scan", "filter_discards", "nested_loop", "sort_spilled"])
def test_what_took_no_time_is_not_worth_advice(rule):
    """The same ratios in a part of the plan that does not matter, or in a statement that is over at once."""
    faulty, _ = CASES[rule]
    root = dict(faulty.source["Plan"])
    assert plan(node("Sort", root, Actual_Total_Time=9000), execution_ms=9000).advice == ()
    quick = {**root, "Actual Total Time": 0.4}
    assert plan(quick, execution_ms=0.5).advice == ()


def test_every_rule_has_its_case():
    from pgops.query_plan.advice import giving

    rules = [*giving.OF_MEASURED, *giving.OF_THE_WHOLE]
    named = {rule.__module__.rpartition(".")[2] for rule in rules}
    assert named == {"estimates", "loops", "memory", "ordering", "scans", "whole"}
    assert len(CASES) == len(rules) + 1, "unindexed_scan gives two rules"


def test_workers_that_spilled_count():
    workers = [{"Worker Number": 0, "Sort Method": "external merge", "Sort Space Used": 99, "Sort Space Type": "Disk"}]
    (advice,) = plan(node("Sort", Workers=workers)).advice
    assert advice.rule == "sort_spilled"


def test_only_the_referenced_side_of_a_foreign_key_wants_an_index():
    for name, wanted in (("RI_ConstraintTrigger_a_16", True), ("RI_ConstraintTrigger_c_18", False)):
        fired = {"Trigger Name": name, "Constraint Name": "fk", "Relation": "t", "Time": 80.0, "Calls": 9}
        (advice,) = plan(node("ModifyTable"), Triggers=[fired]).advice
        assert ("wants an index" in advice.message) == wanted, name


def test_the_worst_comes_first():
    advice = plan(scan(Filter="(o.a = 1)", **FEW), Planning_Time=400.0).advice
    assert [each.severity for each in advice] == [Severity.WARNING, Severity.INFO]


def test_what_was_not_run_is_judged_by_its_cost_and_says_how_unsure_it_is():
    big = scan(ran=False, Total_Cost=20_000.0, Plan_Rows=10, Filter="(o.a = 1)")
    (advice,) = plan(big, execution_ms=None).advice
    assert (advice.rule, advice.severity) == ("missing_index", Severity.INFO)
    assert advice.confidence < 0.5
    small = scan(ran=False, Total_Cost=20.0, Plan_Rows=1, Filter="(o.a = 1)")
    assert plan(small, execution_ms=None).advice == ()


COLUMNS = {
    # condition: (columns for an index, whether they are all of it)
    "(o.a = 1)": (["a"], True),
    "(a = 1)": (["a"], True),
    "((o.a = 1) AND (o.b > '2026-01-01'::date))": (["a", "b"], True),
    "((o.b > 5) AND (o.a = 'x AND (y) OR ''z'''::text))": (["a", "b"], True),
    r"((o.a = 'x\'::text) AND (o.b = 'y'::text))": (["a", "b"], True),
    "((o.b > 5) AND (o.c < 5))": (["b"], False),
    "((o.b >= 5) AND (o.b < 9))": (["b"], True),
    "((o.a = 1) AND (lower(o.b) = 'x'::text))": (["a"], False),
    "((o.name)::text = 'ann'::text)": ([], False),
    "(o.a = (p.b)::text)": (["a"], True),
    "((p.b)::text = o.a)": (["a"], True),
    "((o.a)::text = p.b)": ([], False),
    "((o.a)::numeric = 1.5)": ([], False),
    "(o.a = ANY ('{1,2}'::integer[]))": (["a"], True),
    "(o.a = ANY (o.b))": ([], False),
    "(o.a <> 1)": ([], False),
    "(o.a ~~ 'x%'::text)": ([], False),
    "((o.a = 1) OR (o.b = 2))": ([], False),
    "(((o.a = 1) OR (o.b = 2)) AND (o.c = 3))": (["c"], False),
    '(o."A b" = 1)': (["A b"], True),
    '(o."a""). (" = 1)': (['a"). ('], True),
    "(o.a = $1)": (["a"], True),
    "(o.a > (InitPlan 1).col1)": (["a"], True),
    "(o.at > (now() - '01:00:00'::interval))": (["at"], True),
    "(o.a = o.b)": ([], False),
    "(o.a = p.b)": (["a"], True),
    "(p.b = o.a)": (["a"], True),
    "(p.a = 1)": ([], False),
    "(o.ctid = '(0,1)'::tid)": ([], False),
    "(random() < '0.1'::double precision)": ([], False),
    "(hashed SubPlan 1)": ([], False),
}


@pytest.mark.parametrize(("condition", "expected"), COLUMNS.items(), ids=COLUMNS)
def test_only_columns_that_an_index_serves_for_certain_are_named(condition, expected):
    found = columns_for_index(condition, plan(scan()).root)
    assert (list(found.names), found.whole) == expected


OTHER_INDEXES = {
    # condition: what the advice names
    "(o.doc @> '{\"k\": 5}'::jsonb)": "A GIN index on (doc) serves @>",
    "(o.r <@ '[1,9)'::int4range)": "A GiST index on (r) serves <@",
    "(o.tags && '{1}'::integer[])": "A GIN index on (tags) serves &&",
    "(o.email ~~ 'u7%'::text)": "text_pattern_ops",
    "(o.email ~~ '%u7%'::text)": "gin_trgm_ops",
    "(lower(o.email) = 'x'::text)": "expression ((lower(email)))",
    "((o.id)::numeric = 5.0)": "the column's own type",
    "((o.id)::text = '5'::text)": "if it is a varchar",
    "o.flag": "WHERE flag",
    "(o.note IS NULL)": "WHERE note IS NULL",
    "((o.a = 1) OR (o.b = 2))": "each side of its OR",
}


@pytest.mark.parametrize(("condition", "words"), OTHER_INDEXES.items(), ids=OTHER_INDEXES)
def test_an_index_of_another_kind_is_named_in_words(condition, words):
    (advice,) = plan(scan(Filter=condition, **FEW)).advice
    assert (advice.rule, advice.fix) == ("sequential_scan", None)
    assert words in advice.message


def test_what_no_index_can_spare_is_no_warning():
    for kind in ("Function Scan", "CTE Scan"):
        (advice,) = plan(node(kind, Filter="(g.g = 1)", **FEW)).advice
        assert (advice.rule, advice.severity, advice.fix) == ("filter_discards", Severity.INFO, None)


def test_partitions_are_told_of_once():
    parts = [scan(Relation_Name=f"p{at}", Alias=f"o_{at}", Filter=f"(o_{at}.a = 1)", **FEW) for at in range(3)]
    (advice,) = plan(node("Append", *parts)).advice
    assert (advice.fix, "300,000 rows of public.p0 and 2 like it" in advice.message) == (None, True), advice
    assert "parent" in advice.message


def test_thousands_of_partitions_are_no_matter():
    parts = [scan(Relation_Name=f"p{at}", Alias=f"o_{at}", Filter=f"(o_{at}.a = 1)", **FEW) for at in range(5000)]
    (advice,) = plan(node("Append", *parts)).advice
    assert "500,000,000 rows of public.p0 and 4,999 like it" in advice.message


KNOWN = """
CREATE TABLE c (id int PRIMARY KEY, email varchar(60), j json, wide text, total int, status text, s text, note text);
ALTER TABLE c ALTER wide SET STORAGE EXTERNAL;
INSERT INTO c SELECT g, 'u' || g, to_json(g), repeat(md5(g::text), 20), g, CASE WHEN g % 3 = 0 THEN 'open' END, 'x'
  FROM generate_series(1, 20000) AS g;
CREATE INDEX taken ON c (s);
CREATE TABLE m (at int, v text) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (9000) WITH (fillfactor = 10);
CREATE TABLE m2 PARTITION OF m FOR VALUES FROM (9000) TO (90000) WITH (fillfactor = 10);
INSERT INTO m SELECT g, 'v' || g FROM generate_series(1, 20000) AS g;
CREATE TABLE o (email text);
INSERT INTO o VALUES ('u19000');
ANALYZE c, m, o;
SET max_parallel_workers_per_gather = 0;
"""
OFFERED = {
    # statement: the key of the index that is offered; None: none is
    "SELECT * FROM c WHERE email = 'u5'": "CONCURRENTLY ON public.c (email)",
    "SELECT * FROM c WHERE email COLLATE \"POSIX\" = 'u5'": None,
    "SELECT * FROM c WHERE status COLLATE \"POSIX\" = 'u5'": None,
    "SELECT * FROM c WHERE id::text = '5'": None,
    "SELECT * FROM c WHERE j::text = '5'": None,
    "SELECT * FROM c WHERE wide = 'x'": None,
    "SELECT * FROM c ORDER BY total DESC LIMIT 10": "CONCURRENTLY ON public.c (total)",
    "SELECT * FROM c WHERE status = 'open' ORDER BY total LIMIT 10": "CONCURRENTLY ON public.c (status, total)",
    "SELECT max(total) FROM c": "CONCURRENTLY ON public.c (total)",
    "SELECT x FROM o LEFT JOIN LATERAL (SELECT * FROM c WHERE c.email = o.email LIMIT 1) AS x ON true": (
        "CONCURRENTLY ON public.c (email)"
    ),
    "SELECT * FROM m WHERE v = 'v5'": "ON public.m (v)",
    "SELECT * FROM m ORDER BY v LIMIT 5": "ON public.m (v)",
    "SELECT * FROM c ORDER BY id LIMIT 10": None,
    "SELECT max(id) FROM c": None,
}


def test_with_a_connection_the_catalogue_decides_on_the_index(any_database):
    with any_database.connect() as conn:
        conn.autocommit = True
        conn.execute(KNOWN)
        for statement, key in OFFERED.items():
            measured = explain(conn, statement, analyze=True)
            fixes = [each.fix for each in measured.advice if each.fix and each.fix.startswith("CREATE INDEX")]
            assert fixes == ([f"CREATE INDEX {key}"] if key else []), statement
            assert QueryPlan.from_json(measured.to_json()).advice == measured.advice
            if key:
                with conn.transaction(force_rollback=True):
                    conn.execute(fixes[0].replace("CONCURRENTLY ", ""))
                    better = explain(conn, statement, analyze=True)
                    assert any(each.index for each in better.nodes()), statement
                    assert not [each for each in better.advice if each.fix in fixes], statement
        conn.execute("SET enable_indexscan = off; SET enable_bitmapscan = off")
        (advice,) = explain(conn, "SELECT * FROM c WHERE s = 'y'", analyze=True).advice
        assert (advice.fix, advice.severity, "Index taken" in advice.message) == (None, Severity.INFO, True)


@pytest.mark.parametrize("schema", [None, "pg_catalog", "pg_toast", "pg_temp_3", "information_schema"])
def test_no_index_is_offered_where_none_belongs(schema):
    assert create_index(plan(scan(Schema=schema)).root, ("a",)) is None


NAMES = ['Sche"ma.1', "Ta ble%s", "Co'l\n(umn)", "ünï"]


def test_a_missing_index_is_offered_in_sql_that_runs_whatever_the_names_are(any_database):
    schema, table, column, other = map(sql.Identifier, NAMES)
    names = {"s": schema, "t": table, "c": column, "o": other}
    make = (
        "CREATE SCHEMA {s}; CREATE TABLE {s}.{t} ({c} text, {o} int);"
        " INSERT INTO {s}.{t} SELECT 'v' || g, g FROM generate_series(1, 80000) AS g; ANALYZE {s}.{t}"
    )
    with any_database.connect() as conn:
        conn.autocommit = True
        conn.execute(sql.SQL(make).format(**names))
        asked = sql.SQL("SELECT * FROM {s}.{t} WHERE {c} = 'v7' AND {o} < 100").format(**names)
        (advice,) = [each for each in explain(conn, asked, analyze=True).advice if each.rule == "missing_index"]
        conn.execute(advice.fix)
        better = explain(conn, asked, analyze=True)
        assert better.root.index is not None
        assert not [each for each in better.advice if each.rule == "missing_index"]


def test_fixes_of_settings_and_maintenance_run(any_database):
    fixes = {each.fix for faulty, _ in CASES.values() for each in faulty.advice if each.fix}
    with any_database.connect() as conn:
        conn.autocommit = True
        conn.execute("CREATE TABLE orders (a int, b int)")
        assert len(fixes) > 6
        for fix in fixes:
            try:
                conn.execute(fix)
            except psycopg.Error as error:  # pragma: no cover  the assertion says which
                pytest.fail(f"{fix}: {error}")


def test_advice_on_a_plan_of_somebody_else_needs_no_server():
    text = '[{"Plan": {"Node Type": "Sort", "Actual Loops": 1, "Actual Rows": 9, "Sort Space Type": "Disk"}}]'
    assert [each.rule for each in read_plan(text).advice] == ["sort_spilled"]
