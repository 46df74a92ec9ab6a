-- finds: public.scanned
-- finds: public.half
-- finds: public.bare
-- finds: public.bare_scanned
-- finds: public.never_analysed
-- finds: public.parted
-- finds: "s""c.h"."T %s {x}"
-- limits: min_window_days=0.0
-- The first is scanned only, the second by index as well; two have no index at all.
SET enable_indexscan = off;
SET enable_bitmapscan = off;
SET enable_indexonlyscan = off;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE scanned (a int PRIMARY KEY);
INSERT INTO scanned SELECT generate_series(1, 12000);
ANALYZE scanned;
CREATE TABLE half (a int PRIMARY KEY);
INSERT INTO half SELECT generate_series(1, 12000);
ANALYZE half;
CREATE TABLE bare (a int);
INSERT INTO bare SELECT generate_series(1, 12000);
ANALYZE bare;
CREATE TABLE bare_scanned (a int);
INSERT INTO bare_scanned SELECT generate_series(1, 12000);
ANALYZE bare_scanned;
CREATE TABLE never_analysed (a int PRIMARY KEY) WITH (autovacuum_enabled = off);
INSERT INTO never_analysed SELECT generate_series(1, 12000);
CREATE TABLE parted (a int, PRIMARY KEY (a)) PARTITION BY RANGE (a);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (6001);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (6001) TO (12001);
INSERT INTO parted SELECT generate_series(1, 12000);
ANALYZE parted;
CREATE SCHEMA "s""c.h";
CREATE TABLE "s""c.h"."T %s {x}" (a int PRIMARY KEY);
INSERT INTO "s""c.h"."T %s {x}" SELECT generate_series(1, 12000);
DO $$ BEGIN FOR n IN 1..60 LOOP PERFORM count(*) FROM scanned; END LOOP; END $$;
DO $$ BEGIN FOR n IN 1..60 LOOP PERFORM count(*) FROM half; END LOOP; END $$;
DO $$ BEGIN FOR n IN 1..60 LOOP PERFORM count(*) FROM bare_scanned; END LOOP; END $$;
DO $$ BEGIN FOR n IN 1..60 LOOP PERFORM count(*) FROM never_analysed; END LOOP; END $$;
DO $$ BEGIN FOR n IN 1..60 LOOP PERFORM count(*) FROM parted; END LOOP; END $$;
DO $$ BEGIN FOR n IN 1..60 LOOP PERFORM count(*) FROM "s""c.h"."T %s {x}"; END LOOP; END $$;
RESET ALL;
SET enable_seqscan = off;
DO $$ BEGIN FOR n IN 1..50 LOOP PERFORM FROM half WHERE a = 7; END LOOP; END $$;
SELECT pg_sleep(0.7);  -- 14 sends its counters to a collector, at most twice a second
