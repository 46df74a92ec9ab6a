"""wal_level does not fit what is set up.

Publications and logical slots need `wal_level = logical`: a publication on a server with `replica` publishes to
nobody, and CREATE SUBSCRIPTION fails at the other end. `logical` where nothing decodes writes a little more WAL for
every change than it has to.

WARNING for a publication without `logical`. INFO for `logical` that no slot and no publication of this database needs,
on a server without other databases, whose publications are not seen from here. The remedy takes a restart. It is a
false alarm where replication is about to be set up.

Manual: section 19.5.1, wal_level.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    wal_level: str
    publications: int
    """Of this database."""
    logical_slots: int
    others: bool
    """Whether there are other databases, whose publications are not seen."""


SQL = """
SELECT pg_catalog.current_setting('wal_level') AS wal_level,
       (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_publication) AS publications,
       (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_replication_slots AS s WHERE s.slot_type = 'logical')
         AS logical_slots,
       EXISTS (SELECT FROM pg_catalog.pg_database AS d
                WHERE d.datallowconn AND NOT d.datistemplate AND d.datname <> pg_catalog.current_database()
                  AND d.datname <> 'postgres') AS others
"""


def _severity(row: Row, _limits: object) -> Severity | None:
    if row.publications and row.wal_level != "logical":
        return Severity.WARNING
    needless = row.wal_level == "logical" and not (row.publications or row.logical_slots or row.others)
    return Severity.INFO if needless else None


def _message(row: Row, _limits: object) -> str:
    if row.wal_level != "logical":
        what = "1 publication" if row.publications == 1 else f"{row.publications:,} publications"
        said = f"wal_level is {row.wal_level}, and the database has {what}: nobody can subscribe before it is logical."
    else:
        said = "wal_level is logical, and there is neither a logical slot nor a publication: replica would write less."
    return f"{said} A change takes effect at the next restart."


def _fix(row: Row, _limits: object) -> str:
    return f"ALTER SYSTEM SET wal_level = '{'replica' if row.wal_level == 'logical' else 'logical'}';"


CHECK = Check(
    id="wal.wal_level_mismatch",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=_severity,
        target=lambda _: Target("setting", None, "wal_level"),
        message=_message,
        fix=_fix,
        details=("wal_level", "publications", "logical_slots"),
    ),
    queries=[Query(since=14, sql=SQL)],
    standby=False,
)
