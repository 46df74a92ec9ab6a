-- Far enough ahead, without end, by number with room, by text; years whose months end with them; list and hash.
CREATE PROCEDURE part(name text, starts timestamptz, ends timestamptz) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', name || '_' || starts::date, name, starts, ends);
END $$;
CREATE TABLE ahead (at date) PARTITION BY RANGE (at);
CALL part('ahead', now() - interval '20 d', now() + interval '10 d');
CALL part('ahead', now() + interval '10 d', now() + interval '40 d');
CREATE TABLE endless (at date) PARTITION BY RANGE (at);
CALL part('endless', now() - interval '20 d', now() - interval '10 d');
DO $$ BEGIN
    EXECUTE format('CREATE TABLE endless_last PARTITION OF endless FOR VALUES FROM (%L) TO (MAXVALUE)', now() - interval '10 d');
END $$;
CREATE TABLE numbers (id bigint) PARTITION BY RANGE (id);
CREATE TABLE numbers_1 PARTITION OF numbers FOR VALUES FROM (0) TO (100);
CREATE TABLE numbers_2 PARTITION OF numbers FOR VALUES FROM (100) TO (200);
INSERT INTO numbers SELECT generate_series(1, 50);
CREATE TABLE letters (name text) PARTITION BY RANGE (name);
CREATE TABLE letters_a PARTITION OF letters FOR VALUES FROM ('a') TO ('m');
CREATE TABLE years (at date) PARTITION BY RANGE (at);
CREATE TABLE year_2010 PARTITION OF years FOR VALUES FROM ('2010-01-01') TO ('2011-01-01') PARTITION BY RANGE (at);
CREATE TABLE month_2010_12 PARTITION OF year_2010 FOR VALUES FROM ('2010-12-01') TO ('2011-01-01');
CREATE TABLE year_all PARTITION OF years FOR VALUES FROM ('2011-01-01') TO ('infinity');
CREATE TABLE hashed (a int) PARTITION BY HASH (a);
CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE TABLE none (at date) PARTITION BY RANGE (at);
CREATE TABLE bc (at date) PARTITION BY RANGE (at);
CREATE TABLE bc_1 PARTITION OF bc FOR VALUES FROM ('0044-03-15 BC') TO (MAXVALUE);
-- further than a time can hold
CREATE TABLE forever (at date) PARTITION BY RANGE (at);
CREATE TABLE forever_1 PARTITION OF forever FOR VALUES FROM ('2020-01-01') TO ('5874897-12-31');
