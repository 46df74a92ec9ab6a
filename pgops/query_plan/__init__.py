"""Query plans: EXPLAIN as typed data, with advice, comparison, and ANALYZE only where it is safe or approved.

    import pgops

    plan = pgops.explain(conn, "SELECT * FROM orders WHERE customer_id = %s", [42])
    print(plan.to_text())
    for advice in plan.advice:
        ...

`explaining` is the call: it takes the `statement` with its parameters, and sends it by `asking`, which only reads;
`reading` takes JSON that others captured. Both give the `plan`, whose nodes `building` makes and whose shares of time
and buffers `shares` finds. `cataloguing` asks what `relations` keeps of the tables that are read whole, for advice.
`advice` holds one rule a function, `comparison` holds two plans together, `prediction` asks hypopg "what if".

`safety` says whether ANALYZE may run a statement unasked: `names_used` reads every name in it, `resolution` follows
each to the end, by the questions in `resolution_sql`, along the `search_path`, into `node_trees` (views, policies,
domains) and `function_bodies`, and `volatile_catalogue` is the short list of what may run. `writing` is what a change
sets off. `proposing` runs after consent what may not run unasked.

For people: `plan_document` with the tree of `plan_text`, whose words are `labels`; `plan_page` in the `plan_style`;
`comparison_document` and `prediction_document`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.lazy import face

if TYPE_CHECKING:
    from pgops.query_plan.advice.model import Advice
    from pgops.query_plan.comparison import NodeChange, PlanComparison, compare_plans
    from pgops.query_plan.explaining import explain
    from pgops.query_plan.plan import Buffers, Jit, PlanNode, QueryPlan, Trigger, Wal
    from pgops.query_plan.prediction import Prediction, predict_index
    from pgops.query_plan.proposing import AnalyzeProposal, plan_of, propose_analyze
    from pgops.query_plan.reading import read_plan

_HOME = {
    "Advice": "advice.model",
    "AnalyzeProposal": "proposing",
    "Buffers": "plan",
    "Jit": "plan",
    "NodeChange": "comparison",
    "PlanComparison": "comparison",
    "PlanNode": "plan",
    "Prediction": "prediction",
    "QueryPlan": "plan",
    "Trigger": "plan",
    "Wal": "plan",
    "compare_plans": "comparison",
    "explain": "explaining",
    "plan_of": "proposing",
    "predict_index": "prediction",
    "propose_analyze": "proposing",
    "read_plan": "reading",
}

__all__ = [  # noqa: RUF022  in the order in which they are used
    "explain",
    "read_plan",
    "QueryPlan",
    "PlanNode",
    "Buffers",
    "Wal",
    "Trigger",
    "Jit",
    "Advice",
    "propose_analyze",
    "AnalyzeProposal",
    "plan_of",
    "compare_plans",
    "PlanComparison",
    "NodeChange",
    "predict_index",
    "Prediction",
]

__getattr__, __dir__ = face(__name__, globals(), _HOME)
