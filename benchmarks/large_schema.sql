-- A schema as large companies have them, made from one number: SET bench.tables = '10000' gives 10,000 tables with
-- 33,000 indexes, 20,000 foreign keys and 110,000 columns, in 20 schemas, with some of everything else that a schema
-- holds, and with faults in about one object of fifty. Each table has a few rows, so that ANALYZE has something to say.

CREATE DOMAIN public.email AS text CHECK (VALUE LIKE '%@%');
CREATE TYPE public.state AS ENUM ('new', 'paid', 'sent', 'done');
CREATE FUNCTION public.touched() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE FUNCTION public.owner_only() RETURNS bool LANGUAGE sql STABLE AS $$ SELECT true $$;

CREATE PROCEDURE public.build(tables int) LANGUAGE plpgsql AS $$
DECLARE
    home text;
    name text;
BEGIN
    FOR i IN 1 .. 20 LOOP
        EXECUTE format('CREATE SCHEMA part_%s', i);
    END LOOP;
    FOR i IN 1 .. tables LOOP
        home := 'part_' || (i % 20 + 1);
        name := format('%I.%I', home, 'orders_of_branch_' || i);
        EXECUTE format($sql$
            CREATE TABLE %s (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                first_id bigint,
                second_id bigint,
                code text NOT NULL,
                state public.state NOT NULL DEFAULT 'new',
                mail public.email,
                amount numeric(12, 2) NOT NULL DEFAULT 0 CHECK (amount >= 0),
                number int,
                made timestamptz NOT NULL DEFAULT now(),
                changed timestamp,
                more jsonb)$sql$, name);
        EXECUTE format('CREATE INDEX ON %s (first_id)', name);
        IF i % 10 < 3 THEN EXECUTE format('CREATE INDEX ON %s (code, made)', name); END IF;
        IF i % 10 IN (4, 5) THEN
            EXECUTE format('CREATE UNIQUE INDEX ON %s (lower(code), number) WHERE state <> ''done''', name);
        END IF;
        IF i % 3 > 0 THEN EXECUTE format('INSERT INTO %s (code) VALUES (''a''), (''b''), (''c'')', name); END IF;
        IF i % 5 = 0 THEN EXECUTE format('COMMENT ON TABLE %s IS ''Orders of branch %s''', name, i); END IF;
        IF i % 10 = 0 THEN
            EXECUTE format('CREATE TRIGGER touched BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION public.touched()',
                           name);
        END IF;
        IF i % 20 = 0 THEN
            EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
            EXECUTE format('CREATE POLICY own ON %s USING (public.owner_only())', name);
        END IF;
        IF i % 20 = 1 THEN
            EXECUTE format('CREATE VIEW %I.%I AS SELECT id, code, amount FROM %s WHERE state = ''paid''', home,
                           'paid_' || i, name);
        END IF;
        IF i % 50 = 0 THEN EXECUTE format('CREATE INDEX ON %s (code, made)', name); END IF;  -- twice
        IF i % 50 = 1 THEN
            EXECUTE format('CREATE FUNCTION %I.%I() RETURNS int LANGUAGE sql AS ''SELECT 1''', home, 'count_' || i);
        END IF;
        IF i % 100 = 0 THEN COMMIT; END IF;
    END LOOP;
    -- Keys last, so that they point forward as well as back.
    FOR i IN 1 .. tables LOOP
        name := format('part_%s.orders_of_branch_%s', i % 20 + 1, i);
        FOR step IN 1 .. 2 LOOP
            EXECUTE format('ALTER TABLE %s ADD FOREIGN KEY (%s) REFERENCES part_%s.orders_of_branch_%s', name,
                           CASE step WHEN 1 THEN 'first_id' ELSE 'second_id' END,
                           (i * 7 + step) % tables % 20 + 1 + CASE WHEN (i * 7 + step) % tables = 0
                                                                   THEN tables % 20 ELSE 0 END,
                           CASE (i * 7 + step) % tables WHEN 0 THEN tables ELSE (i * 7 + step) % tables END);
        END LOOP;
        IF i % 5 > 0 THEN EXECUTE format('CREATE INDEX ON %s (second_id)', name); END IF;  -- the rest is a fault
        IF i % 100 = 0 THEN COMMIT; END IF;
    END LOOP;
END $$;

CALL public.build(current_setting('bench.tables')::int);
DROP PROCEDURE public.build(int);
CREATE TABLE public.events (id bigint NOT NULL, made date NOT NULL, what text, PRIMARY KEY (id, made))
    PARTITION BY RANGE (made);
DO $$
BEGIN
    FOR i IN 0 .. 99 LOOP
        EXECUTE format('CREATE TABLE public.events_%s PARTITION OF public.events FOR VALUES FROM (%L) TO (%L)', i,
                       date '2020-01-01' + i * 31, date '2020-01-01' + (i + 1) * 31);
    END LOOP;
END $$;
ANALYZE;
