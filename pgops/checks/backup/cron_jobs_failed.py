"""Job of pg_cron that fails.

What runs at night runs unseen: partitions that are made, statistics that are gathered, old rows that are removed.
pg_cron keeps a record of each run, and nobody reads it.

WARNING for a job whose last run failed, CRITICAL from `crit_failures` failures in a row. Runs of the last
`window_days` count. A job that has not run in that time, or is switched off, is not judged. Each role sees its own
jobs only (row security of the tables in the schema cron); a superuser sees all. What a failed run said is in
`cron.job_run_details`.

It reads two tables of the extension. Source: pg_cron's README, "Viewing job run details" (1.4 and later).
"""

from __future__ import annotations

from datetime import datetime

import attrs

from pgops.checks.api import Check, Loosest, Query, Requires, limit
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    job: int
    name: str | None
    database: str
    user: str
    schedule: str
    runs: int
    failures: int
    """In a row, up to the last run."""
    last_failed_at: datetime | None
    words: str | None
    """What the last run said, one line of it."""


@attrs.frozen(kw_only=True)
class Limits:
    crit_failures: int = limit(3, unit="runs", doc="Critical from so many failures in a row on.")
    window_days: float = limit(7.0, unit="days", doc="Look at the runs of so many days.", loosest=Loosest.HIGHEST)


# The schema is cron wherever the extension is said to be.
SQL = """
WITH run AS MATERIALIZED (
    SELECT r.jobid, r.status, r.return_message, r.start_time,
           pg_catalog.row_number() OVER (PARTITION BY r.jobid ORDER BY r.runid DESC) AS nth
      FROM cron.job_run_details AS r
     CROSS JOIN (SELECT pg_catalog.clock_timestamp()
                          - pg_catalog.make_interval(secs => %(window_days)s::float8 * 86400) AS since
                 OFFSET 0) AS k
     WHERE r.status IN ('succeeded', 'failed')
       -- one that never came to run (no connection) has no time: then its number has to do
       AND (r.start_time > k.since
            OR r.start_time IS NULL
               AND r.runid > COALESCE((SELECT pg_catalog.max(o.runid)
                                         FROM cron.job_run_details AS o
                                        WHERE o.start_time <= k.since), 0))
)
SELECT j.jobid         AS job,
       j.jobname::text AS name,
       j.database,
       j.username      AS "user",
       j.schedule,
       k.runs,
       (COALESCE(k.last_success, k.runs + 1) - 1)::int AS failures,
       CASE WHEN k.last_success IS DISTINCT FROM 1 THEN k.last_at END AS last_failed_at,
       CASE WHEN k.last_success IS DISTINCT FROM 1
            THEN pg_catalog.split_part(k.said, pg_catalog.chr(10), 1) END AS words
  FROM cron.job AS j
  JOIN (SELECT r.jobid,
               pg_catalog.count(*)::int AS runs,
               pg_catalog.min(r.nth) FILTER (WHERE r.status = 'succeeded') AS last_success,
               pg_catalog.max(r.start_time) AS last_at,
               pg_catalog.max(r.return_message) FILTER (WHERE r.nth = 1) AS said
          FROM run AS r
         GROUP BY r.jobid) AS k ON k.jobid = j.jobid
 WHERE j.active
 ORDER BY failures DESC, j.jobid
"""


def _severity(row: Row, limits: Limits) -> Severity | None:
    if not row.failures:
        return None
    return Severity.CRITICAL if row.failures >= limits.crit_failures else Severity.WARNING


def _message(row: Row, _limits: Limits) -> str:
    times = "The last run" if row.failures == 1 else f"The last {row.failures:,} runs"
    said = f": {row.words}" if row.words else ""
    return f"{times} of job {row.job} ({row.schedule}, in {row.database} as {row.user}) failed{said}."


CHECK = Check(
    id="backup.cron_jobs_failed",
    aliases=("cron_jobs",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("cron job", None, row.name or str(row.job)),
        message=_message,
        details=("job", "runs", "failures"),
    ),
    queries=[Query(since=14, extension=("pg_cron", "1.4"), sql=SQL)],
    requires=Requires(extension="pg_cron", extension_version="1.4"),
)
