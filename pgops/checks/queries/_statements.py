"""What the checks of pg_stat_statements share: what must be there for them to see anything."""

from __future__ import annotations

from pgops.checks.api import Requires

# With these off the extension is there and empty, and no query looks slow.
_USELESS = (("compute_query_id", "off"), ("pg_stat_statements.track", "none"))

READS_STATEMENTS = Requires(
    role="pg_read_all_stats", extension="pg_stat_statements", extension_version="1.8", useless=_USELESS
)
