"""EXPLAIN ANALYZE of what has effects: everything is named first, carried out once approved, and rolled back."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import attrs
import psycopg
import pytest

from pgops.errors import ExplainError, NotApprovedError, StaleProposalError, WrongConnectionError
from pgops.query_plan.proposing import plan_of, propose_analyze
from pgops.query_plan.safety import judge

if TYPE_CHECKING:
    from pgops.approval import Record
    from pgops.scratch import ScratchDatabase

SETUP = """
CREATE TABLE customers (id int PRIMARY KEY, name text);
CREATE TABLE orders (id serial PRIMARY KEY, number int GENERATED ALWAYS AS IDENTITY,
    customer_id int REFERENCES customers ON DELETE CASCADE ON UPDATE CASCADE, amount int CHECK (amount > 0));
CREATE TABLE items (id int PRIMARY KEY, order_id int REFERENCES orders ON DELETE SET NULL);
CREATE TABLE log (what text);
CREATE FUNCTION log_it() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO log VALUES (TG_OP); RETURN coalesce(NEW, OLD); END';
CREATE FUNCTION charge(int) RETURNS int LANGUAGE plpgsql AS 'BEGIN INSERT INTO log VALUES ($1); RETURN $1; END';
CREATE FUNCTION is_dear(int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
CREATE TRIGGER audit AFTER INSERT OR DELETE ON orders FOR EACH ROW EXECUTE FUNCTION log_it();
CREATE TRIGGER "au dit ""2" BEFORE UPDATE ON items FOR EACH ROW WHEN (is_dear(NEW.id)) EXECUTE FUNCTION log_it();
CREATE TRIGGER off AFTER DELETE ON orders FOR EACH ROW EXECUTE FUNCTION log_it();
ALTER TABLE orders DISABLE TRIGGER off;
CREATE VIEW dear AS SELECT * FROM orders WHERE amount > 10;
CREATE VIEW joined AS SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id;
CREATE TRIGGER instead INSTEAD OF DELETE ON joined FOR EACH ROW EXECUTE FUNCTION log_it();
CREATE TABLE ruled (id int);
CREATE RULE keep AS ON DELETE TO ruled DO INSTEAD INSERT INTO log VALUES (charge(old.id)::text);
CREATE TABLE split (at int, note text DEFAULT charge(1)) PARTITION BY RANGE (at);
CREATE TABLE split_1 PARTITION OF split FOR VALUES FROM (0) TO (10);
CREATE TRIGGER every AFTER INSERT ON split FOR EACH ROW EXECUTE FUNCTION log_it();
CREATE TRIGGER own AFTER INSERT ON split_1 FOR EACH ROW EXECUTE FUNCTION log_it();
INSERT INTO customers VALUES (1, 'ann');
INSERT INTO orders (customer_id, amount) VALUES (1, 20);
TRUNCATE log;
"""
AUDIT = "audit on public.orders (function public.log_it())"
AUDIT_2 = '"au dit ""2" on public.items (function public.log_it())'

FIRES = {
    "INSERT INTO orders (customer_id) VALUES (1)": [AUDIT],
    "UPDATE orders SET amount = 1": [],
    "DELETE FROM orders": [AUDIT, AUDIT_2],
    "DELETE FROM customers": [AUDIT, AUDIT_2],
    "UPDATE customers SET id = 2": [],
    "MERGE INTO orders AS o USING customers AS c ON c.id = o.id WHEN NOT MATCHED THEN INSERT DEFAULT VALUES": [AUDIT],
    "WITH gone AS (DELETE FROM orders RETURNING id) SELECT * FROM gone": [AUDIT, AUDIT_2],
    "INSERT INTO dear (amount) VALUES (11)": [AUDIT],
    "DELETE FROM joined": ["instead on public.joined (function public.log_it())"],
    "DELETE FROM ruled": ["rule keep on public.ruled"],
    "INSERT INTO split VALUES (1)": [
        "every on public.split (function public.log_it())",
        "own on public.split_1 (function public.log_it())",
    ],
    "UPDATE split SET at = 2": ["own on public.split_1 (function public.log_it())"],
    "SELECT charge(1)": [],
}


def test_what_would_fire_and_be_written_is_named(any_database: ScratchDatabase) -> None:
    with any_database.connect(autocommit=True) as conn:
        conn.execute(SETUP)
        for sql, triggers in FIRES.items():
            proposal = propose_analyze(conn, sql)
            assert sorted(proposal.verdict.triggers) == sorted(triggers), sql
            assert all(f"fires {each}" in proposal.effects for each in triggers)
        said = propose_analyze(conn, "DELETE FROM customers")
        assert said.verdict.writes == (
            "delete from public.customers",
            "delete from public.orders (by foreign key orders_customer_id_fkey to public.customers)",
            "update of public.items (by foreign key items_order_id_fkey to public.orders)",
        )
        assert "public.is_dear(integer)" in said.verdict.volatile, "the trigger's condition calls it"
        assert "the rows changed stay locked until the rollback, for up to 60 s" in said.risks
        said = propose_analyze(conn, "INSERT INTO orders (amount) VALUES (1)")
        assert said.verdict.sequences == ("public.orders_id_seq", "public.orders_number_seq")
        assert "sequence public.orders_id_seq stays advanced after the rollback" in said.risks
        assert "public.charge(integer)" in propose_analyze(conn, "INSERT INTO split VALUES (1)").verdict.volatile
        assert "public.charge(integer)" in propose_analyze(conn, "DELETE FROM ruled").verdict.volatile
        said = propose_analyze(conn, "SELECT nextval('orders_id_seq'), pg_terminate_backend(7)")
        assert "sequence orders_id_seq stays advanced after the rollback" in said.risks
        assert any("a session that was ended stays ended" in each for each in said.risks)
        assert conn.execute("SELECT count(*) FROM log").fetchone() == (0,), "nothing was carried out"


def test_it_is_carried_out_once_approved_and_rolled_back(any_database: ScratchDatabase) -> None:
    kept: list[Record] = []
    with any_database.connect(autocommit=True) as conn:
        conn.execute(SETUP)
        conn.execute("SET default_transaction_read_only = on")
        proposal = propose_analyze(conn, "DELETE FROM customers WHERE name = %s", ["ann"])
        assert proposal.statements == ("DELETE FROM customers WHERE name = 'ann'",)
        with pytest.raises(NotApprovedError):
            proposal.apply(conn, approval=None)
        record = proposal.apply(conn, approval=proposal.approve(by="ann"), record=kept.append)
        plan = plan_of(record)
        assert (plan.root.node_type, plan.is_measured) == ("ModifyTable", True)
        assert any("customer" in str(each) for each in plan.triggers), "the cascade was carried out"
        assert kept == [record]
        assert conn.execute("SELECT count(*) FROM orders").fetchone() == (1,)
        assert conn.execute("SELECT count(*) FROM log").fetchone() == (0,)
        assert conn.execute("SHOW transaction_read_only").fetchone() == ("on",)
        numbered = propose_analyze(conn, "SELECT charge($1)", [5])
        assert numbered.parameters["$1"] == {"value": "5", "type": 21, "format": "binary", "bytes": "0005"}
        assert numbered.digest != propose_analyze(conn, "SELECT charge($1)", [6]).digest
        assert plan_of(numbered.apply(conn, approval=numbered.approve(by="ann"))).is_measured


class Alike(str):
    """Values that look the same."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'x'"


def test_what_is_bound_and_what_was_found_are_what_was_agreed(any_database: ScratchDatabase) -> None:
    with any_database.connect(autocommit=True) as conn:
        conn.execute(SETUP)
        sql = "INSERT INTO log VALUES ($1)"
        proposal, other = propose_analyze(conn, sql, [Alike("a")]), propose_analyze(conn, sql, [Alike("b")])
        assert proposal.digest != other.digest
        approval = proposal.approve(by="ann")
        calm = propose_analyze(conn, "SELECT 1")
        for changed in (attrs.evolve(proposal, values=other.values), attrs.evolve(proposal, verdict=calm.verdict)):
            with pytest.raises(NotApprovedError):
                changed.apply(conn, approval=approval)
        assert plan_of(proposal.apply(conn, approval=approval)).is_measured
        for timeout_s in (-1, 0, float("nan"), float("inf")):
            with pytest.raises(ValueError, match="timeout_s"):
                propose_analyze(conn, "SELECT 1", timeout_s=timeout_s)
        with pytest.raises(ExplainError, match="can't be sent"):
            propose_analyze(conn, "SELECT $1", [object()])


def test_what_does_not_fit_is_refused(any_database: ScratchDatabase) -> None:
    with any_database.connect(autocommit=True) as conn:
        conn.execute(SETUP)
        for sql, words in {
            "SELECT 1; DROP TABLE log": "2 statements",
            "DROP TABLE log": "DROP has no plan",
            "DO $$ BEGIN END $$": "DO has no plan",
            "EXECUTE prepared": "EXECUTE",
            "SELECT $1": r"\$1 open",
            "": "empty",
        }.items():
            with pytest.raises(ExplainError, match=words):
                propose_analyze(conn, sql)
        proposal = propose_analyze(conn, "UPDATE orders SET amount = 2")
        approval = proposal.approve(by="ann")
        with conn.transaction(), pytest.raises(WrongConnectionError):
            proposal.apply(conn, approval=approval)
        conn.execute("CREATE TRIGGER late AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION log_it()")
        with pytest.raises(StaleProposalError, match=r"trigger late on public\.orders"):
            proposal.apply(conn, approval=approval)
        conn.execute("CREATE TEMP TABLE items (id int)")
        mine = propose_analyze(conn, "DELETE FROM items")
        with pytest.raises(StaleProposalError, match=r"delete from public\.items"):
            mine.apply(conn, approval=mine.approve(by="ann"))


def test_it_is_rolled_back_where_it_fails_or_takes_too_long(any_database: ScratchDatabase) -> None:
    with any_database.connect(autocommit=True) as conn:
        conn.execute(SETUP)
        slow = "WITH gone AS (DELETE FROM orders RETURNING id) SELECT pg_sleep(60) FROM gone"
        proposal = propose_analyze(conn, slow, timeout_s=0.1)
        with pytest.raises(ExplainError, match=r"its limit is 0\.1 s"):
            proposal.apply(conn, approval=proposal.approve(by="ann"))
        failing = propose_analyze(conn, "UPDATE orders SET amount = -charge(id)")
        with pytest.raises(ExplainError, match="orders_amount_check"):
            failing.apply(conn, approval=failing.approve(by="ann"))
        assert conn.execute("SELECT amount, (SELECT count(*) FROM log) FROM orders").fetchone() == (20, 0)


def test_ctrl_c_ends_it(any_database: ScratchDatabase) -> None:
    with any_database.connect(autocommit=True) as conn, any_database.connect(autocommit=True) as other:
        conn.execute(SETUP)
        proposal = propose_analyze(conn, "UPDATE orders SET amount = 3 WHERE pg_sleep(60) IS NOT NULL")
        running = (
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'pgops explain' AND datname = current_database()"
        )

        def interrupt() -> None:
            while other.execute(running + " AND wait_event = 'PgSleep'").fetchone() is None:
                threading.Event().wait(0.02)
            signal.pthread_kill(main, signal.SIGINT)

        main = threading.get_ident()
        waiting = threading.Thread(target=interrupt, daemon=True)
        waiting.start()
        with pytest.raises(KeyboardInterrupt):
            proposal.apply(conn, approval=proposal.approve(by="ann"))
        waiting.join()
        while other.execute(running).fetchone() is not None:
            threading.Event().wait(0.02)
        assert conn.execute("SELECT amount FROM orders").fetchone() == (20,)
        assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_whatever_cursors_the_caller_has_made_its_own(any_database):
    with any_database.connect() as conn:
        conn.cursor_factory = psycopg.RawCursor
        assert judge(conn, "SELECT 1").is_safe
        assert propose_analyze(conn, "CREATE TABLE t AS SELECT 1 AS a").statements
