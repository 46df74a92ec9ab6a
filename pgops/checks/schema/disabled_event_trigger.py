"""Event trigger that is disabled.

An event trigger watches over DDL: it logs changes, forbids some, or sets owners and privileges of what is new. One
that was turned off for a migration and forgotten does nothing any more, and nobody notices.

WARNING; INFO for one that fires only in sessions of a replica. It is a false alarm for what is turned off on purpose:
dropping it says so to the next reader. What an extension made is left out.

Manual: chapter 38, "Event Triggers"; ALTER EVENT TRIGGER.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    trigger: str
    event: str
    function: str
    """Qualified and quoted."""
    replica_only: bool


SQL = """
SELECT t.evtname::text                                          AS trigger,
       t.evtevent::text                                         AS event,
       pg_catalog.format('%%I.%%I', n.nspname, p.proname)       AS function,
       t.evtenabled = 'R'                                       AS replica_only
  FROM pg_catalog.pg_event_trigger AS t
  JOIN pg_catalog.pg_proc AS p ON p.oid = t.evtfoid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
 WHERE t.evtenabled IN ('D', 'R')
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.pg_depend AS d
                    WHERE d.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass
                      AND d.objid = t.oid
                      AND d.deptype = 'e')
 ORDER BY replica_only, t.evtname
"""

CHECK = Check(
    id="schema.disabled_event_trigger",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=lambda row, _: Severity.INFO if row.replica_only else Severity.WARNING,
        target=lambda row: Target("event trigger", None, row.trigger),
        message=lambda row, _: (
            f"The event trigger, which calls {row.function} at {row.event}, "
            + ("fires in sessions of a replica only." if row.replica_only else "is disabled.")
        ),
        fix="ALTER EVENT TRIGGER {target} ENABLE;",
        details=("event", "function", "replica_only"),
    ),
    queries=[Query(since=14, sql=SQL)],
)
