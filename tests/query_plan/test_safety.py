"""What may be run unasked, and what may not: a table of statements, on the oldest and newest server."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.rows import dict_row

from pgops.query_plan.safety import judge, judge_tree, read_statements

if TYPE_CHECKING:
    from pgops.scratch import ScratchDatabase

pytestmark = pytest.mark.outer_versions

SETUP = r"""
SET check_function_bodies = off;
CREATE SCHEMA shop;
CREATE SCHEMA "we.ird ""schema%";
CREATE TABLE customers (id int PRIMARY KEY, name text, born date, data jsonb, words tsvector, span int4range);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customers, amount numeric, noted text[]);
INSERT INTO customers VALUES (1, 'ann', '2000-01-01', '{"a": [1, 2]}', to_tsvector('english', 'cats'), '[1,5)');
INSERT INTO orders VALUES (1, 1, 9.5, '{a,b}'), (2, 1, 1.5, NULL);
CREATE SEQUENCE numbers;
CREATE VIEW plain AS SELECT id, upper(name) AS name FROM customers WHERE born < now();
CREATE VIEW plainer AS SELECT p.*, row_number() OVER (ORDER BY id) FROM plain AS p;
CREATE MATERIALIZED VIEW kept AS SELECT id FROM orders;
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE pair AS (one int, two positive);
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
CREATE FUNCTION longest(text) RETURNS int LANGUAGE plpgsql STABLE AS
    $$ BEGIN RETURN (SELECT max(length(name)) FROM customers WHERE name <> $1 OR random() > 0); END $$;
CREATE FUNCTION variable() RETURNS int LANGUAGE plpgsql STABLE AS
    $$ DECLARE charge int; BEGIN SELECT max(id) INTO charge FROM orders; RETURN charge; END $$;
CREATE FUNCTION atomic(int) RETURNS int LANGUAGE sql STABLE BEGIN ATOMIC SELECT max(id) + $1 FROM customers; END;
CREATE AGGREGATE total (int) (sfunc = int4pl, stype = int, initcond = '0');
CREATE OPERATOR <-+-> (leftarg = int, rightarg = int, function = int4pl);
CREATE TABLE guarded (id int);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON guarded USING (id > 0 AND current_user <> 'nobody');
CREATE TABLE measured (at int, value int) PARTITION BY RANGE (at);
CREATE TABLE measured_1 PARTITION OF measured FOR VALUES FROM (0) TO (10);
CREATE TABLE "we.ird ""schema%"."ta.ble ""x%" ("co l" int);

