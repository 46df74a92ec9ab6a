"""How far a statement is, told while it runs: index builds, from pg_stat_progress_create_index, on a session of its
own.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg

from pgops.migrations.applying.events import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pgops.migrations.applying.events import OnProgress

_EVERY_S = 0.5

_PROGRESS = """
SELECT p.phase, p.blocks_done, p.blocks_total, p.tuples_done, p.tuples_total, p.lockers_done, p.lockers_total,
       p.current_locker_pid
  FROM pg_catalog.pg_stat_progress_create_index AS p
 WHERE p.pid = %s
"""


@contextmanager
def watched(
    backend: int,
    open_session: Callable[[], psycopg.Connection[Any]],
    on_progress: OnProgress | None,
    *,
    place: str,
    finished: int,
    of: int,
) -> Iterator[None]:
    """Report the index build of `backend` twice a second while the block runs. What can't be seen is not reported."""
    if on_progress is None:
        yield
        return
    stop = threading.Event()

    def look() -> None:
        last = None
        try:
            with open_session() as conn:
                while not stop.wait(_EVERY_S):
                    row = conn.execute(_PROGRESS.encode(), [backend]).fetchone()
                    if row is None or row == last:
                        continue
                    last = row
                    share, message = _said(row)
                    on_progress(
                        Progress(what="building", message=message, place=place, finished=finished, of=of, share=share)
                    )
        except psycopg.Error:
            return  # the work goes on unseen; its own session says what is wrong

    watcher = threading.Thread(target=look, name="pgops-progress", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join(timeout=10)


def _said(row: tuple[Any, ...]) -> tuple[float | None, str]:
    phase, blocks, blocks_total, rows, rows_total, lockers, lockers_total, locker = row
    if phase.startswith("waiting"):
        who = f", now for session {locker}" if locker else ""
        return None, f"{phase}: {lockers} of {lockers_total} are done{who}"
    if blocks_total:
        return blocks / blocks_total, f"{phase}: {blocks:,} of {blocks_total:,} blocks"
    if rows_total:
        return rows / rows_total, f"{phase}: {rows:,} of {rows_total:,} rows"
    return None, str(phase)
