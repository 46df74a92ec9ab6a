"""Standby that receives no WAL.

Its WAL receiver is not connected to the primary: the standby stands still, and what it shows gets older. The primary is
gone, the network, the password or the slot; the standby's log says which. One that restores from an archive needs no
receiver: with restore_command set it is INFO.

Manual: section 26.2.5, "Streaming Replication"; view pg_stat_wal_receiver.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, Scope
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target
from pgops.render.quantities import duration


@attrs.frozen(kw_only=True)
class Row:
    receiving: bool
    archive: bool
    """Whether it restores from an archive too."""
    replayed_s: float | None
    """How long ago the last transaction that it replayed was committed."""


SQL = """
SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_wal_receiver AS r WHERE r.pid IS NOT NULL)    AS receiving,
       (SELECT c.reset_val <> '' FROM pg_catalog.pg_settings AS c WHERE c.name = 'restore_command') AS archive,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp())::float8
                                                                                            AS replayed_s
 WHERE pg_catalog.pg_is_in_recovery()
"""


def _severity(row: Row, _: object) -> Severity | None:
    if row.receiving:
        return None
    return Severity.INFO if row.archive else Severity.CRITICAL


def _message(row: Row, _: object) -> str:
    when = "" if row.replayed_s is None else f" What it shows is {duration(row.replayed_s)} old at least."
    return f"The standby receives no WAL: it is not connected to a primary.{when}"


CHECK = Check(
    id="replication.wal_receiver_down",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=_severity,
        target=lambda _: Target("server", None, "standby"),
        message=_message,
        details=("archive", "replayed_s"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
)
