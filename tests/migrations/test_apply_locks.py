"""Locks in the way, and other appliers: short waits, another attempt, and whoever it is has a name."""

from __future__ import annotations

import threading
import time

import pytest

from pgops.errors import ApplierBusyError, BlockedError
from pgops.migrations.applying.ledger import read_ledger
from pgops.migrations.applying.proposing import propose
from pgops.migrations.applying.sessions import APPLIER
from tests.migrations.applications import ADD, SQL, apply


def test_a_lock_is_tried_for_again_and_nobody_queues_for_long(newest, any_database):
    """A reader's open transaction is in the way for three seconds; others wait no longer than the lock timeout."""
    waits: list[float] = []
    stop = threading.Event()

    def read() -> None:
        with any_database.connect(autocommit=True) as reader:
            while not stop.is_set():
                began = time.monotonic()
                reader.execute("SELECT count(*) FROM orders WHERE id = 1")
                waits.append(time.monotonic() - began)

    said = []
    with any_database.connect(autocommit=False) as holder:
        pid = holder.info.backend_pid
        holder.execute("SELECT * FROM orders LIMIT 1")
        threading.Timer(3, holder.rollback).start()
        reading = threading.Thread(target=read)
        reading.start()
        try:
            record = apply(newest, ADD, lock_timeout_s=0.3, on_progress=said.append)
        finally:
            stop.set()
            reading.join()
    retries = [each for each in said if each.what == "retry"]
    assert retries
    assert f"session {pid}" in retries[0].message
    (done,) = [each for each in record.details["statements"] if each["entry"]]
    assert done["attempts"] == len(retries) + 1
    assert max(waits) < 1.0  # the timeout and what a shared machine adds; unbounded it would be three seconds


def test_it_gives_up_and_names_who_was_in_the_way(newest, any_database):
    with any_database.connect(autocommit=False) as holder:
        holder.execute("SELECT * FROM orders LIMIT 1")
        with pytest.raises(BlockedError, match=f"session {holder.info.backend_pid}"):
            apply(newest, "ALTER TABLE orders ADD COLUMN c int", lock_timeout_s=0.1, give_up_after_s=1)
    assert [each.state for each in read_ledger(newest)] == ["failed"]
    apply(newest, "ALTER TABLE orders ADD COLUMN c int")


def test_concurrently_waits_for_as_long_as_it_takes(newest, any_database):
    """No timeout breaks off an index build that waits for a writer: that would leave an invalid index."""
    with any_database.connect(autocommit=False) as writer:
        writer.execute("UPDATE orders SET amount = 1 WHERE id = 1")
        threading.Timer(3, writer.rollback).start()
        said = []
        apply(newest, "CREATE INDEX CONCURRENTLY i ON orders (amount)", lock_timeout_s=0.1, on_progress=said.append)
    assert [each.attempts for each in read_ledger(newest)] == [1]
    assert any(each.what == "building" and "waiting for writers" in each.message for each in said)


def test_another_applier_is_named(newest, any_database):
    proposal = propose(newest, SQL)
    with any_database.connect(autocommit=True, application_name="deploy 41") as other:
        other.execute("SELECT pg_advisory_lock(%s)", [APPLIER])
        with pytest.raises(ApplierBusyError, match=rf"session {other.info.backend_pid} .*deploy 41"):
            proposal.apply(newest, approval=proposal.approve(by="ann"), wait_s=0.5)
    proposal.apply(newest, approval=proposal.approve(by="ann"))
