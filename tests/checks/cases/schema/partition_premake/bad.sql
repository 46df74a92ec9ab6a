-- finds: public.ended
-- finds: public.ended_with_default
-- finds: public.ending
-- finds: public.current
-- finds: public.archive
-- finds: public."num bers %s {x}"
-- finds: public.zoned
-- finds: public.inner_1
CREATE PROCEDURE part(name text, starts timestamptz, ends timestamptz) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', name || '_' || starts::date, name, starts, ends);
END $$;
CREATE TABLE ended (at date) PARTITION BY RANGE (at);
CALL part('ended', now() - interval '20 d', now() - interval '10 d');
CALL part('ended', now() - interval '10 d', now() - interval '2 d');
CREATE TABLE ended_with_default (at timestamp, x int) PARTITION BY RANGE (at, x);
CREATE TABLE rest PARTITION OF ended_with_default DEFAULT;
DO $$ BEGIN
    EXECUTE format('CREATE TABLE old PARTITION OF ended_with_default FOR VALUES FROM (%L, 1) TO (%L, 2)', now() - interval '9 d', now() - interval '1 d');
END $$;
CREATE TABLE ending (at timestamptz) PARTITION BY RANGE (at);
CALL part('ending', now() - interval '29 d', now() + interval '3 d');
CREATE TABLE "current" (at timestamptz) PARTITION BY RANGE (at);
CALL part('current', now() - interval '10 d', now() + interval '20 d');
CREATE TABLE archive (at date) PARTITION BY RANGE (at);
CREATE TABLE archive_2010 PARTITION OF archive FOR VALUES FROM ('2010-01-01') TO ('2011-01-01');
CREATE TABLE "num bers %s {x}" (id bigint) PARTITION BY RANGE (id);
CREATE TABLE numbers_1 PARTITION OF "num bers %s {x}" FOR VALUES FROM (MINVALUE) TO (-10);
CREATE TABLE numbers_2 PARTITION OF "num bers %s {x}" FOR VALUES FROM (-10) TO (100);
INSERT INTO "num bers %s {x}" SELECT generate_series(-20, 50);
ANALYZE "num bers %s {x}";
-- a partition by list, partitioned by time; and an expression
CREATE TABLE zoned (at timestamptz) PARTITION BY RANGE (date_trunc('day', at AT TIME ZONE 'UTC'));
CALL part('zoned', now() - interval '29 d', now() + interval '1 d');
CREATE TABLE outside (kind int, at date) PARTITION BY LIST (kind);
CREATE TABLE inner_1 PARTITION OF outside FOR VALUES IN (1) PARTITION BY RANGE (at);
CALL part('inner_1', now() - interval '20 d', now() - interval '10 d');
