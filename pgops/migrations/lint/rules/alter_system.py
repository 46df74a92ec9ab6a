"""ALTER SYSTEM changes the whole server, and no standby hears of it.

It writes postgresql.auto.conf on the one server it runs on: every database there is affected, replicas and the server
after a failover are not, nothing happens before a reload or restart, and managed services refuse it. It allows no
transaction. A migration sets what it needs for the function, role or database that needs it, and the server is set
where its configuration is kept (manual, ALTER SYSTEM).

A false alarm in scripts that set up a server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.sql.statements import NoTransaction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE FUNCTION yearly_totals() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';"
BAD = "ALTER SYSTEM RESET work_mem;"
GOOD = "ALTER FUNCTION yearly_totals() SET work_mem = '256MB';"


def look(step: Step) -> Iterator[Hit]:
    if step.statement.meaning == NoTransaction(what="ALTER SYSTEM"):
        yield Hit(message="This changes the whole server, this one only, and from its next reload or restart on.")


RULE = Rule(
    id="alter-system",
    doc=__doc__,
    look=look,
    kind=Kind.STYLE,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.INFO,
    covers_small=True,
    statements=(NoTransaction,),
    aliases=("ban-alter-system-options",),
)
