"""The witness of a verified dump: counts and hashes every table in the snapshot that pg_dump reads, while it reads.

Its session exports the snapshot, so it has to outlive pg_dump's import of it; it stays until all is counted.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillCounting
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import attrs
import psycopg

from pgops.dump.counting.running import Counted, count_tables_with, exported_snapshot
from pgops.dump.taking.plan import DumpPlan
from pgops.dump.taking.progress import DumpProgress
from pgops.errors import CountError, DumpError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.dump.counting.running import TableProgress


_CANCEL_S, _CANCEL_AGAIN_S = 5.0, 0.2


@attrs.define(kw_only=True)
class Witness:
    """Counts on a thread of its own. `snapshot` is what pg_dump is to read."""

    session: psycopg.Connection[Any]
    snapshot: str
    plan: DumpPlan
    pool: ThreadPoolExecutor
    progress: DumpProgress = attrs.field(factory=lambda: DumpProgress(phase="counting"))
    counting: Future[Counted] | None = None
    stop: threading.Event = attrs.field(factory=threading.Event)

    def begin(self) -> None:
        """Begin to count."""
        self.counting = self.pool.submit(self._count)

    def has_ended(self, wait_s: float) -> bool:
        """Whether all is counted, or nothing more will be; waits for `wait_s` seconds at most."""
        assert self.counting is not None  # noqa: S101  begin() comes first
        with suppress(StillCounting):
            self.counting.exception(wait_s)
        return self.counting.done()

    def refuse_failed(self) -> None:
        """Raise `DumpError` where counting has failed: pg_dump need not go on then."""
        if self.counting is not None and self.counting.done():
            self.testimony()

    def testimony(self) -> dict[str, Any]:
        """What the manifest wants. Raises `DumpError` where something could not be counted."""
        assert self.counting is not None  # noqa: S101  begin() comes first
        try:
            counted = self.counting.result()
        except (psycopg.Error, CountError) as problem:
            words = str(problem).strip().partition("\n")[0].removesuffix(".")
            raise DumpError(f"The rows could not be counted, and no dump was made: {words}.") from None
        return {
            "tables": counted.tables,
            "large_objects": counted.large_objects,
            "not_counted": counted.not_counted,
        }

    def _count(self) -> Counted:
        return count_tables_with(
            self.session,
            self.snapshot,
            jobs=self.plan.jobs,
            tables=self.plan.tables or None,
            schemas=self.plan.schemas or None,
            on_table=self._heard,
            stop=self.stop,
        )

    def _heard(self, step: TableProgress) -> None:
        self.progress = DumpProgress(phase="counting", tables_done=step.done, tables=step.total, current=(step.name,))


@contextmanager
def testifying(conn: psycopg.Connection[Any], plan: DumpPlan) -> Iterator[Witness]:
    """A witness for the block; what it still counts at its end is cancelled on the server."""
    snapshot_of = exported_snapshot(
        conn, tables=plan.tables or None, schemas=plan.schemas or None, lock_wait_s=plan.lock_wait_s
    )
    with ExitStack() as stack:
        try:
            session, snapshot = stack.enter_context(snapshot_of)
        except psycopg.OperationalError as problem:
            words = str(problem).strip().partition("\n")[0]
            raise DumpError(f"No session to count rows could be opened, and no dump was made: {words}.") from None
        pool = stack.enter_context(ThreadPoolExecutor(1))
        witness = Witness(session=session, snapshot=snapshot, plan=plan, pool=pool)
        try:
            yield witness
        finally:
            witness.stop.set()
            while witness.counting is not None and not witness.counting.done():
                with suppress(psycopg.Error):  # what comes after the tables is on this session alone
                    session.cancel_safe(timeout=_CANCEL_S)
                witness.has_ended(_CANCEL_AGAIN_S)
