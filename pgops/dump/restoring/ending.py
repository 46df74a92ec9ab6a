"""The end of a restore, good or bad: no session of it goes on, what is in the target now, what is left to do."""

from __future__ import annotations

import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import psycopg

from pgops.dump.restoring.target import target_contents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.dump.restoring.plan import RestorePlan
    from pgops.dump.restoring.target import TargetContents
    from pgops.programs import ChildConnection

_LOOK_S = 0.1
_PATIENCE_S = 10.0
"""How long sessions of a program that has ended may take to end before they are ended, and a server to come back."""

_OURS = """
SELECT a.pid
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.application_name = %s
   AND a.datid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
"""


def _session(child: ChildConnection) -> psycopg.Connection[Any]:
    """One that needs none of before, to look: where the server crashed, they are all gone."""
    session = psycopg.connect(child.target.reveal(), autocommit=True, prepare_threshold=None)
    session.execute("SET statement_timeout = 0")
    return session


def _session_in_the_end(child: ChildConnection) -> psycopg.Connection[Any]:
    """One on a server that may have crashed, and then mostly comes back within seconds."""
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return _session(child)
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
        time.sleep(_LOOK_S)


def end_sessions(child: ChildConnection, application: str) -> None:
    """Wait until the program's sessions have ended, and with them their transactions; end those that do not."""
    with suppress(psycopg.Error), closing(_session(child)) as session:
        until = time.monotonic() + _PATIENCE_S
        while pids := [pid for (pid,) in session.execute(_OURS, [application]).fetchall()]:
            if time.monotonic() > until:
                session.execute(
                    "SELECT pg_catalog.pg_terminate_backend(pid, 5000) FROM pg_catalog.unnest(%s) AS pid", [pids]
                )
                return
            time.sleep(_LOOK_S)


def left_by(plan: RestorePlan, child: ChildConnection, application: str, *, before: TargetContents) -> str:
    """What is in the target now, in words."""
    end_sessions(child, application)
    try:
        with closing(_session_in_the_end(child)) as session:
            now = target_contents(session)
    except psycopg.Error as error:
        whole = ", which was one transaction: all of it, or nothing" if plan.single_transaction else ""
        return f"What is in the target could not be looked at{whole} ({error})."
    if now.fingerprint == before.fingerprint:
        kept = "The target is as it was" if not now.is_empty else "Nothing is left in the target"
        return f"{kept}." if plan.single_transaction else f"{kept}, as far as objects go."
    return f"The target now holds {now}."


_VIEWS = """
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'm'
 ORDER BY 1
"""


def advice_after(plan: RestorePlan, session: psycopg.Connection[Any], *, analyzed: bool) -> Iterator[str]:
    """What is left to do."""
    kinds = {each.kind for each in plan.restored}
    if not analyzed and "STATISTICS DATA" not in kinds:
        yield "Run ANALYZE: a restored database has no statistics."
    if "TABLE DATA" in kinds and "MATERIALIZED VIEW" not in kinds:
        with suppress(psycopg.Error):  # it is restored, whatever became of the server since
            for (view,) in session.execute(_VIEWS).fetchall():
                yield f"REFRESH MATERIALIZED VIEW {view}: it has nothing of these rows."
