"""What the catalogue says of the relations that a plan reads whole: what advice on an index must know.

A plan's text alone does not tell `varchar` from `int` behind a cast, nor which indexes there are already. Advice stays
pure: it gets these facts as data, and does with less where a plan was captured and nobody was asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from pgops.errors import PlanFormatError

if TYPE_CHECKING:
    from pgops.query_plan.plan import QueryPlan


@attrs.frozen(kw_only=True)
class Column:
    """A column as far as an index is concerned."""

    type: str
    """As format_type names it; of a domain, what it is of."""
    ordered: bool
    """Whether the type has a default btree operator class."""
    width: int | None = None
    """Bytes on average (pg_stats); None where it was never analyzed, or may not be seen."""


@attrs.frozen(kw_only=True)
class Index:
    """A valid btree index over all rows; None stands for a key that is no plain column with its own collation."""

    name: str
    columns: tuple[str | None, ...]


@attrs.frozen(kw_only=True)
class Relation:
    """A table that was read whole. `root` is the partitioned table it belongs to: schema and name."""

    schema: str
    name: str
    root: tuple[str, str] | None = None
    columns: Mapping[str, Column] = attrs.field(factory=dict)
    indexes: tuple[Index, ...] = ()

    @classmethod
    def from_plain(cls, raw: Any) -> Relation:
        """What `attrs.asdict` made. Raises `PlanFormatError`."""
        try:
            return cls(
                schema=str(raw["schema"]),
                name=str(raw["name"]),
                root=(str(raw["root"][0]), str(raw["root"][1])) if raw["root"] else None,
                columns={str(name): Column(**each) for name, each in (raw["columns"] or {}).items()},
                indexes=tuple(
                    Index(name=str(each["name"]), columns=tuple(each["columns"])) for each in raw["indexes"] or ()
                ),
            )
        except (TypeError, KeyError, IndexError, AttributeError) as error:
            raise PlanFormatError("What the plan says of its relations is not as pgops writes it.") from error


def knowing(plan: QueryPlan, relations: tuple[Relation, ...]) -> QueryPlan:
    """The plan, and its further ones, with these facts."""
    further = tuple(attrs.evolve(each, relations=relations) for each in plan.further)
    return attrs.evolve(plan, relations=relations, further=further)
