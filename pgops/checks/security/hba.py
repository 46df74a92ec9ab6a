"""Who may log in from where, and how: pg_hba.conf as the server reads it.

The lines in their order, the first that fits a connection decides. They are read from the files now: what a reload has
not brought into effect yet is among them. Options that are passwords are left out.

A listing, no verdict: security.weak_hba judges. Only superusers may read it, and whoever they grant it to.

Manual: section 20.1; "pg_hba_file_rules".
"""

from __future__ import annotations

from pgops.checks.api import Check, NoLimits, Requires, Scope
from pgops.checks.security._hba import GRANTS, QUERIES, Rule, target_of

CHECK: Check[Rule, NoLimits] = Check(
    id="security.hba",
    aliases=("hba_overview",),
    doc=__doc__,
    row=Rule,
    queries=QUERIES,
    scope=Scope.CLUSTER,
    requires=Requires(grants=GRANTS),
    target=target_of,
)
