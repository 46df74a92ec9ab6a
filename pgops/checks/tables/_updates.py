"""What the checks of updates share: the counters of the tables that were updated often, and since when they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from pgops.checks.counting import WINDOW_SQL, Window

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Protocol

    class Counted(Protocol):
        """The columns that say since when."""

        @property
        def counting(self) -> bool: ...
        @property
        def counted_since(self) -> datetime | None: ...
        @property
        def window_s(self) -> float | None: ...


# The counters are asked once for each table, the rest only for those that were updated often.
UPDATED: LiteralString = """updated AS MATERIALIZED (
  SELECT k.*
    FROM (SELECT c.oid,
                 c.relname,
                 c.relnamespace,
                 c.reloptions,
                 pg_catalog.pg_stat_get_tuples_updated(c.oid) AS updates
            FROM pg_catalog.pg_class AS c
           WHERE c.relkind = 'r'
             AND c.relpersistence <> 't'
          OFFSET 0) AS k
   WHERE k.updates >= %(min_updates)s::bigint
), counting AS MATERIALIZED (<window>)""".replace("<window>", WINDOW_SQL)

FILLFACTOR: LiteralString = """COALESCE((SELECT o.option_value::int
                   FROM pg_catalog.pg_options_to_table(u.reloptions) AS o
                  WHERE o.option_name = 'fillfactor'), 100)"""


def in_window(row: Counted) -> str:
    """How long was counted, as the end of a phrase; empty where nobody can say."""
    window = Window(counting=row.counting, since=row.counted_since, seconds=row.window_s)
    return "" if window.seconds is None else f" in {window.length}"
