"""A prediction as a document, which says on top what it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.query_plan.plan_text import number, tree_lines
from pgops.render.document import Block, CodeBlock, Document, KeyValues, Note, Section, Tone
from pgops.render.quantities import ABSENT, percent, size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.query_plan.prediction import Prediction


def document_of(prediction: Prediction) -> Document:
    return Document(
        "What if there were this index",
        subtitle="A prediction by hypopg and the planner's estimates: nothing was built, run or measured.",
        blocks=tuple(_blocks(prediction)),
    )


def _blocks(prediction: Prediction) -> Iterator[Block]:
    yield CodeBlock(prediction.create_index, "sql")
    before, after = prediction.before.root.total_cost, prediction.after.root.total_cost
    if prediction.would_be_used:
        yield Note(f"The planner would use it: the cost falls to {percent(100 * prediction.cost_ratio)}.", Tone.GOOD)
    else:
        yield Note("The planner would not use it.", Tone.WARNING)
    predicted = ABSENT if prediction.size_bytes is None else size(prediction.size_bytes)
    costs = {"cost without it": number(before), "cost with it": number(after), "predicted size": predicted}
    yield KeyValues(costs)
    for title, plan in (("Without it", prediction.before), ("With it, predicted", prediction.after)):
        yield Section(title, [CodeBlock("\n".join(tree_lines(plan)))])