CREATE FUNCTION charge(int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN $1; END';
CREATE FUNCTION is_paid(int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
CREATE FUNCTION shop.charge(text) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
CREATE FUNCTION "we.ird ""schema%"."fu.n ""%"() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
CREATE FUNCTION lower(customers) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
CREATE FUNCTION fee(orders) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
CREATE VIEW charging AS SELECT charge(id) AS charged FROM orders;
CREATE VIEW charging_behind AS SELECT * FROM (SELECT * FROM charging) AS c WHERE charged > 1;
CREATE VIEW locking AS SELECT id FROM orders FOR UPDATE;
CREATE VIEW listening AS SELECT name FROM customers, pg_notify('a', name) AS told;
CREATE FUNCTION plus(int, int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
CREATE OPERATOR <###> (leftarg = int, rightarg = int, function = plus);
CREATE DOMAIN paid AS int CHECK (is_paid(VALUE));
CREATE TYPE bill AS (id int, amount paid);
CREATE FUNCTION settle(paid) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE TABLE secret (id int);
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
CREATE POLICY paying ON secret USING (is_paid(id));
CREATE AGGREGATE charged (int) (sfunc = plus, stype = int, initcond = '0');
CREATE FUNCTION as_mood(int) RETURNS mood LANGUAGE plpgsql AS $$ BEGIN RETURN 'good'; END $$;
CREATE CAST (int AS mood) WITH FUNCTION as_mood(int);
CREATE FUNCTION hidden(int) RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN charge($1); END';
CREATE FUNCTION hidden_apart(int) RETURNS int LANGUAGE plpgsql STABLE AS
    $$ BEGIN RETURN public . CHARGE -- (
        /* ( */ ($1); END $$;
CREATE FUNCTION hidden_attribute() RETURNS int LANGUAGE plpgsql STABLE AS
    'DECLARE o orders; BEGIN RETURN (o) . fee; END';
CREATE FUNCTION "☂"() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
CREATE FUNCTION hidden_picture() RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN ☂(); END';
CREATE FUNCTION hidden_deep(int) RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN Hidden($1); END';
CREATE FUNCTION hidden_sql(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT charge($1)';
CREATE FUNCTION hidden_atomic(int) RETURNS int LANGUAGE sql STABLE BEGIN ATOMIC SELECT charge($1); END;
CREATE FUNCTION hidden_view() RETURNS bigint LANGUAGE plpgsql STABLE AS
    'BEGIN RETURN (SELECT count(charged) FROM charging); END';
CREATE FUNCTION hidden_path(text) RETURNS int LANGUAGE sql STABLE SET search_path = shop AS 'SELECT charge($1)';
CREATE FUNCTION shop.calls(text) RETURNS int LANGUAGE sql STABLE AS 'SELECT charge($1)';
CREATE FUNCTION hidden_inherits(text) RETURNS int LANGUAGE plpgsql STABLE SET search_path = shop AS
    'BEGIN RETURN calls($1); END';
CREATE FUNCTION hidden_quoted() RETURNS int LANGUAGE plpgsql STABLE AS
    'BEGIN RETURN /* /* */ '' */ "we.ird ""schema%" . "fu.n ""%"() /* '' */; END';
CREATE FUNCTION calm() RETURNS text LANGUAGE plpgsql STABLE AS
    'BEGIN RETURN ''charge(1)''; -- charge(1)
     END';
CREATE FUNCTION writing() RETURNS int LANGUAGE sql STABLE AS 'DELETE FROM orders RETURNING 1';
CREATE FUNCTION dynamic(text) RETURNS int LANGUAGE plpgsql STABLE AS
    'DECLARE a int; BEGIN EXECUTE $1 INTO a; RETURN a; END';
CREATE FUNCTION by_default(a int, b int DEFAULT charge(1)) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a';
CREATE FUNCTION random() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
CREATE FUNCTION bare_returns() RETURNS int LANGUAGE sql STABLE AS E'SELECT 1 --\r + charge(1)';
CREATE FUNCTION bare_return() RETURNS int LANGUAGE plpgsql STABLE AS E'BEGIN RETURN 1 --\r + charge(1);\nEND';
CREATE LANGUAGE other HANDLER plpgsql_call_handler;
CREATE FUNCTION foreign_words() RETURNS int LANGUAGE other IMMUTABLE AS 'BEGIN RETURN charge(1); END';
CREATE FUNCTION locks(bigint) RETURNS void LANGUAGE internal STABLE AS 'pg_advisory_lock_int8';
CREATE FUNCTION half(int) RETURNS int LANGUAGE internal IMMUTABLE AS 'int4abs';
CREATE FUNCTION takes_id() RETURNS text LANGUAGE plpgsql STABLE AS 'BEGIN RETURN pg_current_xact_id(); END';
CREATE TYPE amounts AS RANGE (subtype = int);
CREATE FUNCTION evil(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN public.charge($1); END';
CREATE TABLE indexed (a int);
CREATE INDEX ON indexed ((evil(a)));
CREATE TABLE half_indexed (a int);
CREATE INDEX ON half_indexed (a) WHERE a > evil(1);
CREATE TABLE checked (a int, CONSTRAINT small CHECK (a < evil(2)));
CREATE FUNCTION may_write(int) RETURNS boolean LANGUAGE sql AS 'SELECT $1 > 0';
CREATE FUNCTION calls_evil(int) RETURNS boolean LANGUAGE sql AS 'SELECT $1 > evil(3)';
CREATE TABLE validated (a int CHECK (is_paid(a)), b int CHECK (may_write(b)), c int CHECK (c <###> 1 > 0));
CREATE TABLE inlined (a int CHECK (calls_evil(a)));
CREATE TABLE counted (a int, b int);
CREATE STATISTICS counts ON (evil(a)), b FROM counted;
CREATE TABLE parted (a int) PARTITION BY RANGE ((evil(a)));
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (1) TO (2);
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER away FOREIGN DATA WRAPPER nowhere;
CREATE FOREIGN TABLE remote (a int) SERVER away;
CREATE TABLE split (a int) PARTITION BY LIST (a);
CREATE FOREIGN TABLE split_1 PARTITION OF split FOR VALUES IN (1) SERVER away;
"""

SAFE = """
SELECT 1
TABLE orders
VALUES (1, now()), (2, clock_timestamp())
SELECT c.name, o.amount + 1, count(*) OVER (PARTITION BY c.id) FROM customers c JOIN orders o ON o.customer_id = c.id
SELECT id FROM customers NATURAL JOIN (SELECT 1 AS id) AS x JOIN orders USING (id)
SELECT name, sum(amount), array_agg(o.id ORDER BY amount DESC) FILTER (WHERE amount > 1) FROM customers c, orders o \
GROUP BY GROUPING SETS ((name), ()) HAVING count(*) > 0
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY amount), rank(1) WITHIN GROUP (ORDER BY amount) FROM orders
WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT sum(i) FROM n
WITH charging AS (SELECT 1 AS charged) SELECT charged FROM charging
SELECT * FROM plainer, kept
SELECT pg_catalog.random(), gen_random_uuid(), timeofday(), pg_relation_size('orders'), pg_is_in_recovery()
SELECT generate_series(1, 3), current_date, current_user, localtimestamp
SELECT '5'::positive, CAST(1 AS numeric(5, 2)), '{1}'::int[], 'good'::mood, ROW(1, 2)::pair, interval '1 day'
SELECT span @> 1, span && '[2,3)', upper(span), int4range(1, 2) * span FROM customers
SELECT data -> 'a' ->> 0, data['a'], jsonb_build_object('a', id), to_jsonb(name) FROM customers
SELECT * FROM customers, jsonb_array_elements_text(data -> 'a') AS e, LATERAL (SELECT e.value) AS again
SELECT * FROM jsonb_to_recordset('[]') AS r(a int, b text)
SELECT ts_rank(words, q), words @@ q FROM customers, to_tsquery('english', 'cat') AS q
SELECT name LIKE 'a%', name NOT ILIKE 'b', name SIMILAR TO 'c', name ~ 'd', id BETWEEN 1 AND 2, id IN (1) FROM customers
SELECT id IS DISTINCT FROM 1, NULLIF(id, 1), COALESCE(name, ''), GREATEST(id, 2), CASE id WHEN 1 THEN 2 END FROM plain
SELECT id = ANY (ARRAY[1]), id <> ALL (SELECT id FROM orders), EXISTS (TABLE orders), name COLLATE "C" FROM customers
SELECT o.noted[1], o.noted[1:2], (ROW(1, 2)::pair).two, o.amount, public.orders.id FROM orders o, public.orders
SELECT extract(year FROM born), born AT TIME ZONE 'UTC', substring(name FROM 1), trim(name), position('a' IN name) \
FROM customers
SELECT * FROM guarded
SELECT * FROM measured WHERE at = 1
SELECT count(*) FROM validated WHERE a = 1
SELECT variable()
SELECT calm(), twice(1), longest('a'), atomic(1), total(id), 1 <-+-> 2 FROM orders GROUP BY id
SELECT * FROM orders TABLESAMPLE bernoulli (50) ORDER BY id USING <
SELECT id FROM orders UNION SELECT id FROM customers EXCEPT SELECT 1 ORDER BY id LIMIT 1 OFFSET 0
SELECT * FROM ROWS FROM (generate_series(1, 2), unnest(ARRAY['a'])) WITH ORDINALITY
SELECT * FROM pg_locks, pg_settings WHERE name = 'x'
SELECT * FROM pg_stat_activity, pg_stat_replication, pg_prepared_xacts, pg_indexes
SELECT * FROM information_schema.columns WHERE table_name = 'x'
SELECT "co l" FROM "we.ird ""schema%"."ta.ble ""x%"
SELECT 'charge(1)', $a$ FOR UPDATE $a$ -- charge(1)
SELECT last_value FROM numbers
SELECT pg_sleep(0)
SELECT half(1), amounts(1, 2), pg_current_xact_id_if_assigned()
SELECT format('%s', amount), concat(id, amount), json_agg(o), row_to_json(o) FROM orders o GROUP BY id, amount, o.*
"""

UNSAFE = {
    "SELECT charge(1)": "public.charge(integer)",
    "SELECT 1 WHERE 1 IN (SELECT id FROM orders ORDER BY charge(id))": "public.charge(integer)",
    "SELECT * FROM generate_series(1, charge(2))": "public.charge(integer)",
    "SELECT charge(1), pg_catalog.now()": "public.charge(integer)",
    "SELECT sum(id) FILTER (WHERE is_paid(id)) FROM orders": "public.is_paid(integer)",
    "SELECT shop.charge('a')": "shop.charge(text)",
    'SELECT "we.ird ""schema%"."fu.n ""%"()': '"we.ird ""schema%"."fu.n ""%"()',
    "SELECT * FROM charging": "public.charge(integer)",
    "SELECT * FROM charging_behind": "public.charge(integer)",
    "WITH other AS (SELECT 1) SELECT * FROM charging": "public.charge(integer)",
    "WITH charging AS (SELECT * FROM charging) SELECT 1 FROM charging": "public.charge(integer)",
    "SELECT (WITH charging AS (SELECT 1) SELECT 1 FROM charging) FROM charging": "public.charge(integer)",
    "SELECT * FROM listening": "pg_catalog.pg_notify(text, text)",
    "SELECT 1 <###> 2": "public.plus(integer, integer)",
    "SELECT 1 OPERATOR(public.<###>) 2": "public.plus(integer, integer)",
    "SELECT charged(id) OVER (ORDER BY id) FROM orders": "public.plus(integer, integer)",
    "SELECT '1'::paid": "public.is_paid(integer)",
    "SELECT '{1}'::paid[]": "public.is_paid(integer)",
    "SELECT '(1,2)'::bill": "public.is_paid(integer)",
    "SELECT jsonb_populate_record(NULL::bill, '{}')": "public.is_paid(integer)",
    "SELECT * FROM jsonb_to_record('{}') AS r(a paid)": "public.is_paid(integer)",
    "SELECT settle(1)": "public.is_paid(integer)",
    "SELECT paid(1)": "public.is_paid(integer)",
    "SELECT 1::mood": "public.as_mood(integer)",
    "SELECT ARRAY[1]::mood[]": "public.as_mood(integer)",
    "SELECT * FROM secret": "public.is_paid(integer)",
    "SELECT o.fee FROM orders o": "public.fee(orders)",
    "SELECT (o).fee FROM orders o": "public.fee(orders)",
    "SELECT lower(customers) FROM customers": "public.lower(customers)",
    "SELECT lower(name) FROM customers": "public.lower(customers)",
    "SELECT public.random()": "public.random()",
    "SELECT hidden(1)": "public.charge(integer)",
    "SELECT hidden_deep(1)": "public.charge(integer)",
    "SELECT hidden_picture()": 'public."☂"()',
    "SELECT hidden_apart(1)": "public.charge(integer)",
    "SELECT hidden_attribute()": "public.fee(orders)",
    "SELECT hidden_sql(1)": "public.charge(integer)",
    "SELECT hidden_atomic(1)": "public.charge(integer)",
    "SELECT hidden_view()": "public.charge(integer)",
    "SELECT hidden_path('a')": "shop.charge(text)",
    "SELECT hidden_inherits('a')": "shop.charge(text)",
    "SELECT hidden_quoted()": '"we.ird ""schema%"."fu.n ""%"()',
    "SELECT by_default(1)": "public.charge(integer)",
    "SELECT bare_returns()": "public.charge(integer)",
    "SELECT bare_return()": "public.charge(integer)",
    "SELECT locks(1)": "pg_catalog.pg_advisory_lock(bigint)",
    "SELECT pg_current_xact_id()": "pg_catalog.pg_current_xact_id()",
    "SELECT takes_id()": "pg_catalog.pg_current_xact_id()",
    "SELECT txid_current()": "pg_catalog.txid_current()",
    "SELECT 1 FROM indexed": "public.charge(integer)",
    "SELECT 1 FROM half_indexed": "public.charge(integer)",
    "SELECT 1 FROM checked": "public.charge(integer)",
    "SELECT 1 FROM inlined": "public.charge(integer)",
    "INSERT INTO validated VALUES (1, 2)": "public.is_paid(integer)",
    "UPDATE validated SET c = 2": "public.plus(integer, integer)",
    "SELECT 1 FROM counted": "public.charge(integer)",
    "SELECT 1 FROM parted": "public.charge(integer)",
    "SELECT 1 FROM parted_1": "public.charge(integer)",
    "SELECT nextval('numbers')": "pg_catalog.nextval(regclass)",
    "SELECT setval('numbers', 3)": "pg_catalog.setval(regclass, bigint)",
    "SELECT pg_advisory_lock(1)": "pg_catalog.pg_advisory_lock(bigint)",
    "SELECT pg_try_advisory_lock(1, 2)": "pg_catalog.pg_try_advisory_lock(integer, integer)",
    "SELECT pg_notify('a', 'b')": "pg_catalog.pg_notify(text, text)",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity": "pg_catalog.pg_terminate_backend(integer, bigint)",
    "SELECT lo_unlink(1)": "pg_catalog.lo_unlink(oid)",
    "SELECT set_config('a.b', 'c', false)": "pg_catalog.set_config(text, text, boolean)",
    "SELECT setseed(0.5)": "pg_catalog.setseed(double precision)",
    "SELECT query_to_xml('SELECT charge(1)', true, true, '')":
        "pg_catalog.query_to_xml(text, boolean, boolean, text)",
    "SELECT ts_stat('SELECT charge(1)')": "pg_catalog.ts_stat(text)",
    "SELECT ts_rewrite('a'::tsquery, 'SELECT charge(1)')": "pg_catalog.ts_rewrite(tsquery, text)",
    "SELECT pg_read_file('PG_VERSION')": "pg_catalog.pg_read_file(text)",
    "WITH gone AS (DELETE FROM orders RETURNING charge(id)) SELECT * FROM gone": "public.charge(integer)",
}  # fmt: skip
"""The statement, and the volatile function that is named."""

REFUSED = {
    "SELECT dynamic('SELECT charge(1)')": "makes SQL while it runs",
    "SELECT foreign_words()": "public.foreign_words() is in other, which is not looked through",
    "SELECT writing()": "it deletes from orders (in function public.writing())",
    "SELECT table_to_xml('charging', true, true, '')": "runs what it is handed over",
    "SELECT domain_in('1', 'paid'::regtype, -1)": "runs what it is handed over",
    "SELECT * FROM remote": "public.remote is a foreign table",
    "SELECT * FROM split": "public.split_1 is a foreign table",
    "SELECT * FROM orders FOR UPDATE": "it locks rows",
    "SELECT * FROM (SELECT * FROM orders FOR KEY SHARE) AS o": "it locks rows",
    "SELECT * FROM locking": "it locks rows",
    "SELECT 1 AS a INTO made": "it makes a table",
    "CREATE TABLE made AS SELECT 1": "it makes a table",
    "WITH gone AS (DELETE FROM orders RETURNING id) SELECT * FROM gone": "it deletes from orders",
    "INSERT INTO orders (id) VALUES (7) ON CONFLICT (id) DO UPDATE SET amount = 1": "it updates orders",
    "UPDATE orders SET amount = 1": "it updates orders",
    "DELETE FROM shop.nothing": "it deletes from shop.nothing",
    "MERGE INTO orders USING customers c ON c.id = orders.id WHEN MATCHED THEN DELETE": "it deletes from orders",
    "DECLARE c CURSOR FOR SELECT 1": "it opens a cursor",
    "EXECUTE prepared": "it runs a prepared statement",
    "DO $$ BEGIN PERFORM 1; END $$": "it is DO",
    "CALL work()": "it is CALL",
    "EXPLAIN ANALYZE SELECT 1": "it is EXPLAIN",
    "SET work_mem = '1MB'": "not a SELECT",
    "COPY (SELECT 1) TO PROGRAM 'true'": "it is COPY",
    "SELECT 1; DROP TABLE orders": "these are 2 statements",
    "": "there is no statement",
    "SELEC 1": "can't be read",
    "SELECT nosuch(1)": "there is no function nosuch that takes 1 argument",
    "SELECT twice(1, 2, 3)": "there is no function twice that takes 3 arguments",
    "SELECT * FROM nosuch": "there is no relation nosuch",
    "SELECT 1::nosuch": "there is no type nosuch",
    "SELECT 1 <<<>>> 2": "there is no operator <<<>>>",
    "SELECT charge(1) FROM pg_temp.mine": "there is no relation pg_temp.mine",
}


def test_the_verdict_on_many_statements(database: ScratchDatabase) -> None:
    with database.connect(autocommit=True) as conn:
        conn.execute(SETUP)
        for sql in filter(None, SAFE.strip().split("\n")):
            assert judge(conn, sql).reasons == (), sql
            with conn.transaction(force_rollback=True):
                conn.execute("SET TRANSACTION READ ONLY")
                conn.execute(b"EXPLAIN (ANALYZE) " + sql.encode())
        for sql, function in UNSAFE.items():
            verdict = judge(conn, sql)
            assert (function in verdict.volatile, verdict.is_safe) == (True, False), (sql, verdict)
            assert any(function in reason for reason in verdict.reasons)
        for sql, reason in REFUSED.items():
            assert reason in "; ".join(judge(conn, sql).reasons), (sql, judge(conn, sql))
        assert conn.execute("SELECT last_value, is_called FROM numbers").fetchone() == (1, False), "nothing was run"


def test_the_way_to_a_volatile_function_is_told(database: ScratchDatabase) -> None:
    with database.connect(autocommit=True) as conn:
        conn.execute(SETUP)
        (reason,) = judge(conn, "SELECT * FROM charging_behind").reasons
        assert reason == (
            "public.charge(integer) is volatile (in view public.charging, in view public.charging_behind)"
            ": declare such a function STABLE if it only reads"
        )
        (reason,) = judge(conn, "SELECT '{1}'::paid[]").reasons
        assert reason.startswith("public.is_paid(integer) is volatile (in a CHECK of domain public.paid)")
        (reason,) = judge(conn, "SELECT * FROM secret").reasons
        assert reason.startswith("public.is_paid(integer) is volatile (in row security of public.secret)")
        reasons = judge(conn, "SELECT charge(1), is_paid(1), nextval('numbers')").reasons
        assert [each for each in reasons if "declare" in each] == [
            "public.charge(integer) is volatile: declare such a function STABLE if it only reads"
        ]
        assert judge(conn, "SELECT 1, dynamic('') FROM remote").unresolved == (
            "public.dynamic(text) makes SQL while it runs (EXECUTE)",
            "public.remote is a foreign table: what another server does can't be seen",
        )


def test_names_mean_what_the_session_means_by_them(database: ScratchDatabase) -> None:
    with database.connect(autocommit=True) as conn:
        conn.execute(SETUP)
        assert judge(conn, "SELECT charge('a')").volatile != ("shop.charge(text)",)
        conn.execute("SET search_path = shop")
        assert judge(conn, "SELECT charge('a')").volatile == ("shop.charge(text)",)
        assert judge(conn, "SELECT random()").is_safe, "public.random is not looked for"
        assert judge(conn, "SELECT * FROM charging").unresolved == ("there is no relation charging",)
        conn.execute("CREATE TEMP VIEW mine AS SELECT public.charge(1); SET search_path = public")
        assert judge(conn, "SELECT * FROM mine").volatile == ("public.charge(integer)",)
        assert judge(conn, "SELECT * FROM pg_temp.mine").volatile == ("public.charge(integer)",)
        conn.execute("CREATE FUNCTION pg_temp.lower(text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'")
        assert judge(conn, "SELECT upper(lower('a'))").volatile == ("public.lower(customers)",)
        (volatile,) = judge(conn, "SELECT pg_temp.lower('a')").volatile
        assert volatile.startswith("pg_temp_")
        conn.execute("SET search_path = public, pg_catalog")
        assert judge(conn, "SELECT random()").volatile == ("public.random()",), "it comes first now"
        conn.execute("SET standard_conforming_strings = off")
        assert judge(conn, r"SELECT 'a\' , charge(1), '").unresolved


def test_a_tree_is_judged_as_its_text_is(any_database: ScratchDatabase) -> None:
    statements = read_statements("EXPLAIN SELECT pg_advisory_lock(1); EXPLAIN SELECT 1")
    assert not isinstance(statements, str)
    locking, calm = (each.explain_stmt.query for each in statements)
    with any_database.connect() as conn:
        assert judge_tree(conn, locking) == judge(conn, "SELECT pg_advisory_lock(1)")
        assert judge_tree(conn, calm).is_safe
        conn.execute("SET standard_conforming_strings = off")
        assert not judge_tree(conn, calm).is_safe


def test_any_connection_is_left_as_it_was(database: ScratchDatabase) -> None:
    with database.connect(autocommit=True) as conn:
        conn.execute(SETUP)
        conn.execute("DROP ROLE IF EXISTS bare_reader; CREATE ROLE bare_reader")
        try:
            conn.execute(
                "REVOKE ALL ON SCHEMA public, shop FROM public; SET ROLE bare_reader; SET search_path = public"
            )
            assert judge(conn, "SELECT pg_catalog.lower('a')").is_safe
            assert "there is no relation charging" in judge(conn, "SELECT * FROM charging").reasons
            assert judge(conn, "SELECT * FROM public.charging").volatile == ("public.charge(integer)",)
        finally:
            conn.execute("RESET ROLE; GRANT USAGE ON SCHEMA public TO public; DROP ROLE bare_reader")
    with database.connect(autocommit=False, row_factory=dict_row) as conn:
        assert not judge(conn, "SELECT public.charge(1)").is_safe
        assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        conn.execute("SET TRANSACTION READ ONLY")
        assert judge(conn, "SELECT 1").is_safe
        assert conn.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
        conn.rollback()
        for encoding in ("SQL_ASCII", "LATIN1"):
            conn.execute(f"SET client_encoding = '{encoding}'".encode())
            conn.commit()
            assert not judge(conn, 'SELECT public.charge(1), "€"()').is_safe
            assert judge(conn, "SELECT '€'").is_safe
            assert conn.info.parameter_status("client_encoding") == encoding


def test_without_the_extra_nothing_is_resolved(database: ScratchDatabase) -> None:
    program = f"""
import sys
sys.modules["postgast"] = None
import psycopg
from pgops.query_plan.safety import judge
from pgops.query_plan.proposing import propose_analyze
with psycopg.connect({database.conninfo()!r}) as conn:
    print(judge(conn, "SELECT 1").unresolved)
    print(propose_analyze(conn, "SELECT 1").risks)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.count("pip install 'pgops[migrations]'") == 2
